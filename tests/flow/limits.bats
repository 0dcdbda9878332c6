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
	[ "$TIME" -le 45 ]
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
	[ "$TIME" -le 5 ]
}
