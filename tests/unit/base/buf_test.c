/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void
what_is_added_stands_in_order(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(buf_add(&b, "ab", 2), RC_OK);
	assert_int_equal(buf_add(&b, NULL, 0), RC_OK);
	assert_int_equal(buf_printf(&b, "%d-%s", 12, "x"), RC_OK);
	assert_true(bytes_is(buf_bytes(&b), "ab12-x"));
	buf_clear(&b);
	assert_int_equal(b.n, 0);
	assert_int_equal(buf_add(&b, "c", 1), RC_OK);
	assert_true(bytes_is(buf_bytes(&b), "c"));
	buf_clear(&b);
}

static void
the_maximum_holds_and_a_refusal_changes_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	assert_int_equal(buf_add(&b, "abc", 3), RC_OK);
	assert_int_equal(buf_add(&b, "def", 3), RC_BIG);
	assert_int_equal(buf_room(&b, SIZE_MAX), RC_BIG);
	assert_int_equal(buf_printf(&b, "%s", "def"), RC_BIG);
	assert_true(bytes_is(buf_bytes(&b), "abc"));
	assert_int_equal(buf_add(&b, "de", 2), RC_OK);
	assert_true(bytes_is(buf_bytes(&b), "abcde"));
	buf_clear(&b);
}

static void
dropping_moves_the_front(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_drop(&b, 0);
	assert_int_equal(buf_add(&b, "abcdef", 6), RC_OK);
	buf_drop(&b, 2);
	assert_true(bytes_is(buf_bytes(&b), "cdef"));
	buf_drop(&b, 4);
	assert_int_equal(b.n, 0);
	assert_int_equal(b.front, 0);
	buf_clear(&b);
}

/* A queue that is filled and emptied for ever: against a copy of what must be in it. */
static void
a_long_life_as_a_queue_keeps_every_byte_and_little_memory(void **state)
{
	uint8_t in = 0, out = 0;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (unsigned turn = 0; turn < 20000; turn++) {
		size_t add = turn * 7919 % 300, drop;

		if (b.n + add > 1000)
			add = 0;
		assert_int_equal(buf_room(&b, add), RC_OK);
		for (size_t i = 0; i < add; i++)
			b.p[b.n++] = in++;
		drop = turn * 104729 % 257;
		if (drop > b.n)
			drop = b.n;
		for (size_t i = 0; i < drop; i++)
			assert_int_equal(b.p[i], out++);
		buf_drop(&b, drop);
		assert_true(b.cap + b.front <= 4096);
	}
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_stands_in_order),
		cmocka_unit_test(the_maximum_holds_and_a_refusal_changes_nothing),
		cmocka_unit_test(dropping_moves_the_front),
		cmocka_unit_test(
		    a_long_life_as_a_queue_keeps_every_byte_and_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
