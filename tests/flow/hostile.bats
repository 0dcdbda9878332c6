# SPDX-License-Identifier: ISC
# Peers that lie, stay silent or are not there, beside honest ones.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# beside MODE [PIECE]: a scripted peer of that mode and an honest one; the download must be right.
beside() {
	content a/one 1 700000
	content a/two 2 300001
	torrent a "${2:-65536}"
	fake bad fake_peer.py "$1" "$TORRENT" "$SRC"
	bad=$FAKE_PORT
	seed_libtorrent honest "$SRC" -U "${SLOW:-0}"
	FLOW_LIMIT=50 fetch_from "$bad" "$SEED_PORT"
	codes "0 0"
	same
}

@test "a peer that lies in every block, and an honest one" {
	SLOW=700000 beside liar
	says bad '^sent'
}

@test "a peer that lies in one block of each piece, and an honest one" {
	SLOW=700000 beside half
	says bad '^sent'
}

@test "a peer that stays silent, and an honest one" {
	beside silent
	says bad '^hello'
}

@test "a peer that never unchokes, and an honest one" {
	beside mute
	says bad '^hello'
}

@test "a peer that chokes for ever, and an honest one" {
	beside choke
}

@test "a peer that closes after the handshake, and an honest one" {
	beside close
}

@test "a peer that closes at the first request, and an honest one" {
	SLOW=700000 beside drop
}

@test "a peer with another info-hash, and an honest one" {
	beside stranger
}

@test "a peer that announces 4 GiB, and an honest one" {
	SLOW=700000 beside flood
}

@test "a peer that talks noise, and an honest one" {
	SLOW=700000 beside noise
}

@test "a peer that sends what nobody asked for, and an honest one" {
	SLOW=700000 beside unasked
}

@test "a peer of one block a second does not hold up the end" {
	SLOW=2000000 beside slow
	[ "$(grep -c '^sent' bad.out)" -le 40 ]
}

@test "one big piece and a peer that falls silent in it" {
	beside mute 1048576
}

@test "a peer that tells its pieces twice, as aria2 does, is believed" {
	content a 1 700001
	torrent a
	fake peer fake_peer.py twice "$TORRENT" "$SRC"
	fetch_from "$FAKE_PORT"
	codes "0 0"
	same
}

@test "a peer that takes encrypted calls only: what it may be is said" {
	content a 1 200000
	torrent a
	seed_libtorrent secret "$SRC" -e
	OPTIONS='-v -t 3s' fetch_from "$SEED_PORT"
	codes "0 75"
	said "^ugat-fetch: peer 127.0.0.1:$SEED_PORT hung up on our handshake: perhaps it takes encrypted calls only$"
	said '^ugat-fetch: stalled 0:03: .* 0 peers; 0 trackers ok: who was called hung up, perhaps for want of encryption$'
}

@test "our own address among the peers, in every form: not dialled at all" {
	content a 1 200000
	torrent a
	port
	feed in
	{
		for host in 127.0.0.1 127.0.0.2 ::1 ::ffff:127.0.0.1 localhost; do printf 'peer\t%s\t%s\n' "$host" "$PORT"; done
		hostname -I 2>/dev/null | tr ' ' '\n' | sed "/./!d; s/.*/peer	&	$PORT/"
	} >in
	STDIN=in spawn fetch ugat-fetch -v -w -d out -p "$PORT"
	wait_for 10 grep -q '127.0.0.2:.* is ourselves' fetch.err || { show fetch.err; false; }
	wait_for 10 grep -q '\[::1\]:.* is ourselves' fetch.err || { show fetch.err; false; }
	wait_for 3 three_loading
	no grep 'hung up' fetch.err
	[ "$(status_field "$S_PEERS" fetch.out)" -eq 0 ]
	seed_libtorrent late "$SRC"
	eval "$(peers "$SEED_PORT")" >in
	wait_for 10 gone "$(cat fetch.pid)" || wait_for 5 same
	same
}

three_loading() {
	[ "$(grep -c '^status	loading' fetch.out)" -ge 3 ]
}

@test "one that falls silent in the last block costs seconds, not the minute that a request has" {
	content a 1 3000000
	torrent a 65536
	fake quiet fake_peer.py last "$TORRENT" "$SRC"
	quiet=$FAKE_PORT
	feed in "$quiet"
	STDIN=in spawn fetch ugat-fetch -w -d out
	# All but the last block is there; somebody else who has it comes now.
	wait_for 20 loaded fetch $((3000000 - 16384)) && says quiet "^silent" || { show quiet.out; false; }
	seed_libtorrent honest "$SRC"
	start=${EPOCHREALTIME/./}
	eval "$(peers "$SEED_PORT")" >in
	wait_for 10 grep -q '^done' fetch.out
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	echo "$took ms" >&2
	[ "$took" -lt 30000 ]
	same
}
