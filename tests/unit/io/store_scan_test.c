/* SPDX-License-Identifier: ISC */
/* What a run finds that an earlier one has left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include "io/journal.h"
#include "tests/unit/io/store_sample.h"

/* Let the journal look as if it came from another boot. */
static void
reboot(void)
{
	struct beneath b;
	struct journal j;
	struct buf out;
	uint64_t mtime;
	int fd = open(place_path(&place, ".ugat"), O_PATH | O_DIRECTORY);

	beneath_init(&b, fd);
	assert_int_equal(journal_init(&j, &t, 0), RC_OK);
	assert_int_equal(journal_load(&b, BTIH ".have", &j), RC_OK);
	assert_int_not_equal(j.boot[0], 0);
	j.boot[0] ^= 1;
	buf_init(&out, 1 << 20);
	assert_int_equal(journal_put(&j, &out), RC_OK);
	assert_int_equal(
	    journal_save(&b, BTIH ".have", buf_bytes(&out), false, &mtime), RC_OK);
	buf_clear(&out);
	journal_clear(&j);
	(void)close(fd);
}

static void
the_journal_vouches_for_what_was_held(void **state)
{
	struct store *s = open_all();

	(void)state;
	write_piece(s, 0);
	write_piece(s, 3);
	assert_string_equal(states(s), "H..H....");
	store_close(s);
	assert_true(place_has(&place, HAVE));
	assert_false(place_has(&place, LOCK));
	assert_string_equal(states_of(ALL), "H..H....");
	s = open_as(ALL, true);
	/* Distrusted: all that is there. b has its first 32 bytes. */
	assert_string_equal(states(s), "?.??....");
	store_close(s);
	assert_string_equal(states_of(ALL), "H..H....");
}

static void
a_killed_run_loses_no_written_piece(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		struct store *s = open_all();
		struct store_error e;

		write_piece(s, 5);
		assert_true(store_unsaved(s));
		assert_int_equal(store_save(s, &e), RC_OK);
		assert_false(store_unsaved(s));
		write_piece(s, 7);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* 5 was saved. 7 was not, nor does anybody know of 6; 4 needs b. */
	assert_string_equal(states_of(ALL), ".....H??");
}

static void
a_sync_needs_no_save_to_be_remembered(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		struct store *s = open_all();
		struct store_error e;

		for (uint32_t p = 0; p < PIECES; p++)
			write_piece(s, p);
		assert_int_equal(store_sync(s, &e), RC_OK);
		assert_false(store_unsaved(s));
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(states_of(ALL), "HHHHHHHH");
	reboot();
	assert_string_equal(states_of(ALL), "HHHHHHHH");
}

