/* SPDX-License-Identifier: ISC */
/*
 * One worker thread, first in first out: so files are looked at, written and stored in
 * the order in which they were told, and a job may rely on what those before it have
 * done. When all buffers wait for the disk we do not read from the other side.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/recv_parts.h"

enum { ROOM_LEAST = 4096 }; /* a buffer with less room is not filled any more */

struct write_job {
	struct work_job job; /* first: a pointer to it is a pointer to the job */
	struct recv_file *file;
	struct recv_slice slice;
	enum rc rc; /* the file's, as it was behind this job */
	int err;
};

static void
push(struct recv *r, struct work_job *job)
{
	job->rank = WORK_LATER;
	work_push(r->work, job);
}

/* The session is over, and the last of what came is on the disk. */
static void
drained(struct recv *r)
{
	if (r->draining && work_pending(r->work) == 0)
		loop_stop(r->ground->loop);
}

/* Looking. */

static void
keep_error(struct recv_file *f, enum rc rc)
{
	f->rc = rc;
	f->err = errno;
}

static void
run_look(struct work_job *job, struct hash *sha1)
{
	struct recv_file *f = (struct recv_file *)job;
	struct recv *r = f->recv;
	enum rc rc;

	(void)sha1;
	if (f->unwanted)
		return; /* it only keeps its place in the row */
	rc = inbox_look(r->inbox, &f->box, r->o->keep, &f->found, &f->held);
	if (rc == RC_OK &&
	    (f->found == INBOX_WHOLE || (f->found == INBOX_PART && f->held > 0))) {
		atomic_store(&r->hashed, 0);
		atomic_store(&r->hash_total, f->held);
		rc = inbox_hash(&f->box, f->held, &r->hashed, &r->stop, f->hash);
		atomic_store(&r->hash_total, 0);
		/* It was right a moment ago: somebody else is at work on it. */
		rc = rc == RC_BAD ? RC_BUSY : rc;
	}
	keep_error(f, rc);
	if (rc != RC_OK || f->found == INBOX_OTHER || f->found == INBOX_LOCKED)
		inbox_close(&f->box);
}

static void
look_done(struct work_job *job)
{
	struct recv_file *f = (struct recv_file *)job;
	struct recv *r = f->recv;

	if (!job->cancelled)
		recv_looked(r, f);
	drained(r);
}

void
recv_look(struct recv_file *f)
{
	f->job = (struct work_job){ .run = run_look, .done = look_done };
	push(f->recv, &f->job);
}

/* Buffers. */

static void
release(struct recv_slice *s)
{
	if (s->buffer != NULL)
		s->buffer->refs--;
	*s = (struct recv_slice){ .buffer = NULL };
}

/* Take one that is idle to be filled, if there is one. */
static void
next_buffer(struct recv *r)
{
	for (size_t i = 0; i < RECV_BUFFERS && r->filling == NULL; i++)
		if (r->buffers[i].refs == 0)
			r->filling = &r->buffers[i];
	if (r->filling == NULL)
		return;
	r->filling->refs = 1;
	r->filling->n = 0;
}

struct xlink_room
recv_place(struct recv *r)
{
	if (r->filling == NULL)
		next_buffer(r);
	if (r->filling == NULL)
		return (struct xlink_room){ .p = NULL };
	return (struct xlink_room){ .p = r->filling->p + r->filling->n,
		.n = RECV_BUFFER - r->filling->n };
}

/* Writing. */

static void
write_slice(struct recv_file *f, const struct recv_slice *s)
{
	if (f->rc == RC_OK && !f->begun) {
		keep_error(f, inbox_begin(&f->box, f->offset));
		f->begun = f->rc == RC_OK;
	}
	if (f->rc == RC_OK && s->n > 0)
		keep_error(f, inbox_write(&f->box, bytes_of(s->p, s->n)));
}

static void
run_write(struct work_job *job, struct hash *sha1)
{
	struct write_job *w = (struct write_job *)job;

	(void)sha1;
	write_slice(w->file, &w->slice);
	w->rc = w->file->rc;
	w->err = w->file->err;
}

static void
write_done(struct work_job *job)
{
	struct write_job *w = (struct write_job *)job;
	struct recv *r = w->file->recv;

	release(&w->slice);
	r->writes--;
	if (!job->cancelled && !recv_disk_failed(r, w->file, w->rc, w->err))
		talk_pump(&r->talk);
	free(w);
	drained(r);
}

