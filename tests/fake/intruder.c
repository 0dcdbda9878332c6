/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a command it is the stranger's code that the cage is there for: at a
 * call of write(2) to descriptor $INTRUDER_FD (1) whose bytes begin with $INTRUDER_AT it
 * does, once, what $INTRUDER says, and tells on standard error how that went.
 */
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

ssize_t
write(int fd, const void *bytes, size_t n)
{
	static int done;
	static ssize_t (*real)(int, const void *, size_t);
	const char *at = value("INTRUDER_AT", ""), *what = value("INTRUDER", "");
	size_t length = strlen(at);
	int r;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "write");
	if (done || fd != atoi(value("INTRUDER_FD", "1")) || n < length ||
	    memcmp(bytes, at, length) != 0)
		return real(fd, bytes, n);
	done = 1;
	errno = 0;
	r = intrude(what, value("INTRUDER_PATH", "/etc/passwd"));
	dprintf(STDERR_FILENO, "intruder: %s: %s\n", what,
	    r == -1 ? strerror(errno) : "done");
	return real(fd, bytes, n);
}
