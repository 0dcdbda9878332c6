/* SPDX-License-Identifier: ISC */
/*
 * What both ends of a transfer (ugat/1, codec/xfer) share: messages out of bytes and
 * into bytes, and how long the other side may be silent. No descriptor, no clock. Its
 * user is core/sender or core/receiver; run/ drives it through them, but for the
 * functions that they name: xlink_room, xlink_output, xlink_sent, xlink_set_work,
 * xlink_set_deaf, xlink_set_limit, xlink_tick, xlink_deadline.
 *
 * Content is not copied and has no messages for run/: it is a stream that comes in
 * stretches of any length, straight into the caller's place.
 *
 * Silence: who has said nothing for XLINK_SPEAK_MS says BUSY. A side that was not heard
 * for silent_ms is gone. One that owes us something, or does not take what we say, and
 * for XLINK_IDLE_MS says nothing but BUSY with the same `done`, is stalled: content that
 * drips is nothing. Who takes longer than xlink_patience for one message, or comes to the
 * limit that was set for it (xlink_set_limit), speaks too slowly.
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
	XLINK_SPEAK_MS = 1000,
	XLINK_SILENT_MIN_MS = 5 * 1000,
	XLINK_IDLE_MS = 10 * 60 * 1000,
	XLINK_IDLE_LEAST = 4096,   /* bytes of content that are something */
	XLINK_SLOW_MS = 30 * 1000, /* at 1 KiB/s the longest message takes 8 s */
};

#define XLINK_NEVER INT64_MAX

/* Where the next bytes belong. */
struct xlink_room {
	uint8_t *p;
	size_t n;
};

struct xlink {
	/* In. */
	uint8_t head[XFER_HEAD];
	uint8_t body[XFER_BODY_MAX];
	struct xfer_head message;
	size_t n; /* bytes of head, body or content that are there */
	bool in_body;

	/* Out: words, then at most one payload, then words that were said behind it. */
	struct buf out;
	size_t before;        /* bytes of out that go before the payload */
	struct bytes payload; /* the caller's; what is left of it */

	int64_t silent_ms; /* how long it may be silent */
	int64_t heard_ms, spoke_ms, moved_ms;
	int64_t began_ms;               /* when the message under way did */
	int64_t limit_ms;               /* XLINK_NEVER */
	size_t dripped_in, dripped_out; /* bytes of content since moved_ms */
	bool deaf, owes;
	uint64_t busy_done;           /* of its last BUSY */
	uint64_t our_done, our_total; /* of ours */
};

/*
 * A fresh connection. Allocates nothing. silent_ms is raised to XLINK_SILENT_MIN_MS: the
 * other side does not speak more often.
 */
void xlink_init(struct xlink *l, int64_t silent_ms, int64_t now_ms);
void xlink_clear(struct xlink *l);

/*
 * Where the next bytes from the other side go, exactly. place: where content may be put,
 * as much of it as is free; if content is next, the answer is its beginning, otherwise
 * room of our own. n is 0 only when content is next and place.n is 0: read nothing, and
 * say so (xlink_set_deaf).
 */
struct xlink_room xlink_room(struct xlink *l, struct xlink_room place);

/*
 * n bytes, at least 1 and at most the room's, went into the room. RC_OK: *m is a whole
 * message, or a stretch of content: m->kind is XFER_DATA and its last m->bytes (n) bytes
 * are in their place. RC_MORE: not yet. RC_BAD, RC_BIG: the other side does not speak the
 * protocol; nothing more can be read. Views in *m live until the next call.
 */
enum rc xlink_commit(
    struct xlink *l, size_t n, int64_t now_ms, struct xfer_message *m) MUST_USE;

/* How many bytes of the DATA under way are still to come; 0: none is. */
size_t xlink_data_left(const struct xlink *l);

/*
 * Say something other than DATA. RC_BIG: XLINK_OUTPUT_MAX bytes wait to be sent already
 * (the last words, BYE and ERROR, find room even then); RC_MEM. Nothing has changed then.
 */
enum rc xlink_say(struct xlink *l, const struct xfer_message *m) MUST_USE;

/* Whether xlink_say of any one message, or of DATA, would be RC_OK now. */
enum rc xlink_may_say(struct xlink *l) MUST_USE;

/*
 * Say DATA of n bytes (1..XFER_DATA_MAX), which stay the caller's and must not change
 * until xlink_has_payload is false. RC_BUSY: the last one is not sent yet. RC_BIG,
 * RC_MEM.
 */
enum rc xlink_say_data(struct xlink *l, struct bytes data) MUST_USE;
bool xlink_has_payload(const struct xlink *l);

/* The next bytes to be sent; empty: none. Good until the next call. */
struct bytes xlink_output(const struct xlink *l);

/* n of them were sent. */
void xlink_sent(struct xlink *l, size_t n, int64_t now_ms);

/* How far our own work is, for the next BUSY; total 0 or XFER_UNKNOWN: nobody knows. */
void xlink_set_work(struct xlink *l, uint64_t done, uint64_t total);

/*
 * Whether we do not read what the other side says (no buffer is free, a rate is kept):
 * its silence is then ours and does not count.
 */
void xlink_set_deaf(struct xlink *l, bool deaf, int64_t now_ms);

/*
 * Whether something is due from the other side, so that it may stall (at first: yes).
 * core/sender and core/receiver know.
 */
void xlink_set_owes(struct xlink *l, bool owes);

/* How long one message may take: XLINK_SLOW_MS, but never less than it may be silent. */
int64_t xlink_patience(const struct xlink *l);

/*
 * Until when something has to be heard that only the caller knows; XLINK_NEVER (as at
 * first): it may take its time.
 */
void xlink_set_limit(struct xlink *l, int64_t limit_ms);

/*
 * Say BUSY when it is time: look for output afterwards. The other side: RC_NONE: gone,
 * RC_BUSY: stalled, RC_BAD: speaks too slowly, else RC_OK.
 */
enum rc xlink_tick(struct xlink *l, int64_t now_ms) MUST_USE;

/* When xlink_tick is due next; XLINK_NEVER. Changes with every call above. */
int64_t xlink_deadline(const struct xlink *l);

#endif
