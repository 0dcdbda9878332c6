/* SPDX-License-Identifier: ISC */
/*
 * The journal, DIR/.ugat/<btih>.have: which pieces of a torrent are verified on disk, and
 * how each file looked when that was true. Its form, its rules, and the file itself. It
 * only ever saves hashing: whatever is odd about it counts as no journal.
 *
 * The form, all numbers big-endian:
 *
 *   "ugathave" 4:version=1 20:btih 4:piece-length 4:pieces 8:length 40:boot-id
 *   4:files, then of each 4:index 4:carried 8:key 8:size 8:mtime 8:synced 8:until
 *   four bit fields (enum journal_set)
 *   32:SHA-256 of all before it
 */
#ifndef IO_JOURNAL_H
#define IO_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "core/bitset.h"
#include "core/torrent.h"
#include "crypto/hash.h"
#include "io/beneath.h"

enum { JOURNAL_BOOT = 40, JOURNAL_KEY = 8, JOURNAL_MAX = 512 * 1024 * 1024 };
#define JOURNAL_PART UINT32_MAX               /* the index of .part, where gaps lie */
#define JOURNAL_GRACE_NS UINT64_C(3000000000) /* a last write may be so much newer */

enum journal_set {
	JOURNAL_HAVE,   /* verified */
	JOURNAL_SYNCED, /* and on the disk itself */
	JOURNAL_CHECK,  /* not hashed yet */
	JOURNAL_BARE,   /* verified, but the bytes of its gap are not in .part */
	JOURNAL_SETS
};

/* A file whose pieces the journal speaks for. */
struct journal_file {
	uint32_t index;           /* as in its `file` line, or JOURNAL_PART */
	uint8_t key[JOURNAL_KEY]; /* of its path and place (journal_key) */
	bool carried; /* an earlier run's, not listed since: others' pieces have changed,
	                 so its first and its last are in doubt */
	bool vouched; /* false: the journal says nothing of it; such are not written */
	uint64_t size, mtime_ns; /* as last seen */
	uint64_t synced_ns;      /* its mtime when last synced; 0: never */
	uint64_t until_ns; /* an mtime past this and mtime_ns is others'; 0: the journal's
	                      own mtime and JOURNAL_GRACE_NS */
};

struct journal {
	uint8_t btih[20];
	uint32_t piece_length, pieces;
	uint64_t length;
	char boot[JOURNAL_BOOT]; /* of the boot that it was written in; empty: unknown */
	struct bitset set[JOURNAL_SETS];
	struct journal_file *files; /* owned */
	size_t n_files;
};

/*
 * An empty journal for a torrent, with room for n files. RC_MEM: clear it all the same.
 */
enum rc journal_init(struct journal *j, const struct torrent *t, size_t n) MUST_USE;
void journal_clear(struct journal *j);

/* What a journal calls a torrent: its btih, or the first bytes of its btmh. */
const uint8_t *journal_btih(const struct torrent *t);

/*
 * The key of a listed file: changes with its path, its offset or its length. h is a
 * SHA-256 to use. RC_MEM.
 */
enum rc journal_key(struct hash *h, const struct torrent_file *f,
    uint8_t key[static JOURNAL_KEY]) MUST_USE;

/* Append the whole form to out. RC_MEM, RC_BIG: out has some of it. */
enum rc journal_put(const struct journal *j, struct buf *out) MUST_USE;

/*
 * Read the form into j, which was begun for the same torrent with no files; the files
 * come out by index. RC_BAD: cut, damaged, of another version or torrent; j is then
 * undefined. RC_MEM.
 */
enum rc journal_get(struct bytes in, struct journal *j) MUST_USE;

/* The entry of that index, or NULL. Only after journal_get. */
const struct journal_file *journal_find(const struct journal *j, uint32_t index);

enum journal_trust {
	JOURNAL_NOTHING, /* somebody else wrote to it: hash the file */
	JOURNAL_DURABLE, /* another boot: pieces that were synced hold, hash the others */
	JOURNAL_ALL,     /* its pieces hold */
};

/*
 * How far the journal can be believed about a file that looks as now says. Only verified
 * bytes are ever written, so a file holds when it has not shrunk and nobody wrote to it
 * after us. Replaced by an older one, it shows an mtime before the recorded one. After a
 * crash the mtime on disk can be older than the recorded one, though not older than the
 * synced one. boot: of now.
 */
enum journal_trust journal_trust(const struct journal *j, const struct journal_file *f,
    const struct stat *now, const char *boot) MUST_USE;

/* Whether it was written in the boot that is now; false where one is unknown. */
bool journal_same_boot(const struct journal *j, const char *boot);

/* A time of stat(2) as nanoseconds since 1970; 0 for all before. */
uint64_t journal_ns(struct timespec ts);

/*
 * Read the file name, below b, into j as journal_get does, and settle each until_ns.
 * RC_NONE: there is none, or it cannot be read.
 */
enum rc journal_load(
    const struct beneath *b, const char *name, struct journal *j) MUST_USE;

/*
 * Replace the file by text, which journal_put made: temporary file and rename. sync:
 * bring it to the disk first. Gives the new file's mtime. RC_SYS: errno, the old one
 * still stands.
 */
enum rc journal_save(const struct beneath *b, const char *name, struct bytes text,
    bool sync, uint64_t *mtime_ns) MUST_USE;

#endif
