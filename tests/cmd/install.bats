#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# make install and make uninstall, below a DESTDIR; and the packages' installer without a network.

setup() {
	top=$BATS_TEST_DIRNAME/../..
	dest=$BATS_TEST_TMPDIR/dest
	out=${UGAT_OUT:-$top/build}
	unset -v O # or the small house would be built over the programs under test
}

# Nothing is built here: what is there is put in place.
house() {
	make --no-print-directory -C "$top" -o all O="$out" DESTDIR="$dest" "$@"
}

# A tree that has a login daemon and nothing else.
small_house() {
	mkdir -p "$BATS_TEST_TMPDIR/small"/{authd,cmd,lib/base}
	cd "$BATS_TEST_TMPDIR/small" || return 1
	cp -r "$top/Makefile" "$top/pkg" "$top/completions" .
	printf 'int one(void);\nint one(void) { return 1; }\n' >lib/base/one.c
	printf 'int two(void);\nint two(void) { return 2; }\n' >authd/shared.c
	printf 'int two(void);\nint main(void) { return two() - 2; }\n' | tee authd/authd.c >authd/authctl.c
}

@test "install: every command runs from where it was put" {
	house install PREFIX=/opt/ugat
	for source in "$top"/cmd/ugat "$top"/cmd/ugat-*; do
		name=$(basename "$source" .c)
		run "$dest/opt/ugat/bin/$name" --version
		[ "$status" -eq 0 ]
		[[ $output == "$name "[0-9]* ]]
	done
}

@test "install, uninstall: one line each says what was put where, and taken away" {
	run house install PREFIX=/opt/ugat
	files=$(find "$dest" -type f ! -name manifest | wc -l)
	[ "$output" = "installed: $files files below $dest/opt/ugat; make uninstall takes them away" ]
	run house uninstall PREFIX=/opt/ugat
	[ "$output" = "uninstalled: $files files of $dest/opt/ugat/share/ugat/manifest" ]
}

@test "install: fish's completions go where FISHDIR says, and away again" {
	house install FISHDIR=/usr/share/fish/vendor_completions.d
	[ -e "$dest/usr/share/fish/vendor_completions.d/ugat-fetch.fish" ]
	[ ! -e "$dest/usr/local/share/fish" ]
	house uninstall
	run find "$dest" -mindepth 1
	[ -z "$output" ]
}

# offered [COMMAND...]: what fish, as it comes, offers behind ugat-fetch.
offered() {
	env -i HOME="$BATS_TEST_TMPDIR/home" PATH="$PATH" TERM=dumb "$@" fish -c 'complete -C "ugat-fetch -"'
}

@test "install: fish finds its completions below /usr/local, /usr and a home, with nothing set" {
	. "$BATS_TEST_DIRNAME/../flow/lib-ugat.bash"
	mkdir "$BATS_TEST_TMPDIR/home" "$BATS_TEST_TMPDIR/none"
	private "$BATS_TEST_TMPDIR/none"
	for prefix in /usr/local /usr; do
		house install PREFIX=$prefix
		place=/usr/share/fish/vendor_completions.d
		[ $prefix != /usr/local ] || place=/etc/fish/completions
		# shellcheck disable=SC2016
		bound=("${enter[@]}" sh -c 'mount --bind "$1" "$2" && shift 2 && "$@"' -)
		[[ $(offered "${bound[@]}" "$dest$place" "$place") == *'-d'* ]]
		run offered "${bound[@]}" "$BATS_TEST_TMPDIR/none" "$place"
		[[ $output != *'-d'* ]]
		house uninstall PREFIX=$prefix
	done
	dest='' house install PREFIX="$BATS_TEST_TMPDIR/home/.local"
	[[ $(offered) == *'-d'* ]]
}

@test "make help: every target for people, a line each" {
	run house help
	for target in $(sed -n 's/^\.PHONY: //p' "$top/Makefile"); do
		case $target in all | help | tests | check-now | fuzzers | benches | print-cflags | FORCE) continue ;; esac
		[ "$(grep -c "^make $target " <<<"$output")" -eq 1 ] || { echo "$target"; return 1; }
	done
}

@test "make: without a compiler one line has the remedy" {
	run make -C "$top" --no-print-directory O="$BATS_TEST_TMPDIR/o" CC=no-such-cc
	[ "$status" -ne 0 ]
	[[ $output == *'there is no compiler (no-such-cc): pkg/install.sh build'* ]]
	[[ $output != *'not found'* ]]
}

