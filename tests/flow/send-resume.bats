#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Transfers that break off: the same two commands go on where they stopped, and what cannot go on begins anew.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

setup_file() {
	people_minted
	mint bob.pem site bob -300 86400
	mint twin.pem other ops -300 86400
}

big() {
	head -c "${1:-4000000}" /dev/urandom >"$SRC/big"
}

# sending [OPTION...]: ops sends big behind the test's back: `send`.
sending() {
	UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "$@" "lab@127.0.0.1:$PORT" "$SRC/big"
}

# size: of the part; 0: there is none.
size() {
	local file

	file=$(part)
	[ -z "$file" ] || stat -c %s "$file" 2>/dev/null || :
	[ -n "$file" ] || echo 0
}

# held BYTES: the part has at least so many.
held() {
	local n

	n=$(size)
	[ "${n:-0}" -ge "$1" ]
}

# family NAME: the pid of the one behind the test's back and those below it.
family() {
	local pid

	pid=$(cat "$1.pid")
	echo "$pid $(cat "/proc/$pid/task/$pid/children" 2>/dev/null)"
}

# counted: bytes that went up through the proxies of this test, all sessions.
counted() {
	wait_for 3 eval '[ "$(cat proxy*.out | grep -c ^open)" -eq "$(cat proxy*.out | grep -c ^over)" ]'
	cat proxy*.out | awk '/^over/ { n += $2 } END { print n + 0 }'
}

# finishes: the same two commands once more, through a wire that counts; the file is right.
finishes() {
	inbox
	proxy
	to_lab "$SRC/big"
	code 0
	left recv 0
	cmp "$SRC/big" inbox/big
	only big
}

@test "kill -9 of the receiver at many offsets: each time it goes on behind what it had" {
	big 6000000
	for more in 1 300000 400000 200000 100000 300000; do
		inbox
		had=$(size)
		rm -f go && proxy gate=$((more + 20000))
		sending
		wait_for 10 held $((had + more))
		read -ra both < <(family recv)
		kill -KILL "${both[@]}"
		left recv 137
		for pid in "${both[@]}"; do wait_for 10 gone "$pid"; done
		: >go
		got=0
		wait_for 5 gone "$(cat send.pid)"
		wait "$(cat send.pid)" || got=$?
		# The session's own process may have had the time to say so.
		[ $got -eq 69 ] || [ $got -eq 75 ] || { show send.err; false; }
		said 'the same two commands again' send.err
		no test -e inbox/big
	done
	rest=$((6000000 - $(size)))
	[ $rest -lt 4700000 ]
	rm proxy*.out
	finishes
	[ "$(counted)" -lt $((rest + 100000)) ]
}

@test "kill -9 of the sender at many offsets: the same" {
	big 20000000 # more than comes before the test looks
	for more in 1 300000 400000 200000 100000 300000; do
		inbox
		had=$(size)
		sending -U 1M
		wait_for 10 held $((had + more))
		kill -KILL "$(cat send.pid)"
		left send 137
		left recv 69
		said 'the same two commands again' recv.err
		no test -e inbox/big
	done
	rest=$((20000000 - $(size)))
	[ $rest -lt 18700000 ]
	finishes
	[ "$(counted)" -lt $((rest + 100000)) ]
}

@test "kill -9 of the waiting process alone: the session does not go on in secret" {
	big
	inbox
	proxy gate=200000
	sending
	wait_for 10 held 100000
	read -r first rest < <(family recv)
	kill -KILL "$first"
	left recv 137
	for pid in $rest; do wait_for 5 gone "$pid"; done
	: >go
	wait_for 5 gone "$(cat send.pid)"
	no test -e inbox/big
	finishes
}

@test "the same where SIGTERM is ignored: the sender hears that it was interrupted, not that the output fails" {
	big
	trap '' TERM
	inbox
	trap - TERM
	proxy gate=200000
	sending
	wait_for 10 held 100000
	read -r first rest < <(family recv)
	kill -KILL "$first"
	left send 75
	said '^ugat-send: lab: was interrupted: run the same two commands again: it goes on where it stopped$' send.err
	for pid in $rest; do wait_for 5 gone "$pid"; done
	: >go
}

