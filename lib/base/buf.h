/* SPDX-License-Identifier: ISC */
/*
 * A buffer that grows, born with a maximum; bytes are added behind and dropped in front.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

struct buf {
	uint8_t *p;   /* the first byte that counts; owned */
	size_t n;     /* bytes that count */
	size_t cap;   /* bytes allocated behind p */
	size_t front; /* dropped bytes that still lie before p */
	size_t max;   /* n never gets past it */
};

/* An empty buffer that will hold at most max bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);

/* Release the memory; the buffer is empty and may be used again. */
void buf_clear(struct buf *b);

/*
 * Make room for n bytes more. On RC_OK at least n bytes may be written at b->p + b->n;
 * then add them to b->n. RC_BIG: n would go past the maximum. RC_MEM. In both cases
 * nothing has changed.
 */
enum rc buf_room(struct buf *b, size_t n) MUST_USE;

/* Add n bytes at the end; results as buf_room. */
enum rc buf_add(struct buf *b, const void *p, size_t n) MUST_USE;

/*
 * Add text as printf(3) makes it; results as buf_room. While it is made, the NUL behind
 * it needs room, too.
 */
enum rc buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Forget the first n bytes (n <= b->n). Costs nothing that grows with what is left. */
void buf_drop(struct buf *b, size_t n);

/* What is in it; good until the next call that changes b. */
static inline struct bytes
buf_bytes(const struct buf *b)
{
	return bytes_of(b->p, b->n);
}

#endif
