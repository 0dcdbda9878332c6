/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pool.h"

enum { SIZE = 64 * 1024, MOST = 5 };

static void
no_more_than_the_budget_is_out_at_once(void **state)
{
	struct pool *p = pool_new(SIZE, MOST);
	uint8_t *out[MOST];

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		assert_int_equal(pool_left(p), MOST - i);
		out[i] = pool_take(p);
		assert_non_null(out[i]);
	}
	assert_int_equal(pool_left(p), 0);
	assert_null(pool_take(p));
	pool_give(p, out[3]);
	assert_int_equal(pool_left(p), 1);
	out[3] = pool_take(p);
	assert_non_null(out[3]);
	assert_null(pool_take(p));
	for (size_t i = 0; i < MOST; i++)
		pool_give(p, out[i]);
	assert_int_equal(pool_left(p), MOST);
	pool_free(p);
}

static void
buffers_are_whole_and_apart(void **state)
{
	struct pool *p = pool_new(SIZE, MOST);
	uint8_t *out[MOST];

	(void)state;
	/* Twice, so that the second round gets what came back. */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < MOST; i++) {
			out[i] = pool_take(p);
			memset(out[i], (int)i + 1, SIZE);
		}
		for (size_t i = 0; i < MOST; i++) {
			for (size_t at = 0; at < SIZE; at++)
				assert_int_equal(out[i][at], i + 1);
			pool_give(p, out[i]);
		}
	}
	pool_free(p);
}

static void
a_buffer_that_came_back_is_given_out_again(void **state)
{
	struct pool *p = pool_new(SIZE, MOST);
	uint8_t *first = pool_take(p);

	(void)state;
	pool_give(p, first);
	for (int i = 0; i < 1000; i++) {
		uint8_t *again = pool_take(p);

		assert_ptr_equal(again, first);
		pool_give(p, again);
	}
	pool_free(p);
}

static void
buffers_smaller_than_a_pointer_can_come_back_too(void **state)
{
	struct pool *p = pool_new(1, 2);
	uint8_t *a = pool_take(p), *b = pool_take(p);

	(void)state;
	*a = 1;
	*b = 2;
	pool_give(p, a);
	pool_give(p, b);
	assert_int_equal(pool_left(p), 2);
	pool_free(p);
}

static void
a_budget_of_none_is_a_budget_of_one(void **state)
{
	struct pool *p = pool_new(SIZE, 0);
	uint8_t *only = pool_take(p);

	(void)state;
	assert_non_null(only);
	assert_null(pool_take(p));
	pool_give(p, only);
	pool_free(p);
}

static void
a_pool_that_was_never_used_and_none_at_all_can_be_freed(void **state)
{
	(void)state;
	pool_free(pool_new(SIZE, MOST));
	pool_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_than_the_budget_is_out_at_once),
		cmocka_unit_test(buffers_are_whole_and_apart),
		cmocka_unit_test(a_buffer_that_came_back_is_given_out_again),
		cmocka_unit_test(buffers_smaller_than_a_pointer_can_come_back_too),
		cmocka_unit_test(a_budget_of_none_is_a_budget_of_one),
		cmocka_unit_test(a_pool_that_was_never_used_and_none_at_all_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
