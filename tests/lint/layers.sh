#!/bin/bash
# SPDX-License-Identifier: ISC
# The dependency rule, read from the includes (lib/README.md): which layers a layer may
# include, which system headers the layers without I/O may use, and no allocation in codec.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "${LINT_ROOT:-$here/../..}" || exit 2
shopt -s nullglob globstar

declare -A may=(
	[base]='base'
	[codec]='base codec'
	[crypto]='base crypto'
	[core]='base codec crypto core'
	[io]='base codec crypto io core/layout core/torrent core/bitset'
	[run]='base codec crypto core io run'
	[cmd]='base codec crypto core io run cmd'
	[authd]='base codec crypto io cmd/tool authd'
)
pure='endian stdbool stddef stdint string strings limits inttypes stdarg'
# arpa/inet.h: inet_pton and inet_ntop are arithmetic. stdio.h: snprintf alone, see below. errno.h in crypto: ENOMEM, which
# libcrypto does not always tell from what is bad.
declare -A system=(
	[base]="$pure stdlib stdio arpa/inet"
	[codec]="$pure"
	[crypto]="$pure stdlib errno openssl/*"
	[core]="$pure stdlib stdio sys/queue sys/tree"
)
bad=0

complain() {
	printf '%s\n' "$1"
	bad=1
}

allowed() { # name list
	local pattern
	for pattern in $2; do
		# shellcheck disable=SC2254 # the list holds patterns
		case $1 in $pattern | $pattern/*) return 0 ;; esac
	done
	return 1
}

while IFS=: read -r file line code; do
	layer=${file#lib/}
	layer=${layer%%/*}
	case $code in
	*'#'*include*\"*)
		name=${code#*\"}
		name=${name%.h\"*}
		allowed "$name" "${may[$layer]}" || complain "$file:$line: $layer may not include \"$name.h\""
		;;
	*'#'*include*\<*)
		[ -n "${system[$layer]-}" ] || continue
		name=${code#*<}
		name=${name%.h>*}
		set -f
		allowed "$name" "${system[$layer]}" || complain "$file:$line: $layer may not include <$name.h>"
		set +f
		;;
	esac
done < <(perl "$here/code.pl" lib/*/*.[ch] cmd/*.[ch] authd/*.[ch] /dev/null | grep -E ':[[:space:]]*#[[:space:]]*include')

code() {
	perl "$here/code.pl" "$@" /dev/null
}

# Lines of code on standard input that are not allowed, and why.
refuse() {
	while IFS= read -r line; do
		complain "$line   ($1)"
	done
}

# Words that the headers above bring along but their layer must not use.
refuse 'no allocation in codec' < <(code lib/codec/*.[ch] |
	grep -wE 'malloc|calloc|realloc|reallocarray|free|strdup|strndup|aligned_alloc')
refuse 'no stdio but snprintf' < <(code lib/base/*.[ch] lib/codec/*.[ch] lib/crypto/*.[ch] lib/core/*.[ch] |
	grep -E '\b(FILE|stdin|stdout|stderr)\b|\b(v?f?printf|v?dprintf|f?puts|f?putc|putchar|fopen|fread|fwrite|perror)[[:space:]]*\(')

# State that outlives a call: what is static and not const.
refuse 'no state below run' < <(code lib/base/*.[ch] lib/codec/*.[ch] lib/crypto/*.[ch] lib/core/*.[ch] lib/io/*.[ch] |
	grep -E ':[[:space:]]*(static|_Thread_local) [^(]*(;|=|\{)[[:space:]]*[^(]*$' | grep -vE ':[[:space:]]*static (const|inline) ')
exit $bad
