/* SPDX-License-Identifier: ISC */
/* Texts and their parts are from RFC 3986 (3.2.2, 3.2.3) and written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/server.h"

static void
names_and_addresses_are_read_with_and_without_a_port(void **state)
{
	static const struct {
		const char *text, *host, *shown;
		uint16_t port;
	} good[] = {
		{ "auth.example.org", "auth.example.org", "auth.example.org:65431",
		    65431 },
		{ "Auth.Example.ORG:443", "auth.example.org", "auth.example.org:443",
		    443 },
		{ "localhost:1", "localhost", "localhost:1", 1 },
		{ "my_host:65535", "my_host", "my_host:65535", 65535 },
		{ "192.0.2.7:80", "192.0.2.7", "192.0.2.7:80", 80 },
		{ "::1", "::1", "[::1]:65431", 65431 },
		{ "[::1]", "::1", "[::1]:65431", 65431 },
		{ "[2001:DB8:0:0::1]:8443", "2001:db8::1", "[2001:db8::1]:8443", 8443 },
		{ "2001:db8::80", "2001:db8::80", "[2001:db8::80]:65431", 65431 },
	};
	char shown[TOKEN_SERVER];
	struct server s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(server_get(bytes_str(good[i].text), &s), RC_OK);
		assert_string_equal(s.host, good[i].host);
		assert_int_equal(s.port, good[i].port);
		server_text(&s, shown);
		assert_string_equal(shown, good[i].shown);
	}
}

static void
what_is_no_server_is_refused(void **state)
{
	static const char *const bad[] = { "", ":80", "host:", "host:0", "host:65536",
		"host:80x", "host:-1", "ho st", "ho/st", "user@host", "host#x", "-host",
		".host", "[::1", "::1]", "[::1]80", "[::1]:", "[host]:80",
		"[192.0.2.7]:80", "1:2:3", "a:b:c", "[]", "h\xc3\xb6st", "host?x",
		"host%41" };
	struct server s, before;

	(void)state;
	memset(&s, 0x5a, sizeof(s));
	before = s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(server_get(bytes_str(bad[i]), &s), RC_BAD);
	assert_memory_equal(&s, &before, sizeof(s));
}

static void
a_name_of_255_characters_fits_and_one_more_does_not(void **state)
{
	char name[SERVER_HOST + 1], shown[TOKEN_SERVER];
	struct server s;

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_int_equal(server_get(bytes_of(name, SERVER_HOST), &s), RC_BAD);
	assert_int_equal(server_get(bytes_of(name, SERVER_HOST - 1), &s), RC_OK);
	server_text(&s, shown);
	assert_int_equal(strlen(shown), SERVER_HOST - 1 + strlen(":65431"));
}

static void
loopback_is_known_by_name_and_address(void **state)
{
	static const char *const is[] = { "localhost", "127.0.0.1", "127.9.9.9:1",
		"[::1]:2" };
	static const char *const isnt[] = { "localhost.example.org", "128.0.0.1", "::2" };
	struct server s;

	(void)state;
	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		assert_int_equal(server_get(bytes_str(is[i]), &s), RC_OK);
		assert_true(server_is_loopback(&s));
	}
	for (size_t i = 0; i < sizeof(isnt) / sizeof(isnt[0]); i++) {
		assert_int_equal(server_get(bytes_str(isnt[i]), &s), RC_OK);
		assert_false(server_is_loopback(&s));
	}
}

static const char file[] = "# the site's\n"
                           "\n"
                           "one.example.org sha256:AAA # first\n"
                           "  two.example.org:443\t/etc/ugat/tls.pem\r\n"
                           "three.example.org\n"
                           "[2001:db8::1] sha256:BBB";

static void
the_first_line_counts_when_nobody_is_wanted(void **state)
{
	struct server_line l;

	(void)state;
	assert_int_equal(server_find(bytes_str(file), NULL, &l), RC_OK);
	assert_string_equal(l.server.host, "one.example.org");
	assert_true(bytes_is(l.identity, "sha256:AAA"));
	assert_int_equal(l.number, 3);
}

static void
the_line_of_a_server_is_found_by_name_and_port(void **state)
{
	struct server_line l;
	struct server want;

	(void)state;
	assert_int_equal(server_get(bytes_str("two.example.org:443"), &want), RC_OK);
	assert_int_equal(server_find(bytes_str(file), &want, &l), RC_OK);
	assert_true(bytes_is(l.identity, "/etc/ugat/tls.pem"));
	assert_int_equal(server_get(bytes_str("two.example.org"), &want), RC_OK);
	assert_int_equal(server_find(bytes_str(file), &want, &l), RC_NONE);
	assert_int_equal(server_get(bytes_str("THREE.example.org"), &want), RC_OK);
	assert_int_equal(server_find(bytes_str(file), &want, &l), RC_OK);
	assert_int_equal(l.identity.n, 0);
	assert_int_equal(server_get(bytes_str("2001:DB8:0::1"), &want), RC_OK);
	assert_int_equal(server_find(bytes_str(file), &want, &l), RC_OK);
	assert_true(bytes_is(l.identity, "sha256:BBB"));
}

static void
a_line_that_cannot_be_read_is_named_by_its_number(void **state)
{
	static const char *const bad[] = { "ok sha256:A\n\n# x\nho/st y\n",
		"ok sha256:A\n\n\nhost y z\n", "ok\n#\n#\nhost:x" };
	struct server_line l;
	struct server want;

	(void)state;
	assert_int_equal(server_get(bytes_str("other"), &want), RC_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(server_find(bytes_str(bad[i]), &want, &l), RC_BAD);
		assert_int_equal(l.number, 4);
	}
}

static void
a_new_identity_takes_the_place_of_the_old_and_all_else_stays(void **state)
{
	struct server s;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(server_get(bytes_str("three.example.org"), &s), RC_OK);
	assert_int_equal(server_put(bytes_str(file), &s, "sha256:CCC", &out), RC_OK);
	assert_true(bytes_is(buf_bytes(&out),
	    "# the site's\n"
	    "\n"
	    "one.example.org sha256:AAA # first\n"
	    "  two.example.org:443\t/etc/ugat/tls.pem\r\n"
	    "[2001:db8::1] sha256:BBB\n"
	    "three.example.org:65431 sha256:CCC\n"));
	buf_clear(&out);
	assert_int_equal(server_put(bytes_str(""), &s, "x", &out), RC_OK);
	assert_true(bytes_is(buf_bytes(&out), "three.example.org:65431 x\n"));
	buf_clear(&out);
	buf_init(&out, 10);
	assert_int_equal(server_put(bytes_str(file), &s, "x", &out), RC_BIG);
	buf_clear(&out);
}

static void
a_user_may_stand_before_the_host(void **state)
{
	static const struct {
		const char *text, *user, *host;
		uint16_t port;
	} good[] = {
		{ "lab@lab-host", "lab", "lab-host", 65432 },
		{ "lab@lab-host:7000", "lab", "lab-host", 7000 },
		{ "a_b-9@[::1]:1", "a_b-9", "::1", 1 },
		{ "ops@::1", "ops", "::1", 65432 },
		{ "lab-host", "", "lab-host", 65432 },
		{ "192.0.2.7:80", "", "192.0.2.7", 80 },
	};
	char user[USER_TEXT];
	struct server s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
		    server_get_user(bytes_str(good[i].text), 65432, user, &s), RC_OK);
		assert_string_equal(user, good[i].user);
		assert_string_equal(s.host, good[i].host);
		assert_int_equal(s.port, good[i].port);
	}
}

static void
what_is_no_user_or_no_host_behind_it_is_refused(void **state)
{
	static const char *const bad[] = { "@host", "lab@", "Lab@host", "9@host",
		"lab@ops@host", "lab @host", "lab@host:0", "lab@:80",
		"a23456789012345678901234567890123@host" };
	char user[USER_TEXT];
	struct server s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    server_get_user(bytes_str(bad[i]), 65432, user, &s), RC_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_addresses_are_read_with_and_without_a_port),
		cmocka_unit_test(what_is_no_server_is_refused),
		cmocka_unit_test(a_name_of_255_characters_fits_and_one_more_does_not),
		cmocka_unit_test(loopback_is_known_by_name_and_address),
		cmocka_unit_test(the_first_line_counts_when_nobody_is_wanted),
		cmocka_unit_test(the_line_of_a_server_is_found_by_name_and_port),
		cmocka_unit_test(a_line_that_cannot_be_read_is_named_by_its_number),
		cmocka_unit_test(
		    a_new_identity_takes_the_place_of_the_old_and_all_else_stays),
		cmocka_unit_test(a_user_may_stand_before_the_host),
		cmocka_unit_test(what_is_no_user_or_no_host_behind_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
