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
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_ugat "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' "$completions" "$@"
}

in_fish() { # command line
	fish --no-config -c 'source $argv[1]/$argv[2].fish; complete -C $argv[3]' "$completions" "${1%% *}" "$1" | cut -f1
}

@test "bash: ugat-parse offers torrents and folders" {
	run in_bash ugat-parse ''
	[ "$(sort <<<"$output")" = $'folder\none two.torrent' ]
}

@test "bash: an option that takes a folder offers folders only" {
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

@test "bash: ugat-recv offers folders for -d and files for -o" {
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
	in_fish 'ugat fetch -d ' >offered || true
	[[ $(fish --no-config -c 'source $argv[1]/ugat.fish; source $argv[1]/ugat-fetch.fish; complete -C "ugat fetch -"' "$completions") == *-R* ]]
}

@test "fish: ugat-fetch -d offers folders" {
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

@test "zsh: a real line editor completes an option's folder" {
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
	run timeout 20 zsh -f drive.zsh "$completions"
	[[ $output == *completed ]]
}
