/* SPDX-License-Identifier: ISC */
/*
 * One file's bytes in order, as soon as they are verified. A worker reads the next chunk
 * from the store, the loop writes it as the descriptor takes it: one chunk is in memory.
 * What is loaded ahead of the reader is bounded by the window, which moves on with what
 * was written; with pass that bounds the disk, too.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/layout.h"
#include "io/outlet.h"
#include "run/fetch_parts.h"

enum { CHUNK = 256 * 1024, PIECES_LEAST = 2, PIECES_MOST = 1024 };

struct fetch_stream {
	const char *name;  /* for words */
	struct outlet out; /* a FIFO without a reader is not open yet */
	bool ended;        /* all was written, and the reader has been told */
	struct loop_watch *watch;

	const struct torrent_file *file;
	uint32_t first, last;        /* its pieces */
	uint32_t ready;              /* pieces before it are held */
	uint64_t written;            /* bytes of the file */
	uint64_t forgotten;          /* bytes of the torrent before it were given back */
	uint32_t window, window_end; /* as the swarm was told */

	struct work_job job; /* reads into chunk */
	bool reading;
	uint8_t *chunk;
	size_t n, at; /* bytes in it, and of these written */
	enum rc rc;
	struct store_error error;
	struct fetch *f;
};

/* Beginning. */

static const struct torrent_file *
find_only(struct fetch *f)
{
	const struct torrent_file *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < f->torrent.n_files; i++)
		if (torrent_file_is_real(&f->torrent.files[i])) {
			only = &f->torrent.files[i];
			n++;
		}
	if (n == 1)
		return only;
	fetch_fail(f, CODE_USAGE,
	    "-o: of %zu files only one can be written: choose it with ugat-pick", n);
	return NULL;
}

static void
refuse_file(struct fetch *f, int err)
{
	const char *name = f->stream->name;

	if (err == EEXIST)
		fetch_fail(f, CODE_CANTCREAT,
		    "%s: is there already: remove it, or write over it with -f", name);
	else
		fetch_fail(f, CODE_CANTCREAT, "%s: %s", name, strerror(err));
}

/* false: it cannot be had. A FIFO that has no reader yet is tried again. */
static bool
open_file(struct fetch *f)
{
	struct fetch_stream *st = f->stream;
	int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat is;
	bool there = stat(st->name, &is) == 0;

	if (!there)
		flags |= O_CREAT | O_EXCL;
	else if (S_ISREG(is.st_mode) && !f->o->distrust)
		errno = EEXIST;
	else if (S_ISREG(is.st_mode))
		flags |= O_TRUNC;
	st->out.fd = there && S_ISREG(is.st_mode) && !f->o->distrust
	    ? -1
	    : open(st->name, flags, 0666);
	if (st->out.fd < 0 && there && S_ISFIFO(is.st_mode) && errno == ENXIO)
		return true;
	if (st->out.fd < 0) {
		refuse_file(f, errno);
		return false;
	}
	st->out.ours = true;
	outlet_look(&st->out);
	return true;
}

static void on_writable(void *ctx, int what);

static bool
watch(struct fetch *f)
{
	struct fetch_stream *st = f->stream;

	if (st->out.fd < 0)
		return true;
	st->watch = loop_watch_new(f->loop, st->out.fd, on_writable, f);
	if (st->watch == NULL)
		fetch_fail(f, CODE_BUG, "out of memory");
	return st->watch != NULL;
}

bool
fetch_stream_start(struct fetch *f)
{
	struct fetch_stream *st;

	if (f->o->stream == NULL)
		return true;
	st = calloc(1, sizeof(*st));
	if (st != NULL)
		st->chunk = malloc(CHUNK);
	f->stream = st;
	if (st == NULL || st->chunk == NULL) {
		fetch_fail(f, CODE_BUG, "out of memory");
		return false;
	}
	st->f = f;
	st->out.fd = -1;
	st->file = find_only(f);
	if (st->file == NULL) {
		fetch_stream_end(f);
		return false;
	}
	st->first = 1;
	if (layout_pieces(&f->torrent, st->file, &st->first, &st->last))
		st->ready = st->first;
	st->forgotten = (uint64_t)st->ready * f->torrent.piece_length;
	if (fetch_owns_stdout(f)) {
		st->name = "standard output";
		st->out.fd = f->o->out;
		outlet_look(&st->out);
	} else {
		st->name = f->o->stream;
		if (!open_file(f))
			return false;
	}
	return watch(f);
}

