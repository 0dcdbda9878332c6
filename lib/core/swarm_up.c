/* SPDX-License-Identifier: ISC */
/*
 * Serving: other threads see to it that blocks are at hand, a few ahead of what the
 * socket takes; they are sent from where they lie, in the order asked. Whom we choke
 * loses its queue; with BEP 6 it is told so, block by block.
 */
#include <stdlib.h>

#include "core/choker.h"
#include "core/swarm_parts.h"

enum {
	LOADING_MAX = 8,
	AHEAD_MIN = 128 * 1024,
	AHEAD_MAX = 1024 * 1024,
	FIRST_ASKED = 16
};

/*
 * Whether it has as many bytes before it as it takes in a second: more of them make a
 * fast peer cheaper, and what is promised to a slow one cannot be called off any more.
 */
static bool
has_enough(struct conn *c, int64_t now_ms)
{
	size_t ahead = peer_waiting(&c->peer) + (size_t)c->loading * WIRE_BLOCK;

	return ahead >= AHEAD_MIN &&
	    (ahead >= AHEAD_MAX || ahead >= rate_get(&c->up, now_ms));
}

/* Have what it asked for loaded, as far as it may be ahead of what it takes. */
static void
serve(struct swarm *s, struct conn *c, int64_t now_ms)
{
	while (c->n_asked > 0 && c->loading < LOADING_MAX &&
	    c->peer.n_due + c->loading < PEER_BLOCKS_MAX && !has_enough(c, now_ms)) {
		swarm_add_job(s,
		    (struct swarm_job){ .kind = SWARM_LOAD,
		        .block = c->asked[c->first_asked++],
		        .serial = c->serial });
		c->n_asked--;
		c->loading++;
	}
}

static bool
can_speak(const struct conn *c)
{
	return c->state == CONN_SHAKING || c->state == CONN_OPEN;
}

size_t
swarm_waiting(const struct conn *c)
{
	return can_speak(c) ? peer_waiting(&c->peer) : 0;
}

bool
swarm_output(const struct conn *c, size_t i, struct peer_part *part)
{
	return can_speak(c) && peer_output(&c->peer, i, part);
}

void
swarm_sent(struct swarm *s, struct conn *c, size_t n, int64_t now_ms)
{
	size_t payload;

	if (c->state == CONN_CLOSED)
		return;
	payload = peer_sent(&c->peer, n, now_ms);
	rate_add(&s->up, payload, now_ms);
	rate_add(&c->up, payload, now_ms);
	if (payload > 0)
		c->moved_ms = now_ms;
	serve(s, c, now_ms);
}

static bool
is_allowed(const struct conn *c, uint32_t piece)
{
	for (size_t i = 0; i < c->n_allowed; i++)
		if (c->allowed[i] == piece)
			return true;
	return false;
}

static struct conn *
by_serial(const struct swarm *s, uint64_t serial)
{
	for (size_t i = 0; i < s->n_conns; i++)
		if (s->conns[i]->serial == serial)
			return s->conns[i];
	return NULL;
}

void
swarm_loaded(struct swarm *s, const struct swarm_job *job, bool ok, int64_t now_ms)
{
	struct conn *c = by_serial(s, job->serial);

	if (c == NULL)
		return;
	c->loading--;
	if (!ok || !bitset_get(&s->have, job->block.piece) ||
	    (c->peer.choking && !is_allowed(c, job->block.piece)))
		swarm_said(s, c, peer_send_reject(&c->peer, job->block), now_ms);
	else
		swarm_said(s, c, peer_send_block(&c->peer, job->block), now_ms);
	if (c->state == CONN_OPEN)
		serve(s, c, now_ms);
}

bool
swarm_withdraw(struct swarm *s, uint32_t piece)
{
	bool offered = bitset_get(&s->have, piece);

	if (offered)
		bitset_unset(&s->have, piece);
	return offered;
}

void
swarm_offer_again(struct swarm *s, uint32_t piece)
{
	bitset_set(&s->have, piece);
}

/* Room for one more behind the last: what was taken from the front is used again. */
static enum rc
make_room(struct conn *c)
{
	size_t cap = c->cap_asked == 0 ? FIRST_ASKED : c->cap_asked * 2;
	void *grown;

	if (c->first_asked + c->n_asked < c->cap_asked)
		return RC_OK;
	if (c->first_asked > c->n_asked) {
		memcpy(
		    c->asked, c->asked + c->first_asked, c->n_asked * sizeof(*c->asked));
		c->first_asked = 0;
		return RC_OK;
	}
	grown = reallocarray(c->asked, cap, sizeof(*c->asked));
	if (grown == NULL)
		return RC_MEM;
	c->asked = grown;
	c->cap_asked = cap;
	return RC_OK;
}

