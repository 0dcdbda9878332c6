/* SPDX-License-Identifier: ISC */
/*
 * The progress line on a terminal: one line that is drawn again and again, and cleared
 * before anything else is said. Without a terminal (or with TERM=dumb, where only the
 * last line appears) the calls do nothing. Only \r, "erase to the end of the screen" and
 * "do not wrap" are used, no colour.
 */
#ifndef IO_TTY_H
#define IO_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/progress.h"

struct tty {
	int fd;     /* the caller's */
	bool on;    /* it is a terminal */
	bool dumb;  /* it cannot erase */
	bool utf8;  /* the locale's characters are UTF-8 */
	bool drawn; /* a line stands there now */
};

/* Whether fd is a terminal. */
bool tty_is(int fd);

/* Its columns as of now, so that a resize is seen; 80 when it does not say. */
unsigned tty_width(int fd);

/* Its lines as of now; 24 when it does not say. */
unsigned tty_height(int fd);

/* Look at fd (usually 2), TERM and LC_ALL, LC_CTYPE, LANG; keeps no more than *t. */
void tty_init(struct tty *t, int fd);

/* Draw the line anew; name is foreign bytes. */
void tty_line(struct tty *t, struct bytes name, const struct progress *p);

/* Take the line away before other words are written; nothing when none is drawn. */
void tty_clear(struct tty *t);

/* The last line, which stays: bytes that came in ms milliseconds. */
void tty_last(struct tty *t, struct bytes name, uint64_t bytes, uint64_t ms);

/*
 * "command: words" as a line of its own, terminal or not; on a terminal in the place of
 * the progress line that another stage of the pipeline may have drawn there. words are
 * printable.
 */
void tty_say(int fd, const char *command, const char *words);

#endif
