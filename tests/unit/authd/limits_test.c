/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/limits.h"

enum { SECOND = 1000, START = 1000 * SECOND };

static const uint8_t secret[LIMITS_SECRET] = { 7 };

struct world {
	struct limits *l;
	uint32_t retry_s;
};

static struct addr
source(const char *text)
{
	struct addr a = { .port = 1 };

	assert_int_equal(addr_parse(bytes_str(text), &a), RC_OK);
	return a;
}

static enum limits_verdict
begin(struct world *w, const char *from, const char *account, int64_t now_ms,
    struct limits_try *t)
{
	struct limits_who who = { .source = source(from), .account = bytes_str(account) };

	return limits_begin(w->l, &who, now_ms, t, &w->retry_s);
}

/* One try that ends at once, if it may begin. */
static enum limits_verdict
once(struct world *w, const char *from, const char *account, int64_t now_ms,
    enum limits_end how)
{
	struct limits_try t;
	enum limits_verdict v = begin(w, from, account, now_ms, &t);

	if (v == LIMITS_GO)
		limits_end(w->l, &t, how, now_ms);
	return v;
}

static void
drain(struct world *w, const char *from, int64_t now_ms)
{
	char account[] = "a";

	for (int i = 0; i < LIMITS_BUCKET; i++) {
		account[0] = (char)('a' + i);
		assert_int_equal(
		    once(w, from, account, now_ms, LIMITS_FAILURE), LIMITS_GO);
	}
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	w->l = limits_new(secret);
	*state = w;
	return w->l == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	limits_free(w->l);
	free(w);
	return 0;
}

static void
a_thousand_guesses_in_a_minute_are_twelve_tries(void **state)
{
	struct world *w = *state;
	unsigned tries = 0;

	for (int i = 0; i < 1000; i++)
		tries += once(w, "192.0.2.1", "ops", START + i * 60, LIMITS_FAILURE) ==
		    LIMITS_GO;
	assert_in_range(tries, 5, 12);
}

static void
a_thousand_guesses_at_as_many_accounts_are_twelve_tries_too(void **state)
{
	struct world *w = *state;
	unsigned tries = 0;
	char name[] = "u000";

	for (int i = 0; i < 1000; i++) {
		name[1] = (char)('0' + i / 100);
		name[2] = (char)('0' + i / 10 % 10);
		name[3] = (char)('0' + i % 10);
		tries += once(w, "192.0.2.1", name, START + i * 60, LIMITS_FAILURE) ==
		    LIMITS_GO;
	}
	/* 10, and one more for each whole 30 s: the last guess comes after 59.94 s. */
	assert_int_equal(tries, 11);
}

static void
successes_cost_nothing(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    once(w, "192.0.2.1", "ops", START, LIMITS_SUCCESS), LIMITS_GO);
}

static void
a_drained_bucket_says_when_the_next_try_may_come(void **state)
{
	struct world *w = *state;

	drain(w, "192.0.2.1", START);
	assert_int_equal(
	    once(w, "192.0.2.1", "z", START + 10 * SECOND, LIMITS_SUCCESS), LIMITS_WAIT);
	assert_int_equal(w->retry_s, 20);
	assert_int_equal(
	    once(w, "192.0.2.1", "z", START + 29999, LIMITS_SUCCESS), LIMITS_WAIT);
	assert_int_equal(w->retry_s, 1);
	assert_int_equal(
	    once(w, "192.0.2.1", "z", START + 30000, LIMITS_FAILURE), LIMITS_GO);
	assert_int_equal(
	    once(w, "192.0.2.1", "z", START + 30000, LIMITS_FAILURE), LIMITS_WAIT);
	assert_int_equal(w->retry_s, 30);
}

static void
other_sources_do_not_suffer(void **state)
{
	struct world *w = *state;

	drain(w, "192.0.2.1", START);
	assert_int_equal(once(w, "192.0.2.2", "a", START, LIMITS_SUCCESS), LIMITS_GO);
}

static void
an_ipv6_network_of_64_bits_is_one_source(void **state)
{
	struct world *w = *state;

	drain(w, "2001:db8:0:1::1", START);
	assert_int_equal(
	    once(w, "2001:db8:0:1:ffff::9", "z", START, LIMITS_SUCCESS), LIMITS_WAIT);
	assert_int_equal(
	    once(w, "2001:db8:0:2::1", "z", START, LIMITS_SUCCESS), LIMITS_GO);
}

