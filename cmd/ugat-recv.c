/* SPDX-License-Identifier: ISC */
/* ugat-recv: files from one other user. See ugat-recv(1). */
#include <string.h>
#include <unistd.h>

#include "cmd/tool.h"
#include "codec/xfer.h"
#include "io/prompt.h"
#include "run/login.h"
#include "run/recv.h"

static const struct tool_option options[] = {
	{ 'u', "USER", "only from this user, and do not ask (may be repeated)" },
	{ 'c', "[USER@]HOST[:PORT]", "call ugat-send -l there instead of waiting" },
	{ 'p', "PORT", "wait on this port (65432)" },
	{ 'i', "ADDR|IF", "use this address or interface" },
	{ 'd', "DIR", "where the files go (.)" },
	{ 'o', "FILE|-", "the one file goes there, or to standard output" },
	{ 'D', "RATE", "receive at most so many bytes a second" },
	{ 'f', NULL, "replace a file that has the name, once the new one is whole" },
	{ 'y', NULL, "accept whatever is offered, do not ask" },
	{ 'k', NULL, "keep waiting for more; a name that is taken gets a number" },
	{ 'F', "PIN", "accept one more authority: sha256:... or a PEM file" },
	{ 't', "TIME", "give up after so much silence (60s; waiting: never)" },
	{ 'w', NULL, "write a status record to stdout every second" },
	{ '0', NULL, "write bare paths that end in NUL" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-recv",
	.purpose = "receive files from one other user",
	.operands = "[NAME...]",
	.options = options,
};

static void
set(struct recv_options *o, int letter, const char *argument)
{
	switch (letter) {
	case 'u': tool_user(&tool, argument, &o->x); break;
	case 'c': tool_callee(&tool, argument, &o->x); break;
	case 'p':
		o->x.port = (uint16_t)tool_number(&tool, 'p', argument, 1, 65535);
		break;
	case 'i': tool_local(&tool, argument, &o->x.local); break;
	case 'd': o->dir = argument; break;
	case 'o': o->file = argument; break;
	case 'D': o->x.rate = tool_rate(&tool, 'D', argument, XFER_RATE_MIN); break;
	case 'f': o->force = true; break;
	case 'y': o->x.yes = true; break;
	case 'k': o->keep = true; break;
	case 'F': o->x.pin = argument; break;
	case 't': o->x.limit_s = tool_time(&tool, 't', argument); break;
	case 'w': o->watch = true; break;
	case '0': o->nul = true; break;
	case 'q': o->x.quiet = true; break;
	case 'v': o->x.verbose = true; break;
	}
}

/* What does not go together. Returns whether the file has standard output. */
static bool
check(const struct recv_options *o)
{
	bool to_stdout = o->file != NULL && strcmp(o->file, "-") == 0;

	if (o->file != NULL && o->dir != NULL)
		tool_usage(&tool, "-o says where the file goes: no -d");
	if (o->file != NULL && o->keep)
		tool_usage(&tool, "-o is for one file: no -k");
	if (o->force && o->keep)
		tool_usage(
		    &tool, "-f replaces what -k gives another name: only one of them");
	if (to_stdout && (o->watch || o->nul))
		tool_usage(&tool, "-o - leaves no room for -%c on standard output",
		    o->watch ? 'w' : '0');
	if (o->nul && o->watch)
		tool_usage(&tool, "-0 and -w cannot both write to standard output");
	if (o->x.calls && o->x.port != 0)
		tool_usage(&tool, "-p is the port to wait on: it does not go with -c");
	if (o->x.calls && o->keep)
		tool_usage(&tool, "-k waits: it does not go with -c");
	if (!o->x.yes && o->x.n_users == 0 && o->x.user[0] == '\0' && o->n_names == 0 &&
	    !prompt_can())
		tool_usage(&tool,
		    "no terminal to ask on: say what to accept with -u "
		    "USER, -y or NAME");
	return to_stdout;
}

int
main(int argc, char **argv)
{
	struct recv_options o = {
		.x = { .command = tool.name, .err = STDERR_FILENO },
		.out = STDOUT_FILENO,
	};
	struct outcome end = { .code = CODE_OK };
	const char *argument;
	int letter, at;
	bool to_stdout;

	tool_start(&tool);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		set(&o, letter, argument);
	o.names = argv + at;
	o.n_names = (size_t)(argc - at);
	to_stdout = check(&o);
	if (o.x.port == 0)
		o.x.port = XFER_PORT;
	if (o.dir == NULL)
		o.dir = ".";
	login_guard();
	recv_run(&o, &end);
	tool_end(&tool, &end, !o.nul && !to_stdout);
}
