/* SPDX-License-Identifier: ISC */
/*
 * What a session comes to: bytes and files so far for the progress line, what went wrong
 * with single files, and the words at its end.
 */
#ifndef RUN_XFER_REPORT_H
#define RUN_XFER_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "core/rate.h"
#include "run/audience.h"

enum { XFER_REPORT_NAME = 256 };

struct xfer_report {
	const struct audience *audience;
	enum audience_state state;
	char name[XFER_REPORT_NAME]; /* of what is under way, raw */
	uint64_t files, total_files;
	uint64_t bytes, total_bytes;      /* total: XFER_UNKNOWN */
	uint64_t other_done, other_total; /* of the other side's work; total 0: none */
	struct rate rate;
	int64_t start_ms; /* when the first byte moved; 0: not yet */
	uint64_t moved;   /* bytes that really went over the line */

	/* Files that did not make it. */
	uint64_t failed;
	struct outcome first;
};

/* What is under way now. */
void xfer_report_name(struct xfer_report *r, const char *path);

/* n bytes of content went or came. */
void xfer_report_moved(struct xfer_report *r, size_t n, int64_t now_ms);

/*
 * A file failed. With a single one its words become the outcome's, else they are said at
 * once.
 */
void xfer_report_failed(struct xfer_report *r, int code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Tell the audience how far it is. */
void xfer_report_tick(struct xfer_report *r, int64_t now_ms);

/* All is over: "3 of 10 files were not VERB" becomes the outcome, if some failed. */
void xfer_report_end(const struct xfer_report *r, const char *verb, struct outcome *end);

/* "report.pdf to lab: 1.2 MiB in 1.1 s, 1.1 MiB/s". */
void xfer_report_summary(
    const struct xfer_report *r, const char *preposition, const char *who);

/* Words about things that are left out: gathered by a worker, said later. */
struct xfer_skips {
	uint64_t n;
	int code;   /* CODE_NO, or that of the worst */
	char *text; /* lines; the first XFER_SKIPS_SHOWN of them */
	size_t size, shown;
};
enum { XFER_SKIPS_SHOWN = 200 };

/*
 * One more, with its words (skips is void for the walks' sake); say them all; the outcome
 * for them, if there are any; forget them.
 */
void xfer_skips_add(void *skips, int code, const char *words);
void xfer_skips_say(const struct xfer_skips *s, const struct audience *a);
void xfer_skips_end(const struct xfer_skips *s, struct outcome *end);
void xfer_skips_clear(struct xfer_skips *s);

#endif
