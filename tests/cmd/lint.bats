#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The lints can fail: each is shown a small tree that is right, then the same with one defect.

setup() {
	lint=$BATS_TEST_DIRNAME/../lint
	export LINT_ROOT=$BATS_TEST_TMPDIR/tree UGAT_BIN=$BATS_TEST_TMPDIR/bin
	mkdir -p "$LINT_ROOT"/{lib/{base,codec,core,io},cmd,man,completions,pkg,tests/cmd} "$UGAT_BIN"
	cd "$LINT_ROOT" || return 1
	good_c lib/base/text.c
	good_c lib/codec/line.c
	good_c lib/core/model.c
	good_c lib/io/net.c
	good_c cmd/ugat-say.c
	printf '#!/usr/bin/env bats\n# SPDX-License-Identifier: ISC\n@test "it runs" {\n\ttrue\n}\n' >tests/cmd/ugat-say.bats
	good_man
	good_completions
	printf '#!/bin/sh\n[ "$1" = --help ] && echo "usage: ugat-say [-hV] [-d DIR] [FILE|-]"\n' >"$UGAT_BIN/ugat-say"
	chmod +x "$UGAT_BIN/ugat-say"
}

good_c() {
	printf '/* SPDX-License-Identifier: ISC */\n#include <string.h>\n\nint answer(void);\nint\nanswer(void)\n{\n\treturn 42; /* never strcpy */\n}\n' >"$1"
}

good_man() {
	cat >man/ugat-say.1 <<-'MAN'
		.\" SPDX-License-Identifier: ISC
		.Dd November 1, 2026
		.Dt UGAT-SAY 1
		.Os
		.Sh NAME
		.Nm ugat-say
		.Nd say it
		.Sh SYNOPSIS
		.Nm
		.Op Fl hV
		.Op Fl d Ar DIR
		.Op Ar FILE|-
		.Sh DESCRIPTION
		Says it.
		.Bl -tag -width Ds
		.It Fl d Ar DIR
		There.
		.It Fl h , V
		Help, version.
		.El
		.Sh FILES
		None.
		.Sh EXIT STATUS
		0.
		.Sh EXAMPLES
		Say it:
		.Pp
		.Dl $ ugat-say it
		.Sh SEE ALSO
		.Xr ugat 7
		.Sh STANDARDS
		None at all.
	MAN
	sed 's/SAY 1/SAY 7/; s/ugat-say/ugat/; s/UGAT-SAY/UGAT/; s/^None\.$/.Xr ugat-say 1/; s/^.Xr ugat 7$/.Xr ugat-say 1/' \
		man/ugat-say.1 >man/ugat.7
}

good_completions() {
	cat >completions/ugat.bash <<-'BASH'
		# shellcheck shell=bash
		# SPDX-License-Identifier: ISC
		_ugat() {
			case $1 in
			ugat-say) spec=hVd: COMPREPLY=(-h -V -d) ; : "$spec" ;;
			esac
		}
		complete -F _ugat ugat-say
	BASH
	cat >completions/_ugat <<-'ZSH'
		#compdef ugat-say
		# SPDX-License-Identifier: ISC
		_arguments '-h[help]' '-V[version]' '-d+[place]:place:_files'
	ZSH
	cat >completions/ugat-say.fish <<-'FISH'
		# SPDX-License-Identifier: ISC
		complete -c ugat-say -s h -d help
		complete -c ugat-say -s V -d version
		complete -c ugat-say -s d -r -d 'place'
	FISH
}

# The lint says nothing, then the command makes a defect, then the lint names it.
goes_red() { # lint words command...
	run "$lint/$1.sh"
	[ "$status" -eq 0 ] || { echo "not green before: $output"; return 1; }
	"${@:3}"
	run "$lint/$1.sh"
	[ "$status" -ne 0 ] || { echo "still green"; return 1; }
	[[ $output == *"$2"* ]] || { echo "no word of $2: $output"; return 1; }
}

add() { # file line: behind the includes
	sed -i "2a $2" "$1"
}

@test "layers: a layer that includes one above it is named" {
	goes_red layers 'codec may not include "core/model.h"' add lib/codec/line.c '#include "core/model.h"'
}

@test "layers: io may know the torrent but not the swarm" {
	add lib/io/net.c '#include "core/torrent.h"'
	goes_red layers 'io may not include "core/swarm.h"' add lib/io/net.c '#include "core/swarm.h"'
}

