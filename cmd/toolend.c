/* SPDX-License-Identifier: ISC */
/* The beginning and the end of a command; its options are in tool.c. */
#include "cmd/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "codec/record.h"
#include "io/tty.h"

enum { STACK_LEAST = 256 * 1024 }; /* a few of the longest lines and paths */

static void
check_stack(const struct tool *t)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= STACK_LEAST)
		return;
	limit.rlim_cur = STACK_LEAST;
	if (limit.rlim_max >= STACK_LEAST && setrlimit(RLIMIT_STACK, &limit) == 0)
		return;
	fprintf(stderr,
	    "%s: the stack is too small: allow 256 KiB at least (ulimit -s)\n", t->name);
	exit(CODE_BUG);
}

void
tool_start(const struct tool *t)
{
	check_stack(t);
	/*
	 * A descriptor 0, 1 or 2 that is closed would be given to the next file opened,
	 * and our words would land in it. Standard output is opened for reading and input
	 * for writing, so that what is done with them is still seen to fail.
	 */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY) != fd) {
			fprintf(stderr, "%s: /dev/null: %s\n", t->name, strerror(errno));
			exit(CODE_BUG);
		}
}

static _Noreturn void
flush_and_exit(const struct tool *t, int code)
{
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		errno = errno == 0 ? EIO : errno;
		fprintf(stderr, "%s: standard output: %s\n", t->name, strerror(errno));
		code = code == CODE_OK ? CODE_IO : code;
	}
	exit(code);
}

static _Noreturn void
die_by(int signo)
{
	sigset_t set;

	(void)signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(signo);
	_exit(128 + signo);
}

/* Words that are too long for a line behind `end` are cut. */
void
tool_put_fail(const struct tool *t, const struct outcome *o)
{
	struct rec_fail fail = { .code = (uint64_t)o->code,
		.command = bytes_str(t->name),
		.words = bytes_str(o->words) };
	uint8_t text[REC_LATE_MAX];
	struct bytes line;
	struct linew w;

	if (isatty(STDOUT_FILENO))
		return;
	for (;;) {
		rec_put_fail(&w, text, sizeof(text), &fail);
		if (linew_end(&w, &line) == RC_OK)
			break;
		if (fail.words.n == 0)
			return;
		do
			fail.words.n--;
		while (fail.words.n > 0 && (fail.words.p[fail.words.n] & 0xc0) == 0x80);
	}
	/*
	 * Whoever should have read it may be gone; the words and the code are already
	 * ours to give.
	 */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)fwrite(line.p, 1, line.n, stdout);
	(void)fflush(stdout);
}

void
tool_end(const struct tool *t, const struct outcome *o, bool records)
{
	if (o->signal != 0) {
		(void)fflush(stdout);
		die_by(o->signal);
	}
	if (o->code != CODE_OK && !o->passed) {
		if (o->words[0] != '\0')
			tty_say(STDERR_FILENO, t->name, o->words);
		if (records && !isatty(STDOUT_FILENO)) {
			tool_put_fail(t, o);
			exit(o->code);
		}
	}
	flush_and_exit(t, o->code);
}
