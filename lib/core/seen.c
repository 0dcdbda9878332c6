/* SPDX-License-Identifier: ISC */
#include "core/seen.h"

enum rc
seen_init(struct seen *s, const uint64_t key[static 2])
{
	*s = (struct seen){ .key = { key[0], key[1] } };
	if (keyset_init(&s->set, SEEN_MAX) != RC_OK)
		return RC_MEM;
	s->list = calloc(SEEN_MAX, sizeof(*s->list));
	if (s->list != NULL)
		return RC_OK;
	keyset_clear(&s->set);
	return RC_MEM;
}

void
seen_clear(struct seen *s)
{
	free(s->list);
	s->list = NULL;
	keyset_clear(&s->set);
}

bool
seen_add(struct seen *s, const struct addr *a)
{
	uint64_t hash =
	    keyset_hash(s->key, s->key[0] ^ a->port, bytes_of(a->ip, sizeof(a->ip)));
	size_t at;
	uint32_t i;

	if (s->n == SEEN_MAX) {
		memset(s->set.slot, 0, (s->set.mask + 1) * sizeof(*s->set.slot));
		s->n = 0;
	}
	at = keyset_start(&s->set, hash);
	while (keyset_next(&s->set, hash, &at, &i))
		if (addr_eq(&s->list[i], a))
			return false;
	s->list[s->n] = *a;
	keyset_put(&s->set, hash, at, (uint32_t)s->n++);
	return true;
}
