/* SPDX-License-Identifier: ISC */
/* core/announce with HTTP trackers: the same rules, and what is HTTP's own. */
#include "tests/unit/core/announce_sim.h"

#define H4 "http://192.0.2.9/announce" /* one family: one request */

static bool
has(const struct got *g, const char *text)
{
	return strstr(g->url, text) != NULL;
}

static void
both_families_of_a_name_are_asked_and_one_of_an_address(void **state)
{
	struct sim *s = begin("0 https://t.example/a", NULL);

	(void)state;
	assert_int_equal(s->n_got, 2);
	assert_true(s->got[0].v6 != s->got[1].v6);
	assert_int_equal(s->resolves, 0);
	finish(s);
	s = begin("0 " H4, NULL);
	assert_int_equal(s->n_got, 1);
	assert_false(s->got[0].v6);
	finish(s);
	s = begin("0 http://[2001:db8::1]/announce", NULL);
	assert_int_equal(s->n_got, 1);
	assert_true(s->got[0].v6);
	finish(s);
}

static void
an_answer_is_told_with_its_peers_and_the_next_request_keeps_the_interval(void **state)
{
	struct sim *s = begin("0 " H4 "?k=1", NULL);
	struct addr one = at("10.0.0.1", 6881), six = at("2001:db8::5", 6881);

	(void)state;
	assert_true(has(last_got(s),
	    "http://192.0.2.9/announce?k=1&info_hash=hhhhhhhhhhhhhhhhhhhh&"));
	assert_true(has(last_got(s), "&peer_id=-UG0100-abcdefghijkl&port=6881&"));
	assert_true(has(last_got(s), "&left=1000&"));
	assert_true(has(last_got(s), "&event=started"));
	reply(s, last_got(s), 200,
	    "d8:completei3e10:incompletei4e8:intervali900e5:peers6:"
	    "\x0a\x01\x01\x01\x1a\xe1"
	    "e");
	/* 10.1.1.1: a NUL would end the text. */
	one = at("10.1.1.1", 6881);
	assert_true(s->answered == 1 && s->interval_s == 900 && s->seeders == 3 &&
	    s->leechers == 4 && s->changed == 1);
	assert_int_equal(s->n_peers, 1);
	assert_true(addr_eq(&s->peers[0], &one));
	run(s, 899999);
	assert_int_equal(s->n_got, 1);
	run(s, 900000);
	assert_int_equal(s->n_got, 2);
	assert_false(has(last_got(s), "event="));
	reply(s, last_got(s), 200,
	    "d8:intervali900e5:peersld2:ip8:10.1.1.14:porti6881eed2:ip11:2001:db8::54:"
	    "porti6881"
	    "eeee");
	assert_int_equal(s->answered, 2);
	assert_int_equal(s->changed, 1);
	assert_int_equal(s->n_peers, 2);
	assert_true(addr_eq(&s->peers[1], &six));
	finish(s);
}

static void
intervals_are_held_and_min_interval_counts_when_it_is_longer(void **state)
{
	static const struct {
		const char *body;
		int64_t again_s;
	} want[] = { { "d8:intervali0ee", 30 }, { "d8:intervali-5ee", 30 },
		{ "d8:intervali2147483648ee", 86400 },
		{ "d8:intervali99999999999999999999ee", 86400 },
		{ "d8:intervali60e12:min intervali100ee", 100 },
		{ "d8:intervali100e12:min intervali60ee", 100 },
		{ "d5:peers0:e", 1800 } };

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct sim *s = begin("0 " H4, NULL);

		reply(s, last_got(s), 200, want[i].body);
		assert_int_equal(s->interval_s, want[i].again_s);
		run(s, want[i].again_s * 1000 - 1);
		assert_int_equal(s->n_got, 1);
		run(s, want[i].again_s * 1000);
		assert_int_equal(s->n_got, 2);
		finish(s);
	}
}

