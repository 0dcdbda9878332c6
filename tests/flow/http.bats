# SPDX-License-Identifier: ISC
# HTTP trackers as they are, and as strangers make them.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	. "$BATS_TEST_DIRNAME/lib-web.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

@test "compact peers, and nothing is asked to be compressed" {
	web honest "${two[@]}"
	ask "-1 -p 7001" "$URL?k=v"
	code 0
	[ "$(cat own)" = "announced	$URL?k=v	1800	5	7
peer	10.0.0.1	6881	src=tracker
peer	10.0.0.2	6882	src=tracker" ]
	asked started
	grep -q 'query=k=v&info_hash=%01%23Eg%89%AB%CD%EF%01%23Eg%89%AB%CD%EF%01%23Eg&peer_id=-UG0100-' web.out
	grep -q '&port=7001&uploaded=0&downloaded=0&left=1000&compact=1&' web.out
	no grep -q 'accept-encoding=.' web.out
	[ ! -s ask.err ]
}

@test "a list of peers: addresses of both families and a name" {
	web list 10.0.0.1:6881 '[2001:db8::1]:6882' localhost:7 no-such-host.invalid:7
	ask -1 "$URL"
	code 0
	grep -qxF '10.0.0.1	6881' <(sed -n 's/^peer	\(.*\)	src=tracker$/\1/p' own)
	grep -q '^peer	2001:db8::1	6882	' own
	grep -qE '^peer	(127.0.0.1|::1)	7	' own # the tracker is on loopback, too
}

@test "a download hears started, completed and stopped, once each and in this order" {
	content a 1 500000
	torrent a
	fake peer fake_peer.py honest "$TORRENT" "$SRC"
	web honest "127.0.0.1:$FAKE_PORT"
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "$URL" 65536 "$SRC/a"
	fetch
	codes "0 0 0"
	same
	silent
	[ "$(sed -n 's/^announce event=\([a-z]*\) .*/\1/p' web.out | tr '\n' ' ')" = "started completed stopped " ]
	grep -q 'event=started .*&downloaded=0&left=500000&' web.out
	grep -q 'event=completed .*&downloaded=500000&left=0&' web.out
}

@test "over IPv6, with peers6" {
	/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null || skip "no IPv6 here"
	fake web fake_httptracker.py -6 honest 10.0.0.1:1 '[2001:db8::1]:2'
	URL="http://[::1]:$FAKE_PORT/announce"
	ask -1 "$URL"
	code 0
	[ "$(grep ^peer own)" = "peer	10.0.0.1	1	src=tracker
peer	2001:db8::1	2	src=tracker" ]
	asked started
}

@test "port 0, our own address and what cannot be dialled are dropped" {
	web bad-peers "${two[@]}"
	ask -1 "$URL"
	code 0
	[ "$(grep -c ^peer own)" -eq 2 ]
}

@test "a refusal is told in the tracker's words, whatever the status, without its escapes" {
	for mode in refuse refuse-ok; do
		web $mode
		refused 'the tracker says: go ?[31maway??'
		no grep -aq "$(printf '\033')" own ask.err
	done
}

@test "a passkey is masked in all words" {
	web refuse
	ask "-1v" "${URL%announce}0123456789abcdef0123/announce?key=secret"
	code 69
	grep -q "/\*\*\*/announce?key=\*\*\*: " ask.err
	no grep -q 'secret\|0123456789abcdef0123' ask.err
	web redirect:http://127.0.0.1:1/0123456789abcdef0123
	ask "-1v" "$URL"
	no grep -q 0123456789abcdef0123 ask.err
	web redirect:nonsense://0123456789abcdef0123/
	ask "-1v" "$URL"
	no grep -q 0123456789abcdef0123 ask.err
}

@test "a warning is shown, and the answer counts" {
	web warn "${two[@]}"
	ask -1 "$URL"
	code 0
	said "$URL: the tracker warns: your client\? is old" ask.err
	[ "$(grep -c ^peer own)" -eq 2 ]
}

@test "other answers are refused with a reason: status, HTML, cut, deep" {
	web status:503
	refused 'HTTP status 503'
	web status:404
	refused 'HTTP status 404'
	web html
	refused 'not the answer of a tracker'
	web deep
	refused 'not the answer of a tracker'
	web cut
	ask "-1" "$URL"
	code 69
	grep -q "^unanswered	$URL	transfer closed" own
}

@test "a body over 1 MiB, endless headers, an endless line of them: refused, and memory stays flat" {
	web huge
	refused 'an answer of more than 1 MiB'
	for mode in header 'line:X-Header: ' 'line:HTTP/1.1 200 '; do
		web "$mode"
		refused 'headers of more than 64 KiB'
	done
	web many:1000000
	refused 'an answer of more than 1 MiB'
	if [ -z "${UGAT_SAN-}" ]; then
		records "$URL" >given
		/usr/bin/python3 -c '
import resource, subprocess
subprocess.run(["ugat-announce", "-1", "-t", "5"], stdin=open("given"), stdout=open("seen", "w"), stderr=open("ask.err", "w"))
kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(kib)
exit(kib > 24 * 1024)'
	fi
}

@test "five times the peers that were asked for are told, more are noise" {
	for mode in many:1000 many-list:1000 many:1001 many-list:10000 many:170000; do
		web $mode
		ask -1 "$URL"
		code 0
		[ "$(grep -c ^peer own)" -eq 1000 ]
	done
}

@test "what comes compressed is not decompressed" {
	web gzip "${two[@]}"
	refused 'not the answer of a tracker'
}

@test "three redirects are followed, four are not, nor is a loop" {
	web hops:3 "${two[@]}"
	ask -1 "$URL"
	code 0
	web hops:4
	refused 'more than 3 redirects'
	web loop
	refused 'more than 3 redirects'
	[ "$(grep -c ^announce web.out)" -eq 4 ]
}

@test "redirects lead to HTTP only" {
	for to in file:///etc/passwd udp://127.0.0.1:9 ftp://127.0.0.1/ gopher://127.0.0.1:70/ 'javascript:1'; do
		web "redirect:$to"
		refused 'it redirects to what is not HTTP'
	done
}

# Sets enter: a way into a network of one's own, where 198.51.100.1 is public and 10.1.1.1 private.
own_net() {
	local way

	printf '127.0.0.1 localhost\n10.1.1.1 inside.test\n198.51.100.1 outside.test\n' >hosts
	for way in "unshare -nm" "unshare -nm --propagation unchanged" "unshare -rnm"; do
		read -ra enter <<<"$way"
		"${enter[@]}" sh -c 'mount --bind hosts /etc/hosts && umount /etc/hosts' 2>/dev/null && return
	done
	echo "no network namespace can be made here (unshare -nm): run as root, or allow user namespaces, and not in a" >&2
	echo "container that forbids both: give it CAP_SYS_ADMIN and CAP_NET_ADMIN" >&2
	return 1
}

# beside_public TO: what a tracker on 198.51.100.1 that redirects to TO is answered with.
beside_public() {
	records "http://198.51.100.1:PORT/announce" >given
	rm -f net.out
	timeout 60 "${enter[@]}" bash -c '
		mount --bind hosts /etc/hosts && ip link set lo up && ip addr add 198.51.100.1/32 dev lo && ip addr add 10.1.1.1/32 dev lo || exit 9
		FAKE_HOST=0.0.0.0 /usr/bin/python3 "$1" "redirect:$2" 10.0.0.1:1 >net.out 2>net.err & pid=$!
		for _ in {1..500}; do grep -q "^port [0-9]" net.out && break; sleep 0.05; done
		port=$(sed -n "s/^port //p" net.out)
		sed "s/PORT/$port/" given | env $3 ugat-announce -1 -t 20
		kill $pid
		umount /etc/hosts' - "$FLOW_FAKE/fake_httptracker.py" "$1" "${2:-A=b}" >seen 2>ask.err 3>&- || :
}

@test "a public tracker redirects to itself and to other public places, not into our network" {
	own_net
	beside_public 'http://198.51.100.1:{port}/announce?{query}&hop=1'
	grep -q '^announced' seen || { show ask.err seen net.err; false; }
	beside_public 'http://outside.test:{port}/announce?{query}&hop=1'
	grep -q '^announced' seen || { show ask.err seen net.err; false; }
	for to in inside.test 127.0.0.1 10.1.1.1 localhost 0.0.0.0 '[::1]' '[::ffff:127.0.0.1]' 2130706433 169.254.169.254; do
		beside_public "http://$to:{port}/announce?{query}&hop=1"
		grep -q '^unanswered.*narrower network' seen || { echo "$to"; show ask.err seen net.err; false; }
		[ "$(grep -c ^announce net.out)" -eq 1 ]
	done
}

@test "nor by way of a proxy's exception" {
	own_net
	# The proxy (the tracker plays it) is asked for the first hop, the second one would be direct.
	beside_public 'http://127.0.0.1:{port}/announce?{query}&hop=1' 'http_proxy=http://10.1.1.1:1 no_proxy=198.51.100.1,127.0.0.1'
	grep -q '^unanswered.*narrower network' seen || { show ask.err seen net.err; false; }
	[ "$(grep -c ^announce net.out)" -eq 1 ]
}

@test "the proxy of the environment is asked" {
	web honest "${two[@]}"
	http_proxy=http://127.0.0.1:$FAKE_PORT ask -1 http://tracker.invalid/announce
	code 0
	asked started # the proxy has one family
	grep -q 'path=http://tracker.invalid/announce ' web.out
}

@test "HTTPS: certificates are checked by the system's authorities" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost >/dev/null 2>&1
	fake web fake_httptracker.py -c cert key honest "${two[@]}"
	URL=https://localhost:$FAKE_PORT/announce
	ask -1 "$URL"
	code 69
	grep -q "^unanswered	$URL	.*certificate" own
	private /etc/ssl/certs || skip "nothing can be mounted here"
	records "$URL" >given
	"${enter[@]}" sh -c '
		mount -t tmpfs -o size=1m none /etc/ssl/certs && cp cert /etc/ssl/certs/ca-certificates.crt &&
			ugat-announce -1 <given >seen 2>ask.err
		umount /etc/ssl/certs' 3>&-
	[ "$(grep -c ^peer seen)" -eq 2 ] || { show ask.err seen web.err; false; }
}

@test "-i: from an address, and of the other family it fails closed" {
	web honest "${two[@]}"
	ask "-1 -i 127.0.0.1" "$URL"
	code 0
	ask "-1 -i lo" "$URL"
	code 0
	ask "-1 -i ::1" "$URL"
	code 69
	asked started 2
}

@test "-s: counts of HTTP and UDP trackers, then the end" {
	web honest
	ask -s "$URL" http://127.0.0.1:1/announce "${URL%announce}a"
	code 0
	[ "$(sort own)" = "$(printf '%s\t%s\t%s\n' scrape "$URL" "11	12	13" \
		unanswered "${URL%announce}a" "its URL does not tell how to scrape" \
		unanswered http://127.0.0.1:1/announce "Connection refused" | sort)" ]
	no grep -q ^announce web.out
	no grep -q ^self seen
	web refuse
	ask -s "$URL"
	code 69
	grep -aqF 'the tracker says: go ' own
	web id # knows other torrents only
	ask -s "$URL"
	code 69
	grep -q 'not registered' own
}

@test "-s by opentracker, both ways" {
	tracker
	allow $HASH
	ask "-1 -p 7001" "$TRACKER"
	code 0
	ask -sv "$TRACKER" "http${TRACKER#udp}"
	code 0
	[ "$(sort own)" = "scrape	http${TRACKER#udp}	0	0	1
scrape	$TRACKER	0	0	1" ]
	said "$TRACKER: 0 seeders, 1 leechers, 0 downloads" ask.err
}

@test "only who asks by HTTP is bound to libcurl" {
	for program in "$UGAT_BIN"/ugat-{parse,fetch,verify,stat}; do
		no grep -q libcurl <(ldd "$program")
	done
}
