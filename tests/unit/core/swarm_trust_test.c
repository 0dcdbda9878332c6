/* SPDX-License-Identifier: ISC */
/* What bad peers cost the honest one that works beside them. */
#include "tests/unit/core/sim.h"

enum { PIECE = 8 * SIM_BLOCK, MEMORY = 64 << 20, RATE = 60000 };
#define LENGTH (UINT64_C(150) * PIECE + 1)

/* How long an honest one takes beside n of that kind, in ms; the pieces that were bad. */
static int64_t
beside(enum sim_kind kind, int n, unsigned *bad)
{
	struct sim w;
	int64_t ms;

	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 31);
	for (int i = 0; i < n; i++)
		(void)sim_add(&w, kind, 1, 0);
	sim_add(&w, SIM_HONEST, 1, 0)->rate = RATE;
	sim_tell(&w);
	ms = sim_run(&w, 300000);
	sim_assert_right(&w);
	assert_true(w.peer[n].up && w.peer[n].calls == 1);
	*bad = w.verified_bad;
	sim_clear(&w);
	return ms;
}

static void
who_pours_out_wrong_blocks_costs_the_honest_one_little(void **state)
{
	unsigned bad;
	int64_t alone = beside(SIM_HONEST, 0, &bad), ms = beside(SIM_POURER, 10, &bad);

	(void)state;
	assert_true(alone >= ms * 9 / 10);
	assert_int_equal(bad, 0);
	assert_true(alone >= beside(SIM_POURER, 40, &bad) * 9 / 10);
	assert_int_equal(bad, 0);
}

static void
who_is_under_suspicion_beside_liars_keeps_what_is_under_way(void **state)
{
	unsigned bad;
	int64_t alone = beside(SIM_HONEST, 0, &bad), ms = beside(SIM_SLY, 10, &bad);

	(void)state;
	assert_true(alone >= ms * 9 / 10);
	/* They leave one block each in a piece that somebody else ends. */
	ms = beside(SIM_RUNNER, 10, &bad);
	assert_in_range(bad, 5, 12);
	assert_true(alone >= ms * 9 / 10);
}

/* Pieces that do not fit into memory. */
static void
with_large_pieces_no_liar_spoils_more_than_three_and_no_honest_one_goes(void **state)
{
	static const int cases[][2] = { { 1, 1 }, { 3, 3 }, { 10, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int liars = cases[i][0], all = liars + cases[i][1];
		struct sim w;

		sim_init(&w, 32 * SIM_BLOCK, UINT64_C(20) * 32 * SIM_BLOCK);
		sim_swarm(&w, 1 << 20, 31);
		for (int k = 0; k < all; k++)
			(void)sim_add(&w, k < liars ? SIM_LIAR : SIM_HONEST, 1, 0);
		sim_tell(&w);
		(void)sim_run(&w, 300000);
		sim_assert_right(&w);
		assert_in_range(w.verified_bad, 1, 3 * (unsigned)liars);
		for (int k = liars; k < all; k++)
			assert_true(w.peer[k].up && w.peer[k].calls == 1);
		sim_clear(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_pours_out_wrong_blocks_costs_the_honest_one_little),
		cmocka_unit_test(
		    who_is_under_suspicion_beside_liars_keeps_what_is_under_way),
		cmocka_unit_test(
		    with_large_pieces_no_liar_spoils_more_than_three_and_no_honest_one_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
