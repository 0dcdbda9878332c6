/* SPDX-License-Identifier: ISC */
/*
 * Whom to serve (BEP 3). While we fetch: the interested peers that give us most, and one
 * by turns, so that new ones get a chance. When we only give: everybody in turn, for a
 * quota. A decision over a list; time and messages are the caller's.
 */
#ifndef CORE_CHOKER_H
#define CORE_CHOKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum {
	CHOKER_SLOTS = 8,
	CHOKER_EVERY_MS = 10000,
	CHOKER_LUCKY_EVERY_MS = 30000,
	CHOKER_QUOTA = 16 * 1024 * 1024, /* bytes of a turn; */
	CHOKER_TURN_MS = 60000,          /* and no turn is longer while others wait, */
	CHOKER_IDLE_MS = 20000,          /* nor that of one that takes nothing */
};

struct choker_peer {
	bool interested; /* in us; all others stay choked */
	bool lucky; /* in: holds the optimistic slot; out: the same, perhaps drawn anew */
	uint64_t rate;    /* bytes a second, from it */
	bool served;      /* in, for choker_seed: it has a turn now */
	uint64_t given;   /* in, for choker_seed: bytes that it got in this turn */
	int64_t since_ms; /* in, for choker_seed: when this turn, or its wait, began */
	bool serve;       /* out */
};

/*
 * Decide serve for all n. redraw: the optimistic slot goes to another, if there is one.
 */
void choker_decide(struct choker_peer *peer, size_t n, bool redraw, struct rng *rng);

/*
 * The same when we only give: a turn goes on until its quota is given or its time is
 * over; then come those who have waited longest. Nobody loses a turn for nobody.
 */
void choker_seed(struct choker_peer *peer, size_t n, int64_t now_ms);

#endif
