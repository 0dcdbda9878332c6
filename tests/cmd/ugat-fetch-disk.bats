#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-fetch and the disk: what lies there before, what cannot be written, what is believed of the journal.
# shellcheck source=fetch.bash
. "$BATS_TEST_DIRNAME/fetch.bash"

@test "a path in ugat's own directory is refused, and in what would be a later run's" {
	local where

	for where in .ugat/a b/.ugat/a b/c/.UGAT/d/a; do
		one_file
		given "/^file/s|	a\$|	$where|"
		ends 65 "$where: \.ugat is where"
		[ ! -e out/b ]
	done
}

@test "without -d nothing is made that begins with a dot: exit 73, and the directory is for the user to name" {
	local where

	one_file
	seeds seed
	for where in .bashrc .ssh/rc; do
		mkdir -p here
		sed "/^file/s|	a\$|	$where|" records | cat seed.peers - >in
		(cd here && exec ugat-fetch -t 20 <../in >../fetch.out 2>../fetch.err) && CODE=0 || CODE=$?
		ends 73 "$where: begins with a dot"
		[ -z "$(ls -A here)" ]
		(cd here && exec ugat-fetch -d . -t 20 <../in >../fetch.out 2>../fetch.err) && CODE=0 || CODE=$?
		ends 0
		cmp "here/$where" "$SRC/a"
		rm -r here
	done
}

@test "old data is hashed under the state checking, with nothing held yet" {
	one_file
	mkdir out
	cp "$SRC/a" out
	fetched -w
	ends 0
	[ "$(grep '^status' fetch.out | head -n 1 | cut -f 2,7-8,11)" = 'checking	200000	0	200000' ]
	[ "$(grep '^status' fetch.out | tail -n 1 | cut -f 2-3,7-9,11)" = 'done	0	200000	200000	0	0' ]
}

@test "-f: the journal is not believed" {
	one_file
	mkdir out
	cp "$SRC/a" out
	fetched
	# The same size and time, other bytes: only who hashes can tell.
	touch -r out/a stamp
	printf x | dd of=out/a bs=1 seek=100000 conv=notrunc status=none
	touch -r stamp out/a
	fetched -t 1s
	ends 0
	seeds seed
	fetched -w -f
	ends 0
	same
	[ "$(status_field "$S_DOWN")" -eq 65536 ]
}

@test "what stands where a file belongs is left alone: exit 73 and what it is" {
	content d/one 1 1000
	records d
	mkdir -p out/d/one
	fetched
	ends 73 'out/d/one: a directory stands'
	rmdir out/d/one
	mkfifo out/d/one
	fetched
	ends 73 'out/d/one: a FIFO stands'
	rm out/d/one
	ln -s /etc/passwd out/d/one
	fetched
	ends 73 'out/d/one: a symbolic link stands'
	rm out/d/one
	head -c 1001 /dev/zero >out/d/one
	fetched
	ends 73 'out/d/one: longer than it should be'
	[ "$(stat -c %s out/d/one)" -eq 1001 ]
	rm -r out/d
	: >out/d
	fetched
	ends 73 'out/d: a file stands where a directory belongs'
	rm out/d
	ln -s .. out/d
	fetched
	ends 73 'out/d: a symbolic link stands where a directory belongs'
}

@test "a directory that cannot be had: exit 73" {
	one_file
	: >plain
	mv plain out
	fetched
	ends 73 'out: cannot be used as the directory'
	rm out
	mkdir out
	chmod 555 out
	if [ "$(id -u)" -ne 0 ]; then
		fetched
		ends 73 'out/a: cannot be written: Permission denied'
	elif private out; then
		"${enter[@]}" sh -c 'mount -t tmpfs -o ro none out && ugat-fetch -d out; code=$?; umount out; exit "$code"' <records >fetch.out 2>fetch.err && CODE=0 || CODE=$?
		ends 73 'out/a: cannot be written: Read-only file system'
	fi
}

@test "a full disk: exit 74 and its cause; what was verified is used by the next run" {
	content a 1 3000000
	records a
	seeds seed
	mkdir out
	cat seed.peers records >in
	if private out; then
		# It is full only once loading has begun; before that it would be seen.
		"${enter[@]}" bash -c 'mount -t tmpfs -o size=64m none out && {
			{ cat records; until grep -q "^status	loading" fetch.out; do sleep 0.03; done
				mount -o remount,size=1m none out; cat seed.peers; } | ugat-fetch -w -d out >fetch.out 2>fetch.err
			echo $? >code; cp -a out kept; umount out; }'
		cause='No space left on device: make room and run the same again, it goes on from there$'
	else
		(trap '' XFSZ && ulimit -f 1024 && ugat-fetch -d out <in >fetch.out 2>fetch.err) && echo 0 >code || echo $? >code
		cause='File too large'
		cp -a out kept
	fi
	CODE=$(cat code)
	ends 74 "out/a: $cause"
	rm -rf out
	mv kept out
	fetched -w
	ends 0
	same
	[ "$(status_field "$S_DOWN")" -lt 2800000 ]
}

@test "a limit of the file size: exit 74, not the signal" {
	content a 1 3000000
	records a
	seeds seed
	cat seed.peers records >in
	(ulimit -f 1024 && ugat-fetch -d out <in >fetch.out 2>fetch.err) && CODE=0 || CODE=$?
	ends 74 'out/a: File too large'
}

@test "the same torrent into the same directory twice at once: exit 75" {
	one_file
	in_background job -d out
	cat records >job.in
	wait_for 5 test -e "out/.ugat/$BTIH.lock"
	fetched
	ends 75 'out: this torrent is already being fetched here'
}

@test "a file that is taken away while it is loaded: exit 74, no done, and the next run loads it anew" {
	local n=0 how

	content a 1 3000000
	records a
	for how in 'rm out/a' 'mv out/a moved' 'mv out moved'; do
		n=$((n + 1))
		seeds "few$n" -b 40
		in_background "job$n" -d out
		cat "few$n.peers" records >"job$n.in"
		wait_for 20 test -s out/a
		$how
		seeds "rest$n"
		cat "rest$n.peers" >"job$n.in"
		status_of "$FETCH"
		[ "$CODE" -eq 74 ]
		grep '^ugat-fetch: out/a: was taken away or replaced while it was loaded: run it again$' "job$n.err"
		no grep '^done' "job$n.out"
		fetched -w
		ends 0
		same
		[ "$(status_field "$S_DOWN")" -ge 3000000 ]
		rm -rf out moved
	done
}

@test "what another program changes right after the end is found and mended" {
	one_file
	seeds seed
	fetched
	ends 0
	printf XYZ | dd of=out/a bs=1 seek=100000 conv=notrunc 2>/dev/null
	fetched
	ends 0
	same
}
