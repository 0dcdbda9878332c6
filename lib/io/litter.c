/* SPDX-License-Identifier: ISC */
#include "io/litter.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "io/slurp.h"

static const char suffix[] = ".new";

static void
put_zeros(int fd, off_t left)
{
	static const uint8_t zeros[4096];

	while (left > 0) {
		size_t n = left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);

		if (spill(fd, bytes_of(zeros, n)) != RC_OK)
			break;
		left -= (off_t)n;
	}
	(void)fsync(fd);
}

/* Open to be written; *st is what was opened, not what bears the name later. */
static int
open_own(int dir, const char *name, struct stat *st)
{
	int fd =
	    openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd != -1 &&
	    (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || st->st_uid != geteuid())) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

void
litter_wipe(int dir, const char *name)
{
	struct stat st;
	int fd = open_own(dir, name, &st);

	if (fd == -1)
		return;
	put_zeros(fd, st.st_size);
	(void)close(fd);
}

/* Whether it is NAME.PID.new, and PID nobody any more. */
static bool
is_left_behind(const char *file, const char *name)
{
	size_t n = strlen(name), all = strlen(file), end = sizeof(suffix) - 1;
	uint64_t pid;

	if (all <= n + 1 + end || strncmp(file, name, n) != 0 || file[n] != '.' ||
	    strcmp(file + all - end, suffix) != 0)
		return false;
	return text_u64(bytes_of((const uint8_t *)file + n + 1, all - n - 1 - end),
	           INT_MAX, &pid) == RC_OK &&
	    pid > 0 && kill((pid_t)pid, 0) == -1 && errno == ESRCH;
}

/* A second name may be that of a whole file, which its writer gave before it died. */
static void
remove_one(int dir, const char *file)
{
	struct stat st;
	int fd = open_own(dir, file, &st);

	if (fd == -1)
		return;
	if (st.st_nlink == 1)
		put_zeros(fd, st.st_size);
	(void)close(fd);
	(void)unlinkat(dir, file, 0);
}

void
litter_clear(int dir, const char *name)
{
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = own == -1 ? NULL : fdopendir(own);
	struct dirent *e;

	if (d == NULL) {
		if (own != -1)
			(void)close(own);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (is_left_behind(e->d_name, name))
			remove_one(dir, e->d_name);
	(void)closedir(d);
}
