#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-make: the same torrents as mktorrent, transmission-create and libtorrent make, and what is refused.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p top/sub "top/a b" top/A
	seq 100000 | head -c 129376 >top/a.bin
	seq 200000 | tail -c 70000 >top/b.bin
	seq 300000 | tail -c 10000 >top/sub/c.bin
	seq 400000 | tail -c 1 >"top/a b/x"
	seq 500000 | tail -c 3000 >top/A/y
	seq 600000 | head -c 1000000 >one
}

# The info-hash, as libtorrent sees it.
btih() {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/../flow/torrent.py" btih "$1"
}

# What a .torrent holds but for info: key=value lines, by libtorrent.
keys() {
	/usr/bin/python3 -c '
import libtorrent as lt, sys
for key, value in sorted(lt.bdecode(open(sys.argv[1], "rb").read()).items()):
    if key != b"info": print(key.decode(), value)' "$1"
}

make() {
	rm -f x.torrent
	ugat-make -o x.torrent "$@"
}

# fails CODE WORDS OPTION...: exit CODE, one line of WORDS, no x.torrent and nothing half done.
fails() {
	local code=$1 words=$2 rc=0

	shift 2
	ugat-make -o x.torrent "$@" >out 2>err || rc=$?
	[ "$rc" -eq "$code" ] || { cat err; echo "exit $rc"; return 1; }
	[ "$(<err)" = "ugat-make: $words" ] || { cat err; return 1; }
	[ ! -e x.torrent ]
	[ ! -s out ]
	[ -z "$(find . -name '.ugat-make*')" ]
}

@test "mktorrent makes the same: a file, a directory, private, with a source" {
	for path in one top; do
		mktorrent -l 15 -o m.torrent "$path" >/dev/null
		make -b 32K "$path" >said 2>&1
		[ ! -s said ]
		[ "$(btih x.torrent)" = "$(btih m.torrent)" ]
		rm m.torrent
		mktorrent -l 16 -p -s where -n other -o m.torrent "$path" >/dev/null
		make -b 64K -M private=1 -M source=where -n other "$path"
		[ "$(btih x.torrent)" = "$(btih m.torrent)" ]
		rm m.torrent
	done
}

@test "with an empty file, mktorrent makes the same" {
	: >top/empty
	mktorrent -l 15 -o m.torrent top >/dev/null
	make -b 32K top
	[ "$(btih x.torrent)" = "$(btih m.torrent)" ]
}

@test "transmission-create makes the same" {
	# It says private=0, too, and sorts without regard to case.
	rm -r top/A
	for path in one top; do
		transmission-create -s 64 -o t.torrent "$path" >/dev/null
		make -b 64K -M private=0 "$path"
		[ "$(btih x.torrent)" = "$(btih t.torrent)" ]
		transmission-create -p -s 32 -t udp://t:1/a -o t.torrent "$path" >/dev/null
		make -b 32K -M private=1 -a udp://t:1/a "$path"
		[ "$(btih x.torrent)" = "$(btih t.torrent)" ]
	done
}

@test "libtorrent makes the same" {
	: >top/empty
	for path in one top; do
		for piece in 16384 65536 1048576; do
			want=$(/usr/bin/python3 "$BATS_TEST_DIRNAME/../flow/torrent.py" make l.torrent - $piece "$path")
			make -b $piece "$path"
			[ "$(btih x.torrent)" = "$want" ]
		done
	done
}

@test "the piece length is chosen for 1000 to 2000 pieces" {
	for pair in 1:16384 32768000:16384 32768001:32768 2097152000:1048576 2097152001:2097152; do
		rm -f hole
		truncate -s "${pair%:*}" hole
		make hole
		[ "$(ugat-parse x.torrent | awk -F '\t' '$1 == "torrent" { print $4 }')" = "${pair#*:}" ]
	done
	truncate -s 64G hole
	make hole
	[ "$(ugat-parse x.torrent | awk -F '\t' '$1 == "torrent" { print $4 }')" = 16777216 ]
}

