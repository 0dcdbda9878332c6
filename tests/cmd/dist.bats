#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# make dist and make html. The Debian packages take minutes: HACKING.md, "Releases".

setup() {
	top=$BATS_TEST_DIRNAME/../..
	out=$BATS_TEST_TMPDIR/out
	cd "$BATS_TEST_TMPDIR" || return 1
	top=$(realpath "$top")
	unset -v O
}

@test "dist: the tarball has what the source has, twice the same bytes, and unpacks into one directory" {
	make --no-print-directory -C "$top" dist O="$out/one"
	make --no-print-directory -C "$top" dist O="$out/two"
	cmp "$out"/one/ugat-*.tar.gz "$out"/two/ugat-*.tar.gz
	tar -xzf "$out"/one/ugat-*.tar.gz -C "$out"
	[ "$(ls "$out")" = $'one\ntwo\n'"$(basename "$out"/ugat-*)" ]
	for path in Makefile cmd/ugat lib man tests pkg completions authd .ci/run README.md LICENSE; do
		[ -e "$(echo "$out"/ugat-*)/$path" ]
	done
	(cd "$out"/ugat-* && find . -type f -exec cmp {} "$top"/{} \;) >differences
	[ ! -s differences ]
}

@test "dist: the unpacked tarball knows its version and makes the same tarball, without git" {
	make --no-print-directory -C "$top" dist O="$out/one"
	tar -xzf "$out"/one/ugat-*.tar.gz -C "$out"
	make --no-print-directory -C "$out"/ugat-* dist O="$out/again"
	diff <(tar -tzf "$out"/one/ugat-*.tar.gz) <(tar -tzf "$out"/again/ugat-*.tar.gz)
	[ "$(basename "$out"/ugat-*)" = "ugat-$("$UGAT_BIN/ugat" -V | cut -d ' ' -f 2)" ]
}

@test "html: every page, and what one refers to is there" {
	make --no-print-directory -C "$top" html O="$out" PKG=no
	for page in "$top"/man/*.[1-8]; do
		[ -s "$out/html/${page##*/}.html" ]
	done
	for target in $(grep -oh 'href="[^"#]*' "$out"/html/ugat*.html | sed 's/href="//' | sort -u); do
		case $target in
		http*) ;;
		ugat* | auth* | mandoc.css) [ -e "$out/html/$target" ] ;;
		esac
	done
}
