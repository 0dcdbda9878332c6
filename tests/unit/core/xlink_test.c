/* SPDX-License-Identifier: ISC */
#include "xsay.h"

#include <stdio.h>

#include "core/xlink.h"

enum { SILENT = 60 * 1000, START = 5000, MINUTE = 60 * 1000 };

static struct xlink wire;

static int
set_up(void **state)
{
	(void)state;
	xlink_init(&wire, SILENT, START);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	xlink_clear(&wire);
	return 0;
}

/* Bytes of a script go in, at most step at a time; the last answer, its message in *m. */
static enum rc
hear(const char *script, size_t step, int64_t now_ms, struct xfer_message *m)
{
	uint8_t bytes[XFER_BODY_MAX], scratch[256];
	size_t n = xsay(script, bytes, sizeof(bytes));
	enum rc rc = RC_MORE;

	for (size_t at = 0, take; at < n; at += take) {
		struct xlink_room room =
		    xlink_room(&wire, (struct xlink_room){ scratch, sizeof(scratch) });

		take = room.n < step ? room.n : step;
		take = take < n - at ? take : n - at;
		assert_true(take > 0);
		memcpy(room.p, bytes + at, take);
		rc = xlink_commit(&wire, take, now_ms, m);
		if (rc == RC_BAD || rc == RC_BIG)
			break;
	}
	return rc;
}

/* All that waits is sent; the number of bytes. */
static size_t
send_all(int64_t now_ms, uint8_t *to, size_t cap)
{
	size_t n = 0;

	for (struct bytes b; (b = xlink_output(&wire)).n > 0; n += b.n) {
		assert_true(b.n <= cap - n);
		memcpy(to + n, b.p, b.n);
		xlink_sent(&wire, b.n, now_ms);
	}
	return n;
}

static void
a_message_is_put_together_from_single_bytes(void **state)
{
	struct xfer_message m;

	(void)state;
	assert_int_equal(hear("error 74 full", 1, START, &m), RC_OK);
	assert_int_equal(m.kind, XFER_ERROR);
	assert_int_equal(m.code, 74);
	assert_true(bytes_is(m.text, "full"));
	assert_int_equal(hear("bye 7", 3, START, &m), RC_OK);
	assert_true(m.kind == XFER_BYE && m.files == 7);
}

static void
what_is_read_never_goes_past_a_message(void **state)
{
	uint8_t *place = (uint8_t[1]){ 0 };
	const struct xlink_room none = { place, 0 };
	struct xfer_message m;

	(void)state;
	assert_int_equal(xlink_room(&wire, none).n, 4);
	assert_int_equal(hear("raw 0d00", 9, START, &m), RC_MORE);
	assert_int_equal(xlink_room(&wire, none).n, 2);
	assert_int_equal(hear("raw 0008", 9, START, &m), RC_MORE);
	assert_int_equal(xlink_room(&wire, none).n, 8);
	assert_int_equal(hear("raw 0000000000000001", 8, START, &m), RC_OK);
	assert_int_equal(xlink_room(&wire, none).n, 4);
}

static void
content_goes_into_the_place_that_there_is(void **state)
{
	uint8_t place[10] = "..........";
	struct xlink_room room;
	struct xfer_message m;

	(void)state;
	assert_int_equal(hear("raw 08000006", 4, START, &m), RC_MORE);
	assert_int_equal(xlink_data_left(&wire), 6);
	assert_int_equal(xlink_room(&wire, (struct xlink_room){ place, 0 }).n, 0);
	room = xlink_room(&wire, (struct xlink_room){ place, 4 });
	assert_true(room.p == place && room.n == 4);
	memcpy(room.p, "abcd", 4);
	assert_int_equal(xlink_commit(&wire, 4, START, &m), RC_OK);
	assert_true(m.kind == XFER_DATA && m.bytes == 4);
	assert_int_equal(xlink_data_left(&wire), 2);
	room = xlink_room(&wire, (struct xlink_room){ place + 4, 6 });
	assert_true(room.p == place + 4 && room.n == 2);
	memcpy(room.p, "ef", 2);
	assert_int_equal(xlink_commit(&wire, 2, START, &m), RC_OK);
	assert_true(m.kind == XFER_DATA && m.bytes == 2);
	assert_int_equal(xlink_data_left(&wire), 0);
	assert_memory_equal(place, "abcdef....", 10);
	assert_int_equal(hear("bye 0", 99, START, &m), RC_OK);
}

