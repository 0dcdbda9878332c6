#!/bin/bash
# SPDX-License-Identifier: ISC
# The header is the manual: every paragraph of a header that declares a function begins with a comment.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob globstar
set -- lib/**/*.h cmd/*.h authd/*.h
[ $# -gt 0 ] || exit 0
awk '
	FNR == 1 { told = comment = 0; depth = 0 }
	comment { if (/\*\//) { comment = 0; told = 1 } next }
	/^[ \t]*\/\*/ { if (/\*\//) told = 1; else comment = 1; next }
	/^$/ { if (!depth) told = 0; next }
	/\{$/ { if (!depth && !/^(struct|enum|union|typedef)[^()]*\{$/) told = 1 }
	{ n = gsub(/\{/, "{"); m = gsub(/\}/, "}"); depth += n - m }
	!depth && /^[a-z_].*[a-z0-9_]+\(/ && !/^(typedef|#|static inline)/ && !told {
		print FILENAME ":" FNR ": not a word above it: " $0
		bad = 1
	}
	END { exit bad }
' "$@"
