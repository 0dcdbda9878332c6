/* SPDX-License-Identifier: ISC */
/*
 * What the picker's model (picker_model_test.c) knows, counted anew whenever it is asked:
 * which blocks are open to whom, and which piece is as good as any other.
 */
#ifndef TESTS_CORE_PICKER_MODEL_H
#define TESTS_CORE_PICKER_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/picker.h"

enum { PIECES_MAX = 1200, BLOCKS_MAX = 4, OWNERS = 6, RANK_MAX = 63 };
enum kind { UNWANTED, WANTED, OPEN, HELD };

struct mpiece {
	enum kind kind;
	uint32_t peers, blocks;
	int owner; /* -1: nobody */
	bool alone;
	bool mixed; /* not its owner's work only, since it was last without any */
	unsigned asked[BLOCKS_MAX];
	bool here[BLOCKS_MAX];
	uint32_t author[BLOCKS_MAX];
};

struct model {
	struct picker *p;
	struct picker_config config;
	struct mpiece piece[PIECES_MAX];
	struct bitset has[OWNERS];
	bool alone[OWNERS];
	uint32_t current[OWNERS];
	struct rng rng;
	unsigned picks;
};

static inline uint32_t
free_blocks(const struct mpiece *m)
{
	uint32_t n = 0;

	for (uint32_t b = 0; b < m->blocks; b++)
		n += m->asked[b] == 0 && !m->here[b];
	return n;
}

static inline bool
is_full(const struct mpiece *m)
{
	for (uint32_t b = 0; b < m->blocks; b++)
		if (!m->here[b])
			return false;
	return true;
}

/* Nothing of it is asked for or here: it is as if it had just been opened. */
static inline void
tidy(struct mpiece *m)
{
	if (free_blocks(m) == m->blocks)
		m->mixed = false;
}

/* Whether everything of it that is here came from one author. */
static inline bool
is_work_of(const struct mpiece *m, uint32_t author)
{
	for (uint32_t b = 0; b < m->blocks; b++)
		if (m->here[b] && m->author[b] != author)
			return false;
	return !m->mixed;
}

static inline uint32_t
count(const struct model *m, enum kind kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->config.pieces; i++)
		n += m->piece[i].kind == kind;
	return n;
}

static inline bool
may_share(const struct mpiece *m, int owner, bool alone)
{
	return (!m->alone && !alone) || m->owner == owner;
}

static inline bool
may_take(const struct model *m, uint32_t i, int owner)
{
	const struct mpiece *piece = &m->piece[i];

	return piece->kind == OPEN && free_blocks(piece) > 0 &&
	    bitset_get(&m->has[owner], i) && may_share(piece, owner, m->alone[owner]);
}

static inline bool
may_start(const struct model *m, uint32_t i, int owner)
{
	return m->piece[i].kind == WANTED && bitset_get(&m->has[owner], i) &&
	    count(m, OPEN) < m->config.most_open;
}

/* The best way to a block that is open to this peer; the smaller the better. */
enum way { CURRENT, UNOWNED, JOIN, NEW, SHARED, NONE };

static inline enum way
way_of(const struct model *m, uint32_t i, int owner, bool join)
{
	const struct mpiece *piece = &m->piece[i];

	if (may_start(m, i, owner))
		return NEW;
	if (!may_take(m, i, owner))
		return NONE;
	if (i == m->current[owner])
		return CURRENT;
	if (piece->owner == -1 || piece->owner == owner)
		return UNOWNED;
	return join ? JOIN : SHARED;
}

static inline uint32_t
rank_of(const struct mpiece *m)
{
	return m->peers < RANK_MAX ? m->peers : RANK_MAX;
}

/* Whether i is as good as any other piece on this way. */
static inline bool
is_best(const struct model *m, uint32_t i, enum way way, int owner, bool join)
{
	for (uint32_t j = 0; j < m->config.pieces; j++) {
		if (way_of(m, j, owner, join) != way)
			continue;
		if ((way == JOIN || way == SHARED) &&
		    free_blocks(&m->piece[j]) > free_blocks(&m->piece[i]))
			return false;
		if (way == NEW && count(m, HELD) >= 4 &&
		    rank_of(&m->piece[j]) < rank_of(&m->piece[i]))
			return false;
	}
	return true;
}

static inline void
model_take(struct model *m, struct picker_block b, int owner)
{
	struct mpiece *piece = &m->piece[b.piece];

	if (piece->kind == WANTED) {
		piece->kind = OPEN;
		piece->owner = owner;
		piece->alone = m->alone[owner];
		piece->mixed = false;
		memset(piece->asked, 0, sizeof(piece->asked));
		memset(piece->here, 0, sizeof(piece->here));
		memset(piece->author, 0, sizeof(piece->author));
	}
	/* The first of the free ones. */
	assert_true(b.block < piece->blocks);
	for (uint32_t i = 0; i < b.block; i++)
		assert_true(piece->asked[i] > 0 || piece->here[i]);
	assert_true(piece->asked[b.block] == 0 && !piece->here[b.block]);
	piece->asked[b.block] = 1;
	piece->mixed |= piece->owner != owner;
	m->picks++;
}

#endif
