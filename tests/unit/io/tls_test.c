/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tls_world.h"

static struct authority ours, other;
static struct person ops, lab;

static void
two_users_of_one_authority_meet_and_know_each_other(void **state)
{
	uint8_t got[16];
	struct pair p;

	(void)state;
	pair_open(&p, &ops.rules, &lab.rules);
	pair_shake(&p);
	for (int i = 0; i < 2; i++) {
		const struct trust_facts *f = tls_peer(p.e[i].tls);

		assert_int_equal(p.e[i].rc, RC_OK);
		assert_string_equal(f->token.user, i == 0 ? "lab" : "ops");
		assert_true(f->has_authority && !f->foreign);
	}
	pair_carry(&p, 0, bytes_str("hello, lab"), 10, got);
	assert_memory_equal(got, "hello, lab", 10);
	pair_carry(&p, 1, bytes_str("hello, ops"), 1, got);
	assert_memory_equal(got, "hello, ops", 10);
	pair_close(&p);
}

static int
set_up(void **state)
{
	(void)state;
	ours = authority_new();
	other = authority_new();
	person_init(&ops, "ops", &ours, -HOUR_S, 2 * HOUR_S);
	person_init(&lab, "lab", &ours, -HOUR_S, 2 * HOUR_S);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	person_clear(&ops);
	person_clear(&lab);
	authority_free(&ours);
	authority_free(&other);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_users_of_one_authority_meet_and_know_each_other),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
