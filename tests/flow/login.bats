#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-login and ugat-passwd against a server that does as it is told, tests/fake/fake_est.py: who is
# believed, what is sent when, what is kept. A real one: login-authd.bats.
# shellcheck source=lib-login.bash
. "$BATS_TEST_DIRNAME/lib-login.bash"

# server [KEY=VALUE...]: start it; AT is where it is, PIN its identity, its log is est/log.
server() {
	rm -f est.out
	spawn est "$FLOW_PYTHON" "$FLOW_FAKE/fake_est.py" est "$@"
	wait_for 20 grep -q '^port' est.out || { show est.err; return 1; }
	AT=127.0.0.1:$(sed -n 's/^port //p' est.out)
	PIN=$(sed -n 's/^pin //p' est.out)
	PIN_RE=${PIN//+/\\+} # as a regular expression
}

# another [KEY=VALUE...]: a server in the place of the first one, with the same authority.
another() {
	end_pid "$(cat est.pid)"
	server port="${AT##*:}" "$@"
}

# requests: what has been asked for, without the login's own look at the authority.
requests() {
	grep -a '^request' est/log | cut -d' ' -f2- | grep -av cacerts | sed 's/ $//'
}

# person [WORDS ANSWER]... -- COMMAND...: at a terminal; what it shows is in `terminal`.
person() {
	CODE=0
	"$FLOW_PYTHON" "$FLOW_FAKE/person.py" "$@" >terminal 2>err </dev/null || CODE=$?
}

# nothing_sent: on no connection did a byte come through TLS.
nothing_sent() {
	wait_for 5 grep -q '^bytes' est/log
	no grep -q '^request' est/log
	no grep '^bytes [1-9]' est/log
}

# ---- a login, and then no more than is needed

@test "a login: the session stands, names server and identity, fits its authority" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	[ "$(fact user)" = ops ]
	[ "$(fact server)" = "$AT" ]
	[ "$(fact identity)" = "$PIN" ]
	openssl verify -CAfile est/ca.pem "$SESSION"
	[ "$(requests)" = $'POST /.well-known/est/simpleenroll ops\nGET /crl' ]
	[ -s "$STATE/session.pem.crl" ]
}

@test "more than half the life left: nothing is sent, nothing is said" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	end_pid "$(cat est.pid)"
	cp "$SESSION" before
	quiet ugat-login
	quiet ugat-login "${AS[@]}" "$AT"
	quiet ugat-login -u ops "$AT"
	cmp before "$SESSION"
	ends 69 'nothing answers' ugat-login -u other -P password "$AT"
	cmp before "$SESSION"
}

@test "less than half the life left: renewed by the certificate, without a password" {
	server shift=-23000
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	another
	before=$(fact until)
	quiet ugat-login
	[ "$(fact until)" -gt "$before" ]
	[ "$(requests | tail -n 2)" = $'POST /.well-known/est/simplereenroll\nGET /crl' ]
}

@test "a session that can be renewed and stands is left when the server is down: 0 and a remark" {
	server shift=-23000
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	end_pid "$(cat est.pid)"
	ends 0 'not renewed: .*nothing answers' ugat-login
	quiet ugat-login -q
	ends 69 'nothing answers' ugat-login -r
}

@test "a renewal that is refused ends at the password" {
	server shift=-23000
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	another status=403 words='the session is revoked'
	ends 77 'the session is revoked; log in again' ugat-login -r
	ends 77 'the session is revoked; no terminal.*-P' ugat-login
	another status=403 words='revoked: log in again'
	ends 77 'revoked: log in again$' ugat-login -r
	another shift=-23000 status=403 only=simplereenroll words='revoked: log in again'
	quiet ugat-login -P password
	another
	quiet ugat-login -P password -f
	[ "$(requests | tail -n 2 | head -n 1)" = 'POST /.well-known/est/simpleenroll ops' ]
}

@test "-r renews at once, and -f logs in anew" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	one=$(fact serial)
	quiet ugat-login -r
	two=$(fact serial)
	quiet ugat-login -f -P password
	[ "$one" != "$two" ] && [ "$two" != "$(fact serial)" ]
	[ "$(requests | grep -c simpleenroll)" -eq 2 ]
}

