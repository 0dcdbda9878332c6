/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "authd/vault_clock.h"

enum { LOOK_S = 300, YEAR_S = 365 * 86400 };

struct clock {
	struct vault_clock c;
	int64_t wall_s, steady_s;
};

/* Looks every five minutes for so long; whether the clock was ever believed. */
static bool
believed(struct clock *t, int64_t for_s)
{
	bool ever = false;

	for (int64_t end_s = t->steady_s + for_s; t->steady_s < end_s;) {
		t->wall_s += LOOK_S;
		t->steady_s += LOOK_S;
		ever = vault_clock_is_even(&t->c, t->wall_s, t->steady_s * 1000) || ever;
	}
	return ever;
}

static void
it_is_believed_after_an_hour(void **state)
{
	struct clock t = { .wall_s = 50 * (int64_t)YEAR_S };

	(void)state;
	assert_false(believed(&t, VAULT_EVEN_S));
	assert_true(believed(&t, LOOK_S));
	assert_true(believed(&t, YEAR_S));
}

static void
after_a_jump_it_has_to_wait_anew(void **state)
{
	static const int64_t jumps_s[] = { YEAR_S, -YEAR_S, VAULT_UNEVEN_S + 1,
		-VAULT_UNEVEN_S - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(jumps_s) / sizeof(jumps_s[0]); i++) {
		struct clock t = { .wall_s = 50 * (int64_t)YEAR_S };

		assert_true(believed(&t, (int64_t)2 * VAULT_EVEN_S));
		t.wall_s += jumps_s[i];
		assert_false(believed(&t, VAULT_EVEN_S));
		t.wall_s -= jumps_s[i];
		assert_false(believed(&t, VAULT_EVEN_S));
		assert_true(believed(&t, LOOK_S));
	}
}

static void
small_steps_do_no_harm(void **state)
{
	struct clock t = { .wall_s = 50 * (int64_t)YEAR_S };

	(void)state;
	assert_true(believed(&t, (int64_t)2 * VAULT_EVEN_S));
	t.wall_s += VAULT_UNEVEN_S;
	assert_true(believed(&t, LOOK_S));
	t.wall_s -= VAULT_UNEVEN_S;
	assert_true(believed(&t, LOOK_S));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_believed_after_an_hour),
		cmocka_unit_test(after_a_jump_it_has_to_wait_anew),
		cmocka_unit_test(small_steps_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
