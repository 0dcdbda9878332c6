/* SPDX-License-Identifier: ISC */
/*
 * A piece on its way: its bytes, and the SHA-1 of as many of them as came in order, which
 * is taken while they are still in the processor's cache. Drafts are kept for the next
 * piece, under one budget.
 */
#ifndef CORE_DRAFT_H
#define CORE_DRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"
#include "crypto/hash.h"

struct drafts;

struct draft {
	uint8_t *data; /* not cleared */

	/* Private. */
	struct hash *sha1;
	size_t hashed;
	struct draft *next;
};

/*
 * Drafts of size bytes, at most `most` of them out at once (at least 1). NULL: out of
 * memory. None is allocated yet.
 */
struct drafts *drafts_new(size_t size, size_t most);

/* Every draft must be back. NULL is allowed. */
void drafts_free(struct drafts *ds);

/* A draft with nothing hashed; NULL: the budget is spent, or out of memory. */
struct draft *drafts_take(struct drafts *ds);
void drafts_give(struct drafts *ds, struct draft *d);

/*
 * Some of what was hashed is to be another: nothing is hashed any more. RC_MEM: libcrypto
 * refused.
 */
enum rc draft_restart(struct draft *d) MUST_USE;

/*
 * n bytes from begin on are in place and will not change any more: hash them, if all
 * before them are hashed. RC_MEM: libcrypto refused.
 */
enum rc draft_add(struct draft *d, size_t begin, size_t n) MUST_USE;

/*
 * All size bytes are in place: the SHA-1 of them, whatever came in order. On any thread,
 * once. RC_MEM: libcrypto refused.
 */
enum rc draft_end(
    struct draft *d, size_t size, uint8_t digest[static SHA1_SIZE]) MUST_USE;

#endif
