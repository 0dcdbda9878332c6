/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <event2/event.h>

#include "io/loop.h"

struct bed {
	struct loop *loop;
	struct loop_watch *watch;
	struct loop_timer *timer, *guard;
	int fd[2];
	int calls, stop_at, what, signo;
	int order[8];
};

static void
too_late(void *ctx)
{
	(void)ctx;
	fail_msg("nothing happened for 5 s");
}

static int
make_bed(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	if (b == NULL || pipe2(b->fd, O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	b->loop = loop_new();
	b->guard = loop_timer_new(b->loop, too_late, b);
	loop_timer_set(b->guard, loop_now() + 5000);
	b->stop_at = 1;
	*state = b;
	return 0;
}

static int
clear_bed(void **state)
{
	struct bed *b = *state;

	loop_watch_free(b->watch);
	loop_timer_free(b->timer);
	loop_timer_free(b->guard);
	loop_free(b->loop);
	(void)close(b->fd[0]);
	(void)close(b->fd[1]);
	free(b);
	return 0;
}

static void
on_ready(void *ctx, int what)
{
	struct bed *b = ctx;

	b->what = what;
	if (++b->calls == b->stop_at)
		loop_stop(b->loop);
}

static void
on_fire(void *ctx)
{
	on_ready(ctx, -1);
}

static void
a_pipe_is_reported_when_it_can_be_read(void **state)
{
	struct bed *b = *state;

	b->watch = loop_watch_new(b->loop, b->fd[0], on_ready, b);
	assert_int_equal(loop_watch_set(b->watch, LOOP_READ), RC_OK);
	b->timer = loop_timer_new(b->loop, on_fire, b);
	loop_timer_set(b->timer, loop_now() + 20);
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_int_equal(b->what, -1);
	assert_int_equal(write(b->fd[1], "x", 1), 1);
	b->calls = 0;
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_int_equal(b->what, LOOP_READ);
}

static void
a_watch_reports_only_what_it_was_told_to(void **state)
{
	struct bed *b = *state;

	b->watch = loop_watch_new(b->loop, b->fd[1], on_ready, b);
	b->timer = loop_timer_new(b->loop, on_fire, b);
	loop_timer_set(b->timer, loop_now() + 20);
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_int_equal(b->what, -1);
	b->calls = 0;
	assert_int_equal(loop_watch_set(b->watch, LOOP_WRITE), RC_OK);
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_int_equal(b->what, LOOP_WRITE);
	assert_int_equal(loop_watch_set(b->watch, 0), RC_OK);
	b->calls = 0;
	loop_timer_set(b->timer, loop_now() + 20);
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_int_equal(b->what, -1);
}

static void
the_writing_end_of_a_pipe_reports_that_its_reader_is_gone(void **state)
{
	struct bed *b = *state;

	b->watch = loop_watch_new(b->loop, b->fd[1], on_ready, b);
	assert_int_equal(loop_watch_set(b->watch, LOOP_READ), RC_OK);
	b->timer = loop_timer_new(b->loop, on_fire, b);
	loop_timer_set(b->timer, loop_now() + 20);
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_int_equal(b->what, -1);
	assert_int_equal(close(b->fd[0]), 0);
	b->fd[0] = open("/dev/null", O_RDONLY);
	b->calls = 0;
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_true((b->what & LOOP_READ) != 0);
}

static int complaints;

static void
complain(int severity, const char *words)
{
	(void)severity;
	(void)words;
	complaints++;
}

/* epoll refuses both of these, and libevent must not say so on stderr. */
static void
files_and_dev_null_are_always_ready(void **state)
{
	static const char *const path[] = { "/dev/null", "/etc/passwd" };
	struct bed *b = *state;

	event_set_log_callback(complain);
	for (size_t i = 0; i < 2; i++) {
		int fd = open(path[i], O_RDONLY);

		assert_true(fd != -1);
		b->calls = 0;
		b->stop_at = 3;
		b->watch = loop_watch_new(b->loop, fd, on_ready, b);
		assert_int_equal(loop_watch_set(b->watch, LOOP_READ), RC_OK);
		assert_int_equal(loop_run(b->loop), RC_OK);
		assert_int_equal(b->calls, 3);
		assert_int_equal(b->what, LOOP_READ);
		assert_int_equal(loop_watch_set(b->watch, 0), RC_OK);
		assert_int_equal(loop_watch_set(b->watch, LOOP_READ), RC_OK);
		b->calls = 0;
		assert_int_equal(loop_run(b->loop), RC_OK);
		assert_int_equal(b->calls, 3);
		loop_watch_free(b->watch);
		b->watch = NULL;
		(void)close(fd);
	}
	assert_int_equal(complaints, 0);
	event_set_log_callback(NULL);
}

static void
free_in_callback(void *ctx, int what)
{
	struct bed *b = ctx;

	loop_watch_free(b->watch);
	b->watch = NULL;
	on_ready(b, what);
}

static void
a_callback_may_free_its_own_watch(void **state)
{
	static const char *const path[] = { "/dev/null", NULL };
	struct bed *b = *state;

	assert_int_equal(write(b->fd[1], "x", 1), 1);
	for (size_t i = 0; i < 2; i++) {
		int fd = path[i] == NULL ? dup(b->fd[0]) : open(path[i], O_RDONLY);

		b->calls = 0;
		b->watch = loop_watch_new(b->loop, fd, free_in_callback, b);
		assert_int_equal(loop_watch_set(b->watch, LOOP_READ), RC_OK);
		assert_int_equal(loop_run(b->loop), RC_OK);
		assert_int_equal(b->calls, 1);
		(void)close(fd);
	}
}

static void
note_order(void *ctx)
{
	struct bed *b = *(struct bed **)ctx;

	b->order[b->calls] = ((struct bed **)ctx)[1] != NULL;
	on_ready(b, -1);
}

struct busy {
	struct bed *bed;
	int64_t at_ms;
	bool fired;
};

static void
set_it_again(void *ctx, int what)
{
	struct busy *b = ctx;

	(void)what;
	loop_timer_set(b->bed->timer, b->at_ms);
	if (loop_now() > b->at_ms + 3000)
		loop_stop(b->bed->loop);
}

static void
note_fired(void *ctx)
{
	struct busy *b = ctx;

	b->fired = true;
	loop_stop(b->bed->loop);
}

static void
a_timer_that_is_due_fires_though_something_ready_sets_it_again_and_again(void **state)
{
	struct bed *bed = *state;
	struct busy b = { .bed = bed, .at_ms = loop_now() + 20 };

	assert_int_equal(write(bed->fd[1], "x", 1), 1);
	bed->watch = loop_watch_new(bed->loop, bed->fd[0], set_it_again, &b);
	bed->timer = loop_timer_new(bed->loop, note_fired, &b);
	assert_int_equal(loop_watch_set(bed->watch, LOOP_READ), RC_OK);
	assert_int_equal(loop_run(bed->loop), RC_OK);
	assert_true(b.fired);
}

static void
timers_fire_once_and_in_the_order_of_their_times(void **state)
{
	struct bed *b = *state;
	struct bed *early[2] = { b, NULL }, *late[2] = { b, b };
	struct loop_timer *x = loop_timer_new(b->loop, note_order, late);
	struct loop_timer *y = loop_timer_new(b->loop, note_order, early);
	int64_t now = loop_now();

	b->stop_at = 2;
	loop_timer_set(x, now + 30);
	loop_timer_set(y, now + 10);
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_true(b->order[0] == 0 && b->order[1] == 1);
	assert_true(loop_now() >= now + 30);
	/* Set again: only the last time counts; never: not at all; past: at once. */
	b->calls = 0;
	b->stop_at = 1;
	loop_timer_set(x, now + 100000);
	loop_timer_set(x, INT64_MAX);
	loop_timer_set(y, 0);
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_int_equal(b->calls, 1);
	assert_int_equal(b->order[0], 0);
	loop_timer_free(x);
	loop_timer_free(y);
}

static void
on_caught(void *ctx, int signo)
{
	struct bed *b = ctx;

	b->signo = signo;
	loop_stop(b->loop);
}

static void
a_signal_is_reported_from_the_loop(void **state)
{
	struct bed *b = *state;
	struct loop_signal *s = loop_signal_new(b->loop, SIGUSR1, on_caught, b);

	assert_non_null(s);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(b->signo, 0);
	assert_int_equal(loop_run(b->loop), RC_OK);
	assert_int_equal(b->signo, SIGUSR1);
	loop_signal_free(s);
}

static void
what_is_null_may_be_freed(void **state)
{
	(void)state;
	loop_watch_free(NULL);
	loop_timer_free(NULL);
	loop_signal_free(NULL);
	loop_free(NULL);
}

int
main(void)
{
#define IN_A_BED(f) cmocka_unit_test_setup_teardown(f, make_bed, clear_bed)
	const struct CMUnitTest tests[] = {
		IN_A_BED(a_pipe_is_reported_when_it_can_be_read),
		IN_A_BED(a_watch_reports_only_what_it_was_told_to),
		IN_A_BED(the_writing_end_of_a_pipe_reports_that_its_reader_is_gone),
		IN_A_BED(files_and_dev_null_are_always_ready),
		IN_A_BED(a_callback_may_free_its_own_watch),
		IN_A_BED(
		    a_timer_that_is_due_fires_though_something_ready_sets_it_again_and_again),
		IN_A_BED(timers_fire_once_and_in_the_order_of_their_times),
		IN_A_BED(a_signal_is_reported_from_the_loop),
		cmocka_unit_test(what_is_null_may_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
