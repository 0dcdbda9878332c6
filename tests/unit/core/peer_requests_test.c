/* SPDX-License-Identifier: ISC */
/* Requests and what becomes of them, BEP 6, floods, and the extension handshake. */
#include "tests/unit/core/talk.h"

static const struct peer_block first = { 3, 0, TALK_BLOCK },
                               second = { 3, TALK_BLOCK, TALK_BLOCK },
                               third = { 4, 0, TALK_BLOCK };

static void
it_unchokes(struct talk *t)
{
	say_message(t, 1, NULL, 0);
	talk_now(t);
}

static void
it_chokes(struct talk *t)
{
	say_message(t, 0, NULL, 0);
	talk_now(t);
}

static void
a_choke_without_bep_6_leaves_the_requests_for_the_swarm_to_give_up(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	it_unchokes(t);
	talk_ask(t, first);
	talk_ask(t, second);
	it_chokes(t);
	ASSERT_KINDS(t, PEER_CHOKE);
	assert_int_equal(t->p.n_requests, 2);
	assert_int_equal(t->p.n_stale, 0);
	peer_stale_requests(&t->p);
	assert_int_equal(t->p.n_stale, 2);
	talk_free(t);
}

static void
a_choke_with_bep_6_keeps_requests_until_block_or_reject(void **state)
{
	struct talk *t = talk_open(TALK_FAST);

	(void)state;
	it_unchokes(t);
	talk_ask(t, first);
	talk_ask(t, second);
	it_chokes(t);
	ASSERT_KINDS(t, PEER_CHOKE);
	assert_int_equal(t->p.n_requests, 2);
	assert_int_equal(t->p.n_stale, 0);
	say_block(t, 16, second);
	say_payload(t, first);
	talk_now(t);
	ASSERT_KINDS(t, PEER_REJECT, PEER_BEGIN, PEER_BLOCK);
	assert_block(&t->event[0], second);
	assert_false(t->event[0].stale || t->event[2].stale);
	assert_int_equal(t->p.n_requests, 0);
	talk_free(t);
}

/* How many bytes asking again says. */
static size_t
said_by_asking(struct talk *t, struct peer_block b)
{
	size_t before = peer_waiting(&t->p);

	talk_ask(t, b);
	return peer_waiting(&t->p) - before;
}

static void
what_is_asked_for_again_while_it_is_on_its_way_is_not_said_twice(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	it_unchokes(t);
	talk_ask(t, first);
	talk_ask(t, second);
	talk_ask(t, third);
	assert_int_equal(peer_send_cancel(&t->p, second), RC_OK);
	peer_stale_requests(&t->p);
	assert_int_equal(said_by_asking(t, first), 0);
	assert_int_equal(t->p.n_stale, 2);
	/* It was told that the second is off, and the third should have come long ago. */
	assert_int_equal(said_by_asking(t, second), 17);
	t->now_ms += 20000;
	assert_int_equal(said_by_asking(t, third), 17);
	assert_int_equal(t->p.n_stale, 0);
	say_payload(t, first);
	talk_now(t);
	ASSERT_KINDS(t, PEER_BEGIN, PEER_BLOCK);
	assert_false(t->event[0].stale || t->event[1].stale);
	talk_free(t);
}

static void
what_a_choke_swept_away_is_asked_for_anew(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	it_unchokes(t);
	talk_ask(t, first);
	it_chokes(t);
	/* The swarm gives it up. */
	peer_stale_requests(&t->p);
	it_unchokes(t);
	assert_int_equal(said_by_asking(t, first), 17);
	talk_free(t);
}

static void
a_choke_that_is_in_force_already_is_nothing_new(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	it_chokes(t);
	assert_int_equal(t->n_events, 0);
	say_message(t, 1, NULL, 0);
	say_message(t, 1, NULL, 0);
	say_message(t, 2, NULL, 0);
	say_message(t, 2, NULL, 0);
	say_message(t, 3, NULL, 0);
	say_message(t, 3, NULL, 0);
	talk_now(t);
	ASSERT_KINDS(t, PEER_UNCHOKE, PEER_INTEREST, PEER_INTEREST);
	talk_free(t);
}

static void
messages_of_bep_6_end_a_connection_that_did_not_agree_on_it(void **state)
{
	static const uint8_t ids[] = { 13, 14, 15, 16, 17 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(ids); i++) {
		struct talk *t = talk_open(i % 2 == 0 ? TALK_EXTENDED : TALK_FAST);
		uint8_t id = ids[i / 2];

		if (id == 16)
			say_block(t, id, first);
		else if (id == 14 || id == 15)
			say_message(t, id, NULL, 0);
		else
			say_piece(t, id, 3);
		say_message(t, 1, NULL, 0);
		talk_now(t);
		if (i % 2 == 0)
			assert_bad(t, "uses a message of BEP 6 without having said so");
		else
			assert_int_equal(t->event[t->n_events - 1].kind, PEER_UNCHOKE);
		talk_free(t);
	}
}

