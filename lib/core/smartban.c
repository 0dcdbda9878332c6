/* SPDX-License-Identifier: ISC */
#include "core/smartban.h"

#include <stdlib.h>

#include "codec/wire.h"
#include "crypto/hash.h"

struct smartban_block {
	uint64_t mark;
	uint32_t author;
	bool told; /* its author had its verdict for this failure */
};

struct smartban_failure {
	struct smartban_failure *next;
	uint32_t piece, blocks;
	struct smartban_block block[];
};

static void
forget(struct smartban *s, struct smartban_failure **at)
{
	struct smartban_failure *f = *at;

	*at = f->next;
	s->blocks -= f->blocks;
	free(f);
}

void
smartban_clear(struct smartban *s)
{
	while (s->first != NULL)
		forget(s, &s->first);
}

enum rc
smartban_marks(struct bytes data, uint64_t *marks)
{
	uint8_t digest[SHA1_SIZE];

	for (size_t i = 0; data.n > 0; i++) {
		size_t n = data.n < WIRE_BLOCK ? data.n : WIRE_BLOCK;

		if (hash_sha1(bytes_of(data.p, n), digest) != RC_OK)
			return RC_MEM;
		marks[i] = bytes_word(digest);
		data = bytes_from(data, n);
	}
	return RC_OK;
}

void
smartban_failed(struct smartban *s, uint32_t piece, const uint32_t *author,
    const uint64_t *marks, uint32_t blocks)
{
	struct smartban_failure *f;

	if (blocks > SMARTBAN_BLOCKS)
		return;
	while (s->blocks + blocks > SMARTBAN_BLOCKS) {
		struct smartban_failure **at = &s->first;

		while ((*at)->next != NULL)
			at = &(*at)->next;
		forget(s, at);
	}
	f = malloc(sizeof(*f) + blocks * sizeof(f->block[0]));
	if (f == NULL)
		return;
	f->piece = piece;
	f->blocks = blocks;
	for (uint32_t i = 0; i < blocks; i++)
		f->block[i] =
		    (struct smartban_block){ .mark = marks[i], .author = author[i] };
	f->next = s->first;
	s->first = f;
	s->blocks += blocks;
}

bool
smartban_awaits(const struct smartban *s, uint32_t piece)
{
	for (const struct smartban_failure *f = s->first; f != NULL; f = f->next)
		if (f->piece == piece)
			return true;
	return false;
}

/* The verdict on the author of block i, whose other blocks need none any more. */
static bool
author_lied(struct smartban_failure *f, uint32_t i, const uint64_t *marks)
{
	bool lied = false;

	for (uint32_t k = i; k < f->blocks; k++)
		if (f->block[k].author == f->block[i].author) {
			lied = lied || f->block[k].mark != marks[k];
			f->block[k].told = true;
		}
	return lied;
}

void
smartban_judge(struct smartban *s, uint32_t piece, const uint64_t *marks,
    smartban_fn *verdict, void *ctx)
{
	struct smartban_failure **at = &s->first;

	while (*at != NULL) {
		struct smartban_failure *f = *at;

		if (f->piece != piece) {
			at = &f->next;
			continue;
		}
		for (uint32_t i = 0; i < f->blocks; i++)
			if (!f->block[i].told) {
				uint32_t author = f->block[i].author;

				verdict(ctx, author, author_lied(f, i, marks));
			}
		forget(s, at);
	}
}
