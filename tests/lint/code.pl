#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Print C files as "FILE:LINE:CODE", comments and the insides of string and character constants taken
# out, so that a lint can look for words. Includes keep their names.
use strict;
use warnings;

for my $path (@ARGV) {
	open(my $in, '<', $path) or die "$path: $!\n";
	local $/;
	my $text = <$in>;
	close($in);
	$text =~ s{
		^(\s*\#\s*include[^\n]*) |
		(/\*.*?\*/|//[^\n]*) |
		"((?:[^"\\\n]|\\.)*)" |
		'((?:[^'\\\n]|\\.)*)'
	}{
		if (defined $1) { $1 }
		elsif (defined $2) { "\n" x ($2 =~ tr/\n//) }
		elsif (defined $3) { '""' . "\n" x ($3 =~ tr/\n//) }
		else { "''" }
	}gsmex;
	my $line = 0;
	for my $code (split(/\n/, $text)) {
		$line++;
		print "$path:$line:$code\n" if $code =~ /\S/;
	}
}
