/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/choker.h"

enum { PEERS = 20, RATED = CHOKER_SLOTS - 1 };

/* All interested, the first the fastest. */
static void
setup_peers(struct choker_peer peer[static PEERS])
{
	for (uint32_t i = 0; i < PEERS; i++)
		peer[i] = (struct choker_peer){ .interested = true,
			.rate = 1000 * (PEERS - i) };
}

static size_t
served(const struct choker_peer *peer, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += peer[i].serve;
	return sum;
}

/* The lucky one; there is never more than one. */
static size_t
lucky_of(const struct choker_peer *peer, size_t n)
{
	size_t lucky = n;

	for (size_t i = 0; i < n; i++)
		if (peer[i].lucky) {
			assert_int_equal(lucky, n);
			lucky = i;
		}
	return lucky;
}

static void
nobody_is_served_when_nobody_is_there(void **state)
{
	struct rng rng = { .state = 1 };
	struct choker_peer none;

	(void)state;
	choker_decide(&none, 0, true, &rng);
}

static void
the_seven_best_are_served_and_one_by_luck(void **state)
{
	struct choker_peer peer[PEERS];
	struct rng rng = { .state = 1 };

	(void)state;
	setup_peers(peer);
	choker_decide(peer, PEERS, false, &rng);
	assert_int_equal(served(peer, PEERS), 8);
	for (size_t i = 0; i < RATED; i++)
		assert_true(peer[i].serve && !peer[i].lucky);
	assert_true(lucky_of(peer, PEERS) >= RATED && lucky_of(peer, PEERS) < PEERS);
	assert_true(peer[lucky_of(peer, PEERS)].serve);
}

static void
few_peers_are_all_served(void **state)
{
	struct choker_peer peer[PEERS];
	struct rng rng = { .state = 1 };

	(void)state;
	for (size_t n = 1; n <= CHOKER_SLOTS; n++) {
		setup_peers(peer);
		choker_decide(peer, n, true, &rng);
		assert_int_equal(served(peer, n), n);
	}
}

static void
whoever_is_not_interested_is_choked_and_takes_no_slot(void **state)
{
	struct choker_peer peer[PEERS];
	struct rng rng = { .state = 1 };

	(void)state;
	setup_peers(peer);
	for (size_t i = 0; i < PEERS; i += 2) {
		peer[i].interested = false;
		peer[i].serve = true;
	}
	peer[0].lucky = true;
	choker_decide(peer, PEERS, false, &rng);
	assert_int_equal(served(peer, PEERS), 8);
	for (size_t i = 0; i < PEERS; i += 2)
		assert_true(!peer[i].serve && !peer[i].lucky);
	for (size_t i = 1; i < 2 * RATED; i += 2)
		assert_true(peer[i].serve);
}

static void
luck_stays_until_it_is_drawn_anew(void **state)
{
	struct choker_peer peer[PEERS];
	struct rng rng = { .state = 1 };
	size_t lucky;

	(void)state;
	setup_peers(peer);
	choker_decide(peer, PEERS, true, &rng);
	lucky = lucky_of(peer, PEERS);
	for (int i = 0; i < 50; i++) {
		choker_decide(peer, PEERS, false, &rng);
		assert_int_equal(lucky_of(peer, PEERS), lucky);
		assert_true(peer[lucky].serve);
	}
}

static void
luck_goes_round_to_everybody_and_never_twice_to_the_same(void **state)
{
	struct choker_peer peer[PEERS];
	struct rng rng = { .state = 1 };
	size_t turns[PEERS] = { 0 }, before = PEERS;

	(void)state;
	setup_peers(peer);
	for (int i = 0; i < 1000; i++) {
		size_t lucky;

		choker_decide(peer, PEERS, true, &rng);
		lucky = lucky_of(peer, PEERS);
		assert_int_not_equal(lucky, before);
		turns[lucky]++;
		before = lucky;
	}
	for (size_t i = RATED; i < PEERS; i++)
		assert_true(turns[i] > 40 && turns[i] < 120); /* 1000 / 13 is 77 */
}

static void
a_redraw_with_nobody_else_leaves_the_luck_where_it_is(void **state)
{
	struct choker_peer peer[PEERS];
	struct rng rng = { .state = 1 };

	(void)state;
	setup_peers(peer);
	peer[7].lucky = true;
	choker_decide(peer, CHOKER_SLOTS, true, &rng);
	assert_int_equal(served(peer, CHOKER_SLOTS), 8);
	assert_int_equal(lucky_of(peer, CHOKER_SLOTS), 7);
}

