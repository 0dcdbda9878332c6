/* SPDX-License-Identifier: ISC */
/*
 * A set of pieces in the order of BitTorrent's bit field (BEP 3): piece 0 is the highest
 * bit of byte 0. The number of members is always at hand.
 */
#ifndef CORE_BITSET_H
#define CORE_BITSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

struct bitset {
	uint8_t *bits; /* owned; bitset_size(n) bytes, the spare bits of the last are 0 */
	uint32_t n;    /* numbers 0..n-1 can be in it */
	uint32_t count; /* that are in it */
};

/* Bytes of a bit field of n bits, as on the wire. */
static inline size_t
bitset_size(uint32_t n)
{
	return ((size_t)n + 7) / 8;
}

/* An empty set in the caller's storage, whatever was there. RC_MEM: *b is a set of 0. */
enum rc bitset_init(struct bitset *b, uint32_t n) MUST_USE;

/* Release the bits; *b is then a set of 0. A set of zeros ({ 0 }) is allowed. */
void bitset_clear(struct bitset *b);

/* Whether i is in the set; false when i is past the end. */
static inline bool
bitset_get(const struct bitset *b, uint32_t i)
{
	return i < b->n && (b->bits[i / 8] & 0x80u >> i % 8) != 0;
}

/* Put i in; nothing happens when i is past the end. */
static inline void
bitset_set(struct bitset *b, uint32_t i)
{
	if (i >= b->n || bitset_get(b, i))
		return;
	b->bits[i / 8] |= (uint8_t)(0x80u >> i % 8);
	b->count++;
}

/* Take i out, if it is in. */
static inline void
bitset_unset(struct bitset *b, uint32_t i)
{
	if (!bitset_get(b, i))
		return;
	b->bits[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	b->count--;
}

/* Whether all n are in it; a set of 0 is full. */
static inline bool
bitset_full(const struct bitset *b)
{
	return b->count == b->n;
}

/* Put all in. */
void bitset_fill(struct bitset *b);

/*
 * Become what a bit field says. RC_BAD: another size than bitset_size(b->n), or a spare
 * bit is set; *b is untouched.
 */
enum rc bitset_load(struct bitset *b, struct bytes wire) MUST_USE;

/* Become the union with, or lose what is not in, other (of the same n). */
void bitset_or(struct bitset *b, const struct bitset *other);
void bitset_and(struct bitset *b, const struct bitset *other);

/* Whether any member of b is not in other (of the same n). */
bool bitset_beyond(const struct bitset *b, const struct bitset *other);

/* The bit field; good until b changes. */
static inline struct bytes
bitset_bytes(const struct bitset *b)
{
	return bytes_of(b->bits, bitset_size(b->n));
}

#endif
