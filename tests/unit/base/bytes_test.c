/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static void
a_cursor_reads_big_endian_numbers(void **state)
{
	static const uint8_t in[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
	struct cur c = cur_over(bytes_of(in, sizeof(in)));

	(void)state;
	assert_int_equal(cur_be(&c, 1), 1);
	assert_int_equal(cur_be(&c, 2), 0x0203);
	assert_true(cur_be(&c, 8) == UINT64_C(0x0405060708090a0b));
	assert_int_equal(c.n, 0);
	assert_false(c.bad);
}

static void
a_cursor_remembers_that_it_failed(void **state)
{
	struct cur c = cur_over(bytes_of("\x01\x02\x03", 3));

	(void)state;
	assert_int_equal(cur_be(&c, 4), 0);
	assert_true(c.bad);
	assert_int_equal(cur_be(&c, 1), 0);
	assert_null(cur_take(&c, 1));
	assert_int_equal(c.n, 3);
}

static void
a_number_put_is_the_number_got(void **state)
{
	uint8_t out[8];

	(void)state;
	assert_ptr_equal(put_be(out, 8, UINT64_C(0x0123456789abcdef)), out + 8);
	assert_memory_equal(out, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
	assert_int_equal(get_be32(out + 4), 0x89abcdef);
	assert_ptr_equal(put_be(out, 2, 0xabcdef), out + 2);
	assert_memory_equal(out, "\xcd\xef", 2);
}

static void
views_compare_by_their_bytes(void **state)
{
	(void)state;
	assert_true(bytes_eq(bytes_of(NULL, 0), bytes_str("")));
	assert_false(bytes_is(bytes_str("ab"), "abc"));
	assert_true(bytes_starts(bytes_str("abc"), "ab"));
	assert_false(bytes_starts(bytes_str("a"), "ab"));
	assert_int_equal(bytes_from(bytes_str("abc"), 3).n, 0);
	assert_int_equal(bytes_from(bytes_str("abc"), 99).n, 0);
	assert_true(bytes_is(bytes_from(bytes_str("abc"), 1), "bc"));
	assert_true(bytes_cmp(bytes_str("a"), bytes_str("\xff")) < 0);
	assert_true(bytes_cmp(bytes_str("ab"), bytes_str("a")) > 0);
	assert_int_equal(bytes_cmp(bytes_of(NULL, 0), bytes_of(NULL, 0)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cursor_reads_big_endian_numbers),
		cmocka_unit_test(a_cursor_remembers_that_it_failed),
		cmocka_unit_test(a_number_put_is_the_number_got),
		cmocka_unit_test(views_compare_by_their_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
