/* SPDX-License-Identifier: ISC */
/*
 * The rules:
 *
 * - Wanted pieces stand in one array, the rarest first; pieces of one rarity lie side by
 *   side, and moving a piece to the next rarity is one swap with the border (order, pos,
 *   border). A piece enters at random among its equals, so ties fall differently in every
 *   run.
 * - An open piece has one owner who works through it; another peer joins only when nobody
 *   owns it, when it is slow, or when no new piece may be opened. So a fast peer takes
 *   whole pieces and few pieces are open.
 * - A block is asked for once, or more often in the end game; the others are the
 *   caller's decision.
 * - A piece that is somebody's alone takes blocks from its owner only (picker_trust.c).
 * - Where there is a window (picker_window.c) it comes before all this.
 */
#include "core/picker.h"

#include <stdlib.h>
#include <string.h>

#include "codec/wire.h"
#include "core/picker_parts.h"

enum { RANDOM_PIECES = 4, PROBES = 256 };

enum { FIRST_BORDERS = 64 };

struct picker *
picker_new(const struct picker_config *config)
{
	struct picker *p = calloc(1, sizeof(*p));
	size_t n = config->pieces;

	if (p == NULL)
		return NULL;
	p->config = *config;
	p->rng.state = config->seed;
	p->borders = FIRST_BORDERS;
	p->kind = calloc(n + 1, sizeof(*p->kind));
	p->peers = calloc(n + 1, sizeof(*p->peers));
	p->order = calloc(n + 1, sizeof(*p->order));
	p->pos = calloc(n + 1, sizeof(*p->pos));
	p->slot = calloc(n + 1, sizeof(*p->slot));
	p->border = calloc(p->borders, sizeof(*p->border));
	p->open = calloc(config->most_open, sizeof(struct open_piece *));
	p->partial = calloc(config->most_open, sizeof(struct open_piece *));
	if (p->kind == NULL || p->peers == NULL || p->order == NULL || p->pos == NULL ||
	    p->slot == NULL || p->border == NULL || p->open == NULL ||
	    p->partial == NULL) {
		picker_free(p);
		return NULL;
	}
	return p;
}

void
picker_free(struct picker *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; i < p->n_open; i++) {
		free(p->open[i]->author);
		free(p->open[i]);
	}
	free(p->kind);
	free(p->peers);
	free(p->order);
	free(p->pos);
	free(p->slot);
	free(p->border);
	free(p->open);
	free(p->partial);
	free(p);
}

/*
 * The order by rarity. border[r] is the end of the pieces that at most r peers have; the
 * last border is the end of all.
 */

static uint32_t
rank(const struct picker *p, uint32_t piece)
{
	return p->peers[piece] < p->borders ? p->peers[piece] : p->borders - 1;
}

static void
place(struct picker *p, uint32_t at, uint32_t piece)
{
	p->order[at] = piece;
	p->pos[piece] = at;
}

static void
swap(struct picker *p, uint32_t a, uint32_t b)
{
	uint32_t piece = p->order[a];

	place(p, a, p->order[b]);
	place(p, b, piece);
}

static void
order_add(struct picker *p, uint32_t piece)
{
	uint32_t r = rank(p, piece);

	place(p, p->waiting, piece);
	for (uint32_t b = p->borders - 1; b > r; b--) {
		uint32_t first = b == 0 ? 0 : p->border[b - 1];

		swap(p, p->pos[piece], first);
		p->border[b]++;
	}
	p->border[r]++;
	p->waiting++;
	/* Anywhere among its equals, or the order of the torrent would show through. */
	r = r == 0 ? 0 : p->border[r - 1];
	swap(p, p->pos[piece], r + rng_below(&p->rng, p->pos[piece] - r + 1));
}

static void
order_remove(struct picker *p, uint32_t piece)
{
	for (uint32_t b = rank(p, piece); b < p->borders; b++)
		swap(p, p->pos[piece], --p->border[b]);
	p->waiting--;
}

