/* SPDX-License-Identifier: ISC */
#include "codec/bencode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Read all of text; *b is left as it ended, *last is the last whole token. */
static enum rc
read_all(struct ben *b, struct bytes text, struct ben_token *last)
{
	struct ben_token t;
	enum rc rc;

	ben_init(b, text, 0);
	while ((rc = ben_next(b, &t)) == RC_OK)
		*last = t;
	return rc;
}

static enum rc
verdict(const char *text)
{
	struct ben_token t;
	struct ben b;

	return read_all(&b, bytes_str(text), &t);
}

static void
every_kind_of_value_is_read_with_its_offset(void **state)
{
	/* BEP 3's own examples, in one dictionary. */
	static const char text[] = "d3:cow3:moo4:spaml1:ai-3eee";
	static const struct {
		enum ben_type type;
		bool key;
		size_t at;
		const char *text;
		int64_t value;
	} want[] = {
		{ BEN_DICT, false, 0, "", 0 },
		{ BEN_STRING, true, 1, "cow", 0 },
		{ BEN_STRING, false, 6, "moo", 0 },
		{ BEN_STRING, true, 11, "spam", 0 },
		{ BEN_LIST, false, 17, "", 0 },
		{ BEN_STRING, false, 18, "a", 0 },
		{ BEN_INT, false, 21, "", -3 },
		{ BEN_END, false, 25, "", 0 },
		{ BEN_END, false, 26, "", 0 },
	};
	struct ben_token t;
	struct ben b;

	(void)state;
	ben_init(&b, bytes_str(text), 0);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(ben_next(&b, &t), RC_OK);
		assert_int_equal(t.type, want[i].type);
		assert_int_equal(t.key, want[i].key);
		assert_int_equal(t.at, want[i].at);
		assert_true(bytes_is(t.text, want[i].text));
		assert_true(t.value == want[i].value && !t.big);
	}
	assert_int_equal(ben_next(&b, &t), RC_END);
	assert_int_equal(b.at, strlen(text));
	assert_int_equal(b.tokens, 7);
}

static void
every_truncation_is_refused(void **state)
{
	static const char text[] =
	    "d3:cow3:moo4:spaml1:ai-3ee2:xyi123456789012345678901ee";
	struct ben_token t;
	struct ben b;

	(void)state;
	for (size_t n = 0; n < strlen(text); n++) {
		assert_int_equal(read_all(&b, bytes_of(text, n), &t), RC_BAD);
		assert_non_null(b.why);
		assert_true(b.at <= n);
	}
	assert_int_equal(verdict("d3:cow3:moo4:spaml1:ai-3ee2:xyi12ee"), RC_END);
}

