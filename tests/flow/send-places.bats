#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Those who hold up others: places that are taken for nothing, and words that come drop by drop.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

setup_file() {
	people_minted
	for who in bob ann ben cat; do mint $who.pem site $who -300 86400; done
}

# idles N USER: he shows who he is, and offers nothing.
idles() {
	spawn "idle$1" "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session "$2.pem" --wait 120 send late hello
	says_soon "idle$1" 'heard HELLO'
}

# parts_are N
parts_are() {
	[ "$(part | wc -l)" -eq "$1" ]
}

@test "who lets his words drip is left after half a minute, as a sender and as a receiver" {
	echo hello >"$SRC/f"
	inbox -t 10
	# A byte every 8 s: HELLO takes 40.
	spawn drips "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session ops.pem --wait 60 --step 1 --rest 8 send honest
	peer dripping --session lab.pem --wait 60 --step 1 --rest 8 recv store inbox
	UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send -t 10 "lab@127.0.0.1:$FAKE_PORT" "$SRC/f"
	says_soon drips 'heard HELLO'
	left send 75 50
	said '^ugat-send: lab: speaks too slowly: nothing was handed over yet: try again$' send.err
	left recv 75 20
	said '^ugat-recv: ops: speaks too slowly: nothing was handed over yet: try again$' recv.err
}

@test "-k: sixteen who offer nothing make room for another user" {
	inbox -k -u ann -u ben -u cat -u lab -u bob -v
	n=0
	# Nobody has more places than are left: 8, 4, 2, 1, 1.
	for who in ops ops ops ops ops ops ops ops ann ann ann ann ben ben cat lab; do
		n=$((n + 1))
		idles $n $who
	done
	no grep -q 'ERROR' idle*.out
	call bob send honest
	[ "$(tail -n 1 call.out)" = bye ] || { show call.out call.err recv.err idle*.out; false; }
	only file
	[ "$(cat idle[1-8].out | grep -c 'heard ERROR 75')" -ge 1 ]
	said '^ugat-recv: ops \(127\.0\.0\.1\): has offered nothing yet: makes room for another$' recv.err
}

@test "-k: eight slow transfers of one user leave room for others; his ninth is told that it is busy" {
	for i in 1 2 3 4 5 6 7 8 9; do head -c 500000 /dev/urandom >"$SRC/f$i"; done
	inbox -k -u bob -u ann
	at=$PORT
	proxy gate=200000
	for i in 1 2 3 4 5 6 7 8; do
		UGAT_SESSION=$SCRATCH/ops.pem spawn "send$i" ugat-send "lab@127.0.0.1:$PORT" "$SRC/f$i"
	done
	wait_for 10 parts_are 8
	slow=$PORT PORT=$at
	to_lab "$SRC/f9"
	code 75
	said '^ugat-send: lab: is busy with others: try again later$' send.err
	for who in bob ann; do
		call $who --name of.$who send honest
		[ "$(tail -n 1 call.out)" = bye ]
	done
	PORT=$slow
	: >go
	for i in 1 2 3 4 5 6 7 8; do left "send$i" 0 && cmp "$SRC/f$i" "inbox/f$i"; done
}

@test "a hundred connections of one address do not push out the one of another" {
	inbox -k
	# The first to come, who says nothing yet; then a hundred from elsewhere, of which most are dropped.
	"$FLOW_PYTHON" -c 'import select, socket, sys, time
port = int(sys.argv[1])
first = socket.create_connection(("127.0.0.1", port))
many = [socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) for _ in range(100)]
end, dropped = time.monotonic() + 60, set()
while len(dropped) < 60 and time.monotonic() < end:
    dropped.update(select.select(set(many) - dropped, [], [], 0.2)[0])
print("dropped", len(dropped) >= 60, "first", "gone" if select.select([first], [], [], 0)[0] else "there")' "$PORT" >many.out
	[ "$(cat many.out)" = 'dropped True first there' ]
	call ops send honest
	[ "$(tail -n 1 call.out)" = bye ]
}
