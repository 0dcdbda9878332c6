#!/bin/bash
# SPDX-License-Identifier: ISC
# Options: what a command's usage says is in letters.tsv with the same argument, and the man page's
# SYNOPSIS and the completions of bash, zsh and fish have exactly the same, with an argument where one
# is taken; zsh and fish in the same words. The front door has the commands that there are.
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

# Of a command, or of what the front door adds to one: "ugat get".
usage_of() {
	local command=$1 words
	case $1 in 'ugat verify') command=ugat-verify ;; esac
	# shellcheck disable=SC2086 # two words
	words=$("$(program_of ${command%% *})" ${command#"${command%% *}"} --help 2>/dev/null |
		awk '/^usage: / { on = 1; sub(/^usage: /, "") } on && !/^(ugat|auth|        )/ { exit } on' | tr '\n' ' ')
	case $1 in
	'ugat get') words=${words/ugat get/command} ;;
	'ugat verify') words="$words [FILE...]" ;;
	esac
	items <<<"$words"
}

# The form of the SYNOPSIS that begins with these words.
synopsis_of() {
	mandoc -T ascii -O width=999 "$(page_of "${1%% *}")" 2>/dev/null | perl -pe '1 while s/.\x08//' |
		awk -v name="$1" '
			/^[A-Z]/ { on = /^SYNOPSIS/; next }
			on && /^ *(ugat|auth)/ { sub(/^ */, ""); mine = index($0 " ", name " ") == 1 && !done++ }
			on && mine { print }' | sed "1s/^$1/command/" | tr '\n' ' ' | items
}

letters() {
	sed -n 's/^-\(.\).*/\1/p' | sort -u | tr -d '\n'
}

# Called by name below: the letters that a shell is offered behind the words, and those that take an
# argument.
# shellcheck disable=SC2317
from_bash() {
	bash --norc -c '
		. completions/ugat.bash
		COMP_WORDS=($1 -) COMP_CWORD=${#COMP_WORDS[@]} COMP_LINE="$1 -"
		COMP_CWORD=$((COMP_CWORD - 1)) COMP_POINT=${#COMP_LINE}
		case $1 in ugat | "ugat "*) _ugat_door ugat - "${COMP_WORDS[COMP_CWORD - 1]}" ;; *) _ugat "$1" - "$1" ;; esac
		printf "%s\n" "${COMPREPLY[@]}"' - "$1" | grep '^-[^-]$' | letters
}

# shellcheck disable=SC2317
bash_arguments() {
	awk -v name="${1/ /-}" '
		$1 == name ")" { on = 1 }
		on && match($0, /spec=[^ ]+/) { print substr($0, RSTART + 5, RLENGTH - 5); exit }' completions/ugat.bash |
		grep -o '[A-Za-z0-9]:' | tr -d ':' | sort | tr -d '\n'
}

zsh_offers() {
	zsh -fc '
		_arguments() { print -rl -- "$@" }
		words=(${=1} -) CURRENT=${#words} service=${words[1]}
		. completions/_ugat' - "$1" | sed -n 's/^\(([^)]*)\)\{0,1\}\**\(-[A-Za-z0-9][+:[].*\)/\2/p'
}

# shellcheck disable=SC2317
from_zsh() {
	zsh_offers "$1" | letters
}

# shellcheck disable=SC2317
zsh_arguments() {
	zsh_offers "$1" | grep '^-.+' | letters
}

# shellcheck disable=SC2016,SC2317
from_fish() {
	fish --no-config -c 'for f in completions/*.fish; source $f; end; complete -C "$argv[1] -"' "$1" |
		cut -f1 | grep -E '^-[^-]$' | letters
}

# shellcheck disable=SC2317
fish_arguments() {
	grep -E '^complete .* (-r|-x|-xa|-rF) ?' "completions/${1/ /-}.fish" | grep -o ' -s .' | cut -c 5 | sort -u | tr -d '\n'
}

# zsh and fish call an option the same.
same_words() {
	diff <(zsh_offers "$1" | sed -n 's/^-\(.\)+\{0,1\}\[\(\([^]\\]\|\\.\)*\)\].*/\1 \2/p' | sed 's/\\:/:/g' | grep -v '^[hVqv] ' | sort) \
		<(sed -n "s/^complete -c $1 .*-s \(.\) .*-d [\"']\(.*\)[\"']\$/\1 \2/p" "completions/$1.fish" | grep -v '^[hVqv] ' | sort)
}

check() { # command [man page's form]
	local name=$1 usage want got shell difference
	usage=$(usage_of "$name")
	[ -n "$usage" ] || {
		complain "$name: --help prints no usage"
		return
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
		complain "$name: usage (<) and SYNOPSIS of $(page_of "${name%% *}") (>) differ:
$difference"
	want=$(letters <<<"$usage")
	for shell in bash zsh fish; do
		got=$("from_$shell" "$name")
		[ "$got" = "$want" ] || complain "$name: usage has -$want, the completion for $shell -$got"
	done
	case $name in ugat*' '*) return ;; esac
	want=$(grep '^-. ' <<<"$usage" | letters)
	for shell in bash zsh fish; do
		got=$("${shell}_arguments" "$name")
		[ "$got" = "$want" ] || complain "$name: -$want take an argument, for $shell -$got"
	done
	difference=$(same_words "$name") || complain "$name: the words of zsh (<) and fish (>) differ:
$difference"
}

# The commands behind the front door, as each shell is offered them.
check_door() {
	local want got
	want=$({
		printf '%s\n' get help
		for file in cmd/ugat-*; do basename "$file" .c; done | sed 's/^ugat-//'
	} | sort)
	got=$(bash --norc -c '. completions/ugat.bash; printf "%s\n" $_ugat_commands' | sort)
	[ "$got" = "$want" ] || complain "ugat: its commands (<) and those for bash (>): $(diff <(echo "$want") <(echo "$got"))"
	got=$(zsh -fc '_describe() { print -rl -- ${(P)2%%:*} }
		words=(ugat "") CURRENT=2 service=ugat; . completions/_ugat' | sort)
	[ "$got" = "$want" ] || complain "ugat: its commands (<) and those for zsh (>): $(diff <(echo "$want") <(echo "$got"))"
	got=$(fish --no-config -c 'source completions/ugat.fish; complete -C "ugat "' | cut -f1 | sort)
	[ "$got" = "$want" ] || complain "ugat: its commands (<) and those for fish (>): $(diff <(echo "$want") <(echo "$got"))"
}

for file in cmd/ugat-* authd/authctl.c authd/authd.c; do
	[ -e "$file" ] || continue
	check "$(basename "$file" .c)"
done
if [ -e cmd/ugat ]; then
	for name in ugat 'ugat get' 'ugat verify'; do check "$name"; done
	check_door
fi
exit $bad
