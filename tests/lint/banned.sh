#!/bin/bash
# SPDX-License-Identifier: ISC
# Functions that nobody calls here, each with what to call instead.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "${LINT_ROOT:-$here/../..}" || exit 2
shopt -s nullglob globstar
bad=0

ban() { # instead regexp files...
	local found
	[ $# -gt 2 ] || return 0
	found=$(perl "$here/code.pl" "${@:3}" | grep -E "(^|[^a-zA-Z0-9_.>])($2)[[:space:]]*\(") || return 0
	while IFS= read -r line; do
		echo "$line   (instead: $1)"
	done <<<"$found"
	bad=1
}

all=(lib/**/*.[ch] cmd/*.[ch] authd/*.[ch] tests/**/*.[ch])
ours=(lib/**/*.[ch] cmd/*.[ch] authd/*.[ch])
lib=(lib/**/*.[ch])
ban 'snprintf, memcpy with a checked size' 'strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf' "${all[@]}"
ban 'getline, or recio' 'gets' "${all[@]}"
ban 'memchr' 'strtok|strtok_r|strsep' "${all[@]}"
ban 'text_u64' 'atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull|sscanf|scanf|fscanf' "${ours[@]}"
ban 'a named maximum, or the heap' 'alloca' "${all[@]}"
ban 'getrandom; rng.h for fairness' 'rand|srand|random|srandom|drand48' "${all[@]}"
ban 'mkstemp, mkdtemp' 'mktemp|tmpnam|tempnam' "${all[@]}"
ban 'inet_ntop, inet_pton, io/resolve' 'gethostbyname|gethostbyaddr|inet_ntoa|inet_aton|inet_addr' "${all[@]}"
ban 'the _r form' 'asctime|ctime|gmtime|localtime|strerror_l|readdir_r' "${all[@]}"
ban 'fork and exec with an argument list' 'system|popen' "${ours[@]}"
ban 'enum rc' 'setjmp|longjmp' "${ours[@]}"
ban 'the library answers by enum rc' 'assert|abort|exit|err|errx|warn|warnx' "${lib[@]}"
ban 'only cmd and authd speak' 'printf|fprintf|vfprintf|puts|fputs|perror' "${lib[@]}"

jumps=$(perl "$here/code.pl" "${ours[@]}" /dev/null | grep -E '(^|[^a-zA-Z0-9_])goto ' | grep -v 'goto out;')
if [ -n "$jumps" ]; then
	printf '%s\n' "$jumps" "   (goto knows one place: out)"
	bad=1
fi
exit $bad
