#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Receivers that do not keep to the protocol: ugat-send ends with a clear error, and with 0 only when all is stored.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

# meet CASE...: somebody who does that to one caller after the other, as lab.
meet() {
	local each words=()

	for each; do
		[ ${#words[@]} -eq 0 ] || words+=(--then)
		eval "words+=(recv $each)"
	done
	peer peer --session lab.pem --wait 60 "${words[@]}"
}

# meets CODE PATTERN: ops sends to the next, and ends so.
meets() {
	send -t 5 "lab@127.0.0.1:$FAKE_PORT" f
	[[ $CODE =~ ^$1$ ]] || code "$1" && said "^ugat-send: .*$2" send.err && [ "$(wc -l <send.err)" -le 2 ] &&
		no grep -q "$(printf '\033')" send.err && return
	show peer.out
	return 1
}

@test "receivers that fall silent: 75 after -t" {
	head -c 20000000 /dev/zero >f
	for when in tls hello answer take half end stored; do
		peer $when --session lab.pem --wait 60 recv mute $when
		UGAT_SESSION=$SCRATCH/ops.pem spawn send.$when ugat-send -t 2 "lab@127.0.0.1:$FAKE_PORT" f
	done
	for when in tls hello answer take half end stored; do
		left send.$when 75 12
		said '^ugat-send: lab: has not answered for 5 s: ' send.$when.err
		case $when in
		tls | hello) said 's: nothing was handed over yet: try again$' send.$when.err ;;
		*) said 's: run the same two commands again: it goes on where it stopped$' send.$when.err ;;
		esac
	done
}

@test "receivers that do not keep to the protocol: 76" {
	head -c 300000 /dev/urandom >f
	set -- 'early take' 'early stored' 'early bye' 'twice hello' 'twice answer' 'twice take' 'twice stored' bye-lie 'role 1' \
		'role 9' 'headers 1' 'headers 77' 'headers 11' 'noise 1' 'noise 2' 'offset 300001' 'offset 18446744073709551615' \
		'no 9' 'no 4' 'skip 4' 'skip 77' 'stored 9' 'error 0'
	meet "$@"
	for what; do meets 76 . || { echo "after: $what" >&2; false; }; done
}

@test "receivers that lie and hang up at once: it ends by itself, and at once" {
	head -c 300000 /dev/urandom >f
	for what in bye-lie 'twice stored' 'stored 9' 'noise 1' 'error 0' 'role 9'; do
		# shellcheck disable=SC2086
		peer peer --session lab.pem --rude 1 recv $what
		send -t 600 "lab@127.0.0.1:$FAKE_PORT" f
		[[ $CODE =~ ^(69|76)$ ]] || { code 76 || echo "after: $what" >&2; false; }
		[ -s send.err ]
	done
}

@test "receivers that refuse: each with its code, and their words are safe to look at" {
	head -c 300000 /dev/urandom >f
	long=$(printf 'w%.0s' {1..513})
	meet "no 1 'not today'" "no 1 'red \x1b[31m\x07\xc2\x9b and \xff\n\ttwo lines'" 'no 2' 'skip 1' 'skip 2' "skip 3 'the disk says no'" \
		'stored 4' "stored 3 'No space left on device'" "error 74 'No space left on device'" 'error 1' "error 77 'who are you?'" \
		'error 75 busy' "error 1 $long" 'error 255'
	meets 1 'lab: .*not today'
	meets 1 'lab: .*and'
	no grep -q $'[\a\xff]' send.err
	meets 73 'lab: [^ ]'
	meets 1 'lab: f: [^ ]'
	meets 73 'lab: f: [^ ]'
	meets '7[34]' 'lab: f: .*the disk says no'
	meets 75 'lab: f: .*damaged'
	meets '7[34]' 'lab: f: .*No space left'
	meets 74 'lab: .*No space left'
	meets 1 'lab: [^ ]'
	meets 77 'lab: .*who are you'
	meets 75 'lab: .*busy'
	meets 76 .
	meets 76 .
}

@test "receivers that leave before they have said that all is stored: never 0" {
	head -c 300000 /dev/urandom >f
	meet 'vanish stored' 'vanish bye' stored
	meets 69 .
	meets 69 .
	send "lab@127.0.0.1:$FAKE_PORT" f
	code 0
}

@test "receivers that claim to have something: a wrong beginning is sent anew, unless only the rest is wanted" {
	head -c 300000 /dev/urandom >f
	for claim in 'offset 1000 wrong' 'offset 300000 wrong' 'offset 300000 zero' 'offset 1 zero'; do
		# shellcheck disable=SC2086
		peer peer --session lab.pem --wait 60 recv $claim
		send "lab@127.0.0.1:$FAKE_PORT" f
		code 0
		heard 'heard BEGIN 0' peer.out
	done
	peer peer --session lab.pem --wait 60 recv offset 300000 wrong 1
	send "lab@127.0.0.1:$FAKE_PORT" f
	code 73
	heard 'heard FAIL 3' peer.out
}

@test "a receiver that leaves after every few bytes it hears: never 0, never a crash" {
	head -c 50 /dev/zero >f
	peer peer --session lab.pem --wait 60 --deaf 1-2000/7 recv store inbox
	for i in {1..60}; do
		send "lab@127.0.0.1:$FAKE_PORT" f
		[ "$CODE" -ne 0 ] || break
		[ "$CODE" -eq 69 ] || [ "$CODE" -eq 76 ] || code 69
		[ ! -e inbox/f ] || cmp f inbox/f
	done
	[ "$i" -ge 15 ] && [ "$i" -lt 60 ]
	cmp f inbox/f
}

@test "a receiver that says BUSY without end: the sender's memory stays small, and a signal ends it" {
	head -c 300000 /dev/urandom >f
	peer peer --session lab.pem --wait 60 recv headers 12
	UGAT_SESSION=$SCRATCH/ops.pem spawn send ugat-send "lab@127.0.0.1:$FAKE_PORT" f
	heard_much() { kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(cat send.pid)/status"); [ "$(date +%s)" -ge "$until" ]; }
	until=$(($(date +%s) + 3))
	wait_for 6 heard_much
	[ "$kb" -gt 1000 ] && [ "$kb" -lt $((16384 * (${#UGAT_SAN} > 0 ? 6 : 1))) ]
	kill -TERM "$(cat send.pid)"
	left send 143
}
