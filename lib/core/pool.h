/* SPDX-License-Identifier: ISC */
/*
 * All the memory that payload may take: buffers of one size under one budget, kept for
 * the next piece.
 */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool;

/*
 * Buffers of size bytes, at most `most` of them out at once (at least 1). NULL: out of
 * memory. None is allocated yet.
 */
struct pool *pool_new(size_t size, size_t most);

/* Every buffer must be back. NULL is allowed. */
void pool_free(struct pool *p);

/* A buffer, not cleared; NULL: the budget is spent, or out of memory. */
uint8_t *pool_take(struct pool *p);
void pool_give(struct pool *p, uint8_t *buffer);

/* Buffers that could be taken now. */
size_t pool_left(const struct pool *p);

#endif
