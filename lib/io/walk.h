/* SPDX-License-Identifier: ISC */
/* All files below a directory, for a torrent that is to be made of them. */
#ifndef IO_WALK_H
#define IO_WALK_H

#include <stddef.h>

#include "base/outcome.h"
#include "core/torrent.h"
#include "io/beneath.h"

/* Symbolic links are not followed and come into no torrent. */
struct walk_links {
	size_t n;
	char first[BENEATH_PATH]; /* printable; empty when n is 0 */
};

/*
 * Add every regular file below top, which is a directory below root, to t, in no order;
 * each path begins with top. ugat's own directories, .ugat, are left out. Else o says
 * why: CODE_NOINPUT   something is neither file nor directory, or cannot be looked into
 *   CODE_DATA      a path is longer than a torrent's may be
 *   CODE_BUG       out of memory
 */
enum rc walk_files(struct torrent *t, const struct beneath *root, const char *top,
    struct walk_links *links, struct outcome *o) MUST_USE;

#endif
