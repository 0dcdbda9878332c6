#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Long runs: what happens when the session expires, is replaced or revoked while they go on.
# session-renewal.bats has what ugat-login does for them.

bats_require_minimum_version 1.5.0

# shellcheck source=door.bash
. "$BATS_TEST_DIRNAME/door.bash" # its setup, too

@test "fetch: expired while nobody is connected: it ends with 77 and says why" {
	lonely
	mint s.pem site ops -300 3
	running
	ended_with 77 10
	[ "$(tail -n 1 fetch.err)" = 'ugat-fetch: the session of ops expired 0:01 ago: run ugat-login' ]
}

@test "fetch: expired while a peer sends: it is heard out, nobody else is called or let in" {
	content a 1 2000000
	torrent a 65536
	mkdir seed && cp -r src/a seed
	seed_libtorrent slow seed -U 200000
	ugat-parse "$TORRENT" >records
	peer=$(eval "$(peers "$SEED_PORT")")
	printf '%s\n' "$peer" >>records
	port
	mint s.pem site ops -300 6
	running -p "$PORT" -w
	until=$(($(date +%s) + 8))
	past() { [ "$(date +%s)" -ge "$until" ]; }
	wait_for 10 past
	printf 'peer\t127.0.0.1\t%d\n' "$EAR" >in
	"$FLOW_PYTHON" -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.settimeout(3)
s.sendall(b"\x13BitTorrent protocol" + bytes(8) + bytes.fromhex(sys.argv[2]) + b"-XX0000-abcdefghijkl")
try:
    sys.exit(len(s.recv(68)))
except ConnectionResetError:
    sys.exit(0)' "$PORT" "$BTIH"
	no gone "$FETCH"
	ended_with 0 30
	no grep -q heard ear.out
	cmp src/a out.d/a
}

@test "fetch: a file that is replaced in time is taken, one that does not count is not" {
	lonely
	mint later.pem site ops -300 3600
	mint expired.pem site ops -300 -100
	mint s.pem site ops -300 10
	running
	mv expired.pem s.pem
	wait_for 5 said_by_fetch 'the session of ops expired'
	no gone "$FETCH"
	mv later.pem s.pem
	until=$(($(date +%s) + 11))
	past() { [ "$(date +%s)" -ge "$until" ]; }
	wait_for 15 past
	no gone "$FETCH"
	[ "$(grep -c 'the session of ops until' fetch.err)" -eq 2 ]
	# Taken away altogether, as by ugat-logout.
	rm s.pem
	ended_with 77 10
	[ "$(tail -n 1 fetch.err)" = "ugat-fetch: logged out: $PWD/s.pem is gone: run ugat-login" ]
}

@test "announce, fetch: revoked in the list while they run: both end with 77 soon" {
	mint s.pem site ops -300 3600
	running
	feed_open in2
	STDIN=in2 spawn announce ugat-announce
	announce=$SPAWNED
	cat records >in2
	wait_for 10 grep -q '^heard udp' ear.out
	mint_list s.pem.crl site 1 ops.crt
	ended_with 77 6
	tail -n 1 fetch.err | grep -q '^ugat-fetch: the session of ops was revoked 0:0. ago'
	FETCH=$announce
	wait_for 6 gone "$announce"
	[[ $(tail -n 1 announce.out) == "fail!	77	ugat-announce	the session of ops was revoked"* ]]
	[ "$(wc -l <announce.err)" -eq 1 ]
}

@test "announce: once expired no tracker is asked, lines still pass; renewed it goes on" {
	mint later.pem site ops -300 3600
	mint s.pem site ops -300 7
	feed_open in
	STDIN=in spawn_group announce sh -c 'ugat-announce | cat'
	cat records >in
	wait_for 7 grep -q '^heard udp' ear.out
	wait_for 12 grep -q 'the session of ops expired 0:0. ago: run ugat-login (no tracker is asked until then)' announce.err
	heard=$(grep -c heard ear.out)
	printf 'peer\t192.0.2.1\t6881\n' >in
	wait_for 2 grep -q '^peer	192.0.2.1' announce.out
	until=$(($(date +%s) + 4))
	past() { [ "$(date +%s)" -ge "$until" ]; }
	wait_for 10 past
	[ "$(grep -c heard ear.out)" -eq "$heard" ]
	[ "$(wc -l <announce.err)" -eq 1 ]
	mv later.pem s.pem
	more() { [ "$(grep -c heard ear.out)" -gt "$heard" ]; }
	wait_for 20 more
}
