#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-pick: which files stay, and that everything else passes as it is and at once.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cat >records <<-'EOF'
		ugat	1
		# a comment, and an empty line behind it

		torrent	c0fda1edafdbdbb96443424e0b3899af7159d10e	-	16384	1	6	7	top
		file	0	0	1	top/one.txt
		file	1	1	1	top/Season 1/e1.mkv
		file	2	2	1	top/Season 1/.hidden
		file	3	3	0	top/caf\0303\0251 \\ \n.txt	attr=x
		file	4	3	1	top/été.txt
		file	5	4	1	top/5
		file	6	5	1	top/.pad/1	attr=p
		piece	0	0123456789012345678901234567890123456789
		future	kind	with=key	raw byte 	x
		deny!	10.0.0.0/8
		end
		peer	192.0.2.1	6881
	EOF
}

# The indices of the `file` lines that stay, in order.
chosen() {
	ugat-pick "$@" <records >out || return
	awk -F'\t' '$1 == "file" { printf "%s ", $2 }' out
}

@test "a glob matches the whole path, the path without the name, or the last name" {
	[ "$(chosen 'top/one.txt')" = '0 6 ' ]
	[ "$(chosen 'one.txt')" = '0 6 ' ]
	[ "$(chosen 'Season 1/e1.mkv')" = '1 6 ' ]
	[ "$(chosen 'e1.mkv')" = '1 6 ' ]
	[ "$(chosen '*.txt')" = '0 3 4 6 ' ]
	[ "$(chosen 'o[nx]e.???')" = '0 6 ' ]
}

@test "a glob that matches a directory takes all that is in it" {
	[ "$(chosen 'Season 1')" = '1 2 6 ' ]
	[ "$(chosen 'top/Season*')" = '1 2 6 ' ]
	[ "$(chosen 'top')" = '0 1 2 3 4 5 6 ' ]
}

@test "a star matches slashes and leading dots, a question mark one character" {
	[ "$(chosen 'top*hidden')" = '2 6 ' ]
	[ "$(chosen '*hidden')" = '2 6 ' ]
	[ "$(chosen '?t?.txt')" = '4 6 ' ]
}

@test "a glob is held against the name as it is, not as it is escaped" {
	[ "$(chosen $'caf\xc3\xa9*')" = '3 6 ' ]
	[ "$(chosen $'*\n.txt')" = '3 6 ' ]
	[ "$(chosen '*\\*')" = '3 6 ' ]
	rc=0
	chosen '*0303*' || rc=$?
	[ "$rc" -eq 1 ]
}

@test "numbers are indices and ranges, both ends belong to them" {
	[ "$(chosen 0)" = '0 6 ' ]
	[ "$(chosen 1-3)" = '1 2 3 6 ' ]
	[ "$(chosen 4 0-1 '*hidden')" = '0 1 2 4 6 ' ]
	[ "$(chosen '[5]')" = '5 6 ' ]
}

@test "-x drops what matches and keeps the rest" {
	[ "$(chosen -x '*.txt' 1)" = '2 5 6 ' ]
	[ "$(chosen -x nothing)" = '0 1 2 3 4 5 6 ' ]
}

@test "all other lines pass byte for byte, also those it does not know" {
	printf 'strange	\001\377\033[31m	line\n' >>records
	ugat-pick top/one.txt <records >out
	diff <(grep -v '^file' records) <(grep -v '^file' out)
	ugat-pick top <records >out
	cmp records out
	sed 's/$/\r/' records >crlf
	ugat-pick top <crlf >out
	cmp crlf out
}

@test "peers and denials may stand before everything else" {
	{ printf 'deny!\t10.0.0.0/8\npeer\t192.0.2.1\t6881\n'; cat records; } >early
	ugat-pick top <early >out
	cmp early out
}

@test "nothing matches: fail! in place of end, exit 1, and words once" {
	rc=0
	ugat-pick '*.avi' 77 <records >out 2>err || rc=$?
	[ "$rc" -eq 1 ]
	[ "$(<err)" = 'ugat-pick: no file matches: *.avi 77' ]
	[ "$(tail -n 1 out)" = 'fail!	1	ugat-pick	no file matches: *.avi 77' ]
	run ! grep -q '^end' out
	rc=0
	ugat-pick -x top <records >out 2>err || rc=$?
	[ "$rc" -eq 1 ]
	[ "$(<err)" = 'ugat-pick: no file is left' ]
}

