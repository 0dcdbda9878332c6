/* SPDX-License-Identifier: ISC */
/* The calls that read, write and wait. */
#include "plan.h"

#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The next library's function of that name. ISO C has no cast from void * to a function.
 */
#define REAL(name)                                                          \
	__extension__({                                                     \
		static __typeof__(&name) real_;                             \
		if (real_ == NULL)                                          \
			*(void **)(void *)&real_ = dlsym(RTLD_NEXT, #name); \
		real_;                                                      \
	})

enum kind { KIND_OTHER, KIND_FILE, KIND_STREAM };

/* What fd is. Events, timers and datagrams are moved whole or not at all: other. */
static enum kind
kind_of(int fd)
{
	int saved = errno, type = 0;
	socklen_t n = sizeof(type);
	enum kind kind = KIND_OTHER;
	struct stat st;

	if (fstat(fd, &st) != 0)
		kind = KIND_OTHER;
	else if (S_ISREG(st.st_mode))
		kind = KIND_FILE;
	else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		kind = KIND_STREAM;
	else if (S_ISSOCK(st.st_mode) &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM)
		kind = KIND_STREAM;
	errno = saved;
	return kind;
}

/*
 * One call in n, drawn: who waits, reads, and waits again after EINTR would never get a
 * read through if it were every second one, which no real signal does to anybody.
 */
static bool
drawn(const struct plan_when *w)
{
	static _Thread_local uint64_t state = 1;

	if (!plan.armed || w->n == 0)
		return false;
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (state >> 33) % w->n == 0;
}

static bool
interrupted(void)
{
	if (!drawn(&plan.intr))
		return false;
	plan_done();
	errno = EINTR;
	return true;
}

static bool
not_yet(int fd, enum kind kind)
{
	int saved = errno;

	if (plan.again.n == 0 || kind != KIND_STREAM ||
	    (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 || !drawn(&plan.again)) {
		errno = saved;
		return false;
	}
	plan_done();
	errno = EAGAIN;
	return true;
}

/* Whether a call on fd fails at once; else *n is how much of it may be moved. */
static bool
hindered(int fd, size_t *n, enum plan_call call)
{
	enum kind kind;

	if (!plan.armed)
		return false;
	kind = kind_of(fd);
	if (kind == KIND_FILE && plan_fails(call))
		return true;
	/*
	 * libevent's signal handler sends one byte, once: that is how TERM is heard of.
	 */
	if ((call == PLAN_READ || *n != 1) && (interrupted() || not_yet(fd, kind)))
		return true;
	if (plan.chop && kind != KIND_OTHER && *n > 1) {
		static _Thread_local uint64_t cuts;
		size_t most = 1 + ++cuts % 7;

		if (*n > most) {
			*n = most;
			plan_done();
		}
	}
	return false;
}

ssize_t
read(int fd, void *to, size_t n)
{
	return hindered(fd, &n, PLAN_READ) ? -1 : REAL(read)(fd, to, n);
}

ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t
__read_chk(int fd, void *to, size_t n, size_t room)
{
	if (n > room)
		abort();
	return read(fd, to, n);
}

ssize_t
write(int fd, const void *from, size_t n)
{
	return hindered(fd, &n, PLAN_WRITE) ? -1 : REAL(write)(fd, from, n);
}

ssize_t
pread64(int fd, void *to, size_t n, off64_t at)
{
	return hindered(fd, &n, PLAN_READ) ? -1 : REAL(pread64)(fd, to, n, at);
}

ssize_t __pread64_chk(int fd, void *to, size_t n, off64_t at, size_t room);
ssize_t
__pread64_chk(int fd, void *to, size_t n, off64_t at, size_t room)
{
	if (n > room)
		abort();
	return pread64(fd, to, n, at);
}

ssize_t
pwrite64(int fd, const void *from, size_t n, off64_t at)
{
	return hindered(fd, &n, PLAN_WRITE) ? -1 : REAL(pwrite64)(fd, from, n, at);
}

static size_t
total(const struct iovec *v, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i].iov_len;
	return sum;
}

/* Where v is cut behind most bytes: its first part that holds anything, alone. */
static struct iovec
head(const struct iovec *v, size_t n, size_t most)
{
	struct iovec one = { 0 };

	for (size_t i = 0; i < n && one.iov_len == 0; i++)
		one = v[i];
	if (one.iov_len > most)
		one.iov_len = most;
	return one;
}

ssize_t
readv(int fd, const struct iovec *v, int n)
{
	size_t all = total(v, (size_t)n), may = all;
	struct iovec one;

	if (hindered(fd, &may, PLAN_READ))
		return -1;
	if (may == all)
		return REAL(readv)(fd, v, n);
	one = head(v, (size_t)n, may);
	return REAL(readv)(fd, &one, 1);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	size_t all = total(v, (size_t)n), may = all;
	struct iovec one;

	if (hindered(fd, &may, PLAN_WRITE))
		return -1;
	if (may == all)
		return REAL(writev)(fd, v, n);
	one = head(v, (size_t)n, may);
	return REAL(writev)(fd, &one, 1);
}

ssize_t
recv(int fd, void *to, size_t n, int flags)
{
	return hindered(fd, &n, PLAN_READ) ? -1 : REAL(recv)(fd, to, n, flags);
}

ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
ssize_t
__recv_chk(int fd, void *to, size_t n, size_t room, int flags)
{
	if (n > room)
		abort();
	return recv(fd, to, n, flags);
}

ssize_t
send(int fd, const void *from, size_t n, int flags)
{
	return hindered(fd, &n, PLAN_WRITE) ? -1 : REAL(send)(fd, from, n, flags);
}

/*
 * Some of a message with descriptors or addresses in it is no message: those are whole.
 */
static bool
plain(const struct msghdr *m)
{
	return m->msg_controllen == 0 && m->msg_namelen == 0;
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	size_t all = total(m->msg_iov, m->msg_iovlen), may = all;
	struct msghdr some = *m;
	struct iovec one;

	if (hindered(fd, &may, PLAN_READ))
		return -1;
	if (may == all || !plain(m))
		return REAL(recvmsg)(fd, m, flags);
	one = head(m->msg_iov, m->msg_iovlen, may);
	some.msg_iov = &one;
	some.msg_iovlen = 1;
	return REAL(recvmsg)(fd, &some, flags);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	size_t all = total(m->msg_iov, m->msg_iovlen), may = all;
	struct msghdr some = *m;
	struct iovec one;

	if (hindered(fd, &may, PLAN_WRITE))
		return -1;
	if (may == all || !plain(m))
		return REAL(sendmsg)(fd, m, flags);
	one = head(m->msg_iov, m->msg_iovlen, may);
	some.msg_iov = &one;
	some.msg_iovlen = 1;
	return REAL(sendmsg)(fd, &some, flags);
}

ssize_t
sendfile64(int to, int from, off64_t *at, size_t n)
{
	return hindered(to, &n, PLAN_WRITE) ? -1 : REAL(sendfile64)(to, from, at, n);
}

int
fsync(int fd)
{
	return plan_fails(PLAN_SYNC) ? -1 : REAL(fsync)(fd);
}

int
fdatasync(int fd)
{
	return plan_fails(PLAN_SYNC) ? -1 : REAL(fdatasync)(fd);
}

int
syncfs(int fd)
{
	return plan_fails(PLAN_SYNC) ? -1 : REAL(syncfs)(fd);
}

int
fallocate64(int fd, int mode, off64_t at, off64_t n)
{
	return interrupted() ? -1 : REAL(fallocate64)(fd, mode, at, n);
}

int
ftruncate64(int fd, off64_t n)
{
	return interrupted() ? -1 : REAL(ftruncate64)(fd, n);
}

int
poll(struct pollfd *fds, nfds_t n, int ms)
{
	return interrupted() ? -1 : REAL(poll)(fds, n, ms);
}

int
epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
	return interrupted() ? -1 : REAL(epoll_wait)(fd, events, n, ms);
}

