/* SPDX-License-Identifier: ISC */
/*
 * Announcing one torrent to its trackers (BEP 3, BEP 12, BEP 15), or only asking them how
 * many there are (scrape: BEP 15, BEP 48): which tracker is asked when, with which event,
 * and which peers come of it. UDP and HTTP trackers follow the same rules. No socket, no
 * clock, no resolver: the caller brings time, datagrams, answers and addresses, and after
 * each of these calls pulls events until there are none, then waits until
 * announce_deadline.
 */
#ifndef CORE_ANNOUNCE_H
#define CORE_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "codec/udptrk.h"
#include "core/torrent.h"

enum {
	ANNOUNCE_TRACKERS = 100,      /* more are left out, the last tiers first */
	ANNOUNCE_LINKS = 8,           /* addresses of one tracker, half for each family */
	ANNOUNCE_PATIENCE_MS = 5000,  /* a tier this silent is joined by the next one */
	ANNOUNCE_INTERVAL_MIN_S = 30, /* what trackers ask for is held */
	ANNOUNCE_INTERVAL_MAX_S = 86400, /* between these */
	ANNOUNCE_STOP_MS = 2000,         /* farewells take no longer */
	ANNOUNCE_WANT = 200,             /* peers asked for */
	ANNOUNCE_NAMES = 16,     /* peers named by host that are looked up at once */
	ANNOUNCE_TOLD = 1000,    /* of one answer; who sends more sends noise */
	ANNOUNCE_KEPT = 200,     /* peers of an earlier run that are taken */
	ANNOUNCE_URL_MAX = 4096, /* bytes of an HTTP tracker's URL */
	ANNOUNCE_REFUSALS = 2,   /* so often said in a row, no means no */
};

/* Fill p with n bytes that nobody can guess. */
typedef void announce_random_fn(void *ctx, uint8_t *p, size_t n);

struct announce_config {
	uint8_t btih[20], id[20];
	announce_random_fn *random;
	void *ctx;
	const struct addr *own; /* our own addresses, never given out as peers with our
	                           port; the caller's, as long as the announce */
	size_t n_own;
	bool once;   /* one round: no `started` within the interval of an earlier run */
	bool scrape; /* ask for the counts alone */
};

/* What we say of ourselves, as of now. */
struct announce_self {
	uint16_t port;
	uint64_t downloaded, uploaded, left; /* bytes */
	bool completed; /* the download ended in this run: said once to everybody who was
	                   told that something was left */
};

enum announce_do {
	ANNOUNCE_RESOLVE, /* look host:port up, then announce_resolved(tracker) */
	ANNOUNCE_OPEN,    /* make a socket to addr; announce_failed if it cannot be */
	ANNOUNCE_SEND,    /* datagram on socket; good until the next call */
	ANNOUNCE_GET,     /* http_url by HTTP in the family of addr, then announce_http */
	ANNOUNCE_CLOSE,   /* of socket or of a get; the number may come again */
	ANNOUNCE_NAME,    /* look a peer's host:port up, then announce_named(name) */
	ANNOUNCE_ANSWERED,   /* url, interval_s, seeders, leechers */
	ANNOUNCE_SCRAPED,    /* url, seeders, completed, leechers */
	ANNOUNCE_WARNED,     /* url, reason: what the tracker wants people to know */
	ANNOUNCE_UNANSWERED, /* url, reason: told once, until there was an answer */
	ANNOUNCE_STOPPED,    /* url: it was told stopped, and has answered */
	ANNOUNCE_PEER,       /* addr, and the tracker it is from: told once a run */
	ANNOUNCE_NOBODY,     /* every tracker has failed; all of them are asked again */
};

struct announce_event {
	enum announce_do what;
	unsigned tracker; /* 0..ANNOUNCE_TRACKERS - 1 */
	unsigned socket;  /* 0..ANNOUNCE_TRACKERS * ANNOUNCE_LINKS - 1 */
	unsigned name;    /* 0..ANNOUNCE_NAMES - 1 */
	const char *host; /* as all texts here: good until the next call */
	uint16_t port;
	struct addr addr;
	struct bytes datagram;
	struct bytes url;
	const char *http_url;
	const char *reason; /* printable */
	uint32_t interval_s, min_interval_s, seeders, completed, leechers;
	bool changed; /* ANSWERED: the first time, or after it had failed */
	bool kept;    /* ANSWERED: not now, but in an earlier run */
	bool refused; /* UNANSWERED: it did answer, and said no; NOBODY: so did all */
};

