/* SPDX-License-Identifier: ISC */
/*
 * One worker thread, first in first out: it counts, walks, and reads files ahead, a chunk
 * a job. A file's last chunk closes it, so a small file is one job. The next file is read
 * ahead of the end of this one only when it is certain how many chunks that takes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/send_parts.h"

enum { PROBE = 16 };

/* Counting. */

static void
run_count(struct work_job *job, struct hash *sha1)
{
	struct send_count *c = (struct send_count *)job;
	struct send *s = c->send;
	uint64_t skipped = 0;

	(void)sha1;
	c->rc =
	    outbox_count(s->box, xfer_skips_add, &c->skips, &s->stop, &skipped, &c->end);
}

static void
count_done(struct work_job *job)
{
	struct send_count *c = (struct send_count *)job;

	c->out = false;
	c->ready = !job->cancelled;
	if (c->ready)
		talk_pump(&c->send->talk);
}

void
send_count_start(struct send *s)
{
	s->count.out = true;
	s->count.send = s;
	s->count.job =
	    (struct work_job){ .run = run_count, .done = count_done, .rank = WORK_LATER };
	work_push(s->work, &s->count.job);
}

/* The second walk. */

static void
run_walk(struct work_job *job, struct hash *sha1)
{
	struct send_batch *b = (struct send_batch *)job;

	(void)sha1;
	b->n = b->used = 0;
	b->late = 0;
	while (b->n < SEND_BATCH && !b->last) {
		enum rc rc = outbox_next(b->send->box, &b->files[b->n], &b->end);

		if (rc == RC_OK)
			b->n++;
		else if (rc == RC_BAD)
			b->late++;
		else
			b->last = true;
		/* Nobody may wait for ever for what is never told. */
		if (b->late >= SEND_BATCH || atomic_load(&b->send->stop))
			break;
	}
}

static void
walk_done(struct work_job *job)
{
	struct send_batch *b = (struct send_batch *)job;

	b->out = false;
	b->ready = !job->cancelled;
	if (b->ready)
		talk_pump(&b->send->talk);
}

/* Of two batches one is told and the other one filled; they come and go in turn. */
static void
walk_more(struct send *s)
{
	for (size_t i = 0; i < SEND_BATCHES; i++) {
		struct send_batch *b = &s->batches[(s->batch + i) % SEND_BATCHES];
		struct send_batch *before =
		    &s->batches[(s->batch + i + SEND_BATCHES - 1) % SEND_BATCHES];

		if (b->ready && b->last)
			return;
		if (b->out || b->ready || (i > 0 && before->ready && before->last))
			continue;
		b->out = true;
		b->send = s;
		b->job = (struct work_job){
			.run = run_walk, .done = walk_done, .rank = WORK_SOON
		};
		work_push(s->work, &b->job);
	}
}

const struct outbox_file *
send_walk_next(struct send *s)
{
	struct send_batch *b = &s->batches[s->batch];

	if (s->walked)
		return NULL;
	walk_more(s);
	if (!b->ready)
		return NULL;
	if (b->used < b->n)
		return &b->files[b->used];
	if (b->late > 0)
		xfer_report_failed(&s->report, CODE_TEMPFAIL,
		    "%llu file%s came after the count: not sent: send again",
		    (unsigned long long)b->late, b->late == 1 ? "" : "s");
	if (b->end.code != CODE_OK) {
		talk_fail(&s->talk, b->end.code, "%s", b->end.words);
		s->walked = true;
		return NULL;
	}
	if (b->last) {
		s->walked = true;
		return NULL;
	}
	b->ready = false;
	s->batch = (s->batch + 1) % SEND_BATCHES;
	return send_walk_next(s);
}

void
send_walk_used(struct send *s)
{
	s->batches[s->batch].used++;
}

/* Reading. On the worker: */

