#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-recv by itself: its options, whom it lets in, and what it makes of a sender by other hands. What it does
# together with ugat-send is flow/send*.bats.

bats_require_minimum_version 1.5.0

# shellcheck source=../flow/lib-send.bash
. "$BATS_TEST_DIRNAME/../flow/lib-send.bash" # its teardown, too

setup() {
	people
	echo hello >f
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

@test "-d: the directory is made, with those above it, before anybody calls" {
	port
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv ugat-recv -y -p "$PORT" -d new/in
	up recv "$PORT" 5
	[ -d new/in ]
	kill "$SPAWNED"
	wait_for 10 gone "$SPAWNED"
}

@test "usage: a NAME that nobody can offer: 2, and it does not wait for it" {
	for name in a/b .. '' .ugat-x; do
		refused 2 "NAME \"$name\" can never be offered: it (has|is) " "$name"
	done
}

@test "without a terminal and without -y, -u and NAME: 2 at once; with any of them it waits" {
	CODE=0
	as lab setsid -w timeout 60 ugat-recv >recv.out 2>recv.err </dev/null || CODE=$?
	code 2
	said '^ugat-recv: no terminal to ask on: .*-u USER, -y or NAME' recv.err
	for how in -y "-u ops" report.pdf; do
		port
		# shellcheck disable=SC2086
		UGAT_SESSION=$SCRATCH/lab.pem spawn recv setsid ugat-recv -p "$PORT" $how
		up recv "$PORT" 5
		kill "$SPAWNED"
		wait_for 5 gone "$SPAWNED"
	done
}

@test "no session, one that has expired: 77, and it does not listen" {
	cp -a "$BATS_FILE_TMPDIR/site" .
	mint lab.pem site lab -7200 -3600
	port
	refused 77 'the session of lab expired 1h00 ago: run ugat-login' -y -p "$PORT"
	rm lab.pem
	refused 77 '.*ugat-login' -y -p "$PORT"
	[ "$(cat recv.out)" = "fail!	77	ugat-recv	$(sed 's/^ugat-recv: //' recv.err)" ]
}

@test "a directory that is not there, is a file or may not be written: 73 at the start" {
	refused 73 'f/in: Not a directory' -y -d f/in
	refused 73 'f: Not a directory' -y -d f
	refused 73 'nowhere: No such file.*: make it first' -y -o nowhere/x
	refused 73 'inbox: is a directory: give it with -d' -y -o inbox
}

@test "the port is taken: 75; nobody calls: 75 after -t; an address that is not here: 69" {
	"$FLOW_PYTHON" -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print("port", s.getsockname()[1], flush=True); time.sleep(60)' >taken.out 3>&- &
	echo $! >>pids
	wait_for 5 grep -q '^port' taken.out
	PORT=$(sed -n 's/^port //p' taken.out)
	recv -y -i 127.0.0.1 -p "$PORT"
	[ "$CODE" -eq 69 ] || [ "$CODE" -eq 75 ]
	said "^ugat-recv: .*$PORT.*" recv.err
	port
	start=$EPOCHSECONDS
	refused 75 '.*nobody' -y -t 1 -p "$PORT"
	[ $((EPOCHSECONDS - start)) -le 15 ]
	refused 69 '.*192\.0\.2\.1.*' -y -i 192.0.2.1 -p "$PORT"
}

@test "-c: nobody answers, no such host: 69" {
	port
	refused 69 "127\.0\.0\.1:$PORT: .*[Rr]efused.*" -y -c "ops@127.0.0.1:$PORT"
	refused 69 'no-such-host\.invalid.*' -y -c ops@no-such-host.invalid
}

@test "an honest sender by other hands: stored with mode and time, the records, 0 on both sides" {
	mkdir -p d/sub && echo one >d/one && head -c 700000 /dev/urandom >d/sub/two && : >d/empty
	chmod 751 d/sub/two && touch -d '2001-02-03 04:05:06.789012345' d/one
	inbox
	call ops send files d f
	left recv 0
	[ "$(tail -n 1 call.out)" = bye ]
	diff -r d inbox/d && cmp f inbox/f
	[ "$(stat -c '%a %.9Y' inbox/d/sub/two inbox/d/one)" = "$(stat -c '%a %.9Y' d/sub/two d/one)" ]
	SRC=$PWD
	{
		printf 'ugat\t1\n'
		for path in d/empty d/one d/sub/two f; do done_record $path; done
	} | diff - recv.out
	only d d/empty d/one d/sub d/sub/two f
}

@test "every byte in a record of its own, and many messages in one: the same" {
	inbox -k
	call ops --step 1 --size 3000 send honest
	[ "$(tail -n 1 call.out)" = bye ]
	call ops --size 3000000 --name other send honest
	[ "$(tail -n 1 call.out)" = bye ]
	only file other
}

@test "callers who do not count are named and change nothing: the one that is waited for is served" {
	cp -a "$BATS_FILE_TMPDIR/site" .
	mint old.pem site old -7200 -3600
	mint bob.pem site bob -300 3600
	inbox
	call ops --tls none send honest
	no heard ANSWER
	call ops --tls plain send raw 'GET / HTTP/1.0\r\n\r\n'
	call ops --tls 1.2 send honest
	no heard HELLO
	call ops --tls alpn=h2 send honest
	no heard HELLO
	call ops --tls alpn= send honest
	no heard HELLO
	call eve --verify none send honest
	no heard 'ANSWER|TAKE'
	said '.*eve|.*another authority' recv.err
	call old send honest
	no heard 'ANSWER|TAKE'
	call bob send honest
	no heard 'ANSWER|TAKE'
	heard 'heard ERROR 77'
	said '.*bob' recv.err
	only
	call ops send honest
	[ "$(tail -n 1 call.out)" = bye ]
	left recv 0
	only file
}

@test "somebody who connects and says nothing does not keep the others out" {
	inbox
	spawn mute1 "$FLOW_PYTHON" -c 'import socket, sys, time
c = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(3)]; print("up", flush=True); time.sleep(60)' "$PORT"
	says_soon mute1 '^up'
	spawn mute2 "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session ops.pem --wait 60 send late hello
	says_soon mute2 'heard HELLO'
	call ops send honest
	[ "$(tail -n 1 call.out)" = bye ]
	left recv 0
}

@test "a second caller while one is served is told so: 75" {
	inbox
	spawn first "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session ops.pem --wait 60 send late half
	says_soon first 'heard TAKE'
	call ops send honest || :
	no heard TAKE
	no grep -q peer call.out || heard 'heard ERROR 75'
}

@test "NAME: what has another name is refused, and the waiting goes on" {
	waits recv lab ugat-recv -d inbox report.pdf
	call ops send honest
	heard 'heard (ANSWER 1|ERROR 1)'
	only
	call ops --name report.pdf send honest
	[ "$(tail -n 1 call.out)" = bye ]
	left recv 0
	only report.pdf
}
