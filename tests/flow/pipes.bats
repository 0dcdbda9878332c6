# SPDX-License-Identifier: ISC
# What people put between the stages, and what they do to the text.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# served: content in three files that share pieces, a seeder, a tracker.
served() {
	tracker
	content a/one 1 500000
	content a/two 2 500000
	content a/three 3 500000
	torrent a
	seed_libtorrent libtorrent "$SRC"
	swarm_up 1
}

@test "grep --line-buffered, tee and pv stand between the stages" {
	served
	pipeline "ugat-parse '$TORRENT' | tee saved | grep --line-buffered -v '^meta' | ugat-announce | pv -q | ugat-fetch -d out"
	codes "0 0 0 0 0 0"
	same
	ugat-parse "$TORRENT" | cmp - saved
}

@test "sed -u and a second tee behind ugat-announce let the peers through while it runs" {
	served
	pipeline "ugat-parse '$TORRENT' | ugat-announce | sed -u 's/^#.*//;/^$/d' | tee seen | ugat-fetch -d out"
	codes "0 0 0 0 0"
	same
	grep -q "^peer	127.0.0.1	$SEED_PORT" seen
	[ "$(sed -n '1,2s/	.*//p' seen | tr '\n' ' ')" = "ugat self " ]
}

@test "the text may be kept in a file and used later" {
	served
	ugat-parse "$TORRENT" >saved
	pipeline "ugat-announce <saved | ugat-fetch -d out"
	codes "0 0"
	same
}

@test "a file line that grep took away: the file is not made, its neighbours are whole" {
	served
	pipeline "ugat-parse '$TORRENT' | grep -v '^file	.*	a/two' | ugat-announce | ugat-fetch -d out"
	codes "0 0 0 0"
	[ ! -e out/a/two ]
	rm "$SRC/a/two"
	same
	no_litter
}

@test "ugat-pick: one file alone, and a later run brings the others" {
	served
	pipeline "ugat-parse '$TORRENT' | ugat-pick '*/three' | ugat-announce | ugat-fetch -d out"
	codes "0 0 0 0"
	[ "$(cd out && find . -name .ugat -prune -o -type f -print)" = ./a/three ]
	cmp out/a/three "$SRC/a/three"
	fetch
	codes "0 0 0"
	same
}

@test "an edited path: the file lands there" {
	served
	pipeline "ugat-parse '$TORRENT' | sed 's|	a/two|	b/moved|' | ugat-announce | ugat-fetch -d out"
	codes "0 0 0 0"
	mkdir "$SRC/b"
	mv "$SRC/a/two" "$SRC/b/moved"
	same
}

@test "no tracker in the torrent: a peer line by hand is enough" {
	content a 1 500000
	torrent a
	seed_libtorrent libtorrent "$SRC"
	fetch_from "$SEED_PORT"
	codes "0 0"
	same
	silent
}

@test "no tracker in the torrent: ugat-announce says that it needs peer lines" {
	content a 1 500000
	torrent a
	pipeline "ugat-parse '$TORRENT' | ugat-announce -1 | cat"
	said 'names no tracker'
}

@test "a peer line behind the description, while it downloads" {
	content a 1 500000
	torrent a
	seed_libtorrent libtorrent "$SRC"
	feed in
	background job "ugat-fetch -w -d out <in"
	wait_for 10 grep -q '^status' job.out
	printf 'peer\t127.0.0.1\t%s\n' "$SEED_PORT" >in
	ended job 10
	codes 0
	same
}

@test "a denied address is not dialled" {
	content a 1 500000
	torrent a
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	pipeline "{ printf 'deny!\t127.0.0.0/8\n'; $(peers "$FAKE_PORT"); ugat-parse '$TORRENT'; } | ugat-fetch -t 3s -d out"
	[[ $CODES == "0 "* && $CODES != "0 0" ]]
	no says peer hello
}

@test "a text that ends in the middle: exit 65, nothing is downloaded" {
	served
	pipeline "ugat-parse '$TORRENT' | head -n 5 | ugat-fetch -d out"
	[ "${CODES##* }" -eq 65 ]
	said 'ugat-fetch: .*end'
}

@test "a torrent that ugat-parse refuses: one cause, one code in every stage" {
	echo 'no torrent' >bad.torrent
	pipeline "ugat-parse bad.torrent | ugat-announce | ugat-fetch -d out"
	codes "65 65 65"
	[ "$(wc -l <fetch.err)" -eq 1 ]
	said '^ugat-parse: .*bad.torrent'
	[ ! -e out ] || [ -z "$(ls -A out)" ]
}

@test "a piece line that a filter ate: exit 65 with the hint" {
	served
	pipeline "ugat-parse '$TORRENT' | sed '/^piece	3	/d' | ugat-fetch -d out"
	[ "${CODES##* }" -eq 65 ]
	said 'filter'
}

@test "-w writes status records, the last one with exit 0" {
	served
	pipeline "ugat-parse '$TORRENT' | ugat-announce | ugat-fetch -w -d out"
	codes "0 0 0"
	same
	[ "$(grep -c '^done	' fetch.out)" -eq 3 ]
	[ "$(status_field "$S_EXIT")" = 0 ]
	[ "$(status_field "$S_WANTED")" = 1500000 ]
	[ "$(status_field "$S_DOWN")" -ge 1500000 ]
	[ "$(status_field "$S_LEFT")" = 0 ]
}

@test "two downloads at once into different directories, from each other and the seeder" {
	served
	background one "ugat-parse '$TORRENT' | ugat-announce | ugat-fetch -d out1"
	background two "ugat-parse '$TORRENT' | ugat-announce | ugat-fetch -d out2"
	ended one 20
	codes "0 0 0"
	ended two 20
	codes "0 0 0"
	same out1
	same out2
}

@test "two downloads at once into one directory: the second is told that it is busy" {
	tracker
	content a 1 2000000
	torrent a
	seed_libtorrent libtorrent "$SRC" -U 400000
	swarm_up 1
	background one "ugat-parse '$TORRENT' | ugat-announce | ugat-fetch -w -d out"
	wait_for 10 loaded one 1
	fetch
	[ "${CODES##* }" -eq 75 ]
	ended one 20
	codes "0 0 0"
	same
}
