/* SPDX-License-Identifier: ISC */
/* The means were computed by hand: bytes times 1000, over the milliseconds counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rate.h"

enum { WINDOW_MS = RATE_SLOTS * RATE_SLOT_MS };

static void
nothing_yet_is_a_rate_of_nothing(void **state)
{
	struct rate r = { .total = 0 };

	(void)state;
	assert_true(rate_get(&r, 0) == 0);
	assert_true(rate_get(&r, 123456) == 0);
}

static void
a_steady_stream_has_its_own_rate(void **state)
{
	struct rate r = { .total = 0 };

	(void)state;
	for (int64_t now = 1000000; now < 1060000; now += 10) {
		rate_add(&r, 1000, now);
		/* The first half second is too short to measure well. */
		if (now >= 1000500) {
			assert_true(rate_get(&r, now) >= 97000);
			assert_true(rate_get(&r, now) <= 103000);
		}
	}
	assert_true(r.total == 6000 * 1000);
}

static void
the_first_second_is_not_divided_by_the_whole_window(void **state)
{
	struct rate r = { .total = 0 };

	(void)state;
	for (int64_t now = 5000; now < 6000; now += 100)
		rate_add(&r, 100, now);
	/* 1000 bytes from 5000 to 5999. */
	assert_true(rate_get(&r, 5999) == 1000);
}

static void
one_big_read_is_not_taken_for_a_rate_of_its_millisecond(void **state)
{
	struct rate r = { .total = 0 };

	(void)state;
	rate_add(&r, 65536, 7000);
	/* Counted as if it had taken a tenth of a second. */
	assert_true(rate_get(&r, 7000) == 655360);
}

static void
what_is_older_than_the_window_no_longer_counts(void **state)
{
	struct rate r = { .total = 0 };

	(void)state;
	rate_add(&r, 4000, 10000);
	assert_true(rate_get(&r, 10000 + WINDOW_MS - 1) == 1000);
	assert_true(rate_get(&r, 10000 + WINDOW_MS) == 0);
	assert_true(r.total == 4000);
}

static void
a_stream_that_stops_fades_away_within_the_window(void **state)
{
	struct rate r = { .total = 0 };
	uint64_t last;

	(void)state;
	for (int64_t now = 20000; now < 30000; now += 10)
		rate_add(&r, 1000, now);
	last = rate_get(&r, 30000);
	for (int64_t now = 30500; now < 30000 + WINDOW_MS; now += 500) {
		uint64_t next = rate_get(&r, now);

		assert_true(next < last);
		last = next;
	}
	assert_true(last == 0);
}

static void
after_a_long_pause_old_bytes_do_not_come_back(void **state)
{
	struct rate r = { .total = 0 };

	(void)state;
	for (int64_t now = 20000; now < 30000; now += 10)
		rate_add(&r, 1000, now);
	rate_add(&r, 3501, 1000000000000);
	/* 7 whole half seconds before it, and its first millisecond. */
	assert_true(rate_get(&r, 1000000000000) == 1000);
}

static void
a_clock_that_begins_at_zero_counts_from_the_first_byte_on(void **state)
{
	struct rate r = { .total = 0 };

	(void)state;
	rate_add(&r, 1000, 0);
	assert_true(rate_get(&r, 499) == 2000);
	rate_add(&r, 1000, 999);
	assert_true(rate_get(&r, 999) == 2000);
}

static void
a_rate_is_settled_after_two_seconds_of_bytes(void **state)
{
	struct rate r = { .total = 0 };

	(void)state;
	assert_false(rate_is_settled(&r, 100000));
	rate_add(&r, 1, 100000);
	assert_false(rate_is_settled(&r, 101900));
	assert_true(rate_is_settled(&r, 102000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_settled_after_two_seconds_of_bytes),
		cmocka_unit_test(nothing_yet_is_a_rate_of_nothing),
		cmocka_unit_test(a_steady_stream_has_its_own_rate),
		cmocka_unit_test(the_first_second_is_not_divided_by_the_whole_window),
		cmocka_unit_test(one_big_read_is_not_taken_for_a_rate_of_its_millisecond),
		cmocka_unit_test(what_is_older_than_the_window_no_longer_counts),
		cmocka_unit_test(a_stream_that_stops_fades_away_within_the_window),
		cmocka_unit_test(after_a_long_pause_old_bytes_do_not_come_back),
		cmocka_unit_test(
		    a_clock_that_begins_at_zero_counts_from_the_first_byte_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
