/* SPDX-License-Identifier: ISC */
/*
 * Every peer address of a run and what became of it: who may be dialled when, who lied,
 * who is ourselves. The book has a limit. When it is full, a new address takes the place
 * of one that called us and left, or that was tried in vain; who lied, sent a block, is
 * ourselves or was never tried is not forgotten before the end.
 */
#ifndef CORE_BOOK_H
#define CORE_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rc.h"
#include "base/rng.h"
#include "core/deny.h"

enum { BOOK_MAX = 20000, BOOK_NONE = UINT32_MAX };

struct book_entry {
	struct addr addr;
	bool dialable; /* it listens there; false: it only called us from there */
	bool busy;     /* connected, or being connected to */
	bool ourselves;
	bool banned;
	bool gave;     /* a block, of which it is the author (the caller's to set) */
	bool parole;   /* had a part in a bad piece: works alone until a piece is good */
	unsigned lies; /* bad pieces that were its work alone */
	unsigned failures; /* connections in a row that came to nothing */
	int64_t next_ms;   /* not to be dialled before */
};

struct book {
	struct book_entry
	    *entries; /* owned; a number is another's once it is forgotten */
	size_t n, cap;
	struct deny deny;

	/* Private. */
	uint32_t *slots; /* numbers, by a hash of the address */
	size_t n_slots;
	uint64_t key;
	/* Where the search for somebody to dial goes on, from the front and the back. */
	size_t turn, back;
	size_t n_back; /* how many there were when back was set */
	bool backwards;
	size_t hand; /* where the search for somebody to forget goes on */
	bool barren; /* it found nobody, and no connection has ended since */
};

/*
 * An empty book in the caller's storage. key: any number; it keeps strangers from
 * choosing where the addresses go.
 */
void book_init(struct book *b, uint64_t key);
void book_clear(struct book *b);

/*
 * The number of an address, entered if it is new; BOOK_NONE when the book is full of who
 * is not to be forgotten, or memory is. told: it listens there.
 */
uint32_t book_enter(struct book *b, const struct addr *a, bool told);

/*
 * Whether a connection with it is allowed at all: not denied, not banned, not ourselves.
 */
bool book_allows(struct book *b, const struct addr *a);

/*
 * Somebody to dial now: allowed, not busy, its time has come; the one that failed least
 * among the next few. By turns from the front and from the back, so that whoever was
 * named last need not wait for thousands before him, nor the first ones for those behind
 * them. BOOK_NONE.
 */
uint32_t book_next(struct book *b, int64_t now_ms);

/* Whether somebody who may be dialled never was. */
bool book_has_untried(struct book *b);

/*
 * A connection ended, for good or with nothing done: when may it be dialled again? 15 s,
 * doubled for every failure in a row, 1 h.
 */
void book_let_go(struct book *b, uint32_t who, bool failed, int64_t now_ms);

/*
 * It will not be spoken to again in this run. The whole address is banned, but on
 * loopback only its port: there an address is not one machine's.
 */
void book_ban(struct book *b, uint32_t who);

/*
 * Somebody there called for nothing while others waited: for five minutes nobody who
 * calls from that address, or from its /64 (a public one of IPv6), is let in. Not on
 * loopback, nor when there is no room to note it. book_shuns: whether it is so.
 */
void book_shun(struct book *b, const struct addr *a, int64_t now_ms);
bool book_shuns(const struct book *b, const struct addr *a, int64_t now_ms);

#endif