static void
nonsense_is_refused_at_its_head_or_its_end(void **state)
{
	struct xfer_message m;

	(void)state;
	assert_int_equal(hear("raw 47455420", 4, START, &m), RC_BAD); /* "GET " */
	xlink_init(&wire, SILENT, START);
	assert_int_equal(hear("raw 05ffffff", 4, START, &m), RC_BIG);
	xlink_init(&wire, SILENT, START);
	assert_int_equal(hear("raw 0e00000100", 4, START, &m), RC_BAD);
}

static void
a_payload_goes_between_the_words_around_it(void **state)
{
	static const uint8_t data[] = "0123456789";
	const struct xfer_message begin = { .kind = XFER_BEGIN, .offset = 1 };
	const struct xfer_message bye = { .kind = XFER_BYE, .files = 2 };
	uint8_t want[64], got[64];
	size_t n = xsay("begin 1; raw 0800000a30313233343536373839; bye 2; bye 2", want,
	    sizeof(want));

	(void)state;
	assert_int_equal(xlink_say(&wire, &begin), RC_OK);
	assert_int_equal(xlink_say_data(&wire, bytes_of(data, 10)), RC_OK);
	assert_int_equal(xlink_say_data(&wire, bytes_of(data, 10)), RC_BUSY);
	assert_int_equal(xlink_say(&wire, &bye), RC_OK);
	for (size_t i = 0; i < n; i++) { /* one byte at a time */
		struct bytes b = xlink_output(&wire);

		assert_true(b.n > 0);
		assert_int_equal(xlink_has_payload(&wire), i < 12 + 4 + 10);
		if (i >= 12 + 4 && i < 12 + 4 + 10)
			assert_true(b.p >= data && b.p < data + 10); /* not copied */
		got[i] = b.p[0];
		xlink_sent(&wire, 1, START);
		if (i == 30)
			assert_int_equal(xlink_say(&wire, &bye), RC_OK);
	}
	assert_int_equal(xlink_output(&wire).n, 0);
	assert_memory_equal(got, want, n);
}

static void
what_waits_to_be_sent_is_bounded_and_the_last_words_find_room(void **state)
{
	uint8_t words[XFER_WORDS_MAX] = { 'w' };
	const struct xfer_message skip = {
		.kind = XFER_TAKE, .code = XFER_CANNOT, .text = { words, sizeof(words) }
	};
	struct xfer_message error = {
		.kind = XFER_ERROR, .code = 76, .text = { words, sizeof(words) }
	};
	size_t said = 0;
	enum rc rc;

	(void)state;
	while ((rc = xlink_say(&wire, &skip)) == RC_OK)
		assert_true(++said < 10000);
	assert_int_equal(rc, RC_BIG);
	assert_int_equal(xlink_may_say(&wire), RC_BIG);
	assert_in_range(said * 558, XLINK_OUTPUT_MAX, XLINK_OUTPUT_MAX + 558);
	assert_int_equal(xlink_say_data(&wire, bytes_of(words, 1)), RC_BIG);
	assert_false(xlink_has_payload(&wire));
	assert_int_equal(xlink_say(&wire, &error), RC_OK);
	assert_in_range(wire.out.n, XLINK_OUTPUT_MAX, wire.out.max);
	xlink_sent(&wire, xlink_output(&wire).n / 2, START);
	assert_int_equal(xlink_may_say(&wire), RC_OK);
}

static void
busy_is_said_once_a_second_when_nothing_else_is(void **state)
{
	uint8_t want[64], got[64];
	size_t n = xsay("busy 3 9", want, sizeof(want));

	(void)state;
	xlink_set_work(&wire, 3, 9);
	assert_int_equal(xlink_deadline(&wire), START + XLINK_SPEAK_MS);
	assert_int_equal(xlink_tick(&wire, START + XLINK_SPEAK_MS - 1), RC_OK);
	assert_int_equal(xlink_output(&wire).n, 0);
	assert_int_equal(xlink_tick(&wire, START + XLINK_SPEAK_MS), RC_OK);
	/* While it is not sent there is no second one, however long that takes. */
	for (int64_t t = START + XLINK_SPEAK_MS; t < START + SILENT; t += 100)
		assert_int_equal(xlink_tick(&wire, t), RC_OK);
	assert_int_equal(send_all(START + 30000, got, sizeof(got)), n);
	assert_memory_equal(got, want, n);
	assert_int_equal(xlink_deadline(&wire), START + 31000);
}

