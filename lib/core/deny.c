/* SPDX-License-Identifier: ISC */
/*
 * What was added lies in runs, one behind the other; each is sorted, without a prefix
 * inside another, and more than twice as long as the next. Additions gather behind the
 * last run until somebody asks: then they are sorted into a run of their own, which is
 * merged with those before it that are too short. So a list that comes in a thousand
 * portions, with questions in between, costs little more than one that comes at once.
 */
#include "core/deny.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_PREFIXES = 64, HALF = 64, DIGITS = 1 + 16, FEW = 512 };

struct deny_prefix {
	uint64_t ip[2]; /* big-endian halves; bits behind the prefix are 0 */
	unsigned bits;
};

void
deny_clear(struct deny *d)
{
	free(d->prefixes);
	*d = (struct deny){ .n = 0 };
}

static uint64_t
half_of(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* The first kept bits of a half. */
static uint64_t
cut(uint64_t half, unsigned kept)
{
	return kept == 0 ? 0 : kept >= HALF ? half : half & ~(UINT64_MAX >> kept);
}

static struct deny_prefix
prefix_of(const struct addr *a, unsigned bits)
{
	struct deny_prefix p = { .bits = bits };

	p.ip[0] = cut(half_of(a->ip), bits);
	p.ip[1] = cut(half_of(a->ip + 8), bits > HALF ? bits - HALF : 0);
	return p;
}

/* Whether b lies in a. */
static bool
covers(const struct deny_prefix *a, const struct deny_prefix *b)
{
	return a->bits <= b->bits && cut(b->ip[0], a->bits) == a->ip[0] &&
	    cut(b->ip[1], a->bits > HALF ? a->bits - HALF : 0) == a->ip[1];
}

enum rc
deny_add(struct deny *d, const struct addr *base, unsigned bits)
{
	if (d->n == d->cap) {
		size_t cap = d->cap == 0 ? FIRST_PREFIXES : d->cap + d->cap / 2;
		void *grown = reallocarray(d->prefixes, cap, sizeof(*d->prefixes));

		if (grown == NULL)
			return RC_MEM;
		d->prefixes = grown;
		d->cap = cap;
	}
	d->prefixes[d->n++] = prefix_of(base, bits);
	return RC_OK;
}

bool
deny_covers(const struct addr *base, unsigned bits, const struct addr *a)
{
	const struct deny_prefix p = prefix_of(base, bits), whole = prefix_of(a, 128);

	return covers(&p, &whole);
}

/* By address, then the wider first: what lies in a prefix stands right behind it. */
static bool
is_before(const struct deny_prefix *a, const struct deny_prefix *b)
{
	return (a->ip[0] < b->ip[0]) |
	    ((a->ip[0] == b->ip[0]) &
	        ((a->ip[1] < b->ip[1]) | ((a->ip[1] == b->ip[1]) & (a->bits < b->bits))));
}

static int
by_place(const void *a, const void *b)
{
	return is_before(a, b) ? -1 : is_before(b, a);
}

static size_t
start_of(const struct deny *d, unsigned run)
{
	return run == 0 ? 0 : d->ends[run - 1];
}

/*
 * Prefixes either nest or lie apart, so only those that lie inside their predecessor go.
 * The last run, now from start to d->n.
 */
static void
fold(struct deny *d, size_t start)
{
	size_t kept = start;

	for (size_t i = start; i < d->n; i++)
		if (kept == start || !covers(&d->prefixes[kept - 1], &d->prefixes[i]))
			d->prefixes[kept++] = d->prefixes[i];
	d->n = kept;
	d->ends[d->runs - 1] = kept;
}

/* Merge two sorted stretches into out, which may lie n_left before the right one. */
static void
lay(struct deny_prefix *out, const struct deny_prefix *left, size_t n_left,
    const struct deny_prefix *right, size_t n_right)
{
	const struct deny_prefix *left_end = left + n_left, *right_end = right + n_right;

	while (left < left_end && right < right_end)
		*out++ = is_before(right, left) ? *right++ : *left++;
	while (left < left_end)
		*out++ = *left++;
	while (right < right_end)
		*out++ = *right++;
}

/* A byte of what prefixes are sorted by, the least first. */
static unsigned
digit(const struct deny_prefix *p, unsigned i)
{
	if (i == 0)
		return p->bits;
	i--;
	return (unsigned)(p->ip[i < 8] >> i % 8 * 8) & 0xff;
}

/* One round of a radix sort: from from into to, by one byte. */
static void
sort_by(unsigned i, const struct deny_prefix *from, struct deny_prefix *to, size_t n)
{
	size_t place[256] = { 0 }, sum = 0;

	for (size_t j = 0; j < n; j++)
		place[digit(&from[j], i)]++;
	for (size_t j = 0; j < 256; j++) {
		size_t count = place[j];

		place[j] = sum;
		sum += count;
	}
	for (size_t j = 0; j < n; j++)
		to[place[digit(&from[j], i)]++] = from[j];
}

/*
 * Sort n prefixes by every byte in which they differ, the least first; spare has room for
 * n. To compare them costs several times as much, for nobody can foresee the answers.
 */
static void
sort(struct deny_prefix *at, struct deny_prefix *spare, size_t n)
{
	struct deny_prefix *from = at, *to = spare, *swap, differ = { .bits = 0 };

	for (size_t j = 0; j < n; j++) {
		differ.ip[0] |= at[j].ip[0] ^ at[0].ip[0];
		differ.ip[1] |= at[j].ip[1] ^ at[0].ip[1];
		differ.bits |= at[j].bits ^ at[0].bits;
	}
	for (unsigned i = 0; i < DIGITS; i++) {
		if (digit(&differ, i) == 0)
			continue;
		sort_by(i, from, to, n);
		swap = from;
		from = to;
		to = swap;
	}
	if (from != at)
		memcpy(at, from, n * sizeof(*at));
}

/* IPv4 comes before most of IPv6, and has fewer bytes to be sorted by. */
static void
sort_both(struct deny_prefix *at, struct deny_prefix *spare, size_t n)
{
	size_t low = 0, high = n;

	for (size_t i = 0; i < n; i++)
		spare[at[i].ip[0] == 0 ? low++ : --high] = at[i];
	memcpy(at, spare, n * sizeof(*at));
	sort(at, spare, low);
	sort(at + low, spare, n - low);
}

/*
 * Sort what lies from start on; its part before middle, and that behind it, are sorted.
 */
static void
put_in_order(struct deny *d, size_t start, size_t middle)
{
	struct deny_prefix *at = d->prefixes + start, *spare;
	size_t n = d->n - start, left = middle - start;

	spare = reallocarray(NULL, left == 0 ? n : left, sizeof(*spare));
	if (spare == NULL || n < FEW) {
		qsort(at, n, sizeof(*at), by_place);
	} else if (left == 0) {
		sort_both(at, spare, n);
	} else {
		memcpy(spare, at, left * sizeof(*at));
		lay(at, spare, left, at + left, n - left);
	}
	free(spare);
	fold(d, start);
}

static void
settle(struct deny *d)
{
	size_t start = start_of(d, d->runs);

	if (start == d->n)
		return;
	d->runs++;
	put_in_order(d, start, start);
	while (d->runs > 1) {
		size_t middle = d->ends[d->runs - 2];

		start = start_of(d, d->runs - 2);
		if (middle - start > 2 * (d->n - middle))
			return;
		d->runs--;
		put_in_order(d, start, middle);
	}
}

/* Only the last prefix of a run that does not begin behind the address can cover it. */
static bool
run_has(const struct deny *d, size_t low, size_t high, const struct deny_prefix *a)
{
	size_t start = low;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (!is_before(a, &d->prefixes[mid]))
			low = mid + 1;
		else
			high = mid;
	}
	return low > start && covers(&d->prefixes[low - 1], a);
}

bool
deny_has(struct deny *d, const struct addr *a)
{
	const struct deny_prefix whole = prefix_of(a, 128);

	settle(d);
	for (unsigned i = 0; i < d->runs; i++)
		if (run_has(d, start_of(d, i), d->ends[i], &whole))
			return true;
	return false;
}
