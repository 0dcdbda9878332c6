/* SPDX-License-Identifier: ISC */
/*
 * Where the session file lies, and who may read and write it: $UGAT_SESSION (a path, or
 * fd:N), else ${XDG_STATE_HOME:-~/.local/state}/ugat/session.pem. Bytes only; what they
 * mean is crypto/token's. Beside the file lie PATH.crl, the list of revoked sessions, and
 * PATH.lock.
 */
#ifndef IO_TOKFILE_H
#define IO_TOKFILE_H

#include <sys/stat.h>

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/outcome.h"
#include "base/rc.h"

struct tokfile {
	char path[PATH_MAX]; /* as words may show it; "fd:3" for a descriptor */
	int fd;              /* of fd:N, which stays the caller's; else -1 */
};

/* Which version of a file was read: compare with memcmp to see that it has changed. */
struct tokfile_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

/*
 * Find its place. A home that is not in the environment is looked up in the accounts of
 * the machine. RC_OK; RC_NONE: there is no place: *end says what to set; RC_BAD:
 * UGAT_SESSION is no path and no open descriptor. Both set *end with CODE_NOSESSION.
 */
enum rc tokfile_locate(struct tokfile *f, struct outcome *end) MUST_USE;

/*
 * Read the whole file behind what is in b. It must be a regular file (a pipe too, for
 * fd:N), no symbolic link, of ours or root's, with no bits for group or others, not
 * empty. A descriptor of a regular file is read from its beginning and its offset stays.
 * RC_NONE: there is no file, *end is untouched. RC_BAD: *end has CODE_NOSESSION, and
 * words that say what is wrong with it and how to mend it; CODE_BUG: out of memory.
 */
enum rc tokfile_read(const struct tokfile *f, struct buf *b, struct tokfile_stamp *stamp,
    struct outcome *end) MUST_USE;

/* What stands there now; all zero when there is nothing, and for a descriptor. */
void tokfile_stamp(const struct tokfile *f, struct tokfile_stamp *out);

/* The same of PATH.crl, and of /etc/ugat/NAME. */
void tokfile_stamp_crl(const struct tokfile *f, struct tokfile_stamp *out);
void tokfile_stamp_site(const char *name, struct tokfile_stamp *out);

/*
 * Put text in its place: directories made with mode 0700, a temporary file with mode
 * 0600, fsync, rename; into a descriptor it is written as it is, once a regular file
 * behind it is closed to others. What is no regular file is not replaced, but for a
 * symbolic link. RC_SYS: *end has CODE_CANTCREAT and words.
 */
enum rc tokfile_write(
    const struct tokfile *f, struct bytes text, struct outcome *end) MUST_USE;

/*
 * Remove it with what lies beside it; the key is overwritten first. RC_NONE: there was
 * none. RC_SYS: *end has words; also for what is no regular file, which stays. Not for a
 * descriptor: RC_BAD.
 */
enum rc tokfile_remove(const struct tokfile *f, struct outcome *end) MUST_USE;

/*
 * PATH.crl, at most CRL_MAX of crypto/crl. RC_NONE: there is none, it is not safely ours
 * (who else may read it does not matter), or the session comes from a descriptor. RC_SYS:
 * errno.
 */
enum rc tokfile_read_crl(const struct tokfile *f, struct buf *b) MUST_USE;
enum rc tokfile_write_crl(const struct tokfile *f, struct bytes der) MUST_USE;

/*
 * Hold PATH.lock, so that one process at a time renews: waits for at most wait_ms. RC_OK:
 * *fd is the caller's, closing lets go. RC_BUSY: somebody holds it. RC_SYS: no lock can
 * be made there, which means that nothing can be written there either. A descriptor
 * needs none: RC_OK, *fd is -1.
 */
enum rc tokfile_lock(const struct tokfile *f, int wait_ms, int *fd) MUST_USE;

/*
 * The site's rule: all of /etc/ugat/NAME behind what is in b. RC_NONE: it is not there.
 * RC_BAD: it is there but cannot be read, or others than root can write it: *end has
 * words.
 */
enum rc tokfile_read_site(const char *name, struct buf *b, struct outcome *end) MUST_USE;

#endif
