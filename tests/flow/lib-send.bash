# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# People who hand each other files. Sourced at the top of a bats file, whose setup it is: lab and ops have sessions
# by the authority `site`, eve one by `other`; they lie in $PWD, with a directory inbox. A file with more to set up
# has a setup of its own that begins with `people`.

# shellcheck source=lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
# shellcheck source=../cmd/mint.bash
. "${BASH_SOURCE[0]%/*}/../cmd/mint.bash"

people_minted() {
	cd "$BATS_FILE_TMPDIR" || return
	mint_ca site && mint_ca other && mint lab.pem site lab -300 86400 && mint ops.pem site ops -300 86400 &&
		mint eve.pem other eve -300 86400
}

people() {
	flow_start "$BATS_TEST_TMPDIR" || return
	cp -a "$BATS_FILE_TMPDIR"/*.pem . && mkdir -p inbox && rm -rf "$HOME/.local"
	unset UGAT_SESSION
}

setup_file() {
	people_minted
}

setup() {
	people
}

teardown() {
	flow_stop
}

# report [SIZE]: $SRC/report.pdf, with a mode and a time of its own.
report() {
	head -c "${1:-300000}" /dev/urandom >"$SRC/report.pdf"
	chmod 640 "$SRC/report.pdf"
	touch -d '2001-02-03 04:05:06.789012345' "$SRC/report.pdf"
}

# as USER COMMAND...
as() {
	local user=$1

	shift
	UGAT_SESSION=$SCRATCH/$user.pem "$@"
}

# waits NAME USER COMMAND [OPTION...]: that user's ugat-recv or ugat-send -l waits behind the test's back on $PORT.
waits() {
	local name=$1 user=$2 command=$3

	shift 3
	port
	UGAT_SESSION=$SCRATCH/$user.pem spawn "$name" "$command" -p "$PORT" "$@"
	up "$name" "$PORT" 10 && return 0
	echo "$name does not wait" >&2
	show "$name.err" "$name.out"
	return 1
}

# inbox [OPTION...]: lab waits and takes what ops sends, into the directory inbox: `recv`.
inbox() {
	waits recv lab ugat-recv -u ops -d inbox "$@"
}

# send [OPTION...] OPERAND...: ops sends; $CODE, send.err. More than $LIMIT seconds (60) it does not get.
send() {
	CODE=0
	UGAT_SESSION=$SCRATCH/ops.pem timeout -k 1 "${LIMIT:-60}" ugat-send "$@" \
		<"${STDIN:-/dev/null}" >send.out 2>send.err 3>&- 4>&- || CODE=$?
}

# to_lab [OPTION...] FILE...: to the one who waits on $PORT.
to_lab() {
	local options=()

	while [ $# -gt 0 ]; do
		case $1 in
		-[nUFtip]) options+=("$1" "$2") && shift 2 ;;
		-?*) options+=("$1") && shift ;;
		*) break ;;
		esac
	done
	send "${options[@]}" "lab@127.0.0.1:$PORT" "$@"
}

# recv [OPTION...] [NAME...]: lab receives in the foreground; $CODE, recv.out, recv.err.
recv() {
	CODE=0
	UGAT_SESSION=$SCRATCH/lab.pem timeout -k 1 "${LIMIT:-60}" ugat-recv "$@" \
		</dev/null >recv.out 2>recv.err 3>&- 4>&- || CODE=$?
}

# code N: the one in the foreground exited so; else shows what was said.
code() {
	[ "$CODE" -eq "$1" ] && return 0
	echo "exit $CODE, not $1" >&2
	show ./*.err ./*.out
	return 1
}

# left NAME N [SECONDS]: the one behind the test's back has exited so.
left() {
	local pid got=0

	pid=$(cat "$1.pid")
	wait_for "${3:-10}" gone "$pid" || { echo "$1 goes on" >&2; show ./*.err ./*.out; return 1; }
	wait "$pid" || got=$?
	[ "$got" -eq "$2" ] && return 0
	echo "$1: exit $got, not $2" >&2
	show ./*.err ./*.out
	return 1
}

# done_record PATH [WHERE]: what ugat-recv should write of $SRC's PATH below WHERE (inbox), sent by ops.
done_record() {
	local file=$SRC/$1 sum

	sum=$(sha256sum <"$file")
	printf 'done\t%s\tsize=%s\tfrom=ops\tsha256=%s\n' "${2-inbox/}$1" "$(stat -c %s "$file")" "${sum%% *}"
}

# alike PATH...: below inbox as below $SRC: content, mode and time.
alike() {
	local path

	for path; do
		cmp "$SRC/$path" "inbox/$path" || return
		[ "$(stat -c '%a %.9Y' "$SRC/$path")" = "$(stat -c '%a %.9Y' "inbox/$path")" ] || {
			stat -c '%a %.9Y %n' "$SRC/$path" "inbox/$path" >&2
			return 1
		}
	done
}

# only NAME...: nothing else lies in inbox.
only() {
	local have want

	have=$(cd inbox && find . -mindepth 1 | LC_ALL=C sort)
	want=$([ $# -eq 0 ] || printf './%s\n' "$@" | LC_ALL=C sort)
	[ "$have" = "$want" ] && return 0
	diff <(echo "$want") <(echo "$have") >&2
	return 1
}

# tmpfs MIB COMMAND...: run it where inbox is a file system of that size.
tmpfs() {
	local size=$1

	shift
	private "$PWD/inbox" || return
	# shellcheck disable=SC2016
	"${enter[@]}" sh -c 'mount -t tmpfs -o size="$1"m none inbox || exit 99; shift
		"$@"; code=$?; umount -l inbox; exit $code' - "$size" "$@"
}

# part: the one part in inbox.
part() {
	find inbox -name '.ugat-part-*'
}

# peer NAME OPTION...: xpeer.py behind the test's back; where it waits is $FAKE_PORT.
peer() {
	fake "$1" xpeer.py "${@:2}"
}

# call USER OPTION... : xpeer.py calls whoever waits on $PORT, as USER; what it heard is in call.out.
call() {
	"$FLOW_PYTHON" "$FLOW_FAKE/xpeer.py" --call "127.0.0.1:$PORT" --session "$SCRATCH/$1.pem" "${@:2}" \
		>call.out 2>call.err 3>&- 4>&-
}

# heard PATTERN [FILE]
heard() {
	grep -aqE -e "$1" "${2:-call.out}" && return 0
	echo "not heard: $1" >&2
	show "${2:-call.out}" call.err
	return 1
}

# proxy OPTION...: a wire before $PORT, which becomes the wire's. gate=N: it stands still behind so many bytes, of which
# 20,000 may not have become content, until somebody makes a file `go`; so nothing that the test does meanwhile is late.
proxy() {
	local at=$PORT

	fake "proxy$at" xproxy.py "127.0.0.1:$at" "$@" && PORT=$FAKE_PORT
}
