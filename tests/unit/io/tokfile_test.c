/* SPDX-License-Identifier: ISC */
/*
 * What needs other users, /etc/ugat or closed descriptors is in tests/cmd/session.bats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/tokfile.h"
#include "tests/unit/io/place.h"

enum { ROOM = 100 };

static struct place place;
static struct tokfile file;
static struct outcome end;

static int
make(void **state)
{
	(void)state;
	place_make(&place);
	end = (struct outcome){ .code = CODE_OK };
	(void)unsetenv("XDG_STATE_HOME");
	(void)setenv("UGAT_SESSION", place_path(&place, "s.pem"), 1);
	assert_int_equal(tokfile_locate(&file, &end), RC_OK);
	return 0;
}

static int
clear(void **state)
{
	(void)state;
	place_remove(&place);
	return 0;
}

/* A file s.pem with this mode. */
static void
put(const char *text, mode_t mode)
{
	place_put(&place, "s.pem", text, strlen(text));
	assert_int_equal(chmod(place_path(&place, "s.pem"), mode), 0);
}

static enum rc
read_into(char text[static ROOM + 1], struct tokfile_stamp *stamp)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, ROOM);
	end = (struct outcome){ .code = CODE_OK };
	rc = tokfile_read(&file, &b, stamp, &end);
	if (b.n > 0)
		memcpy(text, b.p, b.n);
	text[b.n] = '\0';
	buf_clear(&b);
	return rc;
}

static void
refused(const char *words)
{
	struct tokfile_stamp stamp;
	char text[ROOM + 1];

	assert_int_equal(read_into(text, &stamp), RC_BAD);
	assert_int_equal(end.code, CODE_NOSESSION);
	if (strstr(end.words, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", end.words, words);
}

static void
it_lies_where_the_environment_says(void **state)
{
	struct tokfile f;

	(void)state;
	assert_string_equal(file.path, place_path(&place, "s.pem"));
	assert_int_equal(file.fd, -1);
	(void)setenv("UGAT_SESSION", "", 1); /* as if it were not set */
	(void)setenv("XDG_STATE_HOME", "/state", 1);
	assert_int_equal(tokfile_locate(&f, &end), RC_OK);
	assert_string_equal(f.path, "/state/ugat/session.pem");
	(void)setenv("XDG_STATE_HOME", "relative/is/none", 1);
	(void)setenv("HOME", "/home/x", 1);
	(void)unsetenv("UGAT_SESSION");
	assert_int_equal(tokfile_locate(&f, &end), RC_OK);
	assert_string_equal(f.path, "/home/x/.local/state/ugat/session.pem");
}

static void
without_a_home_the_accounts_are_asked(void **state)
{
	struct tokfile f;

	(void)state;
	if (geteuid() != 0) /* whose home is the same everywhere */
		return;
	(void)unsetenv("UGAT_SESSION");
	(void)unsetenv("HOME");
	assert_int_equal(tokfile_locate(&f, &end), RC_OK);
	assert_string_equal(f.path, "/root/.local/state/ugat/session.pem");
}

static void
a_descriptor_must_be_a_number_and_open(void **state)
{
	static const char *const bad[] = { "fd:", "fd:x", "fd:3x", "fd:-1", "fd: 1",
		"fd:99999999999999999999", "fd:999" };
	struct tokfile f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		end = (struct outcome){ .code = CODE_OK };
		(void)setenv("UGAT_SESSION", bad[i], 1);
		assert_int_equal(tokfile_locate(&f, &end), RC_BAD);
		assert_int_equal(end.code, CODE_NOSESSION);
		assert_non_null(strstr(end.words, bad[i]));
	}
}

static void
a_file_of_ours_is_read_and_stamped(void **state)
{
	struct tokfile_stamp a, b;
	char text[ROOM + 1];

	(void)state;
	put("hello", 0600);
	assert_int_equal(read_into(text, &a), RC_OK);
	assert_string_equal(text, "hello");
	tokfile_stamp(&file, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	place_age(&place, "s.pem", -1);
	tokfile_stamp(&file, &b);
	assert_memory_not_equal(&a, &b, sizeof(a));
	put("hello", 0400);
	assert_int_equal(read_into(text, &a), RC_OK);
}

static void
where_nothing_is_there_is_none(void **state)
{
	static const struct tokfile_stamp nothing;
	struct tokfile_stamp stamp;
	char text[ROOM + 1];

	(void)state;
	assert_int_equal(read_into(text, &stamp), RC_NONE);
	assert_int_equal(end.code, CODE_OK);
	tokfile_stamp(&file, &stamp);
	assert_memory_equal(&stamp, &nothing, sizeof(stamp));
}

static void
what_others_can_open_is_refused_with_the_chmod_that_mends_it(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0440 };
	char words[64];

	(void)state;
	put("hello", 0600);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(place_path(&place, "s.pem"), modes[i]), 0);
		(void)snprintf(words, sizeof(words), "(mode %04o): chmod 600 /tmp/",
		    (unsigned)modes[i]);
		refused(words);
	}
}

