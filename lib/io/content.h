/* SPDX-License-Identifier: ISC */
/*
 * What lies on disk where a torrent's files belong: looked at before it is read, and once
 * more behind that, so that a file that changed meanwhile is told from one that did not.
 * Nothing is opened here, so nothing can hang.
 */
#ifndef IO_CONTENT_H
#define IO_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/torrent.h"
#include "io/beneath.h"

enum content_state {
	CONTENT_FILE, /* a regular file; whether it is right only hashing can tell */
	CONTENT_MISSING,
	CONTENT_LINK, /* a symbolic link, itself or on the way to it */
	CONTENT_DIRECTORY,
	CONTENT_SPECIAL, /* a FIFO, a socket, a device */
	CONTENT_CLOSED,  /* it cannot be looked at or opened: err */
	CONTENT_BROKEN,  /* reading it failed: err */
	CONTENT_CHANGED, /* it is not what it was at the first look */
};

struct content_file {
	uint64_t size, mtime_ns, ino; /* at the first look */
	int err;
	enum content_state state : 8;
	bool sparse; /* it takes less room than its size */
};

/*
 * Look at every real file of the torrent, below root, for the first time: files[i] is
 * about t->files[i], zeros for pads and symlinks.
 */
void content_look_all(
    const struct torrent *t, const struct beneath *root, struct content_file *files);

/* Look again: what differs in kind, size, time of change or number is CONTENT_CHANGED. */
void content_look_again(
    const struct torrent *t, const struct beneath *root, struct content_file *files);

/* Whether st is the file that was looked at, and as it was then. */
bool content_is_same(const struct content_file *f, const struct stat *st);

#endif
