/* SPDX-License-Identifier: ISC */
/*
 * Who owes blocks for too long is snubbed, however the time is made up; who could not
 * send any, because we did not read, is not. What a choke takes back others may send.
 */
#include "core/swarm_parts.h"

#include "tests/unit/core/sim.h"

enum { PIECE = 64 * 1024, SPELL_MS = 1500, SNUB_S = 20 };

/* All that the peer was asked for is refused, as BEP 6 lets it. */
static void
refuse_all(struct sim_peer *p)
{
	while (p->n_asked > 0) {
		const struct peer_block b = p->asked[0];

		sim_forget(p, b);
		assert_int_equal(peer_send_reject(&p->peer, b), RC_OK);
	}
}

static void
spells_of_owing_add_up_until_a_block_comes(void **state)
{
	struct sim w;
	struct sim_peer *p;
	int spells = 0;

	(void)state;
	sim_init(&w, PIECE, 16 * PIECE);
	sim_swarm(&w, 16 << 20, 3);
	p = sim_add(&w, SIM_SILENT, 1, 0);
	sim_tell(&w);
	while (spells < 100 && (p->conn == NULL || !p->conn->snubbed)) {
		(void)sim_run(&w, SPELL_MS);
		refuse_all(p);
		spells++;
	}
	assert_in_range(spells * SPELL_MS, SNUB_S * 1000, (SNUB_S + 5) * 1000);
	/* It sends something after all. */
	p->kind = SIM_HONEST;
	(void)sim_run(&w, 60000);
	assert_false(p->conn != NULL && p->conn->snubbed);
	sim_assert_right(&w);
	sim_clear(&w);
}

static void
time_in_which_it_was_not_read_is_not_owed(void **state)
{
	enum { LONG = 8 * PIECE };
	struct sim w;
	unsigned owing = 0;

	(void)state;
	sim_init(&w, LONG, 40 * LONG);
	sim_swarm(&w, 16 << 20, 5);
	for (int i = 0; i < 4; i++)
		(void)sim_add(&w, SIM_HONEST, 1, 0);
	sim_tell(&w);
	w.stuck = true;
	(void)sim_run(&w, 3 * SNUB_S * 1000);
	for (size_t i = 0; i < w.n_peers; i++) {
		const struct conn *c = w.peer[i].conn;

		assert_non_null(c);
		assert_true(c->paused && !c->snubbed);
		owing += c->peer.n_requests > c->peer.n_stale;
	}
	assert_true(owing > 0);
	sim_clear(&w);
}

/* Before BEP 6 a choke takes all requests back, without a word. */
static void
what_a_choke_without_bep_6_took_back_is_asked_for_again(void **state)
{
	struct sim w;

	(void)state;
	sim_init(&w, PIECE, 64 * PIECE);
	sim_swarm(&w, 16 << 20, 9);
	for (int i = 0; i < 3; i++)
		sim_add(&w, SIM_MOODY, 1, 0)->rate = 1000;
	sim_tell(&w);
	/* All have said what they have. */
	(void)sim_run(&w, 10 * SIM_STEP_MS);
	for (size_t i = 0; i < w.n_peers; i++)
		w.peer[i].peer.fast = w.peer[i].conn->peer.fast = false;
	(void)sim_run(&w, 60000);
	sim_assert_right(&w);
	sim_clear(&w);
}

enum { FLAPPERS = 6, HONEST_MS = 3000 };

/* One who sends, but not quickly, beside six who send nothing. */
static void
meet_flappers(struct sim *w)
{
	sim_init(w, PIECE, 16 * PIECE);
	sim_swarm(w, 16 << 20, 3);
	for (int i = 0; i < FLAPPERS; i++)
		(void)sim_add(w, SIM_SILENT, 1, 0);
	sim_add(w, SIM_HONEST, 1, 0)->rate = 4096;
	sim_tell(w);
	(void)sim_run(w, 10 * SIM_STEP_MS);
}

static void
flap(struct sim_peer *p)
{
	if (!p->up || !p->peer.is_interested)
		return;
	assert_int_equal(peer_set_choking(&p->peer, !p->peer.choking), RC_OK);
	if (p->peer.choking)
		p->n_asked = 0;
}

static void
who_chokes_and_unchokes_all_the_time_keeps_no_block_from_others(void **state)
{
	for (int plain = 0; plain < 2; plain++) {
		struct sim w;

		(void)state;
		meet_flappers(&w);
		for (size_t i = 0; i < FLAPPERS && plain != 0; i++)
			w.peer[i].peer.fast = w.peer[i].conn->peer.fast = false;
		for (int t = 0; t < HONEST_MS + 5000; t += SIM_STEP_MS) {
			(void)sim_run(&w, SIM_STEP_MS);
			for (size_t i = 0; i < FLAPPERS; i++)
				flap(&w.peer[i]);
		}
		sim_assert_right(&w);
		sim_clear(&w);
	}
}

/* It hangs up as soon as it is asked for anything, and calls again. */
static void
call_again(struct sim *w, struct sim_peer *p)
{
	struct peer_config config = p->peer.config;
	struct conn *c = p->conn;

	if (!p->up || p->n_asked == 0)
		return;
	sim_down(p);
	swarm_lost(w->swarm, c, w->now_ms);
	config.incoming = false;
	assert_int_equal(peer_init(&p->peer, &config, w->now_ms), RC_OK);
	p->conn = swarm_accept(w->swarm, &p->addr, w->now_ms);
	p->up = p->conn != NULL;
	assert_true(p->up);
}

static void
who_hangs_up_and_calls_again_all_the_time_keeps_no_block_from_others(void **state)
{
	struct sim w;

	(void)state;
	meet_flappers(&w);
	for (int t = 0; t < HONEST_MS + 5000; t += SIM_STEP_MS) {
		(void)sim_run(&w, SIM_STEP_MS);
		for (int i = t / SIM_STEP_MS % 3; i < FLAPPERS; i += 3)
			call_again(&w, &w.peer[i]);
	}
	sim_assert_right(&w);
	sim_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spells_of_owing_add_up_until_a_block_comes),
		cmocka_unit_test(time_in_which_it_was_not_read_is_not_owed),
		cmocka_unit_test(what_a_choke_without_bep_6_took_back_is_asked_for_again),
		cmocka_unit_test(
		    who_chokes_and_unchokes_all_the_time_keeps_no_block_from_others),
		cmocka_unit_test(
		    who_hangs_up_and_calls_again_all_the_time_keeps_no_block_from_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
