/* SPDX-License-Identifier: ISC */
/* The engine of ugat-send: files, directories or a stream to one other user. */
#ifndef RUN_SEND_H
#define RUN_SEND_H

#include "base/outcome.h"
#include "run/xfer.h"

struct send_options {
	struct xfer_options x;
	char *const *operands; /* what to send */
	size_t n;
	const char *name; /* -n; NULL */
	bool no_hash;     /* -C */
	int in;           /* what "-" reads */
};

/*
 * Send, by calling or by being called. Returns when the other side has stored everything
 * and said so, or when that has failed, or a signal asks for the end; *end says how to
 * end.
 */
void send_run(const struct send_options *o, struct outcome *end);

#endif
