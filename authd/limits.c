/* SPDX-License-Identifier: ISC */
/*
 * A source: `failures` of its bucket are spent, and since since_ms the next one is on its
 * way back. A try is refused when failures and tries on their way fill the bucket. A pair
 * of account and source: `failures` in a row, the last one at since_ms; from
 * LIMITS_PATIENCE on, one try at a time and only after the wait.
 *
 * The tables are searched from end to end: they are small, a try costs a thousand times
 * as much, and there is no order that a stranger could spoil. A source that has to wait
 * takes no place for the names that it goes on trying: it would push out what is known of
 * the one that it is after.
 */
#include "authd/limits.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

struct slot {
	uint8_t key[LIMITS_KEY];
	int64_t since_ms;
	int64_t seen_ms;
	uint16_t failures;
	uint16_t on_way;
	bool used;
	bool changed; /* since it was last saved */
};

struct limits {
	struct slot table[LIMITS_KINDS][LIMITS_MAX];
	unsigned changed;
	uint8_t secret[LIMITS_SECRET];
};

struct limits *
limits_new(const uint8_t secret[static LIMITS_SECRET])
{
	struct limits *l = calloc(1, sizeof(*l));

	if (l != NULL)
		memcpy(l->secret, secret, LIMITS_SECRET);
	return l;
}

void
limits_free(struct limits *l)
{
	if (l != NULL)
		explicit_bzero(l->secret, sizeof(l->secret));
	free(l);
}

/* The slot of key: its own, a free one, or the one that was not seen for longest. */
static struct slot *
slot_for(struct slot *table, const uint8_t key[static LIMITS_KEY])
{
	struct slot *best = NULL;

	for (size_t i = 0; i < LIMITS_MAX; i++) {
		struct slot *s = &table[i];

		if (s->used && memcmp(s->key, key, LIMITS_KEY) == 0)
			return s;
		if (s->on_way > 0)
			continue;
		if (best == NULL ||
		    (best->used && (!s->used || s->seen_ms < best->seen_ms)))
			best = s;
	}
	if (best == NULL)
		return NULL;
	*best = (struct slot){ .used = true };
	memcpy(best->key, key, LIMITS_KEY);
	return best;
}

/* IPv4 lives in its mapped form, whose first 8 bytes say nothing. */
static void
source_key(const struct addr *source, uint8_t key[static LIMITS_KEY])
{
	memcpy(key, source->ip, LIMITS_KEY);
	if (!addr_is_v4(source))
		memset(key + 8, 0, LIMITS_KEY - 8);
}

static enum rc
pair_key(
    const struct limits *l, const struct limits_who *who, uint8_t key[static LIMITS_KEY])
{
	uint8_t digest[SHA256_SIZE];
	struct hash *h = hash_new(HASH_SHA256);
	enum rc rc = RC_MEM;

	source_key(&who->source, key);
	if (h != NULL)
		rc = hash_add(h, bytes_of(l->secret, LIMITS_SECRET));
	if (rc == RC_OK)
		rc = hash_add(h, bytes_of(key, LIMITS_KEY));
	if (rc == RC_OK)
		rc = hash_add(h, who->account);
	if (rc == RC_OK)
		rc = hash_end(h, digest);
	hash_free(h);
	if (rc == RC_OK)
		memcpy(key, digest, LIMITS_KEY);
	return rc;
}

static void
touch(struct limits *l, struct slot *s)
{
	if (s->changed)
		return;
	s->changed = true;
	l->changed++;
}

static void
forgive_source(struct slot *s, int64_t now_ms)
{
	int64_t back;

	if (now_ms < s->since_ms)
		s->since_ms = now_ms;
	back = (now_ms - s->since_ms) / LIMITS_REGAIN_MS;
	if (back > s->failures)
		back = s->failures;
	s->failures = (uint16_t)(s->failures - back);
	s->since_ms += back * LIMITS_REGAIN_MS;
}

static int64_t
pair_wait_ms(const struct slot *s)
{
	unsigned over;
	int64_t wait_s;

	if (s->failures < LIMITS_PATIENCE)
		return 0;
	over = s->failures - LIMITS_PATIENCE;
	wait_s = over < 16 ? INT64_C(1) << over : LIMITS_WAIT_MAX_S;
	return (wait_s < LIMITS_WAIT_MAX_S ? wait_s : LIMITS_WAIT_MAX_S) * 1000;
}

static void
forgive_pair(struct slot *s, int64_t now_ms)
{
	if (now_ms < s->since_ms)
		s->since_ms = now_ms;
	if (now_ms - s->since_ms >= LIMITS_FORGET_MS)
		s->failures = 0;
}

static uint32_t
whole_seconds(int64_t ms)
{
	return ms <= 1000 ? 1 : (uint32_t)((ms + 999) / 1000);
}

