#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ugat-login by itself: an authority of one's own, what is shown, what is exported. Servers that behave,
# and those that do not, are in tests/flow/login.bats.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir home
	export HOME=$PWD/home
	unset UGAT_SESSION XDG_STATE_HOME XDG_DATA_HOME
	session=$HOME/.local/state/ugat/session.pem
	data=$HOME/.local/share/ugat
}

# ends CODE PATTERN COMMAND...: it exits so and says so in one line, on stderr alone.
ends() {
	local code=$1 pattern=$2 got=0

	shift 2
	"$@" >out 2>err </dev/null || got=$?
	[ "$got" -eq "$code" ] || { echo "exit $got, not $code"; cat err; return 1; }
	[ ! -s out ] || { echo "on stdout:"; cat out; return 1; }
	[ "$(wc -l <err)" -eq 1 ] || { echo "not one line:"; cat err; return 1; }
	grep -q -- "$pattern" err || { echo "nobody said $pattern:"; cat err; return 1; }
}

# silent COMMAND...: it succeeds without a word.
silent() {
	"$@" >out 2>err </dev/null || { cat err; return 1; }
	[ ! -s out ] && [ ! -s err ]
}

# fact KEY: what -s says of it.
fact() {
	ugat-login -s | awk -F'\t' -v key="$1" '$1 == key { print $2 }'
}

@test "-L: one command, no question, a session that openssl reads" {
	silent setsid -w ugat-login -L
	[ "$(stat -c %a "$session")" = 600 ]
	openssl x509 -in "$session" -noout -checkend $((364 * 24 * 3600))
	! openssl x509 -in "$session" -noout -checkend $((366 * 24 * 3600)) >/dev/null || return 1
	openssl x509 -in "$session" -noout -ext subjectAltName | grep -q "URI:ugat:user:$(id -un), DNS:\*"
	openssl verify -CAfile "$data/ca.pem" "$session"
}

@test "-L: the authority is kept, its key for its owner alone" {
	silent ugat-login -L
	[ "$(stat -c %a "$data")" = 700 ]
	[ "$(stat -c %a "$data/ca.key")" = 600 ]
	cp "$data/ca.pem" before
	silent ugat-login -L -f
	cmp before "$data/ca.pem"
}

@test "-L: a second one changes nothing, -f and another name do" {
	silent ugat-login -L
	cp "$session" one
	silent ugat-login -L
	cmp one "$session"
	silent ugat-login
	cmp one "$session"
	silent ugat-login -Lf
	run ! cmp -s one "$session"
	silent ugat-login -L -u somebody
	[ "$(fact user)" = somebody ]
	silent ugat-login -r
	[ "$(fact user)" = somebody ]
}

@test "-r signs a session of one's own anew" {
	silent ugat-login -L
	before=$(fact serial)
	silent ugat-login -r
	[ "$before" != "$(fact serial)" ]
	[ "$(fact server)" = local ]
}

@test "-s: facts a program can read, times in Unix seconds" {
	now=$(date +%s)
	silent ugat-login -L -u ops
	[ "$(fact user)" = ops ]
	[ "$(fact file)" = "$session" ]
	[ "$(fact until)" -ge $((now + 365 * 24 * 3600)) ]
	[ "$(fact until)" -le $((now + 365 * 24 * 3600 + 5)) ]
	# The same for whoever reads it.
	[ "$(ugat-login -s | sed -n 's/^until	[0-9]*	//p')" = "$(date -u -d "@$(fact until)" +%FT%TZ)" ]
	[ "$(fact serial)" = "$(openssl x509 -in "$session" -noout -serial | sed 's/.*=0*//' | tr A-F a-f)" ]
	silent ugat-login -sq
}

@test "-s: a table on a terminal" {
	silent ugat-login -L -u ops
	TZ=UTC run python3 "$BATS_TEST_DIRNAME/../flow/onpty.py" -o 0 ugat-login -s
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'user      ops' ]]
	[[ $output =~ until\ +[0-9-]+\ [0-9:]+\ UTC,\ in\ 36[45]d ]]
}

@test "-s names the pin of the authority, which another person's -F takes" {
	silent ugat-login -L
	pin=$(openssl x509 -in "$HOME/.local/share/ugat/ca.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
		openssl dgst -sha256 -binary | openssl base64)
	[ "$(fact authority)" = "sha256:$pin" ]
}

@test "-s: without a session 77, and what to do" {
	ends 77 'not logged in: run ugat-login' ugat-login -s
	silent ugat-login -L
	chmod 640 "$session"
	ends 77 "chmod 600 $session" ugat-login -s
}

@test "-o exports three files that fit, and overwrites only with -f" {
	silent ugat-login -L
	silent ugat-login -o ssl
	[ "$(stat -c '%a %n' ssl ssl/*)" = $'700 ssl\n644 ssl/ca.pem\n644 ssl/cert.pem\n600 ssl/key.pem' ]
	openssl verify -CAfile ssl/ca.pem ssl/cert.pem
	[ "$(openssl pkey -in ssl/key.pem -pubout)" = "$(openssl x509 -in ssl/cert.pem -noout -pubkey)" ]
	rm ssl/key.pem
	ends 73 'ssl/cert.pem is there already: -f' ugat-login -o ssl
	[ ! -e ssl/key.pem ]
	silent ugat-login -sqf -o ssl
	[ "$(stat -c %a ssl/key.pem)" = 600 ]
	[ -z "$(find ssl -name '.*.new')" ]
}

@test "-L: eight at once make one authority" {
	for i in 1 2 3 4 5 6 7 8; do
		UGAT_SESSION=$PWD/s$i ugat-login -L 2>>err &
	done
	wait
	[ ! -s err ]
	for i in 1 2 3 4 5 6 7 8; do
		openssl verify -CAfile "$data/ca.pem" "s$i"
	done
}

