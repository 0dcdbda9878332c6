/* SPDX-License-Identifier: ISC */
/*
 * core/peer, codec/wire and codec/ext: any bytes, cut in any way, while requests are
 * outstanding and change, with and without places for blocks. The input is
 *
 * - one byte of flags, FLAG_*;
 * - CUTS bytes, used in turn, one a read: the lower half says how many bytes it brings,
 *   the upper half what we do after it;
 * - what the peer says. With FLAG_SHAKEN a good handshake comes before it.
 *
 * Without FLAG_ACT the same is said once more, in reads as long as they get and without
 * places: the events must be the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum {
	FLAG_INCOMING = 1,
	FLAG_SHAKEN = 2,
	FLAG_FAST = 4,
	FLAG_EXTENDED = 8,
	FLAG_PLACES = 16,
	FLAG_ACT = 32,
	FLAG_SHORT_QUOTA = 64,
	FLAG_SEED = 128, /* we have all */
};
enum { CUTS = 15, SCRATCH = 64, PIECE = 64, PIECES = 20, LENGTH = 19 * 64 + 40 };
enum { BLOCK = 16, ASKED = 40, AHEAD = 3 };

static const uint8_t btih[20] = "BBBBBBBBBBBBBBBBBBB";
static const uint8_t id[20] = "-UG0100-uuuuuuuuuuu";

struct drive {
	struct peer p;
	struct bitset have;
	unsigned flags;
	const uint8_t *cuts;
	size_t reads;
	struct bytes said; /* still to come */
	int64_t now_ms;
	uint8_t *place; /* of exactly one block; the peer may write there */
	struct peer_block expected[AHEAD];
	uint8_t *ahead[AHEAD]; /* and there, while it is expected */
	size_t n_ahead;
	bool bad;
	uint64_t trace; /* of all events */
};

static void
insist(int truth)
{
	if (!truth)
		abort();
}

static void
start(struct drive *d, const uint8_t *cuts, unsigned flags)
{
	struct peer_config config = { .btih = btih,
		.id = id,
		.have = &d->have,
		.piece_length = PIECE,
		.length = LENGTH,
		.port = 6881,
		.incoming = (flags & FLAG_INCOMING) != 0 };

	*d = (struct drive){ .flags = flags, .cuts = cuts, .now_ms = 1000 };
	insist(bitset_init(&d->have, PIECES) == RC_OK);
	if ((flags & FLAG_SEED) != 0)
		bitset_fill(&d->have);
	else
		bitset_set(&d->have, 3);
	insist(peer_init(&d->p, &config, d->now_ms) == RC_OK);
	if ((flags & FLAG_SHORT_QUOTA) != 0)
		d->p.quota = 10;
	for (uint32_t i = 0; i < ASKED; i++)
		insist(peer_send_request(&d->p,
		           (struct peer_block){ i / 4, i % 4 * BLOCK, BLOCK },
		           d->now_ms) == RC_OK);
}

static void
forget_ahead(struct drive *d)
{
	while (d->n_ahead > 0)
		free(d->ahead[--d->n_ahead]);
}

/* The next blocks go straight to their places, unless we change our mind (give_place). */
static void
expect(struct drive *d)
{
	forget_ahead(d);
	peer_expect_none(&d->p);
	if ((d->flags & FLAG_PLACES) == 0)
		return;
	for (size_t i = 0; i < d->p.n_requests && d->n_ahead < AHEAD; i++) {
		const struct peer_request *r = &d->p.requests[i];

		if (r->stale || peer_is_under_way(&d->p, r->block))
			continue;
		d->expected[d->n_ahead] = r->block;
		d->ahead[d->n_ahead] = malloc(r->block.length);
		insist(d->ahead[d->n_ahead] != NULL);
		peer_expect(&d->p, r->block, d->ahead[d->n_ahead++]);
	}
}

static void
stop(struct drive *d)
{
	forget_ahead(d);
	free(d->place);
	peer_clear(&d->p);
	bitset_clear(&d->have);
}

/* What must be so at any time. */
static void
check(const struct drive *d)
{
	const struct peer *p = &d->p;
	size_t stale = 0;
	uint32_t has = 0;

	for (size_t i = 0; i < p->n_requests; i++)
		stale += p->requests[i].stale;
	insist(stale == p->n_stale && p->n_stale <= p->n_requests);
	insist(p->n_requests <= PEER_REQUESTS_MAX);
	insist(p->n_allowed <= PEER_ALLOWED_MAX);
	for (size_t i = 0; i < p->n_allowed; i++)
		insist(p->allowed[i] < PIECES);
	for (uint32_t i = 0; i < 8 * bitset_size(PIECES); i++)
		has += (p->has.bits[i / 8] & 0x80u >> i % 8) != 0;
	insist(has == p->has.count && has <= PIECES);
	insist(memchr(p->client, '\0', sizeof(p->client)) != NULL);
	insist(p->output.n <= PEER_OUTPUT_MAX && p->n_due <= PEER_BLOCKS_MAX);
	insist(p->heard_ms <= d->now_ms && p->spoke_ms <= d->now_ms);
}

static bool
is_asked(const struct peer *p, struct peer_block b)
{
	for (size_t i = 0; i < p->n_requests; i++)
		if (p->requests[i].block.piece == b.piece &&
		    p->requests[i].block.begin == b.begin)
			return p->requests[i].block.length == b.length;
	return false;
}

static uint8_t *
take_ahead(struct drive *d, struct peer_block b)
{
	for (size_t i = 0; i < d->n_ahead; i++)
		if (d->expected[i].piece == b.piece && d->expected[i].begin == b.begin) {
			uint8_t *place = d->ahead[i];

			d->ahead[i] = NULL;
			return place;
		}
	return NULL;
}

