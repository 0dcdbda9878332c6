/* SPDX-License-Identifier: ISC */
#include "io/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

enum { WAITING_MAX = 1 << 30, SHOWN = 512 };

struct walk {
	struct torrent *t;
	const struct beneath *root;
	const char *top;
	struct walk_links *links;
	struct outcome *o;
	struct buf waiting; /* directories to look into, NUL-ended, the next one last */
	size_t n;           /* of path */
	char path[BENEATH_PATH];
};

static enum rc
refuse(struct walk *w, int code, const char *why)
{
	size_t n = strlen(w->path);

	/* The cause is behind it and must not be cut. */
	(void)outcome_fail(
	    w->o, code, "%.*s%s: %s", SHOWN, w->path, n > SHOWN ? "..." : "", why);
	return RC_BAD;
}

static enum rc
no_memory(struct walk *w)
{
	(void)outcome_fail(w->o, CODE_BUG, "out of memory");
	return RC_MEM;
}

static enum rc
push(struct walk *w)
{
	return buf_add(&w->waiting, w->path, w->n + 1) == RC_OK ? RC_OK : no_memory(w);
}

/* The directory that came last becomes path. false: there is none left. */
static bool
pop(struct walk *w)
{
	size_t at = w->waiting.n;

	if (at == 0)
		return false;
	for (at--; at > 0 && w->waiting.p[at - 1] != '\0'; at--)
		;
	w->n = w->waiting.n - at - 1;
	memcpy(w->path, w->waiting.p + at, w->n + 1);
	w->waiting.n = at;
	return true;
}

static unsigned char
type_of(DIR *dir, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type;
	if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(st.st_mode);
}

static enum rc
take(struct walk *w, DIR *dir, const struct dirent *e)
{
	switch (type_of(dir, e)) {
	case DT_DIR: return push(w);
	case DT_REG:
		return torrent_add_file(w->t, bytes_of(w->path, w->n)) == RC_OK
		    ? RC_OK
		    : no_memory(w);
	case DT_LNK:
		if (w->links->n++ == 0)
			(void)text_printable(bytes_of(w->path, w->n), w->links->first,
			    sizeof(w->links->first));
		return RC_OK;
	case DT_UNKNOWN: return refuse(w, CODE_NOINPUT, strerror(errno));
	default:
		return refuse(w, CODE_NOINPUT,
		    "a FIFO, a socket or a device: it cannot be shared, move it away");
	}
}

static bool
is_skipped(const struct walk *w, size_t dir_n, const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    (dir_n == strlen(w->top) && strcmp(name, ".ugat") == 0);
}

/* All that is in the directory path. */
static enum rc
look_into(struct walk *w)
{
	size_t dir_n = w->n;
	const struct dirent *e;
	DIR *dir = NULL;
	int fd;
	enum rc rc = RC_OK;

	if (beneath_open(w->root, w->path, O_RDONLY | O_DIRECTORY, 0, &fd) != RC_OK)
		return refuse(w, CODE_NOINPUT, strerror(errno));
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return no_memory(w);
	}
	while (rc == RC_OK && (errno = 0, e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);

		w->n = dir_n;
		w->path[dir_n] = '\0';
		if (is_skipped(w, dir_n, e->d_name))
			continue;
		if (n > REC_PATH_MAX - 1 - dir_n) {
			rc = refuse(w, CODE_DATA,
			    "a path in it is over 4095 bytes: no torrent can have it");
			break;
		}
		w->path[dir_n] = '/';
		memcpy(w->path + dir_n + 1, e->d_name, n + 1);
		w->n = dir_n + 1 + n;
		rc = take(w, dir, e);
	}
	if (rc == RC_OK && errno != 0) {
		w->path[dir_n] = '\0';
		rc = refuse(w, CODE_NOINPUT, strerror(errno));
	}
	(void)closedir(dir);
	return rc;
}

enum rc
walk_files(struct torrent *t, const struct beneath *root, const char *top,
    struct walk_links *links, struct outcome *o)
{
	struct walk w = { .t = t, .root = root, .top = top, .links = links, .o = o };
	enum rc rc;

	*links = (struct walk_links){ .n = 0 };
	w.n = strlen(top);
	if (w.n >= sizeof(w.path)) {
		(void)outcome_fail(o, CODE_DATA, "%s: too long", top);
		return RC_BAD;
	}
	memcpy(w.path, top, w.n + 1);
	buf_init(&w.waiting, WAITING_MAX);
	rc = push(&w);
	while (rc == RC_OK && pop(&w))
		rc = look_into(&w);
	buf_clear(&w.waiting);
	return rc;
}
