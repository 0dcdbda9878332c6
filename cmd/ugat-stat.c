/* SPDX-License-Identifier: ISC */
/* ugat-stat: what runs here, and how what ended did. See ugat-stat(1). */
#include <unistd.h>

#include "cmd/tool.h"
#include "run/stat.h"

static const struct tool_option options[] = {
	{ 'w', NULL, "again every second" },
	{ 'f', NULL, "forget the runs that are over" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-stat",
	.purpose = "the downloads that run, and how the last ones ended",
	.operands = "[BTIH...]",
	.options = options,
};

int
main(int argc, char **argv)
{
	struct stat_options o = {
		.out = STDOUT_FILENO, .err = STDERR_FILENO, .command = tool.name
	};
	struct outcome end = { .code = CODE_OK };
	const char *argument;
	int letter, at;

	tool_start(&tool);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		switch (letter) {
		case 'w': o.watch = true; break;
		case 'f': o.forget = true; break;
		case 'q': o.quiet = true; break;
		case 'v': o.verbose = true; break;
		}
	if (o.watch && o.forget)
		tool_usage(&tool, "-w and -f: what is forgotten cannot be watched");
	o.names = argv + at;
	o.n_names = (size_t)(argc - at);
	stat_run(&o, &end);
	tool_end(&tool, &end, false);
}
