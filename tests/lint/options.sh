#!/bin/bash
# SPDX-License-Identifier: ISC
# Option letters: what a command's usage says is in letters.tsv with the same argument, and the man
# page's SYNOPSIS and the completions of bash, zsh and fish offer exactly the same.
# Needs the built commands in $UGAT_BIN.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=${UGAT_BIN:-$here/../../build/bin}
cd "${LINT_ROOT:-$here/../..}" || exit 2
shopt -s nullglob
bad=0

complain() {
	printf '%s\n' "$1"
	bad=1
}

# A usage line to one item a line: "-h", "-d DIR", "[FILE|-]".
items() {
	awk '{
		for (i = 2; i <= NF; i++) {
			item = $i
			if (item ~ /^\[-[^]]+\]/ || (item ~ /^\[-./ && i == NF)) {
				gsub(/[][]/, "", item)
				for (c = 2; c <= length(item); c++) if (substr(item, c, 1) ~ /[A-Za-z0-9]/) print "-" substr(item, c, 1)
			} else if (item ~ /^\[-/) {
				i++
				argument = $i
				sub(/\](\.\.\.)?$/, "", argument)
				print substr(item, 2) " " argument
			} else print item
		}
	}' | sort
}

# The daemon and its tool stand in sbin and in section 8.
program_of() {
	case $1 in auth*) printf '%s\n' "$bin/../sbin/$1" ;; *) printf '%s\n' "$bin/$1" ;; esac
}

page_of() {
	case $1 in auth*) printf '%s\n' "man/$1.8" ;; *) printf '%s\n' "man/$1.1" ;; esac
}

usage_of() {
	"$(program_of "$1")" --help 2>/dev/null | sed -n 's/^usage: //p' | head -n 1 | items
}

synopsis_of() {
	mandoc -T ascii -O width=400 "$(page_of "$1")" 2>/dev/null | perl -pe '1 while s/.\x08//' |
		awk '/^[A-Z]/ { on = /^SYNOPSIS/; next } on' | tr '\n' ' ' | items
}

letters() {
	sed -n 's/^-\(.\).*/\1/p' | sort -u | tr -d '\n'
}

# Called by name below.
# shellcheck disable=SC2317
from_bash() {
	bash --norc -c '
		. completions/ugat.bash
		COMP_WORDS=("$1" -) COMP_CWORD=1 COMP_LINE="$1 -" COMP_POINT=${#COMP_LINE}
		_ugat "$1" - "$1"
		printf "%s\n" "${COMPREPLY[@]}"' - "$1" | grep '^-[^-]$' | letters
}

# shellcheck disable=SC2317
from_zsh() {
	zsh -fc '
		_arguments() { print -rl -- "$@" }
		words=("$1" -) CURRENT=2 service=$1
		. completions/_ugat' - "$1" | sed -n 's/^\(([^)]*)\)\{0,1\}\**\(-[A-Za-z0-9]\)[+:[].*/\2/p' | letters
}

# shellcheck disable=SC2317
from_fish() {
	fish --no-config -c "source completions/$1.fish; complete -C '$1 -'" | cut -f1 | grep -E '^-[^-]$' | letters
}

for file in cmd/ugat-* authd/authctl.c authd/authd.c; do
	[ -e "$file" ] || continue
	name=$(basename "$file" .c)
	usage=$(usage_of "$name")
	[ -n "$usage" ] || {
		complain "$name: --help prints no usage"
		continue
	}
	while read -r option argument; do
		case $option in -?) ;; *) continue ;; esac
		known=$(awk -F'\t' -v l="${option#-}" '$1 == l { print $2 }' "$here/letters.tsv")
		case " $known " in
		*" ${argument:--} "*) ;;
		*) complain "$name: $option ${argument:-without an argument}: letters.tsv has ${known:-no such letter}" ;;
		esac
	done <<<"$usage"
	difference=$(diff <(printf '%s\n' "$usage") <(synopsis_of "$name")) ||
		complain "$name: usage (<) and SYNOPSIS of $(page_of "$name") (>) differ:
$difference"
	want=$(letters <<<"$usage")
	for shell in bash zsh fish; do
		got=$("from_$shell" "$name")
		[ "$got" = "$want" ] || complain "$name: usage has -$want, the completion for $shell -$got"
	done
done
exit $bad
