/* SPDX-License-Identifier: ISC */
/*
 * The bytes of one torrent on disk: its files below DIR, and ugat's own notes in
 * DIR/.ugat. Files are made as they are needed, sparse; nothing is ever truncated,
 * nothing is followed or made outside DIR.
 *
 *   DIR/.ugat/<btih>.lock   held (flock) for as long as the store is open
 *   DIR/.ugat/<btih>.have   the journal: which pieces are verified (io/journal)
 *   DIR/.ugat/<btih>.part   gaps: neighbours' bytes, at their torrent offset
 *   DIR/.ugat/<btih>.big    blocks not yet verified; it has no name once made
 *
 * Where .ugat cannot be made, all works without lock and journal; gap bytes are then
 * dropped. A piece that no listed file has bytes in (layout_wanted) is always
 * STORE_ABSENT. The torrent is whole, outlives the store and does not change.
 */
#ifndef IO_STORE_H
#define IO_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/rc.h"
#include "core/torrent.h"

struct store;

enum { STORE_PATH = 512 };

/* Why the disk refused, ready for a message "path: strerror(err)". */
struct store_error {
	int err;               /* errno; 0 with RC_NONE */
	char path[STORE_PATH]; /* printable, cut when too long */
};

/*
 * Make dir where it is missing, lock it, read the journal, look at every listed file and
 * sort the pieces. distrust: nothing is believed, all that is there is hashed.
 *
 * RC_OK: *out, which store_close ends. Else o says why:
 *   CODE_TEMPFAIL   another run holds this torrent in this directory
 *   CODE_CANTCREAT  dir cannot be made or (with something to fetch) written; where a file
 *                   belongs stands a directory, a link, a FIFO or a longer file; two
 *                   paths are one file there
 *   CODE_DATA       a path inside .ugat      CODE_IO  a file cannot be looked at
 *   CODE_BUG        out of memory
 */
enum rc store_open(const struct torrent *t, const char *dir, bool distrust,
    struct outcome *o, struct store **out) MUST_USE;

/*
 * For a store that nobody is to see or keep, just opened in a new directory of its own:
 * make f, the only listed file, then take all names away and the directory itself. What
 * it holds lives as long as the store, however the process ends. Without notes, so there
 * is no journal and gaps are not kept. RC_SYS with *e.
 */
enum rc store_hide(
    struct store *s, const struct torrent_file *f, struct store_error *e) MUST_USE;

/*
 * Give the disk back what n bytes from offset of the torrent take: nobody will read them
 * any more. For hidden stores. Where holes cannot be made it comes back at the end.
 */
void store_forget(struct store *s, uint64_t offset, uint64_t n);

/*
 * Save the journal, remove what is of no more use, unlock. No other call may be under
 * way. NULL is allowed. Without a store_sync before, what is new is hashed again after
 * the next boot.
 */
void store_close(struct store *s);

/* The calls from here to store_path are for the loop's thread. */

enum store_state {
	STORE_ABSENT, /* not on disk: fetch it */
	STORE_HELD,   /* verified */
	STORE_CHECK,  /* bytes are there: hash them, then say store_held or store_lost */
};

/* How it is with this piece. */
enum store_state store_piece_state(const struct store *s, uint32_t piece);

/*
 * Whether all bytes of a piece that is held can be read, neighbours' too. Only such
 * pieces may be offered to peers: a held piece can lack the bytes of a gap (a .part that
 * was removed, or never could be made).
 */
bool store_piece_whole(const struct store *s, uint32_t piece);

/* The piece is verified and all its bytes are written. */
void store_held(struct store *s, uint32_t piece);

/* The piece was hashed and is not what it should be: absent from now on. */
void store_lost(struct store *s, uint32_t piece);

/*
 * Whether the files of a held piece look as the last save found them: size and mtime. One
 * that is written to, or is gone, does. A file is looked at once a second at most.
 */
bool store_is_as_left(struct store *s, uint32_t piece, int64_t now_ms);

/*
 * How many bytes of disk the absent pieces will take, holes and what is allocated already
 * counted as such, and how many are free where they go. RC_NONE: nobody knows. The file
 * system does not say, or compresses (btrfs, ZFS, bcachefs). What lies on another file
 * system below DIR is left out.
 */
enum rc store_space(struct store *s, uint64_t *needed, uint64_t *free_bytes) MUST_USE;

/*
 * All pieces of a file are held: does it lie where its path says? Then one may be told of
 * it, and it may be taken away from now on. RC_SYS: it was before, or was replaced, so
 * that what was written is lost: *e, with ESTALE.
 */
enum rc store_in_place(
    struct store *s, const struct torrent_file *f, struct store_error *e) MUST_USE;

/* Whether the last saves found such a file: *e. */
bool store_misses(struct store *s, struct store_error *e);

/* Make the listed files of length 0. RC_SYS with *e. */
enum rc store_make_empty(struct store *s, struct store_error *e) MUST_USE;

/* Whether store_save would write anything new. */
bool store_unsaved(struct store *s);

/*
 * Replace the journal, if there is news. Costs milliseconds; call it at most every 2 s,
 * and whenever there is news within 2 s. RC_SYS: it could not be written, which is no
 * reason to stop.
 */
enum rc store_save(struct store *s, struct store_error *e) MUST_USE;

/*
 * The path of a listed file as it opens from the current directory, for people and `done`
 * lines. RC_BIG: over cap bytes with its NUL.
 */
enum rc store_path(
    const struct store *s, const struct torrent_file *f, char *out, size_t cap) MUST_USE;

/*
 * The calls from here on are for any thread, several at a time. They block. RC_SYS: the
 * system refused, and *e says what.
 */

/*
 * Read n bytes from offset of the torrent: pads are zeros, gaps come from .part. RC_NONE:
 * not all of it is on disk; *e names the file.
 */
enum rc store_read(struct store *s, uint64_t offset, uint8_t *p, size_t n,
    struct store_error *e) MUST_USE;

/*
 * Write verified bytes to where they belong, making files and directories. Bytes of pads
 * are dropped. After RC_SYS (ENOSPC, say; ESTALE: as with store_in_place) what was
 * written before is as good as ever.
 */
enum rc store_write(struct store *s, uint64_t offset, struct bytes verified,
    struct store_error *e) MUST_USE;

/*
 * Keep blocks that are not verified yet, and read them back: for pieces that are too big
 * for memory. They never mix with what is verified, and are gone with the run.
 * store_gathered: RC_NONE past the last block gathered; what is missing before reads as
 * zeros. store_gather_drop gives the space back.
 */
enum rc store_gather(
    struct store *s, uint64_t offset, struct bytes raw, struct store_error *e) MUST_USE;
enum rc store_gathered(struct store *s, uint64_t offset, uint8_t *p, size_t n,
    struct store_error *e) MUST_USE;
void store_gather_drop(struct store *s, uint64_t offset, uint64_t n);

/*
 * Bring all pieces that are held by now to the disk itself, and the journal that says so.
 * One thread at a time. RC_SYS: some file could not be synced; its pieces then never
 * count as synced.
 */
enum rc store_sync(struct store *s, struct store_error *e) MUST_USE;

#endif
