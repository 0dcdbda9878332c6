/* SPDX-License-Identifier: ISC */
/*
 * net's table of connections: who may stay, for how long, and who has to go when there is
 * no room. Deadlines are absolute, so that a byte now and then buys no time. Holds no
 * descriptor and knows no clock: times are milliseconds of a clock that only goes
 * forward, the caller closes what it is told to.
 *
 * At most CONNS_MOST connections wait for their first successful login, CONNS_A_SOURCE of
 * one source (an IPv4 address, or the /64 of an IPv6 one). One too many pushes out the
 * oldest that has not sent a whole request: of its own source when that is full, else of
 * the source that has most. Where all of these wait for vault, the new one has to go.
 */
#ifndef AUTHD_CONNS_H
#define AUTHD_CONNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
	CONNS_MOST = 64, /* that have not logged in */
	CONNS_A_SOURCE = 8,
	CONNS_KNOWN = 64,  /* that have, and stay open for another request */
	CONNS_SLOTS = 160, /* the rest are those on their way out */
	CONNS_HANDSHAKE_MS = 5 * 1000,
	CONNS_REQUEST_MS = 15 * 1000, /* from the beginning to the whole first request */
	CONNS_VAULT_MS = 60 * 1000,   /* for vault's answer */
	CONNS_ANSWER_MS = 30 * 1000,  /* to take the answer */
	CONNS_IDLE_MS = 15 * 1000,    /* to the next request of one that is known */
};

enum conn_stage {
	CONN_SHAKING,   /* TLS is not up yet */
	CONN_READING,   /* no whole request is here */
	CONN_ASKED,     /* vault has it */
	CONN_ANSWERING, /* the answer is on its way out */
};

enum conn_verdict {
	CONN_REFUSED,
	CONN_SERVED, /* what anybody may have */
	CONN_KNOWN,  /* logged in */
};

struct conn {
	bool used;
	bool placed;  /* the source is known */
	bool known;   /* has logged in */
	bool leaving; /* has been told to go: does not count any more */
	enum conn_stage stage;
	struct addr source;
	uint64_t order; /* when it came, among all */
	int64_t since_ms, deadline_ms;
};

struct conns {
	struct conn all[CONNS_SLOTS];
	uint64_t came;
};

/* Nobody is connected. */
void conns_init(struct conns *c);

/* Whether conns_enter would find a place. */
bool conns_has_room(const struct conns *c);

/* A connection whose source is not known yet. NULL: there is no place. */
struct conn *conns_enter(struct conns *c, int64_t now_ms);

/*
 * Now it is known. Returns who has to be closed for it, perhaps n itself, marked as
 * leaving; or NULL.
 */
struct conn *conns_place(struct conns *c, struct conn *n, const struct addr *source);

/* TLS is up. */
void conns_shaken(struct conn *n);

/* A whole request is here and goes to vault. */
void conns_asked(struct conn *n, int64_t now_ms);

/*
 * The answer goes out. Returns whether the connection may stay open behind it; then
 * conns_rests when it is out.
 */
bool conns_answering(
    struct conns *c, struct conn *n, enum conn_verdict verdict, int64_t now_ms);
void conns_rests(struct conn *n, int64_t now_ms);

/* It is closed. */
void conns_leave(struct conn *n);

/*
 * One whose time is up; NULL: none. One that waits for vault must be answered, any other
 * closed: it is marked as leaving.
 */
struct conn *conns_due(struct conns *c, int64_t now_ms);

/* When to ask conns_due again; INT64_MAX: never. */
int64_t conns_next_ms(const struct conns *c);

#endif