@test "eight renewals at once are one, and the session is whole" {
	server shift=-23000
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	another
	: >est/log
	runs=()
	for _ in 1 2 3 4 5 6 7 8; do
		ugat-login >>out 2>>err &
		runs+=($!)
	done
	wait "${runs[@]}"
	[ ! -s err ]
	[ "$(requests | grep -c simplereenroll)" -eq 1 ]
	quiet ugat-login -sq
}

@test "-sf fetches the list of revoked sessions and says how the session stands" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	rm "$STATE/session.pem.crl"
	quiet ugat-login -sfq
	openssl crl -inform DER -in "$STATE/session.pem.crl" -noout
	(cd est && openssl ca -config ca.cnf -revoke "$SESSION" 2>/dev/null)
	ends 77 revoked ugat-login -sfq
	end_pid "$(cat est.pid)"
	rm "$STATE/session.pem.crl"
	ends 69 'nothing answers' ugat-login -sfq
	quiet ugat-login -sq
}

@test "a list that another authority signed is not kept, and the login stands" {
	server list=foreign
	ends 0 'not signed by' ugat-login -v "${AS[@]}" -F "$PIN" "$AT" || said 'logged in as ops' err
	said 'list of revoked sessions is not signed' err
	[ ! -e "$STATE/session.pem.crl" ]
	ends 76 'not signed' ugat-login -sfq
}

@test "an EST server that has no list will do" {
	server list=no
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	quiet ugat-login -r
}

# ---- who is believed

@test "without a pin and a terminal: 77, the fingerprint, and nothing was sent" {
	server
	ends 77 "$PIN_RE.*run ugat-login -F $PIN_RE $AT" ugat-login "${AS[@]}" "$AT"
	nothing_sent
}

@test "a wrong pin: 77, and not one byte comes through TLS" {
	server
	ends 77 "another identity: it shows $PIN_RE, but -F says" \
		ugat-login "${AS[@]}" -F sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "$AT"
	nothing_sent
	ends 77 'another identity' ugat-passwd -u ops -P password -F "$(printf '%064d' 0)" "$AT"
	nothing_sent
}

@test "an identity that was accepted is kept, and a changed one is a hard stop" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	[ "$(cat "$STATE/authd")" = "$AT $PIN" ]
	rm est/identity.* "$SESSION"
	old=$PIN_RE
	another
	: >est/log
	ends 77 "shows $PIN_RE, but $STATE/authd says $old.*-F $PIN_RE $AT" ugat-login "${AS[@]}" "$AT"
	nothing_sent
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	[ "$(cat "$STATE/authd")" = "$AT $PIN" ]
}

@test "a session is not renewed where another identity answers, even while it stands" {
	server shift=-23000
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	rm est/identity.* "$STATE/authd"
	another
	: >est/log
	ends 77 "but $SESSION says" ugat-login
	nothing_sent
}

@test "the pin in any spelling, and as a certificate or a public key" {
	server
	hex=$(base64 -d <<<"${PIN#*:}" | od -An -tx1 | tr -d ' \n')
	openssl x509 -in est/identity.pem -noout -pubkey >public.pem
	for pin in "$hex" "SHA256:${PIN#*:}" "sha256//${PIN#*:}" est/identity.pem public.pem; do
		rm -rf "$STATE"
		quiet ugat-login "${AS[@]}" -F "$pin" "$AT"
	done
	ends 66 'none.pem' ugat-login -f "${AS[@]}" -F none.pem "$AT"
	ends 65 'in PEM expected' ugat-login -f "${AS[@]}" -F password "$AT"
}

@test "a certificate of an authority: chain, name and address are checked" {
	server identity=ca
	quiet ugat-login "${AS[@]}" -F est/site.pem "$AT"
	quiet ugat-login -f "${AS[@]}" -F est/site.pem "localhost:${AT#*:}"
	[ "$(head -n 1 "$STATE/authd")" = "$AT $PWD/est/site.pem" ]
	quiet ugat-login -r
}

