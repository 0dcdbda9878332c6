#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# authctl: accounts, sessions, invites and copies, beside an authd that runs.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=$UGAT_BIN/../sbin:$PATH
	mkdir -m 700 dir
	dir=$PWD/dir
	printf 'correct horse\n' >password
	chmod 600 password
	pid=
	public=
}

teardown() {
	stop
	[ -z "$public" ] || rm -rf "$public"
}

# A directory that every user can get at, as the scratch is not; the daemon's is in it.
in_public() {
	public=$(mktemp -d /tmp/authctl.XXXXXX)
	chmod 711 "$public"
	mkdir -m 700 "$public/dir"
	dir=$public/dir
}

# authd in the background on a port of its own; it makes the directory's keys and its database.
start() {
	for _ in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 20000))
		authd -d "$dir" -S 4 -p "$port" "$@" 2>log &
		pid=$!
		for _ in $(seq 100); do
			curl -sk "https://127.0.0.1:$port/.well-known/est/cacerts" >/dev/null && return
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
		wait "$pid" || :
	done
	cat log
	return 1
}

stop() {
	[ -z "$pid" ] || { kill "$pid" && wait "$pid" || :; }
	pid=
}

ctl() {
	authctl -d "$dir" "$@"
}

ctl_fails() { # code words command...
	local code=$1 words=$2 rc=0
	shift 2
	ctl "$@" >out 2>err </dev/null || rc=$?
	[ "$rc" -eq "$code" ] || { echo "$*: exit $rc"; cat err; return 1; }
	[ "$(grep -c '^authctl: ' err)" -eq 1 ] && grep -q "$words" err || { cat err; return 1; }
	[ ! -s out ]
}

request() { # curl's options; the body lands in body, the status is printed
	curl -sk -o body -w '%{http_code}' "$@"
}

# login USER PASSWORD: the status; the certificate lands in cert.pem.
login() {
	[ -e key.pem ] || openssl ecparam -genkey -name prime256v1 -noout -out key.pem
	[ -e csr ] || openssl req -new -key key.pem -subj /CN=x -outform DER | base64 >csr
	request --user "$1:$2" -H 'Content-Type: application/pkcs10' --data-binary @csr \
		"https://127.0.0.1:$port/.well-known/est/simpleenroll"
	base64 -d <body 2>/dev/null | openssl pkcs7 -inform DER -print_certs -out cert.pem 2>/dev/null || :
}

renew() {
	request --cert cert.pem --key key.pem -H 'Content-Type: application/pkcs10' --data-binary @csr \
		"https://127.0.0.1:$port/.well-known/est/simplereenroll"
}

# Whether the list names the session in cert.pem.
listed() {
	request "https://127.0.0.1:$port/crl" >/dev/null
	openssl crl -inform DER -in body -noout -text | grep -qi "Serial Number: 0*$(serial)\$"
}

serial() {
	openssl x509 -in cert.pem -noout -serial | sed 's/^serial=//'
}

@test "a directory that is not there, or without a database, is 66" {
	ctl_fails 66 'start authd there once' users
	ctl_fails 66 'start authd there once' fingerprint
	dir=$PWD/none
	ctl_fails 66 'No such file' users
	dir=$PWD/password
	ctl_fails 66 'not a directory' users
}

@test "somebody else's directory is 77, and nothing is made in it" {
	in_public
	chown 1:1 "$dir"
	cp "$UGAT_BIN/../sbin/authctl" "$public/authctl"
	rc=0
	setpriv --reuid 2 --regid 2 --clear-groups "$public/authctl" -d "$dir" users 2>err || rc=$?
	[ "$rc" -eq 77 ]
	grep -q 'run as that user, or as root' err
	[ -z "$(ls -A "$dir")" ]
}

@test "usage: a missing, unknown or overlong command is 2" {
	for words in '' 'frobnicate' 'users extra' 'adduser' 'adduser a b' 'revoke' 'revoke -s' 'revoke -s zz' 'revoke a b' backup prune; do
		rc=0
		# shellcheck disable=SC2086
		ctl $words 2>err || rc=$?
		[ "$rc" -eq 2 ] || { echo "$words: $rc"; return 1; }
		grep -q '^usage: authctl' err
	done
	for words in '' frobnicate; do
		# shellcheck disable=SC2086
		ctl $words 2>err || true
		grep -q ' adduser, deluser, passwd, prune, users, sessions, revoke, invite, fingerprint, backup$' err
	done
}

