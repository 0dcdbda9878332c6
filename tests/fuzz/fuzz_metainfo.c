/* SPDX-License-Identifier: ISC */
/*
 * core/metainfo: any bytes. What it takes becomes records, and core/torrent takes every
 * one of them and the whole: ugat-parse never writes what ugat-fetch refuses.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/metainfo.h"
#include "core/torrent.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct rooms {
	struct torrent torrent;
	struct line_scratch scratch;
	struct metainfo_room room;
	uint8_t text[LINE_MAX_SIZE];
	bool fit; /* every path is one */
};

static void
insist(int truth)
{
	if (!truth)
		abort();
}

/* The line in w is read again, as the next stage does. */
static void
feed(struct rooms *r, struct linew *w)
{
	struct bytes text;
	struct line l;

	insist(linew_end(w, &text) == RC_OK);
	insist(line_get(bytes_of(text.p, text.n - 1), &l) == RC_OK);
	if (r->fit)
		insist(torrent_add(&r->torrent, &l, &r->scratch) == RC_OK);
}

static void
feed_files(struct rooms *r, const struct metainfo *m)
{
	uint64_t at = 0;
	struct linew w;

	for (size_t i = 0; i < m->n_files; i++) {
		struct rec_file f;

		metainfo_file(m, i, &r->room, &f);
		insist(f.index == i && f.offset == at);
		insist(f.path.n == 0 || rec_check_path(f.path) == RC_OK);
		insist(f.target.n == 0 || rec_check_path(f.target) == RC_OK);
		at += f.length;
		rec_put_file(&w, r->text, sizeof(r->text), &f);
		feed(r, &w);
	}
	insist(at == m->length && at > 0);
}

static void
feed_rest(struct rooms *r, const struct metainfo *m)
{
	struct rec_piece piece = { .index = 0 };
	struct rec_meta meta;
	struct linew w;
	enum rc rc;

	for (size_t i = 0; (rc = metainfo_meta(m, i, &r->room, &meta)) != RC_END; i++) {
		if (rc != RC_OK)
			continue;
		insist(meta.value.n > 0 && meta.value.n <= REC_META_MAX);
		rec_put_meta(&w, r->text, sizeof(r->text), &meta);
		feed(r, &w);
	}
	for (size_t i = 0; i < m->n_trackers; i++) {
		rec_put_tracker(&w, r->text, sizeof(r->text), &m->trackers[i]);
		feed(r, &w);
	}
	for (size_t i = 0; i < m->n_nodes; i++) {
		rec_put_node(&w, r->text, sizeof(r->text), &m->nodes[i]);
		feed(r, &w);
	}
	for (; piece.index < m->pieces.n / 20; piece.index++) {
		memcpy(piece.sha1, m->pieces.p + 20 * piece.index, 20);
		rec_put_piece(&w, r->text, sizeof(r->text), &piece);
		feed(r, &w);
	}
}

static void
feed_all(struct rooms *r, const struct metainfo *m)
{
	struct rec_torrent t;
	struct linew w;

	r->fit = m->name.n > 0;
	for (size_t i = 0; i < m->n_files; i++)
		r->fit = r->fit && !m->files[i].unnamed;
	torrent_init(&r->torrent);
	rec_put_ugat(&w, r->text, sizeof(r->text));
	feed(r, &w);
	metainfo_torrent(m, &t);
	rec_put_torrent(&w, r->text, sizeof(r->text), &t);
	feed(r, &w);
	feed_files(r, m);
	feed_rest(r, m);
	if (r->fit)
		insist(torrent_finish(&r->torrent) == RC_OK);
	torrent_clear(&r->torrent);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[METAINFO_KEY] = "not quite random";
	struct metainfo m;
	enum rc rc = metainfo_read(&m, bytes_of(p, n), key);

	if (rc == RC_OK) {
		struct rooms *r = calloc(1, sizeof(*r));

		insist(r != NULL);
		feed_all(r, &m);
		free(r);
	} else {
		insist(rc == RC_BAD || rc == RC_BIG);
		insist(m.why != NULL && (m.at <= n || m.at == SIZE_MAX));
	}
	metainfo_clear(&m);
	return 0;
}
