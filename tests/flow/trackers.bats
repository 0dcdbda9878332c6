# SPDX-License-Identifier: ISC
# Trackers as they should be, as they are, and dead ones.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# by_tracker MODE: download by way of a scripted tracker.
by_tracker() {
	content a 1 500000
	torrent a
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	fake udp fake_udptracker.py "$1" "127.0.0.1:$FAKE_PORT"
	TORRENT=$PWD/tracked.torrent
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "udp://127.0.0.1:$FAKE_PORT/announce?key=1${2:+,$2}" 65536 "$SRC/a"
	fetch
}

@test "a tracker as it should be is told started, completed and stopped, and the path of its URL" {
	by_tracker honest
	codes "0 0 0"
	same
	wait_for 3 says udp '^announce event=3 '
	sed -n 's/^announce \(event=[0-9]\).*/\1/p' udp.out | uniq | tr '\n' ' ' | grep -qx 'event=2 event=1 event=3 '
	says udp "event=2 .* left=500000 .*options=020f$(printf '/announce?key=1' | od -An -tx1 | tr -d ' \n')"
	says udp '^announce event=1 downloaded=500000 left=0'
	no grep -q '^wrong' udp.out
}

@test "a tracker whose connection id is the magic number" {
	by_tracker magic
	codes "0 0 0"
	same
}

@test "a tracker that cuts its last peer in half" {
	by_tracker half
	codes "0 0 0"
	same
}

@test "a tracker that answers after 2 s" {
	by_tracker late
	codes "0 0 0"
	same
}

@test "forged answers before the right one are not believed" {
	by_tracker forged
	codes "0 0 0"
	same
	no grep -q '	1$' fetch.err
}

@test "a tracker that refuses, with terminal escapes in its words, beside one that serves" {
	tracker
	content a 1 500000
	torrent a
	fake udp fake_udptracker.py error
	seed_libtorrent libtorrent "$SRC"
	swarm_up 1
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "udp://127.0.0.1:$FAKE_PORT/announce,$TRACKER" 65536 "$SRC/a"
	pipeline "ugat-parse '$TORRENT' | ugat-announce | tee seen | ugat-fetch -d out"
	codes "0 0 0 0"
	same
	no grep -aq "$(printf '\033')" seen fetch.err
	grep -q '^unanswered	' seen
}

@test "a tracker that answers with 8 bytes: the torrent is not registered there" {
	by_tracker_once short
	grep -q '^unanswered	.*not registered' fetch.out
}

by_tracker_once() {
	content a 1 500000
	fake udp fake_udptracker.py "$1"
	TORRENT=$PWD/once.torrent
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "udp://127.0.0.1:$FAKE_PORT/announce" 65536 "$SRC/a"
	pipeline "ugat-parse '$TORRENT' | ugat-announce -1 -t 4s"
	codes "0 69"
}

@test "-1 and a tracker that is silent: exit 69" {
	by_tracker_once silent
	said 'ugat-announce: '
}

@test "-1 and a tracker that answers noise: exit 69" {
	by_tracker_once garbage
}

@test "a dead tracker beside one that lives" {
	tracker
	content a 1 500000
	torrent a
	seed_libtorrent libtorrent "$SRC"
	swarm_up 1
	port
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "udp://127.0.0.1:$PORT/announce,$TRACKER" 65536 "$SRC/a"
	fetch
	codes "0 0 0"
	same
}

@test "only a dead tracker: ugat-fetch stalls with 75, ugat-announce leaves with it" {
	content a 1 500000
	port
	TORRENT=$PWD/dead.torrent
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "udp://127.0.0.1:$PORT/announce" 65536 "$SRC/a"
	FLOW_LIMIT=40 fetch -t 4s
	[ "${CODES##* }" -eq 75 ]
	said '^ugat-announce: no tracker answers \(udp://.*: Connection refused\): asking on; `peer` lines work meanwhile$'
	said '^ugat-fetch: stalled'
}

@test "an HTTP tracker alone: found, completed and stopped" {
	tracker
	content a 1 500000
	TRACKER=http${TRACKER#udp} torrent a
	seed_libtorrent libtorrent "$SRC"
	swarm_up 1
	pipeline "ugat-parse '$TORRENT' | ugat-announce | tee seen | ugat-fetch -d out"
	codes "0 0 0 0"
	same
	silent
	grep -q "^announced	http://127.0.0.1:$TRACKER_PORT/announce	" seen
	[ "$(swarm "$BTIH")" -eq 1 ] # it said stopped
}
