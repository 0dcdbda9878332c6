/* SPDX-License-Identifier: ISC */
/*
 * The addresses that are never dialled and never accepted (`deny!` lines): a set of
 * prefixes, looked up by halving. A list of 300,000 takes up to 11 MB, 7 more while it is
 * sorted, and 20 ms.
 */
#ifndef CORE_DENY_H
#define CORE_DENY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/rc.h"

struct deny_prefix;

enum { DENY_RUNS = 64 };

struct deny {
	struct deny_prefix *prefixes; /* owned */
	size_t n, cap;

	/* Private: see deny.c. */
	size_t ends[DENY_RUNS];
	unsigned runs;
};

/* A set of zeros ({ 0 }) is an empty one. */
void deny_clear(struct deny *d);

/*
 * Add all addresses whose first bits (0..128 of the 16 bytes) are those of base. RC_MEM.
 */
enum rc deny_add(struct deny *d, const struct addr *base, unsigned bits) MUST_USE;

/*
 * Whether the address is in the set, whatever its port. The first look-up after additions
 * sorts them.
 */
bool deny_has(struct deny *d, const struct addr *a);

/* Whether one prefix alone would deny the address. */
bool deny_covers(const struct addr *base, unsigned bits, const struct addr *a);

#endif
