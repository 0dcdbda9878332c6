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

@test "get: at a terminal it asks once where to log in; Enter is this machine" {
	rm -rf home/.local
	run python3 "$person" -a "name: " '' -- ugat get nosuch.torrent
	[ "$status" -eq 66 ]
	[[ $output == *"[Enter] this machine only, or a server's name:"* ]]
	ugat-login -sq
	run python3 "$person" -a -- ugat get nosuch.torrent
	[[ $output != *Enter* ]]
}

@test "get: an answer that is no server's name ends it, and no session is made" {
	rm -rf home/.local
	run python3 "$person" -a "name: " -L -- ugat get nosuch.torrent
	[ "$status" -eq 2 ]
	run ! ugat-login -sq
}

@test "get: the question says what is wrong with a session that is there; ^D ends it with a word" {
	chmod 644 home/.local/state/ugat/session.pem
	run python3 "$person" -a "open to others" $'\x04' -- ugat get nosuch.torrent
	[ "$status" -eq 77 ]
	[[ $output == *'chmod 600'*'[Enter] this machine only'*'ugat: not logged in: run ugat-login'* ]]
}

@test "get: no torrent is typed at a terminal" {
	run python3 "$person" -a -- timeout 30 ugat get -
	[ "$status" -eq 2 ]
	[[ $output == *'ugat: get -: standard input is a terminal: '* ]]
}

@test "get: ^C ends a table and all that it shows" {
	export XDG_RUNTIME_DIR=$PWD
	cp "$torrent" a.torrent
	# The second one fails at once; the first waits for peers.
	run timeout -k 2 25 python3 "$person" -a 'loading' $'\x03' -- ugat get -j 2 -t 1m -d out a.torrent nosuch.torrent
	echo "$status $output"
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