static void
have_all_and_have_none_tell_the_pieces_as_a_whole(void **state)
{
	(void)state;
	for (uint8_t id = 14; id <= 15; id++) {
		struct talk *t = talk_open(TALK_FAST);

		say_message(t, id, NULL, 0);
		talk_now(t);
		ASSERT_KINDS(t, PEER_PIECES);
		assert_int_equal(t->p.has.count, id == 14 ? TALK_PIECES : 0);
		talk_free(t);
	}
}

static void
a_reject_of_what_nobody_asked_for_is_ignored(void **state)
{
	struct talk *t = talk_open(TALK_FAST);
	const struct peer_block shorter = { first.piece, first.begin, 100 };

	(void)state;
	talk_ask(t, first);
	say_block(t, 16, second);
	say_block(t, 16, shorter);
	talk_now(t);
	assert_int_equal(t->n_events, 0);
	assert_int_equal(t->p.n_requests, 1);
	talk_free(t);
}

static void
allowed_pieces_are_remembered_once_each_and_up_to_a_limit(void **state)
{
	struct talk *t = talk_open(TALK_FAST);

	(void)state;
	say_piece(t, 17, 5);
	say_piece(t, 17, 5);
	say_piece(t, 17, TALK_PIECES);
	say_piece(t, 17, 0xffffffff);
	say_piece(t, 17, 6);
	talk_now(t);
	ASSERT_KINDS(t, PEER_ALLOWED, PEER_ALLOWED);
	assert_int_equal(t->p.n_allowed, 2);
	assert_int_equal(t->p.allowed[0], 5);
	assert_int_equal(t->p.allowed[1], 6);
	/* BEP 6: it does not mean that the peer has the piece. */
	assert_int_equal(t->p.has.count, 0);
	talk_free(t);
}

static void
more_allowed_pieces_than_we_remember_do_no_harm(void **state)
{
	struct talk *t = talk_new(false);
	struct peer_config config = t->p.config;
	struct bitset have;
	struct peer_event e;
	struct bytes rest;
	struct peer p;
	unsigned told = 0;

	(void)state;
	assert_int_equal(bitset_init(&have, 1000), RC_OK);
	config.have = &have;
	config.length = UINT64_C(1000) * TALK_PIECE;
	assert_int_equal(peer_init(&p, &config, 0), RC_OK);
	say_handshake(t, TALK_FAST);
	for (uint32_t i = 0; i < 1000; i++)
		say_piece(t, 17, i);
	rest = bytes_of(t->say, t->n);
	while (peer_next(&p, &rest, 0, &e), e.kind != PEER_MORE) {
		assert_int_not_equal(e.kind, PEER_BAD);
		told += e.kind == PEER_ALLOWED;
	}
	assert_int_equal(told, PEER_ALLOWED_MAX);
	assert_int_equal(p.n_allowed, PEER_ALLOWED_MAX);
	peer_clear(&p);
	bitset_clear(&have);
	talk_free(t);
}

static void
a_cancelled_block_is_stale_and_may_still_come_or_be_rejected(void **state)
{
	struct talk *t = talk_open(TALK_FAST);

	(void)state;
	talk_ask(t, first);
	talk_ask(t, second);
	assert_int_equal(peer_send_cancel(&t->p, first), RC_OK);
	assert_int_equal(peer_send_cancel(&t->p, second), RC_OK);
	assert_int_equal(t->p.n_stale, 2);
	say_payload(t, first);
	say_block(t, 16, second);
	talk_now(t);
	ASSERT_KINDS(t, PEER_BEGIN, PEER_BLOCK, PEER_REJECT);
	assert_true(t->event[0].stale && t->event[1].stale && t->event[2].stale);
	assert_int_equal(t->p.n_stale, 0);
	assert_int_equal(t->p.n_requests, 0);
	talk_free(t);
}

static void
blocks_come_in_any_order(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	talk_ask(t, first);
	talk_ask(t, second);
	talk_ask(t, third);
	say_payload(t, third);
	say_payload(t, first);
	say_payload(t, second);
	talk_now(t);
	ASSERT_KINDS(
	    t, PEER_BEGIN, PEER_BLOCK, PEER_BEGIN, PEER_BLOCK, PEER_BEGIN, PEER_BLOCK);
	assert_payload(t->got[1], third);
	assert_payload(t->got[3], first);
	assert_payload(t->got[5], second);
	talk_free(t);
}

