/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/record.h"

static struct line_scratch scratch;
static uint8_t room[LINE_MAX_SIZE];

/* 20 and 32 bytes in hex; the bytes are 1, 2, 3... */
#define H20 "0102030405060708090a0b0c0d0e0f1011121314"
#define H32 H20 "15161718191a1b1c1d1e1f20"

static struct line
get(const char *text)
{
	struct line l;

	assert_int_equal(line_get(bytes_str(text), &l), RC_OK);
	line_scratch_reset(&scratch);
	return l;
}

static void
expect_line(struct linew *w, const char *text)
{
	struct bytes out;

	assert_int_equal(linew_end(w, &out), RC_OK);
	assert_int_equal(out.p[out.n - 1], '\n');
	out.n--;
	if (!bytes_is(out, text))
		fail_msg("%.*s\nis not\n%s", (int)out.n, (const char *)out.p, text);
}

/* One call for the readers that do not share a signature. */
static enum rc
read_any(const struct line *l)
{
	union {
		uint8_t self[20];
		struct rec_torrent torrent;
		struct rec_tracker tracker;
		struct rec_file file;
		struct rec_piece piece;
		struct rec_checked checked;
		struct rec_have have;
		struct rec_peer peer;
		struct rec_deny deny;
		struct rec_announced announced;
		struct rec_fail fail;
		struct rec_status status;
	} r;

	line_scratch_reset(&scratch);
	switch (rec_kind(l)) {
	case REC_UGAT: return rec_check(l);
	case REC_SELF: return rec_get_self(l, r.self);
	case REC_TORRENT: return rec_get_torrent(l, &scratch, &r.torrent);
	case REC_TRACKER: return rec_get_tracker(l, &scratch, &r.tracker);
	case REC_FILE: return rec_get_file(l, &scratch, &r.file);
	case REC_PIECE: return rec_get_piece(l, &r.piece);
	case REC_CHECKED: return rec_get_checked(l, &r.checked);
	case REC_HAVE: return rec_get_have(l, &r.have);
	case REC_PEER: return rec_get_peer(l, &scratch, &r.peer);
	case REC_DENY: return rec_get_deny(l, &r.deny);
	case REC_ANNOUNCED: return rec_get_announced(l, &scratch, &r.announced);
	case REC_FAIL: return rec_get_fail(l, &scratch, &r.fail);
	case REC_STATUS: return rec_get_status(l, &scratch, &r.status);
	default: return RC_NONE;
	}
}

static enum rc
read_text(const char *text)
{
	struct line l = get(text);

	return read_any(&l);
}

/* A line of each kind that is read, with no more fields than its kind must have. */
static const char *const whole[] = {
	"ugat\t1",
	"self\t" H20,
	"torrent\t" H20 "\t-\t16384\t2\t20000\t1\tname",
	"tracker\t0\tudp://t:1",
	"file\t0\t0\t20000\tname",
	"piece\t0\t" H20,
	"checked\t0\t20000\t1700000000000000000",
	"have\t0-1",
	"peer\t10.0.0.1\t6881",
	"deny!\t10.0.0.0/8",
	"announced\tudp://t:1\t1800\t3\t4",
	"fail!\t65\tugat-parse\tbad",
	"status\tloading\t-\t1\t2\t6881\t4\t5\t6\t7\t8\t9\t10\t11\t12\t-\tname",
};

static void
every_kind_is_known_and_read_if_anybody_takes_from_it(void **state)
{
	static const char *const others[] = { "end", "meta", "webseed", "node", "info",
		"unanswered", "scrape", "done" };

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (read_text(whole[i]) != RC_OK)
			fail_msg("%s", whole[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct line l = get(others[i]);

		assert_int_not_equal(rec_kind(&l), REC_UNKNOWN);
		assert_int_equal(rec_check(&l), RC_OK);
	}
}

static void
every_missing_field_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct line l = get(whole[i]);

		for (size_t n = 0; n < l.n; n++) {
			struct line cut = l;

			cut.n = n;
			if (read_any(&cut) != RC_BAD)
				fail_msg("%zu fields of %s", n, whole[i]);
		}
	}
}