/* Hand what there is of the current file to the worker. */
static void
flush(struct recv *r)
{
	struct write_job *w;

	if (r->slice.n == 0)
		return;
	w = malloc(sizeof(*w));
	if (w == NULL) {
		talk_fail(&r->talk, CODE_BUG, "out of memory");
		return;
	}
	*w = (struct write_job){ .file = r->current,
		.slice = r->slice,
		.job = { .run = run_write, .done = write_done } };
	r->slice = (struct recv_slice){ .buffer = NULL };
	r->writes++;
	push(r, &w->job);
}

void
recv_content(struct recv *r, size_t n)
{
	struct recv_buffer *b = r->filling;

	if (r->slice.buffer == NULL) {
		r->slice = (struct recv_slice){ .buffer = b, .p = b->p + b->n };
		b->refs++;
	}
	r->slice.n += n;
	b->n += n;
	if (RECV_BUFFER - b->n >= ROOM_LEAST)
		return;
	flush(r);
	b->refs--;
	r->filling = NULL;
}

void
recv_flush_idle(struct recv *r)
{
	if (r->writes == 0)
		flush(r);
}

void
recv_drain(struct recv *r)
{
	if (r->work == NULL || r->inbox == NULL || inbox_is_stream(r->inbox))
		return;
	if (r->current != NULL)
		flush(r);
	r->draining = true;
	if (work_pending(r->work) > 0 && loop_run(r->ground->loop) != RC_OK)
		(void)outcome_fail(
		    r->end, CODE_BUG, "the event loop: %s", strerror(errno));
}

/* The end of a file. */

static void
run_store(struct work_job *job, struct hash *sha1)
{
	struct recv_file *f = (struct recv_file *)job;
	struct recv *r = f->recv;

	(void)sha1;
	write_slice(f, &f->slice);
	if (f->rc == RC_OK)
		keep_error(f,
		    inbox_store(&f->box, f->size, r->no_hash ? NULL : f->want, r->o->keep,
		        f->hash));
	inbox_close(&f->box);
}

static void
store_done(struct work_job *job)
{
	struct recv_file *f = (struct recv_file *)job;
	struct recv *r = f->recv;

	release(&f->slice);
	if (!job->cancelled)
		recv_stored(r, f);
	drained(r);
}

void
recv_store(struct recv *r)
{
	struct recv_file *f = r->current;

	f->slice = r->slice;
	r->slice = (struct recv_slice){ .buffer = NULL };
	r->current = NULL;
	f->job = (struct work_job){ .run = run_store, .done = store_done };
	push(r, &f->job);
}

static void
run_drop(struct work_job *job, struct hash *sha1)
{
	struct recv_file *f = (struct recv_file *)job;

	(void)sha1;
	if (f->slice.n > 0)
		write_slice(f, &f->slice);
	inbox_close(&f->box);
}

static void
drop_done(struct work_job *job)
{
	struct recv_file *f = (struct recv_file *)job;
	struct recv *r = f->recv;

	release(&f->slice);
	if (!job->cancelled)
		recv_dropped(r, f);
	drained(r);
}

void
recv_drop(struct recv *r)
{
	struct recv_file *f = r->current;

	f->slice = r->slice;
	r->slice = (struct recv_slice){ .buffer = NULL };
	r->current = NULL;
	f->job = (struct work_job){ .run = run_drop, .done = drop_done };
	push(r, &f->job);
}

/* Life. */

enum rc
recv_jobs_start(struct recv *r)
{
	for (size_t i = 0; i < RECV_BUFFERS; i++) {
		r->buffers[i].p = malloc(RECV_BUFFER);
		if (r->buffers[i].p == NULL)
			return RC_MEM;
	}
	r->work = work_new(r->ground->loop, 1);
	return r->work == NULL ? RC_MEM : RC_OK;
}

void
recv_jobs_stop(struct recv *r)
{
	struct recv_file *f;

	atomic_store(&r->stop, true);
	work_free(r->work);
	r->work = NULL;
	while ((f = TAILQ_FIRST(&r->files)) != NULL) {
		TAILQ_REMOVE(&r->files, f, link);
		inbox_close(&f->box);
		free(f);
	}
	for (size_t i = 0; i < RECV_BUFFERS; i++)
		free(r->buffers[i].p);
}
