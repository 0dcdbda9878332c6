/* SPDX-License-Identifier: ISC */
#include "tests/unit/io/inbox_sample.h"

/* printf 'ops\0a/report.pdf\000%s' 11 | sha256sum, and of 5 and - */
#define PART_11 "in/a/.ugat-part-e9ba7d8c8cd18a54"
#define PART_5 "in/a/.ugat-part-3661a3e123419599"
#define PART_STREAM "in/a/.ugat-part-97d119dfba268a8e"

static struct stat
stat_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(place_path(&place, path), &st), 0);
	return st;
}

static void
a_file_is_stored_with_its_content_mode_and_time(void **state)
{
	struct stat st;

	(void)state;
	receive_hello("a/report.pdf");
	assert_hash(SHA_HELLO);
	assert_true(place_is(&place, "in/a/report.pdf", "hello", 5));
	st = stat_of("in/a/report.pdf");
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	assert_int_equal(st.st_nlink, 1);
	assert_false(place_has(&place, PART_5));
}

static void
until_then_it_is_a_part_that_only_its_user_may_read(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(look("a/report.pdf", 5, false), RC_OK);
	assert_false(place_has(&place, "in/a"));
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	st = stat_of(PART_5);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 5);
	assert_false(place_has(&place, "in/a/report.pdf"));
}

static void
no_mode_beyond_0777_is_given(void **state)
{
	(void)state;
	assert_int_equal(look("tool", 0, false), RC_OK);
	file.mode = 07777;
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(store(NULL, 0, false), RC_OK);
	assert_int_equal(stat_of("in/tool").st_mode & 07777, 0777);
}

static void
directories_are_made_as_the_umask_says(void **state)
{
	mode_t before = umask(027);

	(void)state;
	receive_hello("x/y/z/f");
	(void)umask(before);
	assert_int_equal(stat_of("in/x").st_mode & 07777, 0750);
	assert_int_equal(stat_of("in/x/y/z").st_mode & 07777, 0750);
	assert_int_equal(stat_of("in/x/y/z/f").st_mode & 07777, 0640);
}

static void
what_came_goes_on_behind_its_part(void **state)
{
	(void)state;
	leave_a_part("a/report.pdf");
	assert_true(place_is(&place, PART_11, "hello", 5));
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(found, INBOX_PART);
	assert_int_equal(held, 5);
	assert_int_equal(hash_first(held), RC_OK);
	assert_hash(SHA_HELLO);
	assert_int_equal(done, 5);
	assert_int_equal(inbox_begin(&file, 5), RC_OK);
	assert_int_equal(put(" world"), RC_OK);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, false), RC_OK);
	assert_hash(SHA_HELLO_WORLD);
	assert_true(place_is(&place, "in/a/report.pdf", "hello world", 11));
	assert_false(place_has(&place, PART_11));
}

static void
a_part_that_is_of_no_use_is_begun_anew(void **state)
{
	(void)state;
	place_put(&place, PART_11, "other", 5);
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(found, INBOX_PART);
	assert_int_equal(hash_first(held), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(place_size(&place, PART_11), 0);
	assert_int_equal(put("hello world"), RC_OK);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, false), RC_OK);
	assert_true(place_is(&place, "in/a/report.pdf", "hello world", 11));
	assert_int_equal(stat_of("in/a/report.pdf").st_mode & 07777, 0640);
}

static void
of_a_part_less_than_all_may_be_kept(void **state)
{
	(void)state;
	place_put(&place, PART_11, "helloXXX", 8);
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(hash_first(5), RC_OK);
	assert_hash(SHA_HELLO);
	assert_int_equal(inbox_begin(&file, 5), RC_OK);
	assert_true(place_is(&place, PART_11, "hello", 5));
}

static void
hashing_stops_when_told(void **state)
{
	(void)state;
	leave_a_part("a/report.pdf");
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	atomic_store(&stop, true);
	assert_int_equal(hash_first(held), RC_END);
	assert_true(place_is(&place, PART_11, "hello", 5));
}

