/* SPDX-License-Identifier: ISC */
/* The audience of a process that has neither terminal nor pipes: it is the parent's. */
#ifndef RUN_AUDIENCE_AWAY_H
#define RUN_AUDIENCE_AWAY_H

#include "base/outcome.h"
#include "io/loop.h"
#include "run/audience.h"

struct audience_away;

/*
 * It lives as long as the process. fd: our end of the pair, which stays the caller's.
 * NULL: out of memory.
 */
struct audience_away *audience_away_new(struct loop *l, int fd);
const struct audience *audience_away_face(struct audience_away *w);

/* The last note. */
void audience_away_end(struct audience_away *w, const struct outcome *end);

#endif
