/* SPDX-License-Identifier: ISC */
/*
 * io/store without a place that anybody could see: the one file stays lent out, so its
 * descriptor is never closed and never opened again by name.
 */
#include "io/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/layout.h"
#include "io/store_parts.h"

/* Remove a file and the directories above it that are empty then. */
static void
remove_names(struct store *s, const struct torrent_file *f)
{
	char path[BENEATH_PATH], *slash;

	if (f->path.n >= sizeof(path))
		return;
	memcpy(path, f->path.p, f->path.n);
	path[f->path.n] = '\0';
	(void)unlinkat(s->files.dir, path, 0);
	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		(void)unlinkat(s->files.dir, path, AT_REMOVEDIR);
	}
}

static void
remove_notes(struct store *s)
{
	char name[STORE_NOTE];

	if (s->notes.dir < 0)
		return;
	store_note(s, "lock", name);
	(void)unlinkat(s->notes.dir, name, 0);
	(void)unlinkat(s->files.dir, ".ugat", AT_REMOVEDIR);
	(void)close(s->notes.dir);
	s->notes.dir = -1;
}

enum rc
store_hide(struct store *s, const struct torrent_file *f, struct store_error *e)
{
	const struct bytes nothing = bytes_of((const uint8_t *)"", 0);
	struct store_fd lent = { .fd = -1, .slot = -1 };
	enum rc rc = RC_OK;

	s->hidden = true;
	/* Blocks of huge pieces: it has no name from the start. */
	if (store_gather(s, 0, nothing, e) != RC_OK)
		rc = RC_SYS;
	else if (store_fds_get(s->fds, f, STORE_FDS_MAKE, &lent) != RC_OK)
		rc = store_refused(s, f, e);
	remove_names(s, f);
	remove_notes(s);
	(void)rmdir(s->dir);
	return rc;
}

void
store_forget(struct store *s, uint64_t offset, uint64_t n)
{
	struct layout it;
	struct layout_span span;
	struct store_fd lent;

	layout_start(&it, s->t, offset, n);
	while (layout_next(&it, &span)) {
		if (span.pad || span.file == NULL ||
		    store_fds_get(s->fds, span.file, STORE_FDS_WRITE, &lent) != RC_OK)
			continue;
		(void)fallocate(lent.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		    (off_t)span.at, (off_t)span.n);
		store_fds_put(s->fds, &lent);
	}
}
