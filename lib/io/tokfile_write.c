/* SPDX-License-Identifier: ISC */
/* The session file is replaced whole, by rename; and the lock beside it. */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/litter.h"
#include "io/slurp.h"
#include "io/tokfile_parts.h"

enum { LOCK_STEP_MS = 20 };

/*
 * Make the directories that the file of this path lies in. Whether they are there shows
 * later.
 */
static void
make_dirs(const char *path)
{
	char part[TOKFILE_SIDE];
	size_t n = strlen(path);

	if (n >= sizeof(part))
		return;
	memcpy(part, path, n + 1);
	for (char *at = part + 1; (at = strchr(at, '/')) != NULL;) {
		*at = '\0';
		(void)mkdir(part, 0700);
		*at++ = '/';
	}
}

/* The directory that path lies in; *name: its last part, unless NULL. */
static int
open_dir(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char where[TOKFILE_SIDE] = ".";

	if (slash != NULL)
		(void)snprintf(where, sizeof(where), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	if (name != NULL)
		*name = slash == NULL ? path : slash + 1;
	return open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The name is durable only when its directory is. Where that cannot be done, so be it. */
static void
sync_dir(const char *path)
{
	int fd = open_dir(path, NULL);

	if (fd == -1)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

static void
clear_litter(const char *path)
{
	const char *name;
	int fd = open_dir(path, &name);

	if (fd == -1)
		return;
	litter_clear(fd, name);
	(void)close(fd);
}

/* Put text in the place of path, whole or not at all. RC_SYS: errno. */
static enum rc
replace(const char *path, struct bytes text)
{
	char temp[TOKFILE_SIDE + 32];
	enum rc rc = RC_SYS;
	int fd, saved;

	make_dirs(path);
	clear_litter(path);
	(void)snprintf(temp, sizeof(temp), "%s.%ld.new", path, (long)getpid());
	(void)unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return RC_SYS;
	if (fchmod(fd, 0600) == 0)
		rc = spill(fd, text);
	if (rc == RC_OK && fsync(fd) != 0)
		rc = RC_SYS;
	saved = errno;
	if (close(fd) != 0 && rc == RC_OK) {
		saved = errno;
		rc = RC_SYS;
	}
	if (rc == RC_OK && rename(temp, path) != 0) {
		saved = errno;
		rc = RC_SYS;
	}
	if (rc == RC_OK)
		sync_dir(path);
	else
		(void)unlink(temp);
	errno = saved;
	return rc;
}

/*
 * Whether what bears the name may be replaced, or removed: a mistake in UGAT_SESSION must
 * not cost root a device. RC_BAD: *end says why not. A link is replaced, what it names is
 * not touched; but it is not removed as if the key in that other file were gone, too.
 */
static enum rc
check_victim(const struct tokfile *f, bool replaced, struct outcome *end)
{
	const char *fault = NULL;
	struct stat st;

	if (lstat(f->path, &st) == 0 && !(replaced && S_ISLNK(st.st_mode)))
		fault = tokfile_kind_fault(&st);
	if (fault == NULL)
		return RC_OK;
	(void)outcome_fail(end, CODE_CANTCREAT,
	    "%s %s, not a session file: set UGAT_SESSION to a regular file", f->path,
	    fault);
	return RC_BAD;
}

/*
 * A descriptor of a file that others may read, as the shell opens it, is closed to them
 * before the key is in it.
 */
static enum rc
write_descriptor(int fd, struct bytes text)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0 &&
	    fchmod(fd, st.st_mode & 0700) != 0)
		return RC_SYS;
	return spill(fd, text);
}

enum rc
tokfile_write(const struct tokfile *f, struct bytes text, struct outcome *end)
{
	enum rc rc;

	if (f->fd == -1 && check_victim(f, true, end) != RC_OK)
		return RC_SYS;
	rc = f->fd != -1 ? write_descriptor(f->fd, text) : replace(f->path, text);
	if (rc != RC_OK)
		(void)outcome_fail(end, CODE_CANTCREAT,
		    "%s: %s: set UGAT_SESSION to a place that you can write", f->path,
		    strerror(errno));
	return rc;
}

enum rc
tokfile_write_crl(const struct tokfile *f, struct bytes der)
{
	char path[TOKFILE_SIDE];

	if (f->fd != -1 || !tokfile_beside(f, ".crl", path))
		return RC_NONE;
	return replace(path, der);
}

enum rc
tokfile_remove(const struct tokfile *f, struct outcome *end)
{
	static const char *const suffixes[] = { ".crl", ".lock" };
	char path[TOKFILE_SIDE];
	enum rc rc = RC_OK;

	if (f->fd != -1)
		return RC_BAD;
	if (check_victim(f, false, end) != RC_OK)
		return RC_SYS;
	/* The key is in it: zeros over it first, where the disk writes in place. */
	litter_wipe(AT_FDCWD, f->path);
	clear_litter(f->path);
	if (unlink(f->path) != 0)
		rc = errno == ENOENT || errno == ENOTDIR ? RC_NONE : RC_SYS;
	if (rc == RC_SYS)
		(void)outcome_fail(
		    end, CODE_CANTCREAT, "%s: %s", f->path, strerror(errno));
	for (size_t i = 0; rc != RC_SYS && i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (tokfile_beside(f, suffixes[i], path)) {
			(void)unlink(path);
			clear_litter(path);
		}
	if (rc == RC_OK)
		sync_dir(f->path);
	return rc;
}

/* The lock. */

static bool
bears_name(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && lstat(path, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

/* RC_MORE: somebody has removed the file meanwhile, what was locked locks nobody out. */
static enum rc
try_lock(const char *path, int *fd)
{
	enum rc rc = RC_OK;
	int saved;

	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (*fd == -1)
		return RC_SYS;
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
		rc = errno == EWOULDBLOCK || errno == EINTR ? RC_BUSY : RC_SYS;
	else if (!bears_name(*fd, path))
		rc = RC_MORE;
	if (rc == RC_OK)
		return RC_OK;
	saved = errno;
	(void)close(*fd);
	errno = saved;
	*fd = -1;
	return rc;
}

enum rc
tokfile_lock(const struct tokfile *f, int wait_ms, int *fd)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };
	char path[TOKFILE_SIDE];
	enum rc rc;

	*fd = -1;
	if (f->fd != -1)
		return RC_OK;
	errno = ENAMETOOLONG;
	if (!tokfile_beside(f, ".lock", path))
		return RC_SYS;
	make_dirs(path);
	for (int waited = 0;; waited += LOCK_STEP_MS) {
		rc = try_lock(path, fd);
		if ((rc != RC_BUSY && rc != RC_MORE) || waited >= wait_ms)
			return rc == RC_MORE ? RC_BUSY : rc;
		(void)nanosleep(&step, NULL);
	}
}
