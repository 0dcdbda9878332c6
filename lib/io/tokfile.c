/* SPDX-License-Identifier: ISC */
/*
 * A session file is only ever replaced by rename, so whoever has opened it reads one
 * whole version. What is beside the rules is refused after open and fstat, never by a
 * look at the name first: what was looked at is what is read.
 */
#include "io/tokfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/crl.h"
#include "io/tokfile_parts.h"

enum {
	ACCOUNT_ROOM = 4096, /* for one entry of the accounts */
	OTHERS = 077,        /* the bits of a mode that belong to group and others */
	OTHERS_WRITE = 022,
};

static const char etc[] = "/etc/ugat";

/* Its place. */

/* The digits behind "fd:". */
static enum rc
locate_descriptor(struct tokfile *f, const char *text, struct outcome *end)
{
	uint64_t fd;

	if (text_u64(bytes_str(text + strlen("fd:")), INT_MAX, &fd) != RC_OK) {
		(void)outcome_fail(end, CODE_NOSESSION,
		    "UGAT_SESSION=%s: fd:N or a path expected", text);
		return RC_BAD;
	}
	if (fcntl((int)fd, F_GETFD) == -1) {
		(void)outcome_fail(end, CODE_NOSESSION,
		    "UGAT_SESSION=%s: no open descriptor: give it to the command with "
		    "%llu<FILE",
		    text, (unsigned long long)fd);
		return RC_BAD;
	}
	f->fd = (int)fd;
	(void)snprintf(f->path, sizeof(f->path), "fd:%d", f->fd);
	return RC_OK;
}

/* The home that the machine's accounts name. */
static bool
account_home(char out[static PATH_MAX])
{
	char room[ACCOUNT_ROOM];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(geteuid(), &entry, room, sizeof(room), &found) != 0 ||
	    found == NULL || found->pw_dir == NULL || found->pw_dir[0] != '/')
		return false;
	return snprintf(out, PATH_MAX, "%s", found->pw_dir) < PATH_MAX;
}

static enum rc
locate_default(struct tokfile *f, struct outcome *end)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char account[PATH_MAX];
	int n;

	/* A relative path is none, says the XDG Base Directory Specification. */
	if (state != NULL && state[0] == '/') {
		n = snprintf(f->path, sizeof(f->path), "%s/ugat/session.pem", state);
	} else {
		if (home == NULL || home[0] == '\0')
			home = account_home(account) ? account : NULL;
		if (home == NULL) {
			(void)outcome_fail(end, CODE_NOSESSION,
			    "no home directory to look for a session in: set HOME, or "
			    "UGAT_SESSION to the session file");
			return RC_NONE;
		}
		n = snprintf(
		    f->path, sizeof(f->path), "%s/.local/state/ugat/session.pem", home);
	}
	if (n >= 0 && (size_t)n < sizeof(f->path))
		return RC_OK;
	(void)outcome_fail(end, CODE_NOSESSION,
	    "the home directory's path is too long: set UGAT_SESSION to the session "
	    "file");
	return RC_NONE;
}

enum rc
tokfile_locate(struct tokfile *f, struct outcome *end)
{
	const char *named = getenv("UGAT_SESSION");

	*f = (struct tokfile){ .fd = -1 };
	if (named == NULL || named[0] == '\0')
		return locate_default(f, end);
	if (strncmp(named, "fd:", strlen("fd:")) == 0)
		return locate_descriptor(f, named, end);
	if (strlen(named) >= sizeof(f->path)) {
		(void)outcome_fail(
		    end, CODE_NOSESSION, "UGAT_SESSION: the path is too long");
		return RC_BAD;
	}
	memcpy(f->path, named, strlen(named) + 1);
	return RC_OK;
}

bool
tokfile_beside(const struct tokfile *f, const char *suffix, char out[static TOKFILE_SIDE])
{
	int n = snprintf(out, TOKFILE_SIDE, "%s%s", f->path, suffix);

	return n >= 0 && n < TOKFILE_SIDE;
}

