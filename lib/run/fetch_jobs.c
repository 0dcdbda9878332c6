/* SPDX-License-Identifier: ISC */
/*
 * Work for other threads: hash and write pieces, hash old data, keep and read blocks,
 * sync. Results come back on the loop's thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/wire.h"
#include "core/layout.h"
#include "core/smartban.h"
#include "run/fetch_parts.h"

enum { CHUNK = 256 * 1024, CHECKS_AHEAD = 4 };

struct fetch_job {
	struct work_job work; /* first: a pointer to it is a pointer to the job */
	struct fetch *f;
	struct swarm_job job;
	enum rc
	    rc; /* RC_OK; RC_BAD: another hash; RC_NONE: not all there; RC_SYS: error */
	struct store_error error;
	uint8_t *data;   /* load: the block, owned */
	uint64_t *marks; /* verify: of a bad piece, or where they are wanted; owned */
};

static struct fetch_job *
of(struct work_job *w)
{
	return (struct fetch_job *)w;
}

static uint64_t
offset_of(const struct fetch *f, struct peer_block b)
{
	return (uint64_t)b.piece * f->torrent.piece_length + b.begin;
}

static enum rc
check_digest(struct fetch *f, uint32_t piece, const uint8_t digest[static SHA1_SIZE])
{
	return memcmp(digest, f->torrent.sha1 + (size_t)piece * SHA1_SIZE, SHA1_SIZE) == 0
	    ? RC_OK
	    : RC_BAD;
}

typedef enum rc read_fn(
    struct store *s, uint64_t offset, uint8_t *p, size_t n, struct store_error *e);

/* Hash a piece that is on disk, chunk by chunk. */
static enum rc
hash_from_disk(struct fetch_job *j, struct hash *sha1, read_fn *read_some)
{
	struct fetch *f = j->f;
	uint8_t *chunk = malloc(CHUNK), digest[SHA1_SIZE];
	enum rc rc = chunk == NULL ? RC_MEM : hash_reset(sha1);

	for (uint32_t at = 0, n; rc == RC_OK && at < j->job.block.length; at += n) {
		n = j->job.block.length - at < CHUNK ? j->job.block.length - at : CHUNK;
		rc = read_some(
		    f->store, offset_of(f, j->job.block) + at, chunk, n, &j->error);
		if (rc == RC_OK)
			rc = hash_add(sha1, bytes_of(chunk, n));
	}
	free(chunk);
	if (rc == RC_OK)
		rc = hash_end(sha1, digest);
	return rc == RC_OK ? check_digest(f, j->job.block.piece, digest) : rc;
}

/* Copy a gathered piece, now known to be right, to where it belongs. */
static enum rc
copy_gathered(struct fetch_job *j)
{
	struct fetch *f = j->f;
	uint8_t *chunk = malloc(CHUNK);
	enum rc rc = chunk == NULL ? RC_MEM : RC_OK;

	for (uint32_t at = 0, n; rc == RC_OK && at < j->job.block.length; at += n) {
		uint64_t offset = offset_of(f, j->job.block) + at;

		n = j->job.block.length - at < CHUNK ? j->job.block.length - at : CHUNK;
		rc = store_gathered(f->store, offset, chunk, n, &j->error);
		if (rc == RC_OK)
			rc = store_write(f->store, offset, bytes_of(chunk, n), &j->error);
	}
	free(chunk);
	return rc;
}

/*
 * The marks of its blocks, for whoever lied. Where they cannot be had the proof is lost.
 */
static void
mark_blocks(struct fetch_job *j)
{
	uint32_t length = j->job.block.length;
	uint8_t *chunk = j->job.data == NULL ? malloc(CHUNK) : NULL;
	enum rc rc = RC_OK;

	j->marks = calloc(length / WIRE_BLOCK + 1, sizeof(*j->marks));
	if (j->marks == NULL || (j->job.data == NULL && chunk == NULL))
		rc = RC_MEM;
	for (uint32_t at = 0, n; rc == RC_OK && at < length; at += n) {
		n = length - at < CHUNK ? length - at : CHUNK;
		if (chunk != NULL)
			rc = store_gathered(j->f->store,
			    offset_of(j->f, j->job.block) + at, chunk, n, &j->error);
		if (rc == RC_OK)
			rc = smartban_marks(
			    bytes_of(chunk != NULL ? chunk : j->job.data + at, n),
			    j->marks + at / WIRE_BLOCK);
	}
	free(chunk);
	if (rc != RC_OK) {
		free(j->marks);
		j->marks = NULL;
	}
}