static enum rc
queue_request(struct conn *c, struct peer_block b)
{
	enum rc rc = c->n_asked + c->loading < PEER_REQUESTS_MAX ? make_room(c) : RC_BIG;

	if (rc == RC_OK)
		c->asked[c->first_asked + c->n_asked++] = b;
	return rc;
}

/* Who begins with nothing gets a few pieces although it is choked (BEP 6). */
void
swarm_allow(struct swarm *s, struct conn *c, int64_t now_ms)
{
	uint32_t set[ALLOWED_PIECES];
	size_t n;

	if (c->state != CONN_OPEN || !c->peer.fast || c->peer.has.count >= ALLOWED_PIECES)
		return;
	n = allowed_set(&c->addr, s->t->btih, s->t->pieces, set);
	for (size_t i = 0; i < n && c->state == CONN_OPEN; i++) {
		if (!bitset_get(&s->have, set[i]))
			continue;
		c->allowed[c->n_allowed++] = set[i];
		swarm_said(s, c, peer_send_allowed(&c->peer, set[i]), now_ms);
	}
}

void
swarm_asked(struct swarm *s, struct conn *c, struct peer_block b, int64_t now_ms)
{
	if (c->peer.choking || !bitset_get(&s->have, b.piece) ||
	    queue_request(c, b) != RC_OK)
		swarm_said(s, c, peer_send_reject(&c->peer, b), now_ms);
	else
		serve(s, c, now_ms);
}

void
swarm_unasked(struct swarm *s, struct conn *c, struct peer_block b, int64_t now_ms)
{
	struct peer_block *asked = c->asked + c->first_asked;

	for (size_t i = 0; i < c->n_asked; i++)
		if (asked[i].piece == b.piece && asked[i].begin == b.begin &&
		    asked[i].length == b.length) {
			c->n_asked--;
			memmove(
			    asked + i, asked + i + 1, (c->n_asked - i) * sizeof(*asked));
			swarm_said(s, c, peer_send_reject(&c->peer, b), now_ms);
			return;
		}
}

static void
set_choking(struct swarm *s, struct conn *c, bool choking, int64_t now_ms)
{
	struct peer_block *asked = c->asked + c->first_asked;
	size_t kept = 0;

	if (c->peer.choking == choking)
		return;
	swarm_said(s, c, peer_set_choking(&c->peer, choking), now_ms);
	c->idled = choking && c->up.total == c->turn_from;
	c->turn_ms = now_ms;
	c->turn_from = c->up.total;
	if (!choking)
		return;
	for (size_t i = 0; i < c->n_asked && c->state == CONN_OPEN; i++) {
		if (is_allowed(c, asked[i].piece))
			asked[kept++] = asked[i];
		else
			swarm_said(s, c, peer_send_reject(&c->peer, asked[i]), now_ms);
	}
	c->n_asked = kept;
}

void
swarm_interest(struct swarm *s, struct conn *c, int64_t now_ms)
{
	size_t served = 0;

	/* Somebody new need not wait for the next round while there is room. */
	for (size_t i = 0; i < s->n_conns; i++)
		served += s->conns[i]->state == CONN_OPEN &&
		    s->conns[i]->peer.is_interested && !s->conns[i]->peer.choking;
	if (c->peer.is_interested && c->peer.choking && served < CHOKER_SLOTS)
		set_choking(s, c, false, now_ms);
}

void
swarm_choke_all(struct swarm *s, bool redraw, int64_t now_ms)
{
	struct choker_peer *peer = calloc(s->n_conns + 1, sizeof(*peer));
	size_t n = s->n_conns;

	if (peer == NULL) {
		s->broken = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct conn *c = s->conns[i];

		peer[i].interested = c->state == CONN_OPEN && c->peer.is_interested;
		peer[i].lucky = c->lucky;
		peer[i].rate = rate_get(&c->down, now_ms);
		peer[i].served = !c->peer.choking;
		peer[i].given = c->up.total - c->turn_from;
		peer[i].since_ms = c->turn_ms;
	}
	if (swarm_is_complete(s))
		choker_seed(peer, n, now_ms);
	else
		choker_decide(peer, n, redraw, &s->rng);
	/*
	 * Backwards: a connection that ends here gives its place to the last one, which
	 * has had its turn.
	 */
	for (size_t i = n; i-- > 0;) {
		s->conns[i]->lucky = peer[i].lucky;
		if (s->conns[i]->state == CONN_OPEN)
			set_choking(s, s->conns[i], !peer[i].serve, now_ms);
	}
	free(peer);
}
