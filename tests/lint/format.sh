#!/bin/bash
# SPDX-License-Identifier: ISC
# .clang-format decides the layout of every C file.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob globstar
set -- lib/**/*.[ch] cmd/*.[ch] authd/*.[ch] tests/**/*.[ch]
[ $# -gt 0 ] || exit 0
printf '%s\0' "$@" | xargs -0 -P 2 -n 16 clang-format --dry-run -Werror
