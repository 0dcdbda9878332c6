/* SPDX-License-Identifier: ISC */
#include "io/recio.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "codec/line.h"

enum { READ_SIZE = 64 * 1024 };

void
recin_init(struct recin *r, int fd)
{
	*r = (struct recin){ .fd = fd };
	buf_init(&r->buf, LINE_MAX_SIZE + READ_SIZE);
}

void
recin_clear(struct recin *r)
{
	buf_clear(&r->buf);
}

enum rc
recin_fill(struct recin *r)
{
	enum rc rc = buf_room(&r->buf, READ_SIZE);
	ssize_t n;

	if (rc != RC_OK)
		return rc;
	n = read(r->fd, r->buf.p + r->buf.n, READ_SIZE);
	if (n == 0) {
		r->ended = true;
		return RC_END;
	}
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? RC_MORE : RC_SYS;
	r->buf.n += (size_t)n;
	return RC_OK;
}

/* The line is dropped at the next call, so that its view stays good until then. */
enum rc
recin_line(struct recin *r, struct bytes *line)
{
	const uint8_t *lf;

	if (r->buf.n > r->searched) {
		lf = memchr(r->buf.p + r->searched, '\n', r->buf.n - r->searched);
		if (lf != NULL) {
			*line = bytes_of(r->buf.p, (size_t)(lf - r->buf.p));
			buf_drop(&r->buf, line->n + 1);
			r->searched = 0;
			return line->n < LINE_MAX_SIZE ? RC_OK : RC_BIG;
		}
		r->searched = r->buf.n;
	}
	if (r->buf.n >= LINE_MAX_SIZE)
		return RC_BIG;
	if (!r->ended)
		return RC_MORE;
	if (r->buf.n == 0)
		return RC_END;
	*line = buf_bytes(&r->buf);
	r->searched = 0;
	buf_drop(&r->buf, r->buf.n);
	return RC_OK;
}

void
recout_init(struct recout *o, int fd)
{
	*o = (struct recout){ .fd = fd };
	buf_init(&o->buf, RECOUT_MAX);
}

void
recout_clear(struct recout *o)
{
	buf_clear(&o->buf);
}

enum rc
recout_add(struct recout *o, struct bytes lines)
{
	return buf_add(&o->buf, lines.p, lines.n);
}

enum rc
recout_line(struct recout *o, struct bytes line)
{
	enum rc rc = buf_room(&o->buf, line.n + 1);

	if (rc != RC_OK)
		return rc;
	rc = buf_add(&o->buf, line.p, line.n);
	return rc == RC_OK ? buf_add(&o->buf, "\n", 1) : rc;
}

/*
 * How much of the queue one write takes: whole lines up to max, or max bytes of a line
 * that is longer.
 */
static size_t
stretch(const struct recout *o, size_t max)
{
	const uint8_t *lf;

	if (o->buf.n <= max)
		return o->buf.n;
	lf = memrchr(o->buf.p, '\n', max);
	return lf == NULL ? max : (size_t)(lf - o->buf.p) + 1;
}

enum rc
recout_some(struct recout *o)
{
	ssize_t n;

	if (o->buf.n == 0)
		return RC_OK;
	n = write(o->fd, o->buf.p, stretch(o, PIPE_BUF));
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? RC_MORE : RC_SYS;
	buf_drop(&o->buf, (size_t)n);
	return o->buf.n == 0 ? RC_OK : RC_MORE;
}

enum rc
recout_flush(struct recout *o)
{
	while (o->buf.n > 0) {
		ssize_t n = write(o->fd, o->buf.p, stretch(o, READ_SIZE));

		if (n >= 0) {
			buf_drop(&o->buf, (size_t)n);
			continue;
		}
		if (errno ==
		    EAGAIN) { /* somebody else made the descriptor non-blocking */
			struct pollfd p = { .fd = o->fd, .events = POLLOUT };

			(void)poll(&p, 1, -1);
		} else if (errno != EINTR) {
			return RC_SYS;
		}
	}
	return RC_OK;
}
