/* SPDX-License-Identifier: ISC */
/*
 * Many peers, one torrent: whom to dial, what to ask whom for, whom to serve, who lied. A
 * state machine without descriptors and clock. The caller tells it what happened (now_ms
 * is an argument everywhere) and then asks it what to do:
 *
 * - swarm_todo: connections to begin, to write to, to resume reading from, to end
 * - swarm_job: pieces to hash and write, blocks to keep or to read, for other threads
 * - swarm_tick: to be called at least every SWARM_TICK_MS
 *
 * Payload goes from the socket straight into its piece's buffer: swarm_room says where
 * the next bytes belong.
 */
#ifndef CORE_SWARM_H
#define CORE_SWARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rc.h"
#include "core/bitset.h"
#include "core/deny.h"
#include "core/draft.h"
#include "core/peer.h"
#include "core/torrent.h"

struct swarm;
struct conn; /* one connection, from its beginning to swarm_lost or SWARM_CLOSE */

enum { SWARM_TICK_MS = 250 };

struct swarm_config {
	const struct torrent *torrent; /* whole, outlives the swarm */
	const uint8_t *id;             /* our peer id, 20 bytes, outlives the swarm */
	uint16_t port;                 /* where we listen; 0: nowhere */
	uint64_t memory;               /* bytes for payload; at least 1 MiB is taken */
	unsigned most_conns;
	bool keep;     /* go on serving when all is held: dial those who may fetch */
	uint64_t seed; /* the same seed and the same events: the same deeds */
};

/* Nothing is wanted yet. NULL: out of memory. */
struct swarm *swarm_new(const struct swarm_config *config);

/* No job may be under way, no connection is ended with a word. NULL is allowed. */
void swarm_free(struct swarm *s);

/*
 * Before the first connection: this piece is to be fetched; or it is on disk and verified
 * (serve: and may be offered to peers).
 */
void swarm_want(struct swarm *s, uint32_t piece);
void swarm_hold(struct swarm *s, uint32_t piece, bool serve);

/*
 * Somebody reads while we load: pieces first..end-1 are wanted soon and in order, and all
 * before them are held. The first is asked for twice where it keeps the reader waiting.
 * only: nothing else is asked for. Windows only move on.
 */
void swarm_window(
    struct swarm *s, uint32_t first, uint32_t end, bool only, int64_t now_ms);

/* All that is wanted is held. */
bool swarm_is_complete(const struct swarm *s);

/* An address that peers may be found at. Denied, useless and known ones are dropped. */
void swarm_add_peer(struct swarm *s, const struct addr *a, int64_t now_ms);

/* Never dial nor accept these; connections that are there end. RC_MEM. */
enum rc swarm_deny(
    struct swarm *s, const struct addr *base, unsigned bits, int64_t now_ms) MUST_USE;

/*
 * The same for all that is in d, before the first connection and the first swarm_deny.
 * They change hands: d is left empty.
 */
void swarm_take_deny(struct swarm *s, struct deny *d);

/* Whether it is denied, so that swarm_add_peer drops it. */
bool swarm_denies(struct swarm *s, const struct addr *a);

/*
 * While hushed no new connection is asked for and whoever calls is not welcome; those
 * that are there go on.
 */
void swarm_hush(struct swarm *s, bool hushed);

/* What the caller keeps with a connection. NULL until set. */
void conn_set_io(struct conn *c, void *io);
void *conn_io(const struct conn *c);
const struct addr *conn_addr(const struct conn *c);

/* Somebody called. NULL: not welcome, close it. */
struct conn *swarm_accept(struct swarm *s, const struct addr *from, int64_t now_ms);

/* A connection that SWARM_DIAL asked for has come about. */
void swarm_connected(struct swarm *s, struct conn *c, int64_t now_ms);

/* It is gone, or never came about; c is no more. The words are why. */
void swarm_lost(struct swarm *s, struct conn *c, int64_t now_ms);

/* As peer_room. 0 rooms: do not read now; SWARM_RESUME tells when to go on. */
int swarm_room(struct swarm *s, struct conn *c, struct peer_room scratch,
    struct peer_room room[static PEER_ROOMS]);

/* n bytes were read into those rooms. */
void swarm_read(
    struct swarm *s, struct conn *c, size_t n, struct peer_room scratch, int64_t now_ms);

