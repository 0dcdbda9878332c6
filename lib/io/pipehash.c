/* SPDX-License-Identifier: ISC */
/*
 * Pieces go round a ring of slots: the reader fills slot i % n, a worker hashes it, and
 * before the reader fills it again it takes the digest out. So digests come in order, and
 * memory is bounded by the ring.
 */
#include "io/pipehash.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "io/loop.h"
#include "io/stop.h"

enum {
	RING = 16 * 1024 * 1024, /* bytes of all slots, at most */
	CHUNK = 128 * 1024,      /* of a piece that has no slot */
	PIPE = 1024 * 1024,      /* what we wish the pipe to hold */
	WORKERS_MAX = 8,
	TICK_MS = 100,
};

enum slot_state { FREE, FULL, BUSY, HASHED };

struct slot {
	enum slot_state state;
	uint8_t *data;
	size_t n;
	enum rc rc;
	uint8_t digest[SHA1_SIZE];
};

struct ring {
	const struct pipehash *p;
	struct buf *sha1;
	uint64_t length;
	struct stop stop;
	int signal;
	int64_t tick_ms;

	size_t n_slots; /* 0: pieces are too large, the reader hashes */
	struct slot slots[WORKERS_MAX + 2];
	unsigned n_workers;
	pthread_t workers[WORKERS_MAX];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next; /* the slot that a worker takes next */
	bool ended;
};

static enum rc
hash_slot(struct hash *sha1, struct slot *s)
{
	enum rc rc = sha1 == NULL ? RC_MEM : hash_reset(sha1);

	if (rc == RC_OK)
		rc = hash_add(sha1, bytes_of(s->data, s->n));
	return rc == RC_OK ? hash_end(sha1, s->digest) : rc;
}

static void *
work(void *arg)
{
	struct ring *r = arg;
	struct hash *sha1 = hash_new(HASH_SHA1);

	(void)pthread_mutex_lock(&r->lock);
	for (;;) {
		struct slot *s = &r->slots[r->next];

		if (s->state != FULL && r->ended)
			break;
		if (s->state != FULL) {
			(void)pthread_cond_wait(&r->changed, &r->lock);
			continue;
		}
		s->state = BUSY;
		r->next = (r->next + 1) % r->n_slots;
		(void)pthread_mutex_unlock(&r->lock);
		s->rc = hash_slot(sha1, s);
		(void)pthread_mutex_lock(&r->lock);
		s->state = HASHED;
		(void)pthread_cond_broadcast(&r->changed);
	}
	(void)pthread_mutex_unlock(&r->lock);
	hash_free(sha1);
	return NULL;
}

static void
tick(struct ring *r)
{
	int64_t now = loop_now();

	if (r->p->tick == NULL || now - r->tick_ms < TICK_MS)
		return;
	r->tick_ms = now;
	r->p->tick(r->p->ctx, r->length);
}

/* Read n bytes, fewer only at the end. RC_OK, *got set; RC_END; RC_SYS. */
static enum rc
fill(struct ring *r, uint8_t *data, size_t n, size_t *got)
{
	*got = 0;
	while (*got < n) {
		bool ready;
		ssize_t more;

		r->signal = stop_wait(
		    &r->stop, r->p->fd, r->p->tick == NULL ? -1 : TICK_MS, &ready);
		if (r->signal != 0)
			return RC_END;
		tick(r);
		if (!ready)
			continue;
		more = read(r->p->fd, data + *got, n - *got);
		if (more == 0)
			break;
		if (more < 0 && errno != EINTR && errno != EAGAIN)
			return RC_SYS;
		if (more > 0) {
			*got += (size_t)more;
			r->length += (uint64_t)more;
		}
	}
	return RC_OK;
}

/* Wait until a slot is not in use, and keep the digest that is in it. */
static enum rc
empty(struct ring *r, struct slot *s)
{
	enum rc rc = RC_OK;

	(void)pthread_mutex_lock(&r->lock);
	while (s->state == FULL || s->state == BUSY)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	if (s->state == HASHED)
		rc = s->rc == RC_OK ? buf_add(r->sha1, s->digest, SHA1_SIZE) : s->rc;
	s->state = FREE;
	(void)pthread_mutex_unlock(&r->lock);
	return rc;
}

