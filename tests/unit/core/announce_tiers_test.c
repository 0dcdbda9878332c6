/* SPDX-License-Identifier: ISC */
/* core/announce with trackers that fail, and with many: tiers, families, names. */
#include "tests/unit/core/announce_sim.h"

static void
a_refused_port_is_told_once_and_asked_again_on_schedule(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	announce_failed(s->a, 0, s->now, true, "connection refused");
	pull(s);
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "connection refused");
	assert_string_equal(s->url, "udp://a:1");
	assert_int_equal(s->nobody, 1);
	run(s, 3000);
	announce_failed(s->a, 0, s->now, true, "connection refused");
	run(s, 15000);
	assert_int_equal(s->n, 3);
	assert_int_equal(s->unanswered, 1);
	accept_both(s, 60);
	assert_int_equal(s->answered, 1);
	run(s, 75000);
	announce_failed(s->a, 0, s->now, true, "connection refused");
	pull(s);
	assert_int_equal(s->unanswered, 2);
	finish(s);
}

static void
a_tracker_that_answers_error_is_told_with_its_words_made_printable(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_connect(s, last(s), 1);
	refuse(s, last(s), "go \x1b[31maway");
	assert_string_equal(s->reason, "the tracker says: go ?[31maway");
	assert_int_equal(s->unanswered, 1);
	run(s, 14999);
	assert_int_equal(s->n, 2);
	run(s, 15000);
	assert_int_equal(s->n, 3);
	assert_int_equal(last(s)->action, CONNECT);
	finish(s);
}

static void
an_error_to_an_old_id_is_tried_again_at_once_with_a_new_one(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 30);
	run(s, 30000);
	refuse(s, last(s), "Connection ID missmatch");
	assert_int_equal(last(s)->action, CONNECT);
	assert_int_equal(last(s)->at, 30000);
	assert_int_equal(s->unanswered, 0);
	accept_both(s, 30);
	assert_int_equal(s->answered, 2);
	finish(s);
}

static void
an_unregistered_torrent_is_told(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);
	uint8_t in[8];

	(void)state;
	accept_connect(s, last(s), 1);
	put_be(put_be(in, 4, 1), 4, last(s)->txn);
	give(s, 0, in, sizeof(in));
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "the torrent is not registered at this tracker");
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_REFUSED);
	finish(s);
}

static void
all_trackers_of_a_tier_are_asked_at_once_and_the_next_tier_waits(void **state)
{
	struct sim *s = begin("5 udp://c:1", "0 udp://a:1", "0 udp://b:1", NULL);

	(void)state;
	assert_int_equal(s->n, 2);
	accept_both(s, 1800);
	run(s, 1799999);
	for (size_t i = 0; i < s->n; i++)
		assert_true(s->sent[i].socket / ANNOUNCE_LINKS < 2);
	finish(s);
}

static void
the_next_tier_joins_when_the_first_has_failed(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", "1 udp://c:1", NULL);

	(void)state;
	run(s, 100);
	assert_int_equal(s->n, 1);
	announce_failed(s->a, s->sent[0].socket, s->now, true, "connection refused");
	pull(s);
	assert_int_equal(s->n, 3);
	assert_int_equal(last(s)->at, 100);
	assert_int_equal(s->nobody, 0);
	finish(s);
}

static void
the_next_tier_joins_when_the_first_is_silent(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", "2 udp://c:1", NULL);

	(void)state;
	run(s, 4999);
	assert_int_equal(s->n, 2);
	run(s, 5000);
	assert_int_equal(s->n, 3);
	assert_int_equal(last(s)->socket / ANNOUNCE_LINKS, 1);
	accept_both(s, 1800);
	run(s, 30000);
	for (size_t i = 0; i < s->n; i++)
		assert_true(s->sent[i].socket / ANNOUNCE_LINKS < 2);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_HEARD);
	finish(s);
}

static void
a_first_tier_that_comes_back_lets_the_second_rest(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", NULL);
	const struct sent *late;
	size_t before;

	(void)state;
	run(s, 5000);
	accept_both(s, 1800);
	run(s, 15000);
	late = last(s);
	assert_int_equal(late->socket / ANNOUNCE_LINKS, 0);
	accept_connect(s, late, 1);
	accept_announce(s, last(s), 3600, bytes_of(NULL, 0));
	before = s->n;
	run(s, 3600000);
	assert_int_equal(s->n, before);
	/* But the second one, who knows us, hears stopped as well. */
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, before + 2);
	finish(s);
}

static void
the_second_tier_is_woken_when_the_first_fails_later(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", NULL);

	(void)state;
	accept_both(s, 1800);
	run(s, 1800000);
	assert_int_equal(last(s)->socket, 0);
	run(s, 1800000 + 14999);
	assert_int_equal(last(s)->socket, 0);
	run(s, 1800000 + 15000);
	assert_int_equal(last(s)->socket / ANNOUNCE_LINKS, 1);
	assert_int_equal(s->unanswered, 1);
	finish(s);
}

