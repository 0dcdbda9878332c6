/* SPDX-License-Identifier: ISC */
/*
 * For fuzz_xfer: what one side of a transfer knows of the files, in the plainest way, and
 * what may happen to them (codec/xfer.h). Whatever may not ends the process.
 */
#ifndef TESTS_FUZZ_XMODEL_H
#define TESTS_FUZZ_XMODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "codec/xfer.h"

enum { FILES = 1200 };
enum { TOLD = 1, TAKEN, OPEN, ENDED, SETTLED };

/* Kept without core/xbook. */
struct model {
	bool ready, decided, bye, over, bad;
	uint32_t items_left;
	uint64_t files, bytes; /* offered */
	uint64_t told, answered, ended, told_bytes;
	uint64_t size[FILES], offset[FILES], got;
	uint8_t state[FILES];
};

static inline void
insist(int truth)
{
	if (!truth)
		abort();
}

/* The first file of that state or an earlier one, from `from` on. */
static inline uint64_t
first_of(const struct model *m, uint64_t from, uint8_t state)
{
	while (from < m->told && m->state[from] > state)
		from++;
	return from;
}

static inline void
model_told(struct model *m, uint64_t size)
{
	insist(m->decided && m->told < FILES);
	m->size[m->told] = size;
	m->state[m->told++] = TOLD;
	insist(m->told <= m->files);
	if (size == XFER_UNKNOWN)
		insist(m->bytes == XFER_UNKNOWN);
	else
		m->told_bytes += size;
	insist(m->bytes == XFER_UNKNOWN || m->told_bytes <= m->bytes);
	insist(m->told - first_of(m, 0, ENDED) <= XFER_AHEAD_MAX);
}

static inline void
model_answered(struct model *m, bool taken, uint64_t offset)
{
	insist(m->answered < m->told && m->state[m->answered] == TOLD);
	insist(offset <= m->size[m->answered]);
	insist(offset == 0 || m->size[m->answered] != XFER_UNKNOWN);
	m->offset[m->answered] = offset;
	m->state[m->answered++] = taken ? TAKEN : SETTLED;
}

/* The file whose content is due, or under way, is `file`. */
static inline void
model_due(const struct model *m, uint64_t file)
{
	insist(file < m->answered && first_of(m, 0, OPEN) == file);
}

static inline void
model_begun(struct model *m, uint64_t file, uint64_t offset)
{
	model_due(m, file);
	insist(m->state[file] == TAKEN);
	insist(offset == 0 || offset == m->offset[file]);
	m->state[file] = OPEN;
	m->got = offset;
}

static inline void
model_stored(struct model *m, uint64_t file)
{
	insist(file < m->told && m->state[file] == ENDED);
	insist(first_of(m, 0, ENDED) == file);
	m->state[file] = SETTLED;
}

#endif
