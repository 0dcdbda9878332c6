/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the picker share: picker.c (pieces and blocks, the rarest first),
 * picker_trust.c (who works alone), picker_window.c (in order). Nobody else includes it.
 */
#ifndef CORE_PICKER_PARTS_H
#define CORE_PICKER_PARTS_H

#include "base/rng.h"
#include "core/picker.h"

enum { HERE = 0x80, ASKED = 0x7f }; /* of a block's state; 0: free */
enum picker_kind { UNWANTED, WANTED, OPEN, HELD };

struct open_piece {
	uint32_t piece, blocks;
	uint32_t here;       /* blocks */
	uint32_t free;       /* blocks that nobody is asked for */
	uint32_t hint;       /* no block before it is free */
	uint32_t partial_at; /* place in picker.partial, or PICKER_NONE */
	const void *owner;
	bool alone;
	bool mixed; /* others than the owner were asked for some of it */
	void *buffer;
	uint32_t *author;
	uint8_t state[]; /* a block */
};

struct picker {
	struct picker_config config;
	struct rng rng;
	uint32_t held;

	uint8_t *kind;    /* enum picker_kind of each piece */
	uint16_t *peers;  /* how many have it */
	uint32_t *order;  /* wanted pieces, the rarest first */
	uint32_t *pos;    /* of each wanted piece in order */
	uint32_t waiting; /* pieces in order */
	uint32_t *border; /* [r]: where the pieces that more than r peers have begin */
	uint32_t borders;

	uint32_t *slot;           /* of each open piece in open */
	struct open_piece **open; /* most_open places */
	uint32_t n_open;
	struct open_piece **partial;  /* those with free blocks */
	uint32_t n_partial, n_shared; /* n_shared: of these, not somebody's alone */

	uint32_t first, end; /* the window; first == end: there is none */
	bool only;           /* nothing outside it */
};

/* picker.c */

/* That piece, if it is open; else NULL. */
struct open_piece *picker_open_of(const struct picker *p, uint32_t piece);

/*
 * Whether o has a free block that this peer may take; and to open a wanted piece for it.
 */
bool picker_may_take(const struct open_piece *o, const struct picker_for *who);
struct open_piece *picker_open(
    struct picker *p, uint32_t piece, const struct picker_for *who);

/* The block is asked of nobody any more, nor here: its state is 0. */
void picker_block_freed(struct picker *p, struct open_piece *o, uint32_t block);

/* picker_window.c */

/* Whether it is in the window. */
static inline bool
picker_in_window(const struct picker *p, uint32_t piece)
{
	return piece >= p->first && piece < p->end;
}

/*
 * The piece of the window to ask this peer for. NULL: none. *more: whether it may be
 * asked for something outside.
 */
struct open_piece *picker_find_in_window(
    struct picker *p, const struct picker_for *who, bool *more);

#endif
