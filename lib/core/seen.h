/* SPDX-License-Identifier: ISC */
/*
 * The peers that were named already: a set of addresses that forgets everything when it
 * is full.
 */
#ifndef CORE_SEEN_H
#define CORE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rc.h"
#include "core/keyset.h"

enum { SEEN_MAX = 32768 };

struct seen {
	struct addr *list;
	size_t n;
	uint64_t key[2];
	struct keyset set;
};

/* key: secret random bits. RC_MEM: nothing to clear. */
enum rc seen_init(struct seen *s, const uint64_t key[static 2]) MUST_USE;
void seen_clear(struct seen *s);

/* Whether a (with its port) is new; from now on it is not. */
bool seen_add(struct seen *s, const struct addr *a);

#endif
