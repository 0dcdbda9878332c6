/* SPDX-License-Identifier: ISC */
/*
 * The order of lines is free but for two rules: `ugat` comes first, and what a line needs
 * (the number of pieces, say) stands before it, so `torrent` precedes `piece`, `file`,
 * `checked` and `have`.
 */
#include "core/torrent.h"

#include <stdlib.h>

#include "base/arena.h"

enum { TRACKERS_MAX = 10000, PIECES_MAX = 64 * 1024 * 1024 / 20 };

void
torrent_init(struct torrent *t)
{
	*t = (struct torrent){ .n_files = 0 };
}

void
torrent_clear(struct torrent *t)
{
	free(t->files);
	free(t->sha1);
	free(t->known);
	free(t->have);
	free(t->trackers);
	arena_free(t->arena);
	torrent_init(t);
}

static enum rc
fail(struct torrent *t, enum rc rc, const char *why)
{
	t->why = rc == RC_MEM ? "out of memory" : why;
	return rc;
}

/* Make room for one more element of size bytes behind n. */
static enum rc
grow(void *array, size_t n, size_t *cap, size_t size)
{
	void **p = array;
	size_t more = *cap < 8 ? 8 : *cap * 2;
	void *grown;

	if (n < *cap)
		return RC_OK;
	grown = reallocarray(*p, more, size);
	if (grown == NULL)
		return RC_MEM;
	*p = grown;
	*cap = more;
	return RC_OK;
}

static size_t
bitmap_size(uint32_t pieces)
{
	return ((size_t)pieces + 7) / 8;
}

