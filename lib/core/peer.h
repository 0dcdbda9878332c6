/* SPDX-License-Identifier: ISC */
/*
 * One peer's connection: the wire protocol of BEP 3, BEP 6 and BEP 10 as a state machine
 * over bytes. It frames, checks and remembers; what to ask for and whom to serve is
 * core/swarm's. No descriptor, no clock: bytes come in through peer_room, peer_commit and
 * peer_next, go out through peer_output and peer_sent, and now_ms is an argument.
 */
#ifndef CORE_PEER_H
#define CORE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "codec/ext.h"
#include "codec/wire.h"
#include "core/bitset.h"

enum {
	PEER_REQUESTS_MAX = 2000,  /* outstanding at once; also our reqq */
	PEER_OUTPUT_MAX = 1 << 20, /* bytes waiting to be sent; more: drop the peer */
	PEER_ALLOWED_MAX = 32,     /* allowed-fast pieces that we remember */
	PEER_BLOCKS_MAX = 64,      /* blocks waiting to be sent to it */
	PEER_BLOCK_HEAD = 13,      /* bytes of the head of a block */
	PEER_AHEAD_MAX = 16,       /* blocks that one read may begin in their places */
	PEER_ROOMS = 2 + 2 * PEER_AHEAD_MAX,
	PEER_SCRATCH_MIN =
	    64, /* bytes of scratch that are left beside what is expected */
	/* Of scratch, for all that may be expected, and a block more. */
	PEER_SCRATCH =
	    (PEER_AHEAD_MAX + 1) * (PEER_BLOCK_HEAD + WIRE_BLOCK) + PEER_SCRATCH_MIN,
};

struct peer_block {
	uint32_t piece, begin, length; /* bytes */
};

struct peer_request {
	struct peer_block block;
	int64_t asked_ms;
	bool stale; /* given to others, or cancelled; may still come */
	bool owed;  /* stale without a word: it will come */
};

/* A stretch of what waits to be sent: bytes of our own, or (part of) a block. */
struct peer_part {
	struct bytes bytes;      /* empty: it is the block */
	struct peer_block block; /* the caller knows where its bytes lie */
};

/* A block in the row of what is said: its bytes follow so many words, ever. */
struct peer_due {
	uint64_t at;
	struct peer_block block; /* what of it is still to be sent */
};

/* A block that will come next if the peer keeps the order asked. */
struct peer_ahead {
	struct peer_block block;
	uint8_t *place;
	uint32_t landed; /* bytes of it that came */
	uint8_t head[PEER_BLOCK_HEAD];
};

struct peer_config {
	const uint8_t *btih, *id; /* 20 bytes each, outlive the peer */
	const struct bitset
	    *have; /* ours, told in the first message; outlives the peer */
	uint32_t piece_length;
	uint64_t length;  /* of the torrent */
	uint16_t port;    /* ours, for incoming connections; 0: none */
	bool incoming;    /* it called us */
	bool upload_only; /* we fetch nothing any more */
};

struct peer {
	/* What is known of it; only core/peer writes here. */
	bool ready;          /* handshakes are through */
	bool fast, extended; /* both sides speak it */
	uint8_t id[20];
	struct ext_handshake said; /* client is not kept in it */
	char client[48];           /* printable name; empty: did not say */
	struct bitset has;
	bool chokes_us, is_interested;      /* its words */
	bool choking, interested;           /* ours */
	int64_t heard_ms, spoke_ms;         /* last byte in, last byte out */
	uint32_t allowed[PEER_ALLOWED_MAX]; /* pieces that we may ask for while choked */
	size_t n_allowed;
	struct peer_request *requests; /* outstanding, in the order asked */
	size_t n_requests, n_stale;

	/* Private. */
	struct peer_config config;
	struct buf output;                    /* words; blocks stand between them */
	uint64_t words_sent;                  /* that have left output, ever */
	struct peer_due due[PEER_BLOCKS_MAX]; /* a ring */
	size_t first_due, n_due;
	int state;
	uint8_t head[WIRE_HANDSHAKE];
	size_t head_n;
	struct wire_head message;
	uint32_t left;    /* bytes of the payload that are to come, or the next piece */
	struct buf body;  /* a bit field or an extension handshake under way */
	uint8_t *place;   /* where its next byte goes; NULL: nowhere */
	bool told_pieces; /* a bit field, have all or have none came, or a have */
	unsigned unasked; /* blocks that nobody asked for, less those forgiven */
	unsigned answers; /* blocks asked for, while there were some of these */
	unsigned twice;   /* asked for anew, and the first answer may still come, too */
	int64_t quota;    /* messages that it may send before it floods */
	int64_t quota_ms;
	struct peer_request *first_request; /* the memory that requests lie in */
	size_t cap_requests;
	struct peer_ahead ahead[PEER_AHEAD_MAX];
	size_t n_ahead, at_ahead; /* expected, then those that came; of these eaten */
	bool begun_ahead;         /* the block under way is the next of them */
};

enum peer_event_kind {
	PEER_MORE,     /* nothing: give it more bytes */
	PEER_READY,    /* its handshake came: id, fast, extended */
	PEER_EXTENDED, /* its extension handshake came: said, client */
	PEER_PIECES,   /* has is known as a whole */
	PEER_HAVE,     /* block.piece is new in has */
	PEER_CHOKE,    /* without BEP 6 no request is answered: peer_stale_requests */
	PEER_UNCHOKE,
	PEER_INTEREST, /* is_interested has changed */
	PEER_ALLOWED,  /* block.piece joined allowed */
	PEER_BEGIN,    /* block, which we asked for, begins: call peer_place next */
	PEER_BLOCK,    /* block is whole; its request is gone */
	PEER_REJECT,   /* block will not come; its request is gone */
	PEER_REQUEST,  /* it asks for block, which lies inside the torrent */
	PEER_CANCEL,   /* it takes a request back */
	PEER_BAD,      /* it broke the protocol: why; close the connection */
};

