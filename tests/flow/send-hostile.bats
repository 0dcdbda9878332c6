#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Senders that do not keep to the protocol: a clear error, bounded memory, nothing outside, nothing that looks whole
# and is not. send-receivers.bats has the other side, send-wire.bats what happens on the way and in the directory.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-send.bash
. "$BATS_TEST_DIRNAME/lib-send.bash" # its setup, too

# lies CASE...: ops does each of them in a session of its own to the one who waits. Each is answered by one line in
# recv.err, which says what is wrong with it.
lies() {
	local each words=() n=0

	before=$(wc -l <recv.err)
	for each; do
		[ ${#words[@]} -eq 0 ] || words+=(--then)
		# shellcheck disable=SC2206
		words+=(--name "lie$n" $each)
		n=$((n + 1))
	done
	call ops --wait 60 "${words[@]}" --then send role 9 || { show call.err; return 1; }
	wait_for 3 more_said $((before + n)) || :
	tail -n +$((before + 1)) recv.err >said.err
	[ "$(wc -l <said.err)" -eq $((n + 1)) ] && no grep -qvE '^ugat-recv: ops: the sender ' said.err &&
		[ "$(grep -cE '^(closed|cut|error 76)$' call.out)" -ge $n ] && rm said.err && return
	paste -d '#' said.err <(printf '%s\n' "$@") >&2
	return 1
}

more_said() {
	[ "$(wc -l <recv.err)" -gt "$1" ]
}

# unharmed: nothing but parts in inbox, nothing new beside it, and an honest sender is served.
unharmed() {
	[ -z "$(find inbox ! -name '.ugat-part-*' -type f)" ] || { find inbox >&2; return 1; }
	[ "$(LC_ALL=C ls -A | tr '\n' ' ')" = "$beside" ] || { ls -A >&2; return 1; }
	kill -0 "$(cat recv.pid)"
	call ops --size 1000 --name honest send honest
	[ "$(tail -n 1 call.out)" = bye ] && [ -f inbox/honest ]
}

look_beside() {
	: >call.out && : >call.err
	beside=$(LC_ALL=C ls -A | tr '\n' ' ')
}

@test "senders that lie about sizes, counts, hashes and offsets: 76, and nothing has a name" {
	inbox -k
	look_beside
	lies 'send longer' 'send shorter' 'send shorter-lie' 'send more-files' 'send more-bytes' 'send bye-lie' 'send bye-early' \
		'send elsewhere' 'send wrong-offset' 'send wrong-offset 99999999' 'send wrong-offset 18446744073709551615' \
		'send size 18446744073709551614' 'send size 1152921504606846977' '--size 0 send longer' '--size 300000 send longer'
	# The content is not what its hash says.
	call ops --name wrong send wrong-byte 0 --then send wrong-byte 50000 --then send wrong-byte 99999 --then send wrong-hash
	[ "$(grep -c 'heard STORED 4' call.out)" -eq 4 ]
	unharmed
	said 'wrong.*SHA-256|wrong.*hash|wrong.*damaged' recv.err
}

@test "a sender that says more or less than it should, too early or in another order: 76" {
	inbox -k
	look_beside
	lies 'send unasked' 'send data-first' 'send end-first' 'send role 2' 'send role 3' 'send headers 1' 'send headers 0' \
		'send headers 77' 'send headers 8' 'send empty-data' 'send big-data' 'send big 2 100000' 'send big 5 8193' \
		'send big 8 16777215' 'send noise 1' 'send noise 2' 'send items 2 1' 'send items 65537 10' 'send items 4000000000 10' \
		'send items 0 0' 'send mode 1000' 'send mode 4755' 'send mode 644 0 1000000000' 'send no-hash'
	unharmed
}

# at_rest: recv has no more processes than at its start.
at_rest() {
	[ "$(pgrep -cP "$(cat recv.pid)")" -le "$idle" ]
}

@test "senders that lie and hang up at once: each session ends by itself, and at once" {
	inbox -k -t 600
	idle=$(pgrep -cP "$(cat recv.pid)" || :)
	look_beside
	call ops --rude 1 send longer --then send shorter-lie --then send bye-lie --then send bye-early --then send elsewhere \
		--then send noise 1 --then send items 0 0 --then send role 9 --then send headers 77 --then send wrong-offset
	[ "$(grep -c '^does ' call.out)" -eq 10 ]
	wait_for 20 at_rest
	wait_for 10 more_said 9
	unharmed
}

@test "paths that lead elsewhere, hide or lie: 76; none is made" {
	inbox -k
	look_beside
	long=$(printf 'n%.0s' {1..256})
	deep=$(printf 'd/%.0s' {1..2049})
	cases=()
	# An empty one is \e here, a blank \x20.
	for path in .. . '\e' / /etc/x d/.. d/../x d/../../x ../x d/./x d//x d/ /d/x 'd/a\x00b' 'd/a\x0ab' 'd/\x1b[31mred' \
		'd/\x7f' 'd/\xc2\x85' 'd/\xe2\x80\xae' "d/$long" "$long" "$deep" d/.ugat-part-0123456789abcdef d/.ugat .ugat/x \
		d/.ugat/x d e/x dd/x; do
		cases+=("send path $path")
	done
	for name in .. . '\e' / a/b 'a\x00b' 'a\x0ab' '\x1b[31m' "$long" .ugat .ugat-part-0123456789abcdef 'x 3' 'x 0'; do
		cases+=("send item $name")
	done
	lies "${cases[@]}"
	no grep -q "$(printf '\033')" recv.err
	unharmed
}

@test "two files with one name, or one below the other: the first stays as it is" {
	for keep in -q -k; do
		for second in d/x d/x/y; do
			rm -rf inbox && mkdir inbox
			inbox $keep
			call ops send pair d/x $second
			[ "$(tail -n 1 call.out)" = bye ]
			[ "$(cat inbox/d/x)" = first ]
			if [ $keep$second = -kd/x ]; then
				[ "$(cat inbox/d/x~2)" = other ]
			elif [ $second = d/x/y ]; then
				heard 'heard STORED 3'
				wait_for 5 grep -q '^ugat-recv: inbox/d/x/y: a file is in the way of its directory: move it away$' recv.err
			else
				heard 'heard STORED 2'
			fi
			[ $keep = -q ] || kill "$(cat recv.pid)"
			wait_for 10 gone "$(cat recv.pid)"
		done
	done
}

@test "what is strange but allowed is taken as it is" {
	inbox -k
	call ops send path 'd/\xff\xfe'; [ "$(tail -n 1 call.out)" = bye ]
	call ops send path 'd/ -rf *'; [ "$(tail -n 1 call.out)" = bye ]
	call ops send path 'd/.hidden'; [ "$(tail -n 1 call.out)" = bye ]
	call ops send path "d/$(printf 'n%.0s' {1..255})"; [ "$(tail -n 1 call.out)" = bye ]
	call ops --name m send mode 0; [ "$(tail -n 1 call.out)" = bye ]
	call ops --name old send mode 777 -9000000000 1; [ "$(tail -n 1 call.out)" = bye ]
	call ops --name far send mode 600 9223372036854775807 999999999
	[ "$(tail -n 1 call.out)" = bye ] || heard 'heard (STORED 3|ERROR)'
	[ "$(stat -c %a inbox/m)" = 0 ]
	[ "$(stat -c %a inbox/old)" = 777 ]
	[ -f "$(printf 'inbox/d/\xff\xfe')" ]
	grep -q '\\0377' recv.out
	call ops send fewer-files
	unset beside
	kill -0 "$(cat recv.pid)"
}

@test "a sender that leaves at every byte of what it has to say: nothing has a name before its end" {
	inbox -k
	look_beside
	call ops --size 50 --cut 0-400 send honest
	total=$(sed -n 's/^whole //p' call.out)
	[ "$total" -ge 150 ]
	[ "$(grep -c '^left$' call.out)" -ge "$total" ]
	only file
	[ "$(sha256sum <inbox/file)" = "$("$FLOW_PYTHON" -c 'import random, sys
sys.stdout.buffer.write(random.Random(1).randbytes(50))' | sha256sum)" ]
	[ "$(grep -c '^done' recv.out)" -ge 1 ]
	rm inbox/file
	unharmed
}

@test "without -k a lie ends it: 76; the bytes that -o - wrote are not to be trusted, and its exit code says so" {
	inbox
	call ops send longer
	left recv 76
	inbox
	call ops send wrong-byte 50000
	got=0
	wait_for 10 gone "$(cat recv.pid)"
	wait "$(cat recv.pid)" || got=$?
	[ $got -eq 76 ] || [ $got -eq 75 ]
	said 'inbox/file: .*hash' recv.err
	only
	waits recv lab ugat-recv -u ops -o -
	call ops send wrong-byte 50000
	got=0
	wait_for 10 gone "$(cat recv.pid)"
	wait "$(cat recv.pid)" || got=$?
	[ $got -eq 76 ] || [ $got -eq 75 ]
	waits recv lab ugat-recv -u ops -o mine
	call ops send wrong-byte 50000
	wait_for 10 gone "$(cat recv.pid)"
	no test -e mine
}

@test "a sender that falls silent: 75 or 69 after -t, wherever it was" {
	inbox -k -t 5
	look_beside
	for when in tls hello offer take half end; do
		spawn "late-$when" "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" \
			--session ops.pem --wait 60 --size 300000 --name "$when" send late $when
	done
	spawn late-plain "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session ops.pem --wait 60 --tls plain send raw
	spawn late-tls-half "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session ops.pem --wait 60 --tls half send raw
	for when in tls hello offer take half plain tls-half; do
		wait_for 12 grep -qE '^(closed|cut|error)' "late-$when.out" || { show "late-$when.out"; false; }
	done
	wait_for 10 eval '[ "$(grep -c "has not answered for 5 s" recv.err)" -ge 5 ]'
	wait_for 8 grep -q 'STORED 0' late-end.out
	kill -0 "$(cat recv.pid)"
}

# most NAME: the most memory in KiB that any process of the one behind the test's back had until now is $MOST.
most() {
	local pid file kb

	pid=$(cat "$1.pid")
	for file in "/proc/$pid/status" $(sed 's/[0-9]*/\/proc\/&\/status/g' "/proc/$pid/task/$pid/children"); do
		kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "$file" 2>/dev/null) || :
		[ "${kb:-0}" -le "$MOST" ] || MOST=$kb
	done
}

# flood SECONDS [OPTION...] MODE...: ops does that for so long; $MOST is what it cost the receiver.
flood() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) pid

	shift
	MOST=0
	spawn flood "$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session ops.pem --wait 60 "$@"
	pid=$SPAWNED
	while [ ${EPOCHREALTIME/./} -lt $end ] && ! gone "$pid"; do
		most recv
		sleep 0.02
	done
	kill -KILL "$pid" 2>/dev/null || :
	echo "$*: $MOST KiB" >&2
	# The sanitizers' own shadow is none of it.
	[ "$MOST" -gt 1000 ] && [ "$MOST" -lt $((16384 * (${#UGAT_SAN} > 0 ? 6 : 1))) ]
}

# What the last flood brought is still being stored for a while behind its end.
cleared() {
	rm -rf inbox/d inbox/e inbox/0* 2>/dev/null
}

@test "10^9 files, endless headers, the longest names: memory stays small, and the receiver goes on" {
	inbox -k
	look_beside
	flood 2 --name d send milliard
	flood 2 --name d send long-paths
	flood 2 send headers 12
	flood 2 send items 65536 65536 1000000
	flood 2 send headers 3
	flood 60 --name e send milliard-polite 2000
	[ "$(find inbox/e | head -n 2000 | wc -l)" -ge 1000 ]
	wait_for 20 cleared
	unharmed 2>/dev/null || { kill -0 "$(cat recv.pid)" && call ops --name honest send honest; [ "$(tail -n 1 call.out)" = bye ]; }
}
