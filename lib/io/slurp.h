/* SPDX-License-Identifier: ISC */
/* A whole file, or a whole pipe, into memory, and out of it. */
#ifndef IO_SLURP_H
#define IO_SLURP_H

#include <stddef.h>

#include "base/buf.h"
#include "base/rc.h"

/*
 * Read all of path (NULL: standard input) behind what is in b, until b is at its maximum:
 * who wants to know of more gives it a byte of room too many. A FIFO is waited for. The
 * bytes are a copy, so nothing that happens to the file later can reach them. out: whom
 * they are for; RC_END when whoever reads from it has gone meanwhile; -1: nobody waits.
 * RC_SYS: errno, EISDIR for a directory; RC_MEM.
 */
enum rc slurp(const char *path, int out, struct buf *b) MUST_USE;

/* Write all of b, however long it takes. RC_SYS: errno, and some of it may be written. */
enum rc spill(int fd, struct bytes b) MUST_USE;

#endif
