/* SPDX-License-Identifier: ISC */
#include "run/describe.h"

#include <string.h>

#include "crypto/base64.h"

enum { CHUNK = 64 * 1024, SHA1 = 20 };

/* Lines on their way out; failure is remembered. */
struct emit {
	const struct metainfo *m;
	struct bytes root;
	struct recout *out;
	struct linew w;
	enum rc rc;
	struct metainfo_room room;
	uint8_t path[REC_PATH_MAX];
};

/*
 * Where the next line is put together, LINE_MAX_SIZE bytes in the queue itself; NULL
 * after a failure.
 */
static uint8_t *
begin(struct emit *e)
{
	if (e->rc == RC_OK)
		e->rc = buf_room(&e->out->buf, LINE_MAX_SIZE);
	return e->rc == RC_OK ? e->out->buf.p + e->out->buf.n : NULL;
}

/* The line there is whole. */
static void
end(struct emit *e)
{
	struct bytes line;

	e->rc = linew_end(&e->w, &line);
	if (e->rc != RC_OK)
		return;
	e->out->buf.n += line.n;
	if (e->out->buf.n >= CHUNK)
		e->rc = recout_flush(e->out);
}

static void
put_torrent(struct emit *e)
{
	struct rec_torrent r;
	uint8_t *p = begin(e);

	if (p == NULL)
		return;
	metainfo_torrent(e->m, &r);
	rec_put_torrent(&e->w, p, LINE_MAX_SIZE, &r);
	end(e);
}

static void
put_meta(struct emit *e)
{
	struct rec_meta r;
	enum rc rc;

	for (size_t i = 0; (rc = metainfo_meta(e->m, i, &e->room, &r)) != RC_END; i++) {
		uint8_t *p = begin(e);

		if (p == NULL)
			return;
		if (rc != RC_OK)
			continue;
		rec_put_meta(&e->w, p, LINE_MAX_SIZE, &r);
		end(e);
	}
}

static void
put_trackers(struct emit *e)
{
	for (size_t i = 0; i < e->m->n_trackers; i++) {
		uint8_t *p = begin(e);

		if (p == NULL)
			return;
		rec_put_tracker(&e->w, p, LINE_MAX_SIZE, &e->m->trackers[i]);
		end(e);
	}
}

static void
put_webseeds(struct emit *e)
{
	for (size_t i = 0; i < e->m->n_webseeds; i++) {
		const struct metainfo_webseed *seed = &e->m->webseeds[i];
		const struct rec_webseed r = { .url = seed->url };
		uint8_t *p = begin(e);

		if (p == NULL)
			return;
		rec_put_webseed(&e->w, p, LINE_MAX_SIZE, &r);
		if (seed->bep17)
			linew_key_u64(&e->w, "bep", 17);
		end(e);
	}
}

static void
put_nodes(struct emit *e)
{
	for (size_t i = 0; i < e->m->n_nodes; i++) {
		uint8_t *p = begin(e);

		if (p == NULL)
			return;
		rec_put_node(&e->w, p, LINE_MAX_SIZE, &e->m->nodes[i]);
		end(e);
	}
}

static void
put_remark(struct emit *e, size_t n, const char *words)
{
	if (n > 0 && begin(e) != NULL)
		e->rc = buf_printf(&e->out->buf, "# %zu %s\n", n, words);
}

/*
 * The path with the first component that the caller wants; as it is where it is too long.
 */
static struct bytes
rooted(struct emit *e, struct bytes path)
{
	const uint8_t *slash = path.n == 0 ? NULL : memchr(path.p, '/', path.n);
	struct bytes rest = slash == NULL ? bytes_of(NULL, 0)
	                                  : bytes_from(path, (size_t)(slash - path.p));

	if (e->root.n == 0 || path.n == 0 || e->root.n + rest.n > sizeof(e->path))
		return path;
	memcpy(e->path, e->root.p, e->root.n);
	if (rest.n > 0)
		memcpy(e->path + e->root.n, rest.p, rest.n);
	return bytes_of(e->path, e->root.n + rest.n);
}

