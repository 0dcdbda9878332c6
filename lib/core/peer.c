/* SPDX-License-Identifier: ISC */
/*
 * A connection goes through these states (enum peer_state):
 *
 * - HANDSHAKE: 68 bytes are gathered; a wrong first byte ends it at once.
 * - HEAD: a message's length, id and numbers are gathered, each held against a table
 *   before more is read.
 * - BODY: a bit field or an extension handshake is gathered.
 * - NEWS: what a later bit field or have all adds is told piece by piece. BEP 3 and BEP 6
 *   know only the first, but aria2 sends another where that is shorter than its haves.
 * - PAYLOAD: a block's bytes go to their place, or nowhere.
 * - SKIP: bytes that nobody wants pass by.
 * - DEAD: the protocol was broken; nothing is read any more.
 *
 * A block that was never asked for is dropped, and too many of those break the protocol,
 * though one is forgiven for every few that were asked for, and what we cancelled and
 * asked for anew may come twice; so does a flood of messages that carry nothing. What we
 * ask for and say is in peer_out.c.
 */
#include "core/peer_parts.h"

#include <stdlib.h>

#include "base/text.h"

enum { UNASKED_MAX = 16, FORGIVEN_EVERY = 8, QUOTA = 20000, QUOTA_PER_S = 1000 };

enum rc
peer_init(struct peer *p, const struct peer_config *config, int64_t now_ms)
{
	*p = (struct peer){
		.config = *config,
		.chokes_us = true,
		.choking = true,
		.heard_ms = now_ms,
		.spoke_ms = now_ms,
		.quota = QUOTA + config->have->n,
		.quota_ms = now_ms,
		.state = PEER_HANDSHAKE,
	};
	buf_init(&p->output, PEER_OUTPUT_MAX);
	buf_init(&p->body, bitset_size(config->have->n) + EXT_HANDSHAKE_MAX);
	if (bitset_init(&p->has, config->have->n) != RC_OK)
		return RC_MEM;
	return config->incoming ? RC_OK : peer_put_handshake(p);
}

void
peer_clear(struct peer *p)
{
	bitset_clear(&p->has);
	buf_clear(&p->output);
	buf_clear(&p->body);
	free(p->first_request);
	*p = (struct peer){ .state = PEER_DEAD };
}

void
peer_commit(struct peer *p, size_t n, struct peer_room scratch, int64_t now_ms,
    struct bytes *rest)
{
	size_t placed = 0;

	if (p->state == PEER_PAYLOAD && p->place != NULL) {
		placed = n < p->left ? n : p->left;
		p->place += placed;
		p->left -= (uint32_t)placed;
	}
	if (n > 0)
		p->heard_ms = now_ms;
	*rest = peer_commit_ahead(p, n - placed, scratch);
}

void
peer_place(struct peer *p, uint8_t *place)
{
	/* Taken away in the middle of a block, the place is gone for the rest of it. */
	if (p->state == PEER_PAYLOAD)
		p->place = place;
}

bool
peer_is_under_way(const struct peer *p, struct peer_block b)
{
	return p->state == PEER_PAYLOAD && p->message.piece == b.piece &&
	    p->message.begin == b.begin && p->message.length == b.length;
}

bool
peer_is_placed(const struct peer *p, const uint8_t *from, size_t n)
{
	uintptr_t at = (uintptr_t)p->place - (p->message.length - p->left);

	/* By where the block begins: at its end the next one begins. */
	return p->state == PEER_PAYLOAD && p->place != NULL && at >= (uintptr_t)from &&
	    at - (uintptr_t)from < n;
}

static void
bad(struct peer *p, struct peer_event *event, const char *why)
{
	p->state = PEER_DEAD;
	p->place = NULL;
	peer_expect_none(p);
	*event = (struct peer_event){ .kind = PEER_BAD, .why = why };
}

/* Move bytes from in to the head until it has n; whether it has. */
static bool
gather(struct peer *p, struct bytes *in, size_t n)
{
	size_t take = n - p->head_n < in->n ? n - p->head_n : in->n;

	if (take > 0)
		memcpy(p->head + p->head_n, in->p, take);
	p->head_n += take;
	*in = bytes_from(*in, take);
	return p->head_n == n;
}

