/* SPDX-License-Identifier: ISC */
/* The whole: what each message of a peer means, and what time brings. */
#include "core/swarm.h"

#include <stdlib.h>

#include "core/choker.h"
#include "core/swarm_parts.h"

enum {
	CONNECT_MS = 15000,
	HANDSHAKE_MS = 10000,
	IDLE_MS = 120000,
	KEEPALIVE_MS = 100000,
	GATHER_OPEN = 4,
	LEAST_OPEN = 3, /* pieces; with less memory they are gathered */
};
enum { MEMORY_MIN = 1024 * 1024, BACKLOG = 4 * 1024 * 1024, GATHER_BLOCKS_MAX = 4096 };

static enum rc
init_memory(struct swarm *s)
{
	uint64_t memory = s->config.memory > MEMORY_MIN ? s->config.memory : MEMORY_MIN;
	uint32_t length = torrent_piece_size(s->t, 0);

	s->backlog_max = length > BACKLOG ? length : BACKLOG;
	if (length <= memory / LEAST_OPEN) {
		s->most_open =
		    (uint32_t)(memory / length < s->t->pieces + 4 ? memory / length
		                                                  : s->t->pieces + 4);
		s->pieces = drafts_new(length, s->most_open);
		s->blocks = pool_new(WIRE_BLOCK, s->config.most_conns);
		return s->pieces == NULL || s->blocks == NULL ? RC_MEM : RC_OK;
	}
	s->most_open = GATHER_OPEN;
	s->blocks = pool_new(WIRE_BLOCK,
	    memory / WIRE_BLOCK < GATHER_BLOCKS_MAX ? memory / WIRE_BLOCK
	                                            : GATHER_BLOCKS_MAX);
	s->gathers = calloc(s->most_open, sizeof(*s->gathers));
	if (s->blocks == NULL || s->gathers == NULL)
		return RC_MEM;
	for (uint32_t i = 0; i < s->most_open; i++)
		s->gathers[i].piece = PICKER_NONE;
	return RC_OK;
}

struct swarm *
swarm_new(const struct swarm_config *config)
{
	struct swarm *s = calloc(1, sizeof(*s));
	const struct torrent *t = config->torrent;
	struct picker_config pc = { .pieces = t->pieces,
		.piece_length = t->piece_length };

	if (s == NULL)
		return NULL;
	s->config = *config;
	s->t = t;
	s->rng.state = config->seed;
	s->last_todo = &s->first_todo;
	s->head = PICKER_NONE;
	s->dial_tokens = (int64_t)SWARM_DIALS * 1000;
	book_init(&s->book, rng_u64(&s->rng));
	s->conns = calloc((size_t)config->most_conns + 1, sizeof(struct conn *));
	if (s->conns == NULL || init_memory(s) != RC_OK ||
	    bitset_init(&s->have, t->pieces) != RC_OK ||
	    bitset_init(&s->wanted, t->pieces) != RC_OK)
		goto out;
	pc.last_length = torrent_piece_size(t, t->pieces - 1);
	pc.most_open = s->most_open;
	pc.seed = rng_u64(&s->rng);
	s->picker = picker_new(&pc);
	if (s->picker != NULL)
		return s;
out:
	swarm_free(s);
	return NULL;
}

void
swarm_free(struct swarm *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_conns; i++) {
		if (!s->conns[i]->queued)
			swarm_free_conn(s, s->conns[i]);
	}
	for (struct conn *c = s->first_todo, *next; c != NULL; c = next) {
		next = c->next_todo;
		swarm_free_conn(s, c);
	}
	for (uint32_t i = 0; s->picker != NULL && s->pieces != NULL && i < s->t->pieces;
	     i++) {
		void **draft = picker_buffer(s->picker, i);

		if (draft != NULL && *draft != NULL)
			drafts_give(s->pieces, *draft);
	}
	picker_free(s->picker);
	drafts_free(s->pieces);
	pool_free(s->blocks);
	smartban_clear(&s->smartban);
	bitset_clear(&s->have);
	bitset_clear(&s->wanted);
	book_clear(&s->book);
	free(s->gathers);
	free(s->conns);
	free(s->jobs);
	free(s);
}

