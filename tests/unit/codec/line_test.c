/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/line.h"

static struct line_scratch scratch;

static struct line
get(const char *text)
{
	struct line l;

	assert_int_equal(line_get(bytes_str(text), &l), RC_OK);
	return l;
}

static void
a_line_is_a_kind_and_fields_between_tabs(void **state)
{
	struct line l = get("tracker\t0\tudp://a:1/x y");

	(void)state;
	assert_true(bytes_is(l.kind, "tracker"));
	assert_false(l.must);
	assert_int_equal(l.n, 2);
	assert_true(bytes_is(l.field[0], "0"));
	assert_true(bytes_is(l.field[1], "udp://a:1/x y"));
	assert_int_equal(get("end").n, 0);
	assert_int_equal(get("a\t\t").n, 2);
}

static void
a_kind_that_must_be_understood_loses_its_mark(void **state)
{
	struct line l = get("deny!\t10.0.0.0/8");

	(void)state;
	assert_true(l.must);
	assert_true(bytes_is(l.kind, "deny"));
}

static void
comments_and_empty_lines_are_none(void **state)
{
	struct line l = { .n = 77 };

	(void)state;
	assert_int_equal(line_get(bytes_str(""), &l), RC_NONE);
	assert_int_equal(line_get(bytes_str("\r"), &l), RC_NONE);
	assert_int_equal(line_get(bytes_str("# words"), &l), RC_NONE);
	assert_int_equal(l.n, 77);
}

static void
a_carriage_return_at_the_end_is_dropped(void **state)
{
	struct line l = get("end\r");

	(void)state;
	assert_true(bytes_is(l.kind, "end"));
}

static void
an_empty_kind_and_a_nul_are_malformed(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(line_get(bytes_str("\tx"), &l), RC_BAD);
	assert_int_equal(line_get(bytes_str("!"), &l), RC_BAD);
	assert_int_equal(line_get(bytes_str("!\tx"), &l), RC_BAD);
	assert_int_equal(line_get(bytes_of("a\0b", 3), &l), RC_BAD);
}

static void
too_many_fields_and_too_many_bytes_are_too_big(void **state)
{
	static char text[LINE_MAX_SIZE];
	struct line l;

	(void)state;
	memset(text, 'k', sizeof(text));
	assert_int_equal(line_get(bytes_of(text, LINE_MAX_SIZE - 1), &l), RC_OK);
	assert_int_equal(line_get(bytes_of(text, LINE_MAX_SIZE), &l), RC_BIG);
	memset(text + 1, '\t', LINE_FIELDS + 1);
	assert_int_equal(line_get(bytes_of(text, 1 + LINE_FIELDS), &l), RC_OK);
	assert_int_equal(l.n, LINE_FIELDS);
	assert_int_equal(line_get(bytes_of(text, 2 + LINE_FIELDS), &l), RC_BIG);
}

static void
every_escape_is_decoded(void **state)
{
	struct bytes out;

	(void)state;
	line_scratch_reset(&scratch);
	assert_int_equal(
	    line_text(bytes_str("a\\\\b\\tc\\nd\\re\\0377\\0000"), &scratch, &out),
	    RC_OK);
	assert_true(bytes_eq(out, bytes_of("a\\b\tc\nd\re\xff\0", 11)));
	assert_int_equal(line_text(bytes_str("\\e"), &scratch, &out), RC_OK);
	assert_int_equal(out.n, 0);
	assert_int_equal(line_text(bytes_str("\\0055"), &scratch, &out), RC_OK);
	assert_true(bytes_is(out, "-"));
}

static void
a_dash_alone_is_absent_and_any_other_is_text(void **state)
{
	struct bytes out;

	(void)state;
	line_scratch_reset(&scratch);
	assert_true(line_is_absent(bytes_str("-")));
	assert_int_equal(line_text(bytes_str("-"), &scratch, &out), RC_NONE);
	assert_int_equal(out.n, 0);
	assert_false(line_is_absent(bytes_str("--")));
	assert_int_equal(line_text(bytes_str("--"), &scratch, &out), RC_OK);
	assert_true(bytes_is(out, "--"));
}

static void
unknown_and_cut_escapes_are_malformed_and_use_no_room(void **state)
{
	static const char *const bad[] = { "\\", "a\\", "\\x", "\\0", "\\01", "\\012",
		"\\0400", "\\0777", "\\0189", "\\1012", "ok\\q", "\\00 7" };
	struct bytes out;

	(void)state;
	line_scratch_reset(&scratch);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(line_text(bytes_str(bad[i]), &scratch, &out), RC_BAD);
		assert_int_equal(scratch.n, 0);
	}
}

