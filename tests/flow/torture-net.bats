# SPDX-License-Identifier: ISC
# Samples of what `make torture` does in full among peers and trackers.
bats_require_minimum_version 1.5.0

# shellcheck source=lib-torture.bash
. "$BATS_TEST_DIRNAME/lib-torture.bash" # its setup, too

@test "torture: five kinds of bad peers, one of each and ten, beside an honest one" {
	attack peers
}

@test "torture: bad trackers beside a good one" {
	attack trackers
}

@test "torture: two torrents among ten peers that are killed at random" {
	attack soak
}
