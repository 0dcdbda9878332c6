/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the swarm share: swarm.c (messages and time), swarm_conns.c (who is
 * connected), swarm_places.c (who makes room), swarm_down.c (asking), swarm_blocks.c
 * (blocks and pieces), swarm_up.c (serving), swarm_queue.c (what the caller is to do).
 * Nobody else includes it.
 */
#ifndef CORE_SWARM_PARTS_H
#define CORE_SWARM_PARTS_H

#include "base/rng.h"
#include "core/allowed.h"
#include "core/book.h"
#include "core/draft.h"
#include "core/picker.h"
#include "core/pool.h"
#include "core/rate.h"
#include "core/smartban.h"
#include "core/swarm.h"

enum conn_state {
	CONN_DIALLING, /* until swarm_connected */
	CONN_SHAKING,  /* until the peer's handshake */
	CONN_OPEN,
	CONN_CLOSED, /* only waits for the caller to close it */
};

struct conn {
	struct conn *next_todo;
	unsigned todo; /* SWARM_* bits */
	bool queued;   /* is in the todo list */
	size_t at;     /* place in swarm.conns */
	uint64_t serial;
	void *io;
	enum conn_state state;
	const char *why;
	bool incoming;
	struct addr addr;
	uint32_t who;     /* in the book, or BOOK_NONE */
	int64_t since_ms; /* when the state began */
	int64_t moved_ms; /* when it opened, or a block of it or for it last moved */
	struct peer peer;

	/* Asking. */
	bool counted_seed; /* has all: counted in swarm.seeds, not in the picker */
	uint32_t useful;   /* pieces that it has and we want */
	uint32_t current;  /* the piece it works on, or PICKER_NONE */
	bool solo;         /* under suspicion: whole pieces alone */
	bool snubbed;
	bool paused;       /* it is not read */
	int64_t owes_ms;   /* since when it has owed us blocks, while it does */
	int64_t waited_ms; /* what it owed in vain before that, since its last block */
	uint64_t pardoned; /* down.total when an unchoke last made that forgotten */
	uint8_t *own;      /* a buffer of one block for the block under way, or NULL */
	bool direct;       /* the block under way goes straight into its piece */
	size_t last_read;  /* bytes */
	struct rate down;

	/* Serving. */
	struct peer_block *asked; /* in the order it asked; before first_asked: done */
	size_t first_asked, n_asked, cap_asked;
	unsigned loading; /* jobs under way for what it asked first; not in asked */
	bool lucky;
	bool idled;                       /* had a turn and took nothing of it */
	uint64_t turn_from;               /* bytes given when its turn began */
	int64_t turn_ms;                  /* when its turn, or its wait for one, began */
	uint32_t allowed[ALLOWED_PIECES]; /* that it may have while choked */
	size_t n_allowed;
	struct rate up;
};

/* Writes of a gathered piece that are under way. */
struct gather {
	uint32_t piece; /* PICKER_NONE: free */
	unsigned writes;
	bool full;
	uint32_t doubted; /* whose blocks go when no write is under way, or BOOK_NONE */
};

struct swarm {
	struct swarm_config config;
	const struct torrent *t;
	struct rng rng;
	struct book book;
	struct picker *picker;
	struct drafts *pieces; /* NULL: pieces are gathered on disk */
	struct pool *blocks;
	struct gather *gathers; /* most_open places; NULL unless gathered */
	uint32_t most_open;
	bool helped;                   /* somebody has nothing to do and would hash */
	uint64_t backlog, backlog_max; /* bytes of full pieces that others work on */
	struct smartban smartban;
	struct bitset have;   /* that we serve */
	struct bitset wanted; /* and do not hold yet */
	struct conn **conns;
	size_t n_conns;
	uint64_t serials;
	unsigned n_dialling;
	uint32_t seeds; /* conns that are counted_seed */
	struct conn *first_todo, **last_todo;
	struct swarm_job *jobs; /* a ring */
	size_t n_jobs, first_job, cap_jobs;
	bool kick; /* blocks came free: everybody may have something to ask for */
	bool broken;
	bool hushed; /* nobody new */

	uint32_t head;   /* the piece that a reader waits for, or PICKER_NONE */
	int64_t head_ms; /* since when */

	int64_t dial_tokens, dial_ms; /* thousandths of a connection */
	int64_t choke_ms, lucky_ms;
	struct rate down, up;
	uint64_t wasted, bytes_wanted, bytes_held;
	uint32_t pieces_wanted, pieces_held;
	unsigned banned;
};

