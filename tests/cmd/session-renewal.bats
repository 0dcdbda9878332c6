#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Long runs that have their session renewed: a script stands in for ugat-login.

bats_require_minimum_version 1.5.0

# shellcheck source=door.bash
. "$BATS_TEST_DIRNAME/door.bash" # its setup, too

# stand_in LINES: beside a ugat-fetch of this test's own a ugat-login that notes how it was called, then does
# what LINES say.
stand_in() {
	mkdir bin
	cp "$UGAT_BIN/ugat-fetch" bin/
	{
		# shellcheck disable=SC2016
		printf '#!/bin/sh\necho "$*" "$UGAT_SESSION" >>%q\nfor fd in /proc/$$/fd/*; do readlink "$fd"; done >fds\n' "$PWD/calls"
		echo "$1"
	} >bin/ugat-login
	chmod 755 bin/ugat-login
	FETCH_AT=bin/ugat-fetch
}

called() {
	grep -q "^$1 " calls 2>/dev/null
}

@test "at half its life the session is renewed by ugat-login, which gets nothing of ours" {
	lonely
	mint later.pem site ops -300 3600 127.0.0.1:1
	mint s.pem site ops -60 20 127.0.0.1:1
	stand_in '[ "$1" != -rq ] || mv later.pem s.pem'
	running
	wait_for 10 called -rq
	[ "$(grep -c '^-rq' calls)" -eq 1 ]
	wait_for 5 eval '[ "$(grep -c "the session of ops until" fetch.err)" -eq 2 ]'
	grep -qx -- "-rq $PWD/s.pem" calls
	# The script has itself open, and `fds`.
	grep -vx -e "$PWD/bin/ugat-login" -e "$PWD/fds" fds >of_ours
	printf '%s\n' /dev/null /dev/null "$PWD/fetch.err" | cmp - of_ours || { show of_ours; return 1; }
	# And the list of the revoked, which nobody here has.
	wait_for 15 called -sfq
	wait_for 5 said_by_fetch 'no fresh list of revoked sessions came: trying again in'
	no gone "$FETCH"
	[ "$(ps -o comm= --ppid "$FETCH")" = ugat-errand ]
}

@test "a renewal that fails is tried again, and once more when it is too late" {
	lonely
	mint s.pem site ops -60 9 127.0.0.1:1
	stand_in 'exit 69'
	running
	wait_for 10 said_by_fetch 'the session could not be renewed: trying again in'
	ended_with 77 20
	[ "$(grep -c '^-rq' calls)" -ge 2 ]
	tail -n 1 fetch.err | grep -q '^ugat-fetch: the session of ops expired 0:0. ago: run ugat-login'
}

@test "a session of this machine's own is renewed, but asks nobody for a list" {
	lonely
	mint later.pem site ops -300 3600 local
	mint s.pem site ops -60 20 local
	stand_in 'mv later.pem s.pem'
	running
	wait_for 10 called -rq
	until=$(($(date +%s) + 12))
	past() { [ "$(date +%s)" -ge "$until" ]; }
	wait_for 20 past
	[ "$(wc -l <calls)" -eq 1 ]
}

@test "a ugat-login under way does not outlive the run" {
	lonely
	mint s.pem site ops -60 20 127.0.0.1:1
	stand_in 'echo $$ >login.pid; exec sleep 60'
	running
	wait_for 10 test -s login.pid
	login=$(cat login.pid)
	no gone "$login"
	kill -TERM "$FETCH"
	wait_for 5 gone "$FETCH"
	gone "$login"
}
