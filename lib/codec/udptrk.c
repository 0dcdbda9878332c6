/* SPDX-License-Identifier: ISC */
#include "codec/udptrk.h"

#include "codec/compact.h"

enum { OPTION_URL = 2, OPTION_MAX = 255, COUNTS_SIZE = 12 };

void
udptrk_put_connect(uint32_t txn, uint8_t out[static UDPTRK_CONNECT_SIZE])
{
	uint8_t *at = put_be(out, 8, UDPTRK_MAGIC);

	at = put_be(at, 4, UDPTRK_CONNECT);
	put_be(at, 4, txn);
}

static uint8_t *
put_bytes(uint8_t *at, const uint8_t *p, size_t n)
{
	memcpy(at, p, n);
	return at + n;
}

static uint8_t *
put_target(uint8_t *at, struct bytes target)
{
	if (target.n > UDPTRK_URL_MAX)
		target.n = UDPTRK_URL_MAX;
	while (target.n > 0) {
		size_t n = target.n < OPTION_MAX ? target.n : OPTION_MAX;

		*at++ = OPTION_URL;
		*at++ = (uint8_t)n;
		at = put_bytes(at, target.p, n);
		target = bytes_from(target, n);
	}
	return at;
}

size_t
udptrk_put_announce(
    const struct udptrk_announce *a, uint8_t out[static UDPTRK_REQUEST_MAX])
{
	uint8_t *at = put_be(out, 8, a->conn_id);

	at = put_be(at, 4, UDPTRK_ANNOUNCE);
	at = put_be(at, 4, a->txn);
	at = put_bytes(at, a->btih, sizeof(a->btih));
	at = put_bytes(at, a->id, sizeof(a->id));
	at = put_be(at, 8, a->downloaded);
	at = put_be(at, 8, a->left);
	at = put_be(at, 8, a->uploaded);
	at = put_be(at, 4, a->event);
	at = put_be(at, 4, 0); /* our address: the datagram's own */
	at = put_be(at, 4, a->key);
	at = put_be(at, 4, a->want);
	at = put_be(at, 2, a->port);
	return (size_t)(put_target(at, a->target) - out);
}

size_t
udptrk_put_scrape(uint64_t conn_id, uint32_t txn, struct bytes hashes,
    uint8_t out[static UDPTRK_SCRAPE_MAX])
{
	uint8_t *at = put_be(out, 8, conn_id);
	size_t n = hashes.n / 20;

	n = n < UDPTRK_SCRAPE_HASHES ? n : UDPTRK_SCRAPE_HASHES;
	at = put_be(at, 4, UDPTRK_SCRAPE);
	at = put_be(at, 4, txn);
	return (size_t)(put_bytes(at, hashes.p, n * 20) - out);
}

/* As much of the rest as fills things of size bytes. */
static struct bytes
whole(const struct cur *c, size_t size)
{
	return bytes_of(c->p, c->n - c->n % size);
}

enum rc
udptrk_get(struct bytes in, enum udptrk_action asked, uint32_t txn, bool v6,
    struct udptrk_reply *out)
{
	struct cur c = cur_over(in);
	uint32_t action = (uint32_t)cur_be(&c, 4);
	struct udptrk_reply r = { .action = asked };

	if ((uint32_t)cur_be(&c, 4) != txn || c.bad ||
	    (action != (uint32_t)asked && action != UDPTRK_ERROR))
		return RC_BAD;
	r.action = (enum udptrk_action)action;
	switch (r.action) {
	case UDPTRK_CONNECT: r.conn_id = cur_be(&c, 8); break;
	case UDPTRK_ANNOUNCE:
		if (c.n == 0) {
			r.unregistered = true;
			break;
		}
		r.interval_s = (uint32_t)cur_be(&c, 4);
		r.leechers = (uint32_t)cur_be(&c, 4);
		r.seeders = (uint32_t)cur_be(&c, 4);
		r.peers = whole(&c, v6 ? COMPACT_V6 : COMPACT_V4);
		break;
	case UDPTRK_SCRAPE: r.counts = whole(&c, COUNTS_SIZE); break;
	case UDPTRK_ERROR: r.message = whole(&c, 1); break;
	}
	if (c.bad)
		return RC_BAD;
	*out = r;
	return RC_OK;
}

bool
udptrk_take_counts(struct bytes *counts, struct udptrk_counts *out)
{
	struct cur c = cur_over(*counts);
	struct udptrk_counts r;

	r.seeders = (uint32_t)cur_be(&c, 4);
	r.completed = (uint32_t)cur_be(&c, 4);
	r.leechers = (uint32_t)cur_be(&c, 4);
	if (c.bad)
		return false;
	*counts = bytes_of(c.p, c.n);
	*out = r;
	return true;
}
