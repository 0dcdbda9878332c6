/* SPDX-License-Identifier: ISC */
/*
 * Who works with whom. Who is under suspicion works alone, on pieces that nobody else has
 * a part in; a piece counts as mixed from the moment that somebody else is asked for some
 * of it, or its owner leaves, until nothing of it is asked for or here. What came from
 * somebody who is not to be believed is asked for anew.
 */
#include "core/picker_parts.h"

uint32_t
picker_leave(struct picker *p, const void *owner)
{
	for (uint32_t i = 0; i < p->n_open; i++) {
		struct open_piece *o = p->open[i];

		if (o->owner != owner || o->here == o->blocks)
			continue;
		o->owner = NULL;
		o->mixed = o->free < o->blocks;
		if (o->alone) {
			o->alone = false;
			p->n_shared += o->partial_at != PICKER_NONE;
			return o->piece;
		}
	}
	return PICKER_NONE;
}

/* Whether nobody but its owner, as author, had to do with it. */
static bool
is_work_of(const struct open_piece *o, uint32_t author)
{
	for (uint32_t i = 0; i < o->blocks; i++)
		if ((o->state[i] & HERE) != 0 && o->author[i] != author)
			return false;
	return !o->mixed;
}

void
picker_set_apart(struct picker *p, const void *owner, uint32_t author)
{
	for (uint32_t i = 0; i < p->n_open; i++) {
		struct open_piece *o = p->open[i];

		if (o->owner != owner || o->alone || o->here == o->blocks)
			continue;
		if (is_work_of(o, author)) {
			o->alone = true;
			p->n_shared -= o->partial_at != PICKER_NONE;
		} else {
			o->owner = NULL;
			o->mixed = true;
		}
	}
}

/* Whether there were any. */
static bool
free_blocks_of(struct picker *p, struct open_piece *o, uint32_t author)
{
	uint32_t here = o->here;

	for (uint32_t i = 0; i < o->blocks; i++)
		if ((o->state[i] & HERE) != 0 && o->author[i] == author) {
			o->state[i] = 0;
			o->here--;
			picker_block_freed(p, o, i);
		}
	if (o->free == o->blocks)
		o->mixed = false;
	return o->here < here;
}

bool
picker_disbelieve_in(struct picker *p, uint32_t piece, uint32_t author)
{
	struct open_piece *o = picker_open_of(p, piece);

	return o != NULL && o->here < o->blocks && free_blocks_of(p, o, author);
}

uint32_t
picker_disbelieve(struct picker *p, uint32_t author)
{
	for (uint32_t i = 0; i < p->n_open; i++)
		if (picker_disbelieve_in(p, p->open[i]->piece, author))
			return p->open[i]->piece;
	return PICKER_NONE;
}
