/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bitset.h"

static void
piece_0_is_the_highest_bit_of_byte_0(void **state)
{
	struct bitset b;

	(void)state;
	assert_int_equal(bitset_init(&b, 10), RC_OK);
	bitset_set(&b, 0);
	bitset_set(&b, 7);
	bitset_set(&b, 8);
	/*
	 * BEP 3: "The first byte of the bitfield corresponds to indices 0 - 7 from high
	 * bit to low bit".
	 */
	assert_int_equal(bitset_bytes(&b).n, 2);
	assert_int_equal(b.bits[0], 0x81);
	assert_int_equal(b.bits[1], 0x80);
	assert_true(bitset_get(&b, 7) && !bitset_get(&b, 6));
	bitset_clear(&b);
}

static void
the_count_follows_every_change_once(void **state)
{
	struct bitset b;

	(void)state;
	assert_int_equal(bitset_init(&b, 100), RC_OK);
	bitset_set(&b, 42);
	bitset_set(&b, 42);
	bitset_set(&b, 99);
	assert_int_equal(b.count, 2);
	bitset_unset(&b, 42);
	bitset_unset(&b, 42);
	assert_int_equal(b.count, 1);
	bitset_fill(&b);
	assert_int_equal(b.count, 100);
	assert_true(bitset_full(&b));
	assert_int_equal(b.bits[12], 0xf0);
	for (uint32_t i = 0; i < 100; i++)
		bitset_unset(&b, i);
	assert_int_equal(b.count, 0);
	bitset_clear(&b);
}

static void
numbers_past_the_end_are_not_in_it_and_change_nothing(void **state)
{
	struct bitset b;

	(void)state;
	assert_int_equal(bitset_init(&b, 9), RC_OK);
	bitset_set(&b, 9);
	bitset_set(&b, UINT32_MAX);
	bitset_unset(&b, 9);
	assert_int_equal(b.count, 0);
	assert_int_equal(b.bits[1], 0);
	assert_false(bitset_get(&b, 9));
	bitset_clear(&b);
}

static void
a_bit_field_of_another_size_or_with_spare_bits_is_refused(void **state)
{
	static const uint8_t wire[3] = { 0xff, 0x80, 0 }, spare[2] = { 0xff, 0xc0 };
	struct bitset b;

	(void)state;
	assert_int_equal(bitset_init(&b, 9), RC_OK);
	assert_int_equal(bitset_load(&b, bytes_of(wire, 1)), RC_BAD);
	assert_int_equal(bitset_load(&b, bytes_of(wire, 3)), RC_BAD);
	assert_int_equal(bitset_load(&b, bytes_of(spare, 2)), RC_BAD);
	assert_int_equal(b.count, 0);
	assert_int_equal(bitset_load(&b, bytes_of(wire, 2)), RC_OK);
	assert_int_equal(b.count, 9);
	assert_true(bitset_full(&b));
	bitset_clear(&b);
}

static void
counting_works_across_words_and_the_bytes_behind_them(void **state)
{
	uint8_t wire[13];
	struct bitset b;

	(void)state;
	for (size_t i = 0; i < sizeof(wire); i++)
		wire[i] = 0x11; /* two of eight */
	assert_int_equal(bitset_init(&b, 104), RC_OK);
	assert_int_equal(bitset_load(&b, bytes_of(wire, sizeof(wire))), RC_OK);
	assert_int_equal(b.count, 26);
	bitset_clear(&b);
}

static void
union_intersection_and_difference(void **state)
{
	struct bitset a, b;

	(void)state;
	assert_int_equal(bitset_init(&a, 20), RC_OK);
	assert_int_equal(bitset_init(&b, 20), RC_OK);
	bitset_set(&a, 1);
	bitset_set(&a, 19);
	bitset_set(&b, 1);
	bitset_set(&b, 2);
	assert_true(bitset_beyond(&a, &b));
	bitset_or(&b, &a);
	assert_int_equal(b.count, 3);
	assert_false(bitset_beyond(&a, &b));
	assert_true(bitset_beyond(&b, &a));
	bitset_and(&b, &a);
	assert_int_equal(b.count, 2);
	assert_false(bitset_get(&b, 2));
	bitset_clear(&a);
	bitset_clear(&b);
}

static void
a_set_of_none_is_full_and_harmless(void **state)
{
	struct bitset b;

	(void)state;
	assert_int_equal(bitset_init(&b, 0), RC_OK);
	bitset_fill(&b);
	assert_int_equal(bitset_load(&b, bytes_of(NULL, 0)), RC_OK);
	assert_true(bitset_full(&b));
	bitset_clear(&b);
	bitset_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(piece_0_is_the_highest_bit_of_byte_0),
		cmocka_unit_test(the_count_follows_every_change_once),
		cmocka_unit_test(numbers_past_the_end_are_not_in_it_and_change_nothing),
		cmocka_unit_test(
		    a_bit_field_of_another_size_or_with_spare_bits_is_refused),
		cmocka_unit_test(counting_works_across_words_and_the_bytes_behind_them),
		cmocka_unit_test(union_intersection_and_difference),
		cmocka_unit_test(a_set_of_none_is_full_and_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
