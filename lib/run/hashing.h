/* SPDX-License-Identifier: ISC */
/* What ugat-verify and ugat-make share: the progress line of a hasher. */
#ifndef RUN_HASHING_H
#define RUN_HASHING_H

#include "io/hasher.h"
#include "io/tty.h"

struct hashing {
	struct tty tty;
	struct bytes name; /* the caller's */
	const char *state; /* a word such as "checking" */
	int64_t start_ms;
};

/* Begin now. err: where the line is drawn, if that is a terminal and not quiet. */
void hashing_start(
    struct hashing *g, int err, bool quiet, struct bytes name, const char *state);

/* Draw the line: a hasher's tick, with a struct hashing as its ctx. */
void hashing_tick(void *ctx, const struct hasher_count *count);

/* The same of a stream, whose end nobody knows. */
void hashing_tick_stream(void *ctx, uint64_t bytes);

#endif