@test "adduser: who is added can log in; a taken or bad name and a short password are refused" {
	start
	ctl -P password adduser ops
	[ "$(login ops 'correct horse')" = 200 ]
	[ "$(login ops 'wrong horse')" = 401 ]
	ctl_fails 73 'taken' -P password adduser ops
	printf 'short\n' >short
	chmod 600 short
	ctl_fails 65 '10 to 256 bytes' -P short adduser dev
	run -2 ctl -P password adduser Dev
	printf 'from stdin, with more\nthan one line' | ctl -P - adduser dev
	[ "$(login dev 'from stdin, with more')" = 200 ]
	ctl -P fd:5 adduser cron 5<password
	[ "$(login cron 'correct horse')" = 200 ]
	ctl_fails 66 'No such file' -P nowhere adduser last
	ctl_fails 66 'Is a directory' -P "$PWD" adduser last
}

@test "-P: CR LF ends a line, controls are refused, a file that is open to others gets a warning" {
	start
	printf 'correct horse\r\n' >password
	ctl -P password adduser ops
	[ "$(login ops 'correct horse')" = 200 ]
	printf 'correct\thorse\n' >password
	ctl_fails 65 'no control characters' -P password adduser dev
	printf 'correct horse\r' >password
	ctl_fails 65 'no control characters' -P password adduser dev
	printf 'correct horse\n' >password
	chmod 640 password
	run --separate-stderr authctl -d "$dir" -P password adduser dev
	[ "$status" -eq 0 ]
	[ "$stderr" = 'authctl: password is open to others (mode 0640): chmod 600 it' ]
}

