#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-passwd without a server to speak to. The rest is in tests/flow/login.bats.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir home
	export HOME=$PWD/home
	unset UGAT_SESSION XDG_STATE_HOME XDG_DATA_HOME
}

@test "an own authority has no passwords: 77 and what to name" {
	ugat-login -L
	run --separate-stderr ugat-passwd
	[ "$status" -eq 77 ]
	[ "$stderr" = 'ugat-passwd: no server that has a password of yours: name it as HOST[:PORT] (what ugat-login -L made has none)' ]
	ugat-logout
	run --separate-stderr ugat-passwd
	[ "$status" -eq 77 ]
	[ "$stderr" = 'ugat-passwd: no server that has a password of yours: name it as HOST[:PORT]' ]
}

@test "nothing answers: 69, before anybody is asked" {
	run --separate-stderr setsid -w ugat-passwd -u ops -F sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 127.0.0.1:1
	[ "$status" -eq 69 ]
	[[ $stderr == 'ugat-passwd: 127.0.0.1:1: nothing answers there'* ]]
}

@test "usage: 2" {
	run ugat-passwd a b
	[ "$status" -eq 2 ]
	run ugat-passwd -t 0
	[ "$status" -eq 2 ]
}