static void
on_handshake(struct peer *p, struct peer_event *event)
{
	struct wire_handshake h;
	enum rc rc = RC_OK;

	if (wire_get_handshake(bytes_of(p->head, p->head_n), &h) != RC_OK ||
	    memcmp(h.btih, p->config.btih, sizeof(h.btih)) != 0) {
		bad(p, event, "has another torrent");
		return;
	}
	memcpy(p->id, h.id, sizeof(p->id));
	p->fast = h.fast;
	p->extended = h.extended;
	p->ready = true;
	p->state = PEER_HEAD;
	p->head_n = 0;
	if (p->config.incoming)
		rc = peer_put_handshake(p);
	if (rc == RC_OK)
		rc = peer_put_greeting(p);
	if (rc == RC_OK)
		*event = (struct peer_event){ .kind = PEER_READY };
	else
		bad(p, event, "no memory for its output");
}

static void
next_handshake(struct peer *p, struct bytes *rest, struct peer_event *event)
{
	bool whole = gather(p, rest, WIRE_HANDSHAKE);
	struct wire_handshake h;

	if (wire_get_handshake(bytes_of(p->head, p->head_n), &h) == RC_BAD)
		bad(p, event, "does not speak BitTorrent, or speaks it encrypted");
	else if (whole)
		on_handshake(p, event);
}

static uint32_t
piece_size(const struct peer *p, uint32_t piece)
{
	uint64_t left = p->config.length - (uint64_t)piece * p->config.piece_length;

	return left < p->config.piece_length ? (uint32_t)left : p->config.piece_length;
}

static bool
is_inside(const struct peer *p, struct peer_block b)
{
	uint32_t size;

	if (b.piece >= p->has.n || b.length == 0 || b.length > WIRE_BLOCK_MAX)
		return false;
	size = piece_size(p, b.piece);
	return b.begin < size && b.length <= size - b.begin;
}

static void
on_have(struct peer *p, uint32_t piece, struct peer_event *event)
{
	if (piece >= p->has.n) {
		bad(p, event, "has a piece past the last");
		return;
	}
	p->told_pieces = true;
	if (bitset_get(&p->has, piece))
		return;
	bitset_set(&p->has, piece);
	*event = (struct peer_event){ .kind = PEER_HAVE, .block.piece = piece };
}

static void
on_all_or_none(struct peer *p, bool all, struct peer_event *event)
{
	if (p->told_pieces) {
		p->state = all && !bitset_full(&p->has) ? PEER_NEWS : PEER_HEAD;
		p->left = 0;
		return;
	}
	p->told_pieces = true;
	if (all)
		bitset_fill(&p->has);
	*event = (struct peer_event){ .kind = PEER_PIECES };
}

static void
on_choke(struct peer *p, bool choke, struct peer_event *event)
{
	if (p->chokes_us == choke)
		return;
	p->chokes_us = choke;
	/* BEP 6: after a choke every request is still answered. Before it, none is. */
	for (size_t i = 0; choke && !p->fast && i < p->n_requests; i++)
		p->requests[i].owed = false;
	*event = (struct peer_event){ .kind = choke ? PEER_CHOKE : PEER_UNCHOKE };
}

static void
on_reject(struct peer *p, struct peer_block b, struct peer_event *event)
{
	struct peer_request *r = peer_find_request(p, b);

	if (r == NULL)
		return;
	*event =
	    (struct peer_event){ .kind = PEER_REJECT, .block = b, .stale = r->stale };
	peer_remove_request(p, r);
}

static void
on_allowed(struct peer *p, uint32_t piece, struct peer_event *event)
{
	if (piece >= p->has.n || p->n_allowed == PEER_ALLOWED_MAX)
		return;
	for (size_t i = 0; i < p->n_allowed; i++)
		if (p->allowed[i] == piece)
			return;
	p->allowed[p->n_allowed++] = piece;
	*event = (struct peer_event){ .kind = PEER_ALLOWED, .block.piece = piece };
}

void
peer_begin_block(struct peer *p, struct peer_block b, struct peer_event *event)
{
	struct peer_request *r = peer_find_request(p, b);

	p->place = NULL;
	p->left = b.length;
	if (r == NULL && p->twice > 0) {
		p->twice--;
	} else if (r == NULL && ++p->unasked > UNASKED_MAX) {
		bad(p, event, "sends blocks that nobody asked for");
		return;
	}
	p->state = r == NULL ? PEER_SKIP : PEER_PAYLOAD;
	if (r != NULL)
		*event = (struct peer_event){
			.kind = PEER_BEGIN, .block = b, .stale = r->stale
		};
}

