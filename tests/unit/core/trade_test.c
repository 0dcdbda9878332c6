/* SPDX-License-Identifier: ISC */
/* Swarms that serve each other, in memory: one has all, the others nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/swarm.h"
#include "crypto/hash.h"

enum {
	NODES = 20,
	PIECE = 64 * 1024,
	PIECES = 60,
	STEP_MS = 10,
	LINKS_MAX = NODES * NODES
};
#define LENGTH ((uint64_t)PIECES * PIECE - 777)

struct node {
	struct swarm *swarm;
	struct addr addr;
	uint8_t id[20];
	uint8_t *disk;
	size_t rate, budget; /* bytes a step that it may send */
};

struct link {
	struct node *node[2];
	struct conn *conn[2];
};

struct world {
	int64_t now_ms;
	struct torrent t;
	uint8_t *data;
	struct node node[NODES];
	size_t n_nodes;
	struct link link[LINKS_MAX];
	size_t n_links;
};

static void
make_torrent(struct world *w)
{
	struct rng r = { .state = 5 };

	torrent_init(&w->t);
	w->t.has_v1 = w->t.whole = true;
	w->t.piece_length = PIECE;
	w->t.length = LENGTH;
	w->t.pieces = PIECES;
	w->t.sha1 = calloc(PIECES, 20);
	w->data = malloc(LENGTH);
	assert_true(w->t.sha1 != NULL && w->data != NULL);
	for (uint64_t i = 0; i < LENGTH; i++)
		w->data[i] = (uint8_t)rng_u64(&r);
	for (uint32_t i = 0; i < PIECES; i++)
		assert_int_equal(hash_sha1(bytes_of(w->data + (uint64_t)i * PIECE,
		                               torrent_piece_size(&w->t, i)),
		                     w->t.sha1 + (size_t)i * 20),
		    RC_OK);
}

static void
add_node(struct world *w, bool seed, size_t rate)
{
	struct node *n = &w->node[w->n_nodes];
	uint8_t ip[4] = { 10, 0, 1, (uint8_t)w->n_nodes };
	struct swarm_config config = { .torrent = &w->t,
		.id = n->id,
		.port = 6881,
		.memory = 64 << 20,
		.most_conns = 50 };

	n->addr = addr_v4(ip, 6881);
	memset(n->id, 'A' + (int)w->n_nodes, sizeof(n->id));
	n->rate = rate;
	n->disk = calloc(1, LENGTH);
	assert_non_null(n->disk);
	config.seed = w->n_nodes;
	n->swarm = swarm_new(&config);
	assert_non_null(n->swarm);
	if (seed)
		memcpy(n->disk, w->data, LENGTH);
	for (uint32_t i = 0; i < PIECES; i++) {
		if (seed)
			swarm_hold(n->swarm, i, true);
		else
			swarm_want(n->swarm, i);
	}
	w->n_nodes++;
}

static struct link *
link_of(struct world *w, const struct conn *c, int *end)
{
	for (size_t i = 0; i < w->n_links; i++)
		for (*end = 0; *end < 2; ++*end)
			if (w->link[i].conn[*end] == c)
				return &w->link[i];
	return NULL;
}

static void
cut(struct world *w, struct link *k, int end)
{
	struct conn *other = k->conn[1 - end];
	struct node *node = k->node[1 - end];

	*k = w->link[--w->n_links];
	swarm_lost(node->swarm, other, w->now_ms);
}

static void
dial(struct world *w, struct node *from, struct conn *c)
{
	for (size_t i = 0; i < w->n_nodes; i++) {
		struct node *to = &w->node[i];
		struct addr back = from->addr;
		struct conn *other;

		if (!addr_eq(&to->addr, conn_addr(c)))
			continue;
		back.port = (uint16_t)(10000 + w->n_links);
		other = to == from ? NULL : swarm_accept(to->swarm, &back, w->now_ms);
		if (other == NULL)
			break;
		assert_true(w->n_links < LINKS_MAX);
		w->link[w->n_links++] =
		    (struct link){ .node = { from, to }, .conn = { c, other } };
		swarm_connected(from->swarm, c, w->now_ms);
		return;
	}
	swarm_lost(from->swarm, c, w->now_ms);
}