static void
who_answers_is_moved_to_the_front_of_its_tier(void **state)
{
	struct sim *s =
	    begin("0 udp://a:1", "0 udp://b:1", "0 udp://c:1", "0 udp://d:1", NULL);
	unsigned third = s->sent[2].socket, fourth = s->sent[3].socket;

	(void)state;
	assert_int_equal(s->n, 4);
	accept_connect(s, &s->sent[2], 1);
	accept_announce(s, last(s), 100, bytes_of(NULL, 0));
	accept_connect(s, &s->sent[3], 1);
	accept_announce(s, last(s), 100, bytes_of(NULL, 0));
	run(s, 99999);
	s->n = 0;
	run(s, 100000);
	assert_int_equal(s->n, 2);
	assert_int_equal(s->sent[0].socket, fourth);
	assert_int_equal(s->sent[1].socket, third);
	finish(s);
}

static void
a_tier_is_shuffled_and_tiers_are_not_mixed(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (uint64_t seed = 1; seed < 64; seed++) {
		const struct torrent_tracker t[3] = { { .tier = 0,
			                                  .url = bytes_str("udp://a:1") },
			{ .tier = 0, .url = bytes_str("udp://b:1") },
			{ .tier = 1, .url = bytes_str("udp://c:1") } };
		struct sim s = { .seed = seed * 77 };
		struct announce_config config = { .random = dice, .ctx = &s };
		struct announce_event e;

		s.a = announce_new(&config, t, 3);
		announce_start(s.a, 0);
		assert_true(announce_next(s.a, &e) && e.what == ANNOUNCE_RESOLVE &&
		    e.tracker < 2);
		seen |= 1u << e.tracker;
		assert_true(announce_next(s.a, &e) && e.what == ANNOUNCE_RESOLVE &&
		    e.tracker < 2);
		assert_false(announce_next(s.a, &e));
		announce_free(s.a);
	}
	assert_int_equal(seen, 3);
}

static void
both_families_of_a_host_are_asked_with_one_key(void **state)
{
	/* [2001:db8::2]:6881 */
	static const uint8_t six[18] = { 0x20, 1, 0x0d, 0xb8, [15] = 2, 0x1a, 0xe1 };
	struct sim *s = begin("0 udp://both:1", NULL);
	const struct sent *v4, *v6;

	(void)state;
	assert_int_equal(s->n, 2);
	accept_connect(s, &s->sent[0], 4);
	v4 = last(s);
	accept_announce(s, v4, 60, bytes_of("\x0a\0\0\x09\x1a\xe1", 6));
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_ASKING);
	accept_connect(s, &s->sent[1], 6);
	v6 = last(s);
	accept_announce(s, v6, 60, bytes_of(six, 18));
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_HEARD);
	assert_int_equal(v4->key, v6->key);
	assert_int_equal(s->n_peers, 2);
	assert_true(s->peers[1].ip[15] == 2 && s->peers[1].port == 6881);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, 6);
	finish(s);
}

static void
of_many_addresses_the_first_that_answers_stays(void **state)
{
	struct sim *s = begin("0 udp://many:1", NULL);
	unsigned open = 0;

	(void)state;
	assert_int_equal(s->n, ANNOUNCE_LINKS / 2);
	accept_connect(s, &s->sent[2], 1);
	accept_announce(s, last(s), 60, bytes_of(NULL, 0));
	for (unsigned i = 0; i < ANNOUNCE_LINKS; i++)
		open += s->open[i];
	assert_int_equal(open, 1);
	assert_true(s->open[s->sent[2].socket]);
	finish(s);
}

static void
one_failed_family_does_not_make_the_tracker_fail(void **state)
{
	struct sim *s = begin("0 udp://both:1", NULL);

	(void)state;
	announce_failed(s->a, s->sent[1].socket, s->now, true, "network unreachable");
	pull(s);
	assert_int_equal(s->unanswered, 0);
	accept_connect(s, &s->sent[0], 1);
	accept_announce(s, last(s), 60, bytes_of(NULL, 0));
	run(s, 59000);
	assert_int_equal(s->unanswered, 0);
	assert_int_equal(s->answered, 1);
	finish(s);
}

static void
a_name_that_is_not_found_is_told_and_looked_up_again(void **state)
{
	struct sim *s = begin("0 udp://gone:1", NULL);

	(void)state;
	assert_int_equal(s->resolves, 1);
	assert_string_equal(s->reason, "no such host");
	run(s, 14999);
	assert_int_equal(s->resolves, 1);
	run(s, 15000);
	assert_int_equal(s->resolves, 2);
	run(s, 45000);
	assert_int_equal(s->resolves, 3);
	assert_int_equal(s->unanswered, 1);
	finish(s);
}

static void
a_name_whose_address_stays_silent_is_looked_up_again(void **state)
{
	struct addr moved = at("10.9.9.9", 1);
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	run(s, 104999);
	assert_int_equal(s->resolves, 1);
	run(s, 105000);
	assert_int_equal(s->resolves, 2);
	announce_resolved(s->a, 0, s->now, RC_OK, &moved, 1);
	pull(s);
	assert_true(addr_eq(&s->to[last(s)->socket], &moved));
	accept_both(s, 60);
	assert_int_equal(s->answered, 1);
	finish(s);
}

