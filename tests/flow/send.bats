#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# One person hands files to another: ugat-send and ugat-recv together. Who is asked and told what: send-ask.bats;
# several at once: send-many; when things go wrong: send-resume, -hostile, -receivers, -wire and -netns.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

@test "a file: whole, with its mode and time; the record names it; both exit 0 and nothing is said" {
	report
	inbox
	to_lab "$SRC/report.pdf"
	code 0
	left recv 0
	alike report.pdf
	only report.pdf
	{ printf 'ugat\t1\n' && done_record report.pdf; } | diff - recv.out
	[ ! -s send.err ] && [ ! -s send.out ] && [ ! -s recv.err ]
}

@test "an empty file, one byte, and sizes about the buffers'" {
	for size in 0 1 16383 16384 262143 262144 262145 524288 2097153; do
		head -c $size /dev/urandom >"$SRC/s$size"
	done
	inbox
	to_lab "$SRC"/s*
	code 0
	left recv 0
	diff -r "$SRC" inbox
}

@test "several files and directories in one session, with names of all kinds" {
	mkdir -p "$SRC"/a/b/c/d "$SRC/with space"
	for i in 1 2 3; do head -c $((i * 1000)) /dev/urandom | tee "$SRC/a/$i" "$SRC/a/b/c/d/$i" >"$SRC/$i"; done
	echo x >"$SRC/with space/-rf"
	echo x >"$SRC/a/größe 漢字"
	echo x >"$SRC/a/"$'not\xffutf8'
	echo x >"$SRC/a/.hidden"
	echo x >"$SRC/a/$(printf 'n%.0s' {1..255})"
	for i in {0..299}; do echo $i >"$SRC/a/b/many$i"; done
	chmod 600 "$SRC/a/1" && chmod 777 "$SRC/a/2" && chmod 400 "$SRC/a/3"
	inbox
	to_lab "$SRC"/{1,2,3,a} "$SRC/with space"
	code 0
	left recv 0
	diff -r "$SRC" inbox
	[ "$(cd "$SRC" && find . -type f -printf '%P %m %T@\n' | sort)" = "$(cd inbox && find . -type f -printf '%P %m %T@\n' | sort)" ]
	[ "$(grep -c '^done	' recv.out)" -eq "$(find "$SRC" -type f | wc -l)" ]
}

@test "links, devices, FIFOs, sockets and empty directories are named and left out: 1; the rest is sent" {
	mkdir -p "$SRC"/d/empty "$SRC/d/full"
	echo x >"$SRC/d/full/x"
	ln -s full "$SRC/d/link"
	ln -s /etc/passwd "$SRC/d/passwd"
	mkfifo "$SRC/d/fifo"
	"$FLOW_PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SRC/d/socket"
	inbox
	to_lab "$SRC/d"
	code 1
	left recv 1
	said '^ugat-recv: ops left 5 things out .*; all else has arrived' recv.err
	only d d/full d/full/x
	for name in empty link passwd fifo socket; do said "^ugat-send: .*d/$name: " send.err; done
	[ "$(wc -l <send.err)" -le 6 ]
}

@test "a link that is named itself is followed; permissions beyond 0777 stay behind" {
	report
	ln -s report.pdf "$SRC/link.pdf"
	chmod 6755 "$SRC/report.pdf"
	inbox
	to_lab "$SRC/link.pdf"
	code 0
	left recv 0
	cmp "$SRC/report.pdf" inbox/link.pdf
	[ "$(stat -c %a inbox/link.pdf)" = 755 ]
	[ ! -L inbox/link.pdf ]
}

