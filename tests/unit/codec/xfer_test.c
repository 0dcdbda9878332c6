/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/xfer.h"

#define B(s)                                        \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	}
#define HASH "0123456789abcdef0123456789ABCDEF"
#define U0 "\0\0\0\0\0\0\0\0" /* eight bytes of a number */
#define U1 "\0\0\0\0\0\0\0\1"
#define U5 "\0\0\0\0\0\0\0\5"
#define GIB3 "\0\0\0\0\xc0\0\0\0" /* 3 GiB = 0xc0000000 */
#define UNKNOWN "\xff\xff\xff\xff\xff\xff\xff\xff"
#define TOP "\x10\0\0\0\0\0\0\0" /* 2^60 */
#define OVER "\x10\0\0\0\0\0\0\1"

struct vector {
	struct xfer_message m;
	struct bytes wire; /* by hand from the table in codec/xfer.h */
	size_t fixed;      /* bytes of the body that must be there */
	bool skips;        /* more bytes behind the body are allowed */
};

static const struct vector good[] = {
	{ { .kind = XFER_HELLO, .role = XFER_SENDER, .flags = 1 }, B("\1\0\0\2\1\1"), 2,
	    true },
	{ { .kind = XFER_HELLO, .role = XFER_RECEIVER }, B("\1\0\0\2\2\0"), 2, true },
	{ { .kind = XFER_OFFER, .items = 65536, .files = 5, .bytes = 0xc0000000 },
	    B("\2\0\0\x14\0\1\0\0" U5 GIB3), 20, true },
	{ { .kind = XFER_OFFER, .items = 1, .files = 1, .bytes = XFER_UNKNOWN },
	    B("\2\0\0\x14\0\0\0\1" U1 UNKNOWN), 20, true },
	{ { .kind = XFER_ITEM, .code = 1, .files = 1, .bytes = 5, .text = B("a.b") },
	    B("\3\0\0\x14\1" U1 U5 "a.b"), 18, false },
	{ { .kind = XFER_ITEM, .code = 2, .files = 0, .bytes = 0, .text = B("d") },
	    B("\3\0\0\x12\2" U0 U0 "d"), 18, false },
	{ { .kind = XFER_ANSWER, .code = XFER_YES }, B("\4\0\0\1\0"), 1, false },
	{ { .kind = XFER_ANSWER, .code = XFER_NO, .text = B("not now") },
	    B("\4\0\0\10\1not now"), 1, false },
	{ { .kind = XFER_FILE,
	      .bytes = 0xc0000000,
	      .mode = 0755,
	      .mtime_s = -2,
	      .mtime_ns = 999999999,
	      .text = B("d/e") },
	    B("\5\0\0\x19" GIB3 "\1\xed\xff\xff\xff\xff\xff\xff\xff\xfe\x3b\x9a\xc9\xff"
	      "d/e"),
	    23, false },
	{ { .kind = XFER_TAKE,
	      .code = XFER_YES,
	      .flags = XFER_TAKE_ONLY,
	      .offset = 5,
	      .hash = HASH },
	    B("\6\0\0\x2a\0\1" U5 HASH), 42, false },
	{ { .kind = XFER_TAKE, .code = XFER_CANNOT, .text = B("full") },
	    B("\6\0\0\x2e\3\0" U0 U0 U0 U0 U0 "full"), 42, false },
	{ { .kind = XFER_BEGIN, .offset = 0xc0000000 }, B("\7\0\0\10" GIB3), 8, true },
	{ { .kind = XFER_END, .bytes = 5, .hash = HASH }, B("\x9\0\0\x28" U5 HASH), 40,
	    true },
	{ { .kind = XFER_FAIL, .code = XFER_DIFFERS }, B("\xa\0\0\1\3"), 1, false },
	{ { .kind = XFER_FAIL, .code = XFER_CHANGED, .text = B("grew") },
	    B("\xa\0\0\5\1grew"), 1, false },
	{ { .kind = XFER_STORED, .code = XFER_DAMAGED }, B("\xb\0\0\1\4"), 1, false },
	{ { .kind = XFER_BUSY, .done = 5, .total = 5 }, B("\xc\0\0\x10" U5 U5), 16,
	    true },
	{ { .kind = XFER_BUSY, .done = 5, .total = 0 }, B("\xc\0\0\x10" U5 U0), 16,
	    true },
	{ { .kind = XFER_BYE, .files = 1 }, B("\xd\0\0\10" U1), 8, false },
	{ { .kind = XFER_BYE, .files = 1, .left = 1 }, B("\xd\0\0\20" U1 U1), 8, true },
	{ { .kind = XFER_ERROR, .code = 77, .text = B("no") }, B("\xe\0\0\3\x4dno"), 1,
	    false },
	{ { .kind = XFER_ERROR, .code = 255 }, B("\xe\0\0\1\xff"), 1, false },
};

