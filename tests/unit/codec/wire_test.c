/* SPDX-License-Identifier: ISC */
/* The messages were put together by hand from the tables of BEP 3, BEP 6 and BEP 10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/wire.h"

enum { BITFIELD = 3 }; /* bytes of this torrent's bit field */

/* BEP 3's handshake; reserved[5] |= 0x10 (BEP 10), reserved[7] |= 0x04 (BEP 6). */
static const char handshake[] = "\023BitTorrent protocol"
                                "\0\0\0\0\0\x10\0\x04"
                                "aaaaabbbbbcccccddddd"
                                "-XX0100-123456789012";

/* One good message of every kind. */
static const struct good {
	const char *what;
	uint8_t bytes[WIRE_HEAD_MAX];
	size_t n;
	struct wire_head head;
} good[] = {
	{ "keepalive", { 0, 0, 0, 0 }, 4, { .id = WIRE_KEEPALIVE } },
	{ "choke", { 0, 0, 0, 1, 0 }, 5, { .id = WIRE_CHOKE } },
	{ "unchoke", { 0, 0, 0, 1, 1 }, 5, { .id = WIRE_UNCHOKE } },
	{ "interested", { 0, 0, 0, 1, 2 }, 5, { .id = WIRE_INTERESTED } },
	{ "not interested", { 0, 0, 0, 1, 3 }, 5, { .id = WIRE_UNINTERESTED } },
	{ "have", { 0, 0, 0, 5, 4, 0x12, 0x34, 0x56, 0x78 }, 9,
	    { .id = WIRE_HAVE, .piece = 0x12345678 } },
	{ "bit field", { 0, 0, 0, 4, 5 }, 5, { .id = WIRE_BITFIELD, .rest = BITFIELD } },
	{ "request", { 0, 0, 0, 13, 6, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 0, 0x3f, 0xff }, 17,
	    { .id = WIRE_REQUEST, .piece = 1, .begin = 0x4000, .length = 0x3fff } },
	{ "piece", { 0, 0, 0x40, 9, 7, 0xff, 0, 0, 1, 0, 1, 0, 0 }, 13,
	    { .id = WIRE_PIECE,
	        .piece = 0xff000001,
	        .begin = 0x10000,
	        .length = 0x4000,
	        .rest = 0x4000 } },
	{ "cancel", { 0, 0, 0, 13, 8, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 0, 0x40, 0 }, 17,
	    { .id = WIRE_CANCEL, .piece = 1, .begin = 0x4000, .length = 0x4000 } },
	{ "suggest", { 0, 0, 0, 5, 13, 0, 0, 0, 7 }, 9,
	    { .id = WIRE_SUGGEST, .piece = 7 } },
	{ "have all", { 0, 0, 0, 1, 14 }, 5, { .id = WIRE_HAVE_ALL } },
	{ "have none", { 0, 0, 0, 1, 15 }, 5, { .id = WIRE_HAVE_NONE } },
	{ "reject", { 0, 0, 0, 13, 16, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 0, 0x40, 0 }, 17,
	    { .id = WIRE_REJECT, .piece = 1, .begin = 0x4000, .length = 0x4000 } },
	{ "allowed fast", { 0, 0, 0, 5, 17, 0, 0, 1, 0 }, 9,
	    { .id = WIRE_ALLOWED_FAST, .piece = 256 } },
	{ "extension handshake", { 0, 0, 0, 4, 20, 0 }, 6,
	    { .id = WIRE_EXTENDED, .extended = 0, .rest = 2 } },
	{ "extended", { 0, 0, 0, 2, 20, 3 }, 6, { .id = WIRE_EXTENDED, .extended = 3 } },
};

enum { GOOD = sizeof(good) / sizeof(good[0]) };

static void
assert_same_head(const struct wire_head *a, const struct wire_head *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->piece, b->piece);
	assert_int_equal(a->begin, b->begin);
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->rest, b->rest);
	assert_int_equal(a->extended, b->extended);
}

static void
a_handshake_is_read(void **state)
{
	struct wire_handshake h;

	(void)state;
	assert_int_equal(sizeof(handshake) - 1, WIRE_HANDSHAKE);
	assert_int_equal(
	    wire_get_handshake(bytes_of(handshake, WIRE_HANDSHAKE), &h), RC_OK);
	assert_true(h.fast && h.extended && !h.dht);
	assert_memory_equal(h.btih, "aaaaabbbbbcccccddddd", 20);
	assert_memory_equal(h.id, "-XX0100-123456789012", 20);
}

