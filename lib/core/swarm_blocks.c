/* SPDX-License-Identifier: ISC */
/*
 * Blocks that arrive, and what becomes of their piece.
 *
 * - A block goes straight into its piece. Only when two peers might send it at once, or
 *   pieces are gathered on disk, it comes into a buffer of its own first: so nobody
 *   writes into a piece that is being hashed.
 * - A bad piece with one author is a proven lie. With several authors each is under
 *   suspicion and fetches whole pieces alone until one is good; nothing of theirs is
 *   mixed with others' meanwhile, unless nobody else is left. What is under way of pieces
 *   that it works on alone anyway goes on. Once the bad piece is good, its blocks tell
 *   who lied and who did not (core/smartban).
 * - Two proven lies, and the address is banned.
 * - Blocks of whoever lied, or broke the protocol, are not kept until others make their
 *   piece a bad one, but asked for anew.
 */
#include "core/swarm_parts.h"

enum { LIES_MAX = 2, QUICK = 4 * WIRE_BLOCK };

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
	void **place = picker_buffer(s->picker, piece);
	struct draft *draft = place == NULL ? NULL : *place;

	if (draft == NULL)
		return;
	for (size_t i = 0; i < s->n_conns; i++)
		if (s->conns[i]->direct &&
		    peer_is_placed(
		        &s->conns[i]->peer, draft->data, torrent_piece_size(s->t, piece)))
			swarm_unplace(s->conns[i]);
	drafts_give(s->pieces, draft);
	*place = NULL;
}

static struct draft *
piece_draft(struct swarm *s, uint32_t piece)
{
	void **place = picker_buffer(s->picker, piece);

	if (place == NULL)
		return NULL;
	if (*place == NULL)
		*place = drafts_take(s->pieces);
	if (*place == NULL)
		s->broken = true; /* the budget has a draft for every open piece */
	return *place;
}

/*
 * Where a block that c was asked for goes without a detour, or NULL. Only a peer so quick
 * that the block is surely on its way begins a piece, and takes memory, in advance.
 */
static uint8_t *
place_ahead(struct swarm *s, const struct conn *c, const struct peer_request *r)
{
	const struct picker_for who = { .owner = c, .alone = c->solo };
	struct picker_block b = swarm_block_of(r->block);
	const struct draft *draft;

	if (r->stale || picker_asked(s->picker, b) != 1 ||
	    !picker_takes(s->picker, b, &who))
		return NULL;
	draft = c->last_read >= QUICK ? piece_draft(s, b.piece)
	                              : *picker_buffer(s->picker, b.piece);
	return draft == NULL ? NULL : draft->data + r->block.begin;
}

void
swarm_expect(struct swarm *s, struct conn *c)
{
	peer_expect_none(&c->peer);
	if (s->pieces == NULL || c->last_read < WIRE_BLOCK)
		return;
	for (size_t i = 0; i < c->peer.n_requests && peer_may_expect(&c->peer); i++) {
		const struct peer_request *r = &c->peer.requests[i];
		uint8_t *place = place_ahead(s, c, r);

		if (place == NULL)
			return;
		peer_expect(&c->peer, r->block, place);
	}
}

