/* SPDX-License-Identifier: ISC */
/* core/receiver against senders that do not keep to the order. */
#include "xpair.h"

#define HELLO "hello 1 0;"
#define OFFER HELLO "offer 2 3 20; item 1 1 5 a; item 2 2 15 d;"
#define BEGUN OFFER "file 5 a; begin 0;"
#define ENDED BEGUN "data 5; end 5;"
#define NOT_ALLOWED "sends before it is allowed to"
#define NOT_OFFERED "sends what it did not offer"
#define OTHER_SIZE "sends another size than it offered"
#define SAID_OTHER "sends another size than it said"
#define NO_PROTOCOL "does not speak ugat/1"
#define NOT_ITS "says what only a receiver says"

struct lie {
	const char *script, *why;
};

static void
assert_lies(const struct lie *lies, size_t n, bool late)
{
	for (size_t i = 0; i < n; i++) {
		struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
		char want[256];

		x->late = late;
		xpair_script_receiver(x, lies[i].script);
		(void)snprintf(want, sizeof(want), "bad %s\n", lies[i].why);
		assert_string_equal(xlog_last(&x->said_r), want);
		assert_int_equal(x->r.state, RECEIVER_OVER);
		xpair_free(x);
	}
}

#define ASSERT_LIES(lies, late) assert_lies(lies, sizeof(lies) / sizeof(lies[0]), late)

static void
hello_comes_first_and_once_and_from_a_sender(void **state)
{
	static const struct lie lies[] = {
		{ "offer 1 1 5", "does not say hello first" },
		{ "busy 0 0", "does not say hello first" },
		{ "data 1", "sends content of no file" },
		{ "bye 0", "does not say hello first" },
		{ "hello 2 0", "wants to receive, too: one of you must run ugat-send" },
		{ HELLO HELLO, "says hello twice" },
		{ OFFER HELLO, "says hello twice" },
	};

	(void)state;
	ASSERT_LIES(lies, false);
}

static void
an_offer_comes_once_and_whole(void **state)
{
	static const struct lie lies[] = {
		{ HELLO "item 1 1 5 a", "lists more things than it offered" },
		{ HELLO "file 5 a", NOT_ALLOWED },
		{ HELLO "begin 0", "begins a file that nobody asked for" },
		{ HELLO "bye 0", "leaves before the end" },
		{ HELLO "offer 1 1 5; offer 1 1 5", "offers twice" },
		{ HELLO "offer 2 2 9; item 1 1 5 a; offer 1 1 4", "offers twice" },
		{ HELLO "offer 2 2 9; item 1 1 5 a; file 5 a", NOT_ALLOWED },
		{ HELLO "offer 2 2 9; bye 0", "leaves before the end" },
		{ OFFER "offer 1 1 5", "offers twice" },
		{ OFFER "item 1 1 5 b", "lists more things than it offered" },
	};

	(void)state;
	ASSERT_LIES(lies, false);
}

static void
an_offer_adds_up(void **state)
{
	static const char files[] = "offers a number of files that does not add up";
	static const char bytes[] = "offers a size that does not add up";
	static const struct lie lies[] = {
		{ HELLO "offer 1 2 5; item 1 1 5 a", files },
		{ HELLO "offer 2 1 5; item 2 2 5 a", files },
		{ HELLO "offer 2 3 5; item 2 2 5 a; item 2 2 0 b", files },
		{ HELLO "offer 1 1 5; item 1 1 6 a", bytes },
		{ HELLO "offer 1 1 5; item 1 1 4 a", bytes },
		{ HELLO "offer 2 2 5; item 1 1 6 a", bytes },
		{ HELLO "offer 1 1 5; item 1 1 ? a", bytes },
		{ HELLO "offer 2 2 1152921504606846976; item 1 1 1152921504606846976 a;"
		        "item 1 1 1152921504606846976 b",
		    bytes },
		{ HELLO "offer 1 1 ?; item 1 1 5 a",
		    "offers an unknown size of nothing" },
		{ HELLO "offer 1 1 ?; item 2 1 ? a",
		    "offers a directory of unknown size" },
	};

	(void)state;
	ASSERT_LIES(lies, false);
}

