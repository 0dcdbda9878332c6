# SPDX-License-Identifier: ISC
# Many who call and want nothing do not keep out somebody who does.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	. "$BATS_TEST_DIRNAME/lib-netns.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

served() {
	on here ugat-fetch -t 4s -d out <told >served.out 2>served.err
}

@test "eighty machines that call all the time and say nothing do not keep out one that loads" {
	hosts here
	address here 10.9.0.0/16 lo
	address here 10.9.0.1/32 lo
	content a 1 3000000
	torrent a 65536
	feed in
	port
	mkdir mine
	cp "$SRC/a" mine
	STDIN=in spawn seed "${NETNS_ENTER[@]}" -t "${HOST[here]}" ugat-fetch -v -k -w -p "$PORT" -d mine
	says_soon seed '^status	seeding'
	spawn crowd "${NETNS_ENTER[@]}" -t "${HOST[here]}" "$FLOW_PYTHON" "$FLOW_FAKE/flood.py" idle "$PORT" "$BTIH" 46 80 100 10.9
	says_soon seed '^status	\([^	]*	\)\{12\}\(4[0-9]\|50\)	'
	{ printf 'peer\t10.9.0.1\t%s\n' "$PORT" && ugat-parse "$TORRENT"; } >told
	wait_for 60 served || { show served.out served.err seed.err; return 1; }
	same
	# They were shown out one by one, not all at once.
	wait_for 10 grep -q "gives and takes nothing and makes room for another" seed.err
}
