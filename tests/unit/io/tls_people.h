/* SPDX-License-Identifier: ISC */
/* For tests of TLS: whom most of them need. */
#ifndef TESTS_UNIT_TLS_PEOPLE_H
#define TESTS_UNIT_TLS_PEOPLE_H

#include "tls_world.h"

static struct authority ours, other;
static struct person ops, lab; /* of ours */

static inline int
people_come(void **state)
{
	(void)state;
	ours = authority_new();
	other = authority_new();
	person_init(&ops, "ops", &ours, -HOUR_S, 2 * HOUR_S);
	person_init(&lab, "lab", &ours, -HOUR_S, 2 * HOUR_S);
	return 0;
}

static inline int
people_go(void **state)
{
	(void)state;
	person_clear(&ops);
	person_clear(&lab);
	authority_free(&ours);
	authority_free(&other);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, no_errors_are_left)

#endif
