# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The world that the examples of the man pages live in: the hosts, people and torrents that they name, so that each
# can be run word by word. Sourced by lib-examples.bash behind lib.bash and lib-netns.bash.
#
# Two hosts with one root directory of their own, which nobody else sees: `here`, where the reader sits (ops-host,
# 192.0.2.20), and `there`, which has all the other names of world_hosts. /etc is a copy; /home, /root, /run, /srv,
# /tmp and /var are new; the commands lie in /usr/local. There are
#
#     an authd at auth.example.org, whom /etc/ugat/authd names, with the users ops, lab and backup
#     a tracker at tracker.example.org and other.example.org, port 6969
#     a peer at lab.example.org for each torrent: x (a directory of 41 files), src (src.tar.gz), holiday (two files)
#
# The reader is ops, in /home/ops, which is new for every test, with a session and x.torrent; lab has /home/lab.
# Both lie below $WORLD/homes, too, which is how a test looks at them.

WORLD_PEER=192.0.2.7

world_hosts() {
	cat <<-END
		127.0.0.1 localhost
		::1 localhost
		192.0.2.1 auth.example.org
		192.0.2.7 lab.example.org lab-host
		192.0.2.20 ops-host
		192.0.2.22 gate.example.org
		192.0.2.69 tracker.example.org other.example.org
		192.0.2.80 www.example.org
	END
}

# ---- once for all tests of a file

# world_up full|empty: in setup_file; an empty one has neither tracker nor torrents.
world_up() {
	flow_start "$BATS_FILE_TMPDIR/world" || return
	WORLD=$SCRATCH
	mkdir homes shared root
	WORLD_OUT=$(cd "$(dirname "$(command -v ugat-fetch)")/.." && pwd)
	if ! { world_root && world_wire && world_authd && { [ "$1" = empty ] || { world_tracker && world_torrents; }; }; }; then
		world_down
		return 1
	fi
	export WORLD WORLD_OUT WORLD_ID=$FLOW_ID WORLD_HERE=${HOST[here]} WORLD_THERE=${HOST[there]} \
		WORLD_ENTER="${NETNS_ENTER[*]}" X_BTIH SRC_BTIH HOLIDAY_BTIH
}

# world_down: in teardown_file.
world_down() {
	[ -n "${WORLD-}" ] || return 0
	SCRATCH=$WORLD FLOW_ID=${WORLD_ID-$FLOW_ID}
	flow_stop
	# In a chroot somebody else may have got to see the outermost mount.
	umount -l "$WORLD/root" 2>/dev/null || :
}

# world_kept: directories that stay where they are: the tests, the build, what tests and sanitizers write.
world_kept() {
	(cd "$FLOW_DIR/../.." && pwd)
	printf '%s\n' "$WORLD_OUT" "$BATS_RUN_TMPDIR" "$WORLD"
	[[ ${ASAN_OPTIONS-} != *log_path=* ]] || printf '%s\n' "$ASAN_OPTIONS" | sed 's|.*log_path=\([^:]*\)/.*|\1|'
}

# world_root: the hosts, by processes that live in them.
world_root() {
	local way

	world_kept | sort -u >kept
	world_hosts >hosts
	for way in "unshare -nm" "unshare -nm --propagation unchanged" "unshare -rnm"; do
		$way true 2>/dev/null && break
	done
	NETNS_ENTER=(nsenter -m -n -r)
	[ "$way" != "unshare -rnm" ] || NETNS_ENTER=(nsenter --preserve-credentials -U -m -n -r)
	declare -gA HOST=()
	# shellcheck disable=SC2086
	spawn here $way bash "$FLOW_DIR/world-root.sh" "$WORLD" "$WORLD_OUT"
	HOST[here]=$SPAWNED
	says_soon here '^up$' || { show here.err; return 1; }
	spawn_on there here unshare -n sh -c 'ip link set lo up && echo up && exec sleep 600'
	HOST[there]=$SPAWNED
	says_soon there '^up$' || { show there.err; return 1; }
}