static void
hand_over(struct ring *r, struct slot *s)
{
	(void)pthread_mutex_lock(&r->lock);
	s->state = FULL;
	(void)pthread_cond_broadcast(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
}

static enum rc
read_pieces(struct ring *r)
{
	size_t at = 0;
	enum rc rc;

	do {
		struct slot *s = &r->slots[at];

		rc = empty(r, s);
		if (rc == RC_OK)
			rc = fill(r, s->data, r->p->piece_length, &s->n);
		if (rc != RC_OK)
			return rc;
		if (s->n > 0)
			hand_over(r, s);
		at = (at + 1) % r->n_slots;
		if (s->n < r->p->piece_length)
			break;
	} while (true);
	for (size_t i = 0; i < r->n_slots && rc == RC_OK; i++)
		rc = empty(r, &r->slots[(at + i) % r->n_slots]);
	return rc;
}

static enum rc
run_ring(struct ring *r)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < r->n_slots && rc == RC_OK; i++) {
		r->slots[i].data = malloc(r->p->piece_length);
		rc = r->slots[i].data == NULL ? RC_MEM : RC_OK;
	}
	while (rc == RC_OK && r->n_workers + 1 < r->n_slots &&
	    r->n_workers < r->p->threads &&
	    pthread_create(&r->workers[r->n_workers], NULL, work, r) == 0)
		r->n_workers++;
	if (rc == RC_OK)
		rc = r->n_workers == 0 ? RC_MEM : read_pieces(r);
	(void)pthread_mutex_lock(&r->lock);
	r->ended = true;
	(void)pthread_cond_broadcast(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
	for (unsigned i = 0; i < r->n_workers; i++)
		(void)pthread_join(r->workers[i], NULL);
	for (size_t i = 0; i < r->n_slots; i++)
		free(r->slots[i].data);
	return rc;
}

/* Hash as it comes. *more: the piece was whole, so another may follow. */
static enum rc
hash_next(struct ring *r, struct hash *sha1, uint8_t *chunk, bool *more)
{
	uint8_t digest[SHA1_SIZE];
	uint32_t left = r->p->piece_length;
	enum rc rc = hash_reset(sha1);

	*more = false;
	while (rc == RC_OK && left > 0) {
		size_t want = left < CHUNK ? left : CHUNK, got;

		rc = fill(r, chunk, want, &got);
		if (rc == RC_OK)
			rc = hash_add(sha1, bytes_of(chunk, got));
		left -= (uint32_t)got;
		if (got < want)
			break;
	}
	if (rc != RC_OK || left == r->p->piece_length)
		return rc;
	*more = left == 0;
	rc = hash_end(sha1, digest);
	return rc == RC_OK ? buf_add(r->sha1, digest, SHA1_SIZE) : rc;
}

static enum rc
run_alone(struct ring *r)
{
	struct hash *sha1 = hash_new(HASH_SHA1);
	uint8_t *chunk = malloc(CHUNK);
	enum rc rc = sha1 == NULL || chunk == NULL ? RC_MEM : RC_OK;
	bool more = true;

	while (rc == RC_OK && more)
		rc = hash_next(r, sha1, chunk, &more);
	hash_free(sha1);
	free(chunk);
	return rc;
}

enum rc
pipehash_run(const struct pipehash *p, struct buf *sha1, uint64_t *length, int *signal)
{
	struct ring r = { .p = p, .sha1 = sha1, .n_slots = RING / p->piece_length };
	size_t most = p->threads < WORKERS_MAX ? p->threads + 2 : WORKERS_MAX + 2;
	enum rc rc;

	if (r.n_slots > most)
		r.n_slots = most;
	if (r.n_slots < 3)
		r.n_slots = 0;
	/* Fewer turns between the two sides; who may not have it does without. */
	(void)fcntl(p->fd, F_SETPIPE_SZ, PIPE);
	(void)pthread_mutex_init(&r.lock, NULL);
	(void)pthread_cond_init(&r.changed, NULL);
	stop_begin(&r.stop);
	rc = r.n_slots > 0 ? run_ring(&r) : run_alone(&r);
	stop_end(&r.stop);
	(void)pthread_cond_destroy(&r.changed);
	(void)pthread_mutex_destroy(&r.lock);
	*length = r.length;
	*signal = r.signal;
	return rc;
}
