/* SPDX-License-Identifier: ISC */
/* What the files of core/announce share. Nobody else includes it. */
#ifndef CORE_ANNOUNCE_PARTS_H
#define CORE_ANNOUNCE_PARTS_H

#include "codec/compact.h"
#include "codec/httptrk.h"
#include "codec/uri.h"
#include "core/announce.h"
#include "core/httpcall.h"
#include "core/seen.h"
#include "core/udpcall.h"

enum {
	REASON_SIZE = 200,
	PEERS_MAX = 65536 / COMPACT_V4,
	STOP_EARLY_MS = 700,     /* the farewell's second copy */
	STOP_COMPLETED_MS = 1000 /* `completed` by HTTP leaves `stopped` so much */
};

/* Who a failure is blamed on; of several addresses the last one here is told. */
enum blame {
	BLAME_FAMILY,  /* there is no way there in this family */
	BLAME_NETWORK, /* nothing came */
	BLAME_TRACKER, /* it answered, but not as it should */
};

/* One address of a UDP tracker, or one family of an HTTP tracker. */
struct link {
	bool used;
	bool http;
	bool open; /* the caller holds a socket, or a get is under way */
	bool close;
	bool ok;      /* its last call was answered */
	bool failed;  /* its last call was not, or is overdue */
	bool started; /* it answered `started` */
	bool heard_left;
	bool completed;
	enum blame blame;        /* of its failure */
	unsigned refusals;       /* in a row */
	enum udptrk_event event; /* of the call under way */
	struct addr addr;        /* HTTP: the family alone counts */
	struct udpcall call;
	struct httpcall get;
	int64_t next_ms; /* no sooner again */
};

enum tracker_state {
	TRACKER_RESTING,   /* not its tier's turn */
	TRACKER_RESOLVING, /* its first addresses are being looked up */
	TRACKER_LOST,      /* the name was not found; again at again_ms */
	TRACKER_UP,        /* it has links */
	TRACKER_HELD,      /* it answered an earlier run; asked at again_ms */
	TRACKER_UNUSABLE,  /* a URL that we cannot use */
};

struct tracker {
	enum tracker_state state;
	unsigned tier; /* from 0, without gaps */
	struct bytes url;
	struct uri uri;
	bool resolve, resolving; /* wanted; asked for */
	bool told_failure, tell_failure, told_answer, tell_answer, tell_warning;
	bool tell_stopped;
	unsigned tries;
	int64_t again_ms, asked_ms, hold_ms; /* hold: not to be asked before */
	uint32_t interval_s, min_interval_s, seeders, completed, leechers;
	char reason[REASON_SIZE], warning[REASON_SIZE];
	uint8_t id[HTTPTRK_ID_MAX]; /* the tracker's own word, said to it again */
	size_t id_size;
	struct addr *kept; /* peers of an earlier run; owned */
	size_t n_kept;
	size_t room; /* so many more peers are taken of its last answer */
	struct link links[ANNOUNCE_LINKS];
};

/* A peer that a tracker named by its host. */
struct name {
	bool used, ask;
	bool local; /* the tracker is on this machine */
	unsigned tracker;
	int64_t until_ms; /* a round waits no longer for its addresses */
	uint16_t port;
	char host[URI_HOST_SIZE];
};

/* A peer to be told, and which tracker named it. */
struct given {
	struct addr addr;
	unsigned tracker;
};

struct announce {
	struct announce_config config;
	struct announce_self self;
	uint32_t key;
	bool running, stopping, told_nobody, tell_nobody;
	bool heard;           /* some tracker has answered in this run */
	unsigned tiers, tier; /* how many; those up to this one are asked */
	int64_t stop_until_ms;
	int64_t now_ms; /* of the last call */
	size_t n;
	unsigned order[ANNOUNCE_TRACKERS]; /* by tier, the best first */
	struct tracker *trackers;
	struct seen seen;
	struct given *peers; /* to be given out */
	size_t n_peers, at_peer;
	struct name names[ANNOUNCE_NAMES];
	struct addr external[2]; /* ours, as trackers see it; port 0: not known */
	uint8_t datagram[UDPTRK_REQUEST_MAX];
	char http_url[HTTPTRK_URL_SIZE];
};

enum verdict { VERDICT_OPEN, VERDICT_ANSWERED, VERDICT_FAILED };

/* The link that the caller knows by this number. */
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

/* Whether it heard of us while we were loading, and not yet that all is here. */
static inline bool
announce_owes_completed(const struct announce *a, const struct link *l)
{
	return a->self.completed && l->started && l->heard_left && !l->completed;
}

/* No call is under way or waits for its next try. */
static inline bool
link_is_idle(const struct link *l)
{
	return l->http ? l->get.state == HTTPCALL_IDLE : l->call.state == UDPCALL_IDLE;
}

/* announce_link: the life of a link. */

/* Begin a call, with the event that is due. */
void link_begin(struct announce *a, struct link *l, int64_t now_ms);

/* Give the socket back and forget how the last call went. */
void link_rest(struct link *l);
void link_drop(struct link *l);

/* Another address, unless it is there or there are enough; asked at once. */
void link_add(
    struct announce *a, struct tracker *t, const struct addr *addr, int64_t now_ms);
bool link_any(const struct tracker *t);

/* Its call has failed, for a reason. */
void link_fail(struct tracker *t, struct link *l, enum blame blame, const char *why);

/* The tracker itself says no: words in front of foreign ones. */
void link_refuse(
    struct tracker *t, struct link *l, const char *before, struct bytes words);

/*
 * announce_answers: until when a round waits for the addresses of peers; INT64_MIN: there
 * are none to wait for.
 */
int64_t announce_names_until(const struct announce *a);

/* announce_answers: peers of an earlier run are told. */
void announce_tell_kept(struct announce *a, struct tracker *t, int64_t now_ms);

/* announce: after every change, what it means for the tiers and what is to be told. */
void announce_settle(struct announce *a, int64_t now_ms);

/* Move the tracker to the front of its tier. */
void announce_promote(struct announce *a, const struct tracker *t);

/* How the tracker stands: one of its addresses answered, or all of them failed. */
enum verdict announce_verdict(const struct tracker *t);

/* 32 bits that nobody can guess. */
uint32_t announce_draw(const struct announce *a);

/* Set t->reason to before and the foreign words. */
void announce_reason(struct tracker *t, const char *before, struct bytes words);

#endif
