/* SPDX-License-Identifier: ISC */
#include "core/draft.h"

#include <stdlib.h>

struct drafts {
	size_t size, most, out;
	struct draft *idle;
};

struct drafts *
drafts_new(size_t size, size_t most)
{
	struct drafts *ds = calloc(1, sizeof(*ds));

	if (ds != NULL)
		*ds = (struct drafts){ .size = size, .most = most < 1 ? 1 : most };
	return ds;
}

static void
draft_free(struct draft *d)
{
	if (d == NULL)
		return;
	hash_free(d->sha1);
	free(d->data);
	free(d);
}

void
drafts_free(struct drafts *ds)
{
	if (ds == NULL)
		return;
	for (struct draft *d = ds->idle, *next; d != NULL; d = next) {
		next = d->next;
		draft_free(d);
	}
	free(ds);
}

static struct draft *
draft_new(size_t size)
{
	struct draft *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->data = malloc(size);
	d->sha1 = hash_new(HASH_SHA1);
	if (d->data != NULL && d->sha1 != NULL)
		return d;
	draft_free(d);
	return NULL;
}

struct draft *
drafts_take(struct drafts *ds)
{
	struct draft *d = ds->idle;

	if (ds->out == ds->most)
		return NULL;
	if (d != NULL && hash_reset(d->sha1) != RC_OK)
		return NULL;
	if (d != NULL)
		ds->idle = d->next;
	else
		d = draft_new(ds->size);
	if (d == NULL)
		return NULL;
	d->hashed = 0;
	ds->out++;
	return d;
}

void
drafts_give(struct drafts *ds, struct draft *d)
{
	d->next = ds->idle;
	ds->idle = d;
	ds->out--;
}

enum rc
draft_restart(struct draft *d)
{
	d->hashed = 0;
	return hash_reset(d->sha1);
}

enum rc
draft_add(struct draft *d, size_t begin, size_t n)
{
	enum rc rc;

	if (begin != d->hashed)
		return RC_OK;
	rc = hash_add(d->sha1, bytes_of(d->data + begin, n));
	if (rc == RC_OK)
		d->hashed += n;
	return rc;
}

enum rc
draft_end(struct draft *d, size_t size, uint8_t digest[static SHA1_SIZE])
{
	enum rc rc = draft_add(d, d->hashed, size - d->hashed);

	return rc == RC_OK ? hash_end(d->sha1, digest) : rc;
}