void
picker_more(struct picker *p, uint32_t piece)
{
	uint32_t r = rank(p, piece);

	if (p->peers[piece] == UINT16_MAX)
		return;
	p->peers[piece]++;
	if (p->kind[piece] == WANTED && rank(p, piece) != r)
		swap(p, p->pos[piece], --p->border[r]);
}

void
picker_less(struct picker *p, uint32_t piece)
{
	uint32_t r = rank(p, piece);

	if (p->peers[piece] == 0)
		return;
	p->peers[piece]--;
	if (p->kind[piece] == WANTED && rank(p, piece) != r)
		swap(p, p->pos[piece], p->border[r - 1]++);
}

void
picker_want(struct picker *p, uint32_t piece)
{
	if (p->kind[piece] != UNWANTED)
		return;
	p->kind[piece] = WANTED;
	order_add(p, piece);
}

/* Open pieces. */

static uint32_t
piece_length(const struct picker *p, uint32_t piece)
{
	return piece == p->config.pieces - 1 ? p->config.last_length
	                                     : p->config.piece_length;
}

uint32_t
picker_block_length(const struct picker *p, struct picker_block b)
{
	uint32_t left = piece_length(p, b.piece) - b.block * WIRE_BLOCK;

	return left < WIRE_BLOCK ? left : WIRE_BLOCK;
}

struct open_piece *
picker_open_of(const struct picker *p, uint32_t piece)
{
	return p->kind[piece] == OPEN ? p->open[p->slot[piece]] : NULL;
}

static void
partial_add(struct picker *p, struct open_piece *o)
{
	o->partial_at = p->n_partial;
	p->partial[p->n_partial++] = o;
	p->n_shared += !o->alone;
}

static void
partial_remove(struct picker *p, struct open_piece *o)
{
	struct open_piece *last = p->partial[--p->n_partial];

	p->n_shared -= !o->alone;
	p->partial[o->partial_at] = last;
	last->partial_at = o->partial_at;
	o->partial_at = PICKER_NONE;
}

struct open_piece *
picker_open(struct picker *p, uint32_t piece, const struct picker_for *who)
{
	uint32_t blocks = (piece_length(p, piece) - 1) / WIRE_BLOCK + 1;
	struct open_piece *o = calloc(1, sizeof(*o) + blocks);

	if (o == NULL)
		return NULL;
	o->author = calloc(blocks, sizeof(*o->author));
	if (o->author == NULL) {
		free(o);
		return NULL;
	}
	o->piece = piece;
	o->blocks = o->free = blocks;
	o->owner = who->owner;
	o->alone = who->alone;
	order_remove(p, piece);
	p->kind[piece] = OPEN;
	p->slot[piece] = p->n_open;
	p->open[p->n_open++] = o;
	partial_add(p, o);
	return o;
}

static void
close_piece(struct picker *p, struct open_piece *o)
{
	struct open_piece *last = p->open[--p->n_open];
	uint32_t at = p->slot[o->piece];

	if (o->partial_at != PICKER_NONE)
		partial_remove(p, o);
	p->open[at] = last;
	p->slot[last->piece] = at;
	free(o->author);
	free(o);
}

static void
block_taken(struct picker *p, struct open_piece *o)
{
	if (--o->free == 0)
		partial_remove(p, o);
}

void
picker_block_freed(struct picker *p, struct open_piece *o, uint32_t block)
{
	if (block < o->hint)
		o->hint = block;
	if (o->free++ == 0)
		partial_add(p, o);
}

/* o has a free block: ask for its first one. */
static void
take(struct picker *p, struct open_piece *o, const struct picker_for *who,
    struct picker_block *out)
{
	const uint8_t *at = memchr(o->state + o->hint, 0, o->blocks - o->hint);
	uint32_t block = (uint32_t)(at - o->state);

