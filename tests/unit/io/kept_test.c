/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include <time.h>

#include "io/kept.h"
#include "tests/unit/io/place.h"

static const uint8_t key[KEPT_KEY] = { 0xab, 0xcd };
static const char file[] = "ugat/trackers/abcd0000000000000000000000000000";

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	place_make(p);
	*state = p;
	return setenv("XDG_CACHE_HOME", p->dir, 1);
}

static int
clear_place(void **state)
{
	place_remove(*state);
	free(*state);
	return 0;
}

static struct addr
at(const char *ip, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(bytes_str(ip), &a), RC_OK);
	a.port = port;
	return a;
}

static struct kept_answer
sample(size_t peers)
{
	struct kept_answer a = { .at_s = (uint64_t)time(NULL) - 10,
		.interval_s = 1800,
		.min_interval_s = 900,
		.seeders = 1,
		.leechers = UINT32_MAX,
		.stopped = true,
		.n = peers };

	for (size_t i = 0; i < peers; i++)
		a.peers[i] =
		    at(i % 2 == 0 ? "10.0.0.1" : "2001:db8:1111:2222:3333:4444:5555:6666",
		        (uint16_t)(i + 65000));
	return a;
}

static void
write_file(struct place *p, const char *text)
{
	FILE *f = fopen(place_path(p, file), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
what_was_kept_is_found_by_a_later_run(void **state)
{
	static const size_t peers[] = { 0, 1, KEPT_PEERS };
	struct kept_answer a, b;
	struct stat st;

	for (size_t i = 0; i < 3; i++) {
		struct kept *k = kept_open();

		assert_non_null(k);
		a = sample(peers[i]);
		assert_int_equal(kept_put(k, key, &a), RC_OK);
		kept_close(k);
		k = kept_open();
		assert_int_equal(kept_get(k, key, &b), RC_OK);
		assert_true(a.at_s == b.at_s && a.interval_s == b.interval_s &&
		    a.min_interval_s == b.min_interval_s && a.seeders == b.seeders &&
		    a.leechers == b.leechers && b.stopped && a.n == b.n);
		for (size_t n = 0; n < a.n; n++)
			assert_true(addr_eq(&a.peers[n], &b.peers[n]));
		kept_close(k);
	}
	assert_int_equal(stat(place_path(*state, file), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_false(place_has(*state, "ugat/trackers/.new"));
}

static void
another_key_is_another_answer(void **state)
{
	static const uint8_t other[KEPT_KEY] = { 0xab, 0xce };
	struct kept *k = kept_open();
	struct kept_answer a = sample(0);

	(void)state;
	assert_int_equal(kept_put(k, key, &a), RC_OK);
	assert_int_equal(kept_get(k, other, &a), RC_NONE);
	kept_close(k);
}

static void
what_is_damaged_old_or_from_the_future_counts_for_nothing(void **state)
{
	static const char *const bad[] = { "", "ugat-tracker 2\n1 2 3 4 5 0\n",
		"ugat-tracker 1\n", "ugat-tracker 1\n%lld 2 3 4 5\n",
		"ugat-tracker 1\n%lld 2 3 4 5 2\n", "ugat-tracker 1\n%lld 2 3 4 5 0",
		"ugat-tracker 1\n%lld -2 3 4 5 0\n",
		"ugat-tracker 1\n%lld 4294967296 3 4 5 0\n" };
	long long now = (long long)time(NULL);
	struct kept *k = kept_open();
	struct kept_answer a;
	char text[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *at = strstr(bad[i], "%lld");

		if (at == NULL)
			(void)snprintf(text, sizeof(text), "%s", bad[i]);
		else
			(void)snprintf(text, sizeof(text), "%.*s%lld%s",
			    (int)(at - bad[i]), bad[i], now, at + 4);
		write_file(*state, text);
		assert_int_equal(kept_get(k, key, &a), RC_NONE);
	}
	for (int i = 0; i < 3; i++) {
		static const int off[] = { 3600, -86400 - 60, -3600 };

		(void)snprintf(text, sizeof(text),
		    "ugat-tracker 1\n%lld 2 3 4 5 0\nx y\n10.0.0.1 7\n", now + off[i]);
		write_file(*state, text);
		assert_int_equal(kept_get(k, key, &a), i < 2 ? RC_NONE : RC_OK);
	}
	assert_int_equal(a.n, 1);
	kept_close(k);
}

static void
old_files_are_swept_and_the_rest_is_bounded(void **state)
{
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct kept *k = kept_open();
	struct kept_answer a = sample(0);
	uint8_t many[KEPT_KEY] = { 0 };

	for (unsigned i = 0; i < KEPT_FILES; i++) {
		many[0] = (uint8_t)(i >> 8);
		many[1] = (uint8_t)i;
		assert_int_equal(kept_put(k, many, &a), RC_OK);
	}
	assert_int_equal(kept_put(k, key, &a), RC_BIG);
	assert_int_equal(kept_put(k, many, &a), RC_OK); /* one that is there */
	kept_close(k);
	k = kept_open();
	assert_int_equal(kept_put(k, key, &a), RC_BIG);
	kept_close(k);
	assert_int_equal(
	    utimensat(AT_FDCWD,
	        place_path(*state, "ugat/trackers/00010000000000000000000000000000"), old,
	        0),
	    0);
	k = kept_open();
	assert_int_equal(kept_put(k, key, &a), RC_OK);
	kept_close(k);
}

static void
without_a_place_nothing_is_kept(void **state)
{
	struct kept_answer a = sample(0);
	struct place *p = *state;

	assert_int_equal(kept_put(NULL, key, &a), RC_OK);
	assert_int_equal(kept_get(NULL, key, &a), RC_NONE);
	kept_close(NULL);
	assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
	assert_int_equal(unsetenv("HOME"), 0);
	assert_null(kept_open());
	assert_int_equal(setenv("XDG_CACHE_HOME", "/dev/null", 1), 0);
	assert_null(kept_open());
	/* A directory that others write to is nobody's. */
	assert_int_equal(setenv("XDG_CACHE_HOME", p->dir, 1), 0);
	assert_int_equal(mkdir(place_path(p, "ugat"), 0700), 0);
	assert_int_equal(chmod(place_path(p, "ugat"), 0777), 0);
	assert_null(kept_open());
	/* The home's own. */
	assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
	assert_int_equal(setenv("HOME", p->dir, 1), 0);
	kept_close(kept_open());
	assert_true(place_has(p, ".cache/ugat/trackers"));
}

static void
runs_at_the_same_time_do_not_break_each_other(void **state)
{
	struct kept_answer a = sample(KEPT_PEERS), b;
	struct kept *k;
	int status;

	(void)state;
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid > 0)
			continue;
		k = kept_open();
		for (int n = 0; n < 200; n++)
			if (kept_put(k, key, &a) != RC_OK ||
			    kept_get(k, key, &b) != RC_OK || b.n != a.n)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_was_kept_is_found_by_a_later_run, make_place, clear_place),
		cmocka_unit_test_setup_teardown(
		    another_key_is_another_answer, make_place, clear_place),
		cmocka_unit_test_setup_teardown(
		    what_is_damaged_old_or_from_the_future_counts_for_nothing, make_place,
		    clear_place),
		cmocka_unit_test_setup_teardown(
		    old_files_are_swept_and_the_rest_is_bounded, make_place, clear_place),
		cmocka_unit_test_setup_teardown(
		    without_a_place_nothing_is_kept, make_place, clear_place),
		cmocka_unit_test_setup_teardown(
		    runs_at_the_same_time_do_not_break_each_other, make_place,
		    clear_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
