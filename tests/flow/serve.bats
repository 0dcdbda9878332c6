# SPDX-License-Identifier: ISC
# The other way: others download from a ugat-fetch that is itself still downloading.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

# half_done: a running ugat-fetch on $PORT that has the even pieces, 16 of 31, and can get no more.
half_done() {
	content a/one 1 1500000
	content a/two 2 500001
	torrent a
	part half0 0/2
	part half1 1/2
	seed_libtorrent even half0
	port
	feed job.in "$SEED_PORT"
	background job "ugat-fetch -w -p $PORT -d out <job.in"
	wait_for 20 loaded job $((15 * 65536))
}

got() {
	says "$1" "^got $2\$"
}

@test "libtorrent gets all that ugat-fetch has, and the rest as it comes" {
	half_done
	mkdir client
	spawn client "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -c "127.0.0.1:$PORT" "$TORRENT" client
	wait_for 30 got client 16
	seed_libtorrent odd half1 -c "127.0.0.1:$PORT" -c "127.0.0.1:$(sed -n 's/^port //p' client.out)"
	wait_for 30 says client '^done'
	same client
	ended job 10
	codes 0
	same
}

@test "a second ugat-fetch gets all that the first one has" {
	half_done
	first=$PORT
	port
	feed second.in "$first"
	background second "ugat-fetch -w -p $PORT -d out2 <second.in"
	wait_for 30 loaded second $((15 * 65536))
	seed_libtorrent odd half1 -c "127.0.0.1:$first" -c "127.0.0.1:$PORT"
	ended second 20
	codes 0
	ended job 20
	codes 0
	same
	same out2
}

@test "aria2 gets all that ugat-fetch has" {
	half_done
	first=$PORT
	tracker
	allow "$BTIH"
	enroll "$first"
	port
	spawn client aria2c --no-conf --enable-dht=false --enable-dht6=false --file-allocation=none --listen-port="$PORT" \
		--bt-tracker="http${TRACKER#udp}" --dir=client --log=client.log --log-level=info "$TORRENT"
	wait_for 30 new_pieces 16
}

new_pieces() {
	[ "$(grep -c 'we got new piece' client.log)" -eq "$1" ]
}

@test "another info-hash is turned away, and the port stays open for others" {
	half_done
	"$FLOW_PYTHON" - "$PORT" <<-'END' 3>&-
		import socket, sys
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
		s.sendall(b"\x13BitTorrent protocol" + bytes(8) + b"x" * 20 + b"-XX0000-abcdefabcdef")
		s.settimeout(10)
		assert s.recv(1000) == b"", "answered a stranger"
	END
	mkdir client
	spawn client "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -c "127.0.0.1:$PORT" "$TORRENT" client
	wait_for 30 got client 16
}
