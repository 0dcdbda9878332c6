/* SPDX-License-Identifier: ISC */
/* The engine of ugat-recv: what one other user sends, below one directory. */
#ifndef RUN_RECV_H
#define RUN_RECV_H

#include "base/outcome.h"
#include "run/xfer.h"

struct recv_options {
	struct xfer_options x;
	const char *dir;    /* -d */
	const char *file;   /* -o: the one file goes there, "-": to out; NULL */
	char *const *names; /* accept only these; none: whatever comes */
	size_t n_names;
	bool keep;  /* -k: wait for more, and never refuse a name that is taken */
	bool force; /* -f: replace a file that has the name */
	bool watch; /* -w: a status record every second */
	bool nul;   /* -0: bare paths */
	int out;    /* descriptor: `done` records, or with "-" the file */
};

/*
 * Receive, by being called or by calling. Returns when all that was accepted is stored,
 * when that has failed, or a signal asks for the end; *end says how to end.
 */
void recv_run(const struct recv_options *o, struct outcome *end);

#endif