@test "layers: sockets, clocks and errno stay out of core" {
	local header
	for header in sys/socket.h time.h errno.h unistd.h; do
		goes_red layers "core may not include <$header>" add lib/core/model.c "#include <$header>"
		good_c lib/core/model.c
	done
}

@test "layers: codec allocates nothing" {
	goes_red layers 'no allocation in codec' add lib/codec/line.c 'void *p(void) { return malloc(1); }'
}

@test "layers: base may format with snprintf but not print" {
	add lib/base/text.c 'int f(char *s) { return snprintf(s, 1, "%d", 1); }'
	goes_red layers 'no stdio but snprintf' add lib/base/text.c 'int g(void) { return printf("x"); }'
}

@test "layers: state at file scope is found" {
	add lib/core/model.c 'static const int table[] = { 1 };'
	goes_red layers 'no state below run' add lib/core/model.c 'static int counter;'
}

@test "banned: a call is found, a comment and a string are not" {
	add lib/base/text.c 'const char *s = "strcpy(a, b)"; \/\/ strcpy(a, b)'
	goes_red banned 'strcpy' add cmd/ugat-say.c 'void f(char *a) { strcpy(a, "b"); }'
}

@test "banned: the library neither asserts nor prints" {
	goes_red banned 'enum rc' add lib/base/text.c 'void f(void) { assert(0); }'
	good_c lib/base/text.c
	goes_red banned 'only cmd and authd speak' add lib/io/net.c 'void f(void) { puts("x"); }'
}

@test "banned: goto leads to out alone" {
	add lib/base/text.c 'void f(void) { goto out; out:; }'
	goes_red banned 'goto' add lib/base/text.c 'void g(void) { goto err2; err2:; }'
}

@test "length: a long file, a long command and a long function are found" {
	goes_red length '600 at most' bash -c 'yes "/* x */" | head -n 600 >>lib/base/text.c'
	good_c lib/base/text.c
	goes_red length '150 at most' bash -c 'yes "/* x */" | head -n 150 >>cmd/ugat-say.c'
	good_c cmd/ugat-say.c
	goes_red length '70 at most' bash -c '{ echo "void f(void)"; echo "{"; yes "	;" | head -n 70; echo "}"; } >>lib/base/text.c'
}

@test "headers: a function without a word above it is found, in a paragraph that has one it is not" {
	printf '/* SPDX-License-Identifier: ISC */\n\n/* Two of them. */\nint a(void);\nint b(void);\n\nstruct s {\n\tint f;\n};\n' >lib/base/text.h
	goes_red headers 'lib/base/text.h:11: ' bash -c 'printf "\nvoid c(\n    int x);\n" >>lib/base/text.h'
}

@test "format: another layout is found" {
	cp "$lint/../../.clang-format" .
	goes_red format 'lib/base/text.c' add lib/base/text.c 'int   x ;'
}

@test "clang: a warning is an error" {
	goes_red clang 'unused' add lib/base/text.c 'static int lonely(void) { return 1; }'
}

@test "text: a file without its licence and a promise are found" {
	goes_red text 'lib/core/model.c: no SPDX' sed -i 1d lib/core/model.c
	good_c lib/core/model.c
	goes_red text 'TODO' add lib/core/model.c '/* TODO: later */'
}

@test "shell: a script and a bats file with a fault are found" {
	goes_red shell 'SC2086' bash -c 'printf "#!/bin/sh\nrm \$1\n" >pkg/away.sh'
	rm pkg/away.sh
	goes_red shell 'SC2046' bash -c 'printf "@test \"x\" {\n\techo \$(ls)\n}\n" >>tests/cmd/ugat-say.bats'
}

@test "man: a fault, a missing section and a page that is not there are found" {
	goes_red man 'ugat-say.1' sed -i 's/^\.Op Fl hV/.Opp Fl hV/' man/ugat-say.1
	good_man
	goes_red man 'no EXIT STATUS' sed -i 's/EXIT STATUS/DIAGNOSTICS/' man/ugat-say.1
	good_man
	goes_red man 'no FILES' sed -i 's/FILES/THINGS/' man/ugat-say.1
	good_man
	goes_red man 'ugat-say.1: SYNOPSIS has -d' sed -i 's/^.It Fl d Ar DIR/.It DIR/' man/ugat-say.1
	good_man
	goes_red man 'ugat-say.1: explains -x' sed -i 's/^.It Fl h , V/.It Fl x , h , V/' man/ugat-say.1
	good_man
	goes_red man 'ugat-nothing(1)' sed -i 's/^None\.$/.Xr ugat-nothing 1/' man/ugat-say.1
}

