/* SPDX-License-Identifier: ISC */
#include "run/send.h"

#include <string.h>

#include "run/send_parts.h"
#include "run/xfer_cage.h"
#include "run/xfer_run.h"

/* What is wrong with the operands is better said before anybody is called. */
static enum rc
check(const void *ctx, struct outcome *end)
{
	const struct send_options *o = ctx;
	struct outbox *box = outbox_new(o->operands, o->n, o->name, o->in, end);

	if (box == NULL)
		return RC_BAD;
	outbox_free(box);
	return RC_OK;
}

static void
session(const void *ctx, const struct talk_ground *ground, struct outcome *end)
{
	xfer_cage_send(ctx);
	send_session(ctx, ground, end);
}

void
send_run(const struct send_options *o, struct outcome *end)
{
	const struct xfer_job job = {
		.o = &o->x,
		.audience = { .command = o->x.command,
		    .err = o->x.err,
		    .quiet = o->x.quiet,
		    .verbose = o->x.verbose },
		.resumes = !o->no_hash && strcmp(o->operands[0], "-") != 0,
		.check = check,
		.session = session,
		.ctx = o,
	};

	xfer_run(&job, end);
}
