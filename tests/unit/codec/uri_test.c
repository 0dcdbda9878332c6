/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/uri.h"

static void
urls_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		enum uri_scheme scheme;
		const char *host;
		unsigned port;
		const char *user, *target;
	} good[] = {
		{ "udp://tracker.example.com:80/dir?a=b&c=d", URI_UDP,
		    "tracker.example.com", 80, "", "/dir?a=b&c=d" },
		{ "UDP://t.example:6969", URI_UDP, "t.example", 6969, "", "" },
		{ "udp://t.example/announce", URI_UDP, "t.example", 0, "", "/announce" },
		{ "udp://127.0.0.1:1/", URI_UDP, "127.0.0.1", 1, "", "/" },
		{ "udp://[::1]:6969/announce", URI_UDP, "::1", 6969, "", "/announce" },
		{ "http://[2001:db8::7]/a", URI_HTTP, "2001:db8::7", 80, "", "/a" },
		{ "http://t.example", URI_HTTP, "t.example", 80, "", "" },
		{ "https://u:p@t.example?x#frag", URI_HTTPS, "t.example", 443, "u:p",
		    "?x" },
		{ "http://t.example:65535#x", URI_HTTP, "t.example", 65535, "", "" },
		{ "http://under_score.-x/", URI_HTTP, "under_score.-x", 80, "", "/" },
	};
	struct uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(uri_get(bytes_str(good[i].text), &u), RC_OK);
		assert_int_equal(u.scheme, good[i].scheme);
		assert_string_equal(u.host, good[i].host);
		assert_int_equal(u.port, good[i].port);
		assert_true(bytes_is(u.user, good[i].user));
		assert_true(bytes_is(u.target, good[i].target));
	}
}

static void
what_is_no_tracker_url_is_refused(void **state)
{
	static const char *const bad[] = { "", "udp", "udp:/t:1", "://t:1", "udp://",
		"udp://:80", "udp:///announce", "udp://t:0", "udp://t:65536",
		"udp://t:", "udp://t:8o", "udp://t:80:80", "udp://[::1", "udp://[::1]80",
		"udp://[t]:80", "udp://[127.0.0.1]:80", "udp://a b:80", "udp://t:80/a b",
		"udp://t:80/\n", "udp://\xc3\xa4:80", "udp://t/\x7f", " udp://t:80",
		"udp://a/b:80@c:1x\x1b", "udp://t!:80", "/announce", "a/b:80",
		"udp://u@v@t:80", "udp://`:1", "udp://{:1", "udp://\\:1" };
	char long_host[300] = "udp://";
	struct uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(uri_get(bytes_str(bad[i]), &u), RC_BAD);
	memset(long_host + 6, 'a', 256);
	assert_int_equal(uri_get(bytes_str(long_host), &u), RC_BAD);
	long_host[6 + 255] = '\0';
	assert_int_equal(uri_get(bytes_str(long_host), &u), RC_OK);
	assert_int_equal(uri_get(bytes_of("udp://t:1/\0", 11), &u), RC_BAD);
}

static void
other_schemes_are_told_apart(void **state)
{
	static const char *const other[] = { "wss://t.example:443/", "dht://", "ftp://x",
		"magnet:?xt=urn:btih:0" };
	struct uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_int_equal(uri_get(bytes_str(other[i]), &u), RC_NONE);
}

static void
passkeys_are_masked_and_the_rest_stays(void **state)
{
	static const char *const url[][2] = {
		{ "udp://t.example:80/announce", "udp://t.example:80/announce" },
		{ "http://t.example/announce.php", "http://t.example/announce.php" },
		{ "http://t.example/0123456789abcdef0123456789abcdef/announce",
		    "http://t.example/***/announce" },
		{ "http://t.example/a1b2c3d4/announce", "http://t.example/***/announce" },
		{ "http://t.example/announce?passkey=secret&x=1",
		    "http://t.example/announce?passkey=***&x=***" },
		{ "http://t.example/announce?secret", "http://t.example/announce?***" },
		{ "https://user:word@t.example:1/a", "https://***@t.example:1/a" },
		/* A password with an "@" that should have been %40. */
		{ "https://user:w@rd@t.example/a", "https://***@***@t.example/a" },
		{ "http://@t.example/a", "http://@t.example/a" },
		{ "http:no/slashes", "http:no/slashes" },
		{ "http:", "http:" },
		{ "http://t.example/a?x=&;k=v#part", "http://t.example/a?x=&;k=***" },
		{ "udp://t\x1b[31m.example/a", "udp://t?[31m.example/a" },
		{ "no url at all", "no url at all" },
		{ "", "" },
	};
	char out[256], small[8];

	(void)state;
	for (size_t i = 0; i < sizeof(url) / sizeof(url[0]); i++) {
		size_t n = uri_masked(bytes_str(url[i][0]), out, sizeof(out));

		assert_string_equal(out, url[i][1]);
		assert_int_equal(n, strlen(out));
	}
	assert_int_equal(uri_masked(bytes_str(url[0][0]), small, sizeof(small)), 7);
	assert_string_equal(small, "udp://t");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(what_is_no_tracker_url_is_refused),
		cmocka_unit_test(other_schemes_are_told_apart),
		cmocka_unit_test(passkeys_are_masked_and_the_rest_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
