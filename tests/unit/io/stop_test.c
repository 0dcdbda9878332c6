/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "io/stop.h"

static void
a_signal_is_told_and_does_not_kill(void **state)
{
	struct stop s;
	bool ready;

	(void)state;
	stop_begin(&s);
	assert_int_equal(stop_wait(&s, -1, 0, &ready), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(stop_wait(&s, -1, 1000, &ready), SIGTERM);
	assert_false(ready);
	stop_end(&s);
}

static void
a_descriptor_that_can_be_read_is_told(void **state)
{
	struct stop s;
	int ends[2];
	bool ready;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	stop_begin(&s);
	assert_int_equal(stop_wait(&s, ends[0], 0, &ready), 0);
	assert_false(ready);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(stop_wait(&s, ends[0], 1000, &ready), 0);
	assert_true(ready);
	stop_end(&s);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
what_was_ignored_stays_ignored(void **state)
{
	struct stop s;
	bool ready;

	(void)state;
	(void)signal(SIGHUP, SIG_IGN);
	stop_begin(&s);
	assert_int_equal(raise(SIGHUP), 0);
	assert_int_equal(stop_wait(&s, -1, 0, &ready), 0);
	stop_end(&s);
	(void)signal(SIGHUP, SIG_DFL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_is_told_and_does_not_kill),
		cmocka_unit_test(a_descriptor_that_can_be_read_is_told),
		cmocka_unit_test(what_was_ignored_stays_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
