/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/wire.h"
#include "core/picker.h"

/* 30 pieces of 4 blocks; the last has 2 blocks, of which the second has 5 bytes. */
enum { PIECES = 30, BLOCKS = 4, LAST = WIRE_BLOCK + 5 };

static const char anna, bert, carl; /* owners: only their addresses count */

struct at {
	struct picker *p;
	struct bitset all;
};

static struct at
setup_picker(uint32_t most_open, uint64_t seed)
{
	const struct picker_config config = { .pieces = PIECES,
		.piece_length = BLOCKS * WIRE_BLOCK,
		.last_length = LAST,
		.most_open = most_open,
		.seed = seed };
	struct at at = { .p = picker_new(&config) };

	assert_non_null(at.p);
	assert_int_equal(bitset_init(&at.all, PIECES), RC_OK);
	bitset_fill(&at.all);
	for (uint32_t i = 0; i < PIECES; i++)
		picker_want(at.p, i);
	return at;
}

/*
 * The same with 4 pieces held already, so that the rarest goes first: 0, 1, 2 and the
 * last one. All others have 4 blocks.
 */
static struct at
setup_started(uint32_t most_open, uint64_t seed)
{
	struct at at = setup_picker(most_open, seed);

	for (uint32_t i = 0; i < 3; i++)
		picker_hold(at.p, i);
	picker_hold(at.p, PIECES - 1);
	return at;
}

static void
clear(struct at *at)
{
	picker_free(at->p);
	bitset_clear(&at->all);
}

static struct picker_for
who(const struct at *at, const void *owner)
{
	return (
	    struct picker_for){ .owner = owner, .has = &at->all, .current = PICKER_NONE };
}

static struct picker_block
next(struct at *at, const struct picker_for *w)
{
	struct picker_block b = { PICKER_NONE, PICKER_NONE };

	assert_int_equal(picker_next(at->p, w, &b), RC_OK);
	assert_true(b.piece < PIECES);
	assert_int_equal(picker_asked(at->p, b), 1);
	return b;
}

static void
assert_nothing(struct at *at, const struct picker_for *w)
{
	struct picker_block b;

	assert_int_equal(picker_next(at->p, w, &b), RC_NONE);
}

/* Ask for a whole new piece; returns which. */
static uint32_t
take_piece(struct at *at, const struct picker_for *w)
{
	struct picker_for mine = *w;
	struct picker_block b = next(at, w);

	mine.current = b.piece;
	for (uint32_t i = 1; i < (b.piece == PIECES - 1 ? 2 : BLOCKS); i++)
		assert_int_equal(next(at, &mine).piece, b.piece);
	return b.piece;
}

static enum rc
got(struct at *at, uint32_t piece, uint32_t block, uint32_t author)
{
	return picker_got(at->p, (struct picker_block){ piece, block }, author);
}

static void
nothing_is_asked_for_that_is_not_wanted_or_not_had(void **state)
{
	const struct picker_config config = { .pieces = PIECES,
		.piece_length = WIRE_BLOCK,
		.last_length = 1,
		.most_open = 9 };
	struct at at = { .p = picker_new(&config) };
	struct picker_for w;
	struct bitset some;

	(void)state;
	assert_int_equal(bitset_init(&at.all, PIECES), RC_OK);
	bitset_fill(&at.all);
	assert_int_equal(bitset_init(&some, PIECES), RC_OK);
	w = who(&at, &anna);
	assert_nothing(&at, &w);
	picker_want(at.p, 7);
	picker_want(at.p, 7);
	w.has = &some;
	assert_nothing(&at, &w);
	bitset_set(&some, 7);
	assert_int_equal(next(&at, &w).piece, 7);
	assert_nothing(&at, &w);
	bitset_clear(&some);
	clear(&at);
}

