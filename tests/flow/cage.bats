#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What ugat-send and ugat-recv give away before the other user is heard: tests/fake/intruder.c tries it from within.
# The other commands: cmd/cage.bats.

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash"
# shellcheck source=../fake/intruder.bash
. "$BATS_TEST_DIRNAME/../fake/intruder.bash"

setup_file() {
	people_minted
	intruder_built
}

setup() {
	people
	mkdir secret
	echo diary >secret/diary
	head -c 100000 /dev/urandom >report
}

# called HOW WHAT: lab calls ops, who waits to send; HOW: dies, fails or works.
called() {
	rm -f inbox/* inbox/.ugat* 2>/dev/null || :
	waits "send$((N += 1))" ops ugat-send -l -y report
	INTRUDER_AT=pwrite as lab "$1" "$2" ugat-recv -c "ops@127.0.0.1:$PORT" -y -d inbox
}

@test "ugat-recv writes in DIR alone, reads no diary, reaches nobody else, runs nothing" {
	! instrumented || return 0
	N=0
	called works "write $PWD/inbox/new"
	cmp inbox/report report
	for what in socket 'exec /bin/true' fork kill trace; do
		called dies "$what"
		[ ! -e inbox/report ]
	done
	landlock || return 0
	called fails "read $PWD/secret/diary"
	called fails "write $PWD/new"
	called fails "remove $PWD/secret/diary"
	called fails "read $PWD/lab.pem"
	cmp inbox/report report
	[ -e secret/diary ] && [ ! -e new ]
}

@test "ugat-send writes nothing, reaches nobody else, runs nothing" {
	! instrumented || return 0
	inbox -k
	for what in socket 'exec /bin/true' fork kill trace; do
		INTRUDER_AT=pread as ops dies "$what" ugat-send "127.0.0.1:$PORT" report
	done
	! landlock || INTRUDER_AT=pread as ops fails "write $PWD/new" ugat-send "127.0.0.1:$PORT" report
	[ ! -e new ] && cmp inbox/report report
	rm inbox/report
	! landlock || INTRUDER_AT=pread as ops fails "remove $PWD/secret/diary" ugat-send "127.0.0.1:$PORT" report
	[ -e secret/diary ]
}
