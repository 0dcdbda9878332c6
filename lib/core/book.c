/* SPDX-License-Identifier: ISC */
#include "core/book.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_ENTRIES = 64,
	LOOK_AHEAD = 16,
	LOOK_FOR_OLD = 512,
	FIRST_WAIT_MS = 15000,
	MOST_WAIT_MS = 3600000,
	SHUN_MS = 300000,
	BANS_MAX = BOOK_MAX, /* at most one more entry for each */
};

void
book_init(struct book *b, uint64_t key)
{
	*b = (struct book){ .key = key };
}

void
book_clear(struct book *b)
{
	free(b->entries);
	free(b->slots);
	deny_clear(&b->deny);
	book_init(b, b->key);
}

static size_t
hash(const struct book *b, const struct addr *a)
{
	struct rng r = { .state = b->key ^ a->port };
	uint64_t word[2];

	memcpy(word, a->ip, sizeof(word));
	r.state = rng_u64(&r) ^ word[0];
	r.state = rng_u64(&r) ^ word[1];
	return (size_t)rng_u64(&r);
}

/* The slot where a's number is, or belongs. There is always an empty one. */
static size_t
find_slot(const struct book *b, const struct addr *a)
{
	size_t i = hash(b, a) & (b->n_slots - 1);

	while (b->slots[i] != BOOK_NONE && !addr_eq(&b->entries[b->slots[i]].addr, a))
		i = (i + 1) & (b->n_slots - 1);
	return i;
}

static enum rc
grow(struct book *b)
{
	size_t cap = b->cap == 0 ? FIRST_ENTRIES : b->cap * 2;
	struct book_entry *entries;
	uint32_t *slots;

	if (b->n < b->cap)
		return RC_OK;
	entries = reallocarray(b->entries, cap, sizeof(*entries));
	if (entries == NULL)
		return RC_MEM;
	b->entries = entries;
	slots = reallocarray(NULL, cap * 2, sizeof(*slots));
	if (slots == NULL)
		return RC_MEM;
	free(b->slots);
	b->slots = slots;
	b->n_slots = cap * 2;
	b->cap = cap;
	memset(slots, 0xff, b->n_slots * sizeof(*slots));
	for (size_t i = 0; i < b->n; i++)
		slots[find_slot(b, &entries[i].addr)] = (uint32_t)i;
	return RC_OK;
}

/* Take a number out of the slots; those behind it that would not be found move up. */
static void
empty_slot(struct book *b, uint32_t who)
{
	size_t mask = b->n_slots - 1, gap = find_slot(b, &b->entries[who].addr);

	b->slots[gap] = BOOK_NONE;
	for (size_t i = (gap + 1) & mask; b->slots[i] != BOOK_NONE; i = (i + 1) & mask) {
		size_t home = hash(b, &b->entries[b->slots[i]].addr) & mask;

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		b->slots[gap] = b->slots[i];
		b->slots[i] = BOOK_NONE;
		gap = i;
	}
}

/* How little is lost with an entry, from 1 on; 0: it is not to be forgotten. */
static unsigned
staleness(const struct book_entry *e)
{
	if (e->busy || e->ourselves || e->banned || e->gave || e->parole || e->lies > 0)
		return 0;
	if (!e->dialable)
		return UINT_MAX;
	/* book_free sets a time, whatever came of the connection. */
	return e->next_ms == 0 ? 0 : 1 + e->failures;
}

/*
 * Forget the one of the next few of which least is lost, or the first one that there is.
 * BOOK_NONE: all are to be kept, and no other look is taken until a connection has ended.
 */
static uint32_t
forget_one(struct book *b)
{
	uint32_t best = BOOK_NONE;
	unsigned most = 0;

	if (b->barren)
		return BOOK_NONE;
	for (size_t i = 0; i < b->n && most < UINT_MAX; i++) {
		unsigned stale;

		if (i >= LOOK_FOR_OLD && best != BOOK_NONE)
			break;
		b->hand = (b->hand + 1) % b->n;
		stale = staleness(&b->entries[b->hand]);
		if (stale > most) {
			most = stale;
			best = (uint32_t)b->hand;
		}
	}
	b->barren = best == BOOK_NONE;
	if (best != BOOK_NONE)
		empty_slot(b, best);
	return best;
}