static bool
site_path(const char *name, char out[static TOKFILE_SIDE])
{
	int n = snprintf(out, TOKFILE_SIDE, "%s/%s", etc, name);

	return n >= 0 && n < TOKFILE_SIDE;
}

/* Reading. */

static void
stamp_of(const struct stat *st, struct tokfile_stamp *out)
{
	memset(out, 0, sizeof(*out)); /* padding, too: stamps are compared as bytes */
	out->dev = st->st_dev;
	out->ino = st->st_ino;
	out->size = st->st_size;
	out->mtime.tv_sec = st->st_mtim.tv_sec;
	out->mtime.tv_nsec = st->st_mtim.tv_nsec;
}

static void
await_bytes(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	(void)poll(&p, 1, -1);
}

/*
 * All that fd holds behind what is in b; of a regular file from its beginning, wherever
 * its offset is: two programs of one pipeline may share it. RC_BIG: more than b may hold.
 */
static enum rc
read_all(int fd, bool regular, struct buf *b)
{
	enum { CHUNK = 64 * 1024 }; /* a key is then never moved in memory */
	size_t start = b->n;

	for (;;) {
		size_t room = b->max - b->n < CHUNK ? b->max - b->n : CHUNK;
		uint8_t more, *at = &more;
		ssize_t n;

		if (buf_room(b, room) != RC_OK)
			return RC_MEM;
		if (room > 0)
			at = b->p + b->n;
		n = regular ? pread(fd, at, room > 0 ? room : 1, (off_t)(b->n - start))
		            : read(fd, at, room > 0 ? room : 1);
		if (n == 0)
			return RC_OK;
		if (n > 0 && room == 0)
			return RC_BIG;
		if (n > 0)
			b->n += (size_t)n;
		else if (errno == EAGAIN)
			await_bytes(fd);
		else if (errno != EINTR)
			return RC_SYS;
	}
}

static int
open_plain(const char *path, int more)
{
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | more);
}

/* Nobody is told to remove one. */
static bool
is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

const char *
tokfile_kind_fault(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return NULL;
	return S_ISDIR(st->st_mode) ? "is a directory"
	    : S_ISFIFO(st->st_mode) ? "is a FIFO"
	    : S_ISLNK(st->st_mode)  ? "is a symbolic link"
	    : is_device(st)         ? "is a device"
	                            : "is no regular file";
}

static bool
is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() || st->st_uid == 0;
}

static enum rc
check_own(const struct tokfile *f, const struct stat *st, struct outcome *end)
{
	const char *fault = tokfile_kind_fault(st);

	if (f->fd != -1 && S_ISFIFO(st->st_mode))
		return RC_OK;
	if (fault != NULL)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s %s, not a session file: %sset UGAT_SESSION to a regular file",
		    f->path, fault,
		    is_device(st) ? "" : "remove it and run ugat-login, or ");
	else if (!is_ours(st))
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s belongs to user %lu, not to you or root: run ugat-login, or "
		    "chown "
		    "it",
		    f->path, (unsigned long)st->st_uid);
	else if ((st->st_mode & OTHERS) != 0 && f->fd == -1)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s is open to others (mode %04o): chmod 600 %s", f->path,
		    (unsigned)(st->st_mode & 07777), f->path);
	else if ((st->st_mode & OTHERS) != 0)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "the file of %s is open to others (mode %04o): chmod 600 it", f->path,
		    (unsigned)(st->st_mode & 07777));
	else
		return RC_OK;
	return RC_BAD;
}

static enum rc
not_opened(const struct tokfile *f, struct outcome *end)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return RC_NONE;
	if (errno == ELOOP)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s is a symbolic link: set UGAT_SESSION to the file itself",
		    f->path);
	else if (errno == ENXIO)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s is no regular file: set UGAT_SESSION to one", f->path);
	else
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s: %s: run ugat-login as yourself, or set UGAT_SESSION", f->path,
		    strerror(errno));
	return RC_BAD;
}

