/* SPDX-License-Identifier: ISC */
/* Inside io/outbox. */
#ifndef IO_OUTBOX_PARTS_H
#define IO_OUTBOX_PARTS_H

#include "io/beneath.h"
#include "io/outbox.h"
#include "io/tree.h"

struct outbox {
	struct outbox_item *items;
	size_t n;
	int in; /* what "-" is */

	/* A walk. */
	size_t at; /* its item */
	int top;   /* the item's directory, with tree */
	struct tree *tree;
	outbox_skip_fn *skip; /* NULL in the second walk: all was told in the first */
	void *ctx;
	uint64_t *skipped;
	uint64_t files_left, bytes_left; /* of what was counted */

	/* Opening. */
	size_t near; /* the item whose directory is below */
	struct beneath below;
	struct hash *spare;
};

#endif
