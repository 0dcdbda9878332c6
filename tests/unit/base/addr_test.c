/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"

static struct addr
parse(const char *text, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(bytes_str(text), &a), RC_OK);
	assert_int_equal(a.port, 0);
	a.port = port;
	return a;
}

static void
both_families_are_read_and_written_alike(void **state)
{
	static const struct {
		const char *in, *alone, *with_port;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1", "127.0.0.1:6881" },
		{ "255.255.255.255", "255.255.255.255", "255.255.255.255:6881" },
		{ "::ffff:10.0.0.7", "10.0.0.7", "10.0.0.7:6881" },
		{ "2001:DB8:0:0::1", "2001:db8::1", "[2001:db8::1]:6881" },
		{ "::", "::", "[::]:6881" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:6881" },
	};
	char text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a = parse(cases[i].in, 6881);

		addr_text(&a, text);
		assert_string_equal(text, cases[i].alone);
		addr_text_port(&a, text);
		assert_string_equal(text, cases[i].with_port);
	}
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "", "localhost", "1.2.3", "1.2.3.4.5",
		"1.2.3.256", "1.2.3.4 ", "[::1]", "::1%lo", "1:2", "127.0.0.1:80",
		"0x7f.0.0.1", "2001:db8::12345",
		"1111111111111111111111111111111111111111111111111111111111111111" };
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_parse(bytes_str(bad[i]), &a), RC_BAD);
	assert_int_equal(addr_parse(bytes_of("1.2.3.4\0", 8), &a), RC_BAD);
}

static void
an_ipv4_address_lives_in_its_mapped_form(void **state)
{
	static const uint8_t raw[4] = { 10, 0, 0, 7 };
	struct addr a = addr_v4(raw, 99), b = parse("10.0.0.7", 99),
	            c = parse("10.0.0.7", 98);
	struct addr d = parse("::10.0.0.7", 99);

	(void)state;
	assert_true(addr_is_v4(&a));
	assert_true(addr_eq(&a, &b));
	assert_false(addr_eq(&a, &c));
	assert_true(addr_same_ip(&a, &c));
	assert_false(addr_is_v4(&d));
	assert_false(addr_same_ip(&a, &d));
}

static void
one_customer_has_an_ipv4_address_or_an_ipv6_64(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "2001:db8::1", "2001:db8::ffff:1", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
		{ "::1", "192.0.2.1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct addr a, b;

		assert_int_equal(addr_parse(bytes_str(pairs[i].a), &a), RC_OK);
		assert_int_equal(addr_parse(bytes_str(pairs[i].b), &b), RC_OK);
		assert_int_equal(addr_same_source(&a, &b), pairs[i].same);
		assert_int_equal(addr_same_source(&b, &a), pairs[i].same);
	}
}

static void
loopback_is_127_8_and_1(void **state)
{
	static const char *const yes[] = { "127.0.0.1", "127.255.255.254", "::1",
		"::ffff:127.0.0.1" };
	static const char *const no[] = { "126.255.255.255", "128.0.0.1", "::", "::2",
		"::127.0.0.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		struct addr a = parse(yes[i], 1);

		assert_true(addr_is_loopback(&a));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		struct addr a = parse(no[i], 1);

		assert_false(addr_is_loopback(&a));
	}
}

static void
places_where_no_peer_can_be_are_not_dialled(void **state)
{
	static const char *const no[] = { "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.2.3",
		"240.0.0.1", "255.255.255.255", "::", "ff02::1" };
	static const char *const yes[] = { "1.0.0.1", "223.255.255.255", "127.0.0.1",
		"::1", "fe80::1", "2001:db8::1" };
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		a = parse(no[i], 6881);
		assert_false(addr_is_dialable(&a));
	}
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		a = parse(yes[i], 6881);
		assert_true(addr_is_dialable(&a));
		a.port = 0;
		assert_false(addr_is_dialable(&a));
	}
}

static void
a_scope_is_how_far_an_address_reaches(void **state)
{
	static const struct {
		const char *text;
		enum addr_scope scope;
	} want[] = { { "127.0.0.1", ADDR_LOOPBACK }, { "0.0.0.0", ADDR_LOOPBACK },
		{ "::1", ADDR_LOOPBACK }, { "::", ADDR_LOOPBACK },
		{ "::ffff:127.1.2.3", ADDR_LOOPBACK },
		{ "64:ff9b::127.0.0.1", ADDR_LOOPBACK }, { "169.254.169.254", ADDR_LINK },
		{ "fe80::1", ADDR_LINK }, { "febf::1", ADDR_LINK },
		{ "10.255.0.1", ADDR_PRIVATE }, { "172.16.0.1", ADDR_PRIVATE },
		{ "172.31.255.255", ADDR_PRIVATE }, { "192.168.1.1", ADDR_PRIVATE },
		{ "100.64.0.1", ADDR_PRIVATE }, { "100.127.0.1", ADDR_PRIVATE },
		{ "fc00::1", ADDR_PRIVATE }, { "fdff::1", ADDR_PRIVATE },
		{ "64:ff9b::10.0.0.1", ADDR_PRIVATE }, { "11.0.0.1", ADDR_PUBLIC },
		{ "172.15.0.1", ADDR_PUBLIC }, { "172.32.0.1", ADDR_PUBLIC },
		{ "192.167.0.1", ADDR_PUBLIC }, { "100.63.0.1", ADDR_PUBLIC },
		{ "100.128.0.1", ADDR_PUBLIC }, { "169.253.0.1", ADDR_PUBLIC },
		{ "2001:db8::1", ADDR_PUBLIC }, { "fec0::1", ADDR_PUBLIC },
		{ "64:ff9b::1.1.1.1", ADDR_PUBLIC } };

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct addr a = parse(want[i].text, 1);

		assert_int_equal(addr_scope(&a), want[i].scope);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families_are_read_and_written_alike),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(an_ipv4_address_lives_in_its_mapped_form),
		cmocka_unit_test(one_customer_has_an_ipv4_address_or_an_ipv6_64),
		cmocka_unit_test(loopback_is_127_8_and_1),
		cmocka_unit_test(places_where_no_peer_can_be_are_not_dialled),
		cmocka_unit_test(a_scope_is_how_far_an_address_reaches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
