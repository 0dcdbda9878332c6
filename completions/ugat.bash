# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# Completion of ugat's commands for bash. bash-completion finds it under each command's name.

# Fill COMPREPLY with the files below the word $1 that match the pattern $2, and the folders on the way.
_ugat_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(
		compgen -d -- "$1"
		compgen -f -X "!$2" -- "$1"
	)
}

_ugat_interfaces() {
	local path
	mapfile -t COMPREPLY < <(
		for path in /sys/class/net/*; do
			printf '%s\n' "${path##*/}"
		done | grep -F -- "$1"
	)
}

# The info-hashes of all runs that ugat-stat knows.
_ugat_runs() {
	mapfile -t COMPREPLY < <(
		compgen -W "$(ugat-stat 2>/dev/null | sed -n 's/.*	btih=\([0-9a-f]*\).*/\1/p' | sort -u)" -- "$1"
	)
}

# The host of [USER@]HOST. Bash may have split the word at the @ already.
_ugat_hosts() {
	local user=''
	[[ $1 == *@* ]] && user=${1%%@*}@
	mapfile -t COMPREPLY < <(compgen -P "$user" -A hostname -- "${1#*@}")
}

# Of ugat-send: a host first, files from then on; with -l only files.
_ugat_send() {
	local i waits='' operands=0
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-?*)
			[[ ${COMP_WORDS[i]} == -*l* ]] && waits=1
			[[ ${COMP_WORDS[i]} == -*[upinUFt] ]] && i=$((i + 1))
			;;
		*) operands=$((operands + 1)) ;;
		esac
	done
	if [ -z "$waits" ] && { [ "$operands" -eq 0 ] || [ "${COMP_WORDS[COMP_CWORD - 1]}" = @ ]; }; then
		_ugat_hosts "$1"
	else
		_ugat_files "$1" '*'
	fi
}

# $1: the word to complete, $2: the one before it, $3: what authctl can be told to do.
_ugat_verbs() {
	case " $3 " in
	*" $2 "*) [ "$2" != backup ] || _ugat_files "$1" '*' ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$3" -- "$1") ;;
	esac
}

_ugat_commands='get send recv login logout passwd verify make stat parse pick announce fetch json help'

# The front door: its first word names the command that the others belong to. Words as _ugat's.
_ugat_door() {
	local command=${COMP_WORDS[1]-}
	if [ "$COMP_CWORD" -le 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$_ugat_commands -h -V --help --version" -- "$2")
	elif [ "$command" = help ]; then
		mapfile -t COMPREPLY < <(compgen -W "$_ugat_commands" -- "$2")
	elif [ "$command" = verify ] && [[ $2 != -* && ${COMP_WORDS[COMP_CWORD - 1]} != -*[dj] ]]; then
		_ugat_files "$2" '*.torrent'
	else
		_ugat "ugat-$command" "$2" "$3"
	fi
}

# $1: the command, $2: the word to complete. Every command's options stand here as getopt(3) takes them.
_ugat() {
	local spec common=hVqv operand='' verbs='' word=$2 before='' letter i
	COMPREPLY=()
	case ${1##*/} in
	ugat-parse) spec=${common}s operand='*.torrent' ;;
	ugat-pick) spec=${common}x ;;
	ugat-json) spec=$common ;;
	ugat-announce) spec=${common}1sp:i:t: ;;
	ugat-fetch) spec=${common}d:o:kR:T:fp:i:D:U:m:j:t:w0 ;;
	ugat-verify) spec=${common}szd:j: ;;
	ugat-login) spec=${common}NI:u:frsLo:P:F:t: ;;
	ugat-passwd) spec=${common}u:P:F:t: ;;
	ugat-logout) spec=$common ;;
	authd) spec=${common}d:i:p:N:S: ;;
	ugat-stat) spec=${common}wf operand=runs ;;
	authctl)
		spec=${common}d:P:
		operand=verbs verbs='adduser deluser passwd users sessions revoke invite fingerprint backup'
		;;
	ugat-make) spec=${common}o:fra:W:b:M:n:j: operand='*' ;;
	ugat-get) spec=hqvd:o:kR:T:fp:i:D:U:m:j:t:w0 operand='*.torrent' ;;
	ugat-send) spec=${common}lu:yp:i:n:CU:F:t: operand=send ;;
	ugat-recv) spec=${common}u:c:p:i:d:o:D:ykF:t:w0 ;;
	*) return ;;
	esac

	[ "$COMP_CWORD" -gt 0 ] && before=${COMP_WORDS[COMP_CWORD - 1]}
	case $before in
	-*[!-])
		letter=${before: -1}
		if [[ $spec == *"$letter":* ]]; then
			case ${1##*/}$letter in
			ugat-makeo | ugat-fetcho | ugat-recvo) _ugat_files "$word" '*' && return ;;
			esac
			case $letter in
			d | o)
				compopt -o filenames 2>/dev/null
				mapfile -t COMPREPLY < <(compgen -d -- "$word")
				;;
			i) _ugat_interfaces "$word" ;;
			c) _ugat_hosts "$word" ;;
			N) mapfile -t COMPREPLY < <(compgen -W 'open invite closed open-to-all' -- "$word") ;;
			F | I | P) _ugat_files "$word" '*' ;;
			esac
			return
		fi
		;;
	esac
	case $word in
	-*)
		spec=${spec//:/}
		for ((i = 0; i < ${#spec}; i++)); do
			COMPREPLY+=("-${spec:i:1}")
		done
		mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]} --help --version" -- "$word")
		;;
	*)
		case $operand in
		'') ;;
		runs) _ugat_runs "$word" ;;
		send) _ugat_send "$word" ;;
		verbs) _ugat_verbs "$word" "$before" "$verbs" ;;
		*) _ugat_files "$word" "$operand" ;;
		esac
		;;
	esac
}

complete -F _ugat ugat-parse ugat-pick ugat-json ugat-announce ugat-fetch ugat-verify ugat-make ugat-login ugat-passwd ugat-logout ugat-stat ugat-send ugat-recv authctl authd
complete -F _ugat_door ugat
