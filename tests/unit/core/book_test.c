/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/book.h"

enum { V4 = 96 };

static struct addr
at(const char *text, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(bytes_str(text), &a), RC_OK);
	a.port = port;
	return a;
}

static uint32_t
enter(struct book *b, const char *text, uint16_t port, bool told)
{
	const struct addr a = at(text, port);

	return book_enter(b, &a, told);
}

static bool
allows(struct book *b, const char *text, uint16_t port)
{
	const struct addr a = at(text, port);

	return book_allows(b, &a);
}

/* The nth of many different addresses. */
static struct addr
nth(uint32_t n)
{
	struct addr a = at("10.0.0.0", (uint16_t)(1 + n % 65535));

	put_be(a.ip + 13, 3, n);
	return a;
}

static void
an_empty_book_has_nobody_to_dial_and_allows_everybody(void **state)
{
	struct book b;

	(void)state;
	book_init(&b, 1);
	assert_int_equal(book_next(&b, 0), BOOK_NONE);
	assert_true(allows(&b, "192.0.2.1", 6881));
	book_clear(&b);
}

static void
an_address_has_one_number_however_often_it_is_told(void **state)
{
	struct book b;
	uint32_t a;

	(void)state;
	book_init(&b, 1);
	a = enter(&b, "192.0.2.1", 6881, true);
	assert_int_equal(enter(&b, "192.0.2.1", 6881, true), a);
	assert_int_not_equal(enter(&b, "192.0.2.1", 6882, true), a);
	assert_int_not_equal(enter(&b, "192.0.2.2", 6881, true), a);
	assert_int_not_equal(enter(&b, "2001:db8::1", 6881, true), a);
	assert_int_equal(b.n, 4);
	book_clear(&b);
}

