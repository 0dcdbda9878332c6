/* SPDX-License-Identifier: ISC */
/*
 * A world in memory for the swarm's tests: one swarm under test, scripted peers around
 * it, a disk that is an array, and a clock that is a number. Every byte goes through the
 * real protocol; nothing waits.
 */
#ifndef TESTS_CORE_SIM_H
#define TESTS_CORE_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/smartban.h"
#include "core/swarm.h"
#include "core/torrent.h"
#include "crypto/hash.h"

enum {
	SIM_PEERS = 64,
	SIM_STEP_MS = 10,
	SIM_WIRE = 64 * 1024,
	SIM_QUEUE = 2048,
	SIM_BLOCK = 16384,
	SIM_MARKS = 1024
};

enum sim_kind {
	SIM_HONEST,
	SIM_LIAR,    /* every block is wrong */
	SIM_SLY,     /* one block in seven is wrong */
	SIM_SILENT,  /* unchokes, takes requests, sends nothing */
	SIM_CHOKER,  /* never unchokes */
	SIM_MOODY,   /* unchokes and chokes by turns of 2 s */
	SIM_RUDE,    /* the same, without rejecting what it sweeps away */
	SIM_DEAD,    /* does not answer the call */
	SIM_POURER,  /* every block is wrong, and most of them nobody asked for */
	SIM_RUNNER,  /* sends one wrong block and hangs up */
	SIM_ALLOWER, /* never unchokes, but allows piece 0 and piece 1 */
};

struct sim_peer {
	enum sim_kind kind;
	struct addr addr;
	uint8_t id[20];
	struct bitset has;
	size_t rate;            /* bytes a step */
	int64_t silent_from_ms; /* sends no block after this time; 0: never silent */
	int64_t every_ms; /* sends blocks only so often, many at once; 0: at any time */
	bool up;          /* connected */
	struct conn *conn;
	struct peer peer;
	struct peer_block asked[SIM_QUEUE];
	size_t n_asked;
	size_t budget;
	unsigned calls;   /* how often it was dialled */
	uint64_t sent;    /* bytes of blocks */
	size_t drip;      /* bytes a step that its wire carries; 0: all */
	unsigned cancels; /* that it was told */
	bool cut;         /* the swarm closed it */
};

struct sim {
	int64_t now_ms;
	struct torrent t;
	struct torrent_file file;
	uint8_t *data; /* what is right */
	uint8_t *disk; /* what was written */
	uint8_t *big;  /* what was gathered */
	struct swarm *swarm;
	uint8_t id[20];
	struct sim_peer peer[SIM_PEERS];
	size_t n_peers;
	uint64_t trace; /* a hash of everything the swarm did */
	unsigned verified_good, verified_bad;
	uint64_t most_memory;
	struct swarm_job verifying[64]; /* hashed at once, answered a step later */
	uint8_t digest[64][20];
	size_t n_verifying;
	bool stuck; /* the disk: nothing is answered */
	struct swarm_job
	    held_back[64]; /* gather jobs that end a step later, in reverse */
	size_t n_held_back;
};

static inline void
sim_note(struct sim *w, uint64_t what)
{
	struct rng r = { .state = w->trace ^ what };

	w->trace = rng_u64(&r);
}

/* A torrent of length bytes of noise in one file. */
static inline void
sim_init(struct sim *w, uint32_t piece_length, uint64_t length)
{
	struct rng r = { .state = 42 };

	*w = (struct sim){ .now_ms = 1000000 };
	memset(w->id, 'U', sizeof(w->id));
	w->data = malloc(length);
	w->disk = calloc(1, length);
	w->big = calloc(1, length);
	assert_true(w->data != NULL && w->disk != NULL && w->big != NULL);
	for (uint64_t i = 0; i < length; i++)
		w->data[i] = (uint8_t)rng_u64(&r);
	torrent_init(&w->t);
	w->t.has_v1 = w->t.whole = true;
	w->t.piece_length = piece_length;
	w->t.length = length;
	w->t.pieces = (uint32_t)((length - 1) / piece_length + 1);
	w->t.sha1 = calloc(w->t.pieces, 20);
	memset(w->t.btih, 0xb7, sizeof(w->t.btih));
	for (uint32_t i = 0; i < w->t.pieces; i++)
		assert_int_equal(hash_sha1(bytes_of(w->data + (uint64_t)i * piece_length,
		                               torrent_piece_size(&w->t, i)),
		                     w->t.sha1 + (size_t)i * 20),
		    RC_OK);
}

