#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A wire that lies, and others who are at work in the receiving directory: never a wrong byte under a name, never one
# outside.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

# ---- the wire

@test "a wire that flips a bit, drops or doubles a byte: never a wrong byte under the name, and both say so" {
	head -c 100000 /dev/urandom >"$SRC/f"
	inbox -k
	at=$PORT
	n=0
	for way in up down; do
		for flaw in flip drop twice; do
			# Through the handshake closely, then through the content.
			for span in 0-2400/203 3000-102000/9001; do
				[ $way = up ] || [ $span = 0-2400/203 ] || continue
				fake wire xproxy.py "127.0.0.1:$at" way=$way $flaw=$span
				[ $flaw = flip ] && rounds=12 || rounds=4
				for ((i = 0; i < rounds; i++)); do
					rm -f inbox/f
					option=-q
					[ $((i % 3)) -ne 2 ] || option=-C
					send -t 5 $option "lab@127.0.0.1:$FAKE_PORT" "$SRC/f"
					[ ! -e inbox/f ] || cmp "$SRC/f" inbox/f
					case $CODE in
					0) cmp "$SRC/f" inbox/f ;;
					69 | 75 | 76 | 77) n=$((n + 1)) && [ -s send.err ] ;;
					*) code 76 ;;
					esac
				done
				kill "$(cat wire.pid)"
			done
		done
	done
	echo "$n were noticed" >&2
	[ $n -ge 40 ]
	kill -0 "$(cat recv.pid)"
}

# ---- others in the directory

@test "10,000 symlink swaps in the receiving directory during transfers: not a byte outside" {
	mkdir -p outside "$SRC/d/e" inbox/d/e
	for i in {1..40}; do echo "$i" >"$SRC/d/e/$i"; done
	inbox -k
	spawn swaps "$FLOW_PYTHON" -c '
import os
os.chdir("inbox")
n = 0
while n < 20000 or not os.path.exists("../enough"):
    n += 1
    name = ("d", "d/e")[n % 2]
    try:
        os.rename(name, "aside")
        os.symlink(os.path.abspath("../outside"), name)
        os.unlink(name)
        os.rename("aside", name)
    except OSError:
        # The receiver has made one meanwhile: take it away.
        os.system("rm -rf aside2; mv %s aside2 2>/dev/null; mv aside %s 2>/dev/null" % (name, name))
    if n % 1000 == 0:
        print("swaps", n, flush=True)
print("swapped", flush=True)'
	runs=0
	until gone "$(cat swaps.pid)"; do
		send -t 5 "lab@127.0.0.1:$PORT" "$SRC/d"
		case $CODE in 0 | 1 | 73 | 74 | 75) ;; *) code 73 ;; esac
		[ -z "$(find outside -mindepth 1)" ]
		find inbox -type f -path '*/e/*' -delete 2>/dev/null || :
		runs=$((runs + 1))
		[ $runs -lt 10 ] || : >enough
	done
	says swaps '^swapped' || { show swaps.err; false; }
	[ -z "$(find outside -mindepth 1)" ]
	echo "$runs transfers" >&2
	kill -0 "$(cat recv.pid)"
}

@test "links that wait where the files would go: nothing is written through them" {
	mkdir outside
	echo old >outside/f
	mkdir -p "$SRC/d"
	echo new >"$SRC/d/f"
	ln -s ../outside inbox/d
	inbox
	to_lab "$SRC/d"
	code 73
	left recv 73
	rm inbox/d && mkdir inbox/d && ln -s ../../outside/f inbox/d/f
	inbox
	to_lab "$SRC/d"
	code 73
	left recv 73
	ln -sf ../../outside/new inbox/d/f
	inbox
	to_lab "$SRC/d"
	code 73
	[ "$(cat outside/f)" = old ] && [ ! -e outside/new ]
}

@test "the receiving directory is renamed or removed in the middle: nothing lands elsewhere" {
	head -c 3000000 /dev/urandom >"$SRC/f"
	inbox
	proxy gate=200000
	UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "lab@127.0.0.1:$PORT" "$SRC/f"
	wait_for 10 eval '[ -n "$(part)" ]'
	mkdir outside
	mv inbox moved && ln -s outside inbox
	: >go
	wait_for 15 gone "$(cat send.pid)"
	[ -z "$(find outside -mindepth 1)" ]
	[ ! -e moved/f ] || cmp "$SRC/f" moved/f
}
