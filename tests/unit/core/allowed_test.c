/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/allowed.h"

static void
the_example_of_bep_6_comes_out(void **state)
{
	/* BEP 6: 80.4.4.200, an info-hash of twenty 0xaa, 1313 pieces. */
	static const uint32_t expected[] = { 1059, 431, 808, 1217, 287, 376, 1188, 353,
		508 };
	const uint8_t ip[4] = { 80, 4, 4, 200 };
	struct addr a = addr_v4(ip, 6881);
	uint32_t out[ALLOWED_PIECES];
	uint8_t btih[20];

	(void)state;
	memset(btih, 0xaa, sizeof(btih));
	assert_int_equal(allowed_set(&a, btih, 1313, out), ALLOWED_PIECES);
	assert_memory_equal(out, expected, sizeof(expected));
}

static void
a_small_torrent_has_each_piece_once(void **state)
{
	const uint8_t ip[4] = { 10, 1, 2, 3 };
	struct addr a = addr_v4(ip, 1);
	uint32_t out[ALLOWED_PIECES];
	const uint8_t btih[20] = { 1 };

	(void)state;
	assert_int_equal(allowed_set(&a, btih, 3, out), 3);
	assert_int_equal(out[0] + out[1] + out[2], 3);
	assert_true(out[0] != out[1] && out[1] != out[2] && out[0] != out[2]);
}

static void
an_ipv6_peer_has_none(void **state)
{
	uint32_t out[ALLOWED_PIECES];
	const uint8_t btih[20] = { 1 };
	struct addr a;

	(void)state;
	assert_int_equal(addr_parse(bytes_str("2001:db8::1"), &a), RC_OK);
	assert_int_equal(allowed_set(&a, btih, 100, out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_bep_6_comes_out),
		cmocka_unit_test(a_small_torrent_has_each_piece_once),
		cmocka_unit_test(an_ipv6_peer_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
