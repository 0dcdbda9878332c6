/* SPDX-License-Identifier: ISC */
/*
 * How a run ended: an exit code and one line of words that names the object, the cause
 * and the remedy.
 */
#ifndef BASE_OUTCOME_H
#define BASE_OUTCOME_H

#include <stdbool.h>

#include "base/rc.h"

enum { OUTCOME_WORDS = 1024 };

struct outcome {
	int code;    /* CODE_* */
	int signal;  /* not 0: die by this signal, say nothing */
	bool passed; /* an earlier stage failed and has spoken: say nothing, exit with
	                code */
	char words[OUTCOME_WORDS]; /* printable; empty: nothing to say */
};

/*
 * Set code and words. The words pass through text_printable, so foreign names may stand
 * in them as they are. The first failure stands: a later call changes nothing. Returns
 * the code that stands.
 */
int outcome_fail(struct outcome *o, int code, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
