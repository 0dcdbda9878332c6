#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-fetch and its peers: ports and addresses, a block list, peers that are slow, away or made up.
# shellcheck source=fetch.bash
. "$BATS_TEST_DIRNAME/fetch.bash"

@test "a port that is taken: exit 75; an address that is not ours: exit 69" {
	one_file
	port
	spawn other "$FLOW_PYTHON" -c "import socket, threading
s = socket.create_server(('127.0.0.1', $PORT)); threading.Event().wait()"
	wait_for 5 listening "$PORT"
	fetched -p "$PORT"
	ends 75 "port $PORT is taken"
	fetched -i 192.0.2.1
	ends 69 'cannot listen for peers: Cannot assign requested address'
}

@test "-i: from that address; -j: no more connections than that" {
	content a 1 3000000
	records a
	seeds seed -i 127.0.1.1-8
	fetched -i 127.0.3.3 -j 2 -w
	ends 0
	same
	[ "$(grep -c '^hello' seed.out)" -le 2 ]
	[ "$(status_field "$S_PEERS")" -le 2 ]
	[ "$(grep '^from' seed.out | sort -u)" = 'from 127.0.3.3' ]
	fetched -i lo
	ends 0
}

@test "a block list of 300,000 lines, before the description and behind it" {
	one_file
	seeds seed -i 127.0.1.1
	seeds denied -i 127.0.2.1
	"$FLOW_PYTHON" -c 'for i in range(300000): print(f"deny!\t{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}.0/24")' >list
	echo 'deny!	127.0.2.0/24' >>list
	cp records described
	cat list described >records
	fetched
	ends 0
	no says denied '^hello'
	rm -r out
	cat described list denied.peers seed.peers >records
	rm ./*.peers
	fetched
	ends 0
	no says denied '^hello'
}

@test "input that ended and nobody to ask: exit 69 after 30 s, and why" {
	one_file
	port
	called=$PORT
	ugat-fetch -p "$called" -d out1 <records >/dev/null 2>none.err &
	one=$!
	port
	{ printf 'peer\t127.0.0.1\t%s\n' "$PORT" && cat records; } | ugat-fetch -d out2 >/dev/null 2>dead.err &
	two=$!
	sed '1a self	2d5547303130302d000000000000000000000000' records | ugat-fetch -d out3 >/dev/null 2>asked.err &
	three=$!
	echo "$one $two $three" | tr ' ' '\n' >>pids
	start=$SECONDS
	# A stranger who calls is nobody to ask.
	wait_for 5 listening "$called"
	(exec 9<>"/dev/tcp/127.0.0.1/$called")
	status_of "$one"
	[ "$CODE" -eq 69 ]
	status_of "$two"
	[ "$CODE" -eq 69 ]
	status_of "$three"
	[ "$CODE" -eq 69 ]
	[ $((SECONDS - start)) -ge 29 ]
	[ $((SECONDS - start)) -le 90 ]
	said '^ugat-fetch: no peer to load from: 0/4 pieces; the input has ended and named none: put ugat-announce before it' none.err
	said 'the input has ended and named none: there is no tracker to ask: add `peer` lines$' asked.err
	said '^ugat-fetch: no peer left to try: 0/4 pieces; .* none of the peers in it answers \(1\)' dead.err
}

@test "a peer that reads slowly gets all that it asked for, and costs no time meanwhile" {
	content a 1 6000000
	records a 262144
	seeds seed -b 300
	seeds greedy -m greedy
	in_background job -w -t 10s -d out
	cat seed.peers greedy.peers records >job.in
	status_of "$FETCH"
	[ "$CODE" -eq 75 ]
	had=$(status_field "$S_HAD" job.out)
	[ "$had" -ge 1000000 ]
	grep '^got' greedy.out | tail -n 1
	says greedy "^got $had\$"
	# Of what is missing nobody has anything, begun or not.
	read -r got all none < <(sed -n 's|.*: \([0-9]*\)/\([0-9]*\) pieces; \([0-9]*\) have no source; 1 peer.*|\1 \2 \3|p' job.err)
	[ "$none" -eq $((all - got)) ]
}

@test "names that nobody knows cost no words" {
	one_file
	seeds seed
	for i in {1..20}; do printf 'peer\tno%s.such.invalid\t1\n' "$i"; done >names.peers
	fetched
	ends 0
	same
}

@test "time that it was stopped is not counted as a stall" {
	content a 1 3000000
	records a
	seeds seed -b 60
	in_background job -t 7s -w -d out
	cat seed.peers records >job.in
	wait_for 5 grep -q '^status	loading' job.out
	kill -STOP "$FETCH"
	sleep 8
	seeds other
	cat other.peers >job.in
	kill -CONT "$FETCH"
	status_of "$FETCH"
	[ "$CODE" -eq 0 ]
	same
}

@test "-v: a peer that cannot be had is named" {
	one_file
	port
	printf 'peer\t127.0.0.1\t%s\n' "$PORT" >none.peers
	fetched -v -t 1
	[ "$CODE" -eq 75 ]
	said "^ugat-fetch: peer 127.0.0.1:$PORT refuses the connection" fetch.err
}