@test "-L: an authority's key that others may read, or that is none, is named and left alone" {
	silent ugat-login -L
	chmod 644 "$data/ca.key"
	ends 77 "$data/ca.key: not a file of yours with mode 0600" ugat-login -Lf
	chmod 600 "$data/ca.key"
	echo nonsense >"$data/ca.key"
	ends 77 "$data/ca.key: no private key" ugat-login -Lf
	[ "$(cat "$data/ca.key")" = nonsense ]
}

@test "-L: the authority's certificate is made anew from its key" {
	silent ugat-login -L
	openssl x509 -in "$data/ca.pem" -noout -pubkey >before
	rm "$data/ca.pem"
	silent ugat-login -Lf
	openssl x509 -in "$data/ca.pem" -noout -pubkey | cmp before -
	openssl verify -CAfile "$data/ca.pem" "$session"
}

@test "what a login that was killed left behind goes with the next one; what is another's stays" {
	silent ugat-login -L
	dead=$(sh -c 'echo $$')
	for file in "$session" "$session.crl" "$data/.ca.pem" "$data/.ca.key"; do echo secret >"$file.$dead.new"; done
	ln "$session.$dead.new" kept
	stay=("$session.$$.new" "$session.new" "$session.x.new" "$session.$dead.old" "$session.$dead.new.$dead.new")
	for file in "${stay[@]}"; do echo stays >"$file"; done
	ln -s "$session.x.new" "$session.0$dead.new"
	silent ugat-login -L -f
	[ ! -e "$session.$dead.new" ]
	[ "$(cat kept)" = secret ]
	rm "$data/ca.pem" && silent ugat-login -L -f
	[ ! -e "$data/.ca.pem.$dead.new" ]
	[ -L "$session.0$dead.new" ]
	for file in "${stay[@]}"; do [ "$(cat "$file")" = stays ]; done
	if [ "$(id -u)" -eq 0 ]; then
		echo x >"$session.$dead.new" && chown 1 "$session.$dead.new"
		silent ugat-login -L -f
		[ -e "$session.$dead.new" ]
		rm "$session.$dead.new"
	fi
	# Logging out leaves no key there, either.
	echo secret >"$session.$dead.new"
	silent ugat-logout
	[ ! -e "$session.$dead.new" ] && [ ! -e "$session.crl.$dead.new" ]
}

@test "UGAT_SESSION: another file, and a descriptor" {
	UGAT_SESSION=$PWD/deep/er/here silent ugat-login -L
	[ "$(stat -c %a deep deep/er/here)" = $'700\n600' ]
	UGAT_SESSION=fd:7 silent ugat-login -L 7>by-fd
	openssl x509 -in by-fd -noout
	chmod 600 by-fd
	UGAT_SESSION=fd:7 silent ugat-login -sq 7<by-fd
	[ ! -e "$session" ]
}

@test "no place to write: 73 and what to set" {
	: >file
	UGAT_SESSION=$PWD/file/session ends 73 'set UGAT_SESSION' ugat-login -L
	XDG_DATA_HOME=$PWD/file ends 73 'set XDG_DATA_HOME' ugat-login -L
	rm -r home
	UGAT_SESSION=/proc/none/session ends 73 'set UGAT_SESSION' ugat-login -L
}

@test "without HOME the accounts of the machine know it" {
	UGAT_SESSION=$PWD/s XDG_DATA_HOME=$PWD/data silent env -u HOME ugat-login -L
	openssl verify -CAfile data/ugat/ca.pem s
}

@test "usage: what does not go together is 2" {
	for words in '-rs' '-rL' '-sL' '-Nr' '-I x' '-L host' '-L -F x' '-s host' 'a b' '-t 0' '-N -I - -P -' '-L -P file'; do
		rc=0
		# shellcheck disable=SC2086
		ugat-login $words >out 2>err </dev/null || rc=$?
		[ "$rc" -eq 2 ] || { echo "$words: $rc"; return 1; }
		grep -q '^usage: ugat-login' err
	done
	for words in '-u Ops' '-u 9' '-u ../x' 'host:0' 'host:99999' '-u ops [::1' '-u ops ho/st' '-F sha256:short host'; do
		# shellcheck disable=SC2086
		ends 2 expected\\\|name ugat-login $words
	done
}

@test "nobody to log in at: 77, and both ways out" {
	ends 77 'name it as HOST.*ugat-login -L' ugat-login
	ends 77 'ugat-login' ugat-login -r
}

@test "a session that is refused is what a login without a server speaks of" {
	silent ugat-login -L
	chmod 640 "$session"
	ends 77 "open to others (mode 0640): chmod 600.*HOST" ugat-login
	printf 'junk\n' >"$session" && chmod 600 "$session"
	ends 77 "$session.*no private key.*HOST" ugat-login
	silent ugat-login -L
	sed -i 's/^server: .*/server: 127.0.0.1:99999/' "$session"
	ends 77 '127.0.0.1:99999: name it as HOST' ugat-login -r
}

@test "no core dumps: a process that holds a key cannot be looked into" {
	mkfifo pw
	UGAT_SESSION=fd:7 ugat-login -s 7<pw >/dev/null 2>&1 &
	pid=$!
	exec 8>pw
	for _ in {1..1000}; do
		grep -q '^Max core file size  *0 *0' "/proc/$pid/limits" && break
		sleep 0.02
	done
	grep '^Max core file size  *0 *0' "/proc/$pid/limits"
	exec 8>&-
	wait "$pid" || :
}
