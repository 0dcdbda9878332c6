/* SPDX-License-Identifier: ISC */
/*
 * What the parts of a conversation share: xfer_talk.c (who it is, time and signals),
 * xfer_talk_bytes.c (bytes in and out) and xfer_talk_end.c (the end). Nobody else
 * includes it.
 */
#ifndef RUN_XFER_TALK_PARTS_H
#define RUN_XFER_TALK_PARTS_H

#include "run/xfer_talk.h"

/* xfer_talk_bytes.c: read what there is; write what is to be said, and ask for more. */
void talk_pull(struct talk *t);
void talk_push(struct talk *t);

/*
 * What was to be written was not: rc, why. A connection that the other side has broken
 * waits for us to read its last words; in the end we do not.
 */
void talk_hold(struct talk *t, enum rc rc, const struct outcome *why);

/* xfer_talk_end.c: go on to a later phase; to an earlier one it never goes. */
void talk_end(struct talk *t, enum talk_phase phase);

/* End, because of a signal, and tell the other side, if there is a way to. */
void talk_interrupt(struct talk *t, int signo);

/* The connection is of no use any more: words, or why. */
void talk_lose(struct talk *t, int code, const char *words);
void talk_lose_tls(struct talk *t, const struct outcome *why);

/* Close our side once the last words are out; drop what comes meanwhile. */
void talk_part(struct talk *t);
void talk_drop_input(struct talk *t);

#endif
