/* SPDX-License-Identifier: ISC */
/*
 * The half of core/peer that speaks: the list of requests, and everything that is queued
 * to be sent. Requests that were given to others, or cancelled, stay in the list as
 * stale: their blocks may still come, and are good then.
 */
#include "core/peer_parts.h"

#include <stdlib.h>

enum { FIRST_REQUESTS = 32, OWED_MS = 20000 };

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

enum rc
peer_put_handshake(struct peer *p)
{
	struct wire_handshake h = { .fast = true, .extended = true };
	uint8_t out[WIRE_HANDSHAKE];

	memcpy(h.btih, p->config.btih, sizeof(h.btih));
	memcpy(h.id, p->config.id, sizeof(h.id));
	wire_put_handshake(&h, out);
	return put(p, bytes_of(out, sizeof(out)));
}

/* The requests. */

struct peer_request *
peer_find_request(const struct peer *p, struct peer_block b)
{
	for (size_t i = 0; i < p->n_requests; i++) {
		struct peer_request *r = &p->requests[i];

		if (r->block.begin == b.begin && r->block.piece == b.piece)
			return r->block.length == b.length ? r : NULL;
	}
	return NULL;
}

bool
peer_is_asked(const struct peer *p, struct peer_block b)
{
	return peer_find_request(p, b) != NULL;
}

void
peer_remove_request(struct peer *p, struct peer_request *r)
{
	size_t behind = p->n_requests - (size_t)(r - p->requests) - 1;

	p->n_stale -= r->stale;
	p->n_requests--;
	/* Nearly always it is the first one, and nothing moves. */
	if (r == p->requests)
		p->requests++;
	else
		memmove(r, r + 1, behind * sizeof(*r));
}

void
peer_stale_requests(struct peer *p)
{
	bool answered = p->fast || !p->chokes_us;

	for (size_t i = 0; i < p->n_requests; i++) {
		p->requests[i].owed |= !p->requests[i].stale && answered;
		p->requests[i].stale = true;
	}
	p->n_stale = p->n_requests;
}

enum rc
peer_expire_request(struct peer *p, int64_t before_ms, struct peer_block *b)
{
	for (size_t i = 0; i < p->n_requests; i++) {
		struct peer_request *r = &p->requests[i];

		if (r->stale || peer_is_under_way(p, r->block))
			continue;
		if (r->asked_ms >= before_ms)
			break; /* they stand in the order asked */
		r->stale = true;
		p->n_stale++;
		*b = r->block;
		return RC_OK;
	}
	return RC_NONE;
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
	size_t cap = p->cap_requests == 0 ? FIRST_REQUESTS : p->cap_requests * 2,
	       before = (size_t)(p->requests - p->first_request);
	struct peer_request *grown;

	if (p->n_requests >= PEER_REQUESTS_MAX)
		return RC_BIG;
	if (before + p->n_requests < p->cap_requests)
		return RC_OK;
	/* At least half of it lies idle in front: then moving pays. */
	if (before > 0 && before >= p->n_requests) {
		memmove(p->first_request, p->requests, p->n_requests * sizeof(*grown));
		p->requests = p->first_request;
		return RC_OK;
	}
	grown = reallocarray(p->first_request, cap, sizeof(*grown));
	if (grown == NULL)
		return RC_MEM;
	p->first_request = grown;
	p->requests = grown + before;
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
	struct peer_request *old = p->n_stale > 0 ? peer_find_request(p, b) : NULL;
	enum rc rc;

	if (old != NULL && old->owed && now_ms - old->asked_ms < OWED_MS) {
		old->stale = old->owed = false;
		p->n_stale--;
		return RC_OK;
	}
	if (old != NULL) {
		peer_remove_request(p, old);
		p->twice++;
	}
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
	struct peer_request *r = peer_find_request(p, b);

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
peer_send_allowed(struct peer *p, uint32_t piece)
{
	const struct wire_head h = { .id = WIRE_ALLOWED_FAST, .piece = piece };

	return p->fast ? put_head(p, &h) : RC_OK;
}

enum rc
peer_send_block(struct peer *p, struct peer_block b)
{
	const struct wire_head h = {
		.id = WIRE_PIECE, .piece = b.piece, .begin = b.begin, .rest = b.length
	};
	enum rc rc = p->n_due < PEER_BLOCKS_MAX ? put_head(p, &h) : RC_BIG;

	if (rc != RC_OK)
		return rc;
	p->due[(p->first_due + p->n_due++) % PEER_BLOCKS_MAX] =
	    (struct peer_due){ .at = p->words_sent + p->output.n, .block = b };
	return RC_OK;
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
		.upload_only = p->config.upload_only,
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

enum rc
peer_set_upload_only(struct peer *p)
{
	if (p->config.upload_only)
		return RC_OK;
	p->config.upload_only = true;
	return p->ready ? put_extended(p) : RC_OK;
}

enum rc
peer_put_greeting(struct peer *p)
{
	enum rc rc = put_pieces(p);

	return rc == RC_OK ? put_extended(p) : rc;
}

static struct peer_due *
due(struct peer *p, size_t i)
{
	return &p->due[(p->first_due + i) % PEER_BLOCKS_MAX];
}

size_t
peer_waiting(const struct peer *p)
{
	size_t n = p->output.n;

	for (size_t i = 0; i < p->n_due; i++)
		n += p->due[(p->first_due + i) % PEER_BLOCKS_MAX].block.length;
	return n;
}

bool
peer_output(const struct peer *p, size_t i, struct peer_part *part)
{
	size_t at = 0;

	*part = (struct peer_part){ .bytes = bytes_of(NULL, 0) };
	for (size_t k = 0; k < p->n_due; k++) {
		const struct peer_due *d = &p->due[(p->first_due + k) % PEER_BLOCKS_MAX];
		size_t words = (size_t)(d->at - p->words_sent);

		if (words > at && i-- == 0) {
			part->bytes = bytes_of(p->output.p + at, words - at);
			return true;
		}
		if (i-- == 0) {
			part->block = d->block;
			return true;
		}
		at = words;
	}
	part->bytes = bytes_from(buf_bytes(&p->output), at);
	return i == 0 && part->bytes.n > 0;
}

/* Words up to the next block; returns how many of n. */
static size_t
words_sent(struct peer *p, size_t n)
{
	size_t words =
	    p->n_due > 0 ? (size_t)(due(p, 0)->at - p->words_sent) : p->output.n;

	words = words < n ? words : n;
	buf_drop(&p->output, words);
	p->words_sent += words;
	return words;
}

static size_t
block_sent(struct peer *p, size_t n)
{
	struct peer_block *b = &due(p, 0)->block;
	uint32_t bytes = n < b->length ? (uint32_t)n : b->length;

	b->begin += bytes;
	b->length -= bytes;
	if (b->length == 0) {
		p->quota++; /* its request was none of a flood */
		p->first_due = (p->first_due + 1) % PEER_BLOCKS_MAX;
		p->n_due--;
	}
	return bytes;
}

size_t
peer_sent(struct peer *p, size_t n, int64_t now_ms)
{
	size_t payload = 0, bytes;

	p->spoke_ms = now_ms;
	while (n > 0) {
		n -= words_sent(p, n);
		if (n == 0 || p->n_due == 0)
			break;
		bytes = block_sent(p, n);
		payload += bytes;
		n -= bytes;
	}
	return payload;
}
