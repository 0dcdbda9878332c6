/* SPDX-License-Identifier: ISC */
#include "io/outbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "io/outbox_parts.h"

enum { SHOWN = 300, BELOW = 600, WORDS = 1024 }; /* what fits into words */
#define BYTES_MAX (UINT64_C(1) << 60)            /* that the protocol can tell */

/* The operands. */

static enum rc
no_memory(struct outcome *end)
{
	(void)outcome_fail(end, CODE_BUG, "out of memory");
	return RC_SYS;
}

/* A name for words, which are not to be lost behind it. */
static const char *
show(const char *name, char room[static SHOWN])
{
	(void)text_name(bytes_str(name), room, SHOWN);
	return room;
}

static enum rc
cannot_read(const struct outbox_item *item, struct outcome *end)
{
	int err = errno;
	char room[SHOWN];

	(void)outcome_fail(
	    end, CODE_NOINPUT, "%s: %s", show(item->operand, room), strerror(err));
	return RC_SYS;
}

/* n bytes of path as a text of its own. */
static enum rc
set_name(struct outbox_item *item, const char *path, size_t n, struct outcome *end)
{
	const char *why = "has a /";
	char room[SHOWN];

	if (xfer_check_path(bytes_of(path, n), &why) != RC_OK ||
	    memchr(path, '/', n) != NULL) {
		(void)outcome_fail(end, CODE_USAGE,
		    "%s: cannot be sent by the name \"%.*s\", which %s: give another "
		    "with -n",
		    show(item->operand, room), (int)(n < SHOWN / 2 ? n : SHOWN / 2), path,
		    why);
		return RC_SYS;
	}
	item->name = strndup(path, n);
	return item->name == NULL ? no_memory(end) : RC_OK;
}

/* The last component of path without slashes behind it, *n bytes; 0 for "/". */
static const char *
last_component(const char *path, size_t *n)
{
	size_t end = strlen(path), at;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (at = end; at > 0 && path[at - 1] != '/'; at--)
		;
	*n = end - at;
	return path + at;
}

static enum rc
name_item(struct outbox_item *item, const char *name, struct outcome *end)
{
	const char *last;
	char *real;
	size_t n;
	enum rc rc;

	if (name != NULL)
		return set_name(item, name, strlen(name), end);
	last = last_component(item->operand, &n);
	if (!(n == 1 && last[0] == '.') && !(n == 2 && memcmp(last, "..", 2) == 0))
		return set_name(item, last, n, end);
	real = realpath(item->operand, NULL);
	if (real == NULL)
		return cannot_read(item, end);
	last = last_component(real, &n);
	rc = set_name(item, last, n, end);
	free(real);
	return rc;
}

static enum rc
refuse_special(const char *operand, mode_t mode, struct outcome *end)
{
	char room[SHOWN];

	(void)show(operand, room);
	if (S_ISSOCK(mode))
		(void)outcome_fail(end, CODE_NOINPUT, "%s: a socket", room);
	else
		(void)outcome_fail(end, CODE_NOINPUT,
		    "%s: %s: send it through a pipe, with a name: -n NAME ... - < %s",
		    room, S_ISFIFO(mode) ? "a FIFO" : "a device", room);
	return RC_SYS;
}