static uint32_t
enter(struct book *b, const struct addr *a, bool told, size_t most)
{
	uint32_t at;
	size_t slot;

	if (grow(b) != RC_OK)
		return BOOK_NONE;
	slot = find_slot(b, a);
	if (b->slots[slot] != BOOK_NONE) {
		b->entries[b->slots[slot]].dialable |= told;
		return b->slots[slot];
	}
	at = b->n < most ? (uint32_t)b->n++ : forget_one(b);
	if (at == BOOK_NONE)
		return BOOK_NONE;
	b->entries[at] = (struct book_entry){ .addr = *a, .dialable = told };
	/* Another may have moved up. */
	b->slots[find_slot(b, a)] = at;
	/* Whoever was named last need not wait for thousands before him. */
	if (told) {
		b->back = at + 1;
		b->n_back = b->n;
	}
	return at;
}

uint32_t
book_enter(struct book *b, const struct addr *a, bool told)
{
	return enter(b, a, told, BOOK_MAX);
}

/* What is known of the whole address stands under port 0. */
static struct addr
whole(const struct addr *a)
{
	struct addr any = *a;

	any.port = 0;
	return any;
}

/*
 * And of all that one customer may have: of IPv6 a /64. In a network of one's own that
 * would be everybody.
 */
static struct addr
source(const struct addr *a)
{
	struct addr any = whole(a);

	if (!addr_is_v4(a) && addr_scope(a) == ADDR_PUBLIC)
		memset(any.ip + sizeof(any.ip) / 2, 0, sizeof(any.ip) / 2);
	return any;
}

bool
book_allows(struct book *b, const struct addr *a)
{
	const struct addr any = whole(a);
	size_t slot;

	if (deny_has(&b->deny, a))
		return false;
	if (b->n_slots == 0)
		return true;
	slot = find_slot(b, a);
	if (b->slots[slot] != BOOK_NONE &&
	    (b->entries[b->slots[slot]].banned || b->entries[b->slots[slot]].ourselves))
		return false;
	/* A banned machine stands in the book once more, with port 0. */
	slot = find_slot(b, &any);
	return b->slots[slot] == BOOK_NONE || !b->entries[b->slots[slot]].banned;
}

uint32_t
book_next(struct book *b, int64_t now_ms)
{
	uint32_t best = BOOK_NONE;
	size_t found = 0;

	if (b->n_back != b->n)
		b->back = b->n_back = b->n;
	for (size_t i = 0; i < b->n && found < LOOK_AHEAD; i++) {
		uint32_t at =
		    (uint32_t)((b->backwards ? b->back + b->n - 1 - i : b->turn + i) %
		        b->n);
		const struct book_entry *e = &b->entries[at];

		if (!e->dialable || e->busy || e->next_ms > now_ms ||
		    !book_allows(b, &e->addr))
			continue;
		found++;
		if (best == BOOK_NONE || e->failures < b->entries[best].failures)
			best = at;
	}
	if (best == BOOK_NONE)
		return best;
	if (b->backwards)
		b->back = best;
	else
		b->turn = best + 1;
	b->backwards = !b->backwards;
	return best;
}

bool
book_has_untried(struct book *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct book_entry *e = &b->entries[i];

		/* book_let_go sets a time, whatever came of the connection. */
		if (e->dialable && !e->busy && e->next_ms == 0 &&
		    book_allows(b, &e->addr))
			return true;
	}
	return false;
}

void
book_let_go(struct book *b, uint32_t who, bool failed, int64_t now_ms)
{
	struct book_entry *e = &b->entries[who];
	int64_t wait = FIRST_WAIT_MS;

	e->busy = false;
	b->barren = false;
	e->failures = failed ? e->failures + 1 : 0;
	for (unsigned i = 1; i < e->failures && wait < MOST_WAIT_MS; i++)
		wait *= 2;
	e->next_ms = now_ms + (wait < MOST_WAIT_MS ? wait : MOST_WAIT_MS);
}

void
book_ban(struct book *b, uint32_t who)
{
	const struct addr any = whole(&b->entries[who].addr);
	uint32_t all;

	b->entries[who].banned = true;
	if (addr_is_loopback(&any))
		return;
	all = enter(b, &any, false, BOOK_MAX + BANS_MAX);
	if (all != BOOK_NONE)
		b->entries[all].banned = true;
}

void
book_shun(struct book *b, const struct addr *a, int64_t now_ms)
{
	const struct addr any = source(a);
	uint32_t all = addr_is_loopback(a) ? BOOK_NONE : book_enter(b, &any, false);

	if (all != BOOK_NONE)
		b->entries[all].next_ms = now_ms + SHUN_MS;
}

bool
book_shuns(const struct book *b, const struct addr *a, int64_t now_ms)
{
	const struct addr any = source(a);
	uint32_t all = b->n_slots == 0 ? BOOK_NONE : b->slots[find_slot(b, &any)];

	return all != BOOK_NONE && b->entries[all].next_ms > now_ms;
}
