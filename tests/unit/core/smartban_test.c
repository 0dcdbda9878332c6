/* SPDX-License-Identifier: ISC */
/* core/smartban: whom a failed piece convicts once it is good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/smartban.h"

enum { ANNA = 3, BEN = 5, CARL = 9, MANY = 40000 };

/* What was said of each author, by number. */
struct verdicts {
	unsigned lied[16], told_truth[16];
};

static void
note(void *ctx, uint32_t author, bool lied)
{
	struct verdicts *v = ctx;

	(lied ? v->lied : v->told_truth)[author]++;
}

static void
a_mark_is_the_head_of_the_sha1_of_each_block(void **state)
{
	/* printf abc | sha1sum: a9993e364706816a; 16384 zeros: 897256b6709e1a4d. */
	static const uint8_t abc[] = { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a };
	static const uint8_t zeros[] = { 0x89, 0x72, 0x56, 0xb6, 0x70, 0x9e, 0x1a, 0x4d };
	uint8_t data[16384 + 3] = { 0 };
	uint64_t marks[2];

	(void)state;
	memcpy(data + 16384, "abc", 3);
	assert_int_equal(smartban_marks(bytes_of(data, sizeof(data)), marks), RC_OK);
	assert_memory_equal(&marks[0], zeros, 8);
	assert_memory_equal(&marks[1], abc, 8);
}

static void
only_the_author_of_a_block_that_differs_lied(void **state)
{
	static const uint32_t author[] = { ANNA, BEN, ANNA, CARL };
	static const uint64_t bad[] = { 1, 2, 3, 4 }, good[] = { 1, 7, 3, 4 };
	struct smartban s = { 0 };
	struct verdicts v = { 0 };

	(void)state;
	smartban_failed(&s, 6, author, bad, 4);
	assert_true(smartban_awaits(&s, 6));
	assert_false(smartban_awaits(&s, 7));
	smartban_judge(&s, 6, good, note, &v);
	assert_int_equal(v.lied[BEN], 1);
	assert_int_equal(v.lied[ANNA] + v.lied[CARL], 0);
	assert_int_equal(v.told_truth[ANNA], 1);
	assert_int_equal(v.told_truth[CARL], 1);
	assert_false(smartban_awaits(&s, 6));
	assert_int_equal(s.blocks, 0);
	smartban_clear(&s);
}

static void
one_failure_is_one_lie_however_many_blocks_differ(void **state)
{
	static const uint32_t author[] = { BEN, ANNA, BEN, BEN };
	static const uint64_t bad[] = { 1, 2, 3, 4 }, good[] = { 9, 2, 3, 9 };
	struct smartban s = { 0 };
	struct verdicts v = { 0 };

	(void)state;
	smartban_failed(&s, 0, author, bad, 4);
	smartban_failed(&s, 0, author, bad, 4);
	smartban_judge(&s, 0, good, note, &v);
	assert_int_equal(v.lied[BEN], 2);
	assert_int_equal(v.told_truth[BEN], 0);
	assert_int_equal(v.told_truth[ANNA], 2);
	smartban_clear(&s);
}

static void
other_pieces_wait_for_their_own_judgement(void **state)
{
	static const uint32_t author[] = { ANNA, BEN };
	static const uint64_t bad[] = { 1, 2 }, good[] = { 0, 2 };
	struct smartban s = { 0 };
	struct verdicts v = { 0 };

	(void)state;
	smartban_failed(&s, 1, author, bad, 2);
	smartban_failed(&s, 2, author, bad, 2);
	smartban_judge(&s, 1, good, note, &v);
	assert_int_equal(v.lied[ANNA], 1);
	assert_true(smartban_awaits(&s, 2));
	smartban_clear(&s);
	assert_false(smartban_awaits(&s, 2));
}

static void
the_oldest_failures_are_forgotten_for_new_ones(void **state)
{
	uint32_t *author = calloc(MANY, sizeof(*author));
	uint64_t *marks = calloc(MANY, sizeof(*marks));
	struct smartban s = { 0 };

	(void)state;
	assert_non_null(author);
	assert_non_null(marks);
	smartban_failed(&s, 1, author, marks, MANY);
	smartban_failed(&s, 2, author, marks, SMARTBAN_BLOCKS - MANY);
	assert_true(smartban_awaits(&s, 1));
	smartban_failed(&s, 3, author, marks, 1);
	assert_false(smartban_awaits(&s, 1));
	assert_true(smartban_awaits(&s, 2));
	assert_true(smartban_awaits(&s, 3));
	assert_true(s.blocks <= SMARTBAN_BLOCKS);
	smartban_clear(&s);
	free(author);
	free(marks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_is_the_head_of_the_sha1_of_each_block),
		cmocka_unit_test(only_the_author_of_a_block_that_differs_lied),
		cmocka_unit_test(one_failure_is_one_lie_however_many_blocks_differ),
		cmocka_unit_test(other_pieces_wait_for_their_own_judgement),
		cmocka_unit_test(the_oldest_failures_are_forgotten_for_new_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
