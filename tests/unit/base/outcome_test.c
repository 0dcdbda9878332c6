/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/outcome.h"

static void
a_failure_sets_code_and_words(void **state)
{
	struct outcome o = { .code = 0 };

	(void)state;
	assert_int_equal(outcome_fail(&o, CODE_DATA, "%s: byte %d", "x", 7), 65);
	assert_int_equal(o.code, 65);
	assert_string_equal(o.words, "x: byte 7");
	assert_int_equal(o.signal, 0);
	assert_false(o.passed);
}

static void
the_first_failure_stands(void **state)
{
	struct outcome o = { .code = 0 };

	(void)state;
	(void)outcome_fail(&o, CODE_IO, "disk");
	assert_int_equal(outcome_fail(&o, CODE_BUG, "later"), CODE_IO);
	assert_int_equal(o.code, CODE_IO);
	assert_string_equal(o.words, "disk");
}

static void
foreign_bytes_in_the_words_are_made_visible(void **state)
{
	struct outcome o = { .code = 0 };

	(void)state;
	(void)outcome_fail(&o, CODE_DATA, "a\x1b[31m\xff\n");
	assert_string_equal(o.words, "a?[31m??");
}

static void
words_that_are_too_long_are_cut_with_a_nul(void **state)
{
	struct outcome o = { .code = 0 };
	char many[3 * OUTCOME_WORDS];

	(void)state;
	memset(many, 'x', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	(void)outcome_fail(&o, CODE_DATA, "%s", many);
	assert_int_equal(strlen(o.words), OUTCOME_WORDS - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_sets_code_and_words),
		cmocka_unit_test(the_first_failure_stands),
		cmocka_unit_test(foreign_bytes_in_the_words_are_made_visible),
		cmocka_unit_test(words_that_are_too_long_are_cut_with_a_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