static void
the_last_piece_has_its_own_length(void **state)
{
	struct at at = setup_picker(9, 1);

	(void)state;
	assert_int_equal(
	    picker_block_length(at.p, (struct picker_block){ 0, 0 }), WIRE_BLOCK);
	assert_int_equal(
	    picker_block_length(at.p, (struct picker_block){ 0, BLOCKS - 1 }),
	    WIRE_BLOCK);
	assert_int_equal(
	    picker_block_length(at.p, (struct picker_block){ PIECES - 1, 0 }),
	    WIRE_BLOCK);
	assert_int_equal(
	    picker_block_length(at.p, (struct picker_block){ PIECES - 1, 1 }), 5);
	clear(&at);
}

static void
the_rarest_piece_goes_first(void **state)
{
	struct at at = setup_started(PIECES, 1);
	const struct picker_for w = who(&at, &anna);

	(void)state;
	/* Piece i comes to be had by i peers, on ways that cross. */
	for (uint32_t n = 0; n < PIECES; n++) {
		uint32_t piece = 11 * n % PIECES;

		for (uint32_t i = 0; i < 40; i++)
			picker_more(at.p, piece);
	}
	for (uint32_t n = 0; n < PIECES; n++) {
		uint32_t piece = 7 * n % PIECES;

		for (uint32_t i = piece; i < 40; i++)
			picker_less(at.p, piece);
	}
	for (uint32_t i = 3; i < PIECES - 1; i++)
		assert_int_equal(take_piece(&at, &w), i);
	assert_nothing(&at, &w);
	clear(&at);
}

/* The order in which the pieces are opened. */
static void
order(uint64_t seed, uint32_t out[static PIECES])
{
	struct at at = setup_started(PIECES, seed);
	const struct picker_for w = who(&at, &anna);

	for (uint32_t i = 3; i < PIECES - 1; i++)
		out[i] = take_piece(&at, &w);
	clear(&at);
}

static void
ties_fall_by_the_seed(void **state)
{
	uint32_t one[PIECES] = { 0 }, two[PIECES] = { 0 };
	unsigned first_seen = 0;

	(void)state;
	order(5, one);
	order(5, two);
	assert_memory_equal(one, two, sizeof(one));
	for (uint64_t seed = 0; seed < 300; seed++) {
		order(seed, two);
		if (seed != 5)
			assert_memory_not_equal(one, two, sizeof(one));
		first_seen |= 1u << two[3];
	}
	/* Every piece but the held ones was the first for some seed. */
	assert_int_equal(first_seen, 0x1ffffff8);
}

static void
the_first_four_pieces_are_chosen_at_random(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 400; seed++) {
		struct at at = setup_picker(PIECES, seed);
		const struct picker_for w = who(&at, &anna);

		for (uint32_t i = 1; i < PIECES; i++)
			picker_more(at.p, i);
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t piece = take_piece(&at, &w);

			if (i == 0)
				seen |= 1u << piece;
			picker_hold(at.p, piece);
		}
		/* Now the rarest is 0, if it was not among them. */
		picker_less(at.p, 0);
		assert_int_equal(
		    picker_unsourced(at.p) == 1 ? take_piece(&at, &w) : 0, 0);
		clear(&at);
	}
	assert_int_equal(seen, 0x3fffffff);
}

static void
a_started_piece_is_finished_first(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for w = who(&at, &anna);
	struct picker_block b = next(&at, &w);

	(void)state;
	assert_int_equal(b.block, 0);
	w.current = b.piece;
	for (uint32_t i = 1; i < BLOCKS; i++) {
		struct picker_block more = next(&at, &w);

		assert_int_equal(more.piece, b.piece);
		assert_int_equal(more.block, i);
	}
	assert_int_not_equal(next(&at, &w).piece, b.piece);
	clear(&at);
}

static void
another_peer_takes_a_piece_of_its_own(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for a = who(&at, &anna), b = who(&at, &bert);

	(void)state;
	assert_int_not_equal(next(&at, &a).piece, next(&at, &b).piece);
	clear(&at);
}

