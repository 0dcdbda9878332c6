/* SPDX-License-Identifier: ISC */
#include "io/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/beneath.h"

enum { DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };
enum { LEVELS_LEAST = 16 };

struct level {
	DIR *dir; /* NULL: closed, to be opened anew at the place at */
	off_t at;
	dev_t dev;
	ino_t ino;
	size_t path_n; /* bytes of path that lead here */
	bool seen;     /* there is something in it */
};

struct tree {
	struct beneath top;
	size_t prefix_n;
	struct level *levels;
	size_t n, cap; /* of levels; the last one is read */
	size_t path_n;
	char path[TREE_PATH];
};

struct tree *
tree_new(int top, const char *prefix)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	beneath_init(&t->top, top);
	t->prefix_n = strlen(prefix);
	t->levels = calloc(LEVELS_LEAST, sizeof(*t->levels));
	if (t->prefix_n >= sizeof(t->path) || t->levels == NULL) {
		tree_free(t);
		return NULL;
	}
	memcpy(t->path, prefix, t->prefix_n + 1);
	t->path_n = t->prefix_n;
	t->cap = LEVELS_LEAST;
	/* The top is a level like others whose directory was closed. */
	t->levels[0] = (struct level){ .path_n = t->prefix_n };
	t->n = 1;
	return t;
}

static void
close_level(struct level *l)
{
	if (l->dir != NULL)
		(void)closedir(l->dir);
	l->dir = NULL;
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	while (t->n > 0)
		close_level(&t->levels[--t->n]);
	free(t->levels);
	free(t);
}

/* Back to the first n bytes of the path. */
static void
cut_path(struct tree *t, size_t n)
{
	t->path_n = n;
	t->path[n] = '\0';
}

/* fd becomes the level's. */
static enum rc
adopt(struct level *l, int fd)
{
	l->dir = fdopendir(fd);
	if (l->dir != NULL)
		return RC_OK;
	(void)close(fd);
	return RC_MEM;
}

/*
 * Open a level again, where reading it was left. It may have been moved or replaced
 * since.
 */
static enum rc
reopen(struct tree *t, struct level *l)
{
	const char *below = t->path + t->prefix_n;
	bool known = l->seen;
	struct stat st;
	int fd, err = 0;

	if (beneath_open(&t->top, *below == '/' ? below + 1 : ".", DIR_FLAGS, 0, &fd) !=
	    RC_OK)
		return RC_SYS;
	if (fstat(fd, &st) != 0)
		err = errno;
	else if (known && (st.st_dev != l->dev || st.st_ino != l->ino))
		err = ESTALE;
	else if (known && lseek(fd, l->at, SEEK_SET) < 0)
		err = errno;
	if (err != 0) {
		(void)close(fd);
		errno = err;
		return RC_SYS;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return adopt(l, fd);
}

/* The type of what path names; DT_UNKNOWN: errno. */
static unsigned char
type_of(DIR *dir, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type;
	if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(st.st_mode);
}

static enum rc
tell(struct tree *t, struct level *l, const struct dirent *d, struct tree_entry *e)
{
	size_t n = strlen(d->d_name);

	e->dir = dirfd(l->dir);
	e->name = d->d_name;
	e->kind = TREE_LONG;
	e->type = type_of(l->dir, d);
	if (n >= sizeof(t->path) - 1 - t->path_n)
		return RC_OK;
	t->path[t->path_n] = '/';
	memcpy(t->path + t->path_n + 1, d->d_name, n + 1);
	t->path_n += 1 + n;
	e->kind = TREE_THING;
	return e->type == DT_UNKNOWN ? RC_SYS : RC_OK;
}

/* The level is over: for a reason, or because nothing more is in it. */
static enum rc
leave(struct tree *t, int err, struct tree_entry *e)
{
	struct level *l = &t->levels[--t->n];
	bool seen = l->seen;

	close_level(l);
	if (err != 0) {
		errno = err;
		return RC_SYS;
	}
	e->kind = TREE_EMPTY;
	e->type = DT_DIR;
	return seen ? RC_MORE : RC_OK;
}

static enum rc
next_of_level(struct tree *t, struct tree_entry *e)
{
	struct level *l = &t->levels[t->n - 1];
	const struct dirent *d;
	enum rc rc = RC_OK;

	cut_path(t, l->path_n);
	if (l->dir == NULL)
		rc = reopen(t, l);
	if (rc != RC_OK)
		return rc == RC_SYS ? leave(t, errno, e) : rc;
	errno = 0;
	d = readdir(l->dir);
	if (d == NULL)
		return leave(t, errno, e);
	l->at = d->d_off;
	if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
		return RC_MORE;
	l->seen = true;
	return tell(t, l, d, e);
}

enum rc
tree_next(struct tree *t, struct tree_entry *e)
{
	enum rc rc = RC_MORE;

	*e = (struct tree_entry){ .dir = -1, .name = "", .path = t->path };
	while (rc == RC_MORE && t->n > 0)
		rc = next_of_level(t, e);
	return rc == RC_MORE ? RC_END : rc;
}

static enum rc
grow(struct tree *t)
{
	struct level *levels;

	if (t->n < t->cap)
		return RC_OK;
	/* A path has at most half as many components as bytes: it ends by itself. */
	levels = reallocarray(t->levels, t->cap * 2, sizeof(*levels));
	if (levels == NULL)
		return RC_MEM;
	t->levels = levels;
	t->cap *= 2;
	return RC_OK;
}

enum rc
tree_enter(struct tree *t)
{
	const struct level *above;
	struct level l = { .path_n = t->path_n };
	struct stat st;
	enum rc rc;
	int fd, err;

	if (grow(t) != RC_OK)
		return RC_MEM;
	above = &t->levels[t->n - 1];
	fd = openat(dirfd(above->dir), t->path + above->path_n + 1, DIR_FLAGS);
	if (fd < 0)
		return RC_SYS;
	if (fstat(fd, &st) != 0) {
		err = errno;
		(void)close(fd);
		errno = err;
		return RC_SYS;
	}
	l.dev = st.st_dev;
	l.ino = st.st_ino;
	rc = adopt(&l, fd);
	if (rc != RC_OK)
		return rc;
	t->levels[t->n++] = l;
	if (t->n > TREE_OPEN_MAX)
		close_level(&t->levels[t->n - 1 - TREE_OPEN_MAX]);
	return RC_OK;
}
