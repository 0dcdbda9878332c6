#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The front door. `ugat get` with real seeders is tests/flow/get.bats.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	vectors=$BATS_TEST_DIRNAME/../vectors/torrents
	torrent=$vectors/libtorrent/base.torrent
	person=$BATS_TEST_DIRNAME/../fake/person.py
	. "$BATS_TEST_DIRNAME/../session.bash"
	session_home "$BATS_TEST_TMPDIR/home"
}

@test "alone it prints a short map, and every command on it is there" {
	run -0 --separate-stderr ugat
	[ -z "$stderr" ]
	[ "${#lines[@]}" -le 24 ]
	for command in $(sed -n 's/^  ugat \([a-z]*\) .*/\1/p' <<<"$output"); do
		case $command in
		get | help) run -0 ugat "$command" -h ;;
		*) run -0 ugat "$command" -V && [[ $output == "ugat-$command "* ]] ;;
		esac
	done
}

@test "any other word is the command of that name, with its arguments and its exit code" {
	run -0 ugat parse -s "$torrent"
	[ "$output" = "$(ugat-parse -s "$torrent")" ]
	run -66 ugat parse nosuch.torrent
	run -2 ugat pick
}

@test "a word that is no command is a usage error, and nothing is run" {
	for word in frob /bin/ls ../bin/ls '' 'get get' -x; do
		run -2 --separate-stderr ugat "$word"
		[ -z "$output" ]
		[[ $stderr == "ugat: $word: no such "* ]]
	done
}

@test "a word one slip away from a command, or another program's word for it, is answered with the command" {
	local word
	for word in lgoin:login sned:send sendd:send pase:parse fetsh:fetch gte:get downlaod:get download:get recieve:recv; do
		run -2 ugat "${word%:*}"
		[ "$output" = "ugat: ${word%:*}: no such command; did you mean ugat ${word#*:}? ugat -h names them" ]
	done
	for word in frob nsed g 'g*' 'a\b' $'get\nx'; do
		run -2 ugat "$word"
		[[ $output != *'did you mean'* && $output == *'ugat -h names them' ]]
	done
}

@test "a torrent, a URL or a magnet link in place of a command: get is named" {
	run -2 ugat x.torrent
	[ "$output" = 'ugat: x.torrent: no such command; ugat get x.torrent downloads it' ]
	run -2 ugat "./a b.torrent"
	[[ $output == *'ugat get ./a b.torrent downloads it' ]]
	run -2 ugat https://www.example.org/x.torrent
	[[ $output == *'curl -L URL | ugat get - '* ]]
	run -2 ugat magnet:?xt=urn:btih:0
	[[ $output == *'no magnet links' ]]
}

@test "get, verify: an option behind a file is named, with the remedy; a file of that name is a file" {
	for line in 'get x.torrent -d out' 'get -q x.torrent y.torrent -d out' 'verify x.torrent -d out'; do
		# shellcheck disable=SC2086
		run -2 ugat $line
		[[ $output == 'ugat: -d: options stand before all else, here before x.torrent'*'usage: ugat '* ]]
	done
	run -66 ugat get -q -- nosuch.torrent -d
	echo nonsense >-d
	run -65 ugat get -q -- -d
	run -65 ugat get -q -d nosuch.torrent ./-d -d
	[ ! -e nosuch.torrent ]
}

@test "its commands lie beside it, wherever the path leads" {
	PATH=/usr/bin:/bin run -0 "$UGAT_BIN/ugat" parse -V
	[[ $output == ugat-parse* ]]
	ln -s "$UGAT_BIN/ugat" door
	run -0 ./door parse -V
}

@test "its commands lie beside it where a link leads, too, whatever CDPATH says" {
	mkdir links elsewhere elsewhere/links
	ln -s "$UGAT_BIN/ugat" links/ugat
	PATH=/usr/bin:/bin CDPATH=$PWD/elsewhere run -0 --separate-stderr links/ugat -- parse -V
	[[ $output == ugat-parse* ]] && [ -z "$stderr" ]
}

