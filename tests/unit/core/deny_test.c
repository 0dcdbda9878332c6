/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "core/deny.h"

enum { V4 = 96 }; /* bits before an IPv4 address in its mapped form */

static struct addr
at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(bytes_str(text), &a), RC_OK);
	return a;
}

static void
deny(struct deny *d, const char *text, unsigned bits)
{
	const struct addr base = at(text);

	assert_int_equal(deny_add(d, &base, bits), RC_OK);
}

static bool
has(struct deny *d, const char *text)
{
	const struct addr a = at(text);

	return deny_has(d, &a);
}

static void
an_empty_set_denies_nobody(void **state)
{
	struct deny d = { .n = 0 };

	(void)state;
	assert_false(has(&d, "10.0.0.1"));
	assert_false(has(&d, "::"));
	deny_clear(&d);
}

static void
an_ipv4_prefix_covers_its_range_to_both_ends(void **state)
{
	struct deny d = { .n = 0 };

	(void)state;
	deny(&d, "10.1.2.0", V4 + 23);
	assert_false(has(&d, "10.1.1.255"));
	assert_true(has(&d, "10.1.2.0"));
	assert_true(has(&d, "10.1.3.255"));
	assert_false(has(&d, "10.1.4.0"));
	assert_false(has(&d, "::10.1.2.0"));
	deny_clear(&d);
}