	o->state[block] = 1;
	o->hint = block + 1;
	o->mixed |= o->owner != who->owner;
	block_taken(p, o);
	*out = (struct picker_block){ .piece = o->piece, .block = block };
}

/* Choosing. */

/* Who is to be alone shares with nobody, and nobody with it. */
static bool
fits(const struct open_piece *o, const struct picker_for *who)
{
	return (!o->alone && !who->alone) || o->owner == who->owner;
}

bool
picker_may_take(const struct open_piece *o, const struct picker_for *who)
{
	return o->free > 0 && bitset_get(who->has, o->piece) && fits(o, who);
}

/*
 * An open piece with free blocks: one that nobody works on, or (shared) the one with the
 * most left to do.
 */
static struct open_piece *
find_partial(const struct picker *p, const struct picker_for *who, bool shared)
{
	struct open_piece *best = NULL;

	for (uint32_t i = 0; i < p->n_partial; i++) {
		struct open_piece *o = p->partial[i];

		if (!picker_may_take(o, who) ||
		    (!shared && o->owner != NULL && o->owner != who->owner))
			continue;
		if (!shared)
			return o;
		if (best == NULL || o->free > best->free)
			best = o;
	}
	return best;
}

/*
 * The rarest of the pieces that this peer has, found through its bit field where the walk
 * by rarity meets too many it has not.
 */
static uint32_t
find_by_bits(const struct picker *p, const struct bitset *has)
{
	uint32_t best = PICKER_NONE, best_at = UINT32_MAX;

	for (uint32_t byte = 0; byte < (has->n + 7) / 8; byte++)
		for (unsigned bits = has->bits[byte], i = 0; bits != 0;
		     bits = bits << 1 & 0xff, i++) {
			uint32_t piece = byte * 8 + i;

			if ((bits & 0x80) != 0 && p->kind[piece] == WANTED &&
			    p->pos[piece] < best_at) {
				best = piece;
				best_at = p->pos[piece];
			}
		}
	return best;
}

static uint32_t
find_new(struct picker *p, const struct picker_for *who)
{
	uint32_t start = 0;

	if (p->waiting == 0)
		return PICKER_NONE;
	if (p->held < RANDOM_PIECES)
		start = rng_below(&p->rng, p->waiting);
	for (uint32_t i = 0; i < p->waiting && i < PROBES; i++) {
		uint32_t piece = p->order[(start + i) % p->waiting];

		if (bitset_get(who->has, piece))
			return piece;
	}
	return p->waiting <= PROBES ? PICKER_NONE : find_by_bits(p, who->has);
}

static struct open_piece *
find_current(const struct picker *p, const struct picker_for *who)
{
	struct open_piece *o =
	    who->current == PICKER_NONE ? NULL : picker_open_of(p, who->current);

	return o != NULL && picker_may_take(o, who) ? o : NULL;
}

/* What comes in order must not wait for room. */
static bool
may_open_outside(const struct picker *p)
{
	uint32_t most = p->config.most_open;

	return p->n_open < (p->first == p->end ? most : most - most / 4);
}

enum rc
picker_next(struct picker *p, const struct picker_for *who, struct picker_block *out)
{
	struct open_piece *o;
	uint32_t piece;
	bool more;

	o = picker_find_in_window(p, who, &more);
	if (o == NULL && !more)
		return RC_NONE;
	if (o == NULL)
		o = find_current(p, who);
	if (o == NULL)
		o = find_partial(p, who, false);
	if (o == NULL && who->join)
		o = find_partial(p, who, true);
	if (o == NULL && may_open_outside(p)) {
		piece = find_new(p, who);
		if (piece != PICKER_NONE)
			o = picker_open(p, piece, who);
	}
	if (o == NULL)
		o = find_partial(p, who, true);
	if (o == NULL)
		return RC_NONE;
	if (o->owner == NULL)
		o->owner = who->owner;
	take(p, o, who, out);
	return RC_OK;
}

