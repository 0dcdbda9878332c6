/* SPDX-License-Identifier: ISC */
/*
 * Parts: what is found under such a name may have been put there by anybody who may write
 * to the directory. A part of ours is a regular file of this user's without a second
 * name; whoever has locked it and then still finds it under its name has it for himself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/inbox_parts.h"

enum { OPEN_FLAGS = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };
enum { PART_MODE = 0600, RACE_TRIES = 8 };

static void
close_keeping_errno(int fd)
{
	int err = errno;

	(void)close(fd);
	errno = err;
}

static bool
is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 1 && st->st_uid == geteuid();
}

/*
 * A run that died between giving a part its mode and its name left one that may not be
 * written.
 */
static int
open_closed(int dir, const char *part)
{
	struct stat st;

	if (fstatat(dir, part, &st, AT_SYMLINK_NOFOLLOW) != 0 || !is_ours(&st) ||
	    (st.st_mode & PART_MODE) == PART_MODE ||
	    fchmodat(dir, part, PART_MODE, AT_SYMLINK_NOFOLLOW) != 0) {
		errno = EACCES;
		return -1;
	}
	return openat(dir, part, OPEN_FLAGS);
}

static enum rc
lock(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return RC_OK;
	return errno == EWOULDBLOCK ? RC_BUSY : RC_SYS;
}

/* Whether fd is what has the name. RC_MORE: no longer. */
static enum rc
check_name(int dir, const char *part, int fd, struct stat *st)
{
	struct stat named;

	if (fstat(fd, st) != 0)
		return RC_SYS;
	if (fstatat(dir, part, &named, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? RC_MORE : RC_SYS;
	return named.st_ino == st->st_ino && named.st_dev == st->st_dev ? RC_OK : RC_MORE;
}

static enum rc
open_once(int dir, const char *part, int *fd, struct stat *st)
{
	enum rc rc = RC_OK;

	*fd = openat(dir, part, OPEN_FLAGS);
	if (*fd < 0 && errno == EACCES)
		*fd = open_closed(dir, part);
	if (*fd < 0) {
		switch (errno) {
		case ENOENT: return RC_NONE;
		case ELOOP:
		case EISDIR:
		case ENXIO: return RC_BAD;
		default: return RC_SYS;
		}
	}
	if (fstat(*fd, st) != 0)
		rc = RC_SYS;
	else if (!is_ours(st))
		rc = RC_BAD;
	if (rc == RC_OK)
		rc = lock(*fd);
	if (rc == RC_OK)
		rc = check_name(dir, part, *fd, st);
	if (rc == RC_OK && (st->st_mode & 0777) != PART_MODE)
		rc = fchmod(*fd, PART_MODE) == 0 && fstat(*fd, st) == 0 ? RC_OK : RC_SYS;
	if (rc != RC_OK) {
		close_keeping_errno(*fd);
		*fd = -1;
	}
	return rc;
}

enum rc
inbox_open_part(int dir, const char *part, int *fd, struct stat *st)
{
	enum rc rc = RC_MORE;

	/* RC_MORE: its last holder has just stored it, or given it up. */
	for (int i = 0; i < RACE_TRIES && rc == RC_MORE; i++)
		rc = open_once(dir, part, fd, st);
	return rc == RC_MORE ? RC_BUSY : rc;
}

static enum rc
make_once(int dir, const char *part, int *fd, struct stat *st)
{
	enum rc rc;

	*fd = openat(dir, part, OPEN_FLAGS | O_CREAT | O_EXCL, PART_MODE);
	if (*fd < 0)
		return errno == EEXIST ? RC_MORE : RC_SYS;
	rc = lock(*fd);
	if (rc == RC_OK)
		rc = check_name(dir, part, *fd, st);
	if (rc != RC_OK) {
		close_keeping_errno(*fd);
		*fd = -1;
	}
	return rc;
}

enum rc
inbox_make_part(int dir, const char *part, int *fd, struct stat *st)
{
	enum rc rc = RC_MORE;

	for (int i = 0; i < RACE_TRIES && rc == RC_MORE; i++) {
		rc = make_once(dir, part, fd, st);
		if (rc == RC_MORE)
			rc = inbox_open_part(dir, part, fd, st);
		if (rc == RC_NONE)
			rc = RC_MORE;
	}
	return rc == RC_MORE ? RC_BUSY : rc;
}

/* An empty file of ours holds the name, until the part takes its place. */
static enum rc
by_place(int dir, const char *part, const char *last)
{
	int fd =
	    openat(dir, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd < 0)
		return RC_SYS;
	(void)close(fd);
	if (renameat(dir, part, dir, last) == 0)
		return RC_OK;
	fd = errno;
	(void)unlinkat(dir, last, 0);
	errno = fd;
	return RC_SYS;
}

static enum rc
by_link(int dir, const char *part, const char *last)
{
	if (linkat(dir, part, dir, last, 0) != 0)
		return RC_SYS;
	/* Under both names is no harm: the next transfer refuses a part with two. */
	(void)unlinkat(dir, part, 0);
	return RC_OK;
}

static enum rc
place_once(const struct inbox *in, int dir, const char *part, const char *last)
{
	switch (in->way) {
	case INBOX_BY_RENAME:
		return renameat2(dir, part, dir, last, RENAME_NOREPLACE) == 0 ? RC_OK
		                                                              : RC_SYS;
	case INBOX_BY_LINK: return by_link(dir, part, last);
	default: return by_place(dir, part, last);
	}
}

static bool
is_unknown(int err)
{
	return err == EINVAL || err == ENOSYS || err == EPERM || err == EOPNOTSUPP;
}

enum rc
inbox_place(struct inbox *in, int dir, const char *part, const char *last)
{
	enum rc rc;

	if (in->replaces)
		return renameat(dir, part, dir, last) == 0 ? RC_OK : RC_SYS;
	rc = place_once(in, dir, part, last);
	/* What the file system does not have is not asked for again. */
	while (rc == RC_SYS && in->way != INBOX_BY_PLACE && is_unknown(errno)) {
		in->way++;
		rc = place_once(in, dir, part, last);
	}
	return rc == RC_SYS && errno == EEXIST ? RC_BUSY : rc;
}
