/* SPDX-License-Identifier: ISC */
/*
 * The audience of this process: `done` and status records on stdout, words and the
 * progress line on stderr, questions on the terminal.
 */
#ifndef RUN_AUDIENCE_HERE_H
#define RUN_AUDIENCE_HERE_H

#include "base/outcome.h"
#include "io/loop.h"
#include "run/audience.h"

struct audience_rules {
	const char *command; /* in front of words */
	int out, err;
	bool records; /* out is for records */
	bool watch;   /* a status record every second */
	bool nul;     /* bare paths */
	bool quiet, verbose;
};

struct audience_here;

/* l and rules outlive it. NULL: out of memory. */
struct audience_here *audience_here_new(
    struct loop *l, const struct audience_rules *rules);

/* What it is to a transfer; good as long as it is. */
const struct audience *audience_here_face(struct audience_here *h);

/* The first line of the records: from now on the command is at work. */
void audience_here_open(struct audience_here *h);

/* A remark that is left out without -v, or (on a terminal) without anybody to see it. */
void audience_here_remark(struct audience_here *h, const char *words);
void audience_here_hint(struct audience_here *h, const char *words);

/* How many sessions there are, for the status. */
void audience_here_set_sessions(struct audience_here *h, unsigned n);

/* Nothing goes on now: for the status and the progress line. */
void audience_here_wait(struct audience_here *h);

/* Whether so much waits for a slow reader that nothing more should be said. */
bool audience_here_is_full(const struct audience_here *h);

/*
 * The end: what waits is written, however long it takes (after a signal only what is
 * taken at once), the last status says how it ended. A failure to write it becomes *end.
 */
void audience_here_close(struct audience_here *h, struct outcome *end);
void audience_here_free(struct audience_here *h); /* NULL is allowed */

#endif