@test "a certificate of another authority, or for another address: 77, and nothing is sent" {
	server identity=ca
	ends 77 'not to be believed' ugat-login "${AS[@]}" -F est/site.pem "127.0.0.2:${AT#*:}"
	ends 77 'not to be believed' ugat-login "${AS[@]}" -F est/other.pem "$AT"
	nothing_sent
}

@test "a user's certificate is no server's, whoever pins it" {
	server identity=user
	ends 77 "a user's certificate" ugat-login "${AS[@]}" -F "$PIN" "$AT"
	ends 77 "a user's certificate" ugat-login "${AS[@]}" -F est/ca.pem "$AT"
	ends 77 "a user's certificate" ugat-login "${AS[@]}" "$AT"
	nothing_sent
}

@test "TLS 1.2 is refused, and what is no TLS: 76" {
	server tls=1.2
	ends 76 'no login server' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	nothing_sent
	another talk=plain
	ends 76 'no login server' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	another talk=banner
	ends 76 'no login server' ugat-login "${AS[@]}" -F "$PIN" "$AT"
}

@test "a proxy of the environment is used, but never to this machine" {
	server
	https_proxy=http://127.0.0.1:1 quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	https_proxy=http://127.0.0.1:1 ends 69 'nothing answers' ugat-login "${AS[@]}" -F "$PIN" auth.invalid
}

@test "the known servers' file: what others can write, or what is no line, is named" {
	server
	mkdir -p "$STATE"
	echo "$AT $PIN # ours" >"$STATE/authd"
	quiet ugat-login "${AS[@]}" "$AT"
	chmod 666 "$STATE/authd"
	rm "$SESSION"
	ends 77 "$STATE/authd: .*mend it" ugat-login "${AS[@]}" "$AT"
	chmod 644 "$STATE/authd"
	printf '\n%s x y\n' "$AT" >"$STATE/authd"
	ends 65 "$STATE/authd:2: " ugat-login "${AS[@]}" "$AT"
}

@test "/etc/ugat/authd gives host and pin to everybody; it wins over what was accepted" {
	private /etc
	server
	mkdir etc
	echo "$AT $PIN" >etc/authd
	login="mkdir /etc/ugat && cp etc/* /etc/ugat"
	"${enter[@]}" sh -c "cp -r /etc/. keep && mount -t tmpfs none /etc && cp -r keep/. /etc; $login && ugat-login -u ops -P password" 2>err
	[ "$(fact server)" = "$AT" ]
	[ ! -e "$STATE/authd" ]
	echo "$AT sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" >etc/authd
	rc=0
	"${enter[@]}" sh -c "mount -t tmpfs none /etc && cp -r keep/. /etc; $login && ugat-login -f -P password" 2>err || rc=$?
	[ "$rc" -eq 77 ]
	said '/etc/ugat/authd says sha256:AAA.*have /etc/ugat/authd changed$' err
}

@test "/etc/ugat/ca.pem: a session that it would refuse is said at once, -L is refused" {
	private /etc
	server
	mkdir keep
	cp -r /etc/. keep
	inside() {
		"${enter[@]}" sh -c "mount -t tmpfs none /etc && cp -r keep/. /etc && mkdir /etc/ugat && cp $1 /etc/ugat/ca.pem && shift && \"\$@\"" sh "$@"
	}
	rc=0
	inside est/other.pem ugat-login "${AS[@]}" -F "$PIN" "$AT" 2>err || rc=$?
	[ "$rc" -eq 77 ]
	said 'not that of /etc/ugat/ca.pem' err
	[ ! -e "$SESSION" ]
	inside est/ca.pem ugat-login "${AS[@]}" -F "$PIN" "$AT"
	inside est/ca.pem ugat-login -s | grep -q '^rule	/etc/ugat/ca.pem'
	rc=0
	inside est/ca.pem ugat-login -Lf 2>err || rc=$?
	[ "$rc" -eq 77 ]
	said '/etc/ugat/ca.pem says whose' err
}

# ---- passwords and questions

