# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# The door's tests: session files made by the openssl command, and somebody who should hear nothing. Sourced at the top
# of a bats file, whose setup it is.

# shellcheck source=../flow/lib.bash
. "${BASH_SOURCE[0]%/*}/../flow/lib.bash"
# shellcheck source=mint.bash
. "${BASH_SOURCE[0]%/*}/mint.bash"

HASH=0123456789abcdef0123456789abcdef01234567

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	mint_ca site && mint_ca other
	mint good.pem site ops -300 3600
}

setup() {
	flow_start "$BATS_TEST_TMPDIR"
	cp -a "$BATS_FILE_TMPDIR"/{site,other,good.pem,ops.*} .
	rm -rf "$HOME/.local"
	export UGAT_SESSION=$PWD/s.pem
	bystander
}

teardown() {
	flow_stop
}

# bystander: somebody at $EAR, by TCP and UDP alike, who should hear nothing; `records` name him as the
# tracker and as a peer.
bystander() {
	spawn ear "$FLOW_PYTHON" -c '
import select, socket
while True:
    t, u = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    t.bind(("127.0.0.1", 0))
    try:
        u.bind(t.getsockname())
        break
    except OSError:
        continue
t.listen()
print("port", t.getsockname()[1], flush=True)
while True:
    for s in select.select([t, u], [], [])[0]:
        print("heard", "tcp %s:%d" % s.accept()[1] if s is t else "udp %d" % len(u.recv(2048)), flush=True)'
	wait_for 15 grep -q "^port [0-9]" ear.out || return
	EAR=$(sed -n 's/^port //p' ear.out)
	{
		printf 'ugat\t1\ntorrent\t%s\t-\t16384\t1\t1000\t1\ta name\n' $HASH
		printf 'tracker\t0\tudp://127.0.0.1:%d\npeer\t127.0.0.1\t%d\n' "$EAR" "$EAR"
		printf 'file\t0\t0\t1000\ta name\npiece\t0\t%s\nend\n' $HASH
	} >records
}

# heard [tcp|udp]: how often he did.
heard() {
	grep -c "^heard ${1-}" ear.out || :
}

# ---- long runs

# running [OPTION...]: ugat-fetch with input that stays open; its pid is $FETCH.
running() {
	feed_open in
	STDIN=in spawn fetch "${FETCH_AT:-ugat-fetch}" -d out.d -v "$@"
	FETCH=$SPAWNED
	cat records >in
	wait_for 10 said_by_fetch 'the session of ops until'
}

feed_open() {
	local fd
	mkfifo "$1"
	# shellcheck disable=SC2034
	exec {fd}<>"$1"
}

said_by_fetch() {
	grep -q "$1" fetch.err
}

# lonely: the peer in `records` is gone.
lonely() {
	grep -v '^peer' records >less && mv less records
}

ended_with() {
	local code=0
	wait_for "$2" gone "$FETCH"
	wait "$FETCH" || code=$?
	[ "$code" -eq "$1" ] || { echo "exit $code" >&2; show fetch.err; return 1; }
}
