/* SPDX-License-Identifier: ISC */
/*
 * Who may keep a place when all are taken.
 *
 * - Peers that never unchoke, or only called to sit there, could hold every place for
 *   ever, and whoever else was named would never be dialled. So somebody who has neither
 *   given nor taken a block for USELESS_MS makes room, the longest idle first, one at a
 *   tick, as long as somebody who was never tried is waiting. Each address gets its first
 *   try this way, not a second one: peers do not push each other out in circles.
 * - Once all is held, who is interested waits for his turn and is not idle.
 */
#include "core/swarm_parts.h"

enum { USELESS_MS = 30000 };

static bool
is_useless(const struct swarm *s, const struct conn *c, int64_t now_ms)
{
	return c->state == CONN_OPEN && !c->paused &&
	    now_ms - c->moved_ms >= USELESS_MS &&
	    !(swarm_is_complete(s) && c->peer.is_interested);
}

void
swarm_make_room(struct swarm *s, int64_t now_ms)
{
	struct conn *idle = NULL;

	if (s->n_conns < s->config.most_conns || s->hushed ||
	    (swarm_is_complete(s) && !s->config.keep))
		return;
	for (size_t i = 0; i < s->n_conns; i++) {
		struct conn *c = s->conns[i];

		if (is_useless(s, c, now_ms) &&
		    (idle == NULL || c->moved_ms < idle->moved_ms))
			idle = c;
	}
	if (idle != NULL && book_has_untried(&s->book))
		swarm_close(s, idle, "gives nothing and makes room for another", now_ms);
}
