/* SPDX-License-Identifier: ISC */
/* What we say, held against bytes put together by hand from BEP 3, BEP 6 and BEP 10. */
#include "tests/unit/core/talk.h"

static const struct peer_block first = { 3, 0, TALK_BLOCK },
                               second = { 3, TALK_BLOCK, TALK_BLOCK };

#define FIRST "\0\0\0\3\0\0\0\0\0\0\x40\0"
#define SAID(t, text) assert_said(t, text, sizeof(text) - 1)

static const char our_handshake[] = "\023BitTorrent protocol"
                                    "\0\0\0\0\0\x10\0\x04"
                                    "BBBBBBBBBBBBBBBBBBB\0"
                                    "-UG0100-uuuuuuuuuuu";

static void
the_caller_speaks_first(void **state)
{
	struct talk *t = talk_new(false);

	(void)state;
	/* The id's NUL is the literal's own. */
	assert_said(t, our_handshake, 68);
	talk_free(t);
}

static void
who_is_called_answers_a_handshake_with_its_own(void **state)
{
	struct talk *t = talk_new(true);

	(void)state;
	assert_int_equal(peer_waiting(&t->p), 0);
	say_handshake(t, 0);
	talk_hear(t, 67);
	assert_said(t, our_handshake, 68);
	talk_free(t);
}

/* What follows our handshake when we have these pieces. */
static struct talk *
greet(uint32_t from, uint32_t to, unsigned flags)
{
	struct talk *t = talk_new(false);

	for (uint32_t i = from; i < to; i++)
		bitset_set(&t->have, i);
	say_handshake(t, flags);
	talk_now(t);
	assert_true(peer_waiting(&t->p) >= 68);
	peer_sent(&t->p, 68, t->now_ms);
	return t;
}

static void
our_pieces_are_told_in_the_shortest_way_that_both_know(void **state)
{
	struct talk *t = greet(0, 0, 0);

	(void)state;
	assert_int_equal(peer_waiting(&t->p), 0);
	talk_free(t);
	t = greet(0, 0, TALK_FAST);
	SAID(t, "\0\0\0\1\x0f");
	talk_free(t);
	t = greet(0, TALK_PIECES, TALK_FAST);
	SAID(t, "\0\0\0\1\x0e");
	talk_free(t);
	t = greet(0, TALK_PIECES, 0);
	SAID(t, "\0\0\0\4\5\xff\xff\xf0");
	talk_free(t);
	t = greet(7, 9, TALK_FAST);
	SAID(t, "\0\0\0\4\5\1\x80\0");
	talk_free(t);
}

static void
our_extension_handshake_says_our_queue_and_to_whom_we_called_our_port(void **state)
{
	static const char called[] = "d1:mde1:pi6881e4:reqqi2000e1:v";
	static const char calling[] = "d1:mde4:reqqi2000e1:v";
	struct talk *t = greet(0, 0, TALK_EXTENDED);
	struct bytes out = talk_output(t);

	(void)state;
	assert_true(out.n > 6 + sizeof(called));
	assert_int_equal(get_be32(out.p), out.n - 4);
	assert_memory_equal(out.p + 4, "\x14\0", 2);
	assert_memory_equal(out.p + 6, called, sizeof(called) - 1);
	talk_free(t);
	t = talk_new(true);
	say_handshake(t, TALK_EXTENDED);
	talk_now(t);
	out = talk_output(t);
	assert_true(out.n > 68 + 6 + sizeof(calling));
	assert_memory_equal(out.p + 68 + 6, calling, sizeof(calling) - 1);
	talk_free(t);
}

