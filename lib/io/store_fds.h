/* SPDX-License-Identifier: ISC */
/*
 * A store's open files: the ones used last stay open, a few dozen at most, so that a
 * torrent of 100,000 files needs no more descriptors than one of 10. For any thread.
 */
#ifndef IO_STORE_FDS_H
#define IO_STORE_FDS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/rc.h"
#include "core/torrent.h"
#include "io/beneath.h"

struct store_fds;

/* Files are below b, which is copied. NULL: out of memory. */
struct store_fds *store_fds_new(const struct beneath *b);

/* No descriptor may be lent out. NULL is allowed. */
void store_fds_free(struct store_fds *fs);

enum store_fds_how {
	STORE_FDS_READ,
	STORE_FDS_WRITE, /* and to read */
	STORE_FDS_MAKE,  /* the same; made where it is missing, with its directories */
};

/* A file that is lent: fd is valid until store_fds_put. */
struct store_fd {
	int fd;
	int slot; /* private */
};

/*
 * Open f, or find it open. RC_SYS: errno; ENOENT where there is no such file, EEXIST
 * where it is not a regular one.
 */
enum rc store_fds_get(struct store_fds *fs, const struct torrent_file *f,
    enum store_fds_how how, struct store_fd *out) MUST_USE;
void store_fds_put(struct store_fds *fs, struct store_fd *lent);

/* Whether st is of the very file that is open here as f; true where none is. */
bool store_fds_is(
    struct store_fds *fs, const struct torrent_file *f, const struct stat *st);

/* Close all that is not lent: the process is out of descriptors. Returns how many. */
unsigned store_fds_shrink(struct store_fds *fs);

#endif
