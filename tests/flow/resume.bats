# SPDX-License-Identifier: ISC
# Downloads that were cut off and go on, and places that cannot take them.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

sample() {
	content a/one 1 2000000
	content a/two 2 1000000
	torrent a 32768
}

# slow BYTES_A_SECOND: 3 MB in two files, a seeder that gives no more.
slow() {
	sample
	seed_libtorrent slow "$SRC" -U "$1"
}

# half: the same, slowly, from one who has the first file only: this download is not over before it is ended.
half() {
	sample
	mkdir -p half/a
	cp "$SRC/a/one" half/a/
	seed_libtorrent slow half -U 700000
}

# begun BYTES: a download by hand that has loaded at least so much; its ugat-fetch is $FETCH.
begun() {
	background first "{ $(peers "$SEED_PORT"); ugat-parse '$TORRENT'; } | env --default-signal=INT ugat-fetch -w -d out"
	wait_for 20 loaded first "$1"
	FETCH=$(fetch_pid)
	[ -n "$FETCH" ]
}

# finished ALREADY: a quick seeder brings the rest, and no more than that: ALREADY bytes are there.
finished() {
	seed_libtorrent quick "$SRC"
	OPTIONS=-w fetch_from "$SEED_PORT"
	codes "0 0"
	same
	echo "downloaded $(status_field "$S_DOWN")" >&2
	[ "$(status_field "$S_DOWN")" -le $((3000000 - $1 + 32768)) ]
	no_litter
}

@test "after kill -9 the next run goes on" {
	half
	begun 1000000
	kill -KILL "$FETCH"
	ended first 5
	finished 700000
}

@test "after kill -9 and the loss of the journal, too: what is there is hashed" {
	half
	begun 1000000
	kill -KILL "$FETCH"
	ended first 5
	rm -rf out/.ugat
	finished 700000
}

@test "INT saves the journal and dies by that very signal" {
	half
	port
	"$FLOW_PYTHON" -c 'import subprocess, sys
print(subprocess.call(["bash", "-c", sys.argv[1]]), flush=True)' \
		"{ $(peers "$SEED_PORT"); ugat-parse '$TORRENT'; } | exec env --default-signal=INT ugat-fetch -w -d out >first.out" \
		>code 2>first.err 3>&- &
	echo $! >>pids
	wait_for 20 loaded first 1000000
	kill -INT "$(fetch_pid)"
	wait_for 5 test -s code
	[ "$(cat code)" = 130 ] || [ "$(cat code)" = -2 ]
	[ -s "out/.ugat/$BTIH.have" ]
	finished 900000
}

@test "TERM during the download: the last status record names no exit 0, the next run goes on" {
	half
	begun 1000000
	kill -TERM "$FETCH"
	ended first 5
	codes "0 143"
	no [ "$(status_field "$S_EXIT" first.out)" = 0 ]
	finished 900000
}

@test "ugat-fetch dies by the signal, it does not only return its number" {
	slow 300000
	"$FLOW_PYTHON" - ugat-fetch "$TORRENT" "$SEED_PORT" <<-'END' 3>&-
		import signal, subprocess, sys, time
		text = subprocess.run(["ugat-parse", sys.argv[2]], stdout=subprocess.PIPE).stdout
		for number in signal.SIGINT, signal.SIGTERM:
		    signal.signal(signal.SIGINT, signal.default_int_handler)
		    child = subprocess.Popen([sys.argv[1], "-w", "-d", "out"], stdin=subprocess.PIPE,
		                             stdout=subprocess.PIPE)
		    child.stdin.write(b"peer\t127.0.0.1\t%d\n" % int(sys.argv[3]) + text)
		    child.stdin.flush()
		    child.stdout.readline()
		    child.send_signal(number)
		    child.stdout.read()
		    assert child.wait(5) == -number, child.returncode
	END
}

@test "already complete: exit 0 without a peer, done lines again" {
	content a/one 1 200000
	content a/two 2 100000
	torrent a
	cp -r "$SRC" out
	pipeline "ugat-parse '$TORRENT' | ugat-fetch -d out"
	codes "0 0"
	same
	silent
	[ "$(grep -c '^done	' fetch.out)" -eq 2 ]
}