static void
failures_are_repeated_after_15_s_doubled_up_to_64_min(void **state)
{
	struct sim *s = begin("0 " H4, NULL);
	int64_t at_ms = 0, wait = 15000;

	(void)state;
	for (int i = 0; i < 11; i++) {
		assert_int_equal(last_got(s)->at, at_ms);
		assert_true(has(last_got(s), "event=started"));
		break_get(s, last_got(s), RC_SYS, "Connection refused");
		at_ms += wait;
		wait = wait < 3840000 ? wait * 2 : wait;
		run(s, at_ms);
		assert_int_equal(s->n_got, i + 2);
	}
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "Connection refused");
	assert_int_equal(s->nobody, 1);
	assert_false(announce_is_refused(s->a));
	finish(s);
}

static void
what_the_tracker_says_is_the_reason_whatever_the_status(void **state)
{
	static const struct {
		unsigned status;
		const char *body, *reason;
		bool no; /* refused, when said twice */
	} want[] = {
		{ 200, "d14:failure reason4:go\x1b[e", "the tracker says: go?[", true },
		{ 403, "d14:failure reason2:noe", "the tracker says: no", true },
		{ 500, "d14:failure reason2:noe", "the tracker says: no", true },
		{ 404, "<html>", "HTTP status 404", true },
		{ 503, "busy", "HTTP status 503", false },
		{ 429, "", "HTTP status 429", false },
		{ 500, "d8:intervali900e5:peers0:e", "HTTP status 500", false },
		{ 200, "<html>", "not the answer of a tracker", false },
		{ 200, "", "not the answer of a tracker", false },
		{ 200, "de", "not the answer of a tracker", false },
		{ 200, "d8:intervali900e5:peers6:abc", "not the answer of a tracker",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct sim *s = begin("0 " H4, NULL);

		reply(s, last_got(s), want[i].status, want[i].body);
		assert_string_equal(s->reason, want[i].reason);
		assert_int_equal(s->unanswered, 1);
		assert_int_equal(s->n_peers, 0);
		assert_false(announce_is_refused(s->a));
		assert_int_equal(s->nobody, 1);
		assert_int_equal(s->nobody_refused, want[i].no);
		run(s, 15000);
		assert_int_equal(s->n_got, 2);
		reply(s, last_got(s), want[i].status, want[i].body);
		assert_int_equal(announce_is_refused(s->a), want[i].no);
		run(s, 45000);
		assert_int_equal(s->n_got, 3);
		reply(s, last_got(s), 200, "d8:intervali900ee");
		assert_false(announce_is_refused(s->a));
		assert_int_equal(s->changed, 1);
		finish(s);
	}
}

static void
where_one_says_no_and_one_is_silent_not_all_have_said_no(void **state)
{
	struct sim *s = begin("0 " H4, "0 http://10.0.0.5/announce", NULL);

	(void)state;
	reply(s, &s->got[0], 403, "d14:failure reason2:noe");
	assert_int_equal(s->nobody, 0);
	break_get(s, &s->got[1], RC_SYS, "Connection refused");
	assert_int_equal(s->nobody, 1);
	assert_false(s->nobody_refused);
	finish(s);
	s = begin("0 " H4, "0 wss://a/announce", NULL);
	reply(s, &s->got[0], 403, "d14:failure reason2:noe");
	assert_int_equal(s->nobody, 1);
	assert_true(s->nobody_refused);
	finish(s);
}

static void
who_says_when_to_come_again_is_not_asked_before(void **state)
{
	struct announce_http busy = { .rc = RC_OK, .status = 503, .retry_s = 100 };
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	reply_as(s, last_got(s), &busy);
	run(s, 99999);
	assert_int_equal(s->n_got, 1);
	run(s, 100000);
	assert_int_equal(s->n_got, 2);
	reply(s, last_got(s), 200, "d14:failure reason2:no8:retry ini5ee");
	run(s, 399999);
	assert_int_equal(s->n_got, 2);
	run(s, 400000);
	assert_int_equal(s->n_got, 3);
	reply(s, last_got(s), 200, "d14:failure reason2:no8:retry in5:nevere");
	assert_true(announce_is_refused(s->a));
	run(s, 400000 + 86399999);
	assert_int_equal(s->n_got, 3);
	run(s, 400000 + 86400000);
	assert_int_equal(s->n_got, 4);
	finish(s);
}

static void
of_two_reasons_the_one_that_says_more_is_told(void **state)
{
	struct sim *s = begin("0 http://t.example/a", NULL);

	(void)state;
	break_get(s, &s->got[0], RC_SYS, "Connection refused");
	assert_int_equal(s->unanswered, 0);
	break_get(s, &s->got[1], RC_NONE, "no such host");
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "Connection refused");
	finish(s);
	/* Who answered wrongly says more than who did not answer at all. */
	for (size_t i = 0; i < 2; i++) {
		s = begin("0 http://t.example/a", NULL);
		break_get(s, &s->got[i], RC_BAD, "a bad certificate");
		break_get(s, &s->got[1 - i], RC_SYS, "Connection refused");
		assert_string_equal(s->reason, "a bad certificate");
		finish(s);
	}
	s = begin("0 http://t.example/a", NULL);
	break_get(s, &s->got[0], RC_NONE, "no such host");
	reply(s, &s->got[1], 200, "d8:intervali900ee");
	assert_int_equal(s->unanswered, 0);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_HEARD);
	finish(s);
	s = begin("0 http://t.example/a", NULL);
	break_get(s, &s->got[0], RC_NONE, "no such host");
	break_get(s, &s->got[1], RC_NONE, "no such host");
	assert_string_equal(s->reason, "no such host");
	finish(s);
}

