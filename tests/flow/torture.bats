# SPDX-License-Identifier: ISC
# Samples of what `make torture` does in full.
bats_require_minimum_version 1.5.0

# shellcheck source=lib-torture.bash
. "$BATS_TEST_DIRNAME/lib-torture.bash" # its setup, too

@test "torture: of every 17th allocation that fails each command makes an end or makes do" {
	attack memory
}

@test "torture: 300 generated torrents are read as libtorrent reads them" {
	attack agree
}

@test "torture: every 10th hostile torrent through every command" {
	attack torrents
}

@test "torture: short reads and writes, EINTR, EAGAIN, failing and full disks, few descriptors, stops: right, or told" {
	attack calls
}

@test "torture: ten kills each of a transfer, a torrent that is made and a login daemon, and a loss of power" {
	attack kills
}

@test "torture: hostile names reach no terminal" {
	attack names
}
