/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/human.h"

static void
sizes_have_three_digits_and_a_binary_unit(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1024, "1.00 KiB" },
		{ 1536, "1.50 KiB" },
		{ 10 * 1024, "10.0 KiB" },
		{ 10229, "9.99 KiB" },  /* 9.9893 */
		{ 10235, "10.0 KiB" },  /* 9.9951 */
		{ 102348, "99.9 KiB" }, /* 99.949 */
		{ 102369, "100 KiB" },  /* 99.970 */
		{ 999 * 1024, "999 KiB" },
		{ 1000 * 1024, "0.98 MiB" },
		{ 7516193, "7.17 MiB" }, /* 7.1680 */
		{ UINT64_C(1) << 30, "1.00 GiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	char out[HUMAN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		human_size(cases[i].bytes, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void
durations_show_their_two_greatest_units(void **state)
{
	static const struct {
		uint64_t s;
		const char *text;
	} cases[] = {
		{ 0, "0:00" },
		{ 7, "0:07" },
		{ 754, "12:34" },
		{ 3540, "59:00" },
		{ 3599, "59:59" },
		{ 3600, "1h00" },
		{ 11100, "3h05" },
		{ 48 * 3600 - 1, "47h59" },
		{ 48 * 3600, "2d00h" },
		{ 4 * 86400 + 7 * 3600, "4d07h" },
		{ UINT64_C(86400) * 1000, "ages" },
		{ UINT64_MAX, "ages" },
	};
	char out[HUMAN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		human_time(cases[i].s, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void
short_spans_have_tenths(void **state)
{
	static const struct {
		uint64_t ms;
		const char *want;
	} spans[] = { { 0, "0.0 s" }, { 49, "0.0 s" }, { 51, "0.1 s" }, { 1500, "1.5 s" },
		{ 9949, "9.9 s" }, { 9950, "0:10" }, { 61499, "1:01" },
		{ 7200000, "2h00" } };
	char out[HUMAN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		human_span(spans[i].ms, out);
		assert_string_equal(out, spans[i].want);
	}
}

static void
sizes_are_read_with_their_unit(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(human_get_size("0", &v), RC_OK);
	assert_int_equal(v, 0);
	assert_int_equal(human_get_size("12", &v), RC_OK);
	assert_int_equal(v, 12);
	assert_int_equal(human_get_size("3k", &v), RC_OK);
	assert_int_equal(v, 3072);
	assert_int_equal(human_get_size("64M", &v), RC_OK);
	assert_int_equal(v, 67108864);
	assert_int_equal(human_get_size("2g", &v), RC_OK);
	assert_true(v == UINT64_C(2147483648));
	assert_int_equal(human_get_size("1T", &v), RC_OK);
	assert_true(v == UINT64_C(1099511627776));
}

static void
times_are_read_with_their_unit(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(human_get_time("90", &v), RC_OK);
	assert_int_equal(v, 90);
	assert_int_equal(human_get_time("90s", &v), RC_OK);
	assert_int_equal(v, 90);
	assert_int_equal(human_get_time("10m", &v), RC_OK);
	assert_int_equal(v, 600);
	assert_int_equal(human_get_time("12h", &v), RC_OK);
	assert_int_equal(v, 43200);
	assert_int_equal(human_get_time("2d", &v), RC_OK);
	assert_int_equal(v, 172800);
}

static void
other_texts_are_no_size_and_no_time(void **state)
{
	static const char *const bad[] = { "", "K", "s", "-1", "+1", " 1", "1 K", "1Ki",
		"1x", "1.5M", "1ms" };
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(human_get_size(bad[i], &v), RC_BAD);
		assert_int_equal(human_get_time(bad[i], &v), RC_BAD);
	}
	assert_int_equal(human_get_time("1K", &v), RC_BAD);
	assert_int_equal(human_get_size("1s", &v), RC_BAD);
	assert_int_equal(v, 7);
}

static void
too_much_is_too_big(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_int_equal(human_get_size("1048577T", &v), RC_BIG);
	assert_int_equal(human_get_size("18446744073709551615T", &v), RC_BIG);
	assert_int_equal(human_get_size("99999999999999999999", &v), RC_BIG);
	assert_int_equal(human_get_time("3651d", &v), RC_BIG);
	assert_int_equal(v, 7);
	assert_int_equal(human_get_size("1048576T", &v), RC_OK);
	assert_int_equal(human_get_time("3650d", &v), RC_OK);
}

static void
ratios_are_read_as_thousandths(void **state)
{
	static const char *const wrong[] = { "", ".", ".5", "1.", "1.2345", "-1", "1,5",
		"1.5x", "1e3" };
	uint64_t v = 7;

	(void)state;
	assert_int_equal(human_get_ratio("2", &v), RC_OK);
	assert_int_equal(v, 2000);
	assert_int_equal(human_get_ratio("1.5", &v), RC_OK);
	assert_int_equal(v, 1500);
	assert_int_equal(human_get_ratio("0.025", &v), RC_OK);
	assert_int_equal(v, 25);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(human_get_ratio(wrong[i], &v), RC_BAD);
	assert_int_equal(human_get_ratio("1000001", &v), RC_BIG);
	assert_int_equal(v, 25);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_have_three_digits_and_a_binary_unit),
		cmocka_unit_test(durations_show_their_two_greatest_units),
		cmocka_unit_test(short_spans_have_tenths),
		cmocka_unit_test(sizes_are_read_with_their_unit),
		cmocka_unit_test(times_are_read_with_their_unit),
		cmocka_unit_test(other_texts_are_no_size_and_no_time),
		cmocka_unit_test(too_much_is_too_big),
		cmocka_unit_test(ratios_are_read_as_thousandths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
