/* SPDX-License-Identifier: ISC */
/* What a peer says. The rules are those of BEP 3 and BEP 6, and of core/peer.h. */
#include "tests/unit/core/talk.h"

static const struct peer_block first = { 3, 0, TALK_BLOCK },
                               second = { 3, TALK_BLOCK, TALK_BLOCK },
                               tail = { TALK_PIECES - 1, 0, TALK_LAST };

static void
a_handshake_makes_it_ready_and_says_who_it_is(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 4; flags++) {
		struct talk *t = talk_open(flags);

		assert_true(t->p.ready);
		assert_int_equal(t->p.fast, (flags & TALK_FAST) != 0);
		assert_int_equal(t->p.extended, (flags & TALK_EXTENDED) != 0);
		assert_memory_equal(t->p.id, talk_its_id, 20);
		assert_true(t->p.chokes_us && !t->p.is_interested);
		talk_free(t);
	}
}

static void
the_first_wrong_byte_of_a_handshake_ends_it(void **state)
{
	(void)state;
	for (size_t at = 0; at < 20; at++) {
		struct talk *t = talk_new(at % 2 == 0);

		say_handshake(t, TALK_FAST);
		t->say[at] ^= 0x20;
		t->n = at;
		talk_hear(t, 3);
		assert_int_equal(t->n_events, 0);
		t->n = at + 1;
		talk_hear(t, 1);
		assert_bad(t, "does not speak BitTorrent, or speaks it encrypted");
		assert_false(t->p.ready);
		talk_free(t);
	}
}

static void
another_torrent_ends_it(void **state)
{
	(void)state;
	for (size_t at = 28; at < 48; at++) {
		struct talk *t = talk_new(true);

		say_handshake(t, TALK_FAST);
		t->say[at] ^= 1;
		talk_hear(t, SIZE_MAX);
		assert_bad(t, "has another torrent");
		/* It learned nothing of us. */
		assert_int_equal(peer_waiting(&t->p), 0);
		talk_free(t);
	}
}

/* A conversation with something of everything. */
static void
script(struct talk *t)
{
	static const char extended[] =
	    "\0d1:md11:ut_metadatai2ee1:pi4000e4:reqqi250e1:v6:libxyze";
	const struct peer_block unasked = { 7, 0, 100 };

	say_handshake(t, TALK_FAST | TALK_EXTENDED);
	say_message(t, 5, "\xf0\x0f\x10", 3);
	say_message(t, 20, extended, sizeof(extended) - 1);
	say_piece(t, 4, 18);
	say_piece(t, 4, 18); /* known by now */
	say_number(t, 0);    /* keep alive */
	say_message(t, 1, NULL, 0);
	say_message(t, 2, NULL, 0);
	say_payload(t, first);
	say_piece(t, 13, 5); /* suggest */
	say_payload(t, unasked);
	say_block(t, 6, tail);
	say_block(t, 8, tail);
	say_message(t, 99, "what nobody knows", 17);
	say_message(t, 98, NULL, 0);
	say_message(t, 9, "\x1a\xe1", 2); /* the DHT's port */
	say_payload(t, tail);
	say_message(t, 0, NULL, 0);
	say_block(t, 16, second);
	say_piece(t, 17, 3); /* allowed fast */
	say_message(t, 20, "\3whatever", 9);
	say_message(t, 3, NULL, 0);
}

static void
check_script(struct talk *t)
{
	ASSERT_KINDS(t, PEER_READY, PEER_PIECES, PEER_EXTENDED, PEER_HAVE, PEER_UNCHOKE,
	    PEER_INTEREST, PEER_BEGIN, PEER_BLOCK, PEER_REQUEST, PEER_CANCEL, PEER_BEGIN,
	    PEER_BLOCK, PEER_CHOKE, PEER_REJECT, PEER_ALLOWED, PEER_INTEREST);
	assert_int_equal(t->event[3].block.piece, 18);
	assert_block(&t->event[6], first);
	assert_block(&t->event[7], first);
	assert_block(&t->event[8], tail);
	assert_block(&t->event[9], tail);
	assert_block(&t->event[11], tail);
	assert_block(&t->event[13], second);
	assert_int_equal(t->event[14].block.piece, 3);
	assert_memory_equal(bitset_bytes(&t->p.has).p, "\xf0\x0f\x30", 3);
	assert_int_equal(t->p.has.count, 10);
	assert_int_equal(t->p.said.port, 4000);
	assert_int_equal(t->p.said.reqq, 250);
	assert_string_equal(t->p.client, "libxyz");
	assert_int_equal(t->p.unasked, 1);
	assert_int_equal(t->p.n_requests, 0);
	assert_true(t->p.chokes_us && !t->p.is_interested);
}

