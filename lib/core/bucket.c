/* SPDX-License-Identifier: ISC */
#include "core/bucket.h"

static uint64_t
most(const struct bucket *b)
{
	uint64_t kept = b->rate * BUCKET_KEEP_MS;

	return kept > BUCKET_LEAST * UINT64_C(1000) ? kept
	                                            : BUCKET_LEAST * UINT64_C(1000);
}

void
bucket_init(struct bucket *b, uint64_t rate, int64_t now_ms)
{
	*b = (struct bucket){ .rate = rate <= BUCKET_RATE_MAX ? rate : 0,
		.at_ms = now_ms };
	b->tokens = most(b);
}

size_t
bucket_left(struct bucket *b, int64_t now_ms)
{
	int64_t passed_ms = now_ms - b->at_ms;

	if (b->rate == 0)
		return SIZE_MAX;
	/* After so long it is full anyway: nothing can overflow. */
	if (passed_ms > 0 && (uint64_t)passed_ms >= (most(b) - b->tokens) / b->rate + 1)
		b->tokens = most(b);
	else if (passed_ms > 0)
		b->tokens += (uint64_t)passed_ms * b->rate;
	if (passed_ms > 0)
		b->at_ms = now_ms;
	return (size_t)(b->tokens / 1000);
}

void
bucket_take(struct bucket *b, size_t n)
{
	if (b->rate != 0)
		b->tokens -= n * UINT64_C(1000);
}

int64_t
bucket_when(struct bucket *b, size_t n, int64_t now_ms)
{
	uint64_t want = n * UINT64_C(1000);

	if (bucket_left(b, now_ms) >= n)
		return now_ms;
	if (want > most(b))
		want = most(b);
	return want <= b->tokens ? now_ms
	                         : now_ms + (int64_t)((want - b->tokens) / b->rate) + 1;
}
