/* SPDX-License-Identifier: ISC */
/*
 * For the tests of core/peer: what a peer says, byte by byte from the tables of BEP 3, 6
 * and 10 (not by codec/wire), and a socket that brings it in pieces of any size.
 */
#ifndef TESTS_CORE_TALK_H
#define TESTS_CORE_TALK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/peer.h"

/* 20 pieces, so that the bit field has 3 bytes and 4 spare bits. */
enum { TALK_PIECE = 32768, TALK_PIECES = 20, TALK_LAST = 1000, TALK_BLOCK = 16384 };
enum { TALK_FAST = 1, TALK_EXTENDED = 2 };
enum { TALK_BYTES = 512 * 1024, TALK_EVENTS = 1024, TALK_NOW = 1000000 };

static const uint8_t talk_btih[20] = "BBBBBBBBBBBBBBBBBBB";
static const uint8_t talk_id[20] = "-UG0100-uuuuuuuuuuu";
static const uint8_t talk_its_id[20] = "-XX0100-xxxxxxxxxxx";

struct talk {
	struct peer p;
	struct bitset have;
	int64_t now_ms;
	uint8_t say[TALK_BYTES]; /* what the peer will say */
	size_t n, at;            /* said and heard */
	bool places;             /* give each block a place */
	size_t scratch;          /* bytes of scratch at most */
	struct peer_event event[TALK_EVENTS];
	size_t n_events;
	uint8_t *place;            /* of the block under way, of exactly its size */
	uint8_t *got[TALK_EVENTS]; /* with a place: what PEER_BLOCK brought */
	size_t direct;             /* payload bytes that went around scratch */
};

static inline struct talk *
talk_new(bool incoming)
{
	struct talk *t = calloc(1, sizeof(*t));
	struct peer_config config = { .btih = talk_btih,
		.id = talk_id,
		.piece_length = TALK_PIECE,
		.length = (uint64_t)(TALK_PIECES - 1) * TALK_PIECE + TALK_LAST,
		.port = 6881,
		.incoming = incoming };

	assert_non_null(t);
	t->now_ms = TALK_NOW;
	t->places = true;
	t->scratch = 65536;
	assert_int_equal(bitset_init(&t->have, TALK_PIECES), RC_OK);
	config.have = &t->have;
	assert_int_equal(peer_init(&t->p, &config, t->now_ms), RC_OK);
	return t;
}

static inline void
talk_free(struct talk *t)
{
	for (size_t i = 0; i < t->n_events; i++)
		free(t->got[i]);
	free(t->place);
	peer_clear(&t->p);
	bitset_clear(&t->have);
	free(t);
}

/* What the peer will say. */

static inline void
say(struct talk *t, const void *p, size_t n)
{
	assert_true(n <= sizeof(t->say) - t->n);
	if (n > 0)
		memcpy(t->say + t->n, p, n);
	t->n += n;
}

static inline void
say_number(struct talk *t, uint32_t v)
{
	const uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };

	say(t, be, sizeof(be));
}

static inline void
say_handshake(struct talk *t, unsigned flags)
{
	const uint8_t reserved[8] = { 0, 0, 0, 0, 0,
		(flags & TALK_EXTENDED) != 0 ? 0x10 : 0, 0,
		(flags & TALK_FAST) != 0 ? 0x04 : 0 };

	say(t, "\023BitTorrent protocol", 20);
	say(t, reserved, 8);
	say(t, talk_btih, 20);
	say(t, talk_its_id, 20);
}

/* A message of an id and n bytes. */
static inline void
say_message(struct talk *t, uint8_t id, const void *p, size_t n)
{
	say_number(t, (uint32_t)n + 1);
	say(t, &id, 1);
	say(t, p, n);
}

static inline void
say_piece(struct talk *t, uint8_t id, uint32_t piece)
{
	say_number(t, 5);
	say(t, &id, 1);
	say_number(t, piece);
}

static inline void
say_block(struct talk *t, uint8_t id, struct peer_block b)
{
	say_number(t, 13);
	say(t, &id, 1);
	say_number(t, b.piece);
	say_number(t, b.begin);
	say_number(t, b.length);
}

/* What a block of the torrent looks like. */
static inline uint8_t
talk_byte(struct peer_block b, uint32_t at)
{
	return (uint8_t)((b.piece * 31 + (b.begin + at) * 7) ^ (b.begin + at) >> 8);
}

static inline void
say_payload(struct talk *t, struct peer_block b)
{
	say_number(t, 9 + b.length);
	say(t, "\7", 1);
	say_number(t, b.piece);
	say_number(t, b.begin);
	for (uint32_t i = 0; i < b.length; i++) {
		uint8_t byte = talk_byte(b, i);

		say(t, &byte, 1);
	}
}

/* Hearing it. */

