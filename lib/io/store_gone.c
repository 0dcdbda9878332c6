/* SPDX-License-Identifier: ISC */
/*
 * io/store: files that somebody takes away, or replaces, while they are loaded. What is
 * written goes on into a file that nobody finds any more. It is missed when it is looked
 * at: by each save, and before anybody is told that it is whole. Inode numbers are held
 * against each other only while the file is open: some file systems draw new ones.
 */
#include "io/store.h"

#include <errno.h>
#include <limits.h>

#include "io/store_parts.h"

void
store_note_gone(struct store *s, size_t i, int err)
{
	bool gone = err == ENOENT || err == ENOTDIR || err == ELOOP || err == EEXIST ||
	    err == ESTALE;

	if (!gone || i == s->t->n_files ||
	    (s->flags[i] & (STORE_THERE | STORE_TOLD)) != STORE_THERE)
		return;
	s->flags[i] |= STORE_GONE;
	s->now.files[i].vouched = false;
	s->gone = &s->t->files[i];
	s->unsaved = true;
}

/*
 * 0, or why not, as an errno. By the path that others are told, whatever became of DIR.
 */
static int
look_as_others(const struct store *s, const struct torrent_file *f)
{
	char path[PATH_MAX];
	struct stat st;

	if (store_path(s, f, path, sizeof(path)) != RC_OK)
		return 0;
	if (lstat(path, &st) != 0)
		return errno;
	return S_ISREG(st.st_mode) && (uint64_t)st.st_size == f->length &&
	        store_fds_is(s->fds, f, &st)
	    ? 0
	    : ESTALE;
}

enum rc
store_in_place(struct store *s, const struct torrent_file *f, struct store_error *e)
{
	size_t i = (size_t)(f - s->t->files);
	int err = look_as_others(s, f);
	bool gone;

	(void)pthread_mutex_lock(&s->mutex);
	store_note_gone(s, i, err);
	gone = (s->flags[i] & STORE_GONE) != 0;
	if (!gone)
		s->flags[i] |= STORE_TOLD;
	(void)pthread_mutex_unlock(&s->mutex);
	errno = ESTALE;
	return gone ? store_refused(s, f, e) : RC_OK;
}

bool
store_misses(struct store *s, struct store_error *e)
{
	const struct torrent_file *gone;

	(void)pthread_mutex_lock(&s->mutex);
	gone = s->gone;
	(void)pthread_mutex_unlock(&s->mutex);
	errno = ESTALE;
	if (gone != NULL)
		(void)store_refused(s, gone, e);
	return gone != NULL;
}
