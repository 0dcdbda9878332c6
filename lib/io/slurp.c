/* SPDX-License-Identifier: ISC */
#include "io/slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_READ = 64 * 1024 };

/*
 * Get the pages at once, and large ones where there are: read(2) would fault on each of
 * them, which costs more than the reading. A kernel that cannot do it loses nothing.
 */
static void
fault_in(uint8_t *p, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = (page - (uintptr_t)p % page) % page;
	size_t whole = (n - before) / page * page;

	(void)madvise(p + before, whole, MADV_HUGEPAGE);
	(void)madvise(p + before, whole, MADV_POPULATE_WRITE);
}

/* Room for a first read: of a regular file all of it, and one byte that shows its end. */
static enum rc
first_room(int fd, struct buf *b)
{
	size_t room = b->max - b->n, size = FIRST_READ;
	struct stat st;
	enum rc rc;

	if (fstat(fd, &st) != 0)
		return RC_SYS;
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		size = (uintmax_t)st.st_size < room ? (size_t)st.st_size + 1 : room;
	size = size < room ? size : room;
	rc = buf_room(b, size);
	if (rc == RC_OK && size > FIRST_READ)
		fault_in(b->p + b->n, size);
	return rc;
}

/* Wait for bytes. RC_END: nobody wants them any more; without this we would wait on. */
static enum rc
await(int fd, int out)
{
	struct pollfd wait[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = out },
	};

	if (out != -1 && poll(wait, 2, -1) > 0 && (wait[1].revents & POLLERR) != 0)
		return RC_END;
	return RC_OK;
}

static enum rc
read_all(int fd, int out, struct buf *b)
{
	enum rc rc = first_room(fd, b);

	while (rc == RC_OK && b->n < b->max) {
		ssize_t n;

		if ((b->n == b->cap && (rc = buf_room(b, 1)) != RC_OK) ||
		    (rc = await(fd, out)) != RC_OK)
			break;
		n = read(fd, b->p + b->n, (b->cap < b->max ? b->cap : b->max) - b->n);
		if (n == 0)
			break;
		if (n > 0)
			b->n += (size_t)n;
		else if (errno != EINTR)
			rc = RC_SYS;
	}
	return rc;
}

enum rc
slurp(const char *path, int out, struct buf *b)
{
	int fd = STDIN_FILENO, saved;
	enum rc rc;

	if (path != NULL)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return RC_SYS;
	rc = read_all(fd, out, b);
	saved = errno;
	if (path != NULL)
		(void)close(fd);
	errno = saved;
	return rc;
}

enum rc
spill(int fd, struct bytes b)
{
	while (b.n > 0) {
		ssize_t n = write(fd, b.p, b.n);

		if (n >= 0)
			b = bytes_from(b, (size_t)n);
		else if (errno != EINTR)
			return RC_SYS;
	}
	return RC_OK;
}
