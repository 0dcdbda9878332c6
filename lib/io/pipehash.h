/* SPDX-License-Identifier: ISC */
/*
 * The SHA-1 of the pieces of a stream whose end nobody knows: one thread reads, others
 * hash, each a piece at a time. Pieces too large to be held are hashed as they come.
 */
#ifndef IO_PIPEHASH_H
#define IO_PIPEHASH_H

#include <stdint.h>

#include "base/buf.h"
#include "base/rc.h"

struct pipehash {
	int fd;
	uint32_t piece_length;
	unsigned threads;
	/* About ten times a second, with the bytes so far; NULL: nobody asks. */
	void (*tick)(void *ctx, uint64_t bytes);
	void *ctx;
};

/*
 * Read until the end. 20 bytes a piece are added to sha1, and *length is how many bytes
 * came. RC_END: a signal came, which is *signal. RC_SYS: errno. RC_BIG: past sha1's
 * maximum. RC_MEM.
 */
enum rc pipehash_run(
    const struct pipehash *p, struct buf *sha1, uint64_t *length, int *signal) MUST_USE;

#endif