static void
the_lucky_one_that_becomes_fast_leaves_its_luck_to_another(void **state)
{
	struct choker_peer peer[PEERS];
	struct rng rng = { .state = 1 };

	(void)state;
	setup_peers(peer);
	peer[12].lucky = true;
	peer[12].rate = 1000000;
	choker_decide(peer, PEERS, false, &rng);
	assert_int_equal(served(peer, PEERS), 8);
	assert_true(peer[12].serve && !peer[12].lucky);
	assert_true(lucky_of(peer, PEERS) < PEERS);
}

static void
the_same_seed_draws_the_same_lot(void **state)
{
	struct choker_peer a[PEERS], b[PEERS];
	struct rng x = { .state = 99 }, y = { .state = 99 };

	(void)state;
	setup_peers(a);
	setup_peers(b);
	for (int i = 0; i < 100; i++) {
		choker_decide(a, PEERS, true, &x);
		choker_decide(b, PEERS, true, &y);
		assert_int_equal(lucky_of(a, PEERS), lucky_of(b, PEERS));
	}
}

enum { SOME = CHOKER_SLOTS + 3, NOW = 1000000 };

/*
 * The first CHOKER_SLOTS have turns since 20 s ago, the others wait, the last the
 * longest.
 */
static void
setup_turns(struct choker_peer peer[static SOME])
{
	for (int i = 0; i < SOME; i++)
		peer[i] = (struct choker_peer){ .interested = true,
			.served = i < CHOKER_SLOTS,
			.given = i < CHOKER_SLOTS ? 1 : 0,
			.since_ms = i < CHOKER_SLOTS ? NOW - 20000 : NOW - 1000 * i };
}

static void
who_seeds_lets_every_turn_go_on_for_its_quota(void **state)
{
	struct choker_peer peer[SOME];

	(void)state;
	setup_turns(peer);
	peer[2].given = CHOKER_QUOTA - 1;
	choker_seed(peer, SOME, NOW);
	for (int i = 0; i < SOME; i++)
		assert_int_equal(peer[i].serve, i < CHOKER_SLOTS);
}

static void
whoever_has_waited_longest_follows_a_turn_that_is_over(void **state)
{
	struct choker_peer peer[SOME];

	(void)state;
	setup_turns(peer);
	peer[2].given = CHOKER_QUOTA;
	peer[5].since_ms = NOW - CHOKER_TURN_MS;
	choker_seed(peer, SOME, NOW);
	assert_false(peer[2].serve);
	assert_false(peer[5].serve);
	assert_true(peer[SOME - 1].serve);
	assert_true(peer[SOME - 2].serve);
	assert_false(peer[SOME - 3].serve);
	assert_int_equal(served(peer, SOME), CHOKER_SLOTS);
}

static void
who_takes_nothing_in_twenty_seconds_loses_its_turn(void **state)
{
	struct choker_peer peer[SOME];

	(void)state;
	setup_turns(peer);
	peer[4].given = peer[6].given = 0;
	peer[6].since_ms++;
	choker_seed(peer, SOME, NOW);
	for (int i = 0; i < SOME; i++)
		assert_int_equal(
		    peer[i].serve, (i < CHOKER_SLOTS && i != 4) || i == SOME - 1);
}

static void
nobody_loses_a_turn_when_nobody_waits(void **state)
{
	struct choker_peer peer[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		peer[i] = (struct choker_peer){
			.interested = i != 1, .served = true, .given = 2 * CHOKER_QUOTA
		};
	choker_seed(peer, 3, NOW);
	assert_true(peer[0].serve);
	assert_false(peer[1].serve);
	assert_true(peer[2].serve);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_served_when_nobody_is_there),
		cmocka_unit_test(the_seven_best_are_served_and_one_by_luck),
		cmocka_unit_test(few_peers_are_all_served),
		cmocka_unit_test(whoever_is_not_interested_is_choked_and_takes_no_slot),
		cmocka_unit_test(luck_stays_until_it_is_drawn_anew),
		cmocka_unit_test(
		    luck_goes_round_to_everybody_and_never_twice_to_the_same),
		cmocka_unit_test(a_redraw_with_nobody_else_leaves_the_luck_where_it_is),
		cmocka_unit_test(
		    the_lucky_one_that_becomes_fast_leaves_its_luck_to_another),
		cmocka_unit_test(the_same_seed_draws_the_same_lot),
		cmocka_unit_test(who_seeds_lets_every_turn_go_on_for_its_quota),
		cmocka_unit_test(whoever_has_waited_longest_follows_a_turn_that_is_over),
		cmocka_unit_test(who_takes_nothing_in_twenty_seconds_loses_its_turn),
		cmocka_unit_test(nobody_loses_a_turn_when_nobody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