static void
run_verify(struct work_job *w, struct hash *sha1)
{
	struct fetch_job *j = of(w);
	struct fetch *f = j->f;
	struct bytes piece = bytes_of(j->job.data, j->job.block.length);
	uint8_t digest[SHA1_SIZE];

	if (j->job.data == NULL) {
		j->rc = hash_from_disk(j, sha1, store_gathered);
		if (j->rc == RC_BAD || j->job.marks)
			mark_blocks(j);
		if (j->rc == RC_OK)
			j->rc = copy_gathered(j);
		store_gather_drop(
		    f->store, offset_of(f, j->job.block), j->job.block.length);
		return;
	}
	j->rc = draft_end(j->job.draft, piece.n, digest);
	if (j->rc == RC_OK)
		j->rc = check_digest(f, j->job.block.piece, digest);
	if (j->rc == RC_BAD || j->job.marks)
		mark_blocks(j);
	if (j->rc == RC_OK)
		j->rc =
		    store_write(f->store, offset_of(f, j->job.block), piece, &j->error);
}

static void
end_job(struct fetch_job *j)
{
	free(j->data);
	free(j->marks);
	free(j);
}

static void
verified(struct work_job *w)
{
	struct fetch_job *j = of(w);
	struct fetch *f = j->f;
	uint32_t piece = j->job.block.piece;

	if (w->cancelled) {
		end_job(j);
		return;
	}
	if (j->rc == RC_OK) {
		store_held(f->store, piece);
		f->verified_ms = loop_now();
		swarm_verified(f->swarm, piece,
		    store_piece_whole(f->store, piece) && !f->o->pass ? SWARM_SERVED
		                                                      : SWARM_HELD,
		    j->marks, loop_now());
		fetch_held(f, piece);
	} else if (j->rc == RC_BAD) {
		if (f->o->verbose)
			fetch_remark(f, "piece %lu is bad: fetching it again",
			    (unsigned long)piece);
		swarm_verified(f->swarm, piece, SWARM_BAD, j->marks, loop_now());
	} else if (j->rc == RC_MEM) {
		fetch_fail(f, CODE_BUG, "out of memory");
	} else {
		fetch_disk_failed(f, &j->error);
	}
	end_job(j);
	fetch_drain(f);
}

static void
run_gather(struct work_job *w, struct hash *sha1)
{
	struct fetch_job *j = of(w);

	(void)sha1;
	j->rc = store_gather(j->f->store, offset_of(j->f, j->job.block),
	    bytes_of(j->job.data, j->job.block.length), &j->error);
}

static void
gathered(struct work_job *w)
{
	struct fetch_job *j = of(w);
	struct fetch *f = j->f;

	if (!w->cancelled && j->rc != RC_OK)
		fetch_disk_failed(f, &j->error);
	if (!w->cancelled)
		swarm_gathered(f->swarm, &j->job, loop_now());
	end_job(j);
	fetch_drain(f);
}

/* Reading brings it into the page cache, and some more that will be asked for next. */
static void
run_load(struct work_job *w, struct hash *sha1)
{
	struct fetch_job *j = of(w);
	struct peer_block b = j->job.block;
	uint32_t left = torrent_piece_size(&j->f->torrent, b.piece) - b.begin;

	(void)sha1;
	b.length = left < CHUNK ? left : CHUNK;
	j->data = malloc(b.length);
	j->rc = j->data == NULL
	    ? RC_MEM
	    : store_read(j->f->store, offset_of(j->f, b), j->data, b.length, &j->error);
}

static void
loaded(struct work_job *w)
{
	struct fetch_job *j = of(w);
	struct fetch *f = j->f;
	bool ok = j->rc == RC_OK;

	if (!w->cancelled && !ok && j->rc != RC_MEM)
		fetch_damaged(f, j->job.block.piece);
	if (!w->cancelled)
		swarm_loaded(f->swarm, &j->job, ok, loop_now());
	end_job(j);
	fetch_drain(f);
}

static bool
push(struct fetch *f, const struct fetch_job *prototype)
{
	struct fetch_job *j = malloc(sizeof(*j));

	if (j == NULL) {
		fetch_fail(f, CODE_BUG, "out of memory");
		return false;
	}
	*j = *prototype;
	j->f = f;
	work_push(f->work, &j->work);
	return true;
}

