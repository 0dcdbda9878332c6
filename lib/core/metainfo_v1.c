/* SPDX-License-Identifier: ISC */
/*
 * The v1 half of `info`: `length` or `files`, and `pieces`. `files`, which is most of a
 * large torrent, is read while the scan goes by, and not once more.
 *
 * No two paths may clash, so every path goes into a set, and then every directory of
 * every path is looked for in it: a hit is a file that is also a directory. Neighbours
 * mostly lie in one directory, so only what differs from the path before is looked for.
 */
#include "core/metainfo_parts.h"

#include <stdlib.h>

#include "core/keyset.h"
#include "crypto/hash.h"

enum { NAMES_MAX = REC_PATH_MAX / 2 + 1, AHEAD = 8 };
#define WHOLE SIZE_MAX

/* The names of a list, one by one, and the hash of the path up to each. */
struct walk {
	struct ben b;
	struct bytes name;
	uint64_t hash;
};

static void
walk_init(struct walk *w, const struct metainfo *m, size_t list)
{
	struct ben_token t;

	ben_init(&w->b, m->raw, list);
	(void)!ben_next(&w->b, &t);
	w->hash = m->key[0];
}

static bool
walk_next(struct walk *w, const struct metainfo *m)
{
	struct ben_token t;

	if (ben_next(&w->b, &t) != RC_OK || t.type != BEN_STRING)
		return false;
	w->name = t.text;
	w->hash = keyset_hash(m->key, w->hash, t.text);
	return true;
}

/* Whether file i's whole path is the first n names of the list at other, or all of it. */
static bool
is_path(const struct metainfo *m, uint32_t i, size_t other, size_t n)
{
	struct ben_token x, y;
	struct ben a, b;

	ben_init(&a, m->raw, m->files[i].path);
	ben_init(&b, m->raw, other);
	for (size_t k = 0;; k++) {
		if (ben_next(&a, &x) != RC_OK || ben_next(&b, &y) != RC_OK)
			return false;
		if (x.type == BEN_END)
			return n == WHOLE ? y.type == BEN_END : k == n + 1;
		if (k > n || (k > 0 && (y.type == BEN_END || !bytes_eq(x.text, y.text))))
			return false;
	}
}

/* The first n names of a list, or the WHOLE, and the hash over them. */
struct path {
	size_t list, n;
	uint64_t hash;
};

/* Whether some file has this path; if none has, keyset_put may put it at *at. */
static bool
is_taken(
    const struct metainfo *m, const struct keyset *set, const struct path *p, size_t *at)
{
	uint32_t i;

	*at = keyset_start(set, p->hash);
	while (keyset_next(set, p->hash, at, &i))
		if (is_path(m, i, p->list, p->n))
			return true;
	return false;
}

/*
 * Put every path into the set; hash: of each file's path. Each place is somewhere else
 * in memory, so the processor is told of it a while before.
 */
static enum rc
add_paths(struct metainfo *m, struct keyset *set, const uint64_t *hash)
{
	for (size_t i = 0; i < m->n_files; i++) {
		struct path p = { m->files[i].path, WHOLE, hash[i] };
		size_t at;

		if (i + AHEAD < m->n_files)
			__builtin_prefetch(
			    &set->slot[keyset_start(set, hash[i + AHEAD])], 1);
		if (m->files[i].pad)
			continue;
		if (is_taken(m, set, &p, &at))
			return metainfo_fail(
			    m, RC_BAD, p.list, "two files with the same path");
		keyset_put(set, p.hash, at, (uint32_t)i);
	}
	return RC_OK;
}

static enum rc
check_dirs(struct metainfo *m, const struct keyset *set)
{
	uint64_t before[NAMES_MAX] = { 0 };
	bool checked = false; /* this directory, which the file before was in too */

	for (size_t i = 0; i < m->n_files; i++) {
		struct path p = { .list = m->files[i].path };
		struct walk w;
		size_t at;

		checked = checked && m->files[i].same_dir;
		if (m->files[i].pad || checked)
			continue;
		checked = true;
		walk_init(&w, m, p.list);
		(void)walk_next(&w, m);
		for (p.hash = w.hash; walk_next(&w, m); p.hash = w.hash) {
			if (p.n == NAMES_MAX)
				return metainfo_fail(
				    m, RC_BAD, p.list, METAINFO_LONG_PATH);
			p.n++;
			if (before[p.n - 1] == p.hash)
				continue;
			before[p.n - 1] = p.hash;
			if (is_taken(m, set, &p, &at))
				return metainfo_fail(
				    m, RC_BAD, p.list, "a file that is also a directory");
		}
	}
	return RC_OK;
}

