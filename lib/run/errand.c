/* SPDX-License-Identifier: ISC */
/*
 * Signals that are meant for the run, such as a terminal's, are blocked in the process;
 * the end of the socket is what ends it.
 */
#include "run/errand.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/loop.h"

enum {
	ERRAND_MS = 120 * 1000,
	GOODBYE_MS = 1000, /* from TERM to KILL */
	LEAVE_MS = 2000,
	OURS = STDERR_FILENO + 1, /* the socket, in the process */
};

struct errand {
	int fd;
	pid_t pid;
	pid_t owner; /* a process that a run forks has no say in the end of it */
};

/* In the process: ugat-login. */

/* Beside our own program, else wherever $PATH has it. */
static bool
find_login(char out[static PATH_MAX])
{
	static const char name[] = "ugat-login";
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	out[n > 0 ? n : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL || (size_t)(slash + 1 - out) + sizeof(name) > PATH_MAX)
		return false;
	memcpy(slash + 1, name, sizeof(name));
	return access(out, X_OK) == 0;
}

/* What the run ignores is not ignored there, but what its parent did. */
static bool
set_signals(posix_spawnattr_t *attr)
{
	sigset_t usual, none;

	(void)sigemptyset(&none);
	(void)sigemptyset(&usual);
	(void)sigaddset(&usual, SIGPIPE);
	(void)sigaddset(&usual, SIGXFSZ);
	(void)sigaddset(&usual, SIGCHLD);
	return posix_spawnattr_setsigdefault(attr, &usual) == 0 &&
	    posix_spawnattr_setsigmask(attr, &none) == 0 &&
	    posix_spawnattr_setflags(
	        attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) == 0;
}

/* 0: it could not be started. */
static pid_t
start_login(enum errand_kind kind)
{
	char path[PATH_MAX], name[] = "ugat-login", renew[] = "-rq", list[] = "-sfq";
	char *argv[] = { name, kind == ERRAND_RENEW ? renew : list, NULL };
	posix_spawnattr_t attr;
	pid_t pid = 0;

	if (posix_spawnattr_init(&attr) != 0)
		return 0;
	if (!set_signals(&attr) ||
	    (find_login(path)
	            ? posix_spawn(&pid, path, NULL, &attr, argv, environ)
	            : posix_spawnp(&pid, name, NULL, &attr, argv, environ)) != 0)
		pid = 0;
	(void)posix_spawnattr_destroy(&attr);
	return pid;
}

/* Nothing of the run's is open but the socket and, perhaps, standard error. */
static bool
set_files(int fd, bool verbose)
{
	int nowhere = open("/dev/null", O_RDWR);

	if (nowhere == -1 || dup2(nowhere, STDIN_FILENO) == -1 ||
	    dup2(nowhere, STDOUT_FILENO) == -1 ||
	    (!verbose && dup2(nowhere, STDERR_FILENO) == -1) ||
	    (fd != OURS && dup2(fd, OURS) == -1))
		return false;
	closefrom(OURS + 1);
	return fcntl(OURS, F_SETFD, FD_CLOEXEC) == 0;
}

static _Noreturn void
leave(pid_t child)
{
	const struct timespec step = { .tv_nsec = 5 * 1000000L };
	int64_t end_ms = loop_now() + GOODBYE_MS;

	if (child != 0)
		(void)kill(child, SIGTERM);
	while (child != 0 && waitpid(child, NULL, WNOHANG) == 0) {
		if (loop_now() >= end_ms)
			(void)kill(child, SIGKILL);
		(void)nanosleep(&step, NULL);
	}
	_exit(0);
}

static pid_t
take_order(void)
{
	uint8_t kind;

	if (read(OURS, &kind, 1) != 1)
		return -1;
	return kind < ERRANDS ? start_login((enum errand_kind)kind) : 0;
}

static void
answer(void)
{
	if (send(OURS, "", 1, MSG_NOSIGNAL) != 1)
		leave(0);
}

/* Whether the child has ended. */
static bool
reap(int deaths, pid_t child)
{
	struct signalfd_siginfo info;

	(void)!read(deaths, &info, sizeof(info));
	return waitpid(child, NULL, WNOHANG) != 0;
}

static _Noreturn void
serve(int deaths)
{
	struct pollfd wait[2] = { { .fd = OURS, .events = POLLIN },
		{ .fd = deaths, .events = POLLIN } };
	int64_t end_ms = 0;
	pid_t child = 0;

	for (;;) {
		int64_t left = end_ms - loop_now();

		wait[0].revents = 0;
		(void)poll(wait, 2, child == 0 ? -1 : left > 0 ? (int)left : 0);
		if (child != 0 && reap(deaths, child)) {
			child = 0;
			answer();
		}
		if (child != 0 && loop_now() >= end_ms)
			(void)kill(child, SIGKILL);
		if ((wait[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0)
			continue;
		/* There is no second order before the answer: that is the end, too. */
		if (child != 0 || (child = take_order()) == -1)
			leave(child > 0 ? child : 0);
		if (child == 0)
			answer(); /* it could not be started */
		end_ms = loop_now() + ERRAND_MS;
	}
}

static _Noreturn void
be_the_process(int fd, bool verbose)
{
	sigset_t chld;
	int deaths;

	(void)signal(SIGCHLD, SIG_DFL);
	(void)prctl(PR_SET_NAME, "ugat-errand", 0, 0, 0);
	if (!set_files(fd, verbose))
		_exit(1);
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	deaths = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (deaths == -1)
		_exit(1);
	serve(deaths);
}

/* In the run. */

struct errand *
errand_new(bool verbose)
{
	struct errand *e = calloc(1, sizeof(*e));
	int pair[2] = { -1, -1 };
	sigset_t all, before;
	pid_t pid = -1;

	if (e == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		free(e);
		return NULL;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		be_the_process(pair[1], verbose);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)close(pair[1]);
	*e = (struct errand){ .fd = pair[0], .pid = pid, .owner = getpid() };
	if (pid == -1) {
		errand_free(e);
		return NULL;
	}
	return e;
}

int
errand_fd(const struct errand *e)
{
	return e->fd;
}

enum rc
errand_send(struct errand *e, enum errand_kind kind)
{
	uint8_t order = (uint8_t)kind;

	return send(e->fd, &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? RC_OK : RC_SYS;
}

enum rc
errand_over(struct errand *e)
{
	uint8_t word;
	ssize_t n = recv(e->fd, &word, 1, MSG_DONTWAIT);

	if (n == 1)
		return RC_OK;
	return n == -1 && (errno == EAGAIN || errno == EINTR) ? RC_MORE : RC_END;
}

/* Whether it is gone, or almost: the end of the socket is its last deed but one. */
static bool
waits_for_end(struct errand *e)
{
	int64_t end_ms = loop_now() + LEAVE_MS;

	while (errand_over(e) != RC_END) {
		struct pollfd wait = { .fd = e->fd, .events = POLLIN };
		int64_t left = end_ms - loop_now();

		if (left <= 0)
			return false;
		(void)poll(&wait, 1, (int)left);
	}
	return true;
}

void
errand_free(struct errand *e)
{
	if (e == NULL)
		return;
	if (e->owner == getpid() && e->pid != -1) {
		(void)shutdown(e->fd, SHUT_WR);
		if (waits_for_end(e))
			while (waitpid(e->pid, NULL, 0) == -1 && errno == EINTR)
				;
	}
	(void)close(e->fd);
	free(e);
}
