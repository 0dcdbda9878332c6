#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Logins where a count decides: how many guesses reach scrypt, what is kept through a kill, how many may come
# at once; and the places from which scripts log in. Against a real authd, with a cheap scrypt.
bats_require_minimum_version 1.5.0

# shellcheck source=lib.bash
setup() {
	. "$BATS_TEST_DIRNAME/lib.bash"
	flow_start "$BATS_TEST_TMPDIR"
	openssl ecparam -genkey -name prime256v1 -noout -out key.pem
	openssl req -new -key key.pem -subj /CN=x -outform DER | base64 >csr.b64
	VECTORS=${FLOW_DIR%/*}/vectors/crypto
	AUTHD_PID=
}

teardown() {
	[ -z "$AUTHD_PID" ] || end_pid "$AUTHD_PID"
	flow_stop
}

# start [OPTION...]: authd; as authd_start, and its port in $AT, its two processes in $VAULT and $NET.
start() {
	authd_start "$SCRATCH" "$@"
	AT=${AUTHD##*:} VAULT=$AUTHD_PID NET=$(pgrep -P "$AUTHD_PID")
}

# again [OPTION...]: KILL it and start another one there.
again() {
	kill -KILL "$VAULT" 2>/dev/null || :
	wait "$VAULT" 2>/dev/null || :
	cat authd.log >>authd.old
	start "$@"
}

crowd() { # command...
	"$FLOW_PYTHON" "$FLOW_FAKE/crowd.py" "$AT" "$@"
}

new_user() { # name...: as crowd.py does
	local name

	for name; do
		curl -skf -X POST -u "$name:a password for $name" "https://$AUTHD/register" >/dev/null || return
	done
}

# let_in SOURCE USER: by the password.
let_in() {
	local got

	got=$(crowd login "$1" "$2" "a password for $2")
	[ "${got% *}" = 200 ] || { echo "$2 from $1: $got" >&2; return 1; }
}

# A new home: another machine.
machine() { # name
	mkdir -p "$1"
	HOME=$SCRATCH/$1
}

# ends CODE PATTERN COMMAND...: it exits so and says so on stderr.
ends() {
	local code=$1 pattern=$2 got=0

	shift 2
	"$@" >out 2>err <"${STDIN:-/dev/null}" || got=$?
	[ "$got" -eq "$code" ] || { echo "exit $got, not $code: $*" >&2; show err; return 1; }
	said "$pattern" err
}

ticks() { # pid: of the processor's time
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}

sum() { # status: how many guesses it was the answer to, of all in guesses*
	cat guesses* | awk -v s="$1" '$1 == s { n += $2 } END { print n + 0 }'
}

# ---- guesses

@test "1,000 guesses at one account: 10 reach scrypt and one every 30 s, and nobody else waits" {
	start -S 14
	new_user ann bob
	before=$(ticks "$VAULT")
	for i in 1 2 3 4 5; do let_in "127.5.0.$i" bob; done
	one=$((($(ticks "$VAULT") - before + 4) / 5)) # of a check, in ticks
	SECONDS=0
	before=$(ticks "$VAULT")
	crowd guess 1000 8 127.0.0.9 ann >guesses &
	crowd=$!
	wait_for 10 grep -q 'result=limited' authd.log
	let_in 127.5.1.1 bob
	let_in 127.5.1.2 ann
	wait "$crowd"
	took=$(($(ticks "$VAULT") - before))
	# Its own count, what it says in the log, and the processor's time (the two logins are in it).
	most=$((10 + SECONDS / 30))
	echo "$SECONDS s, at most $most: $(tr '\n' ' ' <guesses); $took ticks, a check has $one"
	[ "$(sum 401)" -ge 5 ] && [ "$(sum 401)" -le "$most" ]
	[ "$(($(sum 401) + $(sum 429) + $(sum 503)))" -eq 1000 ]
	[ "$(grep -c 'source="\{0,1\}127.0.0.9.*result=wrong' authd.log)" -eq "$(sum 401)" ]
	# A sanitizer makes refusing dear, but not scrypt, which is libcrypto's.
	[ -n "${UGAT_SAN:-}" ] || [ "$took" -le $((one * 40)) ]
	# A restart, even such a one, forgets nothing.
	again -S 14
	crowd guess 30 2 127.0.0.9 ann >guesses.again
	most=$((10 + SECONDS / 30))
	echo "$SECONDS s, at most $most: $(tr '\n' ' ' <guesses.again)"
	[ "$(sum 401)" -le "$most" ]
	let_in 127.5.1.3 ann
}

@test "200 guesses at as many names from one source: the same" {
	start
	new_user ann
	SECONDS=0
	crowd guess 200 8 127.0.0.9 'nobody%d' >guesses
	most=$((10 + SECONDS / 30))
	cat guesses
	[ "$(sum 401)" -ge 10 ] && [ "$(sum 401)" -le "$most" ]
	got=$(crowd login 127.0.0.9 ann 'a password for ann')
	[ "${got% *}" = 429 ]
	again
	got=$(crowd login 127.0.0.9 ann 'a password for ann')
	[ "${got% *}" = 429 ]
	let_in 127.5.1.3 ann
	no grep -q nobody authd.log authd.old
}

@test "a name that somebody has and one that nobody has: the same answers, to the byte" {
	start
	new_user ann
	local path source=0
	for path in /.well-known/est/simpleenroll /passwd; do
		for password in 'a wrong password' short "$(printf '%0300d' 0)"; do
			for name in ann nobody 'No Body' "$(printf '%064d' 0)"; do
				source=$((source + 1))
				crowd answer "127.6.0.$source" "$path" "$name" "$password" >"answer.$name"
				cmp answer.ann "answer.$name"
			done
			grep -aq '^HTTP/1.1 40[01] ' answer.ann
			rm answer.*
		done
	done
	# And they run into the same limit: 5 guesses at each are counted, and then both have to wait, here for a quarter
	# of an hour, so that it does not matter how long a guess takes.
	guess() { # name: at the limit; the status
		crowd answer "127.6.1.${#1}" /.well-known/est/simpleenroll "$1" 'a wrong password' | head -n 1 | cut -d' ' -f2
	}
	for name in ann nobody; do
		for i in 1 2 3 4 5; do [ "$(guess "$name")" = 401 ]; done
	done
	kill -KILL "$VAULT"
	wait "$VAULT" || :
	[ "$(sqlite3 authd/authd.db 'UPDATE failures SET failures = 16 WHERE kind = 1 AND failures = 5; SELECT changes()')" = 2 ]
	start
	for name in ann nobody; do [ "$(guess "$name")" = 429 ]; done
}

# ---- crowds

@test "50 machines behind one address log in with one account, each at its first call" {
	start
	new_user ops
	(umask 077 && echo 'a password for ops' >password)
	runs=()
	for i in $(seq 50); do
		machine "m$i"
		UGAT_SESSION=$SCRATCH/m$i/s ugat-login -u ops -P password -F "$AUTHD_PIN" "$AUTHD" 2>"m$i/err" </dev/null &
		runs+=($!)
	done
	for i in "${!runs[@]}"; do
		wait "${runs[i]}" || { show "m$((i + 1))/err"; return 1; }
	done
	[ "$(for i in $(seq 50); do openssl x509 -in "m$i/s" -noout -serial; done | sort -u | wc -l)" -eq 50 ]
	no grep -q 'result=\(wrong\|limited\)' authd.log
}

# killed_in_the_middle ROUND NAME PID: 50 registrations, PID killed at a moment of its own; who was told yes
# can log in.
killed_in_the_middle() {
	local at=$((1 + RANDOM % 45))

	crowd register "$1" 50 "$at" "$3" >told
	wait "$VAULT" 2>/dev/null || :
	[ "$(wc -l <told)" -ge "$at" ]
	cp -r authd copy # sqlite3 mends what it opens: authd is to find it as it is
	[ "$(sqlite3 copy/authd.db 'PRAGMA integrity_check')" = ok ]
	rm -r copy
	start
	echo "$1: $2 killed at $at, $(wc -l <told) told, $(sqlite3 authd/authd.db 'SELECT count(*) FROM accounts') there"
	crowd logins 127.7.0 <told >lost
	[ ! -s lost ] || { show lost; return 1; }
	cat told >>told.all
}

@test "KILL of vault or net in the middle of 50 registrations: who was told yes is there" {
	start
	for round in a b c d e f; do
		killed_in_the_middle "$round" vault "$VAULT"
	done
	killed_in_the_middle n net "$NET"
	authctl -d authd users | cut -f1 | sort >there
	sort told.all >told.sorted
	[ -z "$(comm -23 told.sorted there)" ]
	[ "$(sqlite3 authd/authd.db 'PRAGMA integrity_check')" = ok ]
}

# ---- a database that cannot be written

troubles() {
	grep -c 'event=register .*result=trouble' authd.log || :
}

has_more_troubles_than() { # count
	[ "$(troubles)" -gt "$1" ]
}

@test "somebody holds the database: 75 and why; nothing is lost, and it goes on by itself" {
	start
	new_user ops
	(umask 077 && echo 'a password for ops' >password && echo 'a password for bob' >bobs)
	ugat-login -u ops -P password -F "$AUTHD_PIN" "$AUTHD"
	SESSION=$HOME/.local/state/ugat/session.pem
	cp "$SESSION" before
	mkfifo gate
	sqlite3 authd/authd.db <gate >held 2>&1 &
	holder=$!
	exec 7>gate
	echo 'BEGIN EXCLUSIVE; SELECT 1;' >&7
	wait_for 10 grep -q 1 held
	# It is told to come back in 10 s: who has less time ends with the first answer, however long that took.
	ends 75 'database.*locked' ugat-login -r -t 9
	ends 75 'database.*locked' ugat-login -f -P password -t 9
	cmp before "$SESSION"
	machine other
	ends 75 'database.*locked' ugat-login -N -u bob -P bobs -F "$AUTHD_PIN" -t 9 "$AUTHD"
	[ ! -e other/.local/state/ugat/session.pem ]
	# Patient ones come through when it is free again.
	before=$(troubles)
	ugat-login -q -N -u bob -P bobs -F "$AUTHD_PIN" -t 120 "$AUTHD" &
	patient=$!
	wait_for 10 has_more_troubles_than "$before"
	echo 'COMMIT;' >&7
	exec 7>&-
	wait "$holder"
	wait "$patient"
	ugat-login -sq
	machine home
	ugat-login -r
	ugat-login -f -P password
	no cmp -s before "$SESSION"
}

@test "the disk is full: 75 and why; what was promised stays, and it goes on when there is room" {
	mkdir disk
	private disk
	cat >inside <<-'EOF'
		set -eu
		mount -t tmpfs -o size=8m,mode=700 none disk
		mkdir -m 700 disk/authd
		rm -rf authd
		ln -s disk/authd authd
		start
		tidy() { kill "$AUTHD_PID"; wait "$AUTHD_PID" 2>/dev/null || :; umount -l disk; }
		trap tidy EXIT
		new_user ops
		ugat-login -u ops -P password -F "$AUTHD_PIN" "$AUTHD"
		SESSION=$HOME/.local/state/ugat/session.pem
		dd if=/dev/zero of=disk/filler bs=4k 2>/dev/null || :
		# What is left in the last pages of the log may do for some.
		n=0
		while ugat-login -q -r -t 9 2>err; do n=$((n + 1)) && [ "$n" -lt 200 ]; done
		cp "$SESSION" before
		ends 75 'disk is full' ugat-login -r -t 9
		ends 75 'disk is full' ugat-login -f -P password -t 9
		cmp before "$SESSION"
		machine other
		ends 75 'disk is full' ugat-login -N -u bob -P bobs -F "$AUTHD_PIN" -t 9 "$AUTHD"
		rm disk/filler
		ugat-login -N -u bob -P bobs -F "$AUTHD_PIN" -t 60 "$AUTHD"
		machine home
		ugat-login -r
		ugat-login -f -P password
		[ "$(authctl -d authd users | cut -f1 | tr '\n' ' ')" = 'bob ops ' ]
		[ "$(sqlite3 authd/authd.db 'PRAGMA integrity_check')" = ok ]
	EOF
	(umask 077 && echo 'a password for ops' >password && echo 'a password for bob' >bobs)
	{
		declare -p SCRATCH HOME
		declare -f start authd_start new_user machine ends show said
		cat inside
	} >script
	"${enter[@]}" bash script
}

# ---- requests for more than there is

# signed CSR [CURL'S OPTION...]: what authd makes of it; the status in $CODE, the certificate's text in `text`.
signed() {
	base64 "$1" >csr
	CODE=$(curl -sk -o answer -w '%{http_code}' -H 'Content-Type: application/pkcs10' --data-binary @csr "${@:2}")
	[ "$CODE" = 200 ] || return 0
	base64 -d answer | openssl pkcs7 -inform DER -print_certs -out cert.pem
	openssl x509 -in cert.pem -noout -text >text
}

# plain: the certificate says what all of them say, and nothing of what was asked for.
plain() {
	grep -q 'Subject: CN *= *user:ops$' text
	grep -A1 'X509v3 Basic Constraints: critical' text | grep -q 'CA:FALSE$'
	[ "$(grep -A1 'X509v3 Subject Alternative Name' text | tail -n 1 | tr -d ' ')" = 'URI:ugat:user:ops,DNS:*' ]
	[ "$(grep -A1 'X509v3 Key Usage: critical' text | tail -n 1 | tr -d ' ')" = DigitalSignature ]
	[ "$(grep -A1 'X509v3 Extended Key Usage' text | tail -n 1 | grep -o 'TLS' | wc -l)" -eq 2 ]
	[ "$(grep -c '^ *X509v3 ' text)" -eq 7 ] # with the heading
	no grep -qi 'example\|mallory\|root' text
	from=$(date -d "$(openssl x509 -in cert.pem -noout -startdate | cut -d= -f2)" +%s)
	until=$(date -d "$(openssl x509 -in cert.pem -noout -enddate | cut -d= -f2)" +%s)
	[ $((until - from)) -le $((12 * 3600 + 600)) ]
}

@test "a request for CA:TRUE, another name, more names, a year: none of it is in the certificate" {
	start
	new_user ops
	cat >conf <<-EOF
		[req]
		distinguished_name = dn
		req_extensions = ext
		prompt = no
		[dn]
		CN = user:root
		O = Example
		[ext]
		basicConstraints = critical,CA:TRUE,pathlen:3
		keyUsage = critical,keyCertSign,cRLSign,digitalSignature
		extendedKeyUsage = codeSigning,OCSPSigning
		subjectAltName = URI:ugat:user:root,DNS:mallory.example,IP:127.0.0.1,email:root@example.org
		nameConstraints = permitted;DNS:example.org
		certificatePolicies = 1.2.3.4
		subjectKeyIdentifier = 00:11:22
		1.2.3.4.5 = critical,DER:0500
	EOF
	openssl req -new -key key.pem -config conf -outform DER -out greedy.der
	openssl req -inform DER -in greedy.der -noout -text | grep -q 'CA:TRUE'
	for csr in greedy.der "$VECTORS/csr-greedy.der"; do
		signed "$csr" -u 'ops:a password for ops' "https://$AUTHD/.well-known/est/simpleenroll"
		[ "$CODE" = 200 ]
		plain
	done
	signed greedy.der -u 'ops:a password for ops' "https://$AUTHD/.well-known/est/simpleenroll"
	[ "$(openssl x509 -in cert.pem -noout -pubkey)" = "$(openssl pkey -in key.pem -pubout)" ]
	cp cert.pem mine.pem
	signed greedy.der --cert mine.pem --key key.pem "https://$AUTHD/.well-known/est/simplereenroll"
	[ "$CODE" = 200 ]
	plain
}

@test "keys that are not signed for: 400, and scrypt is not asked" {
	start
	new_user ops
	for kind in rsa16384 explicit secp256k1 rsa1024 rsapss ed448; do
		signed "$VECTORS/csr-$kind.der" -u 'ops:a password for ops' "https://$AUTHD/.well-known/est/simpleenroll"
		echo "$kind: $CODE $(cat answer)"
		[ "$CODE" = 400 ]
	done
	# A signature that is not of that key, a request with a byte too many, half of one.
	openssl base64 -d -A <<<"$(tr -d '\n' <csr.b64)" >good.der
	cp good.der bad.der
	printf '\377' | dd of=bad.der bs=1 seek=$(($(stat -c %s bad.der) - 3)) conv=notrunc 2>/dev/null
	{ cat good.der && printf x; } >long.der
	head -c 100 good.der >half.der
	for kind in bad long half; do
		signed "$kind.der" -u 'ops:a password for ops' "https://$AUTHD/.well-known/est/simpleenroll"
		echo "$kind: $CODE $(cat answer)"
		[ "$CODE" = 400 ]
	done
	[ "$(authctl -d authd sessions | wc -l)" -eq 0 ]
	no grep -q 'event=login .*result=\(ok\|wrong\)' authd.log
	for kind in p384 p521 ed25519 rsa2048 rsa4096; do
		signed "$VECTORS/csr-$kind.der" -u 'ops:a password for ops' "https://$AUTHD/.well-known/est/simpleenroll"
		[ "$CODE" = 200 ]
		plain
	done
}

# ---- scripts, cron, containers

as_root() {
	[ "$(id -u)" -eq 0 ]
}

# Directories on the way that another user may pass.
let_pass() {
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$SCRATCH" 2>/dev/null || :
	[ ! -d "${TMPDIR:-/tmp}" ] || [ "${TMPDIR:-/tmp}" = /tmp ] || chmod 711 "$TMPDIR" "${TMPDIR%/*}"
}

# stranger UID [NAME=VALUE]... COMMAND...: as somebody without a home, an account and an environment.
stranger() {
	local uid=$1

	shift
	setsid -w setpriv --reuid "$uid" --regid "$uid" --clear-groups env -i PATH="$PATH" ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} "$@"
}

# records: what to download, from a tracker that is not there; for the standard input of ends.
records() {
	content file 1 1000
	torrent file 16384
	ugat-parse "$TORRENT" | sed '/^end/i tracker\t0\tudp://127.0.0.1:1/announce' >records
	STDIN=records
}

@test "a script that logs in each time: -P FILE, -P - and -P fd:N are idempotent" {
	start
	new_user ops
	(umask 077 && echo 'a password for ops' >password)
	SESSION=$HOME/.local/state/ugat/session.pem
	rm -f "$SESSION"
	as=(-u ops -F "$AUTHD_PIN" "$AUTHD")
	for i in 1 2 3 4; do
		setsid -w ugat-login -P password "${as[@]}" </dev/null >>words 2>&1
		setsid -w ugat-login -P - "${as[@]}" <password >>words 2>&1
		setsid -w ugat-login -P fd:9 "${as[@]}" 9<password </dev/null >>words 2>&1
		[ "$i" -ne 1 ] || cp "$SESSION" first
	done
	[ ! -s words ]
	cmp first "$SESSION"
	[ "$(grep -c 'event=login .*result=ok' authd.log)" -eq 1 ]
	[ "$(authctl -d authd sessions | wc -l)" -eq 1 ]
	# The password is not even looked for when there is no need of it.
	setsid -w ugat-login -P none "${as[@]}" </dev/null
}

@test "a container: no HOME, no account: what to set is said, and that is enough" {
	as_root || return 0
	start
	new_user ops
	let_pass
	mkdir -m 700 job
	(umask 077 && echo 'a password for ops' >job/password)
	chown -R 12345:12345 job
	as=(-u ops -P job/password -F "$AUTHD_PIN" "$AUTHD")
	ends 77 'no home directory.*set HOME, or UGAT_SESSION' stranger 12345 ugat-login "${as[@]}"
	stranger 12345 UGAT_SESSION="$SCRATCH/job/s" ugat-login "${as[@]}"
	[ "$(stat -c '%u %a' job/s)" = '12345 600' ]
	stranger 12345 UGAT_SESSION="$SCRATCH/job/s" ugat-login "${as[@]}"
	stranger 12345 UGAT_SESSION="$SCRATCH/job/s" ugat-login -r
	stranger 12345 UGAT_SESSION="$SCRATCH/job/s" ugat-login -sq
	[ "$(authctl -d authd sessions | wc -l)" -eq 2 ]
	mkdir -m 700 job/home
	chown 12345:12345 job/home
	stranger 12345 HOME="$SCRATCH/job/home" ugat-login "${as[@]}"
	[ -s job/home/.local/state/ugat/session.pem ]
	stranger 12345 HOME="$SCRATCH/job/home" ugat-logout
}

@test "a container: a read-only root, the session root's own with mode 0400" {
	as_root || return 0
	start
	new_user ops
	(umask 077 && echo 'a password for ops' >password)
	UGAT_SESSION=$SCRATCH/s ugat-login -u ops -P password -F "$AUTHD_PIN" "$AUTHD"
	cp s before
	chmod 400 s
	records
	mkdir root
	private root
	in_root() { # command...
		# shellcheck disable=SC2016
		setsid -w "${enter[@]}" sh -c 'mount --rbind / root || exit 99
			cut -d" " -f5 /proc/self/mountinfo | grep "^$PWD/root" | while read -r place; do
				mount -o remount,bind,ro "$place" || exit 99
			done
			chroot root env -i PATH="$PATH" UGAT_SESSION="$PWD/s" \
				sh -c "cd $PWD && exec \"\$@\"" - "$@"; code=$?; umount -lR root; exit $code' - "$@" 4>&-
	}
	in_root ugat-login -sq
	in_root ugat-login
	ends 69 'no tracker answered' in_root ugat-announce -1 -t 1
	ends 73 'Read-only file system.*set UGAT_SESSION' in_root ugat-login -r
	ends 73 'Read-only file system.*-d' in_root ugat-fetch -t 1
	cmp before s
}

@test "a session that root hands over by a descriptor, to somebody who cannot open it" {
	as_root || return 0
	start
	new_user ops
	let_pass
	(umask 077 && echo 'a password for ops' >password)
	UGAT_SESSION=$SCRATCH/s ugat-login -u ops -P password -F "$AUTHD_PIN" "$AUTHD"
	cp s before
	records
	ends 77 "$SCRATCH/s" stranger 12345 UGAT_SESSION="$SCRATCH/s" ugat-login -sq
	stranger 12345 UGAT_SESSION=fd:7 ugat-login -sq 7<s
	ends 69 'no tracker answered' stranger 12345 UGAT_SESSION=fd:7 ugat-announce -1 -t 1 7<s
	chmod 640 s
	ends 77 'open to others' stranger 12345 UGAT_SESSION=fd:7 ugat-login -sq 7<s
	# Somebody else's is not taken, from whatever hand.
	chmod 600 s
	chown 54321 s
	ends 77 'belongs to user 54321' stranger 12345 UGAT_SESSION=fd:7 ugat-login -sq 7<s
	cmp before s
}
