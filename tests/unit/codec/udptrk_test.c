/* SPDX-License-Identifier: ISC */
/* The datagrams were put together by hand from the tables of BEP 15 and BEP 41. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/udptrk.h"

static const uint8_t connected[] = { 0, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6,
	7, 8 };

/* interval 1800, 3 leechers, 2 seeders, one peer 10.0.0.1:6881 and half of another. */
static const uint8_t announced[] = { 0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef, 0, 0, 7, 8, 0, 0,
	0, 3, 0, 0, 0, 2, 10, 0, 0, 1, 0x1a, 0xe1, 10, 0, 0 };

/* 5 seeders, 6 downloads, 7 leechers, and a byte too many. */
static const uint8_t scraped[] = { 0, 0, 0, 2, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 5, 0, 0,
	0, 6, 0, 0, 0, 7, 9 };

static const uint8_t failed[] = { 0, 0, 0, 3, 0xde, 0xad, 0xbe, 0xef, 'n', 'o' };

static const uint32_t txn = 0xdeadbeef;

static struct udptrk_announce
request(const char *target)
{
	struct udptrk_announce a = { .conn_id = UINT64_C(0x0102030405060708),
		.txn = txn,
		.downloaded = 0x11,
		.left = 0x2200000000,
		.uploaded = 0x33,
		.event = UDPTRK_STARTED,
		.key = 0xcafebabe,
		.want = UINT32_MAX,
		.port = 6881,
		.target = bytes_str(target) };

	memset(a.btih, 'h', sizeof(a.btih));
	memset(a.id, 'i', sizeof(a.id));
	return a;
}

static void
a_connect_request_is_as_bep_15_draws_it(void **state)
{
	static const uint8_t want[] = { 0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0,
		0xde, 0xad, 0xbe, 0xef };
	uint8_t out[UDPTRK_CONNECT_SIZE];

	(void)state;
	udptrk_put_connect(txn, out);
	assert_memory_equal(out, want, sizeof(want));
}

static void
an_announce_request_is_as_bep_15_draws_it(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0xde, 0xad,
		0xbe, 0xef, 'h', 'h', 'h', 'h', 'h', 'h', 'h', 'h', 'h', 'h', 'h', 'h',
		'h', 'h', 'h', 'h', 'h', 'h', 'h', 'h', 'i', 'i', 'i', 'i', 'i', 'i', 'i',
		'i', 'i', 'i', 'i', 'i', 'i', 'i', 'i', 'i', 'i', 'i', 'i', 'i', 0, 0, 0,
		0, 0, 0, 0, 0x11, 0, 0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x33, 0,
		0, 0, 2, 0, 0, 0, 0, 0xca, 0xfe, 0xba, 0xbe, 0xff, 0xff, 0xff, 0xff, 0x1a,
		0xe1 };
	struct udptrk_announce a = request("");
	uint8_t out[UDPTRK_REQUEST_MAX];

	(void)state;
	assert_int_equal(udptrk_put_announce(&a, out), 98);
	assert_int_equal(sizeof(want), 98);
	assert_memory_equal(out, want, sizeof(want));
}

static void
the_target_goes_in_options_of_bep_41(void **state)
{
	/* BEP 41's own example. */
	static const uint8_t want[] = { 0x2, 0xc, '/', 'd', 'i', 'r', '?', 'a', '=', 'b',
		'&', 'c', '=', 'd' };
	struct udptrk_announce a = request("/dir?a=b&c=d");
	static uint8_t out[UDPTRK_REQUEST_MAX], big[UDPTRK_URL_MAX + 1];

	(void)state;
	assert_int_equal(udptrk_put_announce(&a, out), 98 + sizeof(want));
	assert_memory_equal(out + 98, want, sizeof(want));
	memset(big, 'u', sizeof(big));
	a.target = bytes_of(big, 256);
	assert_int_equal(udptrk_put_announce(&a, out), 98 + 2 + 255 + 2 + 1);
	assert_int_equal(out[98], 2);
	assert_int_equal(out[99], 255);
	assert_int_equal(out[100 + 255], 2);
	assert_int_equal(out[100 + 256], 1);
	assert_int_equal(out[100 + 257], 'u');
	a.target = bytes_of(big, sizeof(big));
	assert_int_equal(udptrk_put_announce(&a, out), UDPTRK_REQUEST_MAX);
}

static void
a_scrape_request_carries_at_most_74_hashes(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 2, 0xde, 0xad,
		0xbe, 0xef, 'h' };
	static uint8_t out[UDPTRK_SCRAPE_MAX], hashes[20 * 80];

	(void)state;
	memset(hashes, 'h', sizeof(hashes));
	assert_int_equal(udptrk_put_scrape(UINT64_C(0x0102030405060708), txn,
	                     bytes_of(hashes, 40), out),
	    56);
	assert_memory_equal(out, want, sizeof(want));
	assert_int_equal(udptrk_put_scrape(1, txn, bytes_of(hashes, sizeof(hashes)), out),
	    16 + 20 * 74);
}

