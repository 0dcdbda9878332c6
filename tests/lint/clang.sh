#!/bin/bash
# SPDX-License-Identifier: ISC
# The second compiler: no warning from clang either.
set -u
here=$(cd "$(dirname "$0")" && pwd)
flags=$(make --no-print-directory -s -C "$here/../.." print-cflags CC=clang SAN= WERROR=1) || exit 2
cd "${LINT_ROOT:-$here/../..}" || exit 2
shopt -s nullglob globstar
set -- lib/**/*.c cmd/*.c authd/*.c tests/**/*.c
[ $# -gt 0 ] || exit 0
eval "flags=($flags)"
# shellcheck disable=SC2154 # an array by the eval above
printf '%s\0' "$@" | xargs -0 -P 2 -n 4 clang -fsyntax-only "${flags[@]}"
