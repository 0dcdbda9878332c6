#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The door: what counts as a session for ugat-announce and ugat-fetch, and that nothing leaves without one.
# The session files are the work of the openssl command (mint.bash), so they are a second source; ugat-login
# and authd have tests of their own.

bats_require_minimum_version 1.5.0

# shellcheck source=door.bash
. "$BATS_TEST_DIRNAME/door.bash" # its setup, too

# one_line COMMAND WORDS: its only words, in `err`, hold WORDS; its output in `out` is one fail! record.
one_line() {
	if [[ $(<err) != "$1: "*"$2"* ]] || [ "$(wc -l <err)" -ne 1 ]; then
		echo "not one line with: $2" >&2
		show err
		return 1
	fi
	[[ $(<out) == "fail!	77	$1	"*"$2"* ]] && [ "$(wc -l <out)" -eq 1 ]
}

# refused WORDS [PREFIX...]: both commands, run behind PREFIX, end with 77, say so once, and nobody hears of
# them. ugat-fetch is told to listen where the bystander does: had it tried, it would say 75.
refused() {
	local words=$1 command code before

	shift
	before=$(heard)
	rm -rf out.d
	for command in "ugat-announce -1" "ugat-fetch -d out.d -p $EAR"; do
		code=0
		# shellcheck disable=SC2086
		"$@" timeout 10 $command <records >out 2>err 3>&- || code=$?
		[ "$code" -eq 77 ] || { echo "$command: $code" >&2; show err; return 1; }
		one_line "${command%% *}" "$words" || return
	done
	[ ! -e out.d ] && [ "$(heard)" -eq "$before" ]
}

# taken [PREFIX...]: the session counts: the tracker is asked, the peer is called.
taken() {
	local tcp udp limit

	tcp=$(heard tcp) udp=$(heard udp)
	for limit in 0.3 1 3 10; do
		"$@" timeout $limit ugat-announce <records >out 2>err 3>&- || :
		"$@" timeout $limit ugat-fetch -d out.d <records >out 2>>err 3>&- || :
		[ "$(heard udp)" -le "$udp" ] || [ "$(heard tcp)" -le "$tcp" ] || return 0
	done
	show err
	return 1
}

as_root() {
	[ "$(id -u)" -eq 0 ]
}

# ---- the file

@test "a session file of openssl's making opens the door" {
	cp good.pem s.pem
	taken
}

@test "without a session: exit 77, not logged in, not a packet" {
	unset UGAT_SESSION
	refused 'not logged in: run ugat-login'
	XDG_STATE_HOME=$PWD/state refused 'not logged in: run ugat-login'
	UGAT_SESSION=$PWD/none refused "not logged in: no $PWD/none"
}

@test "in a pipe there is one cause, one message and one code" {
	rm -f s.pem
	pipeline "cat records | ugat-announce | ugat-pick a\ name | ugat-fetch -d out.d"
	[[ $CODES == *' 77 77 77' ]]
	[ "$(cat fetch.err)" = "ugat-announce: not logged in: no $PWD/s.pem (UGAT_SESSION): run ugat-login" ]
	pipeline "ugat-fetch -d out.d <records"
	[ "$CODES" = 77 ]
	[ "$(wc -l <fetch.err)" -eq 1 ]
	no grep -q heard ear.out
}

@test "ugat-parse, ugat-pick and ugat-json ask for none" {
	rm -f s.pem
	ugat-pick 0 <records >out
	cmp out records
	ugat-json <records >out
	ugat-parse -s "$BATS_TEST_DIRNAME/../vectors/torrents/libtorrent/base.torrent" >out
}

@test "what others can open is refused with the chmod that mends it" {
	cp good.pem s.pem
	for mode in 0640 0604 0620 0601 0440; do
		chmod $mode s.pem
		refused "$PWD/s.pem is open to others (mode $mode): chmod 600 $PWD/s.pem"
	done
	chmod 600 s.pem
	taken
	chmod 400 s.pem
	taken
}

