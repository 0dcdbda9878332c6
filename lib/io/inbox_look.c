/* SPDX-License-Identifier: ISC */
/* What is there already, and whether it is the beginning of what comes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "io/inbox_parts.h"

enum {
	CHUNK = 256 * 1024,
	PART_HEX = 8, /* bytes of the hash that a part's name shows */
};

enum rc
inbox_near(const struct inbox_file *f, int *dir)
{
	const struct inbox *in = f->in;
	const char *last = inbox_last(f->path);
	char path[XFER_PATH_MAX + 1];
	size_t n = (size_t)(last - f->path);

	*dir = in->below.dir;
	if (n == 0)
		return RC_OK;
	memcpy(path, f->path, n - 1);
	path[n - 1] = '\0';
	return beneath_open(&in->below, path, O_PATH | O_DIRECTORY, 0, dir);
}

void
inbox_far(const struct inbox *in, int dir)
{
	int err = errno;

	if (dir >= 0 && dir != in->below.dir)
		(void)close(dir);
	errno = err;
}

/* Looking. */

/* SHA-256(user NUL path NUL size): the size in decimal digits, or "-". */
static enum rc
name_part(const struct inbox *in, struct inbox_file *f)
{
	static const char head[] = ".ugat-part-";
	uint8_t digest[SHA256_SIZE];
	struct buf key;
	enum rc rc;

	_Static_assert(sizeof(head) + 2 * PART_HEX <= INBOX_PART_NAME, "room for a part");
	buf_init(&key, 2 * (XFER_PATH_MAX + 1));
	rc = buf_add(&key, in->user, strlen(in->user) + 1);
	if (rc == RC_OK)
		rc = buf_add(&key, f->path, strlen(f->path) + 1);
	if (rc == RC_OK)
		rc = f->size == XFER_UNKNOWN
		    ? buf_add(&key, "-", 1)
		    : buf_printf(&key, "%ju", (uintmax_t)f->size);
	if (rc == RC_OK)
		rc = hash_sha256(buf_bytes(&key), digest);
	buf_clear(&key);
	memcpy(f->part, head, sizeof(head));
	text_hex(digest, PART_HEX, f->part + sizeof(head) - 1);
	return rc == RC_OK ? RC_OK : RC_MEM;
}

static bool
is_resumable(const struct inbox_file *f)
{
	return f->hashed && f->size != XFER_UNKNOWN;
}

