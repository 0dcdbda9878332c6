/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/compact.h"

/* 10.0.0.1:6881 and 192.0.2.255:80 as BEP 23 writes them, with two bytes too many. */
static const uint8_t two4[] = { 10, 0, 0, 1, 0x1a, 0xe1, 192, 0, 2, 255, 0, 80, 1, 2 };

/* [2001:db8::1]:65535 as BEP 7 writes it. */
static const uint8_t one6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	1, 0xff, 0xff };

static void
peers_are_taken_until_less_than_one_is_left(void **state)
{
	struct bytes in = bytes_of(two4, sizeof(two4));
	char text[ADDR_TEXT];
	struct addr a;

	(void)state;
	assert_true(compact_take(&in, COMPACT_V4, &a));
	addr_text_port(&a, text);
	assert_string_equal(text, "10.0.0.1:6881");
	assert_true(compact_take(&in, COMPACT_V4, &a));
	addr_text_port(&a, text);
	assert_string_equal(text, "192.0.2.255:80");
	assert_false(compact_take(&in, COMPACT_V4, &a));
	assert_int_equal(in.n, 2);
	addr_text_port(&a, text);
	assert_string_equal(text, "192.0.2.255:80");
}

static void
ipv6_peers_take_18_bytes(void **state)
{
	struct bytes in = bytes_of(one6, sizeof(one6));
	char text[ADDR_TEXT];
	struct addr a;

	(void)state;
	assert_true(compact_take(&in, COMPACT_V6, &a));
	addr_text_port(&a, text);
	assert_string_equal(text, "[2001:db8::1]:65535");
	for (size_t n = 0; n < sizeof(one6); n++) {
		in = bytes_of(one6, n);
		assert_false(compact_take(&in, COMPACT_V6, &a));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_are_taken_until_less_than_one_is_left),
		cmocka_unit_test(ipv6_peers_take_18_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
