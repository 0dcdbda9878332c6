/* SPDX-License-Identifier: ISC */
/* Options, usage and help, from one table; their values are toolvalue.c's. */
#include "cmd/tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static const struct tool_option common[] = {
	{ 'h', NULL, "this help" },
	{ 'V', NULL, "the version" },
	{ 'q', NULL, "quieter: no progress, no remarks" },
	{ 'v', NULL, "say why" },
	{ 0, NULL, NULL },
};

static const struct tool_option *
find(const struct tool_option *options, int letter)
{
	for (; options->letter != 0; options++)
		if (options->letter == letter)
			return options;
	return NULL;
}

static void
print_usage(const struct tool *t, FILE *to)
{
	fprintf(to, "usage: %s [-hVqv]", t->name);
	for (const struct tool_option *o = t->options; o->letter != 0; o++) {
		if (find(common, o->letter) != NULL)
			continue;
		if (o->argument == NULL)
			fprintf(to, " [-%c]", o->letter);
		else
			fprintf(to, " [-%c %s]", o->letter, o->argument);
	}
	fprintf(to, "%s%s\n", t->operands[0] == '\0' ? "" : " ", t->operands);
}

static void
print_table(const struct tool_option *options, const struct tool_option *hidden_by)
{
	for (; options->letter != 0; options++)
		if (hidden_by == NULL || find(hidden_by, options->letter) == NULL)
			printf("  -%c %-8s %s\n", options->letter,
			    options->argument == NULL ? "" : options->argument,
			    options->meaning);
}

static _Noreturn void
print_help(const struct tool *t)
{
	printf("%s: %s\n", t->name, t->purpose);
	print_usage(t, stdout);
	print_table(t->options, NULL);
	print_table(common, t->options);
	printf("See %s(%d) and ugat(7).\n", t->name, t->section == 0 ? 1 : t->section);
	tool_end(t, &(struct outcome){ .code = CODE_OK }, false);
}

static _Noreturn void
print_version(const struct tool *t)
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

/*
 * Options end at the first operand. One behind it was hardly meant as an operand, unless
 * "--" says so or a file has that name.
 */
static void
check_operands(const struct tool *t, int argc, char **argv, int at)
{
	if (at > 0 && strcmp(argv[at - 1], "--") == 0)
		return;
	for (int i = at; i < argc; i++) {
		const char *word = argv[i];
		bool known = word[0] == '-' && word[1] != '\0' &&
		    (find(t->options, word[1]) != NULL || find(common, word[1]) != NULL);

		if (known && access(word, F_OK) != 0)
			tool_usage(t, "%s: options stand before all else, here before %s",
			    word, argv[at]);
	}
}

int
tool_next(const struct tool *t, int argc, char **argv, int *at, const char **argument)
{
	char spec[64] = "+:hVqv";
	const char *word = optind < argc ? argv[optind] : "";
	size_t n = strlen(spec);
	int letter;

	*argument = NULL;
	if (strcmp(word, "--help") == 0)
		print_help(t);
	if (strcmp(word, "--version") == 0)
		print_version(t);
	for (const struct tool_option *o = t->options;
	     o->letter != 0 && n + 3 < sizeof(spec); o++) {
		spec[n++] = o->letter;
		if (o->argument != NULL)
			spec[n++] = ':';
		spec[n] = '\0';
	}
	letter = getopt(argc, argv, spec);
	switch (letter) {
	case -1:
		check_operands(t, argc, argv, optind);
		*at = optind;
		return -1;
	case 'h': print_help(t);
	case 'V': print_version(t);
	case ':':
		tool_usage(t, "-%c needs %s", optopt, find(t->options, optopt)->argument);
	case '?':
		if (optopt == '-')
			tool_usage(t, "%s: no such option", word);
		tool_usage(t, "-%c: no such option", optopt);
	default: *argument = optarg; return letter;
	}
}