void
swarm_want(struct swarm *s, uint32_t piece)
{
	if (bitset_get(&s->wanted, piece))
		return;
	bitset_set(&s->wanted, piece);
	picker_want(s->picker, piece);
	s->pieces_wanted++;
	s->bytes_wanted += torrent_piece_size(s->t, piece);
}

void
swarm_hold(struct swarm *s, uint32_t piece, bool serve)
{
	uint32_t size = torrent_piece_size(s->t, piece);

	if (bitset_get(&s->wanted, piece)) {
		bitset_unset(&s->wanted, piece);
	} else {
		s->pieces_wanted++;
		s->bytes_wanted += size;
	}
	s->pieces_held++;
	s->bytes_held += size;
	if (serve)
		bitset_set(&s->have, piece);
	picker_hold(s->picker, piece);
}

bool
swarm_is_complete(const struct swarm *s)
{
	return s->wanted.count == 0;
}

bool
swarm_is_broken(const struct swarm *s)
{
	return s->broken;
}

/* What a peer says. */

static void
on_ready(struct swarm *s, struct conn *c, int64_t now_ms)
{
	if (memcmp(c->peer.id, s->config.id, sizeof(c->peer.id)) == 0) {
		s->book.entries[c->who].ourselves = true;
		swarm_close(s, c, "is ourselves", now_ms);
		return;
	}
	for (size_t i = 0; i < s->n_conns; i++) {
		const struct conn *other = s->conns[i];

		if (other != c && other->state == CONN_OPEN &&
		    memcmp(other->peer.id, c->peer.id, sizeof(c->peer.id)) == 0 &&
		    addr_same_ip(&other->addr, &c->addr)) {
			swarm_close(s, c, "is connected already", now_ms);
			return;
		}
	}
	c->state = CONN_OPEN;
	c->since_ms = c->moved_ms = now_ms;
	c->solo = s->book.entries[c->who].parole;
	swarm_said(s, c, RC_OK, now_ms);
}

static void
on_event(struct swarm *s, struct conn *c, const struct peer_event *e, int64_t now_ms)
{
	switch (e->kind) {
	case PEER_MORE: return;
	case PEER_EXTENDED: swarm_part_from(s, c, now_ms); return;
	case PEER_READY: on_ready(s, c, now_ms); return;
	case PEER_PIECES:
		swarm_pieces_known(s, c, now_ms);
		swarm_allow(s, c, now_ms);
		swarm_part_from(s, c, now_ms);
		return;
	case PEER_HAVE:
		swarm_has_piece(s, c, e->block.piece, now_ms);
		swarm_part_from(s, c, now_ms);
		return;
	case PEER_CHOKE: swarm_choked(s, c, now_ms); return;
	case PEER_UNCHOKE: swarm_unchoked(c, now_ms); return;
	case PEER_ALLOWED: return;
	case PEER_INTEREST: swarm_interest(s, c, now_ms); return;
	case PEER_BEGIN: swarm_begin_block(s, c, e); return;
	case PEER_BLOCK: swarm_end_block(s, c, e, now_ms); return;
	case PEER_REJECT:
		if (!e->stale) {
			picker_undo(s->picker, swarm_block_of(e->block));
			swarm_owes_less(c, now_ms);
		}
		s->kick = true;
		return;
	case PEER_REQUEST: swarm_asked(s, c, e->block, now_ms); return;
	case PEER_CANCEL: swarm_unasked(s, c, e->block, now_ms); return;
	case PEER_BAD:
		swarm_disbelieve(s, c->who);
		swarm_close(s, c, e->why, now_ms);
		return;
	}
}

int
swarm_room(struct swarm *s, struct conn *c, struct peer_room scratch,
    struct peer_room room[static PEER_ROOMS])
{
	/*
	 * One read may begin two blocks, and each needs a buffer of its own when pieces
	 * are gathered.
	 */
	if (s->pieces == NULL && pool_left(s->blocks) < 2) {
		c->paused = true;
		return 0;
	}
	/* Quicker than the disk: the rest waits in the sockets, not in our memory. */
	if (s->pieces != NULL && s->backlog > s->backlog_max) {
		c->paused = true;
		return 0;
	}
	swarm_expect(s, c);
	return peer_room(&c->peer, scratch, room);
}