static void
integers_that_are_not_canonical_are_refused(void **state)
{
	static const char *const bad[] = { "i-0e", "i03e", "i00e", "i-03e", "i+1e",
		"i 1e", "i1 e", "ie", "i-e", "i--1e", "i1.0e", "i0x1e", "i1", "i" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(verdict(bad[i]), RC_BAD);
	assert_int_equal(verdict("i0e"), RC_END);
	assert_int_equal(verdict("i-10e"), RC_END);
}

static void
integers_beyond_64_bits_are_big_and_the_limits_are_not(void **state)
{
	static const struct {
		const char *text;
		bool big;
		int64_t value;
	} cases[] = {
		{ "i9223372036854775807e", false, INT64_MAX },
		{ "i-9223372036854775808e", false, INT64_MIN },
		{ "i999999999999999999e", false, 999999999999999999 },
		{ "i-1000000000000000000e", false, -1000000000000000000 },
		{ "i9223372036854775808e", true, 0 },
		{ "i-9223372036854775809e", true, 0 },
		{ "i18446744073709551616e", true, 0 },
		{ "i184467440737095516160000000000000000005e", true, 0 },
		{ "i-99999999999999999999999e", true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ben_token t = { .at = 0 };
		struct ben b;

		assert_int_equal(read_all(&b, bytes_str(cases[i].text), &t), RC_END);
		assert_int_equal(t.big, cases[i].big);
		assert_true(t.value == cases[i].value);
	}
}

static void
string_lengths_that_are_not_canonical_or_too_long_are_refused(void **state)
{
	static const char *const bad[] = { "04:spam", "00:", "-1:a", "+1:a", " 1:a",
		"5:spam", "4spam", "4 :spam", "18446744073709551617:a",
		"99999999999999999999999:a", "9223372036854775808:a", "1:" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(verdict(bad[i]), RC_BAD);
	assert_int_equal(verdict("0:"), RC_END);
	assert_int_equal(verdict("10:0123456789"), RC_END);
}

static void
dictionaries_need_string_keys_and_whole_pairs(void **state)
{
	(void)state;
	assert_int_equal(verdict("di1ei2ee"), RC_BAD);
	assert_int_equal(verdict("dl1:aei2ee"), RC_BAD);
	assert_int_equal(verdict("dd1:ai1eei2ee"), RC_BAD);
	assert_int_equal(verdict("d1:ae"), RC_BAD);
	assert_int_equal(verdict("e"), RC_BAD);
	assert_int_equal(verdict("x"), RC_BAD);
	assert_int_equal(verdict("lxe"), RC_BAD);
	assert_int_equal(verdict("de"), RC_END);
	assert_int_equal(verdict("ldedee"), RC_END);
}

static void
trouble_is_told_with_its_offset(void **state)
{
	struct ben_token t;
	struct ben b;

	(void)state;
	assert_int_equal(read_all(&b, bytes_str("d1:ai1e1:bi01ee"), &t), RC_BAD);
	assert_int_equal(b.at, 10);
	assert_string_equal(b.why, "an integer with a leading zero, or minus zero");
	assert_int_equal(read_all(&b, bytes_str("l1:a5:bce"), &t), RC_BAD);
	assert_int_equal(b.at, 4);
}

static void
depth_100_is_read_and_101_is_not(void **state)
{
	char text[300];
	struct ben_token t;
	struct ben b;

	(void)state;
	for (size_t depth = 100; depth <= 101; depth++) {
		memset(text, 'l', depth);
		memset(text + depth, 'e', depth);
		assert_int_equal(read_all(&b, bytes_of(text, 2 * depth), &t),
		    depth == 100 ? RC_END : RC_BIG);
	}
	assert_int_equal(b.at, 100);
}

static void
four_million_values_are_read_and_one_more_is_not(void **state)
{
	size_t n = BEN_TOKENS_MAX; /* the list itself is a value too */
	char *text = malloc(2 * n + 2);
	struct ben_token t;
	struct ben b;

	(void)state;
	assert_non_null(text);
	text[0] = 'l';
	for (size_t i = 0; i < n; i++)
		memcpy(text + 1 + 2 * i, "0:", 2);
	text[1 + 2 * n] = 'e';
	assert_int_equal(read_all(&b, bytes_of(text, 2 * n + 2), &t), RC_BIG);
	text[1 + 2 * (n - 1)] = 'e';
	assert_int_equal(read_all(&b, bytes_of(text, 2 * n), &t), RC_END);
	free(text);
}

static void
skip_goes_behind_a_value_of_any_kind(void **state)
{
	static const char text[] = "ld1:al1:b1:ceei5e2:xyl1:zed1:kdeee";
	static const size_t behind[] = { 14, 17, 21, 26, 33 };
	struct ben_token t;
	struct ben b;

	(void)state;
	ben_init(&b, bytes_str(text), 0);
	assert_int_equal(ben_next(&b, &t), RC_OK);
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		assert_int_equal(ben_next(&b, &t), RC_OK);
		assert_int_equal(ben_skip(&b, &t), RC_OK);
		assert_int_equal(b.at, behind[i]);
		assert_int_equal(b.depth, 1);
	}
	assert_int_equal(ben_next(&b, &t), RC_OK);
	assert_int_equal(t.type, BEN_END);
}

static void
a_value_inside_of_others_is_read_from_its_offset(void **state)
{
	struct ben_token t;
	struct ben b;

	(void)state;
	ben_init(&b, bytes_str("d1:ali1ei2ee1:b0:e"), 4);
	assert_int_equal(ben_next(&b, &t), RC_OK);
	assert_int_equal(t.type, BEN_LIST);
	assert_int_equal(ben_skip(&b, &t), RC_OK);
	assert_int_equal(ben_next(&b, &t), RC_END);
	assert_int_equal(b.at, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value_is_read_with_its_offset),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(integers_that_are_not_canonical_are_refused),
		cmocka_unit_test(integers_beyond_64_bits_are_big_and_the_limits_are_not),
		cmocka_unit_test(
		    string_lengths_that_are_not_canonical_or_too_long_are_refused),
		cmocka_unit_test(dictionaries_need_string_keys_and_whole_pairs),
		cmocka_unit_test(trouble_is_told_with_its_offset),
		cmocka_unit_test(depth_100_is_read_and_101_is_not),
		cmocka_unit_test(four_million_values_are_read_and_one_more_is_not),
		cmocka_unit_test(skip_goes_behind_a_value_of_any_kind),
		cmocka_unit_test(a_value_inside_of_others_is_read_from_its_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
