/* SPDX-License-Identifier: ISC */
/*
 * The SHA-1 of pieces as they lie on disk, on every core. Each thread takes the next few
 * pieces, reads them in stretches that stay in its cache, and asks the system to read
 * ahead; holes of sparse files and pads are zeros that nobody reads. What cannot be read
 * costs its piece and no more.
 */
#ifndef IO_HASHER_H
#define IO_HASHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"
#include "core/torrent.h"
#include "io/beneath.h"
#include "io/content.h"

enum { HASHER_THREADS_MAX = 256 };

/* What became of a piece. */
enum hasher_word {
	HASHER_SKIPPED, /* no listed file has bytes in it */
	HASHER_DUE,     /* stopped before its turn */
	HASHER_HASHED,
	HASHER_ABSENT, /* not all of its bytes are there */
	HASHER_GAP,    /* bytes of a file that is not listed are missing */
	HASHER_FAILED, /* a file of it could not be opened or read, or has changed */
};

struct hasher_count {
	uint64_t bytes, total;
	uint64_t files, total_files;
};

struct hasher {
	const struct torrent *t; /* laid out; its hashes are not looked at */
	const struct beneath *root;
	struct content_file *files; /* as content_look_all left them */
	int gaps; /* a file that has what no listed file has, at its offset; -1: none */
	unsigned threads;
	bool strict; /* end at the first piece that cannot be hashed */
	/* About ten times a second, on the caller's thread; NULL: nobody asks. */
	void (*tick)(void *ctx, const struct hasher_count *count);
	void *ctx;
};

/* How many threads suit this machine: one for each core that this process may use. */
unsigned hasher_threads(void);

/*
 * Hash every piece that can be: sha1 takes 20 bytes and words one enum hasher_word for
 * each. A file that cannot be opened or read, or is another than at the first look, gets
 * its state and err in files.
 *
 * RC_OK: all pieces have their word. RC_BAD: strict, and some cannot be hashed. RC_END: a
 * signal came, which is *signal. RC_SYS: no thread could be made, errno; RC_MEM.
 */
enum rc hasher_run(
    const struct hasher *h, uint8_t *sha1, uint8_t *words, int *signal) MUST_USE;

#endif
