#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-verify: what is whole and what is not, and the records that say so. The torrents are mktorrent's.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p out/top/sub
	# 32 KiB pieces, in order a.bin 0-3, b.bin 3-6 (it begins 1,696 bytes before piece 4), sub/c.bin 6.
	seq 100000 | head -c 129376 >out/top/a.bin
	seq 200000 | tail -c 70000 >out/top/b.bin
	seq 300000 | tail -c 10000 >out/top/sub/c.bin
	mktorrent -l 15 -o x.torrent out/top >/dev/null
	ugat-parse x.torrent >records
}

# flip FILE OFFSET: one byte becomes another; the time of change stays.
flip() {
	local was

	touch -r "$1" stamp
	was=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059
	printf "\\$(printf %o $((was ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
	touch -r stamp "$1"
}

# said CODE: -s answers so, and out.words holds what it says.
said() {
	rc=0
	ugat-verify -s -d out "${@:2}" <records >out.words 2>err || rc=$?
	[ "$rc" -eq "$1" ] || { cat out.words err; echo "exit $rc"; return 1; }
}

@test "-s: all is whole, a line a file, exit 0" {
	said 0
	[ ! -s err ]
	diff out.words - <<-'EOF'
		whole	out/top/a.bin
		whole	out/top/b.bin
		whole	out/top/sub/c.bin
	EOF
	cd out
	ugat-verify -s <../records >../out.words
	[ "$(head -n 1 ../out.words)" = 'whole	top/a.bin' ]
}

@test "filter: checked and have stand before end, all else passes byte for byte" {
	{ cat records; printf 'peer\t192.0.2.1\t6881\n'; } >with.peer
	ugat-verify -d out <with.peer >out.records 2>err
	[ ! -s err ]
	diff with.peer <(grep -v -e '^checked' -e '^have' out.records)
	diff - <(grep -e '^checked' -e '^have' -e '^end' out.records) <<-EOF
		checked	0	129376	$(date -r out/top/a.bin +%s%N)
		checked	1	70000	$(date -r out/top/b.bin +%s%N)
		checked	2	10000	$(date -r out/top/sub/c.bin +%s%N)
		have	0-6
		end
	EOF
}

@test "peers and denials may stand before everything else" {
	{ printf 'deny!\t10.0.0.0/8\npeer\t192.0.2.1\t6881\n'; cat records; } >early
	ugat-verify -d out <early >out.records
	diff early <(grep -v -e '^checked' -e '^have' out.records)
	[ "$(grep ^have out.records)" = 'have	0-6' ]
}