static void
parts_are_told_apart_by_user_path_and_size(void **state)
{
	struct inbox *other;

	(void)state;
	leave_a_part("a/report.pdf");
	assert_int_equal(look("a/report.pdf", 12, false), RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	assert_int_equal(look("a/report.pdg", 11, false), RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	other = inbox_new(place_path(&place, "in"), "eve");
	name("a/report.pdf", 11);
	assert_int_equal(inbox_look(other, &file, false, &found, &held), RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	inbox_close(&file);
	inbox_free(other);
}

static void
without_a_hash_or_a_size_nothing_is_resumed(void **state)
{
	(void)state;
	leave_a_part("a/report.pdf");
	name("a/report.pdf", 11);
	file.hashed = false;
	assert_int_equal(inbox_look(in, &file, false, &found, &held), RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	assert_int_equal(held, 0);
	place_put(&place, PART_STREAM, "abc", 3);
	assert_int_equal(look("a/report.pdf", XFER_UNKNOWN, false), RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(place_size(&place, PART_STREAM), 0);
	assert_int_equal(put("hello"), RC_OK);
	assert_int_equal(store(SHA_HELLO, 5, false), RC_OK);
	assert_true(place_is(&place, "in/a/report.pdf", "hello", 5));
}

static void
the_same_file_is_success_without_content(void **state)
{
	(void)state;
	place_put(&place, "in/f", "hello", 5);
	assert_int_equal(look("f", 5, false), RC_OK);
	assert_int_equal(found, INBOX_WHOLE);
	assert_int_equal(held, 5);
	assert_int_equal(hash_first(5), RC_OK);
	assert_hash(SHA_HELLO);
	assert_int_equal(inbox_begin(&file, 5), RC_OK);
	assert_int_equal(put("x"), RC_BIG);
	assert_int_equal(store(SHA_HELLO_WORLD, 5, false), RC_BAD);
	assert_int_equal(look("f", 5, false), RC_OK);
	assert_int_equal(hash_first(5), RC_OK);
	assert_int_equal(inbox_begin(&file, 5), RC_OK);
	assert_int_equal(store(SHA_HELLO, 5, false), RC_OK);
	inbox_close(&file);
	assert_true(place_is(&place, "in/f", "hello", 5));
}

static void
what_has_the_name_is_never_replaced(void **state)
{
	(void)state;
	place_put(&place, "in/f", "mine", 4);
	assert_int_equal(look("f", 5, false), RC_OK);
	assert_int_equal(found, INBOX_OTHER);
	name("f", 4);
	file.hashed = false;
	assert_int_equal(inbox_look(in, &file, false, &found, &held), RC_OK);
	assert_int_equal(found, INBOX_OTHER);
	assert_int_equal(mkdir(place_path(&place, "in/d"), 0777), 0);
	assert_int_equal(look("d", 5, false), RC_OK);
	assert_int_equal(found, INBOX_OTHER);
	assert_int_equal(symlink("nowhere", place_path(&place, "in/l")), 0);
	assert_int_equal(look("l", 5, false), RC_OK);
	assert_int_equal(found, INBOX_OTHER);
	/* One that comes later. */
	assert_int_equal(look("g", 5, false), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	place_put(&place, "in/g", "mine", 4);
	assert_int_equal(store(SHA_HELLO, 5, false), RC_BUSY);
	assert_true(place_is(&place, "in/g", "mine", 4));
	inbox_close(&file);
	/* What came is not lost. */
	assert_int_equal(unlink(place_path(&place, "in/g")), 0);
	assert_int_equal(look("g", 5, false), RC_OK);
	assert_int_equal(found, INBOX_PART);
	assert_int_equal(held, 5);
}

static void
another_name_is_chosen_when_that_is_wished(void **state)
{
	(void)state;
	place_put(&place, "in/report.pdf", "mine", 4);
	assert_int_equal(look("report.pdf", 5, true), RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	assert_string_equal(file.path, "report~2.pdf");
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	/* It is taken meanwhile. */
	place_put(&place, "in/report~2.pdf", "yours", 5);
	assert_int_equal(store(SHA_HELLO, 5, true), RC_OK);
	assert_string_equal(file.path, "report~3.pdf");
	assert_true(place_is(&place, "in/report.pdf", "mine", 4));
	assert_true(place_is(&place, "in/report~2.pdf", "yours", 5));
	assert_true(place_is(&place, "in/report~3.pdf", "hello", 5));
	/* A file that may be the same one is looked at before a new name is made. */
	assert_int_equal(look("report.pdf", 5, true), RC_OK);
	assert_int_equal(found, INBOX_WHOLE);
	assert_string_equal(file.path, "report~2.pdf");
	assert_int_equal(hash_first(5), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	assert_int_equal(store(SHA_HELLO, 5, true), RC_OK);
	assert_string_equal(file.path, "report~4.pdf");
	assert_true(place_is(&place, "in/report~2.pdf", "yours", 5));
	assert_true(place_is(&place, "in/report~4.pdf", "hello", 5));
}

static void
a_part_is_found_again_though_the_name_is_taken(void **state)
{
	(void)state;
	leave_a_part("a/report.pdf");
	place_put(&place, "in/a/report.pdf", "mine", 4);
	assert_int_equal(look("a/report.pdf", 11, true), RC_OK);
	assert_int_equal(found, INBOX_PART);
	assert_int_equal(hash_first(held), RC_OK);
	assert_int_equal(inbox_begin(&file, 5), RC_OK);
	assert_int_equal(put(" world"), RC_OK);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, true), RC_OK);
	assert_string_equal(file.path, "a/report~2.pdf");
	assert_true(place_is(&place, "in/a/report~2.pdf", "hello world", 11));
}

static void
what_is_damaged_gets_no_name_and_does_not_stay(void **state)
{
	(void)state;
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello wurst"), RC_OK);
	assert_int_equal(put("x"), RC_BIG);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, false), RC_BAD);
	assert_true(place_has(&place, PART_11));
	inbox_close(&file);
	assert_false(place_has(&place, PART_11));
	assert_false(place_has(&place, "in/a/report.pdf"));
	/* Less than was told. */
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	assert_int_equal(store(NULL, 11, false), RC_BAD);
	assert_false(place_has(&place, "in/a/report.pdf"));
}

static void
a_part_that_nothing_came_for_does_not_stay(void **state)
{
	(void)state;
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_true(place_has(&place, PART_11));
	inbox_close(&file);
	assert_false(place_has(&place, PART_11));
}

static void
an_offset_that_was_not_hashed_is_refused(void **state)
{
	(void)state;
	leave_a_part("a/report.pdf");
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(inbox_begin(&file, 5), RC_BAD);
	assert_int_equal(hash_first(5), RC_OK);
	assert_int_equal(inbox_begin(&file, 4), RC_BAD);
	inbox_close(&file);
	assert_true(place_is(&place, PART_11, "hello", 5));
}

static void
sizes_have_sixty_four_bits(void **state)
{
	(void)state;
	name("big", XFER_UNKNOWN);
	file.hashed = false;
	assert_int_equal(inbox_look(in, &file, false, &found, &held), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	/* As if so much had come: the disk keeps a hole. */
	file.at = UINT64_C(5) << 30;
	assert_int_equal(put("end"), RC_OK);
	assert_int_equal(
	    inbox_store(&file, (UINT64_C(5) << 30) + 3, NULL, false, NULL), RC_OK);
	assert_int_equal(place_size(&place, "in/big"), (INT64_C(5) << 30) + 3);
}

static void
names_of_any_bytes_and_the_longest_are_taken(void **state)
{
	char longest[XFER_PATH_MAX + 1], second[1024];
	size_t n = 0;

	(void)state;
	receive_hello("\xff\xfe caf\xc3\xa9");
	assert_true(place_has(&place, "in/\xff\xfe caf\xc3\xa9"));
	while (n + 256 < XFER_PATH_MAX) {
		memset(longest + n, 'd', 255);
		n += 255;
		longest[n++] = '/';
	}
	memset(longest + n, 'f', XFER_PATH_MAX - n);
	longest[XFER_PATH_MAX] = '\0';
	receive_hello(longest);
	assert_int_equal(look(longest, 5, false), RC_OK);
	assert_int_equal(found, INBOX_WHOLE);
	/* Shorter, so that it can be removed by its whole path. */
	(void)snprintf(second, sizeof(second), "%s/in/%.511s", place.dir, longest);
	assert_int_equal(rename(second, place_path(&place, "in/rest")), 0);
}

static void
one_output_takes_the_name_it_was_given(void **state)
{
	struct inbox *one = inbox_new_output(place_path(&place, "in/mine"), "ops", &stop);

	(void)state;
	assert_non_null(one);
	assert_false(inbox_is_stream(one));
	name("theirs/x", 5);
	assert_int_equal(inbox_look(one, &file, false, &found, &held), RC_OK);
	assert_int_equal(found, INBOX_NOTHING);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	assert_int_equal(store(SHA_HELLO, 5, false), RC_OK);
	assert_true(place_is(&place, "in/mine", "hello", 5));
	name("theirs/x", 6);
	assert_int_equal(inbox_look(one, &file, false, &found, &held), RC_OK);
	assert_int_equal(found, INBOX_OTHER);
	inbox_close(&file);
	inbox_free(one);
	assert_null(inbox_new_output(place_path(&place, "in"), "ops", &stop));
	assert_int_equal(errno, EISDIR);
	assert_null(inbox_new_output(place_path(&place, "nowhere/x"), "ops", &stop));
	assert_int_equal(errno, ENOENT);
	assert_null(inbox_new(place_path(&place, "nowhere"), "ops"));
	assert_int_equal(errno, ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(a_file_is_stored_with_its_content_mode_and_time),
		BOTH_WAYS(until_then_it_is_a_part_that_only_its_user_may_read),
		BOTH_WAYS(no_mode_beyond_0777_is_given),
		BOTH_WAYS(directories_are_made_as_the_umask_says),
		BOTH_WAYS(what_came_goes_on_behind_its_part),
		BOTH_WAYS(a_part_that_is_of_no_use_is_begun_anew),
		BOTH_WAYS(of_a_part_less_than_all_may_be_kept),
		BOTH_WAYS(hashing_stops_when_told),
		BOTH_WAYS(parts_are_told_apart_by_user_path_and_size),
		BOTH_WAYS(without_a_hash_or_a_size_nothing_is_resumed),
		BOTH_WAYS(the_same_file_is_success_without_content),
		BOTH_WAYS(what_has_the_name_is_never_replaced),
		BOTH_WAYS(another_name_is_chosen_when_that_is_wished),
		BOTH_WAYS(a_part_is_found_again_though_the_name_is_taken),
		BOTH_WAYS(what_is_damaged_gets_no_name_and_does_not_stay),
		BOTH_WAYS(a_part_that_nothing_came_for_does_not_stay),
		BOTH_WAYS(an_offset_that_was_not_hashed_is_refused),
		BOTH_WAYS(sizes_have_sixty_four_bits),
		BOTH_WAYS(names_of_any_bytes_and_the_longest_are_taken),
		BOTH_WAYS(one_output_takes_the_name_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
