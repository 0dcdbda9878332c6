/* SPDX-License-Identifier: ISC */
/*
 * A line is a row of parts, each with a gap before it. Parts leave in a fixed order until
 * the rest fits; the bar takes what is left over, the name is cut before anything but the
 * bar goes.
 */
#include "base/progress.h"

#include <stdio.h>

#include "base/human.h"
#include "base/text.h"

enum {
	NAME_USUAL = 32, /* columns a name takes without hindering anybody */
	NAME_LEAST = 12, /* below this, other parts go first */
	NAME_STUB = 4,   /* fewer columns of a name tell nothing */
	BAR_USUAL = 30,
	BAR_LEAST = 7,
	PART = PROGRESS_SIZES,
	COLUMNS_MAX = 400, /* keeps every line within PROGRESS_LINE */
};

enum part { PERCENT, SIZES, DOWN, UP, PEERS, ETA, PARTS };

struct parts {
	char text[PARTS][PART]; /* ASCII; empty: not shown */
};

/* Columns before each part: those of one theme stand closer. */
static size_t
gap_before(enum part p)
{
	return p == PERCENT ? 0 : p == SIZES || p == UP ? 1 : 2;
}

/* Columns of all of them. */
static size_t
width_of(const struct parts *ps)
{
	size_t used = 0;

	for (int i = 0; i < PARTS; i++) {
		size_t n = strlen(ps->text[i]);

		if (n > 0)
			used += (used == 0 ? 0 : gap_before((enum part)i)) + n;
	}
	return used;
}

void
progress_sizes(uint64_t have, uint64_t total, char out[static PROGRESS_SIZES])
{
	char size[HUMAN_SIZE];
	const char *unit;
	double scale = 1, whole;

	human_size(total, size);
	if (total == 0) {
		(void)snprintf(out, PROGRESS_SIZES, "%s", size);
		return;
	}
	unit = strchr(size, ' ');
	for (const char *u = "BKMGTPE"; *u != '\0' && *u != unit[1]; u++)
		scale *= 1024;
	whole = (double)total / scale;
	(void)snprintf(out, PROGRESS_SIZES, "%.*f/%s",
	    scale < 2 || whole >= 99.95 ? 0
	        : whole < 9.995         ? 2
	                                : 1,
	    (double)have / scale, size);
}

unsigned
progress_percent(uint64_t have, uint64_t total)
{
	if (have >= total)
		return 100;
	return (unsigned)((double)have / (double)total * 100.0);
}

/* What is done, how fast, and to how many files. */
static void
put_state(struct parts *ps, const struct progress *p)
{
	char size[HUMAN_SIZE];

	human_size(p->rate, size);
	(void)snprintf(
	    ps->text[DOWN], PART, p->rate == 0 ? "%s" : "%s %s/s", p->state, size);
	if (p->total_files > 1)
		(void)snprintf(ps->text[PEERS], PART, "%llu/%llu files",
		    (unsigned long long)p->files, (unsigned long long)p->total_files);
}

static void
make_parts(struct parts *ps, const struct progress *p)
{
	char size[HUMAN_SIZE];

	*ps = (struct parts){ .text = { "" } };
	if (p->endless) {
		human_size(p->have, size);
		(void)snprintf(ps->text[SIZES], PART, "%s", size);
	} else if (p->total > 0 || p->state == NULL) {
		(void)snprintf(ps->text[PERCENT], PART, "%3u%%",
		    progress_percent(p->have, p->total));
		progress_sizes(p->have, p->total, ps->text[SIZES]);
	}
	if (p->state != NULL) {
		put_state(ps, p);
	} else {
		human_size(p->down_rate, size);
		(void)snprintf(ps->text[DOWN], PART, "%s/s down", size);
		human_size(p->up_rate, size);
		(void)snprintf(ps->text[UP], PART, "%s/s up", size);
		(void)snprintf(ps->text[PEERS], PART, "%u peer%s", p->peers,
		    p->peers == 1 ? "" : "s");
	}
	if (p->has_eta) {
		human_time(p->eta_s, size);
		(void)snprintf(ps->text[ETA], PART, "ETA %s", size);
	}
}

/* The name as it may be shown; without UTF-8, a '?' for each character beyond ASCII. */
static size_t
show_name(struct bytes name, bool utf8, char *out, size_t size)
{
	size_t n, to = 0;

	if (name.n == 0)
		return text_printable(name, out, size);
	n = text_name(name, out, size);

	for (size_t i = 0; i < n && !utf8; i++) {
		uint8_t c = (uint8_t)out[i];

		if (c < 0x80)
			out[to++] = out[i];
		else if ((c & 0xc0) != 0x80)
			out[to++] = '?';
	}
	if (!utf8)
		out[n = to] = '\0';
	return n;
}