static void
the_tracker_id_is_said_again_until_there_is_another(void **state)
{
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	assert_false(has(last_got(s), "trackerid"));
	reply(s, last_got(s), 200, "d8:intervali30e10:tracker id3:a&be");
	run(s, 30000);
	assert_true(has(last_got(s), "&trackerid=a%26b"));
	reply(s, last_got(s), 200, "d8:intervali30ee");
	run(s, 60000);
	assert_true(has(last_got(s), "&trackerid=a%26b"));
	reply(s, last_got(s), 200, "d8:intervali30e10:tracker id1:ce");
	run(s, 90000);
	assert_true(has(last_got(s), "&trackerid=c"));
	finish(s);
}

static void
a_warning_is_told_once_for_each_of_its_texts(void **state)
{
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	reply(s, last_got(s), 200, "d8:intervali30e15:warning message3:olde");
	assert_int_equal(s->warned, 1);
	assert_string_equal(s->warning, "old");
	assert_int_equal(s->answered, 1);
	run(s, 30000);
	reply(s, last_got(s), 200, "d8:intervali30e15:warning message3:olde");
	assert_int_equal(s->warned, 1);
	run(s, 60000);
	reply(s, last_got(s), 200, "d8:intervali30e15:warning message3:newe");
	assert_int_equal(s->warned, 2);
	finish(s);
}

static void
peers_that_cannot_be_are_dropped(void **state)
{
	static const char body[] = "d8:intervali900e5:peersl"
	                           "d2:ip9:127.0.0.14:porti9ee"
	                           "d2:ip3:::14:porti9ee"
	                           "d2:ip9:224.0.0.14:porti9ee"
	                           "d2:ip7:0.0.0.14:porti9ee"
	                           "d2:ip15:255.255.255.2554:porti9ee"
	                           "d2:ip9:192.0.2.14:porti6881ee" /* our own */
	                           "d2:ip7:ff02::14:porti9ee"
	                           "d2:ip8:10.0.0.94:porti0ee"
	                           "d2:ip8:10.0.0.94:porti65536ee"
	                           "d2:ip8:10.0.0.94:porti-1ee"
	                           "d2:ip15:::ffff:127.0.0.4:porti9ee"
	                           "d2:ip8:10.0.0.8e"
	                           "i7e"
	                           "d2:ip8:10.0.0.74:porti9ee"
	                           "ee";
	struct announce_http r = { .rc = RC_OK, .status = 200, .body = bytes_str(body) };
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	reply_as(s, last_got(s), &r);
	assert_int_equal(s->n_peers, 1);
	finish(s);
	s = begin("0 " H4, NULL);
	r.local = true; /* then those of this machine count, too */
	reply_as(s, last_got(s), &r);
	assert_int_equal(s->n_peers, 3);
	finish(s);
}

