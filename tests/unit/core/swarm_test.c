/* SPDX-License-Identifier: ISC */
#include "tests/unit/core/sim.h"

enum { PIECE = 64 * 1024, MEMORY = 64 << 20, BLOCKS = 4 };
#define LENGTH (UINT64_C(100) * PIECE + 1) /* the last piece has one byte */

static void
a_swarm_of_twenty_that_each_have_a_part_finishes(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 1);
	for (uint32_t i = 0; i < 20; i++)
		(void)sim_add(&w, SIM_HONEST, 7, i % 7);
	sim_tell(&w);
	(void)sim_run(&w, 60000);
	sim_assert_right(&w);
	assert_int_equal(w.verified_bad, 0);
	sim_clear(&w);
}

static uint64_t
trace_of(uint64_t seed)
{
	struct sim w;
	uint64_t trace;

	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, seed);
	for (uint32_t i = 0; i < 20; i++)
		sim_add(&w, i % 5 == 4 ? SIM_LIAR : SIM_HONEST, 3, i % 3)->rate =
		    4000 * (i + 1);
	sim_tell(&w);
	(void)sim_run(&w, 60000);
	sim_assert_right(&w);
	trace = w.trace;
	sim_clear(&w);
	return trace;
}

static void
the_same_seed_gives_the_same_trace_and_another_seed_another(void **state)
{
	uint64_t trace = trace_of(7);

	(void)state;
	assert_true(trace_of(7) == trace);
	assert_true(trace_of(8) != trace);
}

static void
a_liar_is_banned_and_no_honest_peer_with_it(void **state)
{
	struct sim w;
	struct sim_peer *liar;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 3);
	liar = sim_add(&w, SIM_LIAR, 1, 0);
	for (int i = 0; i < 4; i++)
		(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 120000);
	sim_assert_right(&w);
	assert_int_equal(sim_stats(&w).banned, 1);
	assert_false(liar->up);
	for (size_t i = 1; i < w.n_peers; i++)
		assert_true(w.peer[i].up);
	assert_true(w.verified_bad >= 2 && w.verified_bad <= 4);
	sim_clear(&w);
}

static void
one_wrong_block_among_those_of_honest_peers_convicts_its_author_alone(void **state)
{
	struct sim w;
	struct sim_peer *sly;

	(void)state;
	/* Few and large pieces: everybody works on the same ones. */
	sim_init(&w, 128 * SIM_BLOCK, 4 * 128 * SIM_BLOCK);
	sim_swarm(&w, MEMORY, 9);
	sly = sim_add(&w, SIM_SLY, 1, 0);
	for (int i = 0; i < 4; i++)
		(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 120000);
	sim_assert_right(&w);
	assert_int_equal(sim_stats(&w).banned, 1);
	assert_false(sly->up);
	for (size_t i = 1; i < w.n_peers; i++)
		assert_true(w.peer[i].up);
	sim_clear(&w);
}

static void
one_peer_id_from_one_address_has_one_connection(void **state)
{
	struct sim w;
	struct sim_peer *first, *again;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 3);
	first = sim_add(&w, SIM_HONEST, 1, 0);
	again = sim_add(&w, SIM_HONEST, 1, 0);
	memcpy(again->id, first->id, sizeof(again->id));
	again->addr = first->addr;
	again->addr.port++;
	sim_tell(&w);
	(void)sim_run(&w, 2000);
	assert_int_equal(sim_stats(&w).peers, 1);
	assert_true(first->up != again->up);
	sim_clear(&w);
}

static void
liars_in_the_majority_do_not_stop_one_honest_peer(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 4);
	for (int i = 0; i < 10; i++)
		(void)sim_add(&w, SIM_LIAR, 1, 0);
	sim_add(&w, SIM_HONEST, 1, 0)->rate = 4000;
	sim_tell(&w);
	(void)sim_run(&w, 300000);
	sim_assert_right(&w);
	assert_true(w.peer[10].up);
	sim_clear(&w);
}

