/* SPDX-License-Identifier: ISC */
/*
 * Where ugat-recv puts what comes: below one directory, whatever paths the other side
 * sends and whatever others do in there meanwhile (io/beneath). A file grows as
 * DIRECTORY-OF-ITS-PATH/.ugat-part-<16 hex of SHA-256(user NUL path NUL size)>, locked
 * and with mode 0600; when it is whole and its hash is right it gets its mode and time
 * and is renamed, never over another file unless it is told to replace. The part stays on
 * every error, so that the same transfer goes on later. Nothing is synced file by file:
 * what a power loss leaves of a part is found by its hash.
 *
 * Everything here may wait for the disk: call it from a worker.
 */
#ifndef IO_INBOX_H
#define IO_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "codec/xfer.h"
#include "crypto/hash.h"
#include "io/beneath.h"

enum { INBOX_PART_NAME = 32 };

struct inbox;

/*
 * dir: opened, not made. user: who sends, as it goes into the parts' names. NULL: errno.
 */
struct inbox *inbox_new(const char *dir, const char *user);

/*
 * For one file that goes to file, whatever path it is told with: as inbox_new for the
 * directory that file is in. If file is there and neither regular nor a directory (a
 * FIFO, /dev/null), then as inbox_new_stream. NULL: errno.
 */
struct inbox *inbox_new_output(
    const char *file, const char *user, const atomic_bool *stop);

/*
 * For one file that goes to fd (the caller's) in order, as it comes. A reader that takes
 * nothing lets inbox_write wait until *stop is true. SIGPIPE must be ignored. NULL:
 * errno.
 */
struct inbox *inbox_new_stream(int fd, const atomic_bool *stop);

/* Whether it was made by inbox_new_stream, or inbox_new_output found a device. */
bool inbox_is_stream(const struct inbox *in);

/*
 * From now on a regular file that has the name of a new one gives way to it, in the
 * moment in which that is whole and gets its name; nothing else does.
 */
void inbox_set_replace(struct inbox *in);

/* Whether the stream, or what inbox_new_output found, is a device. */
bool inbox_is_device(const struct inbox *in);

/* All of its files must be closed. NULL is allowed. */
void inbox_free(struct inbox *in);

/* Zeros, then what the other side says, then inbox_look. */
struct inbox_file {
	/*
	 * What the other side says of it. path: checked by xfer_check_path; where it
	 * really goes, once it was looked at or stored.
	 */
	char path[XFER_PATH_MAX + 1];
	uint64_t size; /* XFER_UNKNOWN */
	uint16_t mode;
	int64_t mtime_s;
	uint32_t mtime_ns;
	bool hashed; /* a hash will come (no -C) */

	/* To be looked at. */
	char part[INBOX_PART_NAME]; /* the name of its part, beside it */
	uint64_t at;                /* next byte */

	/* Private. */
	struct inbox *in;
	char *told; /* path, when another one was chosen */
	int fd;
	struct hash *sha256; /* of all before at */
	struct stat was;     /* of what was hashed */
	enum inbox_phase {
		INBOX_CLOSED,
		INBOX_LOOKED,
		INBOX_HASHED,
		INBOX_WRITING,
		INBOX_SAME, /* what is there already is what was sent */
	} phase;
	bool is_whole, is_damaged;
};

enum inbox_found {
	INBOX_NOTHING, /* it comes from the start */
	INBOX_PART,    /* *held bytes of it are there, in its part */
	INBOX_WHOLE,   /* a file of that name and size is there: the same? */
	INBOX_OTHER,   /* something else has that name */
	INBOX_LOCKED,  /* another receiver is at work on it */
};

/*
 * Look what is there. Without f->hashed nothing is resumed: a part is INBOX_NOTHING, any
 * file of that name INBOX_OTHER; the same with an unknown size. rename: never
 * INBOX_OTHER: f->path becomes the first of "report~2.pdf", "~3" ... that is free, or is
 * INBOX_WHOLE. A part is looked for first with rename, and last without.
 *
 * RC_OK. RC_SYS: errno, with ELOOP where a symbolic link is in the way. RC_BAD: what has
 * the part's name is a link, not a file, or another user's: it is not touched. RC_MEM.
 * After each of them inbox_close is due. No descriptor stays open until inbox_hash or
 * inbox_begin, so any number of files may have been looked at.
 */
enum rc inbox_look(struct inbox *in, struct inbox_file *f, bool rename,
    enum inbox_found *found, uint64_t *held) MUST_USE;

/*
 * Hash the first n bytes (at most *held; of INBOX_WHOLE all) of what was found, into
 * hash; *done grows meanwhile and *stop ends it (RC_END). RC_SYS; RC_BAD: it has become
 * shorter or is another one now; RC_BUSY: another receiver is at work on it; RC_MEM.
 * Nothing stays open or locked.
 */
enum rc inbox_hash(struct inbox_file *f, uint64_t n, atomic_uint_least64_t *done,
    const atomic_bool *stop, uint8_t hash[static XFER_HASH_SIZE]) MUST_USE;

/*
 * The content comes from offset on: 0 (what there is of a part is thrown away), or the
 * number of bytes hashed. Makes the directories and the part where need be, and locks the
 * part. RC_BUSY: another receiver is, or was since inbox_hash, at work on it. RC_SYS:
 * errno; ENOSPC, when f->size is known and there is no room for it. RC_BAD as inbox_look.
 * RC_MEM.
 */
enum rc inbox_begin(struct inbox_file *f, uint64_t offset) MUST_USE;

/*
 * The next bytes. RC_SYS: errno, of a stream EPIPE when its reader is gone. RC_BIG: past
 * f->size. RC_END: a stream's *stop. RC_MEM.
 */
enum rc inbox_write(struct inbox_file *f, struct bytes b) MUST_USE;

/*
 * All is there: size bytes. RC_OK: under its name now, and *hash (of XFER_HASH_SIZE
 * bytes; may be NULL) is its SHA-256 when hashed. RC_BAD: not size bytes, or the hash is
 * not want (NULL: unknown); the part will not stay. RC_BUSY: meanwhile something has that
 * name, and the part stays (with rename: another name is chosen, f->path changes).
 * RC_SYS. Of a stream: all is written and right.
 */
enum rc inbox_store(struct inbox_file *f, uint64_t size, const uint8_t *want, bool rename,
    uint8_t *hash) MUST_USE;

/*
 * Let go, after whatever happened; a part stays, but not an empty one. Zeros (a file that
 * was never looked at) are allowed.
 */
void inbox_close(struct inbox_file *f);

#endif
