/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/io/store_sample.h"

/* A hidden store of b alone: pieces 2 and 3, and 4 that it shares with c. */
static struct store *
open_hidden(void)
{
	struct store *s = open_as(HEAD PAD B HASHES, true);
	struct store_error e;
	const struct torrent_file *b = NULL;

	assert_non_null(s);
	for (size_t i = 0; i < t.n_files; i++)
		if (torrent_file_is_real(&t.files[i]))
			b = &t.files[i];
	assert_non_null(b);
	assert_int_equal(store_hide(s, b, &e), RC_OK);
	return s;
}

/* The frame removes the place, so there must be one. */
static void
close_hidden(struct store *s)
{
	store_close(s);
	assert_int_equal(access(place.dir, F_OK), -1);
	assert_int_equal(mkdir(place.dir, 0700), 0);
}

static void
a_hidden_store_keeps_and_gives_bytes_and_has_no_place_on_disk(void **state)
{
	struct store *s = open_hidden();
	uint8_t read[PIECE];
	struct store_error e;

	(void)state;
	assert_int_equal(access(place.dir, F_OK), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(states(s), "........");
	for (uint32_t p = 2; p <= 4; p++)
		write_piece(s, p);
	for (uint32_t p = 2; p <= 3; p++) {
		assert_int_equal(store_read(s, p * PIECE, read, PIECE, &e), RC_OK);
		assert_memory_equal(read, data + p * PIECE, PIECE);
	}
	/* Of the shared piece only b's half is kept: it must not be offered. */
	assert_int_equal(store_read(s, 64, read, 8, &e), RC_OK);
	assert_memory_equal(read, data + 64, 8);
	assert_false(store_piece_whole(s, 4));
	assert_false(store_unsaved(s));
	close_hidden(s);
}

static void
huge_pieces_are_gathered_there_as_well(void **state)
{
	struct store *s = open_hidden();
	uint8_t read[PIECE];
	struct store_error e;

	(void)state;
	assert_int_equal(store_gather(s, 32, bytes_of(data + 32, PIECE), &e), RC_OK);
	assert_int_equal(store_gathered(s, 32, read, PIECE, &e), RC_OK);
	assert_memory_equal(read, data + 32, PIECE);
	close_hidden(s);
}

static void
what_is_forgotten_is_gone_and_its_neighbours_are_not(void **state)
{
	static const uint8_t zeros[PIECE];
	struct store *s = open_hidden();
	uint8_t read[PIECE];
	struct store_error e;

	(void)state;
	write_piece(s, 2);
	write_piece(s, 3);
	store_forget(s, 32, PIECE);
	assert_int_equal(store_read(s, 32, read, PIECE, &e), RC_OK);
	assert_memory_equal(read, zeros, PIECE);
	assert_int_equal(store_read(s, 48, read, PIECE, &e), RC_OK);
	assert_memory_equal(read, data + 48, PIECE);
	close_hidden(s);
}

int
main(void)
{
#define IN_A_PLACE(f) cmocka_unit_test_setup_teardown(f, begin, finish)
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(a_hidden_store_keeps_and_gives_bytes_and_has_no_place_on_disk),
		IN_A_PLACE(huge_pieces_are_gathered_there_as_well),
		IN_A_PLACE(what_is_forgotten_is_gone_and_its_neighbours_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