static void
on_request(struct peer *p, enum wire_id id, struct peer_block b, struct peer_event *event)
{
	if (!is_inside(p, b))
		bad(p, event, "asks for a block outside the torrent");
	else
		*event = (struct peer_event){ .kind = id == WIRE_REQUEST ? PEER_REQUEST
			                                                 : PEER_CANCEL,
			.block = b };
}

static void
on_interest(struct peer *p, bool interested, struct peer_event *event)
{
	if (p->is_interested == interested)
		return;
	p->is_interested = interested;
	*event = (struct peer_event){ .kind = PEER_INTEREST };
}

static void
on_long(struct peer *p)
{
	const struct wire_head *h = &p->message;

	p->left = h->rest;
	p->state = h->id == WIRE_BITFIELD ||
	        (h->id == WIRE_EXTENDED && h->extended == 0 &&
	            h->rest <= EXT_HANDSHAKE_MAX)
	    ? PEER_BODY
	    : PEER_SKIP;
}

static bool
is_of_bep_6(enum wire_id id)
{
	return id == WIRE_SUGGEST || id == WIRE_HAVE_ALL || id == WIRE_HAVE_NONE ||
	    id == WIRE_REJECT || id == WIRE_ALLOWED_FAST;
}

static void
on_head(struct peer *p, struct peer_event *event)
{
	const struct wire_head *h = &p->message;
	const struct peer_block b = {
		.piece = h->piece, .begin = h->begin, .length = h->length
	};

	if (!p->fast && is_of_bep_6(h->id)) {
		bad(p, event, "uses a message of BEP 6 without having said so");
		return;
	}
	switch (h->id) {
	case WIRE_KEEPALIVE:
	case WIRE_PORT:
	case WIRE_SUGGEST: return;
	case WIRE_CHOKE: on_choke(p, true, event); return;
	case WIRE_UNCHOKE: on_choke(p, false, event); return;
	case WIRE_INTERESTED: on_interest(p, true, event); return;
	case WIRE_UNINTERESTED: on_interest(p, false, event); return;
	case WIRE_HAVE: on_have(p, h->piece, event); return;
	case WIRE_HAVE_ALL: on_all_or_none(p, true, event); return;
	case WIRE_HAVE_NONE: on_all_or_none(p, false, event); return;
	case WIRE_REQUEST:
	case WIRE_CANCEL: on_request(p, h->id, b, event); return;
	case WIRE_PIECE: peer_begin_block(p, b, event); return;
	case WIRE_REJECT: on_reject(p, b, event); return;
	case WIRE_ALLOWED_FAST: on_allowed(p, h->piece, event); return;
	case WIRE_BITFIELD:
	case WIRE_EXTENDED:
	case WIRE_UNKNOWN: on_long(p); return;
	}
}

static bool
is_flood(struct peer *p, int64_t now_ms)
{
	int64_t most = QUOTA + p->has.n;

	p->quota += (now_ms - p->quota_ms) * QUOTA_PER_S / 1000;
	p->quota_ms = now_ms;
	if (p->quota > most)
		p->quota = most;
	return --p->quota < 0;
}

static void
next_head(struct peer *p, struct bytes *rest, int64_t now_ms, struct peer_event *event)
{
	size_t need;
	enum rc rc;

	while ((rc = wire_get_head(bytes_of(p->head, p->head_n),
	            (uint32_t)bitset_size(p->has.n), &p->message, &need)) == RC_MORE)
		if (!gather(p, rest, need))
			return;
	p->head_n = 0;
	if (rc != RC_OK)
		bad(p, event, "sends a message of an impossible length");
	else if (p->message.id != WIRE_PIECE && is_flood(p, now_ms))
		bad(p, event, "floods us with messages");
	else
		on_head(p, event);
}

static void
on_extended(struct peer *p, struct peer_event *event)
{
	struct ext_handshake said;

	if (ext_get_handshake(buf_bytes(&p->body), &said) != RC_OK)
		return;
	/* A later handshake says only what has changed. */
	if (said.reqq != 0)
		p->said.reqq = said.reqq;
	if (said.port != 0)
		p->said.port = said.port;
	if (said.upload_only)
		p->said.upload_only = true;
	if (said.client.n != 0)
		(void)text_printable(said.client, p->client, sizeof(p->client));
	*event = (struct peer_event){ .kind = PEER_EXTENDED };
}

