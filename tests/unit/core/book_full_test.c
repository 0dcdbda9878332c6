/* SPDX-License-Identifier: ISC */
/* A full book: who is forgotten for somebody new, and who never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/book.h"

/* The nth of many different addresses. */
static struct addr
nth(uint32_t n)
{
	const uint8_t ip[4] = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	return addr_v4(ip, 6881);
}

static uint32_t
enter(struct book *b, uint32_t n, bool told)
{
	const struct addr a = nth(n);

	return book_enter(b, &a, told);
}

/* Full of addresses that somebody told of and that nobody has tried. */
static void
fill(struct book *b)
{
	book_init(b, 1);
	for (uint32_t i = 0; i < BOOK_MAX; i++)
		assert_int_equal(enter(b, i, true), i);
}

static void
try_in_vain(struct book *b, uint32_t who, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		b->entries[who].busy = true;
		book_let_go(b, who, true, 1000);
	}
}

static void
who_was_tried_in_vain_gives_way_to_somebody_new(void **state)
{
	struct book b;

	(void)state;
	fill(&b);
	assert_int_equal(enter(&b, BOOK_MAX, true), BOOK_NONE);
	try_in_vain(&b, 100, 1);
	try_in_vain(&b, 200, 3);
	assert_int_equal(enter(&b, BOOK_MAX, true), 200);
	assert_false(addr_eq(&b.entries[200].addr, &b.entries[199].addr));
	assert_int_equal(b.entries[200].failures, 0);
	/* The new one is tried before thousands, and found under its own address. */
	assert_int_equal(book_next(&b, 0), 0);
	assert_int_equal(book_next(&b, 0), 200);
	assert_int_equal(enter(&b, BOOK_MAX, true), 200);
	/* The old one is as new; then nobody is left who was tried. */
	assert_int_equal(enter(&b, 200, true), 100);
	assert_int_equal(enter(&b, 100, true), BOOK_NONE);
	assert_int_equal(b.n, BOOK_MAX);
	book_clear(&b);
}

static void
callers_that_left_never_keep_anybody_out(void **state)
{
	struct book b;

	(void)state;
	book_init(&b, 1);
	for (uint32_t i = 0; i < 5 * BOOK_MAX; i++) {
		uint32_t who = enter(&b, i, false);

		assert_int_not_equal(who, BOOK_NONE);
		b.entries[who].busy = true;
		book_let_go(&b, who, true, i);
	}
	assert_int_equal(b.n, BOOK_MAX);
	/* They go first. */
	try_in_vain(&b, enter(&b, 6 * BOOK_MAX, true), 9);
	for (uint32_t i = 0; i < BOOK_MAX / 2; i++)
		assert_int_not_equal(enter(&b, 7 * BOOK_MAX + i, true), BOOK_NONE);
	assert_int_equal(b.entries[enter(&b, 6 * BOOK_MAX, false)].failures, 9);
	book_clear(&b);
}

static void
who_lied_or_gave_or_is_connected_is_not_forgotten(void **state)
{
	struct book b;
	struct addr a;

	(void)state;
	fill(&b);
	for (uint32_t i = 0; i < 6; i++)
		try_in_vain(&b, i, 5);
	b.entries[0].busy = true;
	b.entries[1].ourselves = true;
	b.entries[2].gave = true;
	b.entries[3].parole = true;
	b.entries[4].lies = 1;
	book_ban(&b, 5);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(enter(&b, BOOK_MAX + i, true), BOOK_NONE);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(enter(&b, i, true), i);
	a = nth(5);
	assert_false(book_allows(&b, &a));
	book_clear(&b);
}

static void
whoever_is_in_it_is_found_however_many_were_forgotten(void **state)
{
	struct rng r = { .state = 11 };
	struct book b;

	(void)state;
	fill(&b);
	for (uint32_t i = 0; i < BOOK_MAX; i++)
		try_in_vain(&b, i, 1);
	for (int i = 0; i < 60000; i++) {
		uint32_t who = enter(&b, rng_below(&r, 3 * BOOK_MAX), true);

		assert_int_not_equal(who, BOOK_NONE);
		try_in_vain(&b, who, 1);
	}
	for (uint32_t i = 0; i < BOOK_MAX; i++)
		assert_int_equal(book_enter(&b, &b.entries[i].addr, true), i);
	assert_int_equal(b.n, BOOK_MAX);
	book_clear(&b);
}

static void
who_is_shunned_is_let_in_again_after_five_minutes_and_may_be_dialled(void **state)
{
	const uint8_t home[4] = { 127, 0, 0, 1 };
	struct addr a = nth(7), here = addr_v4(home, 6881);
	struct book b;

	(void)state;
	book_init(&b, 1);
	assert_false(book_shuns(&b, &a, 1000));
	assert_int_equal(enter(&b, 7, true), 0);
	book_shun(&b, &a, 1000);
	a.port = 50123;
	assert_true(book_shuns(&b, &a, 1000 + 299999));
	assert_false(book_shuns(&b, &a, 1000 + 300000));
	assert_true(book_allows(&b, &a));
	assert_int_equal(book_next(&b, 1000), 0);
	a = nth(8);
	assert_false(book_shuns(&b, &a, 1000));
	book_shun(&b, &here, 1000);
	assert_false(book_shuns(&b, &here, 1000));
	book_clear(&b);
}

static bool
is_shunned_with(const char *one, const char *other)
{
	struct book b;
	struct addr a, c;
	bool shuns;

	book_init(&b, 1);
	assert_int_equal(addr_parse(bytes_str(one), &a), RC_OK);
	assert_int_equal(addr_parse(bytes_str(other), &c), RC_OK);
	book_shun(&b, &a, 1000);
	shuns = book_shuns(&b, &c, 1000);
	book_clear(&b);
	return shuns;
}

static void
a_public_network_of_one_customer_is_shunned_whole_and_ones_own_is_not(void **state)
{
	(void)state;
	assert_true(is_shunned_with("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
	assert_false(is_shunned_with("2001:db8:1:2::1", "2001:db8:1:3::1"));
	assert_true(is_shunned_with("fd00:1:2:3::1", "fd00:1:2:3::1"));
	assert_false(is_shunned_with("fd00:1:2:3::1", "fd00:1:2:3::2"));
	assert_false(is_shunned_with("192.0.2.1", "192.0.2.2"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_tried_in_vain_gives_way_to_somebody_new),
		cmocka_unit_test(callers_that_left_never_keep_anybody_out),
		cmocka_unit_test(who_lied_or_gave_or_is_connected_is_not_forgotten),
		cmocka_unit_test(
		    who_is_shunned_is_let_in_again_after_five_minutes_and_may_be_dialled),
		cmocka_unit_test(
		    a_public_network_of_one_customer_is_shunned_whole_and_ones_own_is_not),
		cmocka_unit_test(whoever_is_in_it_is_found_however_many_were_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
