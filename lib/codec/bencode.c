/* SPDX-License-Identifier: ISC */
#include "codec/bencode.h"

/* What may come next in an open list or dictionary; level[0] is the value as a whole. */
enum { ONE, DONE, ITEM, KEY, VALUE };

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

static enum rc
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
	bool minus = at < n && p[at] == '-';
	int64_t value = 0;

	at += minus;
	for (first = at; at < n && is_digit(p[at]); at++) {
		int digit = p[at] - '0';

		t->big = t->big || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, minus ? -digit : digit, &value);
	}
	if (at == n)
		return fail(b, RC_BAD, n, "the data ends inside an integer");
	if (p[at] != 'e' || at == first)
		return fail(b, RC_BAD, b->at, "a malformed integer");
	if (p[first] == '0' && (at - first > 1 || minus))
		return fail(
		    b, RC_BAD, b->at, "an integer with a leading zero, or minus zero");
	t->type = BEN_INT;
	t->value = t->big ? 0 : value;
	b->at = at + 1;
	return RC_OK;
}

static enum rc
get_string(struct ben *b, struct ben_token *t)
{
	const uint8_t *p = b->in.p;
	size_t at = b->at, n = b->in.n, size = 0;

	if (p[at] == '0' && at + 1 < n && is_digit(p[at + 1]))
		return fail(b, RC_BAD, at, "a string's length with a leading zero");
	for (; at < n && is_digit(p[at]); at++) {
		size = size * 10 + (size_t)(p[at] - '0');
		if (size > n)
			return fail(b, RC_BAD, b->at, "a string longer than the data");
	}
	if (at == n)
		return fail(b, RC_BAD, n, "the data ends inside a string's length");
	if (p[at] != ':')
		return fail(b, RC_BAD, at, "a string's length without its colon");
	at++;
	if (size > n - at)
		return fail(b, RC_BAD, b->at, "a string longer than the data");
	t->type = BEN_STRING;
	t->text = bytes_of(p + at, size);
	b->at = at + size;
	return RC_OK;
}

static enum rc
open_level(struct ben *b, struct ben_token *t, enum ben_type type)
{
	if (b->depth == BEN_DEPTH_MAX)
		return fail(b, RC_BIG, b->at, "nested deeper than 100");
	t->type = type;
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
	t->type = BEN_END;
	b->depth--;
	b->at++;
	return RC_OK;
}

enum rc
ben_next(struct ben *b, struct ben_token *t)
{
	uint8_t *awaited = &b->level[b->depth], c;

	if (*awaited == DONE)
		return RC_END;
	if (b->at >= b->in.n)
		return fail(b, RC_BAD, b->in.n, "the data ends too early");
	c = b->in.p[b->at];
	*t = (struct ben_token){ .at = b->at };
	if (c == 'e')
		return close_level(b, t);
	if (++b->tokens > BEN_TOKENS_MAX)
		return fail(b, RC_BIG, b->at, "more than 4 million values");
	switch (*awaited) {
	case ONE: *awaited = DONE; break;
	case VALUE: *awaited = KEY; break;
	case KEY:
		if (!is_digit(c))
			return fail(b, RC_BAD, b->at, "a key that is not a string");
		*awaited = VALUE;
		t->key = true;
		break;
	default: break;
	}
	switch (c) {
	case 'i': return get_int(b, t);
	case 'l': return open_level(b, t, BEN_LIST);
	case 'd': return open_level(b, t, BEN_DICT);
	default: break;
	}
	if (!is_digit(c))
		return fail(b, RC_BAD, b->at,
		    "not a value: i, l, d or a string's length expected");
	return get_string(b, t);
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