void
fetch_stream_end(struct fetch *f)
{
	struct fetch_stream *st = f->stream;

	if (st == NULL)
		return;
	loop_watch_free(st->watch);
	if (st->out.ours && st->out.fd >= 0 && close(st->out.fd) != 0 &&
	    f->end->signal == 0)
		(void)outcome_fail(f->end, CODE_IO, "%s: %s", st->name, strerror(errno));
	free(st->chunk);
	free(st);
	f->stream = NULL;
}

enum rc
fetch_stream_open(struct fetch *f)
{
	char dir[PATH_MAX];
	struct store_error e;
	enum rc rc;

	if (f->stream == NULL || !f->o->pass)
		return store_open(
		    &f->torrent, f->o->dir, f->o->distrust, f->end, &f->store);
	(void)snprintf(dir, sizeof(dir), "%s/ugat-fetch-XXXXXX", f->o->dir);
	if (mkdtemp(dir) == NULL) {
		fetch_fail(f, CODE_CANTCREAT,
		    "%s: no temporary file can be made there: %s: name another directory "
		    "with TMPDIR",
		    f->o->dir, strerror(errno));
		return RC_BAD;
	}
	rc = store_open(&f->torrent, dir, true, f->end, &f->store);
	if (rc != RC_OK) {
		(void)rmdir(dir);
		return rc;
	}
	if (store_hide(f->store, f->stream->file, &e) == RC_OK)
		return RC_OK;
	fetch_disk_failed(f, &e);
	return RC_BAD;
}

/* The window. */

static uint32_t
window_pieces(const struct fetch *f)
{
	uint64_t n = f->o->memory / f->torrent.piece_length;

	return n < PIECES_LEAST ? PIECES_LEAST
	    : n > PIECES_MOST   ? PIECES_MOST
	                        : (uint32_t)n;
}

uint64_t
fetch_stream_room(const struct fetch *f)
{
	return (uint64_t)(window_pieces(f) + 1) * f->torrent.piece_length;
}

/* Where the next byte to be written lies in the torrent. */
static uint64_t
next_offset(const struct fetch_stream *st)
{
	return st->file->offset + st->written;
}

/* The piece that the next byte is in, and before which the disk can be given back. */
static uint32_t
next_piece(const struct fetch *f)
{
	return (uint32_t)(next_offset(f->stream) / f->torrent.piece_length);
}

static void
move_window(struct fetch *f)
{
	struct fetch_stream *st = f->stream;
	uint32_t next = next_piece(f);
	uint64_t begin = (uint64_t)next * f->torrent.piece_length;

	if (f->o->pass && begin > st->forgotten) {
		store_forget(f->store, st->forgotten, begin - st->forgotten);
		st->forgotten = begin;
	}
	next += window_pieces(f);
	if (!fetch_is_up(f) || (st->window == st->ready && st->window_end == next))
		return;
	st->window = st->ready;
	st->window_end = next;
	swarm_window(f->swarm, st->ready, next, f->o->pass, loop_now());
}

/* Reading and writing. */

bool
fetch_stream_done(const struct fetch *f)
{
	return f->stream == NULL || f->stream->ended ||
	    (f->stream->out.fd >= 0 && f->stream->written == f->stream->file->length);
}

bool
fetch_stream_waits(const struct fetch *f)
{
	const struct fetch_stream *st = f->stream;

	return st != NULL && !fetch_stream_done(f) &&
	    (st->n > st->at || st->reading || st->ready > next_piece(f));
}

static void
run_read(struct work_job *job, struct hash *sha1)
{
	struct fetch_stream *st =
	    (struct fetch_stream *)((char *)job - offsetof(struct fetch_stream, job));

	(void)sha1;
	st->rc = store_read(st->f->store, next_offset(st), st->chunk, st->n, &st->error);
}

