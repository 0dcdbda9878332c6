/* SPDX-License-Identifier: ISC */
/* ugat-login: a session, got, renewed or shown. See ugat-login(1). */
#include <string.h>
#include <unistd.h>

#include "cmd/tool.h"
#include "run/login.h"

static const struct tool_option options[] = {
	{ 'N', NULL, "register a new account, then log in" },
	{ 'I', "FILE", "with -N: the invite is in this file, or - for standard input" },
	{ 'u', "USER", "the user's name (the session's, else asked for)" },
	{ 'f', NULL, "log in even so; with -s: fetch the list of revoked sessions" },
	{ 'r', NULL, "renew the session now" },
	{ 's', NULL, "only show the session" },
	{ 'L', NULL, "this machine only: an authority of one's own, no server" },
	{ 'o', "DIR", "write cert.pem, key.pem and ca.pem into this directory" },
	{ 'P', "FILE|-|fd:N", "the password is the first line of this (asked for)" },
	{ 'F', "PIN", "the server's identity: sha256:... or a PEM file" },
	{ 't', "TIME", "give up after so long (60s)" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-login",
	.purpose = "log in, once, and keep the session",
	.operands = "[HOST[:PORT]]",
	.options = options,
};

static void
set_mode(struct login_options *o, enum login_mode mode)
{
	if (o->mode != LOGIN_ENSURE && o->mode != mode)
		tool_usage(&tool, "only one of -r, -s and -L");
	o->mode = mode;
}

static void
set(struct login_options *o, int letter, const char *argument)
{
	switch (letter) {
	case 'N': o->new_account = true; break;
	case 'I': o->invite = argument; break;
	case 'u': o->user = argument; break;
	case 'f': o->force = true; break;
	case 'r': set_mode(o, LOGIN_RENEW); break;
	case 's': set_mode(o, LOGIN_SHOW); break;
	case 'L': set_mode(o, LOGIN_LOCAL); break;
	case 'o': o->dir = argument; break;
	case 'P': o->password = argument; break;
	case 'F': o->pin = argument; break;
	case 't': o->limit_s = tool_time(&tool, 't', argument); break;
	case 'q': o->quiet = true; break;
	case 'v': o->verbose = true; break;
	}
}

/* What does not go together. */
static void
check(const struct login_options *o)
{
	if (o->new_account && o->mode != LOGIN_ENSURE)
		tool_usage(&tool, "-N does not go with -r, -s or -L");
	if (o->invite != NULL && !o->new_account)
		tool_usage(&tool, "-I is for -N");
	if (o->invite != NULL && o->password != NULL && strcmp(o->invite, "-") == 0 &&
	    strcmp(o->password, "-") == 0)
		tool_usage(&tool, "-I - and -P - cannot both read standard input");
	if (o->mode == LOGIN_LOCAL && (o->server != NULL || o->pin != NULL))
		tool_usage(&tool, "-L asks no server");
	if (o->mode == LOGIN_LOCAL && o->password != NULL)
		tool_usage(&tool, "-L has no password: -P is for a server");
	if (o->mode == LOGIN_SHOW && o->server != NULL)
		tool_usage(&tool, "%s: -s takes no operand", o->server);
}

int
main(int argc, char **argv)
{
	struct login_options o = {
		.mode = LOGIN_ENSURE,
		.limit_s = LOGIN_LIMIT_S,
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
	if (at + 1 < argc)
		tool_usage(&tool, "%s: one operand at most", argv[at + 1]);
	o.server = at < argc ? argv[at] : NULL;
	check(&o);
	login_guard();
	login_run(&o, &end);
	tool_end(&tool, &end, false);
}