static void
a_silent_peer_holds_its_blocks_for_seconds_not_for_ever(void **state)
{
	struct sim w;
	int64_t took_ms;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 5);
	(void)sim_add(&w, SIM_SILENT, 1, 0);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	took_ms = sim_run(&w, 60000);
	sim_assert_right(&w);
	/* At 16 KiB a step the honest one alone needs 4 s. */
	assert_in_range(took_ms, 3000, 9000);
	sim_clear(&w);
}

static void
a_peer_that_never_unchokes_is_asked_for_nothing(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 6);
	(void)sim_add(&w, SIM_CHOKER, 1, 0);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 60000);
	sim_assert_right(&w);
	assert_int_equal(w.peer[0].n_asked, 0);
	sim_clear(&w);
}

static void
peers_that_choke_and_unchoke_all_the_time_finish(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 9);
	for (uint32_t i = 0; i < 3; i++)
		sim_add(&w, SIM_MOODY, 1, 0)->rate = 8000;
	sim_tell(&w);
	(void)sim_run(&w, 180000);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
peers_that_drop_requests_without_a_word_finish(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 9);
	for (uint32_t i = 0; i < 3; i++)
		sim_add(&w, SIM_RUDE, 1, 0)->rate = 8000;
	sim_tell(&w);
	(void)sim_run(&w, 600000);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
a_choked_peer_is_asked_for_the_pieces_that_it_allows(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 10);
	(void)sim_add(&w, SIM_ALLOWER, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 10000);
	assert_int_equal(sim_stats(&w).pieces_held, 2);
	assert_memory_equal(w.disk, w.data, 2 * PIECE);
	sim_clear(&w);
}

/* Memory for just four pieces: the fewest that still stay in memory. */
static int64_t
beside_forty_five_silent(uint32_t piece_length, uint32_t pieces)
{
	struct sim w;
	int64_t took_ms;

	sim_init(&w, piece_length, (uint64_t)pieces * piece_length);
	sim_swarm(&w, 4 * (uint64_t)piece_length, 11);
	for (int i = 0; i < 45; i++)
		(void)sim_add(&w, SIM_SILENT, 1, 0);
	for (int i = 0; i < 5; i++)
		(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	took_ms = sim_run(&w, 300000);
	sim_assert_right(&w);
	sim_clear(&w);
	return took_ms;
}

static void
forty_five_silent_peers_and_four_open_pieces_do_not_stop_five_good_ones(void **state)
{
	(void)state;
	assert_in_range(beside_forty_five_silent(256 * 1024, 40), 1, 12000);
}

static void
forty_five_silent_peers_do_not_keep_many_blocks_to_themselves(void **state)
{
	(void)state;
	assert_in_range(beside_forty_five_silent(8 * 1024 * 1024, 4), 1, 12000);
}

static void
pieces_too_big_for_memory_are_gathered_and_right(void **state)
{
	enum { HUGE_PIECE = 1024 * 1024 };
	struct sim w;

	(void)state;
	sim_init(&w, HUGE_PIECE, 5 * HUGE_PIECE + 12345);
	sim_swarm(&w, HUGE_PIECE, 12);
	(void)sim_add(&w, SIM_LIAR, 1, 0);
	for (int i = 0; i < 6; i++)
		(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 300000);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
a_peer_that_falls_silent_at_the_end_costs_less_than_five_seconds(void **state)
{
	struct sim w;
	int64_t alone_ms;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 13);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	alone_ms = sim_run(&w, 60000);
	sim_clear(&w);

	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 13);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_add(&w, SIM_HONEST, 1, 0)->silent_from_ms = w.now_ms + alone_ms - 100;
	sim_tell(&w);
	assert_in_range(sim_run(&w, 60000), alone_ms - 100, alone_ms + 5000);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
ten_that_are_a_hundred_times_slower_do_not_hold_up_the_end(void **state)
{
	struct sim w;
	int64_t took_ms;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 22);
	sim_add(&w, SIM_HONEST, 1, 0)->every_ms = 100;
	for (int i = 0; i < 10; i++)
		sim_add(&w, SIM_HONEST, 1, 0)->rate = 164;
	sim_tell(&w);
	took_ms = sim_run(&w, 60000);
	sim_assert_right(&w);
	/* The quick one alone needs 4 s. */
	assert_in_range(took_ms, 3000, 6500);
	sim_clear(&w);
}

