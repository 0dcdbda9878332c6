/* SPDX-License-Identifier: ISC */
/* The inside of run/verify, shared by its .c files and nobody else. */
#ifndef RUN_VERIFY_PARTS_H
#define RUN_VERIFY_PARTS_H

#include "io/beneath.h"
#include "io/hasher.h"
#include "io/recio.h"
#include "run/verify.h"

struct verifying {
	const struct verify_options *v;
	struct outcome *o;
	struct torrent t;
	struct recin in;
	struct recout out;
	uint64_t line; /* number of the one at hand */
	bool begun, ended;
	struct line_scratch scratch;

	struct beneath root;
	int gaps;                   /* the .part of ugat-fetch, or -1 */
	struct content_file *files; /* one for each of t's */
	uint8_t *words;             /* enum hasher_word for each piece */
	uint8_t *sha1;              /* as it is on disk; 20 bytes for each piece */
};

/* Whether the piece was hashed and is right. */
bool verify_holds(const struct verifying *g, uint32_t piece);

/*
 * One line for each file, or only for those that are not whole, to out: a word, the path,
 * and what is wrong. Returns CODE_OK, CODE_NO, or CODE_IO when some cannot be read.
 * RC_MEM, RC_SYS: as recout.
 */
enum rc verify_tell(
    struct verifying *g, struct recout *out, bool all, int *code) MUST_USE;

/* A line on err for each file, ten at most, that reading failed of, or that changed. */
void verify_remark(struct verifying *g);

#endif
