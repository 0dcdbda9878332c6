/* SPDX-License-Identifier: ISC */
/*
 * The picker beside a model that is as simple as can be: no order, no lists, everything
 * counted anew at every step. Thousands of random operations, and after each of them both
 * must say the same; where the picker may choose, its choice must be one of the model's.
 */
#include "picker_model.h"

#include <stdlib.h>
#include <time.h>

#include "codec/wire.h"

static const char owners[OWNERS];

/* One step each, in the picker and in the model. */

static struct picker_for
random_who(struct model *m, int owner)
{
	return (struct picker_for){ .owner = &owners[owner],
		.has = &m->has[owner],
		.current = m->current[owner],
		.join = rng_below(&m->rng, 4) == 0,
		.alone = m->alone[owner] };
}

static void
step_next(struct model *m, int owner)
{
	const struct picker_for who = random_who(m, owner);
	enum way best = NONE;
	struct picker_block b;
	enum rc rc = picker_next(m->p, &who, &b);

	for (uint32_t i = 0; i < m->config.pieces; i++) {
		enum way way = way_of(m, i, owner, who.join);

		best = way < best ? way : best;
	}
	assert_int_equal(rc, best == NONE ? RC_NONE : RC_OK);
	if (best == NONE)
		return;
	assert_int_equal(way_of(m, b.piece, owner, who.join), best);
	assert_true(is_best(m, b.piece, best, owner, who.join));
	if (m->piece[b.piece].owner == -1)
		m->piece[b.piece].owner = owner;
	model_take(m, b, owner);
	m->current[owner] = b.piece;
}

static void
step_next_in(struct model *m, int owner, uint32_t piece)
{
	const struct picker_for who = random_who(m, owner);
	bool can = may_take(m, piece, owner) || may_start(m, piece, owner);
	struct picker_block b;

	assert_int_equal(picker_next_in(m->p, &who, piece, &b), can ? RC_OK : RC_NONE);
	if (!can)
		return;
	assert_int_equal(b.piece, piece);
	model_take(m, b, owner);
}

static void
step_block(struct model *m, struct picker_block b, int owner)
{
	struct mpiece *piece = &m->piece[b.piece];
	bool open = piece->kind == OPEN, *here = &piece->here[b.block];
	unsigned *asked = &piece->asked[b.block];
	const struct picker_for who = random_who(m, owner);
	uint32_t author =
	    rng_below(&m->rng, 4) == 0 ? rng_below(&m->rng, OWNERS) : (uint32_t)owner;
	bool takes = open && !*here && may_share(piece, owner, m->alone[owner]);

	assert_int_equal(picker_takes(m->p, b, &who), takes);
	switch (rng_below(&m->rng, 4)) {
	case 0:
		picker_undo(m->p, b);
		if (open && *asked > 0)
			--*asked;
		tidy(piece);
		return;
	case 1:
		takes = open && *asked == 1 && !piece->alone;
		assert_int_equal(picker_again(m->p, b, 2), takes ? RC_OK : RC_NONE);
		*asked += takes;
		piece->mixed |= takes;
		return;
	default:
		if (!open || *here) {
			assert_int_equal(picker_got(m->p, b, author), RC_NONE);
			return;
		}
		*here = true;
		*asked = 0;
		piece->author[b.block] = author;
		assert_int_equal(
		    picker_got(m->p, b, author), is_full(piece) ? RC_END : RC_OK);
	}
}

