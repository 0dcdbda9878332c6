/* SPDX-License-Identifier: ISC */
/* Values of options: sizes, times, numbers. */
#include "cmd/tool.h"

#include <stdint.h>

#include "base/human.h"
#include "base/text.h"
#include "codec/xfer.h"

static void
check_value(const struct tool *t, char letter, const char *text, enum rc rc)
{
	const struct tool_option *o = t->options;

	while (o->letter != 0 && o->letter != letter)
		o++;
	if (rc == RC_BIG)
		tool_usage(t, "-%c %s: too large", letter, text);
	if (rc != RC_OK)
		tool_usage(t, "-%c %s: %s expected", letter, text,
		    o->argument == NULL ? "a number" : o->argument);
}

unsigned long long
tool_size(const struct tool *t, char letter, const char *text)
{
	uint64_t v = 0;

	check_value(t, letter, text, human_get_size(text, &v));
	return v;
}

unsigned long long
tool_time(const struct tool *t, char letter, const char *text)
{
	uint64_t v = 0;

	check_value(t, letter, text, human_get_time(text, &v));
	if (v == 0)
		tool_usage(t, "-%c %s: at least 1s expected", letter, text);
	return v;
}

unsigned long long
tool_rate(const struct tool *t, char letter, const char *text, unsigned long long min)
{
	unsigned long long v = tool_size(t, letter, text);

	if (v < min)
		tool_usage(
		    t, "-%c %s: at least %lluK expected", letter, text, min / 1024);
	return v;
}

unsigned long long
tool_ratio(const struct tool *t, char letter, const char *text)
{
	uint64_t v = 0;

	check_value(t, letter, text, human_get_ratio(text, &v));
	return v;
}

unsigned long long
tool_number(const struct tool *t, char letter, const char *text, unsigned long long min,
    unsigned long long max)
{
	uint64_t v = 0;

	check_value(t, letter, text, text_u64(bytes_str(text), UINT64_MAX, &v));
	if (v < min || v > max)
		tool_usage(
		    t, "-%c %s: from %llu to %llu expected", letter, text, min, max);
	return v;
}

void
tool_user(const struct tool *t, const char *text, struct xfer_options *x)
{
	if (!user_is_name(bytes_str(text)))
		tool_usage(t, "-u %s: not a user's name", text);
	if (x->n_users == XFER_USERS)
		tool_usage(t, "-u %s: at most %d users", text, XFER_USERS);
	x->users[x->n_users++] = text;
}

void
tool_callee(const struct tool *t, const char *text, struct xfer_options *x)
{
	if (server_get_user(bytes_str(text), XFER_PORT, x->user, &x->server) != RC_OK)
		tool_usage(t,
		    "%s: [USER@]HOST[:PORT] expected; USER is of a-z 0-9 _ -, a letter "
		    "first",
		    text);
	x->calls = true;
}

void
tool_local(const struct tool *t, const char *text, struct net_local *out)
{
	enum rc rc = net_local_parse(text, out);

	if (rc == RC_NONE)
		tool_usage(t, "-i %s: no such interface", text);
	if (rc != RC_OK)
		tool_usage(t, "-i %s: an address or an interface expected", text);
}
