/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <unistd.h>

#include "cmd/tool.h"
#include "run/parse.h"

static const struct tool_option options[] = {
	{ 's', NULL, "a summary for people" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-parse",
	.purpose = "read a .torrent, write records",
	.operands = "[FILE|-]",
	.options = options,
	.records = true,
};

int
main(int argc, char **argv)
{
	struct parse_options p = {
		.out = STDOUT_FILENO, .err = STDERR_FILENO, .command = tool.name
	};
	struct outcome o = { .code = CODE_OK };
	const char *argument;
	int at, letter;

	tool_start(&tool);
	p.summary = isatty(STDOUT_FILENO) != 0;
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		if (letter == 's')
			p.summary = true;
		else if (letter == 'v')
			p.verbose = true;
	if (argc - at > 1)
		tool_usage(&tool, "one torrent a pipeline");
	if (at == argc && isatty(STDIN_FILENO) != 0)
		tool_usage(&tool, "which .torrent?");
	if (at < argc && strcmp(argv[at], "-") != 0)
		p.file = argv[at];
	if (p.file != NULL && strncmp(p.file, "magnet:", strlen("magnet:")) == 0)
		outcome_fail(&o, CODE_DATA,
		    "magnet links are not supported: get the .torrent instead");
	else if (p.file != NULL && strstr(p.file, "://") != NULL &&
	    access(p.file, F_OK) != 0)
		outcome_fail(&o, CODE_NOINPUT,
		    "%s: a URL: have it downloaded: curl -L URL | ugat-parse", p.file);
	else
		parse_run(&p, &o);
	tool_end(&tool, &o, !p.summary);
}
