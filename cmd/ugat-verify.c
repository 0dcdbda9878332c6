/* SPDX-License-Identifier: ISC */
/* ugat-verify: what is on disk, held against records. See ugat-verify(1). */
#include <unistd.h>

#include "cmd/tool.h"
#include "io/hasher.h"
#include "run/verify.h"

static const struct tool_option options[] = {
	{ 's', NULL, "say how each file stands; exit 0 when all are whole, else 1" },
	{ 'z', NULL, "look at the sizes only, and say" },
	{ 'd', "DIR", "where the files are (.)" },
	{ 'j', "N", "threads (one for each core)" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-verify",
	.purpose = "check the files on disk against their pieces",
	.operands = "",
	.options = options,
	.records = true,
};

static void
set(struct verify_options *v, int letter, const char *argument)
{
	switch (letter) {
	case 's': v->say = true; break;
	case 'z': v->say = v->sizes = true; break;
	case 'd': v->dir = argument; break;
	case 'j':
		v->threads =
		    (unsigned)tool_number(&tool, 'j', argument, 1, HASHER_THREADS_MAX);
		break;
	case 'q': v->quiet = true; break;
	case 'v': v->verbose = true; break;
	}
}

int
main(int argc, char **argv)
{
	struct verify_options v = { .in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.dir = ".",
		.command = tool.name,
		.threads = hasher_threads() };
	struct outcome o = { .code = CODE_OK };
	const char *argument;
	int at, letter;

	tool_start(&tool);
	v.say = isatty(STDOUT_FILENO) != 0;
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		set(&v, letter, argument);
	if (at < argc)
		tool_usage(&tool,
		    "%s: no operand expected: ugat-parse FILE | ugat-verify", argv[at]);
	if (isatty(STDIN_FILENO) != 0)
		tool_usage(&tool, "it reads records: ugat-parse FILE | ugat-verify ...");
	verify_run(&v, &o);
	tool_end(&tool, &o, !v.say);
}