static inline void
talk_note(struct talk *t, const struct peer_event *e)
{
	assert_true(t->n_events < TALK_EVENTS);
	if (e->kind == PEER_BEGIN && t->places) {
		free(t->place);
		t->place = malloc(e->block.length);
		assert_non_null(t->place);
		memset(t->place, 0x5a, e->block.length);
		peer_place(&t->p, t->place);
	}
	if (e->kind == PEER_BLOCK) {
		t->got[t->n_events] = t->place;
		t->place = NULL;
	}
	t->event[t->n_events++] = *e;
}

/* One read of at most n bytes from the socket, into the rooms in their order. */
static inline void
talk_read(struct talk *t, size_t n)
{
	static uint8_t bytes[65536];
	const struct peer_room scratch = { .p = bytes, .n = t->scratch };
	struct peer_room room[PEER_ROOMS];
	struct peer_event e;
	struct bytes rest;
	size_t got = 0;
	int rooms = peer_room(&t->p, scratch, room);

	assert_true(rooms == 1 || rooms == 2);
	assert_ptr_equal(room[rooms - 1].p, bytes);
	for (int i = 0; i < rooms; i++) {
		size_t left = t->n - t->at < n - got ? t->n - t->at : n - got;
		size_t take = room[i].n < left ? room[i].n : left;

		memcpy(room[i].p, t->say + t->at, take);
		t->at += take;
		got += take;
		if (i < rooms - 1)
			t->direct += take;
	}
	peer_commit(&t->p, got, scratch, t->now_ms, &rest);
	while (peer_next(&t->p, &rest, t->now_ms, &e), e.kind != PEER_MORE) {
		assert_true(t->p.n_stale <= t->p.n_requests);
		talk_note(t, &e);
	}
	assert_int_equal(rest.n, 0);
}

/* All that was said, in reads of n bytes. */
static inline void
talk_hear(struct talk *t, size_t n)
{
	while (t->at < t->n)
		talk_read(t, n);
}

/* All that was said in one go; the events before are forgotten. */
static inline void
talk_now(struct talk *t)
{
	for (size_t i = 0; i < t->n_events; i++) {
		free(t->got[i]);
		t->got[i] = NULL;
	}
	t->n_events = 0;
	talk_hear(t, SIZE_MAX);
	t->n = t->at = 0;
}

/* What waits to be sent, as far as it is words. */
static inline struct bytes
talk_output(const struct talk *t)
{
	struct peer_part part;

	return peer_output(&t->p, 0, &part) ? part.bytes : bytes_of(NULL, 0);
}

/* Both handshakes are through, nothing else was said; our output is empty. */
static inline struct talk *
talk_open(unsigned flags)
{
	struct talk *t = talk_new(false);

	say_handshake(t, flags);
	talk_now(t);
	assert_int_equal(t->n_events, 1);
	assert_int_equal(t->event[0].kind, PEER_READY);
	peer_sent(&t->p, peer_waiting(&t->p), t->now_ms);
	return t;
}

static inline void
talk_ask(struct talk *t, struct peer_block b)
{
	assert_int_equal(peer_send_request(&t->p, b, t->now_ms), RC_OK);
}

/* What came of it. */

static inline void
assert_kinds(const struct talk *t, const enum peer_event_kind *want, size_t n)
{
	assert_int_equal(t->n_events, n);
	for (size_t i = 0; i < n; i++)
		if (t->event[i].kind != want[i])
			fail_msg("event %zu is %d, not %d", i, t->event[i].kind, want[i]);
}

#define ASSERT_KINDS(t, ...)                                           \
	assert_kinds(t, (const enum peer_event_kind[]){ __VA_ARGS__ }, \
	    sizeof((const enum peer_event_kind[]){ __VA_ARGS__ }) /    \
	        sizeof(enum peer_event_kind))

static inline void
assert_block(const struct peer_event *e, struct peer_block b)
{
	assert_int_equal(e->block.piece, b.piece);
	assert_int_equal(e->block.begin, b.begin);
	assert_int_equal(e->block.length, b.length);
}

static inline void
assert_payload(const uint8_t *p, struct peer_block b)
{
	assert_non_null(p);
	for (uint32_t i = 0; i < b.length; i++)
		if (p[i] != talk_byte(b, i))
			fail_msg("byte %u of the block is wrong", i);
}

/* The connection was ended: the last event says so, nothing more is read. */
static inline void
assert_bad(struct talk *t, const char *why)
{
	assert_true(t->n_events > 0);
	assert_int_equal(t->event[t->n_events - 1].kind, PEER_BAD);
	assert_string_equal(t->event[t->n_events - 1].why, why);
	say_message(t, 1, NULL, 0);
	talk_now(t);
	assert_int_equal(t->n_events, 0);
}

/* Our output is exactly these bytes; it is taken away. */
static inline void
assert_said(struct talk *t, const void *p, size_t n)
{
	struct bytes out = talk_output(t);

	assert_int_equal(out.n, n);
	if (n > 0)
		assert_memory_equal(out.p, p, n);
	peer_sent(&t->p, n, t->now_ms);
}

#endif