enum { N_GOOD = sizeof(good) / sizeof(good[0]) };

/* Head and body of a whole message. */
static enum rc
get(struct bytes wire, struct xfer_message *m)
{
	struct xfer_head head;
	enum rc rc = xfer_get_head(wire.p, &head);

	return rc != RC_OK ? rc : xfer_get(head, bytes_from(wire, XFER_HEAD), m);
}

static void
assert_same(const struct xfer_message *a, const struct xfer_message *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->role, b->role);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->code, b->code);
	assert_int_equal(a->items, b->items);
	assert_true(a->files == b->files && a->bytes == b->bytes);
	assert_true(a->offset == b->offset && a->done == b->done && a->total == b->total);
	assert_true(a->left == b->left);
	assert_int_equal(a->mode, b->mode);
	assert_true(a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns);
	assert_memory_equal(a->hash, b->hash, sizeof(a->hash));
	assert_true(bytes_eq(a->text, b->text));
}

static void
every_kind_is_read(void **state)
{
	struct xfer_message m;

	(void)state;
	for (size_t i = 0; i < N_GOOD; i++) {
		assert_int_equal(get(good[i].wire, &m), RC_OK);
		assert_same(&m, &good[i].m);
	}
}

static void
every_kind_is_written(void **state)
{
	uint8_t out[XFER_HEAD + XFER_BODY_MAX];

	(void)state;
	for (size_t i = 0; i < N_GOOD; i++) {
		size_t n = xfer_put(&good[i].m, out);

		assert_true(bytes_eq(bytes_of(out, n), good[i].wire));
	}
}

static void
of_data_the_head_alone_is_read_and_written(void **state)
{
	const struct xfer_message m = { .kind = XFER_DATA, .bytes = XFER_DATA_MAX };
	uint8_t out[XFER_HEAD + XFER_BODY_MAX];
	struct xfer_message before, none;
	struct xfer_head head;

	(void)state;
	assert_int_equal(xfer_put(&m, out), 4);
	assert_memory_equal(out, "\10\4\0\0", 4);
	assert_int_equal(xfer_get_head(out, &head), RC_OK);
	assert_true(head.kind == XFER_DATA && head.size == 262144);
	memset(&none, 0x5a, sizeof(none));
	before = none;
	head.size = 4;
	assert_int_equal(xfer_get(head, bytes_of(out, 4), &none), RC_BAD);
	assert_memory_equal(&none, &before, sizeof(none));
}

