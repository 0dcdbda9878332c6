/* SPDX-License-Identifier: ISC */
/* Cells are kept on a terminal alone, to know how wide each column must be. */
#include "authd/authctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table {
	bool terminal, broken;
	size_t columns, cells, cap;
	char (*cell)[TABLE_CELL];
};

static bool
make_room(struct table *t)
{
	size_t cap = t->cap == 0 ? 256 : t->cap * 2;
	void *p;

	if (t->cells < t->cap)
		return true;
	p = reallocarray(t->cell, cap, sizeof(*t->cell));
	if (p == NULL)
		return false;
	t->cell = p;
	t->cap = cap;
	return true;
}

void
table_text(struct table *t, const char *text)
{
	text = text[0] == '\0' ? "-" : text;
	if (!t->terminal) {
		bool last = ++t->cells % t->columns == 0;

		(void)printf("%s%c", text, last ? '\n' : '\t');
		return;
	}
	if (!make_room(t)) {
		t->broken = true;
		return;
	}
	(void)snprintf(t->cell[t->cells++], TABLE_CELL, "%s", text);
}

void
table_number(struct table *t, uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	table_text(t, text);
}

void
table_date(struct table *t, int64_t s)
{
	char text[DATE_TEXT] = "";

	if (s != 0 && t->terminal)
		date_text(s, text);
	else if (s != 0)
		(void)snprintf(text, sizeof(text), "%lld", (long long)s);
	table_text(t, text);
}

struct table *
table_new(const char *const *headings, bool terminal)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->terminal = terminal;
	for (; headings[t->columns] != NULL; t->columns++)
		if (terminal)
			table_text(t, headings[t->columns]);
	return t;
}

static void
print_aligned(const struct table *t)
{
	size_t width[TABLE_COLUMNS] = { 0 };

	for (size_t i = 0; i < t->cells; i++) {
		size_t n = strlen(t->cell[i]), c = i % t->columns;

		width[c] = n > width[c] ? n : width[c];
	}
	for (size_t i = 0; i < t->cells; i++) {
		size_t c = i % t->columns;

		if (c + 1 == t->columns)
			(void)printf("%s\n", t->cell[i]);
		else
			(void)printf("%-*s  ", (int)width[c], t->cell[i]);
	}
}

enum rc
table_end(struct table *t)
{
	if (t->broken)
		return RC_MEM;
	if (t->terminal)
		print_aligned(t);
	return RC_OK;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	free(t->cell);
	free(t);
}
