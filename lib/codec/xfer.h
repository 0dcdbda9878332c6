/* SPDX-License-Identifier: ISC */
/*
 * The messages of ugat/1, the protocol between ugat-send and ugat-recv (it has no other
 * specification than this header; ugat-send(1) tells its story). They travel inside
 * mutual TLS 1.3 with the ALPN name XFER_ALPN. Bytes to structs and back; their order is
 * core/sender's and core/receiver's.
 *
 * A message is its kind (1 byte), the size of its body (3 bytes) and the body; numbers
 * are big-endian. Bytes behind the fields named here are skipped, so that a later version
 * may add some; "words" and "path" reach to the end of the body. Kinds that are not
 * listed are an error.
 *
 *  1 HELLO   both, first  role 1 (1 sender, 2 receiver), flags 1
 *  2 OFFER   sender       items 4, files 8, bytes 8: what it wants to send in all
 *  3 ITEM    sender       kind 1 (1 file, 2 directory), files 8, bytes 8, path: one for
 *                         each of the offer's items
 *  4 ANSWER  receiver     answer 1, words: to the offer with all its items
 *  5 FILE    sender       size 8, mode 2, mtime 8, nanoseconds 4, path
 *  6 TAKE    receiver     answer 1, flags 1, offset 8, SHA-256 32 (of what lies before
 *                         offset; zeros for 0), words: to each FILE, in their order
 *  7 BEGIN   sender       offset 8: the content of the next file that is taken follows
 *                         from there on: 0, or what TAKE named
 *  8 DATA    sender       bytes, 1..XFER_DATA_MAX
 *  9 END     sender       size 8, SHA-256 32: of the whole file; zeros with -C
 * 10 FAIL    sender       reason 1, words: instead of BEGIN, or of END
 * 11 STORED  receiver     answer 1, words: to each END, in their order
 * 12 BUSY    both         done 8, total 8 (0: unknown): still at work, at any time
 * 13 BYE     both         files 8: the sender: so many FILEs were sent; the receiver: the
 *                         same number, once all of them are stored, refused or failed.
 *                         left 8: the sender's, and only if not 0: so many things it
 *                         could not offer (links, devices, empty directories)
 * 14 ERROR   both         exit code 1, words: the end, at any time, even before HELLO
 *
 * FILEs come in the order of the offer's items, and no more of them nor of their bytes
 * than each item said: an item that is a file is one FILE of its very name, one that is a
 * directory has FILEs below it. A FILE of unknown size is an item that is a file, of as
 * many bytes; in an offer with such an item bytes are unknown, too.
 */
#ifndef CODEC_XFER_H
#define CODEC_XFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

#define XFER_ALPN "ugat/1"
#define XFER_UNKNOWN UINT64_MAX             /* a size that nobody knows yet: a stream */
#define XFER_NUMBER_MAX (UINT64_C(1) << 60) /* of files, bytes and offsets */

enum {
	XFER_PORT = 65432,
	XFER_HEAD = 4,              /* bytes of kind and size */
	XFER_BODY_MAX = 8 * 1024,   /* of every message but DATA */
	XFER_DATA_MAX = 256 * 1024, /* of DATA */
	XFER_PATH_MAX = 4095,
	XFER_NAME_MAX = 255, /* bytes of one component of a path */
	XFER_WORDS_MAX = 512,
	XFER_ITEMS_MAX = 65536,
	XFER_HASH_SIZE = 32,
	XFER_ITEMS_BYTES = 2 << 20, /* of the names of all items, one added to each */
	/*
	 * FILEs from the first one on that is neither refused nor failed nor answered by
	 * STORED.
	 */
	XFER_AHEAD_MAX = 1024,
	XFER_AHEAD_BYTES = 256 * 1024, /* and of their paths, one added to each */
};

enum xfer_kind {
	XFER_HELLO = 1,
	XFER_OFFER,
	XFER_ITEM,
	XFER_ANSWER,
	XFER_FILE,
	XFER_TAKE,
	XFER_BEGIN,
	XFER_DATA,
	XFER_END,
	XFER_FAIL,
	XFER_STORED,
	XFER_BUSY,
	XFER_BYE,
	XFER_ERROR,
};

