/* SPDX-License-Identifier: ISC */
/*
 * SQLite writes into a file that we have made with our own name and mode; it gets its
 * final name only when it is whole and on the disk, and never takes another's place.
 */
#include "authd/authctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum rc
refuse(struct outcome *end, const char *file, int why)
{
	int code = why == EIO || why == ENOSPC ? CODE_IO : CODE_CANTCREAT;

	(void)outcome_fail(end, code, "%s: %s", file,
	    why == EEXIST ? "there is such a file, and it is left alone" : strerror(why));
	return RC_SYS;
}

/* What was renamed is only there after a crash when its directory is on the disk, too. */
static enum rc
sync_dir(const char *file)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(file, '/');
	int fd, failed;

	if (slash == NULL)
		(void)snprintf(dir, sizeof(dir), ".");
	else
		(void)snprintf(dir, sizeof(dir), "%.*s",
		    slash == file ? 1 : (int)(slash - file), file);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return RC_SYS;
	failed = fsync(fd);
	(void)close(fd);
	return failed == 0 ? RC_OK : RC_SYS;
}

/* EINVAL: such as NFS cannot do it in one; link(2) takes nobody's place either. */
static int
give_name(const char *beside, const char *file)
{
	if (renameat2(AT_FDCWD, beside, AT_FDCWD, file, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return link(beside, file) == 0 ? unlink(beside) : -1;
}

static enum rc
publish(int fd, const char *beside, const char *file, struct outcome *end)
{
	if (fsync(fd) != 0 || give_name(beside, file) != 0)
		return refuse(end, file, errno);
	return sync_dir(file) == RC_OK ? RC_OK : refuse(end, file, errno);
}

enum rc
backup_make(struct db *db, const char *file, struct outcome *end)
{
	char beside[PATH_MAX];
	int fd, n = snprintf(beside, sizeof(beside), "%s.XXXXXX", file);
	enum rc rc;

	if (n < 0 || (size_t)n >= sizeof(beside))
		return refuse(end, file, ENAMETOOLONG);
	if (access(file, F_OK) == 0)
		return refuse(end, file, EEXIST);
	fd = mkstemp(beside);
	if (fd < 0)
		return refuse(end, file, errno);
	rc = db_backup(db, beside);
	if (rc != RC_OK)
		(void)outcome_fail(end, CODE_IO, "%s: %s", file, db_why(db));
	else
		rc = publish(fd, beside, file, end);
	if (rc != RC_OK)
		(void)unlink(beside);
	(void)close(fd);
	return rc;
}
