/* SPDX-License-Identifier: ISC */
/*
 * The rules of time: store_write marks a file stale, and store_held and store_lost do the
 * same, so the journal is saved again within seconds for as long as a file is written to,
 * and records how it looks. A file that was stale at the last save and is not any more
 * gets its final until_ns, the mtime that it had then; while it is written to, the
 * journal leaves it a grace, for what was written after a save may be there after a
 * crash. At the end every file gets its final one. A piece counts as synced when it was
 * held before a sync began that then succeeded for all dirty files.
 */
#include "io/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"
#include "core/layout.h"
#include "io/dirs.h"
#include "io/store_parts.h"

enum { LOCK_TRIES = 8, SHOWN = 400 };

void
store_note(const struct store *s, const char *suffix, char out[static STORE_NOTE])
{
	(void)snprintf(out, STORE_NOTE, "%s.%s", s->id, suffix);
}

/* What stands before a file's path: nothing for the current directory. */
static const char *
prefix(const struct store *s)
{
	return strcmp(s->dir, ".") == 0 ? "" : s->dir;
}

static const char *
slash_after(const char *dir)
{
	size_t n = strlen(dir);

	return n == 0 || dir[n - 1] == '/' ? "" : "/";
}

enum rc
store_path(const struct store *s, const struct torrent_file *f, char *out, size_t cap)
{
	const char *dir = prefix(s);
	int n;

	/* A name that looks like an option does not when it begins with a dot. */
	if (dir[0] == '\0' && f->path.p[0] == '-')
		dir = ".";
	n = snprintf(out, cap, "%s%s%.*s", dir, slash_after(dir), (int)f->path.n,
	    (const char *)f->path.p);
	return n >= 0 && (size_t)n < cap ? RC_OK : RC_BIG;
}

/* "DIR/", then inside, then name. */
static void
fill_path(
    const struct store *s, const char *inside, struct bytes name, struct store_error *e)
{
	const char *dir = prefix(s);
	const struct bytes parts[] = { bytes_str(dir), bytes_str(slash_after(dir)),
		bytes_str(inside), name };
	size_t at = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		at += text_printable(parts[i], e->path + at, sizeof(e->path) - at);
}

enum rc
store_refused(const struct store *s, const struct torrent_file *f, struct store_error *e)
{
	e->err = errno;
	fill_path(s, "", f->path, e);
	return RC_SYS;
}

enum rc
store_refused_note(const struct store *s, const char *suffix, struct store_error *e)
{
	char note[STORE_NOTE];

	e->err = errno;
	store_note(s, suffix, note);
	fill_path(s, ".ugat/", bytes_str(note), e);
	return RC_SYS;
}

void
store_mark(struct store *s, struct store_list *l, enum store_flag flag, size_t i)
{
	if ((s->flags[i] & flag) != 0)
		return;
	s->flags[i] |= (uint8_t)flag;
	l->at[l->n++] = (uint32_t)i;
}

static enum rc
open_dir(struct store *s, struct outcome *o)
{
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC, fd = open(s->dir, flags),
	    err = errno;

	if (fd < 0 && err == ENOENT) {
		int made = dirs_make(s->dir);

		fd = open(s->dir, flags);
		err = made != 0 ? made : errno;
	}
	if (fd < 0) {
		(void)outcome_fail(o, CODE_CANTCREAT,
		    "%s: cannot be used as the directory for downloads: %s: choose "
		    "another with -d",
		    s->dir, strerror(err));
		return RC_BAD;
	}
	beneath_init(&s->files, fd);
	return RC_OK;
}

/* DIR/.ugat, where it is or can be made. */
static void
open_notes(struct store *s)
{
	int fd;

	if (s->notes.dir >= 0)
		(void)close(s->notes.dir);
	s->notes.dir = -1;
	(void)mkdirat(s->files.dir, ".ugat", 0777);
	if (beneath_open(&s->files, ".ugat", O_PATH | O_DIRECTORY, 0, &fd) == RC_OK)
		s->notes = (struct beneath){ .dir = fd, .walk = s->files.walk };
}

/*
 * Whether the lock's name still leads to the file that was locked: the run before us may
 * have removed it in between.
 */