@test "already complete: not a packet goes to a peer" {
	content a 1 200000
	torrent a
	cp -r "$SRC" out
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	fetch_from "$FAKE_PORT"
	codes "0 0"
	no says peer hello
}

@test "existing data with a damaged piece: only that piece is fetched again" {
	content a 1 1000000
	torrent a
	cp -r "$SRC" out
	printf 'x' | dd of=out/a bs=1 seek=500000 conv=notrunc status=none
	seed_libtorrent libtorrent "$SRC"
	OPTIONS=-w fetch_from "$SEED_PORT"
	codes "0 0"
	same
	[ "$(status_field "$S_DOWN")" -eq 65536 ]
}

@test "a file changed after the download: it is hashed again and mended" {
	content a/one 1 300000
	content a/two 2 300000
	torrent a
	seed_libtorrent libtorrent "$SRC"
	fetch_from "$SEED_PORT"
	codes "0 0"
	printf 'x' | dd of=out/a/two bs=1 seek=150000 conv=notrunc status=none
	touch -d '+1 hour' out/a/two
	fetch_from "$SEED_PORT"
	codes "0 0"
	same
}

@test "the journal is believed while the file's time stands, -f distrusts it and hashes" {
	content a 1 1000000
	torrent a
	seed_libtorrent libtorrent "$SRC"
	fetch_from "$SEED_PORT"
	codes "0 0"
	touch -r out/a stamp
	printf 'x' | dd of=out/a bs=1 seek=500000 conv=notrunc status=none
	touch -r stamp out/a
	OPTIONS=-w fetch_from "$SEED_PORT"
	codes "0 0"
	[ "$(status_field "$S_DOWN")" -eq 0 ]
	OPTIONS="-f -w" fetch_from "$SEED_PORT"
	codes "0 0"
	same
	[ "$(status_field "$S_DOWN")" -eq 65536 ]
}

@test "a longer file that was there before is not truncated" {
	content a 1 200000
	torrent a
	mkdir out
	{ cat "$SRC/a" && echo more; } >out/a
	pipeline "ugat-parse '$TORRENT' | ugat-fetch -d out"
	[ "$(stat -c %s out/a)" -eq 200005 ]
}

# full WORDS: run WORDS into out, a disk that is only 1 MiB once loading has begun, then again with room
# enough; WORDS read the shell words $PEERS after the description. The exit codes are in first and
# again. Where no disk can be mounted a limit of the file size must do.
full() {
	local enter

	mkdir -p out
	if private out; then
		cat >full.sh <<-END
			mount -t tmpfs -o size=64m none out
			PEERS='until grep -q "^status	loading" first.out; do sleep 0.03; done; mount -o remount,size=1m none out; $PEERS'
			$1 2>first.err >first.out; echo "\${PIPESTATUS[@]}" >first
			mount -o remount,size=64m none out
			PEERS='$PEERS'
			$1; echo "\${PIPESTATUS[@]}" >again
			cp -r out kept
			umount out
		END
	else
		cat >full.sh <<-END
			PEERS='$PEERS'
			(trap '' XFSZ; ulimit -f 1024; $1 2>first.err >first.out; echo "\${PIPESTATUS[@]}" >first)
			$1; echo "\${PIPESTATUS[@]}" >again
			cp -r out kept
		END
	fi
	pipeline "${enter[*]} bash full.sh"
}

@test "a full disk: exit 74 and the cause; with room again the next run goes on" {
	slow 0
	PEERS="printf \"peer\\t127.0.0.1\\t$SEED_PORT\\n\""
	full "{ ugat-parse '$TORRENT'; eval \"\$PEERS\"; } | ugat-fetch -w -d out"
	[ "$(cat first)" = "0 74" ]
	said 'ugat-fetch: .*(No space left|File too large)' first.err
	[ "$(cat again)" = "0 0" ]
	kept=$(grep '^status	failed' first.out | cut -f "$((S_HAD + 1))")
	# With a limit of the file size the first piece of all may lie past it.
	if grep -q '^mount' full.sh; then
		[ "$kept" -ge 32768 ]
	fi
	[ "$(status_field "$S_DOWN")" -le $((3000000 - kept)) ]
	OUT=kept
	same
}

