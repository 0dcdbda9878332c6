/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sys/statvfs.h>

#include "tests/unit/io/store_sample.h"

/* A block of the place's file system, as far as it is 4 KiB or less. */
static uint64_t
block(void)
{
	struct statvfs v;

	assert_int_equal(statvfs(place.dir, &v), 0);
	return v.f_frsize < 4096 ? v.f_frsize : 4096;
}

/* Blocks that are needed; what nobody knows here is taken as it should be. */
static uint64_t
needed(struct store *s, uint64_t expected)
{
	uint64_t bytes, has;

	if (store_space(s, &bytes, &has) != RC_OK)
		return expected;
	assert_true(has > 0);
	assert_int_equal(bytes % block(), 0);
	return bytes / block();
}

static void
every_file_that_lacks_a_piece_takes_a_block(void **state)
{
	struct store *s = open_all();

	(void)state;
	/* a, b and c; pads and empty files take none. */
	assert_int_equal(needed(s, 3), 3);
	write_piece(s, 0);
	assert_int_equal(needed(s, 3), 3);
	write_piece(s, 1);
	assert_int_equal(needed(s, 2), 2);
	for (uint32_t p = 2; p < PIECES; p++)
		write_piece(s, p);
	assert_int_equal(needed(s, 0), 0);
	store_close(s);
}

static void
gaps_take_their_place_too_and_what_nobody_wants_does_not(void **state)
{
	struct store *s = open_as(HEAD A PAD E C HASHES, false);

	(void)state;
	/* a, c, and the end of b in .part, which piece 4 shares with c. */
	assert_non_null(s);
	assert_int_equal(needed(s, 3), 3);
	write_piece(s, 4);
	assert_int_equal(needed(s, 2), 2);
	store_close(s);
}

static void
what_is_not_checked_yet_needs_nothing(void **state)
{
	struct store *s;

	(void)state;
	place_put(&place, "t/a", data, 20);
	s = open_all();
	assert_int_equal(store_piece_state(s, 0), STORE_CHECK);
	assert_int_equal(needed(s, 2), 2);
	store_lost(s, 0);
	assert_int_equal(needed(s, 3), 3);
	store_close(s);
}

int
main(void)
{
#define IN_A_PLACE(f) cmocka_unit_test_setup_teardown(f, begin, finish)
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(every_file_that_lacks_a_piece_takes_a_block),
		IN_A_PLACE(gaps_take_their_place_too_and_what_nobody_wants_does_not),
		IN_A_PLACE(what_is_not_checked_yet_needs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