enum rc
picker_next_in(struct picker *p, const struct picker_for *who, uint32_t piece,
    struct picker_block *out)
{
	struct open_piece *o = picker_open_of(p, piece);

	if (p->only && !picker_in_window(p, piece))
		return RC_NONE;
	if (o == NULL && p->kind[piece] == WANTED && bitset_get(who->has, piece) &&
	    picker_may_open(p))
		o = picker_open(p, piece, who);
	if (o == NULL || !picker_may_take(o, who))
		return RC_NONE;
	take(p, o, who, out);
	return RC_OK;
}

enum rc
picker_again(struct picker *p, struct picker_block b, unsigned most)
{
	struct open_piece *o = picker_open_of(p, b.piece);

	if (o == NULL || o->alone || o->state[b.block] == 0 || o->state[b.block] >= most)
		return RC_NONE;
	o->state[b.block]++;
	o->mixed = true;
	return RC_OK;
}

bool
picker_is_end(const struct picker *p)
{
	return p->n_shared == 0 && (p->waiting == 0 || picker_window_is_asked(p));
}

unsigned
picker_asked(const struct picker *p, struct picker_block b)
{
	const struct open_piece *o = picker_open_of(p, b.piece);

	return o == NULL ? 0 : o->state[b.block] & ASKED;
}

void
picker_undo(struct picker *p, struct picker_block b)
{
	struct open_piece *o = picker_open_of(p, b.piece);

	if (o == NULL || o->state[b.block] == 0 || (o->state[b.block] & HERE) != 0)
		return;
	if (--o->state[b.block] == 0)
		picker_block_freed(p, o, b.block);
	if (o->free == o->blocks)
		o->mixed = false;
}

bool
picker_takes(const struct picker *p, struct picker_block b, const struct picker_for *who)
{
	const struct open_piece *o = picker_open_of(p, b.piece);

	return o != NULL && (o->state[b.block] & HERE) == 0 && fits(o, who);
}

enum rc
picker_got(struct picker *p, struct picker_block b, uint32_t author)
{
	struct open_piece *o = picker_open_of(p, b.piece);

	if (o == NULL || (o->state[b.block] & HERE) != 0)
		return RC_NONE;
	if (o->state[b.block] == 0)
		block_taken(p, o);
	o->state[b.block] = HERE;
	o->author[b.block] = author;
	return ++o->here == o->blocks ? RC_END : RC_OK;
}

const uint32_t *
picker_authors(const struct picker *p, uint32_t piece, uint32_t *blocks)
{
	const struct open_piece *o = picker_open_of(p, piece);

	*blocks = o == NULL ? 0 : o->blocks;
	return o == NULL ? NULL : o->author;
}

void
picker_hold(struct picker *p, uint32_t piece)
{
	struct open_piece *o = picker_open_of(p, piece);

	if (o != NULL)
		close_piece(p, o);
	else if (p->kind[piece] == WANTED)
		order_remove(p, piece);
	if (p->kind[piece] != HELD)
		p->held++;
	p->kind[piece] = HELD;
}

void
picker_drop(struct picker *p, uint32_t piece)
{
	struct open_piece *o = picker_open_of(p, piece);

	if (o == NULL)
		return;
	close_piece(p, o);
	p->kind[piece] = WANTED;
	order_add(p, piece);
}

void **
picker_buffer(struct picker *p, uint32_t piece)
{
	struct open_piece *o = picker_open_of(p, piece);

	return o == NULL ? NULL : &o->buffer;
}

uint32_t
picker_unsourced(const struct picker *p)
{
	uint32_t n = p->border[0];

	for (uint32_t i = 0; i < p->n_open; i++)
		n += p->peers[p->open[i]->piece] == 0 &&
		    p->open[i]->here < p->open[i]->blocks;
	return n;
}

bool
picker_may_open(const struct picker *p)
{
	return p->n_open < p->config.most_open;
}
