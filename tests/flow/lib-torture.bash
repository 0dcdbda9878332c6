# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Samples of attacks of `make torture`. Sourced at the top of a bats file, whose setup it is.

# attack THEME
attack() {
	"$BATS_TEST_DIRNAME/../torture/$1/run" quick >attack.out 2>&1 && return 0
	cat attack.out
	return 1
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}
