# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Running ugat in the flow tests. Sourced by lib.bash.

# pipeline WORDS: run a shell pipeline, for at most $FLOW_LIMIT seconds (60). Its stdout is in
# fetch.out, its stderr in fetch.err, the exit codes of its stages in $CODES ("0 0 0").
pipeline() {
	rm -f codes
	timeout -k 2 "${FLOW_LIMIT:-60}" bash -c "$1
		echo \"\${PIPESTATUS[@]}\" >codes" <"${STDIN:-/dev/null}" >fetch.out 2>fetch.err 3>&- 4>&-
	CODES=$(cat codes 2>/dev/null || echo "none in ${FLOW_LIMIT:-60} s")
}

# background NAME WORDS: the same behind the test's back; NAME.out, NAME.err, and NAME.codes once it
# has ended.
background() {
	rm -f "$1.codes"
	spawn_group "$1" bash -c "$2
		echo \"\${PIPESTATUS[@]}\" >$1.new; mv $1.new $1.codes"
}

# ended NAME SECONDS: wait for a background pipeline; sets CODES.
ended() {
	wait_for "$2" test -e "$1.codes"
	CODES=$(cat "$1.codes" 2>/dev/null || echo "none in $2 s")
}

# codes WANTED: the stages of the last pipeline exited so; else says what they said.
codes() {
	[ "$CODES" = "$1" ] && return 0
	echo "exit codes $CODES, not $1" >&2
	show ./*.err ./fetch.out
	return 1
}

# fetch [OPTION...]: the main job, into $OUT.
fetch() {
	pipeline "ugat-parse '$TORRENT' | ugat-announce | ugat-fetch -d '$OUT' $*"
}

# fetch_from PORT...: the same with peers named by hand and no tracker. More options: $OPTIONS.
fetch_from() {
	pipeline "{ $(peers "$@"); ugat-parse '$TORRENT'; } | ugat-fetch -d '$OUT' ${OPTIONS:-}"
}

# peers PORT...: shell words that print `peer` records.
peers() {
	printf "printf 'peer\\\\t127.0.0.1\\\\t%%s\\\\n'"
	printf ' %s' "$@"
}

# feed FIFO PORT...: the peers and the description of TORRENT lie in FIFO, which stays open for more;
# give it to ugat-fetch as its input. (A pipe holds 64 KiB: small torrents only.)
feed() {
	local fifo=$1 fd

	shift
	mkfifo "$fifo"
	# shellcheck disable=SC2034
	exec {fd}<>"$fifo"
	[ $# -eq 0 ] || eval "$(peers "$@")" >"$fifo"
	ugat-parse "$TORRENT" >"$fifo"
}

# no COMMAND...: it must fail.
no() {
	if "$@"; then
		echo "this should not be so: $*" >&2
		return 1
	fi
}

# said PATTERN [FILE]: the programs said so on stderr (or in FILE); else shows what they said.
said() {
	grep -aqE -e "$1" "${2:-fetch.err}" && return 0
	echo "nobody said: $1" >&2
	show "${2:-fetch.err}"
	return 1
}

# silent: nothing came on stderr.
silent() {
	[ ! -s fetch.err ] && return 0
	echo "stderr is not empty" >&2
	show fetch.err
	return 1
}

# status_field N [FILE]: field N of the last whole status record (0: the kind; see ugat-records(5)).
status_field() {
	grep -a '^status	' "${2:-fetch.out}" | tail -n 1 | cut -f "$(($1 + 1))"
}

# Fields of a status record.
# shellcheck disable=SC2034
S_STATE=1 S_EXIT=2 S_PORT=5 S_WANTED=6 S_HAD=7 S_DOWN=8 S_UP=9 S_LEFT=10 S_PEERS=13

# loaded NAME BYTES: the ugat-fetch -w behind NAME has downloaded at least so much.
loaded() {
	local n

	n=$(status_field "$S_DOWN" "$1.out")
	[ "${n:-0}" -ge "$2" ]
}

# fetch_pid: the pid of the one ugat-fetch of this test.
fetch_pid() {
	local pid

	for pid in $(flow_left); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != ugat-fetch ] || echo "$pid"
	done
}

# no_litter: below $OUT lies nothing but the content and ugat's own directory.
no_litter() {
	local extra

	extra=$(comm -13 <(cd "$SRC" && find . -print0 | LC_ALL=C sort -z | tr '\0\n' '\n\1') \
		<(cd "$OUT" && find . -name .ugat -prune -o -print0 | LC_ALL=C sort -z | tr '\0\n' '\n\1'))
	[ -z "$extra" ] && return 0
	echo "not content: $extra" >&2
	return 1
}

# private DIR: a way to mount something on DIR that nobody else sees, in the array enter. In a chroot
# the propagation of / cannot be changed; what is mounted must be unmounted there.
private() {
	local way

	for way in "unshare -m" "unshare -m --propagation unchanged" "unshare -rm"; do
		read -ra enter <<<"$way"
		"${enter[@]}" sh -c "mount -t tmpfs -o size=1m none '$1' && umount '$1'" 2>/dev/null && return
	done
	enter=()
	return 1
}

# site FILE COMMAND...: COMMAND finds FILE as /etc/ugat/ca.pem, and nobody else does. What of /etc is needed
# besides is copied.
site() {
	local file=$1

	shift
	[ -d etc ] || { cp -a /etc etc 2>/dev/null || :; }
	mkdir -p etc/ugat && cp -p "$file" etc/ugat/ca.pem && private etc || return 99
	# shellcheck disable=SC2016
	"${enter[@]}" sh -c 'mount --bind etc /etc || exit 99; "$@"; code=$?; umount -l /etc; exit $code' - "$@"
}