@test "an upstream failure passes, with its code and without a word" {
	{ head -n 5 records; printf 'fail!\t69\tugat-announce\tnobody\n'; } >failed
	rc=0
	ugat-pick '*' <failed >out 2>err || rc=$?
	[ "$rc" -eq 69 ]
	[ ! -s err ]
	cmp failed out
}

@test "input that is cut off, malformed or no record stream is exit 65" {
	rc=0
	head -n 6 records | ugat-pick '*' >out 2>err || rc=$?
	[ "$rc" -eq 65 ]
	grep -q '^ugat-pick: the input ends without .end.: was it cut off?$' err
	[[ $(tail -n 1 out) == 'fail!	65	ugat-pick	'* ]]
	for line in 'file	x	0	1	a' 'file	0	0	1' 'file	0	0	1	a\q' 'new!	x' 'ugat	2'; do
		rc=0
		{ head -n 4 records; printf '%s\nend\n' "$line"; } | ugat-pick '*' >out 2>err || rc=$?
		[ "$rc" -eq 65 ] || { echo "$line: $rc"; return 1; }
		[[ $(tail -n 1 out) == 'fail!	65	ugat-pick	line 5: '* ]]
	done
	rc=0
	ugat-pick '*' <"$BATS_TEST_DIRNAME/../vectors/torrents/libtorrent/base.torrent" >out 2>err || rc=$?
	[ "$rc" -eq 65 ]
	grep -q 'is this the output of ugat-parse' err
	rc=0
	{ cat records; head -c 70000 /dev/zero | tr '\0' x; echo; } | ugat-pick '*' >out 2>err || rc=$?
	[ "$rc" -eq 65 ]
}

@test "a file without a path can be chosen by its index" {
	sed 's/top\/one.txt/-/' records >nameless
	mv nameless records
	[ "$(chosen 0)" = '0 6 ' ]
	[ "$(chosen '*.txt')" = '3 4 6 ' ]
}

@test "lines pass at once: nothing waits for the end" {
	mkfifo in out
	ugat-pick one.txt <in >out &
	pid=$!
	exec 8>in 9<out
	head -n 5 records >&8
	for _ in 1 2 3 4 5; do
		read -r -t 10 line <&9
	done
	[ "$line" = 'file	0	0	1	top/one.txt' ]
	printf 'end\n' >&8
	read -r -t 10 line <&9
	[ "$line" = end ]
	printf 'peer	192.0.2.1	1\n' >&8
	read -r -t 10 line <&9
	[ "$line" = 'peer	192.0.2.1	1' ]
	exec 8>&-
	wait "$pid"
	exec 9<&-
}

@test "on a terminal only the chosen files are shown, printable" {
	sed -i $'s/^file\t0.*/file\t0\t0\t1\ttop\\/\x1b[31mone.txt/' records
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o 0 ugat-pick '*one.txt' <records >shown
	[ "$(<shown)" = 'file	0	0	1	top/?[31mone.txt' ]
}

@test "usage: no operand is exit 2" {
	run ! ugat-pick
	[ "$status" -eq 2 ]
	[[ $output == *'usage: ugat-pick'* ]]
}

@test "output: a full device is told, with exit 74" {
	run bash -c 'ugat-pick top <records >/dev/full'
	[ "$status" -eq 74 ]
	[ "$output" = 'ugat-pick: standard output: No space left on device' ]
}

@test "ugat-pick: a newer format and a malformed fail! are said, not passed off as something else" {
	run --separate-stderr ugat-pick x <<<$'ugat\t2\nend'
	[ "$status" -eq 65 ]
	[[ $stderr == *newer* ]]
	run --separate-stderr ugat-pick x <<<$'ugat\t1\nfail!\t300\tcat\twords'
	[ "$status" -eq 65 ]
	[[ $stderr == *"line 2: malformed"* ]]
}
