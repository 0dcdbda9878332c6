/* SPDX-License-Identifier: ISC */
#include "io/content.h"

#include <errno.h>
#include <string.h>

#include "io/journal.h"

enum { BLOCK = 512 }; /* st_blocks counts in these, whatever the file system does */

static enum content_state
state_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return CONTENT_FILE;
	case S_IFLNK: return CONTENT_LINK;
	case S_IFDIR: return CONTENT_DIRECTORY;
	default: return CONTENT_SPECIAL;
	}
}

static struct content_file
look(const struct torrent *t, size_t i, const struct beneath *root,
    struct beneath_near *near)
{
	const struct bytes path = t->files[i].path;
	struct content_file f = { .state = CONTENT_CLOSED };
	char text[BENEATH_PATH];
	struct stat st;

	if (path.n >= sizeof(text)) {
		f.err = ENAMETOOLONG;
		return f;
	}
	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	if (beneath_stat(root, near, text, &st) != RC_OK) {
		f.err = errno;
		if (errno == ENOENT || errno == ENOTDIR)
			f.state = CONTENT_MISSING;
		else if (errno == ELOOP)
			f.state = CONTENT_LINK;
		return f;
	}
	f.state = state_of(st.st_mode);
	f.size = (uint64_t)st.st_size;
	f.mtime_ns = journal_ns(st.st_mtim);
	f.ino = (uint64_t)st.st_ino;
	f.sparse = (uint64_t)st.st_blocks < f.size / BLOCK;
	return f;
}

void
content_look_all(
    const struct torrent *t, const struct beneath *root, struct content_file *files)
{
	struct beneath_near near;

	beneath_near_init(&near);
	for (size_t i = 0; i < t->n_files; i++)
		files[i] = torrent_file_is_real(&t->files[i])
		    ? look(t, i, root, &near)
		    : (struct content_file){ .size = 0 };
	beneath_near_clear(&near);
}

void
content_look_again(
    const struct torrent *t, const struct beneath *root, struct content_file *files)
{
	struct beneath_near near;

	beneath_near_init(&near);
	for (size_t i = 0; i < t->n_files; i++) {
		enum content_state was = files[i].state;
		struct content_file now;

		if (!torrent_file_is_real(&t->files[i]) || was == CONTENT_CLOSED)
			continue;
		now = look(t, i, root, &near);
		was = was == CONTENT_BROKEN ? CONTENT_FILE : was;
		if (now.state != was || now.size != files[i].size ||
		    now.mtime_ns != files[i].mtime_ns || now.ino != files[i].ino)
			files[i].state = CONTENT_CHANGED;
	}
	beneath_near_clear(&near);
}

bool
content_is_same(const struct content_file *f, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == f->size &&
	    journal_ns(st->st_mtim) == f->mtime_ns && (uint64_t)st->st_ino == f->ino;
}