static void
our_address_as_the_tracker_sees_it_is_no_peer(void **state)
{
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	reply(s, last_got(s), 200,
	    "d11:external ip4:\x05\x06\x07\x08"
	    "8:intervali900e5:peers12:\x05\x06\x07\x08\x1a\xe1\x05\x06\x07\x08\x1a\xe2"
	    "e");
	assert_int_equal(s->n_peers, 1);
	assert_int_equal(s->peers[0].port, 6882);
	finish(s);
}

static void
a_peer_named_by_its_host_is_looked_up_and_judged_by_its_address(void **state)
{
	struct addr found[2] = { at("10.0.0.5", 7), at("127.0.0.1", 7) };
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	reply(s, last_got(s), 200,
	    "d8:intervali900e5:peersld2:ip6:a.test4:porti7eed2:ip6:a.test4:porti7ee"
	    "d2:ip5:a\x1btes4:porti7eeee");
	assert_int_equal(s->names, 1);
	assert_string_equal(s->name, "0 a.test 7");
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_ASKING);
	assert_int_equal(announce_deadline(s->a), s->now + ANNOUNCE_PATIENCE_MS);
	assert_int_equal(
	    announce_round(s->a, s->now + ANNOUNCE_PATIENCE_MS), ANNOUNCE_HEARD);
	announce_named(s->a, 0, s->now, RC_OK, found, 2);
	pull(s);
	assert_int_equal(s->n_peers, 1);
	assert_true(addr_eq(&s->peers[0], &found[0]));
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_HEARD);
	announce_named(s->a, 0, s->now, RC_NONE, NULL, 0);
	pull(s);
	assert_int_equal(s->n_peers, 1);
	finish(s);
}

static void
started_completed_and_stopped_are_each_said_once(void **state)
{
	struct announce_self self = {
		.port = 6881, .downloaded = 1000, .completed = true
	};
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	reply(s, last_got(s), 200, "d8:intervali900ee");
	announce_set_self(s->a, &self);
	run(s, 1000);
	assert_int_equal(s->n_got, 2);
	assert_true(has(last_got(s), "event=completed"));
	reply(s, last_got(s), 200, "d8:intervali900ee");
	run(s, 901000);
	assert_int_equal(s->n_got, 3);
	assert_false(has(last_got(s), "event="));
	reply(s, last_got(s), 200, "d8:intervali900ee");
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n_got, 4);
	assert_true(has(last_got(s), "event=stopped"));
	assert_true(has(last_got(s), "numwant=0"));
	assert_false(announce_is_over(s->a, s->now));
	reply(s, last_got(s), 200, "d8:intervali900ee");
	assert_true(announce_is_over(s->a, s->now));
	assert_int_equal(s->n_got, 4);
	assert_int_equal(s->stopped, 1);
	finish(s);
}

