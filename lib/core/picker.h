/* SPDX-License-Identifier: ISC */
/*
 * Which block to ask for next. Knows pieces, blocks and how many peers have what; knows
 * nothing of connections but an opaque owner. No step grows with the number of pieces;
 * but opening one may cost a walk over a bit field.
 *
 * A piece is unwanted, wanted, open (some block is asked for or here), full (every block
 * is here, the hash is being checked) or held.
 */
#ifndef CORE_PICKER_H
#define CORE_PICKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"
#include "core/bitset.h"

struct picker;

enum { PICKER_NONE = UINT32_MAX };
enum { PICKER_ASKED_MAX = 8 };

struct picker_config {
	uint32_t pieces;
	uint32_t piece_length, last_length; /* bytes */
	uint32_t most_open;                 /* pieces open or full at once, at least 1 */
	uint64_t seed;
};

/* All pieces are unwanted at first. NULL: out of memory. */
struct picker *picker_new(const struct picker_config *config);
void picker_free(struct picker *p);

/* An unwanted piece becomes wanted. */
void picker_want(struct picker *p, uint32_t piece);

/*
 * Pieces first..end-1 are wanted soon and in order: they are picked before all others,
 * the first first. only: nothing else is picked at all. Pieces before the window are
 * held. Windows only move on. No step costs more than a walk over the window.
 */
void picker_window(struct picker *p, uint32_t first, uint32_t end, bool only);

/* Whether only the window counts, and all its pieces are open or held. */
bool picker_window_is_asked(const struct picker *p);

/* One peer more or less has this piece (peers that have all are not counted here). */
void picker_more(struct picker *p, uint32_t piece);
void picker_less(struct picker *p, uint32_t piece);

struct picker_block {
	/* WIRE_BLOCK bytes from begin block * WIRE_BLOCK; the last one perhaps fewer. */
	uint32_t piece, block;
};

/* Bytes of a block. */
uint32_t picker_block_length(const struct picker *p, struct picker_block b);

/* Who asks, and how. */
struct picker_for {
	const void *owner;        /* the same for every call of one peer */
	const struct bitset *has; /* what it has */
	uint32_t current;         /* the piece it works on, or PICKER_NONE */
	bool join;                /* slow: rather share an open piece than open another */
	bool alone; /* only whole pieces, so that a bad one has one author */
};

/*
 * The next block for a peer: of the window, if there is one; else of its current piece;
 * of an open piece that nobody works on; of a new piece (at random while fewer than 4 are
 * held, then the rarest; 63 peers or more are all the same); of any open piece. It counts
 * as asked for. RC_NONE: nothing that it has is free.
 */
enum rc picker_next(
    struct picker *p, const struct picker_for *who, struct picker_block *out) MUST_USE;

/* A free block of this very piece, opened if need be (BEP 6 allowed fast). RC_NONE. */
enum rc picker_next_in(struct picker *p, const struct picker_for *who, uint32_t piece,
    struct picker_block *out) MUST_USE;

/*
 * In the end game: ask once more for a block that is asked for and not here. RC_NONE: it
 * is here, or not shared, or asked for most times (at most PICKER_ASKED_MAX).
 */
enum rc picker_again(struct picker *p, struct picker_block b, unsigned most) MUST_USE;

/*
 * Whether every wanted block (of the window, where only that counts) is asked for or
 * here: then the end game may begin.
 */
bool picker_is_end(const struct picker *p);

/* How often the block is asked for, 0..PICKER_ASKED_MAX. */
unsigned picker_asked(const struct picker *p, struct picker_block b);

/*
 * A request is off: choked, rejected, timed out, the connection gone. Does nothing to a
 * block that is here.
 */
void picker_undo(struct picker *p, struct picker_block b);

/*
 * Whether a block may come from this peer: its piece is open, it is not here, and nobody
 * who is to be alone would share it.
 */
bool picker_takes(
    const struct picker *p, struct picker_block b, const struct picker_for *who);

/*
 * A block is here, from author. RC_OK; RC_END: it was the last of its piece, which is
 * full now. RC_NONE: it was not missing.
 */
enum rc picker_got(struct picker *p, struct picker_block b, uint32_t author) MUST_USE;

/*
 * The owner works on no piece any more. Returns a piece that it had alone, which is still
 * open and shared from now on unless the caller drops it; call it again until there is
 * none left: PICKER_NONE.
 */
uint32_t picker_leave(struct picker *p, const void *owner);

/*
 * The owner is to be alone from now on: open pieces that are its work only, as author,
 * become its own, and it works on no others any more. What it was asked for of these may
 * still be undone.
 */
void picker_set_apart(struct picker *p, const void *owner, uint32_t author);

/*
 * Blocks from author are not to be believed: those of one open piece are free again.
 * Returns that piece; call it again until there is none left: PICKER_NONE. Full pieces
 * are left as they are.
 */
uint32_t picker_disbelieve(struct picker *p, uint32_t author);

/* The same in one piece alone; whether there were any. */
bool picker_disbelieve_in(struct picker *p, uint32_t piece, uint32_t author);

/*
 * The authors of an open or full piece: [block] for all its blocks; good until the piece
 * is held or dropped.
 */
const uint32_t *picker_authors(const struct picker *p, uint32_t piece, uint32_t *blocks);

/* The piece is here and right, whatever it was before. */
void picker_hold(struct picker *p, uint32_t piece);

/* An open or full piece is wanted again, from nothing. */
void picker_drop(struct picker *p, uint32_t piece);

/*
 * The buffer of an open or full piece: the caller's, NULL until set; the caller takes it
 * back before picker_hold or picker_drop.
 */
void **picker_buffer(struct picker *p, uint32_t piece);

/* Wanted pieces with blocks that are not here, which no counted peer has. */
uint32_t picker_unsourced(const struct picker *p);

/* Whether another piece may be opened. */
bool picker_may_open(const struct picker *p);

#endif
