/* SPDX-License-Identifier: ISC */
/*
 * How the files stand, in words: one for each file, the path, and what is wrong with it.
 * A piece that two files share is the fault of neither, when a neighbour is missing: it
 * cannot be checked, and the file is `unsure`.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/layout.h"
#include "run/verify_parts.h"

enum { RANGES = 16, REMARKS = 10, DETAIL = 512, PATH_ROOM = 8192 };

enum stand {
	WHOLE,
	SHORT,
	LONG,
	MISSING,
	DAMAGED,
	UNSURE,
	CHANGED,
	UNREADABLE,
	BLOCKED,
};

static const char *const stand_word[] = {
	[WHOLE] = "whole",
	[SHORT] = "short",
	[LONG] = "long",
	[MISSING] = "missing",
	[DAMAGED] = "damaged",
	[UNSURE] = "unsure",
	[CHANGED] = "changed",
	[UNREADABLE] = "unreadable",
	[BLOCKED] = "blocked",
};

/* A text that grows by printf and is cut where it is full. */
struct detail {
	char text[DETAIL];
	size_t n;
};

static void say(struct detail *d, const char *format, ...) PRINTF_LIKE(2, 3);

static void
say(struct detail *d, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(d->text + d->n, sizeof(d->text) - d->n, format, ap);
	va_end(ap);
	if (n > 0)
		d->n += (size_t)n < sizeof(d->text) - d->n ? (size_t)n
		                                           : sizeof(d->text) - 1 - d->n;
}

/* Whether this piece of the file speaks against it. */
typedef bool piece_fn(
    const struct verifying *g, const struct torrent_file *f, uint32_t piece);

static bool
is_bad(const struct verifying *g, const struct torrent_file *f, uint32_t piece)
{
	(void)f;
	return g->words[piece] == HASHER_HASHED && !verify_holds(g, piece);
}

static bool
is_unsure(const struct verifying *g, const struct torrent_file *f, uint32_t piece)
{
	(void)f;
	return g->words[piece] != HASHER_HASHED;
}

/* "3 5-6", at most RANGES of them. Returns how many pieces there are; 0: nothing said. */
static uint64_t
list_pieces(const struct verifying *g, const struct torrent_file *f, piece_fn *counts,
    struct detail *d)
{
	uint32_t first, last, ranges = 0;
	uint64_t n = 0, shown = 0;

	if (!layout_pieces(&g->t, f, &first, &last))
		return 0;
	for (uint32_t p = first; p <= last; p++) {
		uint32_t from = p;

		if (!counts(g, f, p))
			continue;
		while (p < last && counts(g, f, p + 1))
			p++;
		n += p - from + 1;
		if (++ranges > RANGES)
			continue;
		shown = n;
		say(d, from == p ? " %lu" : " %lu-%lu", (unsigned long)from,
		    (unsigned long)p);
	}
	if (n > shown)
		say(d, " and %llu more", (unsigned long long)(n - shown));
	return n;
}

/* A path as it opens from the current directory, printable. */
static void
show_path(const struct verifying *g, struct bytes path, char out[static PATH_ROOM])
{
	const char *dir = g->v->dir;
	size_t n = 0, length = strlen(dir);

	if (strcmp(dir, ".") != 0) {
		n = text_printable(bytes_of(dir, length), out, PATH_ROOM / 2);
		if (n > 0 && out[n - 1] != '/')
			out[n++] = '/';
	}
	(void)text_printable(path, out + n, PATH_ROOM - n);
}

/* A link itself, or one in its way: by its own name. */
static void
say_link(const struct verifying *g, struct bytes path, struct detail *d)
{
	char text[BENEATH_PATH], shown[PATH_ROOM];
	size_t n;

	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	n = beneath_obstacle(&g->root, text);
	if (n == 0) {
		say(d, "a symbolic link stands there");
		return;
	}
	show_path(g, bytes_of(text, n), shown);
	say(d, "%s is a symbolic link", shown);
}

