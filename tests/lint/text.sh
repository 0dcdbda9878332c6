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
if grep -nE '(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)' Makefile ./*.md lib/**/*.[ch] cmd/* authd/* man/* completions/* pkg/* \
	tests/{unit,cmd,flow,fuzz,fake}/**/*.{c,h,sh,bash,bats,py} /dev/null 2>/dev/null; then
	bad=1
fi
exit $bad
