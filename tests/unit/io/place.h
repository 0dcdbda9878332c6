/* SPDX-License-Identifier: ISC */
/* For tests: a directory of one's own, and plain looks at what lies in it. */
#ifndef TESTS_UNIT_IO_PLACE_H
#define TESTS_UNIT_IO_PLACE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char dir[64];
	char path[8192]; /* of place_path */
};

static inline void
place_make(struct place *p)
{
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/ugat-test-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		abort();
}

static inline int
place_remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline void
place_remove(struct place *p)
{
	(void)nftw(p->dir, place_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Good until the next call. */
static inline const char *
place_path(struct place *p, const char *name)
{
	(void)snprintf(p->path, sizeof(p->path), "%s/%s", p->dir, name);
	return p->path;
}

static inline bool
place_has(struct place *p, const char *name)
{
	struct stat st;

	return lstat(place_path(p, name), &st) == 0;
}

/* Bytes of a file, or -1. */
static inline int64_t
place_size(struct place *p, const char *name)
{
	struct stat st;

	return lstat(place_path(p, name), &st) == 0 ? (int64_t)st.st_size : -1;
}

static inline void
place_put(struct place *p, const char *name, const void *bytes, size_t n)
{
	int fd;

	(void)place_path(p, name);
	for (char *at = p->path + strlen(p->dir) + 1; (at = strchr(at, '/')) != NULL;) {
		*at = '\0';
		(void)mkdir(p->path, 0777);
		*at++ = '/';
	}
	fd = open(place_path(p, name), O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd) != 0)
		abort();
}

/* Whether a file is exactly these bytes. */
static inline bool
place_is(struct place *p, const char *name, const void *bytes, size_t n)
{
	static uint8_t got[1 << 20];
	int fd = open(place_path(p, name), O_RDONLY);
	ssize_t size;

	if (fd < 0)
		return false;
	size = read(fd, got, sizeof(got));
	(void)close(fd);
	return size == (ssize_t)n && memcmp(got, bytes, n) == 0;
}

/* Move a file's mtime by some milliseconds. */
static inline void
place_age(struct place *p, const char *name, int64_t ms)
{
	struct timespec times[2];
	struct stat st;
	int64_t ns;

	if (lstat(place_path(p, name), &st) != 0)
		abort();
	ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec + ms * 1000000;
	times[0] = times[1] =
	    (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	if (utimensat(AT_FDCWD, place_path(p, name), times, AT_SYMLINK_NOFOLLOW) != 0)
		abort();
}

#endif
