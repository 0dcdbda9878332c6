/* SPDX-License-Identifier: ISC */
/*
 * Worker threads for what would stall the loop: hashing, reading, writing, syncing. The
 * loop's thread pushes jobs and gets each of them back by its done function; what happens
 * in between is the worker's alone. Every function here is for the loop's thread.
 */
#ifndef IO_WORK_H
#define IO_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/hash.h"
#include "io/loop.h"

struct work;

enum work_rank {
	WORK_SOON,  /* somebody waits for it: begun before all that can come later */
	WORK_LATER, /* reading ahead, syncing, checking old data */
	WORK_RANKS
};

/* To be embedded in the caller's own struct, which must live until done is called. */
struct work_job {
	/*
	 * On some worker thread, with all signals blocked; sha1 is ready for hash_add and
	 * this thread's own. Not called for a cancelled job.
	 */
	void (*run)(struct work_job *job, struct hash *sha1);
	/*
	 * On the loop's thread, exactly once a push; it may free the job, push it again,
	 * or push others.
	 */
	void (*done)(struct work_job *job);
	enum work_rank rank;
	bool cancelled; /* set for done: run was not called, work_free came first */

	struct work_job *next; /* private */
};

/*
 * Start threads (at least 1), which end in work_free. NULL: out of memory, descriptors or
 * threads. l must outlive the work.
 */
struct work *work_new(struct loop *l, unsigned threads);

/* How many threads suit this machine: its cores less the loop's one, at least 1. */
unsigned work_threads(void);

/* Queue a job behind those of its rank. Never fails, never waits. */
void work_push(struct work *w, struct work_job *job);

/* Jobs pushed whose done has not been called. */
size_t work_pending(const struct work *w);

/* Whether a job pushed now would begin at once. */
bool work_has_idle(struct work *w);

/*
 * Wait for the jobs that run, then call done for all that are pending: finished ones as
 * ever, the others with cancelled set. Jobs that these push come back cancelled. NULL is
 * allowed.
 */
void work_free(struct work *w);

#endif
