/* SPDX-License-Identifier: ISC */
/* ugat-fetch: records in, verified files out. See ugat-fetch(1). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/tool.h"
#include "run/fetch.h"

enum {
	MEMORY = 48 << 20,
	MEMORY_MIN = 1 << 20,
	RATE_MIN = 1024,
	PEERS = 50,
	PEERS_MAX = 1000,
	STALL_S = 600
};

static const struct tool_option options[] = {
	{ 'd', "DIR", "where the files belong (.)" },
	{ 'o', "FILE|-", "write one file's bytes in order to FILE or stdout" },
	{ 'k', NULL, "go on serving when all is there" },
	{ 'R', "RATIO", "with -k: until so many times the size was sent" },
	{ 'T', "TIME", "with -k: until so long after all was there" },
	{ 'f', NULL, "distrust the journal; with -o: write over FILE" },
	{ 'p', "PORT", "listen on this port only (6881 to 6889, else any)" },
	{ 'i', "ADDR|IF", "use this address or interface for every connection" },
	{ 'D', "RATE", "download at most so many bytes a second" },
	{ 'U', "RATE", "upload at most so many bytes a second" },
	{ 'm', "SIZE", "memory for pieces (48M)" },
	{ 'j', "PEERS", "connections at once (50)" },
	{ 't', "TIME", "give up when stalled for so long (10m)" },
	{ 'w', NULL, "write a status record to stdout every second" },
	{ '0', NULL, "write bare paths that end in NUL" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-fetch",
	.purpose = "download what the records on standard input describe",
	.operands = "",
	.options = options,
};

static void
set(struct fetch_options *o, int letter, const char *argument)
{
	switch (letter) {
	case 'd': o->dir = argument; break;
	case 'o': o->stream = argument; break;
	case 'f': o->distrust = true; break;
	case 'k': o->keep = true; break;
	case 'R':
		o->ratio = tool_ratio(&tool, 'R', argument);
		if (o->ratio == 0)
			tool_usage(&tool, "-R %s: more than 0 expected", argument);
		break;
	case 'T': o->keep_s = tool_time(&tool, 'T', argument); break;
	case 'p':
		o->port = (uint16_t)tool_number(&tool, 'p', argument, 1, 65535);
		o->fixed_port = true;
		break;
	case 'i': tool_local(&tool, argument, &o->local); break;
	case 'D': o->down_rate = tool_rate(&tool, 'D', argument, RATE_MIN); break;
	case 'U': o->up_rate = tool_rate(&tool, 'U', argument, RATE_MIN); break;
	case 'm':
		o->memory = tool_size(&tool, 'm', argument);
		if (o->memory < MEMORY_MIN)
			tool_usage(&tool, "-m %s: at least 1M expected", argument);
		break;
	case 'j':
		o->most_conns = (unsigned)tool_number(&tool, 'j', argument, 1, PEERS_MAX);
		break;
	case 't': o->stall_s = tool_time(&tool, 't', argument); break;
	case 'w': o->watch = true; break;
	case '0': o->nul = true; break;
	case 'q': o->quiet = true; break;
	case 'v': o->verbose = true; break;
	}
}

/* Where the files belong, and what goes with -o. Returns whether that has stdout. */
static bool
check_stream(struct fetch_options *o)
{
	const char *tmp = getenv("TMPDIR");
	bool to_stdout = o->stream != NULL && strcmp(o->stream, "-") == 0;

	if (to_stdout && (o->watch || o->nul))
		tool_usage(&tool, "-o - leaves no room for -%c on standard output",
		    o->watch ? 'w' : '0');
	o->pass = o->stream != NULL && o->dir == NULL;
	if (o->pass && o->keep)
		tool_usage(&tool, "-k with -o needs -d: else nothing is kept");
	o->chosen = o->dir != NULL || o->pass;
	if (o->dir == NULL)
		o->dir = !o->pass ? "." : tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
	return to_stdout;
}

int
main(int argc, char **argv)
{
	struct fetch_options o = {
		.memory = MEMORY,
		.most_conns = PEERS,
		.stall_s = STALL_S,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.command = tool.name,
	};
	struct outcome end = { .code = CODE_OK };
	const char *argument;
	int letter, at;
	bool to_stdout;

	tool_start(&tool);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		set(&o, letter, argument);
	if (at < argc)
		tool_usage(&tool, "%s: no operand expected: ugat-parse FILE | %s",
		    argv[at], tool.name);
	if (!o.keep && (o.ratio != 0 || o.keep_s != 0))
		tool_usage(&tool, "-R and -T go with -k: without it nothing is kept up");
	to_stdout = check_stream(&o);
	if (o.nul && o.watch)
		tool_usage(&tool, "-0 and -w cannot both write to standard output");
	if (isatty(STDIN_FILENO))
		tool_usage(&tool,
		    "no input: use it as ugat-parse FILE | ugat-announce | ugat-fetch");
	fetch_run(&o, &end);
	tool_end(&tool, &end, !o.nul && !to_stdout);
}
