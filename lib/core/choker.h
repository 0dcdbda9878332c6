/* SPDX-License-Identifier: ISC */
/*
 * Whom to serve (BEP 3): the interested peers that give us most, and one by turns, so
 * that new ones get a chance. A decision over a list; time and messages are the caller's.
 */
#ifndef CORE_CHOKER_H
#define CORE_CHOKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum { CHOKER_SLOTS = 8, CHOKER_EVERY_MS = 10000, CHOKER_LUCKY_EVERY_MS = 30000 };

struct choker_peer {
	bool interested; /* in us; all others stay choked */
	bool lucky; /* in: holds the optimistic slot; out: the same, perhaps drawn anew */
	uint64_t rate; /* bytes a second, from it */
	bool serve;    /* out */
};

/*
 * Decide serve for all n. redraw: the optimistic slot goes to another, if there is one.
 */
void choker_decide(struct choker_peer *peer, size_t n, bool redraw, struct rng *rng);

#endif
