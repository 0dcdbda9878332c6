#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-fetch alone: its input, its output, the disk and the ends it can come to. The records are written
# by tests/fake/seed.py, which also serves them. Real clients and whole pipelines are in tests/flow.
# shellcheck source=../flow/lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/../flow/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
	SEED=("$FLOW_PYTHON" "$FLOW_FAKE/seed.py")
}

teardown() {
	flow_stop
}

# records NAME [PIECE]: the records of $SRC/NAME in the file `records`.
records() {
	"${SEED[@]}" records "${2:-65536}" "$SRC/$1" >records
	BTIH=$(sed -n 's/^torrent	\([^	]*\).*/\1/p' records)
}

# one_file: $SRC/a of 200 kB in 4 pieces, and its records.
one_file() {
	content a 1 200000
	records a
}

# seeds NAME [OPTION...]: peers that have it; their `peer` records are in NAME.peers.
seeds() {
	local name=$1

	shift
	spawn "$name" "${SEED[@]}" serve "$@" records "$SRC"
	says_soon "$name" '^peer'
	wait_for 5 peers_said "$name" "$*"
}

# All of them: -i ADDR-N are N.
peers_said() {
	local n=1

	case $2 in *-i*-*) n=${2##*-i } n=${n%% *} n=${n#*-} ;; esac
	grep '^peer' "$1.out" >"$1.peers"
	[ "$(wc -l <"$1.peers")" -eq "$n" ]
}

