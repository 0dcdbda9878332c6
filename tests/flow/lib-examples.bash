# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Tests of examples, in the world that they name. Sourced at the top of a bats file, whose setup it is; a file that
# needs no torrents says EXAMPLES_WORLD=empty before.

# shellcheck source=lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
# shellcheck source=lib-netns.bash
. "${BASH_SOURCE[0]%/*}/lib-netns.bash"
# shellcheck source=lib-world.bash
. "${BASH_SOURCE[0]%/*}/lib-world.bash"

setup_file() {
	world_up "${EXAMPLES_WORLD:-full}"
}

teardown_file() {
	world_down
}

setup() {
	world_enter
}

teardown() {
	flow_stop
}