static void
set_bit(uint8_t *bits, uint64_t i)
{
	bits[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

static enum rc
add_torrent(struct torrent *t, const struct line *l, struct line_scratch *s)
{
	struct rec_torrent r;

	if (t->described)
		return fail(t, RC_BAD, "a second torrent: one torrent a pipeline");
	if (rec_get_torrent(l, s, &r) != RC_OK || rec_check_path(r.name) != RC_OK ||
	    memchr(r.name.p, '/', r.name.n) != NULL)
		return fail(t, RC_BAD, "a malformed `torrent` line");
	if (r.has_btih && r.pieces != (r.length - 1) / r.piece_length + 1)
		return fail(
		    t, RC_BAD, "`torrent`: the number of pieces does not fit the length");
	if (r.pieces > PIECES_MAX)
		return fail(t, RC_BIG, "too many pieces");
	t->has_v1 = r.has_btih;
	memcpy(t->btih, r.btih, sizeof(t->btih));
	memcpy(t->btmh, r.btmh, sizeof(t->btmh));
	t->piece_length = (uint32_t)r.piece_length;
	t->pieces = (uint32_t)r.pieces;
	t->length = r.length;
	t->files_in_all = r.files;
	t->private = r.private;
	t->described = true;
	t->sha1 = calloc((size_t)t->pieces + 1, 20);
	t->known = calloc(bitmap_size(t->pieces) + 1, 1);
	if (t->sha1 == NULL || t->known == NULL ||
	    arena_keep(&t->arena, r.name, &t->name) != RC_OK)
		return fail(t, RC_MEM, NULL);
	return RC_OK;
}

static enum rc
add_tracker(struct torrent *t, const struct line *l, struct line_scratch *s)
{
	struct rec_tracker r;
	struct torrent_tracker *tracker;

	if (rec_get_tracker(l, s, &r) != RC_OK)
		return fail(t, RC_BAD, "a malformed `tracker` line");
	if (t->n_trackers >= TRACKERS_MAX)
		return fail(t, RC_BIG, "too many trackers");
	if (grow(&t->trackers, t->n_trackers, &t->cap_trackers, sizeof(*t->trackers)) !=
	    RC_OK)
		return fail(t, RC_MEM, NULL);
	tracker = &t->trackers[t->n_trackers];
	tracker->tier = (uint32_t)r.tier;
	if (arena_keep(&t->arena, r.url, &tracker->url) != RC_OK)
		return fail(t, RC_MEM, NULL);
	t->n_trackers++;
	return RC_OK;
}

enum rc
torrent_add_file(struct torrent *t, struct bytes path)
{
	struct torrent_file *f;

	if (grow(&t->files, t->n_files, &t->cap_files, sizeof(*t->files)) != RC_OK)
		return fail(t, RC_MEM, NULL);
	f = &t->files[t->n_files];
	*f = (struct torrent_file){ .length = 0 };
	if (arena_keep(&t->arena, path, &f->path) != RC_OK)
		return fail(t, RC_MEM, NULL);
	t->n_files++;
	return RC_OK;
}

static enum rc
add_file(struct torrent *t, const struct line *l, struct line_scratch *s)
{
	struct rec_file r;
	struct torrent_file *f;

	if (rec_get_file(l, s, &r) != RC_OK)
		return fail(t, RC_BAD,
		    "a malformed `file` line, or a path that is absolute, too long, or "
		    "has an "
		    "empty, `.` or `..` component");
	if (r.offset > t->length || r.length > t->length - r.offset)
		return fail(t, RC_BAD, "a `file` line past the end of the torrent");
	if (r.index >= t->files_in_all)
		return fail(t, RC_BAD, "a `file` line past the last file");
	if (torrent_add_file(t, r.path) != RC_OK)
		return RC_MEM;
	f = &t->files[t->n_files - 1];
	f->index = (uint32_t)r.index;
	f->offset = r.offset;
	f->length = r.length;
	f->pad = r.pad;
	f->symlink = r.symlink;
	f->executable = r.executable;
	return RC_OK;
}

static bool
is_known(const struct torrent *t, uint64_t piece)
{
	return (t->known[piece / 8] & 0x80 >> piece % 8) != 0;
}

static enum rc
add_piece(struct torrent *t, const struct line *l)
{
	struct rec_piece r;
	uint8_t *sha1;

	if (rec_get_piece(l, &r) != RC_OK || r.index >= t->pieces)
		return fail(
		    t, RC_BAD, "a malformed `piece` line, or one past the last piece");
	sha1 = t->sha1 + r.index * 20;
	if (is_known(t, r.index) && memcmp(sha1, r.sha1, sizeof(r.sha1)) != 0)
		return fail(t, RC_BAD, "two `piece` lines with one number");
	memcpy(sha1, r.sha1, sizeof(r.sha1));
	set_bit(t->known, r.index);
	return RC_OK;
}

static enum rc
add_checked(struct torrent *t, const struct line *l)
{
	struct rec_checked r;

	if (rec_get_checked(l, &r) != RC_OK)
		return fail(t, RC_BAD, "a malformed `checked` line");
	/*
	 * ugat-verify adds its lines in the order of the files, so the next one is nearly
	 * always the one behind the last: 100,000 of them take as many steps.
	 */
	for (size_t i = 0; i < t->n_files; i++) {
		size_t at = (t->next_checked + i) % t->n_files;

		if (t->files[at].index != r.index)
			continue;
		t->files[at].checked = true;
		t->files[at].checked_size = r.size;
		t->files[at].checked_mtime_ns = r.mtime_ns;
		t->next_checked = at + 1;
		break;
	}
	return RC_OK;
}

static enum rc
add_have(struct torrent *t, const struct line *l)
{
	struct rec_have r;

	if (rec_get_have(l, &r) != RC_OK || r.last >= t->pieces)
		return fail(
		    t, RC_BAD, "a malformed `have` line, or one past the last piece");
	if (t->have == NULL)
		t->have = calloc(bitmap_size(t->pieces), 1);
	if (t->have == NULL)
		return fail(t, RC_MEM, NULL);
	for (uint64_t i = r.first; i <= r.last; i++)
		set_bit(t->have, i);
	return RC_OK;
}

enum rc
torrent_add(struct torrent *t, const struct line *l, struct line_scratch *s)
{
	enum rec_kind kind = rec_kind(l);
	enum rc rc = rec_check(l);

	line_scratch_reset(s);
	if (rc == RC_BIG)
		return fail(t, rc, "a newer format: a newer ugat is needed");
	if (rc != RC_OK)
		return fail(t, rc, "a line that must be understood and is not");
	if (!t->begun && kind != REC_UGAT && kind != REC_FAIL)
		return fail(t, RC_BAD,
		    "no `ugat` line at the start: is this the output of ugat-parse?");
	t->begun = true;
	if (!t->described &&
	    (kind == REC_FILE || kind == REC_PIECE || kind == REC_CHECKED ||
	        kind == REC_HAVE))
		return fail(t, RC_BAD, "the `torrent` line must come first");
	switch (kind) {
	case REC_SELF:
		if (rec_get_self(l, t->self) != RC_OK)
			return fail(t, RC_BAD, "a malformed `self` line");
		t->has_self = true;
		return RC_OK;
	case REC_TORRENT: return add_torrent(t, l, s);
	case REC_TRACKER: return add_tracker(t, l, s);
	case REC_FILE: return add_file(t, l, s);
	case REC_PIECE: return add_piece(t, l);
	case REC_CHECKED: return add_checked(t, l);
	case REC_HAVE: return add_have(t, l);
	default: return RC_OK;
	}
}

static int
by_offset(const void *a, const void *b)
{
	const struct torrent_file *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->length != y->length)
		return x->length < y->length
		    ? -1
		    : 1; /* empty files before the one that begins there */
	return x->index < y->index ? -1 : x->index > y->index;
}

/*
 * The order of a walk: '/' before every other byte, so that a file and the paths below
 * its name are neighbours.
 */
static int
by_path(const void *a, const void *b)
{
	struct bytes x = (*(struct torrent_file *const *)a)->path,
	             y = (*(struct torrent_file *const *)b)->path;
	size_t n = x.n < y.n ? x.n : y.n;

	for (size_t i = 0; i < n; i++)
		if (x.p[i] != y.p[i]) {
			if (x.p[i] == '/' || y.p[i] == '/')
				return x.p[i] == '/' ? -1 : 1;
			return x.p[i] < y.p[i] ? -1 : 1;
		}
	return x.n < y.n ? -1 : x.n > y.n;
}

/*
 * Whether two neighbours in by_path order are one path, or one is a directory of the
 * other.
 */
static bool
clash(struct bytes first, struct bytes second)
{
	if (second.n < first.n || memcmp(first.p, second.p, first.n) != 0)
		return false;
	return second.n == first.n || second.p[first.n] == '/';
}

static enum rc
check_paths(struct torrent *t)
{
	struct torrent_file **order;
	size_t n = 0;
	enum rc rc = RC_OK;

	order = calloc(t->n_files + 1, sizeof(*order));
	if (order == NULL)
		return fail(t, RC_MEM, NULL);
	for (size_t i = 0; i < t->n_files; i++)
		if (torrent_file_is_real(&t->files[i]))
			order[n++] = &t->files[i];
	qsort(order, n, sizeof(*order), by_path);
	for (size_t i = 1; i < n && rc == RC_OK; i++)
		if (clash(order[i - 1]->path, order[i]->path))
			rc = fail(t, RC_BAD,
			    "two `file` lines with one path, or a file that is also a "
			    "directory");
	free(order);
	return rc;
}

static enum rc
check_pieces(struct torrent *t)
{
	for (size_t i = 0; i < t->n_files; i++) {
		const struct torrent_file *f = &t->files[i];

		if (!torrent_file_is_real(f) || f->length == 0)
			continue;
		for (uint64_t p = f->offset / t->piece_length;
		     p <= (f->offset + f->length - 1) / t->piece_length; p++)
			if (!is_known(t, p))
				return fail(t, RC_BAD,
				    "a wanted piece has no `piece` line: did a filter "
				    "eat it?");
	}
	return RC_OK;
}

enum rc
torrent_finish(struct torrent *t)
{
	uint64_t at = 0;
	enum rc rc;

	if (!t->described)
		return fail(
		    t, RC_BAD, "no `torrent` line before `end`: did a filter eat it?");
	if (t->n_files > 1)
		qsort(t->files, t->n_files, sizeof(*t->files), by_offset);
	for (size_t i = 0; i < t->n_files; i++) {
		if (t->files[i].offset < at)
			return fail(t, RC_BAD, "two `file` lines overlap");
		if (i > 0 && t->files[i].index <= t->files[i - 1].index)
			return fail(t, RC_BAD,
			    "two `file` lines with one number, or numbers that are not "
			    "in the order of the offsets");
		at = t->files[i].offset + t->files[i].length;
	}
	rc = check_paths(t);
	if (rc == RC_OK && t->has_v1)
		rc = check_pieces(t);
	t->whole = rc == RC_OK;
	return rc;
}

uint32_t
torrent_piece_size(const struct torrent *t, uint32_t piece)
{
	uint64_t left = t->length - (uint64_t)piece * t->piece_length;

	return left < t->piece_length ? (uint32_t)left : t->piece_length;
}

bool
torrent_file_is_real(const struct torrent_file *f)
{
	return !f->pad && !f->symlink;
}
