/* SPDX-License-Identifier: ISC */
/*
 * What the parts of run/session share: session.c (the check and its words) and
 * session_keep.c (a long run). Nobody else includes it.
 */
#ifndef RUN_SESSION_PARTS_H
#define RUN_SESSION_PARTS_H

#include "base/rng.h"
#include "run/errand.h"
#include "run/session.h"

/* When an errand is due, and how it went. Times are Unix seconds. */
struct session_task {
	int64_t due_s;   /* INT64_MAX: never */
	int64_t tried_s; /* when it was last begun */
	int failures;    /* in a row */
};

/* What decides: when one of them has changed, all is read anew. */
struct session_stamps {
	struct tokfile_stamp file, list, site;
};

struct session {
	struct tokfile file;
	struct session_view view;
	struct outcome fault; /* it does not stand any more, whatever its dates say */
	char command[32];
	int err;
	bool verbose;
	session_say_fn *say; /* NULL: it writes to err itself */
	void *say_ctx;
	uint64_t seed; /* for jitter */

	/* A long run. */
	struct loop_timer *timer;
	struct errand *errands; /* NULL: nobody can be sent */
	struct loop_watch *watch;
	struct session_stamps stamps;
	bool missing; /* there was no file at the last look */
	struct session_task tasks[ERRANDS];
	enum errand_kind errand; /* the last one sent */
	bool busy;               /* and not over yet */
	int64_t sent_ms;         /* when, by loop_now */
};

/*
 * Check v, whose token is read, as session_read does, and fill its facts. The anchor and
 * the list are read anew. RC_BAD: *end has words; *fault tells why when the session
 * itself is to blame, and is TOKEN_FINE when the anchor could not be read.
 */
enum rc session_check(const struct tokfile *f, int64_t now_s, struct session_view *v,
    enum token_fault *fault, struct outcome *end) MUST_USE;

/* One line on s->err, when it is verbose. */
void session_say(const struct session *s, const char *format, ...) PRINTF_LIKE(2, 3);

/* "the session of ops until 2026-10-01 12:00 UTC (auth.example.org:65431)". */
void session_say_who(const struct session *s);

/* session_keep.c: what stands there now; take them before you read. */
void session_take_stamps(const struct session *s, struct session_stamps *out);

/* session_keep.c: no timer, no errand is left. */
void session_keep_end(struct session *s);

#endif
