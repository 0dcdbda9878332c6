#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The examples of the pages about authd, logins and sessions, word by word; see examples.bats.

bats_require_minimum_version 1.5.0

# shellcheck source=lib-examples.bash
. "$BATS_TEST_DIRNAME/lib-examples.bash" # its setup, too

# session_in: ops has a copy of the session where the examples look for it.
session_in() {
	cp -p "$OPS/.local/state/ugat"/session.pem* "$OPS/"
}

# user_of: whose session ops' is.
user_of() {
	in_world here ops ugat-login -s | sed -n 's/^user	//p'
}

# ---- authd(8), authctl(8): an authd of ops' own machine, in the place of a site's

# own_authd: a fresh one in /var/lib/ugat.
own_authd() {
	on here sh -c 'rm -rf /var/lib/ugat /root/authd; rm -f /run/secrets/ops /var/backups/*'
	spawn_on own here authd -S 10
	logged_ready own
}

# account USER
account() {
	echo "a password for $1" | on here authctl -P - adduser "$1"
}

@test "authctl(8): Make an account from a script" {
	own_authd
	on here sh -c 'umask 077 && echo "a password of a script" >/run/secrets/ops'
	example
	in_world here ops ugat-login -q -f -u ops -P /run/secrets/ops -F /var/lib/ugat/tls.pem 127.0.0.1
	[ "$(user_of)" = ops ]
}

@test "authctl(8): Let a person choose name and password" {
	own_authd
	example
	grep -qxE '[A-Za-z0-9]{26}' ex.out
	cp ex.out "$OPS/invite"
	echo "a password of a person" >"$OPS/password"
	in_world here ops ugat-login -q -f -N -I invite -u eve -P password -F /var/lib/ugat/tls.pem 127.0.0.1
	[ "$(user_of)" = eve ]
}

@test "authctl(8): End every session of an account and give it another password, at once" {
	own_authd
	account ops
	in_world here ops ugat-login -q -f -u ops -P "$WORLD/shared/ops.password" -F /var/lib/ugat/tls.pem 127.0.0.1
	person "New password for ops: " "another password" "The same again: " "another password"
	example
	[ "$(on here authctl sessions | cut -f 6)" = revoked ]
	no in_world here ops ugat-login -q -f -u ops -P "$WORLD/shared/ops.password" -F /var/lib/ugat/tls.pem 127.0.0.1
	echo "another password" >"$OPS/password"
	in_world here ops ugat-login -q -f -u ops -P password -F /var/lib/ugat/tls.pem 127.0.0.1
}

@test "authctl(8): Who has not logged in for 90 days" {
	own_authd
	for user in never long ops; do account $user; done
	for user in long ops; do
		echo "a password for $user" >password
		in_world here ops ugat-login -q -f -u $user -P "$PWD/password" -F /var/lib/ugat/tls.pem 127.0.0.1
	done
	example
	[ "$(cat ex.out)" = never ]
	on here sqlite3 /var/lib/ugat/authd.db "update accounts set login_s = login_s - 91 * 86400 where name = 'long'"
	example
	[ "$(sort ex.out)" = $'long\nnever' ]
}

@test "authctl(8): Every night" {
	own_authd
	account ops
	example
	[ "$(on here sh -c 'sqlite3 /var/backups/authd-*.db "pragma integrity_check; select name from accounts"')" = $'ok\nops' ]
}

@test "authd(8): Try it, on this machine alone" {
	start ex here ops
	wait_for 20 grep -q ' event=ready .*listen=127\.0\.0\.1:65431' ex.err || { show ex.err; false; }
	interrupted ex
}

@test "authd(8): From another terminal, register and log in" {
	start authd here ops 'authd(8): Try it, on this machine alone'
	logged_ready authd
	rm -rf "$OPS/.local"
	person "New password for ops: " "a good password" "The same again: " "a good password"
	example
	[ "$(user_of)" = ops ]
	interrupted authd
}

@test "authd(8): Serve a network, for users who have an invite of 'authctl invite'" {
	on here rm -rf /var/lib/ugat
	# Who is root in a name space of his own only cannot give it to another account.
	[ "$(id -u)" -eq 0 ] || on here mkdir -m 700 /var/lib/ugat
	start ex here ops
	logged_ready ex
	[ "$(id -u)" -ne 0 ] || [ "$(on here stat -c %U /var/lib/ugat)" = ugat ]
	# Who changes its user cannot be looked at for leaks.
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 on here authctl invite >"$LAB/invite"
	# From the other machine.
	cp "$WORLD/shared/lab.password" "$LAB/password"
	on here cat /var/lib/ugat/tls.pem >"$LAB/server.pem"
	in_world there lab ugat-login -q -f -N -I invite -u lab -P password -F server.pem ops-host
	in_world there lab ugat-login -sq
	interrupted ex
	on here userdel ugat
}

@test "authd(8): Enrol with curl alone" {
	start authd here ops 'authd(8): Try it, on this machine alone'
	logged_ready authd
	cp "$WORLD/shared/ops.password" "$OPS/password"
	in_world here ops ugat-login -q -f -N -u ops -P password -F authd/tls.pem 127.0.0.1
	person -e "for user 'ops':" "a password for ops"
	example
	[ "$(openssl x509 -in "$OPS/cert.pem" -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p')" = user:ops ]
	openssl pkey -in "$OPS/key.pem" -pubout | diff - <(openssl x509 -in "$OPS/cert.pem" -noout -pubkey)
	interrupted authd
}

