/* SPDX-License-Identifier: ISC */
/*
 * Blocks that arrive, and what becomes of their piece.
 *
 * - A block goes straight into its piece. Only when two peers might send it at once, or
 *   pieces are gathered on disk, it comes into a buffer of its own first: so nobody
 *   writes into a piece that is being hashed.
 * - A bad piece with one author is a proven lie: twice, and the address is banned. With
 *   several authors each is under suspicion and fetches whole pieces alone until one is
 *   good; nothing of theirs is mixed with others' meanwhile, unless nobody else is left.
 */
#include "core/swarm_parts.h"

enum { LIES_MAX = 2 };

void
swarm_unplace(struct conn *c)
{
	if (c->direct)
		peer_place(&c->peer, NULL);
	c->direct = false;
}

void
swarm_give_buffer(struct swarm *s, uint32_t piece)
{
	uint8_t **buffer = picker_buffer(s->picker, piece);

	if (buffer == NULL || *buffer == NULL)
		return;
	for (size_t i = 0; i < s->n_conns; i++)
		if (s->conns[i]->direct &&
		    peer_is_placed(
		        &s->conns[i]->peer, *buffer, torrent_piece_size(s->t, piece)))
			swarm_unplace(s->conns[i]);
	pool_give(s->pieces, *buffer);
	*buffer = NULL;
}

static uint8_t *
piece_buffer(struct swarm *s, uint32_t piece)
{
	uint8_t **buffer = picker_buffer(s->picker, piece);

	if (buffer == NULL)
		return NULL;
	if (*buffer == NULL)
		*buffer = pool_take(s->pieces);
	if (*buffer == NULL)
		s->broken = true; /* the budget has a buffer for every open piece */
	return *buffer;
}

void
swarm_begin_block(struct swarm *s, struct conn *c, const struct peer_event *e)
{
	struct picker_block b = swarm_block_of(e->block);
	const struct picker_for who = { .owner = c, .alone = c->solo };
	uint8_t *buffer;

	c->direct = false;
	if (!picker_takes(s->picker, b, &who))
		return;
	if (s->pieces == NULL || e->stale || picker_asked(s->picker, b) != 1) {
		if (c->own == NULL)
			c->own = pool_take(s->blocks);
		peer_place(&c->peer, c->own);
		return;
	}
	buffer = piece_buffer(s, b.piece);
	if (buffer == NULL)
		return;
	c->direct = true;
	peer_place(&c->peer, buffer + e->block.begin);
}

static void
give_own(struct swarm *s, struct conn *c)
{
	if (c->own != NULL)
		pool_give(s->blocks, c->own);
	c->own = NULL;
}

/* Nobody else need send this block any more, nor may write where it lies. */
static void
call_off(struct swarm *s, const struct conn *but, struct peer_block b, int64_t now_ms)
{
	const uint8_t *buffer =
	    s->pieces == NULL ? NULL : *picker_buffer(s->picker, b.piece);
	size_t stale;

	for (size_t i = s->n_conns; i-- > 0;) {
		struct conn *c = s->conns[i];

		if (c == but || c->state != CONN_OPEN)
			continue;
		if (c->direct && peer_is_placed(&c->peer, buffer + b.begin, b.length))
			swarm_unplace(c);
		stale = c->peer.n_stale;
		swarm_said(s, c, peer_send_cancel(&c->peer, b), now_ms);
		if (c->peer.n_stale > stale)
			swarm_owes_less(c, now_ms);
	}
}

static struct gather *
gather_of(struct swarm *s, uint32_t piece)
{
	struct gather *empty = NULL;

	for (uint32_t i = 0; i < s->most_open; i++) {
		if (s->gathers[i].piece == piece)
			return &s->gathers[i];
		if (s->gathers[i].piece == PICKER_NONE)
			empty = &s->gathers[i];
	}
	if (empty != NULL)
		*empty = (struct gather){ .piece = piece };
	return empty;
}

static void
verify(struct swarm *s, uint32_t piece)
{
	const struct peer_block whole = { .piece = piece,
		.length = torrent_piece_size(s->t, piece) };
	uint8_t *data = s->pieces == NULL ? NULL : *picker_buffer(s->picker, piece);

	swarm_add_job(
	    s, (struct swarm_job){ .kind = SWARM_VERIFY, .block = whole, .data = data });
}

static void
keep_gathered(struct swarm *s, struct conn *c, struct peer_block block, bool full)
{
	struct gather *g = gather_of(s, block.piece);

	if (g == NULL) {
		s->broken = true;
		return;
	}
	g->writes++;
	g->full = full;
	swarm_add_job(s,
	    (struct swarm_job){ .kind = SWARM_GATHER, .block = block, .data = c->own });
	c->own = NULL;
}

/* Put the block where it belongs. false: it has no place any more. */
static bool
settle_block(struct swarm *s, struct conn *c, const struct peer_event *e)
{
	const struct picker_for who = { .owner = c, .alone = c->solo };
	uint8_t *buffer;

	if ((!c->direct && c->own == NULL) ||
	    !picker_takes(s->picker, swarm_block_of(e->block), &who))
		return false;
	if (c->direct || s->pieces == NULL)
		return true;
	buffer = piece_buffer(s, e->block.piece);
	if (buffer != NULL)
		memcpy(buffer + e->block.begin, c->own, e->block.length);
	return buffer != NULL;
}

