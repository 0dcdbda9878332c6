/* SPDX-License-Identifier: ISC */
/* core/sender against receivers that do not keep to the order. */
#include "xpair.h"

#define HELLO "hello 2 0;"
#define YES HELLO "answer 0;"
#define TAKE "take 0 0 0;"
#define UNASKED "answers what was not asked"
#define NOT_ITS "says what only a sender says"
#define NO_PROTOCOL "does not speak ugat/1"

static const struct xpair_item items[] = { { false, 1, 5, "a" }, { true, 2, 9, "d" } };
static const struct xpair_file files[] = {
	{ "a", "hello", XPAIR_TAKE, false },
	{ "d/b", "bb", XPAIR_TAKE, false },
	{ "d/c", "ccccccc", XPAIR_TAKE, false },
};
static const struct xpair_item stream_items[] = { { false, 1, XFER_UNKNOWN, "s" } };
static const struct xpair_file stream_files[] = { { "s", "stream", XPAIR_TAKE, true } };

struct lie {
	const char *script, *why;
};

/* A script in pieces that end at ';', and all we say is taken between them. */
static void
play(struct xpair *x, const char *script)
{
	while (*script != '\0' && !x->bad_s) {
		size_t n = strcspn(script, ";"), before;
		char one[1024];

		assert_true(n < sizeof(one));
		memcpy(one, script, n);
		one[n] = '\0';
		xpair_script_sender(x, one);
		script += script[n] == ';' ? n + 1 : n;
		do {
			before = x->n_from_s;
			xpair_push(x);
			xpair_collect(
			    &x->s.link, x->from_s, &x->n_from_s, SIZE_MAX, x->now_ms);
		} while (x->n_from_s > before);
	}
}

static struct xpair *
new_pair(bool no_hash)
{
	return xpair_new(items, 2, files, 3, no_hash);
}

static void
assert_lie(struct xpair *x, const struct lie *lie)
{
	char want[256];

	play(x, lie->script);
	(void)snprintf(want, sizeof(want), "bad %s\n", lie->why);
	assert_string_equal(xlog_last(&x->said_s), want);
	assert_int_equal(x->s.state, SENDER_OVER);
	xpair_free(x);
}

