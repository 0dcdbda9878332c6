# SPDX-License-Identifier: ISC
# ugat-verify between ugat-parse and ugat-fetch: damage is fetched and nothing else, and what was
# checked is not hashed again.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# flip FILE OFFSET: one byte becomes another, and the time of change stays.
flip() {
	local was

	was=$(od -An -tu1 -j "$2" -N 1 "$1")
	touch -r "$1" stamp
	# shellcheck disable=SC2059
	printf "\\$(printf %o $((was ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
	touch -r stamp "$1"
}

# repair: with the seeder named by hand.
repair() {
	pipeline "{ $(peers "$SEED_PORT"); ugat-parse '$TORRENT'; } | ugat-verify -d out | ugat-fetch -d out -w"
}

# 30 pieces of 32 KiB: one 0-18, two 18-24, three 24-29.
three_files() {
	content a/one 1 600000
	content a/three 2 180000
	content a/two 3 200000
	torrent a 32768
	seed_libtorrent libtorrent "$SRC"
	cp -r "$SRC" out
}

@test "three flipped bytes in three pieces: exactly three pieces are fetched" {
	three_files
	flip out/a/one 10
	flip out/a/one 100000
	flip out/a/two 100000
	repair
	codes "0 0 0"
	same
	[ "$(status_field "$S_DOWN")" -eq $((3 * 32768)) ]
	silent
}

@test "with a tracker, and ugat-announce in between" {
	tracker
	three_files
	swarm_up 1
	flip out/a/one 10
	flip out/a/one 100000
	flip out/a/two 100000
	pipeline "ugat-parse '$TORRENT' | ugat-verify -d out | ugat-announce | ugat-fetch -w -d out"
	codes "0 0 0 0"
	same
	[ "$(status_field "$S_DOWN")" -eq $((3 * 32768)) ]
}

@test "what stands in the way of a file is told once, by ugat-fetch, and its code is the pipe's" {
	three_files
	rm out/a/two
	ln -s ../elsewhere out/a/two
	repair
	codes "0 0 73"
	said '^ugat-fetch: out/a/two: a symbolic link stands'
	[ "$(wc -l <fetch.err)" -eq 1 ]
}

@test "a missing and a short file: what is not there is fetched" {
	three_files
	rm out/a/two
	truncate -s 32768 out/a/one
	repair
	codes "0 0 0"
	same
}

@test "what the journal of ugat-fetch believes and ugat-verify does not, is fetched" {
	three_files
	rm -r out
	OPTIONS=-w fetch_from "$SEED_PORT"
	codes "0 0"
	flip out/a/one 300000
	OPTIONS=-w fetch_from "$SEED_PORT"
	codes "0 0"
	[ "$(status_field "$S_DOWN")" -eq 0 ]
	repair
	codes "0 0 0"
	same
	[ "$(status_field "$S_DOWN")" -eq 32768 ]
}

# Whether checked and have are believed shows where they lie.
@test "have is believed while checked fits the file: nothing is hashed" {
	three_files
	flip out/a/one 10
	ugat-parse "$TORRENT" >records
	{
		grep -v ^end records
		for i in 0 1 2; do
			file=$(awk -F '\t' -v i=$i '$1 == "file" && $2 == i { print $5 }' records)
			printf 'checked\t%d\t%s\t%s\n' $i "$(stat -c %s "out/$file")" "$(date -r "out/$file" +%s%N)"
		done
		printf 'have\t0-29\nend\n'
	} >lies
	pipeline "ugat-fetch -d out -w <lies"
	codes 0
	[ "$(status_field "$S_DOWN")" -eq 0 ]
	no same
	# One nanosecond later it is another file, and hashed.
	rm -rf out/.ugat
	awk -F '\t' -v OFS='\t' '$1 == "checked" && $2 == 0 { $4 = substr($4, 1, length($4) - 1) (substr($4, length($4)) + 1) % 10 } { print }' lies >truth
	no cmp lies truth
	pipeline "{ $(peers "$SEED_PORT"); cat truth; } | ugat-fetch -d out -w"
	codes "0 0"
	same
	[ "$(status_field "$S_DOWN")" -eq 32768 ]
}

@test "checked without have: it is missing, and fetched again without a look" {
	three_files
	ugat-parse "$TORRENT" | ugat-verify -d out | sed 's/^have\t.*/have\t1-29/' >records
	pipeline "{ $(peers "$SEED_PORT"); cat records; } | ugat-fetch -d out -w"
	codes "0 0"
	same
	[ "$(status_field "$S_DOWN")" -eq 32768 ]
}

@test "one file of many: its neighbours' bytes are known again" {
	three_files
	rm -r out
	pipeline "{ $(peers "$SEED_PORT"); ugat-parse '$TORRENT'; } | ugat-pick two | ugat-fetch -d out"
	codes "0 0 0"
	ugat-parse "$TORRENT" | ugat-pick two | ugat-verify -s -d out >said
	[ "$(cat said)" = 'whole	out/a/two' ]
	flip out/a/two 100000
	pipeline "{ $(peers "$SEED_PORT"); ugat-parse '$TORRENT'; } | ugat-pick two | ugat-verify -d out | ugat-fetch -d out -w"
	codes "0 0 0 0"
	cmp out/a/two "$SRC/a/two"
	[ "$(status_field "$S_DOWN")" -eq 32768 ]
}
