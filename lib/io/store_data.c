/* SPDX-License-Identifier: ISC */
/* io/store: the bytes themselves, on any thread. */
#include "io/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/layout.h"
#include "io/store_parts.h"

enum { EARLY_LEAST = 256 * 1024 }; /* bytes of one span */

/* RC_NONE: the file ends before. */
static enum rc
read_at(int fd, uint8_t *p, size_t n, uint64_t at)
{
	while (n > 0) {
		ssize_t got = pread(fd, p, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? RC_NONE : RC_SYS;
		p += got;
		n -= (size_t)got;
		at += (uint64_t)got;
	}
	return RC_OK;
}

static enum rc
write_at(int fd, struct bytes in, uint64_t at)
{
	while (in.n > 0) {
		ssize_t put = pwrite(fd, in.p, in.n, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			errno = put == 0 ? ENOSPC : errno;
			return RC_SYS;
		}
		in = bytes_from(in, (size_t)put);
		at += (uint64_t)put;
	}
	return RC_OK;
}

/* Open one of our own notes; *fd stays open until the end. The mutex is held. */
static enum rc
open_note(struct store *s, const char *suffix, int flags, int *fd)
{
	char name[STORE_NOTE];
	struct stat st;
	enum rc rc;

	if (*fd >= 0)
		return RC_OK;
	if (s->notes.dir < 0) {
		errno = ENOENT;
		return RC_SYS;
	}
	store_note(s, suffix, name);
	flags |= O_RDWR | O_NONBLOCK;
	rc = beneath_open(&s->notes, name, flags, 0666, fd);
	if (rc != RC_OK && (errno == EMFILE || errno == ENFILE) &&
	    store_fds_shrink(s->fds) > 0)
		rc = beneath_open(&s->notes, name, flags, 0666, fd);
	if (rc == RC_OK && (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		(void)close(*fd);
		*fd = -1;
		errno = EEXIST;
		return RC_SYS;
	}
	return rc;
}

enum rc
store_part(struct store *s, bool write, int *fd)
{
	enum rc rc;

	(void)pthread_mutex_lock(&s->mutex);
	rc = open_note(s, "part", write ? O_CREAT : 0, &s->part);
	*fd = s->part;
	(void)pthread_mutex_unlock(&s->mutex);
	return rc;
}

/*
 * The name goes at once, so that nothing is left when we are killed. Where the notes
 * cannot be written there is no place for a huge piece at all.
 */
static enum rc
open_big(struct store *s, int *fd)
{
	char name[STORE_NOTE];
	enum rc rc;
	bool made;

	(void)pthread_mutex_lock(&s->mutex);
	made = s->big < 0;
	rc = open_note(s, "big", O_CREAT | O_EXCL, &s->big);
	if (rc == RC_OK && made) {
		store_note(s, "big", name);
		(void)unlinkat(s->notes.dir, name, 0);
	}
	*fd = s->big;
	(void)pthread_mutex_unlock(&s->mutex);
	return rc;
}

/* RC_NONE where the system only says that there is no such file. */
static enum rc
refused_or_none(
    const struct store *s, const struct torrent_file *f, struct store_error *e)
{
	enum rc rc =
	    f == NULL ? store_refused_note(s, "part", e) : store_refused(s, f, e);

	if (e->err == ENOENT)
		rc = RC_NONE;
	if (rc == RC_NONE)
		e->err = 0;
	return rc;
}

static enum rc
read_span(
    struct store *s, const struct layout_span *span, uint8_t *p, struct store_error *e)
{
	struct store_fd lent = { .fd = -1, .slot = -1 };
	size_t n = (size_t)span->n;
	enum rc rc;

	if (span->pad) {
		memset(p, 0, n);
		return RC_OK;
	}
	rc = span->file == NULL
	    ? store_part(s, false, &lent.fd)
	    : store_fds_get(s->fds, span->file, STORE_FDS_READ, &lent);
	if (rc != RC_OK)
		return refused_or_none(s, span->file, e);
	rc = read_at(lent.fd, p, n, span->at);
	if (rc != RC_OK) {
		if (rc == RC_NONE)
			errno = ENOENT;
		rc = refused_or_none(s, span->file, e);
	}
	if (span->file != NULL)
		store_fds_put(s->fds, &lent);
	return rc;
}

enum rc
store_read(struct store *s, uint64_t offset, uint8_t *p, size_t n, struct store_error *e)
{
	struct layout it;
	struct layout_span span;
	enum rc rc = RC_OK;

	layout_start(&it, s->t, offset, n);
	while (rc == RC_OK && layout_next(&it, &span)) {
		rc = read_span(s, &span, p, e);
		p += span.n;
	}
	return rc;
}

/*
 * Gap bytes that cannot be kept are no loss to the user: the piece is just never offered
 * to others. A full disk is: everything else will fail next.
 */
static enum rc
write_gap(struct store *s, struct bytes in, uint64_t at, struct store_error *e)
{
	int fd;
	enum rc rc = store_part(s, true, &fd);

	if (rc == RC_OK)
		rc = write_at(fd, in, at);
	if (rc == RC_OK)
		return RC_OK;
	if (errno == ENOSPC || errno == EDQUOT || errno == EIO)
		return store_refused_note(s, "part", e);
	(void)pthread_mutex_lock(&s->mutex);
	s->part_lost = true;
	(void)pthread_mutex_unlock(&s->mutex);
	return RC_OK;
}

/*
 * The disk begins with it at once, while more comes from the network: what it has not
 * done by the end is waited for there. Small spans are left to the system, which puts
 * neighbours together first. Where the system cannot, the sync does it all.
 */
static void
begin_writing_back(int fd, uint64_t at, size_t n)
{
	if (n >= EARLY_LEAST)
		(void)sync_file_range(fd, (off_t)at, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

/*
 * A file that was there is not made anew: what was written before would be missing in it.
 */
static enum rc
lend_to_write(struct store *s, const struct torrent_file *f, struct store_fd *lent)
{
	uint8_t *flags = &s->flags[f - s->t->files];
	bool there;
	enum rc rc;

	(void)pthread_mutex_lock(&s->mutex);
	there = (*flags & STORE_THERE) != 0;
	(void)pthread_mutex_unlock(&s->mutex);
	rc = store_fds_get(s->fds, f, there ? STORE_FDS_WRITE : STORE_FDS_MAKE, lent);
	if (rc != RC_OK) {
		errno = there && errno == ENOENT ? ESTALE : errno;
		return rc;
	}
	(void)pthread_mutex_lock(&s->mutex);
	*flags |= STORE_THERE;
	(void)pthread_mutex_unlock(&s->mutex);
	return RC_OK;
}

static enum rc
write_file(struct store *s, const struct torrent_file *f, struct bytes in, uint64_t at,
    struct store_error *e)
{
	struct store_fd lent;
	enum rc rc;

	if (lend_to_write(s, f, &lent) != RC_OK)
		return store_refused(s, f, e);
	rc = write_at(lent.fd, in, at);
	if (rc != RC_OK)
		rc = store_refused(s, f, e);
	else if (!s->hidden)
		begin_writing_back(lent.fd, at, in.n);
	store_fds_put(s->fds, &lent);
	return rc;
}

static void
mark_stale(struct store *s, const struct torrent_file *f)
{
	size_t i = f == NULL ? s->t->n_files : (size_t)(f - s->t->files);

	(void)pthread_mutex_lock(&s->mutex);
	store_mark(s, &s->stale, STORE_STALE, i);
	s->unsaved = true;
	(void)pthread_mutex_unlock(&s->mutex);
}

enum rc
store_write(
    struct store *s, uint64_t offset, struct bytes verified, struct store_error *e)
{
	struct layout it;
	struct layout_span span;
	enum rc rc = RC_OK;

	layout_start(&it, s->t, offset, verified.n);
	while (rc == RC_OK && layout_next(&it, &span)) {
		struct bytes in = bytes_of(verified.p, (size_t)span.n);

		verified = bytes_from(verified, in.n);
		if (span.pad)
			continue;
		rc = span.file == NULL ? write_gap(s, in, span.at, e)
		                       : write_file(s, span.file, in, span.at, e);
		mark_stale(s, span.file);
	}
	return rc;
}

enum rc
store_gather(struct store *s, uint64_t offset, struct bytes raw, struct store_error *e)
{
	int fd;

	if (open_big(s, &fd) != RC_OK || write_at(fd, raw, offset) != RC_OK)
		return store_refused_note(s, "big", e);
	return RC_OK;
}

enum rc
store_gathered(
    struct store *s, uint64_t offset, uint8_t *p, size_t n, struct store_error *e)
{
	int fd;
	enum rc rc = open_big(s, &fd);

	if (rc == RC_OK)
		rc = read_at(fd, p, n, offset);
	if (rc != RC_OK)
		(void)store_refused_note(s, "big", e);
	if (rc == RC_NONE)
		e->err = 0;
	return rc;
}

void
store_gather_drop(struct store *s, uint64_t offset, uint64_t n)
{
	int fd;

	(void)pthread_mutex_lock(&s->mutex);
	fd = s->big;
	(void)pthread_mutex_unlock(&s->mutex);
	/* Where holes cannot be punched the space comes back at the end. */
	if (fd >= 0 && n > 0)
		(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		    (off_t)offset, (off_t)n);
}