static void
a_receiver_that_breaks_the_order_is_told_so(void **state)
{
	static const struct lie lies[] = {
		{ "answer 0", "does not say hello first" },
		{ "busy 0 0", "does not say hello first" },
		{ "hello 1 0", "wants to send, too: one of you must run ugat-recv" },
		{ HELLO HELLO, "says hello twice" },
		{ YES HELLO, "says hello twice" },
		{ HELLO TAKE, UNASKED },
		{ HELLO "stored 0", "has stored what has not ended" },
		{ HELLO "bye 0", "leaves before the end" },
		{ YES "answer 0", UNASKED },
		{ YES TAKE TAKE TAKE TAKE, UNASKED },
		{ YES "take 1 0 0; take 1 0 0; take 1 0 0; take 1 0 0", UNASKED },
		{ YES "stored 0", "has stored what has not ended" },
		{ YES TAKE "stored 0; stored 0", "has stored what has not ended" },
		{ YES "take 1 0 0; stored 0", "has stored what has not ended" },
		{ YES "bye 3", "leaves before the end" },
		{ YES TAKE TAKE TAKE "bye 3", "leaves before the end" },
		{ YES TAKE TAKE TAKE "stored 0; stored 0; bye 3",
		    "leaves before the end" },
		{ YES TAKE TAKE TAKE "stored 0; stored 0; stored 0; bye 2",
		    "has counted other files" },
		{ YES TAKE TAKE TAKE "stored 0; stored 0; stored 0; stored 0",
		    "has stored what has not ended" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		assert_lie(new_pair(false), &lies[i]);
}

static void
a_receiver_that_claims_what_cannot_be_is_told_so(void **state)
{
	static const struct lie much = { YES "take 0 0 6",
		"has more of a file than there is" };
	static const struct lie huge = { YES "take 0 1 1152921504606846976",
		"has more of a file than there is" };
	static const struct lie unchecked = { YES "take 0 0 2",
		"wants to go on with what cannot be checked" };

	(void)state;
	assert_lie(new_pair(false), &much);
	assert_lie(new_pair(false), &huge);
	assert_lie(new_pair(true), &unchecked);
	assert_lie(xpair_new(stream_items, 1, stream_files, 1, false), &unchecked);
}

static void
what_is_no_message_or_a_senders_is_refused(void **state)
{
	static const struct lie lies[] = {
		{ "raw 48545450", NO_PROTOCOL }, /* "HTTP" */
		{ "raw 0effffff", NO_PROTOCOL },
		{ YES "take 0 0 1152921504606846977", NO_PROTOCOL },
		{ YES "take 4 0 0", NO_PROTOCOL },
		{ YES "stored 5", NO_PROTOCOL },
		{ YES "raw 00000000", NO_PROTOCOL },
		{ YES "offer 1 1 1", NOT_ITS },
		{ YES "item 1 1 1 x", NOT_ITS },
		{ YES "file 5 x", NOT_ITS },
		{ YES "begin 0", NOT_ITS },
		{ YES "raw 08000001", NOT_ITS }, /* at its head */
		{ YES "end 5", NOT_ITS },
		{ YES "fail 1", NOT_ITS },
		{ "raw 08000001", NOT_ITS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		assert_lie(new_pair(false), &lies[i]);
}

static void
an_answer_before_the_offer_is_whole_is_refused(void **state)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);

	(void)state;
	x->mute = true;
	xpair_script_sender(x, HELLO);
	assert_int_equal(sender_offer(&x->s, 2, 2, 2), RC_OK);
	assert_int_equal(sender_item(&x->s, false, 1, 1, bytes_str("a")), RC_OK);
	xpair_script_sender(x, "answer 0");
	assert_string_equal(xlog_last(&x->said_s), "bad " UNASKED "\n");
	xpair_free(x);
}

static void
words_of_the_receiver_are_told(void **state)
{
	struct xpair *x = new_pair(false);

	(void)state;
	play(x, YES "take 3 0 0 no space; busy 5 9; error 74 disk full");
	assert_string_equal(x->said_s.text,
	    "ready\nyes\nskip 0 3 no space\nbusy 5\nerror 74 disk full\n");
	play(x, "stored 0; answer 1"); /* what still comes is read and left */
	assert_string_equal(xlog_last(&x->said_s), "error 74 disk full\n");
	play(x, "raw ffffffff");
	assert_string_equal(xlog_last(&x->said_s), "bad " NO_PROTOCOL "\n");
	xpair_free(x);
}

/* ---- our own side */

static struct xpair *
mute(const char *script)
{
	struct xpair *x = xpair_new(NULL, 0, NULL, 0, false);

	x->mute = x->silent = true;
	xpair_script_sender(x, script);
	return x;
}

static void
an_offer_that_does_not_add_up_is_not_said(void **state)
{
	struct xpair *x = mute("");
	size_t said;

	(void)state;
	assert_int_equal(sender_offer(&x->s, 1, 1, 1), RC_BAD); /* no HELLO yet */
	xpair_script_sender(x, HELLO);
	assert_int_equal(sender_item(&x->s, false, 1, 1, bytes_str("a")), RC_BAD);
	assert_int_equal(sender_offer(&x->s, 0, 1, 1), RC_BAD);
	assert_int_equal(sender_offer(&x->s, XFER_ITEMS_MAX + 1, 1, 1), RC_BAD);
	assert_int_equal(sender_offer(&x->s, 2, 3, 9), RC_OK);
	said = x->s.link.out.n;
	assert_int_equal(sender_offer(&x->s, 2, 3, 9), RC_BAD);
	assert_int_equal(sender_item(&x->s, true, 4, 1, bytes_str("a")), RC_BAD);
	assert_int_equal(sender_item(&x->s, true, 1, 10, bytes_str("a")), RC_BAD);
	assert_int_equal(sender_item(&x->s, true, 1, 1, bytes_str("a/b")), RC_BAD);
	assert_int_equal(sender_item(&x->s, true, 1, 1, bytes_str("..")), RC_BAD);
	assert_int_equal(sender_item(&x->s, true, 1, 1, bytes_str("")), RC_BAD);
	assert_int_equal(x->s.link.out.n, said);
	assert_int_equal(sender_item(&x->s, true, 2, 4, bytes_str("d")), RC_OK);
	assert_int_equal(sender_item(&x->s, false, 1, 4, bytes_str("a")), RC_BAD);
	assert_int_equal(sender_item(&x->s, false, 1, 5, bytes_str("a")), RC_OK);
	assert_int_equal(sender_item(&x->s, false, 1, 0, bytes_str("b")), RC_BAD);
	xpair_free(x);
}

/* A sender that was told yes to a directory of 2 files and 9 bytes. */
static struct xpair *
accepted(void)
{
	struct xpair *x = mute(HELLO);

	assert_int_equal(sender_offer(&x->s, 1, 2, 9), RC_OK);
	assert_int_equal(sender_item(&x->s, true, 2, 9, bytes_str("d")), RC_OK);
	xpair_script_sender(x, "answer 0");
	assert_int_equal(x->s.state, SENDER_SENDING);
	return x;
}

static enum rc
tell(struct xpair *x, const char *path, uint64_t size, const char **why)
{
	const struct sender_told f = { .path = bytes_str(path), .size = size };

	return sender_file(&x->s, &f, why);
}

static void
what_was_not_offered_is_not_told_and_why(void **state)
{
	static const char changed[] = "is new or has grown since it was counted";
	struct xpair *x = accepted();
	const char *why = NULL;
	size_t said = x->s.link.out.n;

	(void)state;
	assert_int_equal(tell(x, "d/big", 10, &why), RC_BAD);
	assert_string_equal(why, changed);
	assert_int_equal(tell(x, "e", 1, &why), RC_BAD);
	assert_int_equal(tell(x, "e", 1, NULL), RC_BAD);
	assert_int_equal(tell(x, "d/\n", 1, &why), RC_BAD);
	assert_string_equal(why, "has a control character");
	assert_int_equal(x->s.link.out.n, said);
	assert_int_equal(tell(x, "d/a", 4, &why), RC_OK);
	assert_int_equal(tell(x, "d/b", 5, &why), RC_OK);
	why = NULL;
	assert_int_equal(tell(x, "d/c", 0, &why), RC_BAD);
	assert_string_equal(why, changed);
	xpair_free(x);
}

static void
content_is_said_in_its_order_only(void **state)
{
	static const uint8_t bytes[XFER_DATA_MAX + 1];
	static const uint8_t hash[XFER_HASH_SIZE];
	static const struct bytes none = { NULL, 0 };
	struct xpair *x = accepted();

	(void)state;
	assert_int_equal(tell(x, "d/a", 4, NULL), RC_OK);
	assert_false(xbook_has_next(&x->s.book));
	assert_int_equal(sender_begin(&x->s, 0), RC_BAD);
	assert_int_equal(sender_fail(&x->s, XFER_CHANGED, none), RC_BAD);
	assert_int_equal(sender_bye(&x->s, 0), RC_BAD);
	xpair_script_sender(x, "take 0 0 3");
	assert_true(xbook_has_next(&x->s.book));
	assert_int_equal(x->s.book.begun, 0);
	assert_int_equal(sender_bye(&x->s, 0), RC_BAD);
	assert_int_equal(sender_begin(&x->s, 2), RC_BAD); /* nobody named it */
	assert_int_equal(sender_data(&x->s, bytes_of(bytes, 1)), RC_BAD);
	assert_int_equal(sender_end(&x->s, hash), RC_BAD);
	assert_int_equal(sender_begin(&x->s, 3), RC_OK);
	assert_int_equal(sender_begin(&x->s, 3), RC_BAD);
	assert_int_equal(sender_end(&x->s, hash), RC_BAD); /* a byte is missing */
	assert_int_equal(sender_data(&x->s, none), RC_BAD);
	assert_int_equal(sender_data(&x->s, bytes_of(bytes, 2)), RC_BAD);
	assert_int_equal(sender_data(&x->s, bytes_of(bytes, 1)), RC_OK);
	assert_int_equal(sender_data(&x->s, bytes_of(bytes, 1)), RC_BUSY);
	assert_int_equal(sender_end(&x->s, NULL), RC_BAD);
	assert_int_equal(sender_fail(&x->s, XFER_DIFFERS, none), RC_BAD);
	assert_int_equal(sender_end(&x->s, hash), RC_OK); /* behind the payload */
	assert_false(xbook_has_next(&x->s.book));
	assert_int_equal(sender_bye(&x->s, 0), RC_OK);
	assert_false(xbook_is_idle(&x->s.book));
	assert_int_equal(tell(x, "d/b", 4, NULL), RC_BAD); /* after our BYE */
	xpair_script_sender(x, "stored 0");
	assert_true(xbook_is_idle(&x->s.book));
	assert_int_equal(x->s.state, SENDER_LEAVING);
	xpair_script_sender(x, "bye 1");
	assert_int_equal(x->s.state, SENDER_OVER);
	assert_int_equal(sender_error(&x->s, 70, none), RC_BAD);
	xpair_free(x);
}

static void
a_stream_has_no_size_until_its_end(void **state)
{
	struct xpair *x = xpair_new(stream_items, 1, stream_files, 1, false);

	(void)state;
	xpair_run(x, SIZE_MAX);
	assert_string_equal(xlog_last(&x->said_s), "done\n");
	assert_memory_equal(x->got[0], "stream", 6);
	xpair_free(x);
}

static void
data_is_at_most_as_long_as_the_protocol_allows(void **state)
{
	static const uint8_t bytes[XFER_DATA_MAX + 1];
	struct xpair *x = mute(HELLO);

	(void)state;
	assert_int_equal(sender_offer(&x->s, 1, 1, XFER_UNKNOWN), RC_OK);
	assert_int_equal(
	    sender_item(&x->s, false, 1, XFER_UNKNOWN, bytes_str("s")), RC_OK);
	xpair_script_sender(x, "answer 0");
	assert_int_equal(tell(x, "s", XFER_UNKNOWN, NULL), RC_OK);
	xpair_script_sender(x, TAKE);
	assert_int_equal(sender_begin(&x->s, 0), RC_OK);
	assert_int_equal(sender_data(&x->s, bytes_of(bytes, sizeof(bytes))), RC_BAD);
	assert_int_equal(sender_data(&x->s, bytes_of(bytes, XFER_DATA_MAX)), RC_OK);
	xpair_free(x);
}

static void
only_that_offset_or_none(void **state)
{
	struct xpair *x = accepted();

	(void)state;
	assert_int_equal(tell(x, "d/a", 4, NULL), RC_OK);
	assert_int_equal(tell(x, "d/b", 4, NULL), RC_OK);
	xpair_script_sender(x, "take 0 1 4; take 0 1 2");
	assert_int_equal(sender_begin(&x->s, 0), RC_BAD);
	assert_int_equal(sender_fail(&x->s, XFER_DIFFERS, bytes_of(NULL, 0)), RC_OK);
	assert_int_equal(sender_begin(&x->s, 0), RC_BAD);
	assert_int_equal(sender_begin(&x->s, 2), RC_OK);
	/* It has been compared. */
	assert_int_equal(sender_fail(&x->s, XFER_DIFFERS, bytes_of(NULL, 0)), RC_BAD);
	xpair_free(x);
}

static void
no_more_is_told_ahead_than_allowed(void **state)
{
	struct xpair *x = mute(HELLO);
	size_t told = 0;

	(void)state;
	assert_int_equal(sender_offer(&x->s, 1, 1000000000, 0), RC_OK);
	assert_int_equal(sender_item(&x->s, true, 1000000000, 0, bytes_str("d")), RC_OK);
	xpair_script_sender(x, "answer 0");
	for (; sender_may_file(&x->s, 3); told++)
		assert_int_equal(tell(x, "d/x", 0, NULL), RC_OK);
	assert_int_equal(told, XFER_AHEAD_MAX);
	assert_int_equal(tell(x, "d/x", 0, NULL), RC_BUSY);
	xpair_script_sender(x, "take 1 0 0");
	assert_int_equal(tell(x, "d/x", 0, NULL), RC_OK);
	assert_int_equal(tell(x, "d/x", 0, NULL), RC_BUSY);
	/* One that is taken holds those behind it. */
	xpair_script_sender(x, TAKE "take 1 0 0");
	assert_false(sender_may_file(&x->s, 3));
	assert_int_equal(sender_fail(&x->s, XFER_UNREADABLE, bytes_of(NULL, 0)), RC_OK);
	assert_int_equal(tell(x, "d/x", 0, NULL), RC_OK);
	assert_int_equal(tell(x, "d/x", 0, NULL), RC_OK);
	assert_false(sender_may_file(&x->s, 3));
	xpair_free(x);
}

static void
a_receiver_that_is_only_busy_is_stalled_after_ten_minutes(void **state)
{
	static const char *const owing[] = { "", HELLO, YES, YES TAKE,
		YES TAKE TAKE TAKE };

	(void)state;
	for (size_t i = 0; i < sizeof(owing) / sizeof(owing[0]); i++) {
		struct xpair *x = new_pair(false);
		int64_t start = x->now_ms;
		enum rc rc;

		play(x, owing[i]);
		for (; (rc = xlink_tick(&x->s.link, x->now_ms)) == RC_OK;
		     x->now_ms += 1000)
			play(x, i == 0 ? "raw" : "busy 7 7");
		assert_int_equal(rc, i == 0 ? RC_NONE : RC_BUSY);
		assert_int_equal(
		    x->now_ms - start, i == 0 ? XPAIR_SILENT : XLINK_IDLE_MS);
		xpair_free(x);
	}
}

/* How long a receiver may say that it is busy, at most an hour. */
static int64_t
busy_for(struct xpair *x)
{
	int64_t start = x->now_ms;

	while (x->now_ms - start < 3600 * 1000) {
		play(x, "busy 0 0");
		x->said_s.n = x->n_from_s = 0;
		if (xlink_tick(&x->s.link, x->now_ms) != RC_OK)
			break;
		x->now_ms += 1000;
	}
	return x->now_ms - start;
}

static void
a_receiver_stalls_only_while_it_owes_an_answer(void **state)
{
	static const uint8_t hash[XFER_HASH_SIZE];
	struct xpair *x = accepted();

	(void)state;
	assert_int_equal(busy_for(x), 3600 * 1000);
	assert_int_equal(tell(x, "d/a", 0, NULL), RC_OK);
	play(x, TAKE);
	assert_int_equal(sender_begin(&x->s, 0), RC_OK);
	assert_int_equal(busy_for(x), 3600 * 1000);
	assert_int_equal(sender_end(&x->s, hash), RC_OK); /* STORED is due */
	assert_in_range(busy_for(x), XLINK_IDLE_MS - 1000, XLINK_IDLE_MS);
	play(x, "stored 0");
	assert_int_equal(busy_for(x), 3600 * 1000);
	assert_int_equal(tell(x, "d/b", 0, NULL), RC_OK); /* TAKE is due */
	assert_in_range(busy_for(x), XLINK_IDLE_MS - 1000, XLINK_IDLE_MS);
	xpair_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_receiver_that_breaks_the_order_is_told_so),
		cmocka_unit_test(a_receiver_that_claims_what_cannot_be_is_told_so),
		cmocka_unit_test(what_is_no_message_or_a_senders_is_refused),
		cmocka_unit_test(an_answer_before_the_offer_is_whole_is_refused),
		cmocka_unit_test(words_of_the_receiver_are_told),
		cmocka_unit_test(an_offer_that_does_not_add_up_is_not_said),
		cmocka_unit_test(what_was_not_offered_is_not_told_and_why),
		cmocka_unit_test(content_is_said_in_its_order_only),
		cmocka_unit_test(a_stream_has_no_size_until_its_end),
		cmocka_unit_test(data_is_at_most_as_long_as_the_protocol_allows),
		cmocka_unit_test(only_that_offset_or_none),
		cmocka_unit_test(no_more_is_told_ahead_than_allowed),
		cmocka_unit_test(
		    a_receiver_that_is_only_busy_is_stalled_after_ten_minutes),
		cmocka_unit_test(a_receiver_stalls_only_while_it_owes_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