@test "install: man pages and completions lie where they are looked for" {
	house install
	for page in "$top"/man/*.[1-8]; do
		cmp "$page" "$dest/usr/local/share/man/man${page##*.}/${page##*/}"
	done
	for source in "$top"/cmd/ugat "$top"/cmd/ugat-*; do
		name=$(basename "$source" .c)
		cmp "$top/completions/ugat.bash" "$dest/usr/local/share/bash-completion/completions/$name"
		cmp "$top/completions/$name.fish" "$dest/etc/fish/completions/$name.fish"
	done
	cmp "$top/completions/_ugat" "$dest/usr/local/share/zsh/site-functions/_ugat"
	cmp "$top/completions/ugat.bash" "$dest/usr/local/share/bash-completion/completions/authd"
	cmp "$top/authd/ugat-authd.service" "$dest/usr/local/lib/systemd/system/ugat-authd.service"
}

@test "install: whatever the umask, everybody can read and run" {
	(umask 077 && house install)
	run find "$dest/usr" ! -perm -o+r
	[ -z "$output" ]
	run find "$dest/usr/local/bin" -type f ! -perm 755
	[ -z "$output" ]
}

@test "install: every file has one place, and the front door finds its commands there" {
	house install PREFIX=/opt/ugat
	manifest=$dest/opt/ugat/share/ugat/manifest
	[ -z "$(sort "$manifest" | uniq -d)" ]
	[ "$(PATH=/usr/bin:/bin "$dest/opt/ugat/bin/ugat" make -V)" = "$("$dest/opt/ugat/bin/ugat-make" -V)" ]
	# Nothing of what was put there stands beside the manifest.
	[ "$(cd "$dest" && find . -type f ! -path ./opt/ugat/share/ugat/manifest -printf '/%P\n' | sort)" = "$(sed -n 's/^file	//p' "$manifest" | sort)" ]
}

@test "uninstall: nothing is left behind" {
	house install PREFIX=/opt/a/ugat
	[ -d "$dest/opt/a/ugat" ]
	house uninstall PREFIX=/opt/a/ugat
	run find "$dest" -mindepth 1
	[ -z "$output" ]
}

@test "uninstall: what was there before stays, directories too" {
	mkdir -p "$dest/usr/local/bin" "$dest/usr/local/share/man"
	echo mine >"$dest/usr/local/bin/mine"
	house install
	house install
	house uninstall
	run find "$dest" -mindepth 1 -printf '%P\n'
	[ "$(sort <<<"$output")" = "$(printf 'usr\nusr/local\nusr/local/bin\nusr/local/bin/mine\nusr/local/share\nusr/local/share/man')" ]
}

@test "uninstall: what only an older version had installed goes as well" {
	house install
	older=/usr/local/share/ugat-old/file
	mkdir -p "$dest${older%/*}"
	: >"$dest$older"
	printf 'file\t%s\ndir\t%s\n' "$older" "${older%/*}" >>"$dest/usr/local/share/ugat/manifest"
	house uninstall
	run find "$dest" -mindepth 1
	[ -z "$output" ]
}

@test "uninstall: without an installation it says so" {
	run house uninstall
	[ "$status" -eq 0 ]
	[[ $output == *'nothing to uninstall'* ]]
}

@test "install: a path with a blank and a quote works" {
	dest="$BATS_TEST_TMPDIR/it's here"
	house install PREFIX="/o p'q"
	[ -x "$dest/o p'q/bin/ugat-parse" ]
	house uninstall PREFIX="/o p'q"
	run find "$dest" -mindepth 1
	[ -z "$output" ]
}

@test "install: the login daemon and its tool go to sbin" {
	small_house
	make install DESTDIR="$dest" PREFIX=/usr LIBS= PKG=no
	"$dest/usr/sbin/authd"
	"$dest/usr/sbin/authctl"
	make uninstall DESTDIR="$dest" PREFIX=/usr
	run find "$dest" -mindepth 1
	[ -z "$output" ]
}

@test "hardening: programs are position independent, read-only relocated, with a guarded stack" {
	if [ -n "${UGAT_SAN:-}" ]; then
		small_house
		env MAKEFLAGS= make O=build SAN= LIBS= >/dev/null
		program=build/sbin/authd
	else
		program=$out/bin/ugat-parse
	fi
	readelf -hW "$program" | grep -q 'Type:.*DYN'
	readelf -lW "$program" | grep -q GNU_RELRO
	readelf -dW "$program" | grep -Eq 'BIND_NOW|FLAGS_1.*NOW'
	readelf -lW "$program" | grep GNU_STACK | grep -qv ' RWE '
	env MAKEFLAGS= make -s --no-print-directory -C "$top" SAN= print-cflags | grep -q -- '-fstack-protector-strong.*-D_FORTIFY_SOURCE=2'
}

@test "warnings: the flags that the house asks for are on" {
	run env MAKEFLAGS= make -s --no-print-directory -C "$top" SAN= print-cflags
	for flag in -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -fPIE; do
		[[ " $output " == *" $flag "* ]]
	done
}

