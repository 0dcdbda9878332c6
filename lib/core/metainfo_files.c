/* SPDX-License-Identifier: ISC */
/* Files: what one's dictionary says, their place in the torrent, and their records. */
#include "core/metainfo_parts.h"

#include "core/keyset.h"

bool
metainfo_only_slash(struct bytes name)
{
	if (name.n == 0 || name.n > REC_NAME_MAX || memchr(name.p, '\0', name.n) != NULL)
		return false;
	for (;;) {
		const uint8_t *slash = memchr(name.p, '/', name.n);
		struct bytes part =
		    bytes_of(name.p, slash == NULL ? name.n : (size_t)(slash - name.p));

		if (bytes_is(part, ".") || bytes_is(part, ".."))
			return false;
		if (part.n == name.n)
			return true;
		name = bytes_of(slash + 1, name.n - part.n - 1);
	}
}

static enum rc
take_length(struct metainfo *m, const struct ben_token *t, struct metainfo_entry *e)
{
	if (t->type != BEN_INT)
		return metainfo_fail(
		    m, RC_BAD, t->at, "a file's `length` is not a number");
	if (t->value < 0)
		return metainfo_fail(m, RC_BAD, t->at, "a file's `length` is negative");
	if (t->big || (uint64_t)t->value > REC_LENGTH_MAX)
		return metainfo_fail(m, RC_BAD, t->at, "a file's `length` is over 2^60");
	e->has_length = true;
	e->length = (uint64_t)t->value;
	return RC_OK;
}

static void
take_attr(const struct ben_token *t, struct metainfo_entry *e)
{
	if (t->type != BEN_STRING || t->text.n == 0)
		return;
	e->pad = memchr(t->text.p, 'p', t->text.n) != NULL;
	e->executable = memchr(t->text.p, 'x', t->text.n) != NULL;
	e->hidden = memchr(t->text.p, 'h', t->text.n) != NULL;
	e->symlink = memchr(t->text.p, 'l', t->text.n) != NULL;
}

static enum rc
take_root(struct metainfo *m, const struct ben_token *t, struct metainfo_entry *e)
{
	static const uint8_t zero[32];

	if (!m->has_v2 || t->type != BEN_STRING || t->text.n != sizeof(zero))
		return !m->has_v2
		    ? RC_OK
		    : metainfo_fail(m, RC_BAD, t->at, "a `pieces root` is not 32 bytes");
	if (memcmp(t->text.p, zero, sizeof(zero)) != 0)
		e->root = (uint32_t)(t->text.p - m->raw.p);
	return RC_OK;
}

/*
 * The names of a list, BEN_LIST just taken: none that is no name, not too many; their
 * hash goes into e.
 */
static enum rc
read_names(struct metainfo *m, struct ben *b, size_t list, struct metainfo_entry *e)
{
	struct ben_token t;
	size_t size = 0;
	enum rc rc;

	e->names = 0;
	e->hash = m->key[0];
	while ((rc = ben_next(b, &t)) == RC_OK && t.type != BEN_END) {
		const char *bad;

		if (t.type != BEN_STRING)
			return metainfo_fail(
			    m, RC_BAD, t.at, "a name in a path is not a string");
		if ((bad = metainfo_bad_name(t.text)) != NULL)
			return metainfo_fail(m, RC_BAD, t.at, bad);
		size += 1 + t.text.n;
		e->dir_hash = e->hash;
		e->hash = keyset_hash(m->key, e->hash, t.text);
		e->last = (uint32_t)t.at;
		e->names++;
	}
	if (rc == RC_OK && e->names == 0)
		return metainfo_fail(m, RC_BAD, list, "a path without a name");
	if (size > m->longest) {
		m->longest = size;
		m->longest_at = list;
	}
	return rc;
}

/*
 * Pass over a value. There may be keys out of order in it, or twice: the scan is to look
 * again.
 */
static enum rc
skip(struct metainfo *m, struct ben *b, const struct ben_token *t)
{
	m->unordered = m->unordered || t->type == BEN_LIST || t->type == BEN_DICT;
	return ben_skip(b, t);
}

/* `path` or, better, `path.utf-8`, in whatever order they stand. */
static enum rc
take_path(struct metainfo *m, struct ben *b, const struct ben_token *t, bool utf8,
    struct metainfo_entry *e)
{
	if (t->type != BEN_LIST)
		return utf8 ? skip(m, b, t)
		            : metainfo_fail(m, RC_BAD, t->at, "a `path` is not a list");
	if (e->utf8)
		return skip(m, b, t);
	e->path = (uint32_t)t->at;
	e->utf8 = utf8;
	return read_names(m, b, t->at, e);
}

/* One key's value t, to its end. */
static enum rc
take(struct metainfo *m, struct ben *b, struct bytes key, const struct ben_token *t,
    struct metainfo_entry *e)
{
	enum rc rc = RC_OK;

	switch (key.n) {
	case 4:
		if (memcmp(key.p, "path", 4) == 0)
			return take_path(m, b, t, false, e);
		if (memcmp(key.p, "attr", 4) == 0)
			take_attr(t, e);
		break;
	case 6:
		if (memcmp(key.p, "length", 6) == 0)
			rc = take_length(m, t, e);
		break;
	case 10:
		if (memcmp(key.p, "path.utf-8", 10) == 0)
			return take_path(m, b, t, true, e);
		break;
	case 11:
		if (memcmp(key.p, "pieces root", 11) == 0)
			rc = take_root(m, t, e);
		break;
	case 12:
		if (memcmp(key.p, "symlink path", 12) == 0 && t->type == BEN_LIST)
			e->target = (uint32_t)t->at;
		break;
	default: break;
	}
	return rc == RC_OK ? skip(m, b, t) : rc;
}