static void
what_is_no_file_of_its_own_is_refused(void **state)
{
	char target[128];

	(void)state;
	place_put(&place, "real", "hello", 5);
	(void)snprintf(target, sizeof(target), "%s/real", place.dir);
	assert_int_equal(chmod(target, 0600), 0);
	assert_int_equal(symlink(target, place_path(&place, "s.pem")), 0);
	refused("is a symbolic link");
	assert_int_equal(unlink(place_path(&place, "s.pem")), 0);
	assert_int_equal(mkfifo(place_path(&place, "s.pem"), 0600), 0);
	refused("is a FIFO");
	assert_int_equal(unlink(place_path(&place, "s.pem")), 0);
	assert_int_equal(mkdir(place_path(&place, "s.pem"), 0700), 0);
	refused("is a directory");
}

static void
an_empty_file_and_one_that_is_too_large_are_refused(void **state)
{
	struct tokfile_stamp stamp;
	char most[ROOM + 2], text[ROOM + 1];

	(void)state;
	put("", 0600);
	refused("is empty");
	memset(most, 'x', sizeof(most));
	most[ROOM + 1] = '\0';
	put(most, 0600);
	refused("too large");
	most[ROOM] = '\0';
	assert_int_equal(unlink(place_path(&place, "s.pem")), 0);
	put(most, 0600);
	assert_int_equal(read_into(text, &stamp), RC_OK);
	assert_string_equal(text, most);
}

static void
a_descriptor_of_a_file_is_read_from_its_beginning_and_stays_where_it_is(void **state)
{
	struct tokfile_stamp stamp;
	char text[ROOM + 1], name[16];
	int fd;

	(void)state;
	put("hello", 0600);
	fd = open(place_path(&place, "s.pem"), O_RDONLY);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	(void)snprintf(name, sizeof(name), "fd:%d", fd);
	(void)setenv("UGAT_SESSION", name, 1);
	assert_int_equal(tokfile_locate(&file, &end), RC_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(read_into(text, &stamp), RC_OK);
		assert_string_equal(text, "hello");
	}
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
	assert_int_equal(fchmod(fd, 0644), 0);
	refused("(mode 0644)");
	(void)close(fd);
}

static void
a_descriptor_of_a_pipe_is_read_to_its_end(void **state)
{
	struct tokfile_stamp stamp;
	char text[ROOM + 1];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "hello", 5), 5);
	(void)close(ends[1]);
	file.fd = ends[0];
	assert_int_equal(read_into(text, &stamp), RC_OK);
	assert_string_equal(text, "hello");
	(void)close(ends[0]);
}

