/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "authd/conns.h"

static struct addr
v4(uint8_t last)
{
	const uint8_t ip[4] = { 192, 0, 2, last };

	return addr_v4(ip, 1000);
}

static struct addr
v6(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(bytes_str(text), &a), RC_OK);
	return a;
}

/* One comes; *out is who has to go for it. */
static struct conn *
come(struct conns *c, struct addr source, int64_t now_ms, struct conn **out)
{
	struct conn *n = conns_enter(c, now_ms);

	assert_non_null(n);
	*out = conns_place(c, n, &source);
	return n;
}

/* One comes and nobody has to go. */
static struct conn *
enter(struct conns *c, struct addr source, int64_t now_ms)
{
	struct conn *out, *n = come(c, source, now_ms, &out);

	assert_null(out);
	return n;
}

static void
a_ninth_of_one_source_pushes_out_its_oldest(void **state)
{
	struct conns c;
	struct conn *first, *second, *out;

	(void)state;
	conns_init(&c);
	(void)enter(&c, v4(2), 0);
	first = enter(&c, v4(1), 1);
	second = enter(&c, v4(1), 1);
	for (int i = 0; i < 6; i++)
		(void)enter(&c, v4(1), 2);
	(void)come(&c, v4(1), 3, &out);
	assert_ptr_equal(out, first);
	assert_true(first->leaving);
	(void)come(&c, v4(1), 3, &out);
	assert_ptr_equal(out, second);
	(void)enter(&c, v4(3), 3);
}

static void
who_has_sent_a_whole_request_is_not_pushed_out(void **state)
{
	struct conns c;
	struct conn *eight[8], *n, *out;

	(void)state;
	conns_init(&c);
	for (int i = 0; i < 8; i++)
		eight[i] = enter(&c, v4(1), i);
	for (int i = 0; i < 7; i++) {
		conns_shaken(eight[i]);
		conns_asked(eight[i], 10);
	}
	n = come(&c, v4(1), 11, &out);
	assert_ptr_equal(out, eight[7]);
	conns_shaken(n);
	conns_asked(n, 12);
	n = come(&c, v4(1), 13, &out);
	assert_ptr_equal(out, n);
}

static void
who_has_been_told_to_go_does_not_count(void **state)
{
	struct conns c;
	struct conn *out;

	(void)state;
	conns_init(&c);
	for (int i = 0; i < 8; i++)
		(void)enter(&c, v4(1), 0);
	assert_non_null(conns_due(&c, CONNS_HANDSHAKE_MS));
	(void)come(&c, v4(1), CONNS_HANDSHAKE_MS, &out);
	assert_null(out);
}

static void
a_full_table_pushes_out_the_oldest_of_the_fullest_source(void **state)
{
	struct conns c;
	struct conn *oldest = NULL, *out;

	(void)state;
	conns_init(&c);
	for (uint8_t i = 0; i < 59; i++)
		(void)enter(&c, v4(i), 0);
	for (int i = 0; i < 5; i++) {
		struct conn *n = enter(&c, v4(200), 1);

		oldest = oldest == NULL ? n : oldest;
	}
	(void)come(&c, v4(201), 2, &out);
	assert_ptr_equal(out, oldest);
}

static void
a_full_table_of_which_all_wait_for_vault_takes_nobody(void **state)
{
	struct conns c;
	struct conn *n, *out;

	(void)state;
	conns_init(&c);
	for (uint8_t i = 0; i < CONNS_MOST; i++) {
		n = enter(&c, v4(i), 0);
		conns_shaken(n);
		conns_asked(n, 0);
	}
	n = come(&c, v4(200), 1, &out);
	assert_ptr_equal(out, n);
}

static void
of_ipv6_a_whole_64_is_one_source(void **state)
{
	struct conns c;
	struct conn *first, *out;

	(void)state;
	conns_init(&c);
	first = enter(&c, v6("2001:db8::1"), 0);
	(void)enter(&c, v6("2001:db8:0:1::1"), 0);
	for (int i = 0; i < 7; i++)
		(void)enter(&c, v6("2001:db8::2"), 0);
	(void)come(&c, v6("2001:db8::ffff:ffff:ffff:ffff"), 0, &out);
	assert_ptr_equal(out, first);
}

/* ::ffff:0:0/96 is all of IPv4, and within one /64. */
static void
ipv4_addresses_are_sources_of_their_own(void **state)
{
	struct conns c;

	(void)state;
	conns_init(&c);
	for (uint8_t i = 0; i < 20; i++)
		(void)enter(&c, v4(i), 0);
}