static void
only_what_was_offered_comes_and_in_its_order(void **state)
{
	static const struct lie lies[] = {
		{ OFFER "file 5 b", NOT_OFFERED },
		{ OFFER "file 5 a/b", NOT_OFFERED },
		{ OFFER "file 5 d", NOT_OFFERED },
		{ OFFER "file 5 dd/x", NOT_OFFERED },
		{ OFFER "file 5 aa", NOT_OFFERED },
		{ OFFER "file 5 .bashrc", NOT_OFFERED },
		{ OFFER "file 5 d/x; file 5 a", NOT_OFFERED },
		{ OFFER "file 5 a; file 5 a", "sends more files than it offered" },
		{ OFFER "file 5 d/x; file 5 d/y; file 5 d/z",
		    "sends more files than it offered" },
		{ OFFER "file 6 a", OTHER_SIZE },
		{ OFFER "file ? a", OTHER_SIZE },
		{ OFFER "file ? d/x", OTHER_SIZE },
		{ OFFER "file 10 d/x; file 6 d/y", OTHER_SIZE },
		{ HELLO "offer 1 1 ?; item 1 1 ? s; file 5 s", OTHER_SIZE },
	};

	(void)state;
	ASSERT_LIES(lies, false);
}

static void
content_comes_in_its_order(void **state)
{
	static const char unasked[] = "begins a file that nobody asked for";
	static const char given_up[] = "gives up what nobody asked for";
	static const struct lie lies[] = {
		{ OFFER "begin 0", unasked },
		{ OFFER "data 5", "sends content of no file" },
		{ OFFER "end 5", "ends what it has not begun" },
		{ OFFER "fail 1", given_up },
		{ OFFER "file 5 a; begin 1", "begins where nobody asked it to" },
		{ OFFER "file 5 a; data 1", "sends content of no file" },
		{ OFFER "file 5 a; end 5", "ends what it has not begun" },
		{ BEGUN "begin 0", "begins a file within another" },
		{ BEGUN "fail 3", "compares what nobody asked it to" },
		{ OFFER "file 5 a; fail 3", "compares what nobody asked it to" },
		{ OFFER "file 5 a; fail 1; begin 0", unasked },
		{ BEGUN "fail 1; data 1", "sends content of no file" },
		{ ENDED "data 1", "sends content of no file" },
		{ ENDED "end 5", "ends what it has not begun" },
		{ ENDED "begin 0", unasked },
		{ ENDED "fail 1", given_up },
		{ OFFER "take 0 0 0", NOT_ITS },
		{ OFFER "answer 0", NOT_ITS },
		{ ENDED "stored 0", NOT_ITS },
	};

	(void)state;
	ASSERT_LIES(lies, false);
}

static void
content_has_the_size_that_was_said(void **state)
{
	static const struct lie lies[] = {
		{ BEGUN "data 6", "sends more than it said" },
		{ BEGUN "data 3; data 3", "sends more than it said" },
		{ BEGUN "data 5; data 1", "sends more than it said" },
		{ BEGUN "end 0", SAID_OTHER },
		{ BEGUN "data 4; end 4", SAID_OTHER },
		{ BEGUN "data 4; end 5", SAID_OTHER },
		{ BEGUN "data 5; end 6", SAID_OTHER },
		{ BEGUN "data 5; end 4", SAID_OTHER },
		{ HELLO "offer 1 1 ?; item 1 1 ? s; file ? s; begin 0; data 5; end 6",
		    SAID_OTHER },
	};

	(void)state;
	ASSERT_LIES(lies, false);
}

static void
content_that_is_too_much_is_refused_before_a_byte_of_it(void **state)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);

	(void)state;
	xpair_script_receiver(x, BEGUN "data 3; raw 08000003");
	assert_true(x->bad_r);
	assert_int_equal(x->n_got[0], 3);
	xpair_free(x);
}

static void
who_leaves_has_counted_right_and_finished(void **state)
{
	static const struct lie lies[] = {
		{ OFFER "bye 1", "has counted other files" },
		{ ENDED "bye 0", "has counted other files" },
		{ ENDED "bye 2", "has counted other files" },
		{ OFFER "file 5 a; bye 1", "leaves before the end" },
		{ BEGUN "bye 1", "leaves before the end" },
		{ ENDED "bye 1; bye 1", "leaves before the end" },
		{ ENDED "bye 1; file 5 d/x", "goes on after its end" },
		{ ENDED "bye 1; begin 0", "begins a file that nobody asked for" },
		{ ENDED "bye 1; data 1", "sends content of no file" },
	};

	(void)state;
	ASSERT_LIES(lies, true);
}

