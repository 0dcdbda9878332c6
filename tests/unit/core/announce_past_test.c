/* SPDX-License-Identifier: ISC */
/* core/announce: earlier runs, scrapes, and trackers that refuse. */
#include "tests/unit/core/announce_sim.h"

#define H4 "http://192.0.2.9/announce" /* one family: one request */

static bool
has(const struct got *g, const char *text)
{
	return strstr(g->url, text) != NULL;
}

/* Earlier runs. */

static struct announce_past
past(const struct addr *peers, size_t n)
{
	return (struct announce_past){ .ago_s = 100,
		.interval_s = 1800,
		.min_interval_s = 600,
		.seeders = 5,
		.leechers = 6,
		.peers = peers,
		.n_peers = n };
}

static void
one_round_within_an_earlier_interval_tells_what_was_said_then(void **state)
{
	struct addr peer = at("10.0.0.5", 7);
	struct announce_past p = past(&peer, 1);
	struct sim *s = begin_as(ONCE, "0 " H4, NULL);

	(void)state;
	announce_recall(s->a, 0, s->now, &p);
	go(s);
	assert_int_equal(s->n_got, 0);
	assert_true(s->answered == 1 && s->kept == 1);
	assert_true(s->interval_s == 1700 && s->seeders == 5 && s->leechers == 6);
	assert_int_equal(s->n_peers, 1);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_HEARD);
	finish(s);
	s = begin_as(ONCE, "0 " H4, NULL);
	p.ago_s = 1800;
	announce_recall(s->a, 0, s->now, &p);
	go(s);
	assert_int_equal(s->n_got, 1);
	assert_int_equal(s->n_peers, 0);
	finish(s);
}

static void
a_long_run_waits_for_the_min_interval_of_an_earlier_one(void **state)
{
	struct addr peer = at("10.0.0.5", 7);
	struct announce_past p = past(&peer, 1);
	struct sim *s = begin_as(0, "0 " H4, NULL);

	(void)state;
	announce_recall(s->a, 0, s->now, &p);
	go(s);
	assert_int_equal(s->n_peers, 1);
	run(s, 499999);
	assert_int_equal(s->n_got, 0);
	run(s, 500000);
	assert_int_equal(s->n_got, 1);
	assert_true(has(last_got(s), "event=started"));
	finish(s);
}

static void
who_said_stopped_or_kept_nobody_asks_at_once(void **state)
{
	struct addr peer = at("10.0.0.5", 7);
	struct announce_past p = past(&peer, 1);

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct sim *s = begin_as(i == 3 ? ONCE : 0, "0 " H4, NULL);

		p = past(&peer, i == 1 ? 0 : 1);
		p.stopped = i == 0 || i == 3;
		p.min_interval_s = i == 2 ? 0 : 600;
		announce_recall(s->a, 0, s->now, &p);
		go(s);
		assert_int_equal(s->n_got, 1);
		assert_int_equal(s->n_peers, 0);
		finish(s);
	}
}

/* Scrape. */

static void
a_scrape_asks_all_tiers_for_the_counts_alone(void **state)
{
	static const uint8_t counts[12] = { 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9 };
	struct sim *s = begin_as(COUNTS, "0 " H4, "1 udp://b:1", "2 http://192.0.2.8/a",
	    "3 http://192.0.2.7/announce?k", NULL);
	uint8_t in[20];

	(void)state;
	go(s);
	assert_int_equal(s->n_got, 2);
	assert_string_equal(
	    s->got[0].url, "http://192.0.2.9/scrape?info_hash=hhhhhhhhhhhhhhhhhhhh");
	assert_string_equal(
	    s->got[1].url, "http://192.0.2.7/scrape?k&info_hash=hhhhhhhhhhhhhhhhhhhh");
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "its URL does not tell how to scrape");
	reply(s, &s->got[0], 200,
	    "d5:filesd20:hhhhhhhhhhhhhhhhhhhhd8:completei1e10:downloadedi2e10:"
	    "incompletei3e"
	    "eee");
	assert_true(
	    s->scraped == 1 && s->seeders == 1 && s->completed == 2 && s->leechers == 3);
	accept_connect(s, last(s), 1);
	assert_int_equal(last(s)->action, SCRAPE);
	put_be(put_be(in, 4, SCRAPE), 4, last(s)->txn);
	memcpy(in + 8, counts, sizeof(counts));
	give(s, last(s)->socket, in, sizeof(in));
	assert_true(
	    s->scraped == 2 && s->seeders == 7 && s->completed == 8 && s->leechers == 9);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_ASKING);
	reply(s, &s->got[1], 200, "d5:filesdee");
	assert_string_equal(s->reason, "the torrent is not registered at this tracker");
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_HEARD);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n_got, 2);
	assert_true(announce_is_over(s->a, s->now));
	finish(s);
}

static void
a_scrape_that_is_refused_says_so(void **state)
{
	struct sim *s = begin_as(COUNTS, "0 " H4, NULL);

	(void)state;
	go(s);
	reply(s, last_got(s), 400, "d14:failure reason4:nopee");
	assert_string_equal(s->reason, "the tracker says: nope");
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_REFUSED);
	finish(s);
}

static void
udp_trackers_that_say_no_twice_refuse(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 wss://b", NULL);

	(void)state;
	refuse(s, last(s), "no");
	assert_false(announce_is_refused(s->a));
	run(s, 15000);
	refuse(s, last(s), "no");
	assert_true(announce_is_refused(s->a));
	run(s, 45000);
	accept_both(s, 60);
	assert_false(announce_is_refused(s->a));
	finish(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    one_round_within_an_earlier_interval_tells_what_was_said_then),
		cmocka_unit_test(a_long_run_waits_for_the_min_interval_of_an_earlier_one),
		cmocka_unit_test(who_said_stopped_or_kept_nobody_asks_at_once),
		cmocka_unit_test(a_scrape_asks_all_tiers_for_the_counts_alone),
		cmocka_unit_test(a_scrape_that_is_refused_says_so),
		cmocka_unit_test(udp_trackers_that_say_no_twice_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
