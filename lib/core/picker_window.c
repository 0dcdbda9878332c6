/* SPDX-License-Identifier: ISC */
/*
 * In order, for who reads while it loads. A peer works on the first piece of the window
 * that is free for it: its own one, one that nobody works on, a new one. Only when there
 * is none it shares somebody's, the first one first: so that fast peers take whole pieces
 * here as well.
 */
#include "core/picker_parts.h"

void
picker_window(struct picker *p, uint32_t first, uint32_t end, bool only)
{
	p->end = end < p->config.pieces ? end : p->config.pieces;
	p->first = first < p->end ? first : p->end;
	p->only = only;
}

bool
picker_window_is_asked(const struct picker *p)
{
	if (!p->only)
		return false;
	for (uint32_t i = p->first; i < p->end; i++)
		if (p->kind[i] == WANTED)
			return false;
	return true;
}

/* Held pieces at its beginning need no second look. */
static void
skip_held(struct picker *p)
{
	while (p->first < p->end && p->kind[p->first] == HELD)
		p->first++;
}

struct open_piece *
picker_find_in_window(struct picker *p, const struct picker_for *who, bool *more)
{
	struct open_piece *shared = NULL;

	*more = !p->only;
	skip_held(p);
	for (uint32_t i = p->first; i < p->end; i++) {
		struct open_piece *o = picker_open_of(p, i);

		if (p->kind[i] == WANTED && bitset_get(who->has, i) && picker_may_open(p))
			return picker_open(p, i, who);
		if (o == NULL || !picker_may_take(o, who))
			continue;
		if (who->join || o->owner == NULL || o->owner == who->owner)
			return o;
		if (shared == NULL)
			shared = o;
	}
	return shared;
}