@test "a line that breaks every 400 KB: it arrives nevertheless, and nothing is sent twice" {
	big 2500000
	runs=0
	until [ -e inbox/big ]; do
		inbox
		proxy cut=400000
		to_lab "$SRC/big"
		runs=$((runs + 1))
		[ $runs -le 10 ] || { show send.err recv.err; false; }
		[ "$CODE" -eq 0 ] || { code 69 && left recv 69; }
	done
	code 0
	left recv 0
	cmp "$SRC/big" inbox/big
	[ $runs -ge 6 ]
	[ "$(counted)" -lt 2900000 ]
}

@test "a line that goes dead: after -t both end with 75 or 69, and go on later" {
	big
	inbox -t 2
	proxy stall=2000000
	to_lab -t 2 "$SRC/big"
	[ "$CODE" -eq 75 ] || code 69
	got=0
	wait_for 10 gone "$(cat recv.pid)"
	wait "$(cat recv.pid)" || got=$?
	[ $got -eq 75 ] || [ $got -eq 69 ]
	held 1500000
	rm proxy*.out
	finishes
	[ "$(counted)" -lt 2600000 ]
}

@test "many files: those that are there whole are not sent again" {
	mkdir "$SRC/d" && for i in {10..49}; do head -c 100000 /dev/urandom >"$SRC/d/$i"; done
	inbox
	proxy cut=2000000
	to_lab "$SRC/d"
	code 69
	left recv 69
	[ "$(find inbox/d -name '[1-4]?' | wc -l)" -ge 15 ]
	rm proxy*.out
	inbox
	proxy
	to_lab "$SRC/d"
	code 0
	left recv 0
	diff -r "$SRC" inbox
	[ "$(counted)" -lt 2400000 ]
	[ "$(grep -c '^done' recv.out)" -eq 40 ]
}

@test "the file has become another one of the same size: it begins anew, and is right" {
	big
	inbox
	proxy cut=2000000
	to_lab "$SRC/big"
	code 69
	left recv 69
	big
	finishes
}

@test "a part whose bytes were changed behind our back: it begins anew, and is right" {
	big
	inbox
	proxy cut=2000000
	to_lab "$SRC/big"
	left recv 69
	printf x | dd of="$(part)" bs=1 seek=70000 conv=notrunc 2>/dev/null
	finishes
}

@test "a part that is longer than the file, a link, a directory or unreadable: no harm" {
	big
	inbox
	proxy cut=2000000
	to_lab "$SRC/big"
	left recv 69
	name=$(part)
	head -c 5000000 /dev/zero >"$name"
	finishes
	for what in "ln -s ../elsewhere" mkdir mkfifo; do
		rm -rf inbox/big
		# shellcheck disable=SC2086
		$what "$name"
		inbox
		to_lab "$SRC/big"
		no test -e elsewhere
		[ ! -e inbox/big ] || cmp "$SRC/big" inbox/big
		[ "$CODE" -ne 0 ] || cmp "$SRC/big" inbox/big
		wait_for 5 gone "$(cat recv.pid)"
		rm -rf "$name"
	done
}

@test "somebody else's file of the same name and size does not use the part" {
	big
	inbox
	proxy cut=2000000
	to_lab "$SRC/big"
	left recv 69
	before=$(stat -c '%i %s' "$(part)")
	rm proxy*.out
	waits recv lab ugat-recv -y -d inbox
	proxy
	UGAT_SESSION=$SCRATCH/bob.pem ugat-send "lab@127.0.0.1:$PORT" "$SRC/big"
	left recv 0
	[ "$(counted)" -gt 4000000 ]
	[ "$(stat -c '%i %s' "$(part)")" = "$before" ]
}

