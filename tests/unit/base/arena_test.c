/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void
what_is_kept_is_a_copy_that_stays(void **state)
{
	struct arena *a = NULL;
	struct bytes first, empty;
	char word[] = "first";

	(void)state;
	assert_int_equal(arena_keep(&a, bytes_str(word), &first), RC_OK);
	word[0] = 'x';
	assert_int_equal(arena_keep(&a, bytes_of(NULL, 0), &empty), RC_OK);
	assert_int_equal(empty.n, 0);
	for (int i = 0; i < 100000; i++) {
		struct bytes other;

		assert_int_equal(arena_keep(&a, bytes_str("0123456789"), &other), RC_OK);
		assert_true(bytes_is(other, "0123456789"));
	}
	assert_true(bytes_is(first, "first"));
	arena_free(a);
}

static void
a_text_larger_than_a_block_is_kept_whole(void **state)
{
	static uint8_t large[300000];
	struct bytes before, kept, after;
	struct arena *a = NULL;

	(void)state;
	memset(large, 'L', sizeof(large));
	assert_int_equal(arena_keep(&a, bytes_str("before"), &before), RC_OK);
	assert_int_equal(arena_keep(&a, bytes_of(large, sizeof(large)), &kept), RC_OK);
	assert_int_equal(arena_keep(&a, bytes_str("after"), &after), RC_OK);
	assert_true(bytes_eq(kept, bytes_of(large, sizeof(large))));
	assert_true(bytes_is(before, "before"));
	assert_true(bytes_is(after, "after"));
	arena_free(a);
}

static void
nothing_is_freed_without_complaint(void **state)
{
	(void)state;
	arena_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_is_a_copy_that_stays),
		cmocka_unit_test(a_text_larger_than_a_block_is_kept_whole),
		cmocka_unit_test(nothing_is_freed_without_complaint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
