/* SPDX-License-Identifier: ISC */
/*
 * Views of bytes that somebody else owns, a reading cursor over them, and big-endian
 * numbers.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A view: never owned, never longer-lived than the buffer it points into. p may be NULL
 * when n is 0.
 */
struct bytes {
	const uint8_t *p;
	size_t n;
};

/* A view of n bytes. */
static inline struct bytes
bytes_of(const void *p, size_t n)
{
	return (struct bytes){ .p = p, .n = n };
}

/* A view of a text without its NUL. */
static inline struct bytes
bytes_str(const char *s)
{
	return bytes_of(s, strlen(s));
}

/* Whether two views hold the same bytes. */
static inline bool
bytes_eq(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The same with a text. */
static inline bool
bytes_is(struct bytes a, const char *s)
{
	return bytes_eq(a, bytes_str(s));
}

/* Whether it begins with that text. */
static inline bool
bytes_starts(struct bytes a, const char *s)
{
	size_t n = strlen(s);

	return a.n >= n && memcmp(a.p, s, n) == 0;
}

/* Everything behind the first n bytes; empty when there are no more than n. */
static inline struct bytes
bytes_from(struct bytes a, size_t n)
{
	return n < a.n ? bytes_of(a.p + n, a.n - n) : bytes_of(NULL, 0);
}

/*
 * Unsigned order, the shorter first where one begins the other: less than 0, 0, greater
 * than 0.
 */
static inline int
bytes_cmp(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Eight bytes in one number, in the machine's own order. */
static inline uint64_t
bytes_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

#define BYTES_ONES UINT64_C(0x0101010101010101)

/* Whether one of the eight bytes of word is byte. */
static inline bool
bytes_word_has(uint64_t word, uint8_t byte)
{
	uint64_t other = word ^ byte * BYTES_ONES;

	return ((other - BYTES_ONES) & ~other & BYTES_ONES << 7) != 0;
}

/* A reading cursor. It never reads past the end and remembers that it would have. */
struct cur {
	const uint8_t *p; /* next byte */
	size_t n;         /* bytes left */
	bool bad;         /* a read went past the end; every later read yields zeros */
};

/* A cursor at the first byte of a view. */
static inline struct cur
cur_over(struct bytes b)
{
	return (struct cur){ .p = b.p, .n = b.n };
}

/*
 * Take n bytes. Returns a view into the caller's buffer, or NULL once the cursor is bad.
 * Check c->bad once after a whole message instead of after each field.
 */
static inline const uint8_t *
cur_take(struct cur *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->bad || n > c->n) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	c->n -= n;
	return p;
}

/* Take an unsigned big-endian number of 1 to 8 bytes; 0 once the cursor is bad. */
static inline uint64_t
cur_be(struct cur *c, size_t size)
{
	const uint8_t *p = cur_take(c, size);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < size; i++)
		v = v << 8 | p[i];
	return v;
}

/* Write the low size bytes (1..8) of v, big-endian; returns the place behind them. */
static inline uint8_t *
put_be(uint8_t *at, size_t size, uint64_t v)
{
	for (size_t i = size; i-- > 0;)
		*at++ = (uint8_t)(v >> (8 * i));
	return at;
}

/* The big-endian number in the 4 bytes at p. */
static inline uint32_t
get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

#endif
