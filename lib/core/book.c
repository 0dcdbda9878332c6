/* SPDX-License-Identifier: ISC */
#include "core/book.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_ENTRIES = 64,
	LOOK_AHEAD = 16,
	FIRST_WAIT_MS = 15000,
	MOST_WAIT_MS = 3600000,
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

static uint32_t
enter(struct book *b, const struct addr *a, bool told, size_t most)
{
	size_t slot;

	if (grow(b) != RC_OK)
		return BOOK_NONE;
	slot = find_slot(b, a);
	if (b->slots[slot] != BOOK_NONE) {
		b->entries[b->slots[slot]].dialable |= told;
		return b->slots[slot];
	}
	if (b->n >= most)
		return BOOK_NONE;
	b->entries[b->n] = (struct book_entry){ .addr = *a, .dialable = told };
	b->slots[slot] = (uint32_t)b->n;
	return (uint32_t)b->n++;
}

uint32_t
book_enter(struct book *b, const struct addr *a, bool told)
{
	return enter(b, a, told, BOOK_MAX);
}

bool
book_allows(struct book *b, const struct addr *a)
{
	struct addr any = { .port = 0 };
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
	memcpy(any.ip, a->ip, sizeof(any.ip));
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
	e->failures = failed ? e->failures + 1 : 0;
	for (unsigned i = 1; i < e->failures && wait < MOST_WAIT_MS; i++)
		wait *= 2;
	e->next_ms = now_ms + (wait < MOST_WAIT_MS ? wait : MOST_WAIT_MS);
}

void
book_ban(struct book *b, uint32_t who)
{
	struct addr any = b->entries[who].addr;
	uint32_t all;

	b->entries[who].banned = true;
	if (addr_is_loopback(&any))
		return;
	any.port = 0;
	all = enter(b, &any, false, BOOK_MAX + BANS_MAX);
	if (all != BOOK_NONE)
		b->entries[all].banned = true;
}
