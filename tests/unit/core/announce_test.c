/* SPDX-License-Identifier: ISC */
/* core/announce with one tracker: the schedule, what is said, what is believed. */
#include "tests/unit/core/announce_sim.h"

static void
unanswered_connects_are_repeated_on_schedule(void **state)
{
	static const int64_t when[] = { 0, 3000, 15000, 45000, 105000, 225000, 465000,
		945000, 1905000, 3825000, 7665000, 11505000 };
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	run(s, 11505000);
	assert_int_equal(s->n, sizeof(when) / sizeof(when[0]));
	for (size_t i = 0; i < s->n; i++) {
		assert_int_equal(s->sent[i].at, when[i]);
		assert_int_equal(s->sent[i].action, CONNECT);
	}
	assert_int_equal(s->sent[1].txn, s->sent[0].txn);
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "no answer");
	assert_int_equal(s->nobody, 1);
	finish(s);
}

static void
unanswered_announces_are_repeated_until_the_id_is_too_old(void **state)
{
	/*
	 * BEP 15's example, its connect answered after a second and no time lost then;
	 * and our early second copies.
	 */
	static const struct {
		int64_t at;
		int action;
	} want[] = { { 0, CONNECT }, { 1000, ANNOUNCE }, { 4000, ANNOUNCE },
		{ 16000, ANNOUNCE }, { 46000, ANNOUNCE }, { 106000, CONNECT },
		{ 226000, CONNECT } };
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	run(s, 1000);
	accept_connect(s, last(s), 99);
	run(s, 226000);
	assert_int_equal(s->n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < s->n; i++) {
		assert_int_equal(s->sent[i].at, want[i].at);
		assert_int_equal(s->sent[i].action, want[i].action);
		if (s->sent[i].action == ANNOUNCE) {
			assert_int_equal(s->sent[i].conn_id, 99);
			assert_int_equal(s->sent[i].event, STARTED);
		}
	}
	finish(s);
}

static void
a_connect_that_is_answered_late_starts_the_waiting_afresh_but_only_once(void **state)
{
	static const struct {
		int64_t at;
		int action;
	} want[] = { { 50000, ANNOUNCE }, { 53000, ANNOUNCE }, { 65000, ANNOUNCE },
		{ 95000, ANNOUNCE }, { 155000, CONNECT }, { 160000, ANNOUNCE },
		{ 280000, CONNECT } };
	struct sim *s = begin("0 udp://a:1", NULL);
	size_t before;

	(void)state;
	run(s, 50000);
	before = s->n;
	accept_connect(s, last(s), 1);
	run(s, 160000);
	accept_connect(s, last(s), 2);
	run(s, 280000);
	assert_int_equal(s->n - before, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(s->sent[before + i].at, want[i].at);
		assert_int_equal(s->sent[before + i].action, want[i].action);
	}
	finish(s);
}

static void
an_announce_says_who_we_are(void **state)
{
	struct announce_self self = {
		.port = 7000, .downloaded = 1, .uploaded = 2, .left = 3
	};
	struct sim *s = begin("0 udp://a:1/x?passkey=1", NULL);
	const struct sent *first, *second;

	(void)state;
	announce_set_self(s->a, &self);
	accept_connect(s, last(s), 5);
	first = last(s);
	assert_true(first->downloaded == 1 && first->uploaded == 2 && first->left == 3);
	assert_int_equal(first->port, 7000);
	assert_int_equal(first->event, STARTED);
	assert_int_equal(first->want, ANNOUNCE_WANT);
	assert_memory_equal(first->id, "-UG0100-abcdefghijkl", 20);
	assert_true(bytes_is(first->options, "\x02\x0c/x?passkey=1"));
	accept_announce(s, first, 1800, bytes_of(NULL, 0));
	assert_true(s->answered == 1 && s->interval_s == 1800 && s->seeders == 2 &&
	    s->leechers == 3);
	run(s, 1800000);
	accept_connect(s, last(s), 6);
	second = last(s);
	assert_int_equal(second->event, NONE);
	assert_int_equal(second->key, first->key);
	assert_memory_equal(second->id, first->id, 20);
	assert_int_not_equal(second->txn, first->txn);
	finish(s);
}

static void
intervals_are_held_between_30_s_and_a_day(void **state)
{
	static const struct {
		uint32_t told;
		int64_t again_s;
	} want[] = { { 0, 30 }, { 29, 30 }, { 31, 31 }, { 86401, 86400 },
		{ UINT32_MAX, 86400 } };

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct sim *s = begin("0 udp://a:1", NULL);
		size_t before;

		accept_both(s, want[i].told);
		before = s->n;
		run(s, want[i].again_s * 1000 - 1);
		assert_int_equal(s->n, before);
		run(s, want[i].again_s * 1000);
		assert_int_equal(s->n, before + 1);
		finish(s);
	}
}

static void
a_connection_id_is_used_for_60_s(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 30);
	run(s, 30000);
	assert_int_equal(last(s)->action, ANNOUNCE);
	assert_int_equal(last(s)->conn_id, 7);
	accept_announce(s, last(s), 30, bytes_of(NULL, 0));
	run(s, 60000);
	assert_int_equal(last(s)->action, CONNECT);
	finish(s);
}