static void
tries_on_their_way_fill_the_bucket_for_a_second_only(void **state)
{
	struct world *w = *state;
	struct limits_try t[LIMITS_BUCKET];

	for (int i = 0; i < LIMITS_BUCKET; i++)
		assert_int_equal(begin(w, "192.0.2.1", "ops", START, &t[i]), LIMITS_GO);
	assert_int_equal(once(w, "192.0.2.1", "ops", START, LIMITS_SUCCESS), LIMITS_BUSY);
	assert_int_equal(w->retry_s, 1);
	limits_end(w->l, &t[0], LIMITS_VOID, START);
	assert_int_equal(once(w, "192.0.2.1", "ops", START, LIMITS_SUCCESS), LIMITS_GO);
	for (int i = 1; i < LIMITS_BUCKET; i++)
		limits_end(w->l, &t[i], LIMITS_FAILURE, START);
	assert_int_equal(once(w, "192.0.2.1", "x", START, LIMITS_FAILURE), LIMITS_GO);
	assert_int_equal(once(w, "192.0.2.1", "x", START, LIMITS_SUCCESS), LIMITS_WAIT);
}

static void
an_account_makes_its_source_wait_twice_as_long_each_time(void **state)
{
	struct world *w = *state;
	int64_t now = START;

	for (int i = 0; i < LIMITS_PATIENCE; i++)
		assert_int_equal(
		    once(w, "192.0.2.1", "ops", now, LIMITS_FAILURE), LIMITS_GO);
	/*
	 * Half an hour later each time the bucket is full again, so only the pair counts.
	 */
	for (uint32_t wait_s = 1; wait_s <= 512; wait_s *= 2) {
		assert_int_equal(once(w, "192.0.2.1", "ops", now + wait_s * SECOND - 1,
		                     LIMITS_SUCCESS),
		    LIMITS_WAIT);
		now += 1800 * SECOND;
		assert_int_equal(
		    once(w, "192.0.2.1", "ops", now, LIMITS_FAILURE), LIMITS_GO);
	}
	assert_int_equal(once(w, "192.0.2.1", "ops", now, LIMITS_SUCCESS), LIMITS_WAIT);
	assert_int_equal(w->retry_s, LIMITS_WAIT_MAX_S);
	assert_int_equal(once(w, "192.0.2.1", "other", now, LIMITS_SUCCESS), LIMITS_GO);
	assert_int_equal(once(w, "192.0.2.2", "ops", now, LIMITS_SUCCESS), LIMITS_GO);
}

static void
a_waiting_account_gets_one_try_at_a_time(void **state)
{
	struct world *w = *state;
	struct limits_try t;

	for (int i = 0; i < LIMITS_PATIENCE; i++)
		assert_int_equal(
		    once(w, "192.0.2.1", "ops", START, LIMITS_FAILURE), LIMITS_GO);
	assert_int_equal(begin(w, "192.0.2.1", "ops", START + SECOND, &t), LIMITS_GO);
	assert_int_equal(
	    once(w, "192.0.2.1", "ops", START + SECOND, LIMITS_FAILURE), LIMITS_BUSY);
	limits_end(w->l, &t, LIMITS_SUCCESS, START + SECOND);
	/* The success has made it an account like any other. */
	assert_int_equal(
	    once(w, "192.0.2.1", "ops", START + SECOND, LIMITS_FAILURE), LIMITS_GO);
	assert_int_equal(
	    once(w, "192.0.2.1", "ops", START + SECOND, LIMITS_FAILURE), LIMITS_GO);
}

static void
a_clock_that_jumps_back_makes_no_wait_longer(void **state)
{
	struct world *w = *state;

	drain(w, "192.0.2.1", START + 86400 * (int64_t)SECOND);
	assert_int_equal(once(w, "192.0.2.1", "z", START, LIMITS_SUCCESS), LIMITS_WAIT);
	assert_in_range(w->retry_s, 1, 30);
	assert_int_equal(
	    once(w, "192.0.2.1", "z", START + 30000, LIMITS_SUCCESS), LIMITS_GO);
}

static void
notes_bring_the_failures_back(void **state)
{
	struct world *w = *state, after = { .l = limits_new(secret) };
	struct limits_note n;
	unsigned at = 0, notes = 0;

	assert_non_null(after.l);
	drain(w, "192.0.2.1", START);
	while (limits_changed(w->l, &at, &n)) {
		limits_restore(after.l, &n, START);
		notes++;
	}
	assert_int_equal(notes, 1 + LIMITS_BUCKET);
	assert_int_equal(
	    once(&after, "192.0.2.1", "z", START, LIMITS_SUCCESS), LIMITS_WAIT);
	limits_saved(w->l);
	at = 0;
	assert_false(limits_changed(w->l, &at, &n));
	limits_free(after.l);
}

/* Whoever has the notes alone has no name, and none that was a password. */
static void
notes_of_accounts_say_nothing_without_the_secret(void **state)
{
	static const uint8_t other[LIMITS_SECRET] = { 8 };
	struct world *w = *state, elsewhere = { .l = limits_new(other) };
	struct limits_note here = { .failures = 0 }, there = { .failures = 0 };
	unsigned at = LIMITS_MAX;

	assert_non_null(elsewhere.l);
	assert_int_equal(
	    once(w, "192.0.2.1", "pass word", START, LIMITS_FAILURE), LIMITS_GO);
	assert_int_equal(
	    once(&elsewhere, "192.0.2.1", "pass word", START, LIMITS_FAILURE), LIMITS_GO);
	assert_true(limits_changed(w->l, &at, &here));
	at = LIMITS_MAX;
	assert_true(limits_changed(elsewhere.l, &at, &there));
	assert_int_equal(here.kind, LIMITS_PAIR);
	assert_int_equal(there.kind, LIMITS_PAIR);
	assert_memory_not_equal(here.key, there.key, LIMITS_KEY);
	limits_free(elsewhere.l);
}

