/* SPDX-License-Identifier: ISC */
#include "core/layout.h"

/*
 * The first file that ends behind offset: files are sorted and do not overlap, so their
 * ends are sorted too.
 */
static size_t
find_file(const struct torrent *t, uint64_t offset)
{
	size_t low = 0, high = t->n_files;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->files[mid].offset + t->files[mid].length > offset)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

void
layout_start(struct layout *it, const struct torrent *t, uint64_t offset, uint64_t n)
{
	uint64_t from = offset < t->length ? offset : t->length;

	it->t = t;
	it->at = from;
	it->end = n < t->length - from ? from + n : t->length;
	it->next = find_file(t, from);
}

/* A symlink's bytes, should it have any, belong to nobody: they are a gap. */
static bool
holds_bytes(const struct torrent_file *f)
{
	return f->length > 0 && !f->symlink;
}

bool
layout_next(struct layout *it, struct layout_span *span)
{
	const struct torrent_file *f = NULL;
	uint64_t end = it->end;

	if (it->at >= it->end)
		return false;
	while (it->next < it->t->n_files &&
	    (!holds_bytes(&it->t->files[it->next]) ||
	        it->t->files[it->next].offset + it->t->files[it->next].length <= it->at))
		it->next++;
	if (it->next < it->t->n_files)
		f = &it->t->files[it->next];
	if (f != NULL && f->offset > it->at) {
		end = f->offset < end ? f->offset : end;
		f = NULL;
	} else if (f != NULL && f->offset + f->length < end) {
		end = f->offset + f->length;
	}
	*span = (struct layout_span){
		.file = f != NULL && !f->pad ? f : NULL,
		.pad = f != NULL && f->pad,
		.at = f != NULL && !f->pad ? it->at - f->offset : it->at,
		.n = end - it->at,
	};
	it->at = end;
	return true;
}

static void
start_piece(struct layout *it, const struct torrent *t, uint32_t piece)
{
	layout_start(it, t, (uint64_t)piece * t->piece_length, t->piece_length);
}

bool
layout_wanted(const struct torrent *t, uint32_t piece)
{
	struct layout it;
	struct layout_span span;

	start_piece(&it, t, piece);
	while (layout_next(&it, &span))
		if (span.file != NULL)
			return true;
	return false;
}

void
layout_files(const struct torrent *t, uint32_t piece, size_t *first, size_t *end)
{
	uint64_t from = (uint64_t)piece * t->piece_length, to = from + t->piece_length;

	*first = find_file(t, from);
	*end = *first;
	while (*end < t->n_files && t->files[*end].offset < to)
		++*end;
}

bool
layout_piece_has_gap(const struct torrent *t, uint32_t piece)
{
	struct layout it;
	struct layout_span span;

	start_piece(&it, t, piece);
	while (layout_next(&it, &span))
		if (span.file == NULL && !span.pad)
			return true;
	return false;
}

bool
layout_pieces(const struct torrent *t, const struct torrent_file *f, uint32_t *first,
    uint32_t *last)
{
	if (f->length == 0)
		return false;
	*first = (uint32_t)(f->offset / t->piece_length);
	*last = (uint32_t)((f->offset + f->length - 1) / t->piece_length);
	return true;
}
