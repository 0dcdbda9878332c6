/* SPDX-License-Identifier: ISC */
/* What a torrent is made of: a path or a stream. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/loop.h"
#include "io/pipehash.h"
#include "run/make_parts.h"

enum { STREAM_PIECE = 1024 * 1024, SHOWN = 400 };

static enum rc
refuse(struct making *g, int code, const char *why)
{
	outcome_fail(g->o, code, "%s: %s", g->m->path, why);
	return RC_BAD;
}

static enum rc
no_memory(struct making *g)
{
	outcome_fail(g->o, CODE_BUG, "out of memory");
	return RC_MEM;
}

/* Words about file i. */
static enum rc
refuse_file(struct making *g, size_t i, int code, const char *why)
{
	const struct bytes path = g->t.files[i].path;
	size_t n = path.n < SHOWN ? path.n : SHOWN;

	/* The cause is behind it and must not be cut. */
	outcome_fail(g->o, code, "%.*s%.*s%s: %s",
	    (int)(g->prefix.n < SHOWN ? g->prefix.n : 0), (const char *)g->prefix.p,
	    (int)n, (const char *)path.p, n < path.n ? "..." : "", why);
	return RC_BAD;
}

/* The first file that is not as it should be, if there is one. */
static enum rc
refuse_changed(struct making *g)
{
	for (size_t i = 0; i < g->t.n_files; i++)
		switch (g->files[i].state) {
		case CONTENT_FILE: break;
		case CONTENT_CLOSED:
			return refuse_file(g, i, CODE_NOINPUT, strerror(g->files[i].err));
		case CONTENT_BROKEN:
			return refuse_file(g, i, CODE_IO, strerror(g->files[i].err));
		default:
			return refuse_file(g, i, CODE_TEMPFAIL,
			    "changed while it was read: try again when nobody writes "
			    "to it");
		}
	return RC_OK;
}

/* Take path apart at its last slash; trailing ones do not count. */
static bool
split(struct making *g)
{
	size_t n = strlen(g->path);
	char *slash;

	while (n > 1 && g->path[n - 1] == '/')
		g->path[--n] = '\0';
	slash = strrchr(g->path, '/');
	g->base = slash == NULL ? g->path : slash + 1;
	g->prefix = bytes_of(g->path, (size_t)(g->base - g->path));
	return g->base[0] != '\0' && strcmp(g->base, ".") != 0 &&
	    strcmp(g->base, "..") != 0;
}

/* What ends in "." or ".." gets its name from where it is. */
static enum rc
name_path(struct making *g)
{
	g->path = strdup(g->m->path);
	if (g->path == NULL)
		return no_memory(g);
	if (split(g))
		return RC_OK;
	free(g->path);
	g->path = realpath(g->m->path, NULL);
	if (g->path == NULL)
		return refuse(g, CODE_NOINPUT, strerror(errno));
	if (!split(g))
		return refuse(
		    g, CODE_NOINPUT, "has no name: give a file or a directory in it");
	return RC_OK;
}

static enum rc
open_parent(struct making *g)
{
	char parent[BENEATH_PATH] = ".";

	if (g->prefix.n >= sizeof(parent))
		return refuse(g, CODE_NOINPUT, strerror(ENAMETOOLONG));
	if (g->prefix.n > 0) {
		memcpy(parent, g->prefix.p, g->prefix.n);
		parent[g->prefix.n] = '\0';
	}
	g->root.dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (g->root.dir < 0)
		return refuse(g, CODE_NOINPUT, strerror(errno));
	beneath_init(&g->root, g->root.dir);
	return RC_OK;
}

static void
remark_links(struct making *g, const struct walk_links *links)
{
	if (g->m->quiet || links->n == 0)
		return;
	if (links->n == 1)
		(void)dprintf(g->m->err, "%s: a symbolic link is left out: %s\n",
		    g->m->command, links->first);
	else
		(void)dprintf(g->m->err,
		    "%s: %zu symbolic links are left out, one of them %s\n",
		    g->m->command, links->n, links->first);
}

