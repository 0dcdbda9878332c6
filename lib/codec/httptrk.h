/* SPDX-License-Identifier: ISC */
/*
 * What HTTP trackers are asked and what they answer: BEP 3, compact peers (BEP 23), IPv6
 * (BEP 7), our own address (BEP 24), when to come again (BEP 31), scrape (BEP 48). URLs
 * from structs, replies from bencoded bytes. The transfer is io/http's; retries and time
 * are core/announce's.
 */
#ifndef CODEC_HTTPTRK_H
#define CODEC_HTTPTRK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "codec/udptrk.h"

enum {
	HTTPTRK_URL_SIZE = 8192,  /* a request's URL with its NUL */
	HTTPTRK_ID_MAX = 512,     /* bytes of a tracker id that is said again */
	HTTPTRK_INTERVAL_S = 1800 /* where a tracker gives peers, but no interval */
};

/* BEP 31's "never". */
#define HTTPTRK_NEVER UINT32_MAX

struct httptrk_announce {
	struct bytes url; /* the tracker's, perhaps with a query of its own */
	uint8_t btih[20], id[20];
	uint64_t downloaded, left, uploaded; /* bytes */
	enum udptrk_event event;
	uint32_t key;
	uint32_t want; /* peers asked for */
	uint16_t port;
	struct bytes tracker_id; /* as its last reply had it; empty: none */
};

/* Views into the body that was read. Texts are as foreign as can be. */
struct httptrk_reply {
	bool failed; /* the tracker refuses: only the next two are set then */
	struct bytes failure;
	uint32_t retry_s; /* 0: not said; HTTPTRK_NEVER */
	struct bytes warning;
	struct bytes tracker_id;
	uint32_t interval_s, min_interval_s; /* as told, held to 32 bits; min: 0 if not */
	uint32_t seeders, leechers;
	struct bytes peers4, peers6; /* whole compact peers */
	struct bytes list;    /* the inside of a list of peers, for httptrk_take_peer */
	struct addr external; /* ours, as the tracker sees it; ::, when it does not say */
};

struct httptrk_peer {
	struct bytes host; /* an address as text, or a name */
	uint16_t port;
};

struct httptrk_scrape {
	bool failed;
	struct bytes failure;
	uint32_t seeders, completed, leechers;
};

/*
 * The URL of an announce, ending with a NUL. A fragment of the tracker's URL is left out,
 * its query stays in front. RC_BIG: over HTTPTRK_URL_SIZE.
 */
enum rc httptrk_put_announce(
    const struct httptrk_announce *a, char out[static HTTPTRK_URL_SIZE]) MUST_USE;

/*
 * The URL of a scrape by BEP 48's convention: "announce", right behind the URL's last
 * '/', becomes "scrape". RC_NONE: the URL is of another form. RC_BIG: over
 * HTTPTRK_URL_SIZE.
 */
enum rc httptrk_put_scrape(struct bytes url, const uint8_t btih[static 20],
    char out[static HTTPTRK_URL_SIZE]) MUST_USE;

/*
 * Decode the body of an answer to an announce; what follows its dictionary is ignored, as
 * are keys and types that are not known. Of equal keys the first counts. RC_BAD: not a
 * whole dictionary, or one that says nothing; *out is then untouched.
 */
enum rc httptrk_get_announce(struct bytes body, struct httptrk_reply *out) MUST_USE;

/*
 * Take the next peer off the front of *list, which httptrk_get_announce set. What has no
 * host or no port from 1 to 65535 is passed over. false: none is left.
 */
bool httptrk_take_peer(struct bytes *list, struct httptrk_peer *out);

/*
 * Decode the body of an answer to a scrape. RC_NONE: it does not name the torrent.
 * RC_BAD: no such answer. *out is set on RC_OK only.
 */
enum rc httptrk_get_scrape(struct bytes body, const uint8_t btih[static 20],
    struct httptrk_scrape *out) MUST_USE;

#endif
