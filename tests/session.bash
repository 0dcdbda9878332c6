# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sessions for tests: ugat-announce and ugat-fetch send nothing without one. Sourced by the bats files and
# by flow/lib.bash.

SESSION_DIR=$(cd "${BASH_SOURCE[0]%/*}" && pwd)

# session_home DIR: make DIR the home, with a session in it: a copy of the one that tests/run got from a real
# authd ($UGAT_TEST_SESSION). A bats file that is run by hand gets one from an authority of its own.
session_home() {
	unset UGAT_SESSION XDG_STATE_HOME
	export HOME=$1
	mkdir -p "$HOME/.local/state/ugat" && chmod 700 "$HOME/.local/state/ugat" || return
	if [ -n "${UGAT_TEST_SESSION-}" ]; then
		cp "$UGAT_TEST_SESSION" "$HOME/.local/state/ugat/session.pem" &&
			chmod 600 "$HOME/.local/state/ugat/session.pem"
	elif command -v ugat-login >/dev/null; then
		ugat-login -Lq
	else
		session_by_openssl "$HOME/.local/state/ugat/session.pem"
	fi
}

# session_by_openssl FILE: the same without any of our commands.
session_by_openssl() {
	local place
	place=$(mktemp -d) || return
	(
		# shellcheck source=cmd/mint.bash
		. "$SESSION_DIR/cmd/mint.bash"
		cd "$place" && mint_ca tests && mint session.pem tests tester -300 86400
	) && mv "$place/session.pem" "$1"
	rm -rf "$place"
}
