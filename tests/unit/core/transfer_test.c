/* SPDX-License-Identifier: ISC */
/* core/sender and core/receiver, joined: every way a file can go, cut at every byte. */
#include "xpair.h"

static const struct xpair_item items[] = {
	{ false, 1, 5, "a" },
	{ true, 8, 32, "d" },
	{ false, 1, XFER_UNKNOWN, "s" },
};

static const struct xpair_file files[] = {
	{ "a", "hello", XPAIR_TAKE, false },
	{ "d/skip", "xx", XPAIR_SKIP, false },
	{ "d/part", "abcdef", XPAIR_RESUME, false },
	{ "d/other", "uvwxyz", XPAIR_REFUSE, false },
	{ "d/same", "same", XPAIR_ONLY, false },
	{ "d/not", "same", XPAIR_DIFFERS, false },
	{ "d/bad", "bad", XPAIR_DAMAGE, false },
	{ "d/grows", "growing", XPAIR_CHANGE, false },
	{ "d/empty", "", XPAIR_TAKE, false },
	{ "s", "stream!", XPAIR_TAKE, true },
};

enum { N_ITEMS = sizeof(items) / sizeof(items[0]) };
enum { N_FILES = sizeof(files) / sizeof(files[0]) };

/* The whole of it, by hand. */
static const char sender_says[] =
    "hello 1 0; offer 3 10 ?; item 1 1 5 a; item 2 8 32 d; item 1 1 ? s;"
    "file 5 a; file 2 d/skip; file 6 d/part; file 6 d/other; file 4 d/same; file 4 d/not;"
    "file 3 d/bad; file 7 d/grows; file 0 d/empty; file ? s;"
    "begin 0; text hel; text lo; end 5; begin 2; text cde; text f; end 6;"
    "begin 0; text uvw; text xyz; end 6; begin 4; end 4; fail 3 differs;"
    "begin 0; text bad; end 3; begin 0; text gro; fail 1 grew; begin 0; end 0;"
    "begin 0; text str; text eam; text !; end 7; bye 10";

static const char receiver_says[] =
    "hello 2 0; answer 0; take 0 0 0; take 2 0 0 is there; take 0 0 2; take 0 0 2;"
    "take 0 1 4; take 0 1 4; take 0 0 0; take 0 0 0; take 0 0 0; take 0 0 0;"
    "stored 0; stored 0; stored 0; stored 0; stored 4; stored 0; stored 0; bye 10";

static const char sender_heard[] = "ready\nyes\ntake 0 0\nskip 1 2 is there\ntake 2 2\n"
                                   "take 3 2\ntake 4 4 only\ntake 5 4 only\ntake 6 0\n"
                                   "take 7 0\ntake 8 0\ntake 9 0\nstored 0 0 \n"
                                   "stored 2 0 \nstored 3 0 \nstored 4 0 \nstored 6 4 \n"
                                   "stored 8 0 \nstored 9 0 \ndone\n";

static const char receiver_heard[] =
    "ready\noffer 3 10 -1\nfile 1 5 a\ndirectory 8 32 d\nlast file 1 -1 s\n"
    "told 0 5 a\ntold 1 2 d/skip\ntold 2 6 d/part\ntold 3 6 d/other\ntold 4 4 d/same\n"
    "told 5 4 d/not\ntold 6 3 d/bad\ntold 7 7 d/grows\ntold 8 0 d/empty\ntold 9 -1 s\n"
    "begin 0 0\nend 0 5 ab got 5\nbegin 2 2\nend 2 6 ab got 6\nbegin 3 0\n"
    "end 3 6 ab got 6\nbegin 4 4\nend 4 4 ab got 4\nfail 5 3 differs got 0\n"
    "begin 6 0\nend 6 3 ab got 3\nbegin 7 0\nfail 7 1 grew got 3\nbegin 8 0\n"
    "end 8 0 ab got 0\nbegin 9 0\nend 9 7 ab got 7\nbye 10\n";

