/* SPDX-License-Identifier: ISC */
/* Many blocks in one read: what comes as expected, and everything else. */
#include "tests/unit/core/talk.h"

enum { BLOCKS = 4, SCRATCH = PEER_SCRATCH, EVENTS = 16 };

static const struct peer_block block[BLOCKS] = { { 3, 0, TALK_BLOCK },
	{ 3, TALK_BLOCK, TALK_BLOCK }, { 4, 0, TALK_BLOCK },
	{ 4, TALK_BLOCK, TALK_BLOCK } };
static const size_t sizes[] = { 1, 13, 1000, 13 + TALK_BLOCK, 14 + TALK_BLOCK,
	30 + TALK_BLOCK, 50000, SIZE_MAX };

/* A piece's buffer, as the swarm has it, and who hears what. */
struct ear {
	struct talk *t;
	uint8_t *scratch;
	uint8_t place[BLOCKS][TALK_BLOCK], other[TALK_BLOCK];
	bool elsewhere, nowhere; /* where a block is placed at its first byte */
	struct peer_event event[EVENTS];
	size_t n_events;
	size_t copied; /* bytes that went through scratch */
};

static size_t
number_of(struct peer_block b)
{
	for (size_t i = 0; i < BLOCKS; i++)
		if (block[i].piece == b.piece && block[i].begin == b.begin)
			return i;
	fail_msg("a block that is not ours");
	return 0;
}

static struct ear *
ear_new(unsigned flags)
{
	struct ear *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	e->t = talk_open(flags);
	e->scratch = malloc(SCRATCH);
	assert_non_null(e->scratch);
	for (size_t i = 0; i < BLOCKS; i++)
		talk_ask(e->t, block[i]);
	return e;
}

static void
ear_free(struct ear *e)
{
	talk_free(e->t);
	free(e->scratch);
	free(e);
}

static void
note(struct ear *e, const struct peer_event *event)
{
	uint8_t *place = e->elsewhere ? e->other : e->place[0];

	assert_true(e->n_events < EVENTS);
	e->event[e->n_events++] = *event;
	if (event->kind != PEER_BEGIN && event->kind != PEER_BLOCK)
		return;
	if (!e->elsewhere)
		place = e->place[number_of(event->block)];
	if (event->kind == PEER_BEGIN)
		peer_place(&e->t->p, e->nowhere ? NULL : place);
	else if (!e->nowhere)
		assert_payload(place, event->block);
}

static void
hear_once(struct ear *e, size_t n)
{
	const struct peer_room scratch = { .p = e->scratch, .n = SCRATCH };
	struct peer_room room[PEER_ROOMS];
	struct peer *p = &e->t->p;
	struct peer_event event;
	struct bytes rest;
	size_t got = 0;
	int rooms;

	peer_expect_none(p);
	for (size_t i = 0; i < p->n_requests; i++)
		peer_expect(
		    p, p->requests[i].block, e->place[number_of(p->requests[i].block)]);
	rooms = peer_room(p, scratch, room);
	for (int i = 0; i < rooms; i++) {
		size_t left = e->t->n - e->t->at, take = n - got;

		take = take < left ? take : left;
		take = take < room[i].n ? take : room[i].n;
		memcpy(room[i].p, e->t->say + e->t->at, take);
		e->t->at += take;
		got += take;
	}
	peer_commit(p, got, scratch, e->t->now_ms, &rest);
	e->copied += rest.n;
	while (peer_next(p, &rest, e->t->now_ms, &event), event.kind != PEER_MORE)
		note(e, &event);
	assert_int_equal(rest.n, 0);
}

static void
hear(struct ear *e, size_t n)
{
	while (e->t->at < e->t->n)
		hear_once(e, n);
}

static void
assert_events(const struct ear *e, const struct peer_event *want, size_t n)
{
	assert_int_equal(e->n_events, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(e->event[i].kind, want[i].kind);
		assert_int_equal(e->event[i].block.piece, want[i].block.piece);
		assert_int_equal(e->event[i].block.begin, want[i].block.begin);
		assert_int_equal(e->event[i].stale, want[i].stale);
	}
}

#define BEGIN(i)                                      \
	{                                             \
		.kind = PEER_BEGIN, .block = block[i] \
	}
#define END(i)                                        \
	{                                             \
		.kind = PEER_BLOCK, .block = block[i] \
	}
#define ASSERT_EVENTS(e, ...)                                        \
	assert_events(e, (const struct peer_event[]){ __VA_ARGS__ }, \
	    sizeof((const struct peer_event[]){ __VA_ARGS__ }) /     \
	        sizeof(struct peer_event))

static void
blocks_in_the_order_asked_go_straight_to_their_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ear *e = ear_new(0);

		for (size_t k = 0; k < BLOCKS; k++)
			say_payload(e->t, block[k]);
		hear(e, sizes[i]);
		ASSERT_EVENTS(e, BEGIN(0), END(0), BEGIN(1), END(1), BEGIN(2), END(2),
		    BEGIN(3), END(3));
		/* But for heads that were cut in two, and what came with their rest. */
		if (sizes[i] == SIZE_MAX || sizes[i] == 13 + TALK_BLOCK)
			assert_int_equal(e->copied, 0);
		assert_int_equal(e->t->p.n_requests, 0);
		ear_free(e);
	}
}

