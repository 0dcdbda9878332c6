/* SPDX-License-Identifier: ISC */
/*
 * The allowed-fast set (BEP 6): the pieces that a peer may have although it is choked, so
 * that it has something to trade soon. Drawn from its address, so that it cannot grow by
 * calling again.
 */
#ifndef CORE_ALLOWED_H
#define CORE_ALLOWED_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum { ALLOWED_PIECES = 10 };

/*
 * Fill out with at most ALLOWED_PIECES different pieces out of `pieces`. Returns how
 * many: none for IPv6, for which BEP 6 says nothing, or when libcrypto refuses.
 */
size_t allowed_set(const struct addr *a, const uint8_t btih[static 20], uint32_t pieces,
    uint32_t out[static ALLOWED_PIECES]);

#endif