/* A device must not be opened just to look at it. */
static enum rc
look_at(struct outbox_item *item, struct outcome *end)
{
	struct stat st;
	int fd = -1;

	if (stat(item->operand, &st) == 0) {
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			return refuse_special(item->operand, st.st_mode, end);
		item->is_directory = S_ISDIR(st.st_mode);
		fd = open(item->operand, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	if (fd < 0)
		return cannot_read(item, end);
	(void)close(fd);
	return RC_OK;
}

static enum rc
add_item(struct outbox *o, const char *operand, const char *name, struct outcome *end)
{
	struct outbox_item *item = &o->items[o->n++];
	enum rc rc = RC_OK;

	item->operand = operand;
	item->is_stream = strcmp(operand, "-") == 0;
	if (!item->is_stream)
		rc = look_at(item, end);
	return rc == RC_OK ? name_item(item, name, end) : rc;
}

static int
by_name(const void *a, const void *b)
{
	const struct outbox_item *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static enum rc
check_alike(const struct outbox *o, struct outcome *end)
{
	const struct outbox_item **sorted = calloc(o->n, sizeof(const void *));
	char one[SHOWN], other[SHOWN], name[SHOWN];
	enum rc rc = RC_OK;

	if (sorted == NULL)
		return no_memory(end);
	for (size_t i = 0; i < o->n; i++)
		sorted[i] = &o->items[i];
	qsort(sorted, o->n, sizeof(const void *), by_name);
	for (size_t i = 1; i < o->n && rc == RC_OK; i++) {
		if (by_name(&sorted[i - 1], &sorted[i]) != 0)
			continue;
		(void)outcome_fail(end, CODE_USAGE,
		    "%s and %s: both would be called %s there: send them one by one",
		    show(sorted[i - 1]->operand, one), show(sorted[i]->operand, other),
		    show(sorted[i]->name, name));
		rc = RC_SYS;
	}
	free(sorted);
	return rc;
}

static enum rc
check_usage(char *const *operands, size_t n, const char *name, struct outcome *end)
{
	const char *why = NULL;

	if (n > XFER_ITEMS_MAX)
		why = "too many operands: name a directory they are in";
	else if (n > 1 && name != NULL)
		why = "-n: it names one thing, and several are given";
	for (size_t i = 0; i < n && why == NULL; i++) {
		if (strcmp(operands[i], "-") != 0)
			continue;
		if (n > 1)
			why = "-: standard input goes alone";
		else if (name == NULL)
			why = "-: standard input has no name: give it one: -n NAME";
	}
	if (why == NULL)
		return RC_OK;
	(void)outcome_fail(end, CODE_USAGE, "%s", why);
	return RC_SYS;
}

struct outbox *
outbox_new(char *const *operands, size_t n, const char *name, int in, struct outcome *end)
{
	struct outbox *o = NULL;
	enum rc rc = check_usage(operands, n, name, end);

	if (rc != RC_OK)
		return NULL;
	o = calloc(1, sizeof(*o));
	if (o != NULL) {
		o->in = in;
		o->top = -1;
		o->below.dir = -1;
		o->items = calloc(n, sizeof(*o->items));
	}
	if (o == NULL || o->items == NULL)
		rc = no_memory(end);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = add_item(o, operands[i], name, end);
	if (rc == RC_OK)
		rc = check_alike(o, end);
	if (rc == RC_OK)
		return o;
	outbox_free(o);
	return NULL;
}

static void
leave_item(struct outbox *o)
{
	tree_free(o->tree);
	o->tree = NULL;
	if (o->top >= 0)
		(void)close(o->top);
	o->top = -1;
	o->at++;
}

void
outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	leave_item(o);
	if (o->below.dir >= 0)
		(void)close(o->below.dir);
	hash_free(o->spare);
	for (size_t i = 0; o->items != NULL && i < o->n; i++)
		free(o->items[i].name);
	free(o->items);
	free(o);
}

size_t
outbox_items(const struct outbox *o)
{
	return o->n;
}

const struct outbox_item *
outbox_item(const struct outbox *o, size_t i)
{
	return &o->items[i];
}

/* A walk. */

/* below: where in the item; the item itself: "". */
static void
skip(struct outbox *o, int code, const char *below, const char *why)
{
	const char *operand = o->items[o->at].operand;
	char path[WORDS], name[BELOW + SHOWN + 8], words[WORDS];
	size_t n = strlen(operand), m = strlen(below);

	if (o->skip == NULL)
		return;
	while (n > 1 && operand[n - 1] == '/')
		n--;
	/* The end of a long path and the cause are what tells most. */
	if (m > BELOW)
		(void)snprintf(path, sizeof(path), "...%s", below + m - BELOW);
	else
		(void)snprintf(path, sizeof(path), "%.*s%s", (int)(n < SHOWN ? n : SHOWN),
		    operand, below);
	(void)text_name(bytes_str(path), name, sizeof(name));
	(void)snprintf(words, sizeof(words), "%s: %s: skipped", name, why);
	++*o->skipped;
	o->skip(o->ctx, code, words);
}

static void
describe(struct outbox_file *f, const struct stat *st)
{
	f->size = (uint64_t)st->st_size;
	f->mode = (uint16_t)(st->st_mode & 0777);
	f->mtime_s = st->st_mtim.tv_sec;
	f->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	f->ino = st->st_ino;
	f->dev = st->st_dev;
}

static const char *
kind_of(unsigned char type)
{
	switch (type) {
	case DT_LNK: return "a symbolic link";
	case DT_FIFO: return "a FIFO";
	case DT_SOCK: return "a socket";
	default: return "a device";
	}
}

static enum rc
found_file(struct outbox *o, const struct tree_entry *e, struct outbox_file *f)
{
	const char *below = e->path + strlen(o->items[o->at].name);
	struct stat st;

	if (fstatat(e->dir, e->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		/* What went away since is not there. */
		if (errno != ENOENT)
			skip(o, CODE_NOINPUT, below, strerror(errno));
		return RC_MORE;
	}
	if (!S_ISREG(st.st_mode)) {
		skip(o, CODE_NOINPUT, below, "it has just been replaced");
		return RC_MORE;
	}
	memcpy(f->path, e->path, strlen(e->path) + 1);
	f->item = o->at;
	describe(f, &st);
	return RC_OK;
}

/* RC_OK: *f is a file. RC_MORE: go on. */
static enum rc
found(struct outbox *o, const struct tree_entry *e, struct outbox_file *f)
{
	const char *below = e->path + strlen(o->items[o->at].name), *why;
	enum rc rc;

	if (e->kind == TREE_EMPTY) {
		skip(o, CODE_NO, below, "an empty directory");
	} else if (e->kind == TREE_LONG) {
		skip(o, CODE_NO, below, "a path in it is over 4095 bytes");
	} else if (xfer_check_path(bytes_str(e->name), &why) != RC_OK) {
		skip(o, CODE_NO, below, why);
	} else if (e->type == DT_REG) {
		return found_file(o, e, f);
	} else if (e->type != DT_DIR) {
		skip(o, CODE_NO, below, kind_of(e->type));
	} else {
		rc = tree_enter(o->tree);
		if (rc == RC_SYS && errno != ENOENT)
			skip(o, CODE_NOINPUT, below, strerror(errno));
		return rc == RC_MEM ? RC_MEM : RC_MORE;
	}
	return RC_MORE;
}

static enum rc
step_tree(struct outbox *o, struct outbox_file *f)
{
	struct tree_entry e;
	enum rc rc = tree_next(o->tree, &e);

	if (rc == RC_OK)
		return found(o, &e, f);
	if (rc == RC_END)
		leave_item(o);
	else if (rc == RC_SYS)
		skip(o, CODE_NOINPUT, e.path + strlen(o->items[o->at].name),
		    strerror(errno));
	return rc == RC_MEM ? rc : RC_MORE;
}

static enum rc
begin_directory(struct outbox *o)
{
	const struct outbox_item *item = &o->items[o->at];

	o->top = open(item->operand, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->top < 0) {
		skip(o, CODE_NOINPUT, "", strerror(errno));
		o->at++;
		return RC_MORE;
	}
	o->tree = tree_new(o->top, item->name);
	return o->tree == NULL ? RC_MEM : RC_MORE;
}

/* What is gone is told, too: opening it says why. */
static enum rc
tell_operand(struct outbox *o, struct outbox_file *f)
{
	const struct outbox_item *item = &o->items[o->at];
	struct stat st;

	*f = (struct outbox_file){ .item = o->at++, .size = XFER_UNKNOWN };
	memcpy(f->path, item->name, strlen(item->name) + 1);
	if (item->is_stream) {
		f->mode = 0666;
		return RC_OK;
	}
	f->size = 0;
	if (stat(item->operand, &st) == 0)
		describe(f, &st);
	return RC_OK;
}

/* RC_OK: *f. RC_MORE: call again. RC_END, RC_MEM. */
static enum rc
step(struct outbox *o, struct outbox_file *f)
{
	if (o->tree != NULL)
		return step_tree(o, f);
	if (o->at == o->n)
		return RC_END;
	return o->items[o->at].is_directory ? begin_directory(o) : tell_operand(o, f);
}

static enum rc
count(struct outbox *o, const struct outbox_file *f, struct outcome *end)
{
	struct outbox_item *item = &o->items[f->item];
	char room[SHOWN];

	item->files++;
	o->files_left++;
	if (f->size == XFER_UNKNOWN) {
		item->bytes = o->bytes_left = XFER_UNKNOWN;
		return RC_OK;
	}
	if (f->size > BYTES_MAX - o->bytes_left) {
		(void)outcome_fail(
		    end, CODE_NOINPUT, "%s: over 2^60 bytes", show(f->path, room));
		return RC_SYS;
	}
	item->bytes += f->size;
	o->bytes_left += f->size;
	return RC_OK;
}

static void
rewind_walk(struct outbox *o)
{
	leave_item(o);
	o->at = 0;
}

enum rc
outbox_count(struct outbox *o, outbox_skip_fn *skipped_fn, void *ctx,
    const atomic_bool *stop, uint64_t *skipped, struct outcome *end)
{
	struct outbox_file f;
	enum rc rc = RC_MORE;

	rewind_walk(o);
	o->skip = skipped_fn;
	o->ctx = ctx;
	o->skipped = skipped;
	*skipped = 0;
	while (rc == RC_MORE || rc == RC_OK) {
		if (atomic_load_explicit(stop, memory_order_relaxed))
			return RC_END;
		rc = step(o, &f);
		if (rc == RC_OK)
			rc = count(o, &f, end);
	}
	o->skip = NULL;
	rewind_walk(o);
	if (rc == RC_MEM)
		return no_memory(end);
	return rc == RC_END ? RC_OK : rc;
}

enum rc
outbox_next(struct outbox *o, struct outbox_file *f, struct outcome *end)
{
	enum rc rc;

	do {
		rc = step(o, f);
	} while (rc == RC_MORE);
	if (rc == RC_MEM)
		return no_memory(end);
	if (rc != RC_OK || o->bytes_left == XFER_UNKNOWN)
		return rc;
	if (o->files_left == 0 || f->size > o->bytes_left)
		return RC_BAD;
	o->files_left--;
	o->bytes_left -= f->size;
	return RC_OK;
}
