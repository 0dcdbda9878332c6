#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# tests/run itself: what it must count as failed. And whether tests/run-torture finds its attacks.

setup() {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree"/tests/{lint,unit/base,cmd,flow,fuzz} "$tree/build/tests/unit/base" "$tree/build/bin"
	cp "$BATS_TEST_DIRNAME"/../{run,rooted,session.bash} "$tree/tests/"
	script tests/lint/good.sh 'exit 0'
	unit good 'echo 1..2; echo ok 1 - a; echo ok 2 - b'
	bats_file good 'TEST "one" { true; }'
	unset O SAN JOBS
}

script() { # path lines
	printf '#!/bin/sh\n%s\n' "$2" >"$tree/$1"
	chmod +x "$tree/$1"
}

unit() { # name lines
	: >"$tree/tests/unit/base/$1_test.c"
	script "build/tests/unit/base/$1_test" "$2"
}

# A line that began with @test here would be one of ours.
bats_file() { # name text
	printf '%s\n' "$2" | sed 's/^TEST/@test/' >"$tree/tests/cmd/$1.bats"
}

# Without this bats: its variables and its libexec directory are not for the one inside.
runner() {
	run env -i PATH=/usr/local/bin:/usr/bin:/bin TMPDIR="$BATS_TEST_TMPDIR" "$tree/tests/run"
	verdict=${lines[-1]}
}

@test "all is well: everything is counted, exit 0" {
	runner
	[ "$status" -eq 0 ]
	[ "$verdict" = '4 passed, 0 failed' ]
}

@test "a failing lint is shown and counted" {
	script tests/lint/bad.sh 'echo words; exit 1'
	runner
	[ "$status" -ne 0 ]
	[[ $output == *'FAILED tests/lint/bad.sh'*words* ]]
	[ "$verdict" = '4 passed, 1 failed' ]
}

@test "a failing unit test and a failing bats test are counted one by one" {
	unit bad 'echo 1..3; echo ok 1 - a; echo not ok 2 - b; echo not ok 3 - c; exit 2'
	bats_file bad 'TEST "two" { true; }
TEST "three" { false; }'
	runner
	[ "$status" -ne 0 ]
	[ "$verdict" = '6 passed, 3 failed' ]
}

@test "a unit test that dies, or ends with less than its plan, counts as failed" {
	unit dies 'echo 1..2; echo ok 1 - a; kill -SEGV $$'
	unit silent 'exit 0'
	unit short 'echo 1..2; echo ok 1 - a'
	unit liar 'echo 1..1; echo ok 1 - a; exit 9'
	runner
	[ "$status" -ne 0 ]
	[ "$verdict" = '7 passed, 4 failed' ]
}

@test "a unit test that was not built counts as failed" {
	rm "$tree/build/tests/unit/base/good_test"
	runner
	[ "$status" -ne 0 ]
	[ "$verdict" = '2 passed, 1 failed' ]
}

@test "a bats file that cannot be read counts as failed" {
	bats_file bad 'TEST "x" { fi; }'
	runner
	[ "$status" -ne 0 ]
	[[ $verdict == '4 passed, '[1-9]*' failed' ]]
}

@test "a skipped test counts as failed" {
	bats_file bad 'TEST "x" { skip; }'
	unit bad 'echo 1..1; echo "ok 1 - a # SKIP"'
	runner
	[ "$status" -ne 0 ]
	[ "$verdict" = '4 passed, 2 failed' ]
}

@test "a failed build counts as failed" {
	: >"$tree/build/build-failed"
	runner
	[ "$status" -ne 0 ]
	[ "$verdict" = '4 passed, 1 failed' ]
}

@test "a sanitizer's report counts even where the test passes" {
	bats_file report 'TEST "x" { path=${ASAN_OPTIONS#*log_path=}; echo words >"${path%%:*}.1"; }'
	runner
	[ "$status" -ne 0 ]
	[[ $output == *"a sanitizer's report"*words* ]]
	[ "$verdict" = '5 passed, 1 failed' ]
}

@test "no test at all is no success" {
	rm -r "$tree"/tests/{lint,unit,cmd}
	runner
	[ "$status" -ne 0 ]
}

@test "a test sees a home and a scratch of its own, and nothing stays" {
	bats_file scratch 'TEST "x" { [ "$HOME" != "'"$HOME"'" ]; [ -z "$(ls -A "$HOME")" ]; : >"$HOME/file"; : >"$XDG_RUNTIME_DIR/file"; mktemp; }'
	runner
	[ "$status" -eq 0 ]
	run find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'ugat-check.*'
	[ -z "$output" ]
}

@test "make torture: without a theme it is all of them, with one its own" {
	run "$BATS_TEST_DIRNAME/../run-torture" -l
	[ "$status" -eq 0 ]
	[ "$(cut -f 2 <<<"$output" | sort)" = "$(cd "$BATS_TEST_DIRNAME/../.." && printf '%s\n' tests/torture/*/run)" ]
	run "$BATS_TEST_DIRNAME/../run-torture" quick -l names
	[ "$output" = '10	tests/torture/names/run' ]
}