static void
a_conversation_is_the_same_however_its_bytes_are_cut(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 5, 7, 13, 64, 68, 69, 1000, 16384, 16397,
		SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct talk *t = talk_new(false);

		t->places = i % 2 == 0;
		script(t);
		talk_ask(t, first);
		talk_ask(t, second);
		talk_ask(t, tail);
		talk_hear(t, sizes[i / 2]);
		check_script(t);
		if (t->places) {
			assert_payload(t->got[7], first);
			assert_payload(t->got[11], tail);
		}
		talk_free(t);
	}
}

static void
a_conversation_is_the_same_whatever_one_read_brings(void **state)
{
	struct talk *t = talk_new(false);
	size_t n;

	(void)state;
	script(t);
	n = t->n;
	talk_free(t);
	/* One cut at every place; inside payload some are enough. */
	for (size_t cut = 1; cut<n; cut += cut % 16384> 400 ? 97 : 1) {
		t = talk_new(false);
		script(t);
		talk_ask(t, first);
		talk_ask(t, second);
		talk_ask(t, tail);
		t->scratch = 40000;
		t->n = cut;
		talk_hear(t, SIZE_MAX);
		t->n = n;
		talk_hear(t, SIZE_MAX);
		check_script(t);
		assert_payload(t->got[7], first);
		assert_payload(t->got[11], tail);
		talk_free(t);
	}
}

static void
payload_goes_around_the_scratch_room(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	talk_ask(t, first);
	talk_ask(t, second);
	say_payload(t, first);
	say_payload(t, second);
	t->scratch = 100;
	talk_hear(t, SIZE_MAX);
	assert_payload(t->got[2], first);
	assert_payload(t->got[4], second);
	/* Only what lay in scratch behind the block's head was copied. */
	assert_true(t->direct >= 2 * (TALK_BLOCK - 100));
	talk_free(t);
}

static void
a_block_without_a_place_is_dropped_but_told(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	t->places = false;
	talk_ask(t, first);
	say_payload(t, first);
	talk_hear(t, 1000);
	assert_int_equal(t->direct, 0);
	assert_int_equal(t->event[t->n_events - 1].kind, PEER_BLOCK);
	talk_free(t);
}

static void
a_place_that_is_taken_away_gets_no_byte_more(void **state)
{
	struct talk *t = talk_open(0);
	uint8_t *place;

	(void)state;
	talk_ask(t, first);
	talk_ask(t, second);
	say_payload(t, first);
	say_payload(t, second);
	t->n = 13 + 5000;
	talk_hear(t, 700);
	peer_place(&t->p, NULL);
	place = t->place;
	t->place = NULL;
	t->n = 2 * (13 + TALK_BLOCK);
	talk_hear(t, 700);
	for (uint32_t i = 0; i < TALK_BLOCK; i++)
		assert_int_equal(place[i], i < 5000 ? talk_byte(first, i) : 0x5a);
	free(place);
	ASSERT_KINDS(t, PEER_READY, PEER_BEGIN, PEER_BLOCK, PEER_BEGIN, PEER_BLOCK);
	assert_payload(t->got[4], second);
	talk_free(t);
}

static void
a_place_outside_a_block_is_not_taken(void **state)
{
	struct talk *t = talk_open(0);
	const struct peer_room scratch = { .p = NULL, .n = 1 };
	struct peer_room room[PEER_ROOMS];
	uint8_t nowhere;

	(void)state;
	peer_place(&t->p, &nowhere);
	assert_int_equal(peer_room(&t->p, scratch, room), 1);
	assert_false(peer_is_placed(&t->p, &nowhere, 1));
	talk_free(t);
}

static void
a_block_is_placed_where_it_begins_from_its_first_byte_to_its_last(void **state)
{
	struct talk *t = talk_open(0);
	uint8_t *piece = malloc(3 * TALK_BLOCK), *mine = piece + TALK_BLOCK;

	(void)state;
	assert_non_null(piece);
	t->places = false;
	talk_ask(t, second);
	say_payload(t, second);
	t->n = 13;
	talk_hear(t, SIZE_MAX);
	assert_int_equal(t->event[1].kind, PEER_BEGIN);
	peer_place(&t->p, mine);
	for (uint32_t n = 0; n < TALK_BLOCK; n += 4000) {
		t->n = 13 + n;
		talk_hear(t, SIZE_MAX);
		assert_true(peer_is_placed(&t->p, mine, TALK_BLOCK));
		assert_true(peer_is_placed(&t->p, piece, 3 * TALK_BLOCK));
		/* Its neighbours. */
		assert_false(peer_is_placed(&t->p, piece, TALK_BLOCK));
		assert_false(peer_is_placed(&t->p, mine + TALK_BLOCK, TALK_BLOCK));
	}
	t->n = 13 + TALK_BLOCK;
	talk_hear(t, SIZE_MAX);
	assert_false(peer_is_placed(&t->p, mine, TALK_BLOCK));
	assert_payload(mine, second);
	talk_free(t);
	free(piece);
}

