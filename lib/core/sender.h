/* SPDX-License-Identifier: ISC */
/*
 * The sending end of a transfer (codec/xfer) as a state machine. It keeps the order of
 * what is said and checks the order of what is heard; reading files is run/send's. No
 * descriptor, no clock.
 *
 * Order: our HELLO; its HELLO; our OFFER and all ITEMs; its ANSWER; then FILEs as far as
 * sender_may_file lets us, each answered by TAKE in that order. The content of those that
 * were taken follows in the same order: BEGIN, DATA..., END (or FAIL), each END answered
 * by STORED. Our BYE is behind the last END; its BYE is the end.
 */
#ifndef CORE_SENDER_H
#define CORE_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/xlink.h"

enum sender_state {
	SENDER_GREETING, /* until its HELLO */
	SENDER_OFFERING, /* until its ANSWER */
	SENDER_SENDING,
	SENDER_LEAVING, /* our BYE is said */
	SENDER_OVER, /* its BYE came, or its ANSWER was not yes, or ERROR, or nonsense */
};

/* What became of a file that was told: all of them come back once, in any order. */
enum sender_event_kind {
	SENDER_MORE,   /* nothing to tell */
	SENDER_READY,  /* its HELLO came: offer */
	SENDER_YES,    /* the offer was accepted: tell files */
	SENDER_NO,     /* it was not: answer, words */
	SENDER_TAKE,   /* file is wanted from offset on; offset > 0: if hash is that of
	                  what lies before it; only: else not at all */
	SENDER_SKIP,   /* file is not wanted: answer, words */
	SENDER_STORED, /* file is whole there: answer is XFER_YES; else it is not: words
	                */
	SENDER_BUSY,   /* the other side is at work: done of total (0: unknown) */
	SENDER_DONE,   /* its BYE: all is over, and well */
	SENDER_ERROR,  /* it ended the session: code, words */
	SENDER_BAD,    /* it does not keep to the protocol: why */
};

struct sender_event {
	enum sender_event_kind kind;
	uint64_t file; /* its number, from 0 in the order told */
	enum xfer_answer answer;
	uint64_t offset, done, total;
	bool only;
	uint8_t hash[XFER_HASH_SIZE];
	int code;
	struct bytes words; /* raw, foreign; lives until the next call */
	const char *why;    /* lives for ever */
};

struct sender {
	struct xlink link; /* run/ asks it for rooms, output and deadlines */
	enum sender_state state;
	bool no_hash;

	/* Private. */
	uint32_t items_left;
	uint64_t told, answered, begun, ended, stored; /* files, in this order */
	uint64_t offered;                              /* files */
	/* ... the ring of files that are under way, whatever it needs */
	struct sender_file *ring;
	size_t path_bytes;
	bool in_file;
};

/* Start: our HELLO is in the output. RC_MEM. */
enum rc sender_init(
    struct sender *s, bool no_hash, int64_t silent_ms, int64_t now_ms) MUST_USE;
void sender_clear(struct sender *s);

/* n bytes went into xlink_room(&s->link). After SENDER_BAD nothing more may come. */
void sender_commit(
    struct sender *s, size_t n, int64_t now_ms, struct sender_event *event);

/* After SENDER_READY: the offer, then its items; only then it is complete. RC_MEM,
 * RC_BIG. */
enum rc sender_offer(
    struct sender *s, uint32_t items, uint64_t files, uint64_t bytes) MUST_USE;
enum rc sender_item(struct sender *s, bool is_directory, uint64_t files, uint64_t bytes,
    struct bytes name) MUST_USE;

struct sender_told {
	struct bytes path;
	uint64_t size; /* XFER_UNKNOWN */
	uint16_t mode;
	int64_t mtime_s;
	uint32_t mtime_ns;
};

/* Whether one more file with such a path may be told now; the offer's number counts, too.
 */
bool sender_may_file(const struct sender *s, size_t path_bytes);
enum rc sender_file(struct sender *s, const struct sender_told *f) MUST_USE;

/*
 * The content of the file that is next in order among those taken: from offset on, which
 * is 0 or what TAKE named. Then sender_data, and sender_end with the whole file's size
 * and hash (NULL with no_hash); or sender_fail, at any time from TAKE to sender_end.
 * Which file it is says sender_next (RC_NONE: none is taken yet).
 */
enum rc sender_next(const struct sender *s, uint64_t *file) MUST_USE;
enum rc sender_begin(struct sender *s, uint64_t offset) MUST_USE;
enum rc sender_data(struct sender *s, struct bytes data) MUST_USE; /* as xlink_say_data */
enum rc sender_end(struct sender *s, uint64_t size, const uint8_t *hash) MUST_USE;
enum rc sender_fail(
    struct sender *s, enum xfer_reason reason, struct bytes words) MUST_USE;

/* Nothing more will be told. All files that were taken must have ended. */
enum rc sender_bye(struct sender *s) MUST_USE;

/* Whether every file that was told is refused, failed or stored. */
bool sender_is_idle(const struct sender *s);

/* End the session: exit code and words for the other side. */
enum rc sender_error(struct sender *s, int code, struct bytes words) MUST_USE;

#endif
