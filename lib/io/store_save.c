/* SPDX-License-Identifier: ISC */
/* io/store: the journal's next edition, and bringing bytes to the disk itself. */
#include "io/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/layout.h"
#include "io/store_parts.h"

enum {
	SYNC_EACH_MAX = 64, /* with more files than these, the whole file system */
	LOOK_MS = 1000
};

/* Look at a file, or with number t->n_files at .part. RC_NONE: errno. */
static enum rc
look(const struct store *s, struct beneath_near *near, size_t i, struct stat *st)
{
	char path[BENEATH_PATH];
	const struct torrent_file *f = &s->t->files[i];
	enum rc rc;

	if (i == s->t->n_files) {
		store_note(s, "part", path);
		rc = s->notes.dir >= 0 &&
		        fstatat(s->notes.dir, path, st, AT_SYMLINK_NOFOLLOW) == 0
		    ? RC_OK
		    : RC_NONE;
	} else {
		memcpy(path, f->path.p, f->path.n);
		path[f->path.n] = '\0';
		rc = beneath_stat(&s->files, near, path, st);
	}
	if (rc == RC_OK && S_ISREG(st->st_mode))
		return RC_OK;
	errno = rc == RC_OK ? EEXIST : errno;
	return RC_NONE;
}

/* The same; nor has another taken its place. */
static bool
is_there(struct store *s, struct beneath_near *near, size_t i, struct stat *st)
{
	if (look(s, near, i, st) != RC_OK)
		return false;
	errno = ESTALE;
	return i == s->t->n_files || store_fds_is(s->fds, &s->t->files[i], st);
}

/*
 * Files that were stale at the last save and are not now: nobody but others can have
 * written to them since.
 */
static void
settle_recent(struct store *s)
{
	for (size_t k = 0; k < s->recent.n; k++) {
		size_t i = s->recent.at[k];

		s->flags[i] &= (uint8_t)~STORE_RECENT;
		if ((s->flags[i] & STORE_STALE) == 0)
			s->now.files[i].until_ns = s->now.files[i].mtime_ns;
	}
	s->recent.n = 0;
}

static void
look_at_stale(struct store *s)
{
	struct beneath_near near;

	beneath_near_init(&near);
	for (size_t k = 0; k < s->stale.n; k++) {
		size_t i = s->stale.at[k];
		struct journal_file *f = &s->now.files[i];
		struct stat st;

		s->flags[i] &= (uint8_t)~STORE_STALE;
		f->vouched = is_there(s, &near, i, &st);
		if (!f->vouched)
			store_note_gone(s, i, errno);
		f->vouched = f->vouched && (s->flags[i] & STORE_GONE) == 0;
		if (!f->vouched)
			continue;
		f->size = (uint64_t)st.st_size;
		f->mtime_ns = journal_ns(st.st_mtim);
		f->until_ns = 0;
		store_mark(s, &s->recent, STORE_RECENT, i);
	}
	s->stale.n = 0;
	beneath_near_clear(&near);
}

/* One that we write to ourselves, or that is gone, is. */
static bool
is_as_left(struct store *s, struct beneath_near *near, size_t i)
{
	struct journal_file then;
	struct stat now;
	bool known;

	(void)pthread_mutex_lock(&s->mutex);
	then = s->now.files[i];
	known = then.vouched && (s->flags[i] & STORE_STALE) == 0;
	(void)pthread_mutex_unlock(&s->mutex);
	return !known || look(s, near, i, &now) != RC_OK ||
	    ((uint64_t)now.st_size == then.size &&
	        journal_ns(now.st_mtim) == then.mtime_ns);
}

bool
store_is_as_left(struct store *s, uint32_t piece, int64_t now_ms)
{
	struct beneath_near near;
	struct layout it;
	struct layout_span span;
	bool same = true;

	beneath_near_init(&near);
	layout_start(&it, s->t, (uint64_t)piece * s->t->piece_length, s->t->piece_length);
	while (same && layout_next(&it, &span)) {
		uint32_t i =
		    (uint32_t)(span.file != NULL ? (size_t)(span.file - s->t->files)
		                                 : s->t->n_files);
		struct store_looked *l = &s->looked[i % STORE_LOOKED];

		if (span.pad || (l->file == i && now_ms < l->until_ms))
			continue;
		same = is_as_left(s, &near, i);
		if (same)
			*l = (struct store_looked){ .file = i,
				.until_ms = now_ms + LOOK_MS };
	}
	beneath_near_clear(&near);
	return same;
}

bool
store_unsaved(struct store *s)
{
	bool unsaved;

	(void)pthread_mutex_lock(&s->mutex);
	unsaved = s->unsaved;
	(void)pthread_mutex_unlock(&s->mutex);
	return unsaved && s->notes.dir >= 0;
}

/* s->saving is held. */
static enum rc
save(struct store *s, bool durable, struct store_error *e)
{
	char name[STORE_NOTE];
	struct buf text;
	uint64_t mtime_ns = 0;
	enum rc rc;

	store_note(s, "have", name);
	buf_init(&text, JOURNAL_MAX);
	(void)pthread_mutex_lock(&s->mutex);
	settle_recent(s);
	look_at_stale(s);
	if (s->closing)
		settle_recent(s); /* nobody writes any more */
	rc = journal_put(&s->now, &text);
	s->unsaved = false;
	(void)pthread_mutex_unlock(&s->mutex);
	if (rc == RC_OK)
		rc = journal_save(&s->notes, name, buf_bytes(&text), durable, &mtime_ns);
	else
		errno = ENOMEM;
	buf_clear(&text);
	if (rc != RC_OK)
		rc = store_refused_note(s, "have", e);
	(void)pthread_mutex_lock(&s->mutex);
	if (rc == RC_OK)
		s->saved_ns = mtime_ns;
	else
		s->unsaved = true;
	(void)pthread_mutex_unlock(&s->mutex);
	return rc;
}

