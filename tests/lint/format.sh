#!/bin/bash
# SPDX-License-Identifier: ISC
# .clang-format decides the layout of every C file.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob globstar
set -- lib/**/*.[ch] cmd/*.[ch] authd/*.[ch] tests/**/*.[ch]
[ $# -gt 0 ] || exit 0
# The places alone: `clang-format -i` shows and mends the rest.
if printf '%s\0' "$@" | xargs -0 -P 2 -n 16 clang-format --dry-run -Werror 2>&1 | grep ': error:'; then
	exit 1
fi
