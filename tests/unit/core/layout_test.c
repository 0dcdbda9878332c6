/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/layout.h"
#include "tests/unit/describe.h"

#define HASH "\t0123456789abcdef0123456789abcdef01234567\n"
#define BTIH "da39a3ee5e6b4b0d3255bfef95601890afd80709"

/*
 * 64 bytes in 4 pieces of 16:
 * a 0..9, empty e at 10, pad 10..15, b 16..35, gap 36..39, c 40..63.
 */
static const char sample[] =
    "ugat\t1\n"
    "torrent\t" BTIH "\t-\t16\t4\t64\t6\tt\n"
    "file\t0\t0\t10\tt/a\n"
    "file\t1\t10\t0\tt/e\n"
    "file\t2\t10\t6\tt/.pad/6\tattr=p\n"
    "file\t3\t16\t20\tt/b\n"
    "file\t5\t40\t24\tt/c\n"
    "piece\t0" HASH "piece\t1" HASH "piece\t2" HASH "piece\t3" HASH;

static void
assert_span(struct layout *it, const struct torrent *t, int file, bool pad, uint64_t at,
    uint64_t n)
{
	struct layout_span span;

	assert_true(layout_next(it, &span));
	if (file < 0)
		assert_null(span.file);
	else
		assert_ptr_equal(span.file, &t->files[file]);
	assert_int_equal(span.pad, pad);
	assert_int_equal(span.at, at);
	assert_int_equal(span.n, n);
}

static void
a_walk_over_all_meets_files_pads_and_gaps_in_order(void **state)
{
	struct torrent t;
	struct layout it;
	struct layout_span span;

	(void)state;
	assert_int_equal(describe(&t, sample), RC_OK);
	layout_start(&it, &t, 0, t.length);
	assert_span(&it, &t, 0, false, 0, 10);
	assert_span(&it, &t, -1, true, 10, 6);
	assert_span(&it, &t, 3, false, 0, 20);
	assert_span(&it, &t, -1, false, 36, 4);
	assert_span(&it, &t, 4, false, 0, 24);
	assert_false(layout_next(&it, &span));
	torrent_clear(&t);
}

static void
a_walk_begins_and_ends_inside_a_file(void **state)
{
	struct torrent t;
	struct layout it;
	struct layout_span span;

	(void)state;
	assert_int_equal(describe(&t, sample), RC_OK);
	layout_start(&it, &t, 30, 12);
	assert_span(&it, &t, 3, false, 14, 6);
	assert_span(&it, &t, -1, false, 36, 4);
	assert_span(&it, &t, 4, false, 0, 2);
	assert_false(layout_next(&it, &span));
	layout_start(&it, &t, 38, 1);
	assert_span(&it, &t, -1, false, 38, 1);
	assert_false(layout_next(&it, &span));
	torrent_clear(&t);
}

static void
what_lies_past_the_end_is_cut_off(void **state)
{
	struct torrent t;
	struct layout it;
	struct layout_span span;

	(void)state;
	assert_int_equal(describe(&t, sample), RC_OK);
	layout_start(&it, &t, 60, UINT64_MAX);
	assert_span(&it, &t, 4, false, 20, 4);
	assert_false(layout_next(&it, &span));
	layout_start(&it, &t, 64, 1);
	assert_false(layout_next(&it, &span));
	layout_start(&it, &t, UINT64_MAX, 5);
	assert_false(layout_next(&it, &span));
	torrent_clear(&t);
}

static void
pieces_know_their_files_and_whether_they_are_wanted(void **state)
{
	struct torrent t;
	size_t first, end;
	uint32_t from, to;

	(void)state;
	assert_int_equal(describe(&t, sample), RC_OK);
	layout_files(&t, 0, &first, &end);
	assert_true(first == 0 && end == 3);
	layout_files(&t, 1, &first, &end);
	assert_true(first == 3 && end == 4);
	layout_files(&t, 2, &first, &end);
	assert_true(first == 3 && end == 5);
	for (uint32_t p = 0; p < 4; p++) {
		assert_true(layout_wanted(&t, p));
		assert_int_equal(layout_piece_has_gap(&t, p), p == 2);
	}
	assert_false(layout_wanted(&t, 4));
	assert_true(layout_pieces(&t, &t.files[3], &from, &to));
	assert_true(from == 1 && to == 2);
	assert_false(layout_pieces(&t, &t.files[1], &from, &to));
	torrent_clear(&t);
}

