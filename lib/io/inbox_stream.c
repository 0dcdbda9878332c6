/* SPDX-License-Identifier: ISC */
/*
 * Content that goes to a descriptor in order. A reader that takes nothing must not hold
 * the worker for ever, and the descriptor may be open elsewhere, where nobody expects it
 * to refuse: so it is not made non-blocking, but opened anew, or asked each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/inbox_parts.h"

enum { WAIT_MS = 100, NS_PER_MS = 1000000, PIPE_BYTES = 1024 * 1024 };

static bool
is_stopped(const struct inbox *in)
{
	return in->stop != NULL && atomic_load_explicit(in->stop, memory_order_relaxed);
}

static void
look_at(struct inbox *in)
{
	char path[64];
	struct stat st;
	int fd;

	in->pace = INBOX_SHARED;
	if (fstat(in->out, &st) != 0)
		return;
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && !isatty(in->out))) {
		in->pace = INBOX_PLAIN;
	} else if (S_ISSOCK(st.st_mode)) {
		in->pace = INBOX_SOCKET;
	} else if (S_ISFIFO(st.st_mode)) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", in->out);
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return;
		if (in->ours)
			(void)close(in->out);
		in->out = fd;
		in->ours = true;
		in->pace = INBOX_PIPE;
		/* Fewer turns between the two sides; who may not have it does without. */
		(void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
	}
}

/* A FIFO has no reader yet, perhaps. */
static enum rc
open_file(struct inbox *in)
{
	const struct timespec pause = { .tv_nsec = WAIT_MS * NS_PER_MS };

	for (;;) {
		in->out = open(in->file, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (in->out >= 0)
			break;
		if (errno != ENXIO)
			return RC_SYS;
		if (is_stopped(in))
			return RC_END;
		(void)nanosleep(&pause, NULL);
	}
	in->ours = true;
	return RC_OK;
}

enum rc
inbox_stream_begin(struct inbox *in)
{
	if (in->out < 0) {
		enum rc rc = open_file(in);

		if (rc != RC_OK)
			return rc;
	}
	look_at(in);
	return RC_OK;
}

static ssize_t
write_some(const struct inbox *in, struct bytes b)
{
	switch (in->pace) {
	case INBOX_SOCKET: return send(in->out, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case INBOX_SHARED: return write(in->out, b.p, b.n < PIPE_BUF ? b.n : PIPE_BUF);
	default: return write(in->out, b.p, b.n);
	}
}

/* RC_OK: it may take something, or has an error to tell. */
static enum rc
wait_for_room(const struct inbox *in)
{
	struct pollfd fd = { .fd = in->out, .events = POLLOUT };
	int n = 0;

	while (n == 0) {
		if (is_stopped(in))
			return RC_END;
		n = poll(&fd, 1, WAIT_MS);
		if (n < 0 && errno == EINTR)
			n = 0;
	}
	return n > 0 ? RC_OK : RC_SYS;
}

enum rc
inbox_stream_write(struct inbox *in, struct bytes b)
{
	while (b.n > 0) {
		enum rc rc = in->pace == INBOX_SHARED ? wait_for_room(in) : RC_OK;
		ssize_t n;

		if (rc != RC_OK)
			return rc;
		n = write_some(in, b);
		if (n > 0) {
			b = bytes_from(b, (size_t)n);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return RC_SYS;
		rc = wait_for_room(in);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}
