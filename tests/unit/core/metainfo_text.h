/* SPDX-License-Identifier: ISC */
/*
 * What the tests of core/metainfo share: torrents written out by hand, and their
 * verdicts.
 */
#ifndef TEST_METAINFO_TEXT_H
#define TEST_METAINFO_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/metainfo.h"

#define P20 "01234567890123456789"
#define HEAD "d4:info"
#define REST "12:piece lengthi16384e6:pieces20:" P20 "e"
#define ONE HEAD "d6:lengthi425e4:name4:temp" REST "e"

static const uint8_t key[METAINFO_KEY] = "not quite random";

static inline enum rc
read_text(struct metainfo *m, const char *text)
{
	return metainfo_read(m, bytes_str(text), key);
}

/*
 * Whether text is refused, for a reason with these words; a '^' in it, which is taken
 * out, is where the trouble must be told to be.
 */
static inline void
assert_refused(const char *marked, const char *words)
{
	const char *mark = strchr(marked, '^');
	size_t at = mark == NULL ? SIZE_MAX : (size_t)(mark - marked);
	static char text[9000];
	struct metainfo m;
	enum rc rc;

	(void)snprintf(text, sizeof(text), "%.*s%s", (int)(mark == NULL ? 0 : at), marked,
	    mark == NULL ? marked : mark + 1);
	rc = read_text(&m, text);
	if (rc != RC_BAD && rc != RC_BIG)
		fail_msg("taken: %s", text);
	if (strstr(m.why, words) == NULL)
		fail_msg("%s: \"%s\" instead of \"%s\"", text, m.why, words);
	if (m.at != at)
		fail_msg("%s: byte %zu instead of %zu", text, m.at, at);
	metainfo_clear(&m);
}

static inline void
assert_taken(const char *text)
{
	struct metainfo m;

	if (read_text(&m, text) != RC_OK)
		fail_msg("%s: byte %zu: %s", text, m.at, m.why);
	metainfo_clear(&m);
}

static inline void
assert_path(const struct metainfo *m, size_t i, const char *path)
{
	struct metainfo_room room = { .file = 0 };
	struct rec_file r;

	metainfo_file(m, i, &room, &r);
	assert_int_equal(r.index, i);
	if (!bytes_is(r.path, path))
		fail_msg("%.*s instead of %s", (int)r.path.n, r.path.p, path);
}

#define FILES(files) HEAD "d5:filesl" files "e4:name1:n" REST "e"

#endif
