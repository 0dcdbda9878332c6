#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The completions, asked the way the shells ask them. That every option is offered is tests/lint/options.sh's.

setup() {
	completions=$BATS_TEST_DIRNAME/../../completions
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p folder
	: >'one two.torrent'
	: >other.txt
}

in_bash() { # words of the command line, the last to be completed
	bash --norc -c '
		. "$0/ugat.bash"
		set -o history
		history -s "tar c d | ugat-send ops@far.example -"
		history -s "ssh root@elsewhere"
		history -s "ugat recv -c lab@near.example:7000"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$* COMP_POINT=${#COMP_LINE}
		_ugat "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' "$completions" "$@"
}

in_fish() { # command line
	fish --no-config -c 'set fish_complete_path $argv[1]; complete -C $argv[2]' "$completions" "$1" | cut -f1
}

# A command line and what it becomes, in a real line editor that remembers some lines.
in_zsh() {
	cat >drive.zsh <<-'ZSH'
		zmodload zsh/zpty
		zpty shell "TERM=dumb zsh -fi"
		zpty -w shell "PS1= PROMPT_EOL_MARK=; HISTSIZE=99; fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u; bindkey '^I' complete-word; print -s 'tar c d | ugat-send ops@far.example -'; print -s 'ssh root@elsewhere'; print -s 'ugat recv -c lab@near.example:7000'; print re''ady"
		zpty -r shell said '*ready*' || exit 1
		zpty -w -n shell "$2"$'\t'
		zpty -r shell said "*$3*" || exit 1
		print -- completed
	ZSH
	timeout 60 zsh -f drive.zsh "$completions" "$1" "$2" | tail -n 1
}

@test "zsh: people and users are those that were called" {
	[ "$(in_zsh 'ugat-send lab@' 'near.example*7000 ')" = completed ]
	[ "$(in_zsh 'ugat send op' 'ops@far.example ')" = completed ]
	[ "$(in_zsh 'ugat-recv -c lab' 'lab@near.example*7000 ')" = completed ]
	[ "$(in_zsh 'ugat-recv -u op' 'ops ')" = completed ]
	[ "$(in_zsh 'ugat get one' 'two.torrent ')" = completed ]
}

@test "bash: ugat-parse offers torrents and directories" {
	run in_bash ugat-parse ''
	[ "$(sort <<<"$output")" = $'folder\none two.torrent' ]
}

@test "bash: an option that takes a directory offers directories only" {
	run in_bash ugat-fetch -d ''
	[ "$output" = folder ]
}

@test "bash: ugat-make offers every file, and for -o too" {
	run in_bash ugat-make o
	[ "$(sort <<<"$output")" = $'one two.torrent\nother.txt' ]
	run in_bash ugat-make -o o
	[ "$(sort <<<"$output")" = $'one two.torrent\nother.txt' ]
}

@test "bash: an option that takes a number offers nothing" {
	run in_bash ugat-fetch -p ''
	[ -z "$output" ]
	run in_bash ugat-fetch -fp ''
	[ -z "$output" ]
}

@test "bash: an option that takes an interface knows the loopback" {
	run in_bash ugat-announce -i l
	[[ $output == *lo* ]]
}

@test "bash: ugat-send offers hosts first, then files; with -l files at once" {
	printf '127.0.0.1 lab-host\n' >hosts
	export HOSTFILE=$PWD/hosts
	run in_bash ugat-send lab-
	[[ $output == *lab-host* ]]
	run in_bash ugat-send lab@lab-
	[[ $output == *lab@lab-host* ]]
	run in_bash ugat-send -t 5 lab@lab-host o
	[ "$(sort <<<"$output")" = $'one two.torrent\nother.txt' ]
	run in_bash ugat-send -lu lab o
	[ "$(sort <<<"$output")" = $'one two.torrent\nother.txt' ]
}

@test "bash: people and users are those that were called, and oneself; no one else" {
	[ "$(in_bash ugat-send la)" = lab@near.example:7000 ]
	[ "$(in_bash ugat-send '' | head -n 2)" = $'lab@near.example:7000\nops@far.example' ]
	run in_bash ugat-send root@
	[[ $output != *elsewhere* ]]
	[ "$(in_bash ugat-recv -c ops@f)" = ops@far.example ]
	[ "$(in_bash ugat-recv -u o)" = ops ]
	. "$BATS_TEST_DIRNAME/../session.bash"
	session_home "$BATS_TEST_TMPDIR/home"
	me=$(ugat-login -s | sed -n 's/^user	//p')
	[ -n "$me" ]
	in_bash ugat-recv -u "${me:0:2}" | grep -qx "$me"
}

@test "bash, zsh, fish: servers are those that were logged in at" {
	mkdir -p state/ugat
	printf '# the old one\nauth.example.org:7777 sha256:x\n' >state/ugat/authd
	export XDG_STATE_HOME=$PWD/state
	[ "$(in_bash ugat-login auth.ex)" = auth.example.org:7777 ]
	[ "$(in_fish 'ugat-login auth.ex')" = auth.example.org:7777 ]
	[ "$(in_fish 'ugat-passwd auth.ex')" = auth.example.org:7777 ]
	[ "$(in_zsh 'ugat-login auth.ex' 'auth.example.org*7777 ')" = completed ]
}

# A run that ugat-stat knows: a failed download leaves its status file behind.
a_run() {
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run HOME=$BATS_TEST_TMPDIR/home
	. "$BATS_TEST_DIRNAME/../session.bash"
	session_home "$HOME"
	mkdir -m 700 "$XDG_RUNTIME_DIR"
	ugat-parse "$BATS_TEST_DIRNAME/../vectors/torrents/libtorrent/base.torrent" >records
	ugat-fetch -q -t 1s -d out <records >/dev/null 2>&1 || [ $? -eq 75 ]
	HASH=$(awk -F'\t' '$1 == "torrent" { print $2 }' records)
	ugat-stat "$HASH" | grep -q "	btih=$HASH"
}

@test "bash, zsh, fish: ugat-stat offers the info-hashes of the runs" {
	a_run
	[ "$(in_bash ugat-stat "${HASH:0:8}")" = "$HASH" ]
	[ "$(in_fish "ugat-stat ${HASH:0:8}")" = "$HASH" ]
	[ "$(in_fish "ugat stat ${HASH:0:8}")" = "$HASH" ]
	[ "$(in_zsh "ugat-stat ${HASH:0:8}" "$HASH ")" = completed ]
}

@test "bash, zsh, fish: authctl offers its accounts and sessions where it may see them" {
	mkdir bin
	cat >bin/authctl <<-'SH'
		#!/bin/sh
		[ "$1 $2" = '-d vault' ] && shift 2 && case $1 in
		users) printf 'lab\t1\t2\t3\nops\t1\t2\t3\n' ;;
		sessions) printf '0a1b\tlab\t1\t2\t-\tvalid\n' ;;
		esac
	SH
	chmod +x bin/authctl
	PATH=$PWD/bin:$PATH
	[ "$(in_bash authctl -d vault passwd '')" = $'lab\nops' ]
	[ "$(in_bash authctl -d vault revoke o)" = ops ]
	[ "$(in_bash authctl -d vault revoke -s 0)" = 0a1b ]
	[ "$(in_bash authctl revoke -)" = $'-s\n--help\n--version' ]
	[ "$(in_fish 'authctl -d vault passwd ')" = $'lab\nops' ]
	[ "$(in_fish 'authctl -d vault revoke -s 0')" = 0a1b ]
	[ "$(in_zsh 'authctl -d vault revoke o' 'ops ')" = completed ]
	[ "$(in_zsh 'authctl -d vault revoke -s 0' '0a1b ')" = completed ]
}

