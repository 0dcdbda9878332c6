/* SPDX-License-Identifier: ISC */
/*
 * A connection goes through these states:
 *
 *   HANDSHAKE  68 bytes are gathered; a wrong first byte ends it at once
 *   HEAD       a message's length, id and numbers are gathered, each held against a table
 * before more is read BODY       a bit field or an extension handshake is gathered BLOCK
 * payload goes to its place, or nowhere SKIP       bytes nobody wants pass by DEAD the
 * protocol was broken; nothing is read any more
 *
 * Requests that were given to others stay in the list as stale: their blocks may still
 * come, and are good then. A block that was never asked for is dropped, and too many of
 * those break the protocol; so does a flood of messages that carry nothing.
 */
#include "core/peer.h"

#include <stdlib.h>

#include "base/text.h"

enum state { HANDSHAKE, HEAD, BODY, BLOCK, SKIP, DEAD };
enum { UNASKED_MAX = 256, QUOTA = 20000, QUOTA_PER_S = 1000, FIRST_REQUESTS = 32 };

static enum rc
put(struct peer *p, struct bytes b)
{
	return buf_add(&p->output, b.p, b.n);
}

static enum rc
put_head(struct peer *p, const struct wire_head *h)
{
	uint8_t head[WIRE_HEAD_MAX];

	return put(p, bytes_of(head, wire_put_head(h, head)));
}

static enum rc
put_handshake(struct peer *p)
{
	struct wire_handshake h = { .fast = true, .extended = true };
	uint8_t out[WIRE_HANDSHAKE];

	memcpy(h.btih, p->config.btih, sizeof(h.btih));
	memcpy(h.id, p->config.id, sizeof(h.id));
	wire_put_handshake(&h, out);
	return put(p, bytes_of(out, sizeof(out)));
}

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
		.state = HANDSHAKE,
	};
	buf_init(&p->output, PEER_OUTPUT_MAX);
	buf_init(&p->body, bitset_size(config->have->n) + EXT_HANDSHAKE_MAX);
	if (bitset_init(&p->has, config->have->n) != RC_OK)
		return RC_MEM;
	return config->incoming ? RC_OK : put_handshake(p);
}

void
peer_clear(struct peer *p)
{
	bitset_free(&p->has);
	buf_clear(&p->output);
	buf_clear(&p->body);
	free(p->requests);
	*p = (struct peer){ .state = DEAD };
}

/* The requests. */

static struct peer_request *
find_request(const struct peer *p, struct peer_block b)
{
	for (size_t i = 0; i < p->n_requests; i++) {
		struct peer_request *r = &p->requests[i];

		if (r->block.begin == b.begin && r->block.piece == b.piece)
			return r->block.length == b.length ? r : NULL;
	}
	return NULL;
}

static void
remove_request(struct peer *p, struct peer_request *r)
{
	size_t behind = p->n_requests - (size_t)(r - p->requests) - 1;

	p->n_stale -= r->stale;
	memmove(r, r + 1, behind * sizeof(*r));
	p->n_requests--;
}

void
peer_stale_requests(struct peer *p)
{
	for (size_t i = 0; i < p->n_requests; i++)
		p->requests[i].stale = true;
	p->n_stale = p->n_requests;
}

void
peer_forget_requests(struct peer *p, int64_t before_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_requests; i++) {
		if (p->requests[i].stale && p->requests[i].asked_ms < before_ms)
			p->n_stale--;
		else
			p->requests[kept++] = p->requests[i];
	}
	p->n_requests = kept;
}

static enum rc
room_for_request(struct peer *p)
{
	size_t cap = p->cap_requests == 0 ? FIRST_REQUESTS : p->cap_requests * 2;
	void *grown;

	if (p->n_requests < p->cap_requests)
		return RC_OK;
	if (p->n_requests >= PEER_REQUESTS_MAX)
		return RC_BIG;
	grown = reallocarray(p->requests, cap, sizeof(*p->requests));
	if (grown == NULL)
		return RC_MEM;
	p->requests = grown;
	p->cap_requests = cap;
	return RC_OK;
}

static enum rc
put_block_head(struct peer *p, enum wire_id id, struct peer_block b)
{
	return put_head(p,
	    &(struct wire_head){
	        .id = id, .piece = b.piece, .begin = b.begin, .length = b.length });
}

enum rc
peer_send_request(struct peer *p, struct peer_block b, int64_t now_ms)
{
	struct peer_request *old = p->n_stale > 0 ? find_request(p, b) : NULL;
	enum rc rc;

	if (old != NULL)
		remove_request(p, old);
	rc = room_for_request(p);
	if (rc == RC_OK)
		rc = put_block_head(p, WIRE_REQUEST, b);
	if (rc == RC_OK)
		p->requests[p->n_requests++] =
		    (struct peer_request){ .block = b, .asked_ms = now_ms };
	return rc;
}

enum rc
peer_send_cancel(struct peer *p, struct peer_block b)
{
	struct peer_request *r = find_request(p, b);

	if (r == NULL || r->stale)
		return RC_OK;
	r->stale = true;
	p->n_stale++;
	return put_block_head(p, WIRE_CANCEL, b);
}

