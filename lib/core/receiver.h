/* SPDX-License-Identifier: ISC */
/*
 * The receiving end of a transfer (codec/xfer) as a state machine: checks what is heard
 * against the order that core/sender.h tells, the counts and the sizes that were offered;
 * writing files is run/recv's. No descriptor, no clock. Memory is bounded whatever the
 * sender does: XFER_AHEAD_MAX files and XFER_AHEAD_BYTES of paths.
 */
#ifndef CORE_RECEIVER_H
#define CORE_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/xlink.h"

enum receiver_state {
	RECEIVER_GREETING,  /* until its HELLO */
	RECEIVER_LISTENING, /* until the offer with all its items */
	RECEIVER_DECIDING,  /* until receiver_answer */
	RECEIVER_RECEIVING,
	RECEIVER_LEAVING, /* its BYE came; some files are not stored yet */
	RECEIVER_OVER,
};

enum receiver_event_kind {
	RECEIVER_MORE,   /* nothing to tell */
	RECEIVER_READY,  /* its HELLO came: no_hash */
	RECEIVER_OFFER,  /* items, files, bytes */
	RECEIVER_ITEM,   /* one of the items: is_directory, files, bytes, path */
	RECEIVER_DECIDE, /* all items are there: call receiver_answer */
	RECEIVER_FILE,   /* file, path, bytes (XFER_UNKNOWN), mode, mtime: call
	                    receiver_take   or receiver_skip, in order */
	RECEIVER_BEGIN,  /* file's content follows from offset on: 0, or what was named */
	RECEIVER_ROOM,   /* bytes of content want a place: call receiver_place next */
	RECEIVER_DATA,   /* these bytes are in their place */
	RECEIVER_END,    /* file is over: bytes, hash (has_hash): store it, then call
	                    receiver_stored, in order */
	RECEIVER_FAIL,   /* the sender gave file up: reason, words */
	RECEIVER_BUSY,   /* the other side is at work: done of total (0: unknown) */
	RECEIVER_BYE,    /* nothing more will come; files: how many were told */
	RECEIVER_ERROR,  /* it ended the session: code, words */
	RECEIVER_BAD,    /* it does not keep to the protocol, or to what it said: why */
};

struct receiver_event {
	enum receiver_event_kind kind;
	uint64_t file; /* its number, from 0 in the order told */
	uint32_t items;
	uint64_t files, bytes, offset, done, total;
	uint16_t mode;
	int64_t mtime_s;
	uint32_t mtime_ns;
	bool is_directory, no_hash, has_hash;
	uint8_t hash[XFER_HASH_SIZE];
	enum xfer_reason reason;
	int code;
	struct bytes
	    text; /* words or path, checked by xfer_check_path; until the next call */
	const char
	    *why; /* lives for ever; may follow "the sender": "sent more than it said" */
};

struct receiver {
	struct xlink link;
	enum receiver_state state;
	bool no_hash;
	/* Private: the ring of files under way and whatever else it needs. */
	uint32_t items_left;
	uint64_t files_left, bytes_left; /* of the offer; bytes: XFER_UNKNOWN */
	uint64_t told, answered, begun, ended, stored;
	struct receiver_file *ring;
	size_t path_bytes;
	uint64_t at; /* where in the content of the file under way */
	bool in_file;
};

/* Start: our HELLO is in the output. RC_MEM. */
enum rc receiver_init(struct receiver *r, int64_t silent_ms, int64_t now_ms) MUST_USE;
void receiver_clear(struct receiver *r);

/* n bytes went into xlink_room(&r->link). After RECEIVER_BAD nothing more may come. */
void receiver_commit(
    struct receiver *r, size_t n, int64_t now_ms, struct receiver_event *event);

/* Where the content under way goes: as many bytes as RECEIVER_ROOM said. */
void receiver_place(struct receiver *r, uint8_t *place);

/* To the offer. Anything but XFER_YES ends the session. */
enum rc receiver_answer(
    struct receiver *r, enum xfer_answer answer, struct bytes words) MUST_USE;

struct receiver_take {
	uint64_t offset; /* what is here already; 0: nothing */
	const uint8_t
	    *hash; /* its SHA-256, XFER_HASH_SIZE bytes; NULL when offset is 0 */
	bool only; /* the sender shall fail rather than send it from the start */
};

/* To the file that is next in order. */
enum rc receiver_take(struct receiver *r, const struct receiver_take *take) MUST_USE;
enum rc receiver_skip(
    struct receiver *r, enum xfer_answer answer, struct bytes words) MUST_USE;

/*
 * To the file that is next in order among those that ended. When the last file of a
 * sender that said BYE is dealt with, our BYE goes out by itself and the state is
 * RECEIVER_OVER.
 */
enum rc receiver_stored(
    struct receiver *r, enum xfer_answer answer, struct bytes words) MUST_USE;

/* End the session: exit code and words for the other side. */
enum rc receiver_error(struct receiver *r, int code, struct bytes words) MUST_USE;

#endif
