# SPDX-License-Identifier: ISC
# What takes time: intervals from run to run, farewells, limits of time, trackers that refuse.
# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	. "$BATS_TEST_DIRNAME/lib-web.bash"
	flow_start "$BATS_TEST_TMPDIR"
}

teardown() {
	flow_stop
}

@test "-1 keeps the interval across runs, and tells the peers it was told then" {
	web honest "${two[@]}"
	for _ in 1 2 3; do
		ask "-1v -p 7001" "$URL"
		code 0
		[ "$(grep -c ^peer own)" -eq 2 ]
	done
	asked started 1
	said 'as it told an earlier run' ask.err
	ask "-1 -p 7002" "$URL" # another client
	asked started 2
	[ "$(stat -c %a home/.cache/ugat home/.cache/ugat/trackers home/.cache/ugat/trackers/* | sort -u | tr '\n' ' ')" = "600 700 " ]
	no grep -raq "announce\|$HASH" home/.cache/ugat
	rm -r home/.cache
	ask "-1 -p 7001" "$URL"
	asked started 3
}

@test "a place where nothing can be kept is no error" {
	web honest "${two[@]}"
	for _ in 1 2; do
		XDG_CACHE_HOME=/dev/null ask "-1" "$URL"
		code 0
		[ ! -s ask.err ]
	done
	asked started 2
}

@test "a long run keeps the min interval of one that was killed; after stopped it asks at once" {
	web min:600 "${two[@]}"
	records "$URL" >given
	for last in KILL TERM; do
		spawn announce sh -c 'exec ugat-announce -p 7001 <given'
		wait_for 5 grep -q ^peer announce.out
		kill -$last "$SPAWNED"
		wait_for 5 gone "$SPAWNED"
		# The first was killed, so the second one does not ask, and has nothing to say stopped to.
		asked started 1
		asked stopped 0
	done
	rm -r home/.cache
	for n in 2 3; do
		spawn announce sh -c 'exec ugat-announce -p 7001 <given'
		wait_for 5 grep -q ^peer announce.out
		kill -TERM "$SPAWNED"
		wait_for 5 gone "$SPAWNED"
		asked started $n
		asked stopped $((n - 1))
	done
}

@test "stopped that nobody answers is waited for 2 s, not the 30 of a request" {
	web mute
	records "$URL" >given
	spawn announce sh -c 'exec ugat-announce <given'
	wait_for 5 grep -q ^announced announce.out
	began=${EPOCHREALTIME/./}
	kill -TERM "$SPAWNED"
	wait_for 5 gone "$SPAWNED"
	[ $((${EPOCHREALTIME/./} - began)) -lt 15000000 ]
	asked stopped 1
}

@test "one tracker refuses, the other one is dead: that is said, and both are asked on" {
	content a 1 100000
	torrent a
	web refuse-ok
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "$URL,http://127.0.0.1:1/announce" 65536 "$SRC/a"
	FLOW_LIMIT=40 fetch -t 4s
	[ "${CODES##* }" -eq 75 ]
	[ "$(grep -c '^ugat-announce: http://.* refuses: the tracker says: .*: asking on; `peer` lines work meanwhile$' fetch.err)" -eq 1 ]
}

# These take their time, so they take it together.
@test "a server that drips is left after 30 s; -v says each change once; ugat-fetch ends where all refuse" {
	# One that drips, one that is silent.
	web slow
	slow=$URL
	web silent
	records "$slow" "$URL" >given
	background patience "ugat-announce -1 -t 40 <given"
	printf '%s\tno answer in 30 s\n' "unanswered	$slow" "unanswered	$URL" | sort >slow.want

	# One that answers once, in a tier before one that is not there.
	web once
	once=$URL
	records "$once" http://127.0.0.1:1/announce >given.once
	spawn announce sh -c 'exec ugat-announce -v <given.once'

	# One that refuses: ugat-announce asks twice, then says so for all.
	content a 1 100000
	torrent a
	web refuse-ok
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "$URL" 65536 "$SRC/a"
	FLOW_LIMIT=100 fetch
	codes "0 69 69"
	said '^ugat-announce: http://.* refuses: the tracker says: go \?\[31maway.*: have it registered there, or add `peer` lines$'
	no said 'no tracker answers|^ugat-fetch: '

	ended patience 5
	codes 69
	grep ^unanswered patience.out | sort | cmp - slow.want
	grep -q "^unanswered	$once	" announce.out
	[ "$(grep -c "^ugat-announce: $once: .* again in 30 s" announce.err)" -eq 1 ]
	[ "$(grep -c "^ugat-announce: $once: Empty reply from server" announce.err)" -eq 1 ]
}