static void
work_that_is_said_is_never_more_than_its_total(void **state)
{
	uint8_t want[64], got[64];

	(void)state;
	xlink_set_work(&wire, 10, 9);
	assert_int_equal(xlink_tick(&wire, START + XLINK_SPEAK_MS), RC_OK);
	assert_int_equal(
	    send_all(START, got, sizeof(got)), xsay("busy 9 9", want, sizeof(want)));
	assert_memory_equal(got, want, 20);
}

static void
who_is_silent_is_gone(void **state)
{
	uint8_t got[64];
	struct xfer_message m;

	(void)state;
	assert_int_equal(xlink_tick(&wire, START + SILENT - 1), RC_OK);
	assert_true(xlink_deadline(&wire) == START + SILENT);
	assert_int_equal(xlink_tick(&wire, START + SILENT), RC_NONE);
	/* Any byte is a sign of life. */
	assert_int_equal(hear("raw 0d", 1, START + SILENT, &m), RC_MORE);
	assert_int_equal(xlink_tick(&wire, START + 2 * SILENT - 1), RC_OK);
	(void)send_all(START + 2 * SILENT - 1, got, sizeof(got));
	assert_int_equal(xlink_tick(&wire, START + 2 * SILENT), RC_NONE);
}

static void
patience_is_never_shorter_than_the_other_side_needs(void **state)
{
	(void)state;
	xlink_init(&wire, 1, START);
	assert_int_equal(xlink_tick(&wire, START + XLINK_SILENT_MIN_MS - 1), RC_OK);
	assert_int_equal(xlink_tick(&wire, START + XLINK_SILENT_MIN_MS), RC_NONE);
	assert_true(XLINK_SILENT_MIN_MS >= 3 * XLINK_SPEAK_MS);
}

static void
silence_while_we_do_not_listen_is_not_its_own(void **state)
{
	(void)state;
	xlink_set_deaf(&wire, true, START);
	assert_int_equal(xlink_tick(&wire, START + 100 * SILENT), RC_OK);
	xlink_set_deaf(&wire, false, START + 100 * SILENT);
	assert_int_equal(xlink_tick(&wire, START + 101 * SILENT - 1), RC_OK);
	assert_int_equal(xlink_tick(&wire, START + 101 * SILENT), RC_NONE);
}

/* One BUSY a second from the other side until the clock says otherwise; when that was. */
static int64_t
busy_until(int64_t from, int64_t to, uint64_t grows, enum rc *rc)
{
	uint8_t got[4096];
	struct xfer_message m;
	char words[64];
	uint64_t done = 0;

	for (int64_t t = from; t < to; t += 1000) {
		done += grows;
		(void)snprintf(
		    words, sizeof(words), "busy %llu 0", (unsigned long long)done);
		assert_int_equal(hear(words, 99, t, &m), RC_OK);
		*rc = xlink_tick(&wire, t);
		if (*rc != RC_OK)
			return t;
		(void)send_all(t, got, sizeof(got));
	}
	return to;
}

static void
who_is_busy_for_ever_with_nothing_is_stalled(void **state)
{
	enum rc rc;

	(void)state;
	assert_int_equal(
	    busy_until(START, START + 60 * MINUTE, 0, &rc), START + XLINK_IDLE_MS);
	assert_int_equal(rc, RC_BUSY);
}

static void
who_gets_on_with_its_work_is_not_stalled(void **state)
{
	enum rc rc;

	(void)state;
	assert_int_equal(
	    busy_until(START, START + 60 * MINUTE, 1, &rc), START + 60 * MINUTE);
}

static void
work_that_begins_anew_after_another_message_counts(void **state)
{
	struct xfer_message m;

	(void)state;
	assert_int_equal(hear("busy 1000 0; begin 0", 99, START, &m), RC_OK);
	assert_int_equal(hear("busy 1 0", 99, START + 9 * MINUTE, &m), RC_OK);
	assert_int_equal(hear("busy 1 0", 99, START + 19 * MINUTE - 1, &m), RC_OK);
	assert_int_equal(xlink_tick(&wire, START + 19 * MINUTE - 1), RC_OK);
	assert_int_equal(xlink_tick(&wire, START + 19 * MINUTE), RC_BUSY);
}