@test "an archive through both: tar | ugat-send -n, ugat-recv -o - | tar" {
	mkdir -p "$SRC/d/e" && head -c 3000000 /dev/urandom >"$SRC/d/e/f" && echo x >"$SRC/d/g"
	port
	mkdir out
	background recv "UGAT_SESSION=$SCRATCH/lab.pem ugat-recv -p $PORT -u ops -o - backup.tar | tar x -C out"
	wait_for 5 listening "$PORT"
	pipeline "tar c -C '$SRC' d | UGAT_SESSION=$SCRATCH/ops.pem ugat-send -n backup.tar lab@127.0.0.1:$PORT -"
	codes '0 0'
	ended recv 10
	codes '0 0'
	diff -r "$SRC" out
}

@test "standard input becomes a file of that name; a second one of that name is refused: 73" {
	head -c 1234567 /dev/urandom >"$SRC/stream"
	inbox
	STDIN=$SRC/stream to_lab -n stream -
	code 0
	left recv 0
	cmp "$SRC/stream" inbox/stream
	inbox
	STDIN=$SRC/stream to_lab -n stream -
	code 73
	left recv 73
	only stream
}

@test "ugat-recv -y -u ops report.pdf takes that from him, and nothing else" {
	report
	echo x >"$SRC/other"
	waits recv lab ugat-recv -d inbox -y -u ops report.pdf
	to_lab "$SRC/other"
	code 1
	said '^ugat-send: lab: .*' send.err
	kill -0 "$(cat recv.pid)"
	to_lab "$SRC/report.pdf"
	code 0
	left recv 0
	only report.pdf
}

@test "the sender waits, the receiver calls" {
	report
	waits send ops ugat-send -l -u lab "$SRC/report.pdf"
	recv -d inbox -c "ops@127.0.0.1:$PORT"
	code 0
	left send 0
	alike report.pdf
	{ printf 'ugat\t1\n' && done_record report.pdf; } | diff - recv.out
}

@test "ugat-send -l -u lab is not for somebody else, who is told 77" {
	report
	waits send ops ugat-send -l -u bob "$SRC/report.pdf"
	recv -d inbox -y -c "ops@127.0.0.1:$PORT"
	code 77
	only
	kill -0 "$(cat send.pid)"
}

@test "IPv6, names, and the one port for both families" {
	report
	inbox -k
	send "lab@[::1]:$PORT" "$SRC/report.pdf"
	code 0
	alike report.pdf
	rm inbox/report.pdf
	send "lab@localhost:$PORT" "$SRC/report.pdf"
	code 0
	alike report.pdf
	rm inbox/report.pdf
	send "127.0.0.1:$PORT" "$SRC/report.pdf" # any user of the authority
	code 0
	alike report.pdf
}

@test "through a tunnel, whose address means nothing" {
	report 3000000
	inbox
	at=$PORT
	port
	spawn tunnel socat "TCP4-LISTEN:$PORT,bind=127.0.0.1,reuseaddr" "TCP4:127.0.0.1:$at"
	up tunnel "$PORT" 5
	to_lab "$SRC/report.pdf"
	code 0
	left recv 0
	alike report.pdf
}

@test "-0: bare paths that end in NUL, for xargs" {
	printf 'one\n' >"$SRC/a b" && printf 'two\n' >"$SRC/c"
	inbox -0
	to_lab "$SRC/a b" "$SRC/c"
	code 0
	left recv 0
	printf 'inbox/a b\0inbox/c\0' | cmp - recv.out
	[ "$(xargs -0 cat <recv.out)" = $'one\ntwo' ]
}

@test "a path in a record is no option, whatever the file and the directory are called" {
	echo x >"$SRC/-x"
	cd inbox
	for where in '-d . ./-x' '-d -y ./-y/-x' '-d ./-y/ ./-y/-x' '-o -z ./-z'; do
		read -r option value path <<<"$where"
		port
		UGAT_SESSION=$SCRATCH/lab.pem spawn recv ugat-recv -u ops -p "$PORT" "$option" "$value"
		up recv "$PORT" 10
		UGAT_SESSION=$SCRATCH/ops.pem ugat-send "lab@127.0.0.1:$PORT" "$SRC/-x"
		left recv 0
		[ "$(sed -n 's/^done	\([^	]*\).*/\1/p' recv.out)" = "$path" ]
		cat "$(sed -n 's/^done	\([^	]*\).*/\1/p' recv.out)" | cmp - "$SRC/-x"
	done
}