static void
put_files(struct emit *e)
{
	size_t unnamed = 0;

	for (size_t i = 0; i < e->m->n_files; i++) {
		struct rec_file r;
		uint8_t *p = begin(e);

		if (p == NULL)
			return;
		metainfo_file(e->m, i, &e->room, &r);
		r.path = rooted(e, r.path);
		rec_put_file(&e->w, p, LINE_MAX_SIZE, &r);
		end(e);
		unnamed += e->m->files[i].unnamed;
	}
	put_remark(e, unnamed,
	    "of these files have a name that cannot be a path (a `/` in it, or over "
	    "255 bytes): write one in place of the -");
}

static void
put_pieces(struct emit *e)
{
	struct rec_piece r = { .index = 0 };

	for (; r.index < e->m->pieces.n / SHA1; r.index++) {
		uint8_t *p = begin(e);

		if (p == NULL)
			return;
		memcpy(r.sha1, e->m->pieces.p + r.index * SHA1, SHA1);
		rec_put_piece(&e->w, p, LINE_MAX_SIZE, &r);
		end(e);
	}
}

static void
put_info(struct emit *e)
{
	char text[BASE64_SIZE(REC_INFO_RAW)];

	for (size_t at = 0; at < e->m->info.n; at += REC_INFO_RAW) {
		struct bytes raw = bytes_from(e->m->info, at);
		struct rec_info r = { .offset = at };
		uint8_t *p = begin(e);

		if (p == NULL)
			return;
		if (raw.n > REC_INFO_RAW)
			raw.n = REC_INFO_RAW;
		r.base64 = bytes_of(text, base64_put(raw, text));
		rec_put_info(&e->w, p, LINE_MAX_SIZE, &r);
		end(e);
	}
}

enum rc
describe_put(const struct metainfo *m, struct bytes root, struct recout *out)
{
	struct emit e = { .m = m, .root = root, .out = out };
	uint8_t *p = begin(&e);

	if (p == NULL)
		return e.rc;
	rec_put_ugat(&e.w, p, LINE_MAX_SIZE);
	end(&e);
	put_torrent(&e);
	put_meta(&e);
	put_trackers(&e);
	put_webseeds(&e);
	put_nodes(&e);
	put_remark(&e, m->n_dropped,
	    "trackers, web seeds or nodes are left out: too long, or too many");
	put_files(&e);
	put_pieces(&e);
	put_info(&e);
	return e.rc;
}

typedef void make_fn(struct linew *w, uint8_t *p, size_t cap, const void *r);

static enum rc
put_one(struct recout *out, make_fn *make, const void *r)
{
	struct linew w;
	struct bytes line;
	enum rc rc = buf_room(&out->buf, LINE_MAX_SIZE);

	if (rc != RC_OK)
		return rc;
	make(&w, out->buf.p + out->buf.n, LINE_MAX_SIZE, r);
	rc = linew_end(&w, &line);
	if (rc != RC_OK)
		return rc;
	out->buf.n += line.n;
	return out->buf.n < CHUNK ? RC_OK : recout_flush(out);
}

static void
make_checked(struct linew *w, uint8_t *p, size_t cap, const void *r)
{
	rec_put_checked(w, p, cap, r);
}

static void
make_have(struct linew *w, uint8_t *p, size_t cap, const void *r)
{
	rec_put_have(w, p, cap, r);
}

static void
make_end(struct linew *w, uint8_t *p, size_t cap, const void *r)
{
	(void)r;
	rec_put_end(w, p, cap);
}

enum rc
describe_checked(struct recout *out, const struct rec_checked *r)
{
	return put_one(out, make_checked, r);
}

enum rc
describe_have(struct recout *out, uint32_t first, uint32_t last)
{
	const struct rec_have r = { .first = first, .last = last };

	return put_one(out, make_have, &r);
}

enum rc
describe_end(struct recout *out)
{
	return put_one(out, make_end, NULL);
}
