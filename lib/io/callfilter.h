/* SPDX-License-Identifier: ISC */
/*
 * Calls that the kernel answers for us, by number and at most one argument: a seccomp
 * filter (seccomp(2), the BPF of linux/filter.h; the way is OpenSSH's). libseccomp makes
 * one of some 4,400 blocks of memory, and when it does not get one of them it crashes,
 * turns in a circle, or loads what is there; here nothing is allocated.
 */
#ifndef IO_CALLFILTER_H
#define IO_CALLFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

enum { CALLFILTER_RULES = 192 };

struct callfilter_rule {
	int call;
	uint32_t answer; /* SECCOMP_RET_* */
	/* It holds where the argument's low 32 bits, of these, are the value, or are not.
	 */
	bool by_argument, unless;
	unsigned argument; /* 0.. */
	uint32_t of, value;
};

/* All zero is one that lets every call pass. */
struct callfilter {
	size_t n;
	bool full;                                      /* a rule was lost */
	struct callfilter_rule rules[CALLFILTER_RULES]; /* by number */
};

/*
 * One more rule; of two for a call the first one holds. A call below 0 is one that this
 * architecture does not have (SCMP_SYS of seccomp.h): nothing to do.
 */
void callfilter_add(struct callfilter *f, const struct callfilter_rule *rule);

/* The same answer to all of these calls. */
void callfilter_add_all(
    struct callfilter *f, const int *calls, size_t n, uint32_t answer);

/*
 * From now on, for good, for this process and what it starts: no_new_privs must be set,
 * and there is no other thread yet. Calls by the numbers of another architecture end the
 * process. RC_NONE: the kernel, or we for this architecture, cannot; RC_SYS: errno, E2BIG
 * for too many rules.
 */
enum rc callfilter_load(const struct callfilter *f) MUST_USE;

#endif