static void
a_bit_field_of_another_size_ends_it(void **state)
{
	(void)state;
	for (size_t n = 0; n < 6; n++) {
		struct talk *t = talk_open(0);

		say_message(t, 5, "\xff\xff\xf0\0\0\0", n);
		talk_now(t);
		if (n == 3) {
			ASSERT_KINDS(t, PEER_PIECES);
			assert_int_equal(t->p.has.count, TALK_PIECES);
		} else {
			assert_bad(t, "sends a message of an impossible length");
		}
		talk_free(t);
	}
}

static void
each_spare_bit_of_a_bit_field_ends_it(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 4; bit++) {
		const uint8_t field[3] = { 0, 0, (uint8_t)(1u << bit) };
		struct talk *t = talk_open(0);

		say_message(t, 5, field, sizeof(field));
		talk_now(t);
		assert_bad(t, "sends a bit field with spare bits set");
		talk_free(t);
	}
}

static void
a_second_bit_field_is_so_many_haves_and_takes_nothing_back(void **state)
{
	struct talk *t = talk_open(0);

	(void)state;
	say_message(t, 5, "\x81\0\0", 3);
	talk_now(t);
	ASSERT_KINDS(t, PEER_PIECES);
	say_message(t, 5, "\xc0\0\x10", 3);
	say_message(t, 5, "\xc0\0\x10", 3);
	say_message(t, 1, NULL, 0);
	talk_now(t);
	ASSERT_KINDS(t, PEER_HAVE, PEER_HAVE, PEER_UNCHOKE);
	assert_int_equal(t->event[0].block.piece, 1);
	assert_int_equal(t->event[1].block.piece, 19);
	assert_memory_equal(bitset_bytes(&t->p.has).p, "\xc1\0\x10", 3);
	assert_int_equal(t->p.has.count, 4);
	say_message(t, 5, "\0\0\x01", 3);
	talk_now(t);
	assert_bad(t, "sends a bit field with spare bits set");
	talk_free(t);
}

static void
a_later_have_all_is_as_many_haves_as_were_missing(void **state)
{
	struct talk *t = talk_open(TALK_FAST);

	(void)state;
	say_message(t, 5, "\xff\xff\x40", 3);
	talk_now(t);
	say_message(t, 15, NULL, 0); /* have none takes nothing back */
	talk_now(t);
	assert_int_equal(t->n_events, 0);
	assert_int_equal(t->p.has.count, 17);
	say_message(t, 14, NULL, 0);
	say_message(t, 14, NULL, 0);
	say_message(t, 1, NULL, 0);
	talk_now(t);
	ASSERT_KINDS(t, PEER_HAVE, PEER_HAVE, PEER_HAVE, PEER_UNCHOKE);
	assert_int_equal(t->event[0].block.piece, 16);
	assert_int_equal(t->event[1].block.piece, 18);
	assert_int_equal(t->event[2].block.piece, 19);
	assert_true(bitset_full(&t->p.has));
	talk_free(t);
}

static void
a_have_past_the_last_piece_ends_it(void **state)
{
	static const uint32_t past[] = { TALK_PIECES, TALK_PIECES + 3, 0x7fffffff,
		0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		struct talk *t = talk_open(TALK_FAST);

		say_piece(t, 4, TALK_PIECES - 1);
		say_piece(t, 4, past[i]);
		talk_now(t);
		ASSERT_KINDS(t, PEER_HAVE, PEER_BAD);
		assert_bad(t, "has a piece past the last");
		talk_free(t);
	}
}

static void
an_impossible_length_ends_it_before_the_message_comes(void **state)
{
	static const uint32_t length[] = { 0xffffffff, 0x7fffffff, 0x80000000, 2 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(length) / sizeof(length[0]); i++)
		for (unsigned id = 0; id < 32; id++) {
			struct talk *t = talk_open(TALK_FAST | TALK_EXTENDED);
			const uint8_t byte = (uint8_t)id;

			say_number(t, length[i]);
			say(t, &byte, 1);
			talk_now(t);
			assert_bad(t, "sends a message of an impossible length");
			talk_free(t);
		}
}

