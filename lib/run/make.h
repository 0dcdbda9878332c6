/* SPDX-License-Identifier: ISC */
/*
 * ugat-make: a .torrent of a file, a directory or a stream, and, for those who share it
 * at once, the records of it.
 */
#ifndef RUN_MAKE_H
#define RUN_MAKE_H

#include <stdbool.h>

#include "base/outcome.h"
#include "core/make.h"

struct make_options {
	const char *path; /* NULL: what in holds, up to its end */
	const char *file; /* where the .torrent goes; "-": to out; NULL: name.torrent, or
	                     nowhere with records */
	int in, out, err;
	const char *command; /* before words on err */
	bool force;          /* overwrite */
	bool records;        /* write records with `checked` and `have` to out */
	bool quiet, verbose;
	unsigned threads;
	uint32_t piece_length;   /* 0: chosen */
	struct make_facts facts; /* name may be empty: it is path's last component */

	/* What make_take_* gathered, where facts points to. */
	struct rec_tracker *trackers;
	struct bytes *webseeds;
	uint64_t tiers;
	bool lacks_memory; /* not all could be gathered, which make_run tells */
};

/*
 * The value of -a, -W, -M, whose text must outlive m. NULL, or words that say what is
 * wrong with it.
 */
const char *make_take_tier(struct make_options *m, const char *urls);
const char *make_take_webseed(struct make_options *m, const char *url);
const char *make_take_fact(struct make_options *m, const char *fact);

/* Release what they gathered. */
void make_clear(struct make_options *m);

/*
 * Find, hash, write. Nothing is written before all is hashed, and the .torrent takes its
 * place whole.
 *   CODE_DATA       nothing to share: no byte in it, or more than a .torrent can hold
 *   CODE_NOINPUT    a file is not there, may not be read, or is none
 *   CODE_CANTCREAT  the .torrent is there already (not with force), or cannot be made
 *   CODE_IO         reading or writing failed
 *   CODE_TEMPFAIL   a file changed while it was read
 * A signal while hashing is o's.
 */
void make_run(const struct make_options *m, struct outcome *o);

#endif
