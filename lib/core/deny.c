/* SPDX-License-Identifier: ISC */
#include "core/deny.h"

#include <stdlib.h>
#include <string.h>

enum { IP_SIZE = 16, FIRST_RANGES = 64 };

struct deny_range {
	uint8_t first[IP_SIZE], last[IP_SIZE];
};

void
deny_clear(struct deny *d)
{
	free(d->ranges);
	*d = (struct deny){ .n = 0 };
}

static struct deny_range
range_of(const struct addr *base, unsigned bits)
{
	struct deny_range r;

	for (unsigned i = 0; i < IP_SIZE; i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
		unsigned mask = kept >= 8 ? 0xff : 0xff00u >> kept & 0xff;

		r.first[i] = (uint8_t)(base->ip[i] & mask);
		r.last[i] = (uint8_t)(base->ip[i] | ~mask);
	}
	return r;
}

enum rc
deny_add(struct deny *d, const struct addr *base, unsigned bits)
{
	if (d->n == d->cap) {
		size_t cap = d->cap == 0 ? FIRST_RANGES : d->cap * 2;
		void *grown = reallocarray(d->ranges, cap, sizeof(*d->ranges));

		if (grown == NULL)
			return RC_MEM;
		d->ranges = grown;
		d->cap = cap;
	}
	d->ranges[d->n++] = range_of(base, bits);
	d->settled = false;
	return RC_OK;
}

bool
deny_covers(const struct addr *base, unsigned bits, const struct addr *a)
{
	const struct deny_range r = range_of(base, bits);

	return memcmp(a->ip, r.first, IP_SIZE) >= 0 &&
	    memcmp(a->ip, r.last, IP_SIZE) <= 0;
}

static int
by_first(const void *a, const void *b)
{
	return memcmp(((const struct deny_range *)a)->first,
	    ((const struct deny_range *)b)->first, IP_SIZE);
}

/*
 * Prefixes either nest or lie apart, so only those that lie inside their predecessor go.
 */
static void
settle(struct deny *d)
{
	size_t kept = 0;

	qsort(d->ranges, d->n, sizeof(*d->ranges), by_first);
	for (size_t i = 0; i < d->n; i++) {
		struct deny_range *r = &d->ranges[i];

		if (kept > 0 &&
		    memcmp(r->first, d->ranges[kept - 1].last, IP_SIZE) <= 0) {
			if (memcmp(r->last, d->ranges[kept - 1].last, IP_SIZE) > 0)
				memcpy(d->ranges[kept - 1].last, r->last, IP_SIZE);
			continue;
		}
		d->ranges[kept++] = *r;
	}
	d->n = kept;
	d->settled = true;
}

bool
deny_has(struct deny *d, const struct addr *a)
{
	size_t low = 0, high;

	if (d->n == 0)
		return false;
	if (!d->settled)
		settle(d);
	high = d->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(a->ip, d->ranges[mid].first, IP_SIZE) < 0)
			high = mid;
		else if (memcmp(a->ip, d->ranges[mid].last, IP_SIZE) > 0)
			low = mid + 1;
		else
			return true;
	}
	return false;
}