@test "/register and /passwd refuse what no client could send as a password" {
	start -N open
	for bad in '\t' '\n' '\033' '\177' '\000'; do
		basic=$(printf "ops:correct${bad}horse" | base64)
		[ "$(request -X POST -H "Authorization: Basic $basic" "https://127.0.0.1:$port/register")" = 400 ]
		grep -q 'no control characters' body
	done
	[ "$(request --user 'ops:correct horse' --data-binary '' "https://127.0.0.1:$port/register")" = 200 ]
	for bad in '\t' '\n' '\033' '\177' '\000'; do
		printf "wrong${bad}battery" >fresh
		[ "$(request --user 'ops:correct horse' --data-binary @fresh "https://127.0.0.1:$port/passwd")" = 400 ]
		grep -q 'no control characters' body
	done
	printf 'größere Batterie' >fresh
	[ "$(request --user 'ops:correct horse' --data-binary @fresh "https://127.0.0.1:$port/passwd")" = 200 ]
	[ "$(login ops 'größere Batterie')" = 200 ]
}

@test "adduser: asks twice on the terminal, and without one says what to do" {
	start
	person=$BATS_TEST_DIRNAME/../fake/person.py
	python3 "$person" -a 'for ops: ' 'correct horse' 'again: ' 'correct horse' -- authctl -d "$dir" adduser ops
	[ "$(login ops 'correct horse')" = 200 ]
	run -65 python3 "$person" -a 'for dev: ' 'correct horse' 'again: ' 'corect horse' -- authctl -d "$dir" adduser dev
	[[ $output == *'not the same'* ]]
	for none in '' $'\004'; do
		run -1 python3 "$person" -a 'for dev: ' "$none" -- authctl -d "$dir" adduser dev
		[[ $output == *'no password was given'* ]]
		[[ $output != *again* ]]
	done
	rc=0
	setsid -w authctl -d "$dir" adduser dev </dev/null 2>err || rc=$?
	[ "$rc" -eq 77 ]
	grep -q -- '-P' err
	[ "$(ctl users | cut -f1)" = ops ]
}

@test "passwd: the new password counts at once, and sessions go on" {
	start
	ctl -P password adduser ops
	[ "$(login ops 'correct horse')" = 200 ]
	printf 'battery staple\n' | ctl -P - passwd ops
	[ "$(renew)" = 200 ]
	[ "$(login ops 'correct horse')" = 401 ]
	[ "$(login ops 'battery staple')" = 200 ]
	ctl_fails 66 'no such account' -P password passwd nobody
}

@test "users, sessions: lines in a pipe, a table on a terminal" {
	start
	ctl -P password adduser ops
	ctl -P password adduser dev
	before=$(date +%s)
	[ "$(login ops 'correct horse')" = 200 ]
	ctl users >users
	[ "$(cut -f1,4 users)" = $'dev\t0\nops\t1' ]
	[ "$(cut -f3 users | head -n 1)" = - ]
	[ "$(cut -f3 users | tail -n 1)" -ge "$before" ]
	IFS=$'\t' read -r serial user issued until source state < <(ctl sessions)
	[ "${serial^^}" = "$(serial | sed 's/^0*//')" ] || [ "0${serial^^}" = "$(serial)" ] || [ "${serial^^}" = "$(serial)" ]
	[ "$user $source $state" = 'ops 127.0.0.1 valid' ]
	[ $((until - issued)) -eq 43200 ]
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o 0 authctl -d "$dir" users >table
	head -n 1 table | grep -q '^USER  *CREATED  *LAST LOGIN  *SESSIONS$'
	[ "$(head -n 1 table | grep -b -o SESSIONS | cut -d: -f1)" = "$(tail -n 1 table | grep -b -o '1$' | cut -d: -f1)" ]
	python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o 0 authctl -d "$dir" sessions >table
	grep -q "^$serial  ops  .*valid$" table
}

@test "revoke: no renewal, and the list names it within seconds" {
	start
	ctl -P password adduser ops
	[ "$(login ops 'correct horse')" = 200 ]
	run ! listed
	ctl revoke ops 2>err
	grep -Eq 'ops: 1 session revoked: .* 15 min .* at 20[0-9-]+ [0-9:]+ UTC' err
	[ "$(renew)" = 403 ]
	grep -q revoked body
	for _ in $(seq 100); do
		listed && break
		sleep 0.1
	done
	listed
	[ "$(ctl sessions | cut -f6)" = revoked ]
	[ "$(ctl users | cut -f4)" = 0 ]
	[ "$(login ops 'correct horse')" = 200 ]
	[ "$(renew)" = 200 ]
}

@test "revoke -s: only that session, as openssl writes its number" {
	start
	ctl -P password adduser ops
	[ "$(login ops 'correct horse')" = 200 ]
	cp cert.pem other.pem
	[ "$(login ops 'correct horse')" = 200 ]
	ctl -q revoke -s "$(serial)" 2>err
	[ ! -s err ]
	[ "$(renew)" = 403 ]
	cp other.pem cert.pem
	[ "$(renew)" = 200 ]
	ctl_fails 66 'no session with this serial' revoke -s 0102
}

@test "deluser: sessions end, and do not pass to the next owner of the name" {
	start
	ctl -P password adduser ops
	[ "$(login ops 'correct horse')" = 200 ]
	ctl deluser ops 2>err
	grep -q '1 session revoked' err
	[ "$(login ops 'correct horse')" = 401 ]
	ctl -P password adduser ops
	[ "$(renew)" = 403 ]
	ctl_fails 66 'no such account' deluser nobody
}

@test "prune: who never logged in goes when the account is old, and nobody else" {
	start -N open
	for user in old new used; do
		[ "$(request -X POST --user "$user:correct horse" "https://127.0.0.1:$port/register")" = 200 ]
	done
	[ "$(login used 'correct horse')" = 200 ]
	sqlite3 dir/authd.db "UPDATE accounts SET created_s = created_s - 86400 WHERE name <> 'new'"
	ctl prune 23h 2>err
	grep -qx 'authctl: 1 account that never logged in removed' err
	[ "$(ctl users | cut -f1 | tr '\n' ' ')" = 'new used ' ]
	[ "$(renew)" = 200 ]
	ctl -q prune 0 2>err
	[ ! -s err ]
	for time in '' x -1d 99999999d; do
		run -2 authctl -d dir prune "$time"
	done
}

@test "invite: good once" {
	start -N invite
	invite=$(ctl invite)
	[[ $invite =~ ^[0-9a-z]{26}$ ]]
	run ! grep -qa "$invite" dir/authd.db dir/authd.db-wal
	url=https://127.0.0.1:$port/register
	[ "$(request --user 'ops:correct horse' --data-binary '' "$url")" = 403 ]
	[ "$(request --user 'ops:correct horse' --data-binary "$invite" "$url")" = 200 ]
	[ "$(request --user 'dev:correct horse' --data-binary "$invite" "$url")" = 403 ]
}

@test "fingerprint: what openssl computes, and curl accepts" {
	start
	want=$(openssl x509 -in dir/tls.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64)
	[ "$(ctl fingerprint)" = "sha256:$want" ]
	curl -sk --pinnedpubkey "sha256//$want" "https://127.0.0.1:$port/crl" >/dev/null
}

@test "backup: whole while authd runs, never over a file, restored by copying" {
	start
	ctl -P password adduser ops
	[ "$(login ops 'correct horse')" = 200 ]
	ctl backup copy.db
	[ "$(stat -c %a copy.db)" = 600 ]
	[ "$(sqlite3 copy.db 'PRAGMA integrity_check; SELECT name FROM accounts')" = $'ok\nops' ]
	ctl_fails 73 'left alone' backup copy.db
	ctl_fails 73 'No such file' backup none/copy.db
	[ "$(find . -name 'copy.db*' | wc -l)" -eq 1 ]
	fingerprint=$(ctl fingerprint)
	ctl -P password adduser later
	stop

	mkdir -m 700 again
	cp -p dir/{tls,ca}.{key,pem} again/
	cp -p copy.db again/authd.db
	dir=$PWD/again
	start
	[ "$(ctl fingerprint)" = "$fingerprint" ]
	[ "$(ctl users | cut -f1)" = ops ]
	[ "$(renew)" = 200 ]
	[ "$(login ops 'correct horse')" = 200 ]
}

@test "backup: a file system that cannot rename without replacing, such as NFS, gets one, too" {
	[ -z "${UGAT_SAN:-}" ] || return 0 # which wants to be loaded first
	start
	stop
	faulty=${UGAT_OUT:-$UGAT_BIN/..}/tests/torture/faulty.so
	LD_PRELOAD=$faulty FAULTY=rename=EINVAL@1+ ctl backup copy.db
	[ "$(sqlite3 copy.db 'PRAGMA integrity_check')" = ok ]
	[ "$(stat -c '%a %h' copy.db)" = '600 1' ]
	[ "$(find . -name 'copy.db*' | wc -l)" -eq 1 ]
}

@test "as root: nothing in the daemon's directory becomes root's, and copies go where root may write" {
	# Who has changed its user cannot be traced, which is how leaks are looked for.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	in_public
	start
	ctl -P password adduser ops
	stop
	chown -R 1:1 "$dir"
	mkdir -m 700 private
	ctl -P password adduser dev
	ctl backup private/copy.db
	[ "$(stat -c %u private/copy.db)" -eq 0 ]
	[ -z "$(find "$dir" ! -uid 1)" ]
	# authd becomes the owner, too; the log and its index lie there while it runs.
	start
	ctl -P password adduser third
	[ -e "$dir/authd.db-wal" ]
	[ -z "$(find "$dir" ! -uid 1)" ]
	[ "$(login third 'correct horse')" = 200 ]
	[ "$(ctl users | cut -f1 | tr '\n' ' ')" = 'dev ops third ' ]
}

@test "a locked database is 75 after some seconds, a damaged one 65, a newer one 65" {
	start
	stop
	mkfifo gate
	(echo 'BEGIN IMMEDIATE;'; cat gate) | sqlite3 dir/authd.db &
	exec 7>gate
	for _ in $(seq 100); do
		sqlite3 dir/authd.db 'BEGIN IMMEDIATE' 2>&1 | grep -q locked && break
		sleep 0.05
	done
	ctl_fails 75 'locked' -P password adduser ops
	exec 7>&-
	wait %2 2>/dev/null || wait
	ctl -P password adduser ops
	sqlite3 dir/authd.db 'PRAGMA user_version = 99'
	ctl_fails 65 'newer authd' users
	sqlite3 dir/authd.db 'PRAGMA user_version = 1'
	ctl_fails 65 'older authd' users
	rm -f dir/authd.db-*
	head -c 8192 /dev/urandom >dir/authd.db
	ctl_fails 65 'damaged' users
	chmod 644 dir/authd.db
	ctl_fails 65 'chmod 600' users
}

@test "a full disk is 74 here and a 503 there, and what was promised stays" {
	. "$BATS_TEST_DIRNAME/../flow/lib-ugat.bash"
	private "$dir"
	cat >inside <<-'EOF'
		set -eu
		mount -t tmpfs -o size=8m,mode=700 none "$dir"
		start -N open
		url=https://127.0.0.1:$port/register
		[ "$(request --user 'ops:correct horse' --data-binary '' "$url")" = 200 ]
		dd if=/dev/zero of="$dir/filler" bs=4k 2>/dev/null || :
		# What is left in the last pages of the log may do for some.
		n=0
		while [ "$(request --user "u$n:correct horse" --data-binary '' "$url")" = 200 ]; do n=$((n + 1)); done
		[ "$(request --user "u$n:correct horse" --data-binary '' "$url")" = 503 ]
		grep -q 'disk is full' body
		[ "$(login ops 'correct horse')" = 503 ]
		grep -q 'disk is full' body
		rc=0
		ctl -P password adduser dev 2>err || rc=$?
		[ "$rc" -eq 74 ]
		grep -q 'disk is full' err
		[ "$(request "https://127.0.0.1:$port/crl")" = 200 ]
		rm "$dir/filler"
		[ "$(request --user "u$n:correct horse" --data-binary '' "$url")" = 200 ]
		[ "$(login ops 'correct horse')" = 200 ]
		[ "$(ctl users | wc -l)" -eq $((n + 2)) ]
		[ "$(sqlite3 "$dir/authd.db" 'PRAGMA integrity_check')" = ok ]
		stop
	EOF
	{
		declare -f start stop ctl request login
		printf 'dir=%q pid=\ntrap stop EXIT\n' "$dir"
		cat inside
	} >script
	"${enter[@]}" bash script
}
