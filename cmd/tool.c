/* SPDX-License-Identifier: ISC */
/* Options, from one table; their values are toolvalue.c's, usage and help toolhelp.c's.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/tool_parts.h"

const struct tool_option tool_common[] = {
	{ 'h', NULL, "this help" },
	{ 'V', NULL, "the version" },
	{ 'q', NULL, "quieter: no progress, no remarks" },
	{ 'v', NULL, "say why" },
	{ 0, NULL, NULL },
};

const struct tool_option *
tool_find(const struct tool_option *options, int letter)
{
	for (; options->letter != 0; options++)
		if (options->letter == letter)
			return options;
	return NULL;
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
		    (tool_find(t->options, word[1]) != NULL ||
		        tool_find(tool_common, word[1]) != NULL);

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
		tool_help(t);
	if (strcmp(word, "--version") == 0)
		tool_version(t);
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
	case 'h': tool_help(t);
	case 'V': tool_version(t);
	case ':':
		tool_usage(
		    t, "-%c needs %s", optopt, tool_find(t->options, optopt)->argument);
	case '?':
		if (optopt == '-')
			tool_usage(t, "%s: no such option", word);
		tool_usage(t, "-%c: no such option", optopt);
	default: *argument = optarg; return letter;
	}
}
