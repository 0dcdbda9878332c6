/* SPDX-License-Identifier: ISC */
/* A flood of refusals shall not become a flood of lines. */
#include "authd/log.h"
#include "authd/net_parts.h"

enum { LINE_MS = 1000 };

static void
say(struct net *n)
{
	struct refusals *r = &n->refusals;
	struct log_line l;

	log_begin(&l, "refused");
	if (r->has_source)
		log_source(&l, &r->source);
	log_number(&l, "count", r->count);
	if (r->status != 0)
		log_number(&l, "status", r->status);
	log_text(&l, "reason", bytes_str(r->words));
	log_end(&l);
	r->count = 0;
	r->said_ms = loop_now();
}

static void
on_timer(void *ctx)
{
	struct net *n = ctx;

	if (n->refusals.count > 0)
		say(n);
}

enum rc
net_log_open(struct net *n)
{
	n->refusals.said_ms = loop_now() - LINE_MS;
	n->refusals.timer = loop_timer_new(n->loop, on_timer, n);
	return n->refusals.timer == NULL ? RC_MEM : RC_OK;
}

void
net_log_refused(
    struct net *n, const struct addr *source, unsigned status, const char *words)
{
	struct refusals *r = &n->refusals;

	r->has_source = source != NULL;
	if (source != NULL)
		r->source = *source;
	r->status = status;
	r->words = words;
	r->count++;
	if (loop_now() - r->said_ms >= LINE_MS)
		say(n);
	else if (r->count == 1)
		loop_timer_set(r->timer, r->said_ms + LINE_MS);
}