/* What else we say. */

enum rc
peer_set_choking(struct peer *p, bool choking)
{
	if (p->choking == choking)
		return RC_OK;
	p->choking = choking;
	return put_head(
	    p, &(struct wire_head){ .id = choking ? WIRE_CHOKE : WIRE_UNCHOKE });
}

enum rc
peer_set_interested(struct peer *p, bool interested)
{
	if (p->interested == interested)
		return RC_OK;
	p->interested = interested;
	return put_head(p,
	    &(struct wire_head){
	        .id = interested ? WIRE_INTERESTED : WIRE_UNINTERESTED });
}

enum rc
peer_send_have(struct peer *p, uint32_t piece)
{
	if (!p->ready || bitset_get(&p->has, piece))
		return RC_OK;
	return put_head(p, &(struct wire_head){ .id = WIRE_HAVE, .piece = piece });
}

enum rc
peer_send_keepalive(struct peer *p)
{
	return put_head(p, &(struct wire_head){ .id = WIRE_KEEPALIVE });
}

enum rc
peer_send_reject(struct peer *p, struct peer_block b)
{
	return p->fast ? put_block_head(p, WIRE_REJECT, b) : RC_OK;
}

enum rc
peer_send_block(struct peer *p, struct peer_block b, const uint8_t *data)
{
	const struct wire_head h = {
		.id = WIRE_PIECE, .piece = b.piece, .begin = b.begin, .rest = b.length
	};
	enum rc rc = buf_room(&p->output, WIRE_HEAD_MAX + (size_t)b.length);

	if (rc == RC_OK)
		rc = put_head(p, &h);
	return rc == RC_OK ? put(p, bytes_of(data, b.length)) : rc;
}

/* The first message: what we have, in the shortest way that both sides know. */
static enum rc
put_pieces(struct peer *p)
{
	const struct bitset *have = p->config.have;
	struct wire_head h = { .id = WIRE_BITFIELD,
		.rest = (uint32_t)bitset_size(have->n) };
	enum rc rc;

	if (p->fast && bitset_full(have))
		return put_head(p, &(struct wire_head){ .id = WIRE_HAVE_ALL });
	if (have->count == 0)
		return p->fast ? put_head(p, &(struct wire_head){ .id = WIRE_HAVE_NONE })
		               : RC_OK;
	rc = put_head(p, &h);
	return rc == RC_OK ? put(p, bitset_bytes(have)) : rc;
}

static enum rc
put_extended(struct peer *p)
{
	const struct ext_handshake said = { .reqq = PEER_REQUESTS_MAX,
		.port = p->config.incoming ? 0 : p->config.port,
		.client = bytes_str("ugat " UGAT_VERSION) };
	struct wire_head h = { .id = WIRE_EXTENDED };
	uint8_t body[128];
	enum rc rc;

	if (!p->extended)
		return RC_OK;
	h.rest = (uint32_t)ext_put_handshake(&said, body, sizeof(body));
	rc = put_head(p, &h);
	return rc == RC_OK ? put(p, bytes_of(body, h.rest)) : rc;
}

struct bytes
peer_output(const struct peer *p)
{
	return buf_bytes(&p->output);
}

void
peer_sent(struct peer *p, size_t n, int64_t now_ms)
{
	buf_drop(&p->output, n);
	p->spoke_ms = now_ms;
}

/* What it says. */

int
peer_room(struct peer *p, struct peer_room scratch, struct peer_room room[static 2])
{
	if (p->state == BLOCK && p->place != NULL && p->left > 0) {
		room[0] = (struct peer_room){ .p = p->place, .n = p->left };
		room[1] = scratch;
		return 2;
	}
	room[0] = scratch;
	return 1;
}

void
peer_commit(struct peer *p, size_t n, struct peer_room scratch, int64_t now_ms,
    struct bytes *rest)
{
	size_t placed = 0;

	if (p->state == BLOCK && p->place != NULL) {
		placed = n < p->left ? n : p->left;
		p->place += placed;
		p->left -= (uint32_t)placed;
	}
	if (n > 0)
		p->heard_ms = now_ms;
	*rest = bytes_of(scratch.p, n - placed);
}

void
peer_place(struct peer *p, uint8_t *place)
{
	/* Taken away in the middle of a block, the place is gone for the rest of it. */
	if (p->state == BLOCK)
		p->place = place;
}

bool
peer_is_placed(const struct peer *p, const uint8_t *from, size_t n)
{
	uintptr_t at = (uintptr_t)p->place, start = (uintptr_t)from;

	return p->state == BLOCK && p->place != NULL && at >= start && at - start <= n;
}