static void
unknown_fields_and_keys_behind_are_skipped(void **state)
{
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		(void)snprintf(
		    text, sizeof(text), "%s\tnew\tkey=value\tbad=\\q", whole[i]);
		if (read_text(text) != RC_OK)
			fail_msg("%s", text);
	}
}

static void
a_kind_counts_with_its_mark(void **state)
{
	struct line l = get("deny\t10.0.0.1");

	(void)state;
	assert_int_equal(rec_kind(&l), REC_UNKNOWN);
	assert_int_equal(rec_check(&l), RC_OK);
	l = get("peer!\t10.0.0.1\t1");
	assert_int_equal(rec_kind(&l), REC_UNKNOWN);
	assert_int_equal(rec_check(&l), RC_BAD);
	l = get("novelty!\tx");
	assert_int_equal(rec_check(&l), RC_BAD);
	l = get("novelty\tx");
	assert_int_equal(rec_check(&l), RC_OK);
	l = get("Peer\tx");
	assert_int_equal(rec_kind(&l), REC_UNKNOWN);
}

static void
a_newer_format_is_told_from_a_broken_header(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
	} cases[] = { { "ugat\t1", RC_OK }, { "ugat\t1\tmore", RC_OK },
		{ "ugat\t2", RC_BIG }, { "ugat\t99999999999999999999", RC_BIG },
		{ "ugat", RC_BAD }, { "ugat\t0", RC_BAD }, { "ugat\tx", RC_BAD },
		{ "ugat\t", RC_BAD } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_text(cases[i].text), cases[i].rc);
}

/* One defect each, all RC_BAD. */
static void
fields_out_of_shape_or_range_are_refused(void **state)
{
	static const char *const bad[] = {
		"self\t" H32,
		"self\t-",
		"torrent\t-\t-\t16384\t2\t20000\t1\tname",
		"torrent\t" H20 "\t" H20 "\t16384\t2\t20000\t1\tname",
		"torrent\t" H20 "\t-\t0\t2\t20000\t1\tname",
		"torrent\t" H20 "\t-\t1073741825\t2\t20000\t1\tname",
		"torrent\t" H20 "\t-\t16384\t4294967296\t20000\t1\tname",
		"torrent\t" H20 "\t-\t16384\t2\t0\t1\tname",
		"torrent\t" H20 "\t-\t16384\t2\t1152921504606846976\t1\tname",
		"torrent\t" H20 "\t-\t16384\t2\t20000\t1\tna\\me",
		"file\t-1\t0\t1\tname",
		"file\t0\t0\t1152921504606846976\tname",
		"file\t0\t0\t1\t/etc/passwd",
		"file\t0\t0\t1\ta/../b",
		"file\t0\t0\t1\t-",
		"file\t0\t0\t1\t\\e",
		"file\t0\t0\t1\ta\\0000b",
		"file\t0\t0\t1\tname\troot=" H20,
		"file\t0\t0\t1\tname\tsymlink=\\q",
		"piece\t0\t" H32,
		"piece\t4294967296\t" H20,
		"piece\t0\t0102030405060708090a0b0c0d0e0f101112131g",
		"checked\t0\t9223372036854775808\t1",
		"checked\t0\t1\t18446744073709551616",
		"have\t2-1",
		"have\t-1",
		"have\t1-",
		"have\t1-2-3",
		"have\t4294967296",
		"have\t-",
		"peer\t10.0.0.1\t0",
		"peer\t10.0.0.1\t65536",
		"peer\t\\e\t6881",
		"peer\t-\t6881",
		"deny!\tlocalhost",
		"deny!\t10.0.0.0/33",
		"deny!\t10.0.0.0/",
		"deny!\t10.0.0.0/8/8",
		"deny!\t2001:db8::/129",
		"deny!\t/8",
		"fail!\t0\tugat-parse\twords",
		"fail!\t256\tugat-parse\twords",
		"status\tloading\t256\t1\t2\t6881\t4\t5\t6\t7\t8\t9\t10\t11\t12\t-\tname",
		"status\tloading\t-\t1\t2\t65536\t4\t5\t6\t7\t8\t9\t10\t11\t12\t-\tname",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_text(bad[i]) != RC_BAD)
			fail_msg("%s", bad[i]);
}

