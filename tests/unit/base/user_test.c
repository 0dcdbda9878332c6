/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/user.h"

static void
letters_digits_and_two_marks_make_a_name(void **state)
{
	static const char *const good[] = { "a", "z", "ops", "a0", "a_b-c", "x--",
		"abcdefghijklmnopqrstuvwxyz012345" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(user_is_name(bytes_str(good[i])));
}

static void
everything_else_is_none(void **state)
{
	static const char *const bad[] = { "", "A", "0", "_a", "-a", "aB", "a b", "a.b",
		"a:b", "a@b", "a/b", "a\n", " a", "a\xc3\xa4", "\xc3\xa4", "a`", "a{",
		"`", "{", "a/", "a;", "abcdefghijklmnopqrstuvwxyz0123456" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(user_is_name(bytes_str(bad[i])));
	assert_false(user_is_name(bytes_of("a\0b", 3)));
	assert_false(user_is_name(bytes_of("a\0", 2)));
	assert_false(user_is_name(bytes_of(NULL, 0)));
}

static void
the_nearest_name_is_found_for_any_text(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "ops", "ops" },
		{ "Anna.Smith", "anna_smith" },
		{ "DOM\\anna", "dom_anna" },
		{ "9lives", "u9lives" },
		{ "_apt", "u_apt" },
		{ "-", "u-" },
		{ ".", "u_" },
		{ "", "user" },
		{ "j\xc3\xb6rg", "j__rg" },
		{ "\xc3\xb6", "u__" },
		{ "abcdefghijklmnopqrstuvwxyz0123456789",
		    "abcdefghijklmnopqrstuvwxyz012345" },
		{ "0123456789012345678901234567890123456789",
		    "u0123456789012345678901234567890" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[USER_TEXT];

		user_from(bytes_str(cases[i].text), name);
		assert_string_equal(name, cases[i].name);
		assert_true(user_is_name(bytes_str(name)));
	}
}

static void
every_single_byte_gives_a_name(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		uint8_t text[2] = { (uint8_t)c, (uint8_t)c };
		char name[USER_TEXT];

		user_from(bytes_of(text, 2), name);
		assert_true(user_is_name(bytes_str(name)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_digits_and_two_marks_make_a_name),
		cmocka_unit_test(everything_else_is_none),
		cmocka_unit_test(the_nearest_name_is_found_for_any_text),
		cmocka_unit_test(every_single_byte_gives_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