static void
the_socket_is_closed_when_the_id_is_too_old(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 1800);
	run(s, 59999);
	assert_true(s->open[0]);
	run(s, 60000);
	assert_false(s->open[0]);
	run(s, 1800000);
	assert_true(s->open[0]);
	assert_int_equal(last(s)->action, CONNECT);
	finish(s);
}

static void
a_silent_tracker_with_an_old_id_gets_a_connect_first(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 30);
	run(s, 30000);
	assert_int_equal(last(s)->action, ANNOUNCE);
	run(s, 45000);
	assert_int_equal(last(s)->at, 45000);
	assert_int_equal(last(s)->action, CONNECT);
	finish(s);
}

static void
the_magic_and_zero_are_connection_ids_like_any_other(void **state)
{
	static const uint64_t id[] = { UINT64_C(0x41727101980), 0, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sim *s = begin("0 udp://a:1", NULL);

		accept_connect(s, last(s), id[i]);
		assert_int_equal(last(s)->action, ANNOUNCE);
		assert_true(last(s)->conn_id == id[i]);
		accept_announce(s, last(s), 100, bytes_of(NULL, 0));
		assert_int_equal(s->answered, 1);
		finish(s);
	}
}

static void
a_reply_with_a_foreign_transaction_is_ignored(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);
	struct sent forged = *last(s);
	uint8_t junk[65536] = { 0 };

	(void)state;
	for (uint32_t i = 1; i <= 100; i++) {
		forged.txn = last(s)->txn + i;
		accept_connect(s, &forged, 1);
	}
	give(s, 0, junk, 0);
	give(s, 0, junk, 7);
	give(s, 0, junk, sizeof(junk));
	assert_int_equal(s->n, 1);
	accept_connect(s, last(s), 1);
	forged = *last(s);
	forged.txn++;
	accept_announce(s, &forged, 60, bytes_of("\x0a\0\0\1\x1a\xe1", 6));
	assert_int_equal(s->answered, 0);
	accept_announce(s, last(s), 60, bytes_of(NULL, 0));
	assert_int_equal(s->answered, 1);
	assert_int_equal(s->n_peers, 0);
	/* The answer a second time, and late ones after it. */
	accept_announce(s, last(s), 60, bytes_of("\x0a\0\0\1\x1a\xe1", 6));
	assert_int_equal(s->answered, 1);
	finish(s);
}

static void
a_thousand_peers_in_one_datagram_are_all_given_out_once(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);
	uint8_t peers[1000 * 6 + 5];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		put_be(peers + i * 6, 4, 0x0b000000 + i);
		put_be(peers + i * 6 + 4, 2, 1 + i);
	}
	memset(peers + 6000, 0xff, 5);
	accept_connect(s, last(s), 1);
	accept_announce(s, last(s), 60, bytes_of(peers, sizeof(peers)));
	assert_int_equal(s->n_peers, 1000);
	assert_int_equal(s->peers[999].port, 1000);
	run(s, 60000);
	accept_connect(s, last(s), 1);
	accept_announce(s, last(s), 60, bytes_of(peers, 6000));
	assert_int_equal(s->n_peers, 1000);
	finish(s);
}

static void
peers_that_cannot_be_are_dropped(void **state)
{
	static const struct {
		uint8_t ip[4];
		uint16_t port;
		bool good;
	} peer[] = {
		{ { 10, 0, 0, 1 }, 6881, true },
		{ { 10, 0, 0, 1 }, 6881, false },     /* again */
		{ { 10, 0, 0, 1 }, 6882, true },      /* another port is another peer */
		{ { 10, 0, 0, 2 }, 0, false },        /* port 0 */
		{ { 0, 1, 2, 3 }, 6881, false },      /* 0/8 */
		{ { 224, 0, 0, 1 }, 6881, false },    /* multicast */
		{ { 255, 255, 255, 255 }, 1, false }, /* broadcast */
		{ { 192, 0, 2, 1 }, 6881, false },    /* ourselves */
		{ { 192, 0, 2, 1 }, 6882, true }, /* somebody else behind our address */
		{ { 127, 0, 0, 1 }, 6883,
		    false }, /* loopback, from a tracker that is not */
	};
	struct sim *s = begin("0 udp://a:1", NULL),
	           *lo = begin("0 udp://127.0.0.1:1", NULL);
	uint8_t in[sizeof(peer) / sizeof(peer[0]) * 6];
	size_t good = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(peer) / sizeof(peer[0]); i++) {
		memcpy(in + i * 6, peer[i].ip, 4);
		put_be(in + i * 6 + 4, 2, peer[i].port);
		good += peer[i].good;
	}
	accept_connect(s, last(s), 1);
	accept_announce(s, last(s), 60, bytes_of(in, sizeof(in)));
	assert_int_equal(s->n_peers, good);
	accept_connect(lo, last(lo), 1);
	accept_announce(lo, last(lo), 60, bytes_of(in, sizeof(in)));
	assert_int_equal(lo->n_peers, good + 1);
	finish(s);
	finish(lo);
}