static void
close_reader(struct send_file *f)
{
	f->over = true;
	if (f->reader == NULL)
		return;
	outbox_close(f->reader);
	free(f->reader);
	f->reader = NULL;
}

static enum rc
open_file(struct send *s, struct send_file *f)
{
	struct outbox_file *told = malloc(sizeof(*told));
	enum rc rc = RC_MEM;

	f->reader = calloc(1, sizeof(*f->reader));
	if (told != NULL && f->reader != NULL) {
		*told = (struct outbox_file){ .item = f->item,
			.size = f->size,
			.mode = f->mode,
			.mtime_s = f->mtime_s,
			.mtime_ns = f->mtime_ns,
			.ino = f->ino,
			.dev = f->dev };
		(void)snprintf(told->path, sizeof(told->path), "%s", f->path);
		rc = outbox_open(s->box, told, !s->o->no_hash, f->reader);
	}
	if (rc != RC_OK) {
		int err = errno;

		free(f->reader);
		f->reader = NULL;
		errno = err;
	}
	free(told);
	return rc;
}

/* The first chunk of a file: open it, and see whether what is there is its beginning. */
static enum rc
begin_file(struct send_chunk *c)
{
	struct send *s = c->send;
	struct send_file *f = c->file;
	bool same = true;
	enum rc rc = open_file(s, f);

	if (rc != RC_OK)
		return rc;
	if (f->offset > 0)
		rc = outbox_skip(
		    f->reader, f->offset, f->hash, &s->hashed, &s->stop, &same);
	c->differs = rc == RC_OK && !same && f->only;
	c->offset = same ? f->offset : 0;
	return rc;
}

/* Whether a regular file that was read to its size has got any longer. */
static enum rc
probe(struct send_file *f)
{
	uint8_t more[PROBE];
	size_t n;
	enum rc rc = outbox_read(f->reader, more, sizeof(more), &n);

	return rc == RC_OK || rc == RC_MORE ? RC_BAD : rc;
}

static enum rc
fill(struct send_chunk *c)
{
	struct send_file *f = c->file;
	enum rc rc = RC_OK;

	while (c->n < XFER_DATA_MAX) {
		size_t n = 0;

		rc = outbox_read(f->reader, c->p + c->n, XFER_DATA_MAX - c->n, &n);
		if (rc == RC_MORE && c->n == 0 && !atomic_load(&c->send->stop))
			continue;
		if (rc != RC_OK)
			return rc;
		c->n += n;
		if (f->size == XFER_UNKNOWN)
			return RC_MORE;
	}
	return f->reader->at == f->size ? probe(f) : RC_MORE;
}

static void
run_chunk(struct work_job *job, struct hash *sha1)
{
	struct send_chunk *c = (struct send_chunk *)job;
	struct send_file *f = c->file;

	(void)sha1;
	if (f->over)
		return;
	c->rc = c->first ? begin_file(c) : RC_OK;
	if (c->rc == RC_OK && !c->differs)
		c->rc = fill(c);
	c->err = errno;
	if (c->rc == RC_END && atomic_load(&c->send->stop))
		c->stopped = true;
	else if (c->rc == RC_END && !c->send->o->no_hash &&
	    outbox_digest(f->reader, c->hash) != RC_OK)
		c->rc = RC_MEM;
	c->last = c->rc == RC_END;
	if (c->rc != RC_MORE || c->differs)
		close_reader(f);
}

/* And on the loop: */

static void
chunk_done(struct work_job *job)
{
	struct send_chunk *c = (struct send_chunk *)job;

	c->ready = true;
	if (!job->cancelled)
		talk_pump(&c->send->talk);
}

