/* SPDX-License-Identifier: ISC */
#include "codec/bencode.h"

/* What may come next in an open list or dictionary; level[0] is the value as a whole. */
enum { ONE, DONE, ITEM, KEY, VALUE };

enum { SAFE_DIGITS = 18 }; /* these many cannot overflow 64 bits */

void
ben_init(struct ben *b, struct bytes in, size_t at)
{
	b->in = in;
	b->at = at;
	b->tokens = 0;
	b->depth = 0;
	b->why = NULL;
	b->level[0] = ONE;
}

static __attribute__((cold, noinline)) enum rc
fail(struct ben *b, enum rc rc, size_t at, const char *why)
{
	b->at = at;
	b->why = why;
	return rc;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* i, perhaps a minus, digits without a leading zero, e; "-0" is not a number either. */
static enum rc
get_int(struct ben *b, struct ben_token *t)
{
	const uint8_t *p = b->in.p;
	size_t at = b->at + 1, n = b->in.n, first;
	bool minus = at < n && p[at] == '-', big = false;
	int64_t value = 0; /* below zero, where there is one number more */

	at += minus;
	for (first = at; at < n && is_digit(p[at]) && at - first < SAFE_DIGITS; at++)
		value = value * 10 - (p[at] - '0');
	for (; at < n && is_digit(p[at]); at++)
		big = big || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, p[at] - '0', &value);
	if (at == n)
		return fail(b, RC_BAD, n, "the data ends inside an integer");
	if (p[at] != 'e' || at == first)
		return fail(b, RC_BAD, b->at, "a malformed integer");
	if (p[first] == '0' && (at - first > 1 || minus))
		return fail(
		    b, RC_BAD, b->at, "an integer with a leading zero, or minus zero");
	if (!minus)
		big = __builtin_sub_overflow(0, value, &value) || big;
	*t = (struct ben_token){
		.type = BEN_INT, .big = big, .at = b->at, .value = big ? 0 : value
	};
	b->at = at + 1;
	return RC_OK;
}

static enum rc
open_level(struct ben *b, struct ben_token *t, enum ben_type type)
{
	if (b->depth == BEN_DEPTH_MAX)
		return fail(b, RC_BIG, b->at, "nested deeper than 100");
	*t = (struct ben_token){ .type = type, .at = b->at };
	b->level[++b->depth] = type == BEN_LIST ? ITEM : KEY;
	b->at++;
	return RC_OK;
}

static enum rc
close_level(struct ben *b, struct ben_token *t)
{
	if (b->level[b->depth] == VALUE)
		return fail(b, RC_BAD, b->at, "a key without a value");
	if (b->depth == 0)
		return fail(b, RC_BAD, b->at, "an end of nothing");
	*t = (struct ben_token){ .type = BEN_END, .at = b->at };
	b->depth--;
	b->at++;
	return RC_OK;
}

/* What begins with another byte than a digit; it has been counted. */
static enum rc
get_other(struct ben *b, struct ben_token *t, uint8_t awaited)
{
	if (awaited == KEY)
		return fail(b, RC_BAD, b->at, "a key that is not a string");
	switch (b->in.p[b->at]) {
	case 'i': return get_int(b, t);
	case 'l': return open_level(b, t, BEN_LIST);
	case 'd': return open_level(b, t, BEN_DICT);
	default:
		return fail(b, RC_BAD, b->at,
		    "not a value: i, l, d or a string's length expected");
	}
}

static enum rc
get_string(struct ben *b, struct ben_token *t, bool key)
{
	const uint8_t *p = b->in.p;
	size_t start = b->at, at = start, n = b->in.n, size = 0;

	for (; at < n && is_digit(p[at]) && at - start < SAFE_DIGITS; at++)
		size = size * 10 + (size_t)(p[at] - '0');
	if (at == n)
		return fail(b, RC_BAD, n, "the data ends inside a string's length");
	if (is_digit(p[at]))
		return fail(b, RC_BAD, start, "a string longer than the data");
	if (p[at] != ':')
		return fail(b, RC_BAD, at, "a string's length without its colon");
	if (p[start] == '0' && at - start > 1)
		return fail(b, RC_BAD, start, "a string's length with a leading zero");
	at++;
	if (size > n - at)
		return fail(b, RC_BAD, start, "a string longer than the data");
	t->type = BEN_STRING;
	t->key = key;
	t->big = false;
	t->at = start;
	t->text = bytes_of(p + at, size);
	t->value = 0;
	b->at = at + size;
	return RC_OK;
}

enum rc
ben_next(struct ben *b, struct ben_token *t)
{
	/* What is awaited once a value, or a key, has begun. */
	static const uint8_t then[] = {
		[ONE] = DONE, [DONE] = DONE, [ITEM] = ITEM, [KEY] = VALUE, [VALUE] = KEY
	};
	uint8_t *level = &b->level[b->depth], awaited = *level, c;

	if (awaited == DONE)
		return RC_END;
	if (b->at >= b->in.n)
		return fail(b, RC_BAD, b->in.n, "the data ends too early");
	c = b->in.p[b->at];
	if (c == 'e')
		return close_level(b, t);
	if (++b->tokens > BEN_TOKENS_MAX)
		return fail(b, RC_BIG, b->at, "more than 4 million values");
	*level = then[awaited];
	return is_digit(c) ? get_string(b, t, awaited == KEY) : get_other(b, t, awaited);
}

enum rc
ben_skip(struct ben *b, const struct ben_token *t)
{
	unsigned outside = b->depth - 1;
	struct ben_token inner;

	if (t->type != BEN_LIST && t->type != BEN_DICT)
		return RC_OK;
	while (b->depth > outside) {
		enum rc rc = ben_next(b, &inner);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}
