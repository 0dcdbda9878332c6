/* SPDX-License-Identifier: ISC */
/* Questions to the person at the terminal: on /dev/tty, wherever our input comes from. */
#ifndef IO_PROMPT_H
#define IO_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rc.h"

/* Whether this process has a terminal to ask on. */
bool prompt_can(void);

/*
 * Ask, and read one line of at most size - 2 bytes without its LF; the end of the
 * terminal's input ends it, too. words: foreign bytes in them went through
 * text_printable. echo: show what is typed; a secret is the caller's to wipe. RC_NONE:
 * there is no terminal; RC_BIG: the line is longer; RC_SYS: errno. In all of them out is
 * wiped. INT and others end the
 * process as they would elsewhere, with the terminal as it was.
 */
enum rc prompt_ask(const char *words, bool echo, char *out, size_t size) MUST_USE;

/* Show words, which end with an LF, on the terminal, if there is one. */
void prompt_show(const char *words);

#endif
