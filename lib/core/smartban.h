/* SPDX-License-Identifier: ISC */
/*
 * Who lied (what the field calls smart ban): the marks of a failed piece's blocks are
 * kept until the piece is good; every block that is another then convicts its author, and
 * the other authors are cleared. A mark is the first 8 bytes of a block's SHA-1.
 */
#ifndef CORE_SMARTBAN_H
#define CORE_SMARTBAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

/*
 * Blocks remembered in all, 16 bytes each: the oldest failures are forgotten for new
 * ones.
 */
enum { SMARTBAN_BLOCKS = 64 * 1024 };

struct smartban_failure;

/* A set of zeros ({ 0 }) remembers nothing. */
struct smartban {
	struct smartban_failure *first; /* the newest; owned */
	size_t blocks;                  /* remembered in all */
};

/* Forget all failures. */
void smartban_clear(struct smartban *s);

/*
 * The marks of consecutive blocks, the first of which begins where data does: one for
 * every 16 KiB or part of it. RC_MEM: libcrypto refused.
 */
enum rc smartban_marks(struct bytes data, uint64_t *marks) MUST_USE;

/*
 * The piece has failed: who sent each block, and its mark. One that is out of memory, or
 * has more blocks than are remembered, is forgotten.
 */
void smartban_failed(struct smartban *s, uint32_t piece, const uint32_t *author,
    const uint64_t *marks, uint32_t blocks);

/* Whether a failure of this piece waits for its judgement. */
bool smartban_awaits(const struct smartban *s, uint32_t piece);

/* Called once for each failure and author. */
typedef void smartban_fn(void *ctx, uint32_t author, bool lied);

/* The piece is good, with these marks: judge its failures, and forget them. */
void smartban_judge(struct smartban *s, uint32_t piece, const uint64_t *marks,
    smartban_fn *verdict, void *ctx);

#endif
