/* SPDX-License-Identifier: ISC */
/*
 * The peer wire protocol's bytes (BEP 3, BEP 6, BEP 10): the handshake and each message's
 * head. Payload that is long (a block, a bit field, an extended message) is not copied
 * through here: the head says how long it is. What a message may say when is core/peer's.
 */
#ifndef CODEC_WIRE_H
#define CODEC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

enum {
	WIRE_HANDSHAKE = 68,         /* bytes of a handshake */
	WIRE_HEAD_MAX = 17,          /* of the longest head: length, id, three numbers */
	WIRE_BLOCK = 16384,          /* the block everybody asks for */
	WIRE_BLOCK_MAX = 128 * 1024, /* the longest that anybody may ask us for */
	WIRE_EXTENDED_MAX = 1 << 20, /* an extended message that is longer is an attack */
	WIRE_UNKNOWN_MAX = 1 << 20,  /* the same for a message whose id nobody knows */
};

struct wire_handshake {
	bool fast;     /* BEP 6 */
	bool extended; /* BEP 10 */
	bool dht;      /* BEP 5 */
	uint8_t btih[20];
	uint8_t id[20];
};

/*
 * Decode a handshake. RC_BAD: not BitTorrent's. The first 20 bytes alone decide that:
 * with fewer than WIRE_HANDSHAKE bytes the answer is RC_MORE while they agree.
 */
enum rc wire_get_handshake(struct bytes in, struct wire_handshake *out) MUST_USE;
void wire_put_handshake(
    const struct wire_handshake *h, uint8_t out[static WIRE_HANDSHAKE]);

enum wire_id {
	WIRE_CHOKE = 0,
	WIRE_UNCHOKE = 1,
	WIRE_INTERESTED = 2,
	WIRE_UNINTERESTED = 3,
	WIRE_HAVE = 4,
	WIRE_BITFIELD = 5,
	WIRE_REQUEST = 6,
	WIRE_PIECE = 7,
	WIRE_CANCEL = 8,
	WIRE_PORT = 9,
	WIRE_SUGGEST = 13,
	WIRE_HAVE_ALL = 14,
	WIRE_HAVE_NONE = 15,
	WIRE_REJECT = 16,
	WIRE_ALLOWED_FAST = 17,
	WIRE_EXTENDED = 20,
	WIRE_KEEPALIVE = 256, /* a length of 0 */
	WIRE_UNKNOWN = 257,   /* an id that nobody knows */
};

/* A message's head. Only the fields that its id has are set; the others are 0. */
struct wire_head {
	enum wire_id id;
	uint32_t piece;  /* have, request, piece, cancel, suggest, reject, allowed fast */
	uint32_t begin;  /* request, piece, cancel, reject: offset in the piece, bytes */
	uint32_t length; /* request, cancel, reject: of the block; piece: as rest */
	uint32_t rest;   /* bytes of payload that follow the head */
	uint8_t extended; /* extended: its own id; 0 is the handshake */
};

/*
 * Decode the head at the start of in, at most WIRE_HEAD_MAX bytes. bitfield: the exact
 * length of a bit field in this torrent. RC_OK: *size is its length. RC_MORE: *size is
 * how many bytes are needed to go on, more than in.n. RC_BAD: the length does not fit the
 * id (it is held against a table before anything else is read). *out is set on RC_OK
 * alone.
 */
enum rc wire_get_head(
    struct bytes in, uint32_t bitfield, struct wire_head *out, size_t *size) MUST_USE;

/*
 * Encode a head with its length prefix; for piece, bit field and extended, `rest` bytes
 * must follow. Returns its length.
 */
size_t wire_put_head(const struct wire_head *h, uint8_t out[static WIRE_HEAD_MAX]);

#endif
