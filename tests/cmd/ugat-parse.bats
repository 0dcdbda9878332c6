#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-parse against libtorrent's own test torrents, against libtorrent itself, and against torrents made to
# do harm.

bats_require_minimum_version 1.5.0

setup() {
	torrents=$BATS_TEST_DIRNAME/../vectors/torrents
	cd "$BATS_TEST_TMPDIR" || return 1
}

on_terminal() {
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o 0 "$@"
}

# One file of 5 bytes, and what a case needs beside it.
write_torrent() { # file [what stands in front of info] [what stands behind it]
	printf 'd%s4:infod6:lengthi5e4:name5:hello12:piece lengthi16384e6:pieces20:01234567890123456789e%se' \
		"${2-}" "${3-}" >"$1"
}

@test "libtorrent's test torrents: each has its verdict, hashes, sizes or reason" {
	while IFS=$'\t' read -r name verdict btih btmh files length piece words; do
		[[ $name != \#* ]] || continue
		rc=0
		ugat-parse "$torrents/libtorrent/$name.torrent" >out 2>err || rc=$?
		if [ "$verdict" = reject ]; then
			[ "$rc" -eq 65 ] || { echo "$name: exit $rc"; return 1; }
			[ "$(<err)" = "ugat-parse: $torrents/libtorrent/$name.torrent: $words" ] || { cat err; return 1; }
			[ "$(wc -l <out)" -eq 1 ]
			grep -q '^fail!	65	ugat-parse	' out
			continue
		fi
		[ "$rc" -eq 0 ] || { echo "$name: exit $rc"; cat err; return 1; }
		[ "$(awk -F'\t' -v OFS='\t' '$1 == "torrent" { print $2, $3, $7, $6, $4 }' out)" = \
			"$btih	$btmh	$files	$length	$piece" ] || { echo "$name:"; grep ^torrent out; return 1; }
		[ "$(grep -c ^file out)" -eq "$files" ]
		[ "$(tail -n 1 out)" = end ]
		[ ! -s err ]
	done <"$torrents/libtorrent.tsv"
	[ "$(grep -c '^[^#]' "$torrents/libtorrent.tsv")" -eq 108 ]
}

@test "hostile and odd torrents: each is taken, or refused with its reason" {
	mkdir odd
	python3 "$torrents/hostile.py" odd >table
	[ "$(wc -l <table)" -gt 220 ]
	python3 "$torrents/measure.py" odd <table
}

@test "large hostile torrents: under a second, under three times the file and 16 MiB" {
	mkdir large
	python3 "$torrents/hostile.py" large large >table
	[ "$(wc -l <table)" -gt 15 ]
	python3 "$torrents/measure.py" large <table
	rm -r large
}

@test "whoever reads from it goes while the torrent is on its way: it ends by SIGPIPE, and without a word" {
	mkfifo slow gate
	exec 7<>slow
	printf d >&7
	{
		rc=0
		ugat-parse <slow 2>err || rc=$?
		echo "$rc" >code
	} 3>&- 7>&- | read -r _ <gate 7>&- &
	printf '\n' >gate
	for _ in $(seq 1000); do
		[ ! -s code ] || break
		sleep 0.02
	done
	exec 7>&-
	[ "$(cat code)" = 141 ]
	[ ! -s err ]
}

@test "records: every kind, in order, as written by hand" {
	write_torrent x.torrent '8:announce7:udp://a13:announce-listll7:udp://b7:udp://cel7:udp://dee7:comment3:a	b10:created by2:me13:creation datei1000000000e9:httpseedsl8:http://he' \
		'5:nodesll3:::1i6881eee6:source1:s8:url-list8:http://w'
	info='d6:lengthi5e4:name5:hello12:piece lengthi16384e6:pieces20:01234567890123456789e'
	ugat-parse x.torrent >out
	cat >want <<-EOF
		ugat	1
		torrent	$(printf %s "$info" | sha1sum | cut -c1-40)	-	16384	1	5	1	hello
		meta	comment	a\\tb
		meta	created-by	me
		meta	creation-date	1000000000
		meta	source	s
		tracker	0	udp://b
		tracker	0	udp://c
		tracker	1	udp://d
		webseed	http://w
		webseed	http://h	bep=17
		node	::1	6881
		file	0	0	5	hello
		piece	0	$(printf 01234567890123456789 | od -An -tx1 | tr -d ' \n')
		info	0	$(printf %s "$info" | base64 -w 0)
		end
	EOF
	diff want out
}

@test "records: private stands in the torrent line, attributes and links in the file's" {
	printf '%s' 'd4:infod5:filesld4:attr2:xh6:lengthi4e4:pathl1:a1:beed4:attr1:l4:pathl1:ce12:symlink pathl1:a1:beed4:attr1:p6:lengthi1eee4:name1:n12:piece lengthi16384e6:pieces20:012345678901234567897:privatei1eee' |
		ugat-parse >out
	[[ $(grep ^torrent out) == *$'\tn\tprivate=1' ]]
	diff - <(grep ^file out) <<-'EOF'
		file	0	0	4	n/a/b	attr=xh
		file	1	4	0	n/c	attr=l	symlink=n/a/b
		file	2	4	1	-	attr=p
	EOF
}

@test "records: info is the raw dictionary in pieces of 16 KiB" {
	ugat-parse "$torrents/libtorrent/large.torrent" >out
	awk -F'\t' '$1 == "info" { if ($2 != 16384 * n++) exit 1; print $3 }' out |
		while read -r text; do base64 -d <<<"$text"; done >info
	[ "$(sha1sum <info | cut -c1-40)" = "$(awk -F'\t' '$1 == "torrent" { print $2 }' out)" ]
	[ "$(wc -L <out)" -lt 65536 ]
}

@test "libtorrent agrees on torrents that it made: v1, hybrid, v2" {
	mkdir -p 'top/a dir'
	seq 30000 >'top/a dir/numbers'
	printf x >top/one
	: >top/empty
	seq 5 >$'top/caf\xc3\xa9 "quoted"'
	/usr/bin/python3 - <<-'EOF'
		import libtorrent as lt
		for name, flags in (('v1', 64), ('hybrid', 0), ('v2', 32)):
		    fs = lt.file_storage()
		    lt.add_files(fs, 'top')
		    c = lt.create_torrent(fs, 16384, flags=flags)
		    c.add_tracker('udp://tracker.example:80/announce', 0)
		    c.set_comment('made by libtorrent')
		    lt.set_piece_hashes(c, '.')
		    with open(name + '.torrent', 'wb') as f:
		        f.write(lt.bencode(c.generate()))
		    ti = lt.torrent_info(name + '.torrent')
		    with open(name + '.want', 'w') as f:
		        h = ti.info_hashes()
		        print('torrent', h.v1 if h.has_v1() else '-', h.v2 if h.has_v2() else '-', ti.piece_length(),
		              ti.num_pieces() if h.has_v1() else 0, ti.total_size(), ti.num_files(), ti.name(), sep='\t', file=f)
		        fs = ti.files()
		        for i in range(fs.num_files()):
		            if not fs.file_flags(i) & 1:
		                print('file', i, fs.file_offset(i), fs.file_size(i), fs.file_path(i), sep='\t', file=f)
	EOF
	for kind in v1 hybrid v2; do
		ugat-parse $kind.torrent >$kind.out
		grep -E '^(torrent|file)' $kind.out | grep -v 'attr=p' | cut -f1-8 | sed 's/	root=.*//' >$kind.got
		diff $kind.want $kind.got
		grep -q '^tracker	0	udp://tracker.example:80/announce$' $kind.out
	done
	[ "$(grep -c 'root=' v2.out)" -eq 3 ]
	[ "$(grep -c 'root=' hybrid.out)" -eq 3 ]
}

@test "input: a file, standard input, - and a FIFO give the same" {
	write_torrent x.torrent
	ugat-parse x.torrent >want
	ugat-parse <x.torrent | cmp - want
	ugat-parse - <x.torrent | cmp - want
	head -c 100000 x.torrent | ugat-parse | cmp - want
	mkfifo fifo
	cat x.torrent >fifo &
	ugat-parse fifo | cmp - want
	wait
}

@test "input: what cannot be read is exit 66, with the cause" {
	run ! ugat-parse nowhere.torrent
	[ "$status" -eq 66 ]
	[[ ${lines[-1]} == 'ugat-parse: nowhere.torrent: No such file or directory' ||
		$output == *'ugat-parse: nowhere.torrent: No such file or directory'* ]]
	run ! ugat-parse .
	[ "$status" -eq 66 ]
	[[ $output == *'ugat-parse: .: Is a directory'* ]]
	rc=0
	ugat-parse <&- >out 2>err || rc=$?
	[ "$rc" -ne 0 ]
}

@test "input: more than 64 MiB from a pipe is refused, not kept" {
	rc=0
	head -c 80000000 /dev/zero | ugat-parse >out 2>err || rc=$?
	[ "$rc" -eq 65 ]
	grep -q '^ugat-parse: standard input: over 64 MiB$' err
}

@test "usage: two torrents, and nothing on a terminal" {
	run ! ugat-parse a b
	[ "$status" -eq 2 ]
	[[ $output == *'one torrent a pipeline'*usage:* ]]
	run python3 -c 'import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp("ugat-parse", ["ugat-parse"])
out = b""
try:
    while True:
        more = os.read(fd, 4096)
        if not more:
            break
        out += more
except OSError:
    pass
print(out.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))'
	[ "$status" -eq 2 ]
	[[ $output == *usage:* ]]
}

@test "a magnet as the operand is called by its name" {
	rc=0
	ugat-parse 'magnet:?xt=urn:btih:c0fda1edafdbdbb96443424e0b3899af7159d10e' >out 2>err || rc=$?
	[ "$rc" -eq 65 ]
	[ "$(<err)" = 'ugat-parse: magnet links are not supported: get the .torrent instead' ]
	[ "$(<out)" = 'fail!	65	ugat-parse	magnet links are not supported: get the .torrent instead' ]
}

@test "a URL as the operand is called by its name, with the remedy" {
	rc=0
	ugat-parse https://example.org/x.torrent >out 2>err || rc=$?
	[ "$rc" -eq 66 ]
	[ "$(<err)" = 'ugat-parse: https://example.org/x.torrent: a URL: have it downloaded: curl -L URL | ugat-parse' ]
}

@test "refusal: the offset of the trouble, one line, and nothing but fail!" {
	printf 'd4:infod6:lengthi05e4:name1:nee' >x.torrent
	rc=0
	ugat-parse x.torrent >out 2>err || rc=$?
	[ "$rc" -eq 65 ]
	[ "$(<err)" = 'ugat-parse: x.torrent: byte 16: an integer with a leading zero, or minus zero' ]
	[ "$(wc -l <err)" -eq 1 ]
	[ "$(<out)" = 'fail!	65	ugat-parse	x.torrent: byte 16: an integer with a leading zero, or minus zero' ]
}

@test "no control byte reaches a terminal or a line: names, comments, file names" {
	mkdir odd
	python3 "$torrents/hostile.py" odd >table
	ugat-parse odd/escapes >out
	ugat-parse -s odd/escapes >summary
	ugat-parse -s 'odd/not UTF-8' >>summary
	cp odd/empty $'\x1b[31mx'
	ugat-parse $'\x1b[31mx' >>out 2>err || true
	for file in out summary err; do
		LC_ALL=C grep -vq "$(printf '[\001-\010\013-\037\177]')" $file
		run ! env LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" $file
		iconv -f UTF-8 -t UTF-8 $file >/dev/null
	done
	run ! grep -qP '[\x{80}-\x{9f}\x{202e}\x{200b}]' out summary err
	grep -q '^torrent.*\\0033\]0;x\\0007\\0033\[31m\\0342\\0200\\0256\\0342\\0200\\0213\\0302\\0233$' out
}

@test "names that are not UTF-8 keep their bytes: printf %b gives them back" {
	mkdir odd
	python3 "$torrents/hostile.py" odd >table
	name=$(ugat-parse 'odd/not UTF-8' | awk -F'\t' '$1 == "file" { print $5 }')
	sh -c 'printf %b "$1"' - "$name" | od -An -tx1 | grep -q '^ ff fe c0 80 ed a0 80$'
}

@test "URLs: those over 4,000 bytes are left out, and a comment says so" {
	long=http://$(printf 'x%.0s' {1..4000})
	write_torrent x.torrent "8:announce${#long}:$long"
	ugat-parse x.torrent >out
	run ! grep -q ^tracker out
	grep -q '^# 1 trackers, web seeds or nodes are left out' out
}

@test "comments of over 4,096 bytes are cut, at a character's end" {
	long=$(printf 'x%.0s' {1..4095})éé
	write_torrent x.torrent "7:comment4099:$long"
	ugat-parse x.torrent | grep ^meta >out
	[ "$(<out)" = "meta	comment	${long%éé}	cut=1" ]
}

@test "summary: -s, and by itself on a terminal" {
	ugat-parse -s "$torrents/libtorrent/sample.torrent" >out
	diff - out <<-'EOF'
		Name        sample
		Size        45 B
		Pieces      2 of 16.0 KiB
		Files       2
		Info-hash   58d8d15a4eb3bd9afabc9cee2564f78192777edb
		Private     no
		Comment     sample comment
		Made by     libtorrent
		Created     2014-12-17 03:39 UTC
		Trackers    udp://tracker.opentracker.com:80/announce
		            tracker.publicbt.com:80/announce

		25 B        sample/text_file2.txt
		20 B        sample/text_file.txt
	EOF
	on_terminal ugat-parse "$torrents/libtorrent/sample.torrent" >shown
	diff out shown
}

@test "summary: a hybrid has two hashes, a v2 torrent says that it cannot be fetched, long lists end" {
	ugat-parse -s "$torrents/libtorrent/v2_hybrid.torrent" >out
	grep -q '^Info-hash   514c76c1f27ec61ca8b37851bcd1cbf0b26cf120$' out
	grep -q '^v2 hash     518fbaf39b37020c896e8768a967da6d76bbd5ef7a02c761021b65a72c6cfa11$' out
	grep -q '^Files       9$' out
	ugat-parse -s "$torrents/libtorrent/v2_only.torrent" | grep -q 'v2 only, which ugat-fetch does not load: get a v1 or hybrid one'
	ugat-parse -s "$torrents/libtorrent/overlapping_symlinks.torrent" | grep -q '\.\.\. and 47 more files'
}

@test "summary: names of blanks are quoted, the torrent's and the files'" {
	mkdir 'a ' && echo 1 >'a / ' && echo 2 >'a /plain one'
	ugat-make -o blank.torrent 'a '
	ugat-parse -s blank.torrent >out
	grep -qx 'Name        "a "' out
	grep -qx '2 B         "a / "' out
	grep -qx '2 B         "a /plain one"' out
}

@test "summary: a refusal is words on stderr and no record" {
	rc=0
	ugat-parse -s "$torrents/libtorrent/zero.torrent" >out 2>err || rc=$?
	[ "$rc" -eq 65 ]
	[ ! -s out ]
	[ "$(wc -l <err)" -eq 1 ]
}

@test "output: a full device is told, with exit 74" {
	run bash -c 'ugat-parse "$0" >/dev/full' "$torrents/libtorrent/large.torrent"
	[ "$status" -eq 74 ]
	[[ $output == 'ugat-parse: standard output: No space left on device' ]]
}
