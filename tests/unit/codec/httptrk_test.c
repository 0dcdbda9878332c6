/* SPDX-License-Identifier: ISC */
/* The replies were put together by hand from BEP 3, 7, 23, 24, 31 and 48. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/compact.h"
#include "codec/httptrk.h"

static struct httptrk_announce
request(const char *url)
{
	/* RFC 3986's unreserved characters and their neighbours. */
	static const uint8_t btih[20] = "\x00\x12/0:@AZ[`az{-._~\x7f\xff!";
	struct httptrk_announce a = { .url = bytes_str(url),
		.downloaded = 1,
		.left = UINT64_MAX,
		.uploaded = 0,
		.event = UDPTRK_STARTED,
		.key = 0xcafebabe,
		.want = 200,
		.port = 6881 };

	memcpy(a.btih, btih, sizeof(btih));
	memcpy(a.id, "-UG0100-abcdefghijkl", 20);
	return a;
}

static void
an_announce_is_a_query_with_everything_escaped(void **state)
{
	struct httptrk_announce a = request("http://t/announce");
	char out[HTTPTRK_URL_SIZE];

	(void)state;
	assert_int_equal(httptrk_put_announce(&a, out), RC_OK);
	assert_string_equal(out,
	    "http://t/announce?info_hash=%00%12%2F0%3A%40AZ%5B%60az%7B-._~%7F%FF%21"
	    "&peer_id=-UG0100-abcdefghijkl&port=6881&uploaded=0&downloaded=1"
	    "&left=18446744073709551615&compact=1&no_peer_id=1&numwant=200"
	    "&key=3405691582&event=started");
	a.event = UDPTRK_NONE;
	a.tracker_id = bytes_str("x y&");
	assert_int_equal(httptrk_put_announce(&a, out), RC_OK);
	assert_null(strstr(out, "event"));
	assert_non_null(strstr(out, "&key=3405691582&trackerid=x%20y%26"));
}

static void
the_query_of_the_url_stays_in_front(void **state)
{
	static const char *const url[][2] = { { "http://t/a?k=v",
		                                  "http://t/a?k=v&info_" },
		{ "http://t/a?k=v&", "http://t/a?k=v&info_" },
		{ "http://t/a?", "http://t/a?info_" },
		{ "http://t/a?k#part", "http://t/a?k&info_" },
		{ "http://t/a#part?k", "http://t/a?info_" },
		{ "http://t/a?b?c", "http://t/a?b?c&info_" },
		{ "http://t", "http://t?info_" } };
	char out[HTTPTRK_URL_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(url) / sizeof(url[0]); i++) {
		struct httptrk_announce a = request(url[i][0]);

		assert_int_equal(httptrk_put_announce(&a, out), RC_OK);
		assert_memory_equal(out, url[i][1], strlen(url[i][1]));
	}
}

static void
a_url_that_does_not_fit_is_refused(void **state)
{
	char out[HTTPTRK_URL_SIZE], *url = malloc(HTTPTRK_URL_SIZE);
	struct httptrk_announce a = request("");
	size_t longest;

	(void)state;
	assert_non_null(url);
	assert_int_equal(httptrk_put_announce(&a, out), RC_OK);
	longest = HTTPTRK_URL_SIZE - 1 - strlen(out);
	memset(url, 'u', HTTPTRK_URL_SIZE);
	a.url = bytes_of(url, longest);
	assert_int_equal(httptrk_put_announce(&a, out), RC_OK);
	assert_int_equal(strlen(out), HTTPTRK_URL_SIZE - 1);
	a.url = bytes_of(url, longest + 1);
	assert_int_equal(httptrk_put_announce(&a, out), RC_BIG);
	assert_string_equal(out, "");
	free(url);
}