static void
what_is_no_message_is_refused(void **state)
{
	static const struct lie lies[] = {
		{ "raw 47455420", NO_PROTOCOL }, /* "GET " */
		{ "raw 16030100", NO_PROTOCOL }, /* TLS */
		{ HELLO "raw 0f000001", NO_PROTOCOL },
		{ HELLO "raw 05ffffff", NO_PROTOCOL },
		{ BEGUN "raw 08000000", NO_PROTOCOL }, /* DATA of nothing */
		{ BEGUN "raw 08040001", NO_PROTOCOL }, /* and of too much */
		{ OFFER "file 5 ../a", "offers a path that" },
		{ OFFER "file 5 /a", "offers a path that" },
		{ OFFER "file 5 d/.ugat-part-x", "offers a path that" },
		{ OFFER "file 9223372036854775808 d/x", NO_PROTOCOL },
		{ HELLO "offer 1 1 9223372036854775808", NO_PROTOCOL },
		{ HELLO "offer 65537 1 1", NO_PROTOCOL },
		{ HELLO "offer 0 0 0", NO_PROTOCOL },
		{ HELLO "busy 2 1", NO_PROTOCOL },
	};

	(void)state;
	ASSERT_LIES(lies, false);
}

static void
after_the_end_all_is_read_and_left(void **state)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
	size_t n;

	(void)state;
	xpair_script_receiver(x, ENDED "bye 1");
	assert_int_equal(x->r.state, RECEIVER_OVER);
	n = x->said_r.n;
	xpair_script_receiver(x, "busy 0 0; file 5 d/x; begin 7; data 9; end 5; bye 1");
	assert_int_equal(x->said_r.n, n);
	xpair_script_receiver(x, "raw ffffffff");
	assert_string_equal(xlog_last(&x->said_r), "bad does not speak ugat/1\n");
	xpair_free(x);
}

/* ---- limits */

/* A message into the receiver; the event. */
static enum receiver_event_kind
hear(struct xpair *x, const char *script, struct receiver_event *e)
{
	uint8_t bytes[XFER_HEAD + XFER_BODY_MAX];
	size_t n = xsay(script, bytes, sizeof(bytes));

	for (size_t at = 0; at < n;) {
		struct xlink_room room =
		    xlink_room(&x->r.link, (struct xlink_room){ NULL, 0 });
		size_t some = room.n < n - at ? room.n : n - at;

		assert_true(some > 0);
		memcpy(room.p, bytes + at, some);
		receiver_commit(&x->r, some, x->now_ms, e);
		at += some;
	}
	return e->kind;
}

static void
a_bye_that_is_held_is_said_when_it_is_released(void **state)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
	struct receiver_event e;
	size_t before;

	(void)state;
	receiver_hold(&x->r);
	assert_int_equal(hear(x, "hello 1 0", &e), RECEIVER_READY);
	assert_int_equal(hear(x, "offer 1 1 1", &e), RECEIVER_OFFER);
	assert_int_equal(hear(x, "item 1 1 1 a", &e), RECEIVER_DECIDE);
	assert_int_equal(receiver_answer(&x->r, XFER_YES, bytes_str("")), RC_OK);
	assert_int_equal(hear(x, "file 1 a", &e), RECEIVER_FILE);
	assert_int_equal(receiver_skip(&x->r, XFER_NO, bytes_str("")), RC_OK);
	assert_int_equal(hear(x, "bye 1", &e), RECEIVER_BYE);
	before = xlink_output(&x->r.link).n;
	assert_int_equal(x->r.state, RECEIVER_LEAVING);
	assert_int_equal(receiver_release(&x->r), RC_OK);
	assert_int_equal(x->r.state, RECEIVER_OVER);
	assert_int_equal(xlink_output(&x->r.link).n, before + 4 + 8);
	xpair_free(x);
}