static void
a_slow_peer_joins_the_open_piece_with_the_most_left(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for a = who(&at, &anna), b = who(&at, &bert), c = who(&at, &carl);
	uint32_t mine, other;

	(void)state;
	mine = next(&at, &a).piece;
	a.current = mine;
	(void)next(&at, &a);
	other = next(&at, &b).piece;
	c.join = true;
	assert_int_equal(next(&at, &c).piece, other);
	clear(&at);
}

static void
when_no_piece_may_be_opened_peers_share(void **state)
{
	struct at at = setup_started(1, 1);
	struct picker_for a = who(&at, &anna), b = who(&at, &bert);
	uint32_t piece;

	(void)state;
	assert_true(picker_may_open(at.p));
	piece = next(&at, &a).piece;
	assert_false(picker_may_open(at.p));
	for (uint32_t i = 1; i < BLOCKS; i++)
		assert_int_equal(next(&at, &b).piece, piece);
	assert_nothing(&at, &a);
	assert_nothing(&at, &b);
	/* A full piece still counts until it is held. */
	for (uint32_t i = 0; i < BLOCKS; i++)
		assert_int_equal(got(&at, piece, i, 1), i == BLOCKS - 1 ? RC_END : RC_OK);
	assert_nothing(&at, &a);
	picker_hold(at.p, piece);
	assert_int_not_equal(next(&at, &a).piece, piece);
	clear(&at);
}

static void
who_is_to_be_alone_shares_with_nobody(void **state)
{
	struct at at = setup_started(2, 1);
	struct picker_for a = who(&at, &anna), b = who(&at, &bert), c = who(&at, &carl);
	struct picker_block open, mine;

	(void)state;
	open = next(&at, &b);
	a.alone = true;
	mine = next(&at, &a);
	assert_int_not_equal(mine.piece, open.piece);
	/* No more may be opened: carl joins bert, and never anna. */
	c.join = true;
	for (uint32_t i = 1; i < BLOCKS; i++)
		assert_int_equal(next(&at, &c).piece, open.piece);
	assert_nothing(&at, &c);
	assert_int_equal(next(&at, &a).piece, mine.piece);
	assert_int_equal(picker_next_in(at.p, &c, mine.piece, &open), RC_NONE);
	assert_true(picker_takes(at.p, mine, &a));
	assert_false(picker_takes(at.p, mine, &c));
	assert_int_equal(picker_again(at.p, mine, 2), RC_NONE);
	clear(&at);
}

static void
pieces_had_alone_are_given_up_one_by_one(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for a = who(&at, &anna), b = who(&at, &bert);
	uint32_t one, two, left[2];

	(void)state;
	a.alone = true;
	one = take_piece(&at, &a);
	two = next(&at, &a).piece;
	assert_int_not_equal(one, two);
	left[0] = picker_leave(at.p, &anna);
	picker_drop(at.p, left[0]);
	left[1] = picker_leave(at.p, &anna);
	assert_true(
	    (left[0] == one && left[1] == two) || (left[0] == two && left[1] == one));
	assert_int_equal(picker_leave(at.p, &anna), PICKER_NONE);
	/* The one that was not dropped is shared now. */
	picker_undo(at.p, (struct picker_block){ left[1], 0 });
	assert_int_equal(next(&at, &b).piece, left[1]);
	clear(&at);
}

static void
a_piece_whose_owner_left_is_taken_up_by_the_next(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for a = who(&at, &anna), b = who(&at, &bert), c = who(&at, &carl);
	uint32_t piece = next(&at, &a).piece;

	(void)state;
	assert_int_equal(picker_leave(at.p, &anna), PICKER_NONE);
	assert_int_equal(next(&at, &b).piece, piece);
	/* It is bert's from now on. */
	assert_int_not_equal(next(&at, &c).piece, piece);
	clear(&at);
}

static void
a_request_that_is_off_is_asked_for_again_in_its_place(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for w = who(&at, &anna);
	struct picker_block b = { take_piece(&at, &w), 1 };

	(void)state;
	w.current = b.piece;
	picker_undo(at.p, b);
	assert_int_equal(picker_asked(at.p, b), 0);
	picker_undo(at.p, b);
	assert_int_equal(picker_asked(at.p, b), 0);
	assert_int_equal(next(&at, &w).block, 1);
	clear(&at);
}

