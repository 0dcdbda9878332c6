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
 *
 * What we say returns RC_OK; RC_BAD when it is not its turn (a defect of the caller, but
 * for sender_offer, _item and _file, which say more); RC_BIG: XLINK_OUTPUT_MAX waits to
 * be sent; RC_MEM. Nothing is said and nothing has changed then.
 */
#ifndef CORE_SENDER_H
#define CORE_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/xbook.h"
#include "core/xlink.h"

enum sender_state {
	SENDER_GREETING, /* until its HELLO */
	SENDER_OFFERING, /* until its ANSWER */
	SENDER_SENDING,
	SENDER_LEAVING, /* our BYE is said */
	SENDER_OVER,    /* its BYE came, or its ANSWER was not yes, or an ERROR was heard
	                   or said, or nonsense heard */
};

enum sender_event_kind {
	SENDER_MORE,   /* nothing to tell */
	SENDER_READY,  /* its HELLO came: offer */
	SENDER_YES,    /* the offer was accepted: tell files */
	SENDER_NO,     /* it was not: answer, words */
	SENDER_TAKE,   /* file is wanted from offset on; offset > 0: if hash is that of
	                  what lies before it; only: else not at all */
	SENDER_SKIP,   /* file is not wanted: answer, words */
	SENDER_STORED, /* file is whole there: answer is XFER_YES; else words */
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
	/* Lives for ever; fits behind "the receiver": "speaks another protocol". */
	const char *why;
};

struct sender {
	struct xlink link; /* run/ asks it for rooms, output and deadlines */
	enum sender_state state;
	struct xbook book; /* private */
	bool may_protest;  /* private: the other side is a liar, and not told so yet */
};

/* Start: our HELLO is in the output. no_hash: -C. RC_MEM: nothing is to be cleared. */
enum rc sender_init(
    struct sender *s, bool no_hash, int64_t silent_ms, int64_t now_ms) MUST_USE;
void sender_clear(struct sender *s);

/*
 * n bytes went into xlink_room(&s->link, an empty place). In SENDER_OVER nothing is told
 * any more but SENDER_BAD, after which nothing more may come.
 */
void sender_commit(
    struct sender *s, size_t n, int64_t now_ms, struct sender_event *event);

/*
 * After SENDER_READY: the offer, then its items, of whose numbers it is the sum. items: 1
 * to XFER_ITEMS_MAX. RC_BIG also: more than XFER_ITEMS_BYTES of names. RC_BAD also: they
 * do not add up.
 */
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

/* Whether the limits let one more file with a path of so many bytes be told now. */
bool sender_may_file(const struct sender *s, size_t path_bytes);

/*
 * Tell a file, in the order of the items. RC_BUSY: sender_may_file says no. RC_BAD: it
 * cannot be sent: leave it out. *why is a text that lives for ever and fits behind its
 * path: the path breaks a rule (xfer_check_path), or the file is not in what was offered
 * any more, since things have changed. why may be NULL.
 */
enum rc sender_file(
    struct sender *s, const struct sender_told *f, const char **why) MUST_USE;

/*
 * The content of the file that is next in order among those taken: from offset on, which
 * is 0 or what TAKE named (with `only` just that). Then sender_data as often as need be,
 * and sender_end with the whole file's size and hash (NULL with no_hash); or sender_fail,
 * at any time from TAKE to sender_end (XFER_DIFFERS: after `only`, instead of
 * sender_begin).
 */
enum rc sender_begin(struct sender *s, uint64_t offset) MUST_USE;

/*
 * 1..XFER_DATA_MAX bytes, which stay the caller's and must not change until
 * xlink_has_payload is false. RC_BUSY: those before are not sent yet. RC_BAD also: more
 * than the file's size.
 */
enum rc sender_data(struct sender *s, struct bytes data) MUST_USE;
enum rc sender_end(struct sender *s, const uint8_t *hash) MUST_USE;
enum rc sender_fail(
    struct sender *s, enum xfer_reason reason, struct bytes words) MUST_USE;

/* Nothing more will be told: all files are answered, and those taken have ended. */
enum rc sender_bye(struct sender *s, uint64_t left) MUST_USE;

/*
 * End the session, at any time: exit code and words for the other side. Once even after
 * SENDER_BAD.
 */
enum rc sender_error(struct sender *s, int code, struct bytes words) MUST_USE;

#endif
