#!/bin/bash
# SPDX-License-Identifier: ISC
# A file has at most 600 lines, a C file of cmd/ 150, a function in C 70.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob globstar
set -- lib/**/*.[ch] cmd/* authd/*.[ch] completions/* pkg/*.sh tests/**/*.{c,h,bats,bash,sh,py}
[ $# -gt 0 ] || exit 0
awk '
	function close_file() {
		limit = file ~ /^cmd\/.*\.[ch]$/ ? 150 : 600
		if (file != "" && lines > limit) { print file ": " lines " lines, " limit " at most"; bad = 1 }
	}
	FNR == 1 { close_file(); file = FILENAME; start = 0 }
	{ lines = FNR }
	FILENAME !~ /\.[ch]$/ { next }
	/^\{/ { start = FNR; name = prev }
	/^\}/ {
		if (start && FNR - start > 70) { print file ":" start ": " FNR - start " lines, 70 at most: " name; bad = 1 }
		start = 0
	}
	/^[a-zA-Z_*].*\(/ { prev = $0 }
	END { close_file(); exit bad }
' "$@"
