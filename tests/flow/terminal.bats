# SPDX-License-Identifier: ISC
# What a person at a terminal sees.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# watched COLUMNS: download 3 MB in about 3 s with a terminal on ugat-fetch's stderr, into `screen`.
watched() {
	content "a long name of something" 1 3000000
	torrent "a long name of something"
	seed_libtorrent libtorrent "$SRC" -U 1000000
	pipeline "{ $(peers "$SEED_PORT"); ugat-parse '$TORRENT'; } |
		$FLOW_PYTHON $FLOW_DIR/onpty.py $1 screen ugat-fetch -d out"
	codes "0 0"
	same
	# A line for every time that the line was written anew, without the escape sequences.
	sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' screen | tr '\r' '\n' | sed 's/ *$//' | grep . >lines
}

@test "the progress line shows percent, sizes, both speeds, peers and the time left" {
	watched 120
	said ' [0-9]+%' lines
	said '/2\.86 MiB' lines
	said '[0-9.]+ [KM]iB/s' lines
	said 'down' lines
	said 'up' lines
	said '1 peer' lines
	said 'ETA [0-9]+:[0-9][0-9]' lines
	said '#' lines
}

@test "the line is written often enough and never wider than the terminal" {
	for columns in 40 80 30; do
		rm -rf out
		end_pid "$(cat libtorrent.pid 2>/dev/null || echo 999999999)"
		watched "$columns"
		[ "$(wc -l <lines)" -ge 6 ]
		[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' lines)" -lt "$columns" ]
	done
}

@test "the last line tells size, time and mean speed, and ends the line" {
	watched 100
	tail -n 1 lines >last
	said '2\.86 MiB in [0-9.]+ s, ' last
	said '[0-9.]+ [KM]iB/s' last
	[ "$(tail -c 1 screen | od -An -tx1 | tr -d ' ')" = 0a ]
}

@test "-q: no progress line" {
	content a 1 300000
	torrent a
	seed_libtorrent libtorrent "$SRC"
	pipeline "{ $(peers "$SEED_PORT"); ugat-parse '$TORRENT'; } |
		$FLOW_PYTHON $FLOW_DIR/onpty.py 80 screen ugat-fetch -q -d out"
	codes "0 0"
	[ ! -s screen ]
}

@test "no terminal on stderr: silent" {
	content a 1 3000000
	torrent a
	seed_libtorrent libtorrent "$SRC" -U 2000000
	fetch_from "$SEED_PORT"
	codes "0 0"
	silent
}

@test "a name with escapes cannot speak to the terminal" {
	content $'a\e[31mb\a' 1 1500000
	torrent $'a\e[31mb\a'
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	pipeline "{ $(peers "$FAKE_PORT"); ugat-parse '$TORRENT'; } |
		$FLOW_PYTHON $FLOW_DIR/onpty.py 80 screen ugat-fetch -d out"
	codes "0 0"
	same
	no grep -aq $'\e\\[31m\|\a' screen
}
