/* SPDX-License-Identifier: ISC */
/*
 * A descriptor that content goes to in order, be it a file, a pipe, a socket or a
 * terminal. It may be open elsewhere, where nobody expects it to refuse: so it is not
 * made non-blocking, but opened anew, or asked each time.
 */
#ifndef IO_OUTLET_H
#define IO_OUTLET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"

struct outlet {
	int fd;    /* -1: not open yet */
	bool ours; /* fd is to be closed */
	enum outlet_kind {
		OUTLET_SHARED, /* may block: no more at once than surely fits */
		OUTLET_PLAIN,  /* a file or device: write what there is */
		OUTLET_PIPE,   /* opened anew, so that it does not block */
		OUTLET_SOCKET, /* asked not to block at every call */
	} kind;
};

/* Learn what o->fd is. Of a pipe o->fd becomes another descriptor, which is ours. */
void outlet_look(struct outlet *o);

/*
 * Write some of b, with the answers of write(2): -1 with EAGAIN when there is no room
 * now. Before each write to an OUTLET_SHARED poll(2) has to say that there is some.
 */
ssize_t outlet_write(const struct outlet *o, struct bytes b);

#endif
