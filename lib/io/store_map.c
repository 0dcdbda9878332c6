/* SPDX-License-Identifier: ISC */
/*
 * One map for a whole file, or for .part, made when it is first needed. It may be longer
 * than a file that still grows: the system looks at the file's size when a page is used.
 */
#include "io/store_map.h"

#include <sys/mman.h>

#include <stdlib.h>
#include <unistd.h>

#include "core/layout.h"
#include "io/store_parts.h"

enum { MAPS_MAX = 128, SPANS_MAX = 64, PAGES_MAX = 64, ZEROS = 128 * 1024 };
enum { WINDOW = 128 * 1024, WINDOWS = 32, WINDOW_USES = 16 };

struct map {
	const struct torrent_file *file; /* NULL: .part */
	uint8_t *base;
	uint64_t length;
	uint64_t used; /* the turn of its last use */
};

/*
 * A stretch of the torrent that was found in memory; whoever asks for it asks in order.
 */
struct window {
	uint64_t number;
	unsigned uses; /* until it is looked at again */
};

struct store_map {
	struct store *s;
	uint8_t *zeros; /* pads; ZEROS bytes, which cost one page of zeros */
	uint64_t turn;
	size_t page;
	size_t n, cap;
	struct map *maps;
	struct window window[WINDOWS];
};

struct store_map *
store_map_new(struct store *s)
{
	struct store_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->s = s;
	m->page = (size_t)sysconf(_SC_PAGESIZE);
	return m;
}

static void
unmap(struct map *map)
{
	(void)munmap(map->base, (size_t)map->length);
}

void
store_map_free(struct store_map *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n; i++)
		unmap(&m->maps[i]);
	if (m->zeros != NULL)
		(void)munmap(m->zeros, ZEROS);
	free(m->maps);
	free(m);
}

static void *
map_file(struct store *s, const struct torrent_file *file, uint64_t length)
{
	struct store_fd lent = { .fd = -1, .slot = -1 };
	void *base = MAP_FAILED;
	enum rc rc = file == NULL ? store_part(s, false, &lent.fd)
	                          : store_fds_get(s->fds, file, STORE_FDS_READ, &lent);

	if (rc != RC_OK)
		return NULL;
	if (length <= SIZE_MAX)
		base = mmap(NULL, (size_t)length, PROT_READ, MAP_SHARED, lent.fd, 0);
	if (file != NULL)
		store_fds_put(s->fds, &lent);
	return base == MAP_FAILED ? NULL : base;
}

static struct map *
find(struct store_map *m, const struct torrent_file *file)
{
	struct map map = { .file = file,
		.length = file == NULL ? m->s->t->length : file->length };

	for (size_t i = 0; i < m->n; i++)
		if (m->maps[i].file == file)
			return &m->maps[i];
	if (m->n == m->cap) {
		size_t cap = m->cap == 0 ? MAPS_MAX : m->cap * 2;
		void *grown = reallocarray(m->maps, cap, sizeof(*m->maps));

		if (grown == NULL)
			return NULL;
		m->maps = grown;
		m->cap = cap;
	}
	map.base = map_file(m->s, file, map.length);
	if (map.base == NULL)
		return NULL;
	m->maps[m->n] = map;
	return &m->maps[m->n++];
}

/* Zeros, for a pad: n is at most a block. */
static const uint8_t *
zeros(struct store_map *m)
{
	void *p;

	if (m->zeros == NULL) {
		p = mmap(NULL, ZEROS, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		m->zeros = p == MAP_FAILED ? NULL : p;
	}
	return m->zeros;
}

size_t
store_map_get(
    struct store_map *m, uint64_t offset, size_t n, struct iovec *iov, size_t max)
{
	struct layout it;
	struct layout_span span;
	size_t used = 0;

	if (n > ZEROS)
		return 0;
	layout_start(&it, m->s->t, offset, n);
	for (; used < max && layout_next(&it, &span); used++) {
		struct map *map = span.pad ? NULL : find(m, span.file);
		const uint8_t *base = span.pad ? zeros(m)
		    : map == NULL              ? NULL
		                               : map->base + span.at;

		if (base == NULL)
			return 0;
		if (map != NULL)
			map->used = ++m->turn;
		iov[used] = (struct iovec){ .iov_base = (void *)(uintptr_t)base,
			.iov_len = (size_t)span.n };
	}
	return used;
}

static bool
is_resident(struct store_map *m, uint64_t offset, size_t n)
{
	struct iovec iov[SPANS_MAX];
	size_t spans = store_map_get(m, offset, n, iov, SPANS_MAX), seen = 0;

	for (size_t i = 0; i < spans; i++) {
		uintptr_t from = (uintptr_t)iov[i].iov_base & ~(uintptr_t)(m->page - 1);
		size_t size =
		    (size_t)((uintptr_t)iov[i].iov_base + iov[i].iov_len - from);
		size_t pages = (size + m->page - 1) / m->page;
		unsigned char in[PAGES_MAX];

		seen += iov[i].iov_len;
		if ((uint8_t *)iov[i].iov_base == m->zeros)
			continue;
		if (pages > PAGES_MAX || mincore((void *)from, size, in) != 0)
			return false;
		for (size_t k = 0; k < pages; k++)
			if ((in[k] & 1) == 0)
				return false;
	}
	return seen == n;
}

bool
store_map_is_warm(struct store_map *m, uint64_t offset, size_t n)
{
	uint64_t number = offset / WINDOW, start = number * WINDOW;
	struct window *w = &m->window[number % WINDOWS];

	if (start + WINDOW > m->s->t->length || offset + n > start + WINDOW)
		return is_resident(m, offset, n);
	if (w->number != number || w->uses == 0) {
		if (!is_resident(m, start, WINDOW))
			return is_resident(m, offset, n);
		*w = (struct window){ .number = number, .uses = WINDOW_USES };
	}
	w->uses--;
	return true;
}

void
store_map_tidy(struct store_map *m)
{
	while (m->n > MAPS_MAX) {
		size_t oldest = 0;

		for (size_t i = 1; i < m->n; i++)
			if (m->maps[i].used < m->maps[oldest].used)
				oldest = i;
		unmap(&m->maps[oldest]);
		m->maps[oldest] = m->maps[--m->n];
	}
}
