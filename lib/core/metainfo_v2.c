/* SPDX-License-Identifier: ISC */
/*
 * The v2 half of `info` (BEP 52): `file tree`. Its keys must stand in order, for their
 * order is the order of the files; so no path can come twice. In a v2-only torrent the
 * tree makes the files, and every file begins at a piece: what lies between is shown as
 * pad files, just as a hybrid has them. In a hybrid the tree is held against the files of
 * v1, pad files aside.
 */
#include "core/metainfo_parts.h"

#include <stdlib.h>

/* A directory of the tree that is open. */
struct level {
	struct bytes last; /* the key before; p is NULL: none yet */
	uint32_t name;     /* offset of its own key */
	uint32_t dir;      /* 1 + its number in dirs, once a file needs it */
	bool closed;       /* it is a file: its "" has been read */
};

struct tree {
	struct metainfo *m;
	struct ben b;
	size_t next;    /* hybrid: the file of v1 that comes next */
	size_t n_files; /* of the tree */
	size_t path;    /* bytes of the path to where we are */
	struct level level[BEN_DEPTH_MAX + 1];
};

/* Make the open directories known, from the outermost one to the one at depth. */
static enum rc
keep_dirs(struct tree *tree, unsigned depth)
{
	struct metainfo *m = tree->m;

	for (unsigned d = 2; d <= depth; d++) {
		if (tree->level[d].dir != 0)
			continue;
		if (m->n_dirs == m->cap_dirs) {
			size_t cap = m->cap_dirs < 64 ? 64 : m->cap_dirs * 2;
			void *dirs = reallocarray(m->dirs, cap, sizeof(*m->dirs));

			if (dirs == NULL)
				return RC_MEM;
			m->dirs = dirs;
			m->cap_dirs = cap;
		}
		m->dirs[m->n_dirs] = (struct metainfo_dir){
			.parent = tree->level[d - 1].dir,
			.name = tree->level[d].name,
		};
		tree->level[d].dir = (uint32_t)++m->n_dirs;
	}
	return RC_OK;
}

/* v2 only: the bytes up to the next piece, as a pad file. */
static enum rc
add_padding(struct metainfo *m)
{
	uint64_t over = m->length % m->piece_length;
	const struct metainfo_entry e = {
		.at = m->value[IN_TREE], .length = m->piece_length - over, .pad = true
	};
	struct metainfo_file file = { .path = 0 };

	return over == 0 ? RC_OK : metainfo_add(m, &e, &file);
}

/* The file at depth (its "" was there) of a v2-only torrent. */
static enum rc
make_file(struct tree *tree, unsigned depth, const struct metainfo_entry *e)
{
	struct metainfo *m = tree->m;
	struct metainfo_file file = {
		.path = tree->level[depth].name & 0x3ffffff,
		.unnamed = m->bad_name,
	};
	enum rc rc = keep_dirs(tree, depth - 1);

	if (rc != RC_OK)
		return rc;
	file.dir = tree->level[depth - 1].dir;
	for (unsigned d = 2; d <= depth; d++)
		if (metainfo_bad_name(metainfo_text_at(m, tree->level[d].name)) != NULL)
			file.unnamed = true;
	rc = metainfo_add(m, e, &file);
	return rc == RC_OK ? add_padding(m) : rc;
}

/* Whether file i of v1 has the path that the tree is at. */
static bool
is_here(const struct tree *tree, unsigned depth, size_t i)
{
	const struct metainfo *m = tree->m;
	struct ben_token t;
	struct ben b;

	if (m->single)
		return depth == 2 &&
		    bytes_eq(metainfo_text_at(m, tree->level[2].name),
		        metainfo_text_at(m, m->value[IN_NAME]));
	ben_init(&b, m->raw, m->files[i].path);
	if (ben_next(&b, &t) != RC_OK)
		return false;
	for (unsigned d = 2; d <= depth; d++)
		if (ben_next(&b, &t) != RC_OK || t.type != BEN_STRING ||
		    !bytes_eq(t.text, metainfo_text_at(m, tree->level[d].name)))
			return false;
	return ben_next(&b, &t) == RC_OK && t.type == BEN_END;
}

/* The file at depth of a hybrid: it is the next one of v1. */
static enum rc
match_file(struct tree *tree, unsigned depth, const struct metainfo_entry *e)
{
	struct metainfo *m = tree->m;
	struct metainfo_file *f;

	while (tree->next < m->n_files && m->files[tree->next].pad)
		tree->next++;
	f = &m->files[tree->next];
	if (tree->next == m->n_files || !is_here(tree, depth, tree->next))
		return metainfo_fail(m, RC_BAD, tree->level[depth].name,
		    "the v1 and the v2 files differ: another path");
	if (f->length != e->length || f->symlink != e->symlink)
		return metainfo_fail(
		    m, RC_BAD, e->at, "the v1 and the v2 files differ: another length");
	if (f->length > 0 && f->offset % m->piece_length != 0)
		return metainfo_fail(m, RC_BAD, e->at,
		    "the v1 and the v2 files differ: it does not begin at a piece");
	f->root = e->root;
	tree->next++;
	return RC_OK;
}

