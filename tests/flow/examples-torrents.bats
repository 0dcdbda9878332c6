#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The examples of the commands that torrents go through, and of ugat-records(5), word by word; see examples.bats.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-examples.bash
. "$BATS_TEST_DIRNAME/lib-examples.bash" # its setup, too

# facts TORRENT: what libtorrent sees in it.
facts() {
	"$FLOW_PYTHON" -c 'import libtorrent, sys
t = libtorrent.torrent_info(sys.argv[1])
print(t.name(), t.num_files(), t.total_size(), t.creation_date(), *[x.url for x in t.trackers()])' "$1"
}

# crafted FILE NAME=SIZE...: a torrent of such files that nobody has; its info-hash begins with $BEGINS.
crafted() {
	"$FLOW_PYTHON" - "$@" <<-'END'
		import hashlib, libtorrent as lt, os, sys
		files = [one.rsplit("=", 1) for one in sys.argv[2:]]
		info = {b"name": b"crafted", b"piece length": 1 << 20,
		        b"files": [{b"length": int(n), b"path": [os.fsencode(p)]} for p, n in files]}
		info[b"pieces"] = b"p" * (20 * ((sum(int(n) for _, n in files) + (1 << 20) - 1) >> 20))
		nonce = 0
		while not hashlib.sha1(lt.bencode(info)).hexdigest().startswith(os.environ.get("BEGINS", "")):
		    nonce += 1
		    info[b"source"] = str(nonce)
		with open(sys.argv[1], "wb") as f:
		    f.write(lt.bencode({b"info": info, b"announce": b"udp://tracker.example.org:6969"}))
	END
}

# ---- ugat-parse(1), ugat-pick(1)

@test "ugat-parse(1): Look at a torrent" {
	example
	grep -q "$X_BTIH" ex.out
	grep -q 'udp://tracker\.example\.org:6969/announce' ex.out
}

@test "ugat-parse(1): Its info-hash" {
	example
	[ "$(cat ex.out)" = "$X_BTIH" ]
}

@test "ugat-parse(1): Download it" {
	example
	got_all out x
}

@test "ugat-parse(1): Download it from one known peer" {
	example
	got_all . x
}

@test "ugat-pick(1): Only the films" {
	example
	got . x/film.mkv
}

