/* SPDX-License-Identifier: ISC */
/*
 * To whom a transfer speaks: the person at the terminal and the pipes
 * (run/audience_here), or, in a process of its own, the parent process that owns both
 * (run/audience_away). A transfer never writes to stdout, stderr or the terminal itself.
 */
#ifndef RUN_AUDIENCE_H
#define RUN_AUDIENCE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/progress.h"
#include "base/rc.h"
#include "crypto/hash.h"

/* The answer to a question, from the loop, once. */
typedef void audience_answer_fn(void *ctx, bool yes);

/* One file that is stored. */
struct audience_done {
	struct bytes path; /* as it can be opened from the current directory */
	uint64_t size;
	const char *from;      /* who sent it */
	const char *authority; /* the pin of a foreign one; else empty */
	bool has_sha256;
	uint8_t sha256[SHA256_SIZE];
};

struct audience {
	void *ctx;
	/* One line of printable words for stderr, without LF and the command's name. */
	void (*say)(void *ctx, const char *words);
	/* The same, for the end of a session that went well: for a terminal, or -v. */
	void (*summary)(void *ctx, const char *words);
	void (*done)(void *ctx, const struct audience_done *file);
	/* At most ten times a second; p->state is one of the audience_states. */
	void (*progress)(void *ctx, struct bytes name, const struct progress *p);
	/*
	 * The other side is a user who counts: who, one name for one user. false: there
	 * are too many of them already.
	 */
	bool (*meet)(void *ctx, const char *who);
	/*
	 * This session is the one that was waited for: others are turned away. false:
	 * there is such a one already.
	 */
	bool (*claim)(void *ctx);
	/*
	 * Ask the person; answer is called later, exactly once, unless hush comes before.
	 * One question at a time. words: printable lines, without a last LF.
	 */
	void (*ask)(void *ctx, const char *words, audience_answer_fn *answer, void *actx);
	void (*hush)(void *ctx);
	/* Write what was said, as far as its reader takes it now. false: broken. */
	bool (*flush)(void *ctx);
	/*
	 * Not 0: what was said can no longer be written, for this errno; ESRCH: whoever
	 * would write it is gone.
	 */
	int (*broken)(void *ctx);
};

enum audience_state {
	AUDIENCE_WAITING,  /* for a person's answer there */
	AUDIENCE_COUNTING, /* what there is to be sent */
	AUDIENCE_CHECKING, /* what is there already */
	AUDIENCE_SENDING,
	AUDIENCE_RECEIVING,
	AUDIENCE_STATES,
};

/* "waiting", "counting" ... */
const char *audience_word(enum audience_state state);

#endif