static void
every_truncation_is_refused_or_a_shorter_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOOD; i++) {
		struct bytes body = bytes_from(good[i].wire, XFER_HEAD);

		for (size_t n = 0; n < body.n; n++) {
			struct xfer_head head = { good[i].m.kind, (uint32_t)n };
			uint8_t wire[XFER_HEAD] = { (uint8_t)good[i].m.kind, 0, 0,
				(uint8_t)n };
			uint8_t *exact = malloc(n + 1);
			struct xfer_message m, before;
			struct bytes cut = bytes_of(exact + 1, n);

			assert_non_null(exact);
			memcpy(exact + 1, body.p, n);
			memset(&m, 0x5a, sizeof(m));
			before = m;
			/* A body that is shorter than its head says. */
			head.size = (uint32_t)body.n;
			assert_int_equal(xfer_get(head, cut, &m), RC_BAD);
			head.size = (uint32_t)n;
			if (n < good[i].fixed) {
				assert_int_equal(xfer_get_head(wire, &head), RC_BAD);
				assert_int_equal(xfer_get(head, cut, &m), RC_BAD);
				m.path_why = before.path_why;
				assert_memory_equal(&m, &before, sizeof(m));
			} else if (n > good[i].fixed && body.p[n - 1] != '/') {
				assert_int_equal(xfer_get_head(wire, &head), RC_OK);
				assert_int_equal(xfer_get(head, cut, &m), RC_OK);
			}
			free(exact);
		}
	}
}

static void
bytes_behind_the_fields_are_skipped(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOOD; i++) {
		uint8_t wire[256] = { 0 };
		struct xfer_message m;

		if (!good[i].skips)
			continue;
		memcpy(wire, good[i].wire.p, good[i].wire.n);
		memset(wire + good[i].wire.n, 0xee, 10);
		wire[3] = (uint8_t)(wire[3] + 10);
		assert_int_equal(get(bytes_of(wire, good[i].wire.n + 10), &m), RC_OK);
		assert_same(&m, &good[i].m);
	}
}