/* What has f's name: INBOX_NOTHING, INBOX_WHOLE or INBOX_OTHER. */
static enum rc
look_at_name(struct inbox_file *f, int dir, enum inbox_found *found)
{
	struct stat st;

	*found = INBOX_NOTHING;
	if (fstatat(dir, inbox_last(f->path), &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? RC_OK : RC_SYS;
	*found = f->in->replaces && S_ISREG(st.st_mode) ? INBOX_NOTHING : INBOX_OTHER;
	if (is_resumable(f) && S_ISREG(st.st_mode) && (uint64_t)st.st_size == f->size) {
		*found = INBOX_WHOLE;
		f->was = st;
	}
	return RC_OK;
}

static enum rc
look_at_part(struct inbox_file *f, int dir, enum inbox_found *found, uint64_t *held)
{
	struct stat st;
	int fd;
	enum rc rc = inbox_open_part(dir, f->part, &fd, &st);

	*found = rc == RC_BUSY ? INBOX_LOCKED : INBOX_NOTHING;
	if (rc == RC_BUSY || rc == RC_NONE)
		return RC_OK;
	if (rc != RC_OK)
		return rc;
	(void)close(fd);
	if (is_resumable(f) && st.st_size > 0 && (uint64_t)st.st_size <= f->size) {
		*found = INBOX_PART;
		*held = (uint64_t)st.st_size;
		f->was = st;
	}
	return RC_OK;
}

/* The first name that is free or may be the file itself. */
static enum rc
find_name(struct inbox_file *f, int dir, enum inbox_found *found)
{
	for (unsigned k = 2; k <= INBOX_NUMBER_MOST; k++) {
		enum rc rc = inbox_rename(f, k);

		if (rc == RC_OK)
			rc = look_at_name(f, dir, found);
		if (rc != RC_OK || *found != INBOX_OTHER)
			return rc;
	}
	errno = EEXIST;
	return RC_SYS;
}

static enum rc
look_in(
    struct inbox_file *f, int dir, bool rename, enum inbox_found *found, uint64_t *held)
{
	enum inbox_found part;
	enum rc rc = look_at_name(f, dir, found);

	if (rc != RC_OK || (*found != INBOX_NOTHING && !rename && !f->in->replaces))
		return rc;
	if (*found == INBOX_OTHER && !rename)
		return rc;
	rc = look_at_part(f, dir, &part, held);
	if (rc == RC_OK && part == INBOX_NOTHING && *found == INBOX_OTHER)
		return find_name(f, dir, found);
	if (rc == RC_OK && part != INBOX_NOTHING)
		*found = part;
	return rc;
}

enum rc
inbox_look(struct inbox *in, struct inbox_file *f, bool rename, enum inbox_found *found,
    uint64_t *held)
{
	int dir;
	enum rc rc;

	*found = INBOX_NOTHING;
	*held = 0;
	f->in = in;
	f->fd = -1;
	f->phase = INBOX_LOOKED;
	if (in->is_stream)
		return RC_OK;
	if (in->only != NULL)
		memcpy(f->path, in->only, strlen(in->only) + 1);
	rc = name_part(in, f);
	if (rc != RC_OK)
		return rc;
	if (inbox_near(f, &dir) != RC_OK)
		return errno == ENOENT ? RC_OK : RC_SYS;
	rc = look_in(f, dir, rename, found, held);
	inbox_far(in, dir);
	f->is_whole = *found == INBOX_WHOLE;
	if (f->is_whole)
		*held = f->size;
	return rc;
}

/* Hashing what is there. */

/* Looking up the algorithm costs more than a small file: hashes are used again. */
enum rc
inbox_take_hash(struct inbox_file *f)
{
	if (f->sha256 == NULL) {
		f->sha256 = f->in->spare;
		f->in->spare = NULL;
	}
	if (f->sha256 != NULL)
		return hash_reset(f->sha256);
	f->sha256 = hash_new(HASH_SHA256);
	return f->sha256 == NULL ? RC_MEM : RC_OK;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	    a->st_size == b->st_size && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

enum rc
inbox_open_found(const struct inbox_file *f, int *fd, struct stat *st)
{
	enum rc rc;
	int dir;

	*fd = -1;
	if (inbox_near(f, &dir) != RC_OK)
		return errno == ENOENT ? RC_BAD : RC_SYS;
	if (!f->is_whole) {
		rc = inbox_open_part(dir, f->part, fd, st);
	} else {
		*fd = openat(dir, inbox_last(f->path),
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		rc = *fd < 0 || fstat(*fd, st) != 0 ? RC_SYS : RC_OK;
	}
	inbox_far(f->in, dir);
	if (rc == RC_NONE || (rc == RC_SYS && errno == ENOENT) ||
	    (rc == RC_OK && !is_same(st, &f->was)))
		rc = RC_BAD;
	if (rc != RC_OK && *fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
	return rc;
}

static enum rc
hash_some(struct inbox_file *f, int fd, uint64_t left, uint8_t *chunk)
{
	ssize_t n;

	do {
		n = pread(fd, chunk, left < CHUNK ? (size_t)left : CHUNK, (off_t)f->at);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? RC_SYS : RC_BAD;
	f->at += (uint64_t)n;
	return hash_add(f->sha256, bytes_of(chunk, (size_t)n));
}

static enum rc
hash_all(struct inbox_file *f, int fd, uint64_t n, atomic_uint_least64_t *done,
    const atomic_bool *stop)
{
	uint8_t *chunk = malloc(CHUNK);
	enum rc rc = chunk == NULL ? RC_MEM : RC_OK;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	f->at = 0;
	while (rc == RC_OK && f->at < n) {
		rc = atomic_load_explicit(stop, memory_order_relaxed)
		    ? RC_END
		    : hash_some(f, fd, n - f->at, chunk);
		atomic_store_explicit(done, f->at, memory_order_relaxed);
	}
	free(chunk);
	return rc;
}

enum rc
inbox_hash(struct inbox_file *f, uint64_t n, atomic_uint_least64_t *done,
    const atomic_bool *stop, uint8_t hash[static XFER_HASH_SIZE])
{
	struct stat st;
	int fd = -1;
	enum rc rc = inbox_take_hash(f);

	if (rc == RC_OK)
		rc = inbox_open_found(f, &fd, &st);
	if (rc == RC_OK)
		rc = hash_all(f, fd, n, done, stop);
	if (rc == RC_OK && (fstat(fd, &st) != 0 || !is_same(&st, &f->was)))
		rc = RC_BAD;
	if (rc == RC_OK)
		rc = hash_peek(f->sha256, hash);
	if (rc == RC_OK)
		f->phase = INBOX_HASHED;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}
