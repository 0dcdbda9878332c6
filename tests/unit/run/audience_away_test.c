/* SPDX-License-Identifier: ISC */
/* What a session's process makes of its parent, which is played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/audience_away.h"
#include "run/audience_note.h"

enum { TESTS = 5 };

/* They live as long as their process. */
static struct audience_away *kept[TESTS];
static size_t n_kept;

static struct loop *loop;
static const struct audience *face;
static int parent, answers;

static int
set_up(void **state)
{
	int ends[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	if (loop == NULL)
		loop = loop_new();
	kept[n_kept] = audience_away_new(loop, ends[1]);
	face = audience_away_face(kept[n_kept++]);
	parent = ends[0];
	answers = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (parent != -1)
		(void)close(parent);
	return 0;
}

static void
leave(void)
{
	(void)close(parent);
	parent = -1;
}

static void
say(enum note_kind kind)
{
	assert_int_equal(
	    note_send(parent, &(struct note){ .kind = kind }, bytes_str(""), true),
	    RC_OK);
}

static void
on_answer(void *ctx, bool yes)
{
	(void)ctx;
	(void)yes;
	answers++;
}

/* One turn of the loop. */
static void
on_timer(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

static void
turn(void)
{
	struct loop_timer *t = loop_timer_new(loop, on_timer, NULL);

	loop_timer_set(t, loop_now() + 20);
	assert_int_equal(loop_run(loop), RC_OK);
	loop_timer_free(t);
}

static void
a_parent_that_is_gone_is_no_output_that_fails(void **state)
{
	(void)state;
	assert_int_equal(face->broken(face->ctx), 0);
	leave();
	assert_int_equal(face->broken(face->ctx), ESRCH);
	face->say(face->ctx, "words");
	assert_false(face->flush(face->ctx));
	assert_int_equal(face->broken(face->ctx), ESRCH);
}

static void
a_parent_that_can_write_no_more_says_so_unasked(void **state)
{
	(void)state;
	say(NOTE_MUTE);
	assert_int_equal(face->broken(face->ctx), EIO);
	assert_int_equal(face->broken(face->ctx), EIO);
}

static void
a_flush_is_answered_with_no_or_that(void **state)
{
	(void)state;
	say(NOTE_YES);
	assert_true(face->flush(face->ctx));
	assert_int_equal(face->broken(face->ctx), 0);
	say(NOTE_NO);
	assert_false(face->flush(face->ctx));
	assert_int_equal(face->broken(face->ctx), EIO);
}

static void
a_question_that_nobody_answers_is_not_answered_with_no(void **state)
{
	(void)state;
	face->ask(face->ctx, "Take it?", on_answer, NULL);
	say(NOTE_MUTE);
	turn();
	assert_int_equal(answers, 0);
	assert_int_equal(face->broken(face->ctx), EIO);
	face->hush(face->ctx);
	face->ask(face->ctx, "Take it?", on_answer, NULL);
	leave();
	turn();
	assert_int_equal(answers, 0);
	assert_int_equal(face->broken(face->ctx), ESRCH);
}

static void
an_answer_is_not_mistaken_for_something_else(void **state)
{
	(void)state;
	face->ask(face->ctx, "Take it?", on_answer, NULL);
	say(NOTE_NO);
	assert_int_equal(face->broken(face->ctx), 0);
	turn();
	assert_int_equal(answers, 1);
	assert_int_equal(face->broken(face->ctx), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_parent_that_is_gone_is_no_output_that_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_parent_that_can_write_no_more_says_so_unasked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_flush_is_answered_with_no_or_that, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_question_that_nobody_answers_is_not_answered_with_no, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    an_answer_is_not_mistaken_for_something_else, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