static void
each_message_is_as_the_tables_draw_it(void **state)
{
	struct talk *t = talk_open(TALK_FAST);

	(void)state;
	assert_int_equal(peer_set_choking(&t->p, false), RC_OK);
	SAID(t, "\0\0\0\1\1");
	assert_int_equal(peer_set_choking(&t->p, true), RC_OK);
	SAID(t, "\0\0\0\1\0");
	assert_int_equal(peer_set_interested(&t->p, true), RC_OK);
	SAID(t, "\0\0\0\1\2");
	assert_int_equal(peer_set_interested(&t->p, false), RC_OK);
	SAID(t, "\0\0\0\1\3");
	assert_int_equal(peer_send_have(&t->p, 0x12), RC_OK);
	SAID(t, "\0\0\0\5\4\0\0\0\x12");
	assert_int_equal(peer_send_keepalive(&t->p), RC_OK);
	SAID(t, "\0\0\0\0");
	talk_ask(t, first);
	SAID(t, "\0\0\0\x0d\6" FIRST);
	assert_int_equal(peer_send_cancel(&t->p, first), RC_OK);
	SAID(t, "\0\0\0\x0d\x08" FIRST);
	assert_int_equal(peer_send_reject(&t->p, first), RC_OK);
	SAID(t, "\0\0\0\x0d\x10" FIRST);
	assert_int_equal(peer_send_allowed(&t->p, 5), RC_OK);
	SAID(t, "\0\0\0\5\x11\0\0\0\5");
	assert_int_equal(
	    peer_send_block(&t->p, (struct peer_block){ 19, 997, 3 }), RC_OK);
	SAID(t, "\0\0\0\x0c\7\0\0\0\x13\0\0\x03\xe5");
	assert_int_equal(peer_waiting(&t->p), 3);
	talk_free(t);
}

static void
without_bep_6_its_messages_are_not_said(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	assert_int_equal(peer_send_reject(&t->p, first), RC_OK);
	assert_int_equal(peer_send_allowed(&t->p, 5), RC_OK);
	assert_int_equal(peer_waiting(&t->p), 0);
	talk_free(t);
}

static void
what_it_knows_already_is_not_said_again(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	assert_int_equal(peer_set_choking(&t->p, true), RC_OK);
	assert_int_equal(peer_set_interested(&t->p, false), RC_OK);
	assert_int_equal(peer_waiting(&t->p), 0);
	say_piece(t, 4, 6);
	talk_now(t);
	assert_int_equal(peer_send_have(&t->p, 6), RC_OK);
	assert_int_equal(peer_waiting(&t->p), 0);
	assert_int_equal(peer_send_have(&t->p, 7), RC_OK);
	SAID(t, "\0\0\0\5\4\0\0\0\7");
	talk_free(t);
}

static void
a_piece_that_comes_before_the_handshake_is_told_by_the_bit_field_alone(void **state)
{
	struct talk *t = talk_new(false);

	(void)state;
	peer_sent(&t->p, 68, t->now_ms);
	bitset_set(&t->have, 4);
	assert_int_equal(peer_send_have(&t->p, 4), RC_OK);
	assert_int_equal(peer_waiting(&t->p), 0);
	say_handshake(t, TALK_FAST);
	talk_now(t);
	SAID(t, "\0\0\0\4\5\x08\0\0");
	talk_free(t);
}

static void
requests_stand_in_the_order_asked(void **state)
{
	struct talk *t = talk_open(0);
	struct peer_block b = first;

	(void)state;
	for (b.piece = 0; b.piece < 19; b.piece++, t->now_ms++)
		talk_ask(t, b);
	assert_int_equal(t->p.n_requests, 19);
	assert_int_equal(t->p.n_stale, 0);
	for (uint32_t i = 0; i < 19; i++) {
		assert_int_equal(t->p.requests[i].block.piece, i);
		assert_true(t->p.requests[i].asked_ms == TALK_NOW + i);
		assert_false(t->p.requests[i].stale);
	}
	talk_free(t);
}

static void
no_more_than_our_limit_is_asked_for_at_once(void **state)
{
	struct talk *t = talk_open(0);
	struct peer_block b = { 0, 0, 1 };
	size_t said;

	(void)state;
	for (b.begin = 0; b.begin < PEER_REQUESTS_MAX; b.begin++)
		talk_ask(t, b);
	said = peer_waiting(&t->p);
	assert_int_equal(said, 17 * PEER_REQUESTS_MAX);
	assert_int_equal(peer_send_request(&t->p, b, t->now_ms), RC_BIG);
	assert_int_equal(t->p.n_requests, PEER_REQUESTS_MAX);
	assert_int_equal(peer_waiting(&t->p), said);
	/* One comes, another may be asked for. */
	b.begin = 77;
	say_payload(t, b);
	talk_now(t);
	talk_ask(t, b);
	talk_free(t);
}