@test "examples: one without its test is found, and a test without its example" {
	mkdir tests/flow
	printf '@test "%s: Say it" {\n\texample\n}\n' 'ugat-say(1)' 'ugat(7)' >tests/flow/examples.bats
	goes_red examples 'runs the example ugat-say(1): Say more' \
		sed -i 's/^.Sh SEE ALSO/.Pp\nSay more:\n.Pp\n.Dl $ ugat-say more\n&/' man/ugat-say.1
	good_man
	goes_red examples 'two examples of one name' sed -i 's/^.Sh SEE ALSO/.Pp\nSay it:\n.Pp\n.Dl $ ugat-say more\n&/' man/ugat-say.1
	good_man
	goes_red examples 'no such example: ugat-say(1): Say it' sed -i 's/^Say it:/Shout:/' man/ugat-say.1
	good_man
	goes_red examples 'runs the example README: Once' sh -c 'printf "\n## First login\n\nOnce:\n\n    ugat-say it\n" >README.md'
}

@test "commands: each missing part is named" {
	goes_red commands 'no man page' mv man/ugat-say.1 away
	mv away man/ugat-say.1
	goes_red commands 'no tests/cmd/ugat-say.bats' mv tests/cmd/ugat-say.bats away
	mv away tests/cmd/ugat-say.bats
	goes_red commands 'ugat-say.fish' mv completions/ugat-say.fish away
	mv away completions/ugat-say.fish
	goes_red commands 'ugat.bash' sed -i 's/ugat-say/ugat-other/' completions/ugat.bash
	good_completions
	goes_red commands '_ugat' sed -i 's/ugat-say/ugat-other/' completions/_ugat
	good_completions
	goes_red commands 'man/ugat.7' sed -i '/Xr ugat-say/d' man/ugat.7
}

@test "options: usage, SYNOPSIS and letters must agree" {
	goes_red options 'no such letter' sed -i 's/\[-hV\]/[-hVY]/' "$UGAT_BIN/ugat-say"
	sed -i 's/\[-hVY\]/[-hV]/' "$UGAT_BIN/ugat-say"
	goes_red options '-d FILE: letters.tsv has DIR' sed -i 's/-d DIR/-d FILE/' "$UGAT_BIN/ugat-say"
	sed -i 's/-d FILE/-d DIR/' "$UGAT_BIN/ugat-say"
	goes_red options 'SYNOPSIS' sed -i 's/Op Fl hV/Op Fl hVq/' man/ugat-say.1
	good_man
	goes_red options 'SYNOPSIS' sed -i 's/Op Ar FILE|-/Op Ar FILE/' man/ugat-say.1
}

@test "options: the completions must offer just these" {
	goes_red options 'completion for bash' sed -i 's/(-h -V -d)/(-h -V)/' completions/ugat.bash
	good_completions
	goes_red options 'completion for zsh' sed -i 's/-V\[/-v[/' completions/_ugat
	good_completions
	goes_red options 'completion for fish' sed -i 's/-s d /-s e /' completions/ugat-say.fish
	good_completions
	goes_red options 'for bash -' sed -i 's/spec=hVd:/spec=hVd/' completions/ugat.bash
	good_completions
	goes_red options 'for zsh -' sed -i 's/-d+/-d/' completions/_ugat
	good_completions
	goes_red options 'for fish -' sed -i 's/-s d -r/-s d/' completions/ugat-say.fish
	good_completions
	goes_red options 'the words of zsh (<) and fish (>) differ' sed -i "s/'place'/'directory'/" completions/ugat-say.fish
}

