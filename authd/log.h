/* SPDX-License-Identifier: ISC */
/*
 * One line an event on stderr, in logfmt: time, event, then key=value. Foreign bytes are
 * quoted and escaped; passwords and names nobody has registered never come here.
 */
#ifndef AUTHD_LOG_H
#define AUTHD_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

enum { LOG_LINE = 1024, DATE_TEXT = 32 };

struct log_line {
	char text[LOG_LINE];
	size_t n;
};

/* Begin a line: time=2026-01-31T12:00:00Z event=NAME. */
void log_begin(struct log_line *l, const char *event);

/*
 * Add key=value; a value that is not plain letters, digits and ._:/+=- (or that is empty)
 * is put in quotes, with " and \ and every byte that is not visible ASCII escaped as
 * \xHH. What does not fit is cut, never the LF.
 */
void log_text(struct log_line *l, const char *key, struct bytes value);
void log_number(struct log_line *l, const char *key, unsigned long long value);
void log_source(struct log_line *l, const struct addr *source); /* source=ADDRESS */

/* Write it to stderr in one write(2). */
void log_end(struct log_line *l);

/* In answers and tables: "2026-01-31 12:00", UTC. */
void date_text(int64_t s, char out[static DATE_TEXT]);

#endif
