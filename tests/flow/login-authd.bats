#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-login, ugat-passwd and ugat-logout with a real authd.
# shellcheck source=lib-login.bash
. "$BATS_TEST_DIRNAME/lib-login.bash"

# authd_up [OPTION...]: authd with a cheap scrypt; AT is where it is, PIN its identity.
authd_up() {
	rm -f authd.err
	spawn authd authd -d vault -p 0 -S 10 "$@"
	wait_for 20 grep -qs ' event=ready ' authd.err || { show authd.err; return 1; }
	AT=$(sed -n 's/.* event=ready listen=\([^ ]*\) .*/\1/p' authd.err)
	PIN=$(sed -n 's/.* event=ready .*fingerprint=//p' authd.err)
}

# again [OPTION...]: authd ends and comes back at the same place.
again() {
	end_pid "$(cat authd.pid)"
	authd_up -p "${AT##*:}" "$@"
}

@test "register, log in, renew, log out: each one command" {
	authd_up -N open
	quiet ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	[ "$(fact user)" = ops ]
	openssl verify -CAfile vault/ca.pem "$SESSION"
	one=$(fact serial)
	quiet ugat-login -r
	[ "$one" != "$(fact serial)" ]
	authctl -d vault sessions | grep -q "$one"
	[ "$(fact list)" -gt "$(date +%s)" ]
	quiet ugat-logout
	ends 77 'not logged in' ugat-login -s
	quiet ugat-login "${AS[@]}" "$AT"
}

@test "nothing is sent while more than half the life is left, wherever authd is" {
	authd_up -N open
	quiet ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	end_pid "$(cat authd.pid)"
	quiet ugat-login
	quiet ugat-login -sq
	ends 69 'nothing answers' ugat-login -r
}

@test "an invite opens the door once; without one the words are authd's" {
	authd_up -N invite
	ends 77 "$AT: .*invite" ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	authctl -d vault invite >invite
	quiet ugat-login -N -I invite "${AS[@]}" -F "$PIN" "$AT"
	[ "$(fact user)" = ops ]
	ends 77 "$AT: " ugat-login -N -I invite -u bob -P password
	again -N closed
	authctl -d vault invite >invite || :
	ends 77 "$AT: " ugat-login -N -I invite -u bob -P password
}

@test "a taken name, a wrong password, an unknown user: 77 and one line each" {
	authd_up -N open
	quiet ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	ends 77 'taken' ugat-login -N "${AS[@]}"
	(umask 077 && echo 'wrong battery' >wrong)
	ends 77 'wrong user or password' ugat-login -f -P wrong
	ends 77 'wrong user or password' ugat-login -u nobody -P password
	quiet ugat-login -sq
}

@test "ugat-passwd: the new password holds, sessions stay" {
	authd_up -N open
	quiet ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	(umask 077 && printf 'correct horse\nbattery staple\n' >both && echo 'battery staple' >new)
	quiet ugat-passwd -P both
	ends 77 'wrong user or password' ugat-passwd -P both
	ends 77 'wrong user or password' ugat-login -f -P password
	quiet ugat-login -r
	quiet ugat-login -f -P new
}

@test "revoked: the next look at the list says so, and no renewal helps, but a password does" {
	authd_up -N open
	quiet ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	quiet authctl -q -d vault revoke ops
	wait_for 10 revoked_by_list
	ends 77 revoked ugat-login -s -q
	ends 77 'revoked.*log in again' ugat-login -r
	wait_for 5 ugat-login -q -P password
	quiet ugat-login -sq
}

revoked_by_list() {
	no ugat-login -sfq 2>/dev/null
}

# expired DAYS: a session of ops that ended so long ago, signed by authd's own key.
expired() {
	rm -rf minted ops.*
	(
		# shellcheck source=../cmd/mint.bash
		. "$BATS_TEST_DIRNAME/../cmd/mint.bash"
		mint_ca minted && cp vault/ca.key vault/ca.pem minted/ &&
			mint "$SESSION" minted ops $((-$1 * 86400 - 43200)) $((-$1 * 86400)) "$AT"
	)
}

@test "an expired session is renewed without a password for 7 days, and then not" {
	authd_up -N open
	quiet ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	sqlite3 vault/authd.db 'UPDATE accounts SET created_s = created_s - 864000'
	expired 6
	ends 77 expired ugat-login -s -q
	quiet ugat-login
	quiet ugat-login -sq
	expired 8
	ends 77 'no terminal' ugat-login
	ends 77 'nothing to renew: .*expired' ugat-login -r
	quiet ugat-login -P password
}

@test "-sf and -r while authd is down: 69, and what is there stays" {
	authd_up -N open
	quiet ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	cp "$SESSION" before
	end_pid "$(cat authd.pid)"
	ends 69 'nothing answers' ugat-login -sfq
	ends 69 'nothing answers' ugat-login -rq
	cmp before "$SESSION"
}

@test "fifty machines behind one address log in with one account" {
	authd_up -N open
	quiet ugat-login -N "${AS[@]}" -F "$PIN" "$AT"
	runs=()
	for i in {1..50}; do
		UGAT_SESSION=$PWD/machines/$i/session.pem ugat-login -t 120 "${AS[@]}" -F "$PIN" "$AT" 2>>err &
		runs+=($!)
	done
	for pid in "${runs[@]}"; do
		wait "$pid" || { show err; return 1; }
	done
	[ ! -s err ]
	[ "$(cat machines/*/session.pem | grep -c '^-----BEGIN CERTIFICATE')" -ge 100 ]
	[ "$(for i in {1..50}; do openssl x509 -in "machines/$i/session.pem" -noout -serial; done | sort -u | wc -l)" -eq 50 ]
}
