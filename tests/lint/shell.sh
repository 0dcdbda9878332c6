#!/bin/bash
# SPDX-License-Identifier: ISC
# All shell passes shellcheck: by name or by the first line.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob globstar
scripts=() bats=()
for file in cmd/* pkg/* .ci/* completions/* tests/**/*; do
	[ -f "$file" ] || continue
	case $file in
	tests/vectors/* | *.c | *.h | *.py | *.pl | *.list | *.tsv | *.md | *.fish) continue ;;
	*.bats) bats+=("$file") ;;
	*.sh | *.bash) scripts+=("$file") ;;
	*) if head -c 64 "$file" | head -n 1 | grep -aqE '^#!.*[/ ](ba|da)?sh( |$)'; then scripts+=("$file"); fi ;;
	esac
done
rc=0
[ ${#scripts[@]} -eq 0 ] || printf '%s\0' "${scripts[@]}" | xargs -0 -P 2 -n 8 shellcheck -x -P SCRIPTDIR || rc=1
# In a bats file every test is a subshell, and `run` sets variables that nobody declares. What it sources is looked
# at above, once, and not again with each of them: so a variable that seems to be set for nobody may be one of those.
if [ ${#bats[@]} -gt 0 ]; then
	while IFS= read -r line; do
		name=${line#*: warning: }
		name=${name%% *}
		[[ $line = *'[SC2034]' ]] && grep -qw -e "$name" tests/*.bash tests/*/*.bash /dev/null && continue
		printf '%s\n' "$line"
		rc=1
	done < <(printf '%s\0' "${bats[@]}" | xargs -0 -P 2 -n 4 shellcheck -f gcc -S warning -e SC2030,SC2031,SC2154)
fi
exit $rc
