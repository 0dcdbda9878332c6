/* SPDX-License-Identifier: ISC */
/* The progress line's words, fitted to a terminal's width. Writing it is io/tty's. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
	PROGRESS_LINE = 2048, /* room for any line made here, with its NUL */
	PROGRESS_SIZES = 64,  /* and for two sizes */
};

struct progress {
	const char *state;    /* a word such as "checking", or NULL while loading */
	uint64_t have, total; /* bytes of what is wanted; in a state 0: not known yet */
	bool endless;         /* nobody knows the total */
	uint64_t down_rate, up_rate; /* bytes a second */
	unsigned peers;
	uint64_t rate;               /* of a state, bytes a second; 0: not said */
	uint64_t files, total_files; /* of a state; nothing is said of a single one */
	bool has_eta;
	uint64_t eta_s;
};

/* How wide a line may be, and whether more than ASCII may be shown. */
struct progress_room {
	unsigned columns; /* lines take one less: some terminals wrap a full one */
	bool utf8;
};

/*
 * "name  [####....]  42% 412/980 MiB  12.3 MiB/s down 0.4 MiB/s up  7 peers  ETA 1:23".
 * What does not fit goes, in this order: the bar, most of the name, the up speed, the
 * peers, the ETA, the sizes, all of the name, the down speed; the percentage stays. name
 * is foreign bytes. Returns the length of the text in out.
 */
size_t progress_line(const struct progress *p, struct bytes name,
    struct progress_room room, char out[static PROGRESS_LINE]);

/*
 * "name: 256 MiB in 2.0 s, 128 MiB/s" for bytes that came in ms milliseconds, or that
 * all was there already when none came; the name is shortened to what fits.
 */
size_t progress_last(struct bytes name, uint64_t bytes, uint64_t ms,
    struct progress_room room, char out[static PROGRESS_LINE]);

/*
 * Foreign bytes as they may stand on a terminal, cut to columns (with a '~' at the end,
 * then); without utf8 a '?' for each character beyond ASCII. Returns the length of the
 * text in out, of size bytes (at least 2).
 */
size_t progress_name(
    struct bytes name, struct progress_room room, char *out, size_t size);

/* Whole per cent; 100 is not said before it is true. */
unsigned progress_percent(uint64_t have, uint64_t total);

/* "412/980 MiB": both sizes in the unit of the greater; "0 B" of nothing. */
void progress_sizes(uint64_t have, uint64_t total, char out[static PROGRESS_SIZES]);

#endif
