#!/bin/bash
# SPDX-License-Identifier: ISC
# Every example of a man page and of README.md is run by a test that bears its name, and each such test has its example.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "${LINT_ROOT:-$here/../..}" || exit 2
export LC_ALL=C
bad=0

examples=$("$here/../flow/examples.py" . | sort) || exit 2
tests=$(sed -n 's/^@test "\([^"]*\)" {$/\1/p' tests/flow/examples*.bats 2>/dev/null | sort)
while IFS= read -r name; do
	[ -z "$name" ] || { echo "no test in tests/flow/examples*.bats runs the example $name" && bad=1; }
done < <(comm -23 <(printf '%s\n' "$examples" | uniq) <(printf '%s\n' "$tests"))
while IFS= read -r name; do
	[ -z "$name" ] || { echo "tests/flow/examples*.bats: there is no such example: $name" && bad=1; }
done < <(comm -13 <(printf '%s\n' "$examples") <(printf '%s\n' "$tests" | uniq))
while IFS= read -r name; do
	[ -z "$name" ] || { echo "two examples of one name: $name" && bad=1; }
done < <(uniq -d <<<"$examples")
while IFS= read -r name; do
	[ -z "$name" ] || { echo "two tests of one name: $name" && bad=1; }
done < <(uniq -d <<<"$tests")
exit $bad
