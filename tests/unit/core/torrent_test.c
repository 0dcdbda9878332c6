/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/describe.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define OTHER_SHA "1123456789abcdef0123456789abcdef01234567"
#define BTIH "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define HEAD "ugat\t1\ntorrent\t" BTIH "\t-\t16\t2\t20\t2\tt\n"
#define PIECES "piece\t0\t" SHA "\npiece\t1\t" SHA "\n"
#define FILES "file\t0\t0\t12\tt/a\nfile\t1\t12\t8\tt/b\n"

static void
a_whole_description_is_taken_in(void **state)
{
	struct torrent t;

	(void)state;
	assert_int_equal(describe(&t,
	                     "ugat\t1\nself\t" SHA "\ntorrent\t" BTIH
	                     "\t-\t16\t2\t20\t2\tmy\\tname\tprivate=1\n"
	                     "tracker\t0\tudp://a:1\ntracker\t2\tudp://b:2\n"
	                     "file\t1\t12\t8\tt/b\tattr=x\nfile\t0\t0\t12\tt/a\n" PIECES
	                     "something\tnew\npeer\t127.0.0.1\t1\n"),
	    RC_OK);
	assert_true(t.whole && t.has_v1 && t.has_self && t.private);
	assert_int_equal(t.self[1], 0x23);
	assert_int_equal(t.btih[0], 0xda);
	assert_true(t.piece_length == 16 && t.pieces == 2 && t.length == 20);
	assert_true(bytes_is(t.name, "my\tname"));
	assert_int_equal(t.n_trackers, 2);
	assert_true(t.trackers[1].tier == 2 && bytes_is(t.trackers[1].url, "udp://b:2"));
	/* By offset, whatever the order of the lines. */
	assert_int_equal(t.n_files, 2);
	assert_true(bytes_is(t.files[0].path, "t/a") && !t.files[0].executable);
	assert_true(bytes_is(t.files[1].path, "t/b") && t.files[1].executable);
	assert_int_equal(t.sha1[20 + 19], 0x67);
	assert_int_equal(torrent_piece_size(&t, 0), 16);
	assert_int_equal(torrent_piece_size(&t, 1), 4);
	assert_null(t.have);
	torrent_clear(&t);
}

static void
a_file_without_its_line_is_not_wanted_and_its_pieces_may_be_missing(void **state)
{
	struct torrent t;

	(void)state;
	assert_int_equal(
	    describe(&t, HEAD "file\t0\t0\t12\tt/a\npiece\t0\t" SHA "\n"), RC_OK);
	assert_int_equal(t.n_files, 1);
	torrent_clear(&t);
}

static void
checked_and_have_lines_are_kept_with_their_files(void **state)
{
	struct torrent t;

	(void)state;
	assert_int_equal(describe(&t,
	                     HEAD FILES PIECES "checked\t1\t8\t77\nchecked\t0\t12\t99\n"
	                                       "checked\t5\t1\t1\nhave\t0-1\n"),
	    RC_OK);
	assert_true(t.files[0].checked && t.files[0].checked_size == 12 &&
	    t.files[0].checked_mtime_ns == 99);
	assert_true(t.files[1].checked && t.files[1].checked_size == 8 &&
	    t.files[1].checked_mtime_ns == 77);
	assert_int_equal(t.have[0], 0xc0);
	torrent_clear(&t);
	/* A line that comes twice says nothing else. */
	assert_int_equal(describe(&t, HEAD FILES PIECES PIECES "have\t1\n"), RC_OK);
	assert_int_equal(t.have[0], 0x40);
	assert_false(t.files[0].checked);
	torrent_clear(&t);
}

