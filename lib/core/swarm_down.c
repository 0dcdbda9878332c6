/* SPDX-License-Identifier: ISC */
/*
 * Asking: which peer is asked for what, where its blocks go, and what becomes of a piece.
 *
 * - A peer is kept busy for QUEUE_S seconds at its own rate. After SNUB_MS without a
 *   block its requests go to others and it gets one at a time; its late blocks are still
 *   welcome.
 * - A block goes straight into its piece. Only when two peers might send it at once, or
 *   pieces are gathered on disk, it comes into a buffer of its own first: so nobody
 *   writes into a piece that is being hashed.
 * - A bad piece with one author is a proven lie: twice, and the address is banned. With
 *   several authors each is under suspicion and fetches whole pieces alone until one is
 *   good; nothing of theirs is mixed with others' meanwhile, unless nobody else is left.
 * - End game: a peer with nothing to do asks once more for a block that another is late
 *   with. The later copy is cancelled.
 */
#include "core/swarm_int.h"

#include <stdlib.h>

enum {
	QUEUE_S = 3,
	QUEUE_MIN = 32,
	REQQ_DEFAULT = 500,
	SLOW_S = 30,
	SNUB_MS = 20000,
	REQUEST_MS = 60000,
	FORGET_MS = 120000,
	LIES_MAX = 2,
	LATE_MS = 500,
	LATE_BACKLOG_MS = 1000,
	QUIET_MS = 2000,
};

static struct picker_block
picker_block_of(struct peer_block b)
{
	return (struct picker_block){ .piece = b.piece, .block = b.begin / WIRE_BLOCK };
}

static size_t
active(const struct conn *c)
{
	return c->peer.n_requests - c->peer.n_stale;
}

/* What a peer has. */

static void
update_interest(struct swarm *s, struct conn *c, int64_t now_ms)
{
	if (c->state == CONN_OPEN && c->peer.interested != (c->useful > 0))
		swarm_said(s, c, peer_set_interested(&c->peer, c->useful > 0), now_ms);
}

static void
count_piece(struct swarm *s, struct conn *c, uint32_t piece)
{
	c->useful += bitset_get(&s->wanted, piece);
	if (!c->counted_seed)
		picker_more(s->picker, piece);
}

void
swarm_pieces_known(struct swarm *s, struct conn *c, int64_t now_ms)
{
	c->counted_seed = bitset_full(&c->peer.has);
	s->seeds += c->counted_seed;
	if (c->counted_seed)
		c->useful = s->wanted.count;
	for (uint32_t i = 0; !c->counted_seed && i < c->peer.has.n; i++)
		if (bitset_get(&c->peer.has, i))
			count_piece(s, c, i);
	update_interest(s, c, now_ms);
}

void
swarm_has_piece(struct swarm *s, struct conn *c, uint32_t piece, int64_t now_ms)
{
	count_piece(s, c, piece);
	update_interest(s, c, now_ms);
}

void
swarm_pieces_forgotten(struct swarm *s, struct conn *c)
{
	if (c->counted_seed) {
		s->seeds--;
		return;
	}
	for (uint32_t i = 0; i < c->peer.has.n; i++)
		if (bitset_get(&c->peer.has, i))
			picker_less(s->picker, i);
}

/* Letting go. */

static void
unplace(struct conn *c)
{
	if (c->direct)
		peer_place(&c->peer, NULL);
	c->direct = false;
}

static void
give_buffer(struct swarm *s, uint32_t piece)
{
	uint8_t **buffer = picker_buffer(s->picker, piece);

	if (buffer == NULL || *buffer == NULL)
		return;
	for (size_t i = 0; i < s->n_conns; i++)
		if (s->conns[i]->direct &&
		    peer_is_placed(
		        &s->conns[i]->peer, *buffer, torrent_piece_size(s->t, piece)))
			unplace(s->conns[i]);
	pool_give(s->pieces, *buffer);
	*buffer = NULL;
}

/*
 * It works on no piece any more. A piece that it had alone starts anew, so that its
 * blocks do not mix with others'.
 */
void
swarm_disown(struct swarm *s, struct conn *c)
{
	uint32_t alone;

	c->current = PICKER_NONE;
	s->kick = true;
	while ((alone = picker_leave(s->picker, c)) != PICKER_NONE) {
		/*
		 * Gathered blocks may still be on their way to the disk: that piece is
		 * shared instead.
		 */
		if (s->pieces == NULL)
			continue;
		give_buffer(s, alone);
		picker_drop(s->picker, alone);
	}
}

void
swarm_release(struct swarm *s, struct conn *c)
{
	for (size_t i = 0; i < c->peer.n_requests; i++)
		if (!c->peer.requests[i].stale)
			picker_undo(
			    s->picker, picker_block_of(c->peer.requests[i].block));
	peer_stale_requests(&c->peer);
	unplace(c);
	swarm_disown(s, c);
}

void
swarm_check_snub(struct swarm *s, struct conn *c, int64_t now_ms)
{
	struct peer_block b;

	if (active(c) > 0 && now_ms - c->block_ms >= SNUB_MS) {
		c->snubbed = true;
		c->block_ms = now_ms;
		swarm_release(s, c);
	}
	/* Others are served meanwhile, but this one was skipped: somebody else may send
	 * it. */
	while (peer_expire_request(&c->peer, now_ms - REQUEST_MS, &b) == RC_OK) {
		picker_undo(s->picker, picker_block_of(b));
		s->kick = true;
	}
	if (c->peer.n_stale > 0)
		peer_forget_requests(&c->peer, now_ms - FORGET_MS);
}

