/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "codec/line.h"
#include "io/recio.h"

struct pipes {
	int end[2];
	struct recin in;
	struct recout out;
};

static int
make_pipe(void **state)
{
	struct pipes *p = calloc(1, sizeof(*p));

	if (p == NULL || pipe2(p->end, O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	recin_init(&p->in, p->end[0]);
	recout_init(&p->out, p->end[1]);
	*state = p;
	return 0;
}

static int
clear_pipe(void **state)
{
	struct pipes *p = *state;

	recin_clear(&p->in);
	recout_clear(&p->out);
	(void)close(p->end[0]);
	(void)close(p->end[1]);
	free(p);
	return 0;
}

static void
put(const struct pipes *p, const char *text)
{
	assert_int_equal(write(p->end[1], text, strlen(text)), strlen(text));
}

static void
expect_line(struct pipes *p, const char *text)
{
	struct bytes line;

	assert_int_equal(recin_line(&p->in, &line), RC_OK);
	assert_true(bytes_is(line, text));
}

static void
lines_come_out_whole_however_they_went_in(void **state)
{
	struct pipes *p = *state;
	struct bytes line;

	assert_int_equal(recin_fill(&p->in), RC_MORE);
	put(p, "one\ntw");
	assert_int_equal(recin_fill(&p->in), RC_OK);
	expect_line(p, "one");
	assert_int_equal(recin_line(&p->in, &line), RC_MORE);
	put(p, "o");
	assert_int_equal(recin_fill(&p->in), RC_OK);
	assert_int_equal(recin_line(&p->in, &line), RC_MORE);
	put(p, "\n\n\r\n");
	assert_int_equal(recin_fill(&p->in), RC_OK);
	expect_line(p, "two");
	expect_line(p, "");
	expect_line(p, "\r");
	assert_int_equal(recin_line(&p->in, &line), RC_MORE);
}

static void
a_last_line_without_its_lf_counts(void **state)
{
	struct pipes *p = *state;
	struct bytes line;

	put(p, "one\nlast");
	assert_int_equal(close(p->end[1]), 0);
	assert_int_equal(recin_fill(&p->in), RC_OK);
	expect_line(p, "one");
	assert_int_equal(recin_line(&p->in, &line), RC_MORE);
	assert_int_equal(recin_fill(&p->in), RC_END);
	expect_line(p, "last");
	assert_int_equal(recin_line(&p->in, &line), RC_END);
	assert_int_equal(recin_line(&p->in, &line), RC_END);
	p->end[1] = open("/dev/null", O_WRONLY);
}

static void
an_empty_input_ends_at_once(void **state)
{
	struct pipes *p = *state;
	struct bytes line;

	assert_int_equal(close(p->end[1]), 0);
	assert_int_equal(recin_fill(&p->in), RC_END);
	assert_int_equal(recin_line(&p->in, &line), RC_END);
	p->end[1] = open("/dev/null", O_WRONLY);
}

/* Feed n bytes of 'x' and then rest through a file, which is never short. */
static enum rc
long_line(size_t n, const char *rest, size_t *got)
{
	char name[] = "/tmp/ugat-recio-test-XXXXXX";
	int fd = mkstemp(name);
	struct recin in;
	struct bytes line = bytes_of(NULL, 0);
	enum rc rc = RC_MORE;
	char *text = malloc(n + 1);

	assert_true(fd != -1 && text != NULL && unlink(name) == 0);
	memset(text, 'x', n);
	assert_int_equal(write(fd, text, n), n);
	assert_int_equal(write(fd, rest, strlen(rest)), strlen(rest));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	recin_init(&in, fd);
	for (int i = 0; i < 8 && rc == RC_MORE; i++) {
		(void)!recin_fill(&in);
		rc = recin_line(&in, &line);
	}
	*got = line.n;
	recin_clear(&in);
	(void)close(fd);
	free(text);
	return rc;
}

static void
a_line_may_be_64_kib_with_its_lf_and_no_longer(void **state)
{
	size_t n;

	(void)state;
	assert_int_equal(long_line(LINE_MAX_SIZE - 1, "\nnext\n", &n), RC_OK);
	assert_int_equal(n, LINE_MAX_SIZE - 1);
	assert_int_equal(long_line(LINE_MAX_SIZE, "\nnext\n", &n), RC_BIG);
	assert_int_equal(long_line(LINE_MAX_SIZE, "", &n), RC_BIG);
	assert_int_equal(long_line(4 * LINE_MAX_SIZE, "\n", &n), RC_BIG);
}

static void
a_read_error_is_told(void **state)
{
	struct pipes *p = *state;

	p->in.fd = -1;
	assert_int_equal(recin_fill(&p->in), RC_SYS);
	assert_int_equal(errno, EBADF);
}

static void
one_write_takes_whole_lines_of_at_most_pipe_buf(void **state)
{
	struct pipes *p = *state;
	char text[PIPE_BUF + 1], got[2 * PIPE_BUF];
	ssize_t n;

	memset(text, 'y', sizeof(text));
	assert_int_equal(recout_some(&p->out), RC_OK);
	assert_int_equal(recout_line(&p->out, bytes_of(text, 3000)), RC_OK);
	assert_int_equal(recout_line(&p->out, bytes_of(text, 1094)), RC_OK);
	assert_int_equal(recout_line(&p->out, bytes_of(text, 10)), RC_OK);
	assert_int_equal(recout_some(&p->out), RC_MORE);
	n = read(p->end[0], got, sizeof(got));
	assert_int_equal(n, 3001 + 1095);
	assert_int_equal(got[n - 1], '\n');
	assert_int_equal(recout_some(&p->out), RC_OK);
	assert_int_equal(read(p->end[0], got, sizeof(got)), 11);
	/* One byte more does not fit beside the first. */
	assert_int_equal(recout_line(&p->out, bytes_of(text, 3000)), RC_OK);
	assert_int_equal(recout_line(&p->out, bytes_of(text, 1095)), RC_OK);
	assert_int_equal(recout_some(&p->out), RC_MORE);
	assert_int_equal(read(p->end[0], got, sizeof(got)), 3001);
}

static void
a_line_longer_than_pipe_buf_goes_in_stretches(void **state)
{
	struct pipes *p = *state;
	static char text[3 * PIPE_BUF], got[4 * PIPE_BUF];
	size_t n = 0;

	memset(text, 'z', sizeof(text));
	assert_int_equal(recout_line(&p->out, bytes_of(text, sizeof(text))), RC_OK);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(recout_some(&p->out), i < 3 ? RC_MORE : RC_OK);
		n += (size_t)read(p->end[0], got + n, sizeof(got) - n);
	}
	assert_int_equal(n, sizeof(text) + 1);
	assert_memory_equal(got, text, sizeof(text));
	assert_int_equal(got[n - 1], '\n');
}

static void
a_full_pipe_waits_and_a_gone_reader_is_told(void **state)
{
	struct pipes *p = *state;
	char text[PIPE_BUF];
	enum rc rc = RC_OK;

	memset(text, 'w', sizeof(text));
	for (int i = 0; i < 1000 && rc == RC_OK; i++) {
		assert_int_equal(
		    recout_line(&p->out, bytes_of(text, sizeof(text) - 1)), RC_OK);
		rc = recout_some(&p->out);
	}
	assert_int_equal(rc, RC_MORE);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(close(p->end[0]), 0);
	assert_int_equal(recout_some(&p->out), RC_SYS);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(recout_flush(&p->out), RC_SYS);
	p->end[0] = open("/dev/null", O_RDONLY);
}

static void
no_more_than_the_maximum_waits(void **state)
{
	struct pipes *p = *state;
	static char text[LINE_MAX_SIZE - 1];
	enum rc rc = RC_OK;
	int n = 0;

	memset(text, 'v', sizeof(text));
	while (rc == RC_OK && n++ < 1000)
		rc = recout_line(&p->out, bytes_of(text, sizeof(text)));
	assert_int_equal(rc, RC_BIG);
	assert_true(
	    p->out.buf.n <= RECOUT_MAX && p->out.buf.n > RECOUT_MAX - LINE_MAX_SIZE);
	assert_int_equal(p->out.buf.p[p->out.buf.n - 1], '\n');
}

static void
flush_writes_everything(void **state)
{
	char name[] = "/tmp/ugat-recio-test-XXXXXX";
	int fd = mkstemp(name);
	struct recout out;
	static char text[LINE_MAX_SIZE - 1];

	(void)state;
	assert_true(fd != -1 && unlink(name) == 0);
	memset(text, 'u', sizeof(text));
	recout_init(&out, fd);
	for (int i = 0; i < 20; i++)
		assert_int_equal(recout_line(&out, bytes_of(text, sizeof(text))), RC_OK);
	assert_int_equal(recout_flush(&out), RC_OK);
	assert_int_equal(lseek(fd, 0, SEEK_END), 20 * LINE_MAX_SIZE);
	recout_clear(&out);
	(void)close(fd);
}

int
main(void)
{
#define WITH_A_PIPE(f) cmocka_unit_test_setup_teardown(f, make_pipe, clear_pipe)
	const struct CMUnitTest tests[] = {
		WITH_A_PIPE(lines_come_out_whole_however_they_went_in),
		WITH_A_PIPE(a_last_line_without_its_lf_counts),
		WITH_A_PIPE(an_empty_input_ends_at_once),
		cmocka_unit_test(a_line_may_be_64_kib_with_its_lf_and_no_longer),
		WITH_A_PIPE(a_read_error_is_told),
		WITH_A_PIPE(one_write_takes_whole_lines_of_at_most_pipe_buf),
		WITH_A_PIPE(a_line_longer_than_pipe_buf_goes_in_stretches),
		WITH_A_PIPE(a_full_pipe_waits_and_a_gone_reader_is_told),
		WITH_A_PIPE(no_more_than_the_maximum_waits),
		cmocka_unit_test(flush_writes_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