static void
a_damaged_note_is_cut_to_the_rules(void **state)
{
	struct world *w = *state;
	struct addr a = source("192.0.2.1");
	struct limits_note n = {
		.kind = LIMITS_SOURCE, .failures = 60000, .since_ms = INT64_MAX
	};

	memcpy(n.key, a.ip, LIMITS_KEY);
	limits_restore(w->l, &n, START);
	assert_int_equal(once(w, "192.0.2.1", "z", START, LIMITS_SUCCESS), LIMITS_WAIT);
	assert_int_equal(w->retry_s, 30);
	assert_int_equal(
	    once(w, "192.0.2.1", "z", START + 30000, LIMITS_SUCCESS), LIMITS_GO);
}

static void
of_too_many_sources_the_oldest_is_forgotten(void **state)
{
	struct world *w = *state;
	struct limits_try t, first;
	struct addr a = source("10.0.0.0");

	assert_int_equal(begin(w, "192.0.2.9", "ops", START, &first), LIMITS_GO);
	drain(w, "192.0.2.1", START + 1);
	drain(w, "192.0.2.2", START + 2);
	for (unsigned i = 0; i < LIMITS_MAX - 2; i++) {
		struct limits_who who = { .source = a, .account = bytes_str("x") };

		who.source.ip[13] = (uint8_t)(i >> 16);
		who.source.ip[14] = (uint8_t)(i >> 8);
		who.source.ip[15] = (uint8_t)i;
		assert_int_equal(
		    limits_begin(w->l, &who, START + 3, &t, &w->retry_s), LIMITS_GO);
		limits_end(w->l, &t, LIMITS_FAILURE, START + 3);
	}
	/* The very oldest is on its way and stays. */
	limits_end(w->l, &first, LIMITS_FAILURE, START + 4);
	assert_int_equal(
	    once(w, "192.0.2.2", "z", START + 5, LIMITS_SUCCESS), LIMITS_WAIT);
	assert_int_equal(once(w, "192.0.2.1", "z", START + 5, LIMITS_SUCCESS), LIMITS_GO);
}

/* As many names as the table has places, by one who has to wait anyhow. */
static void
a_source_that_waits_pushes_out_what_is_known_of_no_account(void **state)
{
	struct world *w = *state;
	char name[] = "u00000";

	for (int i = 0; i < LIMITS_PATIENCE; i++)
		assert_int_equal(
		    once(w, "192.0.2.1", "ops", START, LIMITS_FAILURE), LIMITS_GO);
	assert_int_equal(
	    once(w, "192.0.2.1", "ops", START + SECOND, LIMITS_FAILURE), LIMITS_GO);
	for (unsigned i = 0; i < 2 * LIMITS_MAX; i++) {
		for (unsigned at = 5, rest = i; at > 0; at--, rest /= 10)
			name[at] = (char)('0' + rest % 10);
		(void)once(w, "192.0.2.1", name, START + 2 * SECOND, LIMITS_FAILURE);
	}
	/* Of the 6 failures none is forgotten: the wait is 2 s, the bucket's shorter. */
	assert_int_equal(
	    once(w, "192.0.2.1", "ops", START + 151 * SECOND, LIMITS_FAILURE), LIMITS_GO);
	assert_int_equal(
	    once(w, "192.0.2.1", "ops", START + 152 * SECOND, LIMITS_SUCCESS),
	    LIMITS_WAIT);
	assert_int_equal(w->retry_s, 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_thousand_guesses_in_a_minute_are_twelve_tries),
		TEST(a_thousand_guesses_at_as_many_accounts_are_twelve_tries_too),
		TEST(successes_cost_nothing),
		TEST(a_drained_bucket_says_when_the_next_try_may_come),
		TEST(other_sources_do_not_suffer),
		TEST(an_ipv6_network_of_64_bits_is_one_source),
		TEST(tries_on_their_way_fill_the_bucket_for_a_second_only),
		TEST(an_account_makes_its_source_wait_twice_as_long_each_time),
		TEST(a_waiting_account_gets_one_try_at_a_time),
		TEST(a_clock_that_jumps_back_makes_no_wait_longer),
		TEST(notes_bring_the_failures_back),
		TEST(notes_of_accounts_say_nothing_without_the_secret),
		TEST(a_damaged_note_is_cut_to_the_rules),
		TEST(of_too_many_sources_the_oldest_is_forgotten),
		TEST(a_source_that_waits_pushes_out_what_is_known_of_no_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
