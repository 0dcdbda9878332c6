/* SPDX-License-Identifier: ISC */
/* What the files of core/announce share. Nobody else includes it. */
#ifndef CORE_ANNOUNCE_PARTS_H
#define CORE_ANNOUNCE_PARTS_H

#include "codec/compact.h"
#include "codec/uri.h"
#include "core/announce.h"
#include "core/seen.h"
#include "core/udpcall.h"

enum { REASON_SIZE = 200 };

/* One address of a tracker. */
struct link {
	bool used;
	bool open; /* the caller holds a socket */
	bool close;
	bool ok;      /* its last call was answered */
	bool failed;  /* its last call was not, or is overdue */
	bool started; /* it answered `started` */
	bool heard_left;
	bool completed;
	enum udptrk_event event; /* of the call under way */
	struct addr addr;
	struct udpcall call;
	int64_t next_ms; /* no sooner again */
};

enum tracker_state {
	TRACKER_RESTING,   /* not its tier's turn */
	TRACKER_RESOLVING, /* its first addresses are being looked up */
	TRACKER_LOST,      /* the name was not found; again at again_ms */
	TRACKER_UP,        /* it has links */
	TRACKER_UNUSABLE,  /* a URL that we cannot use */
};

struct tracker {
	enum tracker_state state;
	unsigned tier; /* from 0, without gaps */
	struct bytes url;
	struct uri uri;
	bool resolve, resolving; /* wanted; asked for */
	bool told_failure, tell_failure, tell_answer;
	unsigned tries;
	int64_t again_ms, asked_ms;
	uint32_t interval_s, seeders, leechers;
	char reason[REASON_SIZE];
	struct link links[ANNOUNCE_LINKS];
};

struct announce {
	struct announce_config config;
	struct announce_self self;
	uint32_t key;
	bool running, stopping, told_nobody, tell_nobody;
	unsigned tiers, tier; /* how many; those up to this one are asked */
	int64_t stop_until_ms;
	int64_t now_ms; /* of the last call */
	size_t n;
	unsigned order[ANNOUNCE_TRACKERS]; /* by tier, the best first */
	struct tracker *trackers;
	struct seen seen;
	struct addr *peers; /* to be given out */
	size_t n_peers, at_peer;
	uint8_t datagram[UDPTRK_REQUEST_MAX];
};

enum verdict { VERDICT_OPEN, VERDICT_ANSWERED, VERDICT_FAILED };

static inline struct link *
announce_link(struct announce *a, unsigned socket)
{
	return &a->trackers[socket / ANNOUNCE_LINKS].links[socket % ANNOUNCE_LINKS];
}

/* Whether it is the tracker's turn to be asked. */
static inline bool
announce_asks(const struct announce *a, const struct tracker *t)
{
	return a->running && t->tier <= a->tier;
}

static inline bool
announce_owes_completed(const struct announce *a, const struct link *l)
{
	return a->self.completed && l->started && l->heard_left && !l->completed;
}

/* How the tracker stands: one of its addresses answered, or all of them failed. */
enum verdict announce_verdict(const struct tracker *t);

/* 32 bits that nobody can guess. */
uint32_t announce_draw(const struct announce *a);

/* Set t->reason to before and the foreign words. */
void announce_reason(struct tracker *t, const char *before, struct bytes words);

#endif
