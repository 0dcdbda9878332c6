/* SPDX-License-Identifier: ISC */
#include "run/xfer_run.h"

#include <signal.h>

#include "run/porch.h"
#include "run/xfer_call.h"
#include "run/xfer_door.h"

struct run {
	const struct xfer_job *job;
	struct xfer_door door;
	struct loop *loop;
	struct stop stop;
	struct audience_here *here;
	struct outcome *end;
};

static void
call(struct run *r)
{
	const struct xfer_options *o = r->job->o;
	struct talk_ground ground = { .loop = r->loop,
		.audience = audience_here_face(r->here),
		.stop = &r->stop,
		.fd = -1,
		.resumes = r->job->resumes,
		.place = o->server.host };

	if (xfer_call(r->loop, &r->stop, o, &ground.fd, r->end) != RC_OK)
		return;
	audience_here_open(r->here);
	audience_here_set_sessions(r->here, 1);
	ground.rules = xfer_door_rules(&r->door);
	r->job->session(r->job->ctx, &ground, r->end);
	net_close(&ground.fd);
}

static void
wait_for_call(struct run *r)
{
	const struct porch_rules rules = { .job = r->job,
		.door = &r->door,
		.loop = r->loop,
		.stop = &r->stop,
		.here = r->here };

	porch_run(&rules, r->end);
}

static void
run(struct run *r)
{
	const struct xfer_job *job = r->job;

	if (xfer_door_open(&r->door, job->o, r->end) != RC_OK)
		return;
	if (job->check != NULL && job->check(job->ctx, r->end) != RC_OK)
		return;
	r->loop = loop_new();
	if (r->loop != NULL)
		r->here = audience_here_new(r->loop, &job->audience);
	if (r->here == NULL) {
		(void)outcome_fail(r->end, CODE_BUG, "out of memory");
		return;
	}
	if (job->o->calls)
		call(r);
	else
		wait_for_call(r);
	audience_here_close(r->here, r->end);
}

void
xfer_run(const struct xfer_job *job, struct outcome *end)
{
	struct run r = { .job = job, .end = end };

	(void)signal(SIGPIPE, SIG_IGN);
	stop_begin(&r.stop);
	run(&r);
	audience_here_free(r.here);
	/* Its timers are the loop's. */
	xfer_door_close(&r.door);
	loop_free(r.loop);
	stop_end(&r.stop);
}
