#!/bin/bash
# SPDX-License-Identifier: ISC
# Every command has a man page, a bats file, completions for three shells, and a place on the map.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob
bad=0

need() { # command what test...
	"${@:3}" || {
		echo "$1: no $2"
		bad=1
	}
}

for file in cmd/ugat cmd/ugat-* authd/authctl.c authd/authd.c; do
	[ -e "$file" ] || continue
	name=$(basename "$file" .c)
	section=1
	case $file in authd/*) section=8 ;; esac
	need "$name" "man page man/$name.$section" test -e "man/$name.$section"
	need "$name" "tests/cmd/$name.bats" test -e "tests/cmd/$name.bats"
	need "$name" "completions/$name.fish" test -e "completions/$name.fish"
	need "$name" "completion in completions/ugat.bash" grep -qsE "(^|[[:space:]])$name([[:space:])]|\$)" completions/ugat.bash
	need "$name" "completion in completions/_ugat" grep -qsE "^#compdef.* $name( |\$)" completions/_ugat
	need "$name" "entry in man/ugat.7" grep -qsE "^\.(It )?Xr $name $section" man/ugat.7
done
exit $bad