/* A peer never loses a piece: what a later bit field leaves out changes nothing. */
static void
next_news(struct peer *p, struct peer_event *event)
{
	for (uint32_t i = p->left; i < p->has.n; i++) {
		bool all = p->message.id == WIRE_HAVE_ALL;

		if (bitset_get(&p->has, i) ||
		    (!all && (p->body.p[i / 8] & 0x80u >> i % 8) == 0))
			continue;
		bitset_set(&p->has, i);
		p->left = i + 1;
		*event = (struct peer_event){ .kind = PEER_HAVE, .block.piece = i };
		return;
	}
	p->left = 0;
	p->state = PEER_HEAD;
	buf_clear(&p->body);
}

static void
on_bitfield(struct peer *p, struct peer_event *event)
{
	uint32_t spare = p->has.n % 8 == 0 ? 0 : 0xffu >> p->has.n % 8;

	if (spare != 0 && (p->body.p[p->body.n - 1] & spare) != 0) {
		bad(p, event, "sends a bit field with spare bits set");
	} else if (p->told_pieces) {
		p->state = PEER_NEWS;
		next_news(p, event);
	} else if (bitset_load(&p->has, buf_bytes(&p->body)) == RC_OK) {
		p->told_pieces = true;
		*event = (struct peer_event){ .kind = PEER_PIECES };
	}
}

static void
on_body(struct peer *p, struct peer_event *event)
{
	p->state = PEER_HEAD;
	if (p->message.id == WIRE_EXTENDED)
		on_extended(p, event);
	else
		on_bitfield(p, event);
	if (p->state != PEER_NEWS)
		buf_clear(&p->body);
}

static void
next_body(struct peer *p, struct bytes *rest, struct peer_event *event)
{
	size_t take = p->left < rest->n ? p->left : rest->n;

	if (buf_add(&p->body, rest->p, take) != RC_OK) {
		bad(p, event, "no memory for its message");
		return;
	}
	p->left -= (uint32_t)take;
	*rest = bytes_from(*rest, take);
	if (p->left == 0)
		on_body(p, event);
}

void
peer_end_payload(struct peer *p, struct peer_event *event)
{
	const struct peer_block b = { .piece = p->message.piece,
		.begin = p->message.begin,
		.length = p->message.length };
	struct peer_request *r = peer_find_request(p, b);

	bool wanted = p->state == PEER_PAYLOAD;

	p->state = PEER_HEAD;
	p->place = NULL;
	if (!wanted)
		return;
	/* Forgotten while it was under way. */
	if (r == NULL)
		return;
	*event = (struct peer_event){ .kind = PEER_BLOCK, .block = b, .stale = r->stale };
	peer_remove_request(p, r);
	if (p->unasked > 0 && ++p->answers % FORGIVEN_EVERY == 0)
		p->unasked--;
}

static void
next_block(struct peer *p, struct bytes *rest, struct peer_event *event)
{
	size_t take = p->left < rest->n ? p->left : rest->n;

	if (p->place != NULL && take > 0) {
		memcpy(p->place, rest->p, take);
		p->place += take;
	}
	p->left -= (uint32_t)take;
	*rest = bytes_from(*rest, take);
	if (p->left == 0)
		peer_end_payload(p, event);
}

static void
next_skip(struct peer *p, struct bytes *rest)
{
	size_t take = p->left < rest->n ? p->left : rest->n;

	p->left -= (uint32_t)take;
	*rest = bytes_from(*rest, take);
	if (p->left == 0)
		p->state = PEER_HEAD;
}

void
peer_next(struct peer *p, struct bytes *rest, int64_t now_ms, struct peer_event *event)
{
	*event = (struct peer_event){ .kind = PEER_MORE };
	do {
		switch ((enum peer_state)p->state) {
		case PEER_HANDSHAKE: next_handshake(p, rest, event); break;
		case PEER_HEAD:
			if (p->at_ahead < p->n_ahead)
				peer_next_ahead(p, event);
			else
				next_head(p, rest, now_ms, event);
			break;
		case PEER_BODY: next_body(p, rest, event); break;
		case PEER_NEWS: next_news(p, event); break;
		case PEER_PAYLOAD:
			if (p->begun_ahead)
				peer_next_ahead(p, event);
			else
				next_block(p, rest, event);
			break;
		case PEER_SKIP: next_skip(p, rest); break;
		case PEER_DEAD: *rest = bytes_of(NULL, 0); break;
		}
	} while (event->kind == PEER_MORE &&
	    (rest->n > 0 || p->state == PEER_NEWS || p->at_ahead < p->n_ahead));
}