static void
a_request_forgotten_while_its_block_is_under_way_is_no_block(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	talk_ask(t, first);
	say_payload(t, first);
	say_message(t, 1, NULL, 0);
	talk_read(t, 5000);
	ASSERT_KINDS(t, PEER_READY, PEER_BEGIN);
	peer_stale_requests(&t->p);
	peer_forget_requests(&t->p, t->now_ms + 1);
	assert_int_equal(t->p.n_requests, 0);
	assert_int_equal(t->p.n_stale, 0);
	talk_hear(t, SIZE_MAX);
	ASSERT_KINDS(t, PEER_READY, PEER_BEGIN, PEER_UNCHOKE);
	talk_free(t);
}

static void
a_block_that_goes_stale_while_it_is_under_way_says_so_at_its_end(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	talk_ask(t, first);
	say_payload(t, first);
	talk_read(t, 5000);
	peer_stale_requests(&t->p);
	talk_hear(t, SIZE_MAX);
	ASSERT_KINDS(t, PEER_READY, PEER_BEGIN, PEER_BLOCK);
	assert_false(t->event[1].stale);
	assert_true(t->event[2].stale);
	assert_int_equal(t->p.n_stale, 0);
	talk_free(t);
}

/* Keep alives until it is too many; what a peer said before counts. */
static int
flood(struct talk *t)
{
	static const uint8_t alive[4];
	struct peer_event e;

	for (int n = 1; n < 1000000; n++) {
		struct bytes rest = bytes_of(alive, sizeof(alive));

		peer_next(&t->p, &rest, t->now_ms, &e);
		if (e.kind == PEER_BAD) {
			assert_string_equal(e.why, "floods us with messages");
			return n;
		}
		assert_int_equal(e.kind, PEER_MORE);
	}
	return 0;
}

static void
a_flood_of_messages_ends_it_but_every_piece_may_be_told(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	assert_int_equal(flood(t), 20000 + TALK_PIECES + 1);
	talk_free(t);
}

static void
a_thousand_messages_a_second_are_no_flood(void **state)
{
	static const uint8_t alive[4];
	struct talk *t = talk_open(0);

	(void)state;
	for (int n = 0; n < 200000; n++) {
		struct bytes rest = bytes_of(alive, sizeof(alive));
		struct peer_event e;

		t->now_ms++;
		peer_next(&t->p, &rest, t->now_ms, &e);
		assert_int_equal(e.kind, PEER_MORE);
	}
	/* And a long silence saves up no more than the whole allowance. */
	t->now_ms += INT64_C(1000) * 86400 * 365;
	assert_int_equal(flood(t), 20000 + TALK_PIECES + 1);
	talk_free(t);
}

static void
blocks_are_no_flood(void **state)
{
	struct talk *t = talk_open(0);
	const struct peer_block b = { 0, 0, 1 };

	(void)state;
	for (int n = 0; n < 30000; n++) {
		talk_ask(t, b);
		peer_sent(&t->p, peer_waiting(&t->p), t->now_ms);
		say_payload(t, b);
		talk_now(t);
		ASSERT_KINDS(t, PEER_BEGIN, PEER_BLOCK);
	}
	talk_free(t);
}

static void
say_extended(struct talk *t, const char *body)
{
	uint8_t message[256] = { 0 };
	size_t n = strlen(body);

	memcpy(message + 1, body, n);
	say_message(t, 20, message, n + 1);
}

static void
requests_whose_blocks_were_sent_are_no_flood(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	for (int i = 0; i < 30000; i++) {
		say_block(t, 6, first);
		talk_now(t);
		ASSERT_KINDS(t, PEER_REQUEST);
		assert_int_equal(peer_send_block(&t->p, first), RC_OK);
		peer_sent(&t->p, peer_waiting(&t->p), t->now_ms);
	}
	/* They earn it nothing either. */
	assert_int_equal(flood(t), 20000 + TALK_PIECES + 1);
	talk_free(t);
}

static void
a_foreign_name_is_made_printable_and_cut(void **state)
{
	struct talk *t = talk_open(TALK_EXTENDED);

	(void)state;
	say_extended(t, "d1:v9:a\x1b[31m\xff\nbe");
	talk_now(t);
	ASSERT_KINDS(t, PEER_EXTENDED);
	assert_string_equal(t->p.client, "a?[31m??b");
	say_extended(t,
	    "d1:v60:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaae");
	talk_now(t);
	assert_int_equal(strlen(t->p.client), sizeof(t->p.client) - 1);
	talk_free(t);
}

