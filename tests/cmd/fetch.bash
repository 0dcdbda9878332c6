# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The tests of ugat-fetch alone: the records are written by tests/fake/seed.py, which also serves them. Sourced at the top of a
# bats file, whose setup it is.
# shellcheck disable=SC2034 # read by the tests
# shellcheck disable=SC2119,SC2120 # options are theirs, too

# shellcheck source=../flow/lib.bash
. "${BASH_SOURCE[0]%/*}/../flow/lib.bash"

setup() {
	flow_start "$BATS_TEST_TMPDIR"
	SEED=("$FLOW_PYTHON" "$FLOW_FAKE/seed.py")
}

teardown() {
	flow_stop
}

# records NAME [PIECE]: the records of $SRC/NAME in the file `records`.
records() {
	# shellcheck disable=SC2094 # `records` is what it shall do
	"${SEED[@]}" records "${2:-65536}" "$SRC/$1" >records
	BTIH=$(sed -n 's/^torrent	\([^	]*\).*/\1/p' records)
}

# one_file: $SRC/a of 200 kB in 4 pieces, and its records.
one_file() {
	content a 1 200000
	records a
}

# seeds NAME [OPTION...]: peers that have it; their `peer` records are in NAME.peers.
seeds() {
	local name=$1

	shift
	spawn "$name" "${SEED[@]}" serve "$@" records "$SRC"
	says_soon "$name" '^peer'
	wait_for 5 peers_said "$name" "$*"
}

# All of them: -i ADDR-N are N.
peers_said() {
	local n=1

	case $2 in *-i*-*) n=${2##*-i } n=${n%% *} n=${n#*-} ;; esac
	grep '^peer' "$1.out" >"$1.peers"
	[ "$(wc -l <"$1.peers")" -eq "$n" ]
}

# fetched [OPTION...]: run it on all that is there; CODE is its exit code.
fetched() {
	local code=0

	cat ./*.peers records >in 2>/dev/null || :
	timeout -k 2 40 ugat-fetch -d out "$@" <in >fetch.out 2>fetch.err 3>&- 4>&- || code=$?
	CODE=$code
}

# ends CODE [PATTERN]: it exited so and, with a PATTERN, said so in one line.
ends() {
	if [ "$CODE" != "$1" ]; then
		echo "exit code $CODE, not $1" >&2
		show fetch.err fetch.out
		return 1
	fi
	if [ $# -eq 1 ]; then
		silent
	else
		said "^ugat-fetch: .*$2" && [ "$(wc -l <fetch.err)" -eq 1 ]
	fi
}

# given LINE...: its input are the lines of `records` edited by the sed script $1.
given() {
	sed "$1" records >edited
	mv edited records
	fetched
}

# usage WORDS [OPTION...]: a wrong call: exit 2, the words and the usage.
usage() {
	local words=$1 code=0

	shift
	ugat-fetch "$@" </dev/null >fetch.out 2>fetch.err || code=$?
	CODE=$code
	[ "$code" -eq 2 ] && said "^ugat-fetch: .*$words" && said '^usage: ugat-fetch ' && [ ! -s fetch.out ]
}

# in_background NAME OPTION...: ugat-fetch reads NAME.in, which stays open; its pid is $FETCH.
in_background() {
	local name=$1 fd

	shift
	mkfifo "$name.in"
	exec {fd}<>"$name.in"
	STDIN=$name.in spawn "$name" ugat-fetch "$@"
	FETCH=$SPAWNED
}

# status_of PID: how it ended, as a shell says it.
status_of() {
	local code=0

	wait "$1" || code=$?
	CODE=$code
}