/* swarm_queue.c */

/*
 * The caller is to do that (SWARM_* bits) to c; nothing any more; a job for a thread; c
 * is gone, with all it has.
 */
void swarm_queue(struct swarm *s, struct conn *c, unsigned what);
void swarm_unqueue(struct swarm *s, struct conn *c);
void swarm_add_job(struct swarm *s, struct swarm_job job);
void swarm_free_conn(struct swarm *s, struct conn *c);

/* swarm_conns.c */

enum { SWARM_DIALS = 30, SWARM_HALF_OPEN = 20 };

/* Dial whom the book names next, as far as the rules allow. */
void swarm_dial(struct swarm *s, int64_t now_ms);

/*
 * End a connection, with words; it is out of every count at once and closed by the caller
 * later.
 */
void swarm_close(struct swarm *s, struct conn *c, const char *why, int64_t now_ms);

/* Note that a peer call queued output, or end the connection when it could not. */
void swarm_said(struct swarm *s, struct conn *c, enum rc rc, int64_t now_ms);

/*
 * If blocks came free, everybody asks anew. At the end of every call that can free some.
 */
void swarm_settle(struct swarm *s, int64_t now_ms);

/* A peer that needs nothing is of no use to us who need nothing: end the connection. */
void swarm_part_from(struct swarm *s, struct conn *c, int64_t now_ms);

/* All is held: tell everybody, and let go of those who have all as well. */
void swarm_completed(struct swarm *s, int64_t now_ms);

/* swarm_places.c */

/* All places are taken: somebody useless may have to go. Before dialling. */
void swarm_make_room(struct swarm *s, int64_t now_ms);

/* Whether there is a place for a caller; somebody useless may go for it. */
bool swarm_place_for_caller(struct swarm *s, int64_t now_ms);

/* swarm_down.c */

/* The same block, as the picker counts them. */
struct picker_block swarm_block_of(struct peer_block b);
void swarm_update_interest(struct swarm *s, struct conn *c, int64_t now_ms);
void swarm_pieces_known(struct swarm *s, struct conn *c, int64_t now_ms);
void swarm_pieces_forgotten(struct swarm *s, struct conn *c);
void swarm_has_piece(struct swarm *s, struct conn *c, uint32_t piece, int64_t now_ms);
void swarm_ask(struct swarm *s, struct conn *c, int64_t now_ms);

/* Its requests are off and it works on no piece; or only the latter. */
void swarm_release(struct swarm *s, struct conn *c);
void swarm_disown(struct swarm *s, struct conn *c);

/* It chokes us; it does not any more. */
void swarm_choked(struct swarm *s, struct conn *c, int64_t now_ms);
void swarm_unchoked(struct conn *c, int64_t now_ms);

/* It sent a block, or starts anew; a request fell that it had not answered. */
void swarm_forgive(struct conn *c, int64_t now_ms);
void swarm_owes_less(struct conn *c, int64_t now_ms);
void swarm_check_snub(struct swarm *s, struct conn *c, int64_t now_ms);

/* swarm_blocks.c */

/* Tell the peer where its next blocks go, if it is quick enough for that to pay. */
void swarm_expect(struct swarm *s, struct conn *c);
void swarm_begin_block(struct swarm *s, struct conn *c, const struct peer_event *e);
void swarm_end_block(
    struct swarm *s, struct conn *c, const struct peer_event *e, int64_t now_ms);

/* Who broke the rules, or lied: what came of open pieces is to come from others. */
void swarm_disbelieve(struct swarm *s, uint32_t who);

/* What comes of the block under way goes nowhere any more; a piece's buffer goes back. */
void swarm_unplace(struct conn *c);
void swarm_give_buffer(struct swarm *s, uint32_t piece);

/*
 * swarm_up.c: the other side asks for a block, or takes that back; it is told which
 * pieces it may ask for while it is choked; it wants something now, or nothing any more;
 * who is choked is decided anew.
 */
void swarm_asked(struct swarm *s, struct conn *c, struct peer_block b, int64_t now_ms);
void swarm_unasked(struct swarm *s, struct conn *c, struct peer_block b, int64_t now_ms);
void swarm_allow(struct swarm *s, struct conn *c, int64_t now_ms);
void swarm_interest(struct swarm *s, struct conn *c, int64_t now_ms);
void swarm_choke_all(struct swarm *s, bool redraw, int64_t now_ms);

#endif
