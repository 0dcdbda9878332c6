/* SPDX-License-Identifier: ISC */
/* Usage, help and version, from the table of options. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/tool_parts.h"
#include "io/tty.h"

enum { ROOM_LEAST = 10 }; /* columns; with less it is of no use to break a line */

/* How much of text goes on a line of so many columns. */
static size_t
fold(struct bytes text, size_t columns)
{
	size_t at = 0, depth = 0;

	if (text.n <= columns)
		return text.n;
	for (size_t i = 0; i < text.n && (i <= columns || at == 0); i++) {
		depth += text.p[i] == '[';
		depth -= text.p[i] == ']' && depth > 0;
		if (text.p[i] == ' ' && depth == 0)
			at = i;
	}
	return at == 0 ? text.n : at;
}

/*
 * A line of ASCII: before, then text. On a terminal text is broken where it is too long,
 * at blanks outside of brackets, and goes on below its beginning.
 */
static void
put(FILE *to, const char *before, const char *text)
{
	size_t indent = strlen(before), columns = SIZE_MAX, n;
	struct bytes left = bytes_str(text);

	/* Some terminals wrap a full line. */
	if (isatty(fileno(to)) && tty_width(fileno(to)) > indent + ROOM_LEAST)
		columns = tty_width(fileno(to)) - 1 - indent;
	do {
		n = fold(left, columns);
		(void)fprintf(
		    to, "%*s%.*s\n", (int)indent, before, (int)n, (const char *)left.p);
		left = bytes_from(left, n + 1);
		before = "";
	} while (left.n > 0);
}

static void
print_usage(const struct tool *t, FILE *to)
{
	char before[64], text[1024] = "[-hVqv]";
	size_t n = strlen(text);

	(void)snprintf(before, sizeof(before), "usage: %s ", t->name);
	for (const struct tool_option *o = t->options; o->letter != 0; o++)
		if (tool_find(tool_common, o->letter) == NULL && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, " [-%c%s%s]",
			    o->letter, o->argument == NULL ? "" : " ",
			    o->argument == NULL ? "" : o->argument);
	if (n < sizeof(text) && t->operands[0] != '\0')
		(void)snprintf(text + n, sizeof(text) - n, " %s", t->operands);
	put(to, before, text);
}

static void
print_table(const struct tool_option *options, const struct tool_option *hidden_by)
{
	for (; options->letter != 0; options++) {
		char before[64];

		if (hidden_by != NULL && tool_find(hidden_by, options->letter) != NULL)
			continue;
		(void)snprintf(before, sizeof(before), "  -%c %-8s ", options->letter,
		    options->argument == NULL ? "" : options->argument);
		put(stdout, before, options->meaning);
	}
}

void
tool_help(const struct tool *t)
{
	char before[64];

	(void)snprintf(before, sizeof(before), "%s: ", t->name);
	put(stdout, before, t->purpose);
	print_usage(t, stdout);
	print_table(t->options, NULL);
	print_table(tool_common, t->options);
	printf("See %s(%d) and ugat(7).\n", t->name, t->section == 0 ? 1 : t->section);
	tool_end(t, &(struct outcome){ .code = CODE_OK }, false);
}

void
tool_version(const struct tool *t)
{
	printf("%s %s\n", t->name, UGAT_VERSION);
	tool_end(t, &(struct outcome){ .code = CODE_OK }, false);
}

void
tool_usage(const struct tool *t, const char *format, ...)
{
	struct outcome o = { .code = CODE_USAGE, .words = "see its own words" };
	char raw[OUTCOME_WORDS];

	if (format[0] != '\0') {
		va_list ap;

		va_start(ap, format);
		(void)vsnprintf(raw, sizeof(raw), format, ap);
		va_end(ap);
		(void)text_printable(bytes_str(raw), o.words, sizeof(o.words));
		fprintf(stderr, "%s: %s\n", t->name, o.words);
	}
	print_usage(t, stderr);
	if (t->records)
		tool_put_fail(t, &o);
	exit(CODE_USAGE);
}
