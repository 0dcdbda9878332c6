/* SPDX-License-Identifier: ISC */
/*
 * ugat-parse: a .torrent becomes the records of ugat-records(5), or a summary for people.
 */
#ifndef RUN_PARSE_H
#define RUN_PARSE_H

#include <stdbool.h>

#include "base/outcome.h"
#include "core/metainfo.h"
#include "io/recio.h"

struct parse_options {
	const char *file;    /* NULL: standard input */
	int out;             /* where the records go */
	int err;             /* where -v's words go */
	const char *command; /* before them */
	bool summary;
	bool verbose;
};

/*
 * Read the file, check it whole, and only then write. CODE_DATA: not a torrent that ugat
 * takes, the words say why and where; CODE_NOINPUT: it cannot be read; CODE_IO: the
 * output failed. Once the file is read the process can open nothing more, and reach
 * nobody (io/cage), whether this returns well or not.
 */
void parse_run(const struct parse_options *p, struct outcome *o);

/* Queue the summary. Results as buf_printf. */
enum rc parse_summary(const struct metainfo *m, struct buf *out) MUST_USE;

#endif