@test "at a terminal: fingerprint, name and password are asked for, and the password is not shown" {
	server
	person 'Is it the same' yes 'User [' ops 'Password of ops' 'correct horse' -- ugat-login "$AT"
	[ "$CODE" -eq 0 ] || { show terminal err; return 1; }
	grep -q "$PIN" terminal
	no grep -q horse terminal
	[ ! -s err ]
	[ "$(fact user)" = ops ]
	[ "$(cat "$STATE/authd")" = "$AT $PIN" ]
	person 'Password of ops' 'correct horse' -- ugat-login -f
	[ "$CODE" -eq 0 ]
}

@test "at a terminal: the fingerprint may be pasted; no is 1, and nothing was sent" {
	server
	person 'Is it the same' no -- ugat-login -u ops "$AT"
	[ "$CODE" -eq 1 ]
	said 'not accepted' err
	person 'Is it the same' sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= -- ugat-login -u ops "$AT"
	[ "$CODE" -eq 1 ]
	nothing_sent
	person 'Is it the same' "$PIN" 'Password of ops' 'correct horse' -- ugat-login -u ops "$AT"
	[ "$CODE" -eq 0 ]
}

@test "at a terminal: a new password is asked for twice, and again after a slip" {
	server
	person 'New password for bob' short 'New password for bob' '' 'New password for bob' '' -- ugat-login -N -u bob -F "$PIN" "$AT"
	[ "$CODE" -eq 1 ]
	grep -q 'has 10 to 256' terminal
	person 'New password for bob' 'battery staple' 'same again' 'battery stable' \
		'New password for bob' 'battery staple' 'same again' 'battery staple' \
		-- ugat-login -N -u bob -F "$PIN" "$AT"
	[ "$CODE" -eq 0 ]
	[ "$(fact user)" = bob ]
	person 'Password of bob' 'battery staple' 'New password' 'correct horse 2' 'again' 'correct horse 2' -- ugat-passwd
	[ "$CODE" -eq 0 ] || { show terminal err; return 1; }
	echo 'correct horse 2' >password
	quiet ugat-login -f -P password
}

@test "at a terminal: ^C while a password is typed ends it by the signal, with echo on again" {
	server
	person 'Password of ops' $'\003' -- bash -c 'trap : INT; ugat-login -u ops -F "$0" "$1"; code=$?; stty -a </dev/tty; exit $code' "$PIN" "$AT"
	[ "$CODE" -eq 130 ]
	grep -qE '(^|[ ;])echo( |$)' err
	no grep -q simpleenroll est/log
}

@test "without a terminal: 77, and how to give a password or a name" {
	server
	ends 77 'no terminal.*password.*-P FILE' ugat-login -u ops -F "$PIN" "$AT"
	ends 77 'no terminal.*name.*-u USER' ugat-login -P password -F "$PIN" "$AT"
}

@test "a password from a file, standard input and a descriptor; no more than its line is read" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	{ setsid -w ugat-login -f -P - && cat >rest; } < <(printf 'correct horse\nrest\n')
	[ "$(cat rest)" = rest ]
	quiet ugat-login -f -P fd:9 9<password
	# As an editor elsewhere ends a line.
	printf '%s\r\n' "$(head -n 1 password)" >elsewhere
	chmod 600 elsewhere
	quiet ugat-login -f -P elsewhere
	printf 'correct horse' >password
	quiet ugat-login -f -P password
	chmod 644 password
	ends 0 'open to others .mode 0644.: chmod 600 password' ugat-login -f -P password
	quiet ugat-login -qf -P password
}

@test "a password that cannot be one is not sent" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	: >est/log
	echo short >p
	ends 65 'p: .*10 to 256 bytes' ugat-login -f -P p -q
	printf '%0257d\n' 0 >p
	ends 65 '10 to 256 bytes' ugat-login -f -P p -q
	printf '%0300d\n' 0 >p
	ends 65 'too long' ugat-login -f -P p -q
	printf 'correct\0horse\n' >p
	ends 65 'NUL' ugat-login -f -P p -q
	: >p
	ends 65 'empty' ugat-login -f -P p -q
	ends 66 'none: No such file' ugat-login -f -P none
	ends 66 'fd:77' ugat-login -f -P fd:77
	no grep -q simpleenroll est/log
}

