/* SPDX-License-Identifier: ISC */
/*
 * Asking: which peer is asked for what.
 *
 * - A peer is kept busy for QUEUE_S seconds at its own rate. After SNUB_MS of owing
 *   blocks without sending one, its requests go to others; from then on it is asked only
 *   for what others are asked for too, one block at a time, until it sends one. Late
 *   blocks are still welcome.
 * - A peer that has just got a piece is asked for it in the place of one in whose queue
 * it still waits: a busy seed need not send everybody the same.
 * - End game: a peer with nothing to do asks once more for a block that another is late
 *   with, or for many where the other has been silent for QUIET_MS. The later copy is
 *   cancelled.
 * - Where somebody reads in order, the piece that he waits for gets the same help, from
 *   peers that are busy as well.
 */
#include "core/swarm_parts.h"

enum {
	QUEUE_S = 1,
	QUEUE_MIN = 32,
	REQQ_DEFAULT = 500,
	SLOW_S = 30,
	SNUB_MS = 20000,
	REQUEST_MS = 60000,
	FORGET_MS = 120000,
	LATE_MS = 500,
	LATE_BACKLOG_MS = 1000,
	QUIET_MS = 2000,
	MUCH_QUICKER = 8, /* times */
	UNDER_WAY_MS = 250,
	HEAD_MS = 5000,
};

struct picker_block
swarm_block_of(struct peer_block b)
{
	return (struct picker_block){ .piece = b.piece, .block = b.begin / WIRE_BLOCK };
}

static size_t
active(const struct conn *c)
{
	return c->peer.n_requests - c->peer.n_stale;
}

/* What a peer has. */

void
swarm_update_interest(struct swarm *s, struct conn *c, int64_t now_ms)
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
	swarm_update_interest(s, c, now_ms);
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
		swarm_give_buffer(s, alone);
		picker_drop(s->picker, alone);
	}
}

void
swarm_release(struct swarm *s, struct conn *c)
{
	for (size_t i = 0; i < c->peer.n_requests; i++)
		if (!c->peer.requests[i].stale)
			picker_undo(s->picker, swarm_block_of(c->peer.requests[i].block));
	peer_stale_requests(&c->peer);
	swarm_unplace(c);
	swarm_disown(s, c);
}

/* How long it has owed us blocks without sending one. */
static int64_t
quiet_ms(const struct conn *c, int64_t now_ms)
{
	return c->waited_ms + (active(c) > 0 ? now_ms - c->owes_ms : 0);
}

void
swarm_forgive(struct conn *c, int64_t now_ms)
{
	c->waited_ms = 0;
	c->owes_ms = now_ms;
}

void
swarm_owes_less(struct conn *c, int64_t now_ms)
{
	if (active(c) == 0)
		c->waited_ms += now_ms - c->owes_ms;
}

/* BEP 6: what it was asked for it still sends, or rejects. Before that it is off. */
void
swarm_choked(struct swarm *s, struct conn *c, int64_t now_ms)
{
	if (c->peer.fast) {
		swarm_disown(s, c);
		return;
	}
	if (active(c) > 0)
		c->waited_ms += now_ms - c->owes_ms;
	swarm_release(s, c);
}

/* Who gave something before starts anew; who only chokes and unchokes does not. */
void
swarm_unchoked(struct conn *c, int64_t now_ms)
{
	if (c->down.total == c->pardoned)
		return;
	c->pardoned = c->down.total;
	swarm_forgive(c, now_ms);
}

