/* SPDX-License-Identifier: ISC */
#include <locale.h>
#include <unistd.h>

#include "cmd/tool.h"
#include "run/pick.h"

static const struct tool_option options[] = {
	{ 'x', NULL, "drop what matches, keep the rest" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-pick",
	.purpose = "choose files of a torrent, in the pipe",
	.operands = "GLOB|N[-M]...",
	.options = options,
	.records = true,
};

int
main(int argc, char **argv)
{
	struct pick_options p = { .in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.command = tool.name };
	struct outcome o = { .code = CODE_OK };
	const char *argument;
	int at, letter;

	tool_start(&tool);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		if (letter == 'x')
			p.drop = true;
		else if (letter == 'v')
			p.verbose = true;
	if (at == argc)
		tool_usage(&tool, "which files?");
	if (isatty(STDIN_FILENO) != 0)
		tool_usage(&tool, "it reads records: ugat-parse FILE | ugat-pick ...");
	/* Paths are UTF-8 wherever we run, so `?` is a character and not a byte. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	p.rules = argv + at;
	p.n_rules = (size_t)(argc - at);
	p.only_files = isatty(STDOUT_FILENO) != 0;
	pick_run(&p, &o);
	tool_end(&tool, &o, true);
}
