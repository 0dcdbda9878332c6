/* SPDX-License-Identifier: ISC */
/*
 * Every cell is made twice, once to be measured and once to be written, so that thousands
 * of rows cost no memory.
 */
#include "run/stat_table.h"

#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/text.h"

enum column {
	BTIH,
	STATE,
	NAME,
	PERCENT,
	SIZE,
	DOWN,
	UP,
	PEERS,
	SEEDS,
	ETA,
	EXIT,
	DIR,
	COLUMNS
};

enum {
	CELL = 2048,
	BTIH_SHOWN = 8, /* digits */
	STATE_MOST = 10,
	NAME_LEAST = 12,
	GAP = 2,
	INDENT = 4,
	COLUMNS_MAX = 400,
};

static const struct {
	const char *heading;
	bool left;
} columns[COLUMNS] = {
	[BTIH] = { "BTIH", true },
	[STATE] = { "STATE", true },
	[NAME] = { "NAME", true },
	[PERCENT] = { "%", false },
	[SIZE] = { "SIZE", false },
	[DOWN] = { "DOWN", false },
	[UP] = { "UP", false },
	[PEERS] = { "PEERS", false },
	[SEEDS] = { "SEEDS", false },
	[ETA] = { "ETA", false },
	[EXIT] = { "EXIT", false },
	[DIR] = { "DIR", true },
};

struct table {
	size_t width[COLUMNS];
	bool shown[COLUMNS];
	size_t most; /* columns of a line */
	bool utf8;
	struct buf *out;
};

bool
stat_row_is_over(const struct stat_row *row)
{
	return row->r.ended || !row->alive;
}

static size_t
put_foreign(const struct table *t, struct bytes text, size_t most, char out[static CELL])
{
	struct progress_room room = { .columns = (unsigned)most, .utf8 = t->utf8 };

	return progress_name(text, room, out, CELL);
}

static void
put_rate(uint64_t rate, char out[static CELL])
{
	char size[HUMAN_SIZE];

	human_size(rate, size);
	(void)snprintf(out, CELL, "%s/s", size);
}

/* What only a run that goes on has. */
static void
put_live(const struct rec_status *r, enum column c, char out[static CELL])
{
	switch (c) {
	case DOWN: put_rate(r->down_rate, out); break;
	case UP: put_rate(r->up_rate, out); break;
	case PEERS:
		(void)snprintf(out, CELL, "%llu", (unsigned long long)r->peers);
		break;
	case SEEDS:
		(void)snprintf(out, CELL, "%llu", (unsigned long long)r->seeds);
		break;
	default:
		if (r->has_eta)
			human_time(r->eta_s, out);
		break;
	}
}

/* The text of a cell; a name is cut to name_most columns. */
static void
put_cell(const struct table *t, const struct stat_row *row, enum column c,
    size_t name_most, char out[static CELL])
{
	(void)snprintf(out, CELL, "-");
	switch (c) {
	case BTIH: text_hex(row->btih, BTIH_SHOWN / 2, out); break;
	case STATE: (void)put_foreign(t, row->r.state, STATE_MOST, out); break;
	case NAME: (void)put_foreign(t, row->r.name, name_most, out); break;
	case PERCENT:
		(void)snprintf(
		    out, CELL, "%u%%", progress_percent(row->r.had, row->r.wanted));
		break;
	case SIZE: progress_sizes(row->r.had, row->r.wanted, out); break;
	case DIR:
		if (row->r.dir.n > 0)
			(void)put_foreign(t, row->r.dir, COLUMNS_MAX, out);
		break;
	case EXIT:
		if (row->r.ended)
			(void)snprintf(
			    out, CELL, "%llu", (unsigned long long)row->r.code);
		break;
	default:
		if (!stat_row_is_over(row))
			put_live(&row->r, c, out);
		break;
	}
}

static size_t
cell_width(const struct table *t, const struct stat_row *row, enum column c)
{
	char cell[CELL];

	put_cell(t, row, c, COLUMNS_MAX, cell);
	return text_columns(bytes_str(cell));
}

static void
measure(struct table *t, const struct stat_row *rows, size_t n)
{
	for (int c = 0; c < COLUMNS; c++) {
		t->width[c] = strlen(columns[c].heading);
		t->shown[c] = c != EXIT && c != DIR;
	}
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].chosen)
			continue;
		for (int c = 0; c < COLUMNS; c++) {
			size_t width = cell_width(t, &rows[i], (enum column)c);

			if (width > t->width[c])
				t->width[c] = width;
		}
		if (stat_row_is_over(&rows[i]))
			t->shown[EXIT] = true;
		if (rows[i].r.dir.n > 0)
			t->shown[DIR] = true;
	}
}

/* Columns of a whole line, with a name of so many. */
static size_t
line_width(const struct table *t, size_t name)
{
	size_t used = 0;

	for (int c = 0; c < COLUMNS; c++)
		if (t->shown[c])
			used += (c == NAME ? name : t->width[c]) + GAP;
	return used - GAP;
}

static void
fit(struct table *t)
{
	static const enum column order[] = { DIR, SEEDS, UP, PEERS, BTIH, SIZE, ETA, DOWN,
		EXIT, STATE };
	size_t least = t->width[NAME] < NAME_LEAST ? t->width[NAME] : NAME_LEAST, rest;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (line_width(t, least) > t->most)
			t->shown[order[i]] = false;
	rest = line_width(t, 0);
	rest = rest < t->most ? t->most - rest : 1;
	if (t->width[NAME] > rest)
		t->width[NAME] = rest;
}

/* One line of cells; blanks at its end are not written. */
static enum rc
put_line(struct table *t, const struct stat_row *row)
{
	size_t owed = 0; /* blanks before whatever comes next */
	char cell[CELL];
	enum rc rc = RC_OK;

	for (int c = 0; c < COLUMNS && rc == RC_OK; c++) {
		size_t width, pad;

		if (!t->shown[c])
			continue;
		if (row == NULL)
			(void)snprintf(cell, sizeof(cell), "%.*s", (int)t->width[c],
			    columns[c].heading);
		else
			put_cell(t, row, (enum column)c, t->width[c], cell);
		width = text_columns(bytes_str(cell));
		pad = t->width[c] > width ? t->width[c] - width : 0;
		if (!columns[c].left)
			owed += pad;
		rc = buf_printf(t->out, "%*s%s", (int)owed, "", cell);
		owed = GAP + (columns[c].left ? pad : 0);
	}
	return rc == RC_OK ? buf_add(t->out, "\n", 1) : rc;
}

static enum rc
put_cause(struct table *t, const struct stat_row *row)
{
	char cell[CELL];

	if (!stat_row_is_over(row) || row->r.why.n == 0 || t->most <= INDENT)
		return RC_OK;
	(void)put_foreign(t, row->r.why, t->most - INDENT, cell);
	return buf_printf(t->out, "%*s%s\n", INDENT, "", cell);
}

enum rc
stat_table(
    const struct stat_row *rows, size_t n, struct progress_room room, struct buf *out)
{
	struct table t = { .utf8 = room.utf8, .out = out };
	enum rc rc;

	t.most = room.columns > COLUMNS_MAX ? COLUMNS_MAX : room.columns;
	t.most = t.most > 1 ? t.most - 1 : 1; /* some terminals wrap a full line */
	measure(&t, rows, n);
	fit(&t);
	rc = put_line(&t, NULL);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		if (!rows[i].chosen)
			continue;
		rc = put_line(&t, &rows[i]);
		if (rc == RC_OK)
			rc = put_cause(&t, &rows[i]);
	}
	return rc;
}
