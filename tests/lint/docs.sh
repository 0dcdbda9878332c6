#!/bin/bash
# SPDX-License-Identifier: ISC
# The texts for those who change ugat are true to the tree: every path in them that begins with one of
# its directories is there (or below the text's own; NAME and the like stand for any), every make target is
# one, and every layer and directory of tests has its line.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob
bad=0

complain() {
	printf '%s\n' "$1"
	bad=1
}

for text in HACKING.md lib/README.md authd/README.md tests/README.md tests/bench/README.md SECURITY.md README.md; do
	[ -e "$text" ] || continue
	while read -r path; do
		case $path in *NAME* | *LAYER* | *THEME*) continue ;; esac
		compgen -G "$path" >/dev/null || compgen -G "${text%/*}/$path" >/dev/null || complain "$text: $path is not there"
	done < <(grep -oE '(^|[[:space:]`(|])(lib|cmd|authd|man|completions|pkg|tests)/[A-Za-z0-9_*./-]+' "$text" |
		sed 's/^[[:space:]`(|]//; s/[.]$//' | sort -u)
	# shellcheck disable=SC2016 # the text's own
	while read -r target; do
		grep -qE "^$target:" Makefile || complain "$text: make $target is no target"
	done < <(grep -oE '(^|`|    )make( [A-Z_]+=[^ `]*)* [a-z-]+' "$text" | grep -oE '[a-z-]+$' | grep -vx make | sort -u)
done
for folder in lib/*/; do
	grep -qsF "\`${folder#lib/}\`" lib/README.md || complain "lib/README.md: no word of $folder"
done
for folder in tests/*/; do
	grep -qsE "^    ${folder#tests/}" tests/README.md || complain "tests/README.md: no word of $folder"
done
exit $bad