@test "-o FILE goes on, too; -o - cannot" {
	big
	waits recv lab ugat-recv -u ops -o inbox/mine
	proxy cut=2000000
	to_lab "$SRC/big"
	left recv 69
	no test -e inbox/mine
	rm proxy*.out
	waits recv lab ugat-recv -u ops -o inbox/mine
	proxy
	to_lab "$SRC/big"
	code 0
	left recv 0
	cmp "$SRC/big" inbox/mine
	only mine
	[ "$(counted)" -lt 2600000 ]
}

@test "-C: nothing is resumed; it begins anew" {
	big
	inbox
	proxy cut=2000000
	to_lab -C "$SRC/big"
	code 69
	left recv 69
	rm proxy*.out
	inbox
	proxy
	to_lab -C "$SRC/big"
	code 0
	left recv 0
	cmp "$SRC/big" inbox/big
	[ "$(counted)" -gt 4000000 ]
}

@test "standard input begins anew" {
	big
	for cut in cut=2000000 way=up; do
		inbox
		proxy $cut
		STDIN=$SRC/big to_lab -n big -
	done
	code 0
	left recv 0
	cmp "$SRC/big" inbox/big
	only big
}

@test "no room from the start: 74 on both sides, with the name and the reason" {
	big
	port
	UGAT_SESSION=$SCRATCH/lab.pem tmpfs 1 ugat-recv -u ops -d inbox -p "$PORT" >recv.out 2>recv.err 3>&- 4>&- &
	pid=$!
	wait_for 5 listening "$PORT"
	to_lab "$SRC/big"
	code 74
	said 'No space left' send.err
	said 'lab' send.err
	got=0
	wait $pid || got=$?
	[ $got -eq 74 ]
	said 'big.*No space left|No space left.*big' recv.err
}

