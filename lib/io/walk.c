/* SPDX-License-Identifier: ISC */
#include "io/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "io/tree.h"

enum { SHOWN = 512 };

struct walk {
	struct torrent *t;
	struct walk_links *links;
	struct outcome *o;
	struct tree *tree;
};

static enum rc
refuse(struct walk *w, int code, const char *path, const char *why)
{
	size_t n = strlen(path);

	/* The cause is behind it and must not be cut. */
	(void)outcome_fail(
	    w->o, code, "%.*s%s: %s", SHOWN, path, n > SHOWN ? "..." : "", why);
	return RC_BAD;
}

static enum rc
no_memory(struct walk *w)
{
	(void)outcome_fail(w->o, CODE_BUG, "out of memory");
	return RC_MEM;
}

/* Somebody has fetched into that directory once. */
static bool
is_ours(const struct tree_entry *e)
{
	return strcmp(e->name, ".ugat") == 0;
}

static enum rc
enter(struct walk *w, const char *path)
{
	enum rc rc = tree_enter(w->tree);

	if (rc == RC_SYS)
		return refuse(w, CODE_NOINPUT, path, strerror(errno));
	return rc == RC_OK ? RC_OK : no_memory(w);
}

static void
remember_link(struct walk_links *links, const char *path)
{
	if (links->n++ == 0)
		(void)text_printable(bytes_str(path), links->first, sizeof(links->first));
}

static enum rc
take(struct walk *w, const struct tree_entry *e)
{
	if (is_ours(e))
		return RC_OK;
	switch (e->type) {
	case DT_DIR: return enter(w, e->path);
	case DT_REG:
		return torrent_add_file(w->t, bytes_str(e->path)) == RC_OK ? RC_OK
		                                                           : no_memory(w);
	case DT_LNK: remember_link(w->links, e->path); return RC_OK;
	default:
		return refuse(w, CODE_NOINPUT, e->path,
		    "a FIFO, a socket or a device: it cannot be shared, move it away");
	}
}

static enum rc
next(struct walk *w)
{
	struct tree_entry e;
	enum rc rc = tree_next(w->tree, &e);

	if (rc == RC_SYS)
		return refuse(w, CODE_NOINPUT, e.path, strerror(errno));
	if (rc == RC_MEM)
		return no_memory(w);
	if (rc != RC_OK || e.kind == TREE_EMPTY)
		return rc;
	if (e.kind == TREE_LONG)
		return refuse(w, CODE_DATA, e.path,
		    "a path in it is over 4095 bytes: no torrent can have it");
	return take(w, &e);
}

enum rc
walk_files(struct torrent *t, const struct beneath *root, const char *top,
    struct walk_links *links, struct outcome *o)
{
	struct walk w = { .t = t, .links = links, .o = o };
	int fd;
	enum rc rc;

	*links = (struct walk_links){ .n = 0 };
	if (strlen(top) >= TREE_PATH) {
		(void)outcome_fail(o, CODE_DATA, "%s: too long", top);
		return RC_BAD;
	}
	if (beneath_open(root, top, O_RDONLY | O_DIRECTORY, 0, &fd) != RC_OK)
		return refuse(&w, CODE_NOINPUT, top, strerror(errno));
	w.tree = tree_new(fd, top);
	rc = w.tree == NULL ? no_memory(&w) : RC_OK;
	while (rc == RC_OK)
		rc = next(&w);
	tree_free(w.tree);
	(void)close(fd);
	return rc == RC_END ? RC_OK : rc;
}