static void
a_block_asked_for_again_is_stale_no_longer_and_stands_last(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	talk_ask(t, first);
	talk_ask(t, second);
	peer_stale_requests(&t->p);
	t->now_ms += 20000; /* it is no longer on its way */
	talk_ask(t, first);
	assert_int_equal(t->p.n_requests, 2);
	assert_int_equal(t->p.n_stale, 1);
	assert_int_equal(t->p.requests[1].block.begin, 0);
	assert_true(t->p.requests[1].asked_ms == TALK_NOW + 20000);
	assert_true(t->p.requests[0].stale && !t->p.requests[1].stale);
	talk_free(t);
}

static void
only_what_is_asked_for_can_be_cancelled_and_only_once(void **state)
{
	struct talk *t = talk_open(0);
	const struct peer_block shorter = { first.piece, first.begin, 1 };

	(void)state;
	talk_ask(t, first);
	peer_sent(&t->p, 17, t->now_ms);
	assert_int_equal(peer_send_cancel(&t->p, second), RC_OK);
	assert_int_equal(peer_send_cancel(&t->p, shorter), RC_OK);
	assert_int_equal(peer_waiting(&t->p), 0);
	assert_int_equal(t->p.n_stale, 0);
	assert_int_equal(peer_send_cancel(&t->p, first), RC_OK);
	SAID(t, "\0\0\0\x0d\x08" FIRST);
	assert_int_equal(t->p.n_stale, 1);
	assert_int_equal(peer_send_cancel(&t->p, first), RC_OK);
	assert_int_equal(peer_waiting(&t->p), 0);
	assert_int_equal(t->p.n_stale, 1);
	talk_free(t);
}

static void
only_old_stale_requests_are_forgotten(void **state)
{
	struct talk *t = talk_open(0);
	struct peer_block b = first;

	(void)state;
	for (b.piece = 0; b.piece < 8; b.piece++, t->now_ms += 10)
		talk_ask(t, b);
	for (b.piece = 0; b.piece < 8; b.piece += 2)
		assert_int_equal(peer_send_cancel(&t->p, b), RC_OK);
	peer_forget_requests(&t->p, TALK_NOW + 40);
	/* 0 and 2 are gone; 1 and 3 are not stale, 4 is not old. */
	assert_int_equal(t->p.n_requests, 6);
	assert_int_equal(t->p.n_stale, 2);
	assert_int_equal(t->p.requests[0].block.piece, 1);
	assert_int_equal(t->p.requests[1].block.piece, 3);
	assert_int_equal(t->p.requests[2].block.piece, 4);
	talk_free(t);
}

static void
the_oldest_request_expires_first_and_each_only_once(void **state)
{
	struct talk *t = talk_open(0);
	struct peer_block b = first, gone;

	(void)state;
	for (b.piece = 0; b.piece < 4; b.piece++, t->now_ms += 10)
		talk_ask(t, b);
	assert_int_equal(peer_expire_request(&t->p, TALK_NOW, &gone), RC_NONE);
	assert_int_equal(peer_expire_request(&t->p, TALK_NOW + 15, &gone), RC_OK);
	assert_int_equal(gone.piece, 0);
	assert_int_equal(peer_expire_request(&t->p, TALK_NOW + 15, &gone), RC_OK);
	assert_int_equal(gone.piece, 1);
	assert_int_equal(peer_expire_request(&t->p, TALK_NOW + 15, &gone), RC_NONE);
	assert_int_equal(t->p.n_stale, 2);
	assert_int_equal(t->p.n_requests, 4);
	talk_free(t);
}

static void
output_that_piles_up_is_refused_whole_and_flows_again_when_it_is_sent(void **state)
{
	struct talk *t = talk_open(TALK_FAST);
	size_t whole = TALK_BLOCK + 13, n = 0, before;

	(void)state;
	while (peer_send_block(&t->p, first) == RC_OK)
		n++;
	assert_int_equal(n, PEER_BLOCKS_MAX);
	before = peer_waiting(&t->p);
	assert_int_equal(before, n * whole);
	/* Small messages still fit, up to the last byte. */
	while (peer_send_reject(&t->p, first) == RC_OK)
		before += 17;
	assert_int_equal(peer_waiting(&t->p), before);
	assert_true(before - n * TALK_BLOCK <= PEER_OUTPUT_MAX);
	assert_true(before - n * TALK_BLOCK + 17 > PEER_OUTPUT_MAX);
	assert_int_equal(peer_sent(&t->p, whole, t->now_ms), TALK_BLOCK);
	assert_int_equal(peer_send_block(&t->p, first), RC_OK);
	assert_int_equal(peer_send_block(&t->p, first), RC_BIG);
	talk_free(t);
}

