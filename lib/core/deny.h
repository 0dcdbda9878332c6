/* SPDX-License-Identifier: ISC */
/*
 * The addresses that are never dialled and never accepted (`deny!` lines): a set of
 * prefixes, looked up by halving.
 */
#ifndef CORE_DENY_H
#define CORE_DENY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/rc.h"

struct deny_range;

struct deny {
	struct deny_range *ranges; /* owned; sorted and apart when settled */
	size_t n, cap;
	bool settled;
};

/* A set of zeros ({ 0 }) is an empty one. */
void deny_clear(struct deny *d);

/*
 * Add all addresses whose first bits (0..128 of the 16 bytes) are those of base. RC_MEM.
 */
enum rc deny_add(struct deny *d, const struct addr *base, unsigned bits) MUST_USE;

/*
 * Whether the address is in the set, whatever its port. The first look-up after an
 * addition sorts.
 */
bool deny_has(struct deny *d, const struct addr *a);

/* Whether one prefix alone would deny the address. */
bool deny_covers(const struct addr *base, unsigned bits, const struct addr *a);

#endif