static enum rc
list(struct making *g)
{
	struct walk_links links;
	struct stat st;
	enum rc rc;

	if (fstatat(g->root.dir, g->base, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return refuse(g, CODE_NOINPUT, strerror(errno));
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		rc = walk_files(&g->t, &g->root, g->base, &links, g->o);
		if (rc == RC_OK)
			remark_links(g, &links);
		return rc;
	case S_IFREG:
		g->facts.single = true;
		return torrent_add_file(&g->t, bytes_str(g->base)) == RC_OK
		    ? RC_OK
		    : no_memory(g);
	case S_IFLNK:
		return refuse(g, CODE_NOINPUT, "a symbolic link: name what it points to");
	default:
		return refuse(g, CODE_NOINPUT,
		    "neither a file nor a directory (- is standard input)");
	}
}

/* The .torrent that is to be replaced must not be one of the files. */
static bool
replaces_one(const struct making *g)
{
	for (size_t i = 0; i < g->t.n_files && g->replaces; i++)
		if (g->files[i].ino == g->old.ino && g->files[i].size == g->old.size &&
		    g->files[i].mtime_ns == g->old.mtime_ns)
			return true;
	return false;
}

static enum rc
lay_out(struct making *g)
{
	uint64_t length = 0;
	uint32_t piece = g->m->piece_length;
	enum rc rc;

	for (size_t i = 0; i < g->t.n_files; i++)
		length += g->t.files[i].length < REC_LENGTH_MAX - length
		    ? g->t.files[i].length
		    : 0;
	if (piece == 0)
		piece = make_piece_length(length);
	rc = make_lay_out(&g->t, piece);
	if (rc == RC_NONE)
		return refuse(g, CODE_DATA, "there is not a byte in it to share");
	if (rc == RC_BIG)
		return refuse(g, CODE_DATA,
		    "too large for pieces of this length: give a larger one with -b");
	return rc == RC_OK ? RC_OK : no_memory(g);
}

enum rc
make_find(struct making *g)
{
	enum rc rc = name_path(g);

	if (rc == RC_OK)
		rc = open_parent(g);
	if (rc == RC_OK)
		rc = list(g);
	if (rc != RC_OK)
		return rc;
	if (g->facts.name.n == 0)
		g->facts.name = bytes_str(g->base);
	make_sort(&g->t);
	g->files = calloc(g->t.n_files + 1, sizeof(*g->files));
	if (g->files == NULL)
		return no_memory(g);
	content_look_all(&g->t, &g->root, g->files);
	rc = refuse_changed(g);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < g->t.n_files; i++)
		g->t.files[i].length = g->files[i].size;
	return lay_out(g);
}

static enum rc
end_hashing(struct making *g, enum rc rc, int signal)
{
	if (rc == RC_END)
		g->o->signal = signal;
	else if (rc == RC_MEM)
		return no_memory(g);
	tty_clear(&g->line.tty);
	return rc;
}

enum rc
make_hash(struct making *g)
{
	struct hasher h = { .t = &g->t,
		.root = &g->root,
		.files = g->files,
		.gaps = -1,
		.threads = g->m->threads,
		.strict = true,
		.ctx = &g->line };
	uint8_t *words = NULL;
	int signal = 0;
	enum rc rc;

	if (replaces_one(g)) {
		outcome_fail(g->o, CODE_CANTCREAT,
		    "%s: is one of the files itself: choose another place with -o",
		    g->target);
		return RC_BAD;
	}
	words = calloc(g->t.pieces, 1);
	if (words == NULL)
		return no_memory(g);
	hashing_start(&g->line, g->m->err, g->m->quiet, g->facts.name, "hashing");
	h.tick = g->line.tty.on ? hashing_tick : NULL;
	rc = hasher_run(&h, g->t.sha1, words, &signal);
	free(words);
	rc = end_hashing(g, rc, signal);
	if (rc == RC_SYS)
		return refuse(g, CODE_BUG, strerror(errno));
	if (rc == RC_OK)
		content_look_again(&g->t, &g->root, g->files);
	if (rc != RC_OK && rc != RC_BAD)
		return rc;
	/* RC_BAD stands, even where no file has a word to say. */
	return refuse_changed(g) == RC_OK ? rc : RC_BAD;
}

/* Of a regular file as standard input the length is known. */
static uint32_t
stream_piece(const struct making *g)
{
	struct stat st;
	off_t at = lseek(g->m->in, 0, SEEK_CUR);

	if (g->m->piece_length != 0)
		return g->m->piece_length;
	if (fstat(g->m->in, &st) == 0 && S_ISREG(st.st_mode) && at >= 0 &&
	    at < st.st_size)
		return make_piece_length((uint64_t)(st.st_size - at));
	return STREAM_PIECE;
}

enum rc
make_hash_stream(struct making *g)
{
	struct pipehash p = { .fd = g->m->in,
		.piece_length = stream_piece(g),
		.threads = g->m->threads,
		.ctx = &g->line };
	struct buf sha1;
	uint64_t length = 0;
	int signal = 0;
	enum rc rc;

	buf_init(&sha1, (size_t)MAKE_PIECES_MAX * 20);
	hashing_start(&g->line, g->m->err, g->m->quiet, g->facts.name, "hashing");
	p.tick = g->line.tty.on ? hashing_tick_stream : NULL;
	rc = pipehash_run(&p, &sha1, &length, &signal);
	rc = end_hashing(g, rc, signal);
	g->facts.single = true;
	if (rc == RC_SYS)
		outcome_fail(g->o, CODE_IO, "standard input: %s", strerror(errno));
	if (rc == RC_BIG)
		outcome_fail(g->o, CODE_DATA,
		    "standard input: too long for pieces of this length: give a larger "
		    "one with -b");
	if (rc == RC_OK && length == 0) {
		outcome_fail(
		    g->o, CODE_DATA, "standard input: there is not a byte in it");
		rc = RC_BAD;
	}
	if (rc == RC_OK && torrent_add_file(&g->t, g->facts.name) != RC_OK)
		rc = no_memory(g);
	if (rc == RC_OK) {
		g->t.files[0].length = length;
		rc = make_lay_out(&g->t, p.piece_length);
		if (rc == RC_OK)
			memcpy(g->t.sha1, sha1.p, sha1.n);
		else
			rc = no_memory(g);
	}
	buf_clear(&sha1);
	return rc;
}
