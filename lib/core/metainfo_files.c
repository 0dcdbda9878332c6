/* SPDX-License-Identifier: ISC */
/* Files: what one's dictionary says, their place in the torrent, and their records. */
#include "core/metainfo_parts.h"

#include <stdlib.h>

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

static enum rc
take(struct metainfo *m, struct bytes key, const struct ben_token *t,
    struct metainfo_entry *e)
{
	uint32_t at = (uint32_t)t->at;

	if (bytes_is(key, "length"))
		return take_length(m, t, e);
	if (bytes_is(key, "path.utf-8") && t->type == BEN_LIST)
		e->path_utf8 = at;
	else if (bytes_is(key, "path") && t->type != BEN_LIST)
		return metainfo_fail(m, RC_BAD, t->at, "a `path` is not a list");
	else if (bytes_is(key, "path"))
		e->path = at;
	else if (bytes_is(key, "attr"))
		take_attr(t, e);
	else if (bytes_is(key, "symlink path") && t->type == BEN_LIST)
		e->target = at;
	else if (bytes_is(key, "pieces root"))
		return take_root(m, t, e);
	return RC_OK;
}

enum rc
metainfo_entry(struct metainfo *m, struct ben *b, const struct ben_token *t,
    struct metainfo_entry *out)
{
	struct ben_token key, value;
	enum rc rc;

	*out = (struct metainfo_entry){ .at = t->at };
	for (;;) {
		if ((rc = ben_next(b, &key)) != RC_OK || key.type == BEN_END)
			break;
		if ((rc = ben_next(b, &value)) != RC_OK ||
		    (rc = take(m, key.text, &value, out)) != RC_OK ||
		    (rc = ben_skip(b, &value)) != RC_OK)
			return rc;
	}
	if (rc != RC_OK)
		return rc;
	if (out->path_utf8 != 0)
		out->path = out->path_utf8;
	if (out->symlink && out->target == 0)
		return metainfo_fail(
		    m, RC_BAD, out->at, "a symlink without its `symlink path`");
	if (!out->symlink)
		return out->has_length
		    ? RC_OK
		    : metainfo_fail(m, RC_BAD, out->at, "a file without a `length`");
	out->length = 0; /* whatever stands there: a link has no bytes of its own */
	return metainfo_check_list(m, out->target, m->name.n);
}

enum rc
metainfo_check_list(struct metainfo *m, size_t at, size_t size)
{
	struct ben_token t;
	struct ben b;
	size_t names = 0;
	enum rc rc;

	ben_init(&b, m->raw, at);
	for (rc = ben_next(&b, &t); rc == RC_OK; names++) {
		const char *bad;

		if ((rc = ben_next(&b, &t)) != RC_OK || t.type == BEN_END)
			break;
		if (t.type != BEN_STRING)
			return metainfo_fail(
			    m, RC_BAD, t.at, "a name in a path is not a string");
		if ((bad = metainfo_bad_name(t.text)) != NULL)
			return metainfo_fail(m, RC_BAD, t.at, bad);
		size += 1 + t.text.n;
		if (size > REC_PATH_MAX)
			return metainfo_fail(m, RC_BAD, at, "a path of over 4,095 bytes");
	}
	if (rc == RC_OK && names == 0)
		return metainfo_fail(m, RC_BAD, at, "a path without a name");
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
		out->path = m->name;
	else if (f->path != 0)
		out->path = m->has_v1 ? path_of_list(m, f->path, room->path)
		                      : path_of_tree(m, f, room->path);
}