static void
a_request_that_cannot_be_said_is_not_outstanding(void **state)
{
	struct talk *t = talk_open(TALK_FAST);

	(void)state;
	while (peer_send_reject(&t->p, first) == RC_OK)
		;
	assert_int_equal(peer_send_request(&t->p, first, t->now_ms), RC_BIG);
	assert_int_equal(t->p.n_requests, 0);
	talk_free(t);
}

/* Words and blocks in the order in which they were said; a block is NULL here. */
static void
flatten(const struct peer *p, uint8_t *out, size_t *n)
{
	struct peer_part part;

	*n = 0;
	for (size_t i = 0; peer_output(p, i, &part); i++) {
		size_t size = part.bytes.n > 0 ? part.bytes.n : part.block.length;

		for (size_t k = 0; k < size; k++)
			out[(*n)++] = part.bytes.n > 0 ? part.bytes.p[k]
			                               : (uint8_t)(part.block.begin + k);
	}
}

static void
what_was_sent_in_part_goes_on_where_it_stopped(void **state)
{
	struct talk *t = talk_open(TALK_FAST);
	uint8_t all[256], left[256];
	size_t n, rest, payload = 0;

	(void)state;
	assert_int_equal(peer_send_have(&t->p, 1), RC_OK);
	assert_int_equal(peer_send_block(&t->p, (struct peer_block){ 0, 100, 3 }), RC_OK);
	assert_int_equal(peer_send_block(&t->p, (struct peer_block){ 0, 200, 5 }), RC_OK);
	assert_int_equal(peer_send_have(&t->p, 2), RC_OK);
	flatten(&t->p, all, &n);
	assert_int_equal(n, 9 + 13 + 3 + 13 + 5 + 9);
	assert_memory_equal(all + 9 + 13, "\x64\x65\x66", 3);
	assert_memory_equal(all + 9 + 13 + 3 + 13, "\xc8\xc9\xca\xcb\xcc", 5);
	for (size_t i = 0; i < n; i++) {
		flatten(&t->p, left, &rest);
		assert_int_equal(rest, n - i);
		assert_int_equal(peer_waiting(&t->p), n - i);
		assert_memory_equal(left, all + i, rest);
		payload += peer_sent(&t->p, 1, t->now_ms + (int64_t)i);
	}
	assert_int_equal(peer_waiting(&t->p), 0);
	assert_int_equal(payload, 8);
	assert_true(t->p.spoke_ms == TALK_NOW + (int64_t)n - 1);
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_caller_speaks_first),
		cmocka_unit_test(who_is_called_answers_a_handshake_with_its_own),
		cmocka_unit_test(our_pieces_are_told_in_the_shortest_way_that_both_know),
		cmocka_unit_test(
		    our_extension_handshake_says_our_queue_and_to_whom_we_called_our_port),
		cmocka_unit_test(each_message_is_as_the_tables_draw_it),
		cmocka_unit_test(without_bep_6_its_messages_are_not_said),
		cmocka_unit_test(what_it_knows_already_is_not_said_again),
		cmocka_unit_test(
		    a_piece_that_comes_before_the_handshake_is_told_by_the_bit_field_alone),
		cmocka_unit_test(requests_stand_in_the_order_asked),
		cmocka_unit_test(no_more_than_our_limit_is_asked_for_at_once),
		cmocka_unit_test(
		    a_block_asked_for_again_is_stale_no_longer_and_stands_last),
		cmocka_unit_test(only_what_is_asked_for_can_be_cancelled_and_only_once),
		cmocka_unit_test(only_old_stale_requests_are_forgotten),
		cmocka_unit_test(the_oldest_request_expires_first_and_each_only_once),
		cmocka_unit_test(
		    output_that_piles_up_is_refused_whole_and_flows_again_when_it_is_sent),
		cmocka_unit_test(a_request_that_cannot_be_said_is_not_outstanding),
		cmocka_unit_test(what_was_sent_in_part_goes_on_where_it_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