static inline void
sim_swarm(struct sim *w, uint64_t memory, uint64_t seed)
{
	const struct swarm_config config = { .torrent = &w->t,
		.id = w->id,
		.port = 6881,
		.memory = memory,
		.most_conns = 50,
		.seed = seed };

	w->swarm = swarm_new(&config);
	assert_non_null(w->swarm);
	for (uint32_t i = 0; i < w->t.pieces; i++)
		swarm_want(w->swarm, i);
}

/* Somebody who has every piece i with i % of == part. */
static inline struct sim_peer *
sim_add(struct sim *w, enum sim_kind kind, uint32_t of, uint32_t part)
{
	struct sim_peer *p = &w->peer[w->n_peers];
	uint8_t ip[4] = { 10, 0, (uint8_t)w->n_peers, 1 };

	*p = (struct sim_peer){ .kind = kind, .addr = addr_v4(ip, 6881), .rate = 16384 };
	memset(p->id, 'a' + (int)w->n_peers % 26, sizeof(p->id));
	p->id[0] = (uint8_t)w->n_peers;
	assert_int_equal(bitset_init(&p->has, w->t.pieces), RC_OK);
	for (uint32_t i = 0; i < w->t.pieces; i++)
		if (i % of == part)
			bitset_set(&p->has, i);
	w->n_peers++;
	return p;
}

static inline void
sim_tell(struct sim *w)
{
	for (size_t i = 0; i < w->n_peers; i++)
		swarm_add_peer(w->swarm, &w->peer[i].addr, w->now_ms);
}

static inline struct sim_peer *
sim_at(struct sim *w, const struct addr *a)
{
	for (size_t i = 0; i < w->n_peers; i++)
		if (addr_eq(&w->peer[i].addr, a))
			return &w->peer[i];
	return NULL;
}

static inline void
sim_down(struct sim_peer *p)
{
	if (p->up)
		peer_clear(&p->peer);
	p->up = false;
	p->conn = NULL;
	p->n_asked = 0;
}

static inline void
sim_connect(struct sim *w, struct conn *c)
{
	struct sim_peer *p = sim_at(w, conn_addr(c));
	const struct peer_config config = { .btih = w->t.btih,
		.id = p->id,
		.have = &p->has,
		.piece_length = w->t.piece_length,
		.length = w->t.length,
		.incoming = true };

	p->calls++;
	p->conn = c;
	if (p->kind == SIM_DEAD)
		return;
	assert_int_equal(peer_init(&p->peer, &config, w->now_ms), RC_OK);
	p->up = true;
	swarm_connected(w->swarm, c, w->now_ms);
}

static inline void
sim_todo(struct sim *w)
{
	struct conn *c;
	unsigned what;

	while ((c = swarm_todo(w->swarm, &what)) != NULL) {
		struct sim_peer *p = sim_at(w, conn_addr(c));

		sim_note(w, what << 8 | (unsigned)(p - w->peer));
		if ((what & SWARM_CLOSE) != 0) {
			if (p->conn == c) {
				p->cut = true;
				sim_down(p);
			}
		} else if ((what & SWARM_DIAL) != 0) {
			sim_connect(w, c);
		}
	}
}

static inline const uint8_t *
sim_piece(const struct sim *w, const struct swarm_job *job)
{
	return job->data != NULL
	    ? job->data
	    : w->big + (uint64_t)job->block.piece * w->t.piece_length;
}

static inline void
sim_verify(struct sim *w, const struct swarm_job *job)
{
	struct bytes piece = bytes_of(sim_piece(w, job), job->block.length);
	uint8_t hashed[20];

	assert_true(w->n_verifying < 64);
	assert_int_equal(hash_sha1(piece, w->digest[w->n_verifying]), RC_OK);
	/* What was hashed as it came is what lies there now. */
	if (job->draft != NULL) {
		assert_int_equal(draft_end(job->draft, piece.n, hashed), RC_OK);
		assert_memory_equal(hashed, w->digest[w->n_verifying], 20);
	}
	w->verifying[w->n_verifying++] = *job;
}

