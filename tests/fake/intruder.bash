# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Tests of cages: intruder.c in a command's process, and what came of it. Sourced by the bats files.

# intruder_built: for setup_file.
intruder_built() {
	cc -D_GNU_SOURCE -Wall -Wextra -Werror -shared -fPIC -o "$BATS_FILE_TMPDIR/intruder.so" "$BATS_TEST_DIRNAME/../fake/intruder.c" -ldl
}

# A cage around a sanitizer, or gcov, would keep its report, too: there, files and programs are open.
instrumented() {
	[ -n "${UGAT_SAN-}" ] || [ -e "${UGAT_OUT-}/lib/io/cage.gcno" ]
}

# Whether the kernel has Landlock, which is what says no to files.
landlock() {
	python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 2)'
}

# intrude WHAT COMMAND...: it reads $INPUT; how it ended is in $status, its words in err; WHAT may have a path behind it.
# INTRUDER_AT: see intruder.c.
intrude() {
	local what=$1

	shift
	status=0
	# A core would be written elsewhere, and slowly.
	(ulimit -c 0 && exec env LD_PRELOAD="$BATS_FILE_TMPDIR/intruder.so" INTRUDER="${what%% *}" INTRUDER_PATH="${what#* }" \
		timeout -k 1 60 "$@" <"${INPUT:-/dev/null}" >shown 2>err 3>&- 4>&-) 2>/dev/null || status=$?
}

# dies WHAT COMMAND...: by SIGSYS, 31, before it is done.
dies() {
	intrude "$@"
	[ "$status" -eq 159 ] || { echo "$*: $status"; cat err; return 1; }
	! grep '^intruder: ' err
}

# told WORDS WHAT COMMAND...: what the intruder is told, and the command goes on.
told() {
	local words=$1

	shift
	intrude "$@"
	{ [ "$status" -eq 0 ] && grep -q "^intruder: ${1%% *}: $words$" err; } || { echo "$*: $status"; cat err; return 1; }
}

# fails WHAT COMMAND...: the kernel says no.
fails() {
	told 'Permission denied' "$@"
}

# works WHAT COMMAND...: so that what fails does not fail by itself.
works() {
	told 'done' "$@"
}
