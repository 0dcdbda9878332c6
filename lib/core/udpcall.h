/* SPDX-License-Identifier: ISC */
/*
 * One call to one address of a UDP tracker (BEP 15): connect, announce, the retries and
 * the age of the connection id. It holds no socket and no clock; what an announce says
 * and when the next is due is core/announce's.
 */
#ifndef CORE_UDPCALL_H
#define CORE_UDPCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "codec/udptrk.h"

enum {
	UDPCALL_RETRY_MS = 15000, /* the first; doubled UDPCALL_RETRIES times */
	UDPCALL_RETRIES = 8,
	UDPCALL_EARLY_MS = 3000, /* the first datagram of a request is repeated once */
	UDPCALL_ID_MS = 60000,   /* a connection id is good for so long */
};

enum udpcall_state {
	UDPCALL_IDLE,     /* no call, or the last one was answered */
	UDPCALL_CONNECT,  /* a connection id was asked for */
	UDPCALL_ANNOUNCE, /* an announce was sent */
	UDPCALL_REFUSED,  /* the tracker said no; asked again at the next retry */
};

struct udpcall {
	enum udpcall_state state;
	bool v6;        /* the family of the address */
	bool scrape;    /* an "announce" here is a scrape */
	bool send;      /* a datagram is due: udpcall_put */
	bool timed_out; /* this call has met a retry */

	/* Private. */
	bool has_id, fresh_id, announced;
	uint64_t id;
	int64_t id_until_ms, early_ms, again_ms;
	int64_t early_after_ms;
	uint32_t txn;
	unsigned tries;
};

/* What a datagram meant. */
enum udpcall_news {
	UDPCALL_NOTHING,      /* not the answer: ignored */
	UDPCALL_GOES_ON,      /* half way; there may be a datagram to send */
	UDPCALL_ANSWERED,     /* the announce was answered; the call is over */
	UDPCALL_UNREGISTERED, /* the tracker does not know the torrent; REFUSED */
	UDPCALL_ERROR,        /* the tracker's own words are in the reply; REFUSED */
};

/* scrape: the counts are asked for instead of an announce. */
void udpcall_init(struct udpcall *c, bool v6, bool scrape);

/*
 * Begin a call: with the connection id that is still good, else with a connect. txn, here
 * and below: 32 random bits that nobody can guess, for the next request if there is one.
 * early_ms: when the first datagram is repeated, usually UDPCALL_EARLY_MS.
 */
void udpcall_begin(struct udpcall *c, int64_t now_ms, uint32_t txn, int64_t early_ms);

/*
 * Break the call off. The connection id is forgotten, because the next socket may have
 * another port.
 */
void udpcall_drop(struct udpcall *c);

/* Take in a datagram. *reply is filled on ANSWERED and ERROR and points into in. */
enum udpcall_news udpcall_take(struct udpcall *c, int64_t now_ms, uint32_t txn,
    struct bytes in, struct udptrk_reply *reply);

/*
 * Let time pass. true: a retry is due, so a whole waiting time went by without an answer.
 */
bool udpcall_tick(struct udpcall *c, int64_t now_ms, uint32_t txn);

/* The retries of this call so far, 0..UDPCALL_RETRIES. */
unsigned udpcall_tries(const struct udpcall *c);

/*
 * When udpcall_tick has something to do; INT64_MAX: never. Idle: when the id grows too
 * old.
 */
int64_t udpcall_deadline(const struct udpcall *c);

/*
 * Write the datagram that is due and return its size; a is the announce, whose conn_id
 * and txn are filled in here. send is then false.
 */
size_t udpcall_put(struct udpcall *c, const struct udptrk_announce *a,
    uint8_t out[static UDPTRK_REQUEST_MAX]);

/*
 * Write an announce that no answer is wanted for, beside the call; only in
 * UDPCALL_ANNOUNCE.
 */
size_t udpcall_put_beside(const struct udpcall *c, const struct udptrk_announce *a,
    uint32_t txn, uint8_t out[static UDPTRK_REQUEST_MAX]);

#endif
