/* SPDX-License-Identifier: ISC */
#include "io/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME_SIZE = 256, RACE_TRIES = 8 };
enum { DIR_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static int
by_kernel(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		/*
		 * O_NOFOLLOW would turn ELOOP into ENOTDIR where a directory is wanted;
		 * RESOLVE_NO_SYMLINKS says it all.
		 */
		.flags = (uint64_t)(unsigned)(flags & ~O_NOFOLLOW),
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	/* EAGAIN: something was renamed on the way, and the kernel could not be sure. */
	for (int i = 0; i < RACE_TRIES; i++) {
		fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

void
beneath_init(struct beneath *b, int dir)
{
	int fd = by_kernel(dir, ".", DIR_FLAGS, 0);

	b->dir = dir;
	/* ENOSYS: an old kernel. EPERM: a sandbox that does not know the call. */
	b->walk = fd < 0 && (errno == ENOSYS || errno == EPERM);
	if (fd >= 0)
		(void)close(fd);
}

static void
close_step(const struct beneath *b, int fd)
{
	int err = errno;

	if (fd >= 0 && fd != b->dir)
		(void)close(fd);
	errno = err;
}

/*
 * openat says ENOTDIR of a link where a directory is asked for; openat2 says ELOOP, which
 * tells people more.
 */
static int
open_dir(int at, const char *name)
{
	int fd = openat(at, name, DIR_FLAGS);
	struct stat st;

	if (fd < 0 && errno == ENOTDIR) {
		if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(st.st_mode))
			errno = ELOOP;
		else
			errno = ENOTDIR;
	}
	return fd;
}

/* The component that begins path, as a string. RC_SYS: one that must not be. */
static enum rc
component(const char *path, size_t n, char name[static NAME_SIZE])
{
	if (n == 0 || n >= NAME_SIZE) {
		errno = n == 0 ? EINVAL : ENAMETOOLONG;
		return RC_SYS;
	}
	memcpy(name, path, n);
	name[n] = '\0';
	if (strcmp(name, "..") == 0) {
		errno = EXDEV;
		return RC_SYS;
	}
	return RC_OK;
}

/*
 * Open the directory of path's last component, which *last then points at. With make,
 * what is missing is made. Returns b->dir or a descriptor for close_step; -1: errno.
 */
static int
open_parent(const struct beneath *b, const char *path, bool make, const char **last)
{
	int at = b->dir;

	for (;;) {
		const char *slash = strchr(path, '/');
		char name[NAME_SIZE];
		int next = -1;

		if (slash == NULL)
			break;
		if (component(path, (size_t)(slash - path), name) == RC_OK &&
		    (!make || mkdirat(at, name, 0777) == 0 || errno != ENOENT))
			next = open_dir(at, name);
		close_step(b, at);
		if (next < 0)
			return -1;
		at = next;
		path = slash + 1;
	}
	*last = path;
	return at;
}

static int
by_walk(const struct beneath *b, const char *path, int flags, mode_t mode)
{
	char name[NAME_SIZE];
	const char *last;
	int at = open_parent(b, path, false, &last), fd = -1;

	if (at < 0)
		return -1;
	if (component(last, strlen(last), name) == RC_OK) {
		fd = (flags & O_DIRECTORY) != 0 && (flags & O_PATH) != 0
		    ? open_dir(at, name)
		    : openat(at, name, flags, mode);
	}
	close_step(b, at);
	return fd;
}

enum rc
beneath_open(const struct beneath *b, const char *path, int flags, mode_t mode, int *fd)
{
	flags |= O_CLOEXEC | O_NOFOLLOW;
	*fd = b->walk ? by_walk(b, path, flags, mode)
	              : by_kernel(b->dir, path, flags, mode);
	return *fd >= 0 ? RC_OK : RC_SYS;
}

enum rc
beneath_make_parents(const struct beneath *b, const char *path)
{
	const char *last;
	int at = open_parent(b, path, true, &last);

	if (at < 0)
		return RC_SYS;
	close_step(b, at);
	return RC_OK;
}

void
beneath_near_init(struct beneath_near *near)
{
	near->fd = -1;
	near->set = false;
}

void
beneath_near_clear(struct beneath_near *near)
{
	if (near->fd >= 0)
		(void)close(near->fd);
	beneath_near_init(near);
}

/* Come to the directory of the first n bytes of path. */
static void
come_near(const struct beneath *b, struct beneath_near *near, const char *path, size_t n)
{
	if (near->set && near->n == n && memcmp(near->path, path, n) == 0)
		return;
	beneath_near_clear(near);
	memcpy(near->path, path, n);
	near->path[n] = '\0';
	near->n = n;
	near->set = true;
	if (beneath_open(b, near->path, DIR_FLAGS, 0, &near->fd) != RC_OK)
		near->err = errno;
}

enum rc
beneath_stat(
    const struct beneath *b, struct beneath_near *near, const char *path, struct stat *st)
{
	const char *slash = strrchr(path, '/'), *last = slash == NULL ? path : slash + 1;
	int at = b->dir;

	if (slash != NULL && (size_t)(slash - path) >= sizeof(near->path)) {
		errno = ENAMETOOLONG;
		return RC_SYS;
	}
	if (strcmp(last, "..") == 0) {
		errno = EXDEV;
		return RC_SYS;
	}
	if (slash != NULL) {
		come_near(b, near, path, (size_t)(slash - path));
		at = near->fd;
	}
	if (at < 0) {
		errno = near->err;
		return RC_SYS;
	}
	return fstatat(at, last, st, AT_SYMLINK_NOFOLLOW) == 0 ? RC_OK : RC_SYS;
}

size_t
beneath_obstacle(const struct beneath *b, const char *path)
{
	struct beneath_near near;
	char part[BENEATH_PATH];
	size_t found = 0;
	struct stat st;

	beneath_near_init(&near);
	for (size_t n = 0; path[n] != '\0' && n < sizeof(part) && found == 0; n++) {
		part[n] = '\0';
		if (n > 0 && path[n] == '/') {
			if (beneath_stat(b, &near, part, &st) != RC_OK)
				break;
			found = S_ISDIR(st.st_mode) ? 0 : n;
		}
		part[n] = path[n];
	}
	beneath_near_clear(&near);
	return found;
}
