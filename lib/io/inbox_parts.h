/* SPDX-License-Identifier: ISC */
/* Inside io/inbox. */
#ifndef IO_INBOX_PARTS_H
#define IO_INBOX_PARTS_H

#include "io/beneath.h"
#include "io/inbox.h"
#include "io/outlet.h"

/* How a part gets its name without ever replacing what has it. */
enum inbox_way {
	INBOX_BY_RENAME, /* renameat2(2) */
	INBOX_BY_LINK,   /* link(2), unlink(2): NFS */
	INBOX_BY_PLACE,  /* an empty file of ours, then rename(2): neither links nor that
	                  */
};

struct inbox {
	struct beneath below; /* dir: ours */
	char *user;
	char *only; /* the one file's name, whatever the other side says */
	enum inbox_way way;
	struct hash *spare;

	/* A stream. */
	bool is_stream;
	bool replaces; /* a regular file of the same name gives way */
	const atomic_bool *stop;
	char *file; /* to be opened at its beginning; NULL: out.fd is open */
	struct outlet out;
};

enum { INBOX_NUMBER_MOST = 9999 }; /* of "report~9999.pdf" */

/* The directory of f's name: *dir, for inbox_far. RC_SYS: errno. */
enum rc inbox_near(const struct inbox_file *f, int *dir) MUST_USE;
void inbox_far(const struct inbox *in, int dir);

/* The last component of a path. */
const char *inbox_last(const char *path);

/*
 * The k-th other name for path (k >= 2), of at most XFER_PATH_MAX bytes:
 * "a/report~2.pdf". RC_BIG: there is no room for it.
 */
enum rc inbox_name(
    const char *path, unsigned k, char out[static XFER_PATH_MAX + 1]) MUST_USE;

/* f->path becomes the k-th other name. RC_MEM; RC_SYS: errno. */
enum rc inbox_rename(struct inbox_file *f, unsigned k) MUST_USE;

/*
 * Open the part in dir for reading and writing, and lock it. RC_NONE: there is none.
 * RC_BUSY: it is locked. RC_BAD: it is not a part of ours. RC_SYS.
 */
enum rc inbox_open_part(int dir, const char *part, int *fd, struct stat *st) MUST_USE;

/* As inbox_open_part, but an empty one is made where none is. */
enum rc inbox_make_part(int dir, const char *part, int *fd, struct stat *st) MUST_USE;

/*
 * What inbox_look found, as it was then: a part for writing, and locked, a whole file for
 * reading. RC_BAD: it is not what it was. RC_BUSY, RC_SYS. *fd is then -1.
 */
enum rc inbox_open_found(const struct inbox_file *f, int *fd, struct stat *st) MUST_USE;

/* f gets a hash that nothing was added to. */
enum rc inbox_take_hash(struct inbox_file *f) MUST_USE;

/* Give the part its name, last, in dir. RC_BUSY: something has it. RC_SYS. */
enum rc inbox_place(
    struct inbox *in, int dir, const char *part, const char *last) MUST_USE;

/* Of a stream. RC_END: stop. RC_SYS. */
enum rc inbox_stream_begin(struct inbox *in) MUST_USE;
enum rc inbox_stream_write(struct inbox *in, struct bytes b) MUST_USE;

#endif