static void
a_handshake_is_written_as_the_specifications_draw_it(void **state)
{
	struct wire_handshake h = { .fast = true, .extended = true };
	uint8_t out[WIRE_HANDSHAKE];

	(void)state;
	memcpy(h.btih, "aaaaabbbbbcccccddddd", 20);
	memcpy(h.id, "-XX0100-123456789012", 20);
	wire_put_handshake(&h, out);
	assert_memory_equal(out, handshake, sizeof(out));
}

static void
each_reserved_bit_stands_for_itself_and_foreign_ones_are_ignored(void **state)
{
	struct wire_handshake h;
	uint8_t in[WIRE_HANDSHAKE];

	(void)state;
	for (size_t bit = 0; bit < 64; bit++) {
		memcpy(in, handshake, sizeof(in));
		memset(in + 20, 0, 8);
		in[20 + bit / 8] = (uint8_t)(1u << bit % 8);
		assert_int_equal(wire_get_handshake(bytes_of(in, sizeof(in)), &h), RC_OK);
		assert_int_equal(h.extended, bit == 5 * 8 + 4); /* BEP 10: 0x10 */
		assert_int_equal(h.fast, bit == 7 * 8 + 2);     /* BEP 6: 0x04 */
		assert_int_equal(h.dht, bit == 7 * 8);          /* BEP 5: 0x01 */
	}
}

static void
every_beginning_of_a_handshake_asks_for_more_and_leaves_the_result_alone(void **state)
{
	struct wire_handshake h, before;

	(void)state;
	memset(&h, 0x5a, sizeof(h));
	before = h;
	for (size_t n = 0; n < WIRE_HANDSHAKE; n++)
		assert_int_equal(wire_get_handshake(bytes_of(handshake, n), &h), RC_MORE);
	assert_memory_equal(&h, &before, sizeof(h));
}

static void
a_foreign_protocol_is_refused_at_its_first_wrong_byte(void **state)
{
	struct wire_handshake h;
	uint8_t in[WIRE_HANDSHAKE];

	(void)state;
	for (size_t at = 0; at < 20; at++) {
		memcpy(in, handshake, sizeof(in));
		in[at] ^= 1;
		assert_int_equal(wire_get_handshake(bytes_of(in, at), &h), RC_MORE);
		for (size_t n = at + 1; n <= sizeof(in); n++)
			assert_int_equal(wire_get_handshake(bytes_of(in, n), &h), RC_BAD);
	}
}

static void
every_message_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOOD; i++) {
		struct wire_head h;
		size_t size;

		assert_int_equal(wire_get_head(bytes_of(good[i].bytes, good[i].n),
		                     BITFIELD, &h, &size),
		    RC_OK);
		if (good[i].n != size)
			fail_msg("%s: %zu bytes", good[i].what, size);
		assert_same_head(&h, &good[i].head);
	}
}

static void
every_message_is_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOOD; i++) {
		uint8_t out[WIRE_HEAD_MAX];
		size_t n = wire_put_head(&good[i].head, out);

		if (n != good[i].n || memcmp(out, good[i].bytes, n) != 0)
			fail_msg("%s: %zu bytes", good[i].what, n);
	}
}

static void
what_follows_a_head_is_not_looked_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOOD; i++) {
		uint8_t in[2 * WIRE_HEAD_MAX];
		struct wire_head h;
		size_t size;

		memset(in, 0xff, sizeof(in));
		memcpy(in, good[i].bytes, good[i].n);
		assert_int_equal(
		    wire_get_head(bytes_of(in, sizeof(in)), BITFIELD, &h, &size), RC_OK);
		assert_int_equal(size, good[i].n);
		assert_same_head(&h, &good[i].head);
	}
}

static void
every_truncation_asks_for_more_but_never_too_much_and_leaves_the_head_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOOD; i++)
		for (size_t n = 0; n < good[i].n; n++) {
			struct wire_head h, before;
			size_t size = 0;

			memset(&h, 0x5a, sizeof(h));
			before = h;
			assert_int_equal(wire_get_head(bytes_of(good[i].bytes, n),
			                     BITFIELD, &h, &size),
			    RC_MORE);
			assert_true(size > n && size <= good[i].n);
			assert_memory_equal(&h, &before, sizeof(h));
		}
}

