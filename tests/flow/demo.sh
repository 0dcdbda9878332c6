#!/bin/bash
# SPDX-License-Identifier: ISC
# `make demo`: the main job on this machine alone. A login server with its first user, a torrent of real
# files, a real tracker, three real peers of which none has everything, and the pipeline. Needs nothing from
# outside and leaves nothing.
set -u
cd "$(dirname "$0")/../.." || exit 1
HOUSE=$PWD

# shellcheck source=lib.bash
. tests/flow/lib.bash

command -v ugat-fetch >/dev/null || {
	echo "demo: ugat-fetch is not in \$PATH: run \`make demo\`" >&2
	exit 1
}
BIN=$(dirname "$(command -v ugat-fetch)")
place=$(mktemp -d "${TMPDIR:-/tmp}/ugat-demo.XXXXXX") || exit 1
tidy() {
	flow_stop 2>/dev/null
	rm -rf "$place"
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() {
	printf '%s\n' "$*"
}

fail() {
	say "" "demo: $*" >&2
	[ ! -s fetch.err ] || tail -n 5 fetch.err >&2
	exit 1
}

# real_files: some MiB of what every machine has, under one name.
real_files() {
	local file left=$((24 << 20)) size

	mkdir -p "$SRC/demo/ugat" "$SRC/demo/machine"
	cp -r "$HOUSE/lib" "$HOUSE/cmd" "$SRC/demo/ugat" &&
		for file in "$(command -v bash)" "$(command -v aria2c)" "$(command -v ugat-fetch)" /usr/lib/*/lib[cst]*.so.*; do
			[ -f "$file" ] || continue
			[ ! -e "$SRC/demo/machine/${file##*/}" ] || continue
			size=$(stat -Lc %s "$file")
			[ "$size" -lt "$left" ] || continue
			left=$((left - size))
			cp -L "$file" "$SRC/demo/machine/"
		done
}

flow_start "$place" || fail "cannot write in $place"
say "ugat demo: a login, and one download from three peers, all on this machine."
say ""

# Nobody is logged in yet.
export HOME=$place/new-home
mkdir "$HOME"
PATH=$BIN/../sbin:$PATH
authd_start "$place" || fail "authd does not start"
echo "$AUTHD_PID" >>pids
say "\$ authd -d authd -N open"
say "  authd     at $AUTHD is $AUTHD_PIN"
say "\$ ugat-login -N -u ops -P password -F ${AUTHD_PIN%"${AUTHD_PIN#sha256:????????}"}... $AUTHD"
authd_register ops || fail "ops cannot register"
ugat-login -s | sed -n 's/^\(user\|server\|until\)/  &/p' | grep . || fail "ops is not logged in"
say ""

real_files || fail "no files to share"
tracker || fail "opentracker does not start"
torrent demo 131072 || fail "libtorrent cannot make the torrent"
files=$(find "$SRC" -type f | wc -l)
say "  torrent   $files files, $(du -sh --apparent-size "$SRC" | cut -f 1) ($BTIH)"
say "  tracker   opentracker at $TRACKER"

# None of them knows the others, so each keeps its own part.
SEED_TORRENT=$TORRENT.bare
"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" bare "$TORRENT" "$SEED_TORRENT"
for k in 0 1 2; do
	part "third$k" "$k/3" || fail "cannot cut the content"
done
peer() { # words pieces command...
	local what=$1 pieces=$2

	shift 2
	"$@" || fail "$what does not start"
	enroll "$SEED_PORT" || fail "the tracker does not take the peers"
	say "  peer      $what at 127.0.0.1:$SEED_PORT has the pieces $pieces ..."
}
peer aria2 "0 3 6 9" seed_aria2 peer0 third0 --max-overall-upload-limit=4M
peer libtorrent "1 4 7 10" seed_libtorrent peer1 third1 -U 3000000
peer libtorrent "2 5 8 11" seed_libtorrent peer2 third2 -U 3000000
swarm_up 3 || fail "the tracker does not know the peers"

say ""
say "\$ ugat-parse demo.torrent | ugat-announce | ugat-fetch -d out"
cp "$TORRENT" demo.torrent
start=${EPOCHREALTIME/./}
timeout --foreground -k 2 60 bash -o pipefail -c 'ugat-parse demo.torrent | ugat-announce | ugat-fetch -d out' >done.txt 3>&-
code=$?
[ "$code" -eq 0 ] || fail "the pipeline ended with $code"
ms=$(((${EPOCHREALTIME/./} - start) / 1000))
[ -t 2 ] || say "  (on a terminal a progress line is here)"

say ""
same "$OUT" || fail "SHA-256: the files differ"
say "  done lines $(grep -c '^done' done.txt), the last: $(tail -n 1 done.txt | tr '\t' ' ')"
say "  SHA-256    all $files files are what they should be, in $((ms / 1000)).$((ms / 100 % 10)) s"
say ""
say "Try next (a .torrent of your own, for example a Linux distribution's):"
say "  ugat-parse -s x.torrent                                      what is in it"
say "  ugat-parse x.torrent | ugat-announce | ugat-fetch -d out     download it"
say "  ugat-parse x.torrent | ugat-pick '*.iso' | ugat-announce | ugat-fetch -d out"
say "  ugat-parse x.torrent | grep -v '^file.*sample' | ugat-announce | ugat-fetch -d out"
say "  ugat-parse x.torrent | ugat-json | jq .                      the same as JSON"
say "The commands are in $BIN until \`make install\`; man -l man/ugat.7 is the map."
