/* SPDX-License-Identifier: ISC */
/*
 * Who may keep a place when all are taken.
 *
 * - Peers that never unchoke, or only called to sit there, could hold every place for
 *   ever, and whoever else was named would never be dialled. So somebody who has neither
 *   given nor taken a block for USELESS_MS makes room, the longest idle first, one at a
 *   tick, as long as somebody who was never tried is waiting. Each address gets its first
 *   try this way, not a second one: peers do not push each other out in circles.
 * - Trackers name many who are gone and whose machines swallow every call. So where no
 *   more may be dialled, who has not answered for PATIENCE_MS makes room for somebody who
 *   was never tried, or for a caller.
 * - Once all is held, who is interested waits for his turn and is not idle, unless he had
 *   one and took nothing.
 * - Callers could fill all places before anybody is dialled: while something is missing
 *   they have three quarters of them.
 * - Somebody who calls when there is no place for him gets that of a stranger, who never
 *   gave nor took a block: of one that does not shake hands, or that needs nothing of us
 *   and has nothing that we need; after a longer time also of one that might trade and
 *   does not, or that does not use its turn. Whoever ever gave or took a block keeps his
 *   place, so that callers cannot push him out. Whose place was given away is not let in
 *   again for a while, or the same ones would call all the time.
 */
#include "core/swarm_parts.h"

enum {
	USELESS_MS = 30000,
	SHAKING_MS = 5000,
	STRANGER_MS = 10000,
	TRADER_MS = 120000,
	PATIENCE_MS = 800, /* a satellite answers; a lost packet has a turn later */
};

static struct conn *
oldest_dial(const struct swarm *s)
{
	struct conn *oldest = NULL;

	for (size_t i = 0; i < s->n_conns; i++) {
		struct conn *c = s->conns[i];

		if (c->state == CONN_DIALLING &&
		    (oldest == NULL || c->since_ms < oldest->since_ms))
			oldest = c;
	}
	return oldest;
}

static void
give_up_dials(struct swarm *s, int64_t now_ms)
{
	while (s->n_dialling >= SWARM_HALF_OPEN ||
	    (s->n_dialling > 0 && s->n_conns >= s->config.most_conns)) {
		struct conn *c = oldest_dial(s);

		if (now_ms - c->since_ms < PATIENCE_MS || !book_has_untried(&s->book))
			return;
		swarm_close(s, c, "does not answer", now_ms);
		swarm_dial(s, now_ms);
	}
}

static bool
is_useless(const struct swarm *s, const struct conn *c, int64_t now_ms)
{
	return c->state == CONN_OPEN && !c->paused &&
	    now_ms - c->moved_ms >= USELESS_MS &&
	    !(swarm_is_complete(s) && c->peer.is_interested && !c->idled);
}

void
swarm_make_room(struct swarm *s, int64_t now_ms)
{
	struct conn *idle = NULL;

	if (s->hushed || (swarm_is_complete(s) && !s->config.keep))
		return;
	give_up_dials(s, now_ms);
	if (s->n_conns < s->config.most_conns)
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

static unsigned
callers(const struct swarm *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n_conns; i++)
		n += s->conns[i]->incoming;
	return n;
}

static unsigned
most_callers(const struct swarm *s)
{
	unsigned most = s->config.most_conns;

	return swarm_is_complete(s) ? most : most - most / 4;
}

/* When a stranger's time is over; INT64_MAX: it is none, or it waits for its turn. */
static int64_t
leaves_ms(const struct swarm *s, const struct conn *c)
{
	if (c->state == CONN_DIALLING)
		return c->since_ms + PATIENCE_MS;
	if (c->state == CONN_SHAKING && c->incoming)
		return c->since_ms + SHAKING_MS;
	if (c->state != CONN_OPEN || c->paused || c->down.total > 0 || c->up.total > 0)
		return INT64_MAX;
	if (c->useful == 0 && !c->peer.is_interested)
		return c->moved_ms + STRANGER_MS;
	if (!swarm_is_complete(s))
		return c->moved_ms + TRADER_MS;
	return c->peer.choking && !c->idled ? INT64_MAX : c->turn_ms + STRANGER_MS;
}

bool
swarm_place_for_caller(struct swarm *s, int64_t now_ms)
{
	bool full = s->n_conns >= s->config.most_conns;
	bool crowded = callers(s) >= most_callers(s);
	struct conn *first = NULL;

	if (!full && !crowded)
		return true;
	for (size_t i = 0; i < s->n_conns; i++) {
		struct conn *c = s->conns[i];

		if ((c->incoming || !crowded) && leaves_ms(s, c) <= now_ms &&
		    (first == NULL || leaves_ms(s, c) < leaves_ms(s, first)))
			first = c;
	}
	if (first == NULL)
		return false;
	if (first->incoming)
		book_shun(&s->book, &first->addr, now_ms);
	swarm_close(
	    s, first, "gives and takes nothing and makes room for another", now_ms);
	return true;
}
