#!/bin/sh
# SPDX-License-Identifier: ISC
# Put files in place and take them away again without a trace.
#   place.sh install MANIFEST < lines of "MODE TAB SOURCE TAB TARGET"
#   place.sh uninstall MANIFEST
# The manifest remembers every file put and every directory that was not there before, so that uninstall
# also removes what an older version had put. All paths stand below $DESTDIR.
set -eu
umask 022

manifest=$DESTDIR$2
tab=$(printf '\t')

remember() {
	grep -qsxF -- "$1$tab$2" "$manifest" || printf '%s\t%s\n' "$1" "$2" >>"$manifest"
}

# Make a directory and note it and those above it that were made with it, the outermost first.
make_dir() {
	[ ! -d "$DESTDIR$1" ] || return 0
	case $1 in
	/*/*) make_dir "${1%/*}" ;;
	esac
	mkdir -p "$DESTDIR$1"
	made="$made$1
"
}

put() {
	made=
	make_dir "${2%/*}"
	made_for_it=$made
	made=
	make_dir "${manifest_target%/*}"
	printf '%s%s' "$made_for_it" "$made" | while read -r dir; do
		remember dir "$dir"
	done
	install -m "$1" "$3" "$DESTDIR$2"
	remember file "$2"
	n=$((n + 1))
}

remove() {
	[ -e "$manifest" ] || {
		printf 'nothing to uninstall: no %s\n' "$manifest" >&2
		return
	}
	sed -n "s/^file$tab//p" "$manifest" | while read -r file; do
		rm -f "$DESTDIR$file"
	done
	printf 'uninstalled: %d files of %s\n' "$(grep -c "^file$tab" "$manifest")" "$manifest"
	dirs=$(sed -n "s/^dir$tab//p" "$manifest" | sort -ru)
	rm -f "$manifest"
	printf '%s\n' "$dirs" | while read -r dir; do
		[ -z "$dir" ] || rmdir "$DESTDIR$dir" 2>/dev/null || :
	done
}

manifest_target=$2
case $1 in
install)
	n=0
	while IFS=$tab read -r mode source target; do
		put "$mode" "$target" "$source"
	done
	printf 'installed: %d files below %s; make uninstall takes them away\n' "$n" "$DESTDIR${manifest_target%/share/ugat/*}"
	[ -n "$DESTDIR" ] || [ "$(id -u)" -ne 0 ] || id ugat >/dev/null 2>&1 ||
		printf '%s\n' 'authd has no account and does not run yet: see "For admins" in README.md'
	;;
uninstall) remove ;;
esac
