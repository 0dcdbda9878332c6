/* SPDX-License-Identifier: ISC */
/*
 * What the picker believes to be asked for is held against what the connections owe, at
 * every step, among peers of all kinds: a block that counts as asked for and is asked of
 * nobody would never come.
 */
#include "core/swarm_parts.h"
#include "tests/unit/core/sim.h"

enum { BLOCKS = 320, KINDS = 11, BAD = 12, RUNS = 60, STEPS = 15000 };

/* How many connections owe us this block. */
static unsigned
owed(const struct sim *w, struct peer_block b)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->swarm->n_conns; i++) {
		const struct conn *c = w->swarm->conns[i];

		for (size_t k = 0; k < c->peer.n_requests; k++)
			n += !c->peer.requests[k].stale &&
			    c->peer.requests[k].block.piece == b.piece &&
			    c->peer.requests[k].block.begin == b.begin;
	}
	return n;
}

static void
assert_counts(const struct sim *w)
{
	for (uint32_t piece = 0; piece < w->t.pieces; piece++) {
		uint32_t blocks;

		(void)picker_authors(w->swarm->picker, piece, &blocks);
		for (uint32_t i = 0; i < blocks; i++) {
			const struct peer_block b = { .piece = piece,
				.begin = i * SIM_BLOCK };

			assert_true(picker_asked(w->swarm->picker, swarm_block_of(b)) <=
			    owed(w, b));
		}
	}
}

static void
add_peers(struct sim *w, struct rng *r)
{
	for (int i = 0; i < BAD; i++) {
		struct sim_peer *p = sim_add(w, (enum sim_kind)rng_below(r, KINDS), 1, 0);

		p->rate = 200 + rng_below(r, 4000);
		if (rng_below(r, 3) == 0)
			p->every_ms = 500;
		if (rng_below(r, 3) == 0)
			p->drip = 300 + rng_below(r, 3000);
		if (rng_below(r, 3) == 0)
			p->silent_from_ms = w->now_ms + rng_below(r, 20000);
	}
	sim_add(w, SIM_HONEST, 1, 0)->rate = 1500;
}

/* Every third one does not speak BEP 6; when all have said what they have, that counts.
 */
static void
make_plain(struct sim *w)
{
	for (size_t i = 0; i < w->n_peers; i += 3)
		if (w->peer[i].up && w->peer[i].kind != SIM_ALLOWER)
			w->peer[i].peer.fast = w->peer[i].conn->peer.fast = false;
}

static void
hang_up(struct sim *w, struct sim_peer *p)
{
	struct conn *c = p->conn;

	if (!p->up)
		return;
	sim_down(p);
	swarm_lost(w->swarm, c, w->now_ms);
}

static void
run(uint64_t seed, uint32_t piece, uint64_t memory)
{
	struct rng r = { .state = seed };
	struct sim w;

	sim_init(&w, piece, BLOCKS * SIM_BLOCK - 5);
	sim_swarm(&w, memory, seed);
	add_peers(&w, &r);
	sim_tell(&w);
	for (int step = 0; step < STEPS && !swarm_is_complete(w.swarm); step++) {
		sim_step(&w);
		if (step == 10)
			make_plain(&w);
		if (step > 10 && rng_below(&r, 200) == 0)
			hang_up(&w, &w.peer[rng_below(&r, BAD)]);
		if (seed % 2 == 0 && step % 100 == 0)
			swarm_window(
			    w.swarm, 0, (uint32_t)step / 1000 + 4, false, w.now_ms);
		if (step % 3 == 0)
			assert_counts(&w);
	}
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
what_counts_as_asked_for_is_asked_of_somebody(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++)
		if (seed % 3 == 0)
			run(seed, 32 * SIM_BLOCK, 1 << 20); /* gathered */
		else
			run(seed, 8 * SIM_BLOCK, seed % 3 == 1 ? 1 << 20 : 64 << 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_counts_as_asked_for_is_asked_of_somebody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
