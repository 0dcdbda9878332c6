/* SPDX-License-Identifier: ISC */
/*
 * Lines in and lines out over descriptors, for loops that wait and for filters that
 * simply block.
 */
#ifndef IO_RECIO_H
#define IO_RECIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"

struct recin {
	int fd;          /* the caller's */
	bool ended;      /* read(2) said so */
	size_t searched; /* bytes of buf without an LF */
	struct buf buf;
};

/* Nothing is read yet; what was read is forgotten, fd stays open. */
void recin_init(struct recin *r, int fd);
void recin_clear(struct recin *r);

/*
 * One read(2) of at most 64 KiB. RC_OK: there may be lines. RC_MORE: nothing came (a
 * signal, nothing there yet). RC_END: the input has ended. RC_SYS: errno; RC_MEM.
 */
enum rc recin_fill(struct recin *r) MUST_USE;

/*
 * The next line without its LF; good until the next call. RC_MORE: none whole yet.
 * RC_END: the input has ended and all lines were given (a last one without LF counts).
 * RC_BIG: a line over LINE_MAX_SIZE.
 */
enum rc recin_line(struct recin *r, struct bytes *line) MUST_USE;

struct recout {
	int fd; /* the caller's */
	struct buf buf;
};

enum { RECOUT_MAX = 4 * 1024 * 1024 };

/* Nothing waits yet; what waits is forgotten, fd stays open. */
void recout_init(struct recout *o, int fd);
void recout_clear(struct recout *o);

/* Queue bytes that end at a line's end. RC_BIG: RECOUT_MAX are waiting; RC_MEM. */
enum rc recout_add(struct recout *o, struct bytes lines) MUST_USE;

/* Queue a line that has lost its LF. Results as recout_add. */
enum rc recout_line(struct recout *o, struct bytes line) MUST_USE;

/*
 * One write(2) that does not block a descriptor which was reported writable: at most
 * PIPE_BUF bytes, ending at a line's end where that is possible. RC_OK: all is out.
 * RC_MORE: some is left. RC_SYS: errno (EPIPE: the reader is gone, if SIGPIPE is
 * ignored).
 */
enum rc recout_some(struct recout *o) MUST_USE;

/* Write all that waits, however long it takes. RC_OK, RC_SYS. */
enum rc recout_flush(struct recout *o) MUST_USE;

#endif
