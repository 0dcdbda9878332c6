#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-send by itself: its options, what it will not send, whose session counts. What it does together with
# ugat-recv is flow/send*.bats.

bats_require_minimum_version 1.5.0

# shellcheck source=../flow/lib-send.bash
. "$BATS_TEST_DIRNAME/../flow/lib-send.bash" # its teardown, too

setup_file() {
	people_minted
	mint_ca later
}

setup() {
	people
	echo hello >f
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

@test "usage: no host, no file, -n for several, -p or -u or -y without -l: 2; no such PIN file: 66" {
	refused 2 'no host'
	refused 2 'no file to send to the host lab@127.0.0.1$' lab@127.0.0.1
	refused 2 'no file to send$' -l -y
	refused 2 '.*-n' -n x lab@127.0.0.1 f f
	for option in "-p 7000" "-u lab" -y; do
		# shellcheck disable=SC2086
		refused 2 '.*-u, -y and -p go with -l' $option lab@127.0.0.1 f
	done
	refused 2 '-U 1: at least 1K' -U 1 lab@127.0.0.1 f
	refused 2 '-t 0: at least 1s' -t 0 lab@127.0.0.1 f
	refused 2 '-p 0: from 1' -l -y -p 0 f
	refused 2 "-u Lab: not a user's name" -l -u Lab f
	refused 66 '-F: nonsense: No such file' -F nonsense lab@127.0.0.1 f
	refused 2 '-F: sha256:x: ' -F sha256:x lab@127.0.0.1 f
}

@test "usage: what is no host and no user is named: 2" {
	for host in '' @ lab@ @127.0.0.1 'Lab@127.0.0.1' 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:x '[::1' 'a b'; do
		refused 2 ".*$(printf '%s' "$host" | sed 's/[][.]/\\&/g'): \[USER@\]HOST\[:PORT\] expected" "$host" f
	done
}

@test "usage: the host last, as cp has it, is named with the right order: 2; a file that is not there is 66" {
	echo x >lab@127.0.0.1
	refused 2 'lab@127.0.0.2: no such file: HOST stands first: ugat-send lab@127.0.0.2 f' f lab@127.0.0.2
	refused 66 'nofile: No such file' lab@127.0.0.1 f nofile
}

@test "usage: two operands with one name, and standard input without -n, are named: 2" {
	mkdir d && echo other >d/f
	nobody
	refused 2 '.*f' "lab@127.0.0.1:$PORT" f d/f
	refused 2 '.*-n' "lab@127.0.0.1:$PORT" -
}

@test "-l without a terminal and without -u and -y: 2 at once" {
	CODE=0
	as ops setsid -w timeout 60 ugat-send -l f >send.out 2>send.err </dev/null || CODE=$?
	code 2
	said '^ugat-send: no terminal to ask on' send.err
}

@test "a file that is not there, that may not be read or is a device: 66, and nobody is called" {
	peer ear --session lab.pem --wait 60 recv store inbox
	PORT=$FAKE_PORT
	refused 66 'gone: No such file' "lab@127.0.0.1:$PORT" f gone
	mkfifo fifo
	refused 66 'fifo: .*pipe' "lab@127.0.0.1:$PORT" fifo
	refused 66 '/dev/null: .*' "lab@127.0.0.1:$PORT" /dev/null
	no heard 'peer|cut|closed|tls' ear.out
}

@test "names whose blanks mislead are quoted in every message" {
	nobody
	refused 66 '"gone ": No such file' "lab@127.0.0.1:$PORT" 'gone '
	mkfifo ' fifo' && mkdir d && echo 1 >'f ' && echo 2 >'d/f '
	refused 66 '" fifo": a FIFO: .* < " fifo"$' "lab@127.0.0.1:$PORT" ' fifo'
	refused 2 '"f " and "d/f ": both would be called "f " there' "lab@127.0.0.1:$PORT" 'f ' 'd/f '
	# The cause is there, however long the name is.
	refused 66 'n*: File name too long$' "lab@127.0.0.1:$PORT" "$(printf 'n%.0s' {1..5000})"
}

@test "a name that the other side would refuse is refused here, before anybody is called" {
	printf x >$'a\nb'
	nobody
	send "lab@127.0.0.1:$PORT" $'a\nb'
	code 2
	[ "$(cat send.err)" = 'ugat-send: a?b: cannot be sent by the name "a?b", which has a control character: give another with -n' ]
	refused 2 '.*-n' -n ../f "lab@127.0.0.1:$PORT" f
	refused 2 '.*-n' -n .ugat-x "lab@127.0.0.1:$PORT" f
}

@test "nobody answers, no such host: 69, with the remedy" {
	nobody
	refused 69 "127\.0\.0\.1:$PORT: .*[Rr]efused.*" "lab@127.0.0.1:$PORT" f
	refused 69 'no-such-host\.invalid.*' lab@no-such-host.invalid f
}

@test "-i with an address that is not here is named, not the host: 69" {
	nobody
	refused 69 '-i 192\.0\.2\.9: no interface has this address' -i 192.0.2.9 "lab@127.0.0.1:$PORT" f
}

@test "a standard input that is closed is no empty file: 66" {
	peer ear --session lab.pem --wait 60 recv store inbox
	CODE=0
	as ops timeout 60 ugat-send -n g "lab@127.0.0.1:$FAKE_PORT" - <&- >send.out 2>send.err || CODE=$?
	code 66
	said '^ugat-send: standard input: Bad file descriptor$' send.err
	no test -e inbox/g
}

@test "a host that never answers: 69 after -t" {
	# A listener whose queue is full answers nothing.
	"$FLOW_PYTHON" -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)
c = []
for _ in range(4):
    x = socket.socket(); x.setblocking(False); x.connect_ex(s.getsockname()); c.append(x)
print("port", s.getsockname()[1], flush=True)
time.sleep(60)' >full.out 3>&- &
	echo $! >>pids
	wait_for 5 grep -q '^port' full.out
	PORT=$(sed -n 's/^port //p' full.out)
	start=$EPOCHSECONDS
	refused 69 "127\.0\.0\.1:$PORT: .*" -t 2 "lab@127.0.0.1:$PORT" f
	[ $((EPOCHSECONDS - start)) -le 12 ] # without -t: 15
}

