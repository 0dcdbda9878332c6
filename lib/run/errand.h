/* SPDX-License-Identifier: ISC */
/*
 * ugat-login, run by a process of its own that was made before the cage was closed
 * (io/cage): a run that is in it starts no program and writes no session file, and need
 * not, for all that it can ask of this process is one of two errands, by one byte.
 */
#ifndef RUN_ERRAND_H
#define RUN_ERRAND_H

#include <stdbool.h>

#include "base/rc.h"

/* What ugat-login is asked for. */
enum errand_kind {
	ERRAND_RENEW,    /* -rq */
	ERRAND_GET_LIST, /* -sfq */
	ERRANDS,
};

struct errand;

/*
 * Make the process. There must be no other thread yet. It has nothing of ours but the
 * directory we are in and, when verbose, standard error, which it hands to ugat-login. It
 * goes when we go, however that may be. NULL: errno.
 */
struct errand *errand_new(bool verbose);

/* Readable when errand_over has news. */
int errand_fd(const struct errand *e);

/* Send it. One at a time. RC_SYS: the process is gone, nothing is ever done again. */
enum rc errand_send(struct errand *e, enum errand_kind kind) MUST_USE;

/*
 * Whether the errand has ended, well or not; one that lasts is ended after 2 minutes.
 * RC_MORE: not yet. RC_END: the process is gone.
 */
enum rc errand_over(struct errand *e) MUST_USE;

/*
 * An errand under way is ended, too: by TERM, after a second by KILL. Returns when
 * nothing of it is left, at the latest after 2 seconds. NULL is allowed.
 */
void errand_free(struct errand *e);

#endif