static void
a_piece_of_gaps_and_pads_alone_is_not_wanted(void **state)
{
	struct torrent t;
	size_t first, end;

	(void)state;
	assert_int_equal(describe(&t,
	                     "ugat\t1\n"
	                     "torrent\t" BTIH "\t-\t16\t3\t48\t4\tt\n"
	                     "file\t1\t20\t12\tt/p\tattr=p\n"
	                     "file\t2\t32\t0\tt/empty\n"
	                     "file\t3\t33\t2\tt/l\tattr=l\tsymlink=x\n"),
	    RC_OK);
	for (uint32_t p = 0; p < 3; p++)
		assert_false(layout_wanted(&t, p));
	assert_true(layout_piece_has_gap(&t, 0));
	/* A symlink's bytes belong to no file: 33 and 34 are a gap like 32. */
	assert_true(layout_piece_has_gap(&t, 2));
	layout_files(&t, 0, &first, &end);
	assert_true(first == end);
	torrent_clear(&t);
}

/* Which file holds a byte, by looking at every file. */
static const struct torrent_file *
holder(const struct torrent *t, uint64_t at)
{
	for (size_t i = 0; i < t->n_files; i++)
		if (at - t->files[i].offset < t->files[i].length)
			return &t->files[i];
	return NULL;
}

static void
every_byte_of_random_layouts_lies_where_a_plain_search_finds_it(void **state)
{
	struct rng rng = { .state = 7 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct torrent_file files[20];
		struct torrent t = { .piece_length = 8, .files = files };
		struct layout it;
		struct layout_span span;
		uint64_t at, from, to;

		for (at = 0; t.n_files < 20; t.n_files++) {
			at += rng_below(&rng, 3) == 0 ? rng_below(&rng, 9) : 0;
			files[t.n_files] = (struct torrent_file){
				.offset = at,
				.length =
				    rng_below(&rng, 4) == 0 ? 0 : rng_below(&rng, 30),
				.pad = rng_below(&rng, 5) == 0,
			};
			at += files[t.n_files].length;
		}
		t.length = at + rng_below(&rng, 5) + 1;
		t.pieces = (uint32_t)((t.length + 7) / 8);
		from = rng_below(&rng, (uint32_t)t.length);
		to = from + rng_below(&rng, (uint32_t)(t.length - from)) + 1;
		layout_start(&it, &t, from, to - from);
		for (at = from; layout_next(&it, &span); at += span.n) {
			assert_true(span.n > 0);
			for (uint64_t i = 0; i < span.n; i++) {
				const struct torrent_file *f = holder(&t, at + i);

				assert_int_equal(span.pad, f != NULL && f->pad);
				assert_ptr_equal(
				    span.file, f == NULL || f->pad ? NULL : f);
				assert_true(span.at + i ==
				    (span.file == NULL ? at + i : at + i - f->offset));
			}
		}
		assert_true(at == to);
	}
}

static void
a_hundred_thousand_files_are_found_by_bisection(void **state)
{
	enum { FILES = 100000 };
	struct torrent t = { .piece_length = 16384, .length = FILES };
	struct layout_span span;
	struct layout it;

	(void)state;
	t.files = calloc(FILES, sizeof(*t.files));
	assert_non_null(t.files);
	t.n_files = FILES;
	for (uint32_t i = 0; i < FILES; i++)
		t.files[i] = (struct torrent_file){ .offset = i, .length = 1 };
	/* A plain search would take 10^10 steps here. */
	for (uint64_t at = 0; at < FILES; at++) {
		layout_start(&it, &t, at, 1);
		assert_true(layout_next(&it, &span));
		assert_ptr_equal(span.file, &t.files[at]);
	}
	free(t.files);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_over_all_meets_files_pads_and_gaps_in_order),
		cmocka_unit_test(a_walk_begins_and_ends_inside_a_file),
		cmocka_unit_test(what_lies_past_the_end_is_cut_off),
		cmocka_unit_test(pieces_know_their_files_and_whether_they_are_wanted),
		cmocka_unit_test(a_piece_of_gaps_and_pads_alone_is_not_wanted),
		cmocka_unit_test(
		    every_byte_of_random_layouts_lies_where_a_plain_search_finds_it),
		cmocka_unit_test(a_hundred_thousand_files_are_found_by_bisection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
