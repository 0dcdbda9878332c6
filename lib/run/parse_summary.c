/* SPDX-License-Identifier: ISC */
/* What a person wants to know of a torrent. Every foreign byte is made printable. */
#include "run/parse.h"

#include <stdio.h>
#include <time.h>

#include "base/human.h"
#include "base/text.h"

enum { SHOWN = 20, COMMENT_LINES = 10, TEXT = 4 * 1024 };

struct summary {
	const struct metainfo *m;
	struct buf *out;
	enum rc rc;
	struct metainfo_room room;
	char text[TEXT + 1];
};

/* A line with its label, which is empty where the one above goes on. */
static void
line(struct summary *s, const char *label, const char *text)
{
	if (s->rc == RC_OK)
		s->rc = buf_printf(s->out, "%-10s  %s\n", label, text);
}

static void
foreign(struct summary *s, const char *label, struct bytes text)
{
	(void)text_printable(text, s->text, sizeof(s->text));
	line(s, label, s->text);
}

static void
name(struct summary *s, const char *label, struct bytes path)
{
	if (path.n == 0)
		path = bytes_str("(no name that can be a path)");
	(void)text_name(path, s->text, sizeof(s->text));
	line(s, label, s->text);
}

static void
more(struct summary *s, size_t n, const char *what)
{
	char text[64];

	if (n <= SHOWN)
		return;
	(void)snprintf(text, sizeof(text), "... and %zu more %s", n - SHOWN, what);
	line(s, "", text);
}

static void
show_sizes(struct summary *s)
{
	const struct metainfo *m = s->m;
	char size[HUMAN_SIZE], text[128];
	uint64_t length = 0, pieces;
	size_t files = 0, links = 0;

	for (size_t i = 0; i < m->n_files; i++) {
		if (m->files[i].pad)
			continue;
		length += m->files[i].length;
		files++;
		links += m->files[i].symlink;
	}
	human_size(length, size);
	(void)snprintf(text, sizeof(text), length < 1024 ? "%s" : "%s (%llu bytes)", size,
	    (unsigned long long)length);
	line(s, "Size", text);
	pieces = (m->length - 1) / m->piece_length + 1;
	human_size(m->piece_length, size);
	(void)snprintf(
	    text, sizeof(text), "%llu of %s", (unsigned long long)pieces, size);
	line(s, "Pieces", text);
	if (links > 0)
		(void)snprintf(text, sizeof(text),
		    "%zu, of these %zu symbolic links that are not made", files, links);
	else
		(void)snprintf(text, sizeof(text), "%zu", files);
	line(s, "Files", text);
}

static void
show_hashes(struct summary *s)
{
	char hex[65];

	if (s->m->has_v1) {
		text_hex(s->m->btih, sizeof(s->m->btih), hex);
		line(s, "Info-hash", hex);
	}
	if (s->m->has_v2) {
		text_hex(s->m->btmh, sizeof(s->m->btmh), hex);
		line(s, s->m->has_v1 ? "v2 hash" : "Info-hash", hex);
	}
	if (!s->m->has_v1)
		line(s, "",
		    "v2 only, which ugat-fetch does not load: get a v1 or hybrid one");
	line(s, "Private", s->m->private ? "yes" : "no");
}

static void
show_date(struct summary *s, struct bytes digits)
{
	char text[64];
	struct tm tm;
	uint64_t v;
	time_t t;

	/* A date that gmtime cannot tell, or before 1970, stays the number it is. */
	if (text_u64(digits, INT64_MAX, &v) == RC_OK) {
		t = (time_t)v;
		if (gmtime_r(&t, &tm) != NULL &&
		    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) > 0) {
			line(s, "Created", text);
			return;
		}
	}
	foreign(s, "Created", digits);
}

static void
show_comment(struct summary *s, struct bytes text)
{
	const char *label = "Comment";

	for (size_t lines = 0; text.n > 0; lines++) {
		const uint8_t *lf = memchr(text.p, '\n', text.n);
		struct bytes one =
		    bytes_of(text.p, lf == NULL ? text.n : (size_t)(lf - text.p));

		text = bytes_from(text, one.n + 1);
		if (one.n > 0 && one.p[one.n - 1] == '\r')
			one.n--;
		if (lines == COMMENT_LINES) {
			line(s, "", "...");
			return;
		}
		foreign(s, label, one);
		label = "";
	}
}

static void
show_meta(struct summary *s)
{
	struct rec_meta r;
	enum rc rc;

	for (size_t i = 0; (rc = metainfo_meta(s->m, i, &s->room, &r)) != RC_END; i++) {
		if (rc != RC_OK)
			continue;
		if (bytes_is(r.key, "comment"))
			show_comment(s, r.value);
		else if (bytes_is(r.key, "creation-date"))
			show_date(s, r.value);
		else if (bytes_is(r.key, "created-by"))
			foreign(s, "Made by", r.value);
		else if (bytes_is(r.key, "source"))
			foreign(s, "Source", r.value);
	}
}

static void
show_links(struct summary *s)
{
	const struct metainfo *m = s->m;

	for (size_t i = 0; i < m->n_trackers && i < SHOWN; i++)
		foreign(s, i == 0 ? "Trackers" : "", m->trackers[i].url);
	more(s, m->n_trackers, "trackers");
	if (m->n_trackers == 0)
		line(s, "Trackers", "none");
	for (size_t i = 0; i < m->n_webseeds && i < SHOWN; i++)
		foreign(s, i == 0 ? "Web seeds" : "", m->webseeds[i].url);
	more(s, m->n_webseeds, "web seeds");
}

static void
show_files(struct summary *s)
{
	const struct metainfo *m = s->m;
	size_t shown = 0;

	if (s->rc == RC_OK)
		s->rc = buf_printf(s->out, "\n");
	for (size_t i = 0; i < m->n_files; i++) {
		char size[HUMAN_SIZE];
		struct rec_file r;

		if (m->files[i].pad)
			continue;
		if (shown++ >= SHOWN)
			continue;
		metainfo_file(m, i, &s->room, &r);
		human_size(r.length, size);
		name(s, r.symlink ? "link" : size, r.path);
	}
	more(s, shown, "files");
}

enum rc
parse_summary(const struct metainfo *m, struct buf *out)
{
	struct summary s = { .m = m, .out = out };

	name(&s, "Name", m->name);
	show_sizes(&s);
	show_hashes(&s);
	show_meta(&s);
	show_links(&s);
	show_files(&s);
	return s.rc;
}
