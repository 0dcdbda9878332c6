/* SPDX-License-Identifier: ISC */
/* For tests: a torrent from the lines that describe it. */
#ifndef TESTS_UNIT_DESCRIBE_H
#define TESTS_UNIT_DESCRIBE_H

#include <string.h>

#include "core/torrent.h"

/* Add lines, each ended by LF; the first result that is not RC_OK. */
static inline enum rc
describe_add(struct torrent *t, const char *lines)
{
	static struct line_scratch scratch;
	enum rc rc = RC_OK;

	while (rc == RC_OK && *lines != '\0') {
		const char *end = strchr(lines, '\n');
		struct line l;

		rc = line_get(bytes_of(lines, (size_t)(end - lines)), &l);
		if (rc == RC_OK)
			rc = torrent_add(t, &l, &scratch);
		else if (rc == RC_NONE)
			rc = RC_OK;
		lines = end + 1;
	}
	return rc;
}

/* Begin t, add lines, and finish. */
static inline enum rc
describe(struct torrent *t, const char *lines)
{
	enum rc rc;

	torrent_init(t);
	rc = describe_add(t, lines);
	return rc == RC_OK ? torrent_finish(t) : rc;
}

#endif
