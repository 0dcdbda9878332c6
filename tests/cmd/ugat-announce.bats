#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0

HASH=0123456789abcdef0123456789abcdef01234567

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	. "$BATS_TEST_DIRNAME/../session.bash"
	session_home "$BATS_TEST_TMPDIR/home"
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR
	started=()
}

teardown() {
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# Waits until a command succeeds, 30 s and more.
until_ok() {
	for _ in {1..1500}; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.02
	done
	echo "never: $*"
	return 1
}

# The records of a small torrent with these trackers, each a tier of its own.
records() { # URL...
	local tier=0 url
	printf 'ugat\t1\n'
	printf 'torrent\t%s\t-\t16384\t1\t1000\t1\ta name\n' $HASH
	for url in "$@"; do printf 'tracker\t%d\t%s\n' $((tier++)) "$url"; done
	printf 'file\t0\t0\t1000\ta name\npiece\t0\t%s\nend\n' $HASH
}

# Starts a scripted tracker, which knows these peers, or two; its log is $log, its port $port.
tracker() { # mode [peer...]
	log=$BATS_TEST_TMPDIR/tracker$((++trackers))
	[ $# -gt 1 ] || set -- "$1" 10.0.0.1:6881 10.0.0.2:6881
	/usr/bin/python3 "$BATS_TEST_DIRNAME/../fake/fake_udptracker.py" "$@" >"$log" 3>&- &
	started+=($!)
	until_ok grep -q '^port' "$log"
	port=$(sed -n 's/^port //p' "$log")
}

# Starts ugat-announce between two fifos: write records to descriptor 8, read $out.
between() { # options...
	mkfifo in
	ugat-announce "$@" <in >out 2>err 3>&- &
	announce=$!
	started+=("$announce")
	exec 8>in
}

# Writes to a file, because behind a pipe it waits up to 2 s for a ugat-fetch to come up.
announce() { # options...
	local code=0
	ugat-announce "$@" >out || code=$?
	cat out
	return $code
}

said() { # event
	grep -q "event=$1" "$log"
}

own_lines() {
	grep -E '^(peer|announced|unanswered)'
}

@test "wrong use is exit 2" {
	for arguments in "x" "-t 5" "-t 0" "-1 -t 0" "-1 -t 2d" "-p 0" "-p 65536" "-p x" "-i nosuch0" "-i ''" "-Z"; do
		run -2 --separate-stderr bash -c "ugat-announce $arguments </dev/null"
		[[ $output == "fail!	2	ugat-announce	"* ]]
		[[ $stderr == *usage:* ]]
	done
}

@test "help and version are answered" {
	run -0 ugat-announce --help
	[[ $output == *'[-1] [-s] [-p PORT] [-i ADDR|IF] [-t TIME]'* ]]
	run -0 ugat-announce -V
	[[ $output == 'ugat-announce '* ]]
}

@test "every line is passed on byte for byte, with self behind the first" {
	{
		printf '# a comment first\n\nugat\t1\n'
		records | tail -n +2 | grep -v end
		printf 'ugat\t1\n#comment\nodd\tkind\t\\033[31m\t\\\\x=\nmeta\tkey\t\\e\ninfo\t0\tAAAA\n'
		printf 'end\npeer\t10.0.0.9\t99\ndeny!\t10.0.0.0/8\n'
	} >given
	run -0 --separate-stderr bash -c 'ugat-announce <given >got'
	grep -v '^self' got | cmp - given
	[ "$(grep -n '^self' got | cut -d: -f1)" = 4 ]
	grep -qxE $'self\t2d5547303130302d[0-9a-f]{24}' got
}

@test "peers and denied addresses may come before the first line" {
	printf 'deny!\t10.0.0.0/8\npeer\t192.0.2.1\t99\nugat\t1\ntorrent\t%s\t-\t16384\t1\t9\t1\tx\nend\n' $HASH >given
	run -0 --separate-stderr announce <given
	grep -v '^self' out | cmp - given
	[ "$(grep -n '^self' out | cut -d: -f1)" = 4 ]
}

@test "every run has an id of its own" {
	records >given
	[ "$(for _ in 1 2 3; do ugat-announce -q <given | grep ^self; done | sort -u | wc -l)" = 3 ]
}

@test "lines are passed on at once, from a slow pipe" {
	between
	printf 'ugat\t1\n' >&8
	until_ok grep -q ^self out
	records | sed -n 2p >&8
	until_ok grep -q ^torrent out
	printf 'end\n' >&8
	until_ok grep -q ^end out
	printf 'peer\t10.0.0.9\t99\n' >&8
	until_ok grep -q ^peer out
	exec 8>&-
	wait "$announce"
}

@test "lines are passed on while a name is looked up and trackers are silent" {
	tracker silent
	between
	records udp://no-such-host.invalid:80 "udp://127.0.0.1:$port" >&8
	until_ok grep -q connect "$log"
	printf 'peer\t10.0.0.9\t99\n' >&8
	until_ok grep -q ^peer out
	exec 8>&-
}

@test "a torrent without trackers: a word, and exit 0 when the input ends" {
	run -0 --separate-stderr ugat-announce < <(records)
	[ "$stderr" = "ugat-announce: the torrent names no tracker: add \`peer\` lines" ]
	run -0 --separate-stderr ugat-announce < <(records | sed $'/^torrent/a webseed\thttp://example.org/a')
	[ "$stderr" = "ugat-announce: the torrent names no tracker, and web seeds are not used: add \`peer\` lines" ]
	run -0 --separate-stderr ugat-announce -q < <(records)
	[ -z "$stderr" ]
	run -0 --separate-stderr announce -1 < <(records; printf 'peer\t10.0.0.9\t99\n')
	[[ $output == *$'peer\t10.0.0.9\t99' ]]
}

@test "a failed stage before it is passed on in silence, with its code" {
	run -77 --separate-stderr ugat-announce < <(printf 'ugat\t1\nfail!\t77\tugat-x\twhy not\n')
	[ -z "$stderr" ]
	[ "${lines[2]}" = $'fail!\t77\tugat-x\twhy not' ]
	[ ${#lines[@]} = 3 ]
	run -65 --separate-stderr ugat-announce < <(printf 'fail!\t65\tugat-parse\tno torrent\n')
	[ "$output" = $'fail!\t65\tugat-parse\tno torrent' ]
	[ -z "$stderr" ]
}

@test "a failure behind end is passed on, too" {
	tracker honest
	between
	records "udp://127.0.0.1:$port" >&8
	until_ok grep -q ^announced out
	printf 'fail!\t74\tugat-verify\tdisk\n' >&8
	code=0
	wait "$announce" || code=$?
	[ $code = 74 ]
	[ "$(tail -n 1 out)" = $'fail!\t74\tugat-verify\tdisk' ]
	said 3
	exec 8>&-
}

@test "input without end is exit 65, as a fail! record, too" {
	run -65 --separate-stderr ugat-announce < <(records | grep -v end)
	[[ $stderr == "ugat-announce: the input ended without "* ]]
	[[ ${lines[-1]} == $'fail!\t65\tugat-announce\t'* ]]
	run -65 ugat-announce </dev/null
}

@test "malformed input is exit 65 with its line" {
	run -65 --separate-stderr ugat-announce < <(printf 'hello\n')
	[[ $stderr == *"line 1: no "* ]]
	run -65 --separate-stderr ugat-announce < <(printf 'ugat\t2\n')
	[[ $stderr == *'newer'* ]]
	run -65 --separate-stderr ugat-announce < <(printf 'ugat\t1\nnew!\tx\n')
	[[ $stderr == *'line 2: '* ]]
	run -65 --separate-stderr ugat-announce < <(printf 'ugat\t1\ntracker\tx\n')
	[[ $stderr == *'line 2: '* ]]
	run -65 --separate-stderr ugat-announce < <(printf 'ugat\t1\nend\n')
	[[ $stderr == *"line 2: "*" without a "* ]]
	run -65 --separate-stderr ugat-announce < <(records; printf 'new!\tx\n')
	[[ $stderr == *'line 6: '* ]]
	run -65 --separate-stderr ugat-announce < <(printf 'ugat\t1\n'; head -c 70000 /dev/zero | tr '\0' x)
	[[ $stderr == *'line 2: longer than 64 KiB'* ]]
}

@test "a .torrent in the place of records: 65, and nothing of it comes out" {
	run -65 --separate-stderr announce < <(printf 'd8:announce3:udp\001\033[2J\nmore\n')
	[ "$stderr" = 'ugat-announce: line 1: no `ugat` line at the start: is this the output of ugat-parse?' ]
	[[ ${lines[0]} == "fail!	65	ugat-announce	line 1: no "* ]]
	[ "${#lines[@]}" -eq 1 ]
}

@test "one round: what the tracker says, in records" {
	tracker honest
	run -0 --separate-stderr announce -1 -p 7001 < <(records "udp://127.0.0.1:$port/announce?x=1")
	[ -z "$stderr" ]
	[ "$(own_lines <<<"$output")" = "announced	udp://127.0.0.1:$port/announce?x=1	60	5	7
peer	10.0.0.1	6881	src=tracker
peer	10.0.0.2	6881	src=tracker" ]
	grep -q 'event=2 downloaded=0 left=1000 uploaded=0 port=7001 ' "$log"
	grep -q "options=020d$(printf '/announce?x=1' | od -An -tx1 | tr -d ' \n')" "$log"
	grep -q " id=$(sed -n 's/^self\t//p' <<<"$output")" "$log"
	run ! said 3
}

@test "one round ends when the input does" {
	tracker honest
	between -1
	records "udp://127.0.0.1:$port" >&8
	until_ok grep -q ^announced out
	printf 'peer\t10.0.0.9\t99\n' >&8
	until_ok grep -q '^peer.10.0.0.9' out
	exec 8>&-
	wait "$announce"
}

@test "a round that nobody answers ends after -t with exit 69" {
	tracker silent
	run -69 --separate-stderr announce -1 -t 1 < <(records "udp://127.0.0.1:$port/0123456789abcdef")
	[ "$stderr" = "ugat-announce: no tracker answered (udp://127.0.0.1:$port/***: no answer in 1 s): try again, or add \`peer\` lines" ]
	[ "$(own_lines <<<"$output")" = "unanswered	udp://127.0.0.1:$port/0123456789abcdef	no answer in 1 s" ]
	[[ ${lines[-1]} == $'fail!\t69\tugat-announce\t'* ]]
}

@test "a kind of tracker that is not known is no error but with -1" {
	run -69 --separate-stderr announce -1 < <(records wss://127.0.0.1:1/announce x://x/)
	[ "$(own_lines <<<"$output")" = "unanswered	wss://127.0.0.1:1/announce	a kind of tracker that is not known
unanswered	x://x/	a kind of tracker that is not known" ]
	tracker honest
	run -0 --separate-stderr announce -1 < <(records wss://127.0.0.1:1/announce "udp://127.0.0.1:$port")
	[ "$(own_lines <<<"$output" | cut -f1)" = $'unanswered\nannounced\npeer\npeer' ]
	between
	records wss://127.0.0.1:1/announce >&8
	until_ok grep -q 'no tracker answers' err
	kill -0 "$announce"
	exec 8>&-
}

@test "the next tier is asked when the first one refuses or is silent" {
	tracker silent
	silent=$port
	tracker honest
	run -0 --separate-stderr announce -1 < <(records udp://127.0.0.1:1 "udp://127.0.0.1:$port")
	[ "$(own_lines <<<"$output" | cut -f1)" = $'unanswered\nannounced\npeer\npeer' ]
	[[ $output == *"unanswered	udp://127.0.0.1:1	Connection refused"* ]]
	run -0 --separate-stderr announce -1 < <(records "udp://127.0.0.1:$silent" "udp://127.0.0.1:$port")
	[ "$(own_lines <<<"$output" | cut -f1)" = $'announced\npeer\npeer' ]
}

@test "a tracker that answers over IPv6 gives peers of 18 bytes" {
	/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null || skip "no IPv6 here"
	FAKE_HOST=::1 tracker honest 2001:db8::1:6881 2001:db8::2:6881
	run -0 --separate-stderr announce -1 < <(records "udp://[::1]:$port/a")
	[ "$(own_lines <<<"$output")" = "announced	udp://[::1]:$port/a	60	5	7
peer	2001:db8::1	6881	src=tracker
peer	2001:db8::2	6881	src=tracker" ]
}

@test "a name in the hosts file is found" {
	tracker honest
	run -0 --separate-stderr announce -1 < <(records "udp://localhost:$port")
	[[ $output == *"announced	udp://localhost:$port"* ]]
}

@test "a thousand peers in one datagram, and half of one" {
	tracker half 10.0.{1..4}.{1..250}:6881
	run -0 --separate-stderr announce -1 < <(records "udp://127.0.0.1:$port")
	[ "$(grep -c ^peer <<<"$output")" = 1000 ]
	[ "$(grep ^peer <<<"$output" | sort -u | wc -l)" = 1000 ]
	run ! grep 127.0.0 <<<"$(grep ^peer <<<"$output")"
}

@test "forged replies are not believed" {
	for mode in forged guess:100; do
		tracker $mode 10.0.0.1:6881 10.0.0.2:6881
		run -0 --separate-stderr announce -1 < <(records "udp://127.0.0.1:$port")
		[ "$(own_lines <<<"$output" | cut -f1,2)" = "announced	udp://127.0.0.1:$port
peer	10.0.0.1
peer	10.0.0.2" ]
		run ! grep wrong "$log"
	done
}

@test "a connection id may be the magic number; noise is survived" {
	for mode in magic noise; do
		tracker $mode
		run -0 --separate-stderr announce -1 < <(records "udp://127.0.0.1:$port")
		[ "$(grep -c ^peer <<<"$output")" = 2 ]
	done
}

@test "lost datagrams are sent again after 3 s" {
	tracker deaf
	run -0 --separate-stderr announce -1 < <(records "udp://127.0.0.1:$port")
	[ "$(grep -c ^peer <<<"$output")" = 2 ]
	[ "$(grep -c connect "$log")" = 2 ]
	[ "$(grep -c announce "$log")" = 2 ]
}

@test "a tracker's own words are shown without their control characters" {
	tracker error
	run -69 --separate-stderr announce -1 < <(records "udp://127.0.0.1:$port")
	[ "$(own_lines <<<"$output")" = "unanswered	udp://127.0.0.1:$port	the tracker says: go ?[31maway??" ]
	[[ $stderr != *$'\033'* ]]
}

@test "long URLs are cut so that no line is over 512 bytes" {
	long=$(printf 'a%.0s' {1..3000})
	run -69 --separate-stderr announce -1 < <(records "udp://127.0.0.1:1/$long" "http://$long")
	[ "$(own_lines <<<"$output" | wc -l)" = 2 ]
	while IFS= read -r line; do
		[ ${#line} -lt 512 ]
		[[ $line == *aaa...$'\t'* ]]
	done < <(own_lines <<<"$output")
	(( ${#lines[-1]} < 512 ))
}

@test "-v says each change, with passkeys masked; -q says nothing" {
	tracker honest
	run -0 --separate-stderr announce -1v < <(records "udp://127.0.0.1:$port/a?passkey=secret")
	[[ ${stderr_lines[0]} == 'ugat-announce: the session of '*' until '* ]]
	[ "${stderr_lines[1]}" = "ugat-announce: udp://127.0.0.1:$port/a?passkey=***: 5 seeders, 7 leechers, again in 60 s" ]
	[ ${#stderr_lines[@]} -eq 2 ]
	run -0 --separate-stderr announce -1q < <(records "udp://127.0.0.1:$port")
	[ -z "$stderr" ]
}

@test "-i binds: an address of the other family is told" {
	tracker honest
	run -0 announce -1 -i 127.0.0.1 < <(records "udp://127.0.0.1:$port")
	run -0 announce -1 -i lo < <(records "udp://127.0.0.1:$port")
	run -69 --separate-stderr announce -1 -i ::1 < <(records "udp://127.0.0.1:$port")
	[[ $stderr == *'Cannot assign requested address'* ]]
}

@test "when the reader goes, the tracker hears stopped, and it is exit 0" {
	tracker honest
	mkfifo in
	(
		ugat-announce <in 3>&-
		echo $? >code
	) | grep -q announced 3>&- &
	started+=($!)
	exec 8>in
	records "udp://127.0.0.1:$port" >&8
	until_ok test -s code
	[ "$(cat code)" = 0 ]
	[ "$(sed -n 's/^announce event=\(.\).*/\1/p' "$log" | tr -d '\n')" = 23 ]
	exec 8>&-
}

@test "a reader that goes before end ends it with exit 0" {
	mkfifo in
	(
		ugat-announce <in 3>&-
		echo $? >code
	) | head -n 1 >/dev/null 3>&- &
	started+=($!)
	exec 8>in
	records udp://127.0.0.1:1 | head -n 2 >&8
	until_ok test -s code
	[ "$(cat code)" = 0 ]
	exec 8>&-
}

@test "INT and TERM: stopped is said, then it dies by that signal" {
	for signal in INT TERM; do
		tracker honest
		records "udp://127.0.0.1:$port" >given
		# Not a background job of this shell: those ignore INT.
		/usr/bin/python3 -c '
import os, signal, subprocess, sys, time
p = subprocess.Popen(["ugat-announce"], stdin=open("given"), stdout=open("out", "w"))
for _ in range(250):
    if "announced" in open("out").read():
        break
    time.sleep(0.02)
p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
sys.exit(0 if p.wait(4) == -getattr(signal, "SIG" + sys.argv[1]) else 1)' $signal 3>&-
		said 3
	done
}

@test "a farewell that nobody answers takes 2 s, not the 15 of a call" {
	tracker deserts
	records "udp://127.0.0.1:$port" >given
	ugat-announce <given >out 3>&- &
	announce=$!
	started+=("$announce")
	until_ok grep -q announced out
	began=$(date +%s%N)
	kill -TERM "$announce"
	code=0
	wait "$announce" || code=$?
	[ $code = 143 ]
	(( ($(date +%s%N) - began) / 1000000 < 12000 ))
	[ "$(grep -c event=3 "$log")" = 2 ]
}

# Plays ugat-fetch: takes the id from the records, holds a status file, changes it, lets go of it.
play_fetch() {
	/usr/bin/python3 -c '
import fcntl, os, sys, time
hash, out = sys.argv[1], sys.argv[2]
for line in sys.stdin:
    kind, *fields = line.rstrip("\n").split("\t")
    if kind == "self": id = fields[0]
    if kind == "end": break
directory = os.environ["XDG_RUNTIME_DIR"] + "/ugat"
os.makedirs(directory, 0o700, exist_ok=True)
name = f"{directory}/{hash}.{id[32:]}"
def put(state, had, downloaded):
    f = open(name + ".new", "w")
    fcntl.flock(f, fcntl.LOCK_EX)
    f.write(f"status\t{state}\t-\t1\t2\t7123\t1000\t{had}\t{downloaded}\t55\t{1000 - had}\t0\t0\t0\t0\t-\tx\n")
    f.flush()
    os.rename(name + ".new", name)
    return f
first = put("loading", 400, 300)
for line in sys.stdin:
    if line.startswith("announced"): break
second = put("done", 1000, 900)
first.close()
open(out, "w").write("half")
time.sleep(1)
second.close()
while os.read(0, 65536): pass
' $HASH played
}

@test "port and counters come from the status file, completed and stopped when its lock is released" {
	tracker honest
	mkfifo in
	(
		ugat-announce <in
		echo $? >code
	) 3>&- | play_fetch 3>&- &
	started+=($!)
	exec 8>in
	records "udp://127.0.0.1:$port" >&8
	until_ok test -s code
	[ "$(cat code)" = 0 ]
	[ "$(sed -n 's/^announce event=\(.*\) want.*/\1/p' "$log")" = "2 downloaded=300 left=600 uploaded=55 port=7123
1 downloaded=900 left=0 uploaded=55 port=7123
3 downloaded=900 left=0 uploaded=55 port=7123" ]
	[ "$(sed -n 's/.*\(key=[0-9]*\).*/\1/p' "$log" | sort -u | wc -l)" = 1 ]
	exec 8>&-
}

@test "on a terminal only its own lines are shown" {
	tracker honest
	records "udp://127.0.0.1:$port" >given
	/usr/bin/python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.dup2(os.open("given", os.O_RDONLY), 0)
    os.execlp("ugat-announce", "ugat-announce", "-1")
text = b""
try:
    while more := os.read(fd, 4096): text += more
except OSError: pass
sys.stdout.write(text.decode().replace("\r\n", "\n"))' >shown 3>&-
	[ "$(cut -f1 shown)" = $'announced\npeer\npeer' ]
}

@test "two that announce to a real tracker learn of each other" {
	command -v opentracker >/dev/null || skip "no opentracker"
	mkdir tracker
	chmod 755 . tracker
	echo $HASH >tracker/white
	chmod 644 tracker/white
	for _ in {1..20}; do
		port=$((20000 + RANDOM % 20000))
		opentracker -i 127.0.0.1 -p $port -P $port -d "$PWD/tracker" -u nobody -w white >/dev/null 2>&1 3>&- &
		real=$!
		started+=("$real")
		sleep 0.2
		kill -0 $real 2>/dev/null && break
	done
	records "udp://127.0.0.1:$port/announce" >given
	until_ok ugat-announce -1 -t 1 -p 7001 <given
	run -0 --separate-stderr announce -1 -p 7002 <given
	[[ $(own_lines <<<"$output") == *$'peer\t127.0.0.1\t7001\tsrc=tracker'* ]]
	[[ $output != *7002* ]]
	run -69 --separate-stderr bash -c "sed 's/$HASH/ffffffffffffffffffffffffffffffffffffffff/' given | ugat-announce -1 >out"
	[[ $stderr == *'not registered at this tracker'* ]]
}
