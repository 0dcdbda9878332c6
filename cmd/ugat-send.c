/* SPDX-License-Identifier: ISC */
/* ugat-send: files to one other user. See ugat-send(1). */
#include <string.h>
#include <unistd.h>

#include "cmd/tool.h"
#include "codec/xfer.h"
#include "io/prompt.h"
#include "run/login.h"
#include "run/send.h"

static const struct tool_option options[] = {
	{ 'l', NULL, "wait to be called by ugat-recv -c" },
	{ 'u', "USER", "with -l: only to this user (may be repeated)" },
	{ 'y', NULL, "with -l: to whoever calls, do not ask" },
	{ 'p', "PORT", "with -l: wait on this port (65432)" },
	{ 'i', "ADDR|IF", "use this address or interface" },
	{ 'n', "NAME", "the name it gets there" },
	{ 'C', NULL, "without the hash of the whole file; nothing can be resumed" },
	{ 'U', "RATE", "send at most so many bytes a second" },
	{ 'F', "PIN", "accept one more authority: sha256:... or a PEM file" },
	{ 't', "TIME", "give up after so much silence (60s)" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-send",
	.purpose = "send files to one other user",
	.operands = "[[USER@]HOST[:PORT]] FILE...|-",
	.options = options,
};

static void
set(struct send_options *o, bool *listens, int letter, const char *argument)
{
	switch (letter) {
	case 'l': *listens = true; break;
	case 'u': tool_user(&tool, argument, &o->x); break;
	case 'y': o->x.yes = true; break;
	case 'p':
		o->x.port = (uint16_t)tool_number(&tool, 'p', argument, 1, 65535);
		break;
	case 'i': tool_local(&tool, argument, &o->x.local); break;
	case 'n': o->name = argument; break;
	case 'C': o->no_hash = true; break;
	case 'U': o->x.rate = tool_rate(&tool, 'U', argument, XFER_RATE_MIN); break;
	case 'F': o->x.pin = argument; break;
	case 't': o->x.limit_s = tool_time(&tool, 't', argument); break;
	case 'q': o->x.quiet = true; break;
	case 'v': o->x.verbose = true; break;
	}
}

/* As cp and scp have it, the host last. n operands. */
static void
check_order(char **operands, int n)
{
	const char *first = operands[0], *last = operands[n - 1];

	if (n > 1 && strcmp(last, "-") != 0 && strchr(first, '@') == NULL &&
	    access(first, F_OK) == 0 && access(last, F_OK) != 0)
		tool_usage(&tool, "%s: no such file: HOST stands first: ugat-send %s %s",
		    last, last, first);
}

int
main(int argc, char **argv)
{
	struct send_options o = {
		.x = { .command = tool.name, .calls = true, .err = STDERR_FILENO },
		.in = STDIN_FILENO,
	};
	struct outcome end = { .code = CODE_OK };
	bool listens = false;
	const char *argument;
	int letter, at;

	tool_start(&tool);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		set(&o, &listens, letter, argument);
	o.x.calls = !listens;
	if (!listens && (o.x.n_users > 0 || o.x.yes || o.x.port != 0))
		tool_usage(&tool, "-u, -y and -p go with -l");
	if (listens && o.x.n_users == 0 && !o.x.yes && !prompt_can())
		tool_usage(&tool,
		    "no terminal to ask on: say who may have it with -u "
		    "USER, or -y");
	if (o.x.port == 0)
		o.x.port = XFER_PORT;
	if (!listens && at == argc)
		tool_usage(&tool, "no host: say where to, or wait with -l");
	if (!listens)
		check_order(argv + at, argc - at);
	if (!listens)
		tool_callee(&tool, argv[at++], &o.x);
	if (at == argc)
		tool_usage(&tool, "no file to send%s%s", listens ? "" : " to the host ",
		    listens ? "" : argv[at - 1]);
	o.operands = argv + at;
	o.n = (size_t)(argc - at);
	login_guard();
	send_run(&o, &end);
	tool_end(&tool, &end, false);
}
