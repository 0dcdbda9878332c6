/* SPDX-License-Identifier: ISC */
#include "io/outlet.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void
outlet_look(struct outlet *o)
{
	char path[64];
	struct stat st;
	int fd;

	o->kind = OUTLET_SHARED;
	if (fstat(o->fd, &st) != 0)
		return;
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && !isatty(o->fd))) {
		o->kind = OUTLET_PLAIN;
	} else if (S_ISSOCK(st.st_mode)) {
		o->kind = OUTLET_SOCKET;
	} else if (S_ISFIFO(st.st_mode)) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return;
		if (o->ours)
			(void)close(o->fd);
		*o = (struct outlet){ .fd = fd, .ours = true, .kind = OUTLET_PIPE };
	}
}

ssize_t
outlet_write(const struct outlet *o, struct bytes b)
{
	switch (o->kind) {
	case OUTLET_SOCKET: return send(o->fd, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case OUTLET_SHARED: return write(o->fd, b.p, b.n < PIPE_BUF ? b.n : PIPE_BUF);
	default: return write(o->fd, b.p, b.n);
	}
}
