/* SPDX-License-Identifier: ISC */
/*
 * io/store: will it fit? First a guess from above that needs no look at the files; only
 * when that is more than there is do they have their say.
 */
#include "io/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/layout.h"
#include "io/space.h"
#include "io/store_parts.h"

enum { SECTOR = 512 }; /* the unit of st_blocks */

struct space {
	struct store *s;
	uint64_t *missing; /* bytes of each file, then of .part, that are to be written */
	uint64_t block;    /* what is written takes whole ones */
	struct beneath_near near;
	dev_t dev;        /* DIR's */
	dev_t parent_dev; /* of the directory of the last file that was not there */
	const struct torrent_file *parent_of;
};

static uint64_t
blocks_of(const struct space *sp, uint64_t bytes)
{
	return (bytes + sp->block - 1) / sp->block * sp->block;
}

/* Lengths are below 2^60 and files fewer than that: no sum of theirs overflows. */
static void
count_missing(struct space *sp)
{
	const struct torrent *t = sp->s->t;

	for (uint32_t p = 0; p < t->pieces; p++) {
		struct layout it;
		struct layout_span span;

		if (!layout_wanted(t, p) || store_piece_state(sp->s, p) != STORE_ABSENT)
			continue;
		layout_start(&it, t, (uint64_t)p * t->piece_length, t->piece_length);
		while (layout_next(&it, &span))
			if (!span.pad)
				sp->missing[span.file == NULL
				        ? t->n_files
				        : (size_t)(span.file - t->files)] += span.n;
	}
}

static uint64_t
sum_missing(const struct space *sp)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= sp->s->t->n_files; i++)
		sum += blocks_of(sp, sp->missing[i]);
	return sum;
}

static size_t
parent_length(const struct torrent_file *f)
{
	size_t n = f->path.n;

	while (n > 0 && f->path.p[n - 1] != '/')
		n--;
	return n;
}

/* Whether both lie in one directory. */
static bool
are_beside(const struct torrent_file *a, const struct torrent_file *b)
{
	size_t n = parent_length(a);

	return n == parent_length(b) && memcmp(a->path.p, b->path.p, n) == 0;
}

/* The device that a file which is not there will be made on. */
static dev_t
future_dev(struct space *sp, const struct torrent_file *f)
{
	char path[BENEATH_PATH];
	struct stat st;
	char *slash;

	if (sp->parent_of != NULL && are_beside(f, sp->parent_of))
		return sp->parent_dev;
	sp->parent_of = f;
	sp->parent_dev = sp->dev;
	memcpy(path, f->path.p, f->path.n);
	path[f->path.n] = '\0';
	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		if (beneath_stat(&sp->s->files, &sp->near, path, &st) == RC_OK) {
			sp->parent_dev = st.st_dev;
			break;
		}
	}
	return sp->parent_dev;
}

/* Bytes that one file will take of DIR's file system. */
static uint64_t
needed_by(struct space *sp, size_t i)
{
	const struct torrent_file *f = &sp->s->t->files[i];
	uint64_t missing = sp->missing[i], there;
	char path[BENEATH_PATH];
	struct stat st;

	memcpy(path, f->path.p, f->path.n);
	path[f->path.n] = '\0';
	if (beneath_stat(&sp->s->files, &sp->near, path, &st) != RC_OK)
		return future_dev(sp, f) == sp->dev ? blocks_of(sp, missing) : 0;
	if (st.st_dev != sp->dev)
		return 0;
	/* What is to be written may lie where blocks are already. */
	there = (uint64_t)st.st_blocks * SECTOR;
	if (there >= f->length)
		return 0;
	return blocks_of(sp, missing < f->length - there ? missing : f->length - there);
}

static uint64_t
sum_needed(struct space *sp)
{
	const struct store *s = sp->s;
	uint64_t sum = blocks_of(sp, sp->missing[s->t->n_files]);
	struct stat st;

	if (fstat(s->files.dir, &st) != 0)
		return 0;
	sp->dev = st.st_dev;
	beneath_near_init(&sp->near);
	for (size_t i = 0; i < s->t->n_files; i++)
		if (sp->missing[i] > 0)
			sum += needed_by(sp, i);
	beneath_near_clear(&sp->near);
	return sum;
}

enum rc
store_space(struct store *s, uint64_t *needed, uint64_t *free_bytes)
{
	struct space sp = { .s = s };

	if (space_ask(s->files.dir, &sp.block, free_bytes) != RC_OK)
		return RC_NONE;
	sp.missing = calloc(s->t->n_files + 1, sizeof(*sp.missing));
	if (sp.missing == NULL)
		return RC_NONE;
	count_missing(&sp);
	*needed = sum_missing(&sp);
	if (*needed > *free_bytes)
		*needed = sum_needed(&sp);
	free(sp.missing);
	return RC_OK;
}