/* Cut *n bytes of name to columns, the last one a mark that it was cut. */
static size_t
cut_name(char *name, size_t n, size_t columns)
{
	size_t at;

	if (text_columns(bytes_of(name, n)) <= columns)
		return n;
	if (columns == 0)
		return 0;
	at = text_fit(bytes_of(name, n), columns - 1);
	name[at++] = '~';
	return at;
}

size_t
progress_name(struct bytes name, struct progress_room room, char *out, size_t size)
{
	size_t n = cut_name(out, show_name(name, room.utf8, out, size - 1), room.columns);

	out[n] = '\0';
	return n;
}

static size_t
put_bar(char *out, size_t width, unsigned percent)
{
	size_t inner = width - 2, full = inner * percent / 100;

	out[0] = '[';
	memset(out + 1, '#', full);
	memset(out + 1 + full, '.', inner - full);
	out[width - 1] = ']';
	return width;
}

static size_t
put_gap(char *out, size_t at, size_t n)
{
	memset(out + at, ' ', n);
	return at + n;
}

/* Drop parts until they and, where that is possible, a name of least columns fit. */
static void
make_fit(struct parts *ps, size_t columns, size_t least)
{
	static const enum part order[] = { UP, PEERS, ETA, SIZES };
	size_t before = least == 0 ? 0 : least + 2;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (width_of(ps) + before > columns)
			ps->text[order[i]][0] = '\0';
	if (width_of(ps) > columns)
		ps->text[DOWN][0] = '\0';
}

static size_t
usable(struct progress_room room)
{
	size_t columns = room.columns > COLUMNS_MAX ? COLUMNS_MAX : room.columns;

	return columns > 1 ? columns - 1 : 1;
}

size_t
progress_line(const struct progress *p, struct bytes name, struct progress_room room,
    char out[static PROGRESS_LINE])
{
	char shown[PROGRESS_LINE / 2];
	struct parts ps;
	size_t columns = usable(room), at = 0, wide, free_columns;
	size_t n = show_name(name, room.utf8, shown, sizeof(shown) - 1);

	make_parts(&ps, p);
	wide = text_columns(bytes_of(shown, n));
	make_fit(&ps, columns, wide < NAME_LEAST ? wide : NAME_LEAST);
	free_columns = width_of(&ps);
	free_columns = columns > free_columns ? columns - free_columns : 0;
	wide = wide < NAME_USUAL ? wide : NAME_USUAL;
	wide = free_columns < 3 ? 0 : wide < free_columns - 2 ? wide : free_columns - 2;
	if (wide < NAME_STUB && wide < text_columns(bytes_of(shown, n)))
		wide = 0;
	n = cut_name(shown, n, wide);
	if (n > 0) {
		memcpy(out, shown, n);
		at = put_gap(out, n, 2);
		free_columns -= text_columns(bytes_of(shown, n)) + 2;
	}
	if (free_columns >= BAR_LEAST + 1 && ps.text[PERCENT][0] != '\0') {
		size_t width =
		    free_columns - 1 < BAR_USUAL ? free_columns - 1 : BAR_USUAL;

		at += put_bar(out + at, width, progress_percent(p->have, p->total));
		at = put_gap(out, at, 1);
	}
	for (int i = 0, nth = 0; i < PARTS; i++) {
		size_t length = strlen(ps.text[i]);

		if (length == 0)
			continue;
		at = put_gap(out, at, nth++ == 0 ? 0 : gap_before((enum part)i));
		memcpy(out + at, ps.text[i], length);
		at += length;
	}
	out[at] = '\0';
	return at;
}

size_t
progress_last(struct bytes name, uint64_t bytes, uint64_t ms, struct progress_room room,
    char out[static PROGRESS_LINE])
{
	char shown[PROGRESS_LINE / 2], rest[PART * 2], size[HUMAN_SIZE], took[HUMAN_SIZE],
	    rate[HUMAN_SIZE];
	size_t n = show_name(name, room.utf8, shown, sizeof(shown) - 1), columns, length;

	human_size(bytes, size);
	human_span(ms, took);
	human_size(
	    (uint64_t)((double)bytes * 1000.0 / (ms > 0 ? (double)ms : 1.0)), rate);
	if (bytes == 0)
		(void)snprintf(rest, sizeof(rest), "was there already");
	else
		(void)snprintf(rest, sizeof(rest), "%s in %s, %s/s", size, took, rate);
	length = strlen(rest);
	columns = usable(room);
	n = cut_name(shown, n, columns > length + 2 ? columns - length - 2 : 0);
	memcpy(out, shown, n);
	if (n > 0) {
		memcpy(out + n, ": ", 2);
		n += 2;
	}
	memcpy(out + n, rest, length + 1);
	return n + length;
}
