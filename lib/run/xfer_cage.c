/* SPDX-License-Identifier: ISC */
#include "run/xfer_cage.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "io/cage.h"

static const struct cage_place terminal = { .path = "/dev/tty", .right = CAGE_WRITE };

static void
enter(const struct xfer_options *x, struct cage cage)
{
	cage.dies = true;
	cage_close(&cage, x->command, x->verbose ? x->err : -1);
}

void
xfer_cage_send(const struct send_options *o)
{
	enter(&o->x,
	    (struct cage){ .keeps = CAGE_FILES | CAGE_READING | CAGE_THREADS,
	        .places = &terminal,
	        .n_places = 1 });
}

/*
 * The directory that -o's file is in, where it gets its name when it is whole; a FIFO or
 * a device is written as it is.
 */
static const char *
place_of_file(const char *file, char room[static PATH_MAX])
{
	const char *slash = strrchr(file, '/');
	struct stat st;

	if (strcmp(file, "-") == 0)
		return NULL;
	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode))
		return file;
	if (slash == NULL)
		return ".";
	(void)snprintf(room, PATH_MAX, "%.*s/", (int)(slash - file), file);
	return room;
}

void
xfer_cage_recv(const struct recv_options *o)
{
	char room[PATH_MAX];
	const struct cage_place places[] = {
		{ .path = o->file == NULL ? o->dir : place_of_file(o->file, room),
		    .fd = -1,
		    .right = CAGE_TREE },
		terminal,
	};

	enter(&o->x,
	    (struct cage){ .keeps = CAGE_FILES | CAGE_SYSTEM | CAGE_THREADS | CAGE_LINKS,
	        .places = places,
	        .n_places = sizeof(places) / sizeof(places[0]) });
}