static void
a_socket_that_cannot_be_made_is_told_and_tried_again(void **state)
{
	struct sim *s = begin("0 udp://wait:1", NULL);
	struct addr to = at("2001:db8::1", 1);

	(void)state;
	s->refuse_open = true;
	announce_resolved(s->a, 0, s->now, RC_OK, &to, 1);
	pull(s);
	assert_string_equal(s->reason, "network unreachable");
	s->refuse_open = false;
	run(s, 15000);
	assert_true(s->n >= 1);
	accept_both(s, 60);
	assert_int_equal(s->answered, 1);
	finish(s);
}

static void
unusable_trackers_are_told_once_and_the_next_tier_goes_on(void **state)
{
	struct sim *s =
	    begin("2 wss://c", "3 nonsense", "4 udp://noport", "5 udp://e:1", NULL);

	(void)state;
	assert_int_equal(s->unanswered, 3);
	assert_int_equal(s->n, 1);
	assert_int_equal(s->nobody, 0);
	accept_both(s, 60);
	run(s, 100000);
	assert_int_equal(s->unanswered, 3 + 1); /* the UDP one went silent at 60 s */
	finish(s);
	s = begin("0 wss://a/announce", NULL);
	assert_string_equal(s->reason, "a kind of tracker that is not known");
	assert_true(announce_is_refused(s->a));
	assert_int_equal(s->nobody, 1);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_REFUSED);
	run(s, 100000);
	assert_int_equal(s->unanswered, 1);
	finish(s);
}

static void
a_round_that_nobody_answers_stays_open_until_it_is_given_up(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", NULL);

	(void)state;
	run(s, 14999);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_ASKING);
	assert_int_equal(s->unanswered, 0);
	announce_give_up(s->a, "no answer in 15 s");
	pull(s);
	assert_int_equal(s->unanswered, 2);
	assert_string_equal(s->reason, "no answer in 15 s");
	finish(s);
}

static void
equal_urls_count_once_and_too_many_are_left_out(void **state)
{
	struct sim *s =
	    begin("0 udp://a:1", "0 udp://a:1", "3 udp://a:1", "3 udp://b:1", NULL);
	struct torrent_tracker many[300];
	char url[300][32];
	struct announce_config config = { .random = dice, .ctx = s };
	struct announce *a;

	(void)state;
	assert_int_equal(announce_trackers(s->a), 2);
	assert_int_equal(s->n, 1);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(url[i], sizeof(url[i]), "udp://h%d:1", i);
		many[i] = (struct torrent_tracker){ .tier = (uint32_t)(300 - i),
			.url = bytes_str(url[i]) };
	}
	a = announce_new(&config, many, 300);
	assert_int_equal(announce_trackers(a), ANNOUNCE_TRACKERS);
	announce_free(a);
	finish(s);
}

static void
no_trackers_means_nothing_to_do(void **state)
{
	struct sim *s = begin(NULL);

	(void)state;
	assert_int_equal(announce_trackers(s->a), 0);
	assert_true(announce_deadline(s->a) == INT64_MAX);
	announce_stop(s->a, s->now);
	assert_true(announce_is_over(s->a, s->now));
	finish(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_port_is_told_once_and_asked_again_on_schedule),
		cmocka_unit_test(
		    a_tracker_that_answers_error_is_told_with_its_words_made_printable),
		cmocka_unit_test(
		    an_error_to_an_old_id_is_tried_again_at_once_with_a_new_one),
		cmocka_unit_test(an_unregistered_torrent_is_told),
		cmocka_unit_test(
		    all_trackers_of_a_tier_are_asked_at_once_and_the_next_tier_waits),
		cmocka_unit_test(the_next_tier_joins_when_the_first_has_failed),
		cmocka_unit_test(the_next_tier_joins_when_the_first_is_silent),
		cmocka_unit_test(a_first_tier_that_comes_back_lets_the_second_rest),
		cmocka_unit_test(the_second_tier_is_woken_when_the_first_fails_later),
		cmocka_unit_test(who_answers_is_moved_to_the_front_of_its_tier),
		cmocka_unit_test(a_tier_is_shuffled_and_tiers_are_not_mixed),
		cmocka_unit_test(both_families_of_a_host_are_asked_with_one_key),
		cmocka_unit_test(of_many_addresses_the_first_that_answers_stays),
		cmocka_unit_test(one_failed_family_does_not_make_the_tracker_fail),
		cmocka_unit_test(a_name_that_is_not_found_is_told_and_looked_up_again),
		cmocka_unit_test(a_name_whose_address_stays_silent_is_looked_up_again),
		cmocka_unit_test(a_socket_that_cannot_be_made_is_told_and_tried_again),
		cmocka_unit_test(
		    unusable_trackers_are_told_once_and_the_next_tier_goes_on),
		cmocka_unit_test(
		    a_round_that_nobody_answers_stays_open_until_it_is_given_up),
		cmocka_unit_test(equal_urls_count_once_and_too_many_are_left_out),
		cmocka_unit_test(no_trackers_means_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