static void
a_scrape_url_follows_bep_48(void **state)
{
	/* BEP 48's own table, "~" for none. */
	static const char *const url[][2] = {
		{ "http://example.com/announce", "http://example.com/scrape?" },
		{ "http://example.com/x/announce", "http://example.com/x/scrape?" },
		{ "http://example.com/announce.php", "http://example.com/scrape.php?" },
		{ "http://example.com/a", "~" },
		{ "http://example.com/announce?x2%0644",
		    "http://example.com/scrape?x2%0644&" },
		{ "http://example.com/announce?x=2/4", "~" },
		{ "http://example.com/x%064announce", "~" },
		{ "http://example.com/k/announce#a/b", "http://example.com/k/scrape?" },
		{ "announce", "scrape?" },
		{ "", "~" },
	};
	uint8_t btih[20];
	char out[HTTPTRK_URL_SIZE];

	(void)state;
	memset(btih, 'h', sizeof(btih));
	for (size_t i = 0; i < sizeof(url) / sizeof(url[0]); i++) {
		enum rc rc = httptrk_put_scrape(bytes_str(url[i][0]), btih, out);
		size_t n = strlen(url[i][1]);

		if (strcmp(url[i][1], "~") == 0) {
			assert_int_equal(rc, RC_NONE);
			continue;
		}
		assert_int_equal(rc, RC_OK);
		assert_memory_equal(out, url[i][1], n);
		assert_string_equal(out + n, "info_hash=hhhhhhhhhhhhhhhhhhhh");
	}
}

static const char whole_reply[] =
    "d8:completei5e10:incompletei7e8:intervali1800e12:min intervali900e"
    "5:peers13:\x0a\x01\x01\x01\x1a\xe1\x0a\x01\x01\x02\x1a\xe2x"
    "6:peers618:\x20\x01\x0d\xb8zzzzzzzzzzzz\x1a\xe1"
    "10:tracker id2:id15:warning message4:busy11:external ip4:\x05\x06\x07\x08"
    "e";

static void
a_compact_reply_is_read_whole(void **state)
{
	struct httptrk_reply r;
	struct addr a;
	char text[ADDR_TEXT];

	(void)state;
	assert_int_equal(httptrk_get_announce(bytes_str(whole_reply), &r), RC_OK);
	assert_false(r.failed);
	assert_true(r.seeders == 5 && r.leechers == 7);
	assert_true(r.interval_s == 1800 && r.min_interval_s == 900);
	assert_int_equal(r.peers4.n, 12);
	assert_true(compact_take(&r.peers4, COMPACT_V4, &a));
	addr_text_port(&a, text);
	assert_string_equal(text, "10.1.1.1:6881");
	assert_int_equal(r.peers6.n, 18);
	assert_int_equal(r.list.n, 0);
	assert_true(bytes_is(r.tracker_id, "id"));
	assert_true(bytes_is(r.warning, "busy"));
	addr_text(&r.external, text);
	assert_string_equal(text, "5.6.7.8");
}

static void
every_truncation_is_refused(void **state)
{
	struct httptrk_reply r;

	(void)state;
	for (size_t n = 0; n < sizeof(whole_reply) - 1; n++) {
		uint8_t *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, whole_reply, n);
		assert_int_equal(httptrk_get_announce(bytes_of(copy, n), &r), RC_BAD);
		free(copy);
	}
}

static void
a_list_gives_addresses_and_names(void **state)
{
	static const char text[] =
	    "d8:intervali9e5:peersl"
	    "d2:ip8:10.0.0.17:peer id20:hhhhhhhhhhhhhhhhhhhh4:porti1ee"
	    "d2:ip8:10.0.0.24:porti0ee"
	    "d2:ip8:10.0.0.3e"
	    "d4:porti7ee"
	    "le4:texti5e"
	    "d2:ipi5e4:porti7ee"
	    "d4:porti65535e2:ip6:a.teste"
	    "ee";
	struct httptrk_reply r;
	struct httptrk_peer p;

	(void)state;
	assert_int_equal(httptrk_get_announce(bytes_str(text), &r), RC_OK);
	assert_int_equal(r.peers4.n, 0);
	assert_true(httptrk_take_peer(&r.list, &p));
	assert_true(bytes_is(p.host, "10.0.0.1") && p.port == 1);
	assert_true(httptrk_take_peer(&r.list, &p));
	assert_true(bytes_is(p.host, "a.test") && p.port == 65535);
	assert_false(httptrk_take_peer(&r.list, &p));
	assert_false(httptrk_take_peer(&r.list, &p));
}

