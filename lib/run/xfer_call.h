/* SPDX-License-Identifier: ISC */
/*
 * A connection to a host: its name looked up, its addresses tried in turn, each with a
 * short head start before the next; the first one that answers is it.
 */
#ifndef RUN_XFER_CALL_H
#define RUN_XFER_CALL_H

#include "base/outcome.h"
#include "io/loop.h"
#include "io/stop.h"
#include "run/xfer.h"

/*
 * Runs the loop until it is decided.
 * RC_OK: *fd is the caller's. RC_BAD: *end says why not, or has the signal
 * that came.
 */
enum rc xfer_call(struct loop *l, struct stop *stop, const struct xfer_options *o,
    int *fd, struct outcome *end) MUST_USE;

#endif