# fetched [OPTION...]: run it on all that is there; CODE is its exit code.
fetched() {
	local code=0

	cat ./*.peers records >in 2>/dev/null || :
	timeout -k 2 40 ugat-fetch -d out "$@" <in >fetch.out 2>fetch.err 3>&- 4>&- || code=$?
	CODE=$code
}

# ends CODE [PATTERN]: it exited so and, with a PATTERN, said so in one line.
ends() {
	if [ "$CODE" != "$1" ]; then
		echo "exit code $CODE, not $1" >&2
		show fetch.err fetch.out
		return 1
	fi
	if [ $# -eq 1 ]; then
		silent
	else
		said "^ugat-fetch: .*$2" && [ "$(wc -l <fetch.err)" -eq 1 ]
	fi
}

# given LINE...: its input are the lines of `records` edited by the sed script $1.
given() {
	sed "$1" records >edited
	mv edited records
	fetched
}

# usage WORDS [OPTION...]: a wrong call: exit 2, the words and the usage.
usage() {
	local words=$1 code=0

	shift
	ugat-fetch "$@" </dev/null >fetch.out 2>fetch.err || code=$?
	CODE=$code
	[ "$code" -eq 2 ] && said "^ugat-fetch: .*$words" && said '^usage: ugat-fetch ' && [ ! -s fetch.out ]
}

# in_background NAME OPTION...: ugat-fetch reads NAME.in, which stays open; its pid is $FETCH.
in_background() {
	local name=$1 fd

	shift
	mkfifo "$name.in"
	# shellcheck disable=SC2034
	exec {fd}<>"$name.in"
	STDIN=$name.in spawn "$name" ugat-fetch "$@"
	FETCH=$SPAWNED
}

# signalled PID: how it ended, as a shell says it.
status_of() {
	local code=0

	wait "$1" || code=$?
	CODE=$code
}

# ---- calls

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

# ---- input

@test "no input at all, or a closed one: exit 65" {
	: >records
	fetched
	ends 65 'no input'
	ugat-fetch -d out <&- >fetch.out 2>fetch.err && CODE=0 || CODE=$?
	ends 65 'no input'
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
	ends 65 'v2 only'
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

@test "a path in ugat's own folder is refused" {
	one_file
	given '/^file/s|	a$|	.ugat/a|'
	ends 65 '\.ugat is where'
}

@test "fail! is passed on as it is, with its code, and said by nobody twice" {
	printf 'fail!\t65\tugat-parse\tx.torrent: not a torrent\n' >records
	fetched
	ends 65
	cmp fetch.out records
	one_file
	{ cat records && printf 'fail!\t69\tugat-announce\tno tracker\n'; } >longer
	mv longer records
	fetched -w
	ends 69
	[ "$(tail -n 1 fetch.out)" = "fail!	69	ugat-announce	no tracker" ]
	fetched -0
	ends 69
	[ ! -s fetch.out ]
}

@test "its own failure is said once and handed on as fail!, but not with -0" {
	: >records
	fetched
	[ "$(cut -f 1-3 fetch.out)" = 'fail!	65	ugat-fetch' ]
	fetched -0
	ends 65 'no input'
	[ ! -s fetch.out ]
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

# ---- output

@test "one file from one peer; a done line that opens from here; silent" {
	one_file
	seeds seed
	fetched
	ends 0
	same
	no_litter
	[ "$(cat fetch.out)" = 'done	out/a	size=200000' ]
}

@test "done lines of odd names decode with printf %b, and -0 gives the bare paths" {
	content $'d/new\nline' 1 1000
	content $'d/tab\tand\\back' 2 1000
	content $'d/e\e[31m' 3 1000
	content 'd/-' 4 0
	records d
	seeds seed
	fetched
	ends 0
	same
	while IFS=$'\t' read -r kind path _; do
		[ "$kind" = 'done' ]
		printf -v path '%b' "$path"
		[ -f "$path" ]
	done <fetch.out
	[ "$(wc -l <fetch.out)" -eq 4 ]
	fetched -0
	ends 0
	[ "$(xargs -0 -n 1 sh -c 'test -f "$1" && echo yes' - <fetch.out | wc -l)" -eq 4 ]
}

@test "a name that begins with a dash does not look like an option in the current directory" {
	content -x 1 1000
	records -x
	mkdir here
	cp "$SRC/-x" here
	cd here
	ugat-fetch <../records >../fetch.out
	[ "$(cat ../fetch.out)" = 'done	./-x	size=1000' ]
	cd ..
}

@test "a closed stdout: exit 74 before anything is loaded" {
	one_file
	ugat-fetch -d out <records 2>fetch.err >&- && CODE=0 || CODE=$?
	ends 74 'standard output is closed'
	[ ! -e out ]
}

@test "/dev/full as stdout: exit 74, and what was verified stays" {
	one_file
	seeds seed
	cat seed.peers records | ugat-fetch -d out 2>fetch.err >/dev/full && CODE=0 || CODE=$?
	ends 74 'standard output: No space left on device'
	rm seed.peers
	fetched -w
	ends 0
	[ "$(status_field "$S_DOWN")" -eq 0 ]
	same
}

@test "a reader that quits: it dies by PIPE without a word, and what was verified stays" {
	content d/one 1 100000
	content d/two 2 100000
	records d
	seeds seed
	cat seed.peers records >in
	pipeline "ugat-fetch -d out <in | sleep 0.0"
	[[ $CODES == "141 0" ]]
	silent
	rm seed.peers
	fetched
	cat seed.out >&2
	seeds again
	fetched
	ends 0
	same
}

# many_files: 3,001 of them in out, whose done lines are ten times what a pipe holds.
many_files() {
	"$FLOW_PYTHON" - "$SRC" <<-'END'
		import os, sys
		os.mkdir(sys.argv[1] + "/d")
		for i in range(3000):
		    open(sys.argv[1] + "/d/" + "%0200d" % i, "w").close()
		open(sys.argv[1] + "/d/z", "w").write("z")
	END
	records d
	cp -r "$SRC" out
}

@test "a reader that is slow gets every done line" {
	many_files
	pipeline "ugat-fetch -d out <records | { sleep 1; sort -u | grep -c '^done	'; }"
	codes "0 0"
	[ "$(cat fetch.out)" -eq 3001 ]
}

@test "a reader that does not read: INT ends it all the same" {
	many_files
	mkfifo pipe
	exec 8<>pipe
	env --default-signal=INT ugat-fetch -d out <records >pipe 2>fetch.err 8>&- &
	FETCH=$!
	echo "$FETCH" >>pids
	wait_for 5 grep -qs pipe_write "/proc/$FETCH/wchan" || sleep 1
	kill -INT "$FETCH"
	wait_for 3 gone "$FETCH"
	status_of "$FETCH"
	[ "$CODE" -eq 130 ]
	exec 8>&-
}

@test "-w: a record a second, and one at the end with exit code and cause" {
	one_file
	seeds mute -m mute
	in_background job -w -t 3s -d out
	cat mute.peers records >job.in
	status_of "$FETCH"
	[ "$CODE" -eq 75 ]
	grep '^status' job.out >states
	[ "$(wc -l <states)" -ge 4 ]
	[ "$(wc -l <states)" -le 7 ]
	[ "$(head -n 1 states | cut -f 2-3,7-8,11)" = 'checking	-	200000	0	200000' ]
	[ "$(sed -n 3p states | cut -f 2-3)" = 'loading	-' ]
	tail -n 1 states | grep -q '^status	failed	75	.*	why=stalled 0:03: 0/4 pieces; 0 have no source; 1 peer; 0 trackers ok: try again later, it goes on from there$'
	[ "$(tail -n 1 job.out | cut -f 1-3)" = 'fail!	75	ugat-fetch' ]
	[ "$(cat job.err)" = 'ugat-fetch: stalled 0:03: 0/4 pieces; 0 have no source; 1 peer; 0 trackers ok: try again later, it goes on from there' ]
}

# status_file: the one status file there is.
status_file() {
	ls "$XDG_RUNTIME_DIR/ugat/$BTIH."* 2>/dev/null
}

@test "the status file: there while it runs, locked, with pid and port; at the end with the code" {
	one_file
	port
	sed -i "1a self	2d5547303130302d6162636465666768696a6b6c" records
	in_background job -p "$PORT" -d out
	cat records >job.in
	file=$XDG_RUNTIME_DIR/ugat/$BTIH.696a6b6c
	wait_for 5 test -s "$file"
	wait_for 5 grep -q '^status	loading' "$file"
	[ "$(cut -f 4,6-8,11 "$file")" = "$FETCH	$PORT	200000	0	200000" ]
	no flock -n "$file" true
	listening "$PORT"
	# Another run may not have the same id: it draws one.
	in_background other -d out2
	cat records >other.in
	wait_for 5 eval '[ "$(status_file | wc -l)" -eq 2 ]'
	kill -TERM "$FETCH"
	kill -TERM "$(cat job.pid)"
	wait_for 5 gone "$(cat job.pid)"
	[ "$(cut -f 2-3 "$file")" = 'failed	143' ]
	grep -q 'why=stopped by TERM' "$file"
	flock -n "$file" true
	mkdir -p out
	cp "$SRC/a" out
	fetched
	ends 0
	[ "$(cut -f 2-3,7-8,11 "$file")" = 'done	0	200000	200000	0' ]
}

@test "no place for status files is no error" {
	one_file
	mkdir out
	cp "$SRC/a" out
	XDG_RUNTIME_DIR=/proc/nowhere fetched
	ends 0
}

@test "old data is hashed under the state checking, with nothing held yet" {
	one_file
	mkdir out
	cp "$SRC/a" out
	fetched -w
	ends 0
	[ "$(grep '^status' fetch.out | head -n 1 | cut -f 2,7-8,11)" = 'checking	200000	0	200000' ]
	[ "$(grep '^status' fetch.out | tail -n 1 | cut -f 2-3,7-9,11)" = 'done	0	200000	200000	0	0' ]
}

@test "-f: the journal is not believed" {
	one_file
	mkdir out
	cp "$SRC/a" out
	fetched
	# The same size and time, other bytes: only who hashes can tell.
	touch -r out/a stamp
	printf x | dd of=out/a bs=1 seek=100000 conv=notrunc status=none
	touch -r stamp out/a
	fetched -t 1s
	ends 0
	seeds seed
	fetched -w -f
	ends 0
	same
	[ "$(status_field "$S_DOWN")" -eq 65536 ]
}

# ---- the disk

@test "what stands where a file belongs is left alone: exit 73 and what it is" {
	content d/one 1 1000
	records d
	mkdir -p out/d/one
	fetched
	ends 73 'out/d/one: a directory stands'
	rmdir out/d/one
	mkfifo out/d/one
	fetched
	ends 73 'out/d/one: a FIFO stands'
	rm out/d/one
	ln -s /etc/passwd out/d/one
	fetched
	ends 73 'out/d/one: a symbolic link stands'
	rm out/d/one
	head -c 1001 /dev/zero >out/d/one
	fetched
	ends 73 'out/d/one: longer than it should be'
	[ "$(stat -c %s out/d/one)" -eq 1001 ]
	rm -r out/d
	: >out/d
	fetched
	ends 73 'out/d: a file stands where a directory belongs'
	rm out/d
	ln -s .. out/d
	fetched
	ends 73 'out/d: a symbolic link stands where a directory belongs'
}

@test "a directory that cannot be had: exit 73" {
	one_file
	: >plain
	mv plain out
	fetched
	ends 73 'out: cannot be used as the directory'
	rm out
	mkdir out
	chmod 555 out
	if [ "$(id -u)" -ne 0 ]; then
		fetched
		ends 73 'out/a: cannot be written: Permission denied'
	elif private out; then
		"${enter[@]}" sh -c 'mount -t tmpfs -o ro none out && ugat-fetch -d out; code=$?; umount out; exit "$code"' <records >fetch.out 2>fetch.err && CODE=0 || CODE=$?
		ends 73 'out/a: cannot be written: Read-only file system'
	fi
}

@test "a full disk: exit 74 and its cause; what was verified is used by the next run" {
	content a 1 3000000
	records a
	seeds seed
	mkdir out
	cat seed.peers records >in
	if private out; then
		# It is full only once loading has begun; before that it would be seen.
		"${enter[@]}" bash -c 'mount -t tmpfs -o size=64m none out && {
			{ cat records; until grep -q "^status	loading" fetch.out; do sleep 0.03; done
				mount -o remount,size=1m none out; cat seed.peers; } | ugat-fetch -w -d out >fetch.out 2>fetch.err
			echo $? >code; cp -a out kept; umount out; }'
		cause='No space left on device'
	else
		(trap '' XFSZ && ulimit -f 1024 && ugat-fetch -d out <in >fetch.out 2>fetch.err) && echo 0 >code || echo $? >code
		cause='File too large'
		cp -a out kept
	fi
	CODE=$(cat code)
	ends 74 "out/a: $cause"
	rm -rf out
	mv kept out
	fetched -w
	ends 0
	same
	[ "$(status_field "$S_DOWN")" -lt 2800000 ]
}

@test "a limit of the file size: exit 74, not the signal" {
	content a 1 3000000
	records a
	seeds seed
	cat seed.peers records >in
	(ulimit -f 1024 && ugat-fetch -d out <in >fetch.out 2>fetch.err) && CODE=0 || CODE=$?
	ends 74 'out/a: File too large'
}

@test "the same torrent into the same directory twice at once: exit 75" {
	one_file
	in_background job -d out
	cat records >job.in
	wait_for 5 test -e "out/.ugat/$BTIH.lock"
	fetched
	ends 75 'out: this torrent is already being fetched here'
}

# ---- the network

@test "a port that is taken: exit 75; an address that is not ours: exit 69" {
	one_file
	port
	spawn other "$FLOW_PYTHON" -c "import socket, threading
s = socket.create_server(('127.0.0.1', $PORT)); threading.Event().wait()"
	wait_for 5 listening "$PORT"
	fetched -p "$PORT"
	ends 75 "port $PORT is taken"
	fetched -i 192.0.2.1
	ends 69 'cannot listen for peers: Cannot assign requested address'
}

@test "-i: from that address; -j: no more connections than that" {
	content a 1 3000000
	records a
	seeds seed -i 127.0.1.1-8
	fetched -i 127.0.3.3 -j 2 -w
	ends 0
	same
	[ "$(grep -c '^hello' seed.out)" -le 2 ]
	[ "$(status_field "$S_PEERS")" -le 2 ]
	[ "$(grep '^from' seed.out | sort -u)" = 'from 127.0.3.3' ]
	fetched -i lo
	ends 0
}

@test "a block list of 300,000 lines, before the description and behind it" {
	one_file
	seeds seed -i 127.0.1.1
	seeds denied -i 127.0.2.1
	"$FLOW_PYTHON" -c 'for i in range(300000): print(f"deny!\t{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}.0/24")' >list
	echo 'deny!	127.0.2.0/24' >>list
	cp records described
	cat list described >records
	fetched
	ends 0
	no says denied '^hello'
	rm -r out
	cat described list denied.peers seed.peers >records
	rm ./*.peers
	fetched
	ends 0
	no says denied '^hello'
}

@test "input that ended and nobody to ask: exit 69 after 30 s, and why" {
	one_file
	port
	called=$PORT
	ugat-fetch -p "$called" -d out1 <records >/dev/null 2>none.err &
	one=$!
	port
	{ printf 'peer\t127.0.0.1\t%s\n' "$PORT" && cat records; } | ugat-fetch -d out2 >/dev/null 2>dead.err &
	two=$!
	echo "$one $two" | tr ' ' '\n' >>pids
	start=$SECONDS
	# A stranger who calls is nobody to ask.
	wait_for 5 listening "$called"
	(exec 9<>"/dev/tcp/127.0.0.1/$called")
	status_of "$one"
	[ "$CODE" -eq 69 ]
	status_of "$two"
	[ "$CODE" -eq 69 ]
	[ $((SECONDS - start)) -ge 29 ]
	[ $((SECONDS - start)) -le 90 ]
	said '^ugat-fetch: no peer to load from: 0/4 pieces; the input has ended and named none' none.err
	said '^ugat-fetch: no peer left to try: 0/4 pieces; .* none of the peers in it answers \(1\)' dead.err
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

@test "a peer that reads slowly gets all that it asked for, and costs no time meanwhile" {
	content a 1 6000000
	records a 262144
	seeds seed -b 300
	seeds greedy -m greedy
	in_background job -w -t 10s -d out
	cat seed.peers greedy.peers records >job.in
	status_of "$FETCH"
	[ "$CODE" -eq 75 ]
	had=$(status_field "$S_HAD" job.out)
	[ "$had" -ge 1000000 ]
	grep '^got' greedy.out | tail -n 1
	says greedy "^got $had\$"
	# Of what is missing nobody has anything, begun or not.
	read -r got all none < <(sed -n 's|.*: \([0-9]*\)/\([0-9]*\) pieces; \([0-9]*\) have no source; 1 peer.*|\1 \2 \3|p' job.err)
	[ "$none" -eq $((all - got)) ]
}

# ---- a terminal

@test "the line fits terminals of 40, 80 and 200 columns; nothing when stderr is none" {
	one_file
	seeds mute -m mute
	cat mute.peers records >in
	for columns in 40 80 200; do
		spawn "at$columns" "$FLOW_PYTHON" "$FLOW_DIR/onpty.py" "$columns" "screen$columns" \
			sh -c "cat in - | exec ugat-fetch -t 2s -d out$columns"
	done
	for columns in 40 80 200; do
		wait_for 10 gone "$(cat "at$columns.pid")"
		sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' "screen$columns" | tr '\r' '\n' | sed 's/ *$//' | grep '%' >lines
		[ "$(wc -l <lines)" -ge 3 ]
		[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' lines)" -lt "$columns" ]
		grep -q '0%' lines
	done
	grep -q '0/195 KiB.*1 peer' lines
	fetched -t 1s
	[ "$(grep -c . fetch.err)" -eq 1 ]
}

@test "a signal that is ignored when it starts stays ignored: nohup, and what a shell runs behind" {
	one_file
	(trap '' INT HUP && exec ugat-fetch -t 2 -d out <records >fetch.out 2>fetch.err 3>&- 4>&-) &
	FETCH=$!
	sleep 1
	kill -INT "$FETCH"
	kill -HUP "$FETCH"
	status_of "$FETCH"
	ends 75 'stalled 0:[0-5][0-9]'
}

@test "names that nobody knows cost no words" {
	one_file
	seeds seed
	for i in {1..20}; do printf 'peer\tno%s.such.invalid\t1\n' "$i"; done >names.peers
	fetched
	ends 0
	same
}

@test "time that it was stopped is not counted as a stall" {
	content a 1 3000000
	records a
	seeds seed -b 60
	in_background job -t 7s -w -d out
	cat seed.peers records >job.in
	wait_for 5 grep -q '^status	loading' job.out
	kill -STOP "$FETCH"
	sleep 8
	seeds other
	cat other.peers >job.in
	kill -CONT "$FETCH"
	status_of "$FETCH"
	[ "$CODE" -eq 0 ]
	same
}

@test "what another program changes right after the end is found and mended" {
	one_file
	seeds seed
	fetched
	ends 0
	printf XYZ | dd of=out/a bs=1 seek=100000 conv=notrunc 2>/dev/null
	fetched
	ends 0
	same
}

@test "-v: a peer that cannot be had is named" {
	one_file
	port
	printf 'peer\t127.0.0.1\t%s\n' "$PORT" >none.peers
	fetched -v -t 1
	[ "$CODE" -eq 75 ]
	said "^ugat-fetch: peer 127.0.0.1:$PORT refuses the connection" fetch.err
}

@test "-R and -T go with -k, and are more than nothing" {
	for words in "-R 1" "-T 1s" "-k -R 0" "-k -R x" "-k -T 0"; do
		# shellcheck disable=SC2086
		run ugat-fetch $words </dev/null
		[ "$status" -eq 2 ]
	done
}
