/* SPDX-License-Identifier: ISC */
#include "io/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/inbox_parts.h"
#include "io/space.h"

enum { ASK_FROM = 1024 * 1024 }; /* what is smaller just finds out */

/* The place. */

static struct inbox *
inbox_make(const char *user)
{
	struct inbox *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return NULL;
	in->below.dir = -1;
	in->out.fd = -1;
	in->user = strdup(user);
	if (in->user != NULL)
		return in;
	free(in);
	return NULL;
}

void
inbox_free(struct inbox *in)
{
	int err = errno;

	if (in == NULL)
		return;
	if (in->below.dir >= 0)
		(void)close(in->below.dir);
	if (in->out.ours && in->out.fd >= 0)
		(void)close(in->out.fd);
	hash_free(in->spare);
	free(in->user);
	free(in->only);
	free(in->file);
	free(in);
	errno = err;
}

struct inbox *
inbox_new(const char *dir, const char *user)
{
	struct inbox *in = inbox_make(user);
	int fd;

	if (in == NULL)
		return NULL;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		inbox_free(in);
		return NULL;
	}
	beneath_init(&in->below, fd);
	return in;
}

struct inbox *
inbox_new_stream(int fd, const atomic_bool *stop)
{
	struct inbox *in = inbox_make("");

	if (in == NULL)
		return NULL;
	in->is_stream = true;
	in->out.fd = fd;
	in->stop = stop;
	return in;
}

static struct inbox *
new_named_stream(const char *file, const atomic_bool *stop)
{
	struct inbox *in = inbox_new_stream(-1, stop);

	if (in == NULL)
		return NULL;
	in->file = strdup(file);
	if (in->file != NULL)
		return in;
	inbox_free(in);
	return NULL;
}

struct inbox *
inbox_new_output(const char *file, const char *user, const atomic_bool *stop)
{
	const char *last = inbox_last(file);
	struct inbox *in;
	struct stat st;
	char *dir;

	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return new_named_stream(file, stop);
	if (*last == '\0' || strlen(last) > XFER_NAME_MAX ||
	    (stat(file, &st) == 0 && S_ISDIR(st.st_mode))) {
		errno = strlen(last) > XFER_NAME_MAX ? ENAMETOOLONG : EISDIR;
		return NULL;
	}
	/* With its slash: "/" stays what it is. */
	dir = last == file ? strdup(".") : strndup(file, (size_t)(last - file));
	in = dir == NULL ? NULL : inbox_new(dir, user);
	free(dir);
	if (in == NULL)
		return NULL;
	in->only = strdup(last);
	if (in->only != NULL)
		return in;
	inbox_free(in);
	return NULL;
}

void
inbox_set_replace(struct inbox *in)
{
	in->replaces = true;
}

bool
inbox_is_stream(const struct inbox *in)
{
	return in->is_stream;
}

/* Writing. */

static enum rc
come_near_making(struct inbox_file *f, int *dir)
{
	if (inbox_near(f, dir) == RC_OK)
		return RC_OK;
	if (errno != ENOENT || beneath_make_parents(&f->in->below, f->path) != RC_OK)
		return RC_SYS;
	return inbox_near(f, dir);
}

/*
 * A disk that is too small says so now, and not after the whole night. It is not reserved
 * by fallocate(2): that takes as long as writing on a RAM disk, would hold what a sender
 * merely claims, and stays behind when we are killed.
 */
static enum rc
check_room(const struct inbox_file *f)
{
	uint64_t left = f->size - f->at, block, has;

	if (f->in->is_stream || f->size == XFER_UNKNOWN || left < ASK_FROM ||
	    space_ask(f->fd, &block, &has) != RC_OK || left <= has)
		return RC_OK;
	errno = ENOSPC;
	return RC_SYS;
}

static enum rc
cut(struct inbox_file *f, const struct stat *st)
{
	if ((uint64_t)st->st_size == f->at)
		return RC_OK;
	return ftruncate(f->fd, (off_t)f->at) == 0 ? RC_OK : RC_SYS;
}

static enum rc
begin_anew(struct inbox_file *f)
{
	struct stat st;
	int dir;
	enum rc rc = f->hashed ? inbox_take_hash(f) : RC_OK;

	f->at = 0;
	if (rc != RC_OK)
		return rc;
	if (f->in->is_stream)
		return inbox_stream_begin(f->in);
	if (come_near_making(f, &dir) != RC_OK)
		return RC_SYS;
	rc = inbox_make_part(dir, f->part, &f->fd, &st);
	inbox_far(f->in, dir);
	return rc == RC_OK ? cut(f, &st) : rc;
}

static enum rc
go_on(struct inbox_file *f)
{
	struct stat st;
	enum rc rc = inbox_open_found(f, &f->fd, &st);

	/* It was right a moment ago: somebody else has been at work on it. */
	if (rc == RC_BAD)
		return RC_BUSY;
	return rc == RC_OK ? cut(f, &st) : rc;
}

