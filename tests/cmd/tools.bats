#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What every command does alike: help, version, wrong options, a closed or full standard output.

setup() {
	top=$BATS_TEST_DIRNAME/../..
	commands=()
	for source in "$top"/cmd/ugat-*; do
		[ -e "$source" ] || continue
		commands+=("$(basename "$source" .c)")
	done
	[ ${#commands[@]} -gt 0 ]
	cd "$BATS_TEST_TMPDIR" || return 1
	. "$top/tests/session.bash"
	session_home "$BATS_TEST_TMPDIR/home"
}

@test "help: -h and --help print purpose, usage and options on stdout, exit 0" {
	for command in "${commands[@]}"; do
		"$command" -h >short 2>err </dev/null
		"$command" --help >long 2>>err </dev/null
		cmp short long
		[ ! -s err ]
		head -n 1 short | grep -q "^$command: "
		grep -q "^usage: $command \[-h" short
		grep -q '^  -h ' short
		grep -q '^  -V ' short
	done
}

@test "help: every option of the usage has its line" {
	for command in "${commands[@]}"; do
		"$command" -h >help </dev/null
		for letter in $(sed -n 's/^usage: //p' help | tr ' ' '\n' | sed -n 's/^\[-\([^]]*\).*/\1/p' | fold -w 1); do
			grep -q "^  -$letter " help || { echo "$command: no line for -$letter"; return 1; }
		done
	done
}

@test "help and usage: on a narrow terminal lines are broken between words, elsewhere they are not" {
	for command in ugat-parse ugat-announce ugat-fetch ugat-make ugat-send ugat-login authctl; do
		python3 "$top/tests/flow/onpty.py" -o 40 "$command" -h >narrow </dev/null
		[ "$(wc -L <narrow)" -lt 40 ] || { cat narrow; return 1; }
		[ "$(tr -s ' \n' ' ' <narrow)" = "$("$command" -h </dev/null | tr -s ' \n' ' ')" ]
		[ "$(grep -c '\[-.$' narrow)" -eq 0 ] # an option stands beside its argument
		rc=0
		python3 "$top/tests/flow/onpty.py" 40 narrow "$command" -Y </dev/null >/dev/null || rc=$?
		[ "$rc" -eq 2 ]
		[ "$(tr -d '\r' <narrow | tr -s ' \n' ' ')" = "$("$command" -Y 2>&1 >/dev/null </dev/null | tr -s ' \n' ' ')" ]
		tr -d '\r' <narrow | tail -n +2 >usage
		[ "$(wc -L <usage)" -lt 40 ]
	done
}

@test "version: -V and --version print name and number" {
	for command in "${commands[@]}"; do
		run "$command" -V </dev/null
		[ "$status" -eq 0 ]
		[[ $output =~ ^"$command "[0-9]+\.[0-9]+\.[0-9]+$ ]]
		was=$output
		run "$command" --version </dev/null
		[ "$status" -eq 0 ]
		[ "$output" = "$was" ]
	done
}

@test "version: the daemon, its tool and the front door have the same" {
	want=$(ugat-parse -V)
	for command in ugat authd authctl; do
		for option in -V --version; do
			[ "$("$command" $option)" = "$command ${want#* }" ]
		done
	done
	[ "$(ugat get -V)" = "ugat ${want#* }" ]
	grep -qx "VERSION = ${want#* }" "$top/Makefile"
}

@test "options: one behind the operands is named, with the remedy; a file of that name is a file" {
	: >x.torrent
	for line in 'ugat-parse x.torrent -s' 'ugat-make x.torrent -f' 'ugat-pick 1 -x' 'ugat-stat 0b3f -w' 'ugat-login localhost -N' \
		'ugat-send localhost x.torrent -U 1M' 'ugat-recv x -y' 'authctl adduser bob -P x.torrent'; do
		run $line </dev/null
		[ "$status" -eq 2 ] || { echo "$line: $status $output"; return 1; }
		set -- $line
		shift
		while [[ $1 != -* ]]; do shift; done
		[[ $output == *": $1: options stand before all else, here before "*'usage: '* ]]
	done
	: >./-s
	run ugat-parse x.torrent -s
	[[ $output != *"stand before"* ]]
	run ugat-pick -- 1 -x <<<$'ugat\t1\nend'
	[[ $output != *'stand before'* ]]
}

@test "options: an unknown one is named, with the usage, and exit 2" {
	for command in "${commands[@]}"; do
		for option in -Y --nonsense; do
			rc=0
			"$command" "$option" >out 2>err </dev/null || rc=$?
			[ "$rc" -eq 2 ] || { echo "$command $option: $rc"; return 1; }
			! grep -v "^fail!	2	$command	" out
			head -n 1 err | grep -q "^$command: .*$option"
			grep -q "^usage: $command" err
		done
	done
}

@test "options: a missing argument is named, and exit 2" {
	for command in "${commands[@]}"; do
		"$command" -h >help </dev/null
		for letter in $(sed -n 's/^usage: //p' help | grep -oE '\[-. ' | tr -d '[ -'); do
			rc=0
			"$command" "-$letter" >out 2>err </dev/null || rc=$?
			[ "$rc" -eq 2 ] || { echo "$command -$letter: $rc"; return 1; }
			head -n 1 err | grep -q "^$command: -$letter needs "
		done
	done
}

@test "options: what follows -- is none" {
	for command in "${commands[@]}"; do
		rc=0
		# ugat-recv waits for what has that name.
		timeout 2 "$command" -- --help >out 2>err </dev/null || rc=$?
		[ "$rc" -ne 0 ]
		run grep '^usage:' out
		[ "$status" -ne 0 ]
	done
}

@test "where the stack may hardly grow: a word and exit 70, but for a soft limit" {
	# A sanitizer wants more before main.
	[ -z "${UGAT_SAN:-}" ] || return 0
	for source in "$top"/cmd/ugat-*.c; do
		command=$(basename "$source" .c)
		code=0
		(ulimit -s 64 && exec "$command" -V) >out 2>err </dev/null || code=$?
		[ "$code" -eq 70 ]
		[ "$(cat err)" = "$command: the stack is too small: allow 256 KiB at least (ulimit -s)" ]
		(ulimit -Ss 64 && exec "$command" -V) >out 2>err </dev/null
		[ ! -s err ]
	done
}

@test "output: a full device is told, with exit 74" {
	for command in "${commands[@]}"; do
		run bash -c '"$0" --help >/dev/full' "$command"
		[ "$status" -eq 74 ] || { echo "$command: $status"; return 1; }
		[[ $output == *"$command"* ]]
	done
}

@test "output: a closed stdout is told, with exit 74" {
	for command in "${commands[@]}"; do
		run bash -c '"$0" --version >&-' "$command"
		[ "$status" -eq 74 ] || { echo "$command: $status: $output"; return 1; }
		[[ $output == *"$command"* ]]
	done
}

@test "output: a reader that leaves ends it without a word" {
	for command in "${commands[@]}"; do
		rm -f gone
		mkfifo gone
		run timeout 10 bash -c '{ read -r _ <gone; "$0" --help; } 2>err | { exec <&-; echo >gone; }; [ ! -s err ]' "$command"
		[ "$status" -eq 0 ]
	done
}

@test "failure: words that are too long for a record behind end are cut, on stderr they stand whole" {
	name=$(printf 'x%.0s' {1..200})/$(printf 'é%.0s' {1..150})
	rc=0
	ugat-parse "$name" >out 2>err || rc=$?
	[ "$rc" -eq 66 ]
	grep -q "$name" err
	[ "$(wc -l <out)" -eq 1 ]
	[ "$(wc -c <out)" -le 512 ]
	grep -q "^fail!	66	ugat-parse	.*xxx/é*$" out
}

@test "failure: a pipeline has one cause and one code" {
	run bash -c 'ugat-parse /nonexistent/x.torrent 2>err | ugat-pick "*" 2>>err | ugat-fetch 2>>err'
	[ "$status" -eq 66 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -q '^ugat-parse: .*/nonexistent/x.torrent' err
}

@test "a usage error of an early stage is the pipeline's one cause and code" {
	for first in "ugat-parse -Z x" "ugat-announce -t" ugat-pick; do
		run bash -c "$first </dev/null 2>first.err | ugat-fetch 2>later.err; echo \"\${PIPESTATUS[@]}\"" --
		[ "${lines[-1]}" = "2 2" ]
		[ -s first.err ]
		[ ! -s later.err ]
	done
}
