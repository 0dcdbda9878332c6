/* SPDX-License-Identifier: ISC */
/*
 * A limit of bytes a second (token bucket): what was not used is kept for a quarter of a
 * second, so that bursts stay short. Time is an argument, in milliseconds.
 */
#ifndef CORE_BUCKET_H
#define CORE_BUCKET_H

#include <stddef.h>
#include <stdint.h>

enum {
	BUCKET_KEEP_MS = 250,
	BUCKET_LEAST = 16 * 1024, /* it holds at least so much, however low the rate */
};

#define BUCKET_RATE_MAX (UINT64_C(1) << 40) /* more is no limit */

struct bucket {
	uint64_t rate;   /* bytes a second; 0: no limit */
	uint64_t tokens; /* bytes that may go now, times 1000 */
	int64_t at_ms;   /* when that was so */
};

/* A full one. */
void bucket_init(struct bucket *b, uint64_t rate, int64_t now_ms);

/* How many bytes may go now; SIZE_MAX without a limit. */
size_t bucket_left(struct bucket *b, int64_t now_ms);

/* n bytes went, at most as many as were left. */
void bucket_take(struct bucket *b, size_t n);

/* When at least n bytes (or all that it holds) will be left; now_ms when they are. */
int64_t bucket_when(struct bucket *b, size_t n, int64_t now_ms);

#endif
