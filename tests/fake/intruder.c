/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a command it is the stranger's code that the cage is there for: at its
 * first call of $INTRUDER_AT (write, to standard output; pread, of a large file; pwrite;
 * send) it does what $INTRUDER says, to $INTRUDER_PATH, and tells on standard error how
 * that went.
 */
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
value(const char *name, const char *otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : text;
}

static int
intrude(const char *what, const char *path)
{
	static char *const nothing[] = { NULL };

	if (strcmp(what, "read") == 0)
		return open(path, O_RDONLY);
	if (strcmp(what, "write") == 0)
		return open(path, O_WRONLY | O_CREAT, 0600);
	if (strcmp(what, "remove") == 0)
		return unlink(path);
	if (strcmp(what, "socket") == 0)
		return socket(AF_INET, SOCK_DGRAM, 0);
	if (strcmp(what, "exec") == 0)
		return execve(path, nothing, nothing);
	if (strcmp(what, "fork") == 0)
		return fork();
	if (strcmp(what, "kill") == 0)
		return kill(getppid(), 0);
	if (strcmp(what, "trace") == 0)
		return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
	return 0;
}

/* The real one. */
static void *
enter(const char *call, const char *symbol)
{
	static bool done;
	const char *what = value("INTRUDER", "");
	int r;

	if (!done && strcmp(value("INTRUDER_AT", "write"), call) == 0) {
		done = true;
		errno = 0;
		r = intrude(what, value("INTRUDER_PATH", ""));
		dprintf(STDERR_FILENO, "intruder: %s: %s\n", what,
		    r == -1 ? strerror(errno) : "done");
	}
	return dlsym(RTLD_NEXT, symbol);
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	ssize_t (*real)(int, const void *, size_t);

	*(void **)&real = enter(fd == STDOUT_FILENO ? "write" : "", "write");
	return real(fd, bytes, n);
}

/* What is sent, and no session. */
static bool
is_large(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size >= 100000;
}

ssize_t
pread64(int fd, void *bytes, size_t n, off64_t at)
{
	ssize_t (*real)(int, void *, size_t, off64_t);

	*(void **)&real = enter(is_large(fd) ? "pread" : "", "pread64");
	return real(fd, bytes, n, at);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	ssize_t (*real)(int, const void *, size_t, off64_t);

	*(void **)&real = enter("pwrite", "pwrite64");
	return real(fd, bytes, n, at);
}

ssize_t
send(int fd, const void *bytes, size_t n, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int);

	*(void **)&real = enter("send", "send");
	return real(fd, bytes, n, flags);
}