@test "ugat-pick(1): All but the samples and the first three files" {
	local files
	example
	mapfile -t files < <(files_of x | tail -n +4 | grep -v sample)
	[ ${#files[@]} -eq 33 ]
	got . "${files[@]}"
}

@test "ugat-pick(1): See what a glob would choose" {
	example
	[ "$(grep -c '^file' ex.out)" -eq 12 ]
	[ "$(grep -c '^file.*	x/Season 1/' ex.out)" -eq 12 ]
}

# ---- ugat-announce(1)

@test "ugat-announce(1): Download with all peers that the trackers know of" {
	example
	got_all out x
}

@test "ugat-announce(1): Only list them" {
	example
	grep -qx '192\.0\.2\.7 6881' ex.out
}

@test "ugat-announce(1): How many seeders does each tracker know?" {
	example
	grep -qx '[1-9] udp://tracker\.example\.org:6969/announce' ex.out
}

@test "ugat-announce(1): Ask another tracker as well" {
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" bare "$WORLD/shared/x.torrent" "$OPS/x.torrent"
	example
	got_all . x
}

# ---- ugat-fetch(1)

@test "ugat-fetch(1): Download a torrent" {
	example
	got_all out x
}

@test "ugat-fetch(1): Only the pictures" {
	example
	got_all . x '^x/[^p]'
	[ "$(find "$OPS/x" -type f | wc -l)" -eq 12 ]
}

@test "ugat-fetch(1): From one peer that is known by name, without a tracker" {
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" bare "$WORLD/shared/x.torrent" "$OPS/x.torrent"
	example
	got_all out x
}

@test "ugat-fetch(1): With a block list" {
	denied_network
	example
	got_all . x
	nobody_called
}

@test "ugat-fetch(1): Do something with each file as soon as it is there" {
	example
	sums_of x | diff - <(sort ex.out)
}

@test "ugat-fetch(1): Watch a film while it loads, and keep it" {
	example
	cmp "$SRC/x/film.mkv" "$OPS/played"
	got films x/film.mkv
}

@test "ugat-fetch(1): Unpack an archive that never lies on the disk" {
	cp "$WORLD/shared/src.torrent" "$OPS/x.torrent"
	example
	diff -r "$SRC/code/src" "$OPS/src"
	[ ! -e "$OPS/src.tar.gz" ]
}

@test "ugat-fetch(1): In a script, try again only when that can help" {
	held
	example
	[ "$(grep -v '^fail!' ex.out)" = 'later, perhaps' ]
	let_go
	example
	no grep later ex.out
	got_all out x
	echo nonsense >"$OPS/x.torrent"
	example 1
}

# ---- ugat-verify(1)

# damaged: a byte of the film in out is another, and a file is gone.
damaged() {
	on_disk out
	printf x | dd of="$OPS/out/x/film.mkv" bs=1 seek=1000 conv=notrunc 2>dd.err
	rm "$OPS/out/x/extras/3.txt"
}

@test "ugat-verify(1): Is all of it there?" {
	on_disk out
	example
	[ "$(grep -c '^whole	' ex.out)" -eq 41 ]
	damaged
	example 1
}

@test "ugat-verify(1): Repair it: only pieces that are damaged or missing are fetched" {
	damaged
	example
	got_all out x
	loaded_at_most 98304
}

@test "ugat-verify(1): Which files are not whole" {
	damaged
	example
	grep -q 'x/film\.mkv$' ex.out
	grep -q 'x/extras/3\.txt$' ex.out
	# The others share a piece with the missing one.
	no grep -v '/extras/\|film' ex.out
}

@test "ugat-verify(1): Is the one file good that was fetched?" {
	in_world here ops sh -c "ugat-parse x.torrent | ugat-pick '*.iso' | ugat-announce | ugat-fetch -d out" >fetch.out
	example
	printf x | dd of="$OPS/out/x/disk.iso" bs=1 seek=1000 conv=notrunc 2>dd.err
	example 1
}

# ---- ugat-make(1)

@test "ugat-make(1): Make a torrent of a directory" {
	people
	example
	[ "$(facts "$OPS/photos.torrent")" = 'photos 1 4 0 udp://tracker.example.org:6969/announce' ]
	[ "$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make other.torrent - 16384 "$OPS/photos")" = \
		"$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" btih "$OPS/photos.torrent")" ]
}

@test "ugat-make(1): Make it, and share it at once" {
	rm "$OPS/x.torrent"
	sharing x.torrent udp://tracker.example.org:6969
}

@test "ugat-make(1): Of what another program writes, which is kept beside it" {
	people
	example
	tar -tf "$OPS/photos.tar" | grep -qx photos/one
	[ "$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make other.torrent - 1048576 "$OPS/photos.tar")" = \
		"$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" btih "$OPS/photos.tar.torrent")" ]
}

@test "ugat-make(1): With the date, as other programs do it" {
	local before date
	people
	before=$(date +%s)
	example
	read -r _ _ _ date _ < <(facts "$OPS/photos.torrent")
	[ "$date" -ge "$before" ] && [ "$date" -le "$(date +%s)" ]
}

# ---- ugat-stat(1)

@test "ugat-stat(1): Look on" {
	on_disk out
	in_world here ops sh -c 'ugat-parse x.torrent | ugat-fetch -d out' >fetch.out
	start ex here ops
	says_soon ex "^status	done.*	btih=$X_BTIH" || { show ex.err; false; }
	interrupted ex
}

# stalled: a run of ops' x.torrent that finds nobody; its input does not end.
stalled() {
	mkfifo "$OPS/in"
	spawn_in stalled here ops sh -c 'ugat-parse x.torrent >in & ugat-fetch -q -t 2 -d out <>in'
}

@test "ugat-stat(1): All that failed within a day, and why" {
	on_disk whole
	in_world here ops sh -c 'ugat-parse x.torrent | ugat-fetch -d whole' >fetch.out
	crafted "$OPS/x.torrent" one=1000
	stalled
	ends stalled 75
	example
	[ "$(wc -l <ex.out)" -eq 1 ]
	grep -q '^75	crafted	stalled' ex.out
}

@test "ugat-stat(1): Wait for the end of a run, and take over its exit code" {
	BEGINS=0b3f crafted "$OPS/x.torrent" one=1000
	stalled
	wait_for 20 in_world here ops sh -c 'ugat-stat 0b3f' >seen
	spawn_in ex here ops sh -c "$(example_text)
		echo \"code \$code\""
	ends ex
	[ "$(cat ex.out)" = 'code 75' ]
	ends stalled 75
}

# ---- ugat-json(1)

@test "ugat-json(1): The paths of all files over 1 GiB" {
	crafted "$OPS/x.torrent" small=1000 'two GiB=2147483648' one=1073741824 more=1073741825
	example
	[ "$(cat ex.out)" = $'crafted/two GiB\ncrafted/more' ]
}

@test "ugat-json(1): In Python, the paths as the bytes that they are" {
	crafted "$OPS/x.torrent" small=1000 $'not utf-8 \xff=5'
	example_text >"$OPS/paths.py"
	in_world here ops sh -c 'ugat-parse x.torrent | ugat-json | python3 paths.py' >ex.out
	[ "$(cat ex.out)" = $'crafted/small\ncrafted/not utf-8 \xff' ]
}

# ---- ugat-records(5)

@test "ugat-records(5): A torrent of two files, as ugat-parse(1) writes it (hashes shortened)" {
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$OPS/two.torrent" udp://tracker.example.org:6969/announce 16384 "$SRC/holiday"
	# libtorrent puts a date into it.
	in_world here ops ugat-parse two.torrent | grep -v '^meta	creation-date' |
		sed -E 's/^(torrent	|piece	[0-9]	|info	0	ZDU6ZmlsZXNs)[^	]*/\1HASH/' | tr -s '\t ' ' ' >ours
	example_text | sed -E 's/^((torrent|piece +[0-9]) +)[^ ]*\.\.\./\1HASH/; s/\.\.\.$/HASH/' | tr -s '\t ' ' ' | diff - ours
}

@test "ugat-records(5): Only the pictures" {
	example
	got_all . x '\.txt$'
}

@test "ugat-records(5): A peer by hand, and a block list" {
	denied_network
	example
	got_all . x
	nobody_called
}

@test "ugat-records(5): The names of the files, decoded, in any shell" {
	crafted "$OPS/x.torrent" small=1000 $'a\\b\tc \xff=5'
	example
	[ "$(cat ex.out)" = $'crafted/small\ncrafted/a\\b\tc \xff' ]
}
