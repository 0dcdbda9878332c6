/* SPDX-License-Identifier: ISC */
/* What the files of core/metainfo share; for them alone. */
#ifndef CORE_METAINFO_PARTS_H
#define CORE_METAINFO_PARTS_H

#include "codec/bencode.h"
#include "core/metainfo.h"

#define METAINFO_LONG_PATH "a path of over 4,095 bytes"

/* Known keys: those behind KEY_INFO stand in the dictionary, the others in `info`. */
enum metainfo_key {
	IN_FILES,
	IN_TREE,
	IN_LENGTH,
	IN_META_VERSION,
	IN_NAME,
	IN_NAME_UTF8,
	IN_PIECE_LENGTH,
	IN_PIECES,
	IN_PRIVATE,
	IN_SOURCE,
	KEY_INFO,
	KEY_ANNOUNCE,
	KEY_ANNOUNCE_LIST,
	KEY_COMMENT,
	KEY_COMMENT_UTF8,
	KEY_CREATED_BY,
	KEY_CREATION_DATE,
	KEY_ENCODING,
	KEY_HTTPSEEDS,
	KEY_NODES,
	KEY_PIECE_LAYERS,
	KEY_PUBLISHER,
	KEY_PUBLISHER_URL,
	KEY_SOURCE,
	KEY_URL_LIST,
	KEY_COUNT,
};

/* Set why and at; returns rc. */
enum rc metainfo_fail(struct metainfo *m, enum rc rc, size_t at, const char *why);

/* The value of a known key: its first token. RC_NONE: there is no such key. */
enum rc metainfo_value(
    const struct metainfo *m, enum metainfo_key key, struct ben *b, struct ben_token *t);

/* A string's text at an offset where the scan has found one. */
struct bytes metainfo_text_at(const struct metainfo *m, size_t at);

/*
 * Hold the whole file against the syntax, `info` against keys twice, and note where the
 * known keys are.
 */
enum rc metainfo_scan(struct metainfo *m);

enum { METAINFO_BLOCK = 16384 }; /* the smallest v2 piece, and the leaf of its tree */

/*
 * Whether nothing is wrong with a name but that it has a '/'. Such names exist in v2-only
 * torrents: they are told of and left out, never made into paths.
 */
bool metainfo_only_slash(struct bytes name);

/*
 * Hold a key of `info` against the one before in its dictionary (*last; p is NULL: none),
 * which it then is. RC_BAD: it is the same.
 */
enum rc metainfo_order(struct metainfo *m, const struct ben_token *t, struct bytes *last);

/* The reason why a name cannot be a component of a path, NULL when it can. */
const char *metainfo_bad_name(struct bytes name);

/* What a file's dictionary says, in `files` as in `file tree`. */
struct metainfo_entry {
	size_t at; /* of the dictionary */
	bool has_length;
	uint64_t length;
	uint32_t path;           /* offset of the list, `path.utf-8` preferred; 0: none */
	uint64_t hash, dir_hash; /* of the path, and without its last name */
	size_t names;            /* in the path */
	uint32_t last;           /* offset of the last name */
	uint32_t root;           /* offset of 32 bytes that are not all zero; 0: none */
	uint32_t target;
	bool utf8; /* the path is `path.utf-8` */
	bool pad, executable, hidden, symlink;
};

/*
 * Read the dictionary whose BEN_DICT token t was just taken from b, to its end. Without
 * words in m, an error is b's.
 */
enum rc metainfo_entry(struct metainfo *m, struct ben *b, const struct ben_token *t,
    struct metainfo_entry *out);

/* Add a file behind the last one; cap_files has room for it. */
enum rc metainfo_add(
    struct metainfo *m, const struct metainfo_entry *e, struct metainfo_file *file);

/*
 * v1: the files of `files`, whose BEN_LIST was just taken from b in the scan, to the
 * list's end; that no two paths clash. Errors as metainfo_entry.
 */
enum rc metainfo_read_files(struct metainfo *m, struct ben *b);

/* v1: the rest, and that all fits together. */
enum rc metainfo_read_v1(struct metainfo *m);

/* v2: the tree becomes the files, or is held against those of v1. */
enum rc metainfo_read_v2(struct metainfo *m);
enum rc metainfo_check_layers(struct metainfo *m);

/* Trackers, web seeds, nodes. */
enum rc metainfo_read_links(struct metainfo *m);

#endif