int
accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
	return interrupted() ? -1 : REAL(accept4)(fd, from, n, flags);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return plan_fails(PLAN_RENAME) ? -1 : REAL(renameat)(from_dir, from, to_dir, to);
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	return plan_fails(PLAN_RENAME)
	    ? -1
	    : REAL(renameat2)(from_dir, from, to_dir, to, flags);
}

int
rename(const char *from, const char *to)
{
	return plan_fails(PLAN_RENAME) ? -1 : REAL(rename)(from, to);
}

static const char *
place(const char *path)
{
	return plan.armed && plan.boot != NULL &&
	        strcmp(path, "/proc/sys/kernel/random/boot_id") == 0
	    ? plan.boot
	    : path;
}

static mode_t
mode_of(int flags, va_list rest)
{
	return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list rest;

	va_start(rest, flags);
	mode = mode_of(flags, rest);
	va_end(rest);
	return plan_fails(PLAN_OPEN) ? -1 : REAL(open64)(place(path), flags, mode);
}

int __open64_2(const char *path, int flags);
int
__open64_2(const char *path, int flags)
{
	return plan_fails(PLAN_OPEN) ? -1 : REAL(open64)(place(path), flags);
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;
	va_list rest;

	va_start(rest, flags);
	mode = mode_of(flags, rest);
	va_end(rest);
	return plan_fails(PLAN_OPEN) ? -1 : REAL(openat64)(dir, path, flags, mode);
}