@test "options: the front door is compared, too" {
	printf '#!/bin/sh\n# SPDX-License-Identifier: ISC\n' | tee cmd/ugat >"$UGAT_BIN/ugat"
	cat >>"$UGAT_BIN/ugat" <<-'SH'
		case "$*" in
		--help) echo 'usage: ugat [-hV] [COMMAND]' ;;
		'get --help') printf 'usage: ugat get [-h] [-d DIR]\n                FILE...\n' ;;
		esac
	SH
	cp "$UGAT_BIN/ugat-say" "$UGAT_BIN/ugat-verify"
	chmod +x "$UGAT_BIN/ugat"
	sed 's/-say/ /' man/ugat-say.1 >man/ugat.1
	printf '%s\n' '.Nm' '.Op Fl hV' '.Op Ar COMMAND' '.Nm' '.Cm get' '.Op Fl h' '.Op Fl d Ar DIR' '.Ar FILE...' \
		'.Nm' '.Cm verify' '.Op Fl hV' '.Op Fl d Ar DIR' '.Op Ar FILE|-' '.Op Ar FILE...' >form
	sed -i -e '/^.Sh SYN/,/^.Sh DESC/{/^.Sh/!d}' -e '/^.Sh SYN/r form' man/ugat.1
	cat >>completions/ugat.bash <<-'BASH'
		_ugat_commands='get help say'
		_ugat_door() {
			case ${COMP_WORDS[1]} in
			get) COMPREPLY=(-h -d) ;;
			verify) COMPREPLY=(-h -V -d) ;;
			*) COMPREPLY=(-h -V) ;;
			esac
		}
	BASH
	cat >completions/_ugat <<-'ZSH'
		#compdef ugat ugat-say
		# SPDX-License-Identifier: ISC
		local -a names
		names=('get:download' 'help:help' 'say:say')
		if [[ $service == ugat && $words[2] == get ]]; then
			_arguments '-h[help]' '-d+[place]:place:_files'
		elif [[ $service == ugat && $CURRENT == 2 && $words[2] != -* ]]; then
			_describe command names
		elif [[ $service == ugat && $CURRENT == 2 ]]; then
			_arguments '-h[help]' '-V[version]'
		else
			_arguments '-h[help]' '-V[version]' '-d+[place]:place:_files'
		fi
	ZSH
	cat >completions/ugat.fish <<-'FISH'
		# SPDX-License-Identifier: ISC
		complete -c ugat -f
		complete -c ugat -s h -d help
		complete -c ugat -n 'not __fish_seen_subcommand_from get' -s V -d version
		complete -c ugat -n '__fish_seen_subcommand_from get verify' -s d -d place
		complete -c ugat -n 'test (count (commandline -opc)) -eq 1' -a 'get help say'
	FISH
	goes_red options 'ugat get: usage has -dh, the completion for bash -h' sed -i 's/(-h -d) ;;/(-h) ;;/' completions/ugat.bash
	sed -i 's/get) COMPREPLY=(-h) ;;/get) COMPREPLY=(-h -d) ;;/' completions/ugat.bash
	goes_red options "and those for bash (>)" sed -i "s/='get help say'/='get help'/" completions/ugat.bash
	sed -i "s/='get help'/='get help say'/" completions/ugat.bash
	goes_red options 'ugat get: usage (<) and SYNOPSIS' sed -i 's/get \[-h\]/get [-hq]/' "$UGAT_BIN/ugat"
}

@test "docs: a path and a target that are not there, and a layer without a word, are found" {
	mkdir -p tests/cmd
	printf 'check:\n' >Makefile
	printf '`lib/base/text.c` and `lib/NAME.c`; `make check`\n' >HACKING.md
	for layer in base codec core io; do printf '`%s/` x\n' $layer; done >lib/README.md
	printf '    cmd/  x\n' >tests/README.md
	goes_red docs 'HACKING.md: lib/base/gone.c is not there' bash -c 'echo "see lib/base/gone.c." >>HACKING.md'
	sed -i '$d' HACKING.md
	goes_red docs 'make frob is no target' bash -c 'echo "\`make frob\`" >>HACKING.md'
	sed -i '$d' HACKING.md
	goes_red docs 'no word of lib/io/' sed -i '/io/d' lib/README.md
}

@test "messages: one that is too long, a wrong plural and another spelling are found" {
	goes_red messages 'lib/io/net.c:' add lib/io/net.c "const char *s = \"$(printf 'a long word %.0s' {1..15})\";"
	good_c lib/io/net.c
	goes_red messages '%lu bytes' add lib/io/net.c 'const char *s = "there are %lu bytes";'
	good_c lib/io/net.c
	goes_red messages 'a directory' add lib/io/net.c 'const char *s = "not a folder";'
	good_c lib/io/net.c
	goes_red messages 'infohash' add lib/io/net.c 'const char *s = "no infohash there";'
	good_c lib/io/net.c
	goes_red messages 'the folder of files' add man/ugat-say.1 'the folder of files'
}