static void
step_leave(struct model *m, int owner)
{
	uint32_t left;

	m->current[owner] = PICKER_NONE;
	while ((left = picker_leave(m->p, &owners[owner])) != PICKER_NONE) {
		struct mpiece *piece = &m->piece[left];

		assert_true(piece->kind == OPEN && piece->owner == owner);
		assert_true(piece->alone && !is_full(piece));
		piece->owner = -1;
		piece->alone = false;
		piece->mixed = true;
		tidy(piece);
		if (rng_below(&m->rng, 2) == 0) {
			picker_drop(m->p, left);
			piece->kind = WANTED;
		}
	}
	for (uint32_t i = 0; i < m->config.pieces; i++) {
		struct mpiece *piece = &m->piece[i];

		if (piece->kind != OPEN || piece->owner != owner || is_full(piece))
			continue;
		assert_false(piece->alone);
		piece->owner = -1;
		piece->mixed = true;
		tidy(piece);
	}
	m->alone[owner] = rng_below(&m->rng, 4) == 0;
}

static void
step_set_apart(struct model *m, int owner)
{
	uint32_t author = (uint32_t)owner;

	picker_set_apart(m->p, &owners[owner], author);
	m->alone[owner] = true;
	m->current[owner] = PICKER_NONE;
	for (uint32_t i = 0; i < m->config.pieces; i++) {
		struct mpiece *piece = &m->piece[i];

		if (piece->kind != OPEN || piece->owner != owner || is_full(piece) ||
		    piece->alone)
			continue;
		if (is_work_of(piece, author)) {
			piece->alone = true;
		} else {
			piece->owner = -1;
			piece->mixed = true;
		}
	}
}

/* Free what is here from that author, of one piece. How many blocks that were. */
static unsigned
model_disbelieve(struct mpiece *piece, uint32_t author)
{
	unsigned n = 0;

	if (piece->kind != OPEN || is_full(piece))
		return 0;
	for (uint32_t b = 0; b < piece->blocks; b++)
		if (piece->here[b] && piece->author[b] == author) {
			piece->here[b] = false;
			n++;
		}
	tidy(piece);
	return n;
}

static void
step_disbelieve(struct model *m, uint32_t author)
{
	uint32_t piece;

	while ((piece = picker_disbelieve(m->p, author)) != PICKER_NONE)
		assert_true(model_disbelieve(&m->piece[piece], author) > 0);
	for (uint32_t i = 0; i < m->config.pieces; i++)
		assert_int_equal(model_disbelieve(&m->piece[i], author), 0);
}

static void
step_piece(struct model *m, uint32_t i)
{
	struct mpiece *piece = &m->piece[i];

	switch (rng_below(&m->rng, 6)) {
	case 0:
		picker_want(m->p, i);
		if (piece->kind == UNWANTED)
			piece->kind = WANTED;
		return;
	case 1:
		if (piece->kind == OPEN && !is_full(piece))
			return;
		/* Seldom, and never most of them, or nothing would go on. */
		if (rng_below(&m->rng, 8) != 0 || count(m, HELD) * 2 >= m->config.pieces)
			return;
		picker_hold(m->p, i);
		piece->kind = HELD;
		return;
	case 2:
		picker_drop(m->p, i);
		if (piece->kind == OPEN)
			piece->kind = WANTED;
		return;
	case 3:
		picker_less(m->p, i);
		piece->peers -= piece->peers > 0;
		return;
	default: picker_more(m->p, i); piece->peers++;
	}
}

static void
step(struct model *m)
{
	uint32_t i = rng_below(&m->rng, m->config.pieces);
	int owner = (int)rng_below(&m->rng, OWNERS);
	struct picker_block b = { i, rng_below(&m->rng, m->piece[i].blocks) };

	/* Half of the time a piece that is open: there is the life. */
	for (uint32_t n = 0; rng_below(&m->rng, 2) == 0 && n < m->config.pieces; n++)
		if (m->piece[(i + n) % m->config.pieces].kind == OPEN) {
			b.piece = i = (i + n) % m->config.pieces;
			b.block = rng_below(&m->rng, m->piece[i].blocks);
			break;
		}
	switch (rng_below(&m->rng, 11)) {
	case 10:
		if (rng_below(&m->rng, 2) == 0)
			step_set_apart(m, owner);
		else
			step_disbelieve(m, (uint32_t)owner);
		return;
	case 0:
	case 1:
	case 2: step_next(m, owner); return;
	case 3: step_next_in(m, owner, i); return;
	case 4:
		if (rng_below(&m->rng, 4) == 0)
			step_leave(m, owner);
		return;
	case 5:
		if (rng_below(&m->rng, 2) == 0)
			bitset_set(&m->has[owner], i);
		else
			bitset_unset(&m->has[owner], i);
		return;
	case 6:
	case 7: step_piece(m, i); return;
	default: step_block(m, b, owner);
	}
}

