/* SPDX-License-Identifier: ISC */
/*
 * Who is connected: dialling, accepting, ending.
 *
 * - At most most_conns connections (swarm_places.c), SWARM_HALF_OPEN of them being
 *   dialled; SWARM_DIALS may begin in the first second and so many in every later one.
 * - One connection for an (address, peer id), at most SAME_IP from one address (loopback
 *   aside: there an address is not one machine's).
 * - A connection that breaks the protocol is closed and its address waits; one that lied
 *   twice is banned.
 */
#include <stdlib.h>

#include "core/swarm_parts.h"

enum { SAME_IP = 4 };

/* Beginnings. */

static size_t
count_from(const struct swarm *s, const struct addr *a)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_conns; i++)
		n += addr_same_ip(&s->conns[i]->addr, a);
	return addr_is_loopback(a) ? 0 : n;
}

static struct conn *
new_conn(struct swarm *s, const struct addr *a, uint32_t who, int64_t now_ms)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->addr = *a;
	c->who = who;
	c->serial = ++s->serials;
	c->since_ms = now_ms;
	c->current = PICKER_NONE;
	c->at = s->n_conns;
	s->conns[s->n_conns++] = c;
	s->book.entries[who].busy = true;
	return c;
}

static enum rc
start_peer(struct swarm *s, struct conn *c, int64_t now_ms)
{
	const struct peer_config pc = { .btih = s->t->btih,
		.id = s->config.id,
		.have = &s->have,
		.piece_length = s->t->piece_length,
		.length = s->t->length,
		.port = s->config.port,
		.incoming = c->incoming,
		.upload_only = swarm_is_complete(s) };

	c->state = CONN_SHAKING;
	c->since_ms = now_ms;
	return peer_init(&c->peer, &pc, now_ms);
}

struct conn *
swarm_accept(struct swarm *s, const struct addr *from, int64_t now_ms)
{
	struct conn *c;
	uint32_t who;

	if (s->hushed || !book_allows(&s->book, from) ||
	    book_shuns(&s->book, from, now_ms) || count_from(s, from) >= SAME_IP ||
	    !swarm_place_for_caller(s, now_ms))
		return NULL;
	who = book_enter(&s->book, from, false);
	if (who == BOOK_NONE || s->book.entries[who].busy)
		return NULL;
	c = new_conn(s, from, who, now_ms);
	if (c == NULL)
		return NULL;
	c->incoming = true;
	if (start_peer(s, c, now_ms) != RC_OK) {
		swarm_lost(s, c, now_ms);
		return NULL;
	}
	return c;
}

void
swarm_hush(struct swarm *s, bool hushed)
{
	s->hushed = hushed;
}

void
swarm_dial(struct swarm *s, int64_t now_ms)
{
	s->dial_tokens += (now_ms - s->dial_ms) * SWARM_DIALS;
	s->dial_ms = now_ms;
	if (s->dial_tokens > (int64_t)SWARM_DIALS * 1000)
		s->dial_tokens = (int64_t)SWARM_DIALS * 1000;
	while (s->n_conns < s->config.most_conns && s->n_dialling < SWARM_HALF_OPEN &&
	    s->dial_tokens >= 1000 && !s->hushed &&
	    (s->config.keep || !swarm_is_complete(s))) {
		uint32_t who = book_next(&s->book, now_ms);
		struct conn *c;

		if (who == BOOK_NONE)
			return;
		if (count_from(s, &s->book.entries[who].addr) >= SAME_IP) {
			book_let_go(&s->book, who, false, now_ms);
			continue;
		}
		c = new_conn(s, &s->book.entries[who].addr, who, now_ms);
		if (c == NULL)
			return;
		s->dial_tokens -= 1000;
		s->n_dialling++;
		swarm_queue(s, c, SWARM_DIAL);
	}
}

void
swarm_add_peer(struct swarm *s, const struct addr *a, int64_t now_ms)
{
	if (!addr_is_dialable(a) || !book_allows(&s->book, a))
		return;
	if (book_enter(&s->book, a, true) != BOOK_NONE)
		swarm_dial(s, now_ms);
}

void
swarm_connected(struct swarm *s, struct conn *c, int64_t now_ms)
{
	s->n_dialling--;
	swarm_said(s, c, start_peer(s, c, now_ms), now_ms);
}

