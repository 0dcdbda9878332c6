/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "run/login_ask.h"
#include "run/login_net.h"

static void
change(struct login_net *n)
{
	char old[LOGIN_SECRET], fresh[LOGIN_SECRET], name[TOKEN_SERVER];
	struct login *l = n->l;
	struct https_request r = {
		.path = "/passwd", .post = true, .type = "text/plain", .password = old
	};
	struct outcome why = { .code = CODE_OK }, *end = l->end;

	old[0] = fresh[0] = '\0';
	if (login_ask_user(l) == RC_OK && login_ask_both(l, old, fresh) == RC_OK) {
		l->end_ms = login_now_ms() + (int64_t)l->o->limit_s * 1000;
		r.user = l->user;
		r.body = bytes_str(fresh);
		l->end = &why;
		server_text(&l->server, name);
		if (login_net_ask(n, &r, LOGIN_ANSWER_MAX) == RC_OK)
			login_remark(l, "%s has a new password at %s", l->user, name);
		l->end = end;
		/* An earlier try may have come through, and its answer not. */
		if (why.code != CODE_OK && n->lost)
			(void)outcome_fail(end, why.code,
			    "%s; an answer was lost, so the new password may hold "
			    "already",
			    why.words);
		else if (why.code != CODE_OK)
			*end = why;
	}
	explicit_bzero(old, sizeof(old));
	explicit_bzero(fresh, sizeof(fresh));
}

/* To see before anybody types that it is the right server, and that it answers. */
static enum rc
greet(struct login_net *n)
{
	if (login_net_meet(n) != RC_OK || login_net_open(n, false) != RC_OK)
		return RC_BAD;
	return login_net_cas(n);
}

void
passwd_run(const struct login_options *o, struct outcome *end)
{
	struct login_net n;
	struct login l;

	if (login_begin(&l, o, end) != RC_OK)
		return;
	if (login_net_begin(&n, &l) == RC_OK && greet(&n) == RC_OK) {
		change(&n);
		if (end->code == CODE_OK)
			login_keep_trust(&l, &n.trust);
	}
	login_net_clear(&n);
	login_clear(&l);
}