static void
do_todo(struct world *w, struct node *n)
{
	struct conn *c;
	unsigned what;
	int end;

	while ((c = swarm_todo(n->swarm, &what)) != NULL) {
		struct link *k = link_of(w, c, &end);

		if ((what & SWARM_CLOSE) != 0 && k != NULL)
			cut(w, k, end);
		else if ((what & SWARM_DIAL) != 0)
			dial(w, n, c);
	}
}

static void
do_jobs(struct world *w, struct node *n)
{
	struct swarm_job job;

	while (swarm_job(n->swarm, &job)) {
		uint64_t at = (uint64_t)job.block.piece * PIECE + job.block.begin;
		uint8_t digest[20];

		if (job.kind == SWARM_LOAD) {
			/*
			 * Nothing unverified is ever offered: what is asked for must be
			 * right.
			 */
			assert_memory_equal(n->disk + at, w->data + at, job.block.length);
			swarm_loaded(n->swarm, &job, true, w->now_ms);
			continue;
		}
		assert_int_equal(job.kind, SWARM_VERIFY);
		assert_int_equal(
		    hash_sha1(bytes_of(job.data, job.block.length), digest), RC_OK);
		assert_memory_equal(digest, w->t.sha1 + (size_t)job.block.piece * 20, 20);
		memcpy(n->disk + at, job.data, job.block.length);
		swarm_verified(n->swarm, job.block.piece, SWARM_SERVED, NULL, w->now_ms);
	}
}

/* What one end has to say goes to the other, as far as its rate allows. */
static void
carry(struct world *w, struct link *k, int end)
{
	struct node *from = k->node[end], *to = k->node[1 - end];
	struct peer_part part;
	struct bytes out;
	uint8_t text[4096];
	struct peer_room scratch = { .p = text, .n = sizeof(text) }, room[PEER_ROOMS];
	size_t moved = 0;
	int rooms;

	if (!swarm_output(k->conn[end], 0, &part))
		return;
	out = part.bytes.n > 0
	    ? part.bytes
	    : bytes_of(from->disk + (uint64_t)part.block.piece * PIECE + part.block.begin,
	          part.block.length);
	if (out.n > from->budget)
		out.n = from->budget;
	if (out.n == 0)
		return;
	rooms = swarm_room(to->swarm, k->conn[1 - end], scratch, room);
	for (int i = 0; i < rooms && out.n > 0; i++) {
		size_t n = out.n < room[i].n ? out.n : room[i].n;

		memcpy(room[i].p, out.p, n);
		out = bytes_from(out, n);
		moved += n;
	}
	from->budget -= moved;
	swarm_sent(from->swarm, k->conn[end], moved, w->now_ms);
	swarm_read(to->swarm, k->conn[1 - end], moved, scratch, w->now_ms);
}

static bool
step(struct world *w)
{
	bool all = true;

	w->now_ms += STEP_MS;
	for (size_t i = 0; i < w->n_nodes; i++)
		w->node[i].budget = w->node[i].rate;
	for (int round = 0; round < 8; round++)
		for (size_t i = 0; i < w->n_links; i++) {
			carry(w, &w->link[i], 0);
			carry(w, &w->link[i], 1);
		}
	for (size_t i = 0; i < w->n_nodes; i++) {
		do_jobs(w, &w->node[i]);
		if (w->now_ms % SWARM_TICK_MS == 0)
			swarm_tick(w->node[i].swarm, w->now_ms);
		do_todo(w, &w->node[i]);
		all = all && swarm_is_complete(w->node[i].swarm);
	}
	return all;
}