static void
a_farewell_that_owes_completed_says_it_first(void **state)
{
	struct announce_self self = {
		.port = 6881, .downloaded = 1000, .completed = true
	};
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	reply(s, last_got(s), 200, "d8:intervali900ee");
	announce_set_self(s->a, &self);
	announce_stop(s->a, s->now);
	pull(s);
	assert_true(has(last_got(s), "event=completed"));
	assert_int_equal(s->n_got, 2);
	reply(s, last_got(s), 200, "d8:intervali900ee");
	assert_true(has(last_got(s), "event=stopped"));
	assert_int_equal(s->n_got, 3);
	finish(s);
	/* A tracker that keeps silent about the one hears the other after a second. */
	s = begin("0 " H4, NULL);
	reply(s, last_got(s), 200, "d8:intervali900ee");
	announce_set_self(s->a, &self);
	run(s, 10);
	assert_true(has(last_got(s), "event=completed"));
	announce_stop(s->a, s->now);
	run(s, 1009);
	assert_int_equal(s->n_got, 2);
	run(s, 1010);
	assert_int_equal(s->n_got, 3);
	assert_true(has(last_got(s), "event=stopped"));
	run(s, 2009);
	assert_false(announce_is_over(s->a, s->now));
	run(s, 2010);
	assert_true(announce_is_over(s->a, s->now));
	finish(s);
}

static void
a_farewell_breaks_other_requests_off(void **state)
{
	struct sim *s = begin("0 " H4, NULL);

	(void)state;
	reply(s, last_got(s), 200, "d8:intervali30ee");
	run(s, 30000);
	assert_int_equal(s->n_got, 2);
	announce_stop(s->a, s->now);
	pull(s);
	assert_true(s->got[1].over);
	assert_true(has(last_got(s), "event=stopped"));
	finish(s);
	s = begin("0 " H4, NULL); /* who never answered hears nothing */
	announce_stop(s->a, s->now);
	pull(s);
	assert_true(s->got[0].over);
	assert_int_equal(s->n_got, 1);
	assert_true(announce_is_over(s->a, s->now));
	finish(s);
}

static void
tiers_hold_for_both_kinds_alike(void **state)
{
	struct sim *s =
	    begin("0 " H4, "1 udp://b:1", "2 http://192.0.2.8/announce", NULL);

	(void)state;
	assert_true(s->n_got == 1 && s->n == 0);
	break_get(s, last_got(s), RC_SYS, "Connection refused");
	assert_true(s->n_got == 1 && s->n == 1);
	run(s, 5000);
	assert_int_equal(s->n_got, 2);
	reply(s, last_got(s), 200, "d8:intervali900ee");
	/* The first tier comes back: the later ones rest. */
	run(s, 15000);
	assert_int_equal(s->n_got, 3);
	reply(s, last_got(s), 200, "d8:intervali900ee");
	run(s, 914999);
	assert_int_equal(s->n_got, 3);
	run(s, 915000);
	assert_int_equal(s->n_got, 4);
	assert_int_equal(last_got(s)->socket, s->got[0].socket);
	finish(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families_of_a_name_are_asked_and_one_of_an_address),
		cmocka_unit_test(
		    an_answer_is_told_with_its_peers_and_the_next_request_keeps_the_interval),
		cmocka_unit_test(
		    intervals_are_held_and_min_interval_counts_when_it_is_longer),
		cmocka_unit_test(failures_are_repeated_after_15_s_doubled_up_to_64_min),
		cmocka_unit_test(what_the_tracker_says_is_the_reason_whatever_the_status),
		cmocka_unit_test(
		    where_one_says_no_and_one_is_silent_not_all_have_said_no),
		cmocka_unit_test(who_says_when_to_come_again_is_not_asked_before),
		cmocka_unit_test(of_two_reasons_the_one_that_says_more_is_told),
		cmocka_unit_test(the_tracker_id_is_said_again_until_there_is_another),
		cmocka_unit_test(a_warning_is_told_once_for_each_of_its_texts),
		cmocka_unit_test(peers_that_cannot_be_are_dropped),
		cmocka_unit_test(our_address_as_the_tracker_sees_it_is_no_peer),
		cmocka_unit_test(
		    a_peer_named_by_its_host_is_looked_up_and_judged_by_its_address),
		cmocka_unit_test(started_completed_and_stopped_are_each_said_once),
		cmocka_unit_test(a_farewell_that_owes_completed_says_it_first),
		cmocka_unit_test(a_farewell_breaks_other_requests_off),
		cmocka_unit_test(tiers_hold_for_both_kinds_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