enum xfer_role { XFER_SENDER = 1, XFER_RECEIVER = 2 };

enum xfer_answer {
	XFER_YES = 0,
	XFER_NO = 1,      /* a person, or the names that were asked for, say no */
	XFER_EXISTS = 2,  /* another file has that name there */
	XFER_CANNOT = 3,  /* the disk or the system says no: words */
	XFER_DAMAGED = 4, /* STORED: the SHA-256 differs */
};

enum xfer_reason {
	XFER_CHANGED = 1, /* it grew, shrank or changed while it was sent */
	XFER_UNREADABLE = 2,
	XFER_DIFFERS = 3, /* TAKE's flag `only`: the beginning there is not ours */
};

/* Flags; bits that are not listed are skipped. */
enum {
	XFER_HELLO_NO_HASH = 1, /* the sender's HELLO: -C; no END has a hash, no TAKE an
	                           offset */
	XFER_TAKE_ONLY = 1,     /* TAKE: FAIL rather than send from another offset */
};

struct xfer_head {
	enum xfer_kind kind;
	uint32_t size; /* bytes of the body */
};

/* Every message's fields; those that a kind does not have are 0. */
struct xfer_message {
	enum xfer_kind kind;
	enum xfer_role role;
	uint8_t flags;
	uint8_t code; /* answer, reason, exit code or kind of item (below) */
	uint32_t items;
	uint64_t files;
	uint64_t bytes; /* of an offer, an item or a DATA; size; XFER_UNKNOWN */
	uint64_t offset, done, total, left;
	uint16_t mode; /* 0..0777 */
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint8_t hash[XFER_HASH_SIZE];
	struct bytes text; /* words or path, raw; lives as long as the body */
	/* Set when a path is why the answer is RC_BAD: xfer_check_path's words. */
	const char *path_why;
};

enum { XFER_ITEM_FILE = 1, XFER_ITEM_DIRECTORY = 2 };

/*
 * Decode the first XFER_HEAD bytes of a message. RC_BAD: no such kind, or less than that
 * kind must have. RC_BIG: more than it may have. *out is then untouched.
 */
enum rc xfer_get_head(const uint8_t in[static XFER_HEAD], struct xfer_head *out) MUST_USE;

/*
 * Decode a whole body of head.size bytes, of a kind other than DATA. RC_BAD: too short,
 * or a value outside of those listed above: an unknown role, answer, reason or kind of
 * item, XFER_DAMAGED anywhere but in STORED, no items or more than XFER_ITEMS_MAX, an
 * item that is a file and not one file, a number over XFER_NUMBER_MAX that is not
 * XFER_UNKNOWN where that is allowed, a mode over 0777, 10^9 nanoseconds and more, a path
 * that xfer_check_path refuses, an exit code of 0, words over XFER_WORDS_MAX, a BUSY that
 * has done more than its total. Of *out nothing but path_why is
 * then touched, when that is why.
 */
enum rc xfer_get(
    struct xfer_head head, struct bytes body, struct xfer_message *out) MUST_USE;

/*
 * Write head and body of a message (of DATA the head alone: m->bytes is its size) to out,
 * of XFER_HEAD + XFER_BODY_MAX bytes. Returns the number of bytes. Words are cut to
 * XFER_WORDS_MAX, not within a character. The caller sees to it that xfer_get would take
 * it.
 */
size_t xfer_put(
    const struct xfer_message *m, uint8_t out[static XFER_HEAD + XFER_BODY_MAX]);

/*
 * The rule for every path of FILE and ITEM: relative, at most XFER_PATH_MAX bytes, each
 * component 1..XFER_NAME_MAX bytes, none "." or "..", none that begins with ".ugat", no
 * NUL and no control (text_is_control; but the two joiners U+200C and U+200D, without
 * which some languages cannot be written, are allowed); bytes that are not UTF-8 are
 * allowed. An ITEM's is one component, too, but that is xfer_get's. RC_BAD: *why is a
 * text that lives for ever and fits behind the path ("has a component .."); why may be
 * NULL.
 */
enum rc xfer_check_path(struct bytes path, const char **why) MUST_USE;

#endif
