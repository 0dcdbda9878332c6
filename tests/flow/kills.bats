# SPDX-License-Identifier: ISC
# A download that is killed again and again at moments drawn at random.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# The rule (ugat-fetch(1), DESIGN): what is verified is written at once, and known again by the journal or by
# hashing. So every run finds exactly the pieces that lie right on the disk, and only those that were under way
# when it was killed come again.
@test "a hundred kills of a download of 64 MiB: nothing that was verified is fetched again" {
	content a 7 67108864
	torrent a 65536
	seed_libtorrent seed "$SRC" -U 1400000
	{ eval "$(peers "$SEED_PORT")" && ugat-parse "$TORRENT"; } >in
	seed_libtorrent quick "$SRC"
	{ eval "$(peers "$SEED_PORT")" && ugat-parse "$TORRENT"; } >last
	"$FLOW_PYTHON" "$FLOW_DIR/kills.py" in last out "$SRC/a" 65536 100 3>&- >kills.out || { show kills.out; false; }
	show kills.out
	same
	no_litter
}