static void
a_block_that_is_here_cannot_be_undone_nor_got_twice(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for w = who(&at, &anna);
	struct picker_block b = next(&at, &w);

	(void)state;
	assert_true(picker_takes(at.p, b, &w));
	assert_int_equal(picker_got(at.p, b, 1), RC_OK);
	assert_false(picker_takes(at.p, b, &w));
	assert_int_equal(picker_got(at.p, b, 2), RC_NONE);
	picker_undo(at.p, b);
	assert_int_equal(picker_asked(at.p, b), 0);
	w.current = b.piece;
	assert_int_equal(next(&at, &w).block, 1);
	clear(&at);
}

static void
the_end_game_asks_once_more_but_not_a_third_time(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for w = who(&at, &anna);
	struct picker_block b;

	(void)state;
	for (uint32_t i = 3; i < PIECES - 1; i++) {
		assert_false(picker_is_end(at.p));
		b.piece = take_piece(&at, &w);
	}
	assert_true(picker_is_end(at.p));
	b.block = 0;
	assert_int_equal(picker_again(at.p, b, 2), RC_OK);
	assert_int_equal(picker_asked(at.p, b), 2);
	assert_int_equal(picker_again(at.p, b, 2), RC_NONE);
	picker_undo(at.p, b);
	assert_int_equal(picker_asked(at.p, b), 1);
	assert_true(picker_is_end(at.p));
	picker_undo(at.p, b);
	assert_false(picker_is_end(at.p));
	/* Free now: that is no case for asking once more. */
	assert_int_equal(picker_again(at.p, b, 2), RC_NONE);
	assert_int_equal(next(&at, &w).piece, b.piece);
	assert_int_equal(picker_got(at.p, b, 1), RC_OK);
	assert_int_equal(picker_again(at.p, b, 2), RC_NONE);
	assert_true(picker_is_end(at.p));
	clear(&at);
}

static void
a_dropped_piece_is_wanted_again_from_nothing(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for w = who(&at, &anna);
	uint32_t piece, blocks;

	(void)state;
	for (uint32_t i = 0; i < PIECES; i++)
		bitset_unset(&at.all, i);
	bitset_set(&at.all, 9);
	piece = take_piece(&at, &w);
	for (uint32_t i = 0; i < BLOCKS; i++)
		assert_int_equal(got(&at, piece, i, 3), i == BLOCKS - 1 ? RC_END : RC_OK);
	assert_nothing(&at, &w);
	assert_non_null(picker_authors(at.p, piece, &blocks));
	picker_drop(at.p, piece);
	assert_null(picker_authors(at.p, piece, &blocks));
	assert_int_equal(blocks, 0);
	assert_null(picker_buffer(at.p, piece));
	assert_int_equal(take_piece(&at, &w), piece);
	for (uint32_t i = 0; i < BLOCKS; i++)
		assert_int_equal(
		    picker_asked(at.p, (struct picker_block){ piece, i }), 1);
	clear(&at);
}

static void
authors_and_buffer_stay_with_an_open_piece(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for w = who(&at, &anna);
	const uint32_t *authors;
	uint32_t piece, blocks;
	uint8_t byte;

	(void)state;
	assert_null(picker_buffer(at.p, 20));
	piece = take_piece(&at, &w);
	assert_null(*picker_buffer(at.p, piece));
	*picker_buffer(at.p, piece) = &byte;
	for (uint32_t i = 0; i < 5; i++)
		(void)take_piece(&at, &w);
	for (uint32_t i = 0; i < BLOCKS; i++)
		(void)!got(&at, piece, i, 100 + i);
	authors = picker_authors(at.p, piece, &blocks);
	assert_int_equal(blocks, BLOCKS);
	for (uint32_t i = 0; i < BLOCKS; i++)
		assert_int_equal(authors[i], 100 + i);
	assert_ptr_equal(*picker_buffer(at.p, piece), &byte);
	picker_hold(at.p, piece);
	assert_null(picker_buffer(at.p, piece));
	clear(&at);
}

