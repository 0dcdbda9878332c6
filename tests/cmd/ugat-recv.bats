#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-recv by itself: its options, whom it lets in, and what it makes of a sender by other hands. What it does
# together with ugat-send is flow/send*.bats.

bats_require_minimum_version 1.5.0

# shellcheck source=../flow/lib.bash
setup_file() {
	. "$BATS_TEST_DIRNAME/mint.bash"
	. "$BATS_TEST_DIRNAME/../flow/lib-send.bash"
	people_minted
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

# refused CODE PATTERN OPTION...: it ends so and says so.
refused() {
	local code=$1 pattern=$2

	shift 2
	recv "$@"
	code "$code"
	said "^ugat-recv: $pattern" recv.err
	[ "$code" -eq 2 ] || [ "$(wc -l <recv.err)" -eq 1 ]
}

@test "usage: what does not go together: 2" {
	refused 2 '.*-o.*-d|.*-d.*-o' -y -o x -d inbox
	refused 2 '.*-k' -y -k -o x
	refused 2 '.*-w' -y -w -o -
	refused 2 '.*-0' -y -0 -o -
	refused 2 '.*-0' -y -0 -w
	refused 2 '.*-p' -y -p 7000 -c ops@127.0.0.1
	refused 2 '.*-k' -y -k -c ops@127.0.0.1
	refused 2 "-u Ops: not a user's name" -u Ops
	refused 2 '-D 1: at least 1K' -y -D 1
	refused 2 '-i nowhere0: no such interface' -y -i nowhere0
	refused 2 '.*\[USER@\]HOST\[:PORT\] expected' -y -c ops@
}