static void
bad(struct peer *p, struct peer_event *event, const char *why)
{
	p->state = DEAD;
	p->place = NULL;
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
	p->state = HEAD;
	p->head_n = 0;
	if (p->config.incoming)
		rc = put_handshake(p);
	if (rc == RC_OK)
		rc = put_pieces(p);
	if (rc == RC_OK)
		rc = put_extended(p);
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
		bad(p, event, "does not speak BitTorrent");
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
	if (p->told_pieces || !p->fast) {
		bad(p, event, "tells its pieces twice");
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
	/* BEP 6: after a choke every request is still answered, by its block or by a
	 * reject. */
	if (choke && !p->fast)
		peer_stale_requests(p);
	*event = (struct peer_event){ .kind = choke ? PEER_CHOKE : PEER_UNCHOKE };
}

static void
on_reject(struct peer *p, struct peer_block b, struct peer_event *event)
{
	struct peer_request *r = find_request(p, b);

	if (r == NULL)
		return;
	*event =
	    (struct peer_event){ .kind = PEER_REJECT, .block = b, .stale = r->stale };
	remove_request(p, r);
}

static void
on_allowed(struct peer *p, uint32_t piece, struct peer_event *event)
{
	if (piece >= p->has.n || p->n_allowed == PEER_ALLOWED_MAX)
		return;
	p->allowed[p->n_allowed++] = piece;
	*event = (struct peer_event){ .kind = PEER_ALLOWED, .block.piece = piece };
}

static void
on_block_head(struct peer *p, struct peer_block b, struct peer_event *event)
{
	struct peer_request *r = find_request(p, b);

	p->place = NULL;
	p->left = b.length;
	if (r == NULL && ++p->unasked > UNASKED_MAX) {
		bad(p, event, "sends blocks that nobody asked for");
		return;
	}
	p->state = r == NULL ? SKIP : BLOCK;
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

/* A bit field counts when it comes first (BEP 3), and before any have. */
static void
on_long(struct peer *p, struct peer_event *event)
{
	const struct wire_head *h = &p->message;
	bool is_bitfield = h->id == WIRE_BITFIELD;

	if (is_bitfield && p->told_pieces) {
		bad(p, event, "tells its pieces twice");
		return;
	}
	p->left = h->rest;
	p->state = is_bitfield ||
	        (h->id == WIRE_EXTENDED && h->extended == 0 &&
	            h->rest <= EXT_HANDSHAKE_MAX)
	    ? BODY
	    : SKIP;
}

static void
on_head(struct peer *p, struct peer_event *event)
{
	const struct wire_head *h = &p->message;
	const struct peer_block b = {
		.piece = h->piece, .begin = h->begin, .length = h->length
	};

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
	case WIRE_PIECE: on_block_head(p, b, event); return;
	case WIRE_REJECT: on_reject(p, b, event); return;
	case WIRE_ALLOWED_FAST: on_allowed(p, h->piece, event); return;
	case WIRE_BITFIELD:
	case WIRE_EXTENDED:
	case WIRE_UNKNOWN: on_long(p, event); return;
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
	if (ext_get_handshake(buf_bytes(&p->body), &p->said) != RC_OK)
		return;
	(void)text_printable(p->said.client, p->client, sizeof(p->client));
	p->said.client = bytes_of(NULL, 0);
	*event = (struct peer_event){ .kind = PEER_EXTENDED };
}

static void
on_body(struct peer *p, struct peer_event *event)
{
	p->state = HEAD;
	if (p->message.id == WIRE_EXTENDED) {
		on_extended(p, event);
	} else if (bitset_load(&p->has, buf_bytes(&p->body)) != RC_OK) {
		bad(p, event, "sends a bit field with spare bits set");
	} else {
		p->told_pieces = true;
		*event = (struct peer_event){ .kind = PEER_PIECES };
	}
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

static void
on_block(struct peer *p, struct peer_event *event)
{
	const struct peer_block b = { .piece = p->message.piece,
		.begin = p->message.begin,
		.length = p->message.length };
	struct peer_request *r = find_request(p, b);

	p->state = HEAD;
	p->place = NULL;
	/* Forgotten while it was under way. */
	if (r == NULL)
		return;
	*event = (struct peer_event){ .kind = PEER_BLOCK, .block = b, .stale = r->stale };
	remove_request(p, r);
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
		on_block(p, event);
}

static void
next_skip(struct peer *p, struct bytes *rest)
{
	size_t take = p->left < rest->n ? p->left : rest->n;

	p->left -= (uint32_t)take;
	*rest = bytes_from(*rest, take);
	if (p->left == 0)
		p->state = HEAD;
}

void
peer_next(struct peer *p, struct bytes *rest, int64_t now_ms, struct peer_event *event)
{
	*event = (struct peer_event){ .kind = PEER_MORE };
	do {
		switch ((enum state)p->state) {
		case HANDSHAKE: next_handshake(p, rest, event); break;
		case HEAD: next_head(p, rest, now_ms, event); break;
		case BODY: next_body(p, rest, event); break;
		case BLOCK: next_block(p, rest, event); break;
		case SKIP: next_skip(p, rest); break;
		case DEAD: *rest = bytes_of(NULL, 0); break;
		}
	} while (event->kind == PEER_MORE && rest->n > 0);
}
