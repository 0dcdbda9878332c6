/* SPDX-License-Identifier: ISC */
/* Bytes a second over the last few seconds. Time is an argument, in milliseconds. */
#ifndef CORE_RATE_H
#define CORE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_SLOTS = 8, RATE_SLOT_MS = 500 };

struct rate {
	uint64_t total;            /* bytes, ever */
	uint64_t slot[RATE_SLOTS]; /* bytes of each half second, in a ring */
	int64_t newest; /* number of the half second that the newest slot counts */
	int64_t first;  /* of the first that was ever counted; 0 until total is not */
};

/* n bytes moved at now_ms. */
void rate_add(struct rate *r, size_t n, int64_t now_ms);

/*
 * Bytes a second: the mean of the last RATE_SLOTS half seconds, or of those since the
 * first byte.
 */
uint64_t rate_get(struct rate *r, int64_t now_ms);

/* Whether bytes have come for 2 s, so that the rate is more than a first impression. */
bool rate_is_settled(const struct rate *r, int64_t now_ms);

#endif
