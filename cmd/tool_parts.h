/* SPDX-License-Identifier: ISC */
/* What the files of cmd/tool share. Nobody else includes it. */
#ifndef CMD_TOOL_PARTS_H
#define CMD_TOOL_PARTS_H

#include "cmd/tool.h"

/* The options that every command has. */
extern const struct tool_option tool_common[];

/* The option of that letter in a table; NULL: it has none. */
const struct tool_option *tool_find(const struct tool_option *options, int letter);

/* Print the help, or the version, on stdout and end. */
_Noreturn void tool_help(const struct tool *t);
_Noreturn void tool_version(const struct tool *t);

#endif
