#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-recv -k: several at once, and none harms another.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

# sender N [OPTION...]: in the background, $SRC/fN: sendN.
sender() {
	UGAT_SESSION=$SCRATCH/ops.pem spawn "send$1" ugat-send "${@:2}" "lab@127.0.0.1:$PORT" "$SRC/f$1"
}

# children: the processes of the sessions.
children() {
	local pid

	for pid in $(cat "/proc/$(cat recv.pid)/task/$(cat recv.pid)/children"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = ugat-errand ] || echo "$pid"
	done
}

count_is() {
	[ "$(children | wc -w)" -eq "$1" ]
}

parts_are() {
	[ "$(part | wc -l)" -eq "$1" ]
}

@test "-k: one after the other; a name that is taken becomes report~2.pdf, the same file does not" {
	inbox -k
	for i in 1 2 3; do
		mkdir "$SRC/$i" && head -c $((50000 + i)) /dev/urandom >"$SRC/$i/report.pdf"
		to_lab "$SRC/$i/report.pdf"
		code 0
	done
	to_lab "$SRC/2/report.pdf"
	code 0
	cmp "$SRC/1/report.pdf" inbox/report.pdf
	cmp "$SRC/2/report.pdf" inbox/report~2.pdf
	cmp "$SRC/3/report.pdf" inbox/report~3.pdf
	only report.pdf report~2.pdf report~3.pdf
	# Of the same size, too.
	head -c 50001 /dev/urandom >"$SRC/report.pdf"
	to_lab "$SRC/report.pdf"
	code 0
	cmp "$SRC/1/report.pdf" inbox/report.pdf
	cmp "$SRC/report.pdf" inbox/report~4.pdf
	[ "$(sed -n 's/^done	\([^	]*\).*/\1/p' recv.out | head -n 3)" = $'inbox/report.pdf\ninbox/report~2.pdf\ninbox/report~3.pdf' ]
	[ "$(grep -c '^ugat	1$' recv.out)" -eq 1 ]
	kill -TERM "$(cat recv.pid)"
	left recv 143
}

@test "-k: 8 at once of one user, the ninth is told that it is busy; killed and stopped ones harm nobody" {
	for i in 1 2 3 4 5 6 7 8 9; do head -c 2000000 /dev/urandom >"$SRC/f$i"; done
	inbox -k
	at=$PORT
	proxy gate=200000
	for i in 1 2 3 4 5 6 7 8; do sender $i -t 10; done
	wait_for 10 parts_are 8
	PORT=$at
	send "lab@127.0.0.1:$PORT" "$SRC/f9"
	code 75
	said 'busy|at once' send.err
	# Which process has which file.
	declare -A who=()
	for pid in $(children); do
		for fd in "/proc/$pid/fd/"*; do
			at=$(readlink "$fd") || continue
			case $at in */.ugat-part-*) who[$at]=$pid ;; esac
		done
	done
	[ ${#who[@]} -eq 8 ]
	victims=("${who[@]:0:2}")
	kill -ABRT "${victims[0]}" # which no sanitizer takes for its own
	kill -STOP "${victims[1]}"
	: >go
	good=0
	for i in 1 2 3 4 5 6 7 8; do
		pid=$(cat send$i.pid) got=0
		wait_for 30 gone "$pid"
		wait "$pid" || got=$?
		case $got in
		0) good=$((good + 1)) && cmp "$SRC/f$i" "inbox/f$i" ;;
		69 | 75) no test -e "inbox/f$i" ;;
		*) show send$i.err && false ;;
		esac
	done
	[ $good -ge 6 ]
	kill -0 "$(cat recv.pid)"
	said '.*' recv.err # it is told that one has died
	kill -CONT "${victims[1]}" 2>/dev/null || :
	wait_for 15 count_is 0
	# And those two again.
	for i in 1 2 3 4 5 6 7 8 9; do
		send "lab@127.0.0.1:$PORT" "$SRC/f$i"
		code 0
		cmp "$SRC/f$i" "inbox/f$i"
	done
	[ -z "$(part)" ]
}

@test "-k: fifty short ones, eight by eight: all arrive, no process is left" {
	for i in {1..48}; do echo "$i" >"$SRC/f$i"; done
	inbox -k
	for i in {1..48}; do
		sender "$i"
		[ $((i % 6)) -ne 0 ] || for j in $(seq $((i - 5)) "$i"); do left "send$j" 0; done
	done
	for i in {1..48}; do cmp "$SRC/f$i" "inbox/f$i"; done
	[ "$(grep -c '^done	' recv.out)" -eq 48 ]
	wait_for 5 count_is 0
}

@test "two send a file of the same name and size at the same time: one is told, nothing is mixed" {
	for i in 1 2; do mkdir -p "$SRC/d$i" && head -c 2000000 /dev/urandom >"$SRC/d$i/same"; done
	inbox -k
	for i in 1 2; do
		UGAT_SESSION=$SCRATCH/ops.pem spawn "send$i" ugat-send -U 1M "lab@127.0.0.1:$PORT" "$SRC/d$i/same"
	done
	good=0
	for i in 1 2; do
		got=0
		wait_for 15 gone "$(cat send$i.pid)"
		wait "$(cat send$i.pid)" || got=$?
		case $got in 0) good=$((good + 1)) ;; 73 | 75) ;; *) show send$i.err recv.err && false ;; esac
	done
	[ $good -ge 1 ]
	for file in inbox/same*; do
		cmp "$file" "$SRC/d1/same" 2>/dev/null || cmp "$file" "$SRC/d2/same"
	done
}

@test "a receiver without -k: one session, the second is told that it is busy" {
	for i in 1 2; do head -c 1000000 /dev/urandom >"$SRC/f$i"; done
	inbox
	at=$PORT
	proxy gate=200000
	sender 1
	wait_for 10 parts_are 1
	send "lab@127.0.0.1:$at" "$SRC/f2"
	code 75
	: >go
	left send1 0
	left recv 0
	only f1
}

@test "the memory of a receiver with eight sessions stays small" {
	for i in 1 2 3 4 5 6 7 8; do head -c 20000000 /dev/zero >"$SRC/f$i"; done
	inbox -k
	proxy gate=15000000
	for i in 1 2 3 4 5 6 7 8; do sender $i; done
	wait_for 10 parts_are 8
	for pid in $(cat recv.pid) $(children); do
		kb=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
		[ "${kb:-0}" -lt $((16384 * (${#UGAT_SAN} > 0 ? 6 : 1))) ]
	done
	: >go
	for i in 1 2 3 4 5 6 7 8; do left send$i 0 20; done
}