@test "packages: silent when all is there" {
	run "$top/pkg/install.sh" build check demo
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

# A Debian whose dpkg knows only what $KNOWN names, and whose apt-get notes what it is asked.
fake_debian() {
	mkdir -p "$BATS_TEST_TMPDIR/fake" "$BATS_TEST_TMPDIR/pkg"
	cp "$top/pkg/install.sh" "$BATS_TEST_TMPDIR/pkg"
	printf '# words\nhere\t# why\nnot-here\n' >"$BATS_TEST_TMPDIR/pkg/some.list"
	cat >"$BATS_TEST_TMPDIR/fake/dpkg-query" <<-'SH'
		#!/bin/sh
		[ "$1" = -L ] || echo 'here installed'
	SH
	cat >"$BATS_TEST_TMPDIR/fake/apt-get" <<-SH
		#!/bin/sh
		echo "\$DEBIAN_FRONTEND \$RUNLEVEL \$*" >>"$BATS_TEST_TMPDIR/asked"
		"$BATS_TEST_TMPDIR/policy-rc.d"
		echo "\$?" >>"$BATS_TEST_TMPDIR/policy"
		case "\$*" in *update*) : >"$BATS_TEST_TMPDIR/updated" ;; *) [ -e "$BATS_TEST_TMPDIR/updated" ] ;; esac
	SH
	printf '#!/bin/sh\nshift\n' >"$BATS_TEST_TMPDIR/fake/sudo"
	printf '#!/bin/sh\necho "%s"\n' "$1" >"$BATS_TEST_TMPDIR/fake/id"
	chmod +x "$BATS_TEST_TMPDIR/fake"/*
	PATH=$BATS_TEST_TMPDIR/fake:$PATH
	export UGAT_POLICY=$BATS_TEST_TMPDIR/policy-rc.d
}

@test "packages: as root what is missing is named and installed, after an update if need be" {
	fake_debian 0
	run "$BATS_TEST_TMPDIR/pkg/install.sh" some
	[ "$status" -eq 0 ]
	[ "$output" = 'Installing with apt-get: not-here' ]
	grep -q '^noninteractive 1 .*install --no-install-recommends not-here$' "$BATS_TEST_TMPDIR/asked"
	[ "$(grep -c update "$BATS_TEST_TMPDIR/asked")" -eq 1 ]
}

@test "packages: no service may start meanwhile, and no trace of that stays" {
	fake_debian 0
	run "$BATS_TEST_TMPDIR/pkg/install.sh" some
	[ "$status" -eq 0 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR/policy")" = 101 ]
	[ ! -e "$UGAT_POLICY" ]
}

@test "packages: a policy of the machine's own stays as it is" {
	fake_debian 0
	printf '#!/bin/sh\nexit 7\n' >"$UGAT_POLICY"
	chmod +x "$UGAT_POLICY"
	run "$BATS_TEST_TMPDIR/pkg/install.sh" some
	[ "$status" -eq 0 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR/policy")" = 7 ]
	run "$UGAT_POLICY"
	[ "$status" -eq 7 ]
}

@test "packages: a failed installation leaves no policy behind either" {
	fake_debian 0
	printf '#!/bin/sh\necho no such thing\nexit 100\n' >"$BATS_TEST_TMPDIR/fake/apt-get"
	run "$BATS_TEST_TMPDIR/pkg/install.sh" some
	[ "$status" -eq 1 ]
	[[ $output == *'no such thing'*'apt-get failed'*not-here* ]]
	[ ! -e "$UGAT_POLICY" ]
}

@test "packages: without root or sudo the list is printed and nothing is done" {
	fake_debian 1000
	printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/fake/sudo"
	run "$BATS_TEST_TMPDIR/pkg/install.sh" some </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *not-here* ]]
	[[ $output != *'   here'* ]]
	[ ! -e "$BATS_TEST_TMPDIR/asked" ]
}

@test "packages: elsewhere than on Debian the whole list is printed" {
	fake_debian 0
	mkdir "$BATS_TEST_TMPDIR/bare"
	for tool in sh dirname sed sort tr; do
		ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bare/$tool"
	done
	PATH=$BATS_TEST_TMPDIR/bare run "$BATS_TEST_TMPDIR/pkg/install.sh" some
	[ "$status" -eq 1 ]
	[[ $output == *'not Debian'*'here not-here'* ]]
}

@test "packages: every list names each package once and says why where it is not plain" {
	run bash -c "sed 's/[[:space:]]*#.*//; /^\$/d' '$top'/pkg/build.list | sort | uniq -d"
	[ -z "$output" ]
	run bash -c "sed 's/[[:space:]]*#.*//; /^\$/d' '$top'/pkg/*.list | grep -vE '^[a-z0-9][a-z0-9+.-]+\$'"
	[ -z "$output" ]
}