/* Both say the same of everything that can be asked. */
static void
compare(const struct model *m)
{
	uint32_t unsourced = 0, wanted = 0, shared = 0, open = 0;

	for (uint32_t i = 0; i < m->config.pieces; i++) {
		const struct mpiece *piece = &m->piece[i];
		uint32_t blocks;
		const uint32_t *authors = picker_authors(m->p, i, &blocks);

		unsourced += piece->peers == 0 &&
		    (piece->kind == WANTED || (piece->kind == OPEN && !is_full(piece)));
		wanted += piece->kind == WANTED;
		assert_int_equal(authors != NULL, piece->kind == OPEN);
		assert_int_equal(picker_buffer(m->p, i) != NULL, piece->kind == OPEN);
		if (piece->kind != OPEN)
			continue;
		open++;
		shared += !piece->alone && free_blocks(piece) > 0;
		assert_int_equal(blocks, piece->blocks);
		for (uint32_t b = 0; b < blocks; b++) {
			const struct picker_block block = { i, b };

			assert_int_equal(picker_asked(m->p, block), piece->asked[b]);
			assert_int_equal(authors[b], piece->author[b]);
		}
	}
	assert_int_equal(picker_unsourced(m->p), unsourced);
	assert_int_equal(picker_may_open(m->p), open < m->config.most_open);
	assert_int_equal(picker_is_end(m->p), wanted == 0 && shared == 0);
}

/* Returns how many blocks were picked. */
static unsigned
run_model(uint32_t pieces, uint32_t most_open, uint64_t seed, unsigned steps)
{
	struct model *m = calloc(1, sizeof(*m));
	unsigned picks;

	assert_non_null(m);
	m->rng.state = seed;
	m->config = (struct picker_config){ .pieces = pieces,
		.piece_length = 3 * WIRE_BLOCK + 1,
		.last_length = WIRE_BLOCK,
		.most_open = most_open,
		.seed = seed };
	m->p = picker_new(&m->config);
	assert_non_null(m->p);
	for (uint32_t i = 0; i < pieces; i++) {
		m->piece[i].blocks = i == pieces - 1 ? 1 : 4;
		if (i % 5 != 0) {
			picker_want(m->p, i);
			m->piece[i].kind = WANTED;
		}
	}
	for (int o = 0; o < OWNERS; o++) {
		assert_int_equal(bitset_init(&m->has[o], pieces), RC_OK);
		m->current[o] = PICKER_NONE;
		for (uint32_t i = 0; i < pieces; i++)
			if (rng_below(&m->rng, 2) == 0)
				bitset_set(&m->has[o], i);
	}
	for (unsigned n = 0; n < steps; n++) {
		step(m);
		if (pieces < 100 || n % 16 == 0)
			compare(m);
	}
	picks = m->picks;
	for (int o = 0; o < OWNERS; o++)
		bitset_clear(&m->has[o]);
	picker_free(m->p);
	free(m);
	return picks;
}

static void
few_pieces_agree_with_the_model(void **state)
{
	unsigned picks = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= 40; seed++)
		picks += run_model(1 + seed, 1 + seed % 7, seed, 4000);
	assert_true(picks > 40 * 4000 / 40);
}

