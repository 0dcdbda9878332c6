/* SPDX-License-Identifier: ISC */
#include "run/parse.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "io/slurp.h"

enum { CHUNK = 64 * 1024, SHA1 = 20 };

/* Lines on their way out; failure is remembered. */
struct emit {
	const struct metainfo *m;
	struct recout out;
	struct linew w;
	enum rc rc;
	struct metainfo_room room;
};

/*
 * Where the next line is put together, LINE_MAX_SIZE bytes in the queue itself; NULL
 * after a failure.
 */
static uint8_t *
begin(struct emit *e)
{
	if (e->rc == RC_OK)
		e->rc = buf_room(&e->out.buf, LINE_MAX_SIZE);
	return e->rc == RC_OK ? e->out.buf.p + e->out.buf.n : NULL;
}

/* The line there is whole. */
static void
end(struct emit *e)
{
	struct bytes line;

	e->rc = linew_end(&e->w, &line);
	if (e->rc != RC_OK)
		return;
	e->out.buf.n += line.n;
	if (e->out.buf.n >= CHUNK)
		e->rc = recout_flush(&e->out);
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
		e->rc = buf_printf(&e->out.buf, "# %zu %s\n", n, words);
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

static void
put_records(struct emit *e)
{
	uint8_t *p = begin(e);

	if (p == NULL)
		return;
	rec_put_ugat(&e->w, p, LINE_MAX_SIZE);
	end(e);
	put_torrent(e);
	put_meta(e);
	put_trackers(e);
	put_webseeds(e);
	put_nodes(e);
	put_remark(e, e->m->n_dropped,
	    "trackers, web seeds or nodes are left out: too long, or too many");
	put_files(e);
	put_pieces(e);
	put_info(e);
	p = begin(e);
	if (p == NULL)
		return;
	rec_put_end(&e->w, p, LINE_MAX_SIZE);
	end(e);
}

static void
write_out(const struct parse *p, const struct metainfo *m, struct outcome *o)
{
	struct emit e = { .m = m };

	recout_init(&e.out, p->out);
	if (p->summary)
		e.rc = parse_summary(m, &e.out.buf);
	else
		put_records(&e);
	if (e.rc == RC_OK)
		e.rc = recout_flush(&e.out);
	if (e.rc == RC_SYS)
		outcome_fail(o, CODE_IO, "standard output: %s", strerror(errno));
	else if (e.rc != RC_OK)
		outcome_fail(o, CODE_BUG, "out of memory");
	recout_clear(&e.out);
}

static void
refuse(const struct metainfo *m, enum rc rc, const char *name, struct outcome *o)
{
	if (rc == RC_MEM)
		outcome_fail(o, CODE_BUG, "%s: out of memory", name);
	else if (m->at == SIZE_MAX)
		outcome_fail(o, CODE_DATA, "%s: %s", name, m->why);
	else
		outcome_fail(o, CODE_DATA, "%s: byte %zu: %s", name, m->at, m->why);
}

void
parse_run(const struct parse *p, struct outcome *o)
{
	const char *name = p->file == NULL ? "standard input" : p->file;
	struct metainfo m = { .raw = { .n = 0 } };
	uint8_t key[METAINFO_KEY];
	struct buf raw;
	enum rc rc;

	buf_init(&raw, METAINFO_MAX + 1);
	rc = slurp(p->file, &raw);
	if (rc == RC_SYS)
		outcome_fail(o, CODE_NOINPUT, "%s: %s", name, strerror(errno));
	else if (rc != RC_OK)
		outcome_fail(o, CODE_BUG, "%s: out of memory", name);
	else if (getentropy(key, sizeof(key)) != 0)
		outcome_fail(o, CODE_BUG, "no random numbers: %s", strerror(errno));
	else if ((rc = metainfo_read(&m, buf_bytes(&raw), key)) != RC_OK)
		refuse(&m, rc, name, o);
	else
		write_out(p, &m, o);
	metainfo_clear(&m);
	buf_clear(&raw);
}