@test "a symbolic link, a FIFO, a directory, an empty and a huge file are refused" {
	ln -s good.pem s.pem
	refused "$PWD/s.pem is a symbolic link"
	rm s.pem && mkfifo -m 600 s.pem
	refused "$PWD/s.pem is a FIFO"
	rm s.pem && mkdir -m 700 s.pem
	refused "$PWD/s.pem is a directory"
	rmdir s.pem && (umask 077 && : >s.pem)
	refused "$PWD/s.pem is empty: run ugat-login"
	{ cat good.pem && head -c 65536 /dev/zero | tr '\0' '#'; } >s.pem
	refused "$PWD/s.pem is too large for a session file"
}

@test "a file of another user's is refused, root's is not" {
	as_root || return 0
	cp good.pem s.pem
	chown 12345 s.pem
	refused "$PWD/s.pem belongs to user 12345"
	# Who may not open it hears of that; who has been given it reads it.
	chown 0 s.pem
	chmod 400 s.pem
	fd_session() { setpriv --reuid 65534 --clear-groups env UGAT_SESSION=fd:9 "$UGAT_BIN/ugat-announce" -1 -t 1 9<s.pem; }
	run -69 --separate-stderr fd_session <records
}

@test "a damaged file: each says what it lacks" {
	head -c 700 good.pem >s.pem && chmod 600 s.pem
	refused "$PWD/s.pem: "
	assemble s.pem ops.crt ops.crt site/ca.pem
	refused "$PWD/s.pem: it holds"
	assemble s.pem ops.key site/ca.pem /dev/null
	refused "$PWD/s.pem: the authority's certificate is missing: run ugat-login"
	assemble s.pem /dev/null ops.crt site/ca.pem
	refused "$PWD/s.pem: it holds no private key: run ugat-login"
	openssl pkcs8 -topk8 -in ops.key -passout pass:x -out locked.key
	assemble s.pem locked.key ops.crt site/ca.pem
	refused "$PWD/s.pem: its private key has a passphrase: run ugat-login"
	sed 's/^M/x/' good.pem >s.pem
	refused "$PWD/s.pem: it"
	head -c 2000 /dev/urandom >s.pem
	refused "$PWD/s.pem: it holds no private key"
}

@test "a key that does not fit, another authority, no name, half a purpose" {
	mint_key another.key
	assemble s.pem another.key ops.crt site/ca.pem
	refused "$PWD/s.pem: the private key does not fit the certificate: run ugat-login"
	assemble s.pem ops.key ops.crt other/ca.pem
	refused "$PWD/s.pem: its certificate is not signed by the authority beside it"
	SAN="DNS:*" mint s.pem site nobody -300 3600
	refused "$PWD/s.pem: its certificate names no user"
	SAN=URI:ugat:user:Root mint s.pem site nobody -300 3600
	refused "$PWD/s.pem: its certificate names no user"
	SAN=URI:ugat:user:a,URI:ugat:user:b mint s.pem site nobody -300 3600
	refused "$PWD/s.pem: its certificate names no user"
	USAGE=clientAuth mint s.pem site nobody -300 3600
	refused "$PWD/s.pem: its certificate names no user (ugat:user:NAME) or is not for peers"
	assemble s.pem site/ca.key site/ca.pem site/ca.pem
	refused "$PWD/s.pem: "
}

@test "expired and future sessions: by how much is said" {
	mint s.pem site ops -20000 -11100
	refused 'the session of ops expired 3h05 ago: run ugat-login'
	mint s.pem site ops 7530 20000 auth.example.org:65431
	refused "the session of ops begins in 2h05: the clock here is slow by at least that, or auth.example.org:65431's was fast"
}

# ---- the list of the revoked

@test "a session that stands in the list is revoked, an old list proves it, too" {
	mint s.pem site ops -300 3600 auth.example.org:65431
	mint_list s.pem.crl site 1
	taken
	mint_list s.pem.crl site 1 ops.crt
	refused 'the session of ops was revoked 0:0'
	mint_list s.pem.crl site -1
	refused 'ask who runs auth.example.org:65431, then run ugat-login'
}