static void
give_place(struct drive *d, struct peer_block b)
{
	unsigned mind = d->cuts[d->reads % CUTS] % 5;
	uint32_t n = b.length;

	free(d->place);
	d->place = NULL;
	if ((d->flags & FLAG_PLACES) == 0 || mind == 0)
		return;
	d->place = mind == 1 ? NULL : take_ahead(d, b);
	if (d->place == NULL)
		d->place = malloc(n);
	insist(d->place != NULL);
	peer_place(&d->p, d->place);
	insist(peer_is_placed(&d->p, d->place, n));
}

static void
on_event(struct drive *d, const struct peer_event *e)
{
	const struct peer_block *b = &e->block;
	uint64_t what =
	    (uint64_t)e->kind << 32 ^ b->piece * 31 ^ b->begin * 7 ^ b->length;

	insist(!d->bad);
	d->trace = (d->trace ^ what ^ (uint64_t)e->stale << 40) * 0x100000001b3;
	switch (e->kind) {
	case PEER_BEGIN:
		insist(is_asked(&d->p, *b));
		give_place(d, *b);
		break;
	case PEER_BLOCK:
		insist(!is_asked(&d->p, *b));
		free(d->place);
		d->place = NULL;
		break;
	case PEER_REQUEST:
	case PEER_CANCEL:
		insist((uint64_t)b->piece * PIECE + b->begin + b->length <= LENGTH);
		insist(b->length > 0 && b->begin + b->length <= PIECE);
		break;
	case PEER_HAVE: insist(bitset_get(&d->p.has, b->piece)); break;
	case PEER_BAD:
		insist(e->why != NULL);
		d->bad = true;
		break;
	default: break;
	}
	check(d);
}

/* Something that we do between two reads. */
static void
act(struct drive *d, unsigned what)
{
	const struct peer_block b = { what % 10, d->reads % 4 * BLOCK, BLOCK };
	struct peer *p = &d->p;
	struct peer_block gone;

	switch (what) {
	case 1: insist(peer_send_cancel(p, b) == RC_OK); break;
	case 2: peer_stale_requests(p); break;
	case 3: peer_forget_requests(p, d->now_ms); break;
	case 4: (void)!peer_expire_request(p, d->now_ms, &gone); break;
	case 5:
		peer_place(p, NULL);
		free(d->place); /* so that a sanitizer sees a write into it */
		d->place = NULL;
		break;
	case 6:
		if (!is_asked(p, b))
			insist(peer_send_request(p, b, d->now_ms) == RC_OK);
		break;
	case 7: (void)!peer_send_block(p, b); break;
	case 8: (void)peer_sent(p, peer_waiting(p) / 2, d->now_ms); break;
	case 9: insist(peer_set_choking(p, d->reads % 2 == 0) == RC_OK); break;
	case 10: insist(peer_send_have(p, b.piece) == RC_OK); break;
	case 11: insist(peer_send_reject(p, b) == RC_OK); break;
	case 12: insist(peer_send_allowed(p, b.piece) == RC_OK); break;
	case 13: d->now_ms += 1000; break;
	default: break;
	}
}

/* One read of at most n bytes, into the rooms as they come. */
static void
one_read(struct drive *d, size_t n)
{
	uint8_t bytes[SCRATCH + AHEAD * (PEER_BLOCK_HEAD + BLOCK)];
	const struct peer_room scratch = { .p = bytes, .n = sizeof(bytes) };
	struct peer_room room[PEER_ROOMS];
	struct peer_event e;
	struct bytes rest;
	size_t got = 0;
	int rooms;

	expect(d);
	rooms = peer_room(&d->p, scratch, room);
	for (int i = 0; i < rooms; i++) {
		size_t take = room[i].n < n - got ? room[i].n : n - got;

		if (take > d->said.n)
			take = d->said.n;
		if (take > 0)
			memcpy(room[i].p, d->said.p, take);
		d->said = bytes_from(d->said, take);
		got += take;
	}
	peer_commit(&d->p, got, scratch, d->now_ms, &rest);
	while (peer_next(&d->p, &rest, d->now_ms, &e), e.kind != PEER_MORE)
		on_event(d, &e);
	insist(rest.n == 0);
	check(d);
}

static void
say(struct drive *d, const uint8_t *p, size_t n, bool cut)
{
	d->said = bytes_of(p, n);
	while (d->said.n > 0) {
		unsigned how = cut ? d->cuts[d->reads % CUTS] : 0x0f;

		one_read(d, (how & 15) == 15 ? SCRATCH : (how & 15) + 1);
		if ((d->flags & FLAG_ACT) != 0)
			act(d, how >> 4);
		d->reads++;
	}
}

/* The whole conversation. Returns its trace. */
static uint64_t
converse(const uint8_t *p, size_t n, unsigned flags, bool cut)
{
	uint8_t shake[WIRE_HANDSHAKE] = "\023BitTorrent protocol";
	struct drive d;

	start(&d, p + 1, flags);
	if ((flags & FLAG_SHAKEN) != 0) {
		shake[25] = (flags & FLAG_EXTENDED) != 0 ? 0x10 : 0;
		shake[27] = (flags & FLAG_FAST) != 0 ? 0x04 : 0;
		memcpy(shake + 28, btih, sizeof(btih));
		say(&d, shake, sizeof(shake), cut);
		insist(d.p.ready && !d.bad);
	}
	say(&d, p + 1 + CUTS, n - 1 - CUTS, cut);
	stop(&d);
	return d.trace;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint64_t trace;

	if (n < 1 + CUTS)
		return 0;
	trace = converse(p, n, p[0], true);
	if ((p[0] & FLAG_ACT) == 0)
		insist(trace == converse(p, n, p[0] & ~(unsigned)FLAG_PLACES, false));
	return 0;
}
