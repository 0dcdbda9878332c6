#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-fetch alone: how it is called, what it reads and what it does with signals. What it writes is in ugat-fetch-output.bats, the
# disk in ugat-fetch-disk.bats, peers in ugat-fetch-net.bats. Real clients and whole pipelines are in tests/flow.
# shellcheck source=fetch.bash
. "$BATS_TEST_DIRNAME/fetch.bash"

@test "a wrong call: exit 2, the cause and the usage" {
	usage '-x: no such option' -x
	usage 'x.torrent: no operand expected' x.torrent
	usage '-d needs DIR' -d
	usage '-m 1023K: at least 1M expected' -m 1023K
	usage '-m lots: SIZE expected' -m lots
	usage '-j 0: from 1 to 1000 expected' -j 0
	usage '-j 1001: from 1 to 1000 expected' -j 1001
	usage '-p 0: from 1 to 65535 expected' -p 0
	usage '-p 65536: from 1 to 65535 expected' -p 65536
	usage '-t 0: at least 1s expected' -t 0
	usage '-t 5x: TIME expected' -t 5x
	usage '-i nosuchif: no such interface' -i nosuchif
	usage '-0 and -w cannot both write' -0 -w
}

@test "-R and -T go with -k, and are more than nothing" {
	for words in "-R 1" "-T 1s" "-k -R 0" "-k -R x" "-k -T 0"; do
		# shellcheck disable=SC2086
		run ugat-fetch $words </dev/null
		[ "$status" -eq 2 ]
	done
}

@test "--help and --version" {
	ugat-fetch --help >help
	grep -q '^usage: ugat-fetch \[-hVqv\] \[-d DIR\] ' help
	for letter in d f p i m j t w 0; do
		grep -q "^  -$letter " help
	done
	ugat-fetch -V | grep -qx 'ugat-fetch [0-9.]*'
}

@test "a terminal as input: exit 2 and the pipeline to use" {
	"$FLOW_PYTHON" -c 'import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(["ugat-fetch", "-d", "out"])))' >screen </dev/null && CODE=0 || CODE=$?
	[ "$CODE" -eq 2 ]
	grep -q 'ugat-parse FILE | ugat-announce | ugat-fetch' screen
}

@test "no input at all: exit 65; a closed one: 66" {
	: >records
	fetched
	ends 65 'no input'
	ugat-fetch -d out <&- >fetch.out 2>fetch.err && CODE=0 || CODE=$?
	ends 66 'standard input: Bad file descriptor'
	[ ! -e out ]
}

@test "a directory as input: exit 66" {
	ugat-fetch -d out <. >fetch.out 2>fetch.err && CODE=0 || CODE=$?
	ends 66 'standard input: Is a directory'
}

@test "input that is no record stream: exit 65 and the line" {
	printf 'd8:announce3:urle' >records
	fetched
	ends 65 'line 1: '
	printf 'torrent\tx\n' >records
	fetched
	ends 65 'line 1: no .ugat. line at the start'
}

@test "input that ends before end: exit 65, nothing is made" {
	one_file
	given '$d'
	ends 65 'ended without .end.'
	[ ! -e out ]
}

@test "a malformed line: exit 65 and its number, before end and after it" {
	one_file
	cp records good
	for line in 'file	x' 'file	0	0	200000	/etc/passwd' 'file	0	0	200000	../a' 'file	9	0	200001	b' \
		'piece	4	0000000000000000000000000000000000000000' 'piece	0	abc' 'peer	127.0.0.1' \
		'peer	127.0.0.1	65536' 'deny!	1.2.3.4/33' 'fail!	0	x	y'; do
		sed "2a\\
$line" good >records
		fetched
		ends 65 'line 3: '
	done
	for line in 'peer	127.0.0.1' 'deny!	nobody' 'torrent	x'; do
		{ cat good && printf '%s\n' "$line"; } >records
		fetched
		ends 65 "line $(wc -l <records): "
	done
}

@test "where too few files may be open at once: exit 73, and not another cause" {
	local n

	one_file
	for n in 31 24; do
		code=0
		(ulimit -n "$n" && exec ugat-fetch -d out <records >fetch.out 2>fetch.err 3>&- 4>&-) || code=$?
		CODE=$code
		ends 73 'too few files may be open at once: allow 32 at least .ulimit -n.$'
	done
	seeds seed
	cat seed.peers records >in
	(ulimit -n 32 && exec ugat-fetch -d out <in >fetch.out 2>fetch.err 3>&- 4>&-)
	same
	# A soft limit is no limit.
	(ulimit -Sn 24 && exec ugat-fetch -d out <in >fetch.out 2>fetch.err 3>&- 4>&-)
}

