/* SPDX-License-Identifier: ISC */
/*
 * For tests of io/store: a small torrent of all kinds of files. It has 128 bytes in 8
 * pieces of 16: a 0..19, pad 20..31, b 32..71, c 72..127, and an empty e at 72. Without
 * its b line the pieces 2, 3, 4 have gaps: 2 and 3 belong to nobody then, 4 is shared
 * with c.
 */
#ifndef TESTS_UNIT_IO_STORE_SAMPLE_H
#define TESTS_UNIT_IO_STORE_SAMPLE_H

#include "core/layout.h"
#include "io/store.h"
#include "tests/unit/describe.h"
#include "tests/unit/io/place.h"

enum { LENGTH = 128, PIECE = 16, PIECES = 8 };

#define BTIH "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA "\t0123456789abcdef0123456789abcdef01234567\n"
#define HEAD "ugat\t1\ntorrent\t" BTIH "\t-\t16\t8\t128\t5\tt\n"
#define HASHES                                                                     \
	"piece\t0" SHA "piece\t1" SHA "piece\t2" SHA "piece\t3" SHA "piece\t4" SHA \
	"piece\t5" SHA "piece\t6" SHA "piece\t7" SHA
#define A "file\t0\t0\t20\tt/a\n"
#define PAD "file\t1\t20\t12\tt/.pad/12\tattr=p\n"
#define B "file\t2\t32\t40\tt/sub/b\tattr=x\n"
#define E "file\t3\t72\t0\tt/e\n"
#define C "file\t4\t72\t56\tt/c\n"
#define ALL HEAD A PAD B E C HASHES
#define HAVE ".ugat/" BTIH ".have"
#define PART ".ugat/" BTIH ".part"
#define LOCK ".ugat/" BTIH ".lock"

static struct place place;
static struct torrent t;
static uint8_t data[LENGTH];
static struct outcome why;

static inline int
begin(void **state)
{
	(void)state;
	place_make(&place);
	torrent_init(&t);
	for (size_t i = 0; i < LENGTH; i++)
		data[i] = (uint8_t)(i >= 20 && i < 32 ? 0 : i + 100);
	return 0;
}

static inline int
finish(void **state)
{
	(void)state;
	torrent_clear(&t);
	place_remove(&place);
	return 0;
}

/* Open the store of a description; NULL: why has the words. */
static inline struct store *
open_as(const char *lines, bool distrust)
{
	struct store *s;

	torrent_clear(&t);
	assert_int_equal(describe(&t, lines), RC_OK);
	why = (struct outcome){ .code = 0 };
	if (store_open(&t, place.dir, distrust, &why, &s) != RC_OK)
		return NULL;
	return s;
}

static inline struct store *
open_all(void)
{
	struct store *s = open_as(ALL, false);

	assert_non_null(s);
	return s;
}

static inline void
write_piece(struct store *s, uint32_t piece)
{
	struct store_error e;

	assert_int_equal(
	    store_write(s, piece * PIECE, bytes_of(data + piece * PIECE, PIECE), &e),
	    RC_OK);
	store_held(s, piece);
}

/* One letter a piece: '.' absent, 'H' held, 'h' held but not whole, '?' to be checked. */
static inline const char *
states(const struct store *s)
{
	static char text[PIECES + 1];

	for (uint32_t p = 0; p < PIECES; p++)
		switch (store_piece_state(s, p)) {
		case STORE_ABSENT: text[p] = '.'; break;
		case STORE_HELD: text[p] = store_piece_whole(s, p) ? 'H' : 'h'; break;
		case STORE_CHECK: text[p] = '?'; break;
		}
	return text;
}

static inline const char *
states_of(const char *lines)
{
	struct store *s = open_as(lines, false);
	const char *text;

	assert_non_null(s);
	text = states(s);
	store_close(s);
	return text;
}

static inline void
fill(const char *lines)
{
	struct store *s = open_as(lines, false);

	assert_non_null(s);
	for (uint32_t p = 0; p < PIECES; p++)
		if (layout_wanted(&t, p) && store_piece_state(s, p) == STORE_ABSENT)
			write_piece(s, p);
	store_close(s);
}

#endif
