#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The examples of ugat(1), ugat(7) and README.md, word by word. A test is named for its page and the sentence before
# the example; lint/examples.sh wants one for each.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-examples.bash
. "$BATS_TEST_DIRNAME/lib-examples.bash" # its setup, too

# ---- ugat(1)

@test "ugat(1): Download, or go on with it after an interruption" {
	example
	got_all out x
	[ ! -s ex.err ]
	example
	got_all out x
}

@test "ugat(1): All of a directory, three at a time, silently" {
	cp "$WORLD"/shared/*.torrent "$OPS"
	example
	[ ! -s ex.err ]
	got_all out 'x holiday src.tar.gz'
}

@test "ugat(1): Is everything there?" {
	on_disk out
	example
	printf x | dd of="$OPS/out/x/film.mkv" bs=1 seek=1000 conv=notrunc 2>dd.err
	example 1
	grep -q 'film\.mkv' ex.out
}

# ---- ugat(7)

@test "ugat(7): Log in at a server, once" {
	rm -rf "$OPS/.local"
	person "User [" ops "Password of ops" "a password for ops"
	example
	[ "$(in_world here ops ugat-login -s | sed -n 's/^user	//p')" = ops ]
}

@test "ugat(7): What is in a torrent" {
	example
	grep -q "$X_BTIH" ex.out
	grep -qw 41 ex.out
}

@test "ugat(7): Download it into out" {
	example
	got_all out x
}

@test "ugat(7): 1. Three files of forty; their numbers are those of the list" {
	local files
	mapfile -t files < <(files_of x)
	example
	[ "$(sed -n "s/^38	[0-9]*	//p" ex.out)" = "${files[38]}" ]
	got out "${files[3]}" "${files[17]}" "${files[38]}"
}

@test "ugat(7): 2. With a block list, an address or a network a line" {
	denied_network
	example
	got_all out x
	nobody_called
}

@test "ugat(7): 3. Watch a film while it loads, and keep it" {
	example
	cmp "$SRC/x/film.mkv" "$OPS/played"
	got films x/film.mkv
}

@test "ugat(7): 4. Interrupted, by ^C or by the power? The same again goes on" {
	content slow 71 3000000
	shared_torrent slow slow 6890 -U 400000
	wait_for 30 known "$BTIH"
	mv "$WORLD/shared/slow.torrent" "$OPS/x.torrent"
	start ex here ops
	wait_for 20 test -e "$OPS/out/.ugat/$BTIH.have" || { show ex.err; false; }
	interrupted ex
	no cmp -s "$SRC/slow" "$OPS/out/slow"
	example
	cmp "$SRC/slow" "$OPS/out/slow"
	loaded_at_most 2999999
	rm "$SRC/slow"
}

@test "ugat(7): 5. Repair what is on disk; only what is damaged or missing is fetched" {
	on_disk out
	printf x | dd of="$OPS/out/x/film.mkv" bs=1 seek=1000 conv=notrunc 2>dd.err
	rm "$OPS/out/x/extras/3.txt"
	example
	got_all out x
	# At most three pieces of 32 KiB.
	loaded_at_most 98304
}

@test "ugat(7): 6. Share what I made, at once, until ^C" {
	rm "$OPS"/*.torrent
	sharing photos.torrent udp://tracker.example.org:6969
}

@test "ugat(7): 7. Every night, from a crontab; a failure is a mail of one line a torrent" {
	mkdir "$OPS/iso"
	cp "$WORLD"/shared/{x,src}.torrent "$OPS/iso"
	cron
	[ ! -s ex.out ] && [ ! -s ex.err ]
	got_all iso 'x src.tar.gz' '\.torrent$'
	echo nonsense >"$OPS/iso/bad.torrent"
	cron 65
	[ ! -s ex.out ] && [ "$(wc -l <ex.err)" -eq 1 ]
	said 'bad\.torrent' ex.err
}

@test "ugat(7): 8. Over ssh: described here, loaded and unpacked there, and nothing of it here" {
	mv "$WORLD/shared/src.torrent" "$OPS"
	cp "$OPS/src.torrent" "$WORLD/shared"
	example
	diff -r "$SRC/code/src" "$LAB/src"
	[ ! -e "$OPS/src" ]
}

@test "ugat(7): 9. Several at once, and a word for each one that fails" {
	cp "$WORLD"/shared/*.torrent "$OPS"
	echo nonsense >"$OPS/bad.torrent"
	example
	[ "$(cat "$OPS/failed")" = 'bad.torrent: 65' ]
	got_all out 'x holiday src.tar.gz'
}

@test "ugat(7): 10. JSON: who has it, by a question to the trackers" {
	example
	grep -qx 192.0.2.7 ex.out
	no grep -vE '^(192\.0\.2\.7|203\.0\.113\.9)$' ex.out
}

@test "ugat(7): All but a directory" {
	example
	got_all out x /extras/
}

@test "ugat(7): From a peer that is known, without any tracker" {
	example
	got_all . x
}

@test "ugat(7): Only peers of IPv4, by a filter that passes lines on at once" {
	example
	got_all out x
}

@test "ugat(7): Keep the stream, and give it once more to another program" {
	example
	got_all out x
	grep -qx 'udp://tracker\.example\.org:6969/announce' ex.out
}

@test "ugat(7): Do something with each file as it becomes whole" {
	example
	sums_of out/x | diff - <(sort ex.out)
}

@test "ugat(7): How it goes, from another terminal" {
	on_disk out
	in_world here ops sh -c 'ugat-parse x.torrent | ugat-fetch -d out' >fetch.out
	start ex here ops
	says_soon ex '^status	done' || { show ex.err; false; }
	interrupted ex
}

@test "ugat(7): Try again for as long as that can help" {
	held
	start ex here ops
	wait_for 20 grep -q 'already being fetched' ex.err || { show ex.err; false; }
	let_go
	ends ex
	got_all out x
}

@test "ugat(7): Hand a file to the user lab, who runs ugat-recv" {
	people
	spawn_in recv there lab ugat-recv -y -u ops -d inbox
	listens_on there 65432
	example
	cmp "$OPS/report.pdf" "$LAB/inbox/report.pdf"
}

# ---- README.md

@test "README: Once, before all else; on this machine alone, or at a server that gives you an account" {
	rm -rf "$OPS/.local"
	example
	[ "$(in_world here ops ugat-login -s | sed -n 's/^server	//p')" = local ]
}

@test "README: Then one word downloads, verifies, and goes on where it stopped if you interrupt it" {
	example
	got_all . x
	example
}

@test "README: It is short for this" {
	example
	got_all . x
}

@test "README: Three files out of a torrent of forty" {
	local files
	mapfile -t files < <(files_of x)
	example
	got out "${files[3]}" "${files[17]}" "${files[38]}"
}

@test "README: A film, watched while it loads" {
	example
	cmp "$SRC/x/film.mkv" "$OPS/played"
}

@test "README: A copy on disk, repaired: only what is damaged or missing is fetched" {
	on_disk out
	rm "$OPS/out/x/extras/3.txt"
	example
	got_all out x
	loaded_at_most 98304
}

@test "README: A directory, shared the moment it is hashed" {
	rm "$OPS"/*.torrent
	sharing photos.torrent udp://tracker.example.org:6969
}

@test "README: An archive that never touches a disk, to one person, encrypted" {
	people
	spawn_in recv there lab sh -c 'ugat-recv -u ops -o - | tar x'
	listens_on there 65432
	example
	diff -r "$OPS/src" "$LAB/src"
}
