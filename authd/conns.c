/* SPDX-License-Identifier: ISC */
#include "authd/conns.h"

#include <string.h>

void
conns_init(struct conns *c)
{
	memset(c, 0, sizeof(*c));
}

/* Whether it counts against the limits on strangers. */
static bool
is_stranger(const struct conn *n)
{
	return n->used && n->placed && !n->known && !n->leaving;
}

static bool
may_be_pushed(const struct conn *n)
{
	return n->stage == CONN_SHAKING || n->stage == CONN_READING;
}

static size_t
count_strangers(const struct conns *c)
{
	size_t sum = 0;

	for (size_t i = 0; i < CONNS_SLOTS; i++)
		sum += is_stranger(&c->all[i]);
	return sum;
}

static size_t
count_source(const struct conns *c, const struct addr *source)
{
	size_t sum = 0;

	for (size_t i = 0; i < CONNS_SLOTS; i++)
		sum += is_stranger(&c->all[i]) &&
		    addr_same_source(&c->all[i].source, source);
	return sum;
}

bool
conns_has_room(const struct conns *c)
{
	for (size_t i = 0; i < CONNS_SLOTS; i++)
		if (!c->all[i].used)
			return true;
	return false;
}

struct conn *
conns_enter(struct conns *c, int64_t now_ms)
{
	for (size_t i = 0; i < CONNS_SLOTS; i++)
		if (!c->all[i].used) {
			c->all[i] = (struct conn){ .used = true,
				.stage = CONN_SHAKING,
				.order = ++c->came,
				.since_ms = now_ms,
				.deadline_ms = now_ms + CONNS_HANDSHAKE_MS };
			return &c->all[i];
		}
	return NULL;
}

/* The oldest one beside n that can be pushed out; of one source, unless that is NULL. */
static struct conn *
find_oldest(struct conns *c, const struct conn *n, const struct addr *source)
{
	struct conn *oldest = NULL;

	for (size_t i = 0; i < CONNS_SLOTS; i++) {
		struct conn *o = &c->all[i];

		if (o == n || !is_stranger(o) || !may_be_pushed(o) ||
		    (source != NULL && !addr_same_source(&o->source, source)))
			continue;
		if (oldest == NULL || o->order < oldest->order)
			oldest = o;
	}
	return oldest;
}

/* The same of the source that has most of those that can be pushed out. */
static struct conn *
find_fullest(struct conns *c, const struct conn *n)
{
	struct conn *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < CONNS_SLOTS; i++) {
		struct conn *o = &c->all[i];
		size_t count;

		if (o == n || !is_stranger(o) || !may_be_pushed(o))
			continue;
		count = count_source(c, &o->source);
		if (count > most || (count == most && o->order < best->order)) {
			best = o;
			most = count;
		}
	}
	return best;
}

struct conn *
conns_place(struct conns *c, struct conn *n, const struct addr *source)
{
	struct conn *out;

	n->source = *source;
	n->placed = true;
	if (count_source(c, source) > CONNS_A_SOURCE)
		out = find_oldest(c, n, source);
	else if (count_strangers(c) > CONNS_MOST)
		out = find_fullest(c, n);
	else
		return NULL;
	if (out == NULL)
		out = n;
	out->leaving = true;
	return out;
}

void
conns_shaken(struct conn *n)
{
	if (n->stage != CONN_SHAKING)
		return;
	n->stage = CONN_READING;
	n->deadline_ms = n->since_ms + CONNS_REQUEST_MS;
}

void
conns_asked(struct conn *n, int64_t now_ms)
{
	n->stage = CONN_ASKED;
	n->deadline_ms = now_ms + CONNS_VAULT_MS;
}

bool
conns_answering(
    struct conns *c, struct conn *n, enum conn_verdict verdict, int64_t now_ms)
{
	size_t known = 0;

	n->stage = CONN_ANSWERING;
	n->deadline_ms = now_ms + CONNS_ANSWER_MS;
	if (verdict == CONN_REFUSED)
		return false;
	if (verdict == CONN_SERVED || n->known)
		return true;
	for (size_t i = 0; i < CONNS_SLOTS; i++)
		known += c->all[i].used && c->all[i].known;
	n->known = known < CONNS_KNOWN;
	return n->known;
}

void
conns_rests(struct conn *n, int64_t now_ms)
{
	n->stage = CONN_READING;
	n->deadline_ms =
	    n->known ? now_ms + CONNS_IDLE_MS : n->since_ms + CONNS_REQUEST_MS;
}

void
conns_leave(struct conn *n)
{
	n->used = false;
}

struct conn *
conns_due(struct conns *c, int64_t now_ms)
{
	for (size_t i = 0; i < CONNS_SLOTS; i++) {
		struct conn *n = &c->all[i];

		if (!n->used || n->leaving || n->deadline_ms > now_ms)
			continue;
		n->leaving = n->stage != CONN_ASKED;
		return n;
	}
	return NULL;
}

int64_t
conns_next_ms(const struct conns *c)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < CONNS_SLOTS; i++)
		if (c->all[i].used && !c->all[i].leaving && c->all[i].deadline_ms < next)
			next = c->all[i].deadline_ms;
	return next;
}
