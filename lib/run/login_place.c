/* SPDX-License-Identifier: ISC */
#include "run/login_place.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/litter.h"
#include "io/slurp.h"

enum { ACCOUNT_ROOM = 4096, TEMP_ROOM = NAME_MAX + 32 };

enum rc
login_data_path(char out[static PATH_MAX])
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char room[ACCOUNT_ROOM];
	struct passwd entry, *found = NULL;
	int n;

	if (data != NULL && data[0] == '/') {
		n = snprintf(out, PATH_MAX, "%s/ugat", data);
		return n > 0 && n < PATH_MAX ? RC_OK : RC_NONE;
	}
	if (home == NULL || home[0] == '\0') {
		if (getpwuid_r(geteuid(), &entry, room, sizeof(room), &found) != 0 ||
		    found == NULL || found->pw_dir == NULL || found->pw_dir[0] != '/')
			return RC_NONE;
		home = found->pw_dir;
	}
	n = snprintf(out, PATH_MAX, "%s/.local/share/ugat", home);
	return n > 0 && n < PATH_MAX ? RC_OK : RC_NONE;
}

void
login_own_name(char out[static USER_TEXT])
{
	char room[ACCOUNT_ROOM];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(geteuid(), &entry, room, sizeof(room), &found) == 0 &&
	    found != NULL)
		user_from(bytes_str(found->pw_name), out);
	else
		user_from(bytes_str(""), out);
}

int
login_open_dir(const char *path, bool parents)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(part)) {
		errno = n == 0 ? ENOENT : ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, n + 1);
	for (char *at = part + 1; parents && (at = strchr(at, '/')) != NULL;) {
		*at = '\0';
		(void)mkdir(part, 0700);
		*at++ = '/';
	}
	if (mkdir(part, 0700) != 0 && errno != EEXIST)
		return -1;
	return open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum rc
login_read_at(int dir, const char *name, mode_t refused, struct buf *b)
{
	int fd =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	enum rc rc = RC_BAD;

	if (fd == -1)
		return errno == ENOENT ? RC_NONE : errno == ELOOP ? RC_BAD : RC_SYS;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & refused) == 0 &&
	    (st.st_uid == geteuid() || st.st_uid == 0) && st.st_size >= 0 &&
	    (uintmax_t)st.st_size < b->max - b->n)
		rc = buf_room(b, (size_t)st.st_size + 1);
	while (rc == RC_OK) {
		ssize_t got = read(fd, b->p + b->n, b->cap - b->n);

		if (got == 0)
			break;
		if (got > 0)
			b->n += (size_t)got;
		else if (errno != EINTR)
			rc = RC_SYS;
		if (b->n == b->cap)
			rc = RC_BAD; /* it grows under our eyes */
	}
	(void)close(fd);
	return rc;
}

/* linkat(2) for what must not be replaced: it works on every file system with links. */
static enum rc
give_name(int dir, const char *temp, const char *name, bool replace)
{
	if (replace)
		return renameat(dir, temp, dir, name) == 0 ? RC_OK : RC_SYS;
	if (linkat(dir, temp, dir, name, 0) != 0)
		return errno == EEXIST ? RC_BUSY : RC_SYS;
	(void)unlinkat(dir, temp, 0);
	return RC_OK;
}

enum rc
login_write_at(int dir, const char *name, mode_t mode, struct bytes text, bool replace)
{
	char temp[TEMP_ROOM];
	enum rc rc = RC_SYS;
	int fd, saved;

	(void)snprintf(temp, sizeof(temp), ".%s", name);
	litter_clear(dir, temp);
	(void)snprintf(temp, sizeof(temp), ".%s.%ld.new", name, (long)getpid());
	(void)unlinkat(dir, temp, 0);
	fd =
	    openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return RC_SYS;
	if (fchmod(fd, mode) == 0)
		rc = spill(fd, text);
	if (rc == RC_OK && fsync(fd) != 0)
		rc = RC_SYS;
	if (rc == RC_OK)
		rc = give_name(dir, temp, name, replace);
	saved = errno;
	(void)close(fd);
	if (rc == RC_OK)
		(void)fsync(dir);
	else
		(void)unlinkat(dir, temp, 0);
	errno = saved;
	return rc;
}
