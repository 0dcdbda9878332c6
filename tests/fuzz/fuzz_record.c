/* SPDX-License-Identifier: ISC */
/*
 * codec/line and codec/record: any text, line by line. What was read is written, read and
 * written again: both writings are the same bytes. And any bytes at all come back from a
 * field as they were.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct rooms {
	struct line_scratch scratch;
	uint8_t text[LINE_MAX_SIZE];
};

static void
insist(int truth)
{
	if (!truth)
		abort();
}

/*
 * Read l by its kind and write what was read into w. Returns what the reader said;
 * RC_NONE for kinds without content, or that are not written here.
 */
static enum rc
rewrite(const struct line *l, struct rooms *at, struct linew *w)
{
	struct line_scratch *s = &at->scratch;
	size_t cap = sizeof(at->text);
	uint8_t *p = at->text;
	enum rc rc;

	line_scratch_reset(s);
	/* A case of the switch below: r is read by its kind and written again. */
#define CASE(KIND, name)                                      \
	case KIND: {                                          \
		struct rec_##name r;                          \
		if ((rc = rec_get_##name(l, s, &r)) == RC_OK) \
			rec_put_##name(w, p, cap, &r);        \
		return rc;                                    \
	}
#define BARE(KIND, name)                                   \
	case KIND: {                                       \
		struct rec_##name r;                       \
		if ((rc = rec_get_##name(l, &r)) == RC_OK) \
			rec_put_##name(w, p, cap, &r);     \
		return rc;                                 \
	}
	switch (rec_kind(l)) {
		CASE(REC_TORRENT, torrent)
		CASE(REC_TRACKER, tracker)
		CASE(REC_FILE, file)
		CASE(REC_PEER, peer)
		CASE(REC_ANNOUNCED, announced)
		CASE(REC_FAIL, fail)
		CASE(REC_STATUS, status)
		BARE(REC_PIECE, piece)
		BARE(REC_CHECKED, checked)
		BARE(REC_HAVE, have)
	case REC_SELF: {
		uint8_t id[20];

		if ((rc = rec_get_self(l, id)) == RC_OK)
			rec_put_self(w, p, cap, id);
		return rc;
	}
	case REC_DENY: {
		struct rec_deny r;

		if (rec_get_deny(l, &r) == RC_OK)
			insist(r.bits <= 128);
		return RC_NONE;
	}
	default: return RC_NONE;
	}
}

static void
one_line(struct bytes text, struct rooms *first, struct rooms *second)
{
	struct bytes out, again;
	struct linew w;
	struct line l;

	if (line_get(text, &l) != RC_OK)
		return;
	(void)!rec_check(&l);
	if (rewrite(&l, first, &w) != RC_OK || linew_end(&w, &out) != RC_OK)
		return;
	insist(line_get(bytes_of(out.p, out.n - 1), &l) == RC_OK);
	insist(rewrite(&l, second, &w) == RC_OK);
	insist(linew_end(&w, &again) == RC_OK);
	insist(bytes_eq(out, again));
}

static void
one_field(struct bytes raw, struct rooms *at)
{
	struct bytes out;
	struct linew w;
	struct line l;

	linew_begin(&w, at->text, sizeof(at->text), "k");
	linew_text(&w, raw);
	if (linew_end(&w, &out) != RC_OK)
		return;
	for (size_t i = 0; i + 1 < out.n; i++)
		insist((out.p[i] >= ' ' || out.p[i] == '\t') && out.p[i] != 0x7f);
	insist(line_get(bytes_of(out.p, out.n - 1), &l) == RC_OK && l.n == 1);
	line_scratch_reset(&at->scratch);
	insist(line_text(l.field[0], &at->scratch, &out) == RC_OK);
	insist(bytes_eq(out, raw));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rooms *rooms = malloc(2 * sizeof(*rooms));
	struct bytes rest = bytes_of(p, n);

	if (rooms == NULL)
		return 0;
	one_field(rest, rooms);
	while (rest.n > 0) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.n);
		size_t size = lf == NULL ? rest.n : (size_t)(lf - rest.p);

		one_line(bytes_of(rest.p, size), &rooms[0], &rooms[1]);
		rest = bytes_from(rest, size + 1);
	}
	free(rooms);
	return 0;
}