@test "damage: three bytes in three pieces are named, the filter leaves them out of have" {
	flip out/top/a.bin 0
	flip out/top/a.bin 65536
	flip out/top/b.bin 40000
	said 1
	diff out.words - <<-'EOF'
		damaged	out/top/a.bin	pieces 0 2
		damaged	out/top/b.bin	piece 5
		whole	out/top/sub/c.bin
	EOF
	ugat-verify -d out <records >out.records 2>err
	[ ! -s err ]
	[ "$(grep ^have out.records)" = 'have	1
have	3-4
have	6' ]
	[ "$(grep -c ^checked out.records)" -eq 3 ]
}

@test "damage in a piece that two files share is named for both" {
	flip out/top/b.bin 100
	said 1
	[ "$(cut -f 1,3 out.words)" = 'damaged	piece 3
damaged	piece 3
whole' ]
}

@test "short, missing and long files are called so" {
	truncate -s 100000 out/top/a.bin
	rm out/top/sub/c.bin
	echo x >>out/top/b.bin
	said 1
	diff out.words - <<-'EOF'
		short	out/top/a.bin	100000 of 129376 bytes
		long	out/top/b.bin	2 bytes too many
		missing	out/top/sub/c.bin
	EOF
	ugat-verify -d out <records >out.records 2>err
	[ ! -s err ]
	[ "$(grep ^have out.records)" = 'have	0-2
have	4-5' ]
}

@test "what shares a piece with a missing file cannot be told" {
	rm out/top/a.bin
	said 1
	[ "$(sed -n 2p out.words)" = 'unsure	out/top/b.bin	piece 3: shared with a file that is not there' ]
}

@test "a directory, a symbolic link, a FIFO: named, no piece of theirs counts, nothing hangs" {
	mv out/top/sub/c.bin elsewhere
	rm out/top/a.bin
	mkdir out/top/a.bin
	ln -s ../../../elsewhere out/top/sub/c.bin
	mv out/top/b.bin keep
	mkfifo out/top/b.bin
	said 1
	diff out.words - <<-'EOF'
		blocked	out/top/a.bin	a directory stands there
		blocked	out/top/b.bin	a FIFO, a socket or a device stands there
		blocked	out/top/sub/c.bin	a symbolic link stands there
	EOF
	ugat-verify -d out <records >out.records 2>err
	cmp records out.records
	[ ! -s err ]
	ugat-verify -v -d out <records >out.records 2>err
	cmp out.words err
}

@test "a symbolic link on the way to a file is named itself; one byte is no bytes" {
	mv out/top/sub elsewhere
	ln -s ../../elsewhere out/top/sub
	echo >>out/top/a.bin
	said 1
	[ "$(grep c.bin out.words)" = 'blocked	out/top/sub/c.bin	out/top/sub is a symbolic link' ]
	[ "$(grep a.bin out.words)" = 'long	out/top/a.bin	1 byte too many' ]
}

@test "a file that may not be read: exit 74 with -s, the others are checked" {
	chmod 000 out/top/a.bin
	as=()
	[ "$(id -u)" -ne 0 ] || as=(setpriv '--bounding-set=-dac_override,-dac_read_search' '--inh-caps=-all')
	rc=0
	"${as[@]}" ugat-verify -s -d out <records >out.words 2>err || rc=$?
	[ "$rc" -eq 74 ]
	[ "$(cut -f 1,3 out.words)" = 'unreadable	Permission denied
unsure	piece 3: shared with a file that is not there
whole' ]
	[ "$(<err)" = 'ugat-verify: not all files could be read' ]
	"${as[@]}" ugat-verify -d out <records >out.records 2>err
	[ "$(grep -c ^checked out.records)" -eq 2 ]
	[ "$(grep ^have out.records)" = 'have	4-6' ]
	[ ! -s err ]
}

# A stream of one file of 4096 bytes, as the files of sysfs claim to be.
one() {
	printf 'ugat\t1\ntorrent\t%040d\t-\t4096\t1\t4096\t1\t%s\n' 1 "$1"
	printf 'file\t0\t0\t4096\t%s\npiece\t0\t%040d\nend\n' "$1" 2
}

@test "an error while reading: exit 74 with -s, the filter counts the piece as missing" {
	[ "$(stat -c %s /sys/class/net/lo/speed)" -eq 4096 ]
	one speed >records
	rc=0
	ugat-verify -s -d /sys/class/net/lo/ <records >out.words || rc=$?
	[ "$rc" -eq 74 ]
	[ "$(<out.words)" = 'unreadable	/sys/class/net/lo/speed	Invalid argument' ]
	ugat-verify -d /sys/class/net/lo <records >out.records 2>err
	[ "$(cut -f 1-3 out.records | tail -n 2 | head -n 1)" = 'checked	0	4096' ]
	[ "$(<err)" = 'ugat-verify: /sys/class/net/lo/speed: Invalid argument' ]
	ugat-verify -q -d /sys/class/net/lo <records >out.records 2>err
	[ ! -s err ]
}

@test "a file that ends before its size while it is read: not whole, not checked" {
	one mtu >records
	rc=0
	ugat-verify -s -d /sys/class/net/lo <records >out.words || rc=$?
	[ "$rc" -eq 1 ]
	[ "$(<out.words)" = 'changed	/sys/class/net/lo/mtu	it changed while it was read' ]
	ugat-verify -d /sys/class/net/lo <records >out.records 2>err
	cmp records out.records
	[ "$(<err)" = 'ugat-verify: /sys/class/net/lo/mtu: it changed while it was read' ]
}

@test "no directory at all: every file is missing; no directory but a file: exit 66" {
	rm -r out
	said 1
	[ "$(cut -f 1 out.words | sort -u)" = missing ]
	echo >out
	rc=0
	ugat-verify -d out <records >out.records 2>err || rc=$?
	[ "$rc" -eq 66 ]
	[ "$(<err)" = 'ugat-verify: out: Not a directory' ]
	[ "$(tail -n 1 out.records)" = 'fail!	66	ugat-verify	out: Not a directory' ]
}

@test "-z looks at the sizes only" {
	flip out/top/a.bin 5
	said 0 -z
	[ "$(head -n 1 out.words)" = 'present	out/top/a.bin' ]
	rm out/top/b.bin
	said 1 -z
	[ "$(cut -f 1 out.words)" = 'present
missing
present' ]
}

@test "-v says on stderr what the filter found" {
	flip out/top/a.bin 5
	ugat-verify -v -d out <records >out.records 2>err
	[ "$(<err)" = 'damaged	out/top/a.bin	piece 0' ]
}

@test "files without a line are not looked at; their bytes are taken from the .part" {
	grep -v 'b.bin' records >picked
	mv out/top/b.bin keep
	mv picked records
	said 1
	[ "$(cut -f 1,3 out.words)" = 'unsure	piece 3: shared with a file that is not there
unsure	piece 6: shared with a file that is not there' ]
	mkdir out/.ugat
	cat out/top/a.bin keep >"out/.ugat/$(awk -F '\t' '$1 == "torrent" { print $2 }' records).part"
	said 0
}

@test "-s ends when it has said what it found, though its input stays open" {
	mkfifo in
	exec 8<>in
	cat records >&8
	timeout 30 ugat-verify -s -d out <in >out.words
	exec 8>&-
	[ "$(cut -f 1 out.words | sort -u)" = whole ]
}

@test "older checked and have lines are replaced" {
	ugat-verify -d out <records >first
	flip out/top/a.bin 0
	ugat-verify -d out <first >second
	ugat-verify -d out <records >fresh
	cmp second fresh
}

@test "the number of threads makes no difference" {
	flip out/top/b.bin 69999
	ugat-verify -d out <records >want
	for j in 1 2 3 16; do
		ugat-verify -j $j -d out <records >got
		cmp want got
	done
	run -2 ugat-verify -j 0 <records
	run -2 ugat-verify -j x <records
}

@test "holes of a sparse file are not read" {
	truncate -s 1G out/hole
	{
		printf 'ugat\t1\ntorrent\t%040d\t-\t1048576\t1024\t1073741824\t1\thole\nfile\t0\t0\t1073741824\thole\n' 1
		awk -v sum="$(head -c 1048576 /dev/zero | sha1sum | cut -c 1-40)" \
			'BEGIN { for (i = 0; i < 1024; i++) printf "piece\t%d\t%s\n", i, sum; print "end" }'
	} >records
	bash -c 'ugat-verify -s -d out <records; grep rchar "/proc/$$/io"' >out.words
	[ "$(head -n 1 out.words)" = 'whole	out/hole' ]
	[ "$(sed -n 's/rchar: //p' out.words)" -lt 10000000 ]
}

@test "pad files are zeros that need no file" {
	{
		printf 'ugat\t1\ntorrent\t%040d\t-\t16384\t1\t16384\t2\tp\nfile\t0\t0\t10\tp/a\n' 1
		printf 'file\t1\t10\t16374\t-\tattr=p\n'
		printf 'piece\t0\t%s\nend\n' "$({ printf 0123456789; head -c 16374 /dev/zero; } | sha1sum | cut -c 1-40)"
	} >records
	mkdir out/p
	printf 0123456789 >out/p/a
	said 0
	[ "$(<out.words)" = 'whole	out/p/a' ]
}

@test "names are made printable, and empty files count" {
	mkdir "out/n"
	: >$'out/n/e\033mpty'
	echo x >out/n/x
	mktorrent -o n.torrent out/n >/dev/null
	ugat-parse n.torrent >records
	said 0
	[ "$(head -n 1 out.words)" = 'whole	out/n/e?mpty' ]
	rm out/n/e*
	said 1
	[ "$(head -n 1 out.words)" = 'missing	out/n/e?mpty' ]
}

@test "every line passes at once, end when all is hashed" {
	mkfifo in out.fifo
	ugat-verify -d out <in >out.fifo &
	pid=$!
	exec 8>in 9<out.fifo
	grep -v ^end records >&8
	for _ in $(seq "$(grep -vc ^end records)"); do
		read -r -t 10 line <&9
	done
	[[ $line == info* ]]
	printf 'end\n' >&8
	while read -r -t 10 line <&9 && [ "$line" != end ]; do
		last=$line
	done
	[ "$last" = 'have	0-6' ]
	printf 'peer\t192.0.2.1\t1\n' >&8
	read -r -t 10 line <&9
	[ "$line" = 'peer	192.0.2.1	1' ]
	exec 8>&-
	wait "$pid"
	exec 9<&-
}

@test "a failure of an earlier stage passes, with its code and without a word" {
	{ head -n 3 records; printf 'fail!\t69\tugat-announce\tnobody\n'; } >failed
	rc=0
	ugat-verify -d out <failed >out.records 2>err || rc=$?
	[ "$rc" -eq 69 ]
	[ ! -s err ]
	cmp failed out.records
	rc=0
	ugat-verify -s -d out <failed >out.words 2>err || rc=$?
	[ "$rc" -eq 69 ]
	[ ! -s out.words ]
}

@test "input that is cut off, malformed or version 2 only is exit 65" {
	rc=0
	head -n 3 records | ugat-verify -d out >out.records 2>err || rc=$?
	[ "$rc" -eq 65 ]
	[ "$(<err)" = 'ugat-verify: the input ends without `end`: was it cut off?' ]
	[[ $(tail -n 1 out.records) == 'fail!	65	ugat-verify	'* ]]
	rc=0
	grep -v '^piece	3' records | ugat-verify -s -d out >out.words 2>err || rc=$?
	[ "$rc" -eq 65 ]
	grep -q 'a wanted piece has no `piece` line' err
	rc=0
	ugat-verify -d out <x.torrent >out.records 2>err || rc=$?
	[ "$rc" -eq 65 ]
	grep -q 'is this the output of ugat-parse' err
	rc=0
	ugat-parse "$BATS_TEST_DIRNAME/../vectors/torrents/libtorrent/v2_only.torrent" | ugat-verify >out.records 2>err || rc=$?
	[ "$rc" -eq 65 ]
	grep -q 'v2 only, which is not supported: get ' err
}

@test "on a terminal words take the place of the records" {
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o 0 ugat-verify -d out <records >shown
	[ "$(head -n 1 shown)" = 'whole	out/top/a.bin' ]
	[ "$(wc -l <shown)" -eq 3 ]
}

@test "on a terminal a line shows how far it is, and goes away" {
	# As long as it takes to hash zeros that are not all of a piece.
	truncate -s 2G out/slow
	printf x | dd of=out/slow conv=notrunc status=none
	printf x | dd of=out/slow bs=1 seek=2000M conv=notrunc status=none
	{
		printf 'ugat\t1\ntorrent\t%040d\t-\t1073741824\t2\t2147483648\t1\tslow\nfile\t0\t0\t2147483648\tslow\n' 1
		printf 'piece\t%d\t%040d\n' 0 1 1 1
		echo end
	} >records
	rc=0
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" 80 shown ugat-verify -j 1 -s -d out <records >out.words || rc=$?
	[ "$rc" -eq 1 ]
	grep -aq 'slow .*% .*checking' shown
	[ "$(tail -c 4 shown)" = $'\r\033[J' ]
}

@test "INT ends it by that very signal, while it hashes too" {
	truncate -s 8G out/slow
	for i in 0 1 2 3 4 5 6 7; do
		printf x | dd of=out/slow bs=1 seek=${i}G conv=notrunc status=none
	done
	{
		printf 'ugat\t1\ntorrent\t%040d\t-\t1073741824\t8\t8589934592\t1\tslow\nfile\t0\t0\t8589934592\tslow\n' 1
		for i in 0 1 2 3 4 5 6 7; do printf 'piece\t%d\t%040d\n' $i 1; done
		echo end
	} >records
	env --default-signal=INT ugat-verify -j 2 -s -d out <records >out.words 2>err &
	pid=$!
	for _ in $(seq 100); do
		[ "$(ls "/proc/$pid/task" | wc -l)" -lt 3 ] || break
		sleep 0.02
	done
	kill -INT "$pid"
	rc=0
	wait "$pid" || rc=$?
	[ "$rc" -eq 130 ]
	[ ! -s out.words ]
	[ ! -s err ]
}

@test "output: a full device is told, with exit 74" {
	run bash -c 'ugat-verify -d out <records >/dev/full'
	[ "$status" -eq 74 ]
	[ "$output" = 'ugat-verify: standard output: No space left on device' ]
	run bash -c 'ugat-verify -s -d out <records >/dev/full'
	[ "$status" -eq 74 ]
}

@test "ugat-verify: a newer format and a malformed fail! are said, not passed off as something else" {
	run --separate-stderr ugat-verify <<<$'ugat\t2\nend'
	[ "$status" -eq 65 ]
	[[ $stderr == *newer* ]]
	run --separate-stderr ugat-verify <<<$'ugat\t1\nfail!\t300\tcat\twords'
	[ "$status" -eq 65 ]
	[[ $stderr == *"line 2: malformed"* ]]
}
