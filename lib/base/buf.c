/* SPDX-License-Identifier: ISC */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 256 };

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	if (b->p != NULL)
		free(b->p - b->front);
	buf_init(b, b->max);
}

static void
close_front(struct buf *b)
{
	memmove(b->p - b->front, b->p, b->n);
	b->p -= b->front;
	b->cap += b->front;
	b->front = 0;
}

enum rc
buf_room(struct buf *b, size_t n)
{
	size_t need, cap;
	uint8_t *p;

	if (n > b->max || b->n > b->max - n)
		return RC_BIG;
	need = b->n + n;
	if (need <= b->cap)
		return RC_OK;
	/*
	 * Moving pays only when at least as much was dropped as must be moved: that keeps
	 * it linear.
	 */
	if (b->front >= b->n && need <= b->cap + b->front) {
		close_front(b);
		return RC_OK;
	}
	cap = b->cap > FIRST_SIZE ? b->cap : FIRST_SIZE;
	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (b->front > 0)
		close_front(b);
	p = realloc(b->p, cap);
	if (p == NULL)
		return RC_MEM;
	b->p = p;
	b->cap = cap;
	return RC_OK;
}

enum rc
buf_add(struct buf *b, const void *p, size_t n)
{
	enum rc rc = buf_room(b, n);

	if (rc != RC_OK || n == 0)
		return rc;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return RC_OK;
}

enum rc
buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	enum rc rc;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		return RC_BAD;
	/* vsnprintf ends with a NUL that does not count. */
	rc = buf_room(b, (size_t)n + 1);
	if (rc != RC_OK)
		return rc;
	va_start(ap, format);
	(void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, format, ap);
	va_end(ap);
	b->n += (size_t)n;
	return RC_OK;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (b->p == NULL)
		return;
	b->p += n;
	b->n -= n;
	b->cap -= n;
	b->front += n;
	if (b->n == 0)
		close_front(b);
}