# on_disk SIZE WORDS: run the shell words where out is a disk of that size and nobody is to load from;
# sets CODE, fetch.err. 1: nothing can be mounted here.
on_disk() {
	local enter

	mkdir -p out
	private out || return 1
	"${enter[@]}" bash -c "mount -t tmpfs -o size=$1 none out || exit 99
		$2; code=\$?; umount -R out; exit \$code" >fetch.out 2>fetch.err && CODE=0 || CODE=$?
}

@test "a disk that is too small from the start: exit 74 at once, and how much is needed" {
	content a 1 3000000
	torrent a
	ugat-parse "$TORRENT" >in
	fetch="timeout 20 ugat-fetch -t 1s -d out <in"
	# 75 below: it fits, and began to wait for somebody to load from.
	on_disk 2m "$fetch" || return 0
	[ "$CODE" -eq 74 ]
	[ "$(wc -l <fetch.err)" -eq 1 ]
	# 3,000,000 bytes in blocks of 4 KiB are 3,002,368; the disk holds 2 MiB less some blocks of its own.
	said '^ugat-fetch: out: needs 2\.86 MiB, (2\.00|1\.9[0-9]) MiB free: make room, or choose another directory with -d$'
	on_disk 4m "$fetch"
	[ "$CODE" -eq 75 ]
	# What is there already is not needed again; a hole is.
	on_disk 4m "head -c 2000000 src/a >out/a; head -c 1000000 /dev/zero >out/other; $fetch"
	[ "$CODE" -eq 75 ]
	on_disk 4m "truncate -s 3000000 out/a; head -c 1500000 /dev/zero >out/other; $fetch"
	[ "$CODE" -eq 74 ]
	said 'needs 2\.86 MiB'
	# Blocks that another program has set aside count, bytes in them or not.
	on_disk 4m "fallocate -l 3000000 out/a; head -c 1000000 /dev/zero >out/other; $fetch"
	[ "$CODE" -eq 75 ]
	# Old data that turns out to be wrong lies in blocks, too.
	on_disk 4m "head -c 3000000 /dev/zero | tr '\\0' x >out/a; head -c 1000000 /dev/zero >out/other; $fetch"
	[ "$CODE" -eq 75 ]
	# Nothing is wanted any more.
	on_disk 4m "cp src/a out/a; head -c 1000000 /dev/zero >out/other; $fetch"
	[ "$CODE" -eq 0 ]
}

@test "another disk below the directory is not measured by the directory's own" {
	content tree/a 1 1500000
	content tree/sub/b 2 1500000
	torrent tree
	ugat-parse "$TORRENT" >in
	fetch="timeout 20 ugat-fetch -t 1s -d out <in"
	on_disk 2m "mkdir -p out/tree/sub; mount -t tmpfs -o size=8m none out/tree/sub; $fetch" || return 0
	[ "$CODE" -eq 75 ]
	on_disk 1m "mkdir -p out/tree/sub; mount -t tmpfs -o size=8m none out/tree/sub; $fetch"
	[ "$CODE" -eq 74 ]
	said 'needs 1\.43 MiB'
}

@test "a place where nothing can be created: exit 73 and the cause" {
	content a 1 200000
	torrent a
	: >plain
	pipeline "ugat-parse '$TORRENT' | ugat-fetch -d plain/out"
	codes "0 73"
	said 'ugat-fetch: .*plain'
	mkdir shut
	chmod 555 shut
	if [ "$(id -u)" -eq 0 ]; then
		pipeline "unshare -m sh -c 'mount -t tmpfs -o ro none shut && ugat-parse \"\$1\" | ugat-fetch -d shut' - '$TORRENT'" || :
		said 'ugat-fetch: .*(Read-only|not permitted)' || said 'unshare|mount'
	else
		pipeline "ugat-parse '$TORRENT' | ugat-fetch -d shut"
		codes "0 73"
		said 'Permission denied'
	fi
}

@test "a symbolic link in the way is not followed out of the directory" {
	content a/one 1 200000
	torrent a
	seed_libtorrent libtorrent "$SRC"
	mkdir out elsewhere
	ln -s ../elsewhere out/a
	OPTIONS='-t 3s' fetch_from "$SEED_PORT"
	[ "${CODES##* }" -ne 0 ]
	[ -z "$(ls -A elsewhere)" ]
}
