/* SPDX-License-Identifier: ISC */
/* Blocks that nobody asked for are dropped; too many of them end the connection. */
#include "tests/unit/core/talk.h"

static const struct peer_block first = { 3, 0, TALK_BLOCK };

static void
a_block_that_came_once_is_unasked_the_second_time(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	talk_ask(t, first);
	say_payload(t, first);
	say_payload(t, first);
	talk_now(t);
	ASSERT_KINDS(t, PEER_BEGIN, PEER_BLOCK);
	assert_int_equal(t->p.unasked, 1);
	talk_free(t);
}

static void
what_was_cancelled_and_asked_for_anew_may_come_twice(void **state)
{
	struct talk *t = talk_open(TALK_FAST);

	(void)state;
	/* BEP 6: the first request is answered in spite of the cancel, by block here. */
	talk_ask(t, first);
	assert_int_equal(peer_send_cancel(&t->p, first), RC_OK);
	talk_ask(t, first);
	say_payload(t, first);
	say_payload(t, first);
	talk_now(t);
	ASSERT_KINDS(t, PEER_BEGIN, PEER_BLOCK);
	assert_int_equal(t->p.unasked, 0);
	say_payload(t, first);
	talk_now(t);
	assert_int_equal(t->p.unasked, 1);
	talk_free(t);
}

static void
a_block_of_another_length_than_asked_for_is_unasked(void **state)
{
	struct talk *t = talk_open(0);
	const struct peer_block shorter = { first.piece, first.begin, TALK_BLOCK - 1 },
	                        longer = { first.piece, first.begin, TALK_BLOCK + 1 },
	                        shifted = { first.piece, 1, TALK_BLOCK };

	(void)state;
	talk_ask(t, first);
	say_payload(t, shorter);
	say_payload(t, longer);
	say_payload(t, shifted);
	talk_now(t);
	assert_int_equal(t->n_events, 0);
	assert_int_equal(t->p.unasked, 3);
	assert_int_equal(t->p.n_requests, 1);
	talk_free(t);
}

static void
too_many_unasked_blocks_end_it(void **state)
{
	struct talk *t = talk_open(0);
	struct peer_block b = { 0, 0, 1 };

	(void)state;
	for (int i = 0; i < 16; i++) {
		b.begin = (uint32_t)i;
		say_payload(t, b);
	}
	talk_now(t);
	assert_int_equal(t->n_events, 0);
	say_payload(t, b);
	talk_now(t);
	assert_bad(t, "sends blocks that nobody asked for");
	talk_free(t);
}

static void
an_unasked_block_is_forgiven_for_every_eight_that_were_asked_for(void **state)
{
	struct talk *t = talk_open(0);
	struct peer_block b = { 0, 0, 1 };

	(void)state;
	for (int i = 0; i < 16; i++)
		say_payload(t, b);
	for (int i = 0; i < 8; i++) {
		talk_ask(t, first);
		say_payload(t, first);
		talk_now(t);
		assert_int_equal(t->p.unasked, i < 7 ? 16 : 15);
	}
	say_payload(t, b);
	talk_now(t);
	assert_int_equal(t->p.unasked, 16);
	say_payload(t, b);
	talk_now(t);
	assert_bad(t, "sends blocks that nobody asked for");
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_that_came_once_is_unasked_the_second_time),
		cmocka_unit_test(what_was_cancelled_and_asked_for_anew_may_come_twice),
		cmocka_unit_test(a_block_of_another_length_than_asked_for_is_unasked),
		cmocka_unit_test(too_many_unasked_blocks_end_it),
		cmocka_unit_test(
		    an_unasked_block_is_forgiven_for_every_eight_that_were_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