void
swarm_check_snub(struct swarm *s, struct conn *c, int64_t now_ms)
{
	struct peer_block b;

	/* Who is not read cannot be late. */
	if (c->paused) {
		swarm_forgive(c, now_ms);
		return;
	}
	if (active(c) > 0 && quiet_ms(c, now_ms) >= SNUB_MS) {
		c->snubbed = true;
		swarm_release(s, c);
		swarm_forgive(c, now_ms);
	}
	/*
	 * Others are served meanwhile, but this one was skipped: somebody else may send
	 * it.
	 */
	while (peer_expire_request(&c->peer, now_ms - REQUEST_MS, &b) == RC_OK) {
		picker_undo(s->picker, swarm_block_of(b));
		swarm_owes_less(c, now_ms);
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
		c->owes_ms = now_ms;
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
	int64_t quiet = quiet_ms(c, now_ms);

	if (!picker_is_end(s->picker))
		return quiet >= QUIET_MS;
	/* The first blocks say little about how long the rest will take. */
	return quiet >= LATE_MS ||
	    (rate_is_settled(&c->down, now_ms) &&
	        active(c) * WIRE_BLOCK * 1000 >
	            rate_get(&c->down, now_ms) * LATE_BACKLOG_MS);
}

/*
 * How c may help another: with how many blocks, asked for how often at most; of which
 * piece, or PICKER_NONE.
 */
struct help {
	size_t blocks;
	unsigned most;
	uint32_t piece;
};

/* Ask c for what another was asked for, the last first. */
static void
duplicate_from(
    struct swarm *s, struct conn *other, struct conn *c, struct help help, int64_t now_ms)
{
	for (size_t i = other->peer.n_requests; i-- > 0 && active(c) < help.blocks;) {
		const struct peer_request *r = &other->peer.requests[i];
		struct picker_block b = swarm_block_of(r->block);

		if (help.piece != PICKER_NONE && b.piece != help.piece)
			continue;
		if (!r->stale && bitset_get(&c->peer.has, b.piece) &&
		    !peer_is_asked(&c->peer, r->block) &&
		    picker_again(s->picker, b, help.most) == RC_OK &&
		    !send_request(s, c, b, now_ms))
			return;
	}
}

/*
 * Help for somebody who is only slow: as many blocks as c sends while he sends one. Where
 * that is much more, others who are as slow may have been asked for them as well.
 */
static struct help
help_for(struct conn *slow, struct conn *c, int64_t now_ms)
{
	uint64_t times = rate_get(&c->down, now_ms) / (rate_get(&slow->down, now_ms) + 1);
	struct help help = { .blocks = 1, .most = 2, .piece = PICKER_NONE };

	if (c->snubbed || times < MUCH_QUICKER)
		return help;
	help.blocks = (size_t)(times < QUEUE_MIN ? times : QUEUE_MIN);
	help.most = PICKER_ASKED_MAX;
	return help;
}

/*
 * Who owes blocks itself helps nobody by asking for more, and who has sent none yet is
 * tried with a few: silent peers could not keep the others from helping.
 */
static void
end_game(struct swarm *s, struct conn *c, int64_t now_ms)
{
	const struct help few = { .blocks = 2, .most = 2, .piece = PICKER_NONE };
	const struct help all = {
		.blocks = QUEUE_MIN, .most = PICKER_ASKED_MAX, .piece = PICKER_NONE
	};

	if (c->solo || c->peer.chokes_us || (!c->snubbed && c->waited_ms >= LATE_MS))
		return;
	for (size_t i = 0; i < s->n_conns && c->state == CONN_OPEN; i++) {
		struct conn *other = s->conns[i];

		if (other == c || other->state != CONN_OPEN || active(other) == 0)
			continue;
		if (!c->snubbed && quiet_ms(other, now_ms) >= QUIET_MS)
			duplicate_from(
			    s, other, c, c->down.total > 0 ? all : few, now_ms);
		else if (c->snubbed || is_late(s, other, now_ms))
			duplicate_from(s, other, c, help_for(other, c, now_ms), now_ms);
	}
}

void
swarm_window(struct swarm *s, uint32_t first, uint32_t end, bool only, int64_t now_ms)
{
	picker_window(s->picker, first, end, only);
	if (s->head != first)
		s->head_ms = now_ms;
	s->head = first;
	s->kick = true;
	swarm_settle(s, now_ms);
}

/*
 * A reader waits for a piece that others are late with: c has it too. Each block is asked
 * for twice at most.
 */
static void
help_head(struct swarm *s, struct conn *c, int64_t now_ms)
{
	struct help help = { .most = 2, .piece = s->head };

	if (s->head == PICKER_NONE || now_ms - s->head_ms < QUIET_MS || c->solo ||
	    c->snubbed || c->peer.chokes_us || c->down.total == 0 ||
	    quiet_ms(c, now_ms) >= LATE_MS || !bitset_get(&s->wanted, s->head) ||
	    !bitset_get(&c->peer.has, s->head))
		return;
	help.blocks = active(c) + QUEUE_MIN;
	for (size_t i = 0; i < s->n_conns && c->state == CONN_OPEN; i++) {
		struct conn *other = s->conns[i];

		if (other != c && other->state == CONN_OPEN &&
		    (quiet_ms(other, now_ms) >= QUIET_MS ||
		        now_ms - s->head_ms >= HEAD_MS))
			duplicate_from(s, other, c, help, now_ms);
	}
}

/* Whether somebody more reliable can do the work of a snubbed peer. */
static bool
is_spare(const struct swarm *s, const struct conn *c)
{
	for (size_t i = 0; c->snubbed && i < s->n_conns; i++) {
		const struct conn *other = s->conns[i];

		if (other->state == CONN_OPEN && !other->snubbed &&
		    !other->peer.chokes_us && other->useful > 0)
			return true;
	}
	return false;
}

static void
ask_more(struct swarm *s, struct conn *c, int64_t now_ms)
{
	struct picker_for who = picker_for(s, c, now_ms);
	size_t want = queue_length(c, now_ms);
	struct picker_block b;

	if (active(c) > want * 3 / 4)
		return;
	while (active(c) < want && c->peer.n_requests < PEER_REQUESTS_MAX &&
	    next_block(s, c, &who, &b) == RC_OK) {
		who.current = c->current = b.piece;
		if (!send_request(s, c, b, now_ms))
			return;
	}
	/* Nothing to be had alone: then rather together than not at all. */
	if (active(c) == 0 && c->solo && picker_may_open(s->picker)) {
		c->solo = who.alone = false;
		if (next_block(s, c, &who, &b) == RC_OK)
			(void)send_request(s, c, b, now_ms);
	}
}

/*
 * Whether all of the piece waits in its queue, behind so much that it is not on its way
 * yet.
 */
static bool
has_it_waiting(const struct swarm *s, struct conn *c, uint32_t piece, int64_t now_ms)
{
	uint64_t before = 0, waiting = 0;

	for (size_t i = 0; i < c->peer.n_requests; i++) {
		const struct peer_request *r = &c->peer.requests[i];

		if (r->block.piece == piece && peer_is_under_way(&c->peer, r->block))
			return false;
		if (r->block.piece == piece && !r->stale)
			waiting += r->block.length;
		else if (waiting == 0)
			before += r->block.length;
	}
	return waiting == torrent_piece_size(s->t, piece) &&
	    before * 1000 >= rate_get(&c->down, now_ms) * UNDER_WAY_MS;
}

static void
call_off_piece(struct swarm *s, struct conn *c, uint32_t piece, int64_t now_ms)
{
	for (size_t i = 0; i < c->peer.n_requests && c->state == CONN_OPEN; i++) {
		const struct peer_block b = c->peer.requests[i].block;

		if (b.piece != piece || c->peer.requests[i].stale)
			continue;
		picker_undo(s->picker, swarm_block_of(b));
		swarm_said(s, c, peer_send_cancel(&c->peer, b), now_ms);
		swarm_owes_less(c, now_ms);
	}
	if (c->current == piece)
		c->current = PICKER_NONE;
	s->kick = true;
}

/* c has a new piece: it may have time for what another would send later. */
static void
take_over(struct swarm *s, struct conn *c, uint32_t piece, int64_t now_ms)
{
	size_t room = (torrent_piece_size(s->t, piece) - 1) / WIRE_BLOCK + 1;

	if (c->peer.chokes_us || c->solo || c->snubbed ||
	    !bitset_get(&s->wanted, piece) || active(c) + room > queue_length(c, now_ms))
		return;
	for (size_t i = 0; i < s->n_conns; i++) {
		struct conn *other = s->conns[i];

		if (other == c || other->state != CONN_OPEN || other->solo ||
		    !has_it_waiting(s, other, piece, now_ms))
			continue;
		call_off_piece(s, other, piece, now_ms);
		c->current = piece;
		swarm_ask(s, c, now_ms);
		return;
	}
}

void
swarm_has_piece(struct swarm *s, struct conn *c, uint32_t piece, int64_t now_ms)
{
	count_piece(s, c, piece);
	swarm_update_interest(s, c, now_ms);
	if (c->state == CONN_OPEN)
		take_over(s, c, piece, now_ms);
}

void
swarm_ask(struct swarm *s, struct conn *c, int64_t now_ms)
{
	if (c->state != CONN_OPEN || c->useful == 0 ||
	    (c->peer.chokes_us && c->peer.n_allowed == 0))
		return;
	/*
	 * A snubbed peer gets no block of its own to sit on while others could have it.
	 */
	help_head(s, c, now_ms);
	if (c->state == CONN_OPEN && !is_spare(s, c))
		ask_more(s, c, now_ms);
	if (c->state == CONN_OPEN && active(c) == 0)
		end_game(s, c, now_ms);
}
