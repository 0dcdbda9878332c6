/* SPDX-License-Identifier: ISC */
/*
 * Where ugat-recv puts what comes: below one directory, whatever paths the other side
 * sends and whatever others do in there meanwhile (io/beneath). A file grows as
 * DIRECTORY-OF-ITS-PATH/.ugat-part-<16 hex of SHA-256(user NUL path NUL size)>, locked
 * and with mode 0600; when it is whole and its hash is right it gets its mode and time
 * and is renamed, never over another file. The part stays on every error, so that the
 * same transfer goes on later. Nothing is synced file by file: what a power loss leaves
 * of a part is found by its hash.
 *
 * Everything here may wait for the disk: call it from a worker.
 */
#ifndef IO_INBOX_H
#define IO_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "codec/xfer.h"
#include "crypto/hash.h"
#include "io/beneath.h"

struct inbox;

/*
 * dir: opened, not made. user: who sends. RC_SYS: errno. Parts of other users are never
 * touched.
 */
struct inbox *inbox_new(const char *dir, const char *user);
void inbox_free(struct inbox *in);

struct inbox_file {
	/* What the other side says of it. */
	char path[XFER_PATH_MAX + 1];
	uint64_t size; /* XFER_UNKNOWN */
	uint16_t mode;
	int64_t mtime_s;
	uint32_t mtime_ns;
	bool hashed; /* a hash will come (no -C) */

	/* Private. */
	struct inbox *in;
	int fd;
	char part[XFER_PATH_MAX + 1];
	uint64_t at;
	struct hash *sha256; /* of all before at */
};

enum inbox_found {
	INBOX_NOTHING, /* it comes from the start */
	INBOX_PART,    /* *held bytes of it are there, in its part, which is now open */
	INBOX_WHOLE,   /* a file of that name and size is there, now open: the same? */
	INBOX_OTHER,   /* something else has that name */
	INBOX_LOCKED,  /* another receiver is at work on it */
};

/*
 * Look what is there (path was checked by xfer_check_path). rename: when the name is
 * taken by something else, choose the first free "report~2.pdf", "~3" ... instead of
 * INBOX_OTHER: f->path changes. Without f->hashed nothing is resumed: a part is
 * INBOX_NOTHING, any file of that name INBOX_OTHER. RC_OK; RC_SYS: errno, with ELOOP
 * where a symbolic link is in the way.
 */
enum rc inbox_look(struct inbox *in, struct inbox_file *f, bool rename,
    enum inbox_found *found, uint64_t *held) MUST_USE;

/*
 * Hash the first n bytes of what was found, into hash; *done grows meanwhile and *stop
 * ends it (RC_END). RC_SYS; RC_BAD: it has become shorter.
 */
enum rc inbox_hash(struct inbox_file *f, uint64_t n, volatile uint64_t *done,
    const volatile bool *stop, uint8_t hash[static XFER_HASH_SIZE]) MUST_USE;

/*
 * The content comes from offset on: 0 (what there is of a part is thrown away), or the
 * number of bytes hashed. Makes the directories and the part where need be. RC_BUSY: its
 * part is another's now; RC_SYS: errno.
 */
enum rc inbox_begin(struct inbox_file *f, uint64_t offset) MUST_USE;

/* The next bytes. RC_SYS: errno. RC_BIG: past f->size. */
enum rc inbox_write(struct inbox_file *f, struct bytes b) MUST_USE;

/*
 * All is there: size bytes. RC_OK: under its name now, and *hash (of XFER_HASH_SIZE
 * bytes) is its SHA-256 when hashed. RC_BAD: the hash is not want. RC_BUSY: meanwhile
 * something has that name (with rename: another one is chosen, f->path changes). RC_SYS.
 */
enum rc inbox_store(struct inbox_file *f, uint64_t size, const uint8_t *want, bool rename,
    uint8_t *hash) MUST_USE;

/* Let go; a part stays, an empty one that was made for nothing does not. */
void inbox_close(struct inbox_file *f);

#endif
