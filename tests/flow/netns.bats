# SPDX-License-Identifier: ISC
# Two hosts and the cable between them: what becomes of a download when the network does not hold, and what -i
# promises.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	. "$BATS_TEST_DIRNAME/lib-netns.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# far ADDRESS...: host far with a seed of 6 MB that gives 1 MB a second; its port is $SEED_PORT.
far() {
	content a 1 6000000
	torrent a 65536
	seed_on far seed -i "$1" -p 7001 -U 1000000
}

# seed_on HOST NAME [OPTION of ltpeer.py...]
seed_on() {
	local host=$1 name=$2

	shift 2
	spawn "$name" "${NETNS_ENTER[@]}" -t "${HOST[$host]}" "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" "$@" "$TORRENT" "$SRC"
	says_soon "$name" '^have ' || { show "$name.out" "$name.err"; return 1; }
	SEED_PORT=$(sed -n 's/^port //p' "$name.out")
}

# near [OPTION...]: ugat-fetch on host near behind the test's back, told of the seed at $FROM; more lines may be
# written to the FIFO `in`. Returns when a part is loaded.
near() {
	local fd

	mkfifo in
	exec {fd}<>in
	{ from "$FROM" && ugat-parse "$TORRENT"; } >in
	# shellcheck disable=SC2016
	STDIN=in spawn_group first sh -c '"$@"; echo $? >first.code' - \
		"${NETNS_ENTER[@]}" -t "${HOST[near]}" ugat-fetch -v -w -d out "$@"
	wait_for 20 loaded first 1000000 || { show first.err first.out; return 1; }
}

# finished SECONDS: it has ended by itself with 0, and all is right.
finished() {
	wait_for "$1" test -s first.code || { show first.err first.out; return 1; }
	[ "$(cat first.code)" = 0 ] || { show first.err first.out; return 1; }
	same
}

from() {
	printf 'peer\t%s\t%s\n' "$1" "$SEED_PORT"
}

@test "the link is down for 5 s in mid-transfer" {
	hosts near far
	cable near 10.77.0.1/24 far 10.77.0.2/24
	far 10.77.0.2
	FROM=10.77.0.2 near
	on far ip link set eth0 down
	sleep 5
	no test -s first.code
	on far ip link set eth0 up
	finished 40
}

@test "the address of the downloading side changes in mid-transfer" {
	hosts near far
	cable near 10.77.0.1/24 far 10.77.0.2/24
	far 10.77.0.2
	FROM=10.77.0.2 near
	on near ip addr add 10.77.0.9/24 dev eth0
	on near ip addr del 10.77.0.1/24 dev eth0
	on near ip addr add 10.77.0.9/24 dev eth0 2>/dev/null || :
	finished 60
}

@test "the address of the serving side changes, and the tracker's next answer names the new one" {
	hosts near far
	cable near 10.77.0.1/24 far 10.77.0.2/24
	content a 1 6000000
	torrent a 65536
	ugat-parse "$TORRENT" >description
	STDIN=description spawn seed "${NETNS_ENTER[@]}" -t "${HOST[far]}" ugat-fetch -k -w -d "$SRC" -p 7001 -U 1000000
	SEED_PORT=7001
	wait_for 20 test -s seed.out
	says_soon seed '^status	seeding'
	FROM=10.77.0.2 near
	on far ip addr add 10.77.0.8/24 dev eth0
	on far ip addr del 10.77.0.2/24 dev eth0
	on far ip addr add 10.77.0.8/24 dev eth0 2>/dev/null || :
	from 10.77.0.8 >in
	finished 40
}

@test "IPv6 only" {
	hosts near far
	cable near fd77::1/64 far fd77::2/64
	[ -z "$(on near ip -4 -o addr show dev eth0)" ]
	far '[fd77::2]'
	FROM=fd77::2 near
	finished 40
}

# ---- -i

# two_ways: near reaches 10.99.0.2 and fd99::2 of far by vpn0, and without it by eth0. What arrives by eth0 is
# in watch.out.
two_ways() {
	hosts near far
	cable near 10.77.0.1/24 far 10.77.0.2/24
	on near ip link add vpn0 type veth peer name vpn0 netns "${HOST[far]}"
	address near 10.99.0.1/24 vpn0
	address far 10.99.0.2/24 vpn0
	on near ip link set vpn0 up
	on far ip link set vpn0 up
	# Whatever leaves near by the wrong cable is taken by far.
	on near ip route add default via 10.77.0.2 dev eth0
	spawn watch "${NETNS_ENTER[@]}" -t "${HOST[far]}" "$FLOW_PYTHON" -c 'import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
s.bind(("eth0", 0x0800))
print("up", flush=True)
while True: print("packet", s.recv(65536)[:54].hex(), flush=True)'
	says_soon watch '^up'
}

# nothing_elsewhere: not a packet came the wrong way; and one that goes there is seen.
nothing_elsewhere() {
	no says watch '^packet' || { show watch.out; return 1; }
	on near bash -c 'exec 3<>/dev/udp/10.77.0.2/9 && echo x >&3' || :
	says_soon watch '^packet'
}

