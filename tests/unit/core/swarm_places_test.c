/* SPDX-License-Identifier: ISC */
#include "tests/unit/core/sim.h"

enum { PIECE = 64 * 1024, MEMORY = 64 << 20 };
#define LENGTH (UINT64_C(100) * PIECE + 1)

static void
four_connections_from_one_address_are_enough(void **state)
{
	const uint8_t ip[4] = { 10, 9, 9, 9 };
	struct conn *c[5];
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 18);
	for (uint16_t i = 0; i < 5; i++) {
		struct addr a = addr_v4(ip, (uint16_t)(2000 + i));

		c[i] = swarm_accept(w.swarm, &a, w.now_ms);
		assert_true((c[i] != NULL) == (i < 4));
	}
	for (int i = 0; i < 4; i++)
		swarm_lost(w.swarm, c[i], w.now_ms);
	sim_clear(&w);
}

static void
at_most_thirty_are_dialled_in_the_first_second(void **state)
{
	unsigned calls = 0;
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 19);
	for (int i = 0; i < 50; i++)
		(void)sim_add(&w, SIM_CHOKER, 1, 0);
	sim_tell(&w);
	sim_todo(&w);
	for (size_t i = 0; i < w.n_peers; i++)
		calls += w.peer[i].calls;
	assert_in_range(calls, 20, 30);
	(void)sim_run(&w, 3000);
	assert_int_equal(sim_stats(&w).peers, 50);
	sim_clear(&w);
}

static void
when_all_places_are_held_by_who_gives_nothing_one_of_them_makes_room(void **state)
{
	unsigned cut = 0;
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 20);
	for (int i = 0; i < 50; i++)
		(void)sim_add(&w, SIM_CHOKER, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 5000);
	swarm_add_peer(w.swarm, &sim_add(&w, SIM_HONEST, 1, 0)->addr, w.now_ms);
	(void)sim_run(&w, 25000);
	assert_int_equal(w.peer[50].calls, 0);
	(void)sim_run(&w, 30000);
	sim_assert_right(&w);
	for (int i = 0; i < 50; i++)
		cut += w.peer[i].calls > 0 && !w.peer[i].up;
	assert_int_equal(cut, 1);
	sim_clear(&w);
}

static void
who_gives_a_little_keeps_his_place(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, 4 * LENGTH);
	sim_swarm(&w, MEMORY, 21);
	for (int i = 0; i < 50; i++)
		sim_add(&w, SIM_HONEST, 1, 0)->rate = 20;
	sim_tell(&w);
	(void)sim_run(&w, 5000);
	swarm_add_peer(w.swarm, &sim_add(&w, SIM_HONEST, 1, 0)->addr, w.now_ms);
	(void)sim_run(&w, 50000);
	assert_false(swarm_is_complete(w.swarm));
	for (int i = 0; i < 50; i++)
		assert_true(w.peer[i].up && w.peer[i].calls == 1);
	assert_int_equal(w.peer[50].calls, 0);
	sim_clear(&w);
}

/* The first ones are dialled at once, the others from both ends: the 45th is the last. */
static void
whose_machine_swallows_calls_makes_room_for_who_was_never_tried(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 22);
	for (int i = 0; i < 60; i++)
		(void)sim_add(&w, i == 45 ? SIM_HONEST : SIM_DEAD, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 700);
	assert_int_equal(sim_stats(&w).dialling, 20);
	assert_int_equal(w.peer[45].calls, 0);
	(void)sim_run(&w, 2000);
	assert_int_equal(w.peer[45].calls, 1);
	(void)sim_run(&w, 60000);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
who_never_answers_makes_room_for_a_caller(void **state)
{
	const uint8_t ip[4] = { 10, 9, 9, 9 };
	const struct addr a = addr_v4(ip, 2000);
	struct sim w;
	struct conn *c;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 23);
	for (int i = 0; i < 30; i++)
		(void)sim_add(&w, SIM_CHOKER, 1, 0);
	for (int i = 0; i < 20; i++)
		(void)sim_add(&w, SIM_DEAD, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 750);
	assert_int_equal(sim_stats(&w).dialling, 20);
	assert_int_equal(sim_stats(&w).peers, 30);
	assert_null(swarm_accept(w.swarm, &a, w.now_ms));
	(void)sim_run(&w, 1000);
	c = swarm_accept(w.swarm, &a, w.now_ms);
	assert_non_null(c);
	swarm_lost(w.swarm, c, w.now_ms);
	sim_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_connections_from_one_address_are_enough),
		cmocka_unit_test(at_most_thirty_are_dialled_in_the_first_second),
		cmocka_unit_test(
		    when_all_places_are_held_by_who_gives_nothing_one_of_them_makes_room),
		cmocka_unit_test(who_gives_a_little_keeps_his_place),
		cmocka_unit_test(
		    whose_machine_swallows_calls_makes_room_for_who_was_never_tried),
		cmocka_unit_test(who_never_answers_makes_room_for_a_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