/* A symlink has no bytes of its own, and a target inside the torrent. */
static enum rc
check_link(struct metainfo *m, struct metainfo_entry *e)
{
	struct metainfo_entry target;
	struct ben_token t;
	struct ben b;
	enum rc rc;

	e->length = 0;
	if (e->target == 0)
		return metainfo_fail(
		    m, RC_BAD, e->at, "a symlink without its `symlink path`");
	ben_init(&b, m->raw, e->target);
	rc = ben_next(&b, &t);
	return rc == RC_OK ? read_names(m, &b, e->target, &target) : rc;
}

enum rc
metainfo_entry(struct metainfo *m, struct ben *b, const struct ben_token *t,
    struct metainfo_entry *out)
{
	struct bytes last = { .p = NULL };
	struct ben_token key, value;
	enum rc rc;

	*out = (struct metainfo_entry){ .at = t->at };
	while ((rc = ben_next(b, &key)) == RC_OK && key.type != BEN_END)
		if ((rc = metainfo_order(m, &key, &last)) != RC_OK ||
		    (rc = ben_next(b, &value)) != RC_OK ||
		    (rc = take(m, b, key.text, &value, out)) != RC_OK)
			return rc;
	if (rc == RC_OK && out->symlink)
		return check_link(m, out);
	if (rc == RC_OK && !out->has_length)
		return metainfo_fail(m, RC_BAD, out->at, "a file without a `length`");
	return rc;
}

enum rc
metainfo_add(
    struct metainfo *m, const struct metainfo_entry *e, struct metainfo_file *file)
{
	file->offset = m->length;
	file->length = e->length;
	file->pad = e->pad;
	file->executable = e->executable;
	file->hidden = e->hidden;
	file->symlink = e->symlink;
	file->target = e->symlink ? e->target : 0;
	file->root = e->root;
	m->length += e->length;
	if (m->length > REC_LENGTH_MAX)
		return metainfo_fail(m, RC_BAD, e->at, "all files together: over 2^60");
	m->files[m->n_files++] = *file;
	return RC_OK;
}

/* Add '/' and a name behind n bytes; the rules for paths have been held. */
static size_t
add_name(uint8_t *path, size_t n, struct bytes name)
{
	if (n > 0)
		path[n++] = '/';
	memcpy(path + n, name.p, name.n);
	return n + name.n;
}

static struct bytes
path_of_list(const struct metainfo *m, size_t at, uint8_t *path)
{
	size_t n = add_name(path, 0, m->name);
	struct ben_token t;
	struct ben b;

	ben_init(&b, m->raw, at);
	if (ben_next(&b, &t) == RC_OK)
		while (ben_next(&b, &t) == RC_OK && t.type == BEN_STRING)
			n = add_name(path, n, t.text);
	return bytes_of(path, n);
}

static struct bytes
path_of_tree(const struct metainfo *m, const struct metainfo_file *f, uint8_t *path)
{
	uint32_t dirs[BEN_DEPTH_MAX];
	size_t n = add_name(path, 0, m->name), depth = 0;

	for (uint32_t d = f->dir; d != 0 && depth < BEN_DEPTH_MAX;
	     d = m->dirs[d - 1].parent)
		dirs[depth++] = m->dirs[d - 1].name;
	while (depth > 0)
		n = add_name(path, n, metainfo_text_at(m, dirs[--depth]));
	return bytes_of(path, add_name(path, n, metainfo_text_at(m, f->path)));
}

/* v1: most files lie in the directory of the one before, whose path is in room. */
static struct bytes
path_of_file(const struct metainfo *m, size_t i, struct metainfo_room *room)
{
	const struct metainfo_file *f = &m->files[i];
	struct bytes name, path;

	if (f->same_dir && room->file == i) {
		name = metainfo_text_at(m, f->dir);
		path = bytes_of(room->path, room->dir_size + name.n);
		memcpy(room->path + room->dir_size, name.p, name.n);
	} else {
		path = path_of_list(m, f->path, room->path);
		room->dir_size = path.n - metainfo_text_at(m, f->dir).n;
	}
	room->file = i + 1;
	return path;
}

void
metainfo_file(
    const struct metainfo *m, size_t i, struct metainfo_room *room, struct rec_file *out)
{
	const struct metainfo_file *f = &m->files[i];

	*out = (struct rec_file){
		.index = i,
		.offset = f->offset,
		.length = f->length,
		.pad = f->pad,
		.executable = f->executable,
		.hidden = f->hidden,
		.symlink = f->symlink,
		.has_root = f->root != 0,
	};
	if (f->root != 0)
		memcpy(out->root, m->raw.p + f->root, sizeof(out->root));
	if (f->symlink)
		out->target = path_of_list(m, f->target, room->target);
	if (f->unnamed)
		return;
	if (m->single && !(f->pad && i > 0))
		out->path = m->has_v1 ? m->name : metainfo_text_at(m, f->path);
	else if (f->path != 0)
		out->path =
		    m->has_v1 ? path_of_file(m, i, room) : path_of_tree(m, f, room->path);
}