static void
a_block_that_came_from_another_is_cancelled(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 20);
	(void)sim_add(&w, SIM_SILENT, 1, 0);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 60000);
	sim_assert_right(&w);
	sim_step(&w);
	assert_true(w.peer[0].cancels > 0);
	assert_int_equal(w.peer[0].n_asked, 0);
	sim_clear(&w);
}

static void
who_drips_wrong_bytes_writes_into_no_piece_that_is_being_hashed(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 21);
	for (int i = 0; i < 5; i++)
		sim_add(&w, SIM_LIAR, 1, 0)->drip = 40 + 30 * (size_t)i;
	sim_add(&w, SIM_HONEST, 1, 0)->rate = 4000;
	sim_tell(&w);
	(void)sim_run(&w, 120000);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
less_than_half_a_percent_comes_twice(void **state)
{
	struct sim w;
	struct swarm_stats st;

	(void)state;
	sim_init(&w, PIECE, 5 * LENGTH);
	sim_swarm(&w, MEMORY, 14);
	for (uint32_t i = 0; i < 8; i++)
		sim_add(&w, SIM_HONEST, 1, 0)->rate = 1000u << i % 5;
	sim_tell(&w);
	(void)sim_run(&w, 300000);
	sim_assert_right(&w);
	st = sim_stats(&w);
	assert_true(st.downloaded - w.t.length < w.t.length / 200);
	sim_clear(&w);
}

static void
a_small_torrent_from_many_peers_comes_once(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, 15 * PIECE);
	sim_swarm(&w, MEMORY, 22);
	for (int i = 0; i < 40; i++)
		sim_add(&w, SIM_HONEST, 1, 0)->rate = 8000;
	sim_tell(&w);
	(void)sim_run(&w, 60000);
	sim_assert_right(&w);
	assert_true(sim_stats(&w).downloaded == w.t.length);
	/* Nothing was even asked for twice. */
	for (size_t i = 0; i < w.n_peers; i++)
		assert_int_equal(w.peer[i].cancels, 0);
	sim_clear(&w);
}

static void
a_peer_that_does_not_answer_is_given_up_after_15_s_and_tried_again(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 15);
	(void)sim_add(&w, SIM_DEAD, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 14000);
	assert_int_equal(sim_stats(&w).dialling, 1);
	(void)sim_run(&w, 2000);
	assert_int_equal(sim_stats(&w).dialling, 0);
	(void)sim_run(&w, 20000);
	assert_int_equal(w.peer[0].calls, 2);
	sim_clear(&w);
}

static void
a_denied_address_is_cut_off_and_never_dialled_again(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 16);
	sim_add(&w, SIM_HONEST, 1, 0)->rate = 100;
	sim_tell(&w);
	(void)sim_run(&w, 1000);
	assert_int_equal(sim_stats(&w).peers, 1);
	assert_int_equal(swarm_deny(w.swarm, &w.peer[0].addr, 120, w.now_ms), RC_OK);
	(void)sim_run(&w, 100000);
	assert_int_equal(sim_stats(&w).peers, 0);
	assert_int_equal(w.peer[0].calls, 1);
	assert_null(swarm_accept(w.swarm, &w.peer[0].addr, w.now_ms));
	sim_clear(&w);
}

static void
while_it_is_hushed_nobody_is_dialled_or_let_in_and_who_is_there_goes_on(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 18);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 100);
	assert_int_equal(sim_stats(&w).peers, 1);
	swarm_hush(w.swarm, true);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	assert_null(swarm_accept(w.swarm, &w.peer[1].addr, w.now_ms));
	(void)sim_run(&w, 60000);
	assert_int_equal(w.peer[1].calls, 0);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
once_it_is_not_hushed_any_more_whoever_was_named_is_dialled(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 19);
	swarm_hush(w.swarm, true);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	(void)sim_run(&w, 5000);
	assert_int_equal(w.peer[0].calls, 0);
	swarm_hush(w.swarm, false);
	(void)sim_run(&w, 60000);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
