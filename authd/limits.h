/* SPDX-License-Identifier: ISC */
/*
 * How often passwords may be tried: 10 failures a source, one forgiven every 30 s; and
 * for an account from one source a wait that doubles with each failure after the fourth.
 * A try takes its place before it is known how it ends, and gives it back when it
 * succeeds. Names that nobody has count like any other. Pure: time is an argument, in
 * milliseconds of a clock that survives a restart; one that jumps back never makes a wait
 * longer than the rules do.
 *
 * A source is an IPv4 address or an IPv6 /64.
 */
#ifndef AUTHD_LIMITS_H
#define AUTHD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/rc.h"

enum {
	LIMITS_MAX = 4096,  /* of each kind remembered; the oldest is forgotten */
	LIMITS_BUCKET = 10, /* failures a source may make */
	LIMITS_REGAIN_MS = 30 * 1000,   /* one of them is forgiven every */
	LIMITS_PATIENCE = 5,            /* failures with an account before the waits */
	LIMITS_WAIT_MAX_S = 15 * 60,    /* a wait's length */
	LIMITS_FORGET_MS = 3600 * 1000, /* an account's failures, after the last one */
	LIMITS_KEY = 16,
	LIMITS_SECRET = 32,
};

enum limits_kind { LIMITS_SOURCE, LIMITS_PAIR, LIMITS_KINDS };

struct limits;

/*
 * Nobody has failed yet. secret: what pairs are hashed with, the same at each start. Of a
 * name that somebody has typed nothing is stored but that, so that a password which was
 * typed in its place cannot be guessed from a copy of the database. NULL: out of memory.
 */
struct limits *limits_new(const uint8_t secret[static LIMITS_SECRET]);
void limits_free(struct limits *l);

/* Who tries. */
struct limits_who {
	struct addr source;
	struct bytes account; /* as typed */
};

/* A try on its way: where it is counted. */
struct limits_try {
	uint16_t slot[LIMITS_KINDS];
};

enum limits_verdict {
	LIMITS_GO,   /* *t is to be ended */
	LIMITS_BUSY, /* only tries on their way stand before it: in a second */
	LIMITS_WAIT, /* too many failures: *retry_s has the wait, at least 1 */
};

/* May this one try now? */
enum limits_verdict limits_begin(struct limits *l, const struct limits_who *who,
    int64_t now_ms, struct limits_try *t, uint32_t *retry_s) MUST_USE;

enum limits_end {
	LIMITS_VOID, /* nothing was learned */
	LIMITS_SUCCESS,
	LIMITS_FAILURE
};
/* A try that might go has ended so: exactly once for each. */
void limits_end(
    struct limits *l, const struct limits_try *t, enum limits_end how, int64_t now_ms);

/*
 * What a restart should not forget. Whether there is such an account makes no difference:
 * else a wait that is gone would tell that there is none.
 */
struct limits_note {
	enum limits_kind kind;
	uint8_t key[LIMITS_KEY];
	uint16_t failures; /* 0: no need to keep it */
	int64_t since_ms;
};

/*
 * The next note that has changed, looking from number *at on (0 at first); false when
 * there is no more. limits_saved: all of them are stored.
 */
bool limits_changed(const struct limits *l, unsigned *at, struct limits_note *out);
void limits_saved(struct limits *l);

/* Bring back a note. What is against the rules is cut to what they allow. */
void limits_restore(struct limits *l, const struct limits_note *n, int64_t now_ms);

#endif
