# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Trackers, torrents and seeders for the flow tests. Sourced by lib.bash.

# ---- the tracker

# tracker: start opentracker; sets TRACKER and TRACKER_PORT. It chroots to its directory when it is
# started by root and then reads the white list as nobody, else it only changes into the directory.
tracker() {
	local try

	mkdir -p "$SCRATCH/tracker"
	printf '%040d\n' 0 >"$SCRATCH/tracker/whitelist" # an empty one is not read
	chmod 755 "$SCRATCH/tracker"
	chmod 644 "$SCRATCH/tracker/whitelist"
	for try in 1 2 3; do
		port
		spawn tracker opentracker -i 127.0.0.1 -p "$PORT" -P "$PORT" \
			-d "$SCRATCH/tracker" -u nobody -w whitelist
		TRACKER_PORT=$PORT
		TRACKER=udp://127.0.0.1:$PORT/announce
		up tracker "$PORT" 5 && return 0
	done
	echo "tracker: opentracker does not start (try $try)" >&2
	show tracker.err
	return 1
}

# allow BTIH: let the tracker serve it.
allow() {
	echo "$1" >>"$SCRATCH/tracker/whitelist"
	kill -HUP "$(cat "$SCRATCH/tracker.pid")"
	wait_for 5 allowed "$1" || { echo "allow: opentracker refuses $1" >&2; return 1; }
}

# A `stopped` of a peer that was never there asks without leaving a trace.
allowed() {
	ask_tracker "/announce?info_hash=$(percent "$1")&peer_id=-XX0000-askedaskedas&port=9&left=1&event=stopped" |
		grep -aq interval
}

percent() {
	printf '%s\n' "$1" | sed 's/../%&/g'
}

ask_tracker() {
	local fd

	exec {fd}<>"/dev/tcp/127.0.0.1/$TRACKER_PORT" || return 1
	printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&"$fd"
	timeout 2 tr -d '\0' <&"$fd"
	exec {fd}>&-
}

# swarm BTIH: how many peers the tracker knows.
swarm() {
	ask_tracker "/scrape?info_hash=$(percent "$1")" |
		LC_ALL=C sed -n 's/.*8:completei\([0-9]*\)e.*10:incompletei\([0-9]*\)e.*/\1 \2/p' | {
		read -r seeds others
		echo $((seeds + others))
	}
}

# swarm_is N [BTIH]: the tracker knows at least N peers of it.
swarm_is() {
	[ "$(swarm "${2:-$BTIH}" 2>/dev/null || echo 0)" -ge "$1" ]
}

