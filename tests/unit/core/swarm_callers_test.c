/* SPDX-License-Identifier: ISC */
/* Who calls when all places are taken, and who gives way to him. */
#include "tests/unit/core/sim.h"

enum { PIECE = 64 * 1024, PIECES = 16, MOST = 50, CALLERS = 38, SECOND = 1000 };

struct guest {
	struct conn *conn;
	bool gone;
};

static const uint8_t interested[] = { 0, 0, 0, 1, 2 };

/* complete: it has all and goes on serving. */
static void
setup(struct sim *w, bool complete)
{
	struct swarm_config config = { .id = w->id,
		.memory = 16 << 20,
		.most_conns = MOST,
		.keep = true,
		.seed = 5,
		.torrent = &w->t };

	sim_init(w, PIECE, (uint64_t)PIECES * PIECE);
	w->swarm = swarm_new(&config);
	assert_non_null(w->swarm);
	for (uint32_t i = 0; i < PIECES; i++) {
		swarm_want(w->swarm, i);
		if (complete)
			swarm_hold(w->swarm, i, true);
	}
}

static void
hear(struct sim *w, struct guest *g, const void *text, size_t n)
{
	uint8_t buf[PEER_SCRATCH];
	struct peer_room scratch = { .p = buf, .n = sizeof(buf) }, room[PEER_ROOMS];

	assert_int_equal(swarm_room(w->swarm, g->conn, scratch, room), 1);
	assert_true(n <= room[0].n);
	memcpy(room[0].p, text, n);
	swarm_read(w->swarm, g->conn, n, scratch, w->now_ms);
}

static void
note_ends(struct sim *w)
{
	struct conn *c;
	unsigned what;

	while ((c = swarm_todo(w->swarm, &what)) != NULL)
		if ((what & SWARM_CLOSE) != 0 && conn_io(c) != NULL)
			((struct guest *)conn_io(c))->gone = true;
}

/* The nth calls. Whether it is let in. */
static bool
call(struct sim *w, struct guest *guest, uint8_t n)
{
	const uint8_t ip[4] = { 10, 1, n, 1 };
	const struct addr a = addr_v4(ip, 40000);

	guest[n] = (struct guest){ .conn = swarm_accept(w->swarm, &a, w->now_ms) };
	if (guest[n].conn != NULL)
		conn_set_io(guest[n].conn, &guest[n]);
	note_ends(w);
	return guest[n].conn != NULL;
}

static void
shake_hands(struct sim *w, struct guest *g)
{
	struct wire_handshake h = { .fast = false };
	uint8_t text[WIRE_HANDSHAKE];

	memcpy(h.btih, w->t.btih, sizeof(h.btih));
	memset(h.id, 'g', sizeof(h.id));
	wire_put_handshake(&h, text);
	hear(w, g, text, sizeof(text));
}

/* So many call, are let in and shake hands. want: they are interested. */
static void
come(struct sim *w, struct guest *guest, uint8_t n, bool want)
{
	for (uint8_t i = 0; i < n; i++) {
		assert_true(call(w, guest, i));
		shake_hands(w, &guest[i]);
		if (want)
			hear(w, &guest[i], interested, sizeof(interested));
	}
}

static unsigned
gone(const struct guest *guest, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned i = from; i < to; i++)
		n += guest[i].gone;
	return n;
}

static void
clear(struct sim *w)
{
	swarm_free(w->swarm);
	torrent_clear(&w->t);
	free(w->data);
	free(w->disk);
	free(w->big);
}

static void
wait_ms(struct sim *w, int64_t ms)
{
	for (int64_t end = w->now_ms + ms; w->now_ms < end;) {
		w->now_ms += SWARM_TICK_MS;
		swarm_tick(w->swarm, w->now_ms);
		note_ends(w);
	}
}

static void
who_only_sits_there_gives_way_to_a_caller_after_ten_seconds(void **state)
{
	struct guest guest[64] = { 0 };
	struct sim w;

	(void)state;
	setup(&w, true);
	for (uint8_t i = 0; i < MOST; i++) {
		assert_true(call(&w, guest, i));
		shake_hands(&w, &guest[i]);
		w.now_ms++;
	}
	assert_false(call(&w, guest, MOST));
	wait_ms(&w, 9 * SECOND);
	assert_false(call(&w, guest, MOST));
	wait_ms(&w, SECOND);
	/* One goes for each, the longest idle first. */
	assert_true(call(&w, guest, MOST));
	assert_true(guest[0].gone && gone(guest, 0, MOST) == 1);
	assert_true(call(&w, guest, MOST + 1));
	assert_true(guest[1].gone && gone(guest, 0, MOST + 2) == 2);
	/* Who had to go may not push out the next one, but call again later. */
	assert_false(call(&w, guest, 0));
	wait_ms(&w, 299 * SECOND);
	assert_false(call(&w, guest, 0));
	wait_ms(&w, SECOND);
	assert_true(call(&w, guest, 0));
	clear(&w);
}

static void
who_does_not_shake_hands_gives_way_after_five(void **state)
{
	struct guest guest[64] = { 0 };
	struct sim w;

	(void)state;
	setup(&w, true);
	for (uint8_t i = 0; i < MOST; i++) {
		assert_true(call(&w, guest, i));
		if (i != 7)
			shake_hands(&w, &guest[i]);
	}
	wait_ms(&w, 4 * SECOND);
	assert_false(call(&w, guest, MOST));
	wait_ms(&w, SECOND);
	assert_true(call(&w, guest, MOST));
	assert_true(guest[7].gone && gone(guest, 0, MOST + 1) == 1);
	clear(&w);
}