static enum rc
read_single(struct metainfo *m)
{
	struct metainfo_file file = { .path = 0 };
	struct metainfo_entry e;
	struct ben_token t;
	struct ben b;
	enum rc rc;

	m->single = true;
	m->files = malloc(sizeof(*m->files));
	if (m->files == NULL)
		return RC_MEM;
	ben_init(&b, m->raw, m->value[KEY_INFO]);
	if ((rc = ben_next(&b, &t)) != RC_OK ||
	    (rc = metainfo_entry(m, &b, &t, &e)) != RC_OK)
		return rc;
	e.root = 0; /* a key of that name is nothing in `info` itself */
	file.unnamed = m->bad_name;
	return metainfo_add(m, &e, &file);
}

/* The list of files that is being read. */
struct reading {
	struct keyset paths;
	uint64_t *hash; /* of each file's path */
	size_t cap;
	uint64_t dir; /* of the directory of the file before; 0: none yet */
};

/* Room for one file more. */
static enum rc
grow(struct metainfo *m, struct reading *r)
{
	size_t cap = r->cap < 64 ? 64 : r->cap * 2;
	void *files, *hash;

	if (m->n_files < r->cap)
		return RC_OK;
	files = reallocarray(m->files, cap, sizeof(*m->files));
	if (files == NULL)
		return RC_MEM;
	m->files = files;
	hash = reallocarray(r->hash, cap, sizeof(*r->hash));
	if (hash == NULL)
		return RC_MEM;
	r->hash = hash;
	r->cap = cap;
	return RC_OK;
}

static enum rc
read_item(struct metainfo *m, struct ben *b, const struct ben_token *t, struct reading *r)
{
	struct metainfo_file file = { .path = 0 };
	struct metainfo_entry e;
	enum rc rc;

	if (t->type != BEN_DICT)
		return metainfo_fail(m, RC_BAD, t->at, "`files`: not a dictionary");
	if ((rc = metainfo_entry(m, b, t, &e)) != RC_OK || (rc = grow(m, r)) != RC_OK)
		return rc;
	e.root = 0; /* of v2 only */
	if (e.path == 0 && !e.pad)
		return metainfo_fail(m, RC_BAD, e.at, "a file without a `path`");
	file.path = e.path & 0x3ffffff;
	file.dir = e.last;
	r->hash[m->n_files] = e.hash;
	file.same_dir = e.path != 0 && e.dir_hash == r->dir;
	r->dir = e.dir_hash;
	return metainfo_add(m, &e, &file);
}

enum rc
metainfo_read_files(struct metainfo *m, struct ben *b)
{
	struct reading r = { .cap = 0 };
	struct ben_token t;
	enum rc rc;

	while ((rc = ben_next(b, &t)) == RC_OK && t.type != BEN_END)
		if ((rc = read_item(m, b, &t, &r)) != RC_OK)
			break;
	if (rc == RC_OK)
		rc = keyset_init(&r.paths, m->n_files);
	if (rc == RC_OK)
		rc = add_paths(m, &r.paths, r.hash);
	if (rc == RC_OK)
		rc = check_dirs(m, &r.paths);
	keyset_clear(&r.paths);
	free(r.hash);
	return rc;
}

static enum rc
read_pieces(struct metainfo *m)
{
	uint64_t pieces;
	struct ben_token t;
	struct ben b;
	enum rc rc = metainfo_value(m, IN_PIECES, &b, &t);

	if (rc == RC_NONE)
		return metainfo_fail(m, RC_BAD, SIZE_MAX, "no `pieces` in `info`");
	if (t.type != BEN_STRING)
		return metainfo_fail(m, RC_BAD, t.at, "`pieces` is not a string");
	if (t.text.n % SHA1_SIZE != 0)
		return metainfo_fail(
		    m, RC_BAD, t.at, "`pieces` is not a multiple of 20 bytes");
	pieces = m->length / m->piece_length + (m->length % m->piece_length != 0);
	if (t.text.n / SHA1_SIZE != pieces)
		return metainfo_fail(
		    m, RC_BAD, t.at, "`pieces`: their number does not fit the length");
	m->pieces = t.text;
	return RC_OK;
}

enum rc
metainfo_read_v1(struct metainfo *m)
{
	bool one = m->value[IN_LENGTH] != 0, many = m->value[IN_FILES] != 0;
	size_t at = many ? m->value[IN_FILES] : SIZE_MAX;
	enum rc rc = RC_OK;

	if (one && many)
		return metainfo_fail(
		    m, RC_BAD, at, "both `length` and `files` in `info`");
	if (!one && !many)
		return metainfo_fail(
		    m, RC_BAD, at, "neither `length` nor `files` in `info`");
	if (many && m->raw.p[at] != 'l')
		return metainfo_fail(m, RC_BAD, at, "`files` is not a list");
	if (many && m->n_files == 0)
		return metainfo_fail(m, RC_BAD, at, "`files` is empty");
	if (one)
		rc = read_single(m);
	return rc == RC_OK ? read_pieces(m) : rc;
}