static void
fields_of_one_line_are_unescaped_side_by_side(void **state)
{
	struct bytes a, b, plain;

	(void)state;
	line_scratch_reset(&scratch);
	assert_int_equal(line_text(bytes_str("\\n1"), &scratch, &a), RC_OK);
	assert_int_equal(line_text(bytes_str("plain"), &scratch, &plain), RC_OK);
	assert_int_equal(line_text(bytes_str("\\t2"), &scratch, &b), RC_OK);
	assert_true(bytes_is(a, "\n1"));
	assert_true(bytes_is(b, "\t2"));
	assert_true(bytes_is(plain, "plain"));
	assert_int_equal(scratch.n, 4);
}

static void
a_full_scratch_refuses_instead_of_writing_on(void **state)
{
	struct bytes out;

	(void)state;
	scratch.n = sizeof(scratch.text) - 2;
	assert_int_equal(line_text(bytes_str("\\\\\\\\"), &scratch, &out), RC_BAD);
	assert_int_equal(line_text(bytes_str("\\\\"), &scratch, &out), RC_OK);
	line_scratch_reset(&scratch);
}

static void
keys_are_found_behind_the_fields(void **state)
{
	struct line l = get("file\tattr=a\tattrs=b\tattr=c=d\tattr=e\tempty=");
	struct bytes v;

	(void)state;
	assert_int_equal(line_key(&l, 1, "attr", &v), RC_OK);
	assert_true(bytes_is(v, "c=d"));
	assert_int_equal(line_key(&l, 0, "attr", &v), RC_OK);
	assert_true(bytes_is(v, "a"));
	assert_int_equal(line_key(&l, 0, "empty", &v), RC_OK);
	assert_int_equal(v.n, 0);
	assert_int_equal(line_key(&l, 0, "att", &v), RC_NONE);
	assert_int_equal(line_key(&l, 4, "attr", &v), RC_NONE);
}

/* Write one field and hold the line against the expected text. */
static void
expect_text(struct bytes raw, const char *text)
{
	uint8_t room[256];
	struct bytes out;
	struct linew w;

	linew_begin(&w, room, sizeof(room), "k");
	linew_text(&w, raw);
	assert_int_equal(linew_end(&w, &out), RC_OK);
	assert_true(bytes_starts(out, "k\t"));
	assert_int_equal(out.p[out.n - 1], '\n');
	out = bytes_of(out.p + 2, out.n - 3);
	if (!bytes_is(out, text))
		fail_msg("%.*s is not %s", (int)out.n, (const char *)out.p, text);
}

static void
writing_escapes_what_ugat_records_says_and_nothing_else(void **state)
{
	(void)state;
	expect_text(bytes_str("plain text, 'quotes' \"and\" = # ! $"),
	    "plain text, 'quotes' \"and\" = # ! $");
	expect_text(bytes_str(""), "\\e");
	expect_text(bytes_str("-"), "\\0055");
	expect_text(bytes_str("-d"), "-d");
	expect_text(bytes_str("a\\b\tc\nd\re"), "a\\\\b\\tc\\nd\\re");
	expect_text(bytes_of("\0\x01\x1b\x7f", 4), "\\0000\\0001\\0033\\0177");
	expect_text(bytes_str("na\xc3\xafve \xe6\xbc\xa2"), "na\xc3\xafve \xe6\xbc\xa2");
	expect_text(bytes_str("\xff\xc3"), "\\0377\\0303");
	expect_text(bytes_str("\xc2\x9b"), "\\0302\\0233");           /* C1: CSI */
	expect_text(bytes_str("\xe2\x80\xae"), "\\0342\\0200\\0256"); /* U+202E */
	expect_text(bytes_str("\xe2\x80\x8b"), "\\0342\\0200\\0213"); /* U+200B */
}

static void
every_byte_comes_back_as_it_was(void **state)
{
	uint8_t all[512], room[4096];
	struct bytes out;
	struct linew w;
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i * 167 + i / 256);
	linew_begin(&w, room, sizeof(room), "k");
	linew_text(&w, bytes_of(all, sizeof(all)));
	linew_key_text(&w, "key", bytes_of(all, sizeof(all)));
	assert_int_equal(linew_end(&w, &out), RC_OK);
	assert_int_equal(line_get(bytes_of(out.p, out.n - 1), &l), RC_OK);
	line_scratch_reset(&scratch);
	assert_int_equal(line_text(l.field[0], &scratch, &out), RC_OK);
	assert_true(bytes_eq(out, bytes_of(all, sizeof(all))));
	assert_int_equal(line_key(&l, 1, "key", &out), RC_OK);
	assert_int_equal(line_text(out, &scratch, &out), RC_OK);
	assert_true(bytes_eq(out, bytes_of(all, sizeof(all))));
}

