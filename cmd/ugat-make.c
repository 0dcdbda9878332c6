/* SPDX-License-Identifier: ISC */
/* ugat-make: a .torrent of files. See ugat-make(1). */
#include <string.h>
#include <unistd.h>

#include "cmd/tool.h"
#include "codec/record.h"
#include "io/hasher.h"
#include "run/make.h"

static const struct tool_option options[] = {
	{ 'o', "FILE|-", "write the .torrent there (NAME.torrent)" },
	{ 'f', NULL, "overwrite it" },
	{ 'r', NULL, "write records, ready to announce and share, to standard output" },
	{ 'a', "URL[,URL]", "trackers of one tier; another -a is the next tier" },
	{ 'W', "URL", "a web seed" },
	{ 'b', "SIZE", "piece length (chosen for 1000 to 2000 pieces)" },
	{ 'M', "KEY=VALUE", "private=1, source=, comment=, creation-date=, created-by=" },
	{ 'n', "NAME", "the torrent's name (PATH's last component)" },
	{ 'j', "N", "threads (one for each core)" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-make",
	.purpose = "make a .torrent",
	.operands = "PATH|-",
	.options = options,
};

static void
check(int letter, const char *argument, const char *why)
{
	if (why != NULL)
		tool_usage(&tool, "-%c %s: %s", letter, argument, why);
}

static uint32_t
piece_length(const char *text)
{
	unsigned long long n = tool_size(&tool, 'b', text);

	if (n < MAKE_PIECE_MIN || n > REC_PIECE_LENGTH_MAX || (n & (n - 1)) != 0)
		tool_usage(&tool, "-b %s: a power of two from 16K to 1G expected", text);
	return (uint32_t)n;
}

static struct bytes
name(const char *text)
{
	if (rec_check_path(bytes_str(text)) != RC_OK || strchr(text, '/') != NULL)
		tool_usage(
		    &tool, "-n %s: the name of one file or directory expected", text);
	return bytes_str(text);
}

static void
set(struct make_options *m, int letter, const char *argument)
{
	switch (letter) {
	case 'o': m->file = argument; break;
	case 'f': m->force = true; break;
	case 'r': m->records = true; break;
	case 'a': check('a', argument, make_take_tier(m, argument)); break;
	case 'W': check('W', argument, make_take_webseed(m, argument)); break;
	case 'b': m->piece_length = piece_length(argument); break;
	case 'M': check('M', argument, make_take_fact(m, argument)); break;
	case 'n': m->facts.name = name(argument); break;
	case 'j':
		m->threads =
		    (unsigned)tool_number(&tool, 'j', argument, 1, HASHER_THREADS_MAX);
		break;
	case 'q': m->quiet = true; break;
	case 'v': m->verbose = true; break;
	}
}

/* What does not go together. */
static void
check_all(const struct make_options *m)
{
	bool to_out = m->file != NULL && strcmp(m->file, "-") == 0;

	if (to_out && m->records)
		tool_usage(&tool, "-r and -o - cannot both write to standard output");
	if (to_out && isatty(m->out) != 0)
		tool_usage(&tool, "a .torrent is not for terminals: -o FILE");
	if (m->path != NULL)
		return;
	if (m->records)
		tool_usage(
		    &tool, "-r needs files that can be shared, not standard input");
	if (m->facts.name.n == 0)
		tool_usage(&tool, "standard input has no name: give one with -n");
	if (isatty(m->in) != 0)
		tool_usage(&tool, "standard input is a terminal");
}

int
main(int argc, char **argv)
{
	struct make_options m = { .in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.command = tool.name,
		.threads = hasher_threads() };
	struct outcome o = { .code = CODE_OK };
	const char *argument;
	int at, letter;

	tool_start(&tool);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		set(&m, letter, argument);
	if (argc - at != 1)
		tool_usage(&tool,
		    at == argc ? "which file or directory?"
		               : "one file or directory a torrent");
	if (strcmp(argv[at], "-") != 0)
		m.path = argv[at];
	check_all(&m);
	make_run(&m, &o);
	make_clear(&m);
	tool_end(&tool, &o, m.records);
}
