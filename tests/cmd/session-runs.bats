#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Long runs: what happens when the session expires, is renewed, replaced or revoked while they go on. The
# files are made by the openssl command (mint.bash); a script stands in for ugat-login.

bats_require_minimum_version 1.5.0

HASH=0123456789abcdef0123456789abcdef01234567

# shellcheck source=../flow/lib.bash
setup_file() {
	. "$BATS_TEST_DIRNAME/mint.bash"
	cd "$BATS_FILE_TMPDIR" || return 1
	mint_ca site && mint_ca other
	mint good.pem site ops -300 3600
}

setup() {
	. "$BATS_TEST_DIRNAME/../flow/lib.bash"
	. "$BATS_TEST_DIRNAME/mint.bash"
	flow_start "$BATS_TEST_TMPDIR"
	cp -a "$BATS_FILE_TMPDIR"/{site,other,good.pem,ops.*} .
	rm -rf "$HOME/.local"
	export UGAT_SESSION=$PWD/s.pem
	bystander
}

teardown() {
	flow_stop
}

# bystander: somebody at $EAR, by TCP and UDP alike, who should hear nothing; `records` name him as the
# tracker and as a peer.
bystander() {
	spawn ear "$FLOW_PYTHON" -c '
import select, socket
while True:
    t, u = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    t.bind(("127.0.0.1", 0))
    try:
        u.bind(t.getsockname())
        break
    except OSError:
        continue
t.listen()
print("port", t.getsockname()[1], flush=True)
while True:
    for s in select.select([t, u], [], [])[0]:
        print("heard", "tcp %s:%d" % s.accept()[1] if s is t else "udp %d" % len(u.recv(2048)), flush=True)'
	wait_for 15 grep -q "^port [0-9]" ear.out || return
	EAR=$(sed -n 's/^port //p' ear.out)
	{
		printf 'ugat\t1\ntorrent\t%s\t-\t16384\t1\t1000\t1\ta name\n' $HASH
		printf 'tracker\t0\tudp://127.0.0.1:%d\npeer\t127.0.0.1\t%d\n' "$EAR" "$EAR"
		printf 'file\t0\t0\t1000\ta name\npiece\t0\t%s\nend\n' $HASH
	} >records
}

# heard [tcp|udp]: how often he did.
heard() {
	grep -c "^heard ${1-}" ear.out || :
}

# running [OPTION...]: ugat-fetch with input that stays open; its pid is $FETCH.
running() {
	feed_open in
	STDIN=in spawn fetch "${FETCH_AT:-ugat-fetch}" -d out.d -v "$@"
	FETCH=$SPAWNED
	cat records >in
	wait_for 10 said_by_fetch 'the session of ops until'
}

feed_open() {
	local fd
	mkfifo "$1"
	# shellcheck disable=SC2034
	exec {fd}<>"$1"
}

said_by_fetch() {
	grep -q "$1" fetch.err
}

# lonely: the peer in `records` is gone.
lonely() {
	grep -v '^peer' records >less && mv less records
}

ended_with() {
	local code=0
	wait_for "$2" gone "$FETCH"
	wait "$FETCH" || code=$?
	[ "$code" -eq "$1" ] || { echo "exit $code" >&2; show fetch.err; return 1; }
}

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
