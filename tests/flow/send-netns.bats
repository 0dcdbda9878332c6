#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Two hosts and the cable between them: a transfer over a network that does not hold.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too
# shellcheck source=lib-netns.bash
. "$BATS_TEST_DIRNAME/lib-netns.bash"

setup() {
	people
	head -c 8000000 /dev/urandom >"$SRC/big"
}

# at HOST NAME USER COMMAND...: behind the test's back, on that host.
at() {
	local host=$1 name=$2 user=$3

	shift 3
	UGAT_SESSION=$SCRATCH/$user.pem spawn "$name" "${NETNS_ENTER[@]}" -t "${HOST[$host]}" "$@"
}

# waits_at_lab [OPTION...]: ugat-recv on host lab.
waits_at_lab() {
	at lab recv lab ugat-recv -u ops -d inbox "$@"
	wait_for 5 lab_listens || { show recv.err; return 1; }
}

lab_listens() {
	on lab grep -qsi ':FF98 0\+:0000 0A' /proc/net/tcp /proc/net/tcp6
}

held() {
	local file

	file=$(part)
	[ -n "$file" ] && [ "$(stat -c %s "$file" 2>/dev/null || echo 0)" -ge "$1" ]
}

# received: bytes that came in at lab's end of the cable.
received() {
	on lab sh -c 'ip -s -o link show dev eth0' | sed -n 's/.*RX:[^\\]*\\ *\([0-9]*\).*/\1/p'
}

# feeds OPTION...: ops sends big as standard input, and the second half of it when there is a file `go`: `send`.
feeds() {
	# shellcheck disable=SC2016
	at ops send ops sh -c 'big=$1; shift
		{ head -c 4000000 "$big"; until [ -e go ]; do sleep 0.05; done; tail -c +4000001 "$big"; } |
			ugat-send -n big "$@" lab@10.78.0.1 -' - "$SRC/big" "$@"
}

two_hosts() {
	hosts lab ops
	cable lab 10.78.0.1/24 ops 10.78.0.2/24
}

@test "two hosts, the default port: both end with 0" {
	two_hosts
	waits_at_lab
	at ops send ops ugat-send lab@10.78.0.1 "$SRC/big"
	left send 0 15
	left recv 0
	cmp "$SRC/big" inbox/big
}

@test "IPv6 only" {
	hosts lab ops
	cable lab fd78::1/64 ops fd78::2/64
	waits_at_lab
	at ops send ops ugat-send lab@fd78::1 "$SRC/big"
	left send 0 15
	left recv 0
	cmp "$SRC/big" inbox/big
}

@test "the cable is pulled for 3 s and plugged in again: the transfer goes on by itself" {
	two_hosts
	waits_at_lab
	feeds
	wait_for 10 held 2000000
	on ops ip link set eth0 down
	: >go
	sleep 3
	no gone "$(cat send.pid)"
	on ops ip link set eth0 up
	left send 0 30
	left recv 0
	cmp "$SRC/big" inbox/big
}

@test "the cable is pulled for good: both give up after -t; plugged in, the same two commands go on" {
	two_hosts
	head -c 40000000 /dev/urandom >"$SRC/big" # more than comes before the test looks
	waits_at_lab -t 2
	at ops send ops ugat-send -t 2 -U 4M lab@10.78.0.1 "$SRC/big"
	wait_for 10 held 4000000
	on lab ip link set eth0 down
	for side in send recv; do
		got=0
		wait_for 15 gone "$(cat $side.pid)"
		wait "$(cat $side.pid)" || got=$?
		[ $got -eq 75 ] || [ $got -eq 69 ] || { show $side.err; false; }
		said 'the same two commands again' $side.err
	done
	held 4000000
	no test -e inbox/big
	on lab ip link set eth0 up
	before=$(received)
	waits_at_lab -t 20
	# Until the two have found each other there is no way to that host.
	again() {
		got=0
		at ops send ops ugat-send -t 20 lab@10.78.0.1 "$SRC/big"
		wait "$(cat send.pid)" || got=$?
		[ $got -ne 69 ]
	}
	wait_for 10 again
	[ $got -eq 0 ] || { show send.err; false; }
	left recv 0
	cmp "$SRC/big" inbox/big
	[ $(($(received) - before)) -lt 37500000 ]
}

@test "nobody there: the address that does not answer is given up after -t" {
	two_hosts
	start=$EPOCHSECONDS
	at ops send ops ugat-send -t 2 lab@10.78.0.77 "$SRC/big"
	left send 69 10
	[ $((EPOCHSECONDS - start)) -le 12 ] # without -t: 15
	said '10\.78\.0\.77' send.err
}

@test "-i: the receiver waits on one address only, the sender calls from one" {
	two_hosts
	address ops 10.78.0.9/24
	waits_at_lab -i 10.78.0.1
	no on lab bash -c 'exec 3<>/dev/tcp/127.0.0.1/65432' 2>/dev/null
	feeds -i 10.78.0.9
	wait_for 10 held 100000
	on lab grep -q ' 01004E0A:FF98 09004E0A:[0-9A-F]* 01 ' /proc/net/tcp
	: >go
	left send 0 15
	left recv 0
	cmp "$SRC/big" inbox/big
}
