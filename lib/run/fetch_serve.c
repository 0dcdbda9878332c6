/* SPDX-License-Identifier: ISC */
/*
 * All that is wanted is there: the end, or with -k serving until enough was given. And
 * the question whether the content to serve lies where we look for it.
 */
#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/layout.h"
#include "run/fetch_parts.h"

/* The directory above dir, as the user would write it. */
static void
dir_above(const char *dir, char out[static PATH_MAX])
{
	size_t n = strnlen(dir, PATH_MAX - 1);
	const char *last;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	last = memrchr(dir, '/', n);
	if (n == 1 && dir[0] == '.')
		(void)snprintf(out, PATH_MAX, "..");
	else if (last == NULL)
		(void)snprintf(out, PATH_MAX, ".");
	else if (last == dir)
		(void)snprintf(out, PATH_MAX, "/");
	else
		(void)snprintf(out, PATH_MAX, "%.*s", (int)(last - dir), dir);
}

/* Whether the first file with bytes lies below dir, whole. */
static bool
lies_below(const struct fetch *f, const char *dir)
{
	for (size_t i = 0; i < f->torrent.n_files; i++) {
		const struct torrent_file *file = &f->torrent.files[i];
		char path[2 * PATH_MAX];
		struct stat st;

		if (!torrent_file_is_real(file) || file->length == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%.*s", dir, (int)file->path.n,
		    (const char *)file->path.p);
		return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    (uint64_t)st.st_size == file->length;
	}
	return false;
}

/*
 * Whether the directory that was chosen is the content itself, which belongs into the one
 * above. That the content lies above, too, beside a new directory, is nothing to ask
 * about.
 */
static bool
is_the_content(const struct fetch *f, const char *above)
{
	char path[2 * PATH_MAX];
	struct stat here, there;

	(void)snprintf(path, sizeof(path), "%s/%.*s", above, (int)f->torrent.name.n,
	    (const char *)f->torrent.name.p);
	return stat(f->o->dir, &here) == 0 && stat(path, &there) == 0 &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino &&
	    lies_below(f, above);
}

bool
fetch_found(struct fetch *f)
{
	char above[PATH_MAX];
	uint32_t wanted = 0;

	for (uint32_t i = 0; i < f->torrent.pieces; i++) {
		wanted += layout_wanted(&f->torrent, i);
		if (store_piece_state(f->store, i) != STORE_ABSENT)
			return true;
	}
	if (f->o->pass)
		return true;
	dir_above(f->o->dir, above);
	if (!is_the_content(f, above))
		return true;
	if (f->o->keep)
		fetch_fail(f, CODE_NOINPUT,
		    "found 0 of %lu pieces in %s; did you mean -d %s?",
		    (unsigned long)wanted, f->o->dir, above);
	else
		fetch_remark(f, "found 0 of %lu pieces in %s; did you mean -d %s?",
		    (unsigned long)wanted, f->o->dir, above);
	return !f->o->keep;
}

void
fetch_serve(struct fetch *f)
{
	if (!f->o->keep) {
		fetch_finish(f);
		return;
	}
	f->phase = FETCH_SERVING;
	f->serve_ms = loop_now();
	fetch_sync(f);
	fetch_report_status(f, f->serve_ms);
}

void
fetch_serve_tick(struct fetch *f, int64_t now_ms)
{
	struct swarm_stats st;

	if (!fetch_stream_done(f))
		return;
	swarm_get_stats(f->swarm, &st, now_ms);
	if (f->o->ratio != 0 &&
	    st.uploaded >= (uint64_t)((double)st.wanted * (double)f->o->ratio / 1000))
		fetch_finish(f);
	if (f->o->keep_s != 0 &&
	    (uint64_t)(now_ms - f->serve_ms) >= f->o->keep_s * UINT64_C(1000))
		fetch_finish(f);
}
