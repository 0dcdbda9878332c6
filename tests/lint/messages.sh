#!/bin/bash
# SPDX-License-Identifier: ISC
# What is said to people, as the string literals of C tell: a message has at most 160 bytes of its own
# (two lines of a terminal; what it names comes on top), a number does not stand before a plural that
# can be one, and the same thing has the same name everywhere, in what else people read too.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 2
shopt -s nullglob
bad=0

set -- lib/*/*.c cmd/*.c authd/*.c
# shellcheck disable=SC2016
if ! perl -0777 -ne '
	s{/\*.*?\*/}{ $& =~ s/[^\n]//gr }ges;
	my ($run, $from, $line) = ("", 0, 1);
	while (/\G(?:(\n)|"((?:[^"\\\n]|\\.)*)"|([ \t]+)|\x27(?:[^\x27\\]|\\.)+\x27|.)/gcs) {
		if (defined $1) { $line++; next }
		if (defined $2) { $from = $line if $run eq ""; $run .= $2; next }
		next if defined $3 || $run eq "";
		my $words = $run;
		$run = "";
		next if $words !~ /[a-z] [a-z%]/;
		(my $own = $words) =~ s/%[-+0-9.*]*(?:ll|l|z|h)?[a-z]//g;
		if (length($own) > 160 && $words !~ /\\n/) { print "$ARGV:$from: ", length($own), " bytes, 160 at most: $words\n"; $bad = 1 }
		if ($words =~ m{(?<!/)(?<!of )(?<!to )(?<!than )(?<!most )%(?:ll|l|z)?[ud] (?:bytes|files|pieces|peers|trackers|links|users|sessions)\b(?!\))}) {
			print "$ARGV:$from: one of them is no plural: $words\n"; $bad = 1 }
		if ($words =~ /\bfolders?\b/) { print "$ARGV:$from: a directory: $words\n"; $bad = 1 }
	}
	END { exit($bad // 0) }' "$@"; then
	bad=1
fi
# The field has "info-hash"; people have standard input and output.
if grep -nEi '"[^"]*\b(infohash|info hash|filename|torrent file|stdin|stderr|time-?out|e-mail|ip-address)\b[^"]*[ "]' "$@" /dev/null |
	grep -vE '^[^:]*:[0-9]+:#include'; then
	bad=1
fi
words=$(grep -snEi '\b(folders?|infohash|info hash|filename|torrent file|ip-address)\b' README.md NEWS.md SECURITY.md \
	man/*.[1-8] completions/* cmd/ugat /dev/null)
if [ -n "$words" ]; then
	printf '%s\n' "$words"
	bad=1
fi
exit $bad
