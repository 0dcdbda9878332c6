/* SPDX-License-Identifier: ISC */
/*
 * Opening what foreign paths name, and never anything outside one directory: no link is
 * followed, no ".." is walked. openat2(2) does it where the kernel has it, else every
 * component is opened by itself, with the same answers.
 */
#ifndef IO_BENEATH_H
#define IO_BENEATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/rc.h"

enum { BENEATH_PATH = 4096 }; /* bytes of a path with its NUL */

struct beneath {
	int dir;   /* the directory, O_PATH will do; the caller's */
	bool walk; /* without openat2 */
};

/* Paths are below dir from now on. Finds out whether openat2 can be used. */
void beneath_init(struct beneath *b, int dir);

/*
 * As openat(2), with O_CLOEXEC and O_NOFOLLOW. mode counts with O_CREAT only, less the
 * umask. RC_SYS: errno; ELOOP where the path or a part of it is a symbolic link.
 */
enum rc beneath_open(
    const struct beneath *b, const char *path, int flags, mode_t mode, int *fd) MUST_USE;

/*
 * Make the directories that path (not its last component) needs: 0777 less the umask.
 * RC_SYS: errno.
 */
enum rc beneath_make_parents(const struct beneath *b, const char *path) MUST_USE;

/* The directory that was looked into last: what lies side by side costs one call each. */
struct beneath_near {
	int fd; /* -1: none, or it cannot be opened for the reason err */
	int err;
	bool set;
	size_t n;
	char path[BENEATH_PATH];
};

/* It is none at first, and none is kept open. */
void beneath_near_init(struct beneath_near *near);
void beneath_near_clear(struct beneath_near *near);

/* As lstat(2). near is the caller's, begun empty. RC_SYS: errno. */
enum rc beneath_stat(const struct beneath *b, struct beneath_near *near, const char *path,
    struct stat *st) MUST_USE;

/*
 * What is in the way to path: how many of its bytes name the first of its directories
 * that is none, but a link or a file. 0: nothing is, or it cannot be told.
 */
size_t beneath_obstacle(const struct beneath *b, const char *path);

#endif