static void
assert_complete(struct xpair *x)
{
	assert_string_equal(x->said_s.text, sender_heard);
	assert_string_equal(x->said_r.text, receiver_heard);
	assert_int_equal(x->s.state, SENDER_OVER);
	assert_int_equal(x->r.state, RECEIVER_OVER);
	assert_memory_equal(x->got[0], "hello", 5);
	assert_memory_equal(x->got[2] + 2, "cdef", 4);
	assert_memory_equal(x->got[3], "uvwxyz", 6);
	assert_memory_equal(x->got[9], "stream!", 7);
}

static void
every_way_a_file_can_go_is_told_to_both(void **state)
{
	struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);

	(void)state;
	xpair_run(x, SIZE_MAX);
	assert_complete(x);
	assert_true(xbook_is_idle(&x->s.book));
	xpair_free(x);
}

static void
what_is_said_is_what_the_table_says(void **state)
{
	struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);
	uint8_t want[4096];
	size_t n;

	(void)state;
	xpair_run(x, SIZE_MAX);
	n = xsay(sender_says, want, sizeof(want));
	assert_int_equal(x->n_from_s, n);
	assert_memory_equal(x->from_s, want, n);
	n = xsay(receiver_says, want, sizeof(want));
	assert_int_equal(x->n_from_r, n);
	assert_memory_equal(x->from_r, want, n);
	xpair_free(x);
}

static void
pieces_of_any_size_make_no_difference(void **state)
{
	(void)state;
	for (size_t step = 1; step < 300; step++) {
		struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);

		xpair_run(x, step);
		assert_complete(x);
		xpair_free(x);
	}
}

/* All that is said in a session, recorded. */
static struct xpair *
record(void)
{
	struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);

	xpair_run(x, SIZE_MAX);
	assert_complete(x);
	return x;
}

/* A log of a session that was cut is the beginning of the whole one. */
static void
assert_begins(const struct xlog *log, const char *whole)
{
	assert_true(strlen(whole) > log->n);
	assert_memory_equal(log->text, whole, log->n);
}

/* From now on nothing comes any more. */
static enum rc
wait_for_the_end(struct xlink *l, int64_t *now_ms)
{
	static uint8_t sink[XPAIR_BYTES];
	enum rc rc;

	do {
		size_t n = 0;

		xpair_collect(l, sink, &n, SIZE_MAX, *now_ms);
		*now_ms = xlink_deadline(l);
		rc = xlink_tick(l, *now_ms);
	} while (rc == RC_OK);
	return rc;
}

static void
a_sender_that_vanishes_at_any_byte_is_gone_and_nothing_else(void **state)
{
	struct xpair *whole = record();

	(void)state;
	for (size_t cut = 0; cut < whole->n_from_s; cut++) {
		struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);

		xpair_feed_receiver(x, whole->from_s, cut, SIZE_MAX);
		assert_begins(&x->said_r, receiver_heard);
		assert_int_not_equal(x->r.state, RECEIVER_OVER);
		assert_int_equal(wait_for_the_end(&x->r.link, &x->now_ms), RC_NONE);
		assert_int_equal(x->now_ms, XPAIR_NOW + XPAIR_SILENT);
		xpair_free(x);
	}
	xpair_free(whole);
}

/* The sender hears the recording while all it says is taken at once. */
static void
play_to_sender(struct xpair *x, const uint8_t *p, size_t n, size_t step)
{
	for (size_t at = 0;;
	     at += xpair_hear_sender(x, p + at, n - at < step ? n - at : step)) {
		size_t before;

		do {
			before = x->n_from_s;
			xpair_push(x);
			xpair_collect(
			    &x->s.link, x->from_s, &x->n_from_s, SIZE_MAX, x->now_ms);
		} while (x->n_from_s > before);
		if (at == n)
			return;
	}
}

static void
a_receiver_that_vanishes_at_any_byte_is_gone_and_nothing_else(void **state)
{
	struct xpair *whole = record();

	(void)state;
	for (size_t cut = 0; cut < whole->n_from_r; cut++) {
		struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);

		play_to_sender(x, whole->from_r, cut, SIZE_MAX);
		assert_begins(&x->said_s, sender_heard);
		assert_int_not_equal(x->s.state, SENDER_OVER);
		assert_int_equal(wait_for_the_end(&x->s.link, &x->now_ms), RC_NONE);
		assert_int_equal(x->now_ms, XPAIR_NOW + XPAIR_SILENT);
		xpair_free(x);
	}
	xpair_free(whole);
}

