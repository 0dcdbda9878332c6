/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/progress.h"
#include "base/text.h"

enum { MIB = 1024 * 1024 };

static const struct progress half = {
	.have = UINT64_C(412) * MIB,
	.total = UINT64_C(980) * MIB,
	.down_rate = 12897485, /* 12.3 MiB */
	.up_rate = 410 * 1024,
	.peers = 7,
	.has_eta = true,
	.eta_s = 83,
};

static char line[PROGRESS_LINE];

static const char *
fit(const struct progress *p, const char *name, unsigned columns)
{
	const struct progress_room room = { .columns = columns, .utf8 = true };
	size_t n = progress_line(p, bytes_str(name), room, line);

	assert_int_equal(n, strlen(line));
	return line;
}

static void
a_wide_window_shows_everything(void **state)
{
	(void)state;
	assert_string_equal(fit(&half, "debian.iso", 200),
	    "debian.iso  [###########.................]  42% 412/980 MiB"
	    "  12.3 MiB/s down 410 KiB/s up  7 peers  ETA 1:23");
}

static void
a_state_has_its_rate_and_its_files(void **state)
{
	struct progress p = { .state = "checking",
		.have = UINT64_C(412) * MIB,
		.total = UINT64_C(980) * MIB };

	(void)state;
	assert_string_equal(fit(&p, "a", 200),
	    "a  [###########.................]  42% 412/980 MiB  checking");
	p.rate = UINT64_C(512) * MIB;
	p.files = 3;
	p.total_files = 1;
	p.has_eta = true;
	p.eta_s = 1;
	assert_string_equal(
	    fit(&p, "a", 56), "a   42% 412/980 MiB  checking 512 MiB/s  ETA 0:01");
	p.total_files = 2000;
	assert_string_equal(fit(&p, "a", 70),
	    "a   42% 412/980 MiB  checking 512 MiB/s  3/2000 files  ETA 0:01");
	p = (struct progress){
		.state = "hashing", .have = 412 * MIB, .endless = true, .rate = 2 * MIB
	};
	assert_string_equal(fit(&p, "a", 200), "a  412 MiB  hashing 2.00 MiB/s");
}

static void
in_80_columns_the_bar_goes_first(void **state)
{
	(void)state;
	assert_string_equal(fit(&half, "debian.iso", 80),
	    "debian.iso   42% 412/980 MiB  12.3 MiB/s down 410 KiB/s up  7 peers  "
	    "ETA 1:23");
	/* and then the name gives way: 79 columns, 65 of them taken. */
	assert_string_equal(fit(&half, "debian-12.7.0-amd64-netinst.iso", 80),
	    "debian-12.7~   42% 412/980 MiB  12.3 MiB/s down 410 KiB/s up  7 peers  "
	    "ETA 1:23");
}

static void
in_40_columns_speed_up_peers_and_eta_go(void **state)
{
	(void)state;
	assert_string_equal(fit(&half, "debian.iso", 48),
	    "debian.iso   42% 412/980 MiB  12.3 MiB/s down");
	assert_string_equal(fit(&half, "x", 40), "x   42% 412/980 MiB  12.3 MiB/s down");
	assert_string_equal(
	    fit(&half, "debian.iso", 40), "debian.iso   42%  12.3 MiB/s down");
}

static void
no_width_is_ever_exceeded_and_the_percentage_stays(void **state)
{
	static const char *const names[] = {
		"", "a", "debian-12.7.0-amd64-netinst.iso",
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (unsigned columns = 5; columns < 500; columns++) {
			fit(&half, names[i], columns);
			assert_true(text_columns(bytes_str(line)) < columns);
			assert_non_null(strstr(line, "42%"));
		}
}

static void
a_hundred_percent_is_not_said_before_it_is_true(void **state)
{
	struct progress p = { .have = 999999, .total = 1000000 };

	(void)state;
	assert_non_null(strstr(fit(&p, "a", 80), " 99%"));
	p.have = p.total;
	assert_non_null(strstr(fit(&p, "a", 80), "100% 977/977 KiB"));
	p.have = p.total = 0;
	assert_non_null(strstr(fit(&p, "a", 80), "100% 0 B  0 B/s down"));
}

static void
a_state_stands_in_place_of_speeds_and_peers(void **state)
{
	struct progress p = half;

	(void)state;
	p.state = "checking";
	p.has_eta = false;
	assert_string_equal(fit(&p, "debian.iso", 70),
	    "debian.iso  [###########.................]  42% 412/980 MiB  checking");
	p.total = 1536;
	p.have = 512;
	assert_non_null(strstr(fit(&p, "a", 60), "33% 0.50/1.50 KiB"));
	p.total = UINT64_C(50) * MIB;
	p.have = 26214400;
	assert_non_null(strstr(fit(&p, "a", 60), "50% 25.0/50.0 MiB"));
}

static void
a_state_that_has_nothing_to_count_yet_is_only_named(void **state)
{
	struct progress p = { .state = "checking" };

	(void)state;
	assert_string_equal(fit(&p, "a", 80), "a  checking");
	assert_string_equal(fit(&p, "a", 10), "checking");
}

static void
one_peer_is_no_peers(void **state)
{
	struct progress p = half;

	(void)state;
	p.peers = 1;
	assert_non_null(strstr(fit(&p, "a", 200), "  1 peer  "));
}

static void
foreign_names_are_made_fit_for_the_terminal(void **state)
{
	struct progress_room room = { .columns = 120, .utf8 = false };

	(void)state;
	assert_memory_equal(fit(&half, "a\033[2J\nb", 120), "a?[2J?b  ", 9);
	/* Without UTF-8 each character beyond ASCII is one '?'. */
	(void)progress_line(&half, bytes_str("na\xc3\xafve\xe6\x97\xa5"), room, line);
	assert_memory_equal(line, "na?ve?  ", 8);
	for (const char *at = line; *at != '\0'; at++)
		assert_true((unsigned char)*at < 0x80);
}

static void
the_last_line_tells_size_time_and_mean_speed(void **state)
{
	struct progress_room room = { .columns = 80, .utf8 = true };

	(void)state;
	(void)progress_last(bytes_str("x.iso"), UINT64_C(256) * MIB, 2000, room, line);
	assert_string_equal(line, "x.iso: 256 MiB in 2.0 s, 128 MiB/s");
	room.columns = 36;
	(void)progress_last(
	    bytes_str("long name.iso"), UINT64_C(256) * MIB, 2000, room, line);
	assert_string_equal(line, "long ~: 256 MiB in 2.0 s, 128 MiB/s");
	room.columns = 10;
	(void)progress_last(bytes_str("x"), 0, 0, room, line);
	assert_string_equal(line, "was there already");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wide_window_shows_everything),
		cmocka_unit_test(a_state_has_its_rate_and_its_files),
		cmocka_unit_test(in_80_columns_the_bar_goes_first),
		cmocka_unit_test(in_40_columns_speed_up_peers_and_eta_go),
		cmocka_unit_test(no_width_is_ever_exceeded_and_the_percentage_stays),
		cmocka_unit_test(a_hundred_percent_is_not_said_before_it_is_true),
		cmocka_unit_test(a_state_stands_in_place_of_speeds_and_peers),
		cmocka_unit_test(a_state_that_has_nothing_to_count_yet_is_only_named),
		cmocka_unit_test(one_peer_is_no_peers),
		cmocka_unit_test(foreign_names_are_made_fit_for_the_terminal),
		cmocka_unit_test(the_last_line_tells_size_time_and_mean_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