static void
a_hello_and_an_offer_come_in_time_and_what_lies_between_takes_its_time(void **state)
{
	static const int64_t hour = 3600 * 1000;
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
	int64_t patience = xlink_patience(&x->r.link);
	struct receiver_event e;

	(void)state;
	assert_int_equal(x->r.link.limit_ms, x->now_ms + patience);
	assert_int_equal(hear(x, "hello 1 0", &e), RECEIVER_READY);
	assert_true(x->r.link.limit_ms == XLINK_NEVER);
	x->now_ms += hour;
	assert_int_equal(hear(x, "offer 3 3 3", &e), RECEIVER_OFFER);
	assert_int_equal(
	    x->r.link.limit_ms, x->now_ms + patience + 3 * (int64_t)RECEIVER_ITEM_MS);
	x->now_ms += patience;
	xlink_sent(&x->r.link, xlink_output(&x->r.link).n, x->now_ms);
	assert_int_equal(hear(x, "item 1 1 1 a", &e), RECEIVER_ITEM);
	assert_int_equal(hear(x, "busy 1 0", &e), RECEIVER_BUSY);
	assert_int_equal(hear(x, "item 1 1 1 b", &e), RECEIVER_ITEM);
	assert_int_equal(xlink_tick(&x->r.link, x->now_ms + 899), RC_OK);
	assert_int_equal(xlink_tick(&x->r.link, x->now_ms + 900), RC_BAD);
	assert_int_equal(hear(x, "item 1 1 1 c", &e), RECEIVER_DECIDE);
	assert_true(x->r.link.limit_ms == XLINK_NEVER);
	xpair_free(x);
}

static void
a_sender_that_has_called_offers_within_ten_minutes_however_busy_it_is(void **state)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
	int64_t start = x->now_ms;
	struct receiver_event e;
	int done = 0;

	(void)state;
	receiver_hurry(&x->r);
	assert_int_equal(hear(x, "hello 1 0", &e), RECEIVER_READY);
	while (
	    xlink_tick(&x->r.link, x->now_ms) == RC_OK && x->now_ms - start < 3600000) {
		char busy[32];

		x->now_ms += 1000;
		xlink_sent(&x->r.link, xlink_output(&x->r.link).n, x->now_ms);
		(void)snprintf(busy, sizeof(busy), "busy %d 0", ++done);
		assert_int_equal(hear(x, busy, &e), RECEIVER_BUSY);
	}
	assert_int_equal(x->now_ms - start, 600000);
	assert_int_equal(xlink_tick(&x->r.link, x->now_ms), RC_BAD);
	xpair_free(x);
}

static struct xpair *
milliard(void)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);

	xpair_script_receiver(
	    x, HELLO "offer 1 1000000000 1000000000; item 2 1000000000 1000000000 d");
	return x;
}

static void
no_more_files_are_told_ahead_than_allowed(void **state)
{
	const struct receiver_take take = { .offset = 0 };
	struct xpair *x = milliard();
	struct receiver_event e;

	(void)state;
	for (int i = 0; i < XFER_AHEAD_MAX; i++) {
		assert_int_equal(hear(x, "file 1 d/x", &e), RECEIVER_FILE);
		assert_int_equal(e.file, i);
		if (i % 2 == 0) /* answered or not, they are ahead */
			assert_int_equal(receiver_take(&x->r, &take), RC_OK);
	}
	assert_int_equal(hear(x, "file 1 d/x", &e), RECEIVER_BAD);
	assert_string_equal(e.why, "names too many files ahead");
	xpair_free(x);
}

static void
no_longer_paths_are_told_ahead_than_allowed(void **state)
{
	char script[5000] = "file 0 d/";
	struct xpair *x = milliard();
	struct receiver_event e;
	size_t head = strlen(script) - 2;

	(void)state;
	memset(script + head + 2, 'x', XFER_PATH_MAX - 2);
	for (size_t i = 255; i < XFER_PATH_MAX; i += 256)
		script[head + i] = '/';
	/* 64 x (4095 + 1) bytes are 256 KiB; 4 bytes of the last are left for others. */
	for (int i = 0; i < 63; i++)
		assert_int_equal(hear(x, script, &e), RECEIVER_FILE);
	script[head + 4091] = '\0';
	assert_int_equal(hear(x, script, &e), RECEIVER_FILE);
	assert_int_equal(hear(x, "file 0 d/x", &e), RECEIVER_FILE);
	assert_int_equal(receiver_skip(&x->r, XFER_NO, bytes_of(NULL, 0)), RC_OK);
	for (size_t i = 0; i < 2;
	     i++) /* 4096 are free again, and taken again but for 3 */
		script[head + 4091 + i] = 'x';
	script[head + 4092] = '\0';
	assert_int_equal(hear(x, script, &e), RECEIVER_FILE);
	assert_int_equal(hear(x, "file 0 d/x", &e), RECEIVER_BAD);
	assert_string_equal(e.why, "names too many files ahead");
	xpair_free(x);
}

