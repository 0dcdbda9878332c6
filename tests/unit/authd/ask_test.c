/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/ask.h"

/* Written by hand after authd/ask.h: an enrolment by "ann" from 10.0.0.1, port 258. */
static const uint8_t ask_wire[] = {
	0, 0, 0, 52,            /* the length of what follows */
	1, 2, 3, 4, 5, 6, 7, 8, /* id */
	1,                      /* ASK_ENROLL */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1, /* ::ffff:10.0.0.1 */
	1, 2,                                                  /* port */
	0, 0, 0, 3, 'a', 'n', 'n',                             /* user */
	0, 0, 0, 4, 'p', 0, 0xff, 'w',                         /* password */
	0, 0, 0, 0,                                            /* cert */
	0, 0, 0, 2, 0x30, 0x00,                                /* body */
};

/* 503, Retry-After 2, text "no\n". */
static const uint8_t answer_wire[] = {
	0, 0, 0, 22,                /* the length of what follows */
	0, 0, 0, 0, 0, 0, 0, 9,     /* id */
	0x01, 0xf7,                 /* status */
	0, 0, 0, 2,                 /* retry */
	0,                          /* ANSWER_TEXT */
	0, 0, 0, 3, 'n', 'o', '\n', /* body */
};

static void
an_ask_is_put_as_the_header_says(void **state)
{
	static const uint8_t ip[4] = { 10, 0, 0, 1 };
	static const uint8_t password[4] = { 'p', 0, 0xff, 'w' };
	struct ask a = {
		.id = 0x0102030405060708,
		.kind = ASK_ENROLL,
		.source = addr_v4(ip, 258),
		.user = bytes_str("ann"),
		.password = bytes_of(password, sizeof(password)),
		.body = bytes_of("\x30\x00", 2),
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	assert_int_equal(ask_put(&a, &b), RC_OK);
	assert_int_equal(b.n, sizeof(ask_wire));
	assert_memory_equal(b.p, ask_wire, sizeof(ask_wire));
	buf_clear(&b);
}

static void
an_ask_is_read_and_what_follows_is_left(void **state)
{
	uint8_t in[sizeof(ask_wire) + 5];
	struct ask a;
	size_t used = 0;

	(void)state;
	memset(in, 0xee, sizeof(in));
	memcpy(in, ask_wire, sizeof(ask_wire));
	assert_int_equal(ask_get(bytes_of(in, sizeof(in)), &a, &used), RC_OK);
	assert_int_equal(used, sizeof(ask_wire));
	assert_true(a.id == 0x0102030405060708);
	assert_int_equal(a.kind, ASK_ENROLL);
	assert_int_equal(a.source.port, 258);
	assert_int_equal(a.source.ip[12], 10);
	assert_true(bytes_is(a.user, "ann"));
	assert_int_equal(a.password.n, 4);
	assert_int_equal(a.password.p[2], 0xff);
	assert_int_equal(a.cert.n, 0);
	assert_int_equal(a.body.n, 2);
}

static void
every_truncation_is_waited_for(void **state)
{
	struct ask a;
	struct answer r;
	size_t used = 77;

	(void)state;
	for (size_t n = 0; n < sizeof(ask_wire); n++)
		assert_int_equal(ask_get(bytes_of(ask_wire, n), &a, &used), RC_MORE);
	for (size_t n = 0; n < sizeof(answer_wire); n++)
		assert_int_equal(
		    answer_get(bytes_of(answer_wire, n), &r, &used), RC_MORE);
	assert_int_equal(used, 77);
}

static void
a_frame_that_is_shorter_than_its_fields_is_refused(void **state)
{
	uint8_t in[sizeof(ask_wire)];
	struct ask a;
	struct answer r;
	size_t used;

	(void)state;
	memcpy(in, ask_wire, sizeof(in));
	for (uint8_t n = 0; n < sizeof(ask_wire) - ASK_FRAME; n++) {
		in[3] = n;
		assert_int_equal(ask_get(bytes_of(in, sizeof(in)), &a, &used), RC_BAD);
	}
	memcpy(in, answer_wire, sizeof(answer_wire));
	for (uint8_t n = 0; n < sizeof(answer_wire) - ASK_FRAME; n++) {
		in[3] = n;
		assert_int_equal(
		    answer_get(bytes_of(in, sizeof(answer_wire)), &r, &used), RC_BAD);
	}
}

static void
bytes_behind_the_last_field_are_refused(void **state)
{
	uint8_t in[sizeof(ask_wire) + 1];
	struct ask a;
	size_t used;

	(void)state;
	memcpy(in, ask_wire, sizeof(ask_wire));
	in[sizeof(ask_wire)] = 0;
	in[3]++;
	assert_int_equal(ask_get(bytes_of(in, sizeof(in)), &a, &used), RC_BAD);
}

static void
unknown_kinds_and_types_are_refused(void **state)
{
	uint8_t in[sizeof(ask_wire)], out[sizeof(answer_wire)];
	struct ask a;
	struct answer r;
	size_t used;

	(void)state;
	memcpy(in, ask_wire, sizeof(in));
	in[12] = ASK_KINDS;
	assert_int_equal(ask_get(bytes_of(in, sizeof(in)), &a, &used), RC_BAD);
	memcpy(out, answer_wire, sizeof(out));
	out[18] = ANSWER_TYPES;
	assert_int_equal(answer_get(bytes_of(out, sizeof(out)), &r, &used), RC_BAD);
}

static void
a_length_over_the_maximum_is_refused_at_once(void **state)
{
	static const uint8_t ask[] = { 0, 0, 0x40, 1 };    /* 16,385 */
	static const uint8_t answer[] = { 0, 0x50, 0, 1 }; /* 5 MiB and 1 */
	static const uint8_t all[] = { 0xff, 0xff, 0xff, 0xff };
	struct ask a;
	struct answer r;
	size_t used;

	(void)state;
	assert_int_equal(ask_get(bytes_of(ask, 4), &a, &used), RC_BAD);
	assert_int_equal(answer_get(bytes_of(answer, 4), &r, &used), RC_BAD);
	assert_int_equal(ask_get(bytes_of(all, 4), &a, &used), RC_BAD);
	assert_int_equal(answer_get(bytes_of(all, 4), &r, &used), RC_BAD);
}

static void
what_is_too_large_is_not_put_and_leaves_the_buffer_alone(void **state)
{
	uint8_t *big = calloc(1, ASK_MAX);
	struct ask a = { .kind = ASK_ENROLL, .body = bytes_of(big, ASK_MAX - 42) };
	struct buf b;

	(void)state;
	assert_non_null(big);
	buf_init(&b, 2 * ASK_MAX);
	assert_int_equal(ask_put(&a, &b), RC_BIG); /* 27 fixed, 4 lengths: 43 */
	assert_int_equal(b.n, 0);
	a.body.n--;
	assert_int_equal(ask_put(&a, &b), RC_OK);
	assert_int_equal(b.n, ASK_FRAME + ASK_MAX);
	assert_int_equal(ask_put(&a, &b), RC_BIG);
	assert_int_equal(b.n, ASK_FRAME + ASK_MAX);
	a.body.n = SIZE_MAX - 3;
	assert_int_equal(ask_put(&a, &b), RC_BIG);
	buf_clear(&b);
	free(big);
}

static void
an_answer_is_put_and_read(void **state)
{
	struct answer a = { .id = 9,
		.status = 503,
		.retry_s = 2,
		.type = ANSWER_TEXT,
		.body = bytes_str("no\n") };
	struct answer back;
	struct buf b;
	size_t used = 0;

	(void)state;
	buf_init(&b, 1024);
	assert_int_equal(answer_put(&a, &b), RC_OK);
	assert_int_equal(b.n, sizeof(answer_wire));
	assert_memory_equal(b.p, answer_wire, sizeof(answer_wire));
	assert_int_equal(answer_get(buf_bytes(&b), &back, &used), RC_OK);
	assert_int_equal(used, sizeof(answer_wire));
	assert_int_equal(back.status, 503);
	assert_int_equal(back.retry_s, 2);
	assert_true(back.id == 9 && bytes_is(back.body, "no\n"));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ask_is_put_as_the_header_says),
		cmocka_unit_test(an_ask_is_read_and_what_follows_is_left),
		cmocka_unit_test(every_truncation_is_waited_for),
		cmocka_unit_test(a_frame_that_is_shorter_than_its_fields_is_refused),
		cmocka_unit_test(bytes_behind_the_last_field_are_refused),
		cmocka_unit_test(unknown_kinds_and_types_are_refused),
		cmocka_unit_test(a_length_over_the_maximum_is_refused_at_once),
		cmocka_unit_test(
		    what_is_too_large_is_not_put_and_leaves_the_buffer_alone),
		cmocka_unit_test(an_answer_is_put_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
