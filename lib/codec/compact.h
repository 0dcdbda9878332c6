/* SPDX-License-Identifier: ISC */
/* Compact peers: 6 bytes for IPv4 (BEP 23), 18 for IPv6 (BEP 7). */
#ifndef CODEC_COMPACT_H
#define CODEC_COMPACT_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/bytes.h"

enum compact_size { COMPACT_V4 = 6, COMPACT_V6 = 18 }; /* bytes a peer */

/*
 * Take the next peer off the front of *in. false: fewer bytes than one peer are left;
 * *in and *out are then untouched. What is read is not judged: port 0 and any address may
 * come out.
 */
bool compact_take(struct bytes *in, enum compact_size size, struct addr *out);

#endif
