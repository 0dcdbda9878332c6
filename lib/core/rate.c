/* SPDX-License-Identifier: ISC */
#include "core/rate.h"

static void
advance(struct rate *r, int64_t now_ms)
{
	int64_t slot = now_ms / RATE_SLOT_MS;

	if (slot - r->newest >= RATE_SLOTS)
		r->newest = slot - RATE_SLOTS;
	while (r->newest < slot)
		r->slot[++r->newest % RATE_SLOTS] = 0;
}

void
rate_add(struct rate *r, size_t n, int64_t now_ms)
{
	advance(r, now_ms);
	if (r->total == 0)
		r->first = r->newest;
	r->slot[r->newest % RATE_SLOTS] += n;
	r->total += n;
}

uint64_t
rate_get(struct rate *r, int64_t now_ms)
{
	uint64_t sum = 0, ms;

	if (r->total == 0)
		return 0;
	advance(r, now_ms);
	for (int i = 0; i < RATE_SLOTS; i++)
		sum += r->slot[i];
	/* The newest slot has only begun. */
	ms = (uint64_t)(now_ms % RATE_SLOT_MS) + 1;
	ms += (uint64_t)(r->newest - r->first < RATE_SLOTS - 1 ? r->newest - r->first
	                                                       : RATE_SLOTS - 1) *
	    RATE_SLOT_MS;
	return sum * 1000 / (ms < 100 ? 100 : ms);
}

bool
rate_is_settled(const struct rate *r, int64_t now_ms)
{
	return r->total > 0 && now_ms / RATE_SLOT_MS - r->first >= RATE_SLOTS / 2;
}