@test "any bytes but controls may stand in a password" {
	server
	printf 'p:\303\244"\\ %%\377word\n' >p
	ends 0 'open to others' ugat-login -N -u bob -P p -F "$PIN" "$AT"
	[ "$(fact user)" = bob ]
}

@test "a wrong password: 77, and the old session stays" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	cp "$SESSION" before
	echo 'wrong battery' >password
	ends 77 "$AT: wrong user or password" ugat-login -f -P password
	cmp before "$SESSION"
}

@test "-N: a taken name is 77; an answer that is lost does no harm" {
	server
	ends 77 'the name is taken' ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	another lose=1
	(umask 077 && echo 'another horse' >wrong)
	ends 77 'the name is taken' ugat-login -N -u ops -P wrong -F "$PIN" "$AT"
	another lose=1
	quiet ugat-login -N -u bob -P password -F "$PIN" "$AT"
	[ "$(fact user)" = bob ]
	[ "$(requests | grep -c 'register bob')" -eq 2 ]
}

@test "-N: an account that is made, and a login that fails behind it, are told apart" {
	server only=simpleenroll status=429 words='too many'
	ends 75 'too many; the account is made: log in without -N' ugat-login -N -t 2 -u bob -P password -F "$PIN" "$AT"
	[ "$(requests | grep -c 'register bob')" -eq 1 ]
}

@test "ugat-passwd: two lines; the new password holds, a wrong old one is 77" {
	server
	printf 'correct horse\nbattery staple\n' >both
	quiet ugat-passwd -q -u ops -P both -F "$PIN" "$AT"
	ends 77 'wrong user or password' ugat-passwd -q -u ops -P both "$AT"
	ends 77 'wrong user or password' ugat-login "${AS[@]}" "$AT"
	echo 'battery staple' >password
	quiet ugat-login "${AS[@]}" "$AT"
	printf 'battery staple\nshort\n' >both
	ends 65 'both: .*10 to 256' ugat-passwd -q -P both
	echo 'one line alone' >one
	chmod 600 one
	ends 65 'one: no second line: the old password is the first, the new one the second$' ugat-passwd -q -P one
	ends 65 'password: no second line' ugat-passwd -q -P password
}

@test "ugat-passwd: who says that nothing was done has lost no answer, even when it hangs up behind that" {
	server full=1000
	printf 'correct horse\nbattery staple\n' >both
	chmod 600 both
	ends 75 'nothing was done' ugat-passwd -t 5 -u ops -P both -F "$PIN" "$AT"
	[ "$(requests | grep -c passwd)" -ge 2 ]
	[ "$(grep -c 'answer was lost' err)" -eq 0 ]
	another lose=1000
	ends 75 'an answer was lost, so the new password may hold already' ugat-passwd -t 4 -u ops -P both -F "$PIN" "$AT"
}

# ---- answers

@test "what is busy is asked again until it answers" {
	server busy=2 hangup=2
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	[ "$(grep -c '^connection' est/log)" -ge 3 ]
}

@test "who has no memory for a handshake is asked again until he has: never 76" {
	server alert=2
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	[ "$(grep -c '^connection' est/log)" -ge 3 ]
	another alert=1000
	rm "$SESSION"
	ends 75 "$AT: .*internal error.*try again later" ugat-login -t 2 "${AS[@]}" -F "$PIN" "$AT"
}

@test "busy at first, then silent: 75, the server is named, and what to do" {
	server hangup=1 answer=slow
	ends 75 "$AT: the login server was busy, then did not answer in time: .*-t" \
		ugat-login -t 4 "${AS[@]}" -F "$PIN" "$AT"
}

@test "what stays busy: 75 and its words, when the time is over" {
	server busy=1000
	SECONDS=0
	ends 75 'busy: too many logins at once' ugat-login -t 3 "${AS[@]}" -F "$PIN" "$AT"
	[ "$SECONDS" -le 15 ]
	another hangup=1000
	ends 75 'hangs up every time' ugat-login -t 6 "${AS[@]}" -F "$PIN" "$AT"
}

