/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static struct bytes
str(const char *s)
{
	return bytes_str(s);
}

static void
bytes_become_lower_case_hex_and_come_back(void **state)
{
	const uint8_t raw[] = { 0x00, 0x9f, 0xa0, 0xff };
	uint8_t back[4];
	char hex[9];

	(void)state;
	text_hex(raw, sizeof(raw), hex);
	assert_string_equal(hex, "009fa0ff");
	assert_int_equal(text_unhex(str("009FA0fF"), back, 4), RC_OK);
	assert_memory_equal(back, raw, 4);
}

/* The second source: printf, digit by digit. */
static void
every_byte_at_every_place_becomes_its_two_digits(void **state)
{
	uint8_t raw[11];
	char hex[2 * sizeof(raw) + 1], want[sizeof(hex)];

	(void)state;
	for (size_t n = 0; n <= sizeof(raw); n++)
		for (unsigned byte = 0; byte <= 0xff; byte++) {
			for (size_t i = 0; i < n; i++) {
				raw[i] = (uint8_t)(byte + 37 * i);
				(void)snprintf(want + 2 * i, 3, "%02x", raw[i]);
			}
			want[2 * n] = '\0';
			text_hex(raw, n, hex);
			assert_string_equal(hex, want);
		}
}

static void
hex_of_another_length_or_alphabet_is_refused(void **state)
{
	static const char *const bad[] = { "", "0", "000", "00000", "00g0", "00 0",
		"@000", "`000", "0:00", "0/00" };
	uint8_t out[2];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_unhex(str(bad[i]), out, 2), RC_BAD);
}

static void
decimal_numbers_are_read_up_to_the_limit(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_int_equal(text_u64(str("18446744073709551615"), UINT64_MAX, &v), RC_OK);
	assert_true(v == UINT64_MAX);
	assert_int_equal(text_u64(str("007"), 7, &v), RC_OK);
	assert_int_equal(v, 7);
	assert_int_equal(text_u64(str("8"), 7, &v), RC_BIG);
	assert_int_equal(text_u64(str("18446744073709551616"), UINT64_MAX, &v), RC_BIG);
	assert_int_equal(text_u64(str("184467440737095516150"), UINT64_MAX, &v), RC_BIG);
	assert_int_equal(v, 7);
}

static void
anything_but_digits_is_no_number(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1.0",
		"1e3", "99999999999999999999x" };
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_u64(str(bad[i]), UINT64_MAX, &v), RC_BAD);
	assert_int_equal(v, 7);
}

/* The boundaries of RFC 3629, section 4. */
static void
utf8_is_decoded_in_shortest_form_only(void **state)
{
	static const struct {
		const char *in;
		uint32_t code;
		size_t n;
	} cases[] = {
		{ "\x7f", 0x7f, 1 },
		{ "\xc2\x80", 0x80, 2 },
		{ "\xdf\xbf", 0x7ff, 2 },
		{ "\xe0\xa0\x80", 0x800, 3 },
		{ "\xed\x9f\xbf", 0xd7ff, 3 },
		{ "\xee\x80\x80", 0xe000, 3 },
		{ "\xef\xbf\xbf", 0xffff, 3 },
		{ "\xf0\x90\x80\x80", 0x10000, 4 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff, 4 },
		{ "\x80", 0, 0 },
		{ "\xbf", 0, 0 },
		{ "\xc0\x80", 0, 0 },
		{ "\xc1\xbf", 0, 0 },
		{ "\xe0\x9f\xbf", 0, 0 },
		{ "\xed\xa0\x80", 0, 0 },
		{ "\xf0\x8f\xbf\xbf", 0, 0 },
		{ "\xf4\x90\x80\x80", 0, 0 },
		{ "\xf5\x80\x80\x80", 0, 0 },
		{ "\xff", 0, 0 },
		{ "\xc3(", 0, 0 },
		{ "\xe2\x82(", 0, 0 },
		{ "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t code = 0;

		assert_int_equal(text_utf8(str(cases[i].in), &code), cases[i].n);
		assert_int_equal(code, cases[i].code);
	}
}

static void
every_truncation_of_a_utf8_sequence_is_none(void **state)
{
	static const char *const whole[] = { "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80" };
	uint32_t code;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t n = 0; n < strlen(whole[i]); n++)
			assert_int_equal(text_utf8(bytes_of(whole[i], n), &code), 0);
		assert_int_equal(text_utf8(str(whole[i]), &code), strlen(whole[i]));
	}
}

static void
characters_that_make_a_terminal_lie_are_controls(void **state)
{
	static const uint32_t control[] = { 0, 0x1b, 0x1f, 0x7f, 0x80, 0x9b, 0x9f, 0xad,
		0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060,
		0x2066, 0x2069, 0xfeff, 0xe0001, 0xe007f };
	static const uint32_t visible[] = { ' ', '~', 0xa0, 0xac, 0xae, 0x61b, 0x200a,
		0x2010, 0x2027, 0x202f, 0x2070, 0xfefe, 0xff00, 0x1f600 };

	(void)state;
	for (size_t i = 0; i < sizeof(control) / sizeof(control[0]); i++)
		assert_true(text_is_control(control[i]));
	for (size_t i = 0; i < sizeof(visible) / sizeof(visible[0]); i++)
		assert_false(text_is_control(visible[i]));
}