static inline void
sim_verified(struct sim *w, size_t i)
{
	const struct swarm_job *job = &w->verifying[i];
	const uint8_t *from = sim_piece(w, job);
	uint8_t digest[20];
	uint64_t marks[SIM_MARKS];
	bool good;

	/* Nobody may have written into a piece that was being hashed. */
	assert_int_equal(hash_sha1(bytes_of(from, job->block.length), digest), RC_OK);
	assert_memory_equal(digest, w->digest[i], 20);
	good = memcmp(digest, w->t.sha1 + (size_t)job->block.piece * 20, 20) == 0;
	if (good)
		memcpy(w->disk + (uint64_t)job->block.piece * w->t.piece_length, from,
		    job->block.length);
	w->verified_good += good;
	w->verified_bad += !good;
	assert_true(job->block.length <= SIM_MARKS * SIM_BLOCK);
	assert_int_equal(smartban_marks(bytes_of(from, job->block.length), marks), RC_OK);
	swarm_verified(w->swarm, job->block.piece, good ? SWARM_SERVED : SWARM_BAD,
	    !good || job->marks ? marks : NULL, w->now_ms);
}

static inline void
sim_gather(struct sim *w, const struct swarm_job *job)
{
	memcpy(w->big + (uint64_t)job->block.piece * w->t.piece_length + job->block.begin,
	    job->data, job->block.length);
	swarm_gathered(w->swarm, job, w->now_ms);
}

static inline void
sim_jobs(struct sim *w)
{
	struct swarm_job job;

	/* Other threads finish in any order: here, a step late and the last one first. */
	for (size_t i = 0, n = w->stuck ? 0 : w->n_verifying; i < n; i++)
		sim_verified(w, i);
	w->n_verifying = w->stuck ? w->n_verifying : 0;
	while (w->n_held_back > 0)
		sim_gather(w, &w->held_back[--w->n_held_back]);
	while (swarm_job(w->swarm, &job)) {
		sim_note(w, (uint64_t)job.kind << 32 | job.block.piece);
		if (job.kind == SWARM_VERIFY)
			sim_verify(w, &job);
		else if (job.kind == SWARM_LOAD)
			swarm_loaded(w->swarm, &job, true, w->now_ms);
		else if (w->n_held_back < 64)
			w->held_back[w->n_held_back++] = job;
		else
			sim_gather(w, &job);
	}
}

static inline void
sim_forget(struct sim_peer *p, struct peer_block b)
{
	for (size_t i = 0; i < p->n_asked; i++)
		if (memcmp(&p->asked[i], &b, sizeof(b)) == 0) {
			p->n_asked--;
			memmove(p->asked + i, p->asked + i + 1,
			    (p->n_asked - i) * sizeof(p->asked[0]));
			return;
		}
}

/* What a scripted peer does when it hears something. */
static inline void
sim_hear(struct sim *w, struct sim_peer *p, const struct peer_event *e)
{
	enum rc rc = RC_OK;

	switch (e->kind) {
	case PEER_INTEREST:
		if (p->kind != SIM_CHOKER && p->kind != SIM_ALLOWER)
			rc = peer_set_choking(&p->peer, !p->peer.is_interested);
		break;
	case PEER_REQUEST:
		sim_note(w, (uint64_t)e->block.piece << 32 | e->block.begin);
		assert_true(bitset_get(&p->has, e->block.piece));
		assert_true(p->n_asked < SIM_QUEUE);
		p->asked[p->n_asked++] = e->block;
		break;
	case PEER_CANCEL:
		p->cancels++;
		sim_forget(p, e->block);
		rc = peer_send_reject(&p->peer, e->block);
		break;
	case PEER_BAD: fail_msg("the swarm broke the protocol: it %s", e->why);
	default: break;
	}
	assert_int_equal(rc, RC_OK);
}

