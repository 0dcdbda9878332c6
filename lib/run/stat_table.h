/* SPDX-License-Identifier: ISC */
/* The runs as a table for a terminal, fitted to its width. Showing it is run/stat's. */
#ifndef RUN_STAT_TABLE_H
#define RUN_STAT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/progress.h"
#include "codec/record.h"

struct stat_row {
	uint8_t btih[20];
	bool alive; /* its process lives */
	bool bad;   /* its file holds no record */
	bool chosen;
	int64_t written_s;
	struct rec_status r; /* state and why of a killed run say so */
};

/* Whether the run is over, however it ended. */
bool stat_row_is_over(const struct stat_row *row);

/*
 * Add to out a line of headings, then a line for each chosen row, in their order; below
 * one that failed, its cause. What does not fit goes, in this order: directory, seeds, up
 * speed, peers, info-hash, most of the name, sizes, ETA, down speed, exit code, state;
 * name and percentage stay. Foreign text is made printable. RC_MEM, RC_BIG.
 */
enum rc stat_table(const struct stat_row *rows, size_t n, struct progress_room room,
    struct buf *out) MUST_USE;

#endif