static enum rc
read_leaf(struct tree *tree, const struct ben_token *key, const struct ben_token *value)
{
	unsigned depth = tree->b.depth - 1;
	struct metainfo *m = tree->m;
	struct metainfo_entry e;
	enum rc rc;

	if (depth < 2)
		return metainfo_fail(m, RC_BAD, key->at, "a file without a name");
	if ((rc = metainfo_entry(m, &tree->b, value, &e)) != RC_OK)
		return rc;
	if (e.pad)
		return metainfo_fail(m, RC_BAD, e.at, "a pad file in `file tree`");
	if (e.length == 0)
		e.root = 0;
	else if (e.root == 0)
		return metainfo_fail(m, RC_BAD, e.at, "a file without its `pieces root`");
	tree->level[depth].closed = true;
	tree->n_files++;
	return m->has_v1 ? match_file(tree, depth, &e) : make_file(tree, depth, &e);
}

/* Go into the directory, or the file, of this name. */
static enum rc
enter(struct tree *tree, const struct ben_token *key)
{
	struct metainfo *m = tree->m;
	const char *bad = metainfo_bad_name(key->text);

	if (bad != NULL && (m->has_v1 || !metainfo_only_slash(key->text)))
		return metainfo_fail(m, RC_BAD, key->at, bad);
	tree->path += 1 + key->text.n;
	if (m->name.n + tree->path > REC_PATH_MAX)
		return metainfo_fail(m, RC_BAD, key->at, METAINFO_LONG_PATH);
	tree->level[tree->b.depth] = (struct level){ .name = (uint32_t)key->at };
	return RC_OK;
}

static enum rc
read_key(struct tree *tree, const struct ben_token *key)
{
	struct level *here = &tree->level[tree->b.depth];
	struct metainfo *m = tree->m;
	struct ben_token value;
	enum rc rc;

	if (here->closed)
		return metainfo_fail(
		    m, RC_BAD, key->at, "a file that is also a directory");
	if (here->last.p != NULL && bytes_cmp(here->last, key->text) >= 0)
		return metainfo_fail(
		    m, RC_BAD, key->at, "`file tree` is not in the order of its keys");
	here->last = key->text;
	if ((rc = ben_next(&tree->b, &value)) != RC_OK)
		return rc;
	if (value.type != BEN_DICT)
		return metainfo_fail(
		    m, RC_BAD, value.at, "`file tree`: not a dictionary");
	return key->text.n == 0 ? read_leaf(tree, key, &value) : enter(tree, key);
}

static void
leave(struct tree *tree)
{
	unsigned depth = tree->b.depth + 1;

	if (depth >= 2)
		tree->path -= 1 + metainfo_text_at(tree->m, tree->level[depth].name).n;
}

static enum rc
read_tree(struct tree *tree)
{
	struct metainfo *m = tree->m;
	struct ben_token t;
	enum rc rc = metainfo_value(m, IN_TREE, &tree->b, &t);

	if (rc == RC_NONE)
		return metainfo_fail(m, RC_BAD, SIZE_MAX, "no `file tree` in `info`");
	if (t.type != BEN_DICT)
		return metainfo_fail(m, RC_BAD, t.at, "`file tree`: not a dictionary");
	while ((rc = ben_next(&tree->b, &t)) == RC_OK)
		if (t.type == BEN_END)
			leave(tree);
		else if ((rc = read_key(tree, &t)) != RC_OK)
			return rc;
	if (rc != RC_END)
		return rc;
	while (tree->next < m->n_files && m->files[tree->next].pad)
		tree->next++;
	if (m->has_v1 && tree->next < m->n_files)
		return metainfo_fail(m, RC_BAD, m->value[IN_TREE],
		    "the v1 and the v2 files differ: `file tree` has fewer");
	if (tree->n_files == 0)
		return metainfo_fail(
		    m, RC_BAD, m->value[IN_TREE], "`file tree` is empty");
	return RC_OK;
}

enum rc
metainfo_read_v2(struct metainfo *m)
{
	struct tree tree = { .m = m };
	enum rc rc;

	if (!m->has_v1) {
		m->files = malloc((2 * m->n_leaves + 1) * sizeof(*m->files));
		if (m->files == NULL)
			return RC_MEM;
	}
	rc = read_tree(&tree);
	if (rc != RC_OK)
		return rc;
	if (!m->has_v1)
		m->single = tree.n_files == 1 && m->files[0].dir == 0;
	return metainfo_check_layers(m);
}
