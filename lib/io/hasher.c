/* SPDX-License-Identifier: ISC */
#include "io/hasher.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/layout.h"
#include "crypto/hash.h"
#include "io/stop.h"

enum {
	CHUNK = 128 * 1024, /* of a read: it is hashed before it leaves the cache */
	TURN = 1024 * 1024, /* bytes of pieces that a thread takes at once, at least */
	AHEAD = 8 * 1024 * 1024, /* how far the system is asked to read */
	TURNS = 8, /* for each thread, at least, if there are as many pieces */
	TICK_MS = 100,
};

static const uint8_t zeros[16 * 1024];

/* What all threads share. */
struct run {
	const struct hasher *h;
	uint8_t *sha1, *words;
	uint32_t turn; /* pieces */
	int wake;      /* eventfd: the last thread has ended */
	atomic_uint next, running;
	atomic_bool stop;
	atomic_uint_least64_t bytes, files;
	pthread_mutex_t lock; /* for states and errors of files, and rc */
	enum rc rc;
};

/* One thread. */
struct reader {
	struct run *run;
	pthread_t id;
	struct hash *sha1;
	uint8_t *chunk;
	size_t file; /* the one that is open; SIZE_MAX: none */
	int fd;
	uint64_t from, data, hole; /* from..data is a hole, data..hole is not */
	uint64_t blank;            /* zeros of this piece that are not in sha1 yet */
	bool has_blank;
	uint8_t blank_digest[SHA1_SIZE]; /* of a whole piece of zeros */
};

unsigned
hasher_threads(void)
{
	cpu_set_t mine;
	int cores = 1;

	/* What this process may use, which is less than the machine under taskset(1). */
	if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
		cores = CPU_COUNT(&mine);
	return cores > HASHER_THREADS_MAX ? HASHER_THREADS_MAX : (unsigned)cores;
}

/* A file is not what it should be: the first word stands. */
static enum hasher_word
note(struct reader *r, size_t i, enum content_state state, int err)
{
	struct content_file *f = &r->run->h->files[i];

	(void)pthread_mutex_lock(&r->run->lock);
	if (f->state == CONTENT_FILE) {
		f->state = state;
		f->err = err;
	}
	(void)pthread_mutex_unlock(&r->run->lock);
	return HASHER_FAILED;
}

static void
close_file(struct reader *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
	r->file = SIZE_MAX;
	r->from = r->data = r->hole = 0;
}

static enum hasher_word
open_file(struct reader *r, size_t i)
{
	const struct hasher *h = r->run->h;
	const struct bytes path = h->t->files[i].path;
	char text[BENEATH_PATH];
	struct stat st;

	close_file(r);
	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	/* Something else may have taken its place: O_NONBLOCK, for a FIFO would hang. */
	if (beneath_open(h->root, text, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &r->fd) !=
	    RC_OK) {
		r->fd = -1;
		return note(
		    r, i, errno == ENOENT ? CONTENT_CHANGED : CONTENT_CLOSED, errno);
	}
	if (fstat(r->fd, &st) != 0 || !content_is_same(&h->files[i], &st)) {
		close_file(r);
		return note(r, i, CONTENT_CHANGED, 0);
	}
	r->file = i;
	return HASHER_HASHED;
}

static void
count(struct reader *r, uint64_t n)
{
	(void)atomic_fetch_add_explicit(&r->run->bytes, n, memory_order_relaxed);
}

/* A word of what the hash said. What it lacks is memory, and that ends the run. */
static enum hasher_word
hashed(struct reader *r, enum rc rc)
{
	if (rc == RC_OK)
		return HASHER_HASHED;
	(void)pthread_mutex_lock(&r->run->lock);
	r->run->rc = RC_MEM;
	(void)pthread_mutex_unlock(&r->run->lock);
	atomic_store(&r->run->stop, true);
	return HASHER_DUE;
}

static enum hasher_word
add(struct reader *r, const uint8_t *p, size_t n)
{
	return hashed(r, hash_add(r->sha1, bytes_of(p, n)));
}

/* The zeros that were held back go into the hash, for something follows. */
static enum hasher_word
flush_blank(struct reader *r)
{
	enum hasher_word word = HASHER_HASHED;

	while (r->blank > 0 && word == HASHER_HASHED) {
		size_t n = r->blank < sizeof(zeros) ? (size_t)r->blank : sizeof(zeros);

		if (atomic_load_explicit(&r->run->stop, memory_order_relaxed))
			return HASHER_DUE;
		word = add(r, zeros, n);
		r->blank -= n;
	}
	return word;
}

/*
 * How many of n bytes at `at` of the open file are a hole, or how many (*data) are not.
 */
