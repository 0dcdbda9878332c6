/* SPDX-License-Identifier: ISC */
/*
 * Waiting to be called: a port of both families, and a child process for each caller, so
 * that a session that crashes or stalls harms no other, and a stranger who says nothing
 * keeps nobody out. The children speak through us (run/audience_away).
 *
 * Without job->keep the first session that claims to be the one that was waited for ends
 * the waiting, and how it ends is how we do. Callers who do not get that far, because
 * they are somebody else or nothing at all, are named and forgotten. Who only holds a
 * place makes room for others (porch_place.c).
 */
#ifndef RUN_PORCH_H
#define RUN_PORCH_H

#include "run/xfer_door.h"
#include "run/xfer_run.h"

enum {
	PORCH_SESSIONS = 16, /* with users who count, at once */
	PORCH_CALLERS = 32,  /* processes */
};

struct porch_rules {
	const struct xfer_job *job;
	struct xfer_door *door; /* its session is kept alive */
	struct loop *loop;
	struct stop *stop;
	struct audience_here *here;
};

/* Runs the loop until the end; *end says how. */
void porch_run(const struct porch_rules *rules, struct outcome *end);

#endif
