/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/base64.h"

/* RFC 4648, section 10. */
static const struct {
	const char *raw, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void
the_vectors_of_the_rfc_go_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct bytes raw = bytes_str(vectors[i].raw),
		             text = bytes_str(vectors[i].text);
		uint8_t back[6];
		char out[16];
		size_t n = 99;

		assert_true(BASE64_SIZE(raw.n) == text.n + 1);
		assert_int_equal(base64_put(raw, out), text.n);
		assert_string_equal(out, vectors[i].text);
		assert_int_equal(base64_get(text, back, &n), RC_OK);
		assert_true(bytes_eq(bytes_of(back, n), raw));
	}
}

static void
all_of_the_alphabet_is_read(void **state)
{
	static const char text[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t out[48];
	size_t n;

	(void)state;
	assert_int_equal(base64_get(bytes_str(text), out, &n), RC_OK);
	assert_int_equal(n, 48);
	/* 6-bit values 0, 1, 2, 3 and 60, 61, 62, 63. */
	assert_memory_equal(out, "\x00\x10\x83", 3);
	assert_memory_equal(out + 45, "\xf3\xdf\xbf", 3);
}

static void
what_is_not_whole_padded_base64_is_refused(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zm9",
		"Zg==Zg==", "Z===", "====", "Zm=v", "=m9v", "Zm9v\n", "Zm9v    ",
		"    Zm9v", "Zm9v----", "Zm-v", "Zm_v", "Zm9\xff", "Zm9v\nZm9" };
	uint8_t out[16];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(base64_get(bytes_str(bad[i]), out, &n), RC_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_go_both_ways),
		cmocka_unit_test(all_of_the_alphabet_is_read),
		cmocka_unit_test(what_is_not_whole_padded_base64_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