void
swarm_read(
    struct swarm *s, struct conn *c, size_t n, struct peer_room scratch, int64_t now_ms)
{
	struct peer_event e;
	struct bytes rest;

	if (c->state == CONN_CLOSED)
		return;
	c->last_read = n;
	peer_commit(&c->peer, n, scratch, now_ms, &rest);
	do {
		peer_next(&c->peer, &rest, now_ms, &e);
		on_event(s, c, &e, now_ms);
	} while (e.kind != PEER_MORE && c->state != CONN_CLOSED);
	if (c->state != CONN_CLOSED)
		swarm_ask(s, c, now_ms);
	swarm_settle(s, now_ms);
}

/* Time. */

static void
tick_conn(struct swarm *s, struct conn *c, int64_t now_ms)
{
	switch (c->state) {
	case CONN_DIALLING:
		if (now_ms - c->since_ms >= CONNECT_MS)
			swarm_close(s, c, "does not answer", now_ms);
		return;
	case CONN_SHAKING:
		if (now_ms - c->since_ms >= HANDSHAKE_MS)
			swarm_close(s, c, "does not shake hands", now_ms);
		return;
	case CONN_OPEN:
		if (now_ms - c->peer.heard_ms >= IDLE_MS && !c->paused) {
			swarm_close(s, c, "is silent", now_ms);
			return;
		}
		if (now_ms - c->peer.spoke_ms >= KEEPALIVE_MS &&
		    peer_waiting(&c->peer) == 0)
			swarm_said(s, c, peer_send_keepalive(&c->peer), now_ms);
		if (c->state == CONN_OPEN)
			swarm_check_snub(s, c, now_ms);
		if (c->state == CONN_OPEN)
			swarm_ask(s, c, now_ms);
		return;
	case CONN_CLOSED: return;
	}
}

void
swarm_tick(struct swarm *s, int64_t now_ms)
{
	for (size_t i = s->n_conns; i-- > 0;)
		if (i < s->n_conns)
			tick_conn(s, s->conns[i], now_ms);
	if (now_ms - s->choke_ms >= CHOKER_EVERY_MS) {
		bool redraw = now_ms - s->lucky_ms >= CHOKER_LUCKY_EVERY_MS;

		s->choke_ms = now_ms;
		if (redraw)
			s->lucky_ms = now_ms;
		swarm_choke_all(s, redraw, now_ms);
	}
	swarm_make_room(s, now_ms);
	swarm_dial(s, now_ms);
	swarm_settle(s, now_ms);
}

bool
swarm_is_trying(struct swarm *s)
{
	for (size_t i = 0; i < s->n_conns; i++) {
		const struct conn *c = s->conns[i];

		if (!c->incoming && c->state < CONN_OPEN &&
		    s->book.entries[c->who].failures == 0)
			return true;
	}
	return book_has_untried(&s->book);
}

void
swarm_get_stats(struct swarm *s, struct swarm_stats *out, int64_t now_ms)
{
	*out = (struct swarm_stats){
		.wanted = s->bytes_wanted,
		.held = s->bytes_held,
		.downloaded = s->down.total,
		.uploaded = s->up.total,
		.wasted = s->wasted,
		.down_rate = rate_get(&s->down, now_ms),
		.up_rate = rate_get(&s->up, now_ms),
		.pieces_wanted = s->pieces_wanted,
		.pieces_held = s->pieces_held,
		.dialling = s->n_dialling,
		.banned = s->banned,
	};
	for (size_t i = 0; i < s->n_conns; i++) {
		const struct conn *c = s->conns[i];

		out->peers += c->state == CONN_OPEN;
		out->seeds += c->state == CONN_OPEN && bitset_full(&c->peer.has);
	}
	if (s->seeds == 0)
		out->unsourced = picker_unsourced(s->picker);
}
