/* SPDX-License-Identifier: ISC */
/* ugat-logout: the session ends here. See ugat-logout(1). */
#include <unistd.h>

#include "cmd/tool.h"
#include "run/login.h"

static const struct tool_option options[] = {
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "ugat-logout",
	.purpose = "remove the session from this machine",
	.operands = "",
	.options = options,
};

int
main(int argc, char **argv)
{
	struct login_options o = { .err = STDERR_FILENO, .command = tool.name };
	struct outcome end = { .code = CODE_OK };
	const char *argument;
	int letter, at;

	tool_start(&tool);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1) {
		o.quiet = o.quiet || letter == 'q';
		o.verbose = o.verbose || letter == 'v';
	}
	if (at < argc)
		tool_usage(&tool, "%s: no operand expected", argv[at]);
	login_guard();
	logout_run(&o, &end);
	tool_end(&tool, &end, false);
}
