/* SPDX-License-Identifier: ISC */
/*
 * The engine of ugat-fetch: records in, verified files out. Joins core/swarm with
 * sockets, files, threads and the clock.
 */
#ifndef RUN_FETCH_H
#define RUN_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "io/net.h"

struct fetch_options {
	const char *dir; /* where the files belong */
	bool chosen;     /* by the user, so a name that begins with a dot may go there */
	/*
	 * Write one file's bytes in order to this path, or to out for "-"; NULL: no. With
	 * pass nothing is kept: dir is where temporary files go, and no peer is served.
	 * Over an existing file only with distrust.
	 */
	const char *stream;
	bool pass;
	bool distrust;   /* believe no journal: hash all that is there */
	bool fixed_port; /* listen on port only; else on 6881..6889, else anywhere */
	uint16_t port;
	struct net_local local;      /* for every socket */
	uint64_t memory;             /* bytes for payload */
	uint64_t down_rate, up_rate; /* at most so many bytes a second; 0: no limit */
	unsigned most_conns;
	uint64_t stall_s; /* give up when no piece was verified for so long */
	bool keep;        /* go on serving when all is there, until a signal, or until */
	uint64_t ratio; /* so many thousandths of what is wanted were sent; 0: for ever */
	uint64_t keep_s; /* so many seconds later; 0: for ever */
	bool watch;      /* write status records to stdout, once a second */
	bool nul;        /* bare paths with a NUL instead of `done` lines */
	bool quiet, verbose;
	int in, out, err;    /* descriptors: records, `done` lines, words and progress */
	const char *command; /* in front of words */
};

/*
 * Download what the records on o->in describe. Returns when it is done, has failed, or a
 * signal asks for the end; *end then says how to end. Whatever was verified by then is on
 * disk and in the journal.
 */
void fetch_run(const struct fetch_options *o, struct outcome *end);

#endif
