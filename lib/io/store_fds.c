/* SPDX-License-Identifier: ISC */
/*
 * A slot holds one open file. Opening happens outside the lock, for it can wait for a
 * disk; if two threads open the same file at once, the later one closes its own. A slot
 * whose file must be opened anew for writing is forgotten (file NULL) and closed by the
 * last who uses it. When all slots are lent, the descriptor is closed at put.
 */
#include "io/store_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SLOTS_MAX = 64, SLOTS_LEAST = 4, OPEN_TRIES = 8 };

struct slot {
	const struct torrent_file *file; /* NULL with fd >= 0: forgotten */
	int fd;                          /* -1: free */
	bool write;
	unsigned lent;
	uint64_t used; /* the turn of its last use */
};

struct store_fds {
	struct beneath beneath;
	pthread_mutex_t lock;
	uint64_t turn;
	unsigned n;
	struct slot slot[SLOTS_MAX];
};

/* A quarter of what the process may open: the rest is for peers. */
static unsigned
slots_for_limit(void)
{
	struct rlimit limit;
	uint64_t n = SLOTS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 4 < n)
		n = limit.rlim_cur / 4;
	return n < SLOTS_LEAST ? SLOTS_LEAST : (unsigned)n;
}

struct store_fds *
store_fds_new(const struct beneath *b)
{
	struct store_fds *fs = calloc(1, sizeof(*fs));

	if (fs == NULL)
		return NULL;
	fs->beneath = *b;
	fs->n = slots_for_limit();
	for (unsigned i = 0; i < fs->n; i++)
		fs->slot[i].fd = -1;
	(void)pthread_mutex_init(&fs->lock, NULL);
	return fs;
}

void
store_fds_free(struct store_fds *fs)
{
	if (fs == NULL)
		return;
	for (unsigned i = 0; i < fs->n; i++)
		if (fs->slot[i].fd >= 0)
			(void)close(fs->slot[i].fd);
	(void)pthread_mutex_destroy(&fs->lock);
	free(fs);
}

static int
open_once(struct store_fds *fs, const char *path, const struct torrent_file *f,
    enum store_fds_how how)
{
	static const int modes[] = { O_RDONLY, O_RDWR, O_RDWR | O_CREAT };
	/* O_NONBLOCK: a FIFO that stands in the way must not hang us. */
	int flags = modes[how] | O_NONBLOCK | O_NOCTTY, fd;

	if (beneath_open(&fs->beneath, path, flags, f->executable ? 0777 : 0666, &fd) !=
	    RC_OK)
		return -1;
	return fd;
}

/* Do something about errno, so that another try may succeed. */
static bool
may_retry(struct store_fds *fs, const char *path, enum store_fds_how how)
{
	int err;

	if (errno == ENOENT && how == STORE_FDS_MAKE &&
	    beneath_make_parents(&fs->beneath, path) == RC_OK)
		return true;
	err = errno;
	if (err == EINTR ||
	    ((err == EMFILE || err == ENFILE) && store_fds_shrink(fs) > 0))
		return true;
	errno = err;
	return false;
}

/* Open f, making directories and room among the descriptors as need be. */
static int
open_file(struct store_fds *fs, const struct torrent_file *f, enum store_fds_how how)
{
	char path[BENEATH_PATH];
	struct stat st;
	int fd = -1;

	if (f->path.n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, f->path.p, f->path.n);
	path[f->path.n] = '\0';
	for (int i = 0; i < OPEN_TRIES && fd < 0; i++) {
		fd = open_once(fs, path, f, how);
		if (fd < 0 && !may_retry(fs, path, how))
			return -1;
	}
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		errno = EEXIST;
		return -1;
	}
	return fd;
}

static struct slot *
find(struct store_fds *fs, const struct torrent_file *f)
{
	for (unsigned i = 0; i < fs->n; i++)
		if (fs->slot[i].fd >= 0 && fs->slot[i].file == f)
			return &fs->slot[i];
	return NULL;
}

