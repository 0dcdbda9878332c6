/* SPDX-License-Identifier: ISC */
/*
 * To whom a transfer speaks: the person at the terminal and the pipes, or, in a process
 * of its own (run/porch), the parent process that owns both. A transfer never writes to
 * stdout, stderr or the terminal itself.
 */
#ifndef RUN_AUDIENCE_H
#define RUN_AUDIENCE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/progress.h"
#include "base/rc.h"

/* The answer to a question, from the loop, once. */
typedef void audience_answer_fn(void *ctx, bool yes);

struct audience {
	void *ctx;
	/* One line of words for stderr, printable, without LF and the command's name. */
	void (*say)(void *ctx, const char *words);
	/* The same, for the end of a session: with -q it is left out. */
	void (*summary)(void *ctx, const char *words);
	/* One file is stored: path as it can be opened, who sent it. */
	void (*done)(void *ctx, struct bytes path, uint64_t size, const char *from,
	    const uint8_t *sha256);
	/* At most ten times a second. */
	void (*progress)(void *ctx, struct bytes name, const struct progress *p);
	/*
	 * This session is the one that was waited for: others are turned away. false:
	 * there is such a one already.
	 */
	bool (*claim)(void *ctx);
	/* Ask the person; answer is called later, exactly once, unless cancelled. */
	void (*ask)(void *ctx, const char *words, audience_answer_fn *answer, void *actx);
};

#endif
