#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a command gives away: tests/fake/intruder.c is in its process, and tries it. lib/io/cage has its own tests.

bats_require_minimum_version 1.5.0

# shellcheck source=../fake/intruder.bash
. "$BATS_TEST_DIRNAME/../fake/intruder.bash"

setup_file() {
	intruder_built
}

setup() {
	. "$BATS_TEST_DIRNAME/../session.bash"
	cd "$BATS_TEST_TMPDIR" || return 1
	session_home "$PWD/home"
	mkdir in out secret
	head -c 100000 /dev/urandom >in/data
	ugat-make -o t.torrent in/data
	ugat-make -r in/data >records
	echo diary >secret/diary
	INPUT=records
}

teardown() {
	[ -z "${tracker-}" ] || kill "$tracker" 2>/dev/null || :
}

nothing_of_others() { # command...
	for what in 'exec /bin/true' fork kill trace; do
		dies "$what" "$@"
	done
}

@test "ugat-parse and ugat-pick open nothing, reach nobody, run nothing" {
	! instrumented || return 0
	for command in 'ugat-parse t.torrent' 'ugat-parse -s t.torrent' 'ugat-pick data'; do
		for what in "read $PWD/secret/diary" "write $PWD/new" "remove $PWD/secret/diary" socket; do
			# shellcheck disable=SC2086
			dies "$what" $command
		done
		# shellcheck disable=SC2086
		nothing_of_others $command
	done
	[ -e secret/diary ] && [ ! -e new ]
}

@test "ugat-verify writes nothing and reaches nobody, and so does ugat-make but for its own directory" {
	! instrumented || return 0
	for command in 'ugat-verify -d in' 'ugat-verify -s -d in' 'ugat-make -o - in/data'; do
		# shellcheck disable=SC2086
		{
			dies socket $command
			nothing_of_others $command
			works "read $PWD/secret/diary" $command
			! landlock || fails "write $PWD/new" $command
			! landlock || fails "remove $PWD/secret/diary" $command
		}
	done
	works "write $PWD/out/beside" ugat-make -r -o out/t.torrent in/data
	! landlock || fails "write $PWD/new" ugat-make -rf -o out/t.torrent in/data
	[ -e secret/diary ] && [ ! -e new ]
}

@test "ugat-fetch writes in DIR and beside its status alone, reads no diary, runs nothing" {
	! instrumented || return 0
	fetch=(ugat-fetch -0 -d in)
	works socket "${fetch[@]}"
	works "write $PWD/in/new" "${fetch[@]}"
	works "read $PWD/home/.local/state/ugat/session.pem" "${fetch[@]}"
	nothing_of_others "${fetch[@]}"
	landlock || return 0
	fails "read $PWD/secret/diary" "${fetch[@]}"
	fails "write $PWD/new" "${fetch[@]}"
	fails "remove $PWD/secret/diary" "${fetch[@]}"
	fails "write $PWD/home/.local/state/ugat/session.pem" "${fetch[@]}"
	fails "remove $PWD/home/.local/state/ugat/session.pem" "${fetch[@]}"
	[ -e secret/diary ] && [ ! -e new ]
}

@test "ugat-announce writes beside what trackers answered alone, reads no diary, runs nothing" {
	! instrumented || return 0
	/usr/bin/python3 "$BATS_TEST_DIRNAME/../fake/fake_udptracker.py" honest 127.0.0.1:1111 >tracker 3>&- 4>&- &
	tracker=$!
	for _ in {1..500}; do
		! grep -q '^port' tracker || break
		sleep 0.02
	done
	sed -i "/^torrent/a tracker\t0\tudp://127.0.0.1:$(sed -n 's/^port //p' tracker)/announce" records
	export INTRUDER_AT=send XDG_RUNTIME_DIR="$PWD/run" XDG_CACHE_HOME="$PWD/cache"
	mkdir -m 700 run
	# A tracker that has answered is not asked again at once.
	announce=(sh -c 'rm -rf "$XDG_CACHE_HOME"; exec ugat-announce -1')
	works socket "${announce[@]}"
	works "write $PWD/cache/ugat/trackers/new" "${announce[@]}"
	works "read $PWD/home/.local/state/ugat/session.pem" "${announce[@]}"
	works 'read /etc/passwd' "${announce[@]}"
	nothing_of_others "${announce[@]}"
	if landlock; then
		fails "read $PWD/secret/diary" "${announce[@]}"
		fails "write $PWD/new" "${announce[@]}"
		fails "write $PWD/run/ugat/new" "${announce[@]}"
		fails "remove $PWD/home/.local/state/ugat/session.pem" "${announce[@]}"
	fi
	[ -e secret/diary ] && [ ! -e new ]
}

@test "-v says when the kernel has no Landlock; all is as usual, and without -v nothing is said" {
	# A filter around it answers as such a kernel does: ENOSYS, to 444 to 446.
	cat >older.py <<-'EOF'
		import ctypes, os, struct, sys
		libc = ctypes.CDLL(None, use_errno=True)
		code = [(0x20, 0, 0, 0), (0x35, 0, 2, 444), (0x25, 1, 0, 446), (0x06, 0, 0, 0x00050026), (0x06, 0, 0, 0x7fff0000)]
		text = b''.join(struct.pack('HBBI', *c) for c in code)
		room = ctypes.create_string_buffer(text)
		filter = struct.pack('HxxxxxxP', len(code), ctypes.addressof(room))
		libc.prctl(38, 1, 0, 0, 0)
		assert libc.prctl(22, 2, filter, 0, 0) == 0
		os.execvp(sys.argv[1], sys.argv[1:])
	EOF
	! instrumented || return 0
	for command in 'ugat-parse t.torrent' 'ugat-pick data' 'ugat-verify -d in' 'ugat-fetch -d in'; do
		# shellcheck disable=SC2086
		python3 older.py $command <records >shown 2>err
		[ ! -s err ] || { echo "$command:"; cat err; return 1; }
		# shellcheck disable=SC2086
		python3 older.py ${command%% *} -v ${command#* } <records >shown 2>err
		[ "$(grep -c 'not confined' err)" -eq 1 ]
		grep -q "^${command%% *}: not confined: Landlock: Function not implemented$" err
	done
}