/* From the swarm to the peer. */
static inline void
sim_down_wire(struct sim *w, struct sim_peer *p)
{
	uint8_t text[SIM_WIRE];
	struct peer_room scratch = { .p = text, .n = sizeof(text) }, room[PEER_ROOMS];
	struct bytes out, rest;
	struct peer_part part;
	struct peer_event e;

	if (!swarm_output(p->conn, 0, &part))
		return;
	out = part.bytes.n > 0
	    ? part.bytes
	    : bytes_of(w->disk + (uint64_t)part.block.piece * w->t.piece_length +
	              part.block.begin,
	          part.block.length);
	if (out.n > sizeof(text))
		out.n = sizeof(text);
	assert_int_equal(peer_room(&p->peer, scratch, room), 1);
	memcpy(text, out.p, out.n);
	swarm_sent(w->swarm, p->conn, out.n, w->now_ms);
	peer_commit(&p->peer, out.n, scratch, w->now_ms, &rest);
	do {
		peer_next(&p->peer, &rest, w->now_ms, &e);
		sim_hear(w, p, &e);
	} while (e.kind != PEER_MORE);
}

/* The bytes of (part of) a block that a scripted peer sends: right, unless it lies. */
static inline struct bytes
sim_payload(const struct sim *w, const struct sim_peer *p, struct peer_block b)
{
	static const uint8_t wrong[SIM_BLOCK] = { 0xee, 0xee };
	bool lies = p->kind == SIM_LIAR || p->kind == SIM_POURER ||
	    p->kind == SIM_RUNNER ||
	    (p->kind == SIM_SLY && (b.piece + b.begin / SIM_BLOCK) % 7 == 3);

	return bytes_of(
	    lies ? wrong : w->data + (uint64_t)b.piece * w->t.piece_length + b.begin,
	    b.length);
}

/* What the peer has to say, at most n bytes, goes to the rooms; returns how many. */
static inline size_t
sim_fill(const struct sim *w, const struct sim_peer *p, const struct peer_room *room,
    int rooms, size_t n)
{
	size_t moved = 0, used = 0;
	struct peer_part part;

	for (size_t i = 0; rooms > 0 && moved < n && peer_output(&p->peer, i, &part);
	     i++) {
		struct bytes out =
		    part.bytes.n > 0 ? part.bytes : sim_payload(w, p, part.block);

		while (rooms > 0 && out.n > 0 && moved < n) {
			size_t take = out.n < n - moved ? out.n : n - moved;

			take = take < room->n - used ? take : room->n - used;
			memcpy(room->p + used, out.p, take);
			out = bytes_from(out, take);
			moved += take;
			used += take;
			if (used < room->n)
				continue;
			room++;
			rooms--;
			used = 0;
		}
	}
	return moved;
}

/* From the peer to the swarm, as a socket gives it. */
static inline void
sim_up_wire(struct sim *w, struct sim_peer *p)
{
	uint8_t text[PEER_SCRATCH];
	struct peer_room scratch = { .p = text, .n = sizeof(text) }, room[PEER_ROOMS];
	size_t left = p->drip == 0 ? SIZE_MAX : p->drip, moved;

	while (left > 0 && p->up && !p->cut && peer_waiting(&p->peer) > 0) {
		int rooms = swarm_room(w->swarm, p->conn, scratch, room);

		if (rooms == 0)
			return;
		moved = sim_fill(w, p, room, rooms, left);
		left -= moved;
		peer_sent(&p->peer, moved, w->now_ms);
		swarm_read(w->swarm, p->conn, moved, scratch, w->now_ms);
		sim_todo(w);
	}
}

static inline void
sim_moods(struct sim *w, struct sim_peer *p)
{
	static const uint32_t allowed[] = { 0, 1 };

	if ((p->kind == SIM_MOODY || p->kind == SIM_RUDE) && p->peer.is_interested) {
		bool choke = w->now_ms / 2000 % 2 == 1;

		bool sweep = choke && !p->peer.choking;

		assert_int_equal(peer_set_choking(&p->peer, choke), RC_OK);
		while (sweep && p->n_asked > 0) {
			const struct peer_block b = p->asked[0];

			sim_forget(p, b);
			/* BEP 6: what a choke sweeps away is rejected. */
			if (p->kind == SIM_MOODY)
				assert_int_equal(peer_send_reject(&p->peer, b), RC_OK);
		}
	}
	if (p->kind == SIM_ALLOWER && p->peer.ready && p->calls == 1) {
		/* peer has no call to allow pieces: the bytes of BEP 6, by hand. */
		for (size_t i = 0; i < 2; i++) {
			uint8_t text[9] = { 0, 0, 0, 5, 17, 0, 0, 0,
				(uint8_t)allowed[i] };

			assert_int_equal(
			    buf_add(&p->peer.output, text, sizeof(text)), RC_OK);
		}
		p->calls++;
	}
}

