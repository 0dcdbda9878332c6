/* SPDX-License-Identifier: ISC */
/*
 * Before the first peer is heard: what is to be written lies in DIR and in the status
 * directory; what is read is theirs, the session with what lies beside it, and the
 * system's.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "io/cage.h"
#include "run/fetch_parts.h"

void
fetch_cage(const struct fetch *f)
{
	char beside[PATH_MAX];
	const struct cage_place places[] = {
		/* -o without -d leaves nothing there but a file without a name. */
		{ .path = f->o->pass ? NULL : f->o->dir, .fd = -1, .right = CAGE_TREE },
		{ .fd = status_dir(f->status), .right = CAGE_WRITE },
		/* A FIFO that nobody reads yet is opened later. */
		{ .path = fetch_owns_stdout(f) ? NULL : f->o->stream,
		    .fd = -1,
		    .right = CAGE_WRITE },
		session_place(f->session, beside),
	};
	const struct cage cage = { .keeps =
		                       CAGE_NET | CAGE_FILES | CAGE_SYSTEM | CAGE_THREADS,
		.places = places,
		.n_places = sizeof(places) / sizeof(places[0]),
		.dies = true };

	cage_close(&cage, f->o->command, f->o->verbose ? f->o->err : -1);
}