enum rc
inbox_begin(struct inbox_file *f, uint64_t offset)
{
	enum rc rc;

	if (offset > 0 && (f->phase != INBOX_HASHED || offset != f->at))
		return RC_BAD;
	/* An empty file that is there is whole, too. */
	if (f->is_whole && f->phase == INBOX_HASHED && offset == f->size) {
		f->phase = INBOX_SAME;
		return RC_OK;
	}
	rc = offset > 0 ? go_on(f) : begin_anew(f);
	if (rc == RC_OK)
		rc = check_room(f);
	if (rc == RC_OK || f->fd >= 0)
		f->phase = INBOX_WRITING;
	return rc;
}

static enum rc
write_all(struct inbox_file *f, struct bytes b)
{
	while (b.n > 0) {
		ssize_t n = pwrite(f->fd, b.p, b.n, (off_t)f->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return RC_SYS;
		f->at += (uint64_t)n;
		b = bytes_from(b, (size_t)n);
	}
	return RC_OK;
}

enum rc
inbox_write(struct inbox_file *f, struct bytes b)
{
	enum rc rc = RC_OK;

	if (f->phase != INBOX_WRITING || b.n > f->size - f->at)
		return RC_BIG;
	if (!f->in->is_stream) {
		rc = write_all(f, b);
	} else {
		rc = inbox_stream_write(f->in, b);
		if (rc == RC_OK)
			f->at += b.n;
	}
	/* Writing has brought into this core's cache what another one has received. */
	if (rc == RC_OK && f->sha256 != NULL)
		rc = hash_add(f->sha256, b);
	return rc;
}

/* The end. */

/* Not every file system has modes and times, and it is no reason to lose the content. */
static enum rc
check(int result)
{
	return result == 0 || errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP
	    ? RC_OK
	    : RC_SYS;
}

static enum rc
set_mode_and_time(const struct inbox_file *f)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)f->mtime_s, .tv_nsec = (long)f->mtime_ns } };
	enum rc rc = check(fchmod(f->fd, f->mode & 0777));

	return rc == RC_OK ? check(futimens(f->fd, times)) : rc;
}

/* With rename: under the first name that is free, whatever was chosen before. */
static enum rc
place(struct inbox_file *f, int dir, bool rename)
{
	enum rc rc = inbox_place(f->in, dir, f->part, inbox_last(f->path));

	for (unsigned k = 2; rc == RC_BUSY && rename && k <= INBOX_NUMBER_MOST; k++) {
		rc = inbox_rename(f, k);
		if (rc == RC_OK)
			rc = inbox_place(f->in, dir, f->part, inbox_last(f->path));
	}
	return rc;
}

static enum rc
store(struct inbox_file *f, bool rename)
{
	int dir;
	enum rc rc = set_mode_and_time(f);

	if (rc != RC_OK || inbox_near(f, &dir) != RC_OK)
		return RC_SYS;
	rc = place(f, dir, rename);
	inbox_far(f->in, dir);
	return rc;
}

enum rc
inbox_store(
    struct inbox_file *f, uint64_t size, const uint8_t *want, bool rename, uint8_t *hash)
{
	uint8_t digest[SHA256_SIZE];
	enum rc rc = RC_OK;

	if (size != f->at || (f->phase != INBOX_WRITING && f->phase != INBOX_SAME)) {
		f->is_damaged = true;
		return RC_BAD;
	}
	if (f->hashed)
		rc = hash_end(f->sha256, digest);
	if (rc != RC_OK)
		return rc;
	if (f->hashed && want != NULL && memcmp(want, digest, sizeof(digest)) != 0) {
		f->is_damaged = true;
		return RC_BAD;
	}
	if (f->hashed && hash != NULL)
		memcpy(hash, digest, sizeof(digest));
	if (f->phase == INBOX_WRITING && !f->in->is_stream)
		rc = store(f, rename);
	if (rc == RC_OK)
		f->phase = INBOX_LOOKED;
	return rc;
}

/* What is of no use does not stay. Nobody else takes a part away that we have locked. */
static void
leave_part(struct inbox_file *f)
{
	struct stat st;
	int dir;

	if ((!f->is_damaged && f->at > 0) || inbox_near(f, &dir) != RC_OK)
		return;
	if (fstatat(dir, f->part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		(void)unlinkat(dir, f->part, 0);
	inbox_far(f->in, dir);
}

void
inbox_close(struct inbox_file *f)
{
	if (f->phase == INBOX_CLOSED)
		return;
	if (f->phase == INBOX_WRITING && f->fd >= 0)
		leave_part(f);
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
	if (f->in->spare == NULL)
		f->in->spare = f->sha256;
	else
		hash_free(f->sha256);
	f->sha256 = NULL;
	free(f->told);
	f->told = NULL;
	f->phase = INBOX_CLOSED;
}
