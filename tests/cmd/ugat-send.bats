#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-send by itself: its options, what it will not send, whose session counts. What it does together with
# ugat-recv is flow/send*.bats.

bats_require_minimum_version 1.5.0

# shellcheck source=../flow/lib.bash
setup_file() {
	. "$BATS_TEST_DIRNAME/mint.bash"
	. "$BATS_TEST_DIRNAME/../flow/lib-send.bash"
	people_minted
	mint_ca later
}

# shellcheck source=../flow/lib-send.bash
setup() {
	. "$BATS_TEST_DIRNAME/../flow/lib.bash"
	. "$BATS_TEST_DIRNAME/../flow/lib-send.bash"
	. "$BATS_TEST_DIRNAME/mint.bash"
	flow_start "$BATS_TEST_TMPDIR"
	people
	echo hello >f
}

teardown() {
	flow_stop
}

# refused CODE PATTERN OPERAND...: it ends so and says so in one line.
refused() {
	local code=$1 pattern=$2

	shift 2
	send "$@"
	code "$code"
	said "^ugat-send: $pattern" send.err
	[ "$code" -eq 2 ] || [ "$(wc -l <send.err)" -eq 1 ]
	[ ! -s send.out ]
}

# nobody: a port that nobody listens on: $PORT.
nobody() {
	port
}

@test "usage: what is no host and no user is named: 2" {
	for host in '' @ lab@ @127.0.0.1 'Lab@127.0.0.1' 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:x '[::1' 'a b'; do
		refused 2 ".*$(printf '%s' "$host" | sed 's/[][.]/\\&/g'): \[USER@\]HOST\[:PORT\] expected" "$host" f
	done
}
