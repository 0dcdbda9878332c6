/* SPDX-License-Identifier: ISC */
/* Files that somebody takes away, replaces or writes to while the store has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "io/store_parts.h"
#include "tests/unit/io/store_sample.h"

enum { FILE_A = 0, SECOND = 1000 };

/* Both pieces of t/a, and what the store says of it then. */
static enum rc
end_a(struct store *s, struct store_error *e)
{
	write_piece(s, 0);
	write_piece(s, 1);
	return store_in_place(s, &t.files[FILE_A], e);
}

static void
assert_gone(const struct store_error *e)
{
	assert_int_equal(e->err, ESTALE);
	assert_non_null(strstr(e->path, "/t/a"));
}

static void
what_lies_where_it_should_is_told_and_may_be_taken_away_then(void **state)
{
	struct store *s = open_all();
	struct store_error e;

	(void)state;
	assert_int_equal(end_a(s, &e), RC_OK);
	assert_int_equal(unlink(place_path(&place, "t/a")), 0);
	store_held(s, 0);
	write_piece(s, 3);
	assert_int_equal(store_save(s, &e), RC_OK);
	assert_false(store_misses(s, &e));
	store_close(s);
	assert_string_equal(states_of(ALL), "...H....");
}

/* Take t/a away in one of these ways. */
static void
take_away(int how)
{
	char from[sizeof(place.path)];

	(void)snprintf(from, sizeof(from), "%s", place_path(&place, "t/a"));
	switch (how) {
	case 0: assert_int_equal(unlink(from), 0); return;
	case 1:
		assert_int_equal(rename(from, place_path(&place, "elsewhere")), 0);
		return;
	case 2:
		/* As editors do: another file of the same size. */
		place_put(&place, "other", data, 20);
		assert_int_equal(rename(place_path(&place, "other"), from), 0);
		return;
	case 3:
		(void)snprintf(from, sizeof(from), "%s", place_path(&place, "t"));
		assert_int_equal(rename(from, place_path(&place, "u")), 0);
		return;
	default:
		assert_int_equal(unlink(from), 0);
		assert_int_equal(mkfifo(from, 0666), 0);
	}
}

static void
what_was_taken_away_or_replaced_is_not_told_and_not_believed_later(void **state)
{
	for (int how = 0; how < 5; how++) {
		struct store *s;
		struct store_error e;

		finish(state);
		begin(state);
		s = open_all();
		write_piece(s, 0);
		write_piece(s, 7);
		take_away(how);
		assert_int_equal(end_a(s, &e), RC_SYS);
		assert_gone(&e);
		/* Whatever comes to lie there. */
		if (how == 4)
			assert_int_equal(unlink(place_path(&place, "t/a")), 0);
		place_put(&place, "t/a", "an older edition of it", 20);
		store_held(s, 0);
		store_close(s);
		assert_string_equal(states_of(ALL), how == 3 ? "??......" : "??.....H");
	}
}

static void
a_save_misses_it_before_all_is_there(void **state)
{
	for (int how = 0; how < 5; how++) {
		struct store *s;
		struct store_error e;

		finish(state);
		begin(state);
		s = open_all();
		write_piece(s, 0);
		assert_int_equal(store_save(s, &e), RC_OK);
		assert_false(store_misses(s, &e));
		take_away(how);
		write_piece(s, 1);
		assert_int_equal(store_save(s, &e), RC_OK);
		assert_true(store_misses(s, &e));
		assert_gone(&e);
		store_close(s);
	}
}

static void
a_file_that_is_not_open_any_more_is_not_made_anew(void **state)
{
	struct store *s = open_all();
	struct store_error e;

	(void)state;
	write_piece(s, 0);
	assert_int_equal(store_fds_shrink(s->fds), 1);
	take_away(0);
	assert_int_equal(
	    store_write(s, PIECE, bytes_of(data + PIECE, PIECE), &e), RC_SYS);
	assert_gone(&e);
	assert_false(place_has(&place, "t/a"));
	store_close(s);
}

static void
where_the_directory_itself_goes_nothing_is_told_by_its_old_name(void **state)
{
	struct store *s = open_all();
	struct store_error e;
	char away[80];

	(void)state;
	write_piece(s, 0);
	(void)snprintf(away, sizeof(away), "%s.away", place.dir);
	assert_int_equal(rename(place.dir, away), 0);
	assert_int_equal(end_a(s, &e), RC_SYS);
	assert_gone(&e);
	assert_int_equal(rename(away, place.dir), 0);
	store_close(s);
}

/* Whether piece 0, of t/a, and piece 7, of t/c, look as they were left. */
static void
assert_left(struct store *s, int64_t now_ms, bool a, bool c)
{
	assert_true(store_is_as_left(s, 0, now_ms) == a);
	assert_true(store_is_as_left(s, 7, now_ms) == c);
}

static void
who_is_written_to_by_others_is_seen_within_a_second(void **state)
{
	struct store *s;

	(void)state;
	fill(ALL);
	s = open_all();
	assert_left(s, SECOND, true, true);
	place_age(&place, "t/a", 1);
	assert_left(s, 2 * SECOND - 1, true, true);
	assert_left(s, 2 * SECOND, false, true);
	/* Looked at anew for as long as it is so; and the size counts alone, too. */
	place_age(&place, "t/a", -1);
	assert_left(s, 2 * SECOND, true, true);
	place_put(&place, "t/c", data, 55);
	assert_left(s, 3 * SECOND, true, false);
	store_close(s);
}

static void
what_we_write_ourselves_or_is_gone_is_as_it_was_left(void **state)
{
	struct store *s;

	(void)state;
	fill(ALL);
	s = open_all();
	assert_int_equal(unlink(place_path(&place, "t/a")), 0);
	write_piece(s, 7);
	place_age(&place, "t/c", 1);
	assert_left(s, SECOND, true, true);
	store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_lies_where_it_should_is_told_and_may_be_taken_away_then),
		TEST(what_was_taken_away_or_replaced_is_not_told_and_not_believed_later),
		TEST(a_save_misses_it_before_all_is_there),
		TEST(a_file_that_is_not_open_any_more_is_not_made_anew),
		TEST(where_the_directory_itself_goes_nothing_is_told_by_its_old_name),
		TEST(who_is_written_to_by_others_is_seen_within_a_second),
		TEST(what_we_write_ourselves_or_is_gone_is_as_it_was_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
