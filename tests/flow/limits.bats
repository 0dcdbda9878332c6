# SPDX-License-Identifier: ISC
# Large and many: what must not cost memory, descriptors or time. The peers are tests/fake/seed.py's.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
	SEED=("$FLOW_PYTHON" "$FLOW_FAKE/seed.py")
}

teardown() {
	flow_stop
}

# sparse NAME SIZE: zeros but for a byte in every third of them.
sparse() {
	local i

	truncate -s "$2" "$SRC/$1"
	for i in 1 3 5; do
		printf '%s' "$i" | dd of="$SRC/$1" bs=1 seek=$(($2 * i / 6)) conv=notrunc status=none
	done
}

# serve NAME N [OPTION...] RECORDS WHAT: N peers; their records are in NAME.peers.
serve() {
	local name=$1 n=$2

	shift 2
	spawn "$name" "${SEED[@]}" serve "$@"
	wait_for 10 serving "$name" "$n"
}

serving() {
	grep '^peer' "$1.out" >"$1.peers"
	[ "$(wc -l <"$1.peers")" -eq "$2" ]
}

# measured OPTION...: ugat-fetch on the file `in`; its code in CODE, its memory in KiB in RSS, its time
# in seconds in TIME.
measured() {
	read -r CODE RSS TIME < <("$FLOW_PYTHON" -c 'import resource, subprocess, sys, time
start = time.monotonic()
with open("in", "rb") as records, open("fetch.out", "wb") as out, open("fetch.err", "wb") as err:
    code = subprocess.call(["timeout", "100", "ugat-fetch", "-d", "out", *sys.argv[1:]], stdin=records, stdout=out, stderr=err)
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, int(time.monotonic() - start))' "$@" 3>&-)
	echo "exit code $CODE, $RSS KiB, $TIME s" >&2
	show fetch.err
}

# within KIB: it took no more memory; a sanitizer takes its own on top.
within() {
	[ -n "${UGAT_SAN:-}" ] || [ "$RSS" -le "$1" ]
}

@test "pieces of 512 MiB in 64 MiB of memory" {
	sparse a 629145600
	"${SEED[@]}" records 536870912 "$SRC/a" >records
	serve seeds 2 -i 127.0.1.1-2 records "$SRC"
	cat seeds.peers records >in
	measured -m 64M
	[ "$CODE" -eq 0 ]
	cmp out/a "$SRC/a"
	within 98304
	no_litter
}

@test "pieces of 16 MiB, 45 peers that promise all and send nothing, and 5 good ones" {
	sparse a 104857600
	"${SEED[@]}" records 16777216 "$SRC/a" >records
	serve mute 45 -m mute -i 127.0.1.1-45 records "$SRC"
	serve seeds 5 -i 127.0.2.1-5 records "$SRC"
	cat mute.peers seeds.peers records >in
	measured
	[ "$CODE" -eq 0 ]
	cmp out/a "$SRC/a"
	within 98304
	[ "$TIME" -le 150 ]
}

@test "a thousand addresses where nobody is do not keep it from the last one" {
	content a 1 200000
	"${SEED[@]}" records 65536 "$SRC/a" >records
	serve seeds 1 -i 127.0.2.1 records "$SRC"
	{
		for i in {1..1000}; do printf 'peer\t127.3.%s.%s\t%s\n' $((i / 250)) $((i % 250 + 1)) $((i + 2000)); done
		cat seeds.peers records
	} >in
	measured
	[ "$CODE" -eq 0 ]
	cmp out/a "$SRC/a"
}

@test "100,000 files and 64 descriptors" {
	content a 1 3000000
	"${SEED[@]}" records 65536 "$SRC/a" 100000 >records
	serve seeds 40 -i 127.0.1.1-40 records "$SRC/a"
	cat seeds.peers records >in
	ulimit -n 64
	measured
	[ "$CODE" -eq 0 ]
	find out -name .ugat -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | cmp - "$SRC/a"
	[ "$(grep -c '^done	' fetch.out)" -eq 100000 ]
	within 65536
	# Nothing to do: the journal tells.
	cp records in
	measured
	[ "$CODE" -eq 0 ]
	[ "$(grep -c '^done	' fetch.out)" -eq 100000 ]
	within 65536
	[ "$TIME" -le 40 ]
}

# called FROM PORT: connect to the ugat-fetch at PORT from an address, say hello; how many bytes it says.
called() {
	"$FLOW_PYTHON" - "$1" "$2" "$BTIH" <<-'EOF'
		import socket, sys
		host, port, btih = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
		there = "::1" if ":" in host else "127.0.0.1"
		s = socket.create_connection((there, port), 5, (host, 0))
		s.settimeout(5)
		said = b""
		try:
		    s.sendall(b"\x13BitTorrent protocol" + bytes(8) + btih + b"-XX0000-caller-by-hand"[:20])
		    while len(said) < 68 and (more := s.recv(68 - len(said))):
		        said += more
		except ConnectionError:
		    pass
		print(len(said))
	EOF
}

welcome() {
	[ "$(called "$@")" -eq 68 ]
}

@test "300,000 denied prefixes cost less than 32 MiB; whom they cover is neither dialled nor let in" {
	local fd

	content a 1 200000
	"${SEED[@]}" records 65536 "$SRC/a" >records
	BTIH=$(sed -n 's/^torrent	\([^	]*\).*/\1/p' records)
	serve seeds 1 -i 127.0.1.1 records "$SRC"
	serve denied 1 -i 127.0.2.1 records "$SRC"
	cat seeds.peers records >in
	measured
	[ "$CODE" -eq 0 ]
	plain=$RSS
	rm -r out
	"$FLOW_PYTHON" - >list <<-'EOF'
		import random
		random.seed(1)
		for i in range(300000):
		    if i % 4:
		        print(f"deny!\t{random.randrange(128, 224)}.{i >> 8 & 255}.{i & 255}.{random.randrange(256)}/{random.randrange(16, 33)}")
		    else:
		        print(f"deny!\t2001:{i >> 8:x}:{i & 255:x}:{random.getrandbits(16):x}::/{random.randrange(32, 65)}")
	EOF
	printf 'deny!\t127.0.2.0/24\ndeny!\t::1\n' >>list
	cat list denied.peers seeds.peers records >in
	measured -v
	[ "$CODE" -eq 0 ]
	cmp out/a "$SRC/a"
	no says denied '^hello'
	said '^ugat-fetch: peer 127\.0\.2\.1:[0-9]* is denied$'
	[ -n "${UGAT_SAN:-}" ] || [ $((RSS - plain)) -lt 32768 ]

	port
	mkfifo open
	exec {fd}<>open
	STDIN=open spawn waiting ugat-fetch -d waiting -p "$PORT"
	cat list records >open
	wait_for 20 listening "$PORT"
	wait_for 20 welcome 127.0.3.1 "$PORT"
	[ "$(called 127.0.2.9 "$PORT")" -eq 0 ]
	[ "$(called ::1 "$PORT")" -eq 0 ]
	exec {fd}>&-
}
