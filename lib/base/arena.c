/* SPDX-License-Identifier: ISC */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct arena {
	struct arena *next;
	size_t n, cap;
	uint8_t p[];
};

enum rc
arena_keep(struct arena **a, struct bytes in, struct bytes *out)
{
	struct arena *block = *a;

	if (block == NULL || in.n > block->cap - block->n) {
		size_t cap = in.n > BLOCK_SIZE ? in.n : BLOCK_SIZE;

		block = malloc(sizeof(*block) + cap);
		if (block == NULL)
			return RC_MEM;
		*block = (struct arena){ .next = *a, .cap = cap };
		*a = block;
	}
	if (in.n > 0)
		memcpy(block->p + block->n, in.p, in.n);
	*out = bytes_of(block->p + block->n, in.n);
	block->n += in.n;
	return RC_OK;
}

void
arena_free(struct arena *a)
{
	while (a != NULL) {
		struct arena *next = a->next;

		free(a);
		a = next;
	}
}
