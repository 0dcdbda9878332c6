#!/bin/bash
# SPDX-License-Identifier: ISC
# Every source names its licence, and nothing promises work for later.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob globstar
bad=0
for file in lib/**/*.[ch] cmd/* authd/*.[ch] completions/* pkg/*.sh tests/**/*.{c,h,sh,bash,bats,py,pl}; do
	[ -f "$file" ] || continue
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ISC' || {
		echo "$file: no SPDX line among the first three"
		bad=1
	}
done
promises=$(grep -snE '(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)' Makefile ./*.md lib/**/*.[ch] cmd/* authd/* man/* \
	completions/* pkg/* tests/{unit,flow,fuzz,fake}/**/*.{c,h,sh,bash,bats,py} /dev/null)
if [ -n "$promises" ]; then
	printf '%s\n' "$promises"
	bad=1
fi
exit $bad
