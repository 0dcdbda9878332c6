/* SPDX-License-Identifier: ISC */
/*
 * A set of numbers under hashes of foreign bytes: open addressing, never over two thirds
 * full. The hash is keyed with secret random bytes, so nobody can write input whose
 * hashes collide on purpose. The caller compares what the numbers stand for.
 */
#ifndef CORE_KEYSET_H
#define CORE_KEYSET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/rc.h"

struct keyset {
	uint64_t *slot; /* the hash's upper half, then the number + 1; 0: empty */
	size_t mask;
};

/* Room for n numbers below 2^32 - 1. RC_MEM. */
static inline MUST_USE enum rc
keyset_init(struct keyset *s, size_t n)
{
	size_t size = 16;

	while (size < n + n / 2)
		size *= 2;
	s->mask = size - 1;
	s->slot = calloc(size, sizeof(*s->slot));
	return s->slot == NULL ? RC_MEM : RC_OK;
}

/* Give the room back. */
static inline void
keyset_clear(struct keyset *s)
{
	free(s->slot);
	s->slot = NULL;
}

/* Where the search for hash begins. */
static inline size_t
keyset_start(const struct keyset *s, uint64_t hash)
{
	return (size_t)hash & s->mask;
}

/*
 * The next number that may stand under hash: *at begins with keyset_start and is moved
 * on. false: there is no other one, and *at is where keyset_put may put it.
 */
static inline bool
keyset_next(const struct keyset *s, uint64_t hash, size_t *at, uint32_t *number)
{
	for (; s->slot[*at] != 0; *at = (*at + 1) & s->mask)
		if (s->slot[*at] >> 32 == hash >> 32) {
			*number = (uint32_t)s->slot[*at] - 1;
			*at = (*at + 1) & s->mask;
			return true;
		}
	return false;
}

/* Enter number under hash, at the place that keyset_next has left in *at. */
static inline void
keyset_put(struct keyset *s, uint64_t hash, size_t at, uint32_t number)
{
	s->slot[at] = hash >> 32 << 32 | (number + 1);
}

/* Two words to one: the halves of their product, laid over each other. */
static inline uint64_t
keyset_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A keyed hash of bytes that follow what before is the hash of (start with key[0]). */
static inline uint64_t
keyset_hash(const uint64_t key[static 2], uint64_t before, struct bytes in)
{
	uint64_t h = keyset_mix(before ^ in.n, key[1]), a, b;

	for (; in.n > 16; in = bytes_of(in.p + 16, in.n - 16)) {
		memcpy(&a, in.p, 8);
		memcpy(&b, in.p + 8, 8);
		h = keyset_mix(a ^ key[0], b ^ h);
	}
	a = b = 0;
	if (in.n >= 8) {
		memcpy(&a, in.p, 8);
		memcpy(&b, in.p + in.n - 8, 8);
	} else if (in.n >= 4) {
		uint32_t x, y;

		memcpy(&x, in.p, 4);
		memcpy(&y, in.p + in.n - 4, 4);
		a = x;
		b = y;
	} else if (in.n > 0) {
		a = (uint64_t)in.p[0] << 16 | (uint64_t)in.p[in.n / 2] << 8 |
		    in.p[in.n - 1];
	}
	return keyset_mix(a ^ key[0], b ^ h);
}

#endif