# swarm_up N: wait until they have announced themselves.
swarm_up() {
	wait_for 15 swarm_is "$1" && return 0
	echo "swarm_up: only $(swarm "$BTIH") of $1 peers have announced themselves" >&2
	show ./*.err ./*.out
	return 1
}

# torrent NAME [PIECE]: $NAME.torrent of $SRC/NAME with libtorrent, known to the tracker if there is
# one; sets TORRENT and BTIH.
torrent() {
	TORRENT=$SCRATCH/t$((++FLOW_TORRENTS)).torrent
	BTIH=$("$FLOW_PYTHON" "$FLOW_DIR/torrent.py" make "$TORRENT" "${TRACKER:--}" "${2:-65536}" "$SRC/$1") || return 1
	[ -z "${TRACKER:-}" ] || allow "$BTIH"
}

# part DIR WHICH: a copy of the content below DIR that has only the pieces K/N or A-B.
part() {
	mkdir -p "$1"
	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" cut "$TORRENT" "$SRC" "$1" "$2"
}

# ---- seeders: each serves what it finds below DIR

# seed_thirds: aria2, transmission and libtorrent, each with another third of the pieces. They know
# no tracker, else they would fill each other up: they are enrolled by hand.
seed_thirds() {
	local SEED_TORRENT=$TORRENT.bare

	"$FLOW_PYTHON" "$FLOW_DIR/torrent.py" bare "$TORRENT" "$SEED_TORRENT"
	part third0 0/3 && part third1 1/3 && part third2 2/3 || return 1
	seed_aria2 aria2 third0 && enroll "$SEED_PORT" &&
		seed_transmission transmission third1 && enroll "$SEED_PORT" &&
		seed_libtorrent libtorrent third2 && enroll "$SEED_PORT"
}

# enroll PORT: tell the tracker of a peer at 127.0.0.1:PORT.
enroll() {
	ask_tracker "/announce?info_hash=$(percent "$BTIH")&peer_id=-XX0000-${FLOW_ID:(-6)}$((100000 + $1))&port=$1&left=1&event=started" |
		grep -aq interval
}

# seed_aria2 NAME DIR [OPTION...]: it speaks UDP to trackers only when its DHT is on, so it is told
# to announce itself by HTTP.
seed_aria2() {
	local name=$1 dir=$2 try aria2_tracker=

	shift 2
	[ -n "${SEED_TORRENT:-}" ] || aria2_tracker=--bt-tracker=http${TRACKER#udp}
	for try in 1 2 3; do
		port
		spawn "$name" aria2c --no-conf --dir="$dir" --check-integrity=true --bt-hash-check-seed=true \
			--seed-ratio=0 --allow-overwrite=true --auto-save-interval=0 --file-allocation=none \
			--listen-port="$PORT" --dht-listen-port="$PORT" --enable-dht=false --enable-dht6=false \
			--enable-peer-exchange=false --bt-enable-lpd=false --disable-ipv6=true \
			--bt-exclude-tracker='*' ${aria2_tracker:+"$aria2_tracker"} \
			--console-log-level=warn --summary-interval=0 \
			"$@" "${SEED_TORRENT:-$TORRENT}"
		SEED_PORT=$PORT
		up "$name" "$PORT" 5 && return 0
	done
	echo "seed_aria2: does not start (try $try)" >&2
	show "$name.out" "$name.err"
	return 1
}

# seed_transmission NAME DIR
seed_transmission() {
	local name=$1 dir try rpc

	dir=$(realpath "$2")
	mkdir -p "$name.conf"
	for try in 1 2 3; do
		port
		rpc=$PORT
		port
		cat >"$name.conf/settings.json" <<-END
			{ "rpc-bind-address": "127.0.0.1", "rpc-port": $rpc, "rpc-whitelist-enabled": false,
			  "bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "peer-port": $PORT,
			  "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false,
			  "port-forwarding-enabled": false, "encryption": 0, "cache-size-mb": 4,
			  "speed-limit-down-enabled": true, "speed-limit-down": 0,
			  "ratio-limit-enabled": false, "idle-seeding-limit-enabled": false,
			  "rename-partial-files": false, "start-added-torrents": true }
		END
		spawn "$name" transmission-daemon -f -g "$name.conf" -w "$dir"
		SEED_PORT=$PORT
		up "$name" "$rpc" 5 && break
		rpc=
	done
	if [ -z "$rpc" ]; then
		echo "seed_transmission: does not start (try $try)" >&2
		show "$name.err"
		return 1
	fi
	transmission-remote "127.0.0.1:$rpc" -a "${SEED_TORRENT:-$TORRENT}" -w "$dir" >>"$name.out" 2>&1 3>&- &&
		transmission-remote "127.0.0.1:$rpc" -t 1 -v >>"$name.out" 2>&1 3>&-
}

# seed_libtorrent NAME DIR [OPTION of ltpeer.py...]: waits until its data is checked.
seed_libtorrent() {
	local name=$1 dir=$2

	shift 2
	spawn "$name" "$FLOW_PYTHON" "$FLOW_FAKE/ltpeer.py" "$@" "${SEED_TORRENT:-$TORRENT}" "$dir"
	if ! says_soon "$name" '^have '; then
		echo "seed_libtorrent: does not start" >&2
		show "$name.out" "$name.err"
		return 1
	fi
	SEED_PORT=$(sed -n 's/^port //p' "$name.out")
}

# says NAME PATTERN: NAME has written a line like it to stdout.
says() {
	grep -aqse "$2" "$1.out"
}

# says_soon NAME PATTERN: wait for it, 20 s and as long as NAME lives.
says_soon() {
	wait_for 20 says_or_dead "$@" && says "$@"
}

says_or_dead() {
	gone "$(cat "$1.pid")" || says "$@"
}

# fake NAME SCRIPT ARGUMENT...: a scripted peer or tracker; its port becomes $FAKE_PORT.
fake() {
	local name=$1 script=$2

	shift 2
	spawn "$name" "$FLOW_PYTHON" "$FLOW_FAKE/$script" "$@"
	if ! says_soon "$name" '^port '; then
		show "$name.out" "$name.err"
		return 1
	fi
	# shellcheck disable=SC2034
	FAKE_PORT=$(sed -n 's/^port //p' "$name.out")
}
