/* SPDX-License-Identifier: ISC */
/* Two ends of a pair, as a session's process and its parent have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/audience_note.h"

static struct note_room room;
static int ends[2];

static int
open_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int
close_pair(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		if (ends[i] != -1)
			(void)close(ends[i]);
	return 0;
}

static void
a_note_comes_as_it_was_sent_and_its_text_ends_with_nul(void **state)
{
	struct note sent = { .kind = NOTE_DONE, .size = 7, .from = "ops" };

	(void)state;
	assert_int_equal(note_send(ends[0], &sent, bytes_str("inbox/a"), true), RC_OK);
	assert_int_equal(note_receive(ends[1], &room, true), RC_OK);
	assert_int_equal(room.note.kind, NOTE_DONE);
	assert_true(room.note.size == 7);
	assert_string_equal(room.note.from, "ops");
	assert_int_equal(room.n, 7);
	assert_string_equal(room.text, "inbox/a");
	assert_int_equal(note_receive(ends[1], &room, false), RC_MORE);
}

static void
a_note_without_text_has_an_empty_one(void **state)
{
	(void)state;
	assert_int_equal(note_send(ends[0], &(struct note){ .kind = NOTE_CLAIM },
	                     bytes_of(NULL, 0), true),
	    RC_OK);
	assert_int_equal(note_receive(ends[1], &room, true), RC_OK);
	assert_int_equal(room.n, 0);
	assert_string_equal(room.text, "");
}

static void
a_text_that_is_too_long_is_cut(void **state)
{
	static char text[NOTE_TEXT + 100];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(note_send(ends[0], &(struct note){ .kind = NOTE_SAY },
	                     bytes_of(text, sizeof(text)), true),
	    RC_OK);
	assert_int_equal(note_receive(ends[1], &room, true), RC_OK);
	assert_int_equal(room.n, NOTE_TEXT);
	assert_int_equal(strlen(room.text), NOTE_TEXT);
}

/* What a child that was taken over may send. */
static void
what_is_no_note_is_refused(void **state)
{
	struct note note = { .kind = NOTE_MUTE + 1 };
	static char big[sizeof(note) + NOTE_TEXT + 1];

	(void)state;
	assert_int_equal(send(ends[0], "short", 5, 0), 5);
	assert_int_equal(note_receive(ends[1], &room, true), RC_BAD);
	assert_int_equal(send(ends[0], big, sizeof(big), 0), sizeof(big));
	assert_int_equal(note_receive(ends[1], &room, true), RC_BAD);
	assert_int_equal(note_send(ends[0], &note, bytes_str(""), true), RC_OK);
	assert_int_equal(note_receive(ends[1], &room, true), RC_BAD);
	note = (struct note){ .kind = NOTE_PROGRESS, .state = AUDIENCE_STATES };
	assert_int_equal(note_send(ends[0], &note, bytes_str(""), true), RC_OK);
	assert_int_equal(note_receive(ends[1], &room, true), RC_BAD);
}

static void
a_name_without_its_nul_gets_one(void **state)
{
	struct note note = { .kind = NOTE_DONE };

	(void)state;
	memset(note.from, 'a', sizeof(note.from));
	assert_int_equal(note_send(ends[0], &note, bytes_str(""), true), RC_OK);
	assert_int_equal(note_receive(ends[1], &room, true), RC_OK);
	assert_int_equal(strlen(room.note.from), USER_MAX);
}

static void
a_full_pair_is_told_and_a_closed_one_ends(void **state)
{
	const struct note note = { .kind = NOTE_PROGRESS };
	enum rc rc = RC_OK;
	int n = 0;

	(void)state;
	while (rc == RC_OK && n++ < 100000)
		rc = note_send(ends[0], &note, bytes_str("name"), false);
	assert_int_equal(rc, RC_MORE);
	(void)close(ends[1]);
	ends[1] = -1;
	assert_int_equal(note_send(ends[0], &note, bytes_str("name"), true), RC_SYS);
	assert_int_equal(note_receive(ends[0], &room, true), RC_END);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_note_comes_as_it_was_sent_and_its_text_ends_with_nul, open_pair,
		    close_pair),
		cmocka_unit_test_setup_teardown(
		    a_note_without_text_has_an_empty_one, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
		    a_text_that_is_too_long_is_cut, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
		    what_is_no_note_is_refused, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
		    a_name_without_its_nul_gets_one, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
		    a_full_pair_is_told_and_a_closed_one_ends, open_pair, close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
