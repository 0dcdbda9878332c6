# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What the tests of ugat-login share: somebody who has no session, and what a command has come to. Sourced at the top of a bats
# file, whose setup it is.

# shellcheck source=lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"

setup() {
	flow_start "$BATS_TEST_TMPDIR"
	mkdir fresh
	HOME=$SCRATCH/fresh
	STATE=$HOME/.local/state/ugat
	# shellcheck disable=SC2034 # read by the tests
	SESSION=$STATE/session.pem
	(umask 077 && echo 'correct horse' >password)
	# shellcheck disable=SC2034
	AS=(-u ops -P password)
}

teardown() {
	flow_stop
}

# ends CODE PATTERN COMMAND...: it exits so and says so in one line, on stderr alone.
ends() {
	local code=$1 pattern=$2 got=0

	shift 2
	setsid -w "$@" >out 2>err </dev/null || got=$?
	[ "$got" -eq "$code" ] || { echo "exit $got, not $code" >&2; show err; return 1; }
	{ [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ]; } || { show out err; return 1; }
	said "$pattern" err
}

# quiet COMMAND...: it succeeds without a word.
quiet() {
	setsid -w "$@" >out 2>err </dev/null || { show err; return 1; }
	{ [ ! -s out ] && [ ! -s err ]; } || { show out err; return 1; }
}

# fact KEY: what `ugat-login -s` says of it.
fact() {
	ugat-login -s | awk -F'\t' -v key="$1" '$1 == key { print $2 }'
}