static void
foreign_bytes_become_question_marks_one_each(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(text_printable(str("a\x1b[0m\xff\xc3"), out, sizeof(out)), 7);
	assert_string_equal(out, "a?[0m??");
	(void)text_printable(str("x\xe2\x80\xaey"), out, sizeof(out));
	assert_string_equal(out, "x?y");
	(void)text_printable(bytes_of("a\0b", 3), out, sizeof(out));
	assert_string_equal(out, "a?b");
}

static void
a_name_that_misleads_the_eye_is_quoted(void **state)
{
	static const char *const cases[][2] = {
		{ "report.pdf", "report.pdf" },
		{ "a b/c d", "a b/c d" },
		{ "", "\"\"" },
		{ " ", "\" \"" },
		{ "a ", "\"a \"" },
		{ " a", "\" a\"" },
		{ "d /f", "\"d /f\"" },
		{ "d/ f", "\"d/ f\"" },
		{ "d/", "d/" },
		{ "a  3 B", "\"a  3 B\"" },
		{ "\" \"", "\"\" \"\"" },
		{ "a\"b", "a\"b" },
		{ "\xe3\x80\x80", "\"\xe3\x80\x80\"" }, /* U+3000 */
		{ "x\xc2\xa0y", "\"x\xc2\xa0y\"" },     /* U+00A0 */
		{ "\xe2\xa0\x80", "\"\xe2\xa0\x80\"" }, /* U+2800 */
		{ "\xe3\x85\xa4", "\"\xe3\x85\xa4\"" }, /* U+3164 */
		{ "\xff \x1b", "? ?" },
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    text_name(str(cases[i][0]), out, sizeof(out)), strlen(cases[i][1]));
		assert_string_equal(out, cases[i][1]);
	}
	assert_int_equal(text_name(str(" 23456"), out, 6), 5);
	assert_string_equal(out, "\" 23\"");
}

static void
printable_text_is_cut_between_characters(void **state)
{
	char out[8];

	(void)state;
	for (size_t size = 1; size <= 7; size++) {
		size_t n = text_printable(str("\xc3\xa9\xe2\x82\xac!"), out, size);

		assert_int_equal(n, size < 3 ? 0 : size < 6 ? 2 : size < 7 ? 5 : 6);
		assert_int_equal(out[n], '\0');
	}
}

/* The widths are Unicode's East Asian Width (W and F) and the combining classes. */
static void
columns_count_wide_and_combining_characters(void **state)
{
	(void)state;
	assert_int_equal(text_columns(str("")), 0);
	assert_int_equal(text_columns(str("abc")), 3);
	assert_int_equal(text_columns(str("\xc3\xa9")), 1);  /* U+00E9 */
	assert_int_equal(text_columns(str("e\xcc\x81")), 1); /* e, U+0301 */
	assert_int_equal(
	    text_columns(str("\xe6\xbc\xa2\xe5\xad\x97")), 4);      /* two ideographs */
	assert_int_equal(text_columns(str("\xea\xb0\x80")), 2);     /* U+AC00 */
	assert_int_equal(text_columns(str("\xf0\x9f\x9a\x80")), 2); /* U+1F680 */
	assert_int_equal(text_columns(str("\xef\xbd\xb1")), 1); /* U+FF71, half width */
}

static void
a_fit_never_takes_more_columns_than_asked(void **state)
{
	struct bytes t = str("a\xe6\xbc\xa2"
	                     "e\xcc\x81"
	                     "b");

	(void)state;
	assert_int_equal(text_fit(t, 0), 0);
	assert_int_equal(text_fit(t, 1), 1);
	assert_int_equal(text_fit(t, 2), 1);
	assert_int_equal(text_fit(t, 3), 4);
	assert_int_equal(text_fit(t, 4), 7);
	assert_int_equal(text_fit(t, 5), 8);
	assert_int_equal(text_fit(t, 99), 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_lower_case_hex_and_come_back),
		cmocka_unit_test(every_byte_at_every_place_becomes_its_two_digits),
		cmocka_unit_test(hex_of_another_length_or_alphabet_is_refused),
		cmocka_unit_test(decimal_numbers_are_read_up_to_the_limit),
		cmocka_unit_test(anything_but_digits_is_no_number),
		cmocka_unit_test(utf8_is_decoded_in_shortest_form_only),
		cmocka_unit_test(every_truncation_of_a_utf8_sequence_is_none),
		cmocka_unit_test(characters_that_make_a_terminal_lie_are_controls),
		cmocka_unit_test(foreign_bytes_become_question_marks_one_each),
		cmocka_unit_test(a_name_that_misleads_the_eye_is_quoted),
		cmocka_unit_test(printable_text_is_cut_between_characters),
		cmocka_unit_test(columns_count_wide_and_combining_characters),
		cmocka_unit_test(a_fit_never_takes_more_columns_than_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