# world_wire: the network between them. 203.0.113.9 is a host that block lists name.
world_wire() {
	local n

	cable here 192.0.2.20/24 there 192.0.2.1/24 || return
	for n in 7 22 69 80; do
		address there 192.0.2.$n/24 || return
	done
	address there 203.0.113.9/32 && on here ip route add 203.0.113.0/24 via 192.0.2.1
}

# way HOST [USER]: in WAY, what runs a command there: as root with our environment, or as a user who has just logged in.
way() {
	# What tests/run preloads does not lie there.
	WAY=(env -u LD_PRELOAD "${NETNS_ENTER[@]}" -t "${HOST[$1]}" env -C /)
	[ $# -gt 1 ] || return 0
	WAY=(env -u LD_PRELOAD "${NETNS_ENTER[@]}" -t "${HOST[$1]}" env -i --default-signal=INT --default-signal=QUIT -C "/home/$2" FLOW_ID="$FLOW_ID"
		PATH=/stand-in:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC TERM=dumb
		HOME="/home/$2" USER="$2" LOGNAME="$2" WORLD_THERE="${HOST[there]}"
		${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} ${UBSAN_OPTIONS:+UBSAN_OPTIONS="$UBSAN_OPTIONS"}
		${GCOV_ERROR_FILE:+GCOV_ERROR_FILE="$GCOV_ERROR_FILE"})
}

# on HOST COMMAND...; in_world HOST USER COMMAND...; behind the test's back: spawn_on NAME HOST COMMAND...
on() {
	way "$1" && "${WAY[@]}" "${@:2}"
}

in_world() {
	way "$1" "$2" && "${WAY[@]}" "${@:3}"
}

spawn_on() {
	way "$2" && spawn "$1" "${WAY[@]}" "${@:3}"
}

spawn_in() {
	way "$2" "$3" && spawn_group "$1" "${WAY[@]}" "${@:4}"
}

# world_authd: the login server, and the sessions of its users: $WORLD/USER.pem.
world_authd() {
	local user pin

	mkdir -p homes/backup
	spawn_on authd there authd -d /srv/authd -i 192.0.2.1 -N open-to-all
	logged_ready authd || return
	pin=$(sed -n 's/.* event=ready .*fingerprint=\([^ ]*\).*/\1/p' authd.err)
	on here sh -c "mkdir /etc/ugat && echo 'auth.example.org $pin' >/etc/ugat/authd" || return
	for user in ops lab backup; do
		mkdir -p "homes/$user"
		echo "a password for $user" >"shared/$user.password"
		in_world here "$user" ugat-login -q -N -u "$user" -P "$WORLD/shared/$user.password" || return
		cp -r "homes/$user/.local" "shared/$user.local"
	done
}

# ready NAME COMMAND...: wait until COMMAND succeeds, as long as NAME lives.
ready() {
	wait_for 20 dead_or "$@" && "${@:2}" && return 0
	echo "$1: not ready" >&2
	show "$1.err"
	return 1
}

dead_or() {
	gone "$(cat "$1.pid")" || "${@:2}"
}

# logged_ready NAME: that authd is.
logged_ready() {
	ready "$1" grep -q ' event=ready ' "$1.err"
}

# world_tracker: in the network of there, but with our own root directory. Where we are not root, it must not think that it
# is, for it could not become anybody else.
world_tracker() {
	local net=(nsenter -n)

	[ "$(id -u)" -eq 0 ] || net=(nsenter --preserve-credentials -U -n)
	net+=(-t "${HOST[there]}")
	[ "$(id -u)" -eq 0 ] || net+=(unshare -U)
	mkdir tracker && printf '%040d\n' 0 >tracker/whitelist && chmod -R a+rX tracker
	spawn tracker "${net[@]}" opentracker -i 192.0.2.69 -p 6969 -P 6969 -d "$WORLD/tracker" -u nobody -w whitelist
	ready tracker knows_none 0000000000000000000000000000000000000000
}

# scraped BTIH: what the tracker says of it.
scraped() {
	on here curl -s -m 5 "http://tracker.example.org:6969/scrape?info_hash=$(percent "$1")" | tr -d '\0'
}

knows_none() {
	scraped "$1" | grep -aq files
}

# known BTIH: the tracker knows of somebody. (Who announces himself before he has looked at his disk does not have it all.)
known() {
	scraped "$1" | LC_ALL=C grep -aqE 'completei[1-9]'
}

# allowed_there BTIH: the tracker serves it.
allowed_there() {
	echo "$1" >>"$WORLD/tracker/whitelist" && kill -HUP "$(cat "$WORLD/tracker.pid")" &&
		wait_for 20 serves "$1"
}

# A `stopped` of a peer that was never there asks without leaving a trace.
serves() {
	on here curl -s -m 5 "http://tracker.example.org:6969/announce?info_hash=$(percent "$1")&peer_id=-XX0000-askedaskedas&port=9&left=1&event=stopped" |
		tr -d '\0' | grep -aq interval
}

# shared_torrent NAME PATH PORT [OPTION of ltpeer.py...]: $WORLD/shared/NAME.torrent of $WORLD/src/PATH, and a peer who
# has it; sets BTIH.
shared_torrent() {
	local name=$1 path=$2 port=$3

	shift 3
	BTIH=$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$WORLD/shared/$name.torrent" \
		udp://tracker.example.org:6969/announce 32768 "$WORLD/src/$path") && allowed_there "$BTIH" || return
	spawn_on "peer-$name" there "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -i $WORLD_PEER -p "$port" "$@" \
		"$WORLD/shared/$name.torrent" "$WORLD/src"
}

world_torrents() {
	world_content &&
		shared_torrent x x 6881 && X_BTIH=$BTIH &&
		shared_torrent src src.tar.gz 6882 && SRC_BTIH=$BTIH &&
		shared_torrent holiday holiday 6883 && HOLIDAY_BTIH=$BTIH || return
	for BTIH in "$X_BTIH" "$SRC_BTIH" "$HOLIDAY_BTIH"; do
		wait_for 30 known "$BTIH" || { show tracker.err ./peer-*.err; return 1; }
	done
}

# 41 files of each kind that the pages choose from; their numbers are in the order of the bytes of their paths.
world_content() {
	local n

	for n in 01 02 03 04 05 06 07 08 09 10 11 12; do content "x/Season 1/$n.txt" "$n" 20000 || return; done
	for n in 1 2 3 4 5 6 7 8; do content "x/extras/$n.txt" "2$n" 30000 || return; done
	for n in 01 02 03 04 05 06 07 08 09 10 11 12; do content "x/photos/$n.jpg" "3$n" 25000 || return; done
	for n in 1 2 3 4 5; do content "x/sample-$n.txt" "4$n" 10000 || return; done
	content x/film.mkv 50 400000 && content x/disk.iso 51 300000 && content x/notes 52 999 && content x/list 53 1 &&
		content holiday/beach.jpg 54 20000 && echo four >"$SRC/holiday/read me.txt" || return
	mkdir -p "$SRC/code/src" && echo 'int main(void) { return 0; }' >"$SRC/code/src/main.c" &&
		random_bytes 55 60000 >"$SRC/code/src/data" && tar -C "$SRC/code" --owner=0 --group=0 -czf "$SRC/src.tar.gz" src
}

# ---- before and after each test

# world_enter: in setup.
world_enter() {
	flow_start "$BATS_TEST_TMPDIR" || return
	declare -gA HOST=([here]=$WORLD_HERE [there]=$WORLD_THERE)
	read -ra NETNS_ENTER <<<"$WORLD_ENTER"
	OPS=$WORLD/homes/ops LAB=$WORLD/homes/lab SRC=$WORLD/src
	PERSON=() SEES=
	on here rm -rf "/tmp/ugat-$(on here id -u)"
	for user in ops lab; do
		rm -rf "${WORLD:?}/homes/$user" && mkdir "$WORLD/homes/$user" && cp -r "$WORLD/shared/$user.local" "$WORLD/homes/$user/.local" || return
	done
	[ ! -e "$WORLD/shared/x.torrent" ] || cp "$WORLD/shared/x.torrent" "$OPS/"
}

# example_text [NAME]: the text of the example that this test is named for, or of another one.
example_text() {
	"$FLOW_PYTHON" "$FLOW_DIR/examples.py" "$FLOW_DIR/../.." "${1:-$BATS_TEST_DESCRIPTION}"
}

# person [-e] WORDS ANSWER...: somebody sits at the terminal of the next example, see fake/person.py; -e: and sees its
# stderr there.
person() {
	SEES=
	[ "$1" != -e ] || { SEES=stderr && shift; }
	PERSON=("$@")
}

# start NAME HOST USER [EXAMPLE]: run the example behind the test's back, by any POSIX shell; NAME.out, NAME.err.
start() {
	local name=$1 host=$2 user=$3 sitting=()

	example_text "${4-}" >"$name.text" || return
	[ ${#PERSON[@]} -eq 0 ] || sitting=("$FLOW_PYTHON" "$FLOW_FAKE/person.py" "${PERSON[@]}" --)
	spawn_in "$name" "$host" "$user" "${sitting[@]}" sh -c "${SEES:+exec 2>/dev/tty
}$(cat "$name.text")"
	PERSON=() SEES=
}

# ends NAME [CODE]: within 30 s, by itself and so.
ends() {
	local pid got=0

	pid=$(cat "$1.pid")
	wait_for 30 gone "$pid" || { echo "$1 goes on" >&2; show ./*.err ./*.out; return 1; }
	wait "$pid" || got=$?
	[ "$got" -eq "${2:-0}" ] && return 0
	echo "$1: exit $got, not ${2:-0}" >&2
	show "$1.text" ./*.err ./*.out
	return 1
}

# example [CODE]: ops runs it here and it ends so; ex.out, ex.err.
example() {
	start ex here ops && ends ex "${1:-0}"
}

# interrupted NAME: ^C ends it, which is a signal's end.
interrupted() {
	local pid got=0

	pid=$(cat "$1.pid")
	kill -INT -- "-$pid"
	wait_for 20 gone "$pid" || { echo "$1 does not heed ^C" >&2; show ./*.err; return 1; }
	wait "$pid" || got=$?
	[ "$got" -eq 130 ] || { echo "$1: exit $got after ^C" >&2; show ./*.err; return 1; }
}

# got DIR PATH...: below DIR in ops' home lies just this of the content, and it is right.
got() {
	local dir=$1 path tops

	shift
	for path; do cmp "$SRC/$path" "$OPS/$dir/$path" || return; done
	mapfile -t tops < <(printf '%s\n' "${@%%/*}" | sort -u)
	(cd "$OPS/$dir" && find "${tops[@]}" -type f) | LC_ALL=C sort | diff <(printf '%s\n' "$@" | LC_ALL=C sort) -
}

# got_all DIR NAMES [PATTERN]: all of the torrents of these names, but for the files that PATTERN fits.
got_all() {
	local files

	# shellcheck disable=SC2086
	mapfile -t files < <(cd "$SRC" && find $2 -type f | grep -vE "${3:-^$}")
	[ ${#files[@]} -gt 0 ] && got "$1" "${files[@]}"
}

# people: lab and ops have things to hand over.
people() {
	mkdir "$OPS/photos" "$OPS/src" "$LAB/inbox"
	random_bytes 61 200000 >"$OPS/report.pdf" && random_bytes 62 100000 >"$OPS/disk.img" &&
		echo one >"$OPS/photos/one" && echo code >"$OPS/src/main.c"
}

# listens_on HOST PORT
listens_on() {
	local hex

	printf -v hex ':%04X 0*:0000 0A' "$2"
	wait_for 20 on "$1" grep -q "$hex" /proc/net/tcp /proc/net/tcp6 || { show ./*.err; return 1; }
}

# ---- what several examples need

# files_of NAME: the files of the torrent in its order, which torrent.py has made that of the bytes of their paths.
files_of() {
	(cd "$SRC" && find "$1" -type f | LC_ALL=C sort)
}

# sums_of PREFIX: what sha256sum says of the files of x, with their paths below PREFIX instead of x.
sums_of() {
	(cd "$SRC" && find x -type f -exec sha256sum {} +) | sed "s|  x/|  $1/|" | sort
}

# on_disk DIR: all of x is there already.
on_disk() {
	mkdir -p "$OPS/$1" && cp -r "$SRC/x" "$OPS/$1"
}

# loaded_at_most BYTES: the run of this test that ended last has downloaded something, but no more.
loaded_at_most() {
	local n

	in_world here ops ugat-stat >runs
	n=$(cut -f 9 runs | head -n 1)
	if [ "$n" -eq 0 ] || [ "$n" -gt "$1" ]; then
		show runs
		return 1
	fi
}

# held: somebody else loads x into out, until let_go.
held() {
	mkdir -p "$OPS/out/.ugat"
	# shellcheck disable=SC2016
	spawn holder sh -c 'exec 9>"$1" && flock 9 && echo held && exec sleep 60' - "$OPS/out/.ugat/$X_BTIH.lock"
	says_soon holder '^held'
}

let_go() {
	end_pid "$(cat holder.pid)"
}

# denied_network: the tracker names a peer in 203.0.113.0/24, who says when somebody calls, and ops has a list of
# addresses to block.
denied_network() {
	spawn_on denied there "$FLOW_PYTHON" -c 'import socket
s = socket.create_server(("203.0.113.9", 6881))
print("up", flush=True)
while True:
    print("called by", s.accept()[1][0], flush=True)'
	says_soon denied '^up' || { show denied.err; return 1; }
	on there curl -s -m 5 --interface 203.0.113.9 \
		"http://tracker.example.org:6969/announce?info_hash=$(percent "$X_BTIH")&peer_id=-XX0000-denieddenied&port=6881&left=0&event=started" |
		grep -aq interval || return
	printf '203.0.113.0/24\n198.51.100.1\n' >"$OPS/blocked"
}

# nobody_called: that peer was left alone; without the list it is called.
nobody_called() {
	no grep called denied.out || return
	in_world here ops sh -c 'ugat-parse x.torrent | ugat-announce | ugat-fetch -d freely' >freely.out 2>freely.err || return
	says_soon denied '^called by 192\.0\.2\.20'
}

# sharing TORRENT URL: the example makes TORRENT of ops' photos, announces it at URL and serves it until ^C.
sharing() {
	people || return
	# What the info-hash will be says another program.
	BTIH=$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make other.torrent "$2" 16384 "$OPS/photos") && allowed_there "$BTIH" || return
	start ex here ops
	wait_for 30 known "$BTIH" || { show ex.err ex.out; return 1; }
	[ "$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" btih "$OPS/$1")" = "$BTIH" ] || return
	spawn_on leech there "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" -l -i $WORLD_PEER -p 6891 "$OPS/$1" "$WORLD/leech"
	wait_for 30 says leech '^done' || { show ex.err leech.err; return 1; }
	diff -r "$OPS/photos" "$WORLD/leech/photos" && interrupted ex && rm -r "$WORLD/leech"
}

# cron [CODE]: run each line of the example as cron(8) does, and expect that.
cron() {
	local line set=() fields='^([0-9*]+ +){5}'

	rm -f ex.out ex.err
	while IFS= read -r line; do
		if [[ $line =~ ^[A-Z]+= ]]; then
			set+=("$line")
		elif [[ $line =~ $fields ]] && [[ $line != *%* ]]; then
			spawn_in ex here ops env -u LC_ALL -u TZ -u TERM "${set[@]}" /bin/sh -c "${line#"${BASH_REMATCH[0]}"}"
			ends ex "${1:-0}" || return
		else
			echo "no line of a crontab: $line" >&2
			return 1
		fi
	done < <(example_text)
	[ -e ex.out ]
}