@test "an answer that is slow: 69 when the time is over" {
	server answer=slow
	SECONDS=0
	ends 69 'nothing answers there' ugat-login -t 2 "${AS[@]}" -F "$PIN" "$AT"
	[ "$SECONDS" -le 15 ]
}

@test "answers that are none: 76 each" {
	server answer=huge
	ends 76 'too large' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	for kind in cut html; do
		another answer=$kind
		ends 76 'no login server' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	done
	another answer=redirect
	ends 76 'sends us elsewhere' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	[ ! -e "$SESSION" ]
}

@test "what the server says is shown, whatever bytes it has" {
	server status=403 words=$'go\x1b[31m away\x07'
	ends 77 "$AT: go.\\[31m away\\?" ugat-login "${AS[@]}" -F "$PIN" "$AT"
	no grep -q $'\x1b' err
	another status=418
	ends 76 'HTTP 418' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	another status=500 words='disk full'
	ends 75 'disk full' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	another status=202
	ends 75 'approve' ugat-login "${AS[@]}" -F "$PIN" "$AT"
}

@test "a certificate for another user, another key, or by another authority is not kept" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	cp "$SESSION" before
	another user=mallory
	ends 76 'for mallory, not for ops' ugat-login -f -P password
	ends 76 'for mallory, not for ops' ugat-login -r
	another key=other
	ends 76 'for another key' ugat-login -f -P password
	another ca=other
	ends 76 'not signed by the authority' ugat-login -f -P password
	cmp before "$SESSION"
}

@test "a clock that is wrong: 77, and by how much" {
	server shift=10800
	ends 77 "the clock of this machine is 3 h behind that of $AT" ugat-login "${AS[@]}" -F "$PIN" "$AT"
	another shift=-90000
	ends 77 'the clock of this machine is 25 h ahead of' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	another shift=10800 date=no
	ends 77 'at least 3 h behind' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	[ ! -e "$SESSION" ]
}

@test "-F is held against a session that stands, too: another identity 77, no fingerprint 2" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	quiet ugat-login -F "$PIN" "$AT"
	ends 77 'the session is of a server with another identity than -F says' ugat-login -F sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "$AT"
	ends 2 'not a whole fingerprint' ugat-login -F sha256:AAAA "$AT"
}

@test "no such host, no such port: 69" {
	ends 69 'no such host' ugat-login "${AS[@]}" -F sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= no.such.host.invalid
	ends 69 'nothing answers there \(is authd at work\?\): Connection refused$' ugat-login "${AS[@]}" -F sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 127.0.0.1:1
	ends 69 'nothing answers there' ugat-login "${AS[@]}" -F sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= '[::1]:1'
}

# ---- where it is kept

@test "UGAT_SESSION=fd:N: the session is written into the descriptor, nothing beside it" {
	server
	UGAT_SESSION=fd:8 quiet ugat-login "${AS[@]}" -F "$PIN" "$AT" 8>session
	openssl x509 -in session -noout
	chmod 600 session
	UGAT_SESSION=fd:8 quiet ugat-login -sq 8<session
	[ ! -e "$STATE" ]
}

@test "a place that cannot be written is said before the password is asked for" {
	server
	: >file
	UGAT_SESSION=file/session ends 73 'set UGAT_SESSION' ugat-login "${AS[@]}" -F "$PIN" "$AT"
	[ ! -e est/log ]
}

@test "-L leaves a session from a server alone, and -f replaces it" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" "$AT"
	cp "$SESSION" before
	ends 0 "already logged in as ops at $AT" ugat-login -L
	cmp before "$SESSION"
	quiet ugat-login -Lf
	[ "$(fact server)" = local ]
	quiet ugat-login "${AS[@]}" "$AT"
	[ "$(fact server)" = "$AT" ]
}

@test "-o exports what was just got" {
	server
	quiet ugat-login "${AS[@]}" -F "$PIN" -o ssl "$AT"
	openssl verify -CAfile ssl/ca.pem ssl/cert.pem
	cmp <(openssl x509 -in est/ca.pem) ssl/ca.pem
}
