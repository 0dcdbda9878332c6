#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What ugat-send and ugat-recv give away before the other user is heard: tests/fake/intruder.c tries it from within.
# The other commands: cmd/cage.bats.

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash"

setup_file() {
	people_minted
	cc -D_GNU_SOURCE -Wall -Wextra -Werror -shared -fPIC -o "$BATS_FILE_TMPDIR/intruder.so" "$BATS_TEST_DIRNAME/../fake/intruder.c" -ldl
}

setup() {
	people
	mkdir secret
	echo diary >secret/diary
	head -c 100000 /dev/urandom >report
	# A cage around a sanitizer, or gcov, would keep its report, too: there, files and programs are open.
	[ -z "${UGAT_SAN-}" ] && [ ! -e "${UGAT_OUT-}/lib/io/cage.gcno" ] || INSTRUMENTED=yes
}

# intrude AT WHAT COMMAND...: how it ended is in $status, its words in err; WHAT may have a path behind it.
intrude() {
	local at=$1 what=$2

	shift 2
	status=0
	(ulimit -c 0 && exec env LD_PRELOAD="$BATS_FILE_TMPDIR/intruder.so" INTRUDER_AT="$at" INTRUDER="${what%% *}" \
		INTRUDER_PATH="${what#* }" timeout -k 1 20 "$@" >shown 2>err </dev/null 3>&- 4>&-) 2>/dev/null || status=$?
}

dies() { # at what command...
	intrude "$@"
	[ "$status" -eq 159 ] || { echo "$2: $status"; cat err; return 1; }
	! grep -q '^intruder: ' err
}

goes_on() { # words at what command...
	local words=$1

	shift
	intrude "$@"
	[ "$status" -eq 0 ] && grep -q "^intruder: ${2%% *}: $words$" err || { echo "$*: $status"; cat err; return 1; }
}

landlock() {
	python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 2)'
}

# called WORDS WHAT: lab calls ops, who waits to send; WORDS: "dies", or what the intruder is told.
called() {
	local how=(goes_on "$1")

	[ "$1" != dies ] || how=(dies)
	rm -f inbox/* inbox/.ugat* 2>/dev/null || :
	waits "send$((N += 1))" ops ugat-send -l -y report
	as lab "${how[@]}" pwrite "$2" ugat-recv -c "ops@127.0.0.1:$PORT" -y -d inbox
}

@test "ugat-recv writes in DIR alone, reads no diary, reaches nobody else, runs nothing" {
	[ -z "${INSTRUMENTED-}" ] || return 0
	N=0
	called "done" "write $PWD/inbox/new"
	cmp inbox/report report
	for what in socket 'exec /bin/true' fork kill trace; do
		called dies "$what"
		[ ! -e inbox/report ]
	done
	landlock || return 0
	called 'Permission denied' "read $PWD/secret/diary"
	called 'Permission denied' "write $PWD/new"
	called 'Permission denied' "remove $PWD/secret/diary"
	called 'Permission denied' "read $PWD/lab.pem"
	cmp inbox/report report
	[ -e secret/diary ] && [ ! -e new ]
}

@test "ugat-send writes nothing, reaches nobody else, runs nothing" {
	[ -z "${INSTRUMENTED-}" ] || return 0
	inbox -k
	for what in socket 'exec /bin/true' fork kill trace; do
		as ops dies pread "$what" ugat-send "127.0.0.1:$PORT" report
	done
	! landlock || as ops goes_on 'Permission denied' pread "write $PWD/new" ugat-send "127.0.0.1:$PORT" report
	[ ! -e new ] && cmp inbox/report report
	rm inbox/report
	! landlock || as ops goes_on 'Permission denied' pread "remove $PWD/secret/diary" ugat-send "127.0.0.1:$PORT" report
	[ -e secret/diary ]
}