/* Endings. */

static void
take_out(struct swarm *s, struct conn *c, int64_t now_ms)
{
	bool failed = c->state != CONN_OPEN;

	if (c->state == CONN_DIALLING)
		s->n_dialling--;
	else
		swarm_release(s, c);
	swarm_pieces_forgotten(s, c);
	if (c->who != BOOK_NONE)
		book_let_go(&s->book, c->who, failed || c->why != NULL, now_ms);
	s->conns[c->at] = s->conns[--s->n_conns];
	s->conns[c->at]->at = c->at;
	c->state = CONN_CLOSED;
}

void
swarm_close(struct swarm *s, struct conn *c, const char *why, int64_t now_ms)
{
	if (c->state == CONN_CLOSED)
		return;
	c->why = why;
	take_out(s, c, now_ms);
	swarm_queue(s, c, SWARM_CLOSE);
}

void
swarm_said(struct swarm *s, struct conn *c, enum rc rc, int64_t now_ms)
{
	if (c->state == CONN_CLOSED)
		return;
	if (rc == RC_OK)
		swarm_queue(s, c, SWARM_SEND);
	else
		swarm_close(s, c, "does not take what we send", now_ms);
}

static bool
comes_before(const struct conn *a, const struct conn *b)
{
	return a->down.total != b->down.total ? a->down.total > b->down.total
	                                      : a->serial < b->serial;
}

/* Whoever gave most stands first, of strangers the oldest. Little changes in between. */
static void
order_conns(struct swarm *s)
{
	for (size_t i = 1; i < s->n_conns; i++) {
		struct conn *c = s->conns[i];
		size_t at = i;

		for (; at > 0 && comes_before(c, s->conns[at - 1]); at--) {
			s->conns[at] = s->conns[at - 1];
			s->conns[at]->at = at;
		}
		s->conns[at] = c;
		c->at = at;
	}
}

void
swarm_settle(struct swarm *s, int64_t now_ms)
{
	while (s->kick) {
		s->kick = false;
		/*
		 * What one stranger let go is not for the next one, or strangers who come
		 * and go could keep it among themselves.
		 */
		order_conns(s);
		/* Asking can end a connection; the last one then takes its place. */
		for (size_t i = 0; i < s->n_conns;) {
			const struct conn *c = s->conns[i];

			swarm_ask(s, s->conns[i], now_ms);
			i += i < s->n_conns && s->conns[i] == c;
		}
	}
}

void
swarm_lost(struct swarm *s, struct conn *c, int64_t now_ms)
{
	if (c->state != CONN_CLOSED)
		take_out(s, c, now_ms);
	swarm_unqueue(s, c);
	swarm_free_conn(s, c);
	swarm_dial(s, now_ms);
	swarm_settle(s, now_ms);
}

enum rc
swarm_deny(struct swarm *s, const struct addr *base, unsigned bits, int64_t now_ms)
{
	enum rc rc = deny_add(&s->book.deny, base, bits);

	for (size_t i = s->n_conns; rc == RC_OK && i-- > 0;)
		if (deny_covers(base, bits, &s->conns[i]->addr))
			swarm_close(s, s->conns[i], "is denied", now_ms);
	return rc;
}

void
swarm_part_from(struct swarm *s, struct conn *c, int64_t now_ms)
{
	if (s->config.keep && c->state == CONN_OPEN && swarm_is_complete(s) &&
	    (bitset_full(&c->peer.has) || c->peer.said.upload_only))
		swarm_close(s, c, "needs nothing, nor do we", now_ms);
}

void
swarm_completed(struct swarm *s, int64_t now_ms)
{
	for (size_t i = s->n_conns; i-- > 0;) {
		struct conn *c = s->conns[i];

		if (c->state == CONN_OPEN)
			swarm_said(s, c, peer_set_upload_only(&c->peer), now_ms);
		swarm_part_from(s, c, now_ms);
	}
}

void
swarm_take_deny(struct swarm *s, struct deny *d)
{
	deny_clear(&s->book.deny);
	s->book.deny = *d;
	*d = (struct deny){ .n = 0 };
}

bool
swarm_denies(struct swarm *s, const struct addr *a)
{
	return deny_has(&s->book.deny, a);
}