static uint64_t
hole_at(struct reader *r, uint64_t at, uint64_t n, uint64_t *data)
{
	*data = n;
	if (!r->run->h->files[r->file].sparse)
		return 0;
	if (at < r->from || at >= r->hole) {
		off_t to = lseek(r->fd, (off_t)at, SEEK_DATA);

		r->from = at;
		/* ENXIO: nothing but a hole follows. Any other trouble: read. */
		r->data = to >= 0 ? (uint64_t)to : errno == ENXIO ? UINT64_MAX : at;
		to = to >= 0 ? lseek(r->fd, to, SEEK_HOLE) : -1;
		r->hole = to >= 0 ? (uint64_t)to : UINT64_MAX;
	}
	if (at < r->data)
		return r->data - at < n ? r->data - at : n;
	*data = r->hole - at < n ? r->hole - at : n;
	return 0;
}

/*
 * Read n bytes at `at` of fd and hash them. file: SIZE_MAX where fd is not one of ours.
 */
static enum hasher_word
add_data(struct reader *r, int fd, size_t file, uint64_t at, uint64_t n)
{
	enum hasher_word word = flush_blank(r);

	while (n > 0 && word == HASHER_HASHED) {
		size_t want = n < CHUNK ? (size_t)n : CHUNK;
		ssize_t got = pread(fd, r->chunk, want, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (atomic_load_explicit(&r->run->stop, memory_order_relaxed))
			return HASHER_DUE;
		if (got <= 0 && file == SIZE_MAX)
			return HASHER_GAP;
		if (got <= 0)
			return note(r, file, got == 0 ? CONTENT_CHANGED : CONTENT_BROKEN,
			    got == 0 ? 0 : errno);
		word = add(r, r->chunk, (size_t)got);
		at += (uint64_t)got;
		n -= (uint64_t)got;
		count(r, (uint64_t)got);
	}
	return word;
}

static void
add_hole(struct reader *r, uint64_t n)
{
	r->blank += n;
	count(r, n);
}

static enum hasher_word
add_file(struct reader *r, const struct layout_span *span)
{
	const struct torrent *t = r->run->h->t;
	size_t i = (size_t)(span->file - t->files);
	uint64_t at = span->at, end = at + span->n, n;
	enum hasher_word word = i == r->file ? HASHER_HASHED : open_file(r, i);

	if (word == HASHER_HASHED && span->file->length > AHEAD)
		(void)posix_fadvise(
		    r->fd, (off_t)(at + AHEAD), (off_t)span->n, POSIX_FADV_WILLNEED);
	for (; at < end && word == HASHER_HASHED; at += n) {
		uint64_t data;

		n = hole_at(r, at, end - at, &data);
		if (n > 0) {
			add_hole(r, n);
		} else {
			n = data;
			word = add_data(r, r->fd, i, at, n);
		}
	}
	if (end == span->file->length)
		(void)atomic_fetch_add_explicit(&r->run->files, 1, memory_order_relaxed);
	return word;
}

/* A piece of nothing but zeros is hashed once. */
static enum hasher_word
end_piece(struct reader *r, uint8_t *digest)
{
	bool blank = r->blank == r->run->h->t->piece_length;
	enum hasher_word word = HASHER_HASHED;

	if (blank && r->has_blank) {
		memcpy(digest, r->blank_digest, SHA1_SIZE);
		return HASHER_HASHED;
	}
	word = flush_blank(r);
	if (word == HASHER_HASHED)
		word = hashed(r, hash_end(r->sha1, digest));
	if (word != HASHER_HASHED)
		return word;
	if (blank)
		memcpy(r->blank_digest, digest, SHA1_SIZE);
	r->has_blank = r->has_blank || blank;
	return HASHER_HASHED;
}

static enum hasher_word
hash_piece(struct reader *r, uint32_t piece, uint8_t *digest)
{
	const struct hasher *h = r->run->h;
	struct layout it;
	struct layout_span span;
	enum hasher_word word = hashed(r, hash_reset(r->sha1));

	r->blank = 0;
	layout_start(&it, h->t, (uint64_t)piece * h->t->piece_length, h->t->piece_length);
	while (word == HASHER_HASHED && layout_next(&it, &span)) {
		if (span.file != NULL)
			word = add_file(r, &span);
		else if (span.pad)
			add_hole(r, span.n);
		else
			word = add_data(r, h->gaps, SIZE_MAX, span.at, span.n);
	}
	return word == HASHER_HASHED ? end_piece(r, digest) : word;
}

static void *
work(void *arg)
{
	struct reader *r = arg;
	struct run *run = r->run;
	uint32_t pieces = run->h->t->pieces;

	while (!atomic_load(&run->stop)) {
		uint32_t first = atomic_fetch_add(&run->next, run->turn), end;

		if (first >= pieces)
			break;
		end = run->turn < pieces - first ? first + run->turn : pieces;
		for (uint32_t p = first; p < end && !atomic_load(&run->stop); p++) {
			if (run->words[p] != HASHER_DUE)
				continue;
			run->words[p] =
			    (uint8_t)hash_piece(r, p, run->sha1 + (size_t)p * SHA1_SIZE);
			if (run->h->strict && run->words[p] != HASHER_HASHED)
				atomic_store(&run->stop, true);
		}
	}
	close_file(r);
	if (atomic_fetch_sub(&run->running, 1) == 1)
		(void)eventfd_write(run->wake, 1);
	return NULL;
}

/* What can be said of a piece without reading it. */
static enum hasher_word
foresee(const struct hasher *h, uint32_t piece)
{
	struct layout it;
	struct layout_span span;
	enum hasher_word word = HASHER_SKIPPED;
	bool gap = false;

	layout_start(&it, h->t, (uint64_t)piece * h->t->piece_length, h->t->piece_length);
	while (layout_next(&it, &span)) {
		const struct content_file *f;

		gap = gap || (span.file == NULL && !span.pad);
		if (span.file == NULL)
			continue;
		f = &h->files[span.file - h->t->files];
		if (f->state != CONTENT_FILE || f->size < span.at + span.n)
			return HASHER_ABSENT;
		word = HASHER_DUE;
	}
	return word == HASHER_DUE && gap && h->gaps < 0 ? HASHER_GAP : word;
}

static void
plan(struct run *run, unsigned threads, struct hasher_count *all)
{
	const struct torrent *t = run->h->t;
	uint32_t most = t->pieces / (threads * TURNS);

	for (uint32_t p = 0; p < t->pieces; p++) {
		run->words[p] = (uint8_t)foresee(run->h, p);
		if (run->words[p] == HASHER_DUE)
			all->total += torrent_piece_size(t, p);
	}
	for (size_t i = 0; i < t->n_files; i++)
		if (torrent_file_is_real(&t->files[i]) && t->files[i].length > 0)
			all->total_files++;
	run->turn = TURN / t->piece_length;
	run->turn = run->turn < most ? run->turn : most;
	if (run->turn == 0)
		run->turn = 1;
}

static void
reader_clear(struct reader *r)
{
	hash_free(r->sha1);
	free(r->chunk);
}

/* Make up to n threads; returns how many there are. 0: errno. */
static unsigned
start(struct run *run, struct reader *readers, unsigned n)
{
	unsigned made = 0;
	int err = 0;

	/* Whoever ends at once must not be taken for the last one. */
	atomic_store(&run->running, 1);
	for (; made < n && err == 0; made++) {
		struct reader *r = &readers[made];

		*r = (struct reader){ .run = run, .fd = -1, .file = SIZE_MAX };
		r->sha1 = hash_new(HASH_SHA1);
		r->chunk = aligned_alloc(4096, CHUNK);
		(void)atomic_fetch_add(&run->running, 1);
		err = r->sha1 == NULL || r->chunk == NULL
		    ? ENOMEM
		    : pthread_create(&r->id, NULL, work, r);
		if (err == 0)
			continue;
		(void)atomic_fetch_sub(&run->running, 1);
		reader_clear(r);
		break;
	}
	if (atomic_fetch_sub(&run->running, 1) == 1)
		(void)eventfd_write(run->wake, 1);
	errno = err;
	return made;
}

/* Until the last thread has ended. Returns the signal that came first, or 0. */
static int
watch(struct run *run, struct stop *stop, struct hasher_count *all)
{
	bool ended = false;
	int signal = 0;

	while (!ended) {
		int now = stop_wait(
		    stop, run->wake, run->h->tick == NULL ? -1 : TICK_MS, &ended);

		if (now != 0) {
			signal = now;
			atomic_store(&run->stop, true);
		}
		all->bytes = atomic_load(&run->bytes);
		all->files = atomic_load(&run->files);
		if (run->h->tick != NULL)
			run->h->tick(run->h->ctx, all);
	}
	return signal;
}

enum rc
hasher_run(const struct hasher *h, uint8_t *sha1, uint8_t *words, int *signal)
{
	struct run run = { .h = h, .sha1 = sha1, .words = words, .rc = RC_OK };
	struct hasher_count all = { .total = 0 };
	unsigned n = h->threads < HASHER_THREADS_MAX ? h->threads : HASHER_THREADS_MAX;
	struct reader *readers = calloc(n, sizeof(*readers));
	struct stop stop;

	*signal = 0;
	run.wake = eventfd(0, EFD_CLOEXEC);
	if (readers == NULL || run.wake < 0) {
		free(readers);
		return readers == NULL ? RC_MEM : RC_SYS;
	}
	(void)pthread_mutex_init(&run.lock, NULL);
	plan(&run, n, &all);
	/* Before there are threads, so that they have the signals blocked, too. */
	stop_begin(&stop);
	n = start(&run, readers, n);
	if (n > 0)
		*signal = watch(&run, &stop, &all);
	else
		run.rc = errno == ENOMEM ? RC_MEM : RC_SYS;
	for (unsigned i = 0; i < n; i++) {
		(void)pthread_join(readers[i].id, NULL);
		reader_clear(&readers[i]);
	}
	stop_end(&stop);
	(void)pthread_mutex_destroy(&run.lock);
	(void)close(run.wake);
	free(readers);
	if (run.rc == RC_OK && *signal != 0)
		run.rc = RC_END;
	else if (run.rc == RC_OK && h->strict && atomic_load(&run.stop))
		run.rc = RC_BAD;
	return run.rc;
}
