/* SPDX-License-Identifier: ISC */
#include "run/recv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/dirs.h"
#include "run/recv_parts.h"
#include "run/xfer_cage.h"
#include "run/xfer_run.h"

/* Where it goes is better looked at before somebody calls. */
static enum rc
check(const void *ctx, struct outcome *end)
{
	const struct recv_options *o = ctx;
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd;

	if (o->file != NULL)
		return RC_OK;
	fd = open(o->dir, flags);
	if (fd == -1 && errno == ENOENT) {
		int made = dirs_make(o->dir);

		fd = open(o->dir, flags);
		errno = fd == -1 && made != 0 ? made : errno;
	}
	if (fd == -1 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		(void)outcome_fail(
		    end, CODE_CANTCREAT, "%s: %s", o->dir, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return end->code == CODE_OK ? RC_OK : RC_BAD;
}

static void
session(const void *ctx, const struct talk_ground *ground, struct outcome *end)
{
	xfer_cage_recv(ctx);
	recv_session(ctx, ground, end);
}

void
recv_run(const struct recv_options *o, struct outcome *end)
{
	const struct xfer_job job = {
		.o = &o->x,
		.audience = { .command = o->x.command,
		    .out = o->out,
		    .err = o->x.err,
		    .records = o->file == NULL || strcmp(o->file, "-") != 0,
		    .watch = o->watch,
		    .nul = o->nul,
		    .quiet = o->x.quiet,
		    .verbose = o->x.verbose },
		.keep = o->keep,
		.resumes = o->file == NULL || strcmp(o->file, "-") != 0,
		.check = check,
		.session = session,
		.ctx = o,
	};

	xfer_run(&job, end);
}