struct peer_event {
	enum peer_event_kind kind;
	struct peer_block block;
	bool stale;      /* block, reject: the request was stale */
	const char *why; /* bad: words that fit behind the peer's address; never freed */
};

/*
 * Start a connection that has just come about. RC_MEM: *p can only be cleared. An
 * outgoing one has our handshake in its output.
 */
enum rc peer_init(
    struct peer *p, const struct peer_config *config, int64_t now_ms) MUST_USE;
void peer_clear(struct peer *p);

struct peer_room {
	uint8_t *p;
	size_t n;
};

/*
 * For the next peer_room: this block, which was asked for, will come after the one under
 * way and those that were told before, and goes to place. Until the peer_commit after it
 * anything may be written there, and nobody else may write there. Does nothing to the
 * block under way. peer_may_expect: whether another one may be told. peer_expect_none
 * takes all of them back.
 */
bool peer_may_expect(const struct peer *p);
void peer_expect(struct peer *p, struct peer_block b, uint8_t *place);
void peer_expect_none(struct peer *p);

/*
 * Where the next bytes from the socket belong, in order: the rest of the block under way
 * in its place (if it has one), the heads and places of those that are expected, then
 * what is left of scratch: what is expected takes its size from it, and no more is
 * expected than that PEER_SCRATCH_MIN bytes are left. Returns how many, at least 1, the
 * rooms filled in.
 */
int peer_room(
    struct peer *p, struct peer_room scratch, struct peer_room room[static PEER_ROOMS]);

/*
 * n bytes went into the rooms of the last peer_room. *rest: those that went into scratch,
 * and those that are not as expected; to be given to peer_next, if it is empty, too.
 */
void peer_commit(struct peer *p, size_t n, struct peer_room scratch, int64_t now_ms,
    struct bytes *rest);

/*
 * Eat from the front of *rest until something is to be told; PEER_MORE when *rest is
 * eaten up. Call it until then.
 */
void peer_next(
    struct peer *p, struct bytes *rest, int64_t now_ms, struct peer_event *event);

/*
 * Where the block under way goes from its first byte on (block.length bytes, which
 * outlive it); NULL: its bytes are dropped.
 */
void peer_place(struct peer *p, uint8_t *place);

/* Whether this block, which was asked for, has begun and not ended. */
bool peer_is_under_way(const struct peer *p, struct peer_block b);

/* Whether a block is under way into a place inside [from, from + n). */
bool peer_is_placed(const struct peer *p, const uint8_t *from, size_t n);

/*
 * What we say. All of these queue bytes: RC_OK, RC_BIG (PEER_OUTPUT_MAX, or
 * PEER_REQUESTS_MAX), RC_MEM. A peer that is told what it knows already is told nothing.
 */
enum rc peer_set_choking(struct peer *p, bool choking) MUST_USE;
enum rc peer_set_interested(struct peer *p, bool interested) MUST_USE;
enum rc peer_send_have(struct peer *p, uint32_t piece) MUST_USE;
enum rc peer_set_upload_only(struct peer *p) MUST_USE; /* from now on */
enum rc peer_send_keepalive(struct peer *p) MUST_USE;
enum rc peer_send_reject(struct peer *p, struct peer_block b) MUST_USE;
enum rc peer_send_allowed(struct peer *p, uint32_t piece) MUST_USE; /* with BEP 6 only */

/*
 * Ask for a block. One that became stale without a word not long ago is still on its way:
 * then nothing is said, for it would come twice.
 */
enum rc peer_send_request(struct peer *p, struct peer_block b, int64_t now_ms) MUST_USE;

/*
 * The block itself is not copied: it becomes a part of the output. RC_BIG also for more
 * than PEER_BLOCKS_MAX.
 */
enum rc peer_send_block(struct peer *p, struct peer_block b) MUST_USE;

/*
 * Tell it that the request is off; it becomes stale. Nothing happens when there is none
 * that is not stale.
 */
enum rc peer_send_cancel(struct peer *p, struct peer_block b) MUST_USE;

/*
 * The oldest request that is not stale becomes it, without a word to the peer, if it was
 * asked before before_ms and is not under way. RC_NONE: there is no such request.
 */
enum rc peer_expire_request(
    struct peer *p, int64_t before_ms, struct peer_block *b) MUST_USE;

/* Whether exactly this block is asked for, stale or not. */
bool peer_is_asked(const struct peer *p, struct peer_block b);

/*
 * Every request becomes stale, without a word to the peer; those older than before_ms are
 * forgotten.
 */
void peer_stale_requests(struct peer *p);
void peer_forget_requests(struct peer *p, int64_t before_ms);

/* How many bytes wait to be sent. */
size_t peer_waiting(const struct peer *p);

/* The i-th part of them, from 0 on. false: there are not so many. */
bool peer_output(const struct peer *p, size_t i, struct peer_part *part);

/* n bytes were sent. Returns how many of them were blocks'. */
size_t peer_sent(struct peer *p, size_t n, int64_t now_ms);

#endif
