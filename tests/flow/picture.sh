#!/bin/bash
# SPDX-License-Identifier: ISC
# `make picture`: man/ugat.svg, the picture of README.md, from a real run in the world of the examples.
#   picture.sh FILE
set -u
out=$(realpath -m "$1")
cd "$(dirname "$0")" || exit 1
place=$(mktemp -d "${TMPDIR:-/tmp}/ugat-picture.XXXXXX") || exit 1
BATS_RUN_TMPDIR=$place BATS_FILE_TMPDIR=$place BATS_TEST_TMPDIR=$place/test
# shellcheck source=lib.bash
. ./lib.bash
# shellcheck source=lib-netns.bash
. ./lib-netns.bash
# shellcheck source=lib-world.bash
. ./lib-world.bash
tidy() {
	world_down 2>/dev/null
	rm -rf "$place"
}
trap tidy EXIT
trap 'exit 130' INT TERM HUP

# concert: what is downloaded: twelve recordings, from a peer who gives 5 MiB a second.
concert() {
	local n=0 name

	for name in overture march 'slow air' jig reel hornpipe waltz polka lament strathspey slide finale; do
		n=$((n + 1))
		content "concert/$(printf '%02d' $n) $name.flac" 8$n $((3500000 + n * 40000)) || return
	done
	shared_torrent concert concert 6884 -U 5242880 && wait_for 30 known "$BTIH"
}

world_up full && concert && world_enter && cp "$WORLD/shared/concert.torrent" "$OPS/" || exit 1
rm -rf "$OPS/.local"
cp "$WORLD/shared/ops.password" "$OPS/password" && chmod 600 "$OPS/password"
spawn_in recv there lab ugat-recv -q -u ops -d .
listens_on there 65432 || exit 1
way here ops
"$FLOW_PYTHON" "$FLOW_DIR/picture.py" 92 "${WAY[@]}" TERM=xterm sh -c <<'END' >"$place/picture" || exit 1
ugat-login -u ops -P password auth.example.org
ugat-parse concert.torrent | grep '^file' | cut -f 2,4,5 | head -n 4

# Three of the twelve, from all peers that the tracker knows:
ugat-parse concert.torrent | ugat-pick 2 '*jig*' 11 | ugat-announce | ugat-fetch

# One of them to the user lab, encrypted, who is who he says he is:
ugat-send lab@lab-host 'concert/12 finale.flac'
END
mv "$place/picture" "$out"
