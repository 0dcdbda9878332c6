/* SPDX-License-Identifier: ISC */
/*
 * Numbers for fairness, not for secrets: shuffles, ties, back-off. The seed is an
 * argument, so a run can be repeated to the letter; the generator is SplitMix64 (Steele,
 * Lea, Flood 2014).
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

/* The next 64 bits. */
static inline uint64_t
rng_u64(struct rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/*
 * A number from 0 to below - 1; below is at least 1. The bias of the multiplication is
 * under 2^-32.
 */
static inline uint32_t
rng_below(struct rng *r, uint32_t below)
{
	return (uint32_t)((rng_u64(r) >> 32) * below >> 32);
}

#endif
