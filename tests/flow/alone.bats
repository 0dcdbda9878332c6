# SPDX-License-Identifier: ISC
# No peer that helps: what is said, the exit codes, and that nothing false is believed.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

@test "only a liar: it is never believed" {
	content a 1 300000
	torrent a
	fake bad fake_peer.py liar "$TORRENT" "$SRC"
	OPTIONS='-t 4s' FLOW_LIMIT=50 fetch_from "$FAKE_PORT"
	[[ $CODES == "0 75" || $CODES == "0 69" ]]
	no grep -q '^done' fetch.out
	no same
}

@test "only a silent peer and -t: exit 75 and one line that says why" {
	content a 1 300000
	torrent a
	fake bad fake_peer.py silent "$TORRENT" "$SRC"
	feed in "$FAKE_PORT"
	pipeline "ugat-fetch -t 3s -d out <in"
	codes 75
	[ "$(wc -l <fetch.err)" -eq 1 ]
	said '^ugat-fetch: stalled'
	said '0/5 pieces'
}

@test "a peer with half the pieces: the words tell how many have no source" {
	content a 1 655360
	torrent a
	part half 0-4
	seed_libtorrent half half
	feed in "$SEED_PORT"
	pipeline "ugat-fetch -t 3s -d out <in"
	codes 75
	said '5/10 pieces'
	said '5 have no source'
}

@test "input that ends and no peer to try: exit 69" {
	content a 1 500000
	torrent a
	FLOW_LIMIT=50 pipeline "ugat-parse '$TORRENT' | ugat-fetch -d out"
	codes "0 69"
	said '^ugat-fetch: '
}