@test "-w: a status every second and one at the end" {
	report 3000000
	inbox -w -D 1M
	to_lab "$SRC/report.pdf"
	code 0
	left recv 0
	[ "$(grep -c '^status	' recv.out)" -ge 3 ]
	[ "$(status_field "$S_STATE" recv.out)" = "done" ]
	[ "$(status_field "$S_EXIT" recv.out)" = 0 ]
	grep -q "^status	receiving	-	.*	report.pdf" recv.out
	done_record report.pdf | diff - <(grep '^done' recv.out)
	ugat-json <recv.out | jq -s -e 'map(select(.kind == "done"))[0] | .from == "ops" and .size == 3000000'
}

@test "a reader of the records that goes away ends it by SIGPIPE, and the sender hears of it" {
	mkdir "$SRC/d" && for i in {1..200}; do head -c 20000 /dev/zero >"$SRC/d/$i"; done
	port
	background recv "UGAT_SESSION=$SCRATCH/lab.pem ugat-recv -y -d inbox -p $PORT | head -n 2"
	wait_for 5 listening "$PORT"
	to_lab -U 1M "$SRC/d"
	code 74
	said '^ugat-send: lab: cannot go on: its standard output cannot be written$' send.err
	ended recv 10
	codes '141 0'
}

@test "a record that cannot be written: 74 or SIGPIPE, nobody is served who does not hear of it" {
	report
	# Known before anybody calls; and when it is the last record.
	CODE=0
	port
	as lab timeout 60 ugat-recv -y -d inbox -p "$PORT" >/dev/full 2>recv.err || CODE=$?
	code 74
	said '^ugat-recv: standard output: No space left on device$' recv.err
	port
	background head "UGAT_SESSION=$SCRATCH/lab.pem ugat-recv -y -d inbox -p $PORT | head -n 1"
	wait_for 10 listening "$PORT"
	wait_for 10 test -s head.out
	to_lab "$SRC/report.pdf"
	code 74
	said '^ugat-send: lab: cannot go on: its standard output cannot be written$' send.err
	ended head 10
	codes '141 0'
	# The one who calls.
	waits send ops ugat-send -l -u lab "$SRC/report.pdf"
	CODE=0
	as lab timeout 60 ugat-recv -d inbox -c "ops@127.0.0.1:$PORT" >/dev/full 2>recv.err || CODE=$?
	code 74
	said '^ugat-recv: standard output: No space left on device$' recv.err
	left send 74
	said '^ugat-send: lab: cannot go on: its standard output cannot be written$' send.err
}

@test "records that find no room any more: 74 on both sides, and what to do about the files that came" {
	mkdir "$SRC/d" files && for i in {10..89}; do echo $i >"$SRC/d/$i"; done
	port
	# One page is left for records.
	# shellcheck disable=SC2016
	UGAT_SESSION=$SCRATCH/lab.pem spawn recv tmpfs 1 sh -c 'head -c 4096 /dev/zero >inbox/page
		cat /dev/zero >inbox/fill 2>/dev/null
		rm inbox/page
		ugat-recv -u ops -d files -p "$0" >inbox/records' "$PORT"
	wait_for 10 listening "$PORT"
	to_lab "$SRC/d"
	code 74
	said '^ugat-send: lab: cannot go on: its standard output cannot be written$' send.err
	left recv 74
	said '^ugat-recv: standard output: No space left on device: [0-9]+ files that came may have no record: have them sent again$' recv.err
	inbox -d files
	to_lab "$SRC/d"
	code 0
	left recv 0
	[ "$(grep -c '^done	files/d/' recv.out)" -eq 80 ]
}