static void
a_million_files_that_are_refused_need_no_memory(void **state)
{
	struct xpair *x = milliard();
	uint8_t sink[XFER_BODY_MAX];
	struct receiver_event e;

	(void)state;
	for (int i = 0; i < 1000 * 1000; i++) {
		size_t n = 0;

		assert_int_equal(hear(x, "file 1 d/x", &e), RECEIVER_FILE);
		assert_int_equal(receiver_skip(&x->r, XFER_NO, bytes_of(NULL, 0)), RC_OK);
		xpair_collect(&x->r.link, sink, &n, SIZE_MAX, x->now_ms);
	}
	assert_true(x->r.link.out.cap + x->r.link.out.front < 65536);
	assert_true(x->r.book.names.cap < 4096);
	assert_int_equal(hear(x, "bye 1000000", &e), RECEIVER_BYE);
	assert_int_equal(x->r.state, RECEIVER_OVER);
	xpair_free(x);
}

static void
a_sender_that_does_not_listen_is_not_answered_for_ever(void **state)
{
	struct xpair *x = milliard();
	struct receiver_event e;
	enum rc rc = RC_OK;
	int i = 0;

	(void)state;
	for (; rc == RC_OK && i < 1000 * 1000; i++) {
		assert_int_equal(hear(x, "file 1 d/x", &e), RECEIVER_FILE);
		rc = receiver_skip(&x->r, XFER_CANNOT, bytes_str("full"));
	}
	assert_int_equal(rc, RC_BIG);
	assert_true(x->r.link.out.n < XLINK_OUTPUT_MAX + 4096);
	assert_int_equal(receiver_error(&x->r, 76, bytes_str("deaf?")), RC_OK);
	xpair_free(x);
}

static void
items_have_a_greatest_number_of_bytes_of_names(void **state)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
	char script[300] = "item 2 0 0 ";
	struct receiver_event e;

	(void)state;
	memset(script + strlen(script), 'n', 255);
	assert_int_equal(hear(x, "hello 1 0", &e), RECEIVER_READY);
	assert_int_equal(hear(x, "offer 65536 0 0", &e), RECEIVER_OFFER);
	for (int i = 0; i < 8192; i++) /* x 256 bytes are 2 MiB */
		assert_int_equal(hear(x, script, &e), RECEIVER_ITEM);
	assert_int_equal(hear(x, "item 2 0 0 n", &e), RECEIVER_BAD);
	assert_string_equal(e.why, "lists more names than there is room for");
	assert_true(x->r.book.names.cap <= 4 << 20);
	xpair_free(x);
}

static void
the_greatest_number_of_items_is_taken(void **state)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
	struct receiver_event e;

	(void)state;
	assert_int_equal(hear(x, "hello 1 0", &e), RECEIVER_READY);
	assert_int_equal(hear(x, "offer 65536 65536 0", &e), RECEIVER_OFFER);
	for (int i = 0; i < 65535; i++)
		assert_int_equal(hear(x, "item 1 1 0 n", &e), RECEIVER_ITEM);
	assert_int_equal(hear(x, "item 1 1 0 z", &e), RECEIVER_DECIDE);
	assert_int_equal(receiver_answer(&x->r, XFER_YES, bytes_of(NULL, 0)), RC_OK);
	assert_int_equal(hear(x, "file 0 n", &e), RECEIVER_FILE);
	assert_int_equal(hear(x, "file 0 z", &e), RECEIVER_FILE);
	assert_int_equal(hear(x, "file 0 n", &e), RECEIVER_BAD);
	xpair_free(x);
}

/* ---- our own side */