static void
what_is_written_is_read_and_nobody_else_can(void **state)
{
	struct tokfile_stamp stamp;
	char text[ROOM + 1];
	mode_t old = umask(0);
	struct stat st;

	(void)state;
	(void)setenv("UGAT_SESSION", place_path(&place, "a/b/s.pem"), 1);
	assert_int_equal(tokfile_locate(&file, &end), RC_OK);
	for (int i = 0; i < 2; i++) {
		(void)umask(i == 0 ? 0 : 0777);
		assert_int_equal(tokfile_write(&file, bytes_str("hello"), &end), RC_OK);
	}
	(void)umask(old);
	assert_int_equal(lstat(place_path(&place, "a/b/s.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(lstat(place_path(&place, "a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(read_into(text, &stamp), RC_OK);
	assert_string_equal(text, "hello");
}

static void
what_cannot_be_written_leaves_nothing_behind(void **state)
{
	(void)state;
	assert_int_equal(mkdir(place_path(&place, "s.pem"), 0700), 0);
	assert_int_equal(tokfile_write(&file, bytes_str("hello"), &end), RC_SYS);
	assert_int_equal(end.code, CODE_CANTCREAT);
	assert_non_null(strstr(end.words, file.path));
	assert_int_equal(rmdir(place_path(&place, "s.pem")), 0);
	assert_int_equal(rmdir(place.dir), 0);
	place_make(&place);
}

static void
the_list_beside_it_counts_only_when_nobody_else_can_write_it(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, ROOM);
	assert_int_equal(tokfile_read_crl(&file, &b), RC_NONE);
	assert_int_equal(tokfile_write_crl(&file, bytes_str("list")), RC_OK);
	assert_int_equal(tokfile_read_crl(&file, &b), RC_OK);
	assert_true(bytes_is(buf_bytes(&b), "list"));
	assert_int_equal(chmod(place_path(&place, "s.pem.crl"), 0644), 0);
	assert_int_equal(tokfile_read_crl(&file, &b), RC_OK);
	assert_int_equal(chmod(place_path(&place, "s.pem.crl"), 0620), 0);
	assert_int_equal(tokfile_read_crl(&file, &b), RC_NONE);
	buf_clear(&b);
}

static void
the_key_is_overwritten_and_all_removed(void **state)
{
	int fd;
	char text[6] = "";

	(void)state;
	put("hello", 0600);
	fd = open(place_path(&place, "s.pem"), O_RDONLY);
	assert_int_equal(tokfile_write_crl(&file, bytes_str("list")), RC_OK);
	assert_int_equal(tokfile_remove(&file, &end), RC_OK);
	assert_int_equal(pread(fd, text, 5, 0), 5);
	assert_memory_equal(text, "\0\0\0\0\0", 5);
	(void)close(fd);
	assert_false(place_has(&place, "s.pem"));
	assert_false(place_has(&place, "s.pem.crl"));
	assert_int_equal(tokfile_remove(&file, &end), RC_NONE);
	file.fd = 0;
	assert_int_equal(tokfile_remove(&file, &end), RC_BAD);
}

static void
what_is_no_regular_file_is_neither_removed_nor_replaced(void **state)
{
	const char *path = place_path(&place, "s.pem");
	struct stat st;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(tokfile_remove(&file, &end), RC_SYS);
	assert_int_equal(end.code, CODE_CANTCREAT);
	assert_non_null(strstr(end.words, "is a FIFO"));
	assert_int_equal(tokfile_write(&file, bytes_str("hello"), &end), RC_SYS);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(unlink(path), 0);
}

static void
a_link_is_replaced_but_not_removed_as_if_its_key_had_gone(void **state)
{
	struct stat st;

	(void)state;
	place_put(&place, "other", "key", 3);
	assert_int_equal(symlink("other", place_path(&place, "s.pem")), 0);
	assert_int_equal(tokfile_remove(&file, &end), RC_SYS);
	assert_non_null(strstr(end.words, "symbolic link"));
	assert_int_equal(tokfile_write(&file, bytes_str("hello"), &end), RC_OK);
	assert_int_equal(lstat(place_path(&place, "s.pem"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(lstat(place_path(&place, "other"), &st), 0);
	assert_int_equal(st.st_size, 3);
}

static void
a_descriptors_file_is_closed_to_others_before_the_key_is_in_it(void **state)
{
	struct stat st;

	(void)state;
	put("", 0644);
	file.fd = open(place_path(&place, "s.pem"), O_WRONLY);
	assert_int_equal(tokfile_write(&file, bytes_str("hello"), &end), RC_OK);
	assert_int_equal(fstat(file.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 5);
	(void)close(file.fd);
}

static void
one_holds_the_lock_until_it_is_closed(void **state)
{
	int first, second;

	(void)state;
	assert_int_equal(tokfile_lock(&file, 0, &first), RC_OK);
	assert_int_equal(tokfile_lock(&file, 0, &second), RC_BUSY);
	assert_int_equal(tokfile_lock(&file, 30, &second), RC_BUSY);
	assert_int_equal(second, -1);
	(void)close(first);
	assert_int_equal(tokfile_lock(&file, 0, &second), RC_OK);
	(void)close(second);
}

static void
where_no_lock_can_be_made_is_said(void **state)
{
	int fd;

	(void)state;
	place_put(&place, "plain", "", 0);
	(void)snprintf(file.path, sizeof(file.path), "%s/plain/s.pem", place.dir);
	assert_int_equal(tokfile_lock(&file, 0, &fd), RC_SYS);
	assert_int_equal(fd, -1);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, clear)
	const struct CMUnitTest tests[] = {
		T(it_lies_where_the_environment_says),
		T(without_a_home_the_accounts_are_asked),
		T(a_descriptor_must_be_a_number_and_open),
		T(a_file_of_ours_is_read_and_stamped),
		T(where_nothing_is_there_is_none),
		T(what_others_can_open_is_refused_with_the_chmod_that_mends_it),
		T(what_is_no_file_of_its_own_is_refused),
		T(an_empty_file_and_one_that_is_too_large_are_refused),
		T(a_descriptor_of_a_file_is_read_from_its_beginning_and_stays_where_it_is),
		T(a_descriptor_of_a_pipe_is_read_to_its_end),
		T(what_is_written_is_read_and_nobody_else_can),
		T(what_cannot_be_written_leaves_nothing_behind),
		T(the_list_beside_it_counts_only_when_nobody_else_can_write_it),
		T(the_key_is_overwritten_and_all_removed),
		T(what_is_no_regular_file_is_neither_removed_nor_replaced),
		T(a_link_is_replaced_but_not_removed_as_if_its_key_had_gone),
		T(a_descriptors_file_is_closed_to_others_before_the_key_is_in_it),
		T(one_holds_the_lock_until_it_is_closed),
		T(where_no_lock_can_be_made_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