static bool
is_lock_there(const struct store *s, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	    fstatat(s->notes.dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/*
 * Open the lock's file, for reading: that is enough for flock, and it may be another
 * user's.
 */
static int
open_lock(const struct store *s, const char *name)
{
	int fd;

	if (beneath_open(&s->notes, name, O_RDONLY | O_NONBLOCK | O_CREAT, 0666, &fd) ==
	        RC_OK ||
	    (errno == EACCES &&
	        beneath_open(&s->notes, name, O_RDONLY | O_NONBLOCK, 0, &fd) == RC_OK))
		return fd;
	return -1;
}

/* RC_OK also where no lock can be had: the place is read-only, or has no locks. */
static enum rc
take_lock(struct store *s, struct outcome *o)
{
	char name[STORE_NOTE];

	store_note(s, "lock", name);
	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd, err;

		open_notes(s);
		if (s->notes.dir < 0)
			return RC_OK;
		fd = open_lock(s, name);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return RC_OK;
		err = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
		if (err == 0 && is_lock_there(s, name, fd)) {
			s->lock = fd;
			return RC_OK;
		}
		(void)close(fd);
		if (err == EWOULDBLOCK) {
			(void)outcome_fail(o, CODE_TEMPFAIL,
			    "%s: this torrent is already being fetched here: wait for "
			    "that run, or stop it",
			    s->dir);
			return RC_BAD;
		}
		if (err != 0)
			return RC_OK;
	}
	return RC_OK;
}

static void
read_boot(char boot[static JOURNAL_BOOT])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	memset(boot, 0, JOURNAL_BOOT);
	if (fd >= 0) {
		n = read(fd, boot, JOURNAL_BOOT - 1);
		(void)close(fd);
	}
	for (ssize_t i = 0; i < n; i++)
		if (boot[i] == '\n')
			boot[i] = '\0';
}

/*
 * Whether a component of path is .ugat: at any depth, for a later run may choose the
 * directory that holds it, and would believe the journal that a torrent has brought. Some
 * file systems do not tell the cases apart.
 */
static bool
is_in_our_notes(struct bytes path)
{
	static const char ours[] = ".ugat";
	size_t n = sizeof(ours) - 1;

	for (size_t at = 0; path.n >= at + n; at++) {
		const char *p = (const char *)path.p + at;

		if ((at == 0 || p[-1] == '/') && strncasecmp(p, ours, n) == 0 &&
		    (path.n == at + n || p[n] == '/'))
			return true;
	}
	return false;
}

static enum rc
refuse_our_names(const struct torrent *t, struct outcome *o)
{
	for (size_t i = 0; i < t->n_files; i++) {
		struct bytes p = t->files[i].path;

		if (!torrent_file_is_real(&t->files[i]) || !is_in_our_notes(p))
			continue;
		/* The cause is behind it and must not be cut. */
		(void)outcome_fail(o, CODE_DATA,
		    "%.*s%s: .ugat is where ugat keeps its own notes: change the path in "
		    "the `file` line",
		    (int)(p.n < SHOWN ? p.n : SHOWN), (const char *)p.p,
		    p.n > SHOWN ? "..." : "");
		return RC_BAD;
	}
	return RC_OK;
}

static enum rc
store_new(const struct torrent *t, const char *dir, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	size_t n = t->n_files + 1;

	if (s == NULL)
		return RC_MEM;
	*out = s;
	s->t = t;
	s->files.dir = s->notes.dir = s->lock = s->part = s->big = -1;
	(void)pthread_mutex_init(&s->saving, NULL);
	(void)pthread_mutex_init(&s->mutex, NULL);
	text_hex(journal_btih(t), 20, s->id);
	read_boot(s->boot);
	s->dir = strdup(dir);
	s->flags = calloc(n, 1);
	s->stale.at = calloc(n, sizeof(*s->stale.at));
	s->recent.at = calloc(n, sizeof(*s->recent.at));
	s->dirty.at = calloc(n, sizeof(*s->dirty.at));
	if (s->dir == NULL || s->flags == NULL || s->stale.at == NULL ||
	    s->recent.at == NULL || s->dirty.at == NULL)
		return RC_MEM;
	return bitset_init(&s->wanted, t->pieces);
}

/* Give everything back, changing nothing on disk. */
static void
store_drop(struct store *s)
{
	const int fds[] = { s->part, s->big, s->lock, s->notes.dir, s->files.dir };

	store_fds_free(s->fds);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	journal_clear(&s->now);
	bitset_clear(&s->wanted);
	free(s->flags);
	free(s->stale.at);
	free(s->recent.at);
	free(s->dirty.at);
	free(s->dir);
	(void)pthread_mutex_destroy(&s->mutex);
	(void)pthread_mutex_destroy(&s->saving);
	free(s);
}

/* Remove the lock while it is held, and .ugat if nothing else is in it. */
static void
remove_lock(struct store *s)
{
	char name[STORE_NOTE];

	if (s->lock < 0)
		return;
	store_note(s, "lock", name);
	(void)unlinkat(s->notes.dir, name, 0);
	(void)unlinkat(s->files.dir, ".ugat", AT_REMOVEDIR);
}

enum rc
store_open(const struct torrent *t, const char *dir, bool distrust, struct outcome *o,
    struct store **out)
{
	struct store *s = NULL;
	char name[STORE_NOTE];
	enum rc rc;

