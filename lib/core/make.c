/* SPDX-License-Identifier: ISC */
#include "core/make.h"

#include <stdlib.h>

uint32_t
make_piece_length(uint64_t length)
{
	uint32_t piece = MAKE_PIECE_MIN;

	while (piece < MAKE_PIECE_USUAL && length > (uint64_t)MAKE_PIECES * piece)
		piece *= 2;
	return piece;
}

static int
by_bytes(const void *a, const void *b)
{
	const struct torrent_file *x = a, *y = b;

	return bytes_cmp(x->path, y->path);
}

void
make_sort(struct torrent *t)
{
	if (t->n_files > 1)
		qsort(t->files, t->n_files, sizeof(*t->files), by_bytes);
}

enum rc
make_lay_out(struct torrent *t, uint32_t piece_length)
{
	uint64_t at = 0, pieces;

	for (size_t i = 0; i < t->n_files; i++) {
		struct torrent_file *f = &t->files[i];

		f->index = (uint32_t)i;
		f->offset = at;
		if (f->length > REC_LENGTH_MAX - at)
			return RC_BIG;
		at += f->length;
	}
	if (at == 0)
		return RC_NONE;
	pieces = (at - 1) / piece_length + 1;
	if (pieces > MAKE_PIECES_MAX)
		return RC_BIG;
	t->length = at;
	t->piece_length = piece_length;
	t->pieces = (uint32_t)pieces;
	free(t->sha1);
	t->sha1 = calloc((size_t)pieces, 20);
	return t->sha1 == NULL ? RC_MEM : RC_OK;
}

/* Bencoding on its way out; failure is remembered. */
struct put {
	struct buf *out;
	enum rc rc;
};

static void
put_raw(struct put *p, const char *text)
{
	if (p->rc == RC_OK)
		p->rc = buf_add(p->out, text, strlen(text));
}

static void
put_string(struct put *p, struct bytes text)
{
	if (p->rc == RC_OK)
		p->rc = buf_printf(p->out, "%zu:", text.n);
	if (p->rc == RC_OK)
		p->rc = buf_add(p->out, text.p, text.n);
}

static void
put_int(struct put *p, uint64_t v)
{
	if (p->rc == RC_OK)
		p->rc = buf_printf(p->out, "i%llue", (unsigned long long)v);
}

static void
put_key_int(struct put *p, const char *key, uint64_t v)
{
	put_string(p, bytes_str(key));
	put_int(p, v);
}

/* An empty text leaves the key out. */
static void
put_key_string(struct put *p, const char *key, struct bytes text)
{
	if (text.n == 0)
		return;
	put_string(p, bytes_str(key));
	put_string(p, text);
}

/* The components of a path, but for the first. */
static void
put_path(struct put *p, struct bytes path)
{
	const uint8_t *slash = memchr(path.p, '/', path.n);

	put_raw(p, "l");
	while (slash != NULL) {
		struct bytes rest = bytes_from(path, (size_t)(slash - path.p) + 1);

		slash = memchr(rest.p, '/', rest.n);
		path = rest;
		if (slash != NULL)
			rest.n = (size_t)(slash - rest.p);
		put_string(p, rest);
	}
	put_raw(p, "e");
}

static void
put_files(struct put *p, const struct torrent *t)
{
	put_string(p, bytes_str("files"));
	put_raw(p, "l");
	for (size_t i = 0; i < t->n_files; i++) {
		put_raw(p, "d");
		put_key_int(p, "length", t->files[i].length);
		put_string(p, bytes_str("path"));
		put_path(p, t->files[i].path);
		put_raw(p, "e");
	}
	put_raw(p, "e");
}

/* Keys stand in the order of their bytes (BEP 3), here and below. */
static void
put_info(struct put *p, const struct torrent *t, const struct make_facts *f)
{
	put_raw(p, "d");
	if (f->single)
		put_key_int(p, "length", t->length);
	else
		put_files(p, t);
	put_key_string(p, "name", f->name);
	put_key_int(p, "piece length", t->piece_length);
	put_key_string(p, "pieces", bytes_of(t->sha1, (size_t)t->pieces * 20));
	if (f->private != MAKE_UNSAID)
		put_key_int(p, "private", f->private == MAKE_PRIVATE);
	put_key_string(p, "source", f->source);
	put_raw(p, "e");
}

/* One tracker needs no list. */
static void
put_trackers(struct put *p, const struct make_facts *f)
{
	if (f->n_trackers == 0)
		return;
	put_key_string(p, "announce", f->trackers[0].url);
	if (f->n_trackers == 1)
		return;
	put_string(p, bytes_str("announce-list"));
	put_raw(p, "l");
	for (size_t i = 0; i < f->n_trackers; i++) {
		bool first = i == 0 || f->trackers[i].tier != f->trackers[i - 1].tier;
		bool last = i + 1 == f->n_trackers ||
		    f->trackers[i].tier != f->trackers[i + 1].tier;

		put_raw(p, first ? "l" : "");
		put_string(p, f->trackers[i].url);
		put_raw(p, last ? "e" : "");
	}
	put_raw(p, "e");
}

static void
put_webseeds(struct put *p, const struct make_facts *f)
{
	if (f->n_webseeds == 0)
		return;
	put_string(p, bytes_str("url-list"));
	put_raw(p, "l");
	for (size_t i = 0; i < f->n_webseeds; i++)
		put_string(p, f->webseeds[i]);
	put_raw(p, "e");
}

enum rc
make_metainfo(const struct torrent *t, const struct make_facts *f, struct buf *out,
    struct bytes *info)
{
	struct put p = { .out = out };
	size_t at, end;

	put_raw(&p, "d");
	put_trackers(&p, f);
	put_key_string(&p, "comment", f->comment);
	put_key_string(&p, "created by", f->created_by);
	if (f->has_date)
		put_key_int(&p, "creation date", f->date_s);
	put_string(&p, bytes_str("info"));
	at = out->n;
	put_info(&p, t, f);
	end = out->n;
	put_webseeds(&p, f);
	put_raw(&p, "e");
	if (p.rc == RC_OK)
		*info = bytes_of(out->p + at, end - at);
	return p.rc;
}