static void
who_owes_nothing_does_not_stall_until_it_owes(void **state)
{
	enum rc rc;
	int64_t end = START + 60 * MINUTE;

	(void)state;
	xlink_set_owes(&wire, false);
	assert_int_equal(busy_until(START, end, 0, &rc), end);
	xlink_set_owes(&wire, true);
	assert_in_range(busy_until(end, end + 60 * MINUTE, 0, &rc),
	    end + XLINK_IDLE_MS - 1000, end + XLINK_IDLE_MS);
	assert_int_equal(rc, RC_BUSY);
}

static void
who_does_not_take_what_is_said_is_stalled_even_if_it_owes_nothing(void **state)
{
	struct xfer_message m;
	static const uint8_t data[4] = "abc";

	(void)state;
	xlink_set_owes(&wire, false);
	assert_int_equal(xlink_say_data(&wire, bytes_of(data, 4)), RC_OK);
	xlink_sent(&wire, 5, START + MINUTE); /* the head and a byte */
	assert_int_equal(hear("busy 0 0", 99, START + 11 * MINUTE - 1, &m), RC_OK);
	assert_int_equal(xlink_tick(&wire, START + 11 * MINUTE - 1), RC_OK);
	assert_int_equal(xlink_deadline(&wire), START + 11 * MINUTE);
	assert_int_equal(xlink_tick(&wire, START + 11 * MINUTE), RC_BUSY);
}

/* Begin anew. */
static void
renew(int64_t silent_ms)
{
	xlink_clear(&wire);
	xlink_init(&wire, silent_ms, START);
}

/* Byte after byte of a FILE of 8 KiB, as often as it takes; when that was too much. */
static int64_t
drip_until_late(int64_t from, int64_t every_ms)
{
	uint8_t got[4096];
	struct xfer_message m;
	enum rc rc;

	for (int64_t t = from; t < from + 60 * MINUTE; t += every_ms) {
		rc = xlink_tick(&wire, t);
		if (rc != RC_OK) {
			assert_int_equal(rc, RC_BAD);
			return t;
		}
		(void)send_all(t, got, sizeof(got));
		assert_int_equal(
		    hear(t == from ? "raw 05002000" : "raw 00", 4, t, &m), RC_MORE);
	}
	return -1;
}

static void
a_message_that_drips_is_too_slow(void **state)
{
	(void)state;
	assert_int_equal(drip_until_late(START, 3000), START + SILENT);
	renew(5000);
	assert_int_equal(drip_until_late(START, 500), START + XLINK_SLOW_MS);
	renew(10 * MINUTE);
	assert_int_equal(xlink_patience(&wire), 10 * MINUTE);
}

static void
a_message_may_take_its_time_while_we_do_not_listen(void **state)
{
	struct xfer_message m;

	(void)state;
	renew(XLINK_SLOW_MS + 1000);
	assert_int_equal(hear("raw 0d00", 2, START, &m), RC_MORE);
	assert_int_equal(hear("raw 00", 1, START + 1000, &m), RC_MORE);
	xlink_set_deaf(&wire, true, START + 1000);
	assert_int_equal(xlink_tick(&wire, START + 5 * MINUTE), RC_OK);
	xlink_set_deaf(&wire, false, START + 5 * MINUTE);
	assert_int_equal(hear("raw 08", 1, START + 5 * MINUTE + 1000, &m), RC_MORE);
	assert_int_equal(xlink_tick(&wire, START + 5 * MINUTE + 30999), RC_OK);
	assert_int_equal(xlink_tick(&wire, START + 5 * MINUTE + 31000), RC_BAD);
}

static void
whole_messages_and_content_may_come_slowly(void **state)
{
	uint8_t got[4096];
	struct xfer_message m;

	(void)state;
	/* Each message takes 29 s, and content has no such limit at all. */
	for (int64_t t = START; t < START + 20 * MINUTE; t += 29000) {
		assert_int_equal(hear("raw 0d000008", 4, t, &m), RC_MORE);
		assert_int_equal(xlink_tick(&wire, t + 28999), RC_OK);
		assert_int_equal(hear("raw 0000000000000001", 8, t + 28999, &m), RC_OK);
		(void)send_all(t + 28999, got, sizeof(got));
	}
	assert_int_equal(hear("raw 08010000", 4, START + 20 * MINUTE, &m), RC_MORE);
	assert_int_equal(xlink_tick(&wire, START + 20 * MINUTE + SILENT - 1), RC_OK);
}

