# SPDX-License-Identifier: ISC
# 256 MiB once, and little memory.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

@test "256 MiB from three peers with a third each" {
	tracker
	content a/big 1 268435456
	torrent a 262144
	for k in 0 1 2; do
		part "third$k" "$k/3"
		seed_libtorrent "peer$k" "third$k"
	done
	swarm_up 3
	fetch -w
	codes "0 0 0"
	same
	silent
	[ "$(status_field "$S_DOWN")" -eq 268435456 ]
}

@test "pieces of 16 MiB in 24 MiB of memory" {
	content a 1 50000000
	torrent a 16777216
	seed_libtorrent libtorrent "$SRC"
	OPTIONS='-m 24M' fetch_from "$SEED_PORT"
	codes "0 0"
	same
}
