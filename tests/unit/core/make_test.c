/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/make.h"

static struct torrent t;
static struct buf out;

static int
begin(void **state)
{
	(void)state;
	torrent_init(&t);
	buf_init(&out, 1 << 20);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	torrent_clear(&t);
	buf_clear(&out);
	return 0;
}

static void
add(const char *path, uint64_t length)
{
	assert_int_equal(torrent_add_file(&t, bytes_str(path)), RC_OK);
	t.files[t.n_files - 1].length = length;
}

static void
pieces_are_a_thousand_to_two_thousand(void **state)
{
	static const struct {
		uint64_t length;
		uint32_t piece;
	} want[] = {
		{ 1, 16384 },
		{ UINT64_C(2000) * 16384, 16384 },
		{ UINT64_C(2000) * 16384 + 1, 32768 },
		{ UINT64_C(1) << 30, 1 << 20 },
		{ UINT64_C(2) << 30, 2 << 20 },
		{ UINT64_C(2000) << 20, 1 << 20 },
		{ UINT64_C(2000) << 24, 1 << 24 },
		{ UINT64_C(1) << 59, 1 << 24 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(make_piece_length(want[i].length), want[i].piece);
}

static void
files_lie_in_the_order_of_their_bytes(void **state)
{
	/* As mktorrent sorts them: '/' is a byte like any other. */
	static const char *const order[] = { "t/A/y", "t/Zed", "t/a b/x", "t/a.txt",
		"t/a/.hid", "t/a/x", "t/\xc3\xa9" };

	(void)state;
	for (size_t i = 7; i-- > 0;)
		add(order[i], i);
	make_sort(&t);
	assert_int_equal(make_lay_out(&t, 16384), RC_OK);
	for (uint32_t i = 0, at = 0; i < 7; at += i++) {
		assert_true(bytes_is(t.files[i].path, order[i]));
		assert_int_equal(t.files[i].index, i);
		assert_int_equal(t.files[i].offset, at);
	}
	assert_int_equal(t.length, 21);
	assert_int_equal(t.pieces, 1);
}

static void
no_byte_and_too_many_are_refused(void **state)
{
	(void)state;
	add("t/a", 0);
	assert_int_equal(make_lay_out(&t, 16384), RC_NONE);
	add("t/b", UINT64_C(1) << 50);
	assert_int_equal(make_lay_out(&t, 16384), RC_BIG);
	add("t/c", REC_LENGTH_MAX);
	assert_int_equal(make_lay_out(&t, 1 << 30), RC_BIG);
}

static void
the_least_torrent_is_as_bep_3_has_it(void **state)
{
	static const char want[] = "d4:infod6:lengthi5e4:name1:n12:piece lengthi16384e"
	                           "6:pieces20:aaaaaaaaaaaaaaaaaaaaee";
	struct make_facts f = { .name = bytes_str("n"), .single = true };
	struct bytes info;

	(void)state;
	add("x", 5);
	assert_int_equal(make_lay_out(&t, 16384), RC_OK);
	memset(t.sha1, 'a', 20);
	assert_int_equal(make_metainfo(&t, &f, &out, &info), RC_OK);
	assert_true(bytes_is(buf_bytes(&out), want));
	/* All but "d4:info" and the last "e". */
	assert_true(bytes_eq(info, bytes_of(want + 7, sizeof(want) - 1 - 7 - 1)));
}

static void
every_fact_stands_under_its_key_in_order(void **state)
{
	static const struct rec_tracker trackers[] = {
		{ 0, { (const uint8_t *)"u://a", 5 } },
		{ 0, { (const uint8_t *)"u://b", 5 } },
		{ 1, { (const uint8_t *)"u://c", 5 } },
	};
	static const struct bytes seeds[] = { { (const uint8_t *)"h://s", 5 } };
	struct make_facts f = { .name = bytes_str("other"),
		.private = MAKE_PRIVATE,
		.source = bytes_str("S"),
		.comment = bytes_str("C"),
		.created_by = bytes_str("B"),
		.has_date = true,
		.date_s = 7,
		.trackers = trackers,
		.n_trackers = 3,
		.webseeds = seeds,
		.n_webseeds = 1 };
	struct bytes info;

	(void)state;
	add("t/a", 1);
	add("t/d/e", 0);
	assert_int_equal(make_lay_out(&t, 16384), RC_OK);
	memset(t.sha1, 'h', 20);
	assert_int_equal(make_metainfo(&t, &f, &out, &info), RC_OK);
	assert_true(bytes_is(buf_bytes(&out),
	    "d8:announce5:u://a13:announce-listll5:u://a5:u://bel5:u://cee"
	    "7:comment1:C10:created by1:B13:creation datei7e"
	    "4:infod5:filesld6:lengthi1e4:pathl1:aeed6:lengthi0e4:pathl1:d1:eeee"
	    "4:name5:other12:piece lengthi16384e6:pieces20:hhhhhhhhhhhhhhhhhhhh"
	    "7:privatei1e6:source1:Se8:url-listl5:h://see"));
}

static void
one_tracker_needs_no_list_and_public_can_be_said(void **state)
{
	static const struct rec_tracker tracker = { 0, { (const uint8_t *)"u://a", 5 } };
	struct make_facts f = { .name = bytes_str("n"),
		.single = true,
		.private = MAKE_PUBLIC,
		.trackers = &tracker,
		.n_trackers = 1 };
	struct bytes info;

	(void)state;
	add("x", 5);
	assert_int_equal(make_lay_out(&t, 16384), RC_OK);
	memset(t.sha1, 'a', 20);
	assert_int_equal(make_metainfo(&t, &f, &out, &info), RC_OK);
	assert_true(bytes_is(buf_bytes(&out),
	    "d8:announce5:u://a4:infod6:lengthi5e4:name1:n12:piece lengthi16384e"
	    "6:pieces20:aaaaaaaaaaaaaaaaaaaa7:privatei0eee"));
}

static void
what_does_not_fit_is_told(void **state)
{
	struct make_facts f = { .name = bytes_str("n"), .single = true };
	struct bytes info;
	struct buf small;

	(void)state;
	add("x", 5);
	assert_int_equal(make_lay_out(&t, 16384), RC_OK);
	buf_init(&small, 60);
	assert_int_equal(make_metainfo(&t, &f, &small, &info), RC_BIG);
	buf_clear(&small);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(pieces_are_a_thousand_to_two_thousand),
		TEST(files_lie_in_the_order_of_their_bytes),
		TEST(no_byte_and_too_many_are_refused),
		TEST(the_least_torrent_is_as_bep_3_has_it),
		TEST(every_fact_stands_under_its_key_in_order),
		TEST(one_tracker_needs_no_list_and_public_can_be_said),
		TEST(what_does_not_fit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