/* How an ANNOUNCE_GET ended. */
struct announce_http {
	/* RC_OK: there is a status and a body. RC_NONE: no way there in this family. */
	enum rc rc;
	const char *why; /* words, unless RC_OK */
	unsigned status;
	struct bytes body;
	bool local;       /* it came from this machine */
	uint32_t retry_s; /* not to be asked again before; 0: not said */
};

/* What a tracker answered an earlier run. */
struct announce_past {
	int64_t ago_s;
	uint32_t interval_s, min_interval_s; /* as in ANNOUNCE_ANSWERED */
	bool stopped;                        /* that run took its leave */
	uint32_t seeders, leechers;
	const struct addr *peers; /* copied, at most ANNOUNCE_KEPT */
	size_t n_peers;
};

struct announce;

/*
 * Trackers in the order of their lines; equal URLs count once. The URLs are the caller's
 * and must outlive it. Asks nobody yet. NULL: out of memory.
 */
struct announce *announce_new(const struct announce_config *config,
    const struct torrent_tracker *trackers, size_t n);
void announce_free(struct announce *a);

/* Takes effect at the next datagram; `completed` at once. */
void announce_set_self(struct announce *a, const struct announce_self *self);

/*
 * Before announce_start: what a tracker answered last. In one round it is not asked
 * before its interval is over, else, if it named peers, not before its min interval is
 * over: `started` is an event, and those may come before the interval. Meanwhile its
 * peers of then are told. Somebody who said stopped may come again at any time.
 */
void announce_recall(struct announce *a, unsigned tracker, int64_t now_ms,
    const struct announce_past *past);

/* Begin with the first tier; a scrape asks all of them. */
void announce_start(struct announce *a, int64_t now_ms);

/*
 * Say stopped to those who answered started, nothing to the others. Then go on until
 * announce_is_over, which takes at most ANNOUNCE_STOP_MS.
 */
void announce_stop(struct announce *a, int64_t now_ms);

/* The addresses of a tracker; rc as io/resolve gives it, n is 0 unless RC_OK. */
void announce_resolved(struct announce *a, unsigned tracker, int64_t now_ms, enum rc rc,
    const struct addr *addrs, size_t n);

/* The addresses of a peer; as announce_resolved. */
void announce_named(struct announce *a, unsigned name, int64_t now_ms, enum rc rc,
    const struct addr *addrs, size_t n);

/* A get has ended by itself. */
void announce_http(
    struct announce *a, unsigned socket, int64_t now_ms, const struct announce_http *r);

/* A datagram came in on a socket. */
void announce_take(
    struct announce *a, unsigned socket, int64_t now_ms, struct bytes datagram);

/*
 * The network refused: why is words such as "connection refused". open: the socket is
 * still there (an ICMP error); else it never was, or is closed by the caller.
 */
void announce_failed(
    struct announce *a, unsigned socket, int64_t now_ms, bool open, const char *why);

/* Time has passed. */
void announce_tick(struct announce *a, int64_t now_ms);

/* The next event; false: none. */
bool announce_next(struct announce *a, struct announce_event *out);

/* When announce_tick is due; INT64_MAX: never. */
int64_t announce_deadline(const struct announce *a);

enum announce_round {
	ANNOUNCE_ASKING,  /* there may be answers still */
	ANNOUNCE_HEARD,   /* somebody answered, and who has not been silent for long */
	ANNOUNCE_REFUSED, /* everybody was asked, everybody failed */
};

/* How the first round stands. */
enum announce_round announce_round(const struct announce *a, int64_t now_ms);

/* Call whoever has not answered yet unanswered, for the given reason. */
void announce_give_up(struct announce *a, const char *reason);

/* After announce_stop: nothing more to send or to wait for. */
bool announce_is_over(const struct announce *a, int64_t now_ms);

/*
 * Whether every tracker has refused the torrent ANNOUNCE_REFUSALS times, or cannot be
 * asked at all, and none has ever answered. They are asked on all the same.
 */
bool announce_is_refused(const struct announce *a);

/* How many trackers there are, and the URL of one of them. */
unsigned announce_trackers(const struct announce *a);
struct bytes announce_url(const struct announce *a, unsigned tracker);

#endif
