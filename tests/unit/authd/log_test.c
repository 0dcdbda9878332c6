/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/log.h"

/* What has been added behind the head, as a text. */
static const char *
rest(struct log_line *l, size_t head)
{
	l->text[l->n] = '\0';
	return l->text + head;
}

static void
a_line_begins_with_the_time_and_the_event(void **state)
{
	static const char shape[] = "time=0000-00-00T00:00:00Z event=ready";
	struct log_line l;

	(void)state;
	log_begin(&l, "ready");
	assert_int_equal(l.n, sizeof(shape) - 1);
	for (size_t i = 0; i < l.n; i++) {
		if (shape[i] == '0')
			assert_in_range(l.text[i], '0', '9');
		else
			assert_int_equal(l.text[i], shape[i]);
	}
}

static void
plain_values_stand_bare_and_all_others_are_quoted(void **state)
{
	static const struct {
		const char *value, *shown;
		size_t n;
	} cases[] = {
		{ "ops", " k=ops", 3 },
		{ "sha256:aB+/=", " k=sha256:aB+/=", 12 },
		{ "", " k=\"\"", 0 },
		{ "a b", " k=\"a b\"", 3 },
		{ "a\"b\\", " k=\"a\\x22b\\x5c\"", 4 },
		{ "x\nevent=y", " k=\"x\\x0aevent=y\"", 9 },
		{ "\x1b[1m\0\xff", " k=\"\\x1b[1m\\x00\\xff\"", 6 },
		{ "a\0", " k=\"a\\x00\"", 2 },
	};
	struct log_line l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t head;

		log_begin(&l, "e");
		head = l.n;
		log_text(&l, "k", bytes_of(cases[i].value, cases[i].n));
		assert_string_equal(rest(&l, head), cases[i].shown);
	}
}

static void
numbers_and_sources_are_added(void **state)
{
	static const uint8_t ip[4] = { 127, 0, 0, 1 };
	struct addr a = addr_v4(ip, 5);
	struct log_line l;
	size_t head;

	(void)state;
	log_begin(&l, "e");
	head = l.n;
	log_number(&l, "n", 18446744073709551615u);
	log_source(&l, &a);
	assert_string_equal(rest(&l, head), " n=18446744073709551615 source=127.0.0.1");
}

/*
 * Lines of every length, with a value of each kind at their end, written and read back.
 */
static void
what_does_not_fit_is_cut_and_the_line_stays_whole(void **state)
{
	static char many[2 * LOG_LINE];
	char in[2 * LOG_LINE];
	int fds[2], saved = dup(STDERR_FILENO);

	(void)state;
	memset(many, 'a', sizeof(many));
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	for (size_t n = LOG_LINE - 100; n < LOG_LINE + 10; n++) {
		struct log_line l;
		ssize_t got;

		log_begin(&l, "e");
		log_text(&l, "long", bytes_of(many, n));
		log_number(&l, "number", 1234567890);
		log_text(&l, "quoted", bytes_str("\x01\x02 \x03"));
		log_text(&l, "plain", bytes_str("abc"));
		log_end(&l);
		got = read(fds[0], in, sizeof(in));
		if (got <= 0 || got > LOG_LINE || in[got - 1] != '\n' ||
		    memchr(in, '\n', (size_t)got) != in + got - 1)
			fail();
		in[got] = '\0';
		if (strstr(in, "number=") != NULL)
			assert_non_null(strstr(in, "number=1234567890"));
		if (strchr(in, '"') != NULL)
			assert_ptr_not_equal(strchr(in, '"'), strrchr(in, '"'));
	}
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(saved);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_begins_with_the_time_and_the_event),
		cmocka_unit_test(plain_values_stand_bare_and_all_others_are_quoted),
		cmocka_unit_test(numbers_and_sources_are_added),
		cmocka_unit_test(what_does_not_fit_is_cut_and_the_line_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
