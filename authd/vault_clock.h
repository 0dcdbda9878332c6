/* SPDX-License-Identifier: ISC */
/*
 * Whether a clock may be believed that says something is too old to be kept. One that
 * jumps ahead for a minute, or is wrong from the start, must not cost the list of revoked
 * sessions: they would count again when it is set right.
 */
#ifndef AUTHD_VAULT_CLOCK_H
#define AUTHD_VAULT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum {
	VAULT_EVEN_S = 60 * 60,  /* so long it must have gone evenly */
	VAULT_UNEVEN_S = 5 * 60, /* what is no jump yet */
};

/* Zero at first. */
struct vault_clock {
	bool seen;
	int64_t wall_s, steady_ms; /* since when it has gone evenly */
};

/*
 * wall_s: what it says now; steady_ms: of a clock that nobody sets. True when the two
 * have gone alike for VAULT_EVEN_S. To be asked at least a few times an hour.
 */
bool vault_clock_is_even(struct vault_clock *c, int64_t wall_s, int64_t steady_ms);

#endif