static void
a_refusal_hides_the_rest(void **state)
{
	static const struct {
		const char *text, *words;
		uint32_t retry_s;
	} want[] = {
		{ "d14:failure reason2:no8:intervali9e5:peers6:abcdefe", "no", 0 },
		{ "d8:intervali9e14:failure reason0:e", "", 0 },
		{ "d14:failure reason2:no8:retry ini3ee", "no", 180 },
		{ "d14:failure reason2:no8:retry in5:nevere", "no", HTTPTRK_NEVER },
		{ "d14:failure reason2:no8:retry ini-3ee", "no", 0 },
		{ "d14:failure reason2:no8:retry ini99999999999999999999ee", "no",
		    HTTPTRK_NEVER - 1 },
	};
	struct httptrk_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(
		    httptrk_get_announce(bytes_str(want[i].text), &r), RC_OK);
		assert_true(r.failed && bytes_is(r.failure, want[i].words));
		assert_int_equal(r.retry_s, want[i].retry_s);
		assert_true(r.peers4.n == 0 && r.interval_s == 0);
	}
}

static void
numbers_are_held_to_32_bits(void **state)
{
	static const struct {
		const char *text;
		uint32_t interval_s;
	} want[] = { { "d8:intervali0ee", 0 }, { "d8:intervali-1ee", 0 },
		{ "d8:intervali-99999999999999999999ee", 0 },
		{ "d8:intervali2147483648ee", 2147483648 },
		{ "d8:intervali4294967296ee", UINT32_MAX },
		{ "d8:intervali99999999999999999999ee", UINT32_MAX },
		{ "d8:interval1:95:peers0:e", HTTPTRK_INTERVAL_S },
		{ "d8:intervali5e8:intervali6ee", 5 } };
	struct httptrk_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(
		    httptrk_get_announce(bytes_str(want[i].text), &r), RC_OK);
		assert_int_equal(r.interval_s, want[i].interval_s);
	}
}

static void
what_is_no_answer_is_refused(void **state)
{
	static const char *const bad[] = { "", "<html>", "de", "le", "i5e", "4:spam",
		"d3:fooi1ee", "d8:completei5ee", "d8:intervali05ee", "d8:intervali1e",
		"d8:intervali1e5:peersl", "d8:intervali1ei5e1:xe", "\x1f\x8b\x08" };
	struct httptrk_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(httptrk_get_announce(bytes_str(bad[i]), &r), RC_BAD);
}

static void
what_follows_the_dictionary_is_ignored(void **state)
{
	struct httptrk_reply r;

	(void)state;
	assert_int_equal(
	    httptrk_get_announce(bytes_str("d8:intervali7ee\r\n<!-- -->"), &r), RC_OK);
	assert_int_equal(r.interval_s, 7);
}

static void
deep_nesting_is_refused(void **state)
{
	char text[4096] = "d1:x";
	struct httptrk_reply r;

	(void)state;
	memset(text + 4, 'l', 1000);
	memset(text + 1004, 'e', 1001);
	assert_int_equal(httptrk_get_announce(bytes_str(text), &r), RC_BAD);
}

static void
a_scrape_reply_is_read(void **state)
{
	static const char text[] =
	    "d5:filesd"
	    "20:gggggggggggggggggggg"
	    "d8:completei9ee"
	    "20:hhhhhhhhhhhhhhhhhhhh"
	    "d8:completei1e10:downloadedi2e10:incompletei3e4:name1:xe"
	    "e5:flagsd20:min_request_intervali900eee";
	struct httptrk_scrape r;
	uint8_t btih[20];

	(void)state;
	memset(btih, 'h', sizeof(btih));
	assert_int_equal(httptrk_get_scrape(bytes_str(text), btih, &r), RC_OK);
	assert_true(!r.failed && r.seeders == 1 && r.completed == 2 && r.leechers == 3);
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(httptrk_get_scrape(bytes_of(text, n), btih, &r), RC_BAD);
	btih[0] = 'x';
	assert_int_equal(httptrk_get_scrape(bytes_str(text), btih, &r), RC_NONE);
	assert_int_equal(httptrk_get_scrape(bytes_str("d5:filesdee"), btih, &r), RC_NONE);
	assert_int_equal(httptrk_get_scrape(bytes_str("d5:filesi5ee"), btih, &r), RC_BAD);
	assert_int_equal(httptrk_get_scrape(bytes_str("de"), btih, &r), RC_BAD);
	assert_int_equal(
	    httptrk_get_scrape(bytes_str("d14:failure reason2:noe"), btih, &r), RC_OK);
	assert_true(r.failed && bytes_is(r.failure, "no"));
}