# ---- ugat-login(1), ugat-logout(1), ugat-passwd(1)

@test "ugat-login(1): For one machine, without a server" {
	rm -rf "$OPS/.local"
	example
	[ "$(in_world here ops ugat-login -s | sed -n 's/^server	//p')" = local ]
}

# hosts_are TEXT: what the world's /etc/hosts says from now on.
hosts_are() {
	on here sh -c 'cat >/etc/hosts' <<<"$1"
}

@test "ugat-login(1): Register with an invite, and log in" {
	# The name is taken at the server that all tests share, so there is another one in its place.
	spawn_on second there authd -d /srv/second -i 192.0.2.80
	logged_ready second
	hosts_are "$(world_hosts | sed 's/^192\.0\.2\.1 /192.0.2.80 /')"
	on there authctl -d /srv/second invite >"$OPS/invite.txt"
	on there cat /srv/second/tls.pem >"$OPS/server.pem"
	rm -rf "$OPS/.local"
	person "New password for ops: " "a good password" "The same again: " "a good password"
	example || { hosts_are "$(world_hosts)"; false; }
	hosts_are "$(world_hosts)"
	[ "$(user_of)" = ops ]
	[ "$(on there authctl -d /srv/second users | cut -f 1)" = ops ]
}

@test "ugat-login(1): In a script, where the password lies in a file" {
	rm -rf "$OPS/.local"
	on here sh -c "umask 077 && cp '$WORLD/shared/backup.password' /root/ugat.password"
	example
	got_all out x
	[ "$(user_of)" = backup ]
}

@test "ugat-login(1): How long the session lasts, for a program" {
	session_in
	example
	[ "$(cat ex.out)" -eq "$(date -d "$(openssl x509 -in "$OPS/session.pem" -noout -enddate | cut -d = -f 2)" +%s)" ]
}

# stream_in: a session and a saved stream, and nothing in the place of the session.
stream_in() {
	session_in
	in_world here ops sh -c 'ugat-parse x.torrent | ugat-announce -1 >stream'
	rm -rf "$OPS/.local"
}

@test "ugat-login(1): Give a command a session by a descriptor, and nothing else of it" {
	stream_in
	example
	got_all out x
}

@test "ugat-login(1): Use the session with another program" {
	# An HTTPS server that wants to see it, and whose certificate this machine trusts.
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout www.key -out www.pem -days 2 \
		-subj /CN=www -addext subjectAltName=DNS:www.example.org 2>openssl.err
	on here sh -c 'cat >>/etc/ssl/certs/ca-certificates.crt' <www.pem
	in_world here ops ugat-login -o "$PWD/ours"
	spawn_on www there openssl s_server -accept 192.0.2.80:443 -cert "$PWD/www.pem" -key "$PWD/www.key" \
		-CAfile "$PWD/ours/ca.pem" -Verify 1 -verify_return_error -www
	listens_on there 443
	example
	grep -q 'CN *= *user:ops' ex.out
	no on here curl -s https://www.example.org
}

@test "ugat-logout(1): Log out" {
	example
	[ ! -e "$OPS/.local/state/ugat/session.pem" ]
	no in_world here ops ugat-login -sq
}

@test "ugat-logout(1): Log out of a session that lies elsewhere" {
	session_in
	example
	[ ! -e "$OPS/session.pem" ]
	[ -e "$OPS/.local/state/ugat/session.pem" ]
	[ -s ex.err ]
}

# password_back USER: after another one was set.
password_back() {
	printf '%s\n' "a new password" "a password for $1" | in_world here ops ugat-passwd -q -u "$1" -P - auth.example.org
}

@test "ugat-passwd(1): One's own, at the terminal" {
	person "Password of ops" "a password for ops" "New password for ops: " "a new password" "The same again: " "a new password"
	example
	password_back ops
}

@test "ugat-passwd(1): For another account, from a script" {
	printf '%s\n' "a password for backup" "a new password" >"$OPS/both.txt"
	chmod 600 "$OPS/both.txt"
	example
	password_back backup
}

# ---- ugat-session(5)

@test "ugat-session(5): Who it is, and until when" {
	session_in
	example
	grep -q 'CN *= *user:ops' ex.out
	grep -q 'URI:ugat:user:ops' ex.out
	grep -q '^notAfter=' ex.out
}

@test "ugat-session(5): Whether the authority in it has signed it (the second certificate is the authority's)" {
	session_in
	example
	grep -qx 'session.pem: OK' ex.out
}

@test "ugat-session(5): The pin of a server that one has the certificate of" {
	on there cat /srv/authd/tls.pem >"$OPS/server.pem"
	example
	[ "sha256:$(cat ex.out)" = "$(on there authctl -d /srv/authd fingerprint)" ]
}

@test "ugat-session(5): The list of revoked sessions" {
	session_in
	example
	grep -q 'Certificate Revocation List' ex.out
}

@test "ugat-session(5): A command that gets the session by a descriptor and has nothing else of it" {
	stream_in
	example
	got_all out x
}