void
swarm_end_block(
    struct swarm *s, struct conn *c, const struct peer_event *e, int64_t now_ms)
{
	struct picker_block b = swarm_block_of(e->block);
	unsigned others = picker_asked(s->picker, b);
	bool full;

	rate_add(&s->down, e->block.length, now_ms);
	rate_add(&c->down, e->block.length, now_ms);
	swarm_forgive(c, now_ms);
	c->snubbed = false;
	if (!settle_block(s, c, e)) {
		s->wasted += e->block.length;
		if (!e->stale)
			picker_undo(s->picker, b);
		give_own(s, c);
		c->direct = false;
		return;
	}
	full = picker_got(s->picker, b, c->who) == RC_END;
	c->direct = false;
	if (others > (e->stale ? 0 : 1))
		call_off(s, c, e->block, now_ms);
	if (s->pieces == NULL)
		keep_gathered(s, c, e->block, full);
	else if (full)
		verify(s, e->block.piece);
	give_own(s, c);
}

/* The answers of the other threads. */

static void
resume_all(struct swarm *s)
{
	for (size_t i = 0; i < s->n_conns; i++)
		if (s->conns[i]->paused && s->conns[i]->state != CONN_CLOSED) {
			s->conns[i]->paused = false;
			swarm_queue(s, s->conns[i], SWARM_RESUME);
		}
}

void
swarm_gathered(struct swarm *s, const struct swarm_job *job, int64_t now_ms)
{
	struct gather *g = gather_of(s, job->block.piece);

	(void)now_ms;
	pool_give(s->blocks, job->data);
	resume_all(s);
	if (g == NULL || --g->writes > 0 || !g->full)
		return;
	g->piece = PICKER_NONE;
	verify(s, job->block.piece);
}

static void
suspect(struct swarm *s, uint32_t who, int64_t now_ms)
{
	struct book_entry *e = &s->book.entries[who];

	e->parole = true;
	for (size_t i = s->n_conns; i-- > 0;) {
		struct conn *c = s->conns[i];

		if (c->who != who || c->state != CONN_OPEN)
			continue;
		if (e->banned) {
			swarm_close(s, c, "sent bad data twice and is banned", now_ms);
		} else if (!c->solo) {
			swarm_release(s, c);
			c->solo = true;
		}
	}
}

static void
blame(struct swarm *s, uint32_t piece, int64_t now_ms)
{
	uint32_t blocks, first;
	const uint32_t *author = picker_authors(s->picker, piece, &blocks);
	bool sole = true;

	first = author[0];
	for (uint32_t i = 1; i < blocks; i++)
		sole = sole && author[i] == first;
	if (sole && ++s->book.entries[first].lies >= LIES_MAX &&
	    !s->book.entries[first].banned) {
		book_ban(&s->book, first);
		s->banned++;
	}
	for (uint32_t i = 0; i < blocks; i++)
		if (i == 0 || author[i] != author[i - 1])
			suspect(s, author[i], now_ms);
}

/* A good piece that was one peer's alone takes the suspicion from it. */
static void
praise(struct swarm *s, uint32_t piece)
{
	uint32_t blocks;
	const uint32_t *author = picker_authors(s->picker, piece, &blocks);

	for (uint32_t i = 1; i < blocks; i++)
		if (author[i] != author[0])
			return;
	s->book.entries[author[0]].parole = false;
	for (size_t i = 0; i < s->n_conns; i++)
		if (s->conns[i]->who == author[0])
			s->conns[i]->solo = false;
}

static void
tell_all(struct swarm *s, uint32_t piece, int64_t now_ms)
{
	bool serve = bitset_get(&s->have, piece);

	for (size_t i = s->n_conns; i-- > 0;) {
		struct conn *c = s->conns[i];

		if (c->state != CONN_OPEN)
			continue;
		if (bitset_get(&c->peer.has, piece)) {
			c->useful--;
			swarm_update_interest(s, c, now_ms);
		} else if (serve) {
			swarm_said(s, c, peer_send_have(&c->peer, piece), now_ms);
		}
	}
}

void
swarm_verified(
    struct swarm *s, uint32_t piece, enum swarm_verdict verdict, int64_t now_ms)
{
	uint32_t size = torrent_piece_size(s->t, piece);

	swarm_give_buffer(s, piece);
	if (verdict == SWARM_BAD) {
		s->wasted += size;
		blame(s, piece, now_ms);
		picker_drop(s->picker, piece);
	} else {
		praise(s, piece);
		picker_hold(s->picker, piece);
		bitset_unset(&s->wanted, piece);
		if (verdict == SWARM_SERVED)
			bitset_set(&s->have, piece);
		s->pieces_held++;
		s->bytes_held += size;
		tell_all(s, piece, now_ms);
	}
	s->kick = true;
	swarm_settle(s, now_ms);
}