static void
what_is_said_out_of_turn_is_refused_and_changes_nothing(void **state)
{
	static const struct bytes none = { NULL, 0 };
	static const uint8_t hash[XFER_HASH_SIZE] = { 1 };
	const struct receiver_take take = { .offset = 0 };
	struct receiver_take wrong = { .offset = 6, .hash = hash };
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
	struct receiver_event e;
	size_t said;

	(void)state;
	assert_int_equal(receiver_answer(&x->r, XFER_YES, none), RC_BAD);
	assert_int_equal(hear(x, HELLO "offer 1 1 5", &e), RECEIVER_OFFER);
	assert_int_equal(receiver_answer(&x->r, XFER_YES, none), RC_BAD);
	assert_int_equal(hear(x, "item 1 1 5 a", &e), RECEIVER_DECIDE);
	assert_int_equal(receiver_take(&x->r, &take), RC_BAD);
	assert_int_equal(receiver_answer(&x->r, XFER_DAMAGED, none), RC_BAD);
	assert_int_equal(receiver_answer(&x->r, XFER_YES, none), RC_OK);
	assert_int_equal(receiver_answer(&x->r, XFER_YES, none), RC_BAD);
	assert_int_equal(receiver_take(&x->r, &take), RC_BAD);
	assert_int_equal(receiver_skip(&x->r, XFER_NO, none), RC_BAD);
	assert_int_equal(hear(x, "file 5 a", &e), RECEIVER_FILE);
	said = x->r.link.out.n;
	assert_int_equal(receiver_take(&x->r, &wrong), RC_BAD);
	wrong = (struct receiver_take){ .offset = 5 };
	assert_int_equal(receiver_take(&x->r, &wrong), RC_BAD); /* without a hash */
	assert_int_equal(receiver_skip(&x->r, XFER_YES, none), RC_BAD);
	assert_int_equal(receiver_stored(&x->r, XFER_YES, none), RC_BAD);
	assert_int_equal(x->r.link.out.n, said);
	assert_int_equal(receiver_take(&x->r, &take), RC_OK);
	assert_int_equal(receiver_stored(&x->r, XFER_YES, none), RC_BAD);
	assert_int_equal(hear(x, "begin 0", &e), RECEIVER_BEGIN);
	assert_int_equal(receiver_stored(&x->r, XFER_YES, none), RC_BAD);
	xpair_free(x);
}

static void
nobody_stalls_while_a_person_decides(void **state)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);
	struct receiver_event e;

	(void)state;
	assert_int_equal(hear(x, HELLO "offer 1 1 5; item 1 1 5 a", &e), RECEIVER_DECIDE);
	for (int64_t end = x->now_ms + 3600 * 1000; x->now_ms < end; x->now_ms += 1000) {
		uint8_t sink[256];
		size_t n = 0;

		assert_int_equal(hear(x, "busy 0 0", &e), RECEIVER_BUSY);
		assert_int_equal(xlink_tick(&x->r.link, x->now_ms), RC_OK);
		xpair_collect(&x->r.link, sink, &n, SIZE_MAX, x->now_ms);
	}
	xpair_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_comes_first_and_once_and_from_a_sender),
		cmocka_unit_test(an_offer_comes_once_and_whole),
		cmocka_unit_test(an_offer_adds_up),
		cmocka_unit_test(only_what_was_offered_comes_and_in_its_order),
		cmocka_unit_test(content_comes_in_its_order),
		cmocka_unit_test(content_has_the_size_that_was_said),
		cmocka_unit_test(content_that_is_too_much_is_refused_before_a_byte_of_it),
		cmocka_unit_test(who_leaves_has_counted_right_and_finished),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(after_the_end_all_is_read_and_left),
		cmocka_unit_test(
		    a_hello_and_an_offer_come_in_time_and_what_lies_between_takes_its_time),
		cmocka_unit_test(
		    a_sender_that_has_called_offers_within_ten_minutes_however_busy_it_is),
		cmocka_unit_test(a_bye_that_is_held_is_said_when_it_is_released),
		cmocka_unit_test(no_more_files_are_told_ahead_than_allowed),
		cmocka_unit_test(no_longer_paths_are_told_ahead_than_allowed),
		cmocka_unit_test(a_million_files_that_are_refused_need_no_memory),
		cmocka_unit_test(a_sender_that_does_not_listen_is_not_answered_for_ever),
		cmocka_unit_test(items_have_a_greatest_number_of_bytes_of_names),
		cmocka_unit_test(the_greatest_number_of_items_is_taken),
		cmocka_unit_test(what_is_said_out_of_turn_is_refused_and_changes_nothing),
		cmocka_unit_test(nobody_stalls_while_a_person_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
