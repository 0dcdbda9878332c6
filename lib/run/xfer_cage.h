/* SPDX-License-Identifier: ISC */
/*
 * What one session of ugat-send and ugat-recv gives away before the first byte of the
 * other user is heard (io/cage). The connection is there by then, and is all of the
 * network that is left. Forked for a caller or not, the process does nothing else
 * afterwards.
 */
#ifndef RUN_XFER_CAGE_H
#define RUN_XFER_CAGE_H

#include "run/recv.h"
#include "run/send.h"

/* Everything may be read, for what is sent lies anywhere, and nothing written. */
void xfer_cage_send(const struct send_options *o);

/* What comes goes to DIR, or to -o's directory; beside it only the system's is read. */
void xfer_cage_recv(const struct recv_options *o);

#endif