@test "the same input gives the same bytes, whatever the threads" {
	make -a udp://t:1/a top
	mv x.torrent first
	for j in 1 3 16; do
		touch top/* # the times do not matter
		make -j $j -a udp://t:1/a top
		cmp first x.torrent
	done
	[ "$(keys first)" = "announce b'udp://t:1/a'" ]
}

@test "trackers in tiers, web seeds, comment, date" {
	make -a udp://t:1/a,http://u/b -a https://v/c -W http://w/one -W http://x/ -M comment=hello \
		-M creation-date=1700000000 -M created-by=me one
	diff <(keys x.torrent) - <<-'EOF'
		announce b'udp://t:1/a'
		announce-list [[b'udp://t:1/a', b'http://u/b'], [b'https://v/c']]
		comment b'hello'
		created by b'me'
		creation date 1700000000
		url-list [b'http://w/one', b'http://x/']
	EOF
	ugat-parse x.torrent | grep ^tracker | diff - <(printf 'tracker\t%s\t%s\n' 0 udp://t:1/a 0 http://u/b 1 https://v/c)
}

@test "standard input: a pipe of unknown length, and a file" {
	mktorrent -l 20 -n one -o m.torrent one >/dev/null
	rm -f x.torrent
	cat one | ugat-make -o x.torrent -n one -
	[ "$(btih x.torrent)" = "$(btih m.torrent)" ]
	cat one | ugat-make -f -o x.torrent -b 16K -n one - >out 2>&1
	[ ! -s out ]
	[ "$(btih x.torrent)" = "$(ugat-make -b 16K -o - one | ugat-parse | awk -F '\t' '$1 == "torrent" { print $2 }')" ]
	make -n one - <one
	[ "$(btih x.torrent)" = "$(ugat-make -o - one | ugat-parse | awk -F '\t' '$1 == "torrent" { print $2 }')" ]
	# Pieces that no ring holds.
	make -b 16M -n one - <one
	[ "$(btih x.torrent)" = "$(ugat-make -b 16M -o - one | ugat-parse | awk -F '\t' '$1 == "torrent" { print $2 }')" ]
}

@test "without -o it becomes NAME.torrent here; -o - is standard output" {
	mkdir elsewhere
	cd elsewhere
	ugat-make ../top/ >../said
	[ ! -s ../said ]
	ugat-make -n other ../top
	ugat-make -o - ../top | cmp - top.torrent
	[ "$(ls)" = 'other.torrent
top.torrent' ]
	[ "$(stat -c %a top.torrent)" = "$(printf %o $((0666 & ~$(umask))))" ]
}

@test "a dot gets its name from where it is" {
	cd top/sub
	ugat-make -o "$BATS_TEST_TMPDIR/x.torrent" .
	cd ../..
	[ "$(ugat-parse x.torrent | awk -F '\t' '$1 == "file" { print $5 }')" = sub/c.bin ]
	make top/sub/..
	[ "$(ugat-parse x.torrent | awk -F '\t' '$1 == "torrent" { print $8 }')" = top ]
	run -66 ugat-make -o y.torrent /
	[ "$output" = 'ugat-make: /: has no name: give a file or a directory in it' ]
}

@test "-r writes what ugat-parse writes, with checked and have" {
	: >top/empty
	ugat-make -r -o x.torrent -b 32K -a udp://t:1/a -M comment=c top >records
	diff <(ugat-parse x.torrent) <(grep -v -e '^checked' -e '^have' records)
	ugat-parse x.torrent | ugat-verify >verified
	cmp verified records
	ugat-make -r -b 32K -a udp://t:1/a -M comment=c top >again
	cmp records again
	[ ! -e top.torrent ]
}

@test "-r with -n: the paths are those of the files that are there" {
	ugat-make -r -n other -o x.torrent top >records
	[ "$(awk -F '\t' '$1 == "torrent" { print $8 }' records)" = other ]
	[ "$(awk -F '\t' '$1 == "file" { print $5 }' records | head -n 1)" = top/A/y ]
	ugat-verify -s <records >words
	[ "$(cut -f 1 words | sort -u)" = whole ]
	ugat-make -r -n other -o y.torrent one | ugat-verify -s >words
	[ "$(<words)" = 'whole	one' ]
}

@test "-v says what others will know it by" {
	make -v one 2>err
	[ "$(<err)" = "ugat-make: one: 977 KiB in 62 pieces of 16.0 KiB, info-hash $(btih x.torrent)" ]
}

@test "a name that leaves no room for .torrent: what to do is said" {
	name=$(printf '%0255d' 1)
	echo some bytes >"$name"
	run -73 ugat-make "$name"
	[ "$output" = "ugat-make: $name.torrent: too long a name: choose another with -o" ]
	run -0 ugat-make -o x.torrent "$name"
}

@test "what is there already is not overwritten, but with -f" {
	echo mine >x.torrent
	rc=0
	ugat-make -o x.torrent one 2>err || rc=$?
	[ "$rc" -eq 73 ]
	[ "$(<err)" = 'ugat-make: x.torrent: is there already: -f overwrites it' ]
	[ "$(<x.torrent)" = mine ]
	ugat-make -f -o x.torrent one
	btih x.torrent
	mkdir d
	run -73 ugat-make -f -o d one
	[ "$output" = 'ugat-make: d: is there and no regular file: choose another name with -o (- is standard output)' ]
	run -73 ugat-make -o nowhere/x one
	[ "$output" = 'ugat-make: nowhere/x: No such file or directory' ]
	run -73 ugat-make -f -o /dev/null one
	[ -c /dev/null ]
}

@test "a .torrent that is to be replaced is not one of the files" {
	ugat-make -o top/x.torrent top
	cp top/x.torrent keep
	run -73 ugat-make -f -o top/x.torrent top
	[ "$output" = 'ugat-make: top/x.torrent: is one of the files itself: choose another place with -o' ]
	cmp keep top/x.torrent
}

@test "empty content is refused" {
	: >empty
	mkdir -p dir/sub
	: >dir/sub/empty
	mkdir nothing
	fails 65 'empty: there is not a byte in it to share' empty
	fails 65 'dir: there is not a byte in it to share' dir
	fails 65 'nothing: there is not a byte in it to share' nothing
	fails 65 'standard input: there is not a byte in it' -n x - </dev/null
}

@test "symbolic links are left out, and that is said" {
	ln -s a.bin top/link
	ln -s / top/sub/root
	mktorrent -l 15 -o m.torrent one >/dev/null
	make -b 32K top 2>err
	[[ $(<err) == 'ugat-make: 2 symbolic links are left out, one of them top/'* ]]
	rm top/sub/root
	make -b 32K top 2>err
	[ "$(<err)" = 'ugat-make: a symbolic link is left out: top/link' ]
	make -q -b 32K top 2>err
	[ ! -s err ]
	rm top/link
	was=$(btih x.torrent)
	make -b 32K top
	[ "$(btih x.torrent)" = "$was" ]
	ln -s top link
	rm x.torrent
	fails 66 'link: a symbolic link: name what it points to' link
}

@test "special files are refused, nothing hangs" {
	mkfifo top/sub/fifo
	fails 66 'top/sub/fifo: a FIFO, a socket or a device: it cannot be shared, move it away' top
	fails 66 'top/sub/fifo: neither a file nor a directory (- is standard input)' top/sub/fifo
	fails 66 'nothere: No such file or directory' nothere
}

@test "what may not be read is named" {
	chmod 000 top/b.bin
	as=()
	[ "$(id -u)" -ne 0 ] || as=(setpriv '--bounding-set=-dac_override,-dac_read_search' '--inh-caps=-all')
	rc=0
	"${as[@]}" ugat-make -o x.torrent top 2>err || rc=$?
	[ "$rc" -eq 66 ]
	[ "$(<err)" = 'ugat-make: top/b.bin: Permission denied' ]
	chmod 000 top/sub
	rc=0
	"${as[@]}" ugat-make -o x.torrent "$PWD/top" 2>err || rc=$?
	chmod 755 top/sub
	[ "$rc" -eq 66 ]
	[ "$(<err)" = 'ugat-make: top/sub: Permission denied' ]
	[ ! -e x.torrent ]
}

@test "an error while reading is exit 74, a file that changes meanwhile 75" {
	fails 74 '/sys/class/net/lo/speed: Invalid argument' /sys/class/net/lo/speed
	fails 75 '/sys/class/net/lo/mtu: changed while it was read: try again when nobody writes to it' /sys/class/net/lo/mtu
}

# slow SIZE: it takes a while to hash: zeros, but no two pieces alike.
slow() {
	truncate -s "$1"G slow
	for ((i = 0; i < $1; i++)); do
		printf x | dd of=slow bs=1 seek=${i}G conv=notrunc status=none
	done
}

# hashing: wait until $pid has begun.
hashing() {
	for _ in $(seq 200); do
		[ "$(ls "/proc/$pid/task" | wc -l)" -lt 2 ] || return 0
		sleep 0.01
	done
	return 1
}

@test "a file that is written to while it is hashed: exit 75, and no torrent" {
	slow 4
	ugat-make -b 1G -o x.torrent slow 2>err &
	pid=$!
	hashing
	echo more >>slow
	rc=0
	wait "$pid" || rc=$?
	[ "$rc" -eq 75 ]
	[ "$(<err)" = 'ugat-make: slow: changed while it was read: try again when nobody writes to it' ]
	[ ! -e x.torrent ]
}

@test "INT ends it by that very signal, and nothing is left behind" {
	slow 8
	env --default-signal=INT ugat-make -b 1G -o x.torrent slow 2>err &
	pid=$!
	for _ in $(seq 200); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != ugat-make ] || break
		sleep 0.01
	done
	hashing
	kill -INT "$pid"
	rc=0
	wait "$pid" || rc=$?
	[ "$rc" -eq 130 ]
	[ ! -s err ]
	[ "$(ls -A)" = 'err
one
slow
top' ]
}

@test "on a terminal: what was written, and a word when no tracker is in it; nothing with -q or elsewhere" {
	pty=(python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" 80 shown)
	"${pty[@]}" ugat-make one
	grep -q 'ugat-make: one\.torrent: written' shown
	grep -q 'no tracker in it: give one with -a' shown
	"${pty[@]}" ugat-make -f -a udp://t:1/a one
	[ "$(grep -c 'no tracker' shown)" -eq 0 ]
	"${pty[@]}" ugat-make -q -f one
	[ ! -s shown ]
	ugat-make -f one 2>err
	[ ! -s err ]
	run -2 --separate-stderr ugat-make -f -a 127.0.0.1:6969 one
	[[ $stderr == 'ugat-make: -a 127.0.0.1:6969: no URL: it begins with udp://, http:// or https://'* ]]
}

@test "on a terminal a line shows how far it is, and one how long it took" {
	slow 2
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" 80 shown ugat-make -b 1G -o x.torrent slow
	grep -aq 'slow .*% .*hashing' shown
	tail -n 1 shown | grep -aq $'slow: 2.00 GiB in .*/s'
	cat slow | head -c 1G | python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" 80 shown ugat-make -f -n slow -o x.torrent -
	grep -aq 'slow .*MiB  hashing' shown
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" 80 shown ugat-make -q -f -o x.torrent one
	[ ! -s shown ]
}