static void
was_read(struct work_job *job)
{
	struct fetch_stream *st =
	    (struct fetch_stream *)((char *)job - offsetof(struct fetch_stream, job));
	struct fetch *f = st->f;

	st->reading = false;
	if (job->cancelled || f->phase == FETCH_ENDING)
		return;
	if (st->rc != RC_OK)
		fetch_disk_failed(f, &st->error);
	else if (loop_watch_set(st->watch, LOOP_WRITE) != RC_OK)
		fetch_fail(f, CODE_BUG, "out of memory");
}

static void
read_more(struct fetch *f)
{
	struct fetch_stream *st = f->stream;
	uint64_t end = (uint64_t)st->ready * f->torrent.piece_length;
	uint64_t length = st->file->length, from = next_offset(st);

	if (end > st->file->offset + length)
		end = st->file->offset + length;
	if (st->reading || st->out.fd < 0 || st->at < st->n || from >= end ||
	    f->phase == FETCH_ENDING)
		return;
	st->n = end - from < CHUNK ? (size_t)(end - from) : CHUNK;
	st->at = 0;
	st->reading = true;
	st->job =
	    (struct work_job){ .run = run_read, .done = was_read, .rank = WORK_SOON };
	work_push(f->work, &st->job);
}

void
fetch_stream_more(struct fetch *f)
{
	struct fetch_stream *st = f->stream;

	if (st == NULL || f->phase == FETCH_ENDING)
		return;
	while (st->ready >= st->first && st->ready <= st->last &&
	    store_piece_state(f->store, st->ready) == STORE_HELD)
		st->ready++;
	read_more(f);
	move_window(f);
}

/*
 * All is written: the reader is to see the end of it now, and not only when the run ends,
 * which may go on serving.
 */
static void
end_stream(struct fetch *f)
{
	struct fetch_stream *st = f->stream;
	int nowhere;

	loop_watch_free(st->watch);
	st->watch = NULL;
	st->ended = true;
	if (st->out.ours && close(st->out.fd) != 0)
		fetch_out_failed(f, st->name);
	st->out.fd = -1;
	if (!fetch_owns_stdout(f)) {
		if (f->o->pass && f->phase != FETCH_ENDING)
			fetch_report_done(f, st->file);
		return;
	}
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nowhere >= 0) {
		(void)dup2(nowhere, f->o->out);
		(void)close(nowhere);
	}
}

static void
on_writable(void *ctx, int what)
{
	struct fetch *f = ctx;
	struct fetch_stream *st = f->stream;
	ssize_t n = outlet_write(&st->out, bytes_of(st->chunk + st->at, st->n - st->at));

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fetch_out_failed(f, st->name);
		loop_watch_free(st->watch);
		st->watch = NULL;
		return;
	}
	st->at += (size_t)n;
	st->written += (uint64_t)n;
	if (st->at < st->n)
		return;
	if (loop_watch_set(st->watch, 0) != RC_OK)
		fetch_fail(f, CODE_BUG, "out of memory");
	fetch_stream_more(f);
	if (fetch_stream_done(f))
		end_stream(f);
	fetch_drain(f);
}

/* A reader that quits while there is nothing to write is missed as well. */
static void
check_reader(struct fetch *f)
{
	struct pollfd p = { .fd = f->stream->out.fd };

	if (f->stream->out.kind != OUTLET_PIPE || poll(&p, 1, 0) != 1 ||
	    (p.revents & POLLERR) == 0)
		return;
	errno = EPIPE;
	fetch_out_failed(f, f->stream->name);
}

void
fetch_stream_tick(struct fetch *f)
{
	struct fetch_stream *st = f->stream;

	if (st == NULL || st->ended || !fetch_is_up(f))
		return;
	if (st->out.fd >= 0) {
		check_reader(f);
		return;
	}
	if (open_file(f) && watch(f))
		fetch_stream_more(f);
	fetch_drain(f);
}