@test "somebody listens who is no ugat: 76, and he is named" {
	peer web --tls plain --wait 60 recv raw 'HTTP/1.1 400 Bad Request\r\n\r\n'
	send "lab@127.0.0.1:$FAKE_PORT" f
	code 76
	said "^ugat-send: 127\.0\.0\.1: does not speak TLS" send.err
}

@test "no session: 77, with the remedy, before anybody is called" {
	peer ear --session lab.pem --wait 60 recv store inbox
	rm ops.pem
	refused 77 '.*ugat-login' "lab@127.0.0.1:$FAKE_PORT" f
	no heard 'peer|cut|closed|tls' ear.out
}

@test "a session that has expired, or is revoked by the list: 77, before anybody is called" {
	cp -a "$BATS_FILE_TMPDIR/site" .
	peer ear --session lab.pem --wait 60 recv store inbox
	mint ops.pem site ops -7200 -3600
	refused 77 'the session of ops expired 1h00 ago: run ugat-login' "lab@127.0.0.1:$FAKE_PORT" f
	mint ops.pem site ops -7200 3600
	mint_list ops.pem.crl site 1 ops.crt
	refused 77 '.*ops.*revoked' "lab@127.0.0.1:$FAKE_PORT" f
	no heard 'peer|cut|closed|tls' ear.out
}

