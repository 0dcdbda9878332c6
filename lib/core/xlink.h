/* SPDX-License-Identifier: ISC */
/*
 * What both ends of a transfer (ugat/1, codec/xfer) share: messages out of bytes and
 * into bytes, and how long the other side may be silent. No descriptor, no clock. Its
 * user is core/sender or core/receiver; run/ drives it through them.
 *
 * Silence: whoever has not spoken for XLINK_SPEAK_MS says BUSY. A side that was not heard
 * for silent_ms is gone. A side that says only BUSY, without its `done` growing, for
 * XLINK_IDLE_MS is stalled.
 */
#ifndef CORE_XLINK_H
#define CORE_XLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "codec/xfer.h"

enum {
	XLINK_OUTPUT_MAX = 1 << 20, /* bytes of messages that wait to be sent */
	XLINK_SPEAK_MS = 10 * 1000,
	XLINK_IDLE_MS = 10 * 60 * 1000,
};

/* Where the next bytes belong. */
struct xlink_room {
	uint8_t *p;
	size_t n; /* 0: a place for DATA must be given first */
};

struct xlink {
	/* In. */
	uint8_t head[XFER_HEAD];
	uint8_t body[XFER_BODY_MAX];
	struct xfer_head message;
	size_t n; /* bytes of head, body or payload that are there */
	bool in_body;
	uint8_t *place; /* DATA's; the caller's */

	/* Out: words, then at most one payload, then the words that were said behind it.
	 */
	struct buf out;
	size_t before;        /* bytes of out that go before the payload */
	struct bytes payload; /* the caller's; what is left of it */

	int64_t silent_ms; /* how long it may be silent */
	int64_t heard_ms, spoke_ms, moved_ms;
	uint64_t busy_done;           /* of its last BUSY */
	uint64_t our_done, our_total; /* of ours */
};

/* A fresh connection. Allocates nothing. */
void xlink_init(struct xlink *l, int64_t silent_ms, int64_t now_ms);
void xlink_clear(struct xlink *l);

/* Where the next bytes from the other side go, exactly. */
struct xlink_room xlink_room(const struct xlink *l);

/*
 * n bytes, at least 1 and at most the room's, went into the room. RC_OK: a message is
 * there: *m; of DATA it comes twice: first with its size in m->bytes, when xlink_place
 * must follow, and again (m->done == m->bytes) when all of it is in its place. An empty
 * DATA comes once only, as the second. RC_MORE: not yet. RC_BAD, RC_BIG: the other side
 * does not speak the protocol; nothing more can be read. Views in *m live until the next
 * call.
 */
enum rc xlink_commit(
    struct xlink *l, size_t n, int64_t now_ms, struct xfer_message *m) MUST_USE;

/* Where the DATA under way goes; it must outlive it. */
void xlink_place(struct xlink *l, uint8_t *place);

/* Say something. RC_BIG: XLINK_OUTPUT_MAX; RC_MEM. Not for DATA. */
enum rc xlink_say(struct xlink *l, const struct xfer_message *m) MUST_USE;

/*
 * Say DATA of n bytes (1..XFER_DATA_MAX), which stay the caller's until xlink_has_payload
 * is false. RC_BUSY: the last one is not sent yet. RC_MEM.
 */
enum rc xlink_say_data(struct xlink *l, struct bytes data) MUST_USE;
bool xlink_has_payload(const struct xlink *l);

/* The next bytes to be sent; empty: none. Good until the next call. */
struct bytes xlink_output(const struct xlink *l);

/* n of them were sent. */
void xlink_sent(struct xlink *l, size_t n, int64_t now_ms);

/* How far our own work behind BUSY is; total 0: nobody knows. */
void xlink_set_work(struct xlink *l, uint64_t done, uint64_t total);

/* Say BUSY when it is time. Its other side: RC_NONE: gone, RC_BUSY: stalled, else RC_OK.
 */
enum rc xlink_tick(struct xlink *l, int64_t now_ms) MUST_USE;

/* When xlink_tick is due next. */
int64_t xlink_deadline(const struct xlink *l);

#endif