static void
a_later_extension_handshake_changes_only_what_it_says(void **state)
{
	struct talk *t = talk_open(TALK_EXTENDED);

	(void)state;
	say_extended(t, "d1:pi4000e4:reqqi250e11:upload_onlyi1e1:v3:abce");
	say_extended(t, "d1:md6:ut_pexi0eee");
	talk_now(t);
	ASSERT_KINDS(t, PEER_EXTENDED, PEER_EXTENDED);
	assert_true(t->p.said.upload_only);
	assert_int_equal(t->p.said.port, 4000);
	assert_int_equal(t->p.said.reqq, 250);
	assert_string_equal(t->p.client, "abc");
	say_extended(t, "d4:reqqi100ee");
	talk_now(t);
	assert_int_equal(t->p.said.port, 4000);
	assert_int_equal(t->p.said.reqq, 100);
	talk_free(t);
}

static void
a_malformed_extension_handshake_says_nothing_and_is_forgiven(void **state)
{
	struct talk *t = talk_open(TALK_EXTENDED);

	(void)state;
	say_extended(t, "d1:pi4000e");
	say_extended(t, "");
	it_unchokes(t);
	ASSERT_KINDS(t, PEER_UNCHOKE);
	assert_int_equal(t->p.said.port, 0);
	talk_free(t);
}

static void
an_extension_handshake_that_is_too_long_is_passed_over(void **state)
{
	struct talk *t = talk_open(TALK_EXTENDED);
	uint8_t *body = calloc(1, EXT_HANDSHAKE_MAX + 2);

	(void)state;
	assert_non_null(body);
	memset(body + 1, ' ', EXT_HANDSHAKE_MAX + 1);
	memcpy(body + 1, "d1:pi4000ee", 11);
	say_message(t, 20, body, 1 + EXT_HANDSHAKE_MAX + 1);
	it_unchokes(t);
	ASSERT_KINDS(t, PEER_UNCHOKE);
	say_message(t, 20, body, 1 + EXT_HANDSHAKE_MAX);
	talk_now(t);
	ASSERT_KINDS(t, PEER_EXTENDED);
	assert_int_equal(t->p.said.port, 4000);
	free(body);
	talk_free(t);
}

static void
every_byte_that_comes_is_a_sign_of_life(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	say_number(t, 0);
	t->now_ms += 5000;
	talk_read(t, 1);
	assert_true(t->p.heard_ms == TALK_NOW + 5000);
	t->now_ms += 5000;
	talk_read(t, 0);
	assert_true(t->p.heard_ms == TALK_NOW + 5000);
	assert_true(t->p.spoke_ms == TALK_NOW);
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_choke_without_bep_6_leaves_the_requests_for_the_swarm_to_give_up),
		cmocka_unit_test(a_choke_with_bep_6_keeps_requests_until_block_or_reject),
		cmocka_unit_test(
		    what_is_asked_for_again_while_it_is_on_its_way_is_not_said_twice),
		cmocka_unit_test(what_a_choke_swept_away_is_asked_for_anew),
		cmocka_unit_test(a_choke_that_is_in_force_already_is_nothing_new),
		cmocka_unit_test(
		    messages_of_bep_6_end_a_connection_that_did_not_agree_on_it),
		cmocka_unit_test(have_all_and_have_none_tell_the_pieces_as_a_whole),
		cmocka_unit_test(a_reject_of_what_nobody_asked_for_is_ignored),
		cmocka_unit_test(
		    allowed_pieces_are_remembered_once_each_and_up_to_a_limit),
		cmocka_unit_test(more_allowed_pieces_than_we_remember_do_no_harm),
		cmocka_unit_test(
		    a_cancelled_block_is_stale_and_may_still_come_or_be_rejected),
		cmocka_unit_test(blocks_come_in_any_order),
		cmocka_unit_test(
		    a_request_forgotten_while_its_block_is_under_way_is_no_block),
		cmocka_unit_test(
		    a_block_that_goes_stale_while_it_is_under_way_says_so_at_its_end),
		cmocka_unit_test(a_flood_of_messages_ends_it_but_every_piece_may_be_told),
		cmocka_unit_test(a_thousand_messages_a_second_are_no_flood),
		cmocka_unit_test(blocks_are_no_flood),
		cmocka_unit_test(requests_whose_blocks_were_sent_are_no_flood),
		cmocka_unit_test(a_foreign_name_is_made_printable_and_cut),
		cmocka_unit_test(a_later_extension_handshake_changes_only_what_it_says),
		cmocka_unit_test(
		    a_malformed_extension_handshake_says_nothing_and_is_forgiven),
		cmocka_unit_test(an_extension_handshake_that_is_too_long_is_passed_over),
		cmocka_unit_test(every_byte_that_comes_is_a_sign_of_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