static void
many_pieces_agree_with_the_model(void **state)
{
	unsigned picks = 0;

	(void)state;
	for (uint32_t seed = 100; seed < 103; seed++)
		picks += run_model(PIECES_MAX, 40, seed, 4000);
	assert_true(picks > 3 * 4000 / 20);
}

static void
pieces_without_a_source_are_counted(void **state)
{
	const struct picker_config config = {
		.pieces = 10, .piece_length = 1, .last_length = 1, .most_open = 1
	};
	struct picker *p = picker_new(&config);

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		picker_want(p, i);
	assert_int_equal(picker_unsourced(p), 5);
	picker_more(p, 1);
	picker_more(p, 9); /* not wanted */
	assert_int_equal(picker_unsourced(p), 4);
	picker_less(p, 1);
	picker_less(p, 1); /* below nothing there is nothing */
	assert_int_equal(picker_unsourced(p), 5);
	picker_hold(p, 1);
	assert_int_equal(picker_unsourced(p), 4);
	picker_free(p);
}

static void
counts_go_beyond_sixteen_bits_without_harm(void **state)
{
	const struct picker_config config = {
		.pieces = 2, .piece_length = 1, .last_length = 1, .most_open = 1
	};
	struct picker *p = picker_new(&config);

	(void)state;
	picker_want(p, 0);
	for (uint32_t i = 0; i < 70000; i++)
		picker_more(p, 0);
	assert_int_equal(picker_unsourced(p), 0);
	for (uint32_t i = 0; i < 70000; i++)
		picker_less(p, 0);
	assert_int_equal(picker_unsourced(p), 1);
	picker_free(p);
}

/* The cost, for whoever reads the log: no number here decides anything. */
enum { BIG = 50000, CROWD = 200, EVERY = 5 };

static void
fifty_thousand_pieces_from_two_hundred_peers_are_all_picked(void **state)
{
	static const char crowd[CROWD];
	const struct picker_config config = { .pieces = BIG,
		.piece_length = 16 * WIRE_BLOCK,
		.last_length = 16 * WIRE_BLOCK,
		.most_open = 256,
		.seed = 1 };
	struct picker *p = picker_new(&config);
	struct picker_for who[CROWD];
	struct bitset has[CROWD];
	struct rng rng = { .state = 9 };
	uint32_t held = 0;
	uint64_t picks = 0;
	clock_t start;

	(void)state;
	for (uint32_t i = 0; i < BIG; i++)
		picker_want(p, i);
	for (uint32_t c = 0; c < CROWD; c++) {
		assert_int_equal(bitset_init(&has[c], BIG), RC_OK);
		who[c] = (struct picker_for){
			.owner = &crowd[c], .has = &has[c], .current = PICKER_NONE
		};
		for (uint32_t i = 0; i < BIG; i++)
			if (rng_below(&rng, EVERY) == 0 || i % CROWD == c) {
				bitset_set(&has[c], i);
				picker_more(p, i);
			}
	}
	start = clock();
	while (held < BIG)
		for (uint32_t c = 0; c < CROWD; c++) {
			struct picker_block b;

			if (picker_next(p, &who[c], &b) != RC_OK)
				continue;
			picks++;
			who[c].current = b.piece;
			if (picker_got(p, b, c) == RC_END) {
				picker_hold(p, b.piece);
				held++;
			}
		}
	print_message("%.0f picks a second\n",
	    (double)picks * CLOCKS_PER_SEC / (double)(clock() - start + 1));
	assert_int_equal(picks, UINT64_C(16) * BIG);
	for (uint32_t c = 0; c < CROWD; c++)
		bitset_clear(&has[c]);
	picker_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_pieces_agree_with_the_model),
		cmocka_unit_test(many_pieces_agree_with_the_model),
		cmocka_unit_test(pieces_without_a_source_are_counted),
		cmocka_unit_test(counts_go_beyond_sixteen_bits_without_harm),
		cmocka_unit_test(
		    fifty_thousand_pieces_from_two_hundred_peers_are_all_picked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