@test "holes of a sparse file are not read" {
	truncate -s 1G hole
	bash -c 'ugat-make -b 1M -o x.torrent hole; grep rchar "/proc/$$/io"' >words
	[ "$(sed -n 's/rchar: //p' words)" -lt 10000000 ]
	[ "$(ugat-parse x.torrent | awk -F '\t' '$1 == "piece" { print $3 }' | sort -u)" = \
		"$(head -c 1M /dev/zero | sha1sum | cut -c 1-40)" ]
}

@test "names are bytes: no UTF-8, controls, long ones" {
	mkdir "$(printf 'n\377')"
	echo x >"$(printf 'n\377/a\nb')"
	echo y >"$(printf 'n\377/%0255d' 7)"
	make "$(printf 'n\377')"
	ugat-parse x.torrent | ugat-verify -s >words
	[ "$(cut -f 1 words | sort | uniq -c | tr -s ' ')" = ' 2 whole' ]
	# A path that no torrent can have.
	(
		cd top
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do
			mkdir "$(printf %0240d 1)" && cd "$(printf %0240d 1)" || exit
		done
		echo >f
	)
	rc=0
	ugat-make -o y.torrent top 2>err || rc=$?
	[ "$rc" -eq 65 ]
	grep -q 'over 4095 bytes' err
}