/* First blocks of any pieces, eight a step. */
static inline void
sim_pour(struct sim *w, struct sim_peer *p)
{
	struct rng r = { .state = w->trace ^ (uint64_t)(p - w->peer) };
	enum rc rc = p->peer.ready && !p->peer.choking ? RC_OK : RC_NONE;

	for (size_t i = 0; i < 8 && rc == RC_OK; i++)
		rc = peer_send_block(&p->peer,
		    (struct peer_block){
		        .piece = rng_below(&r, w->t.pieces - 1), .length = SIM_BLOCK });
}

static inline void
sim_send_blocks(struct sim *w, struct sim_peer *p)
{
	size_t most = p->rate * (1 + (size_t)p->every_ms / SIM_STEP_MS) + WIRE_BLOCK;

	p->budget += p->rate;
	if (p->budget > most)
		p->budget = most;
	if (p->kind == SIM_SILENT || (p->every_ms != 0 && w->now_ms % p->every_ms != 0) ||
	    (p->silent_from_ms != 0 && w->now_ms >= p->silent_from_ms))
		return;
	while (p->n_asked > 0 && p->budget >= p->asked[0].length &&
	    (p->kind != SIM_RUNNER || p->sent == 0) &&
	    (!p->peer.choking || p->kind == SIM_ALLOWER)) {
		struct peer_block b = p->asked[0];

		sim_forget(p, b);
		p->budget -= b.length;
		p->sent += b.length;
		if (peer_send_block(&p->peer, b) != RC_OK)
			return;
	}
}

static inline void
sim_run_away(struct sim *w, struct sim_peer *p)
{
	struct conn *c = p->conn;

	if (p->kind != SIM_RUNNER || !p->up || p->sent == 0 || peer_waiting(&p->peer) > 0)
		return;
	sim_down(p);
	p->sent = 0;
	swarm_lost(w->swarm, c, w->now_ms);
}

/* One step of SIM_STEP_MS. */
static inline void
sim_step(struct sim *w)
{
	w->now_ms += SIM_STEP_MS;
	sim_todo(w);
	for (size_t i = 0; i < w->n_peers; i++) {
		struct sim_peer *p = &w->peer[i];

		if (!p->up)
			continue;
		p->cut = false;
		sim_moods(w, p);
		sim_down_wire(w, p);
		if (p->kind == SIM_POURER)
			sim_pour(w, p);
		else
			sim_send_blocks(w, p);
		sim_up_wire(w, p);
		sim_run_away(w, p);
		sim_todo(w);
	}
	sim_jobs(w);
	if (w->now_ms % SWARM_TICK_MS == 0)
		swarm_tick(w->swarm, w->now_ms);
	sim_todo(w);
	assert_false(swarm_is_broken(w->swarm));
}

/* Run until all is there, at most so long; the milliseconds that it took. */
static inline int64_t
sim_run(struct sim *w, int64_t most_ms)
{
	int64_t start_ms = w->now_ms;

	while (!swarm_is_complete(w->swarm) && w->now_ms - start_ms < most_ms)
		sim_step(w);
	return w->now_ms - start_ms;
}

static inline void
sim_assert_right(struct sim *w)
{
	assert_true(swarm_is_complete(w->swarm));
	assert_memory_equal(w->disk, w->data, w->t.length);
}

static inline struct swarm_stats
sim_stats(struct sim *w)
{
	struct swarm_stats st;

	swarm_get_stats(w->swarm, &st, w->now_ms);
	return st;
}

static inline void
sim_clear(struct sim *w)
{
	for (size_t i = 0; i < w->n_peers; i++) {
		sim_down(&w->peer[i]);
		bitset_clear(&w->peer[i].has);
	}
	sim_jobs(w);
	sim_jobs(w);
	sim_jobs(w);
	swarm_free(w->swarm);
	torrent_clear(&w->t);
	free(w->data);
	free(w->disk);
	free(w->big);
}

#endif
