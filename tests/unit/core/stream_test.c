/* SPDX-License-Identifier: ISC */
/* A swarm somebody reads from while it loads, in simulated time. */
#include "tests/unit/core/sim.h"

enum { PIECE = 64 * 1024, MEMORY = 64 << 20, PIECES = 100, WINDOW = 8 };
#define LENGTH (UINT64_C(100) * PIECE)

/* A reader that takes all that is there in order, at most rate pieces a second. */
struct reader {
	struct sim *w;
	bool only;
	uint32_t rate, taken;
	int64_t start_ms;
	uint32_t furthest;  /* pieces on disk before it */
	int64_t longest_ms; /* that it had to wait for a piece */
	int64_t since_ms;
};

static bool
is_here(const struct sim *w, uint32_t piece)
{
	return memcmp(w->disk + (uint64_t)piece * PIECE,
	           w->data + (uint64_t)piece * PIECE, PIECE) == 0;
}

static void
step(struct reader *r)
{
	struct sim *w = r->w;
	uint64_t may = (uint64_t)(w->now_ms - r->start_ms) * r->rate / 1000;
	uint32_t head;

	sim_step(w);
	while (r->taken < PIECES && is_here(w, r->taken) && r->taken < may) {
		r->taken++;
		r->since_ms = w->now_ms;
	}
	for (uint32_t i = r->furthest; i < PIECES; i++)
		if (is_here(w, i))
			r->furthest = i + 1;
	if (w->now_ms - r->since_ms > r->longest_ms)
		r->longest_ms = w->now_ms - r->since_ms;
	for (head = r->taken; head < PIECES && is_here(w, head);)
		head++;
	swarm_window(w->swarm, head, r->taken + WINDOW, r->only, w->now_ms);
}

static void
begin(struct reader *r, struct sim *w)
{
	r->w = w;
	r->start_ms = r->since_ms = w->now_ms;
	swarm_window(w->swarm, 0, WINDOW, r->only, w->now_ms);
	sim_tell(w);
}

static void
nothing_beyond_the_window_is_fetched_however_slow_the_reader(void **state)
{
	struct sim w;
	struct reader r = { .only = true, .rate = 20 };

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 1);
	for (int i = 0; i < 5; i++)
		(void)sim_add(&w, SIM_HONEST, 1, 0);
	begin(&r, &w);
	while (r.taken < PIECES && w.now_ms - r.start_ms < 20000) {
		step(&r);
		assert_true(r.furthest <= r.taken + WINDOW);
	}
	sim_assert_right(&w);
	/* 100 pieces at 20 a second; nothing but the reader is slow. */
	assert_in_range(w.now_ms - r.start_ms, 4900, 5500);
	sim_clear(&w);
}

static void
a_reader_that_stops_leaves_the_peers_idle(void **state)
{
	struct sim w;
	struct reader r = { .only = true, .rate = 0 };
	uint64_t got;

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 2);
	for (int i = 0; i < 3; i++)
		(void)sim_add(&w, SIM_HONEST, 1, 0);
	begin(&r, &w);
	while (w.now_ms - r.start_ms < 5000)
		step(&r);
	got = sim_stats(&w).downloaded;
	assert_int_equal(r.furthest, WINDOW);
	while (w.now_ms - r.start_ms < 60000)
		step(&r);
	assert_int_equal(sim_stats(&w).downloaded, got);
	assert_int_equal(sim_stats(&w).peers, 3);
	sim_clear(&w);
}

/* One peer falls silent in the middle; how long the reader waits for a piece at most. */
static int64_t
longest_wait(bool only, uint64_t *wasted)
{
	struct sim w;
	struct reader r = { .only = only, .rate = 1000 };
	int64_t longest_ms;

	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 3);
	sim_add(&w, SIM_HONEST, 1, 0)->rate = 1600;
	sim_add(&w, SIM_HONEST, 1, 0)->rate = 1600;
	w.peer[0].silent_from_ms = w.now_ms + 4000;
	begin(&r, &w);
	while (r.taken < PIECES && w.now_ms - r.start_ms < 120000)
		step(&r);
	sim_assert_right(&w);
	*wasted = sim_stats(&w).wasted;
	longest_ms = r.longest_ms;
	sim_clear(&w);
	return longest_ms;
}

static void
a_peer_that_falls_silent_at_the_head_is_helped_within_seconds(void **state)
{
	uint64_t wasted;

	(void)state;
	assert_in_range(longest_wait(true, &wasted), 0, 5000);
	assert_true(wasted <= 32 * SIM_BLOCK);
}

static void
so_it_is_where_the_others_are_busy_with_what_is_behind_the_window(void **state)
{
	uint64_t wasted;

	(void)state;
	/*
	 * 2 s until it is noticed; the helper first sends the 32 blocks it was asked for
	 * before, at 160,000 bytes a second: 3.3 s; then 4 more.
	 */
	assert_in_range(longest_wait(false, &wasted), 0, 6000);
	assert_true(wasted <= 32 * SIM_BLOCK);
}

static void
a_liar_at_the_head_is_found_out_and_the_stream_goes_on(void **state)
{
	struct sim w;
	struct reader r = { .only = true, .rate = 1000 };

	(void)state;
	sim_init(&w, PIECE, LENGTH);
	sim_swarm(&w, MEMORY, 4);
	(void)sim_add(&w, SIM_LIAR, 1, 0);
	(void)sim_add(&w, SIM_HONEST, 1, 0);
	begin(&r, &w);
	while (r.taken < PIECES && w.now_ms - r.start_ms < 60000)
		step(&r);
	sim_assert_right(&w);
	assert_int_equal(r.taken, PIECES);
	assert_true(r.longest_ms <= 8000);
	sim_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_beyond_the_window_is_fetched_however_slow_the_reader),
		cmocka_unit_test(a_reader_that_stops_leaves_the_peers_idle),
		cmocka_unit_test(
		    a_peer_that_falls_silent_at_the_head_is_helped_within_seconds),
		cmocka_unit_test(
		    so_it_is_where_the_others_are_busy_with_what_is_behind_the_window),
		cmocka_unit_test(a_liar_at_the_head_is_found_out_and_the_stream_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