@test "an unsafe, foreign or damaged list is ignored" {
	cp good.pem s.pem
	mint_list real site 1 ops.crt
	cp real s.pem.crl
	chmod 620 s.pem.crl
	taken
	mv s.pem.crl linked && chmod 600 linked && ln -s linked s.pem.crl
	taken
	rm s.pem.crl && mkfifo -m 600 s.pem.crl
	taken
	rm s.pem.crl && head -c 100 real >s.pem.crl
	taken
	mint_list s.pem.crl other 1 ops.crt
	taken
	cp real s.pem.crl && chmod 600 s.pem.crl
	refused 'was revoked'
}

# ---- the site's rule

@test "/etc/ugat/ca.pem is the anchor where it is there" {
	as_root || return 0
	cp good.pem s.pem
	site site/ca.pem true
	taken site site/ca.pem
	refused 'is not from the authority in /etc/ugat/ca.pem' site other/ca.pem
	# Both, as while an authority is replaced.
	cat other/ca.pem site/ca.pem >both.pem
	taken site both.pem
	# A certificate that its own file would not vouch for.
	assemble s.pem ops.key ops.crt other/ca.pem
	taken site site/ca.pem
	mint_list s.pem.crl site 1 ops.crt
	refused 'was revoked' site site/ca.pem
}

@test "a rule that others can write, or that cannot be read, lets nobody pass" {
	as_root || return 0
	cp good.pem s.pem
	cp site/ca.pem rule.pem
	chmod 664 rule.pem
	refused '/etc/ugat/ca.pem: others than root can write it: chown root /etc/ugat/ca.pem; chmod 644 /etc/ugat/ca.pem' site rule.pem
	chmod 644 rule.pem && chown 12345 rule.pem
	refused '/etc/ugat/ca.pem: others than root can write it' site rule.pem
	echo nonsense >broken.pem
	refused '/etc/ugat/ca.pem: no certificate in it' site broken.pem
}

# ---- places

@test "a descriptor: two programs of a pipe share it" {
	cp good.pem secret.pem
	exec 7<secret.pem
	export UGAT_SESSION=fd:7
	taken
	pipeline "ugat-announce -1 -t 1 <records | ugat-fetch -d out.d"
	[ "$CODES" = '69 69' ]
	chmod 640 secret.pem
	refused 'the file of fd:7 is open to others (mode 0640): chmod 600 it'
	exec 7<&-
	refused 'UGAT_SESSION=fd:7: no open descriptor: give it to the command with 7<FILE'
	UGAT_SESSION=fd:seven refused 'UGAT_SESSION=fd:seven: fd:N or a path expected'
}

@test "a descriptor of a pipe" {
	UGAT_SESSION=fd:7 run -69 ugat-announce -1 -t 1 7< <(cat good.pem) <records
}

@test "no HOME: the accounts are asked; no account: what to set is said" {
	as_root || return 0
	unset UGAT_SESSION
	nobody() { setpriv --reuid "$1" --clear-groups env -u HOME "$UGAT_BIN/ugat-announce" <records; }
	run -77 --separate-stderr nobody 54321
	[ "$stderr" = 'ugat-announce: no home directory to look for a session in: set HOME, or UGAT_SESSION to the session file' ]
	run -77 --separate-stderr nobody 65534
	[ "$stderr" = 'ugat-announce: not logged in: run ugat-login' ]
}

@test "a read-only place is enough" {
	as_root || return 0
	mkdir shut
	private shut
	cp good.pem s.pem
	chmod 400 s.pem
	run -69 "${enter[@]}" sh -c '
		mount -t tmpfs none shut && cp -p s.pem shut/ && mount -o remount,ro shut || exit 99
		UGAT_SESSION=shut/s.pem timeout 10 ugat-announce -1 -t 1 <records; code=$?
		umount shut; exit $code'
}
