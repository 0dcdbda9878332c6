/* SPDX-License-Identifier: ISC */
/* Who is set apart keeps what is its own work; who is not believed leaves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/wire.h"
#include "core/picker.h"

enum { PIECES = 8, BLOCKS = 4, ANNAS = 1, BERTS = 2 };

static const int anna, bert;

struct at {
	struct picker *p;
	struct bitset all;
	struct picker_for a, b;
};

static void
setup(struct at *at)
{
	const struct picker_config config = { .pieces = PIECES,
		.piece_length = BLOCKS * WIRE_BLOCK,
		.last_length = BLOCKS * WIRE_BLOCK,
		.most_open = PIECES };

	*at = (struct at){ .p = picker_new(&config) };
	assert_non_null(at->p);
	assert_int_equal(bitset_init(&at->all, PIECES), RC_OK);
	bitset_fill(&at->all);
	for (uint32_t i = 0; i < PIECES; i++)
		picker_want(at->p, i);
	at->a = (struct picker_for){
		.owner = &anna, .has = &at->all, .current = PICKER_NONE
	};
	at->b = (struct picker_for){
		.owner = &bert, .has = &at->all, .current = PICKER_NONE
	};
}

static void
clear(struct at *at)
{
	picker_free(at->p);
	bitset_clear(&at->all);
}

/* A new piece of which `who` is asked for the first n blocks. */
static uint32_t
ask(struct at *at, const struct picker_for *who, uint32_t n)
{
	struct picker_for mine = *who;
	struct picker_block b = { PICKER_NONE, 0 };

	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(picker_next(at->p, &mine, &b), RC_OK);
		assert_true(i == 0 || b.piece == mine.current);
		assert_int_equal(b.block, i);
		mine.current = b.piece;
	}
	return b.piece;
}

static void
got(struct at *at, uint32_t piece, uint32_t block, uint32_t author)
{
	assert_int_equal(
	    picker_got(at->p, (struct picker_block){ piece, block }, author), RC_OK);
}

/* The same, and the first of them is here from author. */
static uint32_t
begin_piece(struct at *at, const struct picker_for *who, uint32_t n, uint32_t author)
{
	uint32_t piece = ask(at, who, n);

	got(at, piece, 0, author);
	return piece;
}

static bool
takes(const struct at *at, uint32_t piece, uint32_t block, const struct picker_for *who)
{
	return picker_takes(at->p, (struct picker_block){ piece, block }, who);
}

static void
what_is_its_work_alone_becomes_its_own(void **state)
{
	struct picker_block b;
	uint32_t piece;
	struct at at;

	(void)state;
	setup(&at);
	piece = begin_piece(&at, &at.a, 3, ANNAS);
	picker_set_apart(at.p, &anna, ANNAS);
	at.a.alone = true;
	assert_true(takes(&at, piece, 1, &at.a));
	assert_false(takes(&at, piece, 1, &at.b));
	/* It goes on there. */
	assert_int_equal(picker_next(at.p, &at.a, &b), RC_OK);
	assert_true(b.piece == piece && b.block == 3);
	/* And once more it changes nothing. */
	picker_set_apart(at.p, &anna, ANNAS);
	assert_true(takes(&at, piece, 1, &at.a));
	assert_int_equal(picker_leave(at.p, &anna), piece);
	assert_int_equal(picker_leave(at.p, &anna), PICKER_NONE);
	clear(&at);
}

static void
what_another_sent_or_was_asked_for_is_shared_and_not_its_work_any_more(void **state)
{
	uint32_t joined, late, again, left;
	struct picker_block b;
	struct at at;

	(void)state;
	setup(&at);
	joined = ask(&at, &at.a, 3);
	assert_int_equal(picker_next_in(at.p, &at.b, joined, &b), RC_OK);
	late = ask(&at, &at.a, 4);
	got(&at, late, 1, BERTS);
	again = ask(&at, &at.a, 4);
	assert_int_equal(picker_again(at.p, (struct picker_block){ again, 0 }, 2), RC_OK);
	left = begin_piece(&at, &at.b, 2, BERTS);
	assert_int_equal(picker_leave(at.p, &bert), PICKER_NONE);
	assert_int_equal(picker_next_in(at.p, &at.a, left, &b), RC_OK);
	picker_set_apart(at.p, &anna, ANNAS);
	at.a.alone = true;
	for (uint32_t i = 0; i < BLOCKS; i++) {
		assert_false(takes(&at, joined, i, &at.a));
		assert_false(takes(&at, late, i, &at.a));
		assert_false(takes(&at, again, i, &at.a));
		assert_false(takes(&at, left, i, &at.a));
		assert_true(takes(&at, again, i, &at.b));
	}
	/* Nobody works on them: bert takes one up before he opens another. */
	picker_undo(at.p, (struct picker_block){ joined, 0 });
	assert_int_equal(picker_next(at.p, &at.b, &b), RC_OK);
	assert_true(b.piece == joined || b.piece == left);
	clear(&at);
}

static void
a_piece_of_which_nothing_is_left_is_as_new(void **state)
{
	struct picker_block b;
	uint32_t piece;
	struct at at;

	(void)state;
	setup(&at);
	piece = begin_piece(&at, &at.b, 2, BERTS);
	assert_int_equal(picker_leave(at.p, &bert), PICKER_NONE);
	assert_int_equal(picker_disbelieve(at.p, BERTS), piece);
	assert_int_equal(picker_disbelieve(at.p, BERTS), PICKER_NONE);
	picker_undo(at.p, (struct picker_block){ piece, 1 });
	assert_int_equal(picker_next(at.p, &at.a, &b), RC_OK);
	assert_true(b.piece == piece && b.block == 0);
	picker_set_apart(at.p, &anna, ANNAS);
	assert_false(takes(&at, piece, 1, &at.b));
	clear(&at);
}

static void
blocks_of_who_is_not_believed_are_asked_for_again_and_no_others(void **state)
{
	uint32_t blocks, full, open;
	struct picker_block b;
	struct at at;

	(void)state;
	setup(&at);
	full = ask(&at, &at.b, BLOCKS);
	for (uint32_t i = 0; i < BLOCKS - 1; i++)
		got(&at, full, i, BERTS);
	assert_int_equal(
	    picker_got(at.p, (struct picker_block){ full, BLOCKS - 1 }, BERTS), RC_END);
	open = ask(&at, &at.a, BLOCKS);
	got(&at, open, 0, ANNAS);
	got(&at, open, 2, BERTS);
	assert_int_equal(picker_disbelieve(at.p, BERTS), open);
	assert_int_equal(picker_disbelieve(at.p, BERTS), PICKER_NONE);
	at.a.current = open;
	assert_int_equal(picker_next(at.p, &at.a, &b), RC_OK);
	assert_true(b.piece == open && b.block == 2);
	assert_false(takes(&at, open, 0, &at.a));
	/* What is being hashed stays as it is. */
	assert_int_equal(picker_authors(at.p, full, &blocks)[0], BERTS);
	assert_int_equal(blocks, BLOCKS);
	got(&at, open, 1, ANNAS);
	got(&at, open, 2, ANNAS);
	assert_int_equal(
	    picker_got(at.p, (struct picker_block){ open, 3 }, ANNAS), RC_END);
	clear(&at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_its_work_alone_becomes_its_own),
		cmocka_unit_test(
		    what_another_sent_or_was_asked_for_is_shared_and_not_its_work_any_more),
		cmocka_unit_test(a_piece_of_which_nothing_is_left_is_as_new),
		cmocka_unit_test(
		    blocks_of_who_is_not_believed_are_asked_for_again_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
