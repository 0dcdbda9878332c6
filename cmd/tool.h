/* SPDX-License-Identifier: ISC */
/*
 * What every command shares: options from one table, --help and --version, the last
 * words, and the exit.
 */
#ifndef CMD_TOOL_H
#define CMD_TOOL_H

#include <stdbool.h>

#include "base/outcome.h"
#include "base/rc.h"
#include "io/net.h"
#include "run/xfer.h"

/*
 * One option; the table ends with a letter of 0. -h, -V, -q and -v need not stand in it
 * unless the command gives them more.
 */
struct tool_option {
	char letter;
	const char *argument; /* its name in the usage, such as "DIR"; NULL: takes none */
	const char *meaning;  /* one line for --help */
};

struct tool {
	const char *name;     /* "ugat-fetch" */
	int section;          /* of its man page; 0: 1 */
	const char *purpose;  /* one line for --help */
	const char *operands; /* as in the SYNOPSIS, such as "[FILE|-]"; "" for none */
	const struct tool_option *options;
	bool records; /* writes records for a later stage, which is told of a usage error
	               */
};

/*
 * Read the next option, in the manner of getopt(3): its letter, or -1 when none is left
 * (*at is then the index of the first operand). *argument is the option's, or NULL. -h,
 * --help, -V and --version are answered here and end the process with 0; a wrong option
 * ends it with CODE_USAGE and the usage.
 */
int tool_next(
    const struct tool *t, int argc, char **argv, int *at, const char **argument);

/* End with CODE_USAGE: the words, if there are any, then the usage, on stderr. */
_Noreturn void tool_usage(const struct tool *t, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* Write one fail! record to stdout, unless that is a terminal. */
void tool_put_fail(const struct tool *t, const struct outcome *o);

/*
 * The value of an option that takes SIZE, TIME (at least 1s), RATIO (in thousandths), a
 * whole number in min..max or a RATE of at least min; a wrong one is a usage error.
 */
unsigned long long tool_size(const struct tool *t, char letter, const char *text);
unsigned long long tool_time(const struct tool *t, char letter, const char *text);
unsigned long long tool_ratio(const struct tool *t, char letter, const char *text);
unsigned long long tool_number(const struct tool *t, char letter, const char *text,
    unsigned long long min, unsigned long long max);
unsigned long long tool_rate(
    const struct tool *t, char letter, const char *text, unsigned long long min);

/* -u: one more user that counts. */
void tool_user(const struct tool *t, const char *text, struct xfer_options *x);

/* [USER@]HOST[:PORT]: whom to call. */
void tool_callee(const struct tool *t, const char *text, struct xfer_options *x);

/* -i: where our own end of every socket is bound. */
void tool_local(const struct tool *t, const char *text, struct net_local *out);

/*
 * At the start of main: SIGPIPE kept as it is, standard descriptors that are closed
 * opened on /dev/null (standard output so that writing to it fails). Ends with CODE_BUG
 * where that is not possible, or where the stack may hardly grow.
 */
void tool_start(const struct tool *t);

/*
 * End the process as o says: a failure's words on stderr, and as a fail! record on stdout
 * (cut where a line behind `end` would be too long) when records is set and stdout is no
 * terminal; stdout flushed and checked; a signal by that signal.
 */
_Noreturn void tool_end(const struct tool *t, const struct outcome *o, bool records);

#endif
