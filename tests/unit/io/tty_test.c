/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "io/tty.h"

static const struct progress half = { .have = 50, .total = 100, .peers = 2 };

struct screen {
	int ours, theirs; /* the two ends of a terminal */
	char seen[4096];
};

static void
open_screen(struct screen *s, unsigned short columns)
{
	const struct winsize size = { .ws_row = 24, .ws_col = columns };

	assert_int_equal(openpty(&s->ours, &s->theirs, NULL, NULL, &size), 0);
}

static void
close_screen(struct screen *s)
{
	(void)close(s->ours);
	(void)close(s->theirs);
}

/* All that was written since the last look. */
static const char *
look(struct screen *s)
{
	size_t at = 0;
	struct pollfd p = { .fd = s->ours, .events = POLLIN };

	while (at < sizeof(s->seen) - 1 && poll(&p, 1, 0) == 1) {
		ssize_t n = read(s->ours, s->seen + at, sizeof(s->seen) - 1 - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	s->seen[at] = '\0';
	return s->seen;
}

static void
a_line_is_drawn_over_and_cleared_in_its_place(void **state)
{
	struct screen s;
	struct tty t;

	(void)state;
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	open_screen(&s, 50);
	tty_init(&t, s.theirs);
	tty_clear(&t);
	assert_string_equal(look(&s), "");
	tty_line(&t, bytes_str("x"), &half);
	assert_string_equal(look(&s),
	    "\r\033[?7lx   50% 50/100 B  0 B/s down 0 B/s up  2 peers\033[J\033[?7h\r");
	tty_clear(&t);
	assert_string_equal(look(&s), "\r\033[J");
	tty_clear(&t);
	assert_string_equal(look(&s), "");
	tty_last(&t, bytes_str("x"), 2048, 1000);
	assert_string_equal(look(&s), "\rx: 2.00 KiB in 1.0 s, 2.00 KiB/s\033[J\r\n");
	close_screen(&s);
}

static void
words_take_the_place_of_another_stages_line(void **state)
{
	struct screen s;
	char seen[16];
	int fds[2];

	(void)state;
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	open_screen(&s, 50);
	tty_say(s.theirs, "ugat-x", "words");
	assert_string_equal(look(&s), "\r\033[Jugat-x: words\r\n");
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	tty_say(s.theirs, "ugat-x", "words");
	assert_string_equal(look(&s), "ugat-x: words\r\n");
	close_screen(&s);
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_int_equal(pipe(fds), 0);
	tty_say(fds[1], "ugat-x", "words");
	assert_int_equal(read(fds[0], seen, sizeof(seen)), 14);
	assert_memory_equal(seen, "ugat-x: words\n", 14);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
a_terminal_of_few_columns_has_them_and_one_of_none_has_80(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 8);
	assert_int_equal(tty_width(s.theirs), 8);
	close_screen(&s);
	open_screen(&s, 0);
	assert_int_equal(tty_width(s.theirs), 80);
	close_screen(&s);
}

static void
a_resize_is_seen_at_the_next_line(void **state)
{
	struct winsize narrow = { .ws_row = 24, .ws_col = 30 };
	struct screen s;
	struct tty t;

	(void)state;
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	open_screen(&s, 132);
	tty_init(&t, s.theirs);
	assert_int_equal(tty_width(s.theirs), 132);
	tty_line(&t, bytes_str("x"), &half);
	assert_non_null(strstr(look(&s), "[#####"));
	assert_int_equal(ioctl(s.theirs, TIOCSWINSZ, &narrow), 0);
	tty_line(&t, bytes_str("x"), &half);
	assert_string_equal(
	    look(&s), "\r\033[?7lx   50% 50/100 B  0 B/s down\033[J\033[?7h\r");
	close_screen(&s);
}

static void
a_dumb_terminal_gets_only_the_last_line_and_no_escapes(void **state)
{
	struct screen s;
	struct tty t;

	(void)state;
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	open_screen(&s, 80);
	tty_init(&t, s.theirs);
	tty_line(&t, bytes_str("x"), &half);
	tty_clear(&t);
	assert_string_equal(look(&s), "");
	tty_last(&t, bytes_str("x"), 0, 1000);
	assert_string_equal(look(&s), "x: was there already\r\n");
	close_screen(&s);
}

static void
what_is_no_terminal_stays_silent(void **state)
{
	char seen[16];
	struct tty t;
	int fds[2];

	(void)state;
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_int_equal(pipe(fds), 0);
	assert_false(tty_is(fds[1]));
	assert_int_equal(tty_width(fds[1]), 80);
	tty_init(&t, fds[1]);
	tty_line(&t, bytes_str("x"), &half);
	tty_clear(&t);
	tty_last(&t, bytes_str("x"), 1, 1);
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], seen, sizeof(seen)), 0);
	(void)close(fds[0]);
}

static void
more_than_ascii_needs_a_utf8_locale(void **state)
{
	static const struct {
		const char *all, *ctype, *lang;
		bool utf8;
	} cases[] = {
		{ NULL, NULL, NULL, false },
		{ NULL, NULL, "C", false },
		{ NULL, NULL, "de_DE.UTF-8", true },
		{ NULL, NULL, "C.utf8", true },
		{ NULL, "de_DE.ISO-8859-1", "C.utf8", false },
		{ "", "", "C.utf8", true },
		{ "C", "C.UTF-8", "C.utf8", false },
	};
	struct tty t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const values[] = { cases[i].all, cases[i].ctype,
			cases[i].lang };
		static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

		for (size_t k = 0; k < 3; k++) {
			if (values[k] == NULL)
				assert_int_equal(unsetenv(names[k]), 0);
			else
				assert_int_equal(setenv(names[k], values[k], 1), 0);
		}
		tty_init(&t, 2);
		assert_int_equal(t.utf8, cases[i].utf8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_drawn_over_and_cleared_in_its_place),
		cmocka_unit_test(words_take_the_place_of_another_stages_line),
		cmocka_unit_test(
		    a_terminal_of_few_columns_has_them_and_one_of_none_has_80),
		cmocka_unit_test(a_resize_is_seen_at_the_next_line),
		cmocka_unit_test(a_dumb_terminal_gets_only_the_last_line_and_no_escapes),
		cmocka_unit_test(what_is_no_terminal_stays_silent),
		cmocka_unit_test(more_than_ascii_needs_a_utf8_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
