/* SPDX-License-Identifier: ISC */
/*
 * The receiving end of a transfer (codec/xfer) as a state machine: checks what is heard
 * against the order that core/sender.h tells, and against the items, counts and sizes
 * that were offered; writing files is run/recv's. No descriptor, no clock. Memory is
 * bounded whatever the sender does (core/xbook).
 *
 * What we say returns RC_OK; RC_BAD when it is not its turn (a defect of the caller);
 * RC_BIG: the sender does not take what is said to it; RC_MEM. Nothing is said and
 * nothing has changed then.
 */
#ifndef CORE_RECEIVER_H
#define CORE_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/xbook.h"
#include "core/xlink.h"

/*
 * Beside what xlink demands, the sender's HELLO comes within xlink_patience, and all
 * items of an offer within that and this for each. What lies between the two may take its
 * time, for there may be a person who is asked; but a sender who has called
 * (receiver_hurry) has only to count, for which it has as long as anything that does not
 * get on.
 */
enum {
	RECEIVER_ITEM_MS = 300, /* at 1 KiB/s the longest takes 270 ms */
	RECEIVER_COUNT_MS = XLINK_IDLE_MS,
};

enum receiver_state {
	RECEIVER_GREETING,  /* until its HELLO */
	RECEIVER_LISTENING, /* until the offer with all its items */
	RECEIVER_DECIDING,  /* until receiver_answer */
	RECEIVER_RECEIVING,
	RECEIVER_LEAVING, /* its BYE came; some files are not stored yet */
	RECEIVER_OVER,    /* our BYE or a refusal is said, or an ERROR was heard or said,
	                     or nonsense heard */
};

enum receiver_event_kind {
	RECEIVER_MORE,   /* nothing to tell */
	RECEIVER_READY,  /* its HELLO came: no_hash */
	RECEIVER_OFFER,  /* items, files, bytes */
	RECEIVER_ITEM,   /* one of the items: is_directory, files, bytes, text */
	RECEIVER_DECIDE, /* the last of them: the same; and call receiver_answer */
	RECEIVER_FILE,   /* file, text, bytes (XFER_UNKNOWN), mode, mtime: call
	                    receiver_take or receiver_skip, in order */
	RECEIVER_BEGIN,  /* file's content follows from offset on: 0, or what was named */
	RECEIVER_DATA,   /* the next bytes of content, so many, are in their place */
	RECEIVER_END,    /* file is over: bytes, hash (unless no_hash): store it, then
	                    call receiver_stored, in order */
	RECEIVER_FAIL,   /* the sender gave file up: reason, text */
	RECEIVER_BUSY,   /* the other side is at work: done of total (0: unknown) */
	RECEIVER_BYE, /* nothing more will come; files: how many were told; left: what the
	                 sender could not offer */
	RECEIVER_ERROR, /* it ended the session: code, text */
	RECEIVER_BAD,   /* it does not keep to the protocol, or to what it said: why */
};

struct receiver_event {
	enum receiver_event_kind kind;
	uint64_t file; /* its number, from 0 in the order told */
	uint32_t items;
	uint64_t files, bytes, offset, done, total, left;
	uint16_t mode;
	int64_t mtime_s;
	uint32_t mtime_ns;
	bool is_directory, no_hash;
	uint8_t hash[XFER_HASH_SIZE];
	enum xfer_reason reason;
	int code;
	/*
	 * Words (raw), or a path or name that xfer_check_path has let pass; lives until
	 * the next call.
	 */
	struct bytes text;
	/* Lives for ever; fits behind "the sender": "sends more than it said". */
	const char *why;
	/* Behind that, when it speaks of a path: "has a component .."; else NULL. */
	const char *path_why;
};

struct receiver {
	struct xlink link; /* run/ asks it for rooms, output and deadlines */
	enum receiver_state state;
	struct xbook book; /* private */
	bool may_protest;  /* private: the other side is a liar, and not told so yet */
	bool holds;        /* private: receiver_hold */
	bool hurries;      /* private: receiver_hurry */
};

/* Start: our HELLO is in the output. RC_MEM: nothing is to be cleared. */
enum rc receiver_init(struct receiver *r, int64_t silent_ms, int64_t now_ms) MUST_USE;
void receiver_clear(struct receiver *r);

/* Before anything is heard: the sender has called. */
void receiver_hurry(struct receiver *r);

/*
 * n bytes went into xlink_room(&r->link, place). RECEIVER_DATA says that e->bytes (n) of
 * them, at the place's beginning, are content: give the place behind them next time, or
 * another one. In RECEIVER_OVER nothing is told any more but RECEIVER_BAD, after which
 * nothing more may come.
 */
void receiver_commit(
    struct receiver *r, size_t n, int64_t now_ms, struct receiver_event *event);

/* To the offer. Anything but XFER_YES ends the session. */
enum rc receiver_answer(
    struct receiver *r, enum xfer_answer answer, struct bytes words) MUST_USE;

struct receiver_take {
	uint64_t offset; /* what is here already, at most its size; 0: nothing */
	/* SHA-256 of it, XFER_HASH_SIZE bytes; NULL when offset is 0. */
	const uint8_t *hash;
	/* The sender shall fail rather than send it from another offset. */
	bool only;
};

/* To the file that is next in order. With no_hash, or of a stream, offset is 0. */
enum rc receiver_take(struct receiver *r, const struct receiver_take *take) MUST_USE;
enum rc receiver_skip(
    struct receiver *r, enum xfer_answer answer, struct bytes words) MUST_USE;

/*
 * To the file that is next in order among those that ended. When the last file of a
 * sender that said BYE is dealt with, our BYE goes out by itself and the state is
 * RECEIVER_OVER; after receiver_hold only with receiver_release.
 */
enum rc receiver_stored(
    struct receiver *r, enum xfer_answer answer, struct bytes words) MUST_USE;
void receiver_hold(struct receiver *r);
enum rc receiver_release(struct receiver *r) MUST_USE;

/*
 * End the session, at any time: exit code and words for the other side. Once even after
 * RECEIVER_BAD.
 */
enum rc receiver_error(struct receiver *r, int code, struct bytes words) MUST_USE;

#endif