static void
an_ipv6_prefix_covers_its_range_to_both_ends(void **state)
{
	struct deny d = { .n = 0 };

	(void)state;
	deny(&d, "2001:db8:8000::", 33);
	assert_false(has(&d, "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"));
	assert_true(has(&d, "2001:db8:8000::"));
	assert_true(has(&d, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"));
	assert_false(has(&d, "2001:db9::"));
	deny_clear(&d);
}

static void
a_whole_length_prefix_is_one_address_on_every_port(void **state)
{
	struct deny d = { .n = 0 };
	struct addr a = at("192.0.2.7");

	(void)state;
	deny(&d, "192.0.2.7", V4 + 32);
	deny(&d, "2001:db8::7", 128);
	for (unsigned port = 0; port < 65536; port += 4369) {
		a.port = (uint16_t)port;
		assert_true(deny_has(&d, &a));
	}
	assert_false(has(&d, "192.0.2.6"));
	assert_false(has(&d, "192.0.2.8"));
	assert_true(has(&d, "2001:db8::7"));
	assert_false(has(&d, "2001:db8::6"));
	assert_false(has(&d, "2001:db8::8"));
	deny_clear(&d);
}

static void
a_prefix_of_no_bits_denies_everybody(void **state)
{
	struct deny d = { .n = 0 };

	(void)state;
	deny(&d, "203.0.113.5", 0);
	assert_true(has(&d, "0.0.0.0"));
	assert_true(has(&d, "255.255.255.255"));
	assert_true(has(&d, "::"));
	assert_true(has(&d, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	deny_clear(&d);
}

static void
all_of_ipv4_is_not_ipv6(void **state)
{
	struct deny d = { .n = 0 };

	(void)state;
	deny(&d, "0.0.0.0", V4);
	assert_true(has(&d, "0.0.0.0"));
	assert_true(has(&d, "255.255.255.255"));
	assert_false(has(&d, "2001:db8::1"));
	assert_false(has(&d, "::1"));
	deny_clear(&d);
}

static void
bits_behind_the_prefix_do_not_matter(void **state)
{
	struct deny d = { .n = 0 };

	(void)state;
	deny(&d, "10.20.30.40", V4 + 8);
	assert_true(has(&d, "10.0.0.0"));
	assert_true(has(&d, "10.255.255.255"));
	assert_false(has(&d, "11.0.0.0"));
	deny_clear(&d);
}

static void
nested_prefixes_are_as_wide_as_the_widest_in_whatever_order(void **state)
{
	static const unsigned bits[][4] = { { 8, 16, 24, 32 }, { 32, 24, 16, 8 },
		{ 24, 8, 32, 16 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct deny d = { .n = 0 };

		for (size_t j = 0; j < 4; j++)
			deny(&d, "10.0.0.0", V4 + bits[i][j]);
		deny(&d, "10.200.0.0", V4 + 16);
		assert_true(has(&d, "10.0.0.0"));
		assert_true(has(&d, "10.150.0.1"));
		assert_true(has(&d, "10.255.255.255"));
		assert_false(has(&d, "9.255.255.255"));
		assert_false(has(&d, "11.0.0.0"));
		deny_clear(&d);
	}
}

static void
a_set_may_grow_after_it_was_asked(void **state)
{
	struct deny d = { .n = 0 };

	(void)state;
	deny(&d, "10.0.0.0", V4 + 8);
	assert_false(has(&d, "9.1.1.1"));
	deny(&d, "9.0.0.0", V4 + 8);
	assert_true(has(&d, "9.1.1.1"));
	deny(&d, "9.0.0.0", V4 + 7);
	assert_true(has(&d, "8.1.1.1"));
	assert_true(has(&d, "10.1.1.1"));
	assert_false(has(&d, "11.1.1.1"));
	deny_clear(&d);
	assert_false(has(&d, "10.1.1.1"));
}

static void
one_prefix_can_be_asked_alone(void **state)
{
	const struct addr base = at("10.1.128.0"), in = at("10.1.255.9"),
	                  out = at("10.1.127.255"), six = at("2001:db8::1");

	(void)state;
	assert_true(deny_covers(&base, V4 + 17, &in));
	assert_false(deny_covers(&base, V4 + 17, &out));
	assert_true(deny_covers(&base, V4 + 16, &out));
	assert_true(deny_covers(&base, 0, &six));
	assert_true(deny_covers(&six, 128, &six));
	assert_false(deny_covers(&base, V4, &six));
}

enum { MANY = 300000, ASKED = 400 };

struct prefix {
	struct addr base;
	unsigned bits;
};

static struct prefix
random_prefix(struct rng *rng)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct prefix p;
	uint64_t word[2] = { rng_u64(rng), rng_u64(rng) };

	memset(&p, 0, sizeof(p));
	memcpy(p.base.ip, word, sizeof(p.base.ip));
	if (rng_below(rng, 4) == 0) {
		p.base.ip[0] = 0x20;
		p.bits = 20 + rng_below(rng, 109);
	} else {
		memcpy(p.base.ip, mapped, sizeof(mapped));
		p.bits = V4 + 16 + rng_below(rng, 17);
	}
	return p;
}

/* A second way to the answer: every prefix in turn, whole bytes and then bit by bit. */
static bool
naive_covers(const struct prefix *p, const struct addr *a)
{
	if (memcmp(p->base.ip, a->ip, p->bits / 8) != 0)
		return false;
	for (unsigned bit = p->bits / 8 * 8; bit < p->bits; bit++)
		if (((p->base.ip[bit / 8] ^ a->ip[bit / 8]) & (0x80 >> bit % 8)) != 0)
			return false;
	return true;
}

static bool
naive_has(const struct prefix *p, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (naive_covers(&p[i], a))
			return true;
	return false;
}

static void
three_hundred_thousand_prefixes_answer_as_a_naive_check_does(void **state)
{
	struct prefix *p = calloc(MANY, sizeof(*p));
	struct rng rng = { .state = 42 };
	struct deny d = { .n = 0 };
	size_t denied = 0;

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < MANY; i++) {
		p[i] = random_prefix(&rng);
		assert_int_equal(deny_add(&d, &p[i].base, p[i].bits), RC_OK);
	}
	for (size_t i = 0; i < ASKED; i++) {
		/* Half of them near the edge of a prefix. */
		struct prefix q = random_prefix(&rng);
		struct addr a = q.base;

		if (i % 2 == 0) {
			q = p[rng_below(&rng, MANY)];
			a = q.base;
			a.ip[(q.bits - 1) / 8] ^=
			    (uint8_t)(rng_below(&rng, 2) << 7 >> (q.bits - 1) % 8);
		}
		denied += deny_has(&d, &a);
		assert_int_equal(deny_has(&d, &a), naive_has(p, MANY, &a));
		assert_int_equal(deny_covers(&q.base, q.bits, &a), naive_covers(&q, &a));
	}
	assert_true(denied > ASKED / 4 && denied < ASKED);
	deny_clear(&d);
	free(p);
}

/* In portions, with questions between them, as a pipe brings them. */
static void
a_list_in_a_thousand_portions_answers_as_one_at_once(void **state)
{
	struct deny whole = { .n = 0 }, grown = { .n = 0 };
	struct rng rng = { .state = 7 };

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		const struct prefix p = random_prefix(&rng);

		assert_int_equal(deny_add(&grown, &p.base, p.bits), RC_OK);
		assert_int_equal(deny_add(&whole, &p.base, p.bits), RC_OK);
		if (rng_below(&rng, 20) == 0)
			assert_true(deny_has(&grown, &p.base));
	}
	assert_true(grown.runs < 20);
	for (size_t i = 0; i < 100000; i++) {
		const struct prefix p = random_prefix(&rng);

		assert_int_equal(deny_has(&grown, &p.base), deny_has(&whole, &p.base));
	}
	deny_clear(&whole);
	deny_clear(&grown);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_set_denies_nobody),
		cmocka_unit_test(an_ipv4_prefix_covers_its_range_to_both_ends),
		cmocka_unit_test(an_ipv6_prefix_covers_its_range_to_both_ends),
		cmocka_unit_test(a_whole_length_prefix_is_one_address_on_every_port),
		cmocka_unit_test(a_prefix_of_no_bits_denies_everybody),
		cmocka_unit_test(all_of_ipv4_is_not_ipv6),
		cmocka_unit_test(bits_behind_the_prefix_do_not_matter),
		cmocka_unit_test(
		    nested_prefixes_are_as_wide_as_the_widest_in_whatever_order),
		cmocka_unit_test(a_set_may_grow_after_it_was_asked),
		cmocka_unit_test(one_prefix_can_be_asked_alone),
		cmocka_unit_test(
		    three_hundred_thousand_prefixes_answer_as_a_naive_check_does),
		cmocka_unit_test(a_list_in_a_thousand_portions_answers_as_one_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
