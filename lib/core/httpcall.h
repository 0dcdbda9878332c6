/* SPDX-License-Identifier: ISC */
/*
 * One call to an HTTP tracker in one family: asked, answered or not, asked again after 15
 * x 2^n s, n = 0..8, as core/udpcall does. The transfer itself, and how long it may take,
 * are the caller's.
 */
#ifndef CORE_HTTPCALL_H
#define CORE_HTTPCALL_H

#include <stdbool.h>
#include <stdint.h>

enum { HTTPCALL_RETRY_MS = 15000, HTTPCALL_RETRIES = 8 };

enum httpcall_state {
	HTTPCALL_IDLE,    /* no call, or the last one was answered */
	HTTPCALL_ASKING,  /* a transfer is due or under way */
	HTTPCALL_WAITING, /* it failed; asked again at the next retry */
};

struct httpcall {
	enum httpcall_state state;
	bool send; /* a transfer is to begin: set to false when it does */
	unsigned tries;
	int64_t again_ms;
};

/* A new call: its first transfer is due now. */
static inline void
httpcall_begin(struct httpcall *c)
{
	*c = (struct httpcall){
		.state = HTTPCALL_ASKING, .send = true, .again_ms = INT64_MAX
	};
}

/* Break the call off, or end it: it was answered. */
static inline void
httpcall_drop(struct httpcall *c)
{
	*c = (struct httpcall){ .state = HTTPCALL_IDLE, .again_ms = INT64_MAX };
}

/* The transfer failed; the next one begins not before least_s seconds have passed. */
static inline void
httpcall_fail(struct httpcall *c, int64_t now_ms, uint32_t least_s)
{
	int64_t wait = (int64_t)HTTPCALL_RETRY_MS << c->tries;

	if (wait < (int64_t)least_s * 1000)
		wait = (int64_t)least_s * 1000;
	c->tries += c->tries < HTTPCALL_RETRIES;
	c->state = HTTPCALL_WAITING;
	c->send = false;
	c->again_ms = now_ms + wait;
}

/* Let time pass. */
static inline void
httpcall_tick(struct httpcall *c, int64_t now_ms)
{
	if (c->state != HTTPCALL_WAITING || now_ms < c->again_ms)
		return;
	c->state = HTTPCALL_ASKING;
	c->send = true;
	c->again_ms = INT64_MAX;
}

#endif
