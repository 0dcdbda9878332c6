/* SPDX-License-Identifier: ISC */
/*
 * The kernel runs the filters, in children. Calls from FIRST on are none that it has: it
 * answers ENOSYS where the filter lets them pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "io/callfilter.h"

#include "tests/unit/child.h"

enum {
	FIRST = 5000,
	CALLS = 300,
	STEP = 101, /* has no factor in common with CALLS */
	OTHER_ARCHITECTURE = 0x40000000,
};

#define NO(e) (SECCOMP_RET_ERRNO | (e))

static void
close_it(const struct callfilter *f)
{
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(callfilter_load(f) == RC_OK);
}

/* What a call is answered, by errno. */
static int
answer(long call, unsigned long first, unsigned long second)
{
	errno = 0;
	return syscall(call, first, second) == -1 ? errno : 0;
}

static void
every_second_one(void)
{
	struct callfilter f = { .n = 0 };

	for (int i = 0; i < CALLS; i++) {
		int call = i * STEP % CALLS;

		if (call % 2 == 0)
			callfilter_add(&f,
			    &(struct callfilter_rule){ .call = FIRST + call,
			        .answer = NO((uint32_t)call % 64 + 100) });
	}
	close_it(&f);
	for (int i = -CALLS; i < 2 * CALLS; i++) {
		bool ruled = i >= 0 && i < CALLS && i % 2 == 0;

		CHECK(answer(FIRST + i, 0, 0) == (ruled ? i % 64 + 100 : ENOSYS));
	}
	CHECK(answer(SYS_getpid, 0, 0) == 0);
}

static void
by_the_second_argument(void)
{
	struct callfilter f = { .n = 0 };

	for (int i = 0; i < CALLS / 2; i++)
		callfilter_add(&f,
		    &(struct callfilter_rule){ .call = FIRST + i,
		        .answer = NO(EDOM),
		        .by_argument = i % 3 != 0,
		        .unless = i % 3 == 2,
		        .argument = 1,
		        .of = 0xff00,
		        .value = 0x4200 });
	close_it(&f);
	for (int i = 0; i < CALLS / 2; i++) {
		bool has = i % 3 != 2, has_not = i % 3 != 1;

		CHECK(answer(FIRST + i, 0, 0x14299) == (has ? EDOM : ENOSYS));
		CHECK(answer(FIRST + i, 0x4200, 0x4100) == (has_not ? EDOM : ENOSYS));
		/* What is above 32 bits is not looked at. */
		CHECK(answer(FIRST + i, 0, 0x70000420000000fful << 4) ==
		    (has_not ? EDOM : ENOSYS));
	}
}

static void
of_two_the_first(void)
{
	static const int none[] = { -1, -10001, FIRST, FIRST };
	struct callfilter f = { .n = 0 };

	callfilter_add_all(&f, none, 4, NO(EDOM));
	callfilter_add_all(&f, none, 4, NO(ERANGE));
	CHECK(f.n == 1);
	close_it(&f);
	CHECK(answer(FIRST, 0, 0) == EDOM);
}

static void
as_many_as_there_may_be(void)
{
	struct callfilter f = { .n = 0 };

	for (int i = 0; i < CALLFILTER_RULES; i++)
		callfilter_add(&f,
		    &(struct callfilter_rule){ .call = FIRST - i,
		        .answer = NO(EDOM),
		        .by_argument = true,
		        .of = UINT32_MAX,
		        .value = 1 });
	close_it(&f);
	for (int i = 0; i < CALLFILTER_RULES; i++)
		CHECK(
		    answer(FIRST - i, 1, 0) == EDOM && answer(FIRST - i, 0, 1) == ENOSYS);
	callfilter_add(&f, &(struct callfilter_rule){ .call = 1 });
	CHECK(callfilter_load(&f) == RC_SYS && errno == E2BIG);
}

static void
nothing(void)
{
	close_it(&(struct callfilter){ .n = 0 });
	CHECK(answer(FIRST, 0, 0) == ENOSYS);
}

static void
call_by_other_numbers(void)
{
	(void)syscall(OTHER_ARCHITECTURE + SYS_getpid);
}

static void
calls_that_have_a_rule_get_its_answer_and_no_other_one(void **state)
{
	(void)state;
	child_ends_well(NULL, every_second_one);
	child_ends_well(NULL, of_two_the_first);
	child_ends_well(NULL, as_many_as_there_may_be);
	child_ends_well(NULL, nothing);
}

static void
a_rule_may_look_at_the_low_half_of_an_argument(void **state)
{
	(void)state;
	child_ends_well(NULL, by_the_second_argument);
}

static void
the_numbers_of_another_architecture_are_death(void **state)
{
	int status;

	(void)state;
#if !defined(__x86_64__)
	skip();
#endif
	status = child_status(nothing, call_by_other_numbers);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_that_have_a_rule_get_its_answer_and_no_other_one),
		cmocka_unit_test(a_rule_may_look_at_the_low_half_of_an_argument),
		cmocka_unit_test(the_numbers_of_another_architecture_are_death),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