static void
a_torrent_is_read_field_by_field_and_written_back(void **state)
{
	static const char text[] =
	    "torrent\t" H20 "\t" H32 "\t16384\t2\t20000\t3\ta\\tb\tprivate=1";
	struct line l = get(text);
	struct rec_torrent r;
	struct linew w;

	(void)state;
	assert_int_equal(rec_get_torrent(&l, &scratch, &r), RC_OK);
	assert_true(r.has_btih && r.has_btmh && r.private);
	assert_int_equal(r.btih[0], 1);
	assert_int_equal(r.btih[19], 20);
	assert_int_equal(r.btmh[31], 32);
	assert_int_equal(r.piece_length, 16384);
	assert_int_equal(r.pieces, 2);
	assert_int_equal(r.length, 20000);
	assert_int_equal(r.files, 3);
	assert_true(bytes_is(r.name, "a\tb"));
	rec_put_torrent(&w, room, sizeof(room), &r);
	expect_line(&w, text);
	r.private = r.has_btih = false;
	r.name = bytes_str("-");
	rec_put_torrent(&w, room, sizeof(room), &r);
	expect_line(&w, "torrent\t-\t" H32 "\t16384\t2\t20000\t3\t\\0055");
	l = get("torrent\t" H20 "\t-\t16384\t2\t20000\t1\tname\tprivate=2");
	assert_int_equal(rec_get_torrent(&l, &scratch, &r), RC_OK);
	assert_false(r.private);
}

static void
a_file_is_read_field_by_field_and_written_back(void **state)
{
	static const char text[] =
	    "file\t7\t100\t5\tname/a b\tattr=xhl\tsymlink=x/y\troot=" H32;
	struct line l = get(text);
	struct rec_file r;
	struct linew w;

	(void)state;
	assert_int_equal(rec_get_file(&l, &scratch, &r), RC_OK);
	assert_int_equal(r.index, 7);
	assert_int_equal(r.offset, 100);
	assert_int_equal(r.length, 5);
	assert_true(bytes_is(r.path, "name/a b"));
	assert_true(r.executable && r.hidden && r.symlink && r.has_root && !r.pad);
	assert_true(bytes_is(r.target, "x/y"));
	assert_int_equal(r.root[31], 32);
	rec_put_file(&w, room, sizeof(room), &r);
	expect_line(&w, text);
}

static void
a_pad_file_may_do_without_a_path(void **state)
{
	struct line l = get("file\t1\t5\t11\t-\tattr=p");
	struct rec_file r;
	struct linew w;

	(void)state;
	assert_int_equal(rec_get_file(&l, &scratch, &r), RC_OK);
	assert_true(r.pad);
	assert_int_equal(r.path.n, 0);
	rec_put_file(&w, room, sizeof(room), &r);
	expect_line(&w, "file\t1\t5\t11\t-\tattr=p");
}

static void
an_attribute_without_letters_says_nothing(void **state)
{
	struct line l = get("file\t0\t0\t1\tname\tattr=");
	struct rec_file r;

	(void)state;
	assert_int_equal(rec_get_file(&l, &scratch, &r), RC_OK);
	assert_false(r.pad || r.executable || r.hidden || r.symlink);
}

static void
a_range_of_pieces_may_be_one(void **state)
{
	struct line l = get("have\t7");
	struct rec_have r;
	struct linew w;

	(void)state;
	assert_int_equal(rec_get_have(&l, &r), RC_OK);
	assert_true(r.first == 7 && r.last == 7);
	rec_put_have(&w, room, sizeof(room), &r);
	expect_line(&w, "have\t7");
	r.last = 4294967295;
	rec_put_have(&w, room, sizeof(room), &r);
	expect_line(&w, "have\t7-4294967295");
	l = get("have\t7-4294967295");
	assert_int_equal(rec_get_have(&l, &r), RC_OK);
	assert_true(r.first == 7 && r.last == 4294967295);
}