@test "ugat's own notes are no content" {
	mkdir top/.ugat top/sub/.ugat
	echo x >top/.ugat/x
	echo x >top/sub/.ugat/y
	make top
	run -1 grep -a '\.ugat' x.torrent
}

@test "usage: what makes no sense is exit 2" {
	run -2 ugat-make
	run -2 ugat-make one top
	run -2 ugat-make - <one
	run -2 ugat-make -n a/b one
	run -2 ugat-make -n .. one
	run -2 ugat-make -r -o - one
	run -2 ugat-make -r -n x - <one
	for size in 0 1 8K 24K 2G 16X; do
		run -2 ugat-make -b "$size" one
	done
	for fact in private private=2 colour=red comment= creation-date=now private=; do
		run -2 ugat-make -M "$fact" one
	done
	run -2 ugat-make -M source=a -M source=b one
	run -2 ugat-make -r - <one
	[[ $output == 'ugat-make: -r needs files that can be shared, not standard input'* ]]
	run -2 ugat-make -a udp://tracker.example.org/announce one
	[[ $output == 'ugat-make: -a udp://tracker.example.org/announce: udp needs a port: udp://HOST:PORT'* ]]
	for url in '' 'udp://t:1/a,,' 'not a url' 127.0.0.1:6969 t/announce 'http://' "http://h/$(printf %04000d 1)"; do
		run -2 ugat-make -a "$url" one
		run -2 ugat-make -W "$url" one
	done
	[ "$(ls -A)" = 'one
top' ]
}

@test "output: a full device is told, with exit 74" {
	run bash -c 'ugat-make -o - one >/dev/full'
	[ "$status" -eq 74 ]
	[ "$output" = 'ugat-make: standard output: No space left on device' ]
	run bash -c 'ugat-make -r one >/dev/full'
	[ "$status" -eq 74 ]
}
