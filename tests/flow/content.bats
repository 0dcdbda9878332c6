# SPDX-License-Identifier: ISC
# All shapes of content. The peer is libtorrent, or a script where libtorrent would change a name.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# fetched [PIECE]: make the torrent of $SRC/a, fetch it, and compare.
fetched() {
	tracker
	torrent a "${1:-65536}"
	seed_libtorrent libtorrent "$SRC"
	swarm_up 1
	fetch
	codes "0 0 0"
	same
	silent
	no_litter
}

@test "a single file" {
	content a 1 1234567
	fetched
}

@test "a single file made by mktorrent, with its own pieces" {
	tracker
	content "a b.bin" 1 1234567
	TORRENT=$PWD/m.torrent
	mktorrent -l 15 -a "$TRACKER" -o "$TORRENT" "$SRC/a b.bin" >/dev/null 2>&1 3>&-
	BTIH=$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" btih "$TORRENT")
	allow "$BTIH"
	seed_libtorrent libtorrent "$SRC"
	swarm_up 1
	fetch
	codes "0 0 0"
	same
}

@test "a directory made by transmission-create" {
	tracker
	content a/one 1 1234567
	content a/two/three 2 65537
	TORRENT=$PWD/t.torrent
	transmission-create -t "$TRACKER" -o "$TORRENT" "$SRC/a" >/dev/null 2>&1 3>&-
	BTIH=$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" btih "$TORRENT")
	allow "$BTIH"
	seed_libtorrent libtorrent "$SRC"
	swarm_up 1
	fetch
	codes "0 0 0"
	same
}

@test "three hundred files, many of them inside one piece" {
	for i in {1..300}; do
		content "a/d$((i % 7))/f$i" "$i" $((i * i % 9001 + 1))
	done
	fetched
}

@test "a last piece of one byte" {
	content a 1 $((65536 * 9 + 1))
	fetched
}

@test "content of one byte" {
	content a 1 1
	fetched
}

@test "pieces that end where files end" {
	content a/one 1 65536
	content a/two 2 131072
	content a/zz 3 65536
	fetched
}

@test "empty files at the front, between and at the end" {
	mkdir -p "$SRC/a/deep/er"
	: >"$SRC/a/0"
	content a/1 1 100000
	: >"$SRC/a/deep/er/empty"
	content a/f 2 100000
	: >"$SRC/a/z"
	fetched
}

@test "pieces of 4 MiB, larger than the whole content" {
	content a/one 1 700000
	content a/two 2 5
	fetched 4194304
}

@test "names with blanks, quotes, UTF-8, backslashes, tabs and newlines" {
	content "a/two  words" 1 40000
	content "a/'single' \"double\" \`back\`" 2 40000
	content "a/naïve 名前 ☃ 😀" 3 40000
	content $'a/new\nline' 4 40000
	content $'a/a\ttab' 5 40000
	content 'a/back\slash \t \n \0101' 6 40000
	content "a/-" 7 40000
	content "a/-rf" 8 40000
	content "a/\$HOME *?[x]&;|" 9 40000
	content "a/ leading/trailing " 10 40000
	tracker
	torrent a
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	fetch_from "$FAKE_PORT"
	codes "0 0"
	same
	no_litter
	[ "$(wc -l <fetch.out)" -eq 10 ]
}

@test "every done line names a file that opens from here, even a name with a newline" {
	content $'a/new\nline' 4 40000
	content 'a/back\slash' 6 40001
	content "a/plain" 7 40002
	torrent a
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	fetch_from "$FAKE_PORT"
	codes "0 0"
	while IFS=$'\t' read -r kind path size; do
		[ "$kind" = "done" ]
		printf -v path '%bx' "$path"
		path=${path%x}
		[ "size=$(stat -c %s "$path")" = "$size" ]
		sha256sum <"$path"
	done <fetch.out | sort >opened
	[ "$(wc -l <opened)" -eq 3 ]
	find "$SRC" -type f -exec sh -c 'sha256sum <"$1"' - {} ';' | sort | cmp - opened
}

@test "-0 writes bare paths with a NUL behind each" {
	content $'a/new\nline' 4 40000
	content "a/plain" 7 40002
	torrent a
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	OPTIONS=-0 fetch_from "$FAKE_PORT"
	codes "0 0"
	xargs -0 sha256sum <fetch.out | wc -l | grep -qx 2
	same
}