static void
a_block_list_counts_bits_from_the_start_of_16_bytes(void **state)
{
	static const struct {
		const char *text;
		unsigned bits;
	} cases[] = { { "deny!\t10.0.0.0/8", 104 }, { "deny!\t10.0.0.1", 128 },
		{ "deny!\t0.0.0.0/0", 96 }, { "deny!\t2001:db8::/32", 32 },
		{ "deny!\t2001:db8::1", 128 }, { "deny!\t::/0", 0 },
		{ "deny!\t::ffff:10.0.0.0/104", 104 },
		{ "deny!\t::ffff:10.0.0.1", 128 } };
	struct rec_deny r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct line l = get(cases[i].text);

		assert_int_equal(rec_get_deny(&l, &r), RC_OK);
		assert_int_equal(r.bits, cases[i].bits);
	}
}

static void
a_status_is_read_field_by_field_and_written_back(void **state)
{
	static const char text[] =
	    "status\tfailed\t75\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12"
	    "\t13\tmy name\twhy=no peer";
	struct line l = get(text);
	struct rec_status r;
	struct linew w;

	(void)state;
	assert_int_equal(rec_get_status(&l, &scratch, &r), RC_OK);
	assert_true(bytes_is(r.state, "failed"));
	assert_true(
	    r.ended && r.code == 75 && r.pid == 1 && r.start_s == 2 && r.port == 3);
	assert_true(r.wanted == 4 && r.had == 5 && r.downloaded == 6 && r.uploaded == 7);
	assert_true(r.left == 8 && r.down_rate == 9 && r.up_rate == 10 && r.peers == 11);
	assert_true(r.seeds == 12 && r.has_eta && r.eta_s == 13);
	assert_true(bytes_is(r.name, "my name") && bytes_is(r.why, "no peer"));
	rec_put_status(&w, room, sizeof(room), &r);
	expect_line(&w, text);
	r.ended = r.has_eta = false;
	r.why = bytes_of(NULL, 0);
	rec_put_status(&w, room, sizeof(room), &r);
	expect_line(
	    &w, "status\tfailed\t-\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t-\tmy name");
}

static void
a_finished_file_is_written_with_what_is_known_of_it(void **state)
{
	struct rec_done r = { .path = bytes_str("out/a"),
		.has_size = true,
		.from = bytes_str("10.0.0.1"),
		.has_sha256 = true,
		.authority = bytes_str("sha256:QUJD") };
	struct linew w;

	(void)state;
	for (uint8_t i = 0; i < sizeof(r.sha256); i++)
		r.sha256[i] = (uint8_t)(i + 1);
	rec_put_done(&w, room, sizeof(room), &r);
	expect_line(&w,
	    "done\tout/a\tsize=0\tfrom=10.0.0.1\tsha256=" H32 "\tauthority=sha256:QUJD");
	r = (struct rec_done){ .path = bytes_str("x") };
	rec_put_done(&w, room, sizeof(room), &r);
	expect_line(&w, "done\tx");
}

