/* SPDX-License-Identifier: ISC */
#include "run/recv.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/dirs.h"
#include "run/recv_parts.h"
#include "run/xfer_cage.h"
#include "run/xfer_run.h"

static void
check_dir(const char *dir, bool makes, struct outcome *end)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = open(dir, flags);

	if (fd == -1 && errno == ENOENT && makes) {
		int made = dirs_make(dir);

		fd = open(dir, flags);
		errno = fd == -1 && made != 0 ? made : errno;
	}
	if (fd == -1 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		(void)outcome_fail(end, CODE_CANTCREAT, "%s: %s%s", dir, strerror(errno),
		    errno == ENOENT ? ": make it first" : "");
	if (fd != -1)
		(void)close(fd);
}

/* What is there may be a device, or the very file; else it is made in its directory. */
static void
check_file(const char *file, struct outcome *end)
{
	const char *slash = strrchr(file, '/');
	struct stat st;
	char *dir;

	if (stat(file, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			(void)outcome_fail(end, CODE_CANTCREAT,
			    "%s: is a directory: give it with -d, or a file in it", file);
		return;
	}
	if (slash == NULL) {
		check_dir(".", false, end);
		return;
	}
	dir = strndup(file, slash == file ? 1 : (size_t)(slash - file));
	if (dir == NULL)
		(void)outcome_fail(end, CODE_BUG, "out of memory");
	else
		check_dir(dir, false, end);
	free(dir);
}

/* A name that nobody can offer would be waited for in vain. */
static void
check_names(const struct recv_options *o, struct outcome *end)
{
	for (size_t i = 0; i < o->n_names; i++) {
		const char *why = NULL, *name = o->names[i];

		if (strchr(name, '/') != NULL)
			why = "has a /: give the name alone, and -d for where it goes";
		else
			(void)!xfer_check_path(bytes_str(name), &why);
		if (why != NULL)
			(void)outcome_fail(end, CODE_USAGE,
			    "NAME \"%s\" can never be offered: it %s", name, why);
	}
}

/* What is wrong with it is better said before somebody calls. */
static enum rc
check(const void *ctx, struct outcome *end)
{
	const struct recv_options *o = ctx;

	check_names(o, end);
	if (o->file == NULL)
		check_dir(o->dir, true, end);
	else if (strcmp(o->file, "-") != 0)
		check_file(o->file, end);
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
