/* SPDX-License-Identifier: ISC */
/*
 * A question to the person at the terminal that does not stop the loop: yes or no, on
 * /dev/tty, wherever our input comes from.
 */
#ifndef RUN_AUDIENCE_ASK_H
#define RUN_AUDIENCE_ASK_H

#include "io/loop.h"
#include "run/audience.h"

struct question;

/*
 * Ask; what was typed before does not count, and everything but y or yes is a no, as is
 * a terminal that cannot be opened. answer is called from the loop; the question is gone
 * then. NULL: out of memory, answer will not be called.
 */
struct question *question_new(
    struct loop *l, const char *words, audience_answer_fn *answer, void *ctx);

/* Take it back: promises silence. NULL is allowed. */
void question_free(struct question *q);

#endif
