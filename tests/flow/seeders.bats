# SPDX-License-Identifier: ISC
# The main job, ugat-parse | ugat-announce | ugat-fetch, with each kind of peer.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

some_content() {
	content a/one 1 2000000
	content a/two 2 300001
	content a/three 3 65536
	torrent a
}

@test "aria2 alone" {
	tracker
	some_content
	seed_aria2 aria2 "$SRC"
	swarm_up 1
	fetch
	codes "0 0 0"
	same
	silent
}

@test "transmission alone" {
	tracker
	some_content
	seed_transmission transmission "$SRC"
	swarm_up 1
	fetch
	codes "0 0 0"
	same
	silent
}

@test "libtorrent alone" {
	tracker
	some_content
	seed_libtorrent libtorrent "$SRC"
	swarm_up 1
	fetch
	codes "0 0 0"
	same
	silent
	no_litter
}

@test "aria2, transmission and libtorrent together, each with a third of the pieces" {
	tracker
	some_content
	seed_thirds
	fetch
	codes "0 0 0"
	same
	silent
}

@test "a seeder that comes after the download has begun is found by the next answer of the tracker, or dials" {
	tracker
	some_content
	part half0 0/2
	part half1 1/2
	seed_libtorrent first half0
	swarm_up 1
	port
	background job "ugat-parse '$TORRENT' | ugat-announce | ugat-fetch -w -p $PORT -d out"
	wait_for 20 loaded job 1000000
	seed_libtorrent second half1 -c "127.0.0.1:$PORT"
	ended job 20
	codes "0 0 0"
	same
}

@test "eight peers with an eighth each, named by hand" {
	content a 1 3000000
	torrent a 16384
	ports=()
	for k in 0 1 2 3 4 5 6 7; do
		part "eighth$k" "$k/8"
		seed_libtorrent "peer$k" "eighth$k" -i "127.0.0.$((k + 1))"
		ports+=("127.0.0.$((k + 1))	$SEED_PORT")
	done
	printf 'peer\t%s\n' "${ports[@]}" >peers
	pipeline "cat peers <(ugat-parse '$TORRENT') | ugat-fetch -d out"
	codes "0 0"
	same
}

@test "a peer that only IPv6 reaches" {
	content a 1 1000000
	torrent a
	seed_libtorrent libtorrent "$SRC" -i '[::1]'
	printf 'peer\t::1\t%s\n' "$SEED_PORT" >peers
	pipeline "cat peers <(ugat-parse '$TORRENT') | ugat-fetch -d out"
	codes "0 0"
	same
}