static void
replies_are_read(void **state)
{
	struct udptrk_reply r;
	struct udptrk_counts counts;

	(void)state;
	assert_int_equal(udptrk_get(bytes_of(connected, sizeof(connected)),
	                     UDPTRK_CONNECT, txn, false, &r),
	    RC_OK);
	assert_true(
	    r.action == UDPTRK_CONNECT && r.conn_id == UINT64_C(0x0102030405060708));
	assert_int_equal(udptrk_get(bytes_of(announced, sizeof(announced)),
	                     UDPTRK_ANNOUNCE, txn, false, &r),
	    RC_OK);
	assert_true(
	    r.interval_s == 1800 && r.leechers == 3 && r.seeders == 2 && !r.unregistered);
	assert_int_equal(r.peers.n, 6);
	assert_ptr_equal(r.peers.p, announced + 20);
	assert_int_equal(
	    udptrk_get(bytes_of(scraped, sizeof(scraped)), UDPTRK_SCRAPE, txn, false, &r),
	    RC_OK);
	assert_int_equal(r.counts.n, 12);
	assert_true(udptrk_take_counts(&r.counts, &counts));
	assert_true(counts.seeders == 5 && counts.completed == 6 && counts.leechers == 7);
	assert_false(udptrk_take_counts(&r.counts, &counts));
}

static void
over_ipv6_a_peer_takes_18_bytes(void **state)
{
	uint8_t in[20 + 35] = { 0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef };
	struct udptrk_reply r;

	(void)state;
	assert_int_equal(
	    udptrk_get(bytes_of(in, sizeof(in)), UDPTRK_ANNOUNCE, txn, true, &r), RC_OK);
	assert_int_equal(r.peers.n, 18);
	assert_int_equal(
	    udptrk_get(bytes_of(in, sizeof(in)), UDPTRK_ANNOUNCE, txn, false, &r), RC_OK);
	assert_int_equal(r.peers.n, 30);
}

static void
an_error_answers_every_request(void **state)
{
	static const enum udptrk_action asked[] = { UDPTRK_CONNECT, UDPTRK_ANNOUNCE,
		UDPTRK_SCRAPE };
	struct udptrk_reply r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(udptrk_get(bytes_of(failed, sizeof(failed)), asked[i],
		                     txn, false, &r),
		    RC_OK);
		assert_true(r.action == UDPTRK_ERROR && bytes_is(r.message, "no"));
	}
	assert_int_equal(
	    udptrk_get(bytes_of(failed, 8), UDPTRK_CONNECT, txn, false, &r), RC_OK);
	assert_int_equal(r.message.n, 0);
}

static void
an_announce_reply_of_8_bytes_means_unregistered(void **state)
{
	struct udptrk_reply r;

	(void)state;
	assert_int_equal(
	    udptrk_get(bytes_of(announced, 8), UDPTRK_ANNOUNCE, txn, false, &r), RC_OK);
	assert_true(r.unregistered && r.interval_s == 0 && r.peers.n == 0);
}

static void
every_truncation_is_refused_and_leaves_the_result_alone(void **state)
{
	struct udptrk_reply r, before;

	(void)state;
	memset(&r, 0x5a, sizeof(r));
	before = r;
	for (size_t n = 0; n < sizeof(connected); n++)
		assert_int_equal(
		    udptrk_get(bytes_of(connected, n), UDPTRK_CONNECT, txn, false, &r),
		    RC_BAD);
	for (size_t n = 0; n < 20; n++)
		if (n != 8)
			assert_int_equal(udptrk_get(bytes_of(announced, n),
			                     UDPTRK_ANNOUNCE, txn, false, &r),
			    RC_BAD);
	for (size_t n = 0; n < 8; n++) {
		assert_int_equal(
		    udptrk_get(bytes_of(scraped, n), UDPTRK_SCRAPE, txn, false, &r),
		    RC_BAD);
		assert_int_equal(
		    udptrk_get(bytes_of(failed, n), UDPTRK_ANNOUNCE, txn, false, &r),
		    RC_BAD);
	}
	assert_memory_equal(&r, &before, sizeof(r));
}

static void
foreign_transactions_and_actions_are_refused(void **state)
{
	struct bytes in = bytes_of(announced, sizeof(announced));
	uint8_t odd[16];
	struct udptrk_reply r;

	(void)state;
	assert_int_equal(udptrk_get(in, UDPTRK_ANNOUNCE, txn + 1, false, &r), RC_BAD);
	assert_int_equal(udptrk_get(in, UDPTRK_CONNECT, txn, false, &r), RC_BAD);
	assert_int_equal(udptrk_get(in, UDPTRK_SCRAPE, txn, false, &r), RC_BAD);
	memcpy(odd, connected, sizeof(odd));
	odd[3] = 4;
	assert_int_equal(
	    udptrk_get(bytes_of(odd, 16), UDPTRK_CONNECT, txn, false, &r), RC_BAD);
	odd[3] = 0;
	odd[0] = 1;
	assert_int_equal(
	    udptrk_get(bytes_of(odd, 16), UDPTRK_CONNECT, txn, false, &r), RC_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connect_request_is_as_bep_15_draws_it),
		cmocka_unit_test(an_announce_request_is_as_bep_15_draws_it),
		cmocka_unit_test(the_target_goes_in_options_of_bep_41),
		cmocka_unit_test(a_scrape_request_carries_at_most_74_hashes),
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(over_ipv6_a_peer_takes_18_bytes),
		cmocka_unit_test(an_error_answers_every_request),
		cmocka_unit_test(an_announce_reply_of_8_bytes_means_unregistered),
		cmocka_unit_test(every_truncation_is_refused_and_leaves_the_result_alone),
		cmocka_unit_test(foreign_transactions_and_actions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