static void
who_has_logged_in_does_not_count_as_a_stranger(void **state)
{
	struct conns c;

	(void)state;
	conns_init(&c);
	for (int i = 0; i < 30; i++) {
		struct conn *n = enter(&c, v4(1), 0);

		conns_shaken(n);
		conns_asked(n, 0);
		assert_true(conns_answering(&c, n, CONN_KNOWN, 0));
		conns_rests(n, 0);
	}
}

static void
no_more_than_so_many_known_ones_stay_open(void **state)
{
	struct conns c;

	(void)state;
	conns_init(&c);
	for (int i = 0; i < CONNS_KNOWN + 1; i++) {
		struct conn *n = enter(&c, v4(1), 0);

		conns_asked(n, 0);
		assert_int_equal(conns_answering(&c, n, CONN_KNOWN, 0), i < CONNS_KNOWN);
		if (i < CONNS_KNOWN)
			conns_rests(n, 0);
	}
}

static void
a_handshake_has_5_s_and_the_request_15_whatever_comes_in_between(void **state)
{
	struct conns c;
	struct conn *n;

	(void)state;
	conns_init(&c);
	assert_true(conns_next_ms(&c) == INT64_MAX);
	n = enter(&c, v4(1), 1000);
	assert_true(conns_next_ms(&c) == 6000);
	assert_null(conns_due(&c, 5999));
	conns_shaken(n);
	assert_true(conns_next_ms(&c) == 16000);
	assert_null(conns_due(&c, 15999));
	assert_ptr_equal(conns_due(&c, 16000), n);
	assert_null(conns_due(&c, 16000));
	assert_true(conns_next_ms(&c) == INT64_MAX);
}

static void
what_anybody_may_have_buys_no_time(void **state)
{
	struct conns c;
	struct conn *n;

	(void)state;
	conns_init(&c);
	n = enter(&c, v4(1), 0);
	conns_shaken(n);
	for (int64_t now = 0; now < 14000; now += 1000) {
		conns_asked(n, now);
		assert_true(conns_answering(&c, n, CONN_SERVED, now));
		conns_rests(n, now);
		assert_true(conns_next_ms(&c) == 15000);
	}
}

static void
a_login_may_rest_and_a_refusal_ends_it(void **state)
{
	struct conns c;
	struct conn *n;

	(void)state;
	conns_init(&c);
	n = enter(&c, v4(1), 0);
	conns_shaken(n);
	conns_asked(n, 14000);
	assert_true(conns_next_ms(&c) == 74000);
	assert_true(conns_answering(&c, n, CONN_KNOWN, 20000));
	assert_true(conns_next_ms(&c) == 50000);
	conns_rests(n, 21000);
	assert_true(conns_next_ms(&c) == 36000);
	conns_asked(n, 30000);
	assert_false(conns_answering(&c, n, CONN_REFUSED, 30000));
}

static void
who_waits_for_vault_too_long_is_not_closed_but_answered(void **state)
{
	struct conns c;
	struct conn *n;

	(void)state;
	conns_init(&c);
	n = enter(&c, v4(1), 0);
	conns_shaken(n);
	conns_asked(n, 0);
	assert_ptr_equal(conns_due(&c, 60000), n);
	assert_false(n->leaving);
	assert_int_equal(n->stage, CONN_ASKED);
}

static void
places_are_given_back(void **state)
{
	struct conns c;
	struct conn *n = NULL;

	(void)state;
	conns_init(&c);
	for (int i = 0; i < CONNS_SLOTS; i++) {
		assert_true(conns_has_room(&c));
		n = conns_enter(&c, 0);
		assert_non_null(n);
	}
	assert_false(conns_has_room(&c));
	assert_null(conns_enter(&c, 0));
	conns_leave(n);
	assert_ptr_equal(conns_enter(&c, 0), n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ninth_of_one_source_pushes_out_its_oldest),
		cmocka_unit_test(who_has_sent_a_whole_request_is_not_pushed_out),
		cmocka_unit_test(who_has_been_told_to_go_does_not_count),
		cmocka_unit_test(
		    a_full_table_pushes_out_the_oldest_of_the_fullest_source),
		cmocka_unit_test(a_full_table_of_which_all_wait_for_vault_takes_nobody),
		cmocka_unit_test(of_ipv6_a_whole_64_is_one_source),
		cmocka_unit_test(ipv4_addresses_are_sources_of_their_own),
		cmocka_unit_test(who_has_logged_in_does_not_count_as_a_stranger),
		cmocka_unit_test(no_more_than_so_many_known_ones_stay_open),
		cmocka_unit_test(
		    a_handshake_has_5_s_and_the_request_15_whatever_comes_in_between),
		cmocka_unit_test(what_anybody_may_have_buys_no_time),
		cmocka_unit_test(a_login_may_rest_and_a_refusal_ends_it),
		cmocka_unit_test(who_waits_for_vault_too_long_is_not_closed_but_answered),
		cmocka_unit_test(places_are_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
