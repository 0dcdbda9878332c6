/* SPDX-License-Identifier: ISC */
#include "core/bitset.h"

#include <stdlib.h>

/* The bits of the last byte that stand for no number. */
static uint8_t
spare_bits(uint32_t n)
{
	return (uint8_t)(n % 8 == 0 ? 0 : 0xffu >> n % 8);
}

static uint32_t
count_bits(const uint8_t *p, size_t n)
{
	uint32_t count = 0;
	uint64_t word;

	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		count += (uint32_t)__builtin_popcountll(word);
	}
	for (; n > 0; p++, n--)
		count += (uint32_t)__builtin_popcount(*p);
	return count;
}

enum rc
bitset_init(struct bitset *b, uint32_t n)
{
	*b = (struct bitset){ .n = 0 };
	b->bits = calloc(bitset_size(n) + 1, 1); /* never of size 0 */
	if (b->bits == NULL)
		return RC_MEM;
	b->n = n;
	return RC_OK;
}

void
bitset_clear(struct bitset *b)
{
	free(b->bits);
	*b = (struct bitset){ .n = 0 };
}

void
bitset_fill(struct bitset *b)
{
	size_t size = bitset_size(b->n);

	if (size == 0)
		return;
	memset(b->bits, 0xff, size);
	b->bits[size - 1] &= (uint8_t)~spare_bits(b->n);
	b->count = b->n;
}

enum rc
bitset_load(struct bitset *b, struct bytes wire)
{
	size_t size = bitset_size(b->n);

	if (wire.n != size)
		return RC_BAD;
	if (size == 0)
		return RC_OK;
	if ((wire.p[size - 1] & spare_bits(b->n)) != 0)
		return RC_BAD;
	memcpy(b->bits, wire.p, size);
	b->count = count_bits(b->bits, size);
	return RC_OK;
}

void
bitset_or(struct bitset *b, const struct bitset *other)
{
	size_t size = bitset_size(b->n);

	for (size_t i = 0; i < size; i++)
		b->bits[i] |= other->bits[i];
	b->count = count_bits(b->bits, size);
}

void
bitset_and(struct bitset *b, const struct bitset *other)
{
	size_t size = bitset_size(b->n);

	for (size_t i = 0; i < size; i++)
		b->bits[i] &= other->bits[i];
	b->count = count_bits(b->bits, size);
}

bool
bitset_beyond(const struct bitset *b, const struct bitset *other)
{
	size_t size = bitset_size(b->n);

	for (size_t i = 0; i < size; i++)
		if ((b->bits[i] & ~other->bits[i]) != 0)
			return true;
	return false;
}
