#!/bin/bash
# SPDX-License-Identifier: ISC
# The man pages: mandoc has nothing to say, what they refer to exists, and a command's page tells its
# exit codes and gives examples.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob
bad=0
pages=(man/*.[1-8])
[ ${#pages[@]} -gt 0 ] || exit 0

# mandoc looks for references among the pages installed on this machine; ours are looked for below.
if for page in "${pages[@]}"; do mandoc -T lint -W style "$page" 2>&1; done |
	grep -vE 'referenced manual not found|outdated mandoc.db|STYLE: input text line longer than 80'; then
	bad=1
fi
while read -r page _ name section _; do
	[ -e "man/$name.$section" ] || {
		echo "$page: refers to $name($section), which is not there"
		bad=1
	}
done < <(grep -E '^\.Xr (ugat|auth)' "${pages[@]}" | sed 's/:/ /')
for page in man/*.[18]; do
	for section in SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
		grep -q "^\.Sh $section\$" "$page" || {
			echo "$page: no $section"
			bad=1
		}
	done
done
exit $bad
