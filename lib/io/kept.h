/* SPDX-License-Identifier: ISC */
/*
 * What trackers answered last, kept from run to run, so that their interval is honoured
 * across runs: a small file for each key in ${XDG_CACHE_HOME:-~/.cache}/ugat/trackers
 * (mode 0700, ours). A key is a hash, so no URL and no info-hash can be read from its
 * name, nor are they inside. Files older than a day are removed; there are at most
 * KEPT_FILES. Losing them costs an announce, no more.
 */
#ifndef IO_KEPT_H
#define IO_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rc.h"

enum {
	KEPT_KEY = 16,     /* bytes of a key */
	KEPT_PEERS = 200,  /* of one answer */
	KEPT_FILES = 1000, /* answers of all trackers */
	KEPT_DAY_S = 24 * 60 * 60,
};

struct kept_answer {
	uint64_t at_s; /* Unix time of the answer */
	uint32_t interval_s, min_interval_s, seeders, leechers;
	bool stopped; /* the tracker was told that that run is over */
	size_t n;
	struct addr peers[KEPT_PEERS];
};

struct kept;

/*
 * Opens the directory, made when it is not there, and sweeps it. NULL: there is no place.
 */
struct kept *kept_open(void);
void kept_close(struct kept *k);

/* The open directory, k's own. -1: k is NULL. */
int kept_dir(const struct kept *k);

/* RC_NONE: nothing is kept, or it is too old or damaged. k NULL: RC_NONE. */
enum rc kept_get(
    struct kept *k, const uint8_t key[static KEPT_KEY], struct kept_answer *out) MUST_USE;

/*
 * Keep an answer in the place of the key's last one; a reader sees either. RC_BIG: there
 * are too many already. RC_SYS: errno. k NULL: RC_OK.
 */
enum rc kept_put(struct kept *k, const uint8_t key[static KEPT_KEY],
    const struct kept_answer *a) MUST_USE;

#endif
