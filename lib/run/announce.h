/* SPDX-License-Identifier: ISC */
/*
 * The engine of ugat-announce: passes records on, asks trackers, adds what they say.
 * Joins core/announce with sockets, names, the status file and the clock.
 */
#ifndef RUN_ANNOUNCE_H
#define RUN_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "io/net.h"

enum { ANNOUNCE_PORT = 6881, ANNOUNCE_ROUND_S = 15 };

struct announce_options {
	bool once;              /* one round, then nothing more */
	bool scrape;            /* that round asks how many there are; with once */
	uint64_t round_s;       /* how long a round waits for the first answer */
	uint16_t port;          /* told where no run says its own */
	struct net_local local; /* for every socket */
	bool quiet, verbose;
	int in, out, err;    /* descriptors: records, records, words */
	const char *command; /* in front of words */
};

/*
 * Copy the records on o->in to o->out and, after `end`, announce. Returns when nobody
 * needs it any more, it has failed, or a signal asks for the end; *end then says how to
 * end. SIGPIPE must be ignored.
 */
void announce_run(const struct announce_options *o, struct outcome *end);

#endif
