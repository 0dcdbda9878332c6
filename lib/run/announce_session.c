/* SPDX-License-Identifier: ISC */
/* run/announce: without a session that stands no tracker hears of us. */
#include "run/announce_parts.h"

static void
on_session(void *ctx, const char *words)
{
	run_remark(ctx, "%s", words);
}

bool
run_stay_logged_in(struct run *r)
{
	return session_keep(r->session, r->loop, on_session, r) == RC_OK;
}

bool
run_may_send(struct run *r)
{
	struct outcome why = { .code = CODE_OK };

	if (session_lives(r->session)) {
		r->said_expired = false;
		return true;
	}
	session_explain(r->session, &why);
	if (session_is_refused(r->session) ||
	    (r->o->once && !session_may_return(r->session))) {
		run_fail(r, why.code, "%s", why.words);
	} else if (!r->said_expired && !session_may_return(r->session)) {
		r->said_expired = true;
		run_remark(r, "%s (no tracker is asked until then)", why.words);
	}
	if (r->phase == RUN_STOPPING)
		run_leave(r);
	return false;
}
