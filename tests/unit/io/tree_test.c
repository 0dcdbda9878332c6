/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>

#include "io/tree.h"
#include "tests/unit/io/place.h"

enum { DEEP = 300, WIDE = 1000 };

static struct place place;
static struct tree *tree;
static int top;

static int
begin(void **state)
{
	(void)state;
	place_make(&place);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	tree_free(tree);
	tree = NULL;
	(void)close(top);
	place_remove(&place);
	return 0;
}

static void
open_tree(const char *prefix)
{
	top = open(place.dir, O_RDONLY | O_DIRECTORY);
	assert_true(top >= 0);
	tree = tree_new(top, prefix);
	assert_non_null(tree);
}

/* Directories and files that are told, entering all of them. */
static void
walk(unsigned *dirs, unsigned *files, unsigned *others)
{
	struct tree_entry e;
	enum rc rc;

	*dirs = *files = *others = 0;
	while ((rc = tree_next(tree, &e)) != RC_END) {
		if (rc != RC_OK || e.kind != TREE_THING) {
			++*others;
		} else if (e.type == DT_DIR) {
			++*dirs;
			assert_int_equal(tree_enter(tree), RC_OK);
		} else {
			++*files;
		}
	}
}

static unsigned
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

/* d/d/d ... with a file before and behind each of them. */
static void
make_deep(void)
{
	int at = open(place.dir, O_RDONLY | O_DIRECTORY), fd;

	for (int i = 0; i < DEEP; i++) {
		for (int f = 0; f < 3; f++) {
			char name[8];

			(void)snprintf(name, sizeof(name), "f%d", f);
			fd = openat(at, name, O_WRONLY | O_CREAT, 0600);
			assert_true(fd >= 0);
			(void)close(fd);
		}
		assert_int_equal(mkdirat(at, "d", 0777), 0);
		fd = openat(at, "d", O_RDONLY | O_DIRECTORY);
		(void)close(at);
		at = fd;
	}
	(void)close(at);
}

static void
all_levels_are_read_to_their_end_with_few_descriptors(void **state)
{
	unsigned dirs = 0, files = 0, empty = 0, most = 0, before;
	struct tree_entry e;

	(void)state;
	make_deep();
	before = open_descriptors();
	open_tree("x");
	while (tree_next(tree, &e) == RC_OK) {
		unsigned now = open_descriptors();

		most = now > most ? now : most;
		empty += e.kind == TREE_EMPTY;
		files += e.kind == TREE_THING && e.type == DT_REG;
		if (e.kind == TREE_THING && e.type == DT_DIR) {
			dirs++;
			assert_int_equal(tree_enter(tree), RC_OK);
		}
	}
	assert_int_equal(dirs, DEEP);
	assert_int_equal(files, 3 * DEEP);
	assert_int_equal(empty, 1);
	assert_true(most <= before + TREE_OPEN_MAX + 2);
}

static void
a_wide_directory_is_read_on_where_it_was_left(void **state)
{
	unsigned dirs, files, others;
	char name[512] = "";

	(void)state;
	for (int i = 0; i < WIDE; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		place_put(&place, name, "", 0);
	}
	/* So many directories that are so deep that the top is closed for each. */
	for (int i = 0; i < 20; i++) {
		size_t n = (size_t)snprintf(name, sizeof(name), "dir%d", i);

		for (int k = 0; k < TREE_OPEN_MAX + 5; k++)
			n += (size_t)snprintf(name + n, sizeof(name) - n, "/d");
		(void)snprintf(name + n, sizeof(name) - n, "/file");
		place_put(&place, name, "", 0);
	}
	open_tree("x");
	walk(&dirs, &files, &others);
	assert_int_equal(files, WIDE + 20);
	assert_int_equal(dirs, 20 * (TREE_OPEN_MAX + 6));
	assert_int_equal(others, 0);
}

static void
a_level_that_was_moved_away_meanwhile_is_told(void **state)
{
	char from[128], to[128];
	struct tree_entry e;
	unsigned depth = 0, broken = 0;
	enum rc rc;

	(void)state;
	make_deep();
	open_tree("x");
	(void)snprintf(from, sizeof(from), "%s/d", place.dir);
	(void)snprintf(to, sizeof(to), "%s/moved", place.dir);
	while ((rc = tree_next(tree, &e)) != RC_END) {
		if (rc == RC_SYS) {
			assert_true(errno == ENOENT || errno == ESTALE);
			broken++;
		} else if (e.kind == TREE_THING && strcmp(e.name, "d") == 0) {
			assert_int_equal(tree_enter(tree), RC_OK);
			if (++depth == DEEP) {
				assert_int_equal(rename(from, to), 0);
				assert_int_equal(mkdir(from, 0777), 0);
			}
		}
	}
	/* All but the top and those that were open to the end. */
	assert_int_equal(depth, DEEP);
	assert_int_equal(broken, DEEP - TREE_OPEN_MAX);
}

static void
no_link_is_entered(void **state)
{
	struct tree_entry e;

	(void)state;
	place_put(&place, "d/f", "", 0);
	open_tree("x");
	assert_int_equal(tree_next(tree, &e), RC_OK);
	assert_string_equal(e.path, "x/d");
	assert_int_equal(unlink(place_path(&place, "d/f")), 0);
	assert_int_equal(rmdir(place_path(&place, "d")), 0);
	assert_int_equal(symlink("/etc", place_path(&place, "d")), 0);
	assert_int_equal(tree_enter(tree), RC_SYS);
	assert_int_equal(tree_next(tree, &e), RC_END);
}

static void
paths_that_are_too_long_are_told(void **state)
{
	char prefix[TREE_PATH];
	struct tree_entry e;

	(void)state;
	place_put(&place, "four", "", 0);
	memset(prefix, 'p', sizeof(prefix));
	prefix[TREE_PATH - 1 - 4] = '\0';
	open_tree(prefix);
	assert_int_equal(tree_next(tree, &e), RC_OK);
	assert_int_equal(e.kind, TREE_LONG);
	assert_string_equal(e.name, "four");
	assert_string_equal(e.path, prefix);
	tree_free(tree);
	prefix[TREE_PATH - 1 - 5] = '\0';
	tree = tree_new(top, prefix);
	assert_int_equal(tree_next(tree, &e), RC_OK);
	assert_int_equal(e.kind, TREE_THING);
	assert_int_equal(strlen(e.path), TREE_PATH - 1);
}

int
main(void)
{
#define IN_A_PLACE(f)                      \
	{                                  \
#f, f, begin, finish, NULL \
	}
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(all_levels_are_read_to_their_end_with_few_descriptors),
		IN_A_PLACE(a_wide_directory_is_read_on_where_it_was_left),
		IN_A_PLACE(a_level_that_was_moved_away_meanwhile_is_told),
		IN_A_PLACE(no_link_is_entered),
		IN_A_PLACE(paths_that_are_too_long_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
