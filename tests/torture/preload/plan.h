/* SPDX-License-Identifier: ISC */
/*
 * faulty.so: a library for LD_PRELOAD that makes calls of the C library fail where FAULTY
 * in the environment says so. Every library of the process is hit, libcrypto, libevent
 * and SQLite among them; what glibc calls inside itself is not.
 *
 * FAULTY is a list of words with a blank between:
 *
 *   in=NAME        only programs of this name; else all
 *   shared=FILE    struct plan_shared: what was counted, for the one who asks
 *   alloc=N        the N-th allocation fails; alloc=N+: it and all later ones;
 *                  alloc=%N: every N-th
 *   leaks          what the program itself asked for and has not freed when it exits is
 *                  told, by who asked
 *   chop           reads and writes move 1 to 7 bytes, but for datagrams
 *   intr=N         one in N calls that may wait says EINTR, but for fsync: no disk's does
 *   again=N        one in N calls on a non-blocking socket or pipe says EAGAIN
 *   CALL=ERROR@N   the N-th such call fails: read write sync open rename; ERROR is EIO,
 *                  ENOSPC, EDQUOT, EMFILE, ENOMEM or EINVAL; @N+: it and all later ones.
 *                  read and write: of regular files alone; sync: fsync, fdatasync and
 *                  syncfs
 *   boot=FILE      this is what /proc/sys/kernel/random/boot_id says
 *
 * Counting begins when the program's own libraries are up, before main.
 */
#ifndef TORTURE_PLAN_H
#define TORTURE_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_call { PLAN_READ, PLAN_WRITE, PLAN_SYNC, PLAN_OPEN, PLAN_RENAME, PLAN_CALLS };

enum { PLAN_STACKS = 1 << 17, PLAN_CRASH = 128, PLAN_LEFT = 64 };

/* One for all the processes of a run, born with the process that maps the file. */
struct plan_shared {
	_Atomic uint64_t allocations, faults; /* seen; failed or cut */
	_Atomic uint64_t calls[PLAN_CALLS];
	char crash[PLAN_CRASH]; /* where a signal ended it: who, and what of libc it
	                           called */
	/* Blocks that were left, and where in the program's text each was asked for. */
	_Atomic uint64_t n_left;
	uint64_t left[PLAN_LEFT];
	/*
	 * Who asked for the n-th allocation, as hashes that are the same in every run: of
	 * the whole stack, and of what is above the program's own text (of all, where
	 * the program asked by itself).
	 */
	struct {
		uint64_t whole, inner;
	} stacks[PLAN_STACKS];
};

/* When something is to happen: at one number, from it on, or at every multiple. */
struct plan_when {
	uint64_t n; /* 0: never */
	bool on, every;
};

struct plan {
	bool armed;
	bool stacks; /* the file is large enough for them */
	bool leaks;
	struct plan_shared *shared;
	struct plan_when alloc, intr, again;
	struct plan_when call[PLAN_CALLS];
	int error[PLAN_CALLS];
	bool chop;
	const char *boot;
};

extern struct plan plan;

/* Whether it is to happen at the number n. */
bool plan_due(const struct plan_when *w, uint64_t n);

/* Count one such call. true: it is to fail, and errno is set. */
bool plan_fails(enum plan_call call);

/* Learn where the libraries lie: before stacks can be kept, and crashes told. */
void stack_begin(void);

/* Keep who asks for the n-th allocation. */
void stack_keep(uint64_t n);

/*
 * The place in the program's own text that a call came from which returns to `to`, itself
 * or through the C library. 0: another library called.
 */
uint64_t stack_asker(const void *to);

/* Blocks: one was given to whom `to` returns, one is about to be freed. NULL: none. */
void leak_born(const void *block, const void *to);
void leak_died(const void *block);

/* From now on tell at exit what is left. */
void leak_begin(void);

/* One fault has been done. */
void plan_done(void);

#endif