/* What stands where the file belongs, if it is not a file that can be read. */
static enum stand
judge_place(const struct verifying *g, size_t i, struct detail *d)
{
	const struct content_file *now = &g->files[i];

	switch (now->state) {
	case CONTENT_MISSING: return MISSING;
	case CONTENT_LINK: say_link(g, g->t.files[i].path, d); return BLOCKED;
	case CONTENT_DIRECTORY: say(d, "a directory stands there"); return BLOCKED;
	case CONTENT_SPECIAL:
		say(d, "a FIFO, a socket or a device stands there");
		return BLOCKED;
	case CONTENT_CLOSED:
	case CONTENT_BROKEN: say(d, "%s", strerror(now->err)); return UNREADABLE;
	case CONTENT_CHANGED: say(d, "it changed while it was read"); return CHANGED;
	case CONTENT_FILE: break;
	}
	return WHOLE;
}

static enum stand
judge_pieces(const struct verifying *g, const struct torrent_file *f, struct detail *d)
{
	struct detail bad = { .n = 0 }, unsure = { .n = 0 };
	uint64_t n = list_pieces(g, f, is_bad, &bad);

	if (n > 0) {
		say(d, "%s%s", n == 1 ? "piece" : "pieces", bad.text);
		return DAMAGED;
	}
	n = list_pieces(g, f, is_unsure, &unsure);
	if (n == 0)
		return WHOLE;
	say(d, "%s%s: shared with a file that is not there", n == 1 ? "piece" : "pieces",
	    unsure.text);
	return UNSURE;
}

static enum stand
judge(const struct verifying *g, size_t i, struct detail *d)
{
	const struct torrent_file *f = &g->t.files[i];
	const struct content_file *now = &g->files[i];
	enum stand stand;

	*d = (struct detail){ .n = 0 };
	stand = judge_place(g, i, d);
	if (stand != WHOLE)
		return stand;
	if (now->size < f->length) {
		struct detail bad = { .n = 0 };

		say(d, "%llu of %llu byte%s", (unsigned long long)now->size,
		    (unsigned long long)f->length, f->length == 1 ? "" : "s");
		if (!g->v->sizes && list_pieces(g, f, is_bad, &bad) > 0)
			say(d, ", damaged:%s", bad.text);
		return SHORT;
	}
	if (now->size > f->length) {
		say(d, "%llu byte%s too many",
		    (unsigned long long)(now->size - f->length),
		    now->size - f->length == 1 ? "" : "s");
		return LONG;
	}
	return g->v->sizes ? WHOLE : judge_pieces(g, f, d);
}

enum rc
verify_tell(struct verifying *g, struct recout *out, bool all, int *code)
{
	char path[PATH_ROOM];
	enum rc rc = RC_OK;

	*code = CODE_OK;
	for (size_t i = 0; i < g->t.n_files && rc == RC_OK; i++) {
		struct detail d;
		enum stand stand;

		if (!torrent_file_is_real(&g->t.files[i]))
			continue;
		stand = judge(g, i, &d);
		if (stand == UNREADABLE)
			*code = CODE_IO;
		else if (stand != WHOLE && *code == CODE_OK)
			*code = CODE_NO;
		if (stand == WHOLE && !all)
			continue;
		show_path(g, g->t.files[i].path, path);
		rc = buf_printf(&out->buf, "%s\t%s%s%s\n",
		    stand == WHOLE && g->v->sizes ? "present" : stand_word[stand], path,
		    d.n > 0 ? "\t" : "", d.text);
		if (rc == RC_OK && out->buf.n >= RECOUT_MAX / 2)
			rc = recout_flush(out);
	}
	return rc;
}

/*
 * What stands in the way, or may not be opened, ugat-fetch speaks of when it comes there:
 * one file has one message in a pipe. The rest it would load again in silence.
 */
static bool
is_ours_to_tell(const struct content_file *now)
{
	switch (now->state) {
	case CONTENT_BROKEN:
	case CONTENT_CHANGED: return true;
	case CONTENT_CLOSED: return now->err != EACCES;
	default: return false;
	}
}

void
verify_remark(struct verifying *g)
{
	char path[PATH_ROOM];
	size_t n = 0;

	for (size_t i = 0; i < g->t.n_files; i++) {
		struct detail d = { .n = 0 };

		if (!torrent_file_is_real(&g->t.files[i]) ||
		    !is_ours_to_tell(&g->files[i]) || ++n > REMARKS)
			continue;
		(void)judge_place(g, i, &d);
		show_path(g, g->t.files[i].path, path);
		(void)dprintf(g->v->err, "%s: %s: %s\n", g->v->command, path, d.text);
	}
	if (n > REMARKS)
		(void)dprintf(g->v->err, "%s: and %zu more files like that\n",
		    g->v->command, n - REMARKS);
}
