#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-logout: what goes and what stays.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir home
	export HOME=$PWD/home
	unset UGAT_SESSION XDG_STATE_HOME XDG_DATA_HOME
	state=$HOME/.local/state/ugat
}

@test "the session goes, with its list; the authority and the known servers stay" {
	ugat-login -L
	echo 'example.org sha256:x' >"$state/authd"
	: >"$state/session.pem.crl"
	run --separate-stderr ugat-logout
	[ "$status" -eq 0 ] && [ -z "$output$stderr" ]
	[ "$(ls "$state")" = authd ]
	[ -s "$HOME/.local/share/ugat/ca.key" ]
	run ugat-login -s
	[ "$status" -eq 77 ]
}

@test "the key is overwritten before the file goes" {
	ugat-login -L
	ln "$state/session.pem" kept
	ugat-logout
	[ -s kept ]
	run ! grep -q . <(tr -d '\0' <kept)
}

@test "without a session it is done already; -v says so" {
	run --separate-stderr ugat-logout
	[ "$status" -eq 0 ] && [ -z "$output$stderr" ]
	run ugat-logout -v
	[ "$status" -eq 0 ]
	[[ $output == *'there was no session'* ]]
}

@test "a descriptor cannot be logged out" {
	ugat-login -L
	rc=0
	UGAT_SESSION=fd:3 ugat-logout 3<"$state/session.pem" 2>err || rc=$?
	[ "$rc" -eq 73 ]
	grep -q 'remove the file' err
	[ -s "$state/session.pem" ]
}

@test "what is no session file is left alone: 73" {
	mkfifo pipe
	UGAT_SESSION=pipe run ugat-logout -v
	[ "$status" -eq 73 ]
	[[ $output == *'is a FIFO'* ]]
	UGAT_SESSION=pipe run ugat-login -L
	[ "$status" -eq 73 ]
	[ -p pipe ]
}

@test "a file that is no session is not wiped: 73" {
	printf 'a diary\n' >diary
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=web -keyout key -out cert 2>/dev/null
	cat key cert cert >web.pem
	for file in diary web.pem; do
		cp "$file" copy
		UGAT_SESSION=$PWD/$file run ugat-logout
		[ "$status" -eq 73 ]
		[[ $output == *"$file holds no session of ugat's: it is left alone"* ]]
		cmp "$file" copy
	done
}

@test "a damaged session, an empty file, one without its server's name go" {
	ugat-login -L
	cp "$state/session.pem" whole
	head -c 100 whole >"cut"
	: >empty
	sed '/^server:/d; /^pin:/d' whole >plain
	for file in cut empty plain; do
		UGAT_SESSION=$PWD/$file run ugat-logout
		[ "$status" -eq 0 ] && [ -z "$output" ]
		[ ! -e "$file" ]
	done
}

@test "a device is neither read nor said to be removed" {
	for device in /dev/null /dev/zero; do
		UGAT_SESSION=$device run ugat-login -s
		[ "$status" -eq 77 ]
		[ "$output" = "ugat-login: $device is a device, not a session file: set UGAT_SESSION to a regular file" ]
		UGAT_SESSION=$device run ugat-logout
		[ "$status" -eq 73 ]
		[[ $output == *'is a device'* && $output != *remove* ]]
		[ -c "$device" ]
	done
}

@test "operands are a usage error" {
	run ugat-logout now
	[ "$status" -eq 2 ]
}