static void
push_chunk(struct send *s, struct send_file *f)
{
	struct send_chunk *c = &s->chunks[(s->head + s->n_chunks) % SEND_CHUNKS];

	*c = (struct send_chunk){ .send = s,
		.file = f,
		.p = c->p,
		.first = !f->begun,
		.job = { .run = run_chunk, .done = chunk_done, .rank = WORK_LATER } };
	if (c->first) {
		/* What is there already has to be compared first. */
		f->sure = f->offset == 0;
		atomic_store(&s->hashed, 0);
		s->hash_total = f->offset;
	}
	f->begun = true;
	f->chunks++;
	f->assigned += XFER_DATA_MAX;
	s->n_chunks++;
	work_push(s->work, &c->job);
}

/* Whether the chunks that are out will surely not reach the file's end. */
static bool
wants_more(const struct send_file *f)
{
	return !f->begun ||
	    (f->sure && !f->ended && (f->size == XFER_UNKNOWN || f->assigned < f->size));
}

/* The next file may be begun only when nothing can come before it any more. */
static bool
is_assigned(const struct send_file *f)
{
	return f->begun && f->sure &&
	    (f->ended || (f->size != XFER_UNKNOWN && f->assigned >= f->size));
}

static struct send_file *
next_taken(struct send *s, struct send_file *f)
{
	f = f == NULL ? TAILQ_FIRST(&s->files) : TAILQ_NEXT(f, link);
	while (f != NULL && f->taken && f->begun)
		f = TAILQ_NEXT(f, link);
	return f != NULL && f->taken ? f : NULL;
}

void
send_read_more(struct send *s)
{
	while (s->n_chunks < SEND_CHUNKS) {
		if (s->reading == NULL || is_assigned(s->reading)) {
			struct send_file *next = next_taken(s, s->reading);

			if (next == NULL)
				return;
			s->reading = next;
		}
		if (!wants_more(s->reading))
			return;
		push_chunk(s, s->reading);
	}
}

static void
send_file_free(struct send *s, struct send_file *f)
{
	if (s->reading == f)
		s->reading = NULL;
	TAILQ_REMOVE(&s->files, f, link);
	close_reader(f);
	free(f);
}

struct send_chunk *
send_chunk_next(struct send *s)
{
	struct send_chunk *c = &s->chunks[s->head];

	return s->n_chunks > 0 && c->ready ? c : NULL;
}

void
send_chunk_done(struct send *s, struct send_chunk *c)
{
	struct send_file *f = c->file;

	if (c->first) {
		f->sure = true;
		f->assigned = c->offset + XFER_DATA_MAX;
		s->hash_total = 0;
	}
	f->chunks--;
	c->file = NULL;
	c->ready = false;
	s->head = (s->head + 1) % SEND_CHUNKS;
	s->n_chunks--;
	if (f->settled && f->chunks == 0)
		send_file_free(s, f);
}

void
send_file_settle(struct send *s, struct send_file *f)
{
	f->settled = true;
	if (f->chunks == 0)
		send_file_free(s, f);
}

/* Life. */

enum rc
send_jobs_start(struct send *s)
{
	s->batches = calloc(SEND_BATCHES, sizeof(*s->batches));
	if (s->batches == NULL)
		return RC_MEM;
	for (size_t i = 0; i < SEND_CHUNKS; i++) {
		s->chunks[i].p = malloc(XFER_DATA_MAX);
		if (s->chunks[i].p == NULL)
			return RC_MEM;
	}
	s->work = work_new(s->ground->loop, 1);
	return s->work == NULL ? RC_MEM : RC_OK;
}

void
send_jobs_stop(struct send *s)
{
	struct send_file *f, *next;

	atomic_store(&s->stop, true);
	work_free(s->work);
	s->work = NULL;
	for (f = TAILQ_FIRST(&s->files); f != NULL; f = next) {
		next = TAILQ_NEXT(f, link);
		close_reader(f);
		free(f);
	}
	TAILQ_INIT(&s->files);
	for (size_t i = 0; i < SEND_CHUNKS; i++)
		free(s->chunks[i].p);
	xfer_skips_clear(&s->count.skips);
	free(s->batches);
}