# gone_with CODE PATTERN: ugat-fetch ends within 5 s, says so in one line, and on stdout too.
gone_with() {
	wait_for 5 test -s first.code || { show first.err first.out; return 1; }
	[ "$(cat first.code)" = "$1" ]
	said "^ugat-fetch: $2" first.err
	grep -q "^fail!	$1	" first.out
}

@test "-i IF, and the interface is removed in mid-run: 69, and nothing goes another way" {
	two_ways
	far 10.99.0.2
	FROM=10.99.0.2 near -i vpn0
	on near ip link del vpn0
	gone_with 69 '-i vpn0: the interface is gone: run it again when it is back, or with another -i$'
	nothing_elsewhere
}

@test "-i IF, and another interface takes its name: it is not the same" {
	two_ways
	far 10.99.0.2
	FROM=10.99.0.2 near -i vpn0
	on near sh -c 'ip link del vpn0; ip link set eth0 down; ip link set eth0 name vpn0; ip link set vpn0 up
		ip route add default via 10.77.0.2 dev vpn0'
	gone_with 69 '-i vpn0: the interface is gone'
	no grep '^packet.*0a630002' watch.out # 10.99.0.2
}

@test "-i ADDR, and the address is taken away in mid-run: 69, and nothing goes another way" {
	two_ways
	far 10.99.0.2
	FROM=10.99.0.2 near -i 10.99.0.1
	on near ip addr del 10.99.0.1/24 dev vpn0
	gone_with 69 '-i 10\.99\.0\.1: no interface has this address'
	nothing_elsewhere
}

@test "-i ADDR, and its interface is shut down in mid-run: 69" {
	two_ways
	far 10.99.0.2
	FROM=10.99.0.2 near -i 10.99.0.1
	on near ip link set vpn0 down
	gone_with 69 '-i 10\.99\.0\.1: the interface is down'
}

# announce_on_near FILE [OPTION...]: ugat-announce on near reads `in`; the lines of FILE are put into `given`, its
# description. Its name server is 10.99.0.2.
announce_on_near() {
	local enter here=("${NETNS_ENTER[@]}" -t "${HOST[near]}")

	content a 1 100000
	torrent a
	ugat-parse "$TORRENT" | sed "/^torrent/r $1" >given
	shift
	echo 'nameserver 10.99.0.2' >resolv.conf
	[ -e /etc/resolv.conf ] || { echo "no /etc/resolv.conf here to put another in its place" >&2; return 1; }
	private "$PWD/run" || return 1
	# shellcheck disable=SC2016
	STDIN=in spawn_group announce "${here[@]}" "${enter[@]}" sh -c 'mount --bind resolv.conf "$(realpath /etc/resolv.conf)" || exit 99
		"$@"; echo $? >announce.code; umount "$(realpath /etc/resolv.conf)"' - ugat-announce "$@"
}

# A name server that knows tracker.test, and says who asks.
name_server() {
	spawn dns "${NETNS_ENTER[@]}" -t "${HOST[far]}" "$FLOW_PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.99.0.2", 53))
print("up", flush=True)
while True:
    q, who = s.recvfrom(4096)
    end = 12 + q[12:].index(0) + 5
    found = q[end - 4:end - 2] == b"\0\1"
    print("question", who[0], flush=True)
    s.sendto(q[:2] + b"\x81\x80\0\1" + bytes([0, found, 0, 0, 0, 0]) + q[12:end] +
             (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([10, 99, 0, 2]) if found else b""), who)'
	says_soon dns '^up'
}

# trackers: one by UDP and one by HTTP on far; their ports are $UDP and $HTTP.
trackers() {
	spawn udp "${NETNS_ENTER[@]}" -t "${HOST[far]}" env FAKE_HOST=10.99.0.2 "$FLOW_PYTHON" "$FLOW_FAKE/fake_udptracker.py" honest 10.1.1.1:1
	spawn http "${NETNS_ENTER[@]}" -t "${HOST[far]}" env FAKE_HOST=10.99.0.2 "$FLOW_PYTHON" "$FLOW_FAKE/fake_httptracker.py" honest 10.1.1.2:2
	says_soon udp '^port ' && says_soon http '^port ' || return 1
	UDP=$(sed -n 's/^port //p' udp.out)
	HTTP=$(sed -n 's/^port //p' http.out)
}

@test "ugat-announce -i ADDR: UDP, HTTP and the questions for names come from there; when it goes, 69 and silence" {
	two_ways
	address near 10.99.0.7/24 vpn0 # not the one that the system would take
	name_server
	trackers
	mkfifo in
	exec {fd}<>in
	printf 'tracker\t0\tudp://tracker.test:%s/announce\ntracker\t0\thttp://10.99.0.2:%s/announce\n' "$UDP" "$HTTP" >lines
	announce_on_near lines -i 10.99.0.7
	cat given >in
	says_soon announce "^announced	udp" && says_soon announce "^announced	http" || { show announce.err announce.out; false; }
	[ "$(grep '^question' dns.out | sort -u)" = 'question 10.99.0.7' ]
	on near ip addr del 10.99.0.7/24 dev vpn0
	wait_for 5 test -s announce.code
	[ "$(cat announce.code)" = 69 ]
	said '^ugat-announce: -i 10\.99\.0\.7: no interface has this address: ' announce.err
	nothing_elsewhere
}
