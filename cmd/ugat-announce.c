/* SPDX-License-Identifier: ISC */
/*
 * ugat-announce: asks trackers for peers, in the middle of a pipe. See ugat-announce(1).
 */
#include <signal.h>
#include <unistd.h>

#include "cmd/tool.h"
#include "run/announce.h"

enum { ROUND_S_MAX = 24 * 60 * 60 };

static const struct tool_option options[] = {
	{ '1', NULL, "one round only" },
	{ 's', NULL, "only say how many seeders and leechers there are" },
	{ 'p', "PORT", "the port to tell where no ugat-fetch says its own (6881)" },
	{ 'i', "ADDR|IF", "use this address or interface" },
	{ 't', "TIME",
	    "with -1 or -s: give up when nobody has answered for so long (15s)" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-announce",
	.purpose = "ask the trackers of a torrent for peers",
	.operands = "",
	.options = options,
	.records = true,
};

static uint64_t
round_s(const char *text)
{
	uint64_t s = tool_time(&tool, 't', text);

	if (s > ROUND_S_MAX)
		tool_usage(&tool, "-t %s: at most 1d expected", text);
	return s;
}

static void
set(struct announce_options *o, int letter, const char *argument)
{
	switch (letter) {
	case '1': o->once = true; break;
	case 's': o->once = o->scrape = true; break;
	case 'p': o->port = (uint16_t)tool_number(&tool, 'p', argument, 1, 65535); break;
	case 'i': tool_local(&tool, argument, &o->local); break;
	case 't': o->round_s = round_s(argument); break;
	case 'q': o->quiet = true; break;
	case 'v': o->verbose = true; break;
	}
}

int
main(int argc, char **argv)
{
	struct announce_options o = {
		.port = ANNOUNCE_PORT,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.command = tool.name,
	};
	struct outcome end = { .code = CODE_OK };
	const char *argument;
	int letter, at;

	tool_start(&tool);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		set(&o, letter, argument);
	if (at < argc)
		tool_usage(&tool, "%s: no operand expected: ugat-parse FILE | %s",
		    argv[at], tool.name);
	if (o.round_s != 0 && !o.once)
		tool_usage(
		    &tool, "-t goes with -1 or -s: without it trackers are asked on");
	if (o.round_s == 0)
		o.round_s = ANNOUNCE_ROUND_S;
	if (isatty(STDIN_FILENO))
		tool_usage(&tool,
		    "no input: use it as ugat-parse FILE | ugat-announce | ugat-fetch");
	/* A reader that goes away ends it in good order: the trackers are told. */
	(void)signal(SIGPIPE, SIG_IGN);
	announce_run(&o, &end);
	tool_end(&tool, &end, true);
}
