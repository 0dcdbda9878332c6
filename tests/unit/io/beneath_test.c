/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "io/beneath.h"
#include "tests/unit/io/place.h"

/* Every test runs both ways, whatever the kernel can do. */
static struct place place;
static struct beneath way;

static int
begin(void **state)
{
	int fd;

	place_make(&place);
	place_put(&place, "in/a/file", "x", 1);
	place_put(&place, "outside", "secret", 6);
	assert_int_equal(symlink("file", place_path(&place, "in/a/link")), 0);
	assert_int_equal(symlink("a", place_path(&place, "in/dirlink")), 0);
	assert_int_equal(symlink("../..", place_path(&place, "in/a/up")), 0);
	fd = open(place_path(&place, "in"), O_PATH | O_DIRECTORY);
	assert_true(fd >= 0);
	beneath_init(&way, fd);
	if (*state != NULL)
		way.walk = true;
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	(void)close(way.dir);
	place_remove(&place);
	return 0;
}

static int
err_of(const char *path, int flags)
{
	int fd;

	errno = 0;
	if (beneath_open(&way, path, flags, 0666, &fd) == RC_OK)
		(void)close(fd);
	return errno;
}

static void
openat2_is_used_where_the_kernel_has_it(void **state)
{
	struct open_how how = { .flags = O_PATH };
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	assert_int_equal(way.walk, *state != NULL || fd < 0);
	if (fd >= 0)
		(void)close((int)fd);
}

static void
files_and_directories_are_opened_and_made(void **state)
{
	(void)state;
	assert_int_equal(err_of("a/file", O_RDONLY), 0);
	assert_int_equal(err_of("a", O_RDONLY | O_DIRECTORY), 0);
	assert_int_equal(err_of("a/new", O_RDWR | O_CREAT), 0);
	assert_true(place_has(&place, "in/a/new"));
	assert_int_equal(err_of("b/c/d", O_RDWR | O_CREAT), ENOENT);
	assert_int_equal(beneath_make_parents(&way, "b/c/d"), RC_OK);
	assert_int_equal(beneath_make_parents(&way, "b/c/d"), RC_OK);
	assert_false(place_has(&place, "in/b/c/d"));
	assert_int_equal(err_of("b/c/d", O_RDWR | O_CREAT), 0);
	assert_int_equal(err_of("a/file/x", O_RDONLY), ENOTDIR);
}

static void
no_link_is_followed(void **state)
{
	(void)state;
	assert_int_equal(err_of("a/link", O_RDONLY), ELOOP);
	assert_int_equal(err_of("a/link", O_RDWR | O_CREAT), ELOOP);
	assert_int_equal(err_of("dirlink/file", O_RDONLY), ELOOP);
	assert_int_equal(err_of("a/up/outside", O_RDONLY), ELOOP);
	assert_int_equal(err_of("a/up", O_PATH | O_DIRECTORY), ELOOP);
	errno = 0;
	assert_int_equal(beneath_make_parents(&way, "a/up/new/x"), RC_SYS);
	assert_int_equal(errno, ELOOP);
	assert_false(place_has(&place, "new"));
}

static void
nothing_above_is_reached(void **state)
{
	(void)state;
	assert_int_equal(err_of("../outside", O_RDONLY), EXDEV);
	assert_int_equal(err_of("a/../../outside", O_RDONLY), EXDEV);
	assert_int_not_equal(err_of("/etc/passwd", O_RDONLY), 0);
	assert_int_not_equal(err_of("..", O_RDONLY | O_DIRECTORY), 0);
	assert_int_equal(beneath_make_parents(&way, "../x/y"), RC_SYS);
	assert_false(place_has(&place, "x"));
}

static void
stat_tells_what_is_there_and_follows_nothing(void **state)
{
	struct beneath_near near;
	struct stat st;

	(void)state;
	beneath_near_init(&near);
	assert_int_equal(beneath_stat(&way, &near, "a/file", &st), RC_OK);
	assert_true(S_ISREG(st.st_mode) && st.st_size == 1);
	assert_int_equal(beneath_stat(&way, &near, "a/link", &st), RC_OK);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(beneath_stat(&way, &near, "a", &st), RC_OK);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(beneath_stat(&way, &near, "dirlink/file", &st), RC_SYS);
	assert_int_equal(errno, ELOOP);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(beneath_stat(&way, &near, "none/file", &st), RC_SYS);
		assert_int_equal(errno, ENOENT);
	}
	assert_int_equal(beneath_stat(&way, &near, "a/none", &st), RC_SYS);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(beneath_stat(&way, &near, "a/file/x", &st), RC_SYS);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(beneath_stat(&way, &near, "..", &st), RC_SYS);
	assert_int_equal(beneath_stat(&way, &near, "../outside", &st), RC_SYS);
	beneath_near_clear(&near);
}

static void
what_is_in_the_way_is_found_and_the_file_itself_is_not_in_its_way(void **state)
{
	(void)state;
	assert_int_equal(beneath_obstacle(&way, "a/file"), 0);
	assert_int_equal(beneath_obstacle(&way, "a/link"), 0);
	assert_int_equal(beneath_obstacle(&way, "dirlink/file"), strlen("dirlink"));
	assert_int_equal(beneath_obstacle(&way, "a/up/in/a/file"), strlen("a/up"));
	assert_int_equal(beneath_obstacle(&way, "a/file/below/it"), strlen("a/file"));
	assert_int_equal(beneath_obstacle(&way, "a/nothing/there"), 0);
	assert_int_equal(beneath_obstacle(&way, "../outside"), 0);
	assert_int_equal(beneath_obstacle(&way, "/a"), 0);
}

static char walking[] = "walking";

#define BOTH(test)                                            \
	cmocka_unit_test_setup_teardown(test, begin, finish), \
	    cmocka_unit_test_prestate_setup_teardown(test, begin, finish, walking)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(openat2_is_used_where_the_kernel_has_it),
		BOTH(files_and_directories_are_opened_and_made),
		BOTH(no_link_is_followed),
		BOTH(nothing_above_is_reached),
		BOTH(stat_tells_what_is_there_and_follows_nothing),
		BOTH(what_is_in_the_way_is_found_and_the_file_itself_is_not_in_its_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