static void
holes_of_a_killed_run_are_not_hashed(void **state)
{
	enum { BIG = 1 << 20 };
	static const char lines[] =
	    "ugat\t1\ntorrent\t" BTIH "\t-\t1048576\t8\t8388608\t1\tbig\n"
	    "file\t0\t0\t8388608\tbig\n" HASHES;
	static uint8_t piece[BIG];
	struct store_error e;
	int status;
	pid_t child;

	(void)state;
	memset(piece, 7, BIG);
	child = fork();
	if (child == 0) {
		struct store *s = open_as(lines, false);

		assert_int_equal(
		    store_write(s, 2 * BIG, bytes_of(piece, BIG), &e), RC_OK);
		store_held(s, 2);
		assert_int_equal(store_save(s, &e), RC_OK);
		assert_int_equal(
		    store_write(s, 6 * BIG, bytes_of(piece, BIG), &e), RC_OK);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(states_of(lines), "..H...?.");
}

static void
a_check_that_was_cut_short_goes_on(void **state)
{
	struct store *s;

	(void)state;
	place_put(&place, "t/c", data + 72, 56);
	s = open_all();
	assert_string_equal(states(s), ".....???");
	store_held(s, 5);
	store_lost(s, 6);
	assert_string_equal(states(s), ".....H.?");
	store_close(s);
	assert_string_equal(states_of(ALL), ".....H.?");
}

static void
a_file_that_others_wrote_to_is_hashed_again_and_no_other(void **state)
{
	(void)state;
	fill(ALL);
	assert_string_equal(states_of(ALL), "HHHHHHHH");
	place_age(&place, "t/sub/b", 10000);
	assert_string_equal(states_of(ALL), "HH???HHH");
	/* Replaced by an older one: the same. */
	place_age(&place, "t/sub/b", -60000);
	assert_string_equal(states_of(ALL), "HH???HHH");
}

static void
a_change_after_an_orderly_end_is_seen_at_once(void **state)
{
	(void)state;
	fill(ALL);
	/* 1 ms is enough: nobody of ours writes any more. */
	place_age(&place, "t/a", 1);
	assert_string_equal(states_of(ALL), "??HHHHHH");
}

static void
a_file_that_was_removed_is_fetched_again_and_no_other(void **state)
{
	(void)state;
	fill(ALL);
	assert_int_equal(unlink(place_path(&place, "t/sub/b")), 0);
	assert_string_equal(states_of(ALL), "HH...HHH");
	fill(ALL);
	assert_string_equal(states_of(ALL), "HHHHHHHH");
	assert_true(place_is(&place, "t/sub/b", data + 32, 40));
}

static void
a_file_that_was_cut_short_lacks_its_end(void **state)
{
	(void)state;
	fill(ALL);
	assert_int_equal(truncate(place_path(&place, "t/c"), 20), 0);
	/* Of 72..91, the pieces 4 (64..79) and a part of 5 (80..95). */
	assert_string_equal(states_of(ALL), "HHHH?...");
}

static void
a_damaged_journal_is_no_journal(void **state)
{
	int64_t size;

	(void)state;
	fill(ALL);
	size = place_size(&place, HAVE);
	assert_int_equal(truncate(place_path(&place, HAVE), size - 1), 0);
	assert_string_equal(states_of(ALL), "????????");
	place_put(&place, HAVE, "", 0);
	assert_string_equal(states_of(ALL), "????????");
	assert_int_equal(unlink(place_path(&place, HAVE)), 0);
	assert_string_equal(states_of(ALL), "????????");
}

static void
a_journal_of_another_torrent_is_no_journal(void **state)
{
	static const char other[] =
	    "ugat\t1\ntorrent\t1111111111111111111111111111111111111111\t-"
	    "\t16\t8\t128\t5\tt\n" A PAD B E C HASHES;

	(void)state;
	fill(ALL);
	assert_int_equal(
	    rename(place_path(&place, HAVE), "/tmp/ugat-test-journal-of-another"), 0);
	assert_int_equal(rename("/tmp/ugat-test-journal-of-another",
	                     place_path(&place,
	                         ".ugat/1111111111111111111111111111"
	                         "111111111111.have")),
	    0);
	assert_string_equal(states_of(other), "????????");
}

static void
an_edited_path_is_another_file(void **state)
{
	(void)state;
	fill(ALL);
	assert_string_equal(
	    states_of(HEAD A PAD "file\t2\t32\t40\tt/elsewhere\n" E C HASHES),
	    "HH...HHH");
	/* Where something stands already, it is hashed. */
	place_put(&place, "t/elsewhere", data + 32, 40);
	assert_string_equal(
	    states_of(HEAD A PAD "file\t2\t32\t40\tt/elsewhere\n" E C HASHES),
	    "HH???HHH");
}

static void
after_another_boot_only_synced_pieces_hold(void **state)
{
	struct store *s = open_all();
	struct store_error e;

	(void)state;
	for (uint32_t p = 0; p < 6; p++)
		write_piece(s, p);
	assert_int_equal(store_sync(s, &e), RC_OK);
	write_piece(s, 7); /* c again, without a sync */
	store_close(s);
	assert_string_equal(states_of(ALL), "HHHHHH.H");
	reboot();
	assert_string_equal(states_of(ALL), "HHHHHH.?");
	/* That run changed nothing, so the old journal still stands. */
	place_age(&place, "t/c", 10000);
	assert_string_equal(states_of(ALL), "HHHH????");
}

static void
without_a_sync_another_boot_hashes_everything(void **state)
{
	(void)state;
	fill(ALL);
	reboot();
	assert_string_equal(states_of(ALL), "????????");
}

static void
a_later_sync_reaches_what_an_earlier_run_wrote(void **state)
{
	struct store *s;
	struct store_error e;

	(void)state;
	fill(ALL);
	s = open_all();
	assert_int_equal(store_sync(s, &e), RC_OK);
	store_close(s);
	reboot();
	assert_string_equal(states_of(ALL), "HHHHHHHH");
}

static void
checked_lines_are_believed_where_the_file_still_agrees(void **state)
{
	char lines[4096], checked[256];
	struct stat a, c;

	(void)state;
	place_put(&place, "t/a", data, 20);
	place_put(&place, "t/sub/b", data + 32, 40);
	place_put(&place, "t/c", data + 72, 56);
	assert_int_equal(stat(place_path(&place, "t/a"), &a), 0);
	assert_int_equal(stat(place_path(&place, "t/c"), &c), 0);
	(void)snprintf(checked, sizeof(checked),
	    "checked\t0\t20\t%llu\nchecked\t4\t56\t%llu\nhave\t0-1\nhave\t5-6\n",
	    (unsigned long long)journal_ns(a.st_mtim),
	    (unsigned long long)journal_ns(c.st_mtim));
	(void)snprintf(lines, sizeof(lines), "%s%s", ALL, checked);
	/* 4 and 7 are checked and not in have; b has no `checked` line. */
	assert_string_equal(states_of(lines), "HH??.HH.");
	place_age(&place, "t/c", 1);
	assert_string_equal(states_of(lines), "HH??????");
}

static void
a_gap_is_kept_aside_at_its_place_in_the_torrent(void **state)
{
	static const char no_b[] = HEAD A PAD E C HASHES;
	struct store *s = open_as(no_b, false);
	struct store_error e;
	uint8_t back[PIECE];

	(void)state;
	assert_string_equal(states(s), "........");
	write_piece(s, 4); /* 64..71 are b's */
	assert_int_equal(store_read(s, 64, back, PIECE, &e), RC_OK);
	assert_memory_equal(back, data + 64, PIECE);
	store_close(s);
	assert_false(place_has(&place, "t/sub"));
	assert_int_equal(place_size(&place, PART), 72);
	assert_string_equal(states_of(no_b), "....H...");
	/* Without .part the piece is still held, for c has its bytes. */
	assert_int_equal(unlink(place_path(&place, PART)), 0);
	assert_string_equal(states_of(no_b), "....h...");
}

static void
part_goes_when_no_gap_is_held(void **state)
{
	(void)state;
	fill(HEAD A PAD E C HASHES);
	assert_true(place_has(&place, PART));
	fill(ALL);
	assert_false(place_has(&place, PART));
	assert_true(place_is(&place, "t/sub/b", data + 32, 40));
}

static void
another_selection_keeps_what_is_known_but_for_the_edges(void **state)
{
	struct store *s;

	(void)state;
	fill(ALL);
	assert_string_equal(states_of(HEAD A PAD HASHES), "HH......");
	/* Only a has news in this run: b and c are carried along. */
	s = open_as(HEAD A PAD HASHES, false);
	store_held(s, 0);
	store_close(s);
	/* The first and the last piece of b and c could have been written by others. */
	s = open_all();
	assert_string_equal(states(s), "HH?H?HH?");
	store_held(s, 2);
	store_held(s, 4);
	store_held(s, 7);
	store_close(s);
	assert_string_equal(states_of(ALL), "HHHHHHHH");
}

static void
a_piece_held_for_its_neighbour_is_not_held_for_a_file_that_lacks_it(void **state)
{
	static const char only_c[] = HEAD C HASHES, only_b[] = HEAD B HASHES;
	struct store *s = open_as(only_b, false);

	(void)state;
	/* b has no bytes of the piece 4; c gets one while b is not listed. */
	write_piece(s, 2);
	write_piece(s, 3);
	store_close(s);
	assert_int_equal(truncate(place_path(&place, "t/sub/b"), 40), 0);
	fill(only_c);
	/* All that b has is in doubt: its time has changed with its size. */
	assert_string_equal(states_of(HEAD B C HASHES), "..???HHH");
}

static void
what_nobody_wants_is_not_held(void **state)
{
	struct store *s = open_as(HEAD C HASHES, false);

	(void)state;
	write_piece(s, 3);
	write_piece(s, 5);
	assert_string_equal(states(s), ".....H..");
	store_close(s);
	place_put(&place, "t/sub/b", data, 40);
	assert_string_equal(states_of(HEAD B C HASHES), "..??.H..");
}

static void
a_file_at_rest_gets_no_more_time_from_later_saves(void **state)
{
	struct store *s = open_all();
	struct store_error e;
	char kept[8192];

	(void)state;
	write_piece(s, 0);
	assert_int_equal(store_save(s, &e), RC_OK);
	write_piece(s, 5);
	assert_int_equal(store_save(s, &e), RC_OK);
	/* Killed here: the last save's journal stands, with its grace for c alone. */
	(void)snprintf(kept, sizeof(kept), "%s", place_path(&place, "kept"));
	assert_int_equal(rename(place_path(&place, HAVE), kept), 0);
	store_close(s);
	assert_int_equal(rename(kept, place_path(&place, HAVE)), 0);
	/* As if the second save had been 10 s after the first. */
	place_age(&place, HAVE, 10000);
	place_age(&place, "t/a", 5000);
	place_age(&place, "t/c", 5000);
	assert_string_equal(states_of(ALL), "?....H..");
}

static void
a_piece_whose_gap_is_nowhere_cannot_be_hashed(void **state)
{
	(void)state;
	place_put(&place, "t/c", data + 72, 56);
	assert_string_equal(states_of(HEAD C HASHES), ".....???");
}

static void
a_gap_that_was_lost_stays_lost_when_another_is_kept(void **state)
{
	static const char no_pad[] = HEAD A E C HASHES; /* gaps in 1 and 4 */
	struct store *s;

	(void)state;
	fill(no_pad);
	assert_string_equal(states_of(no_pad), "HH..HHHH");
	assert_int_equal(unlink(place_path(&place, PART)), 0);
	s = open_as(no_pad, false);
	assert_string_equal(states(s), "Hh..hHHH");
	write_piece(s, 4);
	store_close(s);
	assert_string_equal(states_of(no_pad), "Hh..HHHH");
}

static void
a_gap_of_another_selection_is_not_taken_for_this_one(void **state)
{
	(void)state;
	fill(HEAD A PAD E C HASHES);
	/* Now the pad is a gap as well: .part reaches past it and has nothing there. */
	assert_string_equal(states_of(HEAD A E C HASHES), "Hh..hHHH");
}

static void
what_is_carried_over_a_boot_holds_where_it_was_synced(void **state)
{
	struct store *s = open_all();
	struct store_error e;

	(void)state;
	for (uint32_t p = 0; p < 6; p++)
		write_piece(s, p);
	assert_int_equal(store_sync(s, &e), RC_OK);
	write_piece(s, 6);
	write_piece(s, 7);
	store_close(s);
	reboot();
	s = open_as(HEAD A PAD HASHES, false);
	store_held(s, 0);
	store_close(s);
	/* Edges (2, 4, 7) and what was never synced (6) are looked at. */
	assert_string_equal(states_of(ALL), "HH?H?H??");
}

static void
what_is_carried_over_a_boot_without_a_sync_is_forgotten(void **state)
{
	struct store *s;

	(void)state;
	fill(ALL);
	reboot();
	s = open_as(HEAD A PAD HASHES, false);
	assert_string_equal(states(s), "??......");
	store_held(s, 0);
	store_close(s);
	assert_string_equal(states_of(ALL), "H???????");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_journal_vouches_for_what_was_held),
		TEST(a_killed_run_loses_no_written_piece),
		TEST(a_sync_needs_no_save_to_be_remembered),
		TEST(holes_of_a_killed_run_are_not_hashed),
		TEST(a_check_that_was_cut_short_goes_on),
		TEST(a_file_that_others_wrote_to_is_hashed_again_and_no_other),
		TEST(a_change_after_an_orderly_end_is_seen_at_once),
		TEST(a_file_that_was_removed_is_fetched_again_and_no_other),
		TEST(a_file_that_was_cut_short_lacks_its_end),
		TEST(a_damaged_journal_is_no_journal),
		TEST(a_journal_of_another_torrent_is_no_journal),
		TEST(an_edited_path_is_another_file),
		TEST(after_another_boot_only_synced_pieces_hold),
		TEST(without_a_sync_another_boot_hashes_everything),
		TEST(a_later_sync_reaches_what_an_earlier_run_wrote),
		TEST(checked_lines_are_believed_where_the_file_still_agrees),
		TEST(a_gap_is_kept_aside_at_its_place_in_the_torrent),
		TEST(part_goes_when_no_gap_is_held),
		TEST(another_selection_keeps_what_is_known_but_for_the_edges),
		TEST(a_piece_held_for_its_neighbour_is_not_held_for_a_file_that_lacks_it),
		TEST(what_nobody_wants_is_not_held),
		TEST(a_file_at_rest_gets_no_more_time_from_later_saves),
		TEST(a_piece_whose_gap_is_nowhere_cannot_be_hashed),
		TEST(a_gap_that_was_lost_stays_lost_when_another_is_kept),
		TEST(a_gap_of_another_selection_is_not_taken_for_this_one),
		TEST(what_is_carried_over_a_boot_holds_where_it_was_synced),
		TEST(what_is_carried_over_a_boot_without_a_sync_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
