# SPDX-License-Identifier: ISC
# What ugat-make makes is a torrent like any other: foreign programs serve it, ugat-fetch downloads it,
# and its records say that all is there.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# A libtorrent that downloads into $OUT from the one ugat-fetch.
leech() {
	mkdir -p "$OUT"
	spawn leech "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -c "127.0.0.1:$(status_field "$S_PORT" share.out)" "$TORRENT" "$OUT"
}

# made [OPTION...]: a torrent of $SRC/a by ugat-make, known to the tracker.
made() {
	content a/one 1 600000
	content a/two 2 180000
	content "a/a folder/three" 3 200000
	: >"$SRC/a/empty"
	tracker
	TORRENT=$SCRATCH/made.torrent
	ugat-make -o "$TORRENT" -a "$TRACKER" "$@" "$SRC/a"
	BTIH=$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" btih "$TORRENT")
	allow "$BTIH"
}

# downloaded SEEDER: ugat-fetch gets it from there.
downloaded() {
	"$1" seeder "$SRC"
	swarm_up 1
	fetch -w
	codes "0 0 0"
	same
	[ "$(status_field "$S_DOWN")" -eq 980000 ]
}

@test "aria2 serves it" {
	made -b 32K
	downloaded seed_aria2
}

@test "transmission serves it" {
	made -b 16K
	downloaded seed_transmission
}

@test "libtorrent serves it" {
	made -M private=1 -M source=here
	downloaded seed_libtorrent
}

@test "aria2 downloads it, from libtorrent" {
	made
	seed_libtorrent seeder "$SRC"
	swarm_up 1
	mkdir out
	seed_aria2 leech out
	wait_for 30 same
}

@test "the records say that all is there: nothing is fetched and nothing hashed again" {
	content a/one 1 600000
	content a/two 2 180000
	tracker
	cd src
	ugat-make -r -b 32K -o ../x.torrent -a "$TRACKER" a >../records
	allow "$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" btih ../x.torrent)"
	# Who would hash would see this.
	touch -r a/two ../stamp
	printf x | dd of=a/two bs=1 seek=90000 conv=notrunc status=none
	touch -r ../stamp a/two
	cd ..
	pipeline "ugat-announce <records | ugat-fetch -w -d src"
	codes "0 0"
	[ "$(grep -c ^done fetch.out)" -eq 2 ]
	[ "$(status_field "$S_DOWN")" -eq 0 ]
}

# state NAME STATE: that is what NAME's last status record says.
state() {
	[ "$(status_field "$S_STATE" "$1.out")" = "$2" ]
}

@test "shared at once: ugat-make, ugat-announce, ugat-fetch -k in one pipe" {
	made
	background share "ugat-make -f -r -o '$TORRENT' -a '$TRACKER' src/a | ugat-announce | ugat-fetch -w -k -d src"
	wait_for 20 state share seeding
	swarm_up 1
	[ "$(status_field "$S_DOWN" share.out)" -eq 0 ]
	seed_aria2 leech out
	wait_for 30 same
	kill -TERM "$(fetch_pid)"
	ended share 10
	codes "0 0 143"
	same src
}

@test "ugat-verify says that all is there, and ugat-fetch -k serves it" {
	made
	background share "ugat-parse '$TORRENT' | ugat-verify -d src | ugat-announce | ugat-fetch -w -k -d src"
	wait_for 20 state share seeding
	swarm_up 1
	leech
	wait_for 30 same
	kill -TERM "$(fetch_pid)"
	ended share 10
	codes "0 0 0 143"
}