static void
a_hash_that_was_taken_for_text_is_known_all_the_same(void **state)
{
	/*
	 * What bittorrent-tracker 11 sends for this hash: 0x89 as c2 89, 0xcd as c3 8d.
	 */
	static const char text[] =
	    "d5:filesd28:\x01\x23\x45\x67\xc2\x89\xc2\xab\xc3\x8d\xc3\xaf"
	    "\x01\x23\x45\x67\xc2\x89\xc2\xab\xc3\x8d\xc3\xaf\x01\x23\x45\x67"
	    "d8:completei7eeee";
	static const uint8_t btih[20] = "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67"
	                                "\x89\xab\xcd\xef\x01\x23\x45\x67";
	uint8_t other[20];
	struct httptrk_scrape r;

	(void)state;
	assert_int_equal(httptrk_get_scrape(bytes_str(text), btih, &r), RC_OK);
	assert_int_equal(r.seeders, 7);
	for (size_t i = 0; i < 20; i++) {
		memcpy(other, btih, 20);
		other[i] ^= 0x40;
		assert_int_equal(httptrk_get_scrape(bytes_str(text), other, &r), RC_NONE);
		other[i] ^= 0xc0;
		assert_int_equal(httptrk_get_scrape(bytes_str(text), other, &r), RC_NONE);
	}
}

static void
an_address_of_ours_has_4_or_16_bytes(void **state)
{
	/* BEP 24: in network order, of either family. */
	static const struct {
		const char *text, *want;
	} reply[] = {
		{ "d11:external ip16: \x01\r\xb8zzzzzzzzzzz\x01"
		  "8:intervali1ee",
		    "2001:db8:7a7a:7a7a:7a7a:7a7a:7a7a:7a01" },
		{ "d11:external ip4:\x05\x06\x07\x08"
		  "8:intervali1ee",
		    "5.6.7.8" },
		{ "d11:external ip5:\x05\x06\x07\x08\x09"
		  "8:intervali1ee",
		    "::" },
		{ "d11:external ip0:8:intervali1ee", "::" },
		{ "d11:external ipi4e8:intervali1ee", "::" },
		{ "d11:external ip3:abc11:external ip4:\x05\x06\x07\x08"
		  "8:intervali1ee",
		    "5.6.7.8" },
	};
	struct httptrk_reply r;
	char text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(reply) / sizeof(reply[0]); i++) {
		assert_int_equal(
		    httptrk_get_announce(bytes_str(reply[i].text), &r), RC_OK);
		addr_text(&r.external, text);
		assert_string_equal(text, reply[i].want);
	}
}

static void
values_of_another_type_are_as_good_as_absent(void **state)
{
	static const char text[] =
	    "d8:intervali9e6:peers6li1ee5:peers6:\x0a\x01\x01\x01\x1a\xe1"
	    "10:tracker idi5e15:warning messagele5:peersle8:completede"
	    "10:incomplete1:7e";
	struct httptrk_reply r;

	(void)state;
	assert_int_equal(httptrk_get_announce(bytes_str(text), &r), RC_OK);
	assert_true(r.peers6.n == 0 && r.tracker_id.n == 0 && r.warning.n == 0);
	assert_true(r.seeders == 0 && r.leechers == 0 && r.list.n == 0);
	assert_int_equal(r.peers4.n, 6);
	assert_int_equal(
	    httptrk_get_announce(bytes_str("d14:failure reason2:no8:retry inlee"), &r),
	    RC_OK);
	assert_true(r.failed && r.retry_s == 0);
	assert_int_equal(httptrk_get_announce(
	                     bytes_str("d14:failure reason2:no8:retry in5:latere"), &r),
	    RC_OK);
	assert_int_equal(r.retry_s, 0);
}

static void
a_broken_list_ends_where_it_breaks(void **state)
{
	static const char *const rest[] = { "d2:ipi", "d2:ip3:a.t4:porti05ee", "d2:ip",
		"di1ei2ee", "9:short", "l", "e", "d2:ip1:x4:portd" };
	struct httptrk_peer p;

	(void)state;
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		char text[64] = "d2:ip1:h4:porti1ee";
		struct bytes list;

		memcpy(text + strlen(text), rest[i], strlen(rest[i]) + 1);
		list = bytes_str(text);
		assert_true(httptrk_take_peer(&list, &p));
		assert_true(bytes_is(p.host, "h") && p.port == 1);
		assert_false(httptrk_take_peer(&list, &p));
		assert_int_equal(list.n, 0);
	}
}