static void
heads_of_unknown_kinds_and_sizes_out_of_range_are_refused(void **state)
{
	static const struct {
		uint8_t head[XFER_HEAD];
		enum rc rc;
	} bad[] = {
		{ { 0, 0, 0, 8 }, RC_BAD },
		{ { 15, 0, 0, 8 }, RC_BAD },
		{ { 255, 255, 255, 255 }, RC_BAD },
		{ { 8, 0, 0, 0 }, RC_BAD },    /* DATA of nothing */
		{ { 8, 4, 0, 1 }, RC_BIG },    /* of 256 KiB and a byte */
		{ { 5, 0, 0x20, 1 }, RC_BIG }, /* a FILE of 8 KiB and a byte */
		{ { 1, 255, 255, 255 }, RC_BIG },
	};
	static const uint8_t largest[XFER_HEAD] = { 5, 0, 0x20, 0 };
	struct xfer_head head = { XFER_BYE, 99 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(xfer_get_head(bad[i].head, &head), bad[i].rc);
	assert_true(head.kind == XFER_BYE && head.size == 99);
	assert_int_equal(xfer_get_head(largest, &head), RC_OK);
}

static void
values_out_of_range_are_refused(void **state)
{
	static const struct bytes bad[] = {
		B("\1\0\0\2\0\0"), /* roles 0 and 3 */
		B("\1\0\0\2\3\0"),
		B("\2\0\0\x14\0\0\0\0" U1 U1), /* no items, and too many */
		B("\2\0\0\x14\0\1\0\1" U1 U1),
		B("\2\0\0\x14\0\0\0\1" OVER U1), /* too many files; unknown how many */
		B("\2\0\0\x14\0\0\0\1" UNKNOWN U1), B("\2\0\0\x14\0\0\0\1" U1 OVER),
		B("\3\0\0\x12\0" U1 U1 "a"), /* kinds of item 0 and 3 */
		B("\3\0\0\x12\3" U1 U1 "a"),
		B("\3\0\0\x12\1" U5 U1 "a"), /* one file that is five, or none */
		B("\3\0\0\x12\1" U0 U1 "a"), B("\3\0\0\x12\2" U1 OVER "a"),
		B("\3\0\0\x14\2" U1 U1 "a/b"), /* two components */
		B("\3\0\0\x13\2" U1 U1 ".."),
		B("\4\0\0\1\4"), /* an offer that is damaged */
		B("\5\0\0\x17" OVER "\0\0" U0 "\0\0\0\0a"),
		B("\5\0\0\x17" U1 "\2\0" U0 "\0\0\0\0a"),       /* mode 01000 */
		B("\5\0\0\x17" U1 "\0\0" U0 "\x3b\x9a\xca\0a"), /* 10^9 ns */
		B("\5\0\0\x17" U1 "\0\0" U0 "\0\0\0\0/"),
		B("\6\0\0\x2a\4\0" U0 U0 U0 U0 U0), B("\6\0\0\x2a\0\0" OVER U0 U0 U0 U0),
		B("\6\0\0\x2a\0\0" UNKNOWN U0 U0 U0 U0), B("\7\0\0\10" OVER),
		B("\x9\0\0\x28" OVER HASH), B("\x9\0\0\x28" UNKNOWN HASH),
		B("\xa\0\0\1\0"), /* reasons 0 and 4 */
		B("\xa\0\0\1\4"), B("\xb\0\0\1\5"),
		B("\xc\0\0\x10" U5 U1), /* more is done than there is */
		B("\xc\0\0\x10" OVER U0), B("\xc\0\0\x10" U0 OVER), B("\xd\0\0\10" OVER),
		B("\xe\0\0\1\0"), /* an error with exit code 0 */
	};
	struct xfer_message m, before;

	(void)state;
	memset(&m, 0x5a, sizeof(m));
	before = m;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(get(bad[i], &m), RC_BAD);
	m.path_why = before.path_why;
	assert_memory_equal(&m, &before, sizeof(m));
}

static void
what_is_wrong_with_a_path_is_told(void **state)
{
	static const struct bytes kind = B("\3\0\0\x12\7" TOP UNKNOWN "a");
	static const struct bytes path =
	    B("\5\0\0\x19" UNKNOWN "\0\0\0\0\0\0\0\0\0\0\0\0\0\0../");
	struct xfer_message m = { .path_why = NULL };

	(void)state;
	assert_int_equal(get(kind, &m), RC_BAD);
	assert_null(m.path_why);
	assert_int_equal(get(path, &m), RC_BAD);
	assert_string_equal(m.path_why, "has a component ..");
}

static void
the_greatest_numbers_are_taken(void **state)
{
	static const struct bytes wire[] = {
		B("\2\0\0\x14\0\1\0\0" TOP TOP),
		B("\3\0\0\x12\2" TOP UNKNOWN "a"),
		B("\5\0\0\x17" UNKNOWN "\1\xff" U0 "\0\0\0\0a"),
		B("\6\0\0\x2a\0\xff" TOP U0 U0 U0 U0),
	};
	struct xfer_message m;

	(void)state;
	for (size_t i = 0; i < sizeof(wire) / sizeof(wire[0]); i++)
		assert_int_equal(get(wire[i], &m), RC_OK);
}

static void
paths_are_held_to_the_rules(void **state)
{
	static const struct {
		const char *path, *why; /* NULL: good */
	} paths[] = {
		{ "a", NULL }, { "a/b/c", NULL }, { "...", NULL },
		{ ".bashrc", NULL }, /* a question for the person, not for the codec */
		{ "a b", NULL }, { "\xff\xfe", NULL }, /* no UTF-8 */
		{ "caf\xc3\xa9", NULL },
		{ "\xd9\x85\xe2\x80\x8c\xd8\xb1", NULL }, /* Persian, with a non-joiner */
		{ "a\\b", NULL }, { "x.ugat", NULL }, { "", "is empty" },
		{ "/", "is absolute or has an empty component" },
		{ "/etc/passwd", "is absolute or has an empty component" },
		{ "a//b", "is absolute or has an empty component" },
		{ "a/", "is absolute or has an empty component" },
		{ ".", "has a component ." }, { "a/./b", "has a component ." },
		{ "..", "has a component .." }, { "../a", "has a component .." },
		{ "a/..", "has a component .." }, { "a/../b", "has a component .." },
		{ ".ugat", "has a component that begins with .ugat" },
		{ "a/.ugat-part-0123456789abcdef",
		    "has a component that begins with .ugat" },
		{ "a\nb", "has a control character" },
		{ "a\x1b[2J", "has a control character" },
		{ "\x7f", "has a control character" },
		{ "\xc2\x9b", "has a control character" },         /* C1: CSI */
		{ "a\xe2\x80\xaegpj", "has a control character" }, /* right to left */
		{ "a\xe2\x80\xa8z", "has a control character" },   /* line separator */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const char *why = NULL;
		enum rc rc = xfer_check_path(bytes_str(paths[i].path), &why);

		assert_int_equal(rc, paths[i].why == NULL ? RC_OK : RC_BAD);
		if (paths[i].why != NULL)
			assert_string_equal(why, paths[i].why);
	}
	assert_int_equal(xfer_check_path(bytes_of("a\0b", 3), NULL), RC_BAD);
}

static void
paths_and_components_have_a_greatest_length(void **state)
{
	char path[XFER_PATH_MAX + 2];

	(void)state;
	memset(path, 'a', sizeof(path));
	assert_int_equal(xfer_check_path(bytes_of(path, 255), NULL), RC_OK);
	assert_int_equal(xfer_check_path(bytes_of(path, 256), NULL), RC_BAD);
	for (size_t i = 255; i < sizeof(path); i += 256)
		path[i] = '/';
	assert_int_equal(xfer_check_path(bytes_of(path, 4095), NULL), RC_OK);
	assert_int_equal(xfer_check_path(bytes_of(path, 4097), NULL), RC_BAD);
	path[300] = '/';
	path[600] = '/';
	path[4095] = 'a';
	assert_int_equal(xfer_check_path(bytes_of(path, 4096), NULL), RC_BAD);
}

static void
words_have_a_greatest_length_and_are_cut_at_a_character(void **state)
{
	uint8_t out[XFER_HEAD + XFER_BODY_MAX];
	uint8_t words[600];
	struct xfer_message m = { .kind = XFER_ERROR, .code = 74 }, got;

	(void)state;
	memset(words, 'w', sizeof(words));
	m.text = bytes_of(words, 512);
	assert_int_equal(xfer_put(&m, out), 4 + 1 + 512);
	m.text = bytes_of(words, 513);
	assert_int_equal(xfer_put(&m, out), 4 + 1 + 512);
	assert_int_equal(get(bytes_of(out, 517), &got), RC_OK);
	memcpy(words + 510, "\xe2\x82\xac", 3); /* the euro's third byte is the 513th */
	assert_int_equal(xfer_put(&m, out), 4 + 1 + 510);
	/* One more word than is allowed, from somebody else. */
	out[2] = 2;
	out[3] = 2;
	out[517] = 'w';
	assert_int_equal(get(bytes_of(out, 4 + 514), &got), RC_BAD);
	memset(words, 0x80, sizeof(words)); /* never more than a character's bytes */
	m.text = bytes_of(words, 600);
	assert_in_range(xfer_put(&m, out), 4 + 1 + 508, 4 + 1 + 512);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(every_kind_is_written),
		cmocka_unit_test(of_data_the_head_alone_is_read_and_written),
		cmocka_unit_test(every_truncation_is_refused_or_a_shorter_text),
		cmocka_unit_test(bytes_behind_the_fields_are_skipped),
		cmocka_unit_test(
		    heads_of_unknown_kinds_and_sizes_out_of_range_are_refused),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(what_is_wrong_with_a_path_is_told),
		cmocka_unit_test(the_greatest_numbers_are_taken),
		cmocka_unit_test(paths_are_held_to_the_rules),
		cmocka_unit_test(paths_and_components_have_a_greatest_length),
		cmocka_unit_test(words_have_a_greatest_length_and_are_cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
