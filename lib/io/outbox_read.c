/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/outbox_parts.h"

enum {
	CHUNK = 256 * 1024,
	AHEAD_FROM =
	    1024 * 1024,    /* a smaller file is read with the kernel's first guess */
	PIPE = 1024 * 1024, /* what we wish a pipe to hold */
};
enum { OPEN_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

/* Come to the directory of an item. */
static enum rc
come_near(struct outbox *o, size_t item)
{
	int fd;

	if (o->below.dir >= 0 && o->near == item)
		return RC_OK;
	fd = open(o->items[item].operand, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return RC_SYS;
	if (o->below.dir >= 0)
		(void)close(o->below.dir);
	beneath_init(&o->below, fd);
	o->near = item;
	return RC_OK;
}

static enum rc
open_file(struct outbox *o, const struct outbox_file *f, int *fd)
{
	const struct outbox_item *item = &o->items[f->item];
	const char *below = f->path + strlen(item->name) + 1;

	if (!item->is_directory) {
		*fd = open(item->operand, OPEN_FLAGS);
		return *fd >= 0 ? RC_OK : RC_SYS;
	}
	if (come_near(o, f->item) != RC_OK)
		return RC_SYS;
	if (beneath_open(&o->below, below, OPEN_FLAGS, 0, fd) == RC_OK)
		return RC_OK;
	/* Only a file that was one a moment ago is opened: it is another thing now. */
	return errno == ELOOP || errno == ENOTDIR ? RC_BAD : RC_SYS;
}

/* Whether st is the file that was walked over, as it was then. */
static bool
is_same(const struct outbox_file *f, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_ino == f->ino && st->st_dev == f->dev &&
	    (uint64_t)st->st_size == f->size && st->st_mtim.tv_sec == f->mtime_s &&
	    (uint32_t)st->st_mtim.tv_nsec == f->mtime_ns;
}

static enum rc
look_at(struct outbox_reader *r)
{
	struct stat st;

	if (fstat(r->fd, &st) != 0)
		return RC_SYS;
	if (!is_same(&r->file, &st))
		return RC_BAD;
	r->changed = st.st_ctim;
	if (r->file.size >= AHEAD_FROM)
		(void)posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return RC_OK;
}

static bool
is_stream(const struct outbox_reader *r)
{
	return r->o->items[r->file.item].is_stream;
}

static void
close_fd(struct outbox_reader *r)
{
	int err = errno;

	if (r->fd >= 0 && !is_stream(r))
		(void)close(r->fd);
	r->fd = -1;
	errno = err;
}

/* Looking up the algorithm costs more than a small file: hashes are used again. */
static enum rc
take_hash(struct outbox_reader *r)
{
	struct hash *spare = r->o->spare;

	r->o->spare = NULL;
	r->sha256 = spare != NULL ? spare : hash_new(HASH_SHA256);
	if (r->sha256 == NULL)
		return RC_MEM;
	return spare == NULL ? RC_OK : hash_reset(r->sha256);
}

enum rc
outbox_open(
    struct outbox *o, const struct outbox_file *f, bool hashed, struct outbox_reader *r)
{
	enum rc rc = RC_OK;

	*r = (struct outbox_reader){ .fd = -1, .o = o, .file = *f };
	if (is_stream(r)) {
		r->fd = o->in;
		/* Fewer turns between the two sides; who may not have it does without. */
		(void)fcntl(r->fd, F_SETPIPE_SZ, PIPE);
	} else {
		rc = open_file(o, f, &r->fd);
		if (rc == RC_OK)
			rc = look_at(r);
	}
	if (rc == RC_OK && hashed)
		rc = take_hash(r);
	if (rc != RC_OK)
		outbox_close(r);
	return rc;
}

void
outbox_close(struct outbox_reader *r)
{
	if (r->o == NULL)
		return;
	close_fd(r);
	if (r->o->spare == NULL)
		r->o->spare = r->sha256;
	else
		hash_free(r->sha256);
	r->sha256 = NULL;
	r->o = NULL;
}

/* Read up to cap bytes of the file, at least one. RC_END: there are none. */
static enum rc
read_some(struct outbox_reader *r, uint8_t *p, size_t cap, size_t *n)
{
	ssize_t got;

	do {
		got = pread(r->fd, p, cap, (off_t)r->at);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got < 0 ? RC_SYS : RC_END;
	*n = (size_t)got;
	return RC_OK;
}

static enum rc
keep(struct outbox_reader *r, const uint8_t *p, size_t n)
{
	r->at += n;
	return r->sha256 == NULL ? RC_OK : hash_add(r->sha256, bytes_of(p, n));
}

static enum rc
skip_some(struct outbox_reader *r, uint64_t n, uint8_t *chunk)
{
	uint64_t left = n - r->at;
	size_t got;
	enum rc rc = read_some(r, chunk, left < CHUNK ? (size_t)left : CHUNK, &got);

	if (rc == RC_END)
		return RC_BAD;
	return rc == RC_OK ? keep(r, chunk, got) : rc;
}

/* What was read so far is forgotten. */
static enum rc
start_over(struct outbox_reader *r)
{
	r->at = 0;
	return hash_reset(r->sha256);
}

enum rc
outbox_skip(struct outbox_reader *r, uint64_t n,
    const uint8_t hash[static XFER_HASH_SIZE], atomic_uint_least64_t *done,
    const atomic_bool *stop, bool *same)
{
	uint8_t digest[SHA256_SIZE], *chunk;
	enum rc rc;

	*same = false;
	if (is_stream(r) || r->sha256 == NULL || n > r->file.size)
		return RC_BAD;
	chunk = malloc(CHUNK);
	rc = chunk == NULL ? RC_MEM : start_over(r);
	while (rc == RC_OK && r->at < n) {
		if (atomic_load_explicit(stop, memory_order_relaxed)) {
			rc = RC_END;
			break;
		}
		rc = skip_some(r, n, chunk);
		atomic_store_explicit(done, r->at, memory_order_relaxed);
	}
	free(chunk);
	if (rc == RC_OK)
		rc = hash_peek(r->sha256, digest);
	if (rc != RC_OK)
		return rc;
	*same = memcmp(digest, hash, SHA256_SIZE) == 0;
	return *same ? RC_OK : start_over(r);
}

/* At its end: is it still what it was? */
static enum rc
end_file(struct outbox_reader *r)
{
	struct stat st;

	if (fstat(r->fd, &st) != 0)
		return RC_SYS;
	if (!is_same(&r->file, &st) || st.st_ctim.tv_sec != r->changed.tv_sec ||
	    st.st_ctim.tv_nsec != r->changed.tv_nsec)
		return RC_BAD;
	return RC_END;
}

static enum rc
read_stream(struct outbox_reader *r, uint8_t *p, size_t cap, size_t *n)
{
	struct pollfd fd = { .fd = r->fd, .events = POLLIN };
	ssize_t got;
	int ready = poll(&fd, 1, OUTBOX_WAIT_MS);

	if (ready < 0)
		return errno == EINTR ? RC_MORE : RC_SYS;
	if (ready == 0)
		return RC_MORE;
	got = read(r->fd, p, cap);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? RC_MORE : RC_SYS;
	if (got == 0)
		return RC_END;
	*n = (size_t)got;
	return keep(r, p, *n);
}

enum rc
outbox_read(struct outbox_reader *r, uint8_t *p, size_t cap, size_t *n)
{
	uint64_t left = r->file.size - r->at;
	enum rc rc;

	*n = 0;
	if (is_stream(r))
		return read_stream(r, p, cap, n);
	if (left == 0)
		return end_file(r);
	rc = read_some(r, p, left < cap ? (size_t)left : cap, n);
	if (rc == RC_END)
		return RC_BAD;
	return rc == RC_OK ? keep(r, p, *n) : rc;
}

enum rc
outbox_digest(struct outbox_reader *r, uint8_t hash[static XFER_HASH_SIZE])
{
	return hash_end(r->sha256, hash);
}
