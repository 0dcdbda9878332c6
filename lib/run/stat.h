/* SPDX-License-Identifier: ISC */
/* The engine of ugat-stat: the runs of this user, as their status files tell of them. */
#ifndef RUN_STAT_H
#define RUN_STAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"

struct stat_options {
	bool watch;  /* again every second, until a signal */
	bool forget; /* remove the files of runs that are over; show nothing */
	bool quiet, verbose;
	char *const *names; /* info-hashes, or prefixes of one only; none: all */
	size_t n_names;
	int out, err;
	const char *command; /* in front of words */
};

/*
 * Show them on out: a table where it is a terminal, else status records, and then an
 * empty line behind each round of watch. Live ones come last.
 *
 * CODE_NO: there is none, or none for one of the names (words on a terminal only); with
 * forget: a name bears none, or only live ones. CODE_USAGE: a name is no prefix of an
 * info-hash, or of two. CODE_IO, CODE_BUG. There being none is no end for watch.
 */
void stat_run(const struct stat_options *o, struct outcome *end);

#endif
