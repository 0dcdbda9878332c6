/* SPDX-License-Identifier: ISC */
#include "run/audience_note.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <poll.h>

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	(void)poll(&p, 1, -1);
}

enum rc
note_send(int fd, const struct note *note, struct bytes text, bool wait)
{
	struct note copy = *note;
	const uint8_t none = 0;
	struct iovec parts[2] = { { .iov_base = &copy, .iov_len = sizeof(copy) } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };

	/* sendmsg(2) does not write to it, but its argument does not say so. */
	memcpy(&parts[1].iov_base, &(const void *){ text.n > 0 ? text.p : &none },
	    sizeof(parts[1].iov_base));
	parts[1].iov_len = text.n < NOTE_TEXT ? text.n : NOTE_TEXT;
	for (;;) {
		if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return RC_OK;
		if (errno == EAGAIN && !wait)
			return RC_MORE;
		if (errno == EAGAIN)
			wait_for(fd, POLLOUT);
		else if (errno != EINTR)
			return RC_SYS;
	}
}

enum rc
note_receive(int fd, struct note_room *out, bool wait)
{
	struct iovec parts[2] = {
		{ .iov_base = &out->note, .iov_len = sizeof(out->note) },
		{ .iov_base = out->text, .iov_len = NOTE_TEXT },
	};
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n;

	while ((n = recvmsg(fd, &m, MSG_DONTWAIT)) < 0) {
		if (errno == EAGAIN && !wait)
			return RC_MORE;
		if (errno == EAGAIN)
			wait_for(fd, POLLIN);
		else if (errno != EINTR)
			return errno == ECONNRESET ? RC_END : RC_SYS;
	}
	if (n == 0)
		return RC_END;
	if ((size_t)n < sizeof(out->note) || (m.msg_flags & MSG_TRUNC) != 0)
		return RC_BAD;
	out->n = (size_t)n - sizeof(out->note);
	out->text[out->n] = '\0';
	out->note.from[sizeof(out->note.from) - 1] = '\0';
	out->note.authority[sizeof(out->note.authority) - 1] = '\0';
	return (unsigned)out->note.kind > NOTE_MUTE || out->note.state >= AUDIENCE_STATES
	    ? RC_BAD
	    : RC_OK;
}
