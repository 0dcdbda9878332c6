/* SPDX-License-Identifier: ISC */
/*
 * ugat-verify: hold what lies on disk against the pieces of a record stream, and say so:
 * to people, or to ugat-fetch.
 */
#ifndef RUN_VERIFY_H
#define RUN_VERIFY_H

#include <stdbool.h>

#include "base/outcome.h"

struct verify_options {
	int in, out, err;
	const char *dir;     /* where the files are */
	const char *command; /* before words on err */
	bool say;            /* lines for people take the place of the records */
	bool sizes;          /* with say: nothing is hashed */
	bool quiet, verbose;
	unsigned threads;
};

/*
 * Read records. Each is passed on at once, but for `checked` and `have` lines, which this
 * run replaces, and `end`, which waits for them. With say nothing is passed on: a line a
 * file tells how it stands, and CODE_NO says that not all are whole.
 *
 * CODE_DATA: no record stream, cut off, or of version 2 only. CODE_IO: the input or the
 * output fails; with say also a file. CODE_NOINPUT: dir is no directory. A fail! line
 * passes, and its code becomes o's, with passed set. A signal while hashing is o's. From
 * here on the process can write no file, and reach nobody (io/cage).
 */
void verify_run(const struct verify_options *v, struct outcome *o);

#endif
