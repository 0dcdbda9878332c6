/* SPDX-License-Identifier: ISC */
#include "codec/wire.h"

enum { PROTOCOL_SIZE = 20, FLAGS_AT = 20, HASH_AT = 28, ID_AT = 48 };
enum {
	EXTENDED_BYTE = 5,
	EXTENDED_BIT = 0x10,
	LAST_BYTE = 7,
	FAST_BIT = 0x04,
	DHT_BIT = 0x01
};

static const char protocol[] = "\023BitTorrent protocol"; /* and a NUL, never sent */

enum rc
wire_get_handshake(struct bytes in, struct wire_handshake *out)
{
	size_t n = in.n < PROTOCOL_SIZE ? in.n : PROTOCOL_SIZE;
	const uint8_t *flags;

	if (n > 0 && memcmp(in.p, protocol, n) != 0)
		return RC_BAD;
	if (in.n < WIRE_HANDSHAKE)
		return RC_MORE;
	flags = in.p + FLAGS_AT;
	out->extended = (flags[EXTENDED_BYTE] & EXTENDED_BIT) != 0;
	out->fast = (flags[LAST_BYTE] & FAST_BIT) != 0;
	out->dht = (flags[LAST_BYTE] & DHT_BIT) != 0;
	memcpy(out->btih, in.p + HASH_AT, sizeof(out->btih));
	memcpy(out->id, in.p + ID_AT, sizeof(out->id));
	return RC_OK;
}

void
wire_put_handshake(const struct wire_handshake *h, uint8_t out[static WIRE_HANDSHAKE])
{
	uint8_t *flags = out + FLAGS_AT;

	memset(out, 0, WIRE_HANDSHAKE);
	memcpy(out, protocol, PROTOCOL_SIZE);
	flags[EXTENDED_BYTE] = h->extended ? EXTENDED_BIT : 0;
	flags[LAST_BYTE] = (uint8_t)((h->fast ? FAST_BIT : 0) | (h->dht ? DHT_BIT : 0));
	memcpy(out + HASH_AT, h->btih, sizeof(h->btih));
	memcpy(out + ID_AT, h->id, sizeof(h->id));
}

/*
 * What each id's message looks like: its fixed part behind the id, and whether bytes
 * follow.
 */
struct shape {
	bool known;
	uint8_t fixed;     /* bytes behind the id that belong to the head */
	uint32_t rest_max; /* most bytes behind those */
};

static const struct shape shapes[] = {
	[WIRE_CHOKE] = { true, 0, 0 },
	[WIRE_UNCHOKE] = { true, 0, 0 },
	[WIRE_INTERESTED] = { true, 0, 0 },
	[WIRE_UNINTERESTED] = { true, 0, 0 },
	[WIRE_HAVE] = { true, 4, 0 },
	[WIRE_BITFIELD] = { true, 0, UINT32_MAX }, /* exact: the caller's number */
	[WIRE_REQUEST] = { true, 12, 0 },
	[WIRE_PIECE] = { true, 8, WIRE_BLOCK_MAX },
	[WIRE_CANCEL] = { true, 12, 0 },
	[WIRE_PORT] = { true, 2, 0 },
	[WIRE_SUGGEST] = { true, 4, 0 },
	[WIRE_HAVE_ALL] = { true, 0, 0 },
	[WIRE_HAVE_NONE] = { true, 0, 0 },
	[WIRE_REJECT] = { true, 12, 0 },
	[WIRE_ALLOWED_FAST] = { true, 4, 0 },
	[WIRE_EXTENDED] = { true, 1, WIRE_EXTENDED_MAX },
};

static const struct shape unknown = { false, 0, WIRE_UNKNOWN_MAX };

static const struct shape *
shape_of(uint8_t id)
{
	return id < sizeof(shapes) / sizeof(shapes[0]) && shapes[id].known ? &shapes[id]
	                                                                   : &unknown;
}

static bool
fits(uint8_t id, const struct shape *shape, uint32_t length, uint32_t bitfield)
{
	if (id == WIRE_BITFIELD)
		return length == bitfield;
	if (length < shape->fixed || length - shape->fixed > shape->rest_max)
		return false;
	return id != WIRE_PIECE || length > shape->fixed;
}

static void
get_fields(struct cur *c, uint8_t fixed, struct wire_head *h)
{
	switch (h->id) {
	case WIRE_EXTENDED: h->extended = (uint8_t)cur_be(c, 1); return;
	case WIRE_PORT:
		(void)cur_be(c, 2); /* the DHT's, which we do not speak */
		return;
	default:
		if (fixed >= 4)
			h->piece = (uint32_t)cur_be(c, 4);
		if (fixed >= 8)
			h->begin = (uint32_t)cur_be(c, 4);
		if (fixed >= 12)
			h->length = (uint32_t)cur_be(c, 4);
	}
}

enum rc
wire_get_head(struct bytes in, uint32_t bitfield, struct wire_head *out, size_t *size)
{
	struct cur c = cur_over(in);
	struct wire_head h = { .id = WIRE_KEEPALIVE };
	const struct shape *shape;
	uint32_t length;
	uint8_t id;

	*size = 4;
	if (in.n < *size)
		return RC_MORE;
	length = (uint32_t)cur_be(&c, 4);
	if (length == 0) {
		*out = h;
		return RC_OK;
	}
	*size = 5;
	if (in.n < *size)
		return RC_MORE;
	id = (uint8_t)cur_be(&c, 1);
	shape = shape_of(id);
	if (!fits(id, shape, length - 1, bitfield))
		return RC_BAD;
	*size += shape->fixed;
	if (in.n < *size)
		return RC_MORE;
	h.id = shape->known ? (enum wire_id)id : WIRE_UNKNOWN;
	get_fields(&c, shape->fixed, &h);
	h.rest = length - 1 - shape->fixed;
	if (h.id == WIRE_PIECE)
		h.length = h.rest;
	*out = h;
	return RC_OK;
}

size_t
wire_put_head(const struct wire_head *h, uint8_t out[static WIRE_HEAD_MAX])
{
	const struct shape *shape;
	uint8_t *at;

	if (h->id == WIRE_KEEPALIVE)
		return (size_t)(put_be(out, 4, 0) - out);
	shape = &shapes[h->id];
	at = put_be(out, 4, 1 + (uint64_t)shape->fixed + h->rest);
	at = put_be(at, 1, h->id);
	if (h->id == WIRE_EXTENDED)
		return (size_t)(put_be(at, 1, h->extended) - out);
	if (shape->fixed >= 4)
		at = put_be(at, 4, h->piece);
	if (shape->fixed >= 8)
		at = put_be(at, 4, h->begin);
	if (shape->fixed >= 12)
		at = put_be(at, 4, h->length);
	return (size_t)(at - out);
}
