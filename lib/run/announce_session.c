/* SPDX-License-Identifier: ISC */
/* run/announce: without a session that stands no tracker hears of us. */
#include "run/announce_parts.h"

static void
on_session(void *ctx, const char *words)
{
	asking_remark(ctx, "%s", words);
}

bool
asking_stay_logged_in(struct asking *r)
{
	return session_keep(r->session, r->loop, on_session, r) == RC_OK;
}

bool
asking_may_send(struct asking *r)
{
	struct outcome why = { .code = CODE_OK };

	if (session_lives(r->session)) {
		r->said_expired = false;
		return true;
	}
	session_explain(r->session, &why);
	if (session_is_refused(r->session) ||
	    (r->o->once && !session_may_return(r->session))) {
		asking_fail(r, why.code, "%s", why.words);
	} else if (!r->said_expired && !session_may_return(r->session)) {
		r->said_expired = true;
		asking_remark(r, "%s (no tracker is asked until then)", why.words);
	}
	if (r->phase == ASKING_STOPPING)
		asking_leave(r);
	return false;
}
