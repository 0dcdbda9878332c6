# SPDX-License-Identifier: ISC
# ugat-fetch -o: one file's bytes in order, verified, and nothing else.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
	mkdir tmp
	export TMPDIR=$PWD/tmp
}

teardown() {
	flow_stop
}

# stream OPTION...: the bytes of $TORRENT from the peers at $PORTS, through `$READER`.
stream() {
	local from

	# shellcheck disable=SC2086
	from="{ $(peers $PORTS); ugat-parse '$TORRENT'; } ${FILTER:+| $FILTER} | env --default-signal=PIPE ugat-fetch $*"
	pipeline "$from ${READER:+| $READER}"
}

# sum FILE: its SHA-256 alone.
sum() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# got FILE WANTED: byte for byte.
got() {
	[ "$(sum "$1")" = "$(sum "$2")" ]
}

# clean: nothing is left in TMPDIR and here.
clean() {
	[ -z "$(ls -A tmp)" ] && [ ! -e .ugat ]
}

# one BYTES [PIECE]: a torrent of one file, served by libtorrent.
one() {
	content one 1 "$1"
	torrent one "${2:-65536}"
	seed_libtorrent seed "$SRC"
	PORTS=$SEED_PORT
}

# scripted NAME MODE: a peer of tests/fake/seed.py for $TORRENT; adds its port to PORTS.
scripted() {
	local name=$1

	shift
	ugat-parse "$TORRENT" >records
	spawn "$name" "$FLOW_PYTHON" "$FLOW_FAKE/seed.py" serve "$@" records "$SRC"
	says_soon "$name" '^peer'
	PORTS="${PORTS:-} $(sed -n 's/^peer	[^	]*	\([0-9]*\).*/\1/p' "$name.out")"
}

@test "the bytes of a file come to standard output in order, from libtorrent, and nothing stays" {
	one 20000001
	stream -o -
	codes "0 0"
	got fetch.out "$SRC/one"
	silent
	clean
}

@test "the same from a scripted peer, with pieces larger than the memory allows" {
	content one 1 9000001
	torrent one 1048576
	scripted honest -m honest
	stream -m 1M -o -
	codes "0 0"
	got fetch.out "$SRC/one"
	clean
}

@test "one file out of the middle, with a piece shared at both ends" {
	content a/one 1 100000
	content a/two 2 1500000
	content a/three 3 70000
	torrent a 65536
	seed_libtorrent seed "$SRC"
	PORTS=$SEED_PORT FILTER="ugat-pick '*/two'" stream -o -
	codes "0 0 0"
	got fetch.out "$SRC/a/two"
	clean
}

@test "with -d the file is saved as well, byte for byte, and streamed again without a peer" {
	one 5000000
	stream -d out -o -
	codes "0 0"
	got fetch.out "$SRC/one"
	same
	PORTS=1 stream -d out -o - -t 2s
	codes "0 0"
	got fetch.out "$SRC/one"
	clean
}

@test "what is held already comes at once, the rest behind it" {
	one 3000000
	part out 0-22
	stream -d out -o -
	codes "0 0"
	got fetch.out "$SRC/one"
	same
}

@test "a reader that quits ends it by SIGPIPE, silently, and nothing stays" {
	one 20000000
	READER='head -c 1000000' stream -o -
	codes "0 141 0"
	cmp -n 1000000 fetch.out "$SRC/one"
	silent
	clean
}

@test "a reader that quits leaves what -d has saved, and its journal" {
	one 20000000
	READER='head -c 1000000' stream -d out -o -
	codes "0 141 0"
	silent
	[ -s "out/.ugat/$BTIH.have" ]
	stream -d out -o -
	codes "0 0"
	got fetch.out "$SRC/one"
	same
}

# A slow reader: 200 KB, then nothing until it is told.
slow_reader() {
	mkfifo go
	background slow "{ $(peers "$PORTS"); ugat-parse '$TORRENT'; } | ugat-fetch $* -o - |
		{ head -c 200000; read -r <go; cat; }"
}

# held_by PID: bytes of disk in its files that have no name any more.
held_by() {
	local file sum=0

	for file in "/proc/$1/fd/"*; do
		case $(readlink "$file") in
		*' (deleted)') sum=$((sum + $(stat -L -c %b "$file") * 512)) ;;
		esac
	done
	echo "$sum"
}

idle() {
	local now

	now=$(held_by "$FETCH")
	[ "$now" -gt 2000000 ] && [ "$now" = "${before:-}" ] && return
	before=$now
	sleep 0.3
	return 1
}

@test "a slow reader: memory and disk stay within bounds, the peers wait" {
	one 60000000
	slow_reader -m 4M
	wait_for 10 test -s slow.out
	FETCH=$(fetch_pid) || :
	wait_for 10 idle
	[ "$(held_by "$FETCH")" -le $((5 * 1048576)) ]
	[ -n "${UGAT_SAN:-}" ] ||
		[ "$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$FETCH/status")" -le $((40 * 1024)) ]
	clean
	echo >go
	ended slow 20
	codes "0 0 0"
	got slow.out "$SRC/one"
	clean
}