static void
who_waits_for_its_turn_or_takes_blocks_stays_and_who_wastes_its_turn_goes(void **state)
{
	static const uint8_t request[] = { 0, 0, 0, 13, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
		64, 0 };
	struct guest guest[64] = { 0 };
	struct swarm_job job;
	struct sim w;

	(void)state;
	setup(&w, true);
	come(&w, guest, MOST, true);
	/* The first eight are served; the first one takes something. */
	hear(&w, &guest[0], request, sizeof(request));
	assert_true(swarm_job(w.swarm, &job));
	swarm_loaded(w.swarm, &job, true, w.now_ms);
	swarm_sent(w.swarm, guest[0].conn, swarm_waiting(guest[0].conn), w.now_ms);
	wait_ms(&w, 9 * SECOND);
	assert_false(call(&w, guest, MOST));
	wait_ms(&w, 6 * SECOND);
	for (uint8_t i = 0; i < 7; i++)
		assert_true(call(&w, guest, MOST + i));
	assert_int_equal(gone(guest, 1, 8), 7);
	assert_int_equal(gone(guest, 0, MOST + 7), 7);
	assert_false(call(&w, guest, MOST + 7));
	clear(&w);
}

static void
who_wastes_his_turn_makes_room_for_one_who_was_named_and_who_waits_for_it_does_not(
    void **state)
{
	struct guest guest[64] = { 0 };
	struct sim w;

	(void)state;
	setup(&w, true);
	come(&w, guest, MOST, true);
	/* Eight at a time have their turn. */
	wait_ms(&w, 40 * SECOND);
	(void)sim_add(&w, SIM_DEAD, 1, 0);
	sim_tell(&w);
	assert_int_equal(sim_stats(&w).dialling, 0);
	wait_ms(&w, SWARM_TICK_MS);
	assert_int_equal(sim_stats(&w).dialling, 1);
	assert_int_equal(gone(guest, 0, 8), 1);
	assert_int_equal(gone(guest, 0, MOST), 1);
	bitset_clear(&w.peer[0].has);
	clear(&w);
}

static void
callers_leave_places_for_those_who_are_dialled_while_something_is_missing(void **state)
{
	struct guest guest[64] = { 0 };
	struct sim w;

	(void)state;
	setup(&w, false);
	come(&w, guest, CALLERS, false);
	assert_false(call(&w, guest, CALLERS));
	for (int i = 0; i < MOST - CALLERS; i++)
		(void)sim_add(&w, SIM_DEAD, 1, 0);
	sim_tell(&w);
	assert_int_equal(sim_stats(&w).dialling, MOST - CALLERS);
	/* And among themselves they give way. */
	wait_ms(&w, 10 * SECOND);
	assert_true(call(&w, guest, CALLERS));
	assert_int_equal(gone(guest, 0, CALLERS), 1);
	for (size_t i = 0; i < w.n_peers; i++)
		bitset_clear(&w.peer[i].has);
	clear(&w);
}

static void
who_might_trade_has_two_minutes(void **state)
{
	struct guest guest[64] = { 0 };
	struct sim w;

	(void)state;
	setup(&w, false);
	come(&w, guest, CALLERS, true);
	wait_ms(&w, 100 * SECOND);
	assert_false(call(&w, guest, CALLERS));
	/* What they say keeps the connection, not the place. */
	for (uint8_t i = 0; i < CALLERS; i++)
		hear(&w, &guest[i], "\0\0\0", 4);
	wait_ms(&w, 20 * SECOND);
	assert_true(call(&w, guest, CALLERS));
	assert_int_equal(gone(guest, 0, CALLERS), 1);
	clear(&w);
}

static void
shake_hands_extended(struct sim *w, struct guest *g, const char *dict)
{
	struct wire_handshake h = { .extended = true };
	uint8_t text[WIRE_HANDSHAKE + 64];
	size_t n = strlen(dict);

	memcpy(h.btih, w->t.btih, sizeof(h.btih));
	memset(h.id, 'g', sizeof(h.id));
	wire_put_handshake(&h, text);
	hear(w, g, text, WIRE_HANDSHAKE);
	memcpy(text, "\0\0\0", 3);
	text[3] = (uint8_t)(2 + n);
	text[4] = 20;
	text[5] = 0;
	memcpy(text + 6, dict, n);
	hear(w, g, text, 6 + n);
	note_ends(w);
}

/* BEP 21: it lacks pieces, and wants none of them. */
static void
two_who_only_give_part_though_one_of_them_has_not_all(void **state)
{
	struct guest guest[64] = { 0 };
	struct sim w;

	(void)state;
	setup(&w, true);
	assert_true(call(&w, guest, 0) && call(&w, guest, 1));
	shake_hands_extended(&w, &guest[0], "d11:upload_onlyi0ee");
	shake_hands_extended(&w, &guest[1], "d11:upload_onlyi1ee");
	assert_false(guest[0].gone);
	assert_true(guest[1].gone);
	clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    who_only_sits_there_gives_way_to_a_caller_after_ten_seconds),
		cmocka_unit_test(who_does_not_shake_hands_gives_way_after_five),
		cmocka_unit_test(
		    who_waits_for_its_turn_or_takes_blocks_stays_and_who_wastes_its_turn_goes),
		cmocka_unit_test(
		    who_wastes_his_turn_makes_room_for_one_who_was_named_and_who_waits_for_it_does_not),
		cmocka_unit_test(
		    callers_leave_places_for_those_who_are_dialled_while_something_is_missing),
		cmocka_unit_test(who_might_trade_has_two_minutes),
		cmocka_unit_test(two_who_only_give_part_though_one_of_them_has_not_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
