/* SPDX-License-Identifier: ISC */
#include "core/pool.h"

#include <stdlib.h>
#include <string.h>

struct pool {
	size_t size, most, out;
	uint8_t *idle; /* given back; each begins with a pointer to the next */
};

struct pool *
pool_new(size_t size, size_t most)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p != NULL)
		*p = (struct pool){ .size = size < sizeof(uint8_t *) ? sizeof(uint8_t *)
			                                             : size,
			.most = most < 1 ? 1 : most };
	return p;
}

static uint8_t *
pop_idle(struct pool *p)
{
	uint8_t *buffer = p->idle;

	if (buffer != NULL)
		memcpy(&p->idle, buffer, sizeof(p->idle));
	return buffer;
}

void
pool_free(struct pool *p)
{
	uint8_t *buffer;

	if (p == NULL)
		return;
	while ((buffer = pop_idle(p)) != NULL)
		free(buffer);
	free(p);
}

uint8_t *
pool_take(struct pool *p)
{
	uint8_t *buffer;

	if (p->out == p->most)
		return NULL;
	buffer = pop_idle(p);
	if (buffer == NULL)
		buffer = malloc(p->size);
	if (buffer != NULL)
		p->out++;
	return buffer;
}

void
pool_give(struct pool *p, uint8_t *buffer)
{
	memcpy(buffer, &p->idle, sizeof(p->idle));
	p->idle = buffer;
	p->out--;
}

size_t
pool_left(const struct pool *p)
{
	return p->most - p->out;
}