void
swarm_begin_block(struct swarm *s, struct conn *c, const struct peer_event *e)
{
	struct picker_block b = swarm_block_of(e->block);
	const struct picker_for who = { .owner = c, .alone = c->solo };
	struct draft *draft;

	c->direct = false;
	if (!picker_takes(s->picker, b, &who))
		return;
	if (s->pieces == NULL || e->stale || picker_asked(s->picker, b) != 1) {
		if (c->own == NULL)
			c->own = pool_take(s->blocks);
		peer_place(&c->peer, c->own);
		return;
	}
	draft = piece_draft(s, b.piece);
	if (draft == NULL)
		return;
	c->direct = true;
	peer_place(&c->peer, draft->data + e->block.begin);
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
	const struct draft *draft =
	    s->pieces == NULL ? NULL : *picker_buffer(s->picker, b.piece);
	size_t stale;

	for (size_t i = s->n_conns; i-- > 0;) {
		struct conn *c = s->conns[i];

		if (c == but || c->state != CONN_OPEN)
			continue;
		if (c->direct &&
		    peer_is_placed(&c->peer, draft->data + b.begin, b.length))
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
		*empty = (struct gather){ .piece = piece, .doubted = BOOK_NONE };
	return empty;
}

static void
verify(struct swarm *s, uint32_t piece)
{
	const struct peer_block whole = { .piece = piece,
		.length = torrent_piece_size(s->t, piece) };
	struct draft *draft = s->pieces == NULL ? NULL : *picker_buffer(s->picker, piece);

	s->backlog += whole.length;
	swarm_add_job(s,
	    (struct swarm_job){ .kind = SWARM_VERIFY,
	        .block = whole,
	        .data = draft == NULL ? NULL : draft->data,
	        .draft = draft,
	        .marks = smartban_awaits(&s->smartban, piece) });
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

void
swarm_set_helped(struct swarm *s, bool helped)
{
	s->helped = helped;
}

/*
 * It is hashed here, where it is still in the cache, unless others have nothing to do:
 * then they are to hash the rest of the piece.
 */
static void
keep_block(struct swarm *s, struct peer_block block, bool full)
{
	struct draft *draft = *picker_buffer(s->picker, block.piece);

	if (!s->helped && draft_add(draft, block.begin, block.length) != RC_OK)
		s->broken = true;
	else if (full)
		verify(s, block.piece);
}

/* Put the block where it belongs. false: it has no place any more. */
static bool
settle_block(struct swarm *s, struct conn *c, const struct peer_event *e)
{
	const struct picker_for who = { .owner = c, .alone = c->solo };
	struct draft *draft;

	if ((!c->direct && c->own == NULL) ||
	    !picker_takes(s->picker, swarm_block_of(e->block), &who))
		return false;
	if (c->direct || s->pieces == NULL)
		return true;
	draft = piece_draft(s, e->block.piece);
	if (draft != NULL)
		memcpy(draft->data + e->block.begin, c->own, e->block.length);
	return draft != NULL;
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
	c->moved_ms = now_ms;
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
	s->book.entries[c->who].gave = true;
	full = picker_got(s->picker, b, c->who) == RC_END;
	c->direct = false;
	if (others > (e->stale ? 0 : 1))
		call_off(s, c, e->block, now_ms);
	if (s->pieces == NULL)
		keep_gathered(s, c, e->block, full);
	else
		keep_block(s, e->block, full);
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

/* Two writes of one block could end in any order: not while one is under way. */
static void
drop_doubted(struct swarm *s, struct gather *g)
{
	if (g->doubted == BOOK_NONE || g->writes > 0 || g->full)
		return;
	s->kick |= picker_disbelieve_in(s->picker, g->piece, g->doubted);
	g->doubted = BOOK_NONE;
}

void
swarm_gathered(struct swarm *s, const struct swarm_job *job, int64_t now_ms)
{
	struct gather *g = gather_of(s, job->block.piece);

	pool_give(s->blocks, job->data);
	resume_all(s);
	if (g == NULL || --g->writes > 0)
		return;
	if (g->full) {
		g->piece = PICKER_NONE;
		verify(s, job->block.piece);
		return;
	}
	drop_doubted(s, g);
	swarm_settle(s, now_ms);
}

/* Call visit for every connection with this address; it may end the connection. */
static void
each_conn_of(struct swarm *s, uint32_t who,
    void (*visit)(struct swarm *s, struct conn *c, int64_t now_ms), int64_t now_ms)
{
	for (size_t i = s->n_conns; i-- > 0;)
		if (s->conns[i]->who == who && s->conns[i]->state == CONN_OPEN)
			visit(s, s->conns[i], now_ms);
}

void
swarm_disbelieve(struct swarm *s, uint32_t who)
{
	uint32_t piece;

	for (uint32_t i = 0; s->pieces == NULL && i < s->most_open; i++) {
		struct gather *g = &s->gathers[i];

		if (g->piece == PICKER_NONE)
			continue;
		g->doubted = who;
		drop_doubted(s, g);
	}
	while (s->pieces != NULL &&
	    (piece = picker_disbelieve(s->picker, who)) != PICKER_NONE) {
		struct draft *draft = *picker_buffer(s->picker, piece);

		if (draft != NULL && draft_restart(draft) != RC_OK)
			s->broken = true;
		s->kick = true;
	}
}

static void
end_banned(struct swarm *s, struct conn *c, int64_t now_ms)
{
	swarm_close(s, c, "sent bad data twice and is banned", now_ms);
}

/* It is proven to have lied: nothing that is under way from it is worth waiting for. */
static void
let_start_anew(struct swarm *s, struct conn *c, int64_t now_ms)
{
	(void)now_ms;
	if (c->solo)
		return;
	swarm_release(s, c);
	c->solo = true;
}

/* It may be honest: what it does alone already it goes on with. */
static void
set_apart(struct swarm *s, struct conn *c, int64_t now_ms)
{
	const struct picker_for who = { .owner = c, .alone = true };

	if (c->solo)
		return;
	picker_set_apart(s->picker, c, c->who);
	c->solo = true;
	c->current = PICKER_NONE;
	for (size_t i = 0; i < c->peer.n_requests && c->state == CONN_OPEN; i++) {
		const struct peer_request *r = &c->peer.requests[i];
		const struct peer_block block = r->block;

		if (r->stale || picker_takes(s->picker, swarm_block_of(block), &who))
			continue;
		if (peer_is_under_way(&c->peer, block))
			swarm_unplace(c);
		picker_undo(s->picker, swarm_block_of(block));
		swarm_said(s, c, peer_send_cancel(&c->peer, block), now_ms);
		swarm_owes_less(c, now_ms);
	}
	s->kick = true;
}

static void
bring_back(struct swarm *s, struct conn *c, int64_t now_ms)
{
	(void)s;
	(void)now_ms;
	c->solo = false;
}

static void
convict(struct swarm *s, uint32_t who, int64_t now_ms)
{
	struct book_entry *e = &s->book.entries[who];

	e->parole = true;
	if (++e->lies >= LIES_MAX && !e->banned) {
		book_ban(&s->book, who);
		s->banned++;
	}
	swarm_disbelieve(s, who);
	/* The book may have grown, and moved. */
	each_conn_of(
	    s, who, s->book.entries[who].banned ? end_banned : let_start_anew, now_ms);
}

static void
clear(struct swarm *s, uint32_t who, int64_t now_ms)
{
	s->book.entries[who].parole = false;
	each_conn_of(s, who, bring_back, now_ms);
}

/* Whether all blocks of a piece came from one peer. */
static bool
has_one_author(const uint32_t *author, uint32_t blocks)
{
	for (uint32_t i = 1; i < blocks; i++)
		if (author[i] != author[0])
			return false;
	return true;
}

static void
blame(struct swarm *s, uint32_t piece, const uint64_t *marks, int64_t now_ms)
{
	uint32_t blocks;
	const uint32_t *author = picker_authors(s->picker, piece, &blocks);

	if (has_one_author(author, blocks)) {
		convict(s, author[0], now_ms);
		return;
	}
	if (marks != NULL)
		smartban_failed(&s->smartban, piece, author, marks, blocks);
	for (uint32_t i = 0; i < blocks; i++)
		if (i == 0 || author[i] != author[i - 1]) {
			s->book.entries[author[i]].parole = true;
			each_conn_of(s, author[i], set_apart, now_ms);
		}
}

struct court {
	struct swarm *s;
	int64_t now_ms;
};

static void
on_verdict(void *ctx, uint32_t author, bool lied)
{
	struct court *court = ctx;

	if (lied)
		convict(court->s, author, court->now_ms);
	else if (court->s->book.entries[author].lies == 0)
		clear(court->s, author, court->now_ms);
}

static void
praise(struct swarm *s, uint32_t piece, const uint64_t *marks, int64_t now_ms)
{
	struct court court = { .s = s, .now_ms = now_ms };
	uint32_t blocks;
	const uint32_t *author = picker_authors(s->picker, piece, &blocks);

	/* One peer's alone: that takes the suspicion from it. */
	if (has_one_author(author, blocks))
		clear(s, author[0], now_ms);
	if (marks != NULL)
		smartban_judge(&s->smartban, piece, marks, on_verdict, &court);
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
swarm_verified(struct swarm *s, uint32_t piece, enum swarm_verdict verdict,
    const uint64_t *marks, int64_t now_ms)
{
	uint32_t size = torrent_piece_size(s->t, piece);

	swarm_give_buffer(s, piece);
	s->backlog -= size;
	if (s->backlog <= s->backlog_max / 2)
		resume_all(s);
	if (verdict == SWARM_BAD) {
		s->wasted += size;
		blame(s, piece, marks, now_ms);
		picker_drop(s->picker, piece);
	} else {
		praise(s, piece, marks, now_ms);
		picker_hold(s->picker, piece);
		bitset_unset(&s->wanted, piece);
		if (verdict == SWARM_SERVED)
			bitset_set(&s->have, piece);
		s->pieces_held++;
		s->bytes_held += size;
		tell_all(s, piece, now_ms);
		if (s->config.keep && swarm_is_complete(s))
			swarm_completed(s, now_ms);
	}
	s->kick = true;
	swarm_settle(s, now_ms);
}