static void
a_block_may_come_that_nobody_was_asked_for(void **state)
{
	struct at at = setup_started(PIECES, 1);
	struct picker_for w = who(&at, &anna);
	struct picker_block b = next(&at, &w), more;

	(void)state;
	b.block = 2;
	assert_true(picker_takes(at.p, b, &w));
	assert_int_equal(picker_got(at.p, b, 1), RC_OK);
	w.current = b.piece;
	more = next(&at, &w);
	assert_int_equal(more.block, 1);
	more = next(&at, &w);
	assert_int_equal(more.block, 3);
	/* But none of a piece that is not open. */
	b.piece = b.piece == 20 ? 21 : 20;
	assert_false(picker_takes(at.p, b, &w));
	assert_int_equal(picker_got(at.p, b, 1), RC_NONE);
	clear(&at);
}

static void
an_allowed_piece_is_asked_for_by_name(void **state)
{
	struct at at = setup_started(2, 1);
	struct picker_for w = who(&at, &anna);
	struct picker_block b;

	(void)state;
	for (uint32_t i = 0; i < BLOCKS; i++) {
		assert_int_equal(picker_next_in(at.p, &w, 11, &b), RC_OK);
		assert_int_equal(b.piece, 11);
		assert_int_equal(b.block, i);
	}
	assert_int_equal(picker_next_in(at.p, &w, 11, &b), RC_NONE);
	assert_int_equal(picker_next_in(at.p, &w, 0, &b), RC_NONE); /* held */
	assert_int_equal(picker_next_in(at.p, &w, 12, &b), RC_OK);
	assert_int_equal(picker_next_in(at.p, &w, 13, &b), RC_NONE); /* most_open */
	clear(&at);
}

static void
an_allowed_piece_that_the_peer_does_not_have_is_not_opened(void **state)
{
	struct at at = setup_started(1, 1);
	struct picker_for w = who(&at, &anna);
	struct picker_block b;

	(void)state;
	bitset_unset(&at.all, 11);
	assert_int_equal(picker_next_in(at.p, &w, 11, &b), RC_NONE);
	assert_true(picker_may_open(at.p));
	assert_null(picker_buffer(at.p, 11));
	clear(&at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_for_that_is_not_wanted_or_not_had),
		cmocka_unit_test(the_last_piece_has_its_own_length),
		cmocka_unit_test(the_rarest_piece_goes_first),
		cmocka_unit_test(ties_fall_by_the_seed),
		cmocka_unit_test(the_first_four_pieces_are_chosen_at_random),
		cmocka_unit_test(a_started_piece_is_finished_first),
		cmocka_unit_test(another_peer_takes_a_piece_of_its_own),
		cmocka_unit_test(a_slow_peer_joins_the_open_piece_with_the_most_left),
		cmocka_unit_test(when_no_piece_may_be_opened_peers_share),
		cmocka_unit_test(who_is_to_be_alone_shares_with_nobody),
		cmocka_unit_test(pieces_had_alone_are_given_up_one_by_one),
		cmocka_unit_test(a_piece_whose_owner_left_is_taken_up_by_the_next),
		cmocka_unit_test(a_request_that_is_off_is_asked_for_again_in_its_place),
		cmocka_unit_test(a_block_that_is_here_cannot_be_undone_nor_got_twice),
		cmocka_unit_test(the_end_game_asks_once_more_but_not_a_third_time),
		cmocka_unit_test(a_dropped_piece_is_wanted_again_from_nothing),
		cmocka_unit_test(authors_and_buffer_stay_with_an_open_piece),
		cmocka_unit_test(a_block_may_come_that_nobody_was_asked_for),
		cmocka_unit_test(an_allowed_piece_is_asked_for_by_name),
		cmocka_unit_test(
		    an_allowed_piece_that_the_peer_does_not_have_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