/* Asking. */

static struct picker_for
picker_for(struct swarm *s, struct conn *c, int64_t now_ms)
{
	uint64_t rate = rate_get(&c->down, now_ms);

	return (struct picker_for){
		.owner = c,
		.has = &c->peer.has,
		.current = c->current,
		.alone = c->solo,
		.join =
		    s->pieces == NULL || (rate > 0 && rate * SLOW_S < s->t->piece_length),
	};
}

static size_t
queue_length(struct conn *c, int64_t now_ms)
{
	uint64_t most = c->peer.said.reqq != 0 ? c->peer.said.reqq : REQQ_DEFAULT;
	uint64_t want = rate_get(&c->down, now_ms) * QUEUE_S / WIRE_BLOCK;

	if (c->snubbed)
		return 1;
	if (want < QUEUE_MIN)
		want = QUEUE_MIN;
	if (most > PEER_REQUESTS_MAX)
		most = PEER_REQUESTS_MAX;
	return (size_t)(want < most ? want : most);
}

static enum rc
next_block(
    struct swarm *s, struct conn *c, const struct picker_for *who, struct picker_block *b)
{
	if (!c->peer.chokes_us)
		return picker_next(s->picker, who, b);
	for (size_t i = 0; i < c->peer.n_allowed; i++)
		if (picker_next_in(s->picker, who, c->peer.allowed[i], b) == RC_OK)
			return RC_OK;
	return RC_NONE;
}

static bool
send_request(struct swarm *s, struct conn *c, struct picker_block b, int64_t now_ms)
{
	const struct peer_block block = { .piece = b.piece,
		.begin = b.block * WIRE_BLOCK,
		.length = picker_block_length(s->picker, b) };
	enum rc rc = peer_send_request(&c->peer, block, now_ms);

	if (rc != RC_OK)
		picker_undo(s->picker, b);
	else if (active(c) == 1)
		c->block_ms = now_ms;
	swarm_said(s, c, rc, now_ms);
	return rc == RC_OK;
}

/*
 * Whether a peer keeps the others waiting: for a block that is late, or for a queue that
 * will take long.
 */
static bool
is_late(struct swarm *s, struct conn *c, int64_t now_ms)
{
	int64_t quiet = now_ms - c->block_ms;

	if (!picker_is_end(s->picker))
		return quiet >= QUIET_MS;
	return quiet >= LATE_MS ||
	    active(c) * WIRE_BLOCK * 1000 > rate_get(&c->down, now_ms) * LATE_BACKLOG_MS;
}

/* The last block that a late peer was asked for and that c could send instead. */
static bool
duplicate_from(struct swarm *s, struct conn *late, struct conn *c, int64_t now_ms)
{
	for (size_t i = late->peer.n_requests; i-- > 0;) {
		const struct peer_request *r = &late->peer.requests[i];
		struct picker_block b = picker_block_of(r->block);

		if (!r->stale && bitset_get(&c->peer.has, b.piece) &&
		    picker_again(s->picker, b) == RC_OK)
			return send_request(s, c, b, now_ms);
	}
	return false;
}

static void
end_game(struct swarm *s, struct conn *c, int64_t now_ms)
{
	if (c->snubbed || c->solo || c->peer.chokes_us)
		return;
	for (size_t i = 0; i < s->n_conns; i++) {
		struct conn *other = s->conns[i];

		if (other != c && other->state == CONN_OPEN && active(other) > 0 &&
		    is_late(s, other, now_ms) && duplicate_from(s, other, c, now_ms))
			return;
	}
}

void
swarm_ask(struct swarm *s, struct conn *c, int64_t now_ms)
{
	struct picker_for who;
	struct picker_block b;
	size_t want;

	if (c->state != CONN_OPEN || c->useful == 0 ||
	    (c->peer.chokes_us && c->peer.n_allowed == 0))
		return;
	want = queue_length(c, now_ms);
	if (active(c) > want * 3 / 4)
		return;
	who = picker_for(s, c, now_ms);
	while (active(c) < want && c->peer.n_requests < PEER_REQUESTS_MAX &&
	    next_block(s, c, &who, &b) == RC_OK) {
		who.current = c->current = b.piece;
		if (!send_request(s, c, b, now_ms))
			return;
	}
	if (active(c) > 0)
		return;
	/* Nothing to be had alone: then rather together than not at all. */
	if (c->solo && picker_may_open(s->picker)) {
		c->solo = who.alone = false;
		if (next_block(s, c, &who, &b) == RC_OK)
			(void)send_request(s, c, b, now_ms);
	} else {
		end_game(s, c, now_ms);
	}
}

/* Blocks. */

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
	struct picker_block b = picker_block_of(e->block);
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

	for (size_t i = s->n_conns; i-- > 0;) {
		struct conn *c = s->conns[i];

		if (c == but || c->state != CONN_OPEN)
			continue;
		if (c->direct && peer_is_placed(&c->peer, buffer + b.begin, b.length))
			unplace(c);
		swarm_said(s, c, peer_send_cancel(&c->peer, b), now_ms);
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
	    !picker_takes(s->picker, picker_block_of(e->block), &who))
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
	struct picker_block b = picker_block_of(e->block);
	unsigned others = picker_asked(s->picker, b);
	bool full;

	rate_add(&s->down, e->block.length, now_ms);
	rate_add(&c->down, e->block.length, now_ms);
	c->block_ms = now_ms;
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
			update_interest(s, c, now_ms);
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

	give_buffer(s, piece);
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