static void
what_cannot_be_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *lines;
		enum rc rc;
		const char *why; /* part of it */
	} bad[] = {
		{ "torrent\t" BTIH "\t-\t16\t2\t20\t2\tt\n", RC_BAD, "no `ugat` line" },
		{ "ugat\t2\n", RC_BIG, "newer" },
		{ "ugat\t1\nnew!\tx\n", RC_BAD, "understood" },
		{ "ugat\t1\nfile\t0\t0\t12\tt/a\n", RC_BAD, "must come first" },
		{ HEAD HEAD, RC_BAD, "second torrent" },
		{ "ugat\t1\ntorrent\t" BTIH "\t-\t16\t3\t20\t2\tt\n", RC_BAD,
		    "number of pieces" },
		{ "ugat\t1\ntorrent\t" BTIH "\t-\t16\t2\t20\t2\ta/b\n", RC_BAD,
		    "malformed `torrent`" },
		{ "ugat\t1\ntorrent\t" BTIH "\t-\t1\t4000000\t4000000\t1\tt\n", RC_BIG,
		    "too many pieces" },
		{ HEAD "file\t0\t0\t12\t../a\n", RC_BAD, "malformed `file`" },
		{ HEAD "file\t0\t0\t12\t/a\n", RC_BAD, "malformed `file`" },
		{ HEAD "file\t0\t0\t21\tt/a\n", RC_BAD, "past the end" },
		{ HEAD "file\t0\t20\t1\tt/a\n", RC_BAD, "past the end" },
		{ HEAD "piece\t2\t" SHA "\n", RC_BAD, "past the last piece" },
		{ HEAD "have\t0-2\n", RC_BAD, "past the last piece" },
		{ HEAD "file\t0\t0\t12\tt/a\nfile\t1\t11\t9\tt/b\n" PIECES, RC_BAD,
		    "overlap" },
		{ HEAD "file\t0\t0\t12\tt/a\nfile\t1\t12\t8\tt/a\n" PIECES, RC_BAD,
		    "one path" },
		{ HEAD "file\t0\t0\t12\tt/a\nfile\t1\t12\t8\tt/a/b\n" PIECES, RC_BAD,
		    "also a directory" },
		{ HEAD FILES "piece\t0\t" SHA "\n", RC_BAD, "did a filter eat it" },
		{ HEAD FILES PIECES "piece\t1\t" OTHER_SHA "\n", RC_BAD,
		    "two `piece` lines with one number" },
		{ HEAD "file\t2\t0\t12\tt/a\n", RC_BAD, "past the last file" },
		{ HEAD "file\t1\t0\t12\tt/a\nfile\t1\t12\t8\tt/b\n" PIECES, RC_BAD,
		    "two `file` lines with one number" },
		{ HEAD "file\t1\t0\t12\tt/a\nfile\t0\t12\t8\tt/b\n" PIECES, RC_BAD,
		    "not in the order of the offsets" },
		{ "ugat\t1\n", RC_BAD, "did a filter eat it" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct torrent t;

		assert_int_equal(describe(&t, bad[i].lines), bad[i].rc);
		assert_non_null(t.why);
		assert_non_null(strstr(t.why, bad[i].why));
		assert_false(t.whole);
		torrent_clear(&t);
	}
}

static void
names_between_a_file_and_its_directory_do_not_hide_the_clash(void **state)
{
	struct torrent t;

	(void)state;
	/* '-' and '.' sort before '/': a plain order would put them between. */
	assert_int_equal(describe(&t,
	                     "ugat\t1\ntorrent\t" BTIH "\t-\t16\t1\t4\t4\tt\n"
	                     "piece\t0\t" SHA "\n"
	                     "file\t0\t0\t1\tt/a\nfile\t1\t1\t1\tt/a-b\n"
	                     "file\t2\t2\t1\tt/a.b\nfile\t3\t3\t1\tt/a/c\n"),
	    RC_BAD);
	assert_non_null(strstr(t.why, "also a directory"));
	torrent_clear(&t);
}

static void
a_hundred_thousand_checked_lines_take_no_time(void **state)
{
	enum { FILES_N = 100000 };
	static char lines[64 * FILES_N * 2 + 512];
	size_t at = 0;
	struct torrent t;
	clock_t begun;

	(void)state;
	at += (size_t)snprintf(lines, sizeof(lines),
	    "ugat\t1\ntorrent\t" BTIH "\t-\t131072\t1\t%d\t%d\tt\npiece\t0\t" SHA "\n",
	    FILES_N, FILES_N);
	for (int i = 0; i < FILES_N; i++)
		at += (size_t)snprintf(
		    lines + at, sizeof(lines) - at, "file\t%d\t%d\t1\tt/%d\n", i, i, i);
	for (int i = 0; i < FILES_N; i++)
		at += (size_t)snprintf(
		    lines + at, sizeof(lines) - at, "checked\t%d\t1\t%d\n", i, i + 1);
	begun = clock();
	assert_int_equal(describe(&t, lines), RC_OK);
	/* The plain search takes 5 * 10^9 steps: many seconds. */
	assert_true(clock() - begun < 3 * CLOCKS_PER_SEC);
	for (int i = 0; i < FILES_N; i++)
		assert_true(
		    t.files[i].checked && t.files[i].checked_mtime_ns == (uint64_t)i + 1);
	torrent_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_description_is_taken_in),
		cmocka_unit_test(
		    a_file_without_its_line_is_not_wanted_and_its_pieces_may_be_missing),
		cmocka_unit_test(checked_and_have_lines_are_kept_with_their_files),
		cmocka_unit_test(what_cannot_be_is_refused_with_a_reason),
		cmocka_unit_test(
		    names_between_a_file_and_its_directory_do_not_hide_the_clash),
		cmocka_unit_test(a_hundred_thousand_checked_lines_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
