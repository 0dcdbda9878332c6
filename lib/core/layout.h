/* SPDX-License-Identifier: ISC */
/*
 * Which bytes of a torrent lie in which file. A torrent is one row of bytes; its listed
 * files (those with a `file` line) cover some of them. What no listed file covers is a
 * gap: bytes of deselected neighbours, which share a piece with something wanted. Works
 * on a whole torrent (torrent_finish succeeded); nothing here allocates.
 */
#ifndef CORE_LAYOUT_H
#define CORE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/torrent.h"

/* A stretch of bytes that lie together. */
struct layout_span {
	const struct torrent_file *file; /* a real file; NULL: a gap, or pad */
	bool pad;                        /* zeros that lie nowhere */
	uint64_t at; /* offset in the file; in the torrent when file is NULL */
	uint64_t n;  /* bytes, at least 1 */
};

/* A walk over the spans of a stretch. The fields are private. */
struct layout {
	const struct torrent *t;
	size_t next;      /* the first file that can hold the byte at */
	uint64_t at, end; /* in the torrent */
};

/* Begin at offset, for n bytes; what lies past the torrent's end is cut off. */
void layout_start(
    struct layout *it, const struct torrent *t, uint64_t offset, uint64_t n);

/*
 * The next span, in the torrent's order; together they are the stretch without a hole.
 * false: there is none left. Empty files and symlinks never show up.
 */
bool layout_next(struct layout *it, struct layout_span *span);

/* Whether any real listed file has bytes in the piece: only then it is worth fetching. */
bool layout_wanted(const struct torrent *t, uint32_t piece);

/*
 * The t->files[*first..*end-1] that overlap the piece; pads and symlinks are among them,
 * and empty files between them. *first == *end: none.
 */
void layout_files(const struct torrent *t, uint32_t piece, size_t *first, size_t *end);

/* Whether some bytes of the piece are a gap. */
bool layout_piece_has_gap(const struct torrent *t, uint32_t piece);

/* The pieces *first..*last that hold the file's bytes. false: the file is empty. */
bool layout_pieces(const struct torrent *t, const struct torrent_file *f, uint32_t *first,
    uint32_t *last);

#endif