@test "the disk is full in the middle: 74 on both sides; with room again the same two commands go on" {
	head -c 600000 /dev/urandom >"$SRC/a" && big 3000000
	cat >full.sh <<-'END'
		ugat-recv -u ops -d inbox -p "$1" >recv.out 2>recv.err
		echo "code $?" >full.code
		until [ -e again ]; do sleep 0.05; done
		mount -o remount,size=8m inbox || exit 99
		ugat-recv -u ops -d inbox -p "$(cat port)" >recv.out 2>recv.err
		code=$?
		cp inbox/* .
		exit $code
	END
	port
	UGAT_SESSION=$SCRATCH/lab.pem tmpfs 1 sh full.sh "$PORT" 3>&- 4>&- &
	pid=$!
	wait_for 5 listening "$PORT"
	to_lab "$SRC/a" "$SRC/big"
	code 74
	said 'lab: .*big.*No space left' send.err
	wait_for 10 test -s full.code
	[ "$(cat full.code)" = 'code 74' ]
	said 'big.*No space left' recv.err
	port
	echo "$PORT" >port
	: >again
	wait_for 5 listening "$PORT"
	proxy
	to_lab "$SRC/a" "$SRC/big"
	code 0
	wait $pid
	cmp "$SRC/a" a && cmp "$SRC/big" big
	[ "$(counted)" -lt 3200000 ]
}

@test "a stream of unknown size fills the disk: 74 on both sides, and nothing has its name" {
	big 3000000
	port
	UGAT_SESSION=$SCRATCH/lab.pem tmpfs 1 sh -c 'ugat-recv -u ops -d inbox -p "$0"; code=$?
		ls -A inbox >found; exit $code' "$PORT" >recv.out 2>recv.err 3>&- 4>&- &
	pid=$!
	wait_for 5 listening "$PORT"
	STDIN=$SRC/big to_lab -n big -
	code 74
	said 'lab: .*No space left' send.err
	got=0
	wait $pid || got=$?
	[ $got -eq 74 ]
	said 'big.*No space left' recv.err
	no grep -qx big found
}

@test "a file that grows, shrinks or changes while it is sent: 75, it is named, the other arrives" {
	for how in 'printf x >>' 'truncate -s 39999999' 'printf x | dd conv=notrunc bs=1 seek=39900000 of=' 'rm -f'; do
		rm -rf inbox && mkdir inbox
		big 40000000 # more than the sender and the wire hold
		echo x >"$SRC/small"
		inbox
		rm -f go && proxy gate=400000
		UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "lab@127.0.0.1:$PORT" "$SRC/big" "$SRC/small"
		wait_for 20 held 300000
		case $how in
		rm*) cp "$SRC/big" saved && rm "$SRC/big" ;; # what is open can be read to its end
		*of=) eval "$how\"$SRC/big\"" 2>/dev/null ;;
		*) eval "$how \"$SRC/big\"" ;;
		esac
		: >go
		if [ "$how" = 'rm -f' ]; then
			wait_for 10 gone "$(cat send.pid)"
			[ ! -e inbox/big ] || cmp saved inbox/big
		else
			left send 75
			left recv 75
			said 'big: .*chang|big: .*grew|big: .*shr|big: .*long|big: .*short' send.err
			said 'big' recv.err
			no test -e inbox/big
		fi
		cmp "$SRC/small" inbox/small
	done
}

@test "the part, or its directory, is removed while it comes: 73, and it says so" {
	mkdir "$SRC/d" && head -c 4000000 /dev/urandom >"$SRC/d/f"
	for what in "$(printf 'find inbox -name .ugat-part-* -delete')" 'rm -r inbox/d'; do
		inbox
		rm -f go && proxy gate=400000
		UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "lab@127.0.0.1:$PORT" "$SRC/d"
		wait_for 20 held 300000
		set -f && $what && set +f
		: >go
		left send 73
		left recv 73
		said '^ugat-send: lab: d/f: its part or directory was removed while it came: send it again$' send.err
		said '^ugat-recv: inbox/d/f: its part or directory was removed while it came: send it again$' recv.err
		no test -e inbox/d/f
	done
}

@test "standard input that fails: an error, and no file" {
	inbox
	send -n x "lab@127.0.0.1:$PORT" - # control
	code 0
	left recv 0
	rm inbox/x
	# The master of a terminal says EIO when the last slave is closed.
	inbox
	CODE=0
	UGAT_SESSION=$SCRATCH/ops.pem "$FLOW_PYTHON" -c 'import os, pty, subprocess, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
child = subprocess.Popen(sys.argv[1:], stdin=master)
os.write(slave, b"x" * 1000)
os.close(slave)
sys.exit(child.wait())' ugat-send -n x "lab@127.0.0.1:$PORT" - 2>send.err 3>&- || CODE=$?
	[ "$CODE" -eq 66 ] || code 74
	said 'standard input.*Input/output error' send.err
	wait_for 5 gone "$(cat recv.pid)"
	no wait "$(cat recv.pid)"
	no test -e inbox/x
}

@test "a part is not for a user of the same name whose authority is another" {
	waits recv lab ugat-recv -k -u ops -F "$BATS_FILE_TMPDIR/other/ca.pem" -d inbox
	call ops --cut 60000 send honest
	wait_for 10 held 50000
	call twin --verify none --cut 60000 send honest
	heard '^heard TAKE 0 0 0 '
	call ops send honest
	no heard '^heard TAKE 0 0 0 ' && heard '^heard TAKE 0 0 [1-9]'
	[ -f inbox/file ]
}

@test "two begin the same file at once: the later one is told 75, not that another file has the name" {
	inbox -k
	spawn late "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session ops.pem --wait 60 --size 1000000 send gated go.late
	says_soon late 'heard TAKE'
	proxy gate=200000
	spawn first "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session ops.pem --wait 60 --size 1000000 send honest
	wait_for 10 held 100000
	: >go.late
	says_soon late '^error 75'
	no grep -q 'heard STORED' late.out
	: >go
	says_soon first '^bye'
	only file
}

@test "the same again while the session before still has the part: 75 until that is gone, then it goes on" {
	big
	inbox -k
	sending -U 400K
	wait_for 10 held 100000
	kill -STOP "$(cat send.pid)"
	to_lab "$SRC/big"
	code 75
	said 'big: an earlier session is still at work on it: try again$' send.err
	kill -KILL "$(cat send.pid)"
	wait_for 20 eval 'to_lab "$SRC/big"; [ "$CODE" -eq 0 ]'
	alike big
}
