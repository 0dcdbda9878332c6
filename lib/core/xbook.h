/* SPDX-License-Identifier: ISC */
/*
 * What was offered and which files are under way in a transfer (codec/xfer): the same
 * book is kept on both sides, so what one may not say is what the other may not hear.
 * core/sender and core/receiver write it; the words and the bytes are theirs.
 *
 * Every function that writes returns NULL, or why that may not be, in words that live for
 * ever and fit behind "the sender" ("sends more than it said"); then nothing has changed.
 *
 * Memory: XFER_AHEAD_MAX files, and XFER_ITEMS_MAX items with XFER_ITEMS_BYTES of names.
 */
#ifndef CORE_XBOOK_H
#define CORE_XBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "codec/xfer.h"

/* A file under way: told, and not yet dropped at the front. */
struct xbook_file;

struct xbook_item {
	bool is_directory;
	uint64_t files, bytes;
	struct bytes name;
};

struct xbook {
	/* The offer. */
	bool no_hash, offered;
	uint32_t items; /* that are still to come */
	/* Of the offer; while items come, what they have not said. */
	uint64_t files, bytes;
	bool endless;        /* one of the items is a stream */
	struct buf names;    /* the items from the current one on, packed */
	size_t name_bytes;   /* of all of them, one added to each */
	uint64_t left, room; /* files and bytes of the current one that may come */

	/*
	 * Files by number, from 0 in the order told. All below first are settled; the
	 * next to be answered, begun, stored are those numbers, if they are below told.
	 */
	struct xbook_file *ring;
	uint64_t first, answered, begun, stored, told;
	size_t path_bytes; /* of those from first on, one added to each */
	bool open;         /* the content of file `begun` is under way */
	uint64_t at;       /* its next byte */
};

/* An empty book. RC_MEM. */
enum rc xbook_init(struct xbook *b) MUST_USE;
void xbook_clear(struct xbook *b);

/* The offer, then its items; b->offered tells when it is complete. */
const char *xbook_offer(
    struct xbook *b, uint32_t items, uint64_t files, uint64_t bytes) MUST_USE;
const char *xbook_item(struct xbook *b, const struct xbook_item *item) MUST_USE;

/* Whether the limits allow one more item with a name of so many bytes. */
bool xbook_has_names(const struct xbook *b, size_t name_bytes);

/* Whether the limits allow one more file with a path of so many bytes. */
bool xbook_has_room(const struct xbook *b, size_t path_bytes);

/* A file is told: its number is b->told - 1 then. */
const char *xbook_tell(struct xbook *b, struct bytes path, uint64_t size) MUST_USE;

/*
 * The next file that is not answered is refused; or wanted, with what lies before offset.
 */
const char *xbook_skip(struct xbook *b) MUST_USE;
const char *xbook_take(struct xbook *b, uint64_t offset, bool only) MUST_USE;

/* The next file to be begun is known: b->begun, which was taken. */
bool xbook_has_next(const struct xbook *b);

/* Its content: from offset on; n bytes more; all of it; or not. */
const char *xbook_begin(struct xbook *b, uint64_t offset) MUST_USE;
const char *xbook_data(struct xbook *b, size_t n) MUST_USE;
const char *xbook_why_not_data(const struct xbook *b, size_t n) MUST_USE; /* only asks */
const char *xbook_end(struct xbook *b, uint64_t size) MUST_USE;
const char *xbook_fail(struct xbook *b, enum xfer_reason reason) MUST_USE;

/* STORED to the next file that ended: *file is its number. */
const char *xbook_store(struct xbook *b, uint64_t *file) MUST_USE;

/* The sender's BYE: that many files were told and none of them waits for its content. */
const char *xbook_bye(const struct xbook *b, uint64_t files) MUST_USE;

/* Whether content of unknown size is under way. */
bool xbook_is_streaming(const struct xbook *b);

/* Whether nothing is under way. */
bool xbook_is_idle(const struct xbook *b);

#endif