enum rc
store_save(struct store *s, struct store_error *e)
{
	enum rc rc;

	/* A sync that is just saving waits for the disk: the loop must not. */
	if (!store_unsaved(s) || pthread_mutex_trylock(&s->saving) != 0)
		return RC_OK;
	rc = save(s, false, e);
	(void)pthread_mutex_unlock(&s->saving);
	return rc;
}

/* What one sync works on, taken while the mutex was held. */
struct sync {
	struct bitset held; /* pieces that it makes durable */
	uint32_t *at;       /* numbers of files */
	uint64_t *mtime_ns; /* of each, before it was synced */
	size_t n;
};

static enum rc
sync_begin(struct store *s, struct sync *y)
{
	enum rc rc;

	*y = (struct sync){ .n = 0 };
	rc = bitset_init(&y->held, s->t->pieces);
	y->at = calloc(s->t->n_files + 1, sizeof(*y->at));
	y->mtime_ns = calloc(s->t->n_files + 1, sizeof(*y->mtime_ns));
	if (rc != RC_OK || y->at == NULL || y->mtime_ns == NULL)
		return RC_MEM;
	(void)pthread_mutex_lock(&s->mutex);
	bitset_or(&y->held, &s->now.set[JOURNAL_HAVE]);
	y->n = s->dirty.n;
	for (size_t k = 0; k < y->n; k++) {
		y->at[k] = s->dirty.at[k];
		s->flags[y->at[k]] &= (uint8_t)~STORE_DIRTY;
	}
	s->dirty.n = 0;
	(void)pthread_mutex_unlock(&s->mutex);
	return RC_OK;
}

/* fsync, not fdatasync: the next boot holds the mtime against what was recorded. */
static enum rc
sync_fd(int fd, uint64_t *mtime_ns)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || fsync(fd) != 0)
		return RC_SYS;
	*mtime_ns = journal_ns(st.st_mtim);
	return RC_OK;
}

static enum rc
sync_one(struct store *s, size_t i, uint64_t *mtime_ns, struct store_error *e)
{
	const struct torrent_file *f = &s->t->files[i];
	struct store_fd lent;
	enum rc rc;
	int fd;

	if (i == s->t->n_files) {
		rc = store_part(s, false, &fd);
		if (rc != RC_OK && errno == ENOENT)
			return RC_OK;
		if (rc == RC_OK)
			rc = sync_fd(fd, mtime_ns);
		return rc == RC_OK ? rc : store_refused_note(s, "part", e);
	}
	rc = store_fds_get(s->fds, f, STORE_FDS_READ, &lent);
	if (rc != RC_OK && (errno == ENOENT || errno == EEXIST))
		return RC_OK; /* taken away meanwhile: the journal will see it */
	if (rc == RC_OK) {
		rc = sync_fd(lent.fd, mtime_ns);
		store_fds_put(s->fds, &lent);
	}
	return rc == RC_OK ? RC_OK : store_refused(s, f, e);
}

/* Many small files: one call instead of a wait for the disk for each. */
static enum rc
sync_all(struct store *s, struct sync *y, struct store_error *e)
{
	struct beneath_near near;
	struct stat st;
	enum rc rc = RC_OK;
	int fd;

	beneath_near_init(&near);
	for (size_t k = 0; k < y->n; k++)
		if (look(s, &near, y->at[k], &st) == RC_OK)
			y->mtime_ns[k] = journal_ns(st.st_mtim);
	beneath_near_clear(&near);
	fd = openat(s->files.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) != 0)
		rc = store_refused_note(s, "have", e);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static void
sync_done(struct store *s, const struct sync *y, bool good)
{
	struct bitset *synced = &s->now.set[JOURNAL_SYNCED];

	(void)pthread_mutex_lock(&s->mutex);
	if (!good)
		s->sync_failed = true;
	for (size_t k = 0; k < y->n && !s->sync_failed; k++)
		s->now.files[y->at[k]].synced_ns = y->mtime_ns[k];
	if (!s->sync_failed && bitset_beyond(&y->held, synced)) {
		bitset_or(synced, &y->held);
		bitset_and(synced, &s->now.set[JOURNAL_HAVE]);
		s->unsaved = true;
	}
	(void)pthread_mutex_unlock(&s->mutex);
}

/*
 * What was synced counts in the next boot only if the journal is on the disk too. A
 * failure here costs hashing then, and is told by the next store_save.
 */
static void
save_durably(struct store *s)
{
	struct store_error e;
	enum rc rc;

	if (!store_unsaved(s))
		return;
	(void)pthread_mutex_lock(&s->saving);
	rc = save(s, true, &e);
	(void)pthread_mutex_unlock(&s->saving);
	(void)rc; /* s->unsaved is set again */
}

enum rc
store_sync(struct store *s, struct store_error *e)
{
	struct sync y;
	enum rc rc = sync_begin(s, &y);

	if (rc == RC_MEM) {
		errno = ENOMEM;
		rc = store_refused_note(s, "have", e);
	} else if (y.n > SYNC_EACH_MAX) {
		rc = sync_all(s, &y, e);
		sync_done(s, &y, rc == RC_OK);
	} else {
		for (size_t k = 0; k < y.n && rc == RC_OK; k++)
			rc = sync_one(s, y.at[k], &y.mtime_ns[k], e);
		sync_done(s, &y, rc == RC_OK);
	}
	bitset_clear(&y.held);
	free(y.at);
	free(y.mtime_ns);
	if (rc == RC_OK)
		save_durably(s);
	return rc;
}