@test "who calls waits for a slow reader of the records, too" {
	# Records of 3,000 bytes, more of them than are kept.
	printf -v deep '%0200d/' {1..15}
	mkdir "$SRC/d" && for i in {1001..2500}; do echo $i >"$SRC/d/$i"; done
	waits send ops ugat-send -l -u lab "$SRC/d"
	background recv "UGAT_SESSION=$SCRATCH/lab.pem ugat-recv -d '$deep' -c ops@127.0.0.1:$PORT |
		{ until [ -e go ]; do sleep 0.05; done; cat >records; }"
	# It stops there; without that it would come to its end, or what is kept to its limit.
	n=0
	stands_still() { before=$n && n=$(find "${deep%%/*}" -type f 2>/dev/null | wc -l) && [ "$n" -ge 600 ] && [ "$n" -eq "$before" ]; }
	wait_for 20 stands_still
	: >go
	ended recv 20
	codes '0 0'
	left send 0
	[ "$(grep -c "^done	$deep" records)" -eq 1500 ]
}

@test "-U and -D keep the rate" {
	report 2000000
	for way in U D; do
		rm -f inbox/*
		if [ $way = U ]; then inbox; else inbox -D 1000K; fi
		start=${EPOCHREALTIME/./}
		# shellcheck disable=SC2046
		to_lab $([ $way = D ] || echo -U 1000K) "$SRC/report.pdf"
		took=$(((${EPOCHREALTIME/./} - start) / 1000))
		code 0
		left recv 0
		alike report.pdf
		echo "-$way: $took ms" >&2
		# 2,000,000 bytes at 1,024,000 a second; the first burst is free.
		[ $took -ge 1200 ]
	done
}

@test "-C: without a hash; it arrives, and the record has none" {
	report 3000000
	inbox
	to_lab -C "$SRC/report.pdf"
	code 0
	left recv 0
	alike report.pdf
	grep -qx "done	inbox/report.pdf	size=3000000	from=ops" recv.out
}

@test "100 MB and 3,000 files: neither side takes more than 16 MiB" {
	truncate -s 100M "$SRC/hole"
	mkdir "$SRC/d" && (cd "$SRC/d" && seq 3000 | split -l 1 -a 4)
	inbox
	UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "lab@127.0.0.1:$PORT" "$SRC/hole" "$SRC/d"
	most=0
	until gone "$(cat send.pid)"; do
		pid=$(cat recv.pid)
		for each in "$(cat send.pid)" "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do
			kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$each/status" 2>/dev/null) || :
			[ "${kb:-0}" -le $most ] || most=$kb
		done
		sleep 0.02
	done
	left send 0
	left recv 0
	echo "$most KiB" >&2
	[ $most -gt 1000 ] && [ $most -lt $((16384 * (${#UGAT_SAN} > 0 ? 6 : 1))) ]
	cmp "$SRC/hole" inbox/hole
	diff -r "$SRC/d" inbox/d
}

@test "-f: another file of that name stays until the new one is whole, then gives way; links and directories do not" {
	report
	for old in 'another one' "$(head -c "$(($(stat -c %s "$SRC/report.pdf") - 1))" /dev/zero | tr '\0' x)"; do
		echo "$old" >inbox/report.pdf
		waits again lab ugat-recv -y -d inbox
		to_lab "$SRC/report.pdf"
		code 73
		left again 73
		said '^ugat-recv: inbox/report.pdf: exists already and is another: move it away, or receive with -f$' again.err
		[ "$(cat inbox/report.pdf)" = "$old" ]
		waits again lab ugat-recv -y -f -d inbox
		to_lab "$SRC/report.pdf"
		code 0
		left again 0
		cmp "$SRC/report.pdf" inbox/report.pdf
	done
	for what in 'ln -s ../elsewhere' mkdir; do
		rm -f inbox/report.pdf
		$what inbox/report.pdf
		waits again lab ugat-recv -y -f -d inbox
		to_lab "$SRC/report.pdf"
		code 73
		left again 73
		[ ! -e elsewhere ]
	done
	only report.pdf
}