static void
every_byte_boundary_of_every_message_is_the_same(void **state)
{
	struct xpair *whole = record();

	(void)state;
	for (size_t step = 1; step <= whole->n_from_s; step++) {
		struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);

		xpair_feed_receiver(x, whole->from_s, whole->n_from_s, step);
		assert_string_equal(x->said_r.text, receiver_heard);
		if (step <= whole->n_from_r) {
			play_to_sender(x, whole->from_r, whole->n_from_r, step);
			assert_string_equal(x->said_s.text, sender_heard);
			assert_int_equal(x->n_from_s, whole->n_from_s);
			assert_memory_equal(x->from_s, whole->from_s, x->n_from_s);
		}
		xpair_free(x);
	}
	xpair_free(whole);
}

static void
without_a_hash_nothing_is_resumed_and_nothing_compared(void **state)
{
	static const struct xpair_item one[] = { { false, 1, 5, "a" } };
	static const struct xpair_file file[] = { { "a", "hello", XPAIR_TAKE, false } };
	struct xpair *x = xpair_new(one, 1, file, 1, true);
	uint8_t want[256];
	size_t n;

	(void)state;
	xpair_run(x, SIZE_MAX);
	assert_string_equal(x->said_r.text,
	    "ready -C\noffer 1 1 5\nlast file 1 5 a\ntold 0 5 a\nbegin 0 0\n"
	    "end 0 5 00 got 5\nbye 1\n");
	assert_string_equal(xlog_last(&x->said_s), "done\n");
	n = xsay("hello 1 1", want, sizeof(want));
	assert_memory_equal(x->from_s, want, n);
	xpair_free(x);
}

static void
a_refusal_ends_both(void **state)
{
	struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);

	(void)state;
	x->answer = XFER_NO;
	xpair_run(x, SIZE_MAX);
	assert_string_equal(x->said_s.text, "ready\nno 1 \n");
	assert_int_equal(x->s.state, SENDER_OVER);
	assert_int_equal(x->r.state, RECEIVER_OVER);
	xpair_free(x);
}

static void
the_receiver_leaves_after_the_last_file_is_stored(void **state)
{
	static const struct xpair_item one[] = { { true, 2, 5, "d" } };
	static const struct xpair_file two[] = { { "d/a", "ab", XPAIR_TAKE, false },
		{ "d/b", "abc", XPAIR_TAKE, false } };
	struct xpair *x = xpair_new(one, 1, two, 2, false);

	(void)state;
	x->late = true;
	xpair_run(x, SIZE_MAX);
	assert_string_equal(xlog_last(&x->said_r), "bye 2\n");
	assert_int_equal(x->r.state, RECEIVER_LEAVING);
	assert_int_equal(x->s.state, SENDER_LEAVING);
	xpair_store(x);
	xpair_run(x, SIZE_MAX);
	assert_string_equal(xlog_last(&x->said_s), "stored 0 0 \n");
	assert_int_equal(x->r.state, RECEIVER_LEAVING);
	xpair_store(x);
	assert_int_equal(x->r.state, RECEIVER_OVER);
	xpair_run(x, SIZE_MAX);
	assert_string_equal(xlog_last(&x->said_s), "done\n");
	xpair_free(x);
}

static void
an_error_of_either_side_ends_both(void **state)
{
	struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);

	(void)state;
	assert_int_equal(receiver_error(&x->r, 77, bytes_str("who?")), RC_OK);
	assert_int_equal(receiver_error(&x->r, 77, bytes_str("who?")), RC_BAD);
	xpair_run(x, 1);
	assert_string_equal(x->said_s.text, "ready\nerror 77 who?\n");
	assert_string_equal(x->said_r.text, ""); /* what still came is read and left */
	assert_int_equal(x->s.state, SENDER_OVER);
	xpair_free(x);

	x = xpair_new(items, N_ITEMS, files, N_FILES, false);
	assert_int_equal(sender_error(&x->s, 74, bytes_of(NULL, 0)), RC_OK);
	xpair_run(x, SIZE_MAX);
	assert_string_equal(x->said_r.text, "ready\nerror 74 \n");
	assert_int_equal(x->r.state, RECEIVER_OVER);
	xpair_free(x);
}

