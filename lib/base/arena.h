/* SPDX-License-Identifier: ISC */
/* Many small texts that live and die together, in blocks that never move. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"
#include "base/rc.h"

struct arena;

/*
 * Copy in into *a, which starts as NULL; *out is good until arena_free. RC_MEM: nothing
 * has changed.
 */
enum rc arena_keep(struct arena **a, struct bytes in, struct bytes *out) MUST_USE;

/* Release all that was kept; NULL is allowed. */
void arena_free(struct arena *a);

#endif
