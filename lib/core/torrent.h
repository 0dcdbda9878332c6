/* SPDX-License-Identifier: ISC */
/*
 * A torrent as the text in the pipe describes it (ugat-records(5)): what ugat-announce,
 * ugat-fetch and ugat-verify work from. The text is the truth: a file without its line is
 * not wanted, a path is what its line says. Reading a .torrent is core/metainfo's.
 */
#ifndef CORE_TORRENT_H
#define CORE_TORRENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "codec/record.h"

struct torrent_file {
	uint32_t index;  /* its number in the .torrent */
	uint64_t offset; /* in the torrent */
	uint64_t length;
	struct bytes path; /* owned by the torrent */
	bool pad;          /* zeros that never become a file */
	bool symlink;      /* never made */
	bool executable;
	bool checked; /* a `checked` line was there for it: */
	uint64_t checked_size, checked_mtime_ns;
};

struct torrent_tracker {
	uint32_t tier;
	struct bytes url; /* owned by the torrent */
};

struct torrent {
	/* From the `torrent` line. */
	bool has_v1;
	uint8_t btih[20], btmh[32];
	uint32_t piece_length;
	uint32_t pieces;
	uint64_t length;
	uint64_t files_in_all; /* whether they have a `file` line or not */
	struct bytes name;     /* owned */
	bool private;

	bool has_self; /* a `self` line was there */
	uint8_t self[20];

	struct torrent_file
	    *files; /* those with a `file` line, by offset once the torrent is whole */
	size_t n_files;
	uint8_t *sha1;  /* 20 bytes a piece */
	uint8_t *known; /* a bit a piece, the highest first: sha1 is known */
	uint8_t *have;  /* the same: a `have` line named it; NULL: there was none */
	struct torrent_tracker *trackers; /* in the order of their lines */
	size_t n_trackers;
	bool whole; /* torrent_finish succeeded */

	const char *why; /* after an error: the reason, as words that end a sentence;
	                    never freed */

	/* Private. */
	size_t cap_files, cap_trackers;
	size_t next_checked; /* the file that the next `checked` line is likely of */
	struct arena *arena;
	bool begun, described;
};

/* An empty torrent in the caller's storage. Allocates nothing. */
void torrent_init(struct torrent *t);
void torrent_clear(struct torrent *t);

/*
 * Take in one line of the description; kinds that say nothing about it are skipped. s is
 * scratch, free again afterwards. RC_BAD: malformed, unknown where it must be understood,
 * out of order, or a second torrent; RC_BIG: a newer format, or a limit; RC_MEM. t->why
 * then has the words and t can only be cleared.
 */
enum rc torrent_add(
    struct torrent *t, const struct line *l, struct line_scratch *s) MUST_USE;

/*
 * For those who make a torrent: add a file of length 0 whose place is not known yet. The
 * path is copied. RC_MEM.
 */
enum rc torrent_add_file(struct torrent *t, struct bytes path) MUST_USE;

/*
 * `end` was read: hold the whole against itself. The files are sorted, by number and by
 * offset alike, do not overlap, lie inside the torrent, and no two paths clash. RC_BAD
 * with t->why, RC_MEM.
 */
enum rc torrent_finish(struct torrent *t) MUST_USE;

/* Bytes of one piece: the piece length, but for the last. */
uint32_t torrent_piece_size(const struct torrent *t, uint32_t piece);

/* Whether the file becomes a file on disk: neither pad nor symlink. */
bool torrent_file_is_real(const struct torrent_file *f);

#endif
