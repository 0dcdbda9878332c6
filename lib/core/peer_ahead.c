/* SPDX-License-Identifier: ISC */
/*
 * Reading ahead: most peers send what they were asked for and in that order, so one read
 * may take in many blocks, each head and each block straight in its place. What came is
 * held against what was expected, head by head, before anything else is done; from the
 * first difference on it is gathered in front of scratch and read like anything else.
 */
#include "core/peer_parts.h"

void
peer_expect_none(struct peer *p)
{
	p->n_ahead = p->at_ahead = 0;
}

bool
peer_may_expect(const struct peer *p)
{
	return p->n_ahead < PEER_AHEAD_MAX &&
	    ((p->state == PEER_PAYLOAD && p->place != NULL) ||
	        (p->state == PEER_HEAD && p->head_n == 0));
}

void
peer_expect(struct peer *p, struct peer_block b, uint8_t *place)
{
	if (peer_may_expect(p) && b.length <= WIRE_BLOCK && !peer_is_under_way(p, b))
		p->ahead[p->n_ahead++] =
		    (struct peer_ahead){ .block = b, .place = place };
}

static size_t
ahead_size(const struct peer *p, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < p->n_ahead; i++)
		n += PEER_BLOCK_HEAD + p->ahead[i].block.length;
	return n;
}

int
peer_room(
    struct peer *p, struct peer_room scratch, struct peer_room room[static PEER_ROOMS])
{
	size_t before;
	int n = 0;

	while (
	    (before = ahead_size(p, 0)) + PEER_SCRATCH_MIN > scratch.n && p->n_ahead > 0)
		p->n_ahead--;
	if (p->state == PEER_PAYLOAD && p->place != NULL && p->left > 0)
		room[n++] = (struct peer_room){ .p = p->place, .n = p->left };
	for (size_t i = 0; i < p->n_ahead; i++) {
		struct peer_ahead *a = &p->ahead[i];

		room[n++] = (struct peer_room){ .p = a->head, .n = PEER_BLOCK_HEAD };
		room[n++] = (struct peer_room){ .p = a->place, .n = a->block.length };
	}
	room[n++] =
	    (struct peer_room){ .p = scratch.p + before, .n = scratch.n - before };
	return n;
}

/* Whether the next n bytes begin with the head of the block that was expected there. */
static bool
is_as_expected(const struct peer_ahead *a, size_t n)
{
	const struct wire_head h = { .id = WIRE_PIECE,
		.piece = a->block.piece,
		.begin = a->block.begin,
		.rest = a->block.length };
	uint8_t head[WIRE_HEAD_MAX];

	return n >= PEER_BLOCK_HEAD && wire_put_head(&h, head) == PEER_BLOCK_HEAD &&
	    memcmp(head, a->head, PEER_BLOCK_HEAD) == 0;
}

/* Move the first n bytes of the rooms from the i-th block on to the end of out. */
static void
gather_ahead(const struct peer *p, size_t i, uint8_t *out, size_t n)
{
	for (; n > 0; i++) {
		const struct peer_ahead *a = &p->ahead[i];
		size_t head = n < PEER_BLOCK_HEAD ? n : PEER_BLOCK_HEAD, body;

		memcpy(out, a->head, head);
		body = n - head < a->block.length ? n - head : a->block.length;
		memcpy(out + head, a->place, body);
		out += head + body;
		n -= head + body;
	}
}

struct bytes
peer_commit_ahead(struct peer *p, size_t n, struct peer_room scratch)
{
	size_t before = ahead_size(p, 0), good = 0, rest;
	uint8_t *at = scratch.p + before;

	while (good < p->n_ahead && is_as_expected(&p->ahead[good], n)) {
		struct peer_ahead *a = &p->ahead[good++];

		n -= PEER_BLOCK_HEAD;
		a->landed = n < a->block.length ? (uint32_t)n : a->block.length;
		n -= a->landed;
	}
	rest = ahead_size(p, good);
	rest = rest < n ? rest : n;
	at -= rest;
	gather_ahead(p, good, at, rest);
	p->n_ahead = good;
	return bytes_of(at, n);
}

void
peer_next_ahead(struct peer *p, struct peer_event *event)
{
	const struct peer_ahead *a = &p->ahead[p->at_ahead];

	if (p->state == PEER_HEAD) {
		p->message = (struct wire_head){ .id = WIRE_PIECE,
			.piece = a->block.piece,
			.begin = a->block.begin,
			.length = a->block.length };
		peer_begin_block(p, a->block, event);
		p->begun_ahead = p->state != PEER_DEAD;
		if (event->kind != PEER_MORE)
			return;
	}
	p->begun_ahead = false;
	if (p->place != NULL && p->place != a->place)
		memcpy(p->place, a->place, a->landed);
	if (p->place != NULL)
		p->place += a->landed;
	p->left -= a->landed;
	p->at_ahead++;
	if (p->left == 0)
		peer_end_payload(p, event);
}