static enum limits_verdict
judge_source(const struct slot *source, int64_t now_ms, uint32_t *retry_s)
{
	if (source->failures >= LIMITS_BUCKET) {
		*retry_s = whole_seconds(source->since_ms + LIMITS_REGAIN_MS - now_ms);
		return LIMITS_WAIT;
	}
	return source->failures + source->on_way >= LIMITS_BUCKET ? LIMITS_BUSY
	                                                          : LIMITS_GO;
}

static enum limits_verdict
judge_pair(const struct slot *pair, int64_t now_ms, uint32_t *retry_s)
{
	int64_t left_ms = pair->since_ms + pair_wait_ms(pair) - now_ms;

	if (pair->failures < LIMITS_PATIENCE)
		return LIMITS_GO;
	if (left_ms > 0) {
		*retry_s = whole_seconds(left_ms);
		return LIMITS_WAIT;
	}
	return pair->on_way > 0 ? LIMITS_BUSY : LIMITS_GO;
}

enum limits_verdict
limits_begin(struct limits *l, const struct limits_who *who, int64_t now_ms,
    struct limits_try *t, uint32_t *retry_s)
{
	struct slot *source, *pair;
	uint8_t key[LIMITS_KEY];
	enum limits_verdict v;

	*retry_s = 1;
	source_key(&who->source, key);
	source = slot_for(l->table[LIMITS_SOURCE], key);
	if (source == NULL)
		return LIMITS_BUSY;
	source->seen_ms = now_ms;
	forgive_source(source, now_ms);
	v = judge_source(source, now_ms, retry_s);
	if (v != LIMITS_GO)
		return v;
	if (pair_key(l, who, key) != RC_OK)
		return LIMITS_BUSY;
	pair = slot_for(l->table[LIMITS_PAIR], key);
	if (pair == NULL)
		return LIMITS_BUSY;
	pair->seen_ms = now_ms;
	forgive_pair(pair, now_ms);
	v = judge_pair(pair, now_ms, retry_s);
	if (v != LIMITS_GO)
		return v;
	source->on_way++;
	pair->on_way++;
	t->slot[LIMITS_SOURCE] = (uint16_t)(source - l->table[LIMITS_SOURCE]);
	t->slot[LIMITS_PAIR] = (uint16_t)(pair - l->table[LIMITS_PAIR]);
	return v;
}

static void
count_failure(struct slot *source, struct slot *pair, int64_t now_ms)
{
	if (source->failures == 0)
		source->since_ms = now_ms;
	if (source->failures < LIMITS_BUCKET)
		source->failures++;
	if (pair->failures < UINT16_MAX)
		pair->failures++;
	pair->since_ms = now_ms;
}

void
limits_end(
    struct limits *l, const struct limits_try *t, enum limits_end how, int64_t now_ms)
{
	struct slot *source = &l->table[LIMITS_SOURCE][t->slot[LIMITS_SOURCE]];
	struct slot *pair = &l->table[LIMITS_PAIR][t->slot[LIMITS_PAIR]];

	source->on_way--;
	pair->on_way--;
	if (how == LIMITS_VOID)
		return;
	forgive_source(source, now_ms);
	forgive_pair(pair, now_ms);
	if (how == LIMITS_FAILURE) {
		count_failure(source, pair, now_ms);
		touch(l, source);
		touch(l, pair);
	} else if (pair->failures > 0) {
		pair->failures = 0;
		touch(l, pair);
	}
}

bool
limits_changed(const struct limits *l, unsigned *at, struct limits_note *out)
{
	if (l->changed == 0)
		return false;
	for (; *at < LIMITS_KINDS * LIMITS_MAX; (*at)++) {
		enum limits_kind kind = *at < LIMITS_MAX ? LIMITS_SOURCE : LIMITS_PAIR;
		const struct slot *s = &l->table[kind][*at % LIMITS_MAX];

		if (!s->changed)
			continue;
		out->kind = kind;
		memcpy(out->key, s->key, LIMITS_KEY);
		out->failures = s->failures;
		out->since_ms = s->since_ms;
		(*at)++;
		return true;
	}
	return false;
}

void
limits_saved(struct limits *l)
{
	if (l->changed == 0)
		return;
	l->changed = 0;
	for (unsigned kind = 0; kind < LIMITS_KINDS; kind++)
		for (unsigned i = 0; i < LIMITS_MAX; i++)
			l->table[kind][i].changed = false;
}

void
limits_restore(struct limits *l, const struct limits_note *n, int64_t now_ms)
{
	struct slot *s;

	if (n->kind >= LIMITS_KINDS || n->failures == 0)
		return;
	s = slot_for(l->table[n->kind], n->key);
	if (s == NULL)
		return;
	s->failures = n->failures;
	if (n->kind == LIMITS_SOURCE && s->failures > LIMITS_BUCKET)
		s->failures = LIMITS_BUCKET;
	s->since_ms = n->since_ms < now_ms ? n->since_ms : now_ms;
	s->seen_ms = s->since_ms;
}