static void
lend(struct store_fds *fs, struct slot *s, struct store_fd *out)
{
	s->lent++;
	s->used = ++fs->turn;
	*out = (struct store_fd){ .fd = s->fd, .slot = (int)(s - fs->slot) };
}

static void
forget(struct slot *s)
{
	s->file = NULL;
	if (s->lent > 0)
		return;
	(void)close(s->fd);
	s->fd = -1;
}

/* A free slot, or the one that has been idle longest, then closed. NULL: all are lent. */
static struct slot *
find_free(struct store_fds *fs)
{
	struct slot *oldest = NULL;

	for (unsigned i = 0; i < fs->n; i++) {
		struct slot *s = &fs->slot[i];

		if (s->fd < 0)
			return s;
		if (s->lent == 0 && (oldest == NULL || s->used < oldest->used))
			oldest = s;
	}
	if (oldest != NULL)
		forget(oldest);
	return oldest;
}

static bool
lend_open(
    struct store_fds *fs, const struct torrent_file *f, bool write, struct store_fd *out)
{
	struct slot *s = find(fs, f);

	if (s == NULL || (write && !s->write))
		return false;
	lend(fs, s, out);
	return true;
}

/* Take in a file that was just opened, unless another thread was faster. */
static void
take_in(struct store_fds *fs, const struct torrent_file *f, bool write, int fd,
    struct store_fd *out)
{
	struct slot *s;

	if (lend_open(fs, f, write, out)) {
		(void)close(fd);
		return;
	}
	s = find(fs, f);
	if (s != NULL)
		forget(s);
	s = find_free(fs);
	if (s == NULL) {
		*out = (struct store_fd){ .fd = fd, .slot = -1 };
		return;
	}
	*s = (struct slot){ .file = f, .fd = fd, .write = write };
	lend(fs, s, out);
}

enum rc
store_fds_get(struct store_fds *fs, const struct torrent_file *f, enum store_fds_how how,
    struct store_fd *out)
{
	bool write = how != STORE_FDS_READ, found;
	int fd;

	(void)pthread_mutex_lock(&fs->lock);
	found = lend_open(fs, f, write, out);
	(void)pthread_mutex_unlock(&fs->lock);
	if (found)
		return RC_OK;
	fd = open_file(fs, f, how);
	if (fd < 0)
		return RC_SYS;
	(void)pthread_mutex_lock(&fs->lock);
	take_in(fs, f, write, fd, out);
	(void)pthread_mutex_unlock(&fs->lock);
	return RC_OK;
}

void
store_fds_put(struct store_fds *fs, struct store_fd *lent)
{
	struct slot *s;
	int err = errno;

	if (lent->slot < 0) {
		(void)close(lent->fd);
		errno = err;
		return;
	}
	(void)pthread_mutex_lock(&fs->lock);
	s = &fs->slot[lent->slot];
	s->lent--;
	if (s->file == NULL)
		forget(s);
	(void)pthread_mutex_unlock(&fs->lock);
	errno = err;
}

bool
store_fds_is(struct store_fds *fs, const struct torrent_file *f, const struct stat *st)
{
	const struct slot *s;
	struct stat own;
	bool same;

	(void)pthread_mutex_lock(&fs->lock);
	s = find(fs, f);
	same = s == NULL || fstat(s->fd, &own) != 0 ||
	    (own.st_dev == st->st_dev && own.st_ino == st->st_ino);
	(void)pthread_mutex_unlock(&fs->lock);
	return same;
}

unsigned
store_fds_shrink(struct store_fds *fs)
{
	unsigned closed = 0;

	(void)pthread_mutex_lock(&fs->lock);
	for (unsigned i = 0; i < fs->n; i++)
		if (fs->slot[i].fd >= 0 && fs->slot[i].lent == 0) {
			forget(&fs->slot[i]);
			closed++;
		}
	(void)pthread_mutex_unlock(&fs->lock);
	return closed;
}
