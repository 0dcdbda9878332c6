/* SPDX-License-Identifier: ISC */
/* The inside of run/make, shared by its .c files and nobody else. */
#ifndef RUN_MAKE_PARTS_H
#define RUN_MAKE_PARTS_H

#include "io/content.h"
#include "io/walk.h"
#include "run/hashing.h"
#include "run/make.h"

struct making {
	const struct make_options *m;
	struct outcome *o;
	struct make_facts facts;
	struct torrent t;
	struct buf raw; /* the .torrent */

	/* Of a path: it is `prefix` and `base`. */
	char *path;
	struct bytes prefix; /* "" or up to its last slash */
	const char *base;
	struct beneath root; /* the directory that base is in */
	struct content_file *files;

	struct hashing line;
	char *target; /* where the .torrent goes; NULL: to standard output, or nowhere */
	bool replaces;
	struct content_file old; /* the file it takes the place of */
};

/* make_input.c: find the files, look at them, and hash. RC_OK, else o is set. */
enum rc make_find(struct making *g) MUST_USE;
enum rc make_hash(struct making *g) MUST_USE;
enum rc make_hash_stream(struct making *g) MUST_USE;

/*
 * make_output.c. make_aim: find out where the .torrent goes, and whether it can, before
 * hours are spent. make_shut: from now on nothing can be written anywhere else, and
 * nobody reached (io/cage). make_write: let it go there.
 */
enum rc make_aim(struct making *g) MUST_USE;
void make_shut(const struct making *g);
enum rc make_write(struct making *g) MUST_USE;

#endif
