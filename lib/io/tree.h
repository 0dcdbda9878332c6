/* SPDX-License-Identifier: ISC */
/*
 * All that is below a directory, one thing at a time, whatever others do in there
 * meanwhile: no link is followed, everything is opened by its name in the directory that
 * it was found in. Memory does not grow with the number of files: a directory is open for
 * each level, but of the levels above the TREE_OPEN_MAX lowest only the place is kept,
 * and they are opened anew from the top when the walk comes back.
 */
#ifndef IO_TREE_H
#define IO_TREE_H

#include <stddef.h>

#include "base/rc.h"

enum { TREE_OPEN_MAX = 32, TREE_PATH = 4096 };

struct tree;

enum tree_kind {
	TREE_THING, /* type tells what it is; a directory is left out unless entered */
	TREE_EMPTY, /* the directory path has nothing in it */
	TREE_LONG, /* name in the directory path makes a path over TREE_PATH - 1 bytes: it
	              is left out */
};

/* Good until the next call. */
struct tree_entry {
	enum tree_kind kind;
	unsigned char type; /* DT_REG, DT_DIR, DT_LNK ..., never DT_UNKNOWN */
	int dir;            /* the directory it is in, for fstatat(2) */
	const char *name;   /* in dir */
	const char *path;   /* prefix, a slash, and where it is below the top */
};

/*
 * Walk the directory top (the caller's; must outlive the tree). prefix: what paths begin
 * with; under TREE_PATH bytes. NULL: out of memory.
 */
struct tree *tree_new(int top, const char *prefix);
void tree_free(struct tree *t);

/*
 * The next thing, in no order. RC_END: there is none. RC_SYS: e->path cannot be looked
 * at, or not to its end, errno; the next call goes on behind it. RC_MEM.
 */
enum rc tree_next(struct tree *t, struct tree_entry *e) MUST_USE;

/*
 * Go into the directory that tree_next has just told. RC_SYS: errno, and nothing has
 * changed. RC_MEM.
 */
enum rc tree_enter(struct tree *t) MUST_USE;

#endif