who_answers_with_our_own_id_is_ourselves(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 17);
	memcpy(sim_add(&w, SIM_HONEST, 1, 0)->id, w.id, sizeof(w.id));
	sim_tell(&w);
	(void)sim_run(&w, 100000);
	assert_int_equal(w.peer[0].calls, 1);
	assert_int_equal(sim_stats(&w).pieces_held, 0);
	sim_clear(&w);
}

static void
who_is_quicker_than_the_disk_is_not_read_until_it_goes_on(void **state)
{
	enum { LONG = 8 * PIECE, BACKLOG = 4 << 20 };
	struct sim w;

	(void)state;
	sim_init(&w, LONG, 40 * LONG);
	sim_swarm(&w, MEMORY, 5);
	for (int i = 0; i < 4; i++)
		(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	w.stuck = true;
	/* Longer than a request, a snub or a silence may last. */
	(void)sim_run(&w, 200000);
	assert_in_range(w.n_verifying, BACKLOG / LONG + 1, BACKLOG / LONG + 2);
	for (size_t i = 0; i < w.n_peers; i++)
		assert_true(w.peer[i].up && w.peer[i].cancels == 0);
	w.stuck = false;
	assert_true(sim_run(&w, 60000) < 60000);
	sim_assert_right(&w);
	assert_int_equal(sim_stats(&w).wasted, 0);
	sim_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swarm_of_twenty_that_each_have_a_part_finishes),
		cmocka_unit_test(
		    the_same_seed_gives_the_same_trace_and_another_seed_another),
		cmocka_unit_test(
		    who_is_quicker_than_the_disk_is_not_read_until_it_goes_on),
		cmocka_unit_test(a_liar_is_banned_and_no_honest_peer_with_it),
		cmocka_unit_test(one_peer_id_from_one_address_has_one_connection),
		cmocka_unit_test(
		    one_wrong_block_among_those_of_honest_peers_convicts_its_author_alone),
		cmocka_unit_test(liars_in_the_majority_do_not_stop_one_honest_peer),
		cmocka_unit_test(a_silent_peer_holds_its_blocks_for_seconds_not_for_ever),
		cmocka_unit_test(a_peer_that_never_unchokes_is_asked_for_nothing),
		cmocka_unit_test(peers_that_choke_and_unchoke_all_the_time_finish),
		cmocka_unit_test(peers_that_drop_requests_without_a_word_finish),
		cmocka_unit_test(a_choked_peer_is_asked_for_the_pieces_that_it_allows),
		cmocka_unit_test(
		    forty_five_silent_peers_and_four_open_pieces_do_not_stop_five_good_ones),
		cmocka_unit_test(
		    forty_five_silent_peers_do_not_keep_many_blocks_to_themselves),
		cmocka_unit_test(pieces_too_big_for_memory_are_gathered_and_right),
		cmocka_unit_test(
		    a_peer_that_falls_silent_at_the_end_costs_less_than_five_seconds),
		cmocka_unit_test(
		    ten_that_are_a_hundred_times_slower_do_not_hold_up_the_end),
		cmocka_unit_test(a_block_that_came_from_another_is_cancelled),
		cmocka_unit_test(
		    who_drips_wrong_bytes_writes_into_no_piece_that_is_being_hashed),
		cmocka_unit_test(less_than_half_a_percent_comes_twice),
		cmocka_unit_test(a_small_torrent_from_many_peers_comes_once),
		cmocka_unit_test(
		    a_peer_that_does_not_answer_is_given_up_after_15_s_and_tried_again),
		cmocka_unit_test(a_denied_address_is_cut_off_and_never_dialled_again),
		cmocka_unit_test(
		    while_it_is_hushed_nobody_is_dialled_or_let_in_and_who_is_there_goes_on),
		cmocka_unit_test(
		    once_it_is_not_hushed_any_more_whoever_was_named_is_dialled),
		cmocka_unit_test(who_answers_with_our_own_id_is_ourselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
