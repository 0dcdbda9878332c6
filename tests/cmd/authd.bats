#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0

# Once a file: a request for a certificate, which takes a while to make for some.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem 2>/dev/null
	openssl req -new -key key.pem -subj /CN=ann -outform DER -out csr.der
	base64 csr.der >csr.b64
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cp "$BATS_FILE_TMPDIR"/{key.pem,csr.der,csr.b64} .
	authd=''
}

teardown() {
	if [ -n "$authd" ]; then
		kill "$authd" 2>/dev/null || true
		wait "$authd" 2>/dev/null || true
	fi
}

# Waits until a command succeeds, at most 20 s.
until_ok() {
	for _ in {1..1000}; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.02
	done
	echo "never: $*"
	cat log
	return 1
}

# up [OPTION...]: authd on a free port, its directory is dir, its words are in log; sets authd, net (pids), port,
# pin, url. A cheap scrypt: these tests are about net.
up() {
	rm -f log
	authd -d dir -p 0 -S 10 "$@" 2>log 3>&- 4>&- &
	authd=$!
	until_ok grep -q ' event=ready ' log
	net=$(pgrep -P "$authd")
	port=$(sed -n 's/.* event=ready listen=[^ ]*:\([0-9]*\) .*/\1/p' log)
	pin=$(sed -n 's/.* event=ready .*fingerprint=sha256:\(.*\)/\1/p' log)
	url=https://127.0.0.1:$port
}

# down [SIGNAL]: end it; sets status.
down() {
	kill "-${1:-TERM}" "$authd"
	status=0
	wait "$authd" || status=$?
	authd=''
}

ask() { # options of curl...
	curl -sk --pinnedpubkey "sha256//$pin" "$@"
}

register() { # user
	ask -f -X POST -u "$1:correct horse" "$url/register" >/dev/null
}

enrol() { # options of curl...: the certificate in cert.pem
	ask -f -H 'Content-Type: application/pkcs10' --data-binary @csr.b64 "$@" >answer &&
		base64 -d answer | openssl pkcs7 -inform DER -print_certs | sed -n '/BEGIN/,/END/p' >cert.pem &&
		[ -s cert.pem ]
}

stranger() { # test...
	/usr/bin/python3 "$BATS_TEST_DIRNAME/authd.py" "$port" "$@"
}

# Whether a process is gone, or only waits to be counted.
is_gone() { # pid
	! grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$1/status" 2>/dev/null
}

@test "authd: the first start makes keys and accounts and says the fingerprint, the next one finds them" {
	up
	grep -q " event=created dir=dir fingerprint=sha256:$pin\$" log
	[ "$(stat -c %a dir)" = 700 ]
	for file in tls.key ca.key authd.db; do [ "$(stat -c %a "dir/$file")" = 600 ]; done
	first=$pin
	# What openssl computes is what curl's --pinnedpubkey takes.
	[ "$(openssl x509 -in dir/tls.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64)" = "$first" ]
	down
	up
	[ "$pin" = "$first" ]
	run ! grep -q 'event=created' log
}

@test "authd: usage errors exit 2" {
	for bad in '-N maybe' '-N' '-p x' '-p 65536' '-i localhost' '-i lo' '-S x' '-S 21' '-S 0' '-Z' 'operand' \
		'-i 0.0.0.0 -N open' '-i :: -N open' '-i 192.0.2.1 -N open' '-i 0.0.0.0 -S 14'; do
		# shellcheck disable=SC2086
		run authd -d dir $bad
		echo "$bad: $status"
		[ "$status" -eq 2 ]
		[[ $output == *'usage: authd '* ]]
		[ ! -e dir ]
	done
	run authd -d dir -i 0.0.0.0 -N open
	[[ $output == *open-to-all* ]]
}

@test "authd: beyond loopback it listens with invites, or open to all" {
	authd -d dir -p 0 -i 0.0.0.0 2>log 3>&- &
	authd=$!
	until_ok grep -q ' event=ready listen=0.0.0.0:' log
	down
	rm log
	authd -d dir -p 0 -i 0.0.0.0 -N open-to-all 2>log 3>&- &
	authd=$!
	until_ok grep -q ' event=ready ' log
}

