# SPDX-License-Identifier: ISC
# The harness itself, proved with other clients than ugat.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# another_client PORT: aria2 downloads TORRENT by way of the tracker.
another_client() {
	timeout 40 aria2c --no-conf --seed-time=0 --enable-dht=false --enable-dht6=false --file-allocation=none \
		--listen-port="$PORT" --bt-exclude-tracker='*' --bt-tracker="http${TRACKER#udp}" --dir="$OUT" \
		"$TORRENT" >client.out 2>&1 3>&-
	rm -f "$OUT"/*.aria2
}

@test "three peers with a third of the pieces each are enough together" {
	tracker
	content a/one 1 1500000
	content a/two 2 300001
	torrent a
	seed_thirds
	swarm_is 3
	port
	another_client
	same
}

@test "a third is a third: no piece is with two of them" {
	content a/one 1 1500000
	content a/two 2 300001
	torrent a
	for k in 0 1 2; do
		part "third$k" "$k/3"
		seed_libtorrent "peer$k" "third$k"
		sed -n 's/^have //p' "peer$k.out" >>have
	done
	[ "$(tr '\n' ' ' <have)" = "10 9 9 " ]
}

@test "a process that a test leaves behind is found and ended" {
	spawn known sleep 60
	setsid sleep 61 </dev/null >/dev/null 2>&1 3>&- 4>&- &
	wait_for 2 grep -qs sleep /proc/$!/comm
	left=$!
	run flow_stop
	[ "$status" -ne 0 ]
	[[ $output == *"left behind: $left sleep 61"* ]]
	gone "$left"
	gone "$(cat "$SCRATCH/known.pid")"
}

@test "content that differs by one bit is not the same" {
	content a 1 100000
	mkdir out
	cp "$SRC/a" out/a
	same
	printf '\1' | dd of=out/a bs=1 seek=50000 conv=notrunc status=none
	no same
}

@test "the scripted peer is a BitTorrent peer: libtorrent downloads from it" {
	content a/one 1 200000
	content a/two 2 77777
	torrent a 16384
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	mkdir out
	spawn client "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -c "127.0.0.1:$FAKE_PORT" "$TORRENT" out
	wait_for 15 says client '^done'
	same
}

@test "the scripted tracker is a UDP tracker: libtorrent asks it, and it names its peers" {
	content a 1 1000
	fake udp fake_udptracker.py honest 127.0.0.1:9
	TRACKER=udp://127.0.0.1:$FAKE_PORT/announce
	allow() { :; }
	torrent a
	seed_libtorrent client "$SRC"
	wait_for 10 says udp '^announce event=2 .* left=0 '
}

@test "a picture of a terminal: the last screen, and what a row showed on its way there" {
	"$FLOW_PYTHON" "$FLOW_DIR/picture.py" 80 sh -c >picture.svg <<-'END'
		printf 'a\tb\rX\n'
		printf 'half'; sleep 0.5; printf '\r\033[Kwhole <&>\n'
	END
	"$FLOW_PYTHON" - <<-'END'
		import xml.dom.minidom
		rows = [(int(t.getAttribute("y")), t.getAttribute("visibility"), t.firstChild.data)
		        for t in xml.dom.minidom.parse("picture.svg").getElementsByTagName("text")]
		last = [text for y, hidden, text in sorted(rows) if not hidden]
		assert last[0].startswith("$ printf 'a") and last[1] == "X       b", rows
		assert last[3] == "whole <&>" and len(last) == 4, rows
		assert [text for y, hidden, text in rows if hidden] == ["half"], rows
	END
}

@test "a picture of what failed is none" {
	no "$FLOW_PYTHON" "$FLOW_DIR/picture.py" 40 sh -c <<<'exit 3' >picture.svg 2>err
	said 'exit 3' err
	[ ! -s picture.svg ]
}