	*out = NULL;
	rc = refuse_our_names(t, o);
	if (rc == RC_OK)
		rc = store_new(t, dir, &s);
	if (rc == RC_OK)
		rc = open_dir(s, o);
	if (rc == RC_OK)
		rc = take_lock(s, o);
	if (rc == RC_OK)
		rc = store_refuse_twins(s, o);
	if (rc == RC_OK) {
		s->fds = store_fds_new(&s->files);
		rc = s->fds == NULL ? RC_MEM : RC_OK;
	}
	if (rc == RC_OK && s->lock >= 0) {
		store_note(s, "big", name);
		(void)unlinkat(s->notes.dir, name, 0);
	}
	if (rc == RC_OK)
		rc = store_scan(s, distrust, o);
	if (rc == RC_OK) {
		*out = s;
		return RC_OK;
	}
	if (rc == RC_MEM)
		(void)outcome_fail(o, CODE_BUG, "out of memory");
	if (s != NULL) {
		remove_lock(s);
		store_drop(s);
	}
	return rc;
}

/* Whether .part still holds bytes that somebody can ask for. */
static bool
is_part_needed(const struct store *s)
{
	const struct bitset *have = &s->now.set[JOURNAL_HAVE];

	for (uint32_t p = 0; p < s->t->pieces; p++)
		if (bitset_get(have, p) && bitset_get(&s->wanted, p) &&
		    !bitset_get(&s->now.set[JOURNAL_BARE], p) &&
		    layout_piece_has_gap(s->t, p))
			return true;
	return false;
}

void
store_close(struct store *s)
{
	struct store_error e;
	char name[STORE_NOTE];

	if (s == NULL)
		return;
	store_note(s, "part", name);
	if (s->notes.dir >= 0 && faccessat(s->notes.dir, name, F_OK, 0) == 0 &&
	    !is_part_needed(s) && unlinkat(s->notes.dir, name, 0) == 0)
		s->now.files[s->t->n_files].vouched = false;
	s->closing = true;
	s->unsaved = s->unsaved || s->recent.n > 0;
	if (store_save(s, &e) != RC_OK)
		s->unsaved = true; /* and the next run hashes: nobody is left to tell */
	remove_lock(s);
	store_drop(s);
}

enum store_state
store_piece_state(const struct store *s, uint32_t piece)
{
	if (!bitset_get(&s->wanted, piece))
		return STORE_ABSENT;
	if (bitset_get(&s->now.set[JOURNAL_HAVE], piece))
		return STORE_HELD;
	return bitset_get(&s->now.set[JOURNAL_CHECK], piece) ? STORE_CHECK : STORE_ABSENT;
}

bool
store_piece_whole(const struct store *s, uint32_t piece)
{
	return store_piece_state(s, piece) == STORE_HELD &&
	    !bitset_get(&s->now.set[JOURNAL_BARE], piece);
}

/*
 * The files of a piece that was judged: look at them again, and sync them if it is good.
 */
static void
mark_piece(struct store *s, uint32_t piece, bool held)
{
	struct layout it;
	struct layout_span span;

	layout_start(&it, s->t, (uint64_t)piece * s->t->piece_length, s->t->piece_length);
	while (layout_next(&it, &span)) {
		size_t i = s->t->n_files;

		if (span.pad)
			continue;
		if (span.file != NULL)
			i = (size_t)(span.file - s->t->files);
		else if (held && s->part_lost)
			bitset_set(&s->now.set[JOURNAL_BARE], piece);
		store_mark(s, &s->stale, STORE_STALE, i);
		if (held)
			store_mark(s, &s->dirty, STORE_DIRTY, i);
	}
	s->unsaved = true;
}

void
store_held(struct store *s, uint32_t piece)
{
	/* No file would vouch for it, and a later run would believe the bit. */
	if (!bitset_get(&s->wanted, piece))
		return;
	(void)pthread_mutex_lock(&s->mutex);
	bitset_set(&s->now.set[JOURNAL_HAVE], piece);
	bitset_unset(&s->now.set[JOURNAL_CHECK], piece);
	bitset_unset(&s->now.set[JOURNAL_SYNCED], piece);
	bitset_unset(&s->now.set[JOURNAL_BARE], piece);
	mark_piece(s, piece, true);
	(void)pthread_mutex_unlock(&s->mutex);
}

void
store_lost(struct store *s, uint32_t piece)
{
	if (!bitset_get(&s->wanted, piece))
		return;
	(void)pthread_mutex_lock(&s->mutex);
	for (int i = 0; i < JOURNAL_SETS; i++)
		bitset_unset(&s->now.set[i], piece);
	mark_piece(s, piece, false);
	(void)pthread_mutex_unlock(&s->mutex);
}

enum rc
store_make_empty(struct store *s, struct store_error *e)
{
	for (size_t i = 0; i < s->t->n_files; i++) {
		const struct torrent_file *f = &s->t->files[i];
		struct store_fd lent;

		if (!torrent_file_is_real(f) || f->length > 0 ||
		    (s->flags[i] & STORE_THERE) != 0)
			continue;
		if (store_fds_get(s->fds, f, STORE_FDS_MAKE, &lent) != RC_OK)
			return store_refused(s, f, e);
		store_fds_put(s->fds, &lent);
		s->flags[i] |= STORE_THERE;
	}
	return RC_OK;
}
