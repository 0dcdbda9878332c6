# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Scripted HTTP trackers for the flow tests, and single runs of ugat-announce. Sourced behind lib.bash.

HASH=0123456789abcdef0123456789abcdef01234567

# web MODE [PEER...]: a scripted tracker; its URL becomes $URL.
web() {
	rm -f web.out # an earlier one's
	fake web fake_httptracker.py "$@" || return 1
	URL=http://127.0.0.1:$FAKE_PORT/announce
}

# records URL...: a small torrent, each tracker a tier.
records() {
	local tier=0 url

	printf 'ugat\t1\ntorrent\t%s\t-\t16384\t1\t1000\t1\ta name\n' $HASH
	for url in "$@"; do printf 'tracker\t%d\t%s\n' $((tier++)) "$url"; done
	printf 'file\t0\t0\t1000\ta name\npiece\t0\t%s\nend\n' $HASH
}

# ask OPTIONS URL...: one run over a file; $CODE, what it adds in `own`, its words in ask.err.
ask() {
	local options=$1

	shift
	records "$@" >given
	CODE=0
	# shellcheck disable=SC2086
	ugat-announce $options <given >seen 2>ask.err 3>&- || CODE=$?
	grep -aE '^(peer|announced|unanswered|scrape)	' seen >own || :
}

# code N: it ended so; else shows why not.
code() {
	[ "$CODE" -eq "$1" ] && return 0
	echo "exit code $CODE, not $1" >&2
	show ask.err seen web.out
	return 1
}

# asked EVENT [N]: the tracker heard it so often (1).
asked() {
	[ "$(grep -c "^announce event=$1 " web.out)" -eq "${2:-1}" ] && return 0
	show web.out
	return 1
}

# refused WORDS: one round, and that is the reason.
refused() {
	ask "-1 -t 30" "$URL"
	code 69
	grep -aqxF "unanswered	$URL	$1" own || { show own; return 1; }
}

# shellcheck disable=SC2034
two=(10.0.0.1:6881 10.0.0.2:6882)
