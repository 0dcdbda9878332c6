/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bucket.h"

enum { NOW = 5000000, MIB = 1024 * 1024 };

static void
without_a_rate_there_is_no_limit(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 0, NOW);
	assert_true(bucket_left(&b, NOW) == SIZE_MAX);
	bucket_take(&b, 1000000000);
	assert_true(bucket_left(&b, NOW) == SIZE_MAX);
	assert_true(bucket_when(&b, 1, NOW) == NOW);
}

static void
over_a_minute_the_rate_is_held(void **state)
{
	struct bucket b;
	uint64_t sum = 0;

	(void)state;
	bucket_init(&b, MIB, NOW);
	for (int64_t ms = 0; ms < 60000; ms += 7) {
		size_t n = bucket_left(&b, NOW + ms);

		if (n > 10000)
			n = 10000;
		bucket_take(&b, n);
		sum += n;
	}
	/* 60 s of it, and what was in it at first. */
	assert_true(sum > UINT64_C(59) * MIB);
	assert_true(sum <= UINT64_C(60) * MIB + MIB / 4);
}

static void
a_pause_gives_no_more_than_a_quarter_of_a_second(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 4 * MIB, NOW);
	bucket_take(&b, bucket_left(&b, NOW));
	assert_int_equal(bucket_left(&b, NOW), 0);
	assert_int_equal(bucket_left(&b, NOW + INT64_C(1000000000000)), MIB);
}

static void
a_low_rate_lets_whole_blocks_through(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1024, NOW);
	assert_int_equal(bucket_left(&b, NOW), 16384);
	bucket_take(&b, 16384);
	assert_int_equal(bucket_left(&b, NOW + 1000), 1024);
	assert_true(bucket_when(&b, 16384, NOW + 1000) >= NOW + 16000);
	assert_true(bucket_when(&b, 16384, NOW + 1000) <= NOW + 16001);
	assert_true(bucket_when(&b, 1 << 20, NOW + 1000) <= NOW + 16001);
}

static void
a_clock_that_stands_gives_nothing(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, MIB, NOW);
	bucket_take(&b, bucket_left(&b, NOW));
	assert_int_equal(bucket_left(&b, NOW), 0);
	assert_int_equal(bucket_left(&b, NOW - 1000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rate_there_is_no_limit),
		cmocka_unit_test(over_a_minute_the_rate_is_held),
		cmocka_unit_test(a_pause_gives_no_more_than_a_quarter_of_a_second),
		cmocka_unit_test(a_low_rate_lets_whole_blocks_through),
		cmocka_unit_test(a_clock_that_stands_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
