# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The harness of the flow tests: real trackers and peers on loopback, each recorded by its pid and
# ended by it. Sourced by the bats files (flow_start in setup, flow_stop in teardown) and by demo.sh.
# lib-swarm.bash has the trackers and peers, lib-ugat.bash what is done with ugat.
#
# Everything of one test lives below $SCRATCH, and $PWD is it. Every process carries FLOW_ID in its
# environment, so flow_stop finds what somebody left behind and calls it a failure.
#
#     $SRC        the content as it should be: $SRC/NAME
#     $OUT        where ugat-fetch writes: out
#     $TRACKER    udp://127.0.0.1:PORT/announce, once `tracker` has been called

FLOW_DIR=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
FLOW_FAKE=${FLOW_DIR%/*}/fake
FLOW_PYTHON=/usr/bin/python3 # Debian's, for its libtorrent

# ---- the frame

# flow_start DIR: make DIR the scratch directory of this test.
flow_start() {
	SCRATCH=$1
	SRC=$SCRATCH/src
	FLOW_TORRENTS=0
	TRACKER=
	OUT=out
	FLOW_ID=flow.$$.$RANDOM$RANDOM
	FLOW_PORT=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
	mkdir -p "$SRC" "$SCRATCH/run"
	chmod 700 "$SCRATCH/run"
	: >"$SCRATCH/pids"
	export FLOW_ID XDG_RUNTIME_DIR=$SCRATCH/run LC_ALL=C.UTF-8
	unset XDG_CONFIG_HOME http_proxy https_proxy no_proxy
	session_home "$SCRATCH/home" || return
	cd "$SCRATCH" || return 1
}

# flow_stop: end everything that was started. Fails when a process was left that nobody recorded.
flow_stop() {
	local pid left

	while read -r pid; do
		end_pid "$pid"
	done < <(tac "$SCRATCH/pids")
	left=$(flow_left)
	for pid in $left; do
		echo "left behind: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2
		end_pid "$pid"
	done
	cd / || return 1
	[ -z "$left" ]
}

# flow_left: the pids that carry our FLOW_ID; grep's own is gone when it is asked for again.
flow_left() {
	local file pid

	while read -r file; do
		pid=${file#/proc/}
		pid=${pid%/environ}
		gone "$pid" || echo "$pid"
	done <<<"$(grep -lzs "^FLOW_ID=$FLOW_ID\$" /proc/[0-9]*/environ)"
}

# end_pid PID: TERM, then KILL after 4 s; returns when it is gone. PID may be a -GROUP.
end_pid() {
	kill -TERM -- "$1" 2>/dev/null || return 0
	kill -CONT -- "$1" 2>/dev/null || :
	wait_for 1 gone "$1" && return 0
	kill -KILL -- "$1" 2>/dev/null || :
	wait_for 3 gone "$1"
}

# gone PID: no such process, or only its zombie.
gone() {
	kill -0 -- "$1" 2>/dev/null || return 0
	[ "${1#-}" = "$1" ] || return 1
	case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
	'' | Z* | X*) return 0 ;;
	esac
	return 1
}

# wait_for SECONDS COMMAND...: poll until COMMAND succeeds; 1 when the time is over. SECONDS is what a machine that
# has nothing else to do may take: one that has gets four times as long, and sanitizers four times that.
wait_for() {
	local a_second=${UGAT_SAN:+16000000} end

	end=$((${EPOCHREALTIME/./} + $1 * ${a_second:-4000000}))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.03
	done
}

# spawn NAME COMMAND...: start COMMAND in the background, its words in NAME.out and NAME.err; its
# pid becomes $SPAWNED and stands in NAME.pid. The files are made anew before it returns: nobody
# reads there what an earlier one of that name said.
spawn() {
	local name=$1

	shift
	{ "$@" <"${STDIN:-/dev/null}" 3>&- 4>&- & } >"$name.out" 2>"$name.err"
	SPAWNED=$!
	echo "$SPAWNED" >>"$SCRATCH/pids"
	echo "$SPAWNED" >"$name.pid"
}

# spawn_group NAME COMMAND...: the same in a process group of its own, for whole pipelines.
spawn_group() {
	local name=$1

	shift
	{ setsid "$@" <"${STDIN:-/dev/null}" 3>&- 4>&- & } >"$name.out" 2>"$name.err"
	SPAWNED=$!
	echo "-$SPAWNED" >>"$SCRATCH/pids"
	echo "$SPAWNED" >"$name.pid"
}

# show FILE...: what the programs said, for the reader of a failed test.
show() {
	local file

	for file in "$@"; do
		[ -s "$file" ] && sed "s|^|${file##*/}: |" "$file" | tail -n 20 >&2
	done
	return 0
}

# ---- ports

# port: set $PORT to one that nobody uses, for TCP and UDP alike. It lies below the range that the
# kernel hands out by itself; a race for it is lost at bind time, so who uses it tries again.
port() {
	local hex

	while :; do
		FLOW_PORT=$((FLOW_PORT < 31990 ? FLOW_PORT + 1 : 10000))
		printf -v hex ':%04X ' "$FLOW_PORT"
		grep -qsF "$hex" /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 || break
	done
	PORT=$FLOW_PORT
}

# listening PORT [PID]: somebody listens there; fails for good once PID has died.
listening() {
	local hex

	printf -v hex ':%04X 0\\+:0000 0A\\|:%04X .* 0A ' "$1" "$1"
	grep -qs "$hex" /proc/net/tcp /proc/net/tcp6
}

# up NAME PORT SECONDS: NAME runs and listens on PORT.
up() {
	local pid

	pid=$(cat "$1.pid")
	wait_for "$3" up_or_dead "$pid" "$2" && ! gone "$pid" && listening "$2"
}

up_or_dead() {
	gone "$1" || listening "$2"
}

# ---- content, compared by SHA-256

# random_bytes SEED SIZE >FILE
random_bytes() {
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" data "$@"
}

# content NAME SEED SIZE: the file $SRC/NAME; its directories are made.
content() {
	case $1 in */*) mkdir -p "$SRC/${1%/*}" ;; esac
	random_bytes "$2" "$3" >"$SRC/$1"
}

# sums DIR: the SHA-256 and path of every file below DIR, in one order; ugat's own directory aside.
sums() {
	(cd "$1" && find . -name .ugat -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
}

# same [DIR]: DIR (or $OUT) holds exactly what $SRC holds.
same() {
	local want have

	want=$(sums "$SRC")
	have=$(sums "${1:-$OUT}") || return 1
	[ -n "$want" ] || { echo "same: no content" >&2; return 1; }
	[ "$want" = "$have" ] && return 0
	diff <(echo "$want") <(echo "$have") | head -n 20 >&2
	return 1
}

# shellcheck source=../session.bash
. "$FLOW_DIR/../session.bash"
# shellcheck source=lib-swarm.bash
. "$FLOW_DIR/lib-swarm.bash"
# shellcheck source=lib-ugat.bash
. "$FLOW_DIR/lib-ugat.bash"
