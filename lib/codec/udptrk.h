/* SPDX-License-Identifier: ISC */
/*
 * UDP tracker datagrams (BEP 15) with the URL option of BEP 41. Requests from structs to
 * bytes, replies back. Retries, time and the age of connection ids live in core/announce.
 */
#ifndef CODEC_UDPTRK_H
#define CODEC_UDPTRK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

#define UDPTRK_MAGIC UINT64_C(0x41727101980) /* the protocol id in a connect request */

enum {
	UDPTRK_CONNECT_SIZE = 16,
	UDPTRK_ANNOUNCE_SIZE = 98, /* without options */
	UDPTRK_URL_MAX = 4096,     /* bytes of path and query that a request carries */
	UDPTRK_REQUEST_MAX = UDPTRK_ANNOUNCE_SIZE + UDPTRK_URL_MAX + 2 * 17,
	UDPTRK_SCRAPE_HASHES = 74, /* torrents in one scrape */
	UDPTRK_SCRAPE_MAX = 16 + 20 * UDPTRK_SCRAPE_HASHES,
	UDPTRK_REPLY_MAX = 65536, /* more than any datagram */
};

enum udptrk_action {
	UDPTRK_CONNECT = 0,
	UDPTRK_ANNOUNCE = 1,
	UDPTRK_SCRAPE = 2,
	UDPTRK_ERROR = 3, /* in replies only */
};

enum udptrk_event {
	UDPTRK_NONE = 0,
	UDPTRK_COMPLETED = 1,
	UDPTRK_STARTED = 2,
	UDPTRK_STOPPED = 3,
};

struct udptrk_announce {
	uint64_t conn_id;
	uint32_t txn;
	uint8_t btih[20], id[20];
	uint64_t downloaded, left, uploaded; /* bytes */
	enum udptrk_event event;
	uint32_t key;
	uint32_t want; /* peers asked for; UINT32_MAX: as many as the tracker likes */
	uint16_t port;
	struct bytes target; /* the URL's path and query; empty: no option is sent */
};

struct udptrk_reply {
	/* What it answers; UDPTRK_ERROR whatever was asked. */
	enum udptrk_action action;
	/*
	 * An announce reply of 8 bytes, action and transaction alone: the tracker does
	 * not know the torrent (opentracker says it so). The fields below are then 0.
	 */
	bool unregistered;
	uint64_t conn_id;
	uint32_t interval_s, leechers, seeders;
	struct bytes peers;   /* whole compact peers; points into the datagram, as do */
	struct bytes counts;  /* whole scrape entries, for udptrk_take_counts */
	struct bytes message; /* the error's words, as foreign as can be */
};

struct udptrk_counts {
	uint32_t seeders, completed, leechers;
};

/* Write a connect request (BEP 15) into out. */
void udptrk_put_connect(uint32_t txn, uint8_t out[static UDPTRK_CONNECT_SIZE]);

/*
 * Write an announce request into out and return its size. The target goes in options of
 * at most 255 bytes; no end-of-options, which BEP 41 wants only before other data. A
 * target over UDPTRK_URL_MAX is cut there.
 */
size_t udptrk_put_announce(
    const struct udptrk_announce *a, uint8_t out[static UDPTRK_REQUEST_MAX]);

/*
 * Write a scrape request for n (1..UDPTRK_SCRAPE_HASHES) info-hashes of 20 bytes, one
 * behind the other, and return its size; more are left out.
 */
size_t udptrk_put_scrape(uint64_t conn_id, uint32_t txn, struct bytes hashes,
    uint8_t out[static UDPTRK_SCRAPE_MAX]);

/*
 * Decode a reply to the request of action asked with transaction id txn; v6: it came over
 * IPv6, where peers take 18 bytes instead of 6. in is one whole datagram. As BEP 15 says,
 * a reply may be longer than its parts: what does not fill a peer or an entry is dropped.
 * RC_BAD: not the answer (another transaction or action) or too short; *out is untouched.
 */
enum rc udptrk_get(struct bytes in, enum udptrk_action asked, uint32_t txn, bool v6,
    struct udptrk_reply *out) MUST_USE;

/* Take the next scrape entry off the front of *counts. false: none is left. */
bool udptrk_take_counts(struct bytes *counts, struct udptrk_counts *out);

#endif
