/* SPDX-License-Identifier: ISC */
/*
 * A .torrent (BEP 3, 12, 19, 27, 47, 52) checked whole and laid open: v1, hybrid, v2.
 * Nothing is copied and no tree is built; texts are views of the caller's bytes, and a
 * file is 32 bytes. What a magnet or a peer sends is not read here, and nothing is
 * written.
 *
 * Strict where two clients could disagree, lenient where real torrents are sloppy: keys
 * out of order pass, a key twice inside `info` does not; paths are never rewritten. The
 * v2 half of a hybrid must agree with its v1 half. Of a v2-only torrent the shape is
 * checked and the piece layers' sizes, not their hashes: whoever downloads by them does.
 */
#ifndef CORE_METAINFO_H
#define CORE_METAINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "codec/record.h"

enum {
	METAINFO_MAX = 64 * 1024 * 1024, /* bytes of a .torrent */
	METAINFO_LINKS = 10000,          /* trackers, web seeds, nodes: each */
	METAINFO_KEY = 16,               /* bytes of the caller's random key */
	METAINFO_KEYS = 32,              /* known keys, see metainfo_parts.h */
};

/* One entry of `files`, or a file of the v2 tree; read it with metainfo_file. */
struct metainfo_file {
	uint64_t offset, length;
	uint32_t path : 26; /* offset of its path list (v1) or its name (v2) in raw */
	uint32_t pad : 1, executable : 1, hidden : 1, symlink : 1;
	uint32_t unnamed : 1;  /* its name cannot be a path: a '/' in it, or too long */
	uint32_t same_dir : 1; /* v1: it lies in the directory of the file before */
	uint32_t dir; /* v2: 1 + number of its directory, 0: the torrent's own; v1: offset
	                 of the path's last name */
	uint32_t target; /* offset of the symlink's list in raw */
	uint32_t root;   /* offset of the 32 bytes of its root in raw; 0: none */
};

struct metainfo_dir {
	uint32_t parent; /* as metainfo_file.dir */
	uint32_t name;   /* offset of its key in raw */
};

struct metainfo_webseed {
	struct bytes url;
	bool bep17; /* from `httpseeds`: another protocol than `url-list` (BEP 19) */
};

struct metainfo {
	struct bytes raw;  /* the caller's: must outlive this */
	struct bytes info; /* the raw info dictionary, what the hashes are over */
	bool has_v1, has_v2;
	uint8_t btih[20], btmh[32];
	uint64_t piece_length;
	uint64_t length;     /* of all files, pad files too */
	struct bytes pieces; /* v1: 20 bytes a piece */
	struct bytes name;   /* for people; empty when it has a '/' (v2 only) */
	bool bad_name;       /* the name has a '/' or was cut: no path begins with it */
	bool single;         /* one file, whose path is a name alone: the torrent's; in v2
	                        its own, which may be another one */
	bool private;
	struct metainfo_file *files; /* owned, like all arrays here */
	size_t n_files;
	struct rec_tracker *trackers; /* no URL twice, tiers without gaps */
	struct metainfo_webseed *webseeds;
	struct rec_node *nodes;
	size_t n_trackers, n_webseeds, n_nodes;
	size_t n_dropped; /* links that are too long or too many */

	/* After an error: */
	const char *why; /* the reason, in words; never freed */
	size_t at;       /* offset of the trouble in raw; SIZE_MAX: there is none */

	/* Private. */
	uint64_t key[2];
	struct metainfo_dir *dirs;
	size_t n_dirs, cap_dirs;
	size_t n_leaves;               /* files in the tree, at most */
	size_t longest, longest_at;    /* bytes of the longest path, without the name */
	bool unordered;                /* some dictionary in `info` is */
	uint32_t value[METAINFO_KEYS]; /* offset of each known key's value */
};

/*
 * Room for the texts that are put together from pieces. It starts as zeros and stays with
 * one torrent: the path in it is where the next one may begin.
 */
struct metainfo_room {
	uint8_t path[REC_PATH_MAX + 1], target[REC_PATH_MAX + 1];
	size_t file, dir_size; /* 1 + whose path it is; its bytes before the last name */
};

/*
 * Read raw, a whole .torrent. key: random bytes, so that nobody can write a torrent that
 * is slow to check. RC_OK; RC_BAD, or RC_BIG for a limit, with m->why and m->at; RC_MEM.
 * m starts undefined and always needs metainfo_clear. Besides raw it takes less than two
 * times raw's size.
 */
enum rc metainfo_read(struct metainfo *m, struct bytes raw,
    const uint8_t key[static METAINFO_KEY]) MUST_USE;
void metainfo_clear(struct metainfo *m);

/* The `torrent` record. */
void metainfo_torrent(const struct metainfo *m, struct rec_torrent *out);

/*
 * The `file` record of file i < m->n_files; its texts are in room or raw. The path is
 * empty for a pad file without one and for a file that is unnamed. A symlink's target
 * begins with the torrent's name, as every path does.
 */
void metainfo_file(
    const struct metainfo *m, size_t i, struct metainfo_room *room, struct rec_file *out);

/*
 * The i-th `meta` record, from 0. RC_NONE: this torrent has no such text, go on with i +
 * 1. RC_END: there are no more.
 */
enum rc metainfo_meta(const struct metainfo *m, size_t i, struct metainfo_room *room,
    struct rec_meta *out) MUST_USE;

#endif