static void
started_completed_and_stopped_are_each_said_once(void **state)
{
	struct announce_self self = {
		.port = 6881, .downloaded = 1000, .completed = true
	};
	struct sim *s = begin("0 udp://a:1", NULL);
	unsigned said[4] = { 0 };

	(void)state;
	accept_both(s, 100);
	run(s, 20000);
	announce_set_self(s->a, &self);
	run(s, 20000);
	assert_int_equal(last(s)->event, COMPLETED);
	assert_int_equal(last(s)->at, 20000);
	assert_int_equal(last(s)->left, 0);
	accept_announce(s, last(s), 100, bytes_of(NULL, 0));
	run(s, 120000);
	accept_both(s, 100);
	run(s, 130000);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(last(s)->event, STOPPED);
	assert_int_equal(last(s)->want, 0);
	assert_false(announce_is_over(s->a, s->now));
	accept_announce(s, last(s), 100, bytes_of("\x0a\0\0\1\x1a\xe1", 6));
	assert_true(announce_is_over(s->a, s->now));
	assert_int_equal(s->n_peers, 0);
	assert_false(s->open[0]);
	for (size_t i = 0; i < s->n; i++)
		said[s->sent[i].action == ANNOUNCE ? s->sent[i].event : NONE]++;
	assert_int_equal(said[STARTED], 1);
	assert_int_equal(said[COMPLETED], 1);
	assert_int_equal(said[STOPPED], 1);
	finish(s);
}

static void
completed_is_not_said_to_who_never_heard_that_something_was_left(void **state)
{
	struct announce_self self = { .port = 6881, .completed = true };
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	announce_set_self(s->a, &self);
	accept_both(s, 100);
	run(s, 100000);
	accept_both(s, 100);
	announce_stop(s->a, s->now);
	pull(s);
	for (size_t i = 0; i < s->n; i++)
		assert_true(
		    s->sent[i].action == CONNECT || s->sent[i].event != COMPLETED);
	finish(s);
}

static void
a_farewell_that_owes_completed_says_both(void **state)
{
	struct announce_self self = {
		.port = 6881, .downloaded = 1000, .completed = true
	};
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 100);
	run(s, 10000);
	announce_set_self(s->a, &self);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, 4);
	assert_int_equal(s->sent[2].event, COMPLETED);
	assert_int_equal(s->sent[3].event, STOPPED);
	assert_int_not_equal(s->sent[2].txn, s->sent[3].txn);
	finish(s);
}

static void
a_farewell_nobody_answers_is_over_after_2_s(void **state)
{
	struct sim *s = begin("0 udp://a:1", "0 udp://b:1", "0 udp://c:1", NULL);
	size_t before;

	(void)state;
	/* The first one that was asked answers; one has connected only; one is silent. */
	accept_connect(s, &s->sent[0], 1);
	accept_announce(s, last(s), 1800, bytes_of(NULL, 0));
	accept_connect(s, &s->sent[1], 1);
	run(s, 600000);
	before = s->n;
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, before + 1);
	assert_int_equal(last(s)->action, CONNECT);
	assert_int_equal(last(s)->socket, s->sent[0].socket);
	run(s, 601999);
	assert_int_equal(s->n, before + 2); /* the second copy */
	assert_false(announce_is_over(s->a, s->now));
	run(s, 602000);
	assert_true(announce_is_over(s->a, s->now));
	finish(s);
}

static void
who_did_not_answer_started_hears_no_stopped(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_connect(s, last(s), 1);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, 2);
	assert_true(announce_is_over(s->a, s->now));
	assert_false(s->open[0]);
	finish(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unanswered_connects_are_repeated_on_schedule),
		cmocka_unit_test(
		    unanswered_announces_are_repeated_until_the_id_is_too_old),
		cmocka_unit_test(
		    a_connect_that_is_answered_late_starts_the_waiting_afresh_but_only_once),
		cmocka_unit_test(an_announce_says_who_we_are),
		cmocka_unit_test(intervals_are_held_between_30_s_and_a_day),
		cmocka_unit_test(a_connection_id_is_used_for_60_s),
		cmocka_unit_test(the_socket_is_closed_when_the_id_is_too_old),
		cmocka_unit_test(a_silent_tracker_with_an_old_id_gets_a_connect_first),
		cmocka_unit_test(the_magic_and_zero_are_connection_ids_like_any_other),
		cmocka_unit_test(a_reply_with_a_foreign_transaction_is_ignored),
		cmocka_unit_test(a_thousand_peers_in_one_datagram_are_all_given_out_once),
		cmocka_unit_test(peers_that_cannot_be_are_dropped),
		cmocka_unit_test(started_completed_and_stopped_are_each_said_once),
		cmocka_unit_test(
		    completed_is_not_said_to_who_never_heard_that_something_was_left),
		cmocka_unit_test(a_farewell_that_owes_completed_says_both),
		cmocka_unit_test(a_farewell_nobody_answers_is_over_after_2_s),
		cmocka_unit_test(who_did_not_answer_started_hears_no_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
