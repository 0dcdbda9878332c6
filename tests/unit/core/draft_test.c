/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/draft.h"

enum { SIZE = 56, BLOCK = 14, MOST = 3 };

/* FIPS 180: the second example of SHA-1. */
static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static const uint8_t text_sha1[SHA1_SIZE] = { 0x84, 0x98, 0x3e, 0x44, 0x1c, 0x3b, 0xd2,
	0x6e, 0xba, 0xae, 0x4a, 0xa1, 0xf9, 0x51, 0x29, 0xe5, 0xe5, 0x46, 0x70, 0xf1 };

static void
put(struct draft *d, size_t begin)
{
	memcpy(d->data + begin, text + begin, BLOCK);
	assert_int_equal(draft_add(d, begin, BLOCK), RC_OK);
}

static void
the_digest_is_right_in_whatever_order_blocks_come(void **state)
{
	static const size_t order[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 0, 2, 1, 3 },
		{ 1, 0, 3, 2 }, { 0, 3, 1, 2 } };
	struct drafts *ds = drafts_new(SIZE, MOST);
	uint8_t digest[SHA1_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct draft *d = drafts_take(ds);

		for (size_t k = 0; k < 4; k++)
			put(d, order[i][k] * BLOCK);
		assert_int_equal(draft_end(d, SIZE, digest), RC_OK);
		assert_memory_equal(digest, text_sha1, SHA1_SIZE);
		drafts_give(ds, d);
	}
	drafts_free(ds);
}

static void
what_came_before_a_restart_may_change(void **state)
{
	struct drafts *ds = drafts_new(SIZE, MOST);
	struct draft *d = drafts_take(ds);
	uint8_t digest[SHA1_SIZE];

	(void)state;
	memset(d->data, 'x', SIZE);
	assert_int_equal(draft_add(d, 0, 2 * BLOCK), RC_OK);
	assert_int_equal(draft_restart(d), RC_OK);
	for (size_t at = SIZE; at > 0; at -= BLOCK)
		put(d, at - BLOCK);
	assert_int_equal(draft_end(d, SIZE, digest), RC_OK);
	assert_memory_equal(digest, text_sha1, SHA1_SIZE);
	drafts_give(ds, d);
	drafts_free(ds);
}

static void
a_block_in_order_is_hashed_at_once(void **state)
{
	struct drafts *ds = drafts_new(SIZE, MOST);
	struct draft *d = drafts_take(ds);
	uint8_t digest[SHA1_SIZE];

	(void)state;
	for (size_t at = 0; at < SIZE; at += BLOCK)
		put(d, at);
	/* Nothing is read again. */
	memset(d->data, 0, SIZE);
	assert_int_equal(draft_end(d, SIZE, digest), RC_OK);
	assert_memory_equal(digest, text_sha1, SHA1_SIZE);
	drafts_give(ds, d);
	drafts_free(ds);
}

static void
a_draft_that_was_given_up_begins_anew(void **state)
{
	struct drafts *ds = drafts_new(SIZE, MOST);
	struct draft *d = drafts_take(ds);
	uint8_t digest[SHA1_SIZE];

	(void)state;
	put(d, 0);
	put(d, BLOCK);
	drafts_give(ds, d);
	d = drafts_take(ds);
	memcpy(d->data, text, SIZE);
	assert_int_equal(draft_end(d, SIZE, digest), RC_OK);
	assert_memory_equal(digest, text_sha1, SHA1_SIZE);
	drafts_give(ds, d);
	drafts_free(ds);
}

static void
no_more_than_the_budget_is_out_at_once(void **state)
{
	struct drafts *ds = drafts_new(SIZE, MOST);
	struct draft *out[MOST];

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		out[i] = drafts_take(ds);
		assert_non_null(out[i]);
	}
	assert_null(drafts_take(ds));
	drafts_give(ds, out[1]);
	out[1] = drafts_take(ds);
	assert_non_null(out[1]);
	assert_null(drafts_take(ds));
	for (size_t i = 0; i < MOST; i++)
		drafts_give(ds, out[i]);
	drafts_free(ds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_digest_is_right_in_whatever_order_blocks_come),
		cmocka_unit_test(what_came_before_a_restart_may_change),
		cmocka_unit_test(a_block_in_order_is_hashed_at_once),
		cmocka_unit_test(a_draft_that_was_given_up_begins_anew),
		cmocka_unit_test(no_more_than_the_budget_is_out_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
