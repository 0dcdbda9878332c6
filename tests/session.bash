# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sessions for tests: ugat-announce and ugat-fetch send nothing without one. Sourced by tests/run, the bats
# files and flow/lib.bash.

# session_home DIR: make DIR the home, with a session in it: a copy of the one that tests/run got from a real
# authd ($UGAT_TEST_SESSION). A bats file that is run by hand gets one from an authority of its own.
session_home() {
	unset UGAT_SESSION XDG_STATE_HOME XDG_CACHE_HOME XDG_DATA_HOME
	export HOME=$1
	mkdir -p "$HOME/.local/state/ugat" && chmod 700 "$HOME/.local/state/ugat" || return
	if [ -n "${UGAT_TEST_SESSION-}" ]; then
		cp "$UGAT_TEST_SESSION" "$HOME/.local/state/ugat/session.pem" &&
			chmod 600 "$HOME/.local/state/ugat/session.pem"
	else
		ugat-login -Lq
	fi
}

# authd_start DIR [OPTION...]: a real authd on loopback that keeps its things in DIR/authd and its log in
# DIR/authd.log, with scrypt's cost lowered. $AUTHD_PID is to be ended, $AUTHD is where it answers,
# $AUTHD_PIN its fingerprint.
authd_start() {
	local dir=$1 end=$((${EPOCHREALTIME/./} + 30000000)) ready

	shift
	rm -f "$dir/authd.log"
	authd -d "$dir/authd" -i 127.0.0.1 -p 0 -N open -S 10 "$@" </dev/null >/dev/null 2>"$dir/authd.log" 3>&- 4>&- &
	AUTHD_PID=$!
	until ready=$(grep -s ' event=ready ' "$dir/authd.log"); do
		if [ "${EPOCHREALTIME/./}" -gt "$end" ] || ! kill -0 "$AUTHD_PID" 2>/dev/null; then
			cat "$dir/authd.log" >&2
			return 1
		fi
		sleep 0.02
	done
	AUTHD=${ready#* listen=} AUTHD=${AUTHD%% *}
	AUTHD_PIN=${ready#* fingerprint=} AUTHD_PIN=${AUTHD_PIN%% *}
}

# authd_register USER: a new account there, and its session in the home.
authd_register() {
	ugat-login -q -N -u "$1" -P fd:3 -F "$AUTHD_PIN" "$AUTHD" 3<<<"a password for $1"
}
