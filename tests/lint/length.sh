#!/bin/bash
# SPDX-License-Identifier: ISC
# A file has at most 600 lines, one of cmd/ 150, a function 70.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob globstar
set -- lib/**/*.[ch] cmd/*.[ch] authd/*.[ch] tests/**/*.[ch]
[ $# -gt 0 ] || exit 0
awk '
	function close_file() {
		limit = file ~ /^cmd\// ? 150 : 600
		if (file != "" && lines > limit) { print file ": " lines " lines, " limit " at most"; bad = 1 }
	}
	FNR == 1 { close_file(); file = FILENAME; start = 0 }
	{ lines = FNR }
	/^\{/ { start = FNR; name = prev }
	/^\}/ {
		if (start && FNR - start > 70) { print file ":" start ": " FNR - start " lines, 70 at most: " name; bad = 1 }
		start = 0
	}
	/^[a-zA-Z_*].*\(/ { prev = $0 }
	END { close_file(); exit bad }
' "$@"
