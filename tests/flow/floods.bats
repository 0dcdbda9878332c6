# SPDX-License-Identifier: ISC
# Peers that say too much: fifty connections of them cost no memory, and others are served all the same.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
	content a 1 3000000
	torrent a 65536
	feed in
	port
	HERE=$PORT
}

teardown() {
	flow_stop
}

# most PID: the most memory that it ever had, in KiB.
most() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

# flooded MODE [WORDS]: fifty peers flood a seed of 3 MB for 3 s: it takes less than 32 MiB more, lives, and serves
# then. WORDS: why it shows them out; the first bound that they meet, others lie behind it.
flooded() {
	local before after pid

	mkdir mine
	cp "$SRC/a" mine
	STDIN=in spawn seed ugat-fetch -v -k -w -p "$HERE" -d mine
	wait_for 20 listening "$HERE"
	says_soon seed '^status	seeding'
	pid=$(cat seed.pid)
	before=$(most "$pid")
	"$FLOW_PYTHON" "$FLOW_FAKE/flood.py" "$1" "$HERE" "$BTIH" 46 50 3 3>&- >flood.out
	after=$(most "$pid")
	echo "$1: $before KiB, then $after KiB; $(cat flood.out)" >&2
	[ "$(sed 's/sent \([0-9]*\).*/\1/' flood.out)" -gt 1000 ]
	[ -n "${UGAT_SAN:-}" ] || [ $((after - before)) -lt 32768 ]
	no gone "$pid"
	[ -z "${2-}" ] || grep -q "peer .* $2\$" seed.err || { show seed.err; return 1; }
	OPTIONS='-t 20s' fetch_from "$HERE"
	codes "0 0"
	same
}

@test "haves, for every piece again and again" {
	flooded have 'floods us with messages'
}

@test "requests whose answers are never read" {
	flooded greedy 'floods us with messages'
}

@test "extension messages up to a megabyte" {
	flooded extended
}

@test "moods: interested and not, choke and unchoke, cancels" {
	flooded moods 'floods us with messages'
}

@test "bit fields, one behind the other" {
	flooded bits 'floods us with messages'
}

@test "large messages that never end" {
	flooded drip
}
