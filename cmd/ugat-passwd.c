/* SPDX-License-Identifier: ISC */
/* ugat-passwd: a new password for an account. See ugat-passwd(1). */
#include <unistd.h>

#include "cmd/tool.h"
#include "run/login.h"

static const struct tool_option options[] = {
	{ 'u', "USER", "the user's name (the session's, else asked for)" },
	{ 'P', "FILE|-|fd:N", "two lines: the old password and the new one (asked for)" },
	{ 'F', "PIN", "the server's identity: sha256:... or a PEM file" },
	{ 't', "TIME", "give up after so long (60s)" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-passwd",
	.purpose = "change the password of an account",
	.operands = "[HOST[:PORT]]",
	.options = options,
};

static void
set(struct login_options *o, int letter, const char *argument)
{
	switch (letter) {
	case 'u': o->user = argument; break;
	case 'P': o->password = argument; break;
	case 'F': o->pin = argument; break;
	case 't': o->limit_s = tool_time(&tool, 't', argument); break;
	case 'q': o->quiet = true; break;
	case 'v': o->verbose = true; break;
	}
}

int
main(int argc, char **argv)
{
	struct login_options o = {
		.passwd = true,
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
	login_guard();
	passwd_run(&o, &end);
	tool_end(&tool, &end, false);
}