/*
 * Whether those who do the jobs have nothing to do now, so that what is not hashed yet of
 * a piece had better be left to them. Until then it is hashed as it comes.
 */
void swarm_set_helped(struct swarm *s, bool helped);

/*
 * What waits to be sent to it: how many bytes, and the i-th part of them (core/peer); and
 * that n bytes were sent. A block's bytes are right and at rest until then.
 */
size_t swarm_waiting(const struct conn *c);
bool swarm_output(const struct conn *c, size_t i, struct peer_part *part);
void swarm_sent(struct swarm *s, struct conn *c, size_t n, int64_t now_ms);

enum {
	SWARM_DIAL = 1,   /* connect to conn_addr, then swarm_connected or swarm_lost */
	SWARM_SEND = 2,   /* there is output */
	SWARM_RESUME = 4, /* there is room again */
	SWARM_CLOSE = 8,  /* close it; c is no more after the next swarm_todo */
};

/*
 * The next connection with something to do, or NULL. *what: SWARM_* bits. Why it is
 * closed: conn_why.
 */
struct conn *swarm_todo(struct swarm *s, unsigned *what);

/* Words why a connection is closed, to stand behind its address; never freed. */
const char *conn_why(const struct conn *c);

/* It took our call, and its handshake has not come. */
bool conn_is_unheard(const struct conn *c);

enum swarm_job_kind {
	SWARM_VERIFY, /* hash the piece and write it if right; data NULL: gathered */
	SWARM_GATHER, /* keep this block of a huge piece: data, block.length bytes */
	SWARM_LOAD,   /* a block will be sent soon: have it at hand */
};

struct swarm_job {
	enum swarm_job_kind kind;
	struct peer_block block; /* verify: piece, 0, its size */
	uint8_t *data;           /* the swarm's; good until the answer */
	struct draft *draft;     /* verify: what data belongs to; the job may end it */
	bool marks;      /* verify: smartban_marks are wanted even if it is right */
	uint64_t serial; /* load: whom for */
};

/* The next job for another thread. false: none. */
bool swarm_job(struct swarm *s, struct swarm_job *job);

enum swarm_verdict {
	SWARM_BAD,    /* another hash: nothing was written */
	SWARM_HELD,   /* right and written, but not its neighbours' bytes: not offered */
	SWARM_SERVED, /* right and written whole */
};

/*
 * The answers. Each job must have one, but for a run that ends. marks: of all the piece's
 * blocks (core/smartban), where it was bad or the job wanted them; NULL costs the proof.
 */
void swarm_verified(struct swarm *s, uint32_t piece, enum swarm_verdict verdict,
    const uint64_t *marks, int64_t now_ms);
void swarm_gathered(struct swarm *s, const struct swarm_job *job, int64_t now_ms);
void swarm_loaded(struct swarm *s, const struct swarm_job *job, bool ok, int64_t now_ms);

/*
 * A piece that was offered cannot be read any more: it is given to nobody from now on.
 * false: it was not offered.
 */
bool swarm_withdraw(struct swarm *s, uint32_t piece);
void swarm_offer_again(struct swarm *s, uint32_t piece); /* what was withdrawn */

/* Time goes on: due every SWARM_TICK_MS, whatever else is called. */
void swarm_tick(struct swarm *s, int64_t now_ms);

struct swarm_stats {
	uint64_t wanted, held;         /* bytes of wanted pieces, and of these held */
	uint64_t downloaded, uploaded; /* payload bytes, ever */
	uint64_t wasted;               /* downloaded for nothing: bad, or twice */
	uint64_t down_rate, up_rate;   /* bytes a second */
	uint32_t pieces_wanted, pieces_held;
	uint32_t unsourced; /* wanted pieces that no connected peer has */
	unsigned peers,
	    seeds; /* connected, handshake through; of these those that have all */
	unsigned dialling; /* under way */
	unsigned banned;
};

/*
 * Whether somebody who was named was never tried, or is being tried for the first time.
 */
bool swarm_is_trying(struct swarm *s);

/* How it stands. */
void swarm_get_stats(struct swarm *s, struct swarm_stats *out, int64_t now_ms);

/* Out of memory at some point: nothing sensible will happen any more. */
bool swarm_is_broken(const struct swarm *s);

#endif