@test "a description that contradicts itself: exit 65 and where" {
	one_file
	cp records good
	given 's/^file.*/file	0	0	100000	a\nfile	0	100000	100000	b/'
	ends 65 'two .file. lines with one number'
	cp good records
	given 's/^file	0/file	1/'
	ends 65 'line 3: a .file. line past the last file'
	cp good records
	given "\$i\\
piece	3	$(printf %040d 1)"
	ends 65 "line $(($(wc -l <records) - 1)): two .piece. lines with one number"
	[ ! -e out ]
}

@test "a newer format, and a kind that must be understood and is not: exit 65" {
	one_file
	cp records good
	given '1s/1/2/'
	ends 65 'line 1: a newer format: a newer ugat is needed'
	cp good records
	given '$i\
later!	1'
	ends 65 "line $(($(wc -l <records) - 1)): "
	cp good records
	given '$a\
later!	1'
	ends 65 "line $(wc -l <records): "
}

@test "unknown kinds, comments, empty lines, CR LF and a repeated first line are no matter" {
	one_file
	mkdir out
	cp "$SRC/a" out
	sed -i -e '2a later	1\n# words\n\nugat	1' -e 's/$/\r/' records
	fetched
	ends 0
}

@test "a line over 64 KiB: exit 65 and its number" {
	one_file
	{ head -n 2 records && head -c 70000 /dev/zero | tr '\0' x; } >long
	mv long records
	fetched
	ends 65 'line 3: over 64 KiB'
}

@test "two torrents in one pipeline: exit 65" {
	one_file
	cp records twice
	cat twice >>records
	fetched
	ends 65 'one torrent a pipeline'
}

@test "a v2-only torrent is refused in clear words" {
	one_file
	hash=$(printf '%064d' 7)
	given "s/^torrent	[0-9a-f]*	-	\\([0-9]*\\)	[0-9]*/torrent	-	$hash	\\1	0/;/^piece/d"
	ends 65 'v2 only, which is not supported: get a v1 or hybrid one'
}

@test "no file line left, or a piece line that a filter ate: exit 65 and the hint" {
	one_file
	cp records good
	given '/^file/d'
	ends 65 'every .file. line is gone'
	cp good records
	given '/^piece	2/d'
	ends 65 'did a filter eat it'
	cp good records
	given '/^torrent/d'
	ends 65 'line 2: '
}

@test "end that does not come within 5 s is asked for, but not with -q" {
	one_file
	in_background loud -d out
	head -n 3 records >loud.in
	in_background quiet -q -d out2
	head -n 3 records >quiet.in
	wait_for 7 test -s loud.err
	[ "$(cat loud.err)" = 'ugat-fetch: waiting for "end": is a filter buffering? (grep --line-buffered, sed -u)' ]
	sleep 0.5
	[ ! -s quiet.err ]
}

@test "INT, TERM and HUP while it waits for its input: it dies by that very signal" {
	one_file
	for signal in INT TERM HUP; do
		"$FLOW_PYTHON" - "$signal" <<-'END' 3>&-
			import signal, subprocess, sys, time
			signal.signal(signal.SIGINT, signal.default_int_handler)
			number = getattr(signal, "SIG" + sys.argv[1])
			child = subprocess.Popen(["ugat-fetch", "-d", "out"], stdin=subprocess.PIPE,
			                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
			child.stdin.write(b"ugat\t1\n")
			child.stdin.flush()
			while "wait" not in open(f"/proc/{child.pid}/wchan").read() and time.sleep(0.05) is None:
			    if open(f"/proc/{child.pid}/stat").read().split(") ")[1][0] == "S":
			        break
			time.sleep(0.1)
			child.send_signal(number)
			assert child.wait(5) == -number, child.returncode
			assert child.stdout.read() == child.stderr.read() == b""
		END
	done
}

@test "a signal that is ignored when it starts stays ignored: nohup, and what a shell runs behind" {
	one_file
	(trap '' INT HUP && exec ugat-fetch -t 2 -d out <records >fetch.out 2>fetch.err 3>&- 4>&-) &
	FETCH=$!
	sleep 1
	kill -INT "$FETCH"
	kill -HUP "$FETCH"
	status_of "$FETCH"
	ends 75 'stalled 0:[0-5][0-9]: .* 0 trackers ok: put ugat-announce before it'
}