@test "the other side has the session of another user, authority or time, or none: 77 before a name is sent" {
	cp -a "$BATS_FILE_TMPDIR/site" .
	pin=$(openssl x509 -in "$BATS_FILE_TMPDIR/other/ca.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
		openssl dgst -sha256 -binary | openssl base64)
	peer wrong --session lab.pem --wait 60 recv store inbox
	refused 77 '.*lab.*, not bob' "bob@127.0.0.1:$FAKE_PORT" f
	no heard 'OFFER|ITEM|FILE' wrong.out
	peer foreign --session eve.pem --verify none --wait 60 recv store inbox
	send "eve@127.0.0.1:$FAKE_PORT" f
	code 77
	grep -aqF "$pin" send.err
	said '^ugat-send: .*another authority.*-F' send.err
	no heard 'OFFER|ITEM|FILE' foreign.out
	mint old.pem site lab -7200 -3600
	peer old --session old.pem --verify none --wait 60 recv store inbox
	refused 77 '.*expired' "lab@127.0.0.1:$FAKE_PORT" f
	no heard 'OFFER|ITEM|FILE' old.out
	# -u of ugat-send -l; and no certificate at all.
	waits send ops ugat-send -l -u bob f
	call lab recv store inbox
	no heard 'OFFER|ITEM|FILE'
	call lab --tls none recv store inbox
	no heard 'OFFER|ITEM|FILE'
	kill -0 "$(cat send.pid)"
	said '.*lab' send.err
}

@test "revoked by the list that lies beside the sender's session: the receiver is refused, 77" {
	cp -a "$BATS_FILE_TMPDIR/site" .
	mint gone.pem site lab -300 3600
	mint_list ops.pem.crl site 1 lab.crt
	peer gone --session gone.pem --wait 60 recv store inbox
	refused 77 '.*lab.*revoked' "lab@127.0.0.1:$FAKE_PORT" f
	no heard 'OFFER|ITEM|FILE' gone.out
}

@test "what Python's TLS and the header make of it: an honest receiver gets all, and -C has no hash" {
	mkdir -p d/sub && echo one >d/one && head -c 700000 /dev/urandom >d/sub/two && : >d/empty
	chmod 751 d/sub/two && touch -d '2001-02-03 04:05:06.789012345' d/one
	peer py --session lab.pem recv store inbox
	refused_not() { code 0 && [ ! -s send.out ]; }
	send -q "lab@127.0.0.1:$FAKE_PORT" d f
	refused_not
	diff -r d inbox/d && cmp f inbox/f
	[ "$(stat -c '%a %.9Y' inbox/d/sub/two inbox/d/one)" = "$(stat -c '%a %.9Y' d/sub/two d/one)" ]
	heard '^HEARD|heard HELLO 1 0$' py.out
	heard 'heard OFFER 2 4 700010$' py.out
	heard 'heard ITEM 2 3 700004 d$' py.out
	heard 'heard BYE 4$' py.out
	wait_for 5 grep -qx 'bye' py.out
	peer py2 --session lab.pem recv store inbox
	send -q -C -n g "lab@127.0.0.1:$FAKE_PORT" f
	code 0
	cmp f inbox/g
	heard 'heard HELLO 1 1$' py2.out
	heard 'heard END 6 0{64}$' py2.out
}

@test "an honest receiver that has a beginning gets the rest alone; one that is wrong gets all" {
	head -c 3000000 /dev/urandom >big
	mkdir have && head -c 1234567 big >have/big
	peer py --session lab.pem --follow have recv store inbox
	send "lab@127.0.0.1:$FAKE_PORT" big
	code 0
	cmp big inbox/big
	heard 'heard BEGIN 1234567$' py.out
	printf x | dd of=have/big bs=1 seek=1000 conv=notrunc 2>/dev/null
	rm inbox/big
	peer py2 --session lab.pem --follow have recv store inbox
	send "lab@127.0.0.1:$FAKE_PORT" big
	code 0
	cmp big inbox/big
	heard 'heard BEGIN 0$' py2.out
}