static void
numbers_hex_and_keys_are_written_plainly(void **state)
{
	uint8_t room[256];
	struct bytes out;
	struct linew w;

	(void)state;
	linew_begin(&w, room, sizeof(room), "deny!");
	linew_u64(&w, 0);
	linew_u64(&w, UINT64_MAX);
	linew_hex(&w, (const uint8_t *)"\x00\xfe", 2);
	linew_absent(&w);
	linew_plain(&w, bytes_str("AB+/="));
	linew_key_u64(&w, "n", 10);
	linew_key_hex(&w, "h", (const uint8_t *)"\x0a", 1);
	linew_key_text(&w, "t", bytes_str("-"));
	assert_int_equal(linew_end(&w, &out), RC_OK);
	assert_true(bytes_is(out,
	    "deny!\t0\t18446744073709551615\t00fe\t-\tAB+/=\tn=10\th=0a\tt=\\0055\n"));
}

/* The second source: printf. */
static void
numbers_around_every_power_of_two_and_ten_are_what_printf_says(void **state)
{
	uint64_t power[64 + 20], ten = 1;
	uint8_t room[64];
	char want[64];

	(void)state;
	for (int i = 0; i < 64; i++)
		power[i] = UINT64_C(1) << i;
	for (int i = 0; i < 20; i++, ten *= 10)
		power[64 + i] = ten;
	for (size_t i = 0; i < sizeof(power) / sizeof(power[0]); i++)
		for (uint64_t v = power[i] - 1; v != power[i] + 2; v++) {
			struct bytes out;
			struct linew w;

			linew_begin(&w, room, sizeof(room), "k");
			linew_u64(&w, v);
			assert_int_equal(linew_end(&w, &out), RC_OK);
			(void)snprintf(want, sizeof(want), "k\t%" PRIu64 "\n", v);
			assert_true(bytes_is(out, want));
		}
}

static void
a_line_that_does_not_fit_is_never_half_written(void **state)
{
	uint8_t room[16];
	struct bytes out = bytes_str("untouched");
	struct linew w;

	(void)state;
	for (size_t cap = 0; cap < 9; cap++) {
		memset(room, 0x5a, sizeof(room));
		linew_begin(&w, room, cap, "kind");
		linew_text(&w, bytes_str("abc"));
		assert_int_equal(linew_end(&w, &out), RC_BIG);
		assert_true(bytes_is(out, "untouched"));
		for (size_t i = cap; i < sizeof(room); i++)
			assert_int_equal(room[i], 0x5a);
	}
	linew_begin(&w, room, 9, "kind");
	linew_text(&w, bytes_str("abc"));
	assert_int_equal(linew_end(&w, &out), RC_OK);
	assert_true(bytes_is(out, "kind\tabc\n"));
}

static void
a_line_never_gets_longer_than_readers_take(void **state)
{
	static uint8_t room[2 * LINE_MAX_SIZE], text[LINE_MAX_SIZE];
	struct bytes out;
	struct linew w;
	struct line l;

	(void)state;
	memset(text, 'x', sizeof(text));
	linew_begin(&w, room, sizeof(room), "k");
	linew_text(&w, bytes_of(text, LINE_MAX_SIZE - 3));
	assert_int_equal(linew_end(&w, &out), RC_OK);
	assert_int_equal(out.n, LINE_MAX_SIZE);
	assert_int_equal(line_get(bytes_of(out.p, out.n - 1), &l), RC_OK);
	linew_begin(&w, room, sizeof(room), "k");
	linew_text(&w, bytes_of(text, LINE_MAX_SIZE - 2));
	assert_int_equal(linew_end(&w, &out), RC_BIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_kind_and_fields_between_tabs),
		cmocka_unit_test(a_kind_that_must_be_understood_loses_its_mark),
		cmocka_unit_test(comments_and_empty_lines_are_none),
		cmocka_unit_test(a_carriage_return_at_the_end_is_dropped),
		cmocka_unit_test(an_empty_kind_and_a_nul_are_malformed),
		cmocka_unit_test(too_many_fields_and_too_many_bytes_are_too_big),
		cmocka_unit_test(every_escape_is_decoded),
		cmocka_unit_test(a_dash_alone_is_absent_and_any_other_is_text),
		cmocka_unit_test(unknown_and_cut_escapes_are_malformed_and_use_no_room),
		cmocka_unit_test(fields_of_one_line_are_unescaped_side_by_side),
		cmocka_unit_test(a_full_scratch_refuses_instead_of_writing_on),
		cmocka_unit_test(keys_are_found_behind_the_fields),
		cmocka_unit_test(writing_escapes_what_ugat_records_says_and_nothing_else),
		cmocka_unit_test(every_byte_comes_back_as_it_was),
		cmocka_unit_test(numbers_hex_and_keys_are_written_plainly),
		cmocka_unit_test(
		    numbers_around_every_power_of_two_and_ten_are_what_printf_says),
		cmocka_unit_test(a_line_that_does_not_fit_is_never_half_written),
		cmocka_unit_test(a_line_never_gets_longer_than_readers_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
