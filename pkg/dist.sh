#!/bin/sh
# SPDX-License-Identifier: ISC
# Releases, from the directory that this is in.
#   dist.sh tar VERSION OUT    OUT/ugat-VERSION.tar.gz: what git knows, or all that is here when it is not
#                              a clone; the same bytes for the same files
#   dist.sh deb VERSION OUT    OUT/*.deb out of that, and what lintian says of them
set -eu
umask 022

what=$1 version=$2 out=$3
name=ugat-$version
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/.."

# NUL-ended names. A clone knows what belongs to it; an unpacked tarball is only that.
files() {
	if [ -e .git ]; then
		git ls-files -z
	else
		find . \( -name build -o -name 'build-*' -o -path "./${out#"$PWD/"}" \) -prune -o -type f -printf '%P\0'
	fi | sort -z
}

# The day of the last change, so that the same source makes the same package.
born() {
	git log -1 --format=%ct 2>/dev/null || stat -c %Y NEWS.md
}

tarball() {
	files | tar --null --no-recursion -T - --transform "s|^|$name/|" --owner=0 --group=0 --numeric-owner \
		--mtime="@$(born)" --mode=go=rX,u+rw,a-s -cf - | gzip -9n >"$out/$name.tar.gz.new"
	mv "$out/$name.tar.gz.new" "$out/$name.tar.gz"
}

debian() {
	rm -rf "$out/deb"
	mkdir "$out/deb"
	tar -xzf "$out/$name.tar.gz" -C "$out/deb"
	cp -r pkg/debian "$out/deb/$name/debian"
	{
		printf 'ugat (%s) unstable; urgency=medium\n\n' "$version"
		printf '  * Release %s; NEWS.md tells what is new.\n\n' "$version"
		printf ' -- the ugat authors <ugat@packages.debian.org>  %s\n' "$(date -R -u -d "@$(born)")"
	} >"$out/deb/$name/debian/changelog"
	(cd "$out/deb/$name" && env -u MAKEFLAGS -u MAKELEVEL -u O dpkg-buildpackage -b -us -uc >"$out/deb/log" 2>&1) || {
		tail -n 40 "$out/deb/log" >&2
		exit 1
	}
	lintian --allow-root --tag-display-limit 0 --fail-on error,warning "$out/deb/ugat_${version}_"*.changes
	rm -f "$out"/*.deb
	mv "$out"/deb/*.deb "$out"
	rm -rf "$out/deb"
}

tarball
case $what in
tar) printf '%s\n' "$out/$name.tar.gz" ;;
deb)
	debian
	printf 'The packages; apt-get install installs one by its path:\n'
	printf '%s\n' "$out"/ugat*_"$version"_*.deb
	;;
esac
