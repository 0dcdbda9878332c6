/* SPDX-License-Identifier: ISC */
/*
 * From the options to a session, the same for both commands: log in, then call and run
 * the one session in this process, or wait to be called (run/porch).
 */
#ifndef RUN_XFER_RUN_H
#define RUN_XFER_RUN_H

#include "base/outcome.h"
#include "run/audience_here.h"
#include "run/xfer.h"
#include "run/xfer_talk.h"

/* One session, from its ground to its end. */
typedef void xfer_session_fn(
    const void *ctx, const struct talk_ground *ground, struct outcome *end);

struct xfer_job {
	const struct xfer_options *o;
	struct audience_rules audience;
	bool keep;    /* wait for more after each session */
	bool resumes; /* what breaks off can go on */
	/* Before the first packet: whether it can work at all. NULL: it can. */
	enum rc (*check)(const void *ctx, struct outcome *end);
	xfer_session_fn *session;
	const void *ctx;
};

/* The whole run; *end says how it ended. */
void xfer_run(const struct xfer_job *job, struct outcome *end);

#endif
