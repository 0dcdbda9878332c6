#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-json, with every awk that is here: what jq and Python read is what the records said.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	torrents=$BATS_TEST_DIRNAME/../vectors/torrents
	awks=()
	for awk in mawk gawk; do
		type -P "$awk" >/dev/null || continue
		mkdir -p "with-$awk"
		ln -sf "$(type -P "$awk")" "with-$awk/awk"
		awks+=("$awk")
	done
	[ ${#awks[@]} -gt 0 ]
}

# The output, which is the same with every awk; the status is the last one's.
json() {
	local rc=0 awk first=
	cat >in
	for awk in "${awks[@]}"; do
		rc=0
		PATH=$PWD/with-$awk:$PATH ugat-json <in >"out-$awk" 2>"err-$awk" || rc=$?
		[ -n "$first" ] || first=$awk
		cmp "out-$first" "out-$awk" >&2 || return 99
	done
	cat "out-$first"
	return $rc
}

@test "every kind has its fields by name, absent ones are null" {
	ugat-parse "$torrents/libtorrent/symlink1.torrent" | json >out
	[ "$(jq -r .kind out | sort -u | tr '\n' ' ')" = 'end file info meta piece torrent ugat ' ]
	[ "$(jq -c 'select(.kind == "torrent")' out)" = '{"kind":"torrent","btih":"efba96cd9ba647d0c887434a9162f20f794a141c","btmh":null,"piece_length":16384,"pieces":1,"length":425,"files":2,"name":"temp"}' ]
	[ "$(jq -c 'select(.index == 1 and .kind == "file")' out)" = '{"kind":"file","index":1,"offset":425,"length":0,"path":"temp/a/b/foo","attr":"l","symlink":"temp/a/b/bar"}' ]
	json >out <<-'EOF' || [ $? -eq 69 ]
		ugat	1
		self	2d5547303130302d303132333435363738396162
		tracker	0	udp://a:1
		webseed	http://w	bep=17
		node	h	6881
		checked	0	5	1700000000000000000
		have	0-7
		have	9
		peer	::1	6881	src=tracker
		deny!	10.0.0.0/8
		announced	udp://a:1	1800	2	3
		unanswered	udp://a:1	no reply
		scrape	udp://a:1	1	2	3
		done	out/x	size=5	from=alice	sha256=00
		status	loading	-	12	1700000000	6881	9	1	2	3	4	5	6	7	8	-	n	why=x y
		fail!	69	ugat-announce	nobody
	EOF
	[ "$(sed -n 6p out)" = '{"kind":"checked","index":0,"size":5,"mtime":"1700000000000000000"}' ]
	[ "$(sed -n 7,8p out | jq -c '[.first, .last]' | tr '\n' ' ')" = '[0,7] [9,null] ' ]
	[ "$(sed -n 10p out)" = '{"kind":"deny!","address":"10.0.0.0/8"}' ]
	[ "$(sed -n 14p out)" = '{"kind":"done","path":"out/x","size":5,"from":"alice","sha256":"00"}' ]
	[ "$(sed -n 15p out | jq -c '[.code, .pid, .eta, .name, .why]')" = '[null,12,null,"n","x y"]' ]
	[ "$(jq -s length out)" -eq 16 ]
}

@test "escapes are taken out; absent, empty and a lone dash differ" {
	printf 'ugat\t1\nmeta\tk\t-\nmeta\tk\t\\e\nmeta\tk\t\\0055\nmeta\tk\ta\\tb\\nc\\rd\\\\e"f/\\0001\\0177\\0302\\0205\nmeta\tk\t\\0000x\n' | json >out
	[ "$(sed -n '2,4p' out | jq -c .value | tr '\n' ' ')" = 'null "" "-" ' ]
	python3 - <<-'EOF'
		import json
		values = [json.loads(line) for line in open('out')]
		assert values[4]['value'] == 'a\tb\nc\rd\\e"f/\x01\x7f\x85', values[4]
		assert values[5]['value'] == '\0x', values[5]
	EOF
}

@test "what hides or reorders text is escaped, so that a terminal may show it" {
	# U+00AD U+061C U+180E U+200B U+202E U+2066 U+FEFF U+E0001, and two that are harmless: U+2010, U+3000
	printf 'ugat\t1\n# a\xe2\x80\xaeb\nmeta\tk\t\xc2\xad\xd8\x9c\xe1\xa0\x8e\xe2\x80\x8b\\0342\\0200\\0256\xe2\x81\xa6\xef\xbb\xbf\xf3\xa0\x80\x81\xe2\x80\x90\xe3\x80\x80\n' | json >out
	[ "$(sed -n 2p out)" = '{"kind":"#","words":" a\u202eb"}' ]
	[ "$(sed -n 3p out)" = '{"kind":"meta","key":"k","value":"\u00ad\u061c\u180e\u200b\u202e\u2066\ufeff\udb40\udc01‐　"}' ]
}

@test "bytes that are not UTF-8 come back from Python, escaped or raw" {
	python3 - <<-'EOF' >in.rec
		import sys
		odd = [bytes([b]) for b in range(1, 256) if b not in (9, 10, 13, 92)]
		odd += [b'\xc3\xa9', b'\xc3', b'\xc3(', b'\xe2\x82\xac', b'\xe2\x82', b'\xe0\x80\x80', b'\xed\xa0\x80',
		        b'\xf0\x9f\x98\x80', b'\xf0\x8f\x80\x80', b'\xf4\x90\x80\x80', b'\xf4\x8f\xbf\xbf', b'\xc0\x80', b'\xef\xbf\xbf']
		out = sys.stdout.buffer
		out.write(b'ugat\t1\n')
		for b in odd:
		    if b != b'-':
		        out.write(b'meta\tk\tx' + b + b'y\n')
		    out.write(b'meta\tk\tx' + b''.join(b'\\0%03o' % c for c in b) + b'y\n')
		with open('want', 'wb') as f:
		    for b in odd:
		        f.write((b'x' + b + b'y\n') * (1 if b == b'-' else 2))
	EOF
	json <in.rec >out
	python3 - <<-'EOF' >got
		import json, os, sys
		for line in open('out', 'rb'):
		    record = json.loads(line)
		    if record['kind'] == 'meta':
		        sys.stdout.buffer.write(os.fsencode(record['value']) + b'\n')
	EOF
	cmp want got
}

@test "numbers that a reader would round are strings of digits" {
	printf 'ugat\t1\nfile\t0\t9007199254740991\t9007199254740992\ta\nfile\t007\t1e5\t-\tb\nfile\t12345678901234567890\t0\t1\tc\n' | json >out
	[ "$(sed -n 2p out)" = '{"kind":"file","index":0,"offset":9007199254740991,"length":"9007199254740992","path":"a"}' ]
	[ "$(sed -n 3p out)" = '{"kind":"file","index":"007","offset":"1e5","length":null,"path":"b"}' ]
	[ "$(sed -n 4p out | jq -r .index)" = 12345678901234567890 ]
}

@test "what has no name is not lost: unknown kinds, more fields, keys that are taken" {
	printf 'ugat\t1\nfuture!\ta\t-\tk=v\nend\tx\tpath\nfile\t0\t1\t2\tp\tpath=q\tattr=x\tattr=y\tkind=z\tA=b\t=\n# a "comment" \\ with \t\ntracker\t0\n' | json >out
	[ "$(sed -n 2p out)" = '{"kind":"future!","fields":["a",null,"k=v"]}' ]
	[ "$(sed -n 3p out)" = '{"kind":"end","extra":["x","path"]}' ]
	[ "$(sed -n 4p out)" = '{"kind":"file","index":0,"offset":1,"length":2,"path":"p","attr":"x","extra":["path=q","attr=y","kind=z","A=b","="]}' ]
	[ "$(sed -n 5p out | jq -r .words)" = $' a "comment" \\ with \t' ]
	[ "$(sed -n 6p out)" = '{"kind":"tracker","tier":0}' ]
}

@test "a failure passes as a record, and its code is the exit status" {
	run json <<<$'ugat\t1\nfail!\t69\tugat-announce\tnobody "answered"'
	[ "$status" -eq 69 ]
	[ "${lines[1]}" = '{"kind":"fail!","code":69,"command":"ugat-announce","words":"nobody \u0022answered\u0022"}' ]
	[ ! -s err-mawk ] || [ ! -e err-mawk ]
}

@test "a fail! that is none is passed as it is, named, and exit 65" {
	for fields in '0\tugat-announce\twords' '256\tugat-announce\twords' 'x\tugat-announce\twords' '-\tugat-announce\twords' '69\tugat-announce'; do
		rc=0
		# shellcheck disable=SC2059
		printf "ugat\t1\nfail!\t$fields\n" | json >out || rc=$?
		[ "$rc" -eq 65 ]
		[ "$(sed -n 2p out | jq -r .command)" = ugat-announce ]
		[ "$(sed -n 3p out | jq -r .words)" = 'line 2: a malformed `fail!` record' ]
		[ "$(cat err-* | sort -u)" = 'ugat-json: line 2: a malformed `fail!` record' ]
	done
}

@test "malformed input is exit 65: a wrong escape, no kind, a newer format, a cut description" {
	# shellcheck disable=SC1003
	for text in 'meta\tk\ta\\qb' 'meta\tk\ta\\' 'meta\tk\t\\0400' 'meta\tk\t\\01' '\tx' 'ugat\t2'; do
		rc=0
		# shellcheck disable=SC2059
		printf "ugat\t1\n$text\n" | json >out || rc=$?
		[ "$rc" -eq 65 ] || { echo "$text: $rc"; cat out; return 1; }
		tail -n 1 out | jq -e '.kind == "fail!" and .code == 65 and .command == "ugat-json"' >/dev/null
		[ "$(cat err-* | sort -u | wc -l)" -eq 1 ]
	done
	rc=0
	ugat-parse "$torrents/libtorrent/base.torrent" | head -n 3 | json >out || rc=$?
	[ "$rc" -eq 65 ]
}

@test "a .torrent in the place of records: 65, and nothing of it comes out" {
	rc=0
	printf 'd8:announce3:udp4:info\\x\nmore' | json >out || rc=$?
	[ "$rc" -eq 65 ]
	[ "$(wc -l <out)" -eq 1 ]
	[ "$(jq -r .words out)" = 'line 1: no `ugat` line at the start: is this the output of ugat-parse?' ]
}

@test "every test torrent of libtorrent becomes JSON that says the same" {
	for file in "$torrents"/libtorrent/*.torrent; do
		ugat-parse "$file" 2>/dev/null || true
	done | grep -v '^fail!' >all
	json <all >out
	[ "$(wc -l <all)" -eq "$(wc -l <out)" ]
	grep -P '^file\t' all | cut -f2-4 >want
	jq -r 'select(.kind == "file") | [.index, .offset, .length] | @tsv' out | diff want -
	grep -P '^info\t' all | cut -f3 >want
	jq -r 'select(.kind == "info") | .base64' out | diff want -
}

@test "a line is out before the next one is there" {
	for awk in "${awks[@]}"; do
		rm -f in out
		mkfifo in out
		PATH=$PWD/with-$awk:$PATH ugat-json <in >out &
		pid=$!
		exec 8>in 9<out
		printf 'ugat\t1\n' >&8
		read -r -t 10 line <&9
		[ "$line" = '{"kind":"ugat","format":1}' ]
		printf 'peer\th\t1\n' >&8
		read -r -t 10 line <&9
		[ "$line" = '{"kind":"peer","host":"h","port":1}' ]
		exec 8>&-
		wait "$pid"
		exec 9<&-
	done
}

@test "100,000 lines take a few seconds at most" {
	awk 'BEGIN { print "ugat\t1"; for (i = 0; i < 100000; i++) print "file\t" i "\t" i * 1000 "\t1000\ttop/directory/file number " i ".dat"; print "end" }' >records
	for awk in "${awks[@]}"; do
		PATH=$PWD/with-$awk:$PATH timeout 20 ugat-json <records | tail -n 1 | grep -q '"end"'
	done
}

@test "output: a full device is told, with exit 74" {
	for awk in "${awks[@]}"; do
		rc=0
		printf 'ugat\t1\n' | PATH=$PWD/with-$awk:$PATH ugat-json >/dev/full 2>err || rc=$?
		[ "$rc" -eq 74 ]
		[ "$(<err)" = 'ugat-json: standard output: it cannot be written' ]
	done
}

@test "a descriptor that is closed: what is written is right without words; no input, no output are told as such, with exit 74" {
	printf 'ugat\t1\nend\n' >in
	ugat-json <in 2>&- >out
	[ "$(wc -l <out)" -eq 2 ]
	rc=0
	ugat-json <&- 2>err || rc=$?
	[ "$rc" -eq 74 ]
	[ "$(<err)" = 'ugat-json: standard input: Bad file descriptor' ]
	rc=0
	ugat-json <in >&- 2>err || rc=$?
	[ "$rc" -eq 74 ]
	[ "$(<err)" = 'ugat-json: standard output: it cannot be written' ]
}

@test "usage: an operand is exit 2" {
	run ! ugat-json x.torrent
	[ "$status" -eq 2 ]
	[[ $output == *'usage: ugat-json'* ]]
}