bool
fetch_jobs_todo(struct fetch *f)
{
	struct fetch_job j = { .rc = RC_OK };
	bool loaded_some = false;

	while (f->swarm != NULL && swarm_job(f->swarm, &j.job)) {
		/* Nothing is written to any more but by others. */
		if (f->phase == FETCH_SERVING && j.job.kind == SWARM_LOAD &&
		    !store_is_as_left(f->store, j.job.block.piece, loop_now()))
			fetch_damaged(f, j.job.block.piece);
		if (j.job.kind == SWARM_LOAD &&
		    store_map_is_warm(
		        f->map, offset_of(f, j.job.block), j.job.block.length)) {
			swarm_loaded(f->swarm, &j.job, true, loop_now());
			loaded_some = true;
			continue;
		}
		j.work.rank = WORK_SOON;
		switch (j.job.kind) {
		case SWARM_VERIFY:
			j.work.run = run_verify;
			j.work.done = verified;
			break;
		case SWARM_GATHER:
			j.work.run = run_gather;
			j.work.done = gathered;
			break;
		case SWARM_LOAD:
			j.work.run = run_load;
			j.work.done = loaded;
			break;
		}
		(void)push(f, &j);
	}
	return loaded_some;
}

/* Old data. */

static void
run_check(struct work_job *w, struct hash *sha1)
{
	of(w)->rc = hash_from_disk(of(w), sha1, store_read);
}

static void
checked(struct work_job *w)
{
	struct fetch_job *j = of(w);
	struct fetch *f = j->f;

	f->checks--;
	f->checked_bytes += j->job.block.length;
	if (!w->cancelled && j->rc == RC_OK) {
		store_held(f->store, j->job.block.piece);
		fetch_held(f, j->job.block.piece);
	} else if (!w->cancelled && j->rc == RC_MEM) {
		fetch_fail(f, CODE_BUG, "out of memory");
	} else if (!w->cancelled) {
		/*
		 * A sector that cannot be read is a piece to be fetched, like any other
		 * that is not right.
		 */
		store_lost(f->store, j->job.block.piece);
	}
	end_job(j);
	if (f->phase == FETCH_CHECKING)
		fetch_check_more(f);
}

void
fetch_check_more(struct fetch *f)
{
	struct fetch_job j = {
		.work = { .run = run_check, .done = checked, .rank = WORK_LATER }
	};
	unsigned most = CHECKS_AHEAD + work_threads();

	while (f->checks < most && f->next_check < f->torrent.pieces) {
		uint32_t piece = f->next_check++;

		if (store_piece_state(f->store, piece) != STORE_CHECK)
			continue;
		j.job.block = (struct peer_block){ .piece = piece,
			.length = torrent_piece_size(&f->torrent, piece) };
		f->checks++;
		(void)push(f, &j);
	}
	if (f->checks == 0 && f->phase == FETCH_CHECKING)
		fetch_load(f);
}

/* What was held, and is damaged perhaps. */

static void
rechecked(struct work_job *w)
{
	struct fetch_job *j = of(w);
	struct fetch *f = j->f;
	uint32_t piece = j->job.block.piece;

	if (!w->cancelled && j->rc == RC_OK) {
		store_held(f->store, piece);
		swarm_offer_again(f->swarm, piece);
	} else {
		if (!f->damaged)
			fetch_remark(f,
			    "files below %s were changed by somebody else: what is not "
			    "right any more is not served",
			    f->o->dir);
		f->damaged = true;
		if (!w->cancelled && j->rc != RC_MEM)
			store_lost(f->store, piece);
	}
	end_job(j);
}

void
fetch_damaged(struct fetch *f, uint32_t piece)
{
	struct fetch_job j = {
		.work = { .run = run_check, .done = rechecked, .rank = WORK_LATER }
	};
	uint32_t first = piece, last = piece;
	size_t at, end;

	layout_files(&f->torrent, piece, &at, &end);
	for (; at < end; at++) {
		uint32_t from, to;

		if (!layout_pieces(&f->torrent, &f->torrent.files[at], &from, &to))
			continue;
		first = from < first ? from : first;
		last = to > last ? to : last;
	}
	for (; first <= last; first++) {
		if (!swarm_withdraw(f->swarm, first))
			continue;
		j.job.block = (struct peer_block){ .piece = first,
			.length = torrent_piece_size(&f->torrent, first) };
		(void)push(f, &j);
	}
}

/* To the disk itself. */

static void
run_sync(struct work_job *w, struct hash *sha1)
{
	(void)sha1;
	of(w)->rc = store_sync(of(w)->f->store, &of(w)->error);
}

static void
synced(struct work_job *w)
{
	struct fetch_job *j = of(w);
	struct fetch *f = j->f;

	f->syncing = false;
	if (!w->cancelled && j->rc != RC_OK)
		fetch_disk_failed(f, &j->error);
	end_job(j);
	if (f->last_sync)
		loop_stop(f->loop);
}

void
fetch_sync(struct fetch *f)
{
	struct fetch_job j = {
		.work = { .run = run_sync, .done = synced, .rank = WORK_LATER }
	};

	if (f->syncing)
		return;
	f->syncing = push(f, &j);
	if (!f->syncing && f->last_sync)
		loop_stop(f->loop); /* nobody else would */
}