/* Lengths that an id may have, by the tables; everything around them is refused. */
static const struct range {
	uint8_t id;
	uint32_t least, most; /* of the number in front, which counts the id, too */
} ranges[] = {
	{ 0, 1, 1 },
	{ 1, 1, 1 },
	{ 2, 1, 1 },
	{ 3, 1, 1 },
	{ 4, 5, 5 },
	{ 5, 1 + BITFIELD, 1 + BITFIELD },
	{ 6, 13, 13 },
	{ 7, 10,
	    9 + WIRE_BLOCK_MAX }, /* an empty block is nothing that can be asked for */
	{ 8, 13, 13 },
	{ 9, 3, 3 },
	{ 10, 1, 1 + WIRE_UNKNOWN_MAX },
	{ 13, 5, 5 },
	{ 14, 1, 1 },
	{ 15, 1, 1 },
	{ 16, 13, 13 },
	{ 17, 5, 5 },
	{ 18, 1, 1 + WIRE_UNKNOWN_MAX },
	{ 20, 2, 2 + WIRE_EXTENDED_MAX },
	{ 21, 1, 1 + WIRE_UNKNOWN_MAX },
	{ 255, 1, 1 + WIRE_UNKNOWN_MAX },
};

/* Whether id and length alone, all that is there, are refused. */
static bool
refuses(uint8_t id, uint32_t length)
{
	uint8_t in[5];
	struct wire_head h;
	size_t size;
	enum rc rc;

	put_be(put_be(in, 4, length), 1, id);
	rc = wire_get_head(bytes_of(in, sizeof(in)), BITFIELD, &h, &size);
	assert_true(rc == RC_BAD || rc == RC_OK || (rc == RC_MORE && size > 5));
	return rc == RC_BAD;
}

static void
a_length_that_does_not_fit_its_id_is_refused_before_more_is_read(void **state)
{
	static const uint32_t always_wrong[] = { 0x7fffffff, 0x80000000, 0xffffffff,
		0xfffffffe, 2u << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct range *r = &ranges[i];

		if (refuses(r->id, r->least) || refuses(r->id, r->most))
			fail_msg("id %u: its own length is refused", r->id);
		if ((r->least > 1 && !refuses(r->id, r->least - 1)) ||
		    !refuses(r->id, r->most + 1))
			fail_msg("id %u: a wrong length is accepted", r->id);
		for (size_t j = 0; j < sizeof(always_wrong) / sizeof(always_wrong[0]);
		     j++)
			if (!refuses(r->id, always_wrong[j]))
				fail_msg("id %u: length %u", r->id, always_wrong[j]);
	}
}

static void
an_unknown_id_is_a_message_to_be_skipped(void **state)
{
	static const uint8_t in[] = { 0, 0, 1, 1, 99 };
	struct wire_head h;
	size_t size;

	(void)state;
	assert_int_equal(
	    wire_get_head(bytes_of(in, sizeof(in)), BITFIELD, &h, &size), RC_OK);
	assert_int_equal(size, 5);
	assert_same_head(&h, &(struct wire_head){ .id = WIRE_UNKNOWN, .rest = 256 });
}

static void
the_dht_port_is_read_over(void **state)
{
	static const uint8_t in[] = { 0, 0, 0, 3, 9, 0x1a, 0xe1 };
	struct wire_head h;
	size_t size;

	(void)state;
	for (size_t n = 0; n < sizeof(in); n++)
		assert_int_equal(
		    wire_get_head(bytes_of(in, n), BITFIELD, &h, &size), RC_MORE);
	assert_int_equal(
	    wire_get_head(bytes_of(in, sizeof(in)), BITFIELD, &h, &size), RC_OK);
	assert_int_equal(size, sizeof(in));
	assert_same_head(&h, &(struct wire_head){ .id = WIRE_PORT });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_is_read),
		cmocka_unit_test(a_handshake_is_written_as_the_specifications_draw_it),
		cmocka_unit_test(
		    each_reserved_bit_stands_for_itself_and_foreign_ones_are_ignored),
		cmocka_unit_test(
		    every_beginning_of_a_handshake_asks_for_more_and_leaves_the_result_alone),
		cmocka_unit_test(a_foreign_protocol_is_refused_at_its_first_wrong_byte),
		cmocka_unit_test(every_message_is_read),
		cmocka_unit_test(every_message_is_written),
		cmocka_unit_test(what_follows_a_head_is_not_looked_at),
		cmocka_unit_test(
		    every_truncation_asks_for_more_but_never_too_much_and_leaves_the_head_alone),
		cmocka_unit_test(
		    a_length_that_does_not_fit_its_id_is_refused_before_more_is_read),
		cmocka_unit_test(an_unknown_id_is_a_message_to_be_skipped),
		cmocka_unit_test(the_dht_port_is_read_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
