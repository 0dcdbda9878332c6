/* SPDX-License-Identifier: ISC */
/*
 * codec/bencode: any bytes. The reader goes forward and stays inside, what it calls whole
 * is balanced, and skipping a value ends where reading it ends.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "codec/bencode.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
insist(int truth)
{
	if (!truth)
		abort();
}

static void
check_token(const struct ben *b, const struct ben_token *t)
{
	insist(t->at < b->at && b->at <= b->in.n && b->depth <= BEN_DEPTH_MAX);
	if (t->type == BEN_STRING)
		insist(t->text.p >= b->in.p && t->text.p + t->text.n == b->in.p + b->at);
	else
		insist(t->text.n == 0 && !t->key);
}

/* Where the value at an offset ends, by skipping; 0: nowhere. */
static size_t
end_of(struct bytes in, size_t at)
{
	struct ben_token t;
	struct ben b;

	ben_init(&b, in, at);
	if (ben_next(&b, &t) != RC_OK || ben_skip(&b, &t) != RC_OK)
		return 0;
	return b.at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in = bytes_of(p, n);
	size_t open[BEN_DEPTH_MAX + 1], skips = 0, before = 0;
	struct ben_token t;
	struct ben b;
	enum rc rc;

	ben_init(&b, in, 0);
	while ((rc = ben_next(&b, &t)) == RC_OK) {
		check_token(&b, &t);
		insist(t.at == before);
		before = b.at;
		if (t.type == BEN_LIST || t.type == BEN_DICT)
			open[b.depth] = t.at;
		else if (t.type == BEN_END && skips++ < 100)
			insist(end_of(in, open[b.depth + 1]) == b.at);
	}
	if (rc == RC_END) {
		insist(b.depth == 0 && b.at <= n && b.why == NULL);
		insist(end_of(in, 0) == b.at);
	} else {
		insist((rc == RC_BAD || rc == RC_BIG) && b.why != NULL && b.at <= n);
		insist(end_of(in, 0) == 0);
	}
	return 0;
}
