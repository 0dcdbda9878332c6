/* SPDX-License-Identifier: ISC */
/*
 * What ugat-send sends: regular files, directories with all that is below them, or a
 * stream. Walked twice, once to count and once to send, so that memory does not grow with
 * the number of files; links, devices and empty directories are named, not followed.
 * Everything here may wait for the disk: call it from a worker.
 */
#ifndef IO_OUTBOX_H
#define IO_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/outcome.h"
#include "codec/xfer.h"
#include "crypto/hash.h"

struct outbox;

struct outbox_item {
	const char *operand;          /* as the user wrote it */
	char name[XFER_NAME_MAX + 1]; /* what the other side sees */
	bool is_directory, is_stream;
	uint64_t files, bytes; /* bytes: XFER_UNKNOWN for a stream */
};

/* A thing that is not sent, for words: "photos/link: a symbolic link: skipped". */
typedef void outbox_skip_fn(void *ctx, const char *words);

/*
 * Open the n operands (n >= 1; "-": standard input, which is fd in). name: -n, or NULL;
 * with several operands or none for "-" *end says so (CODE_USAGE). Names are the
 * operands' last components (of "." and "..", the directory's own name); two alike:
 * CODE_USAGE. An operand that is not there or cannot be read: CODE_NOINPUT; one that is
 * a link is followed (it was named), one that is a device or FIFO: CODE_NOINPUT with
 * "send it through a pipe: - < FILE". NULL then.
 */
struct outbox *outbox_new(
    char *const *operands, size_t n, const char *name, int in, struct outcome *end);
void outbox_free(struct outbox *o);

/*
 * The first walk: fills the items. skip is told of all that is left out, which counts in
 * *skipped. stop: looked at between files; when it becomes true: RC_END. RC_OK; RC_SYS:
 * *end.
 */
enum rc outbox_count(struct outbox *o, outbox_skip_fn *skip, void *ctx,
    const volatile bool *stop, uint64_t *skipped, struct outcome *end) MUST_USE;

size_t outbox_items(const struct outbox *o);
const struct outbox_item *outbox_item(const struct outbox *o, size_t i);

/* One file, as the second walk finds it. */
struct outbox_file {
	size_t item;
	char
	    path[XFER_PATH_MAX + 1]; /* for the other side; begins with the item's name */
	uint64_t size;               /* XFER_UNKNOWN for a stream */
	uint16_t mode;
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint64_t ino, dev; /* what it was, so that another in its place is seen */
};

/* The second walk. RC_OK: *f is the next file; RC_END: there is none. RC_SYS: *end. */
enum rc outbox_next(
    struct outbox *o, struct outbox_file *f, struct outcome *end) MUST_USE;

/*
 * Reading one file. RC_SYS: it cannot be opened (errno) or RC_BAD: it is not what it was
 * at the walk.
 */
struct outbox_reader {
	int fd;
	struct outbox_file file;
	uint64_t at;         /* next byte */
	struct hash *sha256; /* of all before at; NULL: not wanted */
};
enum rc outbox_open(struct outbox *o, const struct outbox_file *f, bool hashed,
    struct outbox_reader *r) MUST_USE;

/*
 * Hash the first n bytes (*done grows meanwhile, for others to look at): *same tells
 * whether it is hash, and reading goes on behind them; else it begins anew at 0. RC_SYS:
 * errno; RC_BAD: the file has become shorter than n. stop as in outbox_count.
 */
enum rc outbox_skip(struct outbox_reader *r, uint64_t n,
    const uint8_t hash[static XFER_HASH_SIZE], volatile uint64_t *done,
    const volatile bool *stop, bool *same) MUST_USE;

/*
 * Read and hash up to cap bytes; of a stream whatever is there, at least 1. RC_OK: *n >
 * 0. RC_END: the file's end, at the size it had. RC_BAD: it has grown, shrunk or changed.
 * RC_SYS: errno.
 */
enum rc outbox_read(struct outbox_reader *r, uint8_t *p, size_t cap, size_t *n) MUST_USE;

/* After RC_END: the digest of the whole. */
enum rc outbox_digest(
    struct outbox_reader *r, uint8_t hash[static XFER_HASH_SIZE]) MUST_USE;
void outbox_close(struct outbox_reader *r);

#endif