@test "authd: it listens on IPv6" {
	[ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || return 0
	up -i ::1
	grep -q 'listen="\[::1\]:' log
	port=$(sed -n 's/.* event=ready listen="\[::1\]:\([0-9]*\)".*/\1/p' log)
	[ "$(ask -o /dev/null -w '%{http_code}' "https://[::1]:$port/crl")" = 200 ]
}

@test "authd: a directory or a port that is taken is 75, a directory that others can read is refused" {
	up
	run authd -d dir -p 0
	[ "$status" -eq 75 ]
	[[ $output == 'authd: '*dir* ]]
	run authd -d other -p "$port"
	[ "$status" -eq 75 ]
	[[ $output == *"127.0.0.1:$port"*-p* ]]
	mkdir -m 755 public
	run authd -d public -p 0
	[ "$status" -ne 0 ]
	[[ $output == *public* ]]
}

@test "authd: a damaged key is an error that names it" {
	mkdir -m 700 dir
	(umask 077 && echo nonsense >dir/tls.key)
	run authd -d dir -p 0
	[ "$status" -eq 65 ]
	[[ $output == *tls.key* ]]
	rm -r dir
	up
	down
	echo nonsense >dir/ca.key
	run authd -d dir -p 0
	[ "$status" -eq 65 ]
	[[ $output == *ca.key* ]]
	# authd(8): 66 when it is missing, 77 when the directory is open to others.
	rm dir/ca.key
	run authd -d dir -p 0
	[ "$status" -eq 66 ]
	[[ $output == *ca.key* ]]
	chmod 750 dir
	run authd -d dir -p 0
	[ "$status" -eq 77 ]
}

@test "authd: a database that is no file, or another user's, as after a copy was brought back: what to do is said" {
	mkdir -m 700 dir && mkdir dir/authd.db
	run -65 timeout 20 authd -d dir -p 0
	[ "$output" = 'authd: dir/authd.db: not a regular file' ]
	rmdir dir/authd.db && ln -s nowhere dir/authd.db
	run -65 timeout 20 authd -d dir -p 0
	[ "$output" = 'authd: dir/authd.db: not a regular file' ]
	rm dir/authd.db
	[ "$(id -u)" -eq 0 ] || return 0
	up
	down
	chown 4242 dir/ca.key
	run -77 timeout 20 authd -d dir -p 0
	[ "$output" = 'authd: dir/ca.key: Permission denied: chown it to whom its directory belongs' ]
	chown 4242 dir/authd.db
	run -77 timeout 20 authd -d dir -p 0
	[ "$output" = 'authd: dir/authd.db: Permission denied: chown it to whom its directory belongs' ]
}

@test "authd: an authority without a database is 66, and what was revoked is not forgotten" {
	up
	down
	cp -r dir whole
	for how in rm truncate; do
		rm -f dir/authd.db*
		[ "$how" = rm ] || (umask 077 && : >dir/authd.db)
		run authd -d dir -p 0
		[ "$status" -eq 66 ]
		[[ $output == 'authd: dir/authd.db: not there, or empty'*'put a backup in its place; or remove ca.key and ca.pem'* ]]
		[ ! -s dir/authd.db ]
	done
	# Each of the two remedies.
	cp whole/authd.db dir/authd.db
	up
	down
	rm dir/authd.db* dir/ca.key dir/ca.pem
	up
	down
	[ -s dir/authd.db ] && [ -s dir/ca.pem ]
}

@test "authd: the database is made before the authority, so a first start that is cut off goes on" {
	mkdir -m 700 dir
	mkdir dir/ca.key.new
	run authd -d dir -p 0
	[ "$status" -ne 0 ] && [[ $output == *ca.key* ]]
	[ -s dir/authd.db ] && [ ! -e dir/ca.key ]
	rmdir dir/ca.key.new
	up
	down
}

@test "authd: TERM and INT end both processes, and it dies by that signal" {
	for signal in TERM INT; do
		rm -f log
		# A job in the background ignores INT, and so would what it runs.
		/usr/bin/python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' authd -d dir -p 0 2>log 3>&- 4>&- &
		authd=$!
		until_ok grep -q ' event=ready ' log
		net=$(pgrep -P "$authd")
		down $signal
		[ "$status" -eq $((128 + $(kill -l $signal))) ]
		is_gone "$net"
		run ! grep -q '^authd: ' log
	done
}

@test "authd: KILL of either process ends the other" {
	up
	kill -KILL "$net"
	status=0
	wait "$authd" || status=$?
	[ "$status" -eq 70 ]
	grep -q '^authd: net: Killed' log
	up
	other=$net
	kill -KILL "$authd"
	wait "$authd" || true
	authd=''
	until_ok is_gone "$other"
	up
}

@test "authd: both processes have given up their privileges" {
	up
	for pid in "$authd" "$net"; do
		grep -q '^CapEff:[[:space:]]*0*$' "/proc/$pid/status"
		grep -q '^CapPrm:[[:space:]]*0*$' "/proc/$pid/status"
		grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$pid/status"
		[ ! -e /proc/sys/kernel/seccomp ] || grep -q '^Seccomp:[[:space:]]*2$' "/proc/$pid/status"
	done
	[ "$(id -u)" -eq 0 ] || return 0
	grep -q '^Uid:[[:space:]]*65534[[:space:]]*65534[[:space:]]*65534' "/proc/$net/status"
	[ -z "$(ls -A "/proc/$net/root/")" ]
}

@test "authd: net has no file, vault no socket but the pair" {
	up
	ls -l "/proc/$authd/fd" >fds 2>/dev/null || return 0 # not root: the kernel hides them
	run grep -c 'socket:' fds
	[ "$output" -eq 1 ]
	grep -q 'dir/authd.db' fds
	run ! grep -q '/' <(ls -l "/proc/$net/fd" | sed -n 's/.* \([0-9]*\) -> \(.*\)/\1 \2/p' | grep -v '^[012] ')
	# While somebody is connected, too.
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	run grep -c 'socket:' <(ls -l "/proc/$authd/fd")
	[ "$output" -eq 1 ]
	exec 7>&-
}

@test "authd: descriptors of whoever starts it are closed" {
	exec 9<key.pem
	up
	exec 9<&-
	ls -l "/proc/$authd/fd" >fds 2>/dev/null || return 0
	run ! grep -q key.pem fds
	run ! grep -q key.pem <(ls -l "/proc/$net/fd")
}

@test "authd: in a user namespace that lacks the account ugat it stays who it is; where the directory cannot be given away, it says what to do" {
	# Where none can be made, nobody can be in one.
	unshare -rm true 2>/dev/null || return 0
	grep -v '^ugat:' /etc/passwd >passwd || :
	echo 'ugat:x:4242:4242::/:/bin/false' >>passwd
	# shellcheck disable=SC2016
	local within='mount --bind passwd /etc/passwd && exec "$@"'
	unshare -rm --propagation unchanged sh -c "$within" - authd -d dir -p 0 2>log 3>&- &
	authd=$!
	until_ok grep -q ' event=ready ' log
	grep -q '^CapEff:[[:space:]]*0*$' "/proc/$authd/status"
	down
	[ "$status" -eq 143 ]
	# Root that may not give files away can do nothing about it.
	[ "$(id -u)" -eq 0 ] || return 0
	. "$BATS_TEST_DIRNAME/../flow/lib-ugat.bash"
	private "$PWD"
	run -73 timeout 30 "${enter[@]}" sh -c 'mount --bind passwd /etc/passwd || exit 99; "$@"; code=$?; umount /etc/passwd; exit $code' - \
		setpriv --bounding-set -chown --inh-caps -chown authd -d other -p 0
	[[ $output == "authd: other: it cannot be given to the account ugat: "*": make it first"* ]]
	[ ! -e other ]
}

@test "authd: as root it works for the owner of its directory, who can start it later" {
	[ "$(id -u)" -eq 0 ] || return 0
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	mkdir -m 700 dir
	chown 12345:12345 dir
	up
	grep -q '^Uid:[[:space:]]*12345[[:space:]]*12345[[:space:]]*12345' "/proc/$authd/status"
	down
	run find dir ! -user 12345
	[ -z "$output" ]
}

@test "curl alone: certificates of the authority, a registration, a login, a renewal, the list" {
	up -N open
	ask -f -D head "$url/.well-known/est/cacerts" | base64 -d | openssl pkcs7 -inform DER -print_certs |
		sed -n '/BEGIN/,/END/p' >ca.pem
	grep -qi '^content-type: application/pkcs7-mime; smime-type=certs-only' head
	grep -qi '^content-transfer-encoding: base64' head
	openssl x509 -in ca.pem -noout -text | grep -q CA:TRUE
	register ann
	enrol -u 'ann:correct horse' "$url/.well-known/est/simpleenroll"
	openssl verify -CAfile ca.pem cert.pem
	openssl x509 -in cert.pem -noout -ext subjectAltName | grep -q 'URI:ugat:user:ann'
	serial=$(openssl x509 -in cert.pem -noout -serial)
	[ "$(openssl x509 -in cert.pem -noout -pubkey)" = "$(openssl pkey -in key.pem -pubout)" ]
	mv cert.pem old.pem
	enrol --cert old.pem --key key.pem "$url/.well-known/est/simplereenroll"
	openssl verify -CAfile ca.pem cert.pem
	[ "$(openssl x509 -in cert.pem -noout -serial)" != "$serial" ]
	ask -f "$url/crl" | openssl crl -inform DER -CAfile ca.pem -noout 2>crl.err
	grep -q 'verify OK' crl.err
	# In the log, the user and the serial, and not the password.
	grep -q " event=login user=ann .*serial=$(tr 'A-F' 'a-f' <<<"${serial#serial=}") " log
	run ! grep -qi 'correct' log
}

@test "curl alone: what is refused, and how" {
	up -N open
	register ann
	code() { ask -o answer -w '%{http_code}' "$@"; }
	pkcs10=(-H 'Content-Type: application/pkcs10' --data-binary @csr.b64)
	[ "$(code "${pkcs10[@]}" -u ann:wrong-password "$url/.well-known/est/simpleenroll")" = 401 ]
	cp answer wrong
	[ "$(code "${pkcs10[@]}" -u nobody:wrong-password "$url/.well-known/est/simpleenroll")" = 401 ]
	cmp answer wrong
	[ "$(code "${pkcs10[@]}" "$url/.well-known/est/simpleenroll")" = 401 ]
	[ "$(code "${pkcs10[@]}" "$url/.well-known/est/simplereenroll")" = 403 ]
	[ "$(code -X POST -u 'ann:correct horse' "$url/register")" = 409 ]
	[ "$(code -X POST -u 'Ann:correct horse' "$url/register")" = 400 ]
	# Somebody else's certificate, with the right name.
	openssl req -x509 -key key.pem -subj /CN=user:ann -addext subjectAltName=URI:ugat:user:ann -days 1 -out false.pem
	[ "$(code "${pkcs10[@]}" --cert false.pem --key key.pem "$url/.well-known/est/simplereenroll")" = 403 ]
	run ! grep -q nobody log
}

@test "strongSwan enrols and renews" {
	# It checks the address in the certificate, not a pin: an identity made for the one that it uses.
	mkdir -m 700 dir
	(umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout dir/tls.key \
		-out dir/tls.pem -days 30 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null)
	up -N open
	register ann
	printf 'libtls {\n\tversion_max = 1.3\n}\n' >strongswan.conf
	export STRONGSWAN_CONF=$PWD/strongswan.conf
	ask "$url/.well-known/est/cacerts" | base64 -d | openssl pkcs7 -inform DER -print_certs -out ca.pem
	est() { timeout 30 pki --est --url "https://127.0.0.1:$port" --in csr.der --cacert dir/tls.pem --cacert ca.pem "$@"; }
	est --userpass 'ann:correct horse' >one.der
	openssl x509 -inform DER -in one.der -noout -ext subjectAltName | grep -q 'URI:ugat:user:ann'
	est --cert one.der --key key.pem >two.der
	openssl x509 -inform DER -in two.der -noout -ext subjectAltName | grep -q 'URI:ugat:user:ann'
	run ! cmp -s one.der two.der
}

@test "TLS is 1.3, without tickets, for http/1.1" {
	up
	stranger tickets_and_alpn
	run openssl s_client -connect "127.0.0.1:$port" -tls1_2 </dev/null
	[ "$status" -ne 0 ]
	run openssl s_client -connect "127.0.0.1:$port" </dev/null
	[[ $output == *'Early data was not sent'* ]]
	[[ $output != *'New Session Ticket'* ]]
}

@test "malformed requests get their status and cost vault nothing" {
	up
	stranger malformed
	run ! grep -qE ' event=(login|passwd|register|renew) ' log
}

@test "slow strangers: 5 s for the handshake, 15 for the request" {
	up
	stranger slow
}

@test "500 idle connections: a login does not wait until they have had their 5 s" {
	up -N open
	register ann
	stranger idle >took
	cat took
	[ "$(wc -l <took)" -eq 3 ]
	[ -n "${UGAT_SAN:-}" ] || run ! awk '$1 >= 4 { print; exit 0 } END { exit 1 }' took
}

@test "who has been refused is hung up on, whatever the method: no place is held that way" {
	up -N open
	register ann
	stranger answered
}

@test "clients that go before the answer, and one that asks 20 times at once" {
	up -N open
	register ann
	stranger gone
}

@test "64 connections that only send: net stays below 32 MiB and lets others in" {
	up -N open
	register ann
	stranger flood "$net" >most
	[ -n "${UGAT_SAN:-}" ] || [ "$(cat most)" -lt 32768 ]
}

@test "a vault that stands still: net answers 503 itself, and goes on with it" {
	up -N open
	register ann
	stranger stalled "$authd"
	grep -q 'event=refused .*status=503' log
}

@test "a flood of refusals is a line a second" {
	up
	stranger refusals >asked
	until_ok grep -q 'event=refused .*count=' log
	[ "$(cat asked)" -gt "$([ -n "${UGAT_SAN:-}" ] && echo 4 || echo 20)" ]
	[ "$(grep -c 'event=refused ' log)" -le 4 ]
}

@test "without descriptors it waits instead of spinning" {
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nulimit -n 20\nexec %q "$@"\n' "$(command -v authd)" >few
	chmod 755 few
	./few -d dir -p 0 -S 10 -N open 2>log 3>&- 4>&- &
	authd=$!
	until_ok grep -q ' event=ready ' log
	net=$(pgrep -P "$authd")
	port=$(sed -n 's/.* event=ready listen=[^ ]*:\([0-9]*\) .*/\1/p' log)
	pin=$(sed -n 's/.* event=ready .*fingerprint=sha256:\(.*\)/\1/p' log)
	url=https://127.0.0.1:$port
	register ann
	stranger exhaustion "$net"
	grep -q 'reason="Too many open files"' log
}

@test "a service manager is told when authctl can do its work, and not before" {
	/usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
s.settimeout(60)
print("bound", flush=True)
print(s.recv(99).decode(), flush=True)' >told 3>&- 4>&- &
	until_ok grep -qx bound told
	# The scratch folder's own name is too long for a socket.
	NOTIFY_SOCKET=/proc/self/cwd/notify authd -d dir -p 0 -S 10 2>log 3>&- 4>&- &
	authd=$!
	until_ok grep -qx READY=1 told
	authctl -d dir invite
	# Where nobody listens there it starts all the same.
	down
	NOTIFY_SOCKET=/nowhere/notify up
}

@test "the unit for systemd is sound" {
	command -v systemd-analyze >/dev/null || return 0
	sed "s|^ExecStart=authd|ExecStart=$(command -v authd)|" "$BATS_TEST_DIRNAME/../../authd/ugat-authd.service" >ugat-authd.service
	run systemd-analyze security --offline=true --threshold=20 ./ugat-authd.service
	[ "$status" -eq 0 ]
	[ "$(id -u)" -eq 0 ] || return 0 # it looks into directories of root's
	run systemd-analyze verify --man=no ./ugat-authd.service
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}