static void
the_first_of_what_a_scrape_says_twice_counts(void **state)
{
	static const char hash[] = "20:hhhhhhhhhhhhhhhhhhhh";
	struct httptrk_scrape r;
	uint8_t btih[20];
	char text[256];

	(void)state;
	memset(btih, 'h', sizeof(btih));
	(void)snprintf(text, sizeof(text),
	    "d5:filesd%sd8:completei1ee%sd8:completei2eee5:filesd%sd8:completei3eeee",
	    hash, hash, hash);
	assert_int_equal(httptrk_get_scrape(bytes_str(text), btih, &r), RC_OK);
	assert_int_equal(r.seeders, 1);
	(void)snprintf(text, sizeof(text),
	    "d14:failure reasonle5:filesd%si5e%sd8:complete1:x10:incompletei4eeee", hash,
	    hash);
	assert_int_equal(httptrk_get_scrape(bytes_str(text), btih, &r), RC_OK);
	assert_true(!r.failed && r.seeders == 0 && r.leechers == 4);
	assert_int_equal(
	    httptrk_get_scrape(
	        bytes_str("d14:failure reason1:a14:failure reason1:be"), btih, &r),
	    RC_OK);
	assert_true(bytes_is(r.failure, "a"));
	assert_int_equal(
	    httptrk_get_scrape(bytes_str("d5:filesi1e5:filesdee"), btih, &r), RC_NONE);
}

static void
a_scrape_that_breaks_off_within_is_refused(void **state)
{
	static const char *const bad[] = { "", "le",
		"d5:filesd20:hhhhhhhhhhhhhhhhhhhhd1:xe",
		"d5:filesd20:hhhhhhhhhhhhhhhhhhhhd8:completei05eeee",
		"d5:filesd20:gggggggggggggggggggg1:xi05eee", "d5:filesd1:xe", "d1:xi05ee",
		"d5:filesli05eee" };
	struct httptrk_scrape r;
	uint8_t btih[20];

	(void)state;
	memset(btih, 'h', sizeof(btih));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(httptrk_get_scrape(bytes_str(bad[i]), btih, &r), RC_BAD);
}

static void
a_hash_cut_short_is_another_one(void **state)
{
	static const uint8_t btih[20] = "hhhhhhhhhhhhhhhhhhh\x89";
	static const char *const other[] = { "d5:filesd19:hhhhhhhhhhhhhhhhhhhdeee",
		"d5:filesd20:hhhhhhhhhhhhhhhhhhh\302deee",
		"d5:filesd22:hhhhhhhhhhhhhhhhhhh\xc2\x89xdeee", "d5:filesd0:deee" };
	struct httptrk_scrape r;

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_int_equal(
		    httptrk_get_scrape(bytes_str(other[i]), btih, &r), RC_NONE);
	assert_int_equal(
	    httptrk_get_scrape(
	        bytes_str("d5:filesd21:hhhhhhhhhhhhhhhhhhh\302\211deee"), btih, &r),
	    RC_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_announce_is_a_query_with_everything_escaped),
		cmocka_unit_test(the_query_of_the_url_stays_in_front),
		cmocka_unit_test(a_url_that_does_not_fit_is_refused),
		cmocka_unit_test(a_scrape_url_follows_bep_48),
		cmocka_unit_test(a_compact_reply_is_read_whole),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_list_gives_addresses_and_names),
		cmocka_unit_test(a_refusal_hides_the_rest),
		cmocka_unit_test(numbers_are_held_to_32_bits),
		cmocka_unit_test(what_is_no_answer_is_refused),
		cmocka_unit_test(what_follows_the_dictionary_is_ignored),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(a_scrape_reply_is_read),
		cmocka_unit_test(a_hash_that_was_taken_for_text_is_known_all_the_same),
		cmocka_unit_test(an_address_of_ours_has_4_or_16_bytes),
		cmocka_unit_test(values_of_another_type_are_as_good_as_absent),
		cmocka_unit_test(a_broken_list_ends_where_it_breaks),
		cmocka_unit_test(the_first_of_what_a_scrape_says_twice_counts),
		cmocka_unit_test(a_scrape_that_breaks_off_within_is_refused),
		cmocka_unit_test(a_hash_cut_short_is_another_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
