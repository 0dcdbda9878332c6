# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# Completion of ugat's commands for bash. bash-completion finds it under each command's name.

# Fill COMPREPLY with the files below the word $1 that match the pattern $2, and the directories on the way.
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

# The people that this shell remembers to have been called, as USER@HOST, the latest first.
_ugat_people() {
	(
		unset -v HISTTIMEFORMAT
		history 2000
	) 2>/dev/null | awk '
		/ugat[- ](send|recv)/ { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z][a-z0-9_-]*@[][A-Za-z0-9.:-]+$/) last[$i] = NR }
		END { for (word in last) print last[word], word }' | sort -rn | cut -d' ' -f2
}

# Offer words that begin with all that stands before the cursor: bash has split it before @ and behind :,
# and replaces only the last part.
_ugat_whole() { # word candidate...
	local word=$1 typed=${COMP_LINE:0:${COMP_POINT:-0}} cut=''
	shift
	typed=${typed##*[[:space:]]}
	[[ $typed == *"$word" ]] || typed=$word
	cut=${typed%"$word"}
	mapfile -t COMPREPLY < <(
		[ $# -eq 0 ] || printf '%s\n' "$@" | awk -v typed="$typed" -v cut="${#cut}" \
			'index($0, typed) == 1 && !seen[$0]++ { print substr($0, cut + 1) }'
	)
}

# [USER@]HOST[:PORT]: people that were called before, else any host that bash knows.
_ugat_callee() {
	local typed=${COMP_LINE:0:${COMP_POINT:-0}} user='' people hosts
	typed=${typed##*[[:space:]]}
	[[ $typed == *"$1" ]] || typed=$1
	[[ $typed == *@* ]] && user=${typed%%@*}@
	mapfile -t people < <(_ugat_people)
	mapfile -t hosts < <(compgen -P "$user" -A hostname -- "${typed#*@}")
	_ugat_whole "$1" "${people[@]}" "${hosts[@]}"
}

# Names of users: those that were called, and one's own.
_ugat_users() {
	mapfile -t COMPREPLY < <(
		compgen -W "$(
			_ugat_people | sed 's/@.*//'
			ugat-login -s 2>/dev/null | sed -n 's/^user	//p'
		)" -- "$1" | awk '!seen[$0]++'
	)
}

# HOST[:PORT] of a login server: those of the site, those that were logged in at, then any host.
_ugat_servers() {
	local servers hosts
	mapfile -t servers < <(
		sed -n 's/^[[:space:]]*\([^#[:space:]][^[:space:]]*\).*/\1/p' /etc/ugat/authd \
			"${XDG_STATE_HOME:-$HOME/.local/state}/ugat/authd" 2>/dev/null
	)
	mapfile -t hosts < <(compgen -A hostname -- "$1")
	_ugat_whole "$1" "${servers[@]}" "${hosts[@]}"
}

# Of ugat-send: a host first, files from then on; with -l only files.
_ugat_send() {
	local i waits='' operands=0 words
	read -ra words <<<"${COMP_LINE:0:${COMP_POINT:-0}}."
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		send) [ "$i" -eq 1 ] && [ "${words[0]##*/}" = ugat ] || operands=$((operands + 1)) ;;
		-?*)
			[[ ${words[i]} == -*l* ]] && waits=1
			[[ ${words[i]} == -*[upinUFt] ]] && i=$((i + 1))
			;;
		*) operands=$((operands + 1)) ;;
		esac
	done
	if [ -z "$waits" ] && [ "$operands" -eq 0 ]; then
		_ugat_callee "$1"
	else
		_ugat_files "$1" '*'
	fi
}

# The first column of what authctl prints, in the directory that its own -d names.
_ugat_authctl() { # word before it, command
	local i dir=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[ "${COMP_WORDS[i]}" != -d ] || dir=(-d "${COMP_WORDS[i + 1]}")
	done
	mapfile -t COMPREPLY < <(compgen -W "$(authctl "${dir[@]}" "$2" 2>/dev/null </dev/null | cut -f1)" -- "$1")
}

# $1: the word to complete, $2: the one before it, $3: what authctl can be told to do.
_ugat_verbs() {
	case $2 in
	deluser | passwd | revoke) _ugat_authctl "$1" users ;;
	-s) _ugat_authctl "$1" sessions ;;
	backup) _ugat_files "$1" '*' ;;
	adduser | prune | users | sessions | invite | fingerprint) ;;
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
	ugat-login) spec=${common}NI:u:frsLo:P:F:t: operand=servers ;;
	ugat-passwd) spec=${common}u:P:F:t: operand=servers ;;
	ugat-logout) spec=$common ;;
	authd) spec=${common}d:i:p:N:S: ;;
	ugat-stat) spec=${common}wf operand=runs ;;
	authctl)
		spec=${common}d:P:
		operand=verbs verbs='adduser deluser passwd prune users sessions revoke invite fingerprint backup'
		;;
	ugat-make) spec=${common}o:fra:W:b:M:n:j: operand='*' ;;
	ugat-get) spec=${common}d:o:kR:T:fp:i:D:U:m:j:t:w0 operand='*.torrent' ;;
	ugat-send) spec=${common}lu:yp:i:n:CU:F:t: operand=send ;;
	ugat-recv) spec=${common}u:c:p:i:d:o:D:fykF:t:w0 ;;
	*) return ;;
	esac

	[ "$COMP_CWORD" -gt 0 ] && before=${COMP_WORDS[COMP_CWORD - 1]}
	# A word that bash has split stands behind what stands behind its first part.
	if [[ $before$word == *[@:]* ]]; then
		before=${COMP_LINE:0:${COMP_POINT:-0}}
		before=${before%"${before##*[[:space:]]}"}
		before=${before%"${before##*[![:space:]]}"}
		before=${before##*[[:space:]]}
	fi
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
			c) _ugat_callee "$word" ;;
			u) _ugat_users "$word" ;;
			N) mapfile -t COMPREPLY < <(compgen -W 'open invite closed open-to-all' -- "$word") ;;
			F | I | P) _ugat_files "$word" '*' ;;
			esac
			return
		fi
		;;
	esac
	case $word in
	-*)
		[ "$operand $before" != "verbs revoke" ] || spec=s
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
		servers) _ugat_servers "$word" ;;
		verbs) _ugat_verbs "$word" "$before" "$verbs" ;;
		*) _ugat_files "$word" "$operand" ;;
		esac
		;;
	esac
}

complete -F _ugat ugat-parse ugat-pick ugat-json ugat-announce ugat-fetch ugat-verify ugat-make ugat-login ugat-passwd ugat-logout ugat-stat ugat-send ugat-recv authctl authd
complete -F _ugat_door ugat