@test "bash: a real line editor completes people across its word breaks, torrents and info-hashes" {
	a_run
	run python3 "$BATS_TEST_DIRNAME/keys.py" \
		"PS1= PROMPT_COMMAND=; . '$completions/ugat.bash'; history -s 'ugat-send lab@near.example:7000 f'; bind 'set enable-bracketed-paste off'" \
		'ugat-send la\t' 'ugat-send lab@near.example:7000 ' \
		'ugat-send lab@n\t' 'ugat-send lab@near.example:7000 ' \
		'ugat-send lab@near.example:\t' 'ugat-send lab@near.example:7000 ' \
		'ugat-recv -c lab@ne\t' 'lab@near.example:7000 ' \
		'ugat get one\t' 'ugat get one\ two.torrent ' \
		"ugat-stat ${HASH:0:8}\t" "ugat-stat $HASH " -- bash --norc -i
	[[ $output == *completed ]]
}

@test "fish: people and users are those that were called" {
	export XDG_DATA_HOME=$PWD/data
	mkdir -p data/fish
	printf -- '- cmd: %s\n  when: 1\n' 'tar c d | ugat-send ops@far.example -' 'ssh root@elsewhere' 'ugat recv -c lab@near.example:7000' >data/fish/fish_history
	in_fish() {
		fish -c 'set fish_complete_path $argv[1]; complete -C $argv[2]' "$completions" "$1" | cut -f1
	}
	in_fish 'ugat-send ' >offered
	[ "$(head -n 2 offered)" = $'lab@near.example:7000\nops@far.example' ]
	no_match=$(grep elsewhere offered) || true
	[ -z "$no_match" ]
	[ "$(in_fish 'ugat send lab@n')" = lab@near.example:7000 ]
	[ "$(in_fish 'ugat-recv -c ops@f')" = ops@far.example ]
	[ "$(in_fish 'ugat-recv -u o')" = ops ]
}

