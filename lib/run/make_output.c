/* SPDX-License-Identifier: ISC */
/* Where a .torrent goes: whole, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "io/cage.h"
#include "io/journal.h"
#include "io/slurp.h"
#include "io/stop.h"
#include "run/make_parts.h"

static enum rc
refuse(struct making *g, int code, const char *why)
{
	outcome_fail(g->o, code, "%s: %s", g->target, why);
	return RC_BAD;
}

/* Room for what stands in the target's directory, under another name. */
static char *
beside(const char *target, const char *name)
{
	const char *slash = strrchr(target, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - target) + 1, m = strlen(name);
	char *path = malloc(n + m + 1);

	if (path == NULL)
		return NULL;
	memcpy(path, target, n);
	memcpy(path + n, name, m + 1);
	return path;
}

static enum rc
find_target(struct making *g)
{
	static const char suffix[] = ".torrent";
	const struct bytes name = g->facts.name;

	if (g->m->file != NULL && strcmp(g->m->file, "-") == 0)
		return RC_OK;
	if (g->m->file == NULL && g->m->records)
		return RC_OK;
	if (g->m->file != NULL) {
		g->target = strdup(g->m->file);
	} else {
		g->target = malloc(name.n + sizeof(suffix));
		if (g->target != NULL) {
			memcpy(g->target, name.p, name.n);
			memcpy(g->target + name.n, suffix, sizeof(suffix));
		}
	}
	if (g->target != NULL)
		return RC_OK;
	outcome_fail(g->o, CODE_BUG, "out of memory");
	return RC_MEM;
}

static enum rc
check_place(struct making *g)
{
	char *dir = beside(g->target, ".");
	int err;

	if (dir == NULL)
		return refuse(g, CODE_BUG, "out of memory");
	err = faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
	free(dir);
	return err == 0 ? RC_OK : refuse(g, CODE_CANTCREAT, strerror(err));
}

enum rc
make_aim(struct making *g)
{
	struct stat st;
	enum rc rc = find_target(g);

	if (rc != RC_OK || g->target == NULL)
		return rc;
	if (lstat(g->target, &st) != 0)
		return errno == ENOENT
		    ? check_place(g)
		    : refuse(g, CODE_CANTCREAT,
		          errno == ENAMETOOLONG
		              ? "too long a name: choose another with -o"
		              : strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(g, CODE_CANTCREAT,
		    "is there and no regular file: choose another name with -o (- is "
		    "standard output)");
	if (!g->m->force)
		return refuse(g, CODE_CANTCREAT, "is there already: -f overwrites it");
	g->replaces = true;
	g->old.ino = (uint64_t)st.st_ino;
	g->old.size = (uint64_t)st.st_size;
	g->old.mtime_ns = journal_ns(st.st_mtim);
	return check_place(g);
}

void
make_shut(const struct making *g)
{
	char *dir = g->target == NULL ? NULL : beside(g->target, ".");
	const struct cage_place place = { .path = dir, .fd = -1, .right = CAGE_WRITE };
	const struct cage cage = { .keeps = CAGE_FILES | CAGE_READING | CAGE_LINKS |
		    CAGE_THREADS,
		.places = &place,
		.n_places = 1,
		.dies = true };

	cage_close(&cage, g->m->command, g->m->verbose ? g->m->err : -1);
	free(dir);
}

/*
 * A file without a name, which nothing is left of when we are killed; named: one called
 * so, where the file system has no such files.
 */
static int
open_new(const char *dir, const char *temporary, bool named)
{
	if (named)
		return open(temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	return open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

static int
give_name(int fd, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* EINVAL: the file system cannot do it in one; link(2) does not overwrite either. */
static int
move(const struct making *g, const char *from)
{
	if (g->m->force)
		return rename(from, g->target) == 0 ? 0 : errno;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, g->target, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (link(from, g->target) != 0)
		return errno;
	return unlink(from) == 0 ? 0 : errno;
}

/* Only a rename replaces what is there. */
static int
put_in_place(const struct making *g, int fd, const char *temporary, bool named)
{
	int err = 0;

	if (!named && !g->m->force)
		return give_name(fd, g->target);
	if (!named)
		err = give_name(fd, temporary);
	if (err != 0)
		return err;
	err = move(g, temporary);
	if (err != 0)
		(void)unlink(temporary);
	return err;
}

/* 0, or an errno with the exit code that it means. */
static int
write_new(
    const struct making *g, const char *dir, const char *temporary, bool named, int *code)
{
	int fd = open_new(dir, temporary, named), err;

	*code = CODE_CANTCREAT;
	if (fd < 0)
		return errno;
	err = spill(fd, buf_bytes(&g->raw)) != RC_OK || fsync(fd) != 0 ? errno : 0;
	if (err != 0)
		*code = CODE_IO;
	if (err == 0)
		err = put_in_place(g, fd, temporary, named);
	else if (named)
		(void)unlink(temporary);
	(void)close(fd);
	return err;
}

static enum rc
write_file(struct making *g)
{
	char name[] = ".ugat-make-0123456789abcdef", *dir = beside(g->target, ".");
	char *temporary = NULL;
	uint8_t drawn[8];
	int code = CODE_BUG, err = ENOMEM;

	if (getentropy(drawn, sizeof(drawn)) == 0) {
		text_hex(drawn, sizeof(drawn), strrchr(name, '-') + 1);
		temporary = beside(g->target, name);
	}
	if (dir != NULL && temporary != NULL) {
		err = write_new(g, dir, temporary, false, &code);
		if (err != 0 && err != EEXIST)
			err = write_new(g, dir, temporary, true, &code);
	}
	free(dir);
	free(temporary);
	return err == 0 ? RC_OK : refuse(g, code, strerror(err));
}

enum rc
make_write(struct making *g)
{
	struct stop stop;
	enum rc rc;

	if (g->target != NULL) {
		/* A signal between here and there would leave the temporary file. */
		stop_begin(&stop);
		rc = write_file(g);
		stop_end(&stop);
		return rc;
	}
	if (g->m->file == NULL)
		return RC_OK;
	rc = spill(g->m->out, buf_bytes(&g->raw));
	if (rc != RC_OK)
		outcome_fail(g->o, CODE_IO, "standard output: %s", strerror(errno));
	return rc;
}