/* Two machines whose users do nothing at all speak to each other, for some minutes. */
static enum rc
idle(struct xpair *x, int64_t ms, struct xlink **whose)
{
	int64_t end = x->now_ms + ms;
	enum rc rc = RC_OK;

	while (x->now_ms < end) {
		int64_t s = xlink_deadline(&x->s.link), r = xlink_deadline(&x->r.link);

		x->now_ms = s < r ? s : r;
		*whose = s < r ? &x->s.link : &x->r.link;
		x->said_s.n = x->said_r.n = 0;
		rc = xlink_tick(*whose, x->now_ms);
		if (rc != RC_OK)
			return rc;
		xpair_collect(&x->s.link, x->from_s, &x->n_from_s, SIZE_MAX, x->now_ms);
		xpair_collect(&x->r.link, x->from_r, &x->n_from_r, SIZE_MAX, x->now_ms);
		xpair_feed_receiver(x, x->from_s, x->n_from_s, SIZE_MAX);
		xpair_feed_sender(x, x->from_r, x->n_from_r, SIZE_MAX);
		x->n_from_s = x->n_from_r = 0;
	}
	return rc;
}

static void
a_slow_stream_is_waited_for_by_both(void **state)
{
	static const struct xpair_item one[] = { { false, 1, XFER_UNKNOWN, "s" } };
	const struct sender_told told = { .path = bytes_str("s"),
		.size = XFER_UNKNOWN,
		.mode = 0644,
		.mtime_s = XSAY_TIME,
		.mtime_ns = XSAY_NANO };
	struct xpair *x = xpair_new(one, 1, NULL, 0, false);
	struct xlink *whose;

	(void)state;
	x->told = 1; /* its user is this test */
	x->silent = true;
	xpair_run(x, SIZE_MAX);
	assert_int_equal(sender_file(&x->s, &told, NULL), RC_OK);
	xpair_run(x, SIZE_MAX);
	assert_int_equal(sender_begin(&x->s, 0), RC_OK);
	xpair_run(x, SIZE_MAX);
	x->n_from_s = x->n_from_r = 0;
	assert_int_equal(idle(x, 24 * 3600 * 1000, &whose), RC_OK);
	xpair_free(x);
}

static void
a_user_that_does_nothing_is_told_that_it_is_stalled(void **state)
{
	struct xpair *x = xpair_new(items, N_ITEMS, files, N_FILES, false);
	struct xlink *whose;

	(void)state;
	x->told = N_FILES;
	x->silent = true;
	xpair_run(x, SIZE_MAX);
	x->n_from_s = x->n_from_r = 0;
	assert_int_equal(idle(x, 3600 * 1000, &whose), RC_BUSY);
	assert_ptr_equal(whose, &x->r.link); /* the sender owes a file */
	assert_in_range(x->now_ms, XPAIR_NOW + XLINK_IDLE_MS,
	    XPAIR_NOW + XLINK_IDLE_MS + XLINK_SPEAK_MS);
	xpair_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_a_file_can_go_is_told_to_both),
		cmocka_unit_test(what_is_said_is_what_the_table_says),
		cmocka_unit_test(pieces_of_any_size_make_no_difference),
		cmocka_unit_test(
		    a_sender_that_vanishes_at_any_byte_is_gone_and_nothing_else),
		cmocka_unit_test(
		    a_receiver_that_vanishes_at_any_byte_is_gone_and_nothing_else),
		cmocka_unit_test(every_byte_boundary_of_every_message_is_the_same),
		cmocka_unit_test(without_a_hash_nothing_is_resumed_and_nothing_compared),
		cmocka_unit_test(a_refusal_ends_both),
		cmocka_unit_test(the_receiver_leaves_after_the_last_file_is_stored),
		cmocka_unit_test(an_error_of_either_side_ends_both),
		cmocka_unit_test(a_slow_stream_is_waited_for_by_both),
		cmocka_unit_test(a_user_that_does_nothing_is_told_that_it_is_stalled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