static void
tell_all(struct world *w)
{
	for (size_t i = 0; i < w->n_nodes; i++)
		for (size_t j = 0; j < w->n_nodes; j++)
			swarm_add_peer(w->node[i].swarm, &w->node[j].addr, w->now_ms);
}

static void
clear(struct world *w)
{
	while (w->n_links > 0) {
		swarm_lost(w->link[0].node[0]->swarm, w->link[0].conn[0], w->now_ms);
		cut(w, &w->link[0], 0);
	}
	for (size_t i = 0; i < w->n_nodes; i++) {
		swarm_free(w->node[i].swarm);
		free(w->node[i].disk);
	}
	torrent_clear(&w->t);
	free(w->data);
}

static void
nineteen_leechers_and_a_seed_all_finish_and_trade(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct swarm_stats st;
	bool all = false;

	(void)state;
	assert_non_null(w);
	w->now_ms = 500000;
	make_torrent(w);
	add_node(w, true, 32768);
	for (int i = 1; i < NODES; i++)
		add_node(w, false, 32768);
	tell_all(w);
	for (int i = 0; !all && i < 60000 / STEP_MS; i++)
		all = step(w);
	assert_true(all);
	for (size_t i = 0; i < w->n_nodes; i++)
		assert_memory_equal(w->node[i].disk, w->data, LENGTH);
	/* Nineteen copies were needed; the seed gave few of them. */
	swarm_get_stats(w->node[0].swarm, &st, w->now_ms);
	assert_true(st.uploaded >= LENGTH && st.uploaded < 6 * LENGTH);
	clear(w);
	free(w);
}

static void
two_halves_make_two_wholes(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	bool all = false;

	(void)state;
	assert_non_null(w);
	w->now_ms = 500000;
	make_torrent(w);
	add_node(w, false, 16384);
	add_node(w, false, 16384);
	for (uint32_t i = 0; i < PIECES; i++) {
		struct node *n = &w->node[i % 2];
		uint64_t at = (uint64_t)i * PIECE;

		memcpy(n->disk + at, w->data + at, torrent_piece_size(&w->t, i));
		swarm_hold(n->swarm, i, true);
	}
	tell_all(w);
	for (int i = 0; !all && i < 60000 / STEP_MS; i++)
		all = step(w);
	assert_true(all);
	for (size_t i = 0; i < w->n_nodes; i++)
		assert_memory_equal(w->node[i].disk, w->data, LENGTH);
	clear(w);
	free(w);
}

/* One seed that can send so many bytes a step, one who fetches: the most that waited. */
static size_t
most_waiting(size_t rate)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t most = 0;

	assert_non_null(w);
	w->now_ms = 500000;
	make_torrent(w);
	add_node(w, true, rate);
	add_node(w, false, 32768);
	tell_all(w);
	for (int i = 0; !step(w) && i < 6000 / STEP_MS; i++)
		for (size_t k = 0; k < w->n_links; k++)
			for (int end = 0; end < 2; end++) {
				size_t n = swarm_waiting(w->link[k].conn[end]);

				if (w->link[k].node[end] == &w->node[0] && n > most)
					most = n;
			}
	clear(w);
	free(w);
	return most;
}

/* A block more than the limit may wait, and a few words. */
static void
little_is_promised_to_who_takes_little_and_much_to_who_takes_much(void **state)
{
	const size_t kib = 1024, slow = most_waiting(kib / 2),
	             fast = most_waiting(1 << 20);

	(void)state;
	assert_in_range(slow, 64 * kib, 145 * kib);
	assert_in_range(fast, 512 * kib, 1041 * kib);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nineteen_leechers_and_a_seed_all_finish_and_trade),
		cmocka_unit_test(two_halves_make_two_wholes),
		cmocka_unit_test(
		    little_is_promised_to_who_takes_little_and_much_to_who_takes_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