enum rc
tokfile_read(const struct tokfile *f, struct buf *b, struct tokfile_stamp *stamp,
    struct outcome *end)
{
	int fd = f->fd != -1 ? f->fd : open_plain(f->path, O_NOFOLLOW);
	size_t start = b->n;
	struct stat st;
	enum rc rc = RC_SYS;

	memset(stamp, 0, sizeof(*stamp));
	if (fd == -1)
		return not_opened(f, end);
	if (fstat(fd, &st) == 0)
		rc = check_own(f, &st, end);
	if (rc == RC_OK)
		rc = read_all(fd, S_ISREG(st.st_mode), b);
	if (rc == RC_MEM)
		(void)outcome_fail(end, CODE_BUG, "%s: out of memory", f->path);
	else if (rc == RC_SYS)
		(void)outcome_fail(
		    end, CODE_NOSESSION, "%s: %s", f->path, strerror(errno));
	else if (rc == RC_BIG)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s is too large for a session file: run ugat-login", f->path);
	else if (rc == RC_OK && b->n == start)
		(void)outcome_fail(
		    end, CODE_NOSESSION, "%s is empty: run ugat-login", f->path);
	if (rc == RC_OK && b->n == start)
		rc = RC_BAD;
	if (f->fd == -1) {
		(void)close(fd);
		if (rc == RC_OK)
			stamp_of(&st, stamp);
	}
	return rc == RC_OK ? RC_OK : RC_BAD;
}

void
tokfile_stamp(const struct tokfile *f, struct tokfile_stamp *out)
{
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (f->fd == -1 && lstat(f->path, &st) == 0)
		stamp_of(&st, out);
}

void
tokfile_stamp_crl(const struct tokfile *f, struct tokfile_stamp *out)
{
	char path[TOKFILE_SIDE];
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (f->fd == -1 && tokfile_beside(f, ".crl", path) && lstat(path, &st) == 0)
		stamp_of(&st, out);
}

void
tokfile_stamp_site(const char *name, struct tokfile_stamp *out)
{
	char path[TOKFILE_SIDE];
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (site_path(name, path) && stat(path, &st) == 0)
		stamp_of(&st, out);
}

enum rc
tokfile_read_crl(const struct tokfile *f, struct buf *b)
{
	char path[TOKFILE_SIDE];
	struct stat st;
	enum rc rc = RC_NONE;
	int fd, saved;

	if (f->fd != -1 || !tokfile_beside(f, ".crl", path))
		return RC_NONE;
	fd = open_plain(path, O_NOFOLLOW);
	if (fd == -1)
		return RC_NONE;
	/* Anybody may read it; but who may write it may hide a revocation. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_ours(&st) &&
	    (st.st_mode & OTHERS_WRITE) == 0 && st.st_size <= CRL_MAX)
		rc = read_all(fd, true, b);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return rc == RC_BIG ? RC_NONE : rc;
}

enum rc
tokfile_read_site(const char *name, struct buf *b, struct outcome *end)
{
	char path[TOKFILE_SIDE];
	int fd;
	struct stat st;
	enum rc rc = RC_BAD;

	if (!site_path(name, path))
		return RC_NONE;
	fd = open_plain(path, 0);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return RC_NONE;
	if (fd == -1 || fstat(fd, &st) != 0)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s: %s: every user must be able to read it: chmod 644 %s", path,
		    strerror(errno), path);
	else if (!S_ISREG(st.st_mode))
		(void)outcome_fail(end, CODE_NOSESSION, "%s is no regular file", path);
	else if (st.st_uid != 0 || (st.st_mode & OTHERS_WRITE) != 0)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s: others than root can write it: chown root %s; chmod 644 %s",
		    path, path, path);
	else
		rc = read_all(fd, true, b);
	if (rc == RC_MEM)
		(void)outcome_fail(end, CODE_BUG, "%s: out of memory", path);
	else if (rc != RC_OK)
		(void)outcome_fail(end, CODE_NOSESSION, "%s: %s", path,
		    rc == RC_BIG ? "too large" : strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return rc == RC_OK ? RC_OK : RC_BAD;
}
