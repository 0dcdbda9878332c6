#!/bin/sh
# SPDX-License-Identifier: ISC
# Install what a purpose needs on Debian: install.sh PURPOSE..., where pkg/PURPOSE.list names the
# packages. Silent and quick when all of it is there. No package gets to start a service.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

say() {
	printf '%s\n' "$*"
}

wanted() {
	for purpose in "$@"; do
		sed 's/[[:space:]]*#.*//; /^$/d' "$here/$purpose.list"
	done | sort -u
}

# Those of the packages in $1 that dpkg does not know as installed.
missing() {
	# shellcheck disable=SC2016 # dpkg-query's own variables
	present=$(printf '%s\n' "$1" |
		xargs dpkg-query -W -f='${binary:Package} ${db:Status-Status}\n' 2>/dev/null |
		sed -n 's/:[^ ]*//; s/ installed$//p') || :
	printf '%s\n' "$1" | while read -r package; do
		printf '%s\n' "$present" | grep -qx -- "$package" || printf '%s\n' "$package"
	done
}

stop_with_list() {
	say "$1 These packages are needed:"
	say "    $(printf '%s' "$2" | tr '\n' ' ')"
	say "Install them, then try again; or add PKG=no to go on without asking."
	exit 1
}

# A policy of our own only where there is none: somebody else's is somebody else's decision. (The tests
# set UGAT_POLICY.)
forbid_services() {
	policy=${UGAT_POLICY:-/usr/sbin/policy-rc.d}
	if [ -e "$policy" ] || [ -L "$policy" ]; then
		return
	fi
	trap 'rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

apt() {
	# RUNLEVEL: for the init scripts that ask it instead of the policy.
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=120 "$@" </dev/null >"$log" 2>&1
}

# A service that came along for the tests must not run after the next boot either.
disable_services() {
	command -v deb-systemd-helper >/dev/null || return 0
	for package in $1; do
		dpkg-query -L "$package" 2>/dev/null | sed -n 's|.*/systemd/system/\([^/]*\.service\)$|\1|p' |
			while read -r unit; do
				deb-systemd-helper disable "$unit" >/dev/null 2>&1 || :
			done
		dpkg-query -L "$package" 2>/dev/null | sed -n 's|^/etc/init\.d/\([^/]*\)$|\1|p' |
			while read -r script; do
				update-rc.d "$script" disable >/dev/null 2>&1 || :
			done
	done
}

install_as_root() {
	log=$(mktemp)
	forbid_services
	# shellcheck disable=SC2086 # one word a package
	if ! apt install --no-install-recommends $1; then
		apt update || :
		# shellcheck disable=SC2086
		if ! apt install --no-install-recommends $1; then
			cat "$log" >&2
			rm -f "$log"
			stop_with_list "apt-get failed." "$1"
		fi
	fi
	rm -f "$log"
	disable_services "$1"
}

list=$(wanted "$@")
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	stop_with_list "This is not Debian." "$list"
fi
list=$(missing "$list")
[ -n "$list" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || stop_with_list "Installing needs root, and there is no sudo." "$list"
	[ -t 0 ] || sudo -n true 2>/dev/null || stop_with_list "Installing needs root." "$list"
	say "Asking sudo to install what is missing."
	exec sudo sh "$here/install.sh" "$@"
fi
say "Installing with apt-get: $(printf '%s' "$list" | tr '\n' ' ')"
install_as_root "$list"
