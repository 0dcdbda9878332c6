/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/inbox_parts.h"

static char out[XFER_PATH_MAX + 1];

static void
the_number_goes_before_what_tells_the_kind(void **state)
{
	static const struct {
		const char *path;
		unsigned k;
		const char *want;
	} names[] = {
		{ "report.pdf", 2, "report~2.pdf" },
		{ "report.pdf", 9999, "report~9999.pdf" },
		{ "a.b/c.d/report.pdf", 3, "a.b/c.d/report~3.pdf" },
		{ "a.b/notes", 2, "a.b/notes~2" },
		{ "src.tar.gz", 2, "src~2.tar.gz" },
		{ "src.tar.zst", 2, "src~2.tar.zst" },
		{ "src-1.2.tar", 2, "src-1.2~2.tar" },
		{ ".tar.gz", 2, ".tar~2.gz" },
		{ ".bashrc", 2, ".bashrc~2" },
		{ "a/.bashrc", 2, "a/.bashrc~2" },
		{ ".config.yml", 2, ".config~2.yml" },
		{ "letter to Mr. Smith", 2, "letter to Mr. Smith~2" },
		{ "v1.a-sentence-rather-than-a-kind", 2,
		    "v1.a-sentence-rather-than-a-kind~2" },
		{ "end.", 2, "end.~2" },
		{ "report~2.pdf", 2, "report~2~2.pdf" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(inbox_name(names[i].path, names[i].k, out), RC_OK);
		assert_string_equal(out, names[i].want);
	}
}

static void
a_name_that_would_be_too_long_is_cut(void **state)
{
	char path[XFER_PATH_MAX + 1];

	(void)state;
	memset(path, 'x', 255);
	memcpy(path + 251, ".pdf", 5);
	assert_int_equal(inbox_name(path, 2, out), RC_OK);
	assert_int_equal(strlen(out), 255);
	assert_string_equal(out + 249, "~2.pdf");
	/* 251 bytes and ".pdf": 249 are left, and the last of them begins a character. */
	memset(path, 'x', 248);
	memcpy(path + 248, "\xe2\x82\xac.pdf", 8);
	assert_int_equal(inbox_name(path, 2, out), RC_OK);
	assert_int_equal(strlen(out), 254);
	assert_string_equal(out + 247, "x~2.pdf");
}

static void
a_path_that_would_be_too_long_is_cut_or_refused(void **state)
{
	char path[XFER_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < XFER_PATH_MAX; i++)
		path[i] = i % 100 == 99 ? '/' : 'd';
	path[XFER_PATH_MAX] = '\0'; /* ends in 95 bytes of a name */
	assert_int_equal(inbox_name(path, 2, out), RC_OK);
	assert_int_equal(strlen(out), XFER_PATH_MAX);
	assert_string_equal(out + XFER_PATH_MAX - 3, "d~2");
	path[XFER_PATH_MAX - 3] = '/';
	assert_int_equal(inbox_name(path, 2, out), RC_BIG);
	path[XFER_PATH_MAX - 3] = 'd';
	path[XFER_PATH_MAX - 4] = '/';
	assert_int_equal(inbox_name(path, 2, out), RC_OK);
	assert_string_equal(out + XFER_PATH_MAX - 4, "/d~2");
	assert_int_equal(inbox_name(path, 10, out), RC_BIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_goes_before_what_tells_the_kind),
		cmocka_unit_test(a_name_that_would_be_too_long_is_cut),
		cmocka_unit_test(a_path_that_would_be_too_long_is_cut_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