static void
numbers_stay_while_the_book_grows(void **state)
{
	struct book b;

	(void)state;
	book_init(&b, 7);
	for (uint32_t i = 0; i < 5000; i++) {
		const struct addr a = nth(i);

		assert_int_equal(book_enter(&b, &a, true), i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		const struct addr a = nth(i);

		assert_int_equal(book_enter(&b, &a, true), i);
		assert_true(addr_eq(&b.entries[i].addr, &a));
	}
	book_clear(&b);
}

static void
a_caller_is_dialled_only_after_somebody_told_that_it_listens(void **state)
{
	struct book b;
	uint32_t a;

	(void)state;
	book_init(&b, 1);
	a = enter(&b, "192.0.2.1", 50000, false);
	assert_int_equal(book_next(&b, 0), BOOK_NONE);
	assert_int_equal(enter(&b, "192.0.2.1", 50000, true), a);
	assert_int_equal(book_next(&b, 0), a);
	assert_int_equal(enter(&b, "192.0.2.1", 50000, false), a);
	assert_int_equal(book_next(&b, 0), a);
	book_clear(&b);
}

static void
whoever_is_busy_is_not_dialled(void **state)
{
	struct book b;
	uint32_t a;

	(void)state;
	book_init(&b, 1);
	a = enter(&b, "192.0.2.1", 6881, true);
	b.entries[a].busy = true;
	assert_int_equal(book_next(&b, 0), BOOK_NONE);
	book_let_go(&b, a, false, 0);
	assert_false(b.entries[a].busy);
	assert_int_equal(book_next(&b, 1000000), a);
	book_clear(&b);
}

static void
failures_in_a_row_double_the_wait_up_to_an_hour(void **state)
{
	static const int64_t wait_s[] = { 15, 30, 60, 120, 240, 480, 960, 1920, 3600,
		3600, 3600 };
	struct book b;
	int64_t now = 1000;
	uint32_t a;

	(void)state;
	book_init(&b, 1);
	a = enter(&b, "192.0.2.1", 6881, true);
	for (size_t i = 0; i < sizeof(wait_s) / sizeof(wait_s[0]); i++) {
		b.entries[a].busy = true;
		book_let_go(&b, a, true, now);
		assert_int_equal(book_next(&b, now + wait_s[i] * 1000 - 1), BOOK_NONE);
		now += wait_s[i] * 1000;
		assert_int_equal(book_next(&b, now), a);
	}
	for (int i = 0; i < 100; i++)
		book_let_go(&b, a, true, now);
	assert_true(b.entries[a].next_ms == now + 3600 * 1000);
	book_clear(&b);
}

static void
a_connection_that_did_something_starts_the_wait_anew(void **state)
{
	struct book b;
	uint32_t a;

	(void)state;
	book_init(&b, 1);
	a = enter(&b, "192.0.2.1", 6881, true);
	for (int i = 0; i < 5; i++)
		book_let_go(&b, a, true, 0);
	book_let_go(&b, a, false, 0);
	assert_true(b.entries[a].next_ms == 15000);
	book_let_go(&b, a, true, 0);
	assert_true(b.entries[a].next_ms == 15000);
	book_clear(&b);
}

static void
who_failed_less_goes_first_and_all_have_their_turn(void **state)
{
	struct book b;
	unsigned seen[4] = { 0 };

	(void)state;
	book_init(&b, 1);
	for (uint32_t i = 0; i < 4; i++) {
		const struct addr a = nth(i);

		(void)book_enter(&b, &a, true);
	}
	b.entries[0].failures = b.entries[1].failures = b.entries[3].failures = 1;
	assert_int_equal(book_next(&b, 0), 2);
	b.entries[2].busy = true;
	for (int i = 0; i < 30; i++)
		seen[book_next(&b, 0)]++;
	assert_int_equal(seen[0], 10);
	assert_int_equal(seen[1], 10);
	assert_int_equal(seen[2], 0);
	assert_int_equal(seen[3], 10);
	book_clear(&b);
}

static void
who_was_named_behind_thousands_has_his_turn_at_once_and_so_has_the_first(void **state)
{
	uint32_t got[4], last = 10000;
	struct book b;

	(void)state;
	book_init(&b, 1);
	for (uint32_t i = 0; i <= last; i++) {
		const struct addr a = nth(i);

		(void)book_enter(&b, &a, true);
	}
	for (int i = 0; i < 4; i++) {
		got[i] = book_next(&b, 0);
		b.entries[got[i]].busy = true;
	}
	assert_int_equal(got[0], 0);
	assert_int_equal(got[1], last);
	assert_int_equal(got[2], 1);
	assert_int_equal(got[3], last - 1);
	(void)enter(&b, "192.0.2.1", 6881, true);
	assert_int_equal(book_next(&b, 0), 2);
	assert_int_equal(book_next(&b, 0), last + 1);
	book_clear(&b);
}

static void
ourselves_are_not_dialled_but_our_neighbours_are(void **state)
{
	struct book b;
	uint32_t a, other;

	(void)state;
	book_init(&b, 1);
	a = enter(&b, "192.0.2.1", 6881, true);
	b.entries[a].ourselves = true;
	assert_false(allows(&b, "192.0.2.1", 6881));
	assert_int_equal(book_next(&b, 0), BOOK_NONE);
	assert_true(allows(&b, "192.0.2.1", 6882));
	other = enter(&b, "192.0.2.1", 6882, true);
	assert_int_equal(book_next(&b, 0), other);
	book_clear(&b);
}

static void
who_is_denied_is_neither_dialled_nor_accepted(void **state)
{
	struct book b;
	const struct addr base = at("192.0.2.0", 0);
	uint32_t other;

	(void)state;
	book_init(&b, 1);
	(void)enter(&b, "192.0.2.1", 6881, true);
	other = enter(&b, "192.0.3.1", 6881, true);
	assert_int_equal(deny_add(&b.deny, &base, V4 + 24), RC_OK);
	assert_false(allows(&b, "192.0.2.1", 6881));
	assert_false(allows(&b, "192.0.2.200", 1));
	assert_true(allows(&b, "192.0.3.1", 6881));
	for (int i = 0; i < 3; i++)
		assert_int_equal(book_next(&b, 0), other);
	book_clear(&b);
}

static void
a_ban_is_for_the_whole_address(void **state)
{
	struct book b;
	uint32_t a;

	(void)state;
	book_init(&b, 1);
	a = enter(&b, "192.0.2.1", 6881, true);
	(void)enter(&b, "192.0.2.1", 6882, true);
	book_ban(&b, a);
	assert_false(allows(&b, "192.0.2.1", 6881));
	assert_false(allows(&b, "192.0.2.1", 6882));
	assert_false(allows(&b, "192.0.2.1", 50123));
	assert_true(allows(&b, "192.0.2.2", 6881));
	assert_int_equal(book_next(&b, 0), BOOK_NONE);
	(void)enter(&b, "192.0.2.1", 6883, true);
	assert_int_equal(book_next(&b, 0), BOOK_NONE);
	book_clear(&b);
}

static void
a_ban_on_loopback_is_for_one_port(void **state)
{
	static const char *const home[] = { "127.0.0.1", "127.5.0.9", "::1" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct book b;
		uint32_t other;

		book_init(&b, 1);
		book_ban(&b, enter(&b, home[i], 6881, true));
		other = enter(&b, home[i], 6882, true);
		assert_false(allows(&b, home[i], 6881));
		assert_true(allows(&b, home[i], 6882));
		assert_int_equal(book_next(&b, 0), other);
		book_clear(&b);
	}
}

static void
a_book_full_of_who_was_never_tried_takes_nobody_new(void **state)
{
	struct book b;
	struct addr a;

	(void)state;
	book_init(&b, 1);
	for (uint32_t i = 0; i < BOOK_MAX; i++) {
		a = nth(i);
		assert_int_equal(book_enter(&b, &a, true), i);
	}
	a = nth(BOOK_MAX);
	assert_int_equal(book_enter(&b, &a, true), BOOK_NONE);
	assert_true(book_allows(&b, &a));
	a = nth(0);
	assert_int_equal(book_enter(&b, &a, true), 0);
	assert_int_equal(b.n, BOOK_MAX);
	book_clear(&b);
}

static void
a_ban_holds_for_the_whole_address_in_a_full_book_too(void **state)
{
	struct book b;
	struct addr a;

	(void)state;
	book_init(&b, 1);
	for (uint32_t i = 0; i < BOOK_MAX; i++) {
		a = nth(i);
		(void)book_enter(&b, &a, true);
	}
	for (uint32_t i = 0; i < BOOK_MAX; i += 7) {
		book_ban(&b, i);
		a = nth(i);
		a.port ^= 0x5555;
		assert_false(book_allows(&b, &a));
	}
	a = nth(1);
	assert_true(book_allows(&b, &a));
	book_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_book_has_nobody_to_dial_and_allows_everybody),
		cmocka_unit_test(an_address_has_one_number_however_often_it_is_told),
		cmocka_unit_test(numbers_stay_while_the_book_grows),
		cmocka_unit_test(
		    a_caller_is_dialled_only_after_somebody_told_that_it_listens),
		cmocka_unit_test(whoever_is_busy_is_not_dialled),
		cmocka_unit_test(failures_in_a_row_double_the_wait_up_to_an_hour),
		cmocka_unit_test(a_connection_that_did_something_starts_the_wait_anew),
		cmocka_unit_test(who_failed_less_goes_first_and_all_have_their_turn),
		cmocka_unit_test(
		    who_was_named_behind_thousands_has_his_turn_at_once_and_so_has_the_first),
		cmocka_unit_test(ourselves_are_not_dialled_but_our_neighbours_are),
		cmocka_unit_test(who_is_denied_is_neither_dialled_nor_accepted),
		cmocka_unit_test(a_ban_is_for_the_whole_address),
		cmocka_unit_test(a_ban_on_loopback_is_for_one_port),
		cmocka_unit_test(a_book_full_of_who_was_never_tried_takes_nobody_new),
		cmocka_unit_test(a_ban_holds_for_the_whole_address_in_a_full_book_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
