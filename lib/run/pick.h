/* SPDX-License-Identifier: ISC */
/* ugat-pick: of the `file` lines of a record stream only the wanted ones pass. */
#ifndef RUN_PICK_H
#define RUN_PICK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"

struct pick_options {
	int in, out, err;    /* err: where -v's words go */
	const char *command; /* before them */
	char *const *rules;  /* N, N-M, or a glob: see pick_run */
	size_t n_rules;
	bool drop;       /* what matches goes, instead of stays */
	bool only_files; /* for a terminal: nothing but the chosen files, printable */
	bool verbose;
};

/*
 * Pass everything on as it comes, but for the `file` lines that are not wanted. A rule of
 * digits, or of digits, '-' and digits, means indices; any other is a glob that is held
 * against the path, the path without the torrent's name, every directory of both, and
 * the last name alone; '*' and '?' match '/' too. Pad files always stay.
 *
 * CODE_NO: no file is left, which is said instead of `end`. CODE_DATA: the input is no
 * record stream, or is cut off; CODE_IO: read or write failed. A fail! line passes, and
 * its code becomes o's, with passed set. From here on the process can open nothing, and
 * reach nobody (io/cage).
 */
void pick_run(const struct pick_options *p, struct outcome *o);

#endif