static void
a_request_outside_the_torrent_ends_it(void **state)
{
	static const struct peer_block outside[] = {
		{ TALK_PIECES, 0, 1 },
		{ 0xffffffff, 0, TALK_BLOCK },
		{ 0, 0, 0 },
		{ 0, TALK_PIECE, 1 },
		{ 0, TALK_PIECE - 1, 2 },
		{ 0, 0, TALK_PIECE + 1 },
		{ 0, 0xffffc000, TALK_BLOCK },
		{ 0, TALK_BLOCK, 0xffffffff },
		{ TALK_PIECES - 1, 0, TALK_LAST + 1 },
		{ TALK_PIECES - 1, TALK_LAST, 1 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(outside) / sizeof(outside[0]); i++) {
		struct talk *t = talk_open(TALK_FAST);

		say_block(t, i % 2 == 0 ? 6 : 8, outside[i / 2]);
		talk_now(t);
		assert_bad(t, "asks for a block outside the torrent");
		talk_free(t);
	}
}

static void
a_request_up_to_the_very_end_is_told(void **state)
{
	static const struct peer_block inside[] = { { 0, 0, TALK_PIECE },
		{ 0, TALK_PIECE - 1, 1 }, { TALK_PIECES - 1, TALK_LAST - 1, 1 },
		{ TALK_PIECES - 1, 0, TALK_LAST } };

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		struct talk *t = talk_open(0);

		say_block(t, 6, inside[i]);
		say_block(t, 8, inside[i]);
		talk_now(t);
		ASSERT_KINDS(t, PEER_REQUEST, PEER_CANCEL);
		assert_block(&t->event[0], inside[i]);
		assert_block(&t->event[1], inside[i]);
		talk_free(t);
	}
}

static void
a_block_longer_than_anybody_may_ask_for_is_refused_even_inside_a_piece(void **state)
{
	struct bitset have;
	struct peer p;
	struct peer_event e;
	struct bytes rest;
	struct talk *t = talk_new(false);
	struct peer_config config = t->p.config;

	(void)state;
	assert_int_equal(bitset_init(&have, 1), RC_OK);
	config.have = &have;
	config.piece_length = 1 << 20;
	config.length = 1 << 20;
	assert_int_equal(peer_init(&p, &config, 0), RC_OK);
	say_handshake(t, 0);
	say_block(t, 6, (struct peer_block){ 0, 0, 128 * 1024 });
	say_block(t, 6, (struct peer_block){ 0, 0, 128 * 1024 + 1 });
	rest = bytes_of(t->say, t->n);
	peer_next(&p, &rest, 0, &e);
	assert_int_equal(e.kind, PEER_READY);
	peer_next(&p, &rest, 0, &e);
	assert_int_equal(e.kind, PEER_REQUEST);
	peer_next(&p, &rest, 0, &e);
	assert_int_equal(e.kind, PEER_BAD);
	peer_clear(&p);
	bitset_clear(&have);
	talk_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_makes_it_ready_and_says_who_it_is),
		cmocka_unit_test(the_first_wrong_byte_of_a_handshake_ends_it),
		cmocka_unit_test(another_torrent_ends_it),
		cmocka_unit_test(a_conversation_is_the_same_however_its_bytes_are_cut),
		cmocka_unit_test(a_conversation_is_the_same_whatever_one_read_brings),
		cmocka_unit_test(payload_goes_around_the_scratch_room),
		cmocka_unit_test(a_block_without_a_place_is_dropped_but_told),
		cmocka_unit_test(a_place_that_is_taken_away_gets_no_byte_more),
		cmocka_unit_test(a_place_outside_a_block_is_not_taken),
		cmocka_unit_test(
		    a_block_is_placed_where_it_begins_from_its_first_byte_to_its_last),
		cmocka_unit_test(a_bit_field_of_another_size_ends_it),
		cmocka_unit_test(each_spare_bit_of_a_bit_field_ends_it),
		cmocka_unit_test(
		    a_second_bit_field_is_so_many_haves_and_takes_nothing_back),
		cmocka_unit_test(a_later_have_all_is_as_many_haves_as_were_missing),
		cmocka_unit_test(a_have_past_the_last_piece_ends_it),
		cmocka_unit_test(an_impossible_length_ends_it_before_the_message_comes),
		cmocka_unit_test(a_request_outside_the_torrent_ends_it),
		cmocka_unit_test(a_request_up_to_the_very_end_is_told),
		cmocka_unit_test(
		    a_block_longer_than_anybody_may_ask_for_is_refused_even_inside_a_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