static void
blocks_in_another_order_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ear *e = ear_new(0);

		say_payload(e->t, block[0]);
		say_payload(e->t, block[2]);
		say_payload(e->t, block[1]);
		say_payload(e->t, block[3]);
		hear(e, sizes[i]);
		ASSERT_EVENTS(e, BEGIN(0), END(0), BEGIN(2), END(2), BEGIN(1), END(1),
		    BEGIN(3), END(3));
		ear_free(e);
	}
}

static void
a_message_between_blocks_is_heard_and_they_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ear *e = ear_new(0);

		say_payload(e->t, block[0]);
		say_piece(e->t, 4, 17);
		say_payload(e->t, block[1]);
		say_number(e->t, 0);
		say_payload(e->t, block[2]);
		say_piece(e->t, 4, 18);
		hear(e, sizes[i]);
		ASSERT_EVENTS(e, BEGIN(0), END(0),
		    { .kind = PEER_HAVE, .block.piece = 17 }, BEGIN(1), END(1), BEGIN(2),
		    END(2), { .kind = PEER_HAVE, .block.piece = 18 });
		ear_free(e);
	}
}

static void
a_rejected_block_is_missing_and_the_others_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ear *e = ear_new(TALK_FAST);

		say_payload(e->t, block[0]);
		say_block(e->t, 16, block[1]);
		say_payload(e->t, block[2]);
		say_payload(e->t, block[3]);
		hear(e, sizes[i]);
		ASSERT_EVENTS(e, BEGIN(0), END(0),
		    { .kind = PEER_REJECT, .block = block[1] }, BEGIN(2), END(2),
		    BEGIN(3), END(3));
		ear_free(e);
	}
}

static void
a_block_of_another_length_is_dropped(void **state)
{
	const struct peer_block shorter = { 3, TALK_BLOCK, TALK_BLOCK - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ear *e = ear_new(0);

		say_payload(e->t, block[0]);
		say_payload(e->t, shorter);
		say_payload(e->t, block[2]);
		hear(e, sizes[i]);
		ASSERT_EVENTS(e, BEGIN(0), END(0), BEGIN(2), END(2));
		assert_int_equal(e->t->p.unasked, 1);
		ear_free(e);
	}
}

static void
nothing_is_heard_behind_what_breaks_the_protocol(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ear *e = ear_new(0);

		say_payload(e->t, block[0]);
		say_piece(e->t, 4, TALK_PIECES);
		say_payload(e->t, block[1]);
		hear(e, sizes[i]);
		ASSERT_EVENTS(e, BEGIN(0), END(0), { .kind = PEER_BAD });
		ear_free(e);
	}
}

static void
a_block_may_get_another_place_than_expected_or_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int k = 0; k < 2; k++) {
			struct ear *e = ear_new(0);

			e->elsewhere = true;
			e->nowhere = k == 1;
			say_payload(e->t, block[0]);
			say_payload(e->t, block[1]);
			hear(e, sizes[i]);
			ASSERT_EVENTS(e, BEGIN(0), END(0), BEGIN(1), END(1));
			ear_free(e);
		}
}

static void
a_small_scratch_expects_no_more_than_fits(void **state)
{
	struct ear *e = ear_new(0);
	const struct peer_room small = { .p = e->scratch, .n = PEER_SCRATCH_MIN };
	const struct peer_room two = { .p = e->scratch,
		.n = PEER_SCRATCH_MIN + 2 * (13 + TALK_BLOCK) };
	struct peer_room room[PEER_ROOMS];

	(void)state;
	for (size_t i = 0; i < BLOCKS; i++)
		peer_expect(&e->t->p, block[i], e->place[i]);
	assert_int_equal(peer_room(&e->t->p, two, room), 5);
	assert_ptr_equal(room[1].p, e->place[0]);
	assert_ptr_equal(room[3].p, e->place[1]);
	assert_ptr_equal(room[4].p, e->scratch + 2 * (13 + TALK_BLOCK));
	assert_int_equal(room[4].n, PEER_SCRATCH_MIN);
	assert_int_equal(peer_room(&e->t->p, small, room), 1);
	ear_free(e);
}

static void
a_block_under_way_does_not_expire(void **state)
{
	struct ear *e = ear_new(0);
	struct peer_block gone;

	(void)state;
	say_payload(e->t, block[0]);
	e->t->n -= 1;
	hear(e, SIZE_MAX);
	assert_true(peer_is_under_way(&e->t->p, block[0]));
	assert_int_equal(peer_expire_request(&e->t->p, TALK_NOW + 1, &gone), RC_OK);
	assert_int_equal(number_of(gone), 1);
	assert_false(e->t->p.requests[0].stale);
	e->t->n += 1;
	hear(e, SIZE_MAX);
	assert_false(peer_is_under_way(&e->t->p, block[0]));
	ASSERT_EVENTS(e, BEGIN(0), END(0));
	ear_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_in_the_order_asked_go_straight_to_their_places),
		cmocka_unit_test(blocks_in_another_order_are_whole),
		cmocka_unit_test(a_message_between_blocks_is_heard_and_they_are_whole),
		cmocka_unit_test(a_rejected_block_is_missing_and_the_others_are_whole),
		cmocka_unit_test(a_block_of_another_length_is_dropped),
		cmocka_unit_test(nothing_is_heard_behind_what_breaks_the_protocol),
		cmocka_unit_test(a_block_may_get_another_place_than_expected_or_none),
		cmocka_unit_test(a_small_scratch_expects_no_more_than_fits),
		cmocka_unit_test(a_block_under_way_does_not_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
