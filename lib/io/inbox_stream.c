/* SPDX-License-Identifier: ISC */
/*
 * Content that goes to a descriptor in order. A reader that takes nothing must not hold
 * the worker for ever.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "io/inbox_parts.h"

enum { WAIT_MS = 100, NS_PER_MS = 1000000, PIPE_BYTES = 1024 * 1024 };

bool
inbox_is_device(const struct inbox *in)
{
	struct stat st;

	return in->is_stream && fstat(in->out.fd, &st) == 0 &&
	    (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

static bool
is_stopped(const struct inbox *in)
{
	return in->stop != NULL && atomic_load_explicit(in->stop, memory_order_relaxed);
}

/* A FIFO has no reader yet, perhaps. */
static enum rc
open_file(struct inbox *in)
{
	const struct timespec pause = { .tv_nsec = WAIT_MS * NS_PER_MS };

	for (;;) {
		in->out.fd = open(in->file, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (in->out.fd >= 0)
			break;
		if (errno != ENXIO)
			return RC_SYS;
		if (is_stopped(in))
			return RC_END;
		(void)nanosleep(&pause, NULL);
	}
	in->out.ours = true;
	return RC_OK;
}

enum rc
inbox_stream_begin(struct inbox *in)
{
	if (in->out.fd < 0) {
		enum rc rc = open_file(in);

		if (rc != RC_OK)
			return rc;
	}
	outlet_look(&in->out);
	/* Fewer turns between the two sides; who may not have it does without. */
	if (in->out.kind == OUTLET_PIPE)
		(void)fcntl(in->out.fd, F_SETPIPE_SZ, PIPE_BYTES);
	return RC_OK;
}

/* RC_OK: it may take something, or has an error to tell. */
static enum rc
wait_for_room(const struct inbox *in)
{
	struct pollfd fd = { .fd = in->out.fd, .events = POLLOUT };
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
		enum rc rc = in->out.kind == OUTLET_SHARED ? wait_for_room(in) : RC_OK;
		ssize_t n;

		if (rc != RC_OK)
			return rc;
		n = outlet_write(&in->out, b);
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
