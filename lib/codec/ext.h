/* SPDX-License-Identifier: ISC */
/*
 * The extension handshake (BEP 10, BEP 21): what a peer says of itself. Other extended
 * messages are not for us.
 */
#ifndef CODEC_EXT_H
#define CODEC_EXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

enum { EXT_HANDSHAKE_MAX = 64 * 1024 }; /* longer ones are not worth reading */

struct ext_handshake {
	uint32_t reqq;    /* requests that it queues; 0: it did not say */
	uint16_t port;    /* where it listens; 0: it did not say */
	bool upload_only; /* it fetches nothing any more (BEP 21) */
	struct bytes
	    client; /* name and version, foreign bytes; points into the message */
};

/*
 * Decode the bencoded body of an extension handshake. Values of a wrong type or range
 * count as not said. RC_BAD: not a bencoded dictionary; *out is untouched.
 */
enum rc ext_get_handshake(struct bytes in, struct ext_handshake *out) MUST_USE;

/*
 * Encode one into out, of cap bytes. Returns its length, 0 when it does not fit. We offer
 * no extended messages.
 */
size_t ext_put_handshake(const struct ext_handshake *h, uint8_t *out, size_t cap);

#endif
