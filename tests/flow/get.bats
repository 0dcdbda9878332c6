#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat get: the whole pipeline behind one word, with real seeders and a real tracker.
# shellcheck source=lib.bash

setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
	tracker
}

teardown() {
	flow_stop
}

# Two torrents, each with a seeder: $first and $second.
two_torrents() {
	content a 1 700000
	torrent a
	seed_libtorrent one "$SRC" && swarm_up 1 || return 1
	first=$TORRENT
	content b 2 500000
	torrent b
	seed_libtorrent two "$SRC" && swarm_up 1 || return 1
	second=$TORRENT
}

@test "one word downloads a torrent, exit 0, and each file is told" {
	content a 1 700000
	torrent a
	seed_libtorrent one "$SRC" && swarm_up 1
	pipeline "ugat get -d '$OUT' '$TORRENT'"
	codes 0
	grep -q '^done' fetch.out
	[ ! -s fetch.err ]
	same
}

@test "from standard input, and one file's bytes to standard output" {
	content a 1 700000
	torrent a
	seed_libtorrent one "$SRC" && swarm_up 1
	STDIN=$TORRENT pipeline "ugat get -o - -"
	codes 0
	cmp fetch.out "$(find "$SRC/a" -type f)"
}

@test "two torrents, in turn and at once" {
	two_torrents
	pipeline "ugat get -d turn '$first' '$second'"
	codes 0
	diff -r "$SRC" turn -x .ugat
	pipeline "ugat get -j 2 -d both '$first' '$second'"
	codes 0
	diff -r "$SRC" both -x .ugat
	[ ! -s fetch.err ]
}

@test "one of several fails: the others are loaded, and its words and its code remain" {
	two_torrents
	echo nonsense >bad.torrent
	for at_once in 1 2; do
		rm -rf out
		pipeline "ugat get -j $at_once -d out '$first' bad.torrent '$second'"
		codes 65
		diff -r "$SRC" out -x .ugat
		said 'ugat-parse: bad\.torrent: '
		[ "$(wc -l <fetch.err)" -eq 1 ]
	done
	said '^bad\.torrent: ugat-parse: '
}

@test "TERM ends the pipeline in order: nothing is left, what was loaded counts, exit by that signal" {
	content a 1 4000000
	torrent a
	seed_libtorrent one "$SRC" && swarm_up 1
	for at_once in 1 2; do
		rm -rf "$OUT"
		background get "ugat get -D 300K -j $at_once -d '$OUT' '$TORRENT' '$TORRENT' & echo \$! >got.pid; wait \$!; (exit \$?)"
		wait_for 15 test -e "$OUT/.ugat/$BTIH.have"
		kill -TERM "$(cat got.pid)"
		ended get 10
		codes 143
		! pgrep -f "ugat-fetch.*$OUT"
		[ ! -e "$OUT/.ugat/$BTIH.lock" ] || flock -n "$OUT/.ugat/$BTIH.lock" true
	done
	pipeline "ugat get -d '$OUT' '$TORRENT'"
	codes 0
	same
}

# The process of our group that reads the torrent; got: its pid.
reading() {
	got=$(pgrep -s "$(cat get.pid)" -x ugat-parse)
}

@test "TERM while the torrent is still on its way: it ends at once, not when whoever sends it does" {
	mkfifo slow
	exec 7<>slow
	content a 1 4000
	torrent a
	printf d >&7
	for how in '' "-j 2 '$TORRENT'"; do
		background get "ugat get $how - <slow 7>&- & echo \$! >got.pid; wait \$!; (exit \$?)"
		wait_for 15 reading
		kill -TERM "$(cat got.pid)"
		ended get 10
		codes 143
		wait_for 5 gone "$got"
	done
	exec 7>&-
}

@test "a table on the terminal does not read the torrent that comes through standard input" {
	two_torrents
	# shellcheck disable=SC2016
	"$FLOW_PYTHON" "$FLOW_DIR/onpty.py" 80 screen timeout 60 sh -c 'ugat get -j 2 -d out "$1" - <"$2"' - "$first" "$second" >fetch.out
	diff -r "$SRC" out -x .ugat
}

@test "a table on the terminal while several run, then nothing but the words" {
	two_torrents
	"$FLOW_PYTHON" "$FLOW_DIR/onpty.py" 80 screen timeout 60 ugat get -j 2 -d out "$first" "$second" >fetch.out
	grep -aq 'BTIH .*STATE' screen
	diff -r "$SRC" out -x .ugat
}