static void
the_short_kinds_are_written_as_the_man_page_shows_them(void **state)
{
	static const uint8_t twenty[20] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
		15, 16, 17, 18, 19, 20 };
	struct rec_piece piece = { .index = 4 };
	struct linew w;

	(void)state;
	memcpy(piece.sha1, twenty, sizeof(twenty));
	rec_put_ugat(&w, room, sizeof(room));
	expect_line(&w, "ugat\t1");
	rec_put_self(&w, room, sizeof(room), twenty);
	expect_line(&w, "self\t" H20);
	rec_put_meta(&w, room, sizeof(room),
	    &(struct rec_meta){ bytes_str("comment"), bytes_str("two\nlines"), true });
	expect_line(&w, "meta\tcomment\ttwo\\nlines\tcut=1");
	rec_put_tracker(
	    &w, room, sizeof(room), &(struct rec_tracker){ 2, bytes_str("udp://t") });
	expect_line(&w, "tracker\t2\tudp://t");
	rec_put_webseed(
	    &w, room, sizeof(room), &(struct rec_webseed){ bytes_str("http://w") });
	expect_line(&w, "webseed\thttp://w");
	rec_put_node(&w, room, sizeof(room), &(struct rec_node){ bytes_str("::1"), 9 });
	expect_line(&w, "node\t::1\t9");
	rec_put_piece(&w, room, sizeof(room), &piece);
	expect_line(&w, "piece\t4\t" H20);
	rec_put_info(
	    &w, room, sizeof(room), &(struct rec_info){ 16384, bytes_str("Zm9v") });
	expect_line(&w, "info\t16384\tZm9v");
	rec_put_checked(&w, room, sizeof(room), &(struct rec_checked){ 1, 2, 3 });
	expect_line(&w, "checked\t1\t2\t3");
	rec_put_end(&w, room, sizeof(room));
	expect_line(&w, "end");
	rec_put_peer(&w, room, sizeof(room),
	    &(struct rec_peer){ bytes_str("10.0.0.1"), 6881, bytes_str("tracker") });
	expect_line(&w, "peer\t10.0.0.1\t6881\tsrc=tracker");
	rec_put_peer(&w, room, sizeof(room),
	    &(struct rec_peer){ .host = bytes_str("h"), .port = 1 });
	expect_line(&w, "peer\th\t1");
	rec_put_announced(
	    &w, room, sizeof(room), &(struct rec_announced){ bytes_str("u"), 1, 2, 3 });
	expect_line(&w, "announced\tu\t1\t2\t3");
	rec_put_unanswered(&w, room, sizeof(room),
	    &(struct rec_unanswered){ bytes_str("u"), bytes_str("why not") });
	expect_line(&w, "unanswered\tu\twhy not");
	rec_put_scrape(
	    &w, room, sizeof(room), &(struct rec_scrape){ bytes_str("u"), 1, 2, 3 });
	expect_line(&w, "scrape\tu\t1\t2\t3");
	rec_put_fail(&w, room, sizeof(room),
	    &(struct rec_fail){ 65, bytes_str("ugat-parse"), bytes_str("bad") });
	expect_line(&w, "fail!\t65\tugat-parse\tbad");
}

static void
paths_stay_below_where_they_belong(void **state)
{
	static const char *const good[] = { "a", "a/b", "..a", "a..", "...", "a/.b", " ",
		"a\\b", "-", "\xff" };
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".", "..", "./a",
		"a/.", "a/..", "../a", "a/../b" };
	static char path[REC_PATH_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(rec_check_path(bytes_str(good[i])), RC_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rec_check_path(bytes_str(bad[i])), RC_BAD);
	assert_int_equal(rec_check_path(bytes_of("a\0b", 3)), RC_BAD);
	memset(path, 'x', sizeof(path));
	assert_int_equal(rec_check_path(bytes_of(path, REC_NAME_MAX)), RC_OK);
	assert_int_equal(rec_check_path(bytes_of(path, REC_NAME_MAX + 1)), RC_BAD);
	for (size_t i = REC_NAME_MAX; i < sizeof(path); i += REC_NAME_MAX + 1)
		path[i] = '/';
	assert_int_equal(rec_check_path(bytes_of(path, REC_PATH_MAX)), RC_OK);
	path[REC_PATH_MAX] = 'x';
	assert_int_equal(rec_check_path(bytes_of(path, REC_PATH_MAX + 1)), RC_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_known_and_read_if_anybody_takes_from_it),
		cmocka_unit_test(every_missing_field_is_noticed),
		cmocka_unit_test(unknown_fields_and_keys_behind_are_skipped),
		cmocka_unit_test(a_kind_counts_with_its_mark),
		cmocka_unit_test(a_newer_format_is_told_from_a_broken_header),
		cmocka_unit_test(fields_out_of_shape_or_range_are_refused),
		cmocka_unit_test(a_torrent_is_read_field_by_field_and_written_back),
		cmocka_unit_test(a_file_is_read_field_by_field_and_written_back),
		cmocka_unit_test(a_pad_file_may_do_without_a_path),
		cmocka_unit_test(an_attribute_without_letters_says_nothing),
		cmocka_unit_test(a_range_of_pieces_may_be_one),
		cmocka_unit_test(a_block_list_counts_bits_from_the_start_of_16_bytes),
		cmocka_unit_test(a_status_is_read_field_by_field_and_written_back),
		cmocka_unit_test(a_finished_file_is_written_with_what_is_known_of_it),
		cmocka_unit_test(the_short_kinds_are_written_as_the_man_page_shows_them),
		cmocka_unit_test(paths_stay_below_where_they_belong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
