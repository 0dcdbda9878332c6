/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "run/stat_table.h"

static struct stat_row
loading(void)
{
	return (struct stat_row){
		.btih = { 0x01, 0x23, 0xab, 0xcd, 0xef },
		.alive = true,
		.chosen = true,
		.r = { .state = bytes_str("loading"),
		    .wanted = UINT64_C(980) << 20,
		    .had = UINT64_C(412) << 20,
		    .down_rate = 12897485, /* 12.3 x 2^20 */
		    .up_rate = 419840,     /* 410 x 2^10 */
		    .peers = 7,
		    .seeds = 3,
		    .has_eta = true,
		    .eta_s = 83,
		    .name = bytes_str("debian.iso") },
	};
}

static struct stat_row
failed(const char *why)
{
	struct stat_row row = loading();

	row.alive = false;
	row.r.state = bytes_str("failed");
	row.r.ended = true;
	row.r.code = 75;
	row.r.why = bytes_str(why);
	return row;
}

static char text[65536];

static const char *
table(const struct stat_row *rows, size_t n, unsigned columns)
{
	const struct progress_room room = { .columns = columns, .utf8 = true };
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_int_equal(stat_table(rows, n, room, &out), RC_OK);
	assert_true(out.n < sizeof(text));
	memcpy(text, out.p, out.n);
	text[out.n] = '\0';
	buf_clear(&out);
	return text;
}

static void
a_wide_terminal_shows_every_column(void **state)
{
	const struct stat_row rows[] = { loading(), failed("") };

	(void)state;
	assert_string_equal(table(rows, 2, 200),
	    "BTIH      STATE    NAME          %         SIZE        DOWN         UP  "
	    "PEERS  SEEDS   ETA  EXIT\n"
	    "0123abcd  loading  debian.iso  42%  412/980 MiB  12.3 MiB/s  410 KiB/s  "
	    "    7      3  1:23     -\n"
	    "0123abcd  failed   debian.iso  42%  412/980 MiB           -          -  "
	    "    -      -     -    75\n");
}

static void
without_a_run_that_is_over_there_is_no_exit_code(void **state)
{
	const struct stat_row row = loading();

	(void)state;
	assert_null(strstr(table(&row, 1, 200), "EXIT"));
	assert_string_equal(table(NULL, 0, 30), "STATE  NAME  %  DOWN  ETA\n");
}

static void
in_80_columns_seeds_and_up_speed_go(void **state)
{
	const struct stat_row rows[] = { loading(), failed("") };

	(void)state;
	assert_string_equal(table(rows, 2, 80),
	    "BTIH      STATE    NAME          %         SIZE        DOWN  PEERS   ETA  "
	    "EXIT\n"
	    "0123abcd  loading  debian.iso  42%  412/980 MiB  12.3 MiB/s      7  1:23    "
	    " -\n"
	    "0123abcd  failed   debian.iso  42%  412/980 MiB           -      -     -    "
	    "75\n");
}

static void
the_cause_of_a_failure_stands_below_it_and_is_cut(void **state)
{
	const struct stat_row row = failed("stalled 10 min: 412/420 pieces; 3 trackers");

	(void)state;
	assert_non_null(strstr(
	    table(&row, 1, 100), "\n    stalled 10 min: 412/420 pieces; 3 trackers\n"));
	assert_non_null(strstr(table(&row, 1, 30), "\n    stalled 10 min: 412/420 ~\n"));
}

static void
no_width_is_ever_exceeded_and_name_and_percentage_stay(void **state)
{
	struct stat_row rows[] = { loading(),
		failed("a long cause of which not all fits"), loading() };

	(void)state;
	rows[2].r.name = bytes_str("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e a long name of "
	                           "many words, more than there is room for");
	rows[2].r.had = UINT64_MAX;
	rows[2].r.wanted = UINT64_MAX;
	rows[2].r.down_rate = rows[2].r.up_rate = rows[2].r.peers = UINT64_MAX;
	rows[2].r.seeds = rows[2].r.eta_s = UINT64_MAX;
	for (unsigned columns = 10; columns < 450; columns++) {
		const char *line = table(rows, 3, columns), *end;
		unsigned lines = 0;

		for (; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
			struct bytes b = bytes_of(line, (size_t)(end - line));

			assert_true(text_columns(b) < columns);
			assert_true(b.n == 0 || b.p[b.n - 1] != ' ');
		}
		assert_int_equal(lines, 5);
		assert_non_null(strstr(text, "42%"));
		assert_non_null(strstr(text, "\xe6\x97\xa5"));
	}
}

static void
foreign_text_is_made_fit_for_the_terminal(void **state)
{
	struct stat_row row = failed("why\n\033[2J");

	(void)state;
	row.r.name = bytes_str("a\033[31m\r\nb\xff\xe2\x80\xae"
	                       "c");
	row.r.state = bytes_str("a\033state that is long");
	assert_string_equal(table(&row, 1, 200),
	    "BTIH      STATE       NAME            %         SIZE  DOWN  UP  PEERS  "
	    "SEEDS "
	    " "
	    "ETA  EXIT\n"
	    "0123abcd  a?state t~  a?[31m??b??c  42%  412/980 MiB     -   -      -      "
	    "-  "
	    "  -    75\n"
	    "    why??[2J\n");
}

static void
rows_that_were_not_chosen_are_left_out_and_widen_nothing(void **state)
{
	struct stat_row rows[] = { loading(), loading() };

	(void)state;
	rows[0].chosen = false;
	rows[0].r.name = bytes_str("a name that is much longer than the other");
	(void)table(rows, 2, 200);
	assert_null(strstr(text, "a name"));
	assert_non_null(strstr(text, "debian.iso  42%"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wide_terminal_shows_every_column),
		cmocka_unit_test(without_a_run_that_is_over_there_is_no_exit_code),
		cmocka_unit_test(in_80_columns_seeds_and_up_speed_go),
		cmocka_unit_test(the_cause_of_a_failure_stands_below_it_and_is_cut),
		cmocka_unit_test(no_width_is_ever_exceeded_and_name_and_percentage_stay),
		cmocka_unit_test(foreign_text_is_made_fit_for_the_terminal),
		cmocka_unit_test(
		    rows_that_were_not_chosen_are_left_out_and_widen_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
