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

@test "help without man(1) falls back on the command's own" {
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/man
	chmod +x bin/man
	ln -s "$UGAT_BIN"/* bin/
	PATH=$PWD/bin:$PATH run -0 ./bin/ugat help pick
	[[ $output == *'usage: ugat-pick'* ]]
	PATH=$PWD/bin:$PATH run -0 ./bin/ugat help
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
	UGAT_SESSION=$PWD/none run -77 setsid -w ugat get -q "$torrent" </dev/null
	[[ $output == *ugat-login* ]]
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
