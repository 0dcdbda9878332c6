/* SPDX-License-Identifier: ISC */
/*
 * A .torrent of one's own (BEP 3, 12, 19, 27): which piece length suits it, in which
 * order its files lie, and its bytes. Finding, reading and hashing the files is the
 * caller's. The same facts give the same bytes.
 */
#ifndef CORE_MAKE_H
#define CORE_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/torrent.h"

enum {
	MAKE_PIECE_MIN = 16 * 1024,
	MAKE_PIECE_USUAL = 16 * 1024 * 1024, /* the greatest that is chosen */
	MAKE_PIECES = 2000,                  /* more are not chosen, where that can be */
	MAKE_PIECES_MAX = 3 * 1024 * 1024,   /* as many as fit a .torrent of 64 MiB */
};

/* The least power of two from MAKE_PIECE_MIN on that makes at most MAKE_PIECES pieces. */
uint32_t make_piece_length(uint64_t length);

/* Sort the files by the bytes of their paths. */
void make_sort(struct torrent *t);

/*
 * Lay the files, whose lengths are known by now, end to end, number them, and make room
 * for the hashes, t->sha1. RC_BIG: over REC_LENGTH_MAX or MAKE_PIECES_MAX; RC_NONE: not a
 * byte in all of them; RC_MEM.
 */
enum rc make_lay_out(struct torrent *t, uint32_t piece_length) MUST_USE;

enum make_private { MAKE_UNSAID, MAKE_PUBLIC, MAKE_PRIVATE };

/* What else stands in a .torrent. Empty texts are left out. */
struct make_facts {
	struct bytes name; /* takes the place of each path's first component */
	bool single;       /* one file, whose path is the name alone */
	enum make_private private;
	struct bytes source, comment, created_by;
	bool has_date;
	uint64_t date_s;
	const struct rec_tracker *trackers; /* by tier */
	size_t n_trackers;
	const struct bytes *webseeds;
	size_t n_webseeds;
};

/*
 * Write the .torrent behind what is in out. *info is then where its info dictionary lies;
 * good until out changes. RC_BIG: past out's maximum; RC_MEM.
 */
enum rc make_metainfo(const struct torrent *t, const struct make_facts *f,
    struct buf *out, struct bytes *info) MUST_USE;

#endif
