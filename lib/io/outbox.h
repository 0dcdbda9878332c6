/* SPDX-License-Identifier: ISC */
/*
 * What ugat-send sends: regular files, directories with all that is below them, or a
 * stream. Walked twice, once to count and once to send, so that memory does not grow with
 * the number of files (io/tree); links, devices and empty directories are named, not
 * followed. The operands are the user's own words and may lead through links; what is
 * below a directory may change while we look, and is opened by descriptors only.
 *
 * Everything here may wait for the disk: call it from a worker, one call at a time.
 */
#ifndef IO_OUTBOX_H
#define IO_OUTBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/bytes.h"
#include "base/outcome.h"
#include "codec/xfer.h"
#include "crypto/hash.h"

struct outbox;

struct outbox_item {
	const char *operand; /* as the user wrote it; the caller's */
	char *name;          /* what the other side sees */
	bool is_directory, is_stream;
	uint64_t files, bytes; /* bytes: XFER_UNKNOWN for a stream */
};

/*
 * A thing that is not sent, as printable words: "photos/link: a symbolic link: skipped".
 * code: CODE_NO for what cannot be sent by its nature, CODE_NOINPUT for what cannot be
 * looked at.
 */
typedef void outbox_skip_fn(void *ctx, int code, const char *words);

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
 * The first walk: fills the items. skip is told of all that is left out: links, devices,
 * FIFOs, sockets, empty directories, names that xfer_check_path refuses, directories that
 * cannot be read; it counts in *skipped. stop is looked at all the time; when it becomes
 * true: RC_END. RC_OK; RC_SYS: *end. Whether each file can be read, opening it will tell.
 */
enum rc outbox_count(struct outbox *o, outbox_skip_fn *skip, void *ctx,
    const atomic_bool *stop, uint64_t *skipped, struct outcome *end) MUST_USE;

/* The items stay where they are until outbox_free. */
size_t outbox_items(const struct outbox *o);
const struct outbox_item *outbox_item(const struct outbox *o, size_t i);

/* One file, as the second walk finds it. */
struct outbox_file {
	size_t item;
	char path[XFER_PATH_MAX + 1]; /* the other side's; begins with the item's name */
	uint64_t size;                /* XFER_UNKNOWN for a stream */
	uint16_t mode;                /* 0..0777 */
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint64_t ino, dev; /* what it was, so that another in its place is seen */
};

/*
 * The second walk. RC_OK: *f is the next file. RC_BAD: *f is there, but since the count
 * so much was added that it would go past what was offered: it cannot be sent, go on with
 * the next. RC_END: there is none; fewer than were counted may have come. RC_SYS: *end.
 */
enum rc outbox_next(
    struct outbox *o, struct outbox_file *f, struct outcome *end) MUST_USE;

/* Reading one file; several may be open. */
struct outbox_reader {
	int fd;
	struct outbox_file file;
	uint64_t at;         /* next byte */
	struct hash *sha256; /* of all before at; NULL: not wanted */

	/* Private. */
	struct outbox *o;
	struct timespec changed; /* its ctime at the start */
};

/*
 * f: as outbox_next told it. RC_SYS: it cannot be opened, errno; RC_BAD: it is not what
 * it was at the walk, or became a link. RC_MEM. Only after RC_OK outbox_close is due (and
 * always allowed).
 */
enum rc outbox_open(struct outbox *o, const struct outbox_file *f, bool hashed,
    struct outbox_reader *r) MUST_USE;

/*
 * Hash the first n bytes (*done grows meanwhile, for others to look at): *same tells
 * whether it is hash, and reading goes on behind them; else it begins anew at 0. RC_SYS:
 * errno; RC_BAD: the file has become shorter than n, or is a stream. stop: RC_END.
 * RC_MEM. r must have been opened with hashed.
 */
enum rc outbox_skip(struct outbox_reader *r, uint64_t n,
    const uint8_t hash[static XFER_HASH_SIZE], atomic_uint_least64_t *done,
    const atomic_bool *stop, bool *same) MUST_USE;

/*
 * Read and hash up to cap bytes; of a stream whatever is there, at least 1. RC_OK: *n >
 * 0. RC_MORE: a stream had nothing for OUTBOX_WAIT_MS: look at other things, then call
 * again. RC_END: the file's end, at the size it had. RC_BAD: it has grown, shrunk or
 * changed. RC_SYS: errno. RC_MEM.
 */
enum { OUTBOX_WAIT_MS = 100 };
enum rc outbox_read(struct outbox_reader *r, uint8_t *p, size_t cap, size_t *n) MUST_USE;

/* After RC_END, once: the digest of the whole. */
enum rc outbox_digest(
    struct outbox_reader *r, uint8_t hash[static XFER_HASH_SIZE]) MUST_USE;
void outbox_close(struct outbox_reader *r);

#endif