static void
content_that_drips_is_a_stall_either_way(void **state)
{
	static uint8_t data[XLINK_IDLE_LEAST * 2];
	struct xlink_room place = { data, 1 };
	struct xfer_message m;
	int64_t t = START;

	(void)state;
	xlink_set_owes(&wire, true);
	assert_int_equal(hear("raw 08040000", 4, START, &m), RC_MORE);
	for (; xlink_tick(&wire, t) == RC_OK; t += 3000) {
		uint8_t got[64];

		(void)send_all(t, got, sizeof(got));
		assert_int_equal(xlink_room(&wire, place).n, 1);
		assert_int_equal(xlink_commit(&wire, 1, t, &m), RC_OK);
	}
	assert_int_equal(t, START + XLINK_IDLE_MS);
	/* Enough of it is something. */
	renew(SILENT);
	assert_int_equal(hear("raw 08040000", 4, START, &m), RC_MORE);
	place.n = XLINK_IDLE_LEAST;
	assert_int_equal(xlink_room(&wire, place).n, XLINK_IDLE_LEAST);
	assert_int_equal(
	    xlink_commit(&wire, XLINK_IDLE_LEAST, START + 9 * MINUTE, &m), RC_OK);
	assert_int_equal(wire.moved_ms, START + 9 * MINUTE);
	/* So it is with ours. */
	renew(SILENT);
	assert_int_equal(xlink_say_data(&wire, bytes_of(data, sizeof(data))), RC_OK);
	xlink_sent(&wire, 4, START);
	xlink_sent(&wire, XLINK_IDLE_LEAST - 1, START + MINUTE);
	assert_int_equal(wire.moved_ms, START);
	xlink_sent(&wire, 1, START + 2 * MINUTE);
	assert_int_equal(wire.moved_ms, START + 2 * MINUTE);
}

static void
a_limit_that_is_set_holds_however_busy_it_is(void **state)
{
	enum rc rc;

	(void)state;
	xlink_set_limit(&wire, START + 5 * MINUTE);
	assert_int_equal(
	    busy_until(START, START + 60 * MINUTE, 1, &rc), START + 5 * MINUTE);
	assert_int_equal(rc, RC_BAD);
	xlink_set_limit(&wire, XLINK_NEVER);
	assert_int_equal(xlink_tick(&wire, START + 5 * MINUTE), RC_OK);
}

static void
a_tick_is_due_exactly_at_its_deadline(void **state)
{
	uint8_t got[4096];
	enum rc rc = RC_OK;
	int64_t due, ticks = 0;

	(void)state;
	/* Nobody answers: a BUSY a second, and the end after the time of silence. */
	while (rc == RC_OK) {
		size_t said;

		due = xlink_deadline(&wire);
		assert_int_equal(xlink_tick(&wire, due - 1), RC_OK);
		assert_int_equal(send_all(due - 1, got, sizeof(got)), 0);
		rc = xlink_tick(&wire, due);
		said = send_all(due, got, sizeof(got));
		assert_true(rc == RC_OK ? said == 20 : said == 0);
		ticks++;
	}
	assert_int_equal(rc, RC_NONE);
	assert_int_equal(due, START + SILENT);
	assert_int_equal(ticks, SILENT / XLINK_SPEAK_MS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_is_put_together_from_single_bytes),
		TEST(what_is_read_never_goes_past_a_message),
		TEST(content_goes_into_the_place_that_there_is),
		TEST(nonsense_is_refused_at_its_head_or_its_end),
		TEST(a_payload_goes_between_the_words_around_it),
		TEST(what_waits_to_be_sent_is_bounded_and_the_last_words_find_room),
		TEST(busy_is_said_once_a_second_when_nothing_else_is),
		TEST(work_that_is_said_is_never_more_than_its_total),
		TEST(who_is_silent_is_gone),
		TEST(patience_is_never_shorter_than_the_other_side_needs),
		TEST(silence_while_we_do_not_listen_is_not_its_own),
		TEST(who_is_busy_for_ever_with_nothing_is_stalled),
		TEST(who_gets_on_with_its_work_is_not_stalled),
		TEST(work_that_begins_anew_after_another_message_counts),
		TEST(who_owes_nothing_does_not_stall_until_it_owes),
		TEST(who_does_not_take_what_is_said_is_stalled_even_if_it_owes_nothing),
		TEST(a_message_that_drips_is_too_slow),
		TEST(a_message_may_take_its_time_while_we_do_not_listen),
		TEST(whole_messages_and_content_may_come_slowly),
		TEST(content_that_drips_is_a_stall_either_way),
		TEST(a_limit_that_is_set_holds_however_busy_it_is),
		TEST(a_tick_is_due_exactly_at_its_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
