# SPDX-License-Identifier: ISC
# Samples of what `make torture` does in full among peers and trackers.
bats_require_minimum_version 1.5.0

attack() { # theme
	"$BATS_TEST_DIRNAME/../torture/$1/run" quick >attack.out 2>&1 && return 0
	cat attack.out
	return 1
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

@test "torture: five kinds of bad peers, one of each and ten, beside an honest one" {
	attack peers
}

@test "torture: bad trackers beside a good one" {
	attack trackers
}

@test "torture: two torrents among ten peers that are killed at random" {
	attack soak
}