@test "bash: ugat-recv offers directories for -d and files for -o" {
	run in_bash ugat-recv -d ''
	[ "$output" = folder ]
	run in_bash ugat-recv -o o
	[ "$(sort <<<"$output")" = $'one two.torrent\nother.txt' ]
}

@test "bash: long help and version are offered where they are typed" {
	run in_bash ugat-json --
	[ "$output" = $'--help\n--version' ]
}

@test "bash: bash-completion finds the file by the command's name" {
	dir=$BATS_TEST_TMPDIR/share/bash-completion/completions
	mkdir -p "$dir"
	cp "$completions/ugat.bash" "$dir/ugat-pick"
	XDG_DATA_DIRS=$BATS_TEST_TMPDIR/share run bash --norc -c '
		. /usr/share/bash-completion/bash_completion
		_completion_loader ugat-pick
		complete -p ugat-pick'
	[[ $output == *'-F _ugat ugat-pick' ]]
}

@test "fish: ugat-parse offers torrents first" {
	run in_fish 'ugat-parse '
	[[ ${lines[0]} == *'one two.torrent' || ${lines[0]} == *'one\ two.torrent' ]]
}

@test "bash: behind the front door is what the command would be offered" {
	door() {
		bash --norc -c '
			. "$0/ugat.bash"
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
			_ugat_door "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
			printf "%s\n" "${COMPREPLY[@]}"' "$completions" "$@"
	}
	[ "$(door ugat ge)" = get ]
	[ "$(door ugat help an)" = announce ]
	[ "$(door ugat get o)" = 'one two.torrent' ]
	[ "$(door ugat get -d '')" = folder ]
	[ "$(door ugat verify o)" = 'one two.torrent' ]
	[ "$(door ugat parse -s o)" = 'one two.torrent' ]
	[[ $(door ugat fetch -) == *-R* ]]
}

@test "fish: behind the front door is what the command would be offered" {
	[ "$(in_fish 'ugat ge')" = get ]
	[ "$(in_fish 'ugat get o' | grep torrent)" = 'one two.torrent' ]
	[[ $(in_fish 'ugat fetch -') == *-R* ]]
	[[ $(in_fish 'ugat get -') == *-j* ]]
}

@test "fish: ugat-fetch -d offers directories" {
	run in_fish 'ugat-fetch -d '
	[ "$output" = folder/ ]
}

@test "zsh: compinit registers every command and the function loads" {
	run zsh -fc '
		fpath=("$1" $fpath)
		autoload -Uz compinit
		compinit -D -u
		print -r -- ${_comps[ugat-parse]} ${_comps[ugat-pick]} ${_comps[ugat-json]} ${_comps[ugat-announce]} ${_comps[ugat-fetch]}
		autoload +X _ugat && print loaded' - "$completions"
	[ "$output" = $'_ugat _ugat _ugat _ugat _ugat\nloaded' ]
}

@test "zsh: a real line editor completes an option's directory" {
	cat >drive.zsh <<-'ZSH'
		zmodload zsh/zpty
		zpty shell "TERM=dumb zsh -fi"
		zpty -w shell "PS1= PROMPT_EOL_MARK=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u; bindkey '^I' complete-word; print re''ady"
		zpty -r shell said '*ready*' || exit 1
		zpty -w -n shell $'ugat-fetch -d fol\t'
		zpty -r shell said '*folder/*' || exit 1
		zpty -w -n shell $'\x15ugat get -d fol\t'
		zpty -r shell said '*folder/*' || exit 1
		zpty -w -n shell $'\x15ugat pars\t'
		zpty -r shell said '*parse *' || exit 1
		print -- completed
	ZSH
	run timeout 60 zsh -f drive.zsh "$completions"
	[[ $output == *completed ]]
}
