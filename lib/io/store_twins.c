/* SPDX-License-Identifier: ISC */
/*
 * io/store: file systems that do not tell A from a (FAT, NTFS and others). Two files of
 * such names would be one there, and each verified piece of one spoil the other.
 */
#include "io/store.h"

#include <stdlib.h>
#include <string.h>

#include "io/store_parts.h"

/* Asked of our own directory, which is there. */
static bool
folds_case(const struct store *s)
{
	struct stat a, b;

	return s->notes.dir >= 0 && fstat(s->notes.dir, &a) == 0 &&
	    fstatat(s->files.dir, ".UGAT", &b, 0) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

static int
by_folded_path(const void *a, const void *b)
{
	struct bytes x = (*(const struct torrent_file *const *)a)->path,
	             y = (*(const struct torrent_file *const *)b)->path;
	size_t n = x.n < y.n ? x.n : y.n;
	int order = n == 0 ? 0 : strncasecmp((const char *)x.p, (const char *)y.p, n);

	return order != 0 ? order : x.n < y.n ? -1 : x.n > y.n;
}

enum rc
store_refuse_twins(struct store *s, struct outcome *o)
{
	const struct torrent *t = s->t;
	const struct torrent_file **order;
	size_t n = 0;
	enum rc rc = RC_OK;

	if (!folds_case(s))
		return RC_OK;
	order = calloc(t->n_files + 1, sizeof(*order));
	if (order == NULL)
		return RC_MEM;
	for (size_t i = 0; i < t->n_files; i++)
		if (torrent_file_is_real(&t->files[i]))
			order[n++] = &t->files[i];
	qsort(order, n, sizeof(*order), by_folded_path);
	for (size_t i = 1; i < n && rc == RC_OK; i++)
		if (by_folded_path(&order[i - 1], &order[i]) == 0) {
			(void)outcome_fail(o, CODE_CANTCREAT,
			    "%.*s and %.*s are one file here, where A is a: change the "
			    "path in one `file` line, or choose another directory with "
			    "-d",
			    (int)order[i - 1]->path.n, (const char *)order[i - 1]->path.p,
			    (int)order[i]->path.n, (const char *)order[i]->path.p);
			rc = RC_BAD;
		}
	free(order);
	return rc;
}
