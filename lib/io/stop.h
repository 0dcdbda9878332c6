/* SPDX-License-Identifier: ISC */
/*
 * INT, TERM and HUP as something to wait for, for commands without a loop: what is half
 * done is put away first, then the process dies by that very signal.
 */
#ifndef IO_STOP_H
#define IO_STOP_H

#include <signal.h>
#include <stdbool.h>

struct stop {
	int fd; /* signalfd(2); -1: signals end the process as ever */
	sigset_t before;
};

/*
 * From now on, in this thread and the ones it makes, these signals wait. Those that were
 * ignored stay so.
 */
void stop_begin(struct stop *s);

/*
 * Wait until a signal comes, fd (or none: -1) can be read, or ms milliseconds are over
 * (-1: for good). Returns the signal's number, else 0, with *ready set where fd can be
 * read.
 */
int stop_wait(struct stop *s, int fd, int ms, bool *ready);

/* The signals do what they did before; one that waits does it now. */
void stop_end(struct stop *s);

#endif