@test "help without man(1) falls back on the command's own" {
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/man
	chmod +x bin/man
	ln -s "$UGAT_BIN"/* bin/
	PATH=$PWD/bin:$PATH run -0 ./bin/ugat help pick
	[[ $output == *'usage: ugat-pick'* ]]
	PATH=$PWD/bin:$PATH run -0 ./bin/ugat help
	[[ $output == *'ugat get FILE.torrent'* ]]
	PATH=$PWD/bin:$PATH run -0 ./bin/ugat help get
	[[ $output == *'usage: ugat get'* ]]
	PATH=$PWD/bin:$PATH run -0 ./bin/ugat help help
	[[ $output == *'ugat get FILE.torrent'* ]]
}

@test "help opens the page of the command" {
	mkdir bin
	printf '#!/bin/sh\necho "page $*"\n' >bin/man
	chmod +x bin/man
	ln -s "$UGAT_BIN"/* bin/
	[ "$(PATH=$PWD/bin:$PATH ./bin/ugat help pick)" = 'page ugat-pick' ]
	[ "$(PATH=$PWD/bin:$PATH ./bin/ugat help authd)" = 'page authd' ]
	[ "$(PATH=$PWD/bin:$PATH ./bin/ugat help)" = 'page ugat' ]
}

@test "get: a usage error says what is wrong and how it goes" {
	run -2 ugat get
	[[ $output == *'which torrent?'*'usage: ugat get'* ]]
	run -2 ugat get -j 0 x.torrent
	[[ $output == *'-j 0: not a number'* ]]
	run -2 ugat get -Z x.torrent
	[[ $output == *'-Z: no such option'* ]]
	run -2 ugat get -d
	[[ $output == *'-d: its argument is missing'* ]]
}

@test "get: what fails first gives the code, and it is said once" {
	run -66 --separate-stderr ugat get -q nosuch.torrent
	[ "$stderr" = 'ugat-parse: nosuch.torrent: No such file or directory' ]
	echo nonsense >bad.torrent
	run -65 --separate-stderr ugat get -q bad.torrent
	[ "${#stderr_lines[@]}" -eq 1 ]
}

# once CODE WORDS COMMAND...: it exits so, and stderr begins with WORDS and has one message.
once() {
	local code=$1 words=$2

	shift 2
	run "-$code" --separate-stderr timeout 30 "$@" </dev/null
	[[ $stderr == "$words"* ]]
	[ "$(grep -c '^ugat' <<<"$stderr")" -eq 1 ]
}

@test "get: wrong options are said once, by one command, for however many torrents" {
	cp "$torrent" a.torrent
	for bad in '-D xyz' '-p 99999' '-i nosuch0'; do
		# shellcheck disable=SC2086
		once 2 "ugat-fetch: $bad: " ugat get $bad a.torrent a.torrent
		# shellcheck disable=SC2086
		once 2 "ugat-fetch: $bad: " ugat get -j 2 $bad a.torrent a.torrent
	done
}

@test "get: without standard input it reads files, without standard output it says so" {
	for shell in dash 'bash --posix'; do
		once 66 'ugat-parse: no.torrent: ' $shell "$UGAT_BIN/ugat" get no.torrent <&-
		once 66 'ugat-parse: no.torrent: ' $shell -c "exec $shell '$UGAT_BIN/ugat' get no.torrent <&-"
		once 74 'ugat: standard output is closed: ' $shell -c "exec $shell '$UGAT_BIN/ugat' get -j 2 no no >&-"
	done
}

@test "get: a file's name with blanks and quotes is one name" {
	cp "$torrent" "a 'b' \$c.torrent"
	run -66 --separate-stderr ugat get -q "no 'such' \$c.torrent"
	[[ $stderr == *"no 'such' \$c.torrent: No such"* ]]
	ugat verify -q -d "it's \$d" "a 'b' \$c.torrent" || [ $? -eq 1 ]
}

@test "get: control bytes in a file's name do not reach the terminal" {
	cp "$torrent" $'a\e[2J.torrent'
	run ! ugat get -j 2 $'no\e[2J' $'no\e[3J'
	[[ $output != *$'\e'* ]]
}

@test "get: without a session and a terminal nobody is asked, exit 77" {
	export UGAT_SESSION=$PWD/none
	for what in '' '-q' '-j 2'; do
		# shellcheck disable=SC2086
		once 77 'ugat: not logged in: no ' setsid -w ugat get $what "$torrent" nosuch.torrent
		[ -z "$output" ] && [[ $stderr == *ugat-login* ]]
	done
}

@test "get: without a session, what is no torrent has one cause, and nobody is asked to log in for it" {
	rm -rf home/.local
	echo nonsense >bad.torrent
	run -66 --separate-stderr setsid -w ugat get nosuch.torrent </dev/null
	[ "$stderr" = 'ugat-parse: nosuch.torrent: No such file or directory' ]
	run -65 --separate-stderr setsid -w ugat get bad.torrent </dev/null
	[ "${#stderr_lines[@]}" -eq 1 ]
	run -65 --separate-stderr setsid -w ugat get magnet:?xt=urn:btih:0 </dev/null
	[ "$stderr" = 'ugat-parse: magnet links are not supported: get the .torrent instead' ]
	run -66 timeout 30 python3 "$person" -a -- ugat get nosuch.torrent
	[[ $output == *'ugat-parse: nosuch.torrent: No such file or directory' && $output != *login* && $output != *logged* ]]
}

@test "get: a URL is answered with what downloads it" {
	run -66 --separate-stderr ugat get https://www.example.org/x.torrent
	[ "$stderr" = 'ugat: https://www.example.org/x.torrent: a URL: have it downloaded: curl -L URL | ugat get -' ]
	run -66 ugat get -j 2 https://www.example.org/x.torrent http://www.example.org/y
	[ "${#lines[@]}" -eq 2 ]
}

# A torrent, and no place for its files: a download that ends as soon as it has begun.
lonely() { # SCRIPT OF person.py...
	mkdir -p src && echo word >src/a && rm -f lonely.torrent && ugat-make -o lonely.torrent src
	run python3 "$person" -a "$@" -- ugat get -d lonely.torrent lonely.torrent
}

@test "get: at a terminal it asks once where to log in; Enter is this machine" {
	rm -rf home/.local
	lonely "name: " ''
	[[ $output == *"[Enter] this machine only, or a server's name:"* ]]
	[ "$(ugat-login -s | sed -n 's/^server	//p')" = local ]
	lonely
	[[ $output != *Enter* ]]
}

@test "get: where the site names its server, Enter is that one, and this machine has a word" {
	. "$BATS_TEST_DIRNAME/../flow/lib-ugat.bash"
	rm -rf home/.local
	cp -a /etc etc 2>/dev/null || :
	mkdir -p etc/ugat
	printf '# ours\n\n127.0.0.1:1 sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n' >etc/ugat/authd
	private etc
	cat >with-site <<-'SH'
		#!/bin/sh
		mount --bind etc /etc || exit 99
		"$@"; code=$?
		umount -l /etc
		exit $code
	SH
	chmod +x with-site
	person_there() { run "${enter[@]}" ./with-site python3 "$person" -a "$@" -- ugat get -d lonely.torrent lonely.torrent; }
	lonely "name: " -L
	person_there '[Enter] 127.0.0.1:1, "local" for this machine only, or' local
	[ "$(ugat-login -s | sed -n 's/^server	//p')" = local ]
	rm -rf home/.local
	person_there "name: " '' "User [" ann "Password of ann" "a password for ann"
	[[ $output == *127.0.0.1:1*'nothing answers'* ]]
}

@test "get: an answer that is no server's name ends it, and no session is made" {
	rm -rf home/.local
	lonely "name: " -L
	[ "$status" -eq 2 ]
	run ! ugat-login -sq
}

@test "get: the question says what is wrong with a session that is there; ^D ends it with a word" {
	chmod 644 home/.local/state/ugat/session.pem
	lonely "open to others" $'\x04'
	[ "$status" -eq 77 ]
	[[ $output == *'chmod 600'*'[Enter] this machine only'*'ugat: not logged in: run ugat-login'* ]]
}

@test "get: no torrent is typed at a terminal" {
	run python3 "$person" -a -- timeout 30 ugat get -
	[ "$status" -eq 2 ]
	[[ $output == *'ugat: get -: standard input is a terminal: '* ]]
}

@test "get: ^C at a terminal leaves a line: how far it came, and what goes on" {
	cp "$torrent" a.torrent
	TERM=xterm run timeout -k 2 25 python3 "$person" -a '%' $'\x03' -- ugat get -t 1m -d out a.torrent
	[[ $output == *'ugat-fetch: stopped at 0 %: run the same again, it goes on from there'* ]]
}

@test "get: ^C ends a table and all that it shows" {
	export XDG_RUNTIME_DIR=$PWD
	cp "$torrent" a.torrent
	# The second one fails at once; the first waits for peers.
	TERM=xterm run timeout -k 2 25 python3 "$person" -a 'loading' $'\x03' -- ugat get -j 2 -t 1m -d out a.torrent nosuch.torrent
	[ "$status" -eq 130 ] || [ "$status" -eq 254 ]
	[[ $output == *STATE* ]]
}

@test "verify: a torrent by name; without one it is the filter" {
	mkdir src
	seq 9999 >src/a
	ugat-make -o t.torrent src
	run -0 ugat verify t.torrent
	[[ $output == *src* ]]
	echo x >>src/a
	run -1 ugat verify t.torrent
	run -1 ugat verify -d nowhere t.torrent
	ugat-parse t.torrent | ugat verify | grep -q '^checked'
}