@test "kill -9 leaves nothing in TMPDIR" {
	one 60000000
	slow_reader -m 4M
	wait_for 10 test -s slow.out
	kill -KILL "$(fetch_pid || :)"
	echo >go
	ended slow 5
	codes "0 137 0"
	clean
}

@test "TERM while the reader does not read ends it at once" {
	one 60000000
	slow_reader -m 4M
	wait_for 10 test -s slow.out
	kill -TERM "$(fetch_pid || :)"
	echo >go
	ended slow 5
	codes "0 143 0"
	clean
}

@test "a peer that lies gets no byte to the reader" {
	content one 1 6000000
	torrent one 65536
	cp -r "$SRC" lies
	printf 'no' | dd of=lies/one bs=1 seek=100000 conv=notrunc status=none
	ugat-parse "$TORRENT" >records
	spawn liar "$FLOW_PYTHON" "$FLOW_FAKE/seed.py" serve -m honest records lies
	says_soon liar '^peer'
	PORTS=$(sed -n 's/^peer	[^	]*	\([0-9]*\).*/\1/p' liar.out)
	seed_libtorrent seed "$SRC" -U 2000000
	PORTS="$PORTS $SEED_PORT" stream -v -o -
	codes "0 0"
	got fetch.out "$SRC/one"
	said 'piece 1 is bad'
}

@test "a peer that never sends holds the reader up for a few seconds only" {
	content one 1 6000000
	torrent one 65536
	scripted mute -m mute
	seed_libtorrent seed "$SRC"
	PORTS="$PORTS $SEED_PORT"
	SECONDS=0
	stream -o -
	codes "0 0"
	got fetch.out "$SRC/one"
	[ "$SECONDS" -le 30 ] # a request has 60
}

@test "with -d, too, although there is enough else to ask for" {
	content one 1 60000000
	torrent one 65536
	scripted mute -m mute
	seed_libtorrent seed "$SRC" -U 6000000
	PORTS="$PORTS $SEED_PORT" READER='head -c 20000000' stream -d out -o -
	codes "0 141 0"
	cmp -n 20000000 fetch.out "$SRC/one"
}

@test "several files: 2, and how many" {
	for i in $(seq 12); do content "a/$i" "$i" 1000; done
	torrent a
	PORTS=1 stream -o -
	codes "0 2"
	said 'of 12 files only one'
	[ ! -s fetch.out ]
	clean
}

@test "-o FILE: the bytes go there, done names it, what is there already is not touched" {
	one 3000000
	stream -o it
	codes "0 0"
	got it "$SRC/one"
	[ "$(cat fetch.out)" = "done	it	size=3000000" ]
	echo mine >it
	stream -o it
	codes "0 73"
	said 'it: is there already'
	[ "$(cat it)" = mine ]
	stream -f -o it
	codes "0 0"
	got it "$SRC/one"
	clean
}

@test "-o FIFO waits for its reader; -o /dev/full is a full disk" {
	one 3000000
	mkfifo pipe
	background cat "sleep 0.5; cat pipe"
	stream -o pipe
	codes "0 0"
	ended cat 5
	got cat.out "$SRC/one"
	stream -o /dev/full
	codes "0 74"
	said '/dev/full: No space left'
}

@test "a reader that quits while nothing comes is noticed" {
	content one 1 3000000
	torrent one 65536
	scripted mute -m mute
	READER='true' stream -o -
	codes "0 141 0"
	silent
}

@test "with -k the reader sees the end, and serving goes on" {
	one 3000000
	background kept "{ $(peers "$PORTS"); ugat-parse '$TORRENT'; } | ugat-fetch -k -d out -o - | { cat; echo end >&2; cat >/dev/null; }"
	wait_for 10 grep -q end kept.err
	got kept.out "$SRC/one"
	[ ! -e kept.codes ]
	kill -TERM "$(fetch_pid || :)"
	ended kept 5
	codes "0 143 0"
}

@test "an empty file needs nobody" {
	content a/full 1 70000
	: >"$SRC/a/empty"
	torrent a 65536
	PORTS=1 FILTER="ugat-pick '*/empty'" stream -o -
	codes "0 0 0"
	[ ! -s fetch.out ]
	PORTS=1 FILTER="ugat-pick '*/empty'" stream -o empty
	codes "0 0 0"
	[ -e empty ] && [ ! -s empty ]
	[ "$(cat fetch.out)" = "done	empty	size=0" ]
}

@test "what does not go together is wrong usage" {
	for words in '-o - -w' '-o - -0' '-k -o -' '-k -o it'; do
		# shellcheck disable=SC2086
		run ugat-fetch $words </dev/null
		[ "$status" -eq 2 ]
	done
}

@test "no session: 77, and no byte, no record" {
	one 100000
	UGAT_SESSION=/nowhere stream -o -
	codes "0 77"
	[ ! -s fetch.out ]
	clean
}
