/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/wire.h"
#include "core/picker.h"

/* 20 pieces of 2 blocks. */
enum { PIECES = 20, BLOCKS = 2 };

static const char anna, bert; /* owners: only their addresses count */

struct at {
	struct picker *p;
	struct bitset all;
};

static struct at
setup_picker(uint32_t most_open)
{
	const struct picker_config config = { .pieces = PIECES,
		.piece_length = BLOCKS * WIRE_BLOCK,
		.last_length = BLOCKS * WIRE_BLOCK,
		.most_open = most_open,
		.seed = 5 };
	struct at at = { .p = picker_new(&config) };

	assert_non_null(at.p);
	assert_int_equal(bitset_init(&at.all, PIECES), RC_OK);
	bitset_fill(&at.all);
	for (uint32_t i = 0; i < PIECES; i++)
		picker_want(at.p, i);
	return at;
}

static void
clear(struct at *at)
{
	picker_free(at->p);
	bitset_clear(&at->all);
}

/* The piece of the next block for owner, or PICKER_NONE. */
static uint32_t
next_piece(struct at *at, const void *owner, const struct bitset *has)
{
	const struct picker_for who = {
		.owner = owner, .has = has, .current = PICKER_NONE
	};
	struct picker_block b;

	return picker_next(at->p, &who, &b) == RC_OK ? b.piece : PICKER_NONE;
}

static void
the_window_is_picked_in_order_and_nothing_else(void **state)
{
	static const uint32_t wanted[] = { 3, 3, 4, 4, 5, 5, 6, 6, PICKER_NONE };
	struct at at = setup_picker(PIECES);

	(void)state;
	picker_window(at.p, 3, 7, true);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_int_equal(next_piece(&at, &anna, &at.all), wanted[i]);
	clear(&at);
}

static void
what_is_held_in_the_window_is_passed_over_and_it_moves_on(void **state)
{
	struct at at = setup_picker(PIECES);

	(void)state;
	picker_hold(at.p, 0);
	picker_hold(at.p, 2);
	picker_window(at.p, 0, 3, true);
	assert_int_equal(next_piece(&at, &anna, &at.all), 1);
	assert_int_equal(next_piece(&at, &anna, &at.all), 1);
	assert_int_equal(next_piece(&at, &anna, &at.all), PICKER_NONE);
	picker_window(at.p, 1, 4, true);
	assert_int_equal(next_piece(&at, &anna, &at.all), 3);
	clear(&at);
}

static void
two_peers_take_two_pieces_and_share_only_when_there_is_no_other(void **state)
{
	struct at at = setup_picker(PIECES);

	(void)state;
	picker_window(at.p, 0, 2, true);
	assert_int_equal(next_piece(&at, &anna, &at.all), 0);
	assert_int_equal(next_piece(&at, &bert, &at.all), 1);
	assert_int_equal(next_piece(&at, &bert, &at.all), 1);
	assert_int_equal(next_piece(&at, &bert, &at.all), 0);
	assert_int_equal(next_piece(&at, &bert, &at.all), PICKER_NONE);
	clear(&at);
}

static void
a_block_that_came_free_at_the_head_goes_before_what_is_behind(void **state)
{
	const struct picker_block lost = { .piece = 0, .block = 1 };
	struct at at = setup_picker(PIECES);

	(void)state;
	picker_window(at.p, 0, 4, true);
	for (int i = 0; i < 4; i++)
		(void)next_piece(&at, &anna, &at.all);
	assert_int_equal(picker_leave(at.p, &anna), PICKER_NONE);
	picker_undo(at.p, lost);
	assert_int_equal(next_piece(&at, &bert, &at.all), 0);
	assert_int_equal(next_piece(&at, &bert, &at.all), 2);
	clear(&at);
}

static void
a_peer_without_the_head_gets_the_first_that_it_has(void **state)
{
	struct at at = setup_picker(PIECES);
	struct bitset has;

	(void)state;
	assert_int_equal(bitset_init(&has, PIECES), RC_OK);
	bitset_set(&has, 2);
	bitset_set(&has, 15);
	picker_window(at.p, 0, 4, true);
	assert_int_equal(next_piece(&at, &bert, &has), 2);
	assert_int_equal(next_piece(&at, &bert, &has), 2);
	assert_int_equal(next_piece(&at, &bert, &has), PICKER_NONE);
	bitset_clear(&has);
	clear(&at);
}

static void
where_all_is_wanted_the_rest_comes_behind_the_window_and_leaves_it_room(void **state)
{
	struct at at = setup_picker(8);
	uint32_t outside = 0, piece;

	(void)state;
	picker_window(at.p, 0, 2, false);
	for (int i = 0; i < 4; i++)
		assert_in_range(next_piece(&at, &anna, &at.all), 0, 1);
	while ((piece = next_piece(&at, &anna, &at.all)) != PICKER_NONE) {
		assert_in_range(piece, 2, PIECES - 1);
		outside++;
	}
	/*
	 * A quarter of the 8 places is kept: 6 less the window's 2, with 2 blocks each.
	 */
	assert_int_equal(outside, 4 * BLOCKS);
	picker_window(at.p, 0, PIECES, false);
	assert_int_not_equal(next_piece(&at, &anna, &at.all), PICKER_NONE);
	clear(&at);
}

static void
the_end_game_may_begin_when_all_of_the_only_window_is_asked_for(void **state)
{
	struct at at = setup_picker(PIECES);

	(void)state;
	picker_window(at.p, 0, 2, true);
	for (int i = 0; i < 4; i++) {
		assert_false(picker_is_end(at.p));
		(void)next_piece(&at, &anna, &at.all);
	}
	assert_true(picker_is_end(at.p));
	picker_window(at.p, 0, 3, true);
	assert_false(picker_is_end(at.p));
	clear(&at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_is_picked_in_order_and_nothing_else),
		cmocka_unit_test(
		    what_is_held_in_the_window_is_passed_over_and_it_moves_on),
		cmocka_unit_test(
		    two_peers_take_two_pieces_and_share_only_when_there_is_no_other),
		cmocka_unit_test(
		    a_block_that_came_free_at_the_head_goes_before_what_is_behind),
		cmocka_unit_test(a_peer_without_the_head_gets_the_first_that_it_has),
		cmocka_unit_test(
		    where_all_is_wanted_the_rest_comes_behind_the_window_and_leaves_it_room),
		cmocka_unit_test(
		    the_end_game_may_begin_when_all_of_the_only_window_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
