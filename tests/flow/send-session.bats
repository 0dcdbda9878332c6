#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Sessions that end, are renewed or revoked while people wait for each other or hand over files; the site's rule.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

setup() {
	people
	cp -a "$BATS_FILE_TMPDIR"/{site,other} .
	head -c 4000000 /dev/urandom >"$SRC/f"
}

# passed SECONDS: so long from the start of the test.
passed() {
	[ "$(date +%s)" -ge $((BEGAN + $1)) ]
}

@test "a session that expires while nobody has called: 77, and it says why" {
	mint lab.pem site lab -300 6
	inbox -k
	left recv 77 10
	said 'the session of lab expired.*run ugat-login' recv.err
	grep -q '^fail!	77	ugat-recv	' recv.out
}

@test "sessions that expire on both sides in the middle of a transfer: that one is finished" {
	mint lab.pem site lab -300 8
	mint ops.pem site ops -300 8
	BEGAN=$(date +%s)
	inbox
	proxy gate=200000
	UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "lab@127.0.0.1:$PORT" "$SRC/f"
	wait_for 10 passed 9
	[ -n "$(part)" ]
	: >go
	left send 0 30
	left recv 0
	cmp "$SRC/f" inbox/f
}

@test "a session that is replaced while it waits: the new one is shown and counts" {
	mint later.pem site lab -300 86400
	mint lab.pem site lab -300 6
	BEGAN=$(date +%s)
	inbox -k
	mv later.pem lab.pem
	wait_for 10 passed 7
	to_lab "$SRC/f"
	code 0
	kill -0 "$(cat recv.pid)"
}

@test "revoked by the list in the middle of a transfer: it ends with 77 soon, on the side that has the list" {
	mint lab.pem site lab -300 86400
	inbox
	proxy gate=200000
	UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "lab@127.0.0.1:$PORT" "$SRC/f"
	wait_for 10 eval '[ -n "$(part)" ]'
	mint_list lab.pem.crl site 1 lab.crt
	left recv 77 8
	said 'the session of lab was revoked' recv.err
	wait_for 10 gone "$(cat send.pid)"
	no wait "$(cat send.pid)"
	no test -e inbox/f
}

@test "-k: who is revoked by the list while it waits is refused from then on, 77; others are not" {
	mint lab.pem site lab -300 86400
	mint ops.pem site ops -300 86400
	mint bob.pem site bob -300 86400
	inbox -k -u bob
	to_lab "$SRC/f"
	code 0
	mint_list lab.pem.crl site 1 ops.crt
	refused() { echo $RANDOM >"$SRC/g" && to_lab "$SRC/g" && [ "$CODE" -eq 77 ]; }
	wait_for 10 refused
	said '^ugat-recv: 127\.0\.0\.1: its session \(ops\) was revoked' recv.err
	UGAT_SESSION=$SCRATCH/bob.pem ugat-send "lab@127.0.0.1:$PORT" "$SRC/f"
}

@test "the site's rule: nobody of another authority counts, whatever -F says" {
	site site/ca.pem true || { [ $? -eq 99 ] && echo "nothing can be mounted here" >&2; false; }
	pin() { UGAT_SESSION=$SCRATCH/$1.pem ugat-login -s | sed -n 's/^authority	//p'; }
	for more in -q "-F $(pin eve)"; do
		waits eve eve ugat-recv -y -F "$(pin ops)" -d inbox
		got=0
		# shellcheck disable=SC2086
		UGAT_SESSION=$SCRATCH/ops.pem site site/ca.pem ugat-send $more "eve@127.0.0.1:$PORT" "$SRC/f" 2>send.err || got=$?
		cat send.err >&2
		[ $got -eq 77 ]
		said '/etc/ugat/ca.pem' send.err
		[ ! -e inbox/f ]
		kill "$(cat eve.pid)"
	done
}
