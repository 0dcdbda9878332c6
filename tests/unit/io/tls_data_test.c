/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "io/tls_parts.h"

#include "tls_people.h"

/* n bytes that no two stretches of have in common. */
static uint8_t *
pattern(size_t n)
{
	uint8_t *p = malloc(n);
	uint64_t x = 1;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407U;
		p[i] = (uint8_t)(x >> 56);
	}
	return p;
}

static void
bytes_come_as_they_were_written_in_any_portions(void **state)
{
	static const size_t steps[] = { 1, 4, 16 * 1024, 16 * 1024 + 1, 256 * 1024,
		3 * 1024 * 1024 };
	enum { ALL = 3 * 1024 * 1024 + 17, FEW = 5000 };
	uint8_t *data = pattern(ALL), *got = malloc(ALL);

	(void)state;
	assert_non_null(got);
	for (size_t i = 0; i < 2 * sizeof(steps) / sizeof(steps[0]); i++) {
		size_t step = steps[i / 2], n = step < 1024 ? FEW : ALL;
		struct pair p;

		pair_open(&p, &ops.rules, &lab.rules);
		pair_shake(&p);
		memset(got, 0, ALL);
		pair_carry(&p, i % 2, bytes_of(data, n), step, got);
		assert_memory_equal(got, data, n);
		pair_close(&p);
	}
	free(data);
	free(got);
}

static void
a_reader_may_take_one_byte_at_a_time(void **state)
{
	enum { ALL = 40000 };
	uint8_t *data = pattern(ALL), byte;
	struct outcome why = { .code = CODE_OK };
	struct pair p;
	size_t n;

	(void)state;
	pair_open(&p, &ops.rules, &lab.rules);
	pair_shake(&p);
	assert_int_equal(tls_write(p.e[0].tls, bytes_of(data, ALL), &n, &why), RC_OK);
	assert_int_equal(n, ALL);
	assert_int_equal(tls_flush(p.e[0].tls, &why), RC_OK);
	while (pair_turn(&p))
		;
	for (size_t i = 0; i < ALL; i++) {
		assert_int_equal(tls_read(p.e[1].tls, &byte, 1, &n, &why), RC_OK);
		assert_int_equal(n, 1);
		assert_int_equal(byte, data[i]);
		assert_int_equal(tls_has_more(p.e[1].tls), i + 1 < ALL);
	}
	assert_int_equal(tls_read(p.e[1].tls, &byte, 1, &n, &why), RC_MORE);
	assert_int_equal(tls_wants(p.e[1].tls), LOOP_READ);
	assert_false(tls_has_more(p.e[1].tls));
	pair_close(&p);
	free(data);
}

static void
when_the_socket_is_full_something_else_may_be_written_next(void **state)
{
	enum { STEP = 100 * 1000, MOST = 64 };
	uint8_t *data = pattern(STEP), *got = malloc(MOST * STEP);
	struct pair p;
	struct end *e = &p.e[0];
	size_t n, all = 0;

	(void)state;
	assert_non_null(got);
	pair_open(&p, &ops.rules, &lab.rules);
	pair_shake(&p);
	for (int i = 0; i < MOST; i++) {
		e->rc = tls_write(e->tls, bytes_of(data, STEP), &n, &e->why);
		all += n;
		if (e->rc != RC_OK || n < STEP)
			break;
	}
	assert_int_equal(tls_write(e->tls, bytes_of(data, STEP), &n, &e->why), RC_MORE);
	assert_int_equal(n, 0);
	assert_int_equal(tls_wants(e->tls), LOOP_WRITE);
	assert_int_equal(tls_flush(e->tls, &e->why), RC_MORE);
	for (size_t came = 0; came < all; (void)!tls_flush(e->tls, &e->why))
		came += end_drain(&p, 1, got + came, all - came);
	pair_carry(&p, 0, bytes_str("!"), 1, got + all);
	for (size_t i = 0; i < all; i++)
		assert_int_equal(got[i], data[i % STEP]);
	assert_int_equal(got[all], '!');
	pair_close(&p);
	free(data);
	free(got);
}

static void
after_close_notify_the_other_direction_goes_on(void **state)
{
	struct pair p;
	uint8_t got[8];

	(void)state;
	pair_open(&p, &ops.rules, &lab.rules);
	pair_shake(&p);
	pair_carry(&p, 0, bytes_str("all"), 3, got);
	assert_int_equal(tls_close(p.e[0].tls, &p.e[0].why), RC_OK);
	assert_int_equal(tls_close(p.e[0].tls, &p.e[0].why), RC_OK);
	assert_int_equal(end_drain(&p, 1, got, sizeof(got)), 0);
	assert_int_equal(p.e[1].rc, RC_END);
	pair_carry(&p, 1, bytes_str("stored"), 6, got);
	assert_memory_equal(got, "stored", 6);
	assert_int_equal(tls_close(p.e[1].tls, &p.e[1].why), RC_OK);
	assert_int_equal(end_drain(&p, 0, got, sizeof(got)), 0);
	assert_int_equal(p.e[0].rc, RC_END);
	pair_close(&p);
}

static void
the_keys_are_renewed_long_before_they_are_worn(void **state)
{
	uint8_t got[8];
	struct pair p;

	(void)state;
	pair_open(&p, &ops.rules, &lab.rules);
	pair_shake(&p);
	pair_carry(&p, 0, bytes_str("old"), 3, got);
	assert_true(p.e[0].tls->sealed == 3);
	p.e[0].tls->sealed = UINT64_C(388) << 30;
	pair_carry(&p, 0, bytes_str("new"), 3, got);
	assert_memory_equal(got, "new", 3);
	assert_true(p.e[0].tls->sealed == 3);
	pair_carry(&p, 1, bytes_str("back"), 4, got);
	assert_memory_equal(got, "back", 4);
	pair_close(&p);
}

/* A wire that lies. */

enum { SAID = 300 };

/*
 * Both shake hands, say SAID bytes each and close, while the wire does what was told. No
 * byte comes that was not sent, and what ends in order is whole.
 */
static void
talk(struct pair *p, const uint8_t *said)
{
	uint8_t got[2 * SAID];

	pair_shake(p);
	for (int i = 0; i < 2; i++) {
		struct end *e = &p->e[i];
		size_t n;

		if (e->rc != RC_OK ||
		    tls_write(e->tls, bytes_of(said, SAID), &n, &e->why) != RC_OK)
			continue;
		assert_int_equal(n, SAID);
		(void)!tls_close(e->tls, &e->why);
	}
	for (int i = 0; i < 2; i++) {
		struct end *e = &p->e[i];
		size_t n;

		if (e->rc != RC_OK)
			continue;
		n = end_drain(p, i, got, sizeof(got));
		assert_true(n <= SAID && memcmp(got, said, n) == 0);
		assert_true(e->rc != RC_END || n == SAID);
		assert_true(e->rc != RC_OK);
	}
}

/* How many bytes go each way when nothing is wrong. */
static void
measure(const uint8_t *said, size_t n[2])
{
	struct pair p;

	pair_open(&p, &ops.rules, &lab.rules);
	talk(&p, said);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(p.e[i].rc, RC_END);
		n[i] = p.way[i].passed;
		assert_true(n[i] > 1000 && n[i] < 8000);
	}
	pair_close(&p);
}

static void
a_changed_bit_anywhere_never_makes_another_byte(void **state)
{
	enum { ALL_OF_THE_FIRST = 60, STRIDE = 11 };
	uint8_t *said = pattern(SAID);
	size_t n[2], refused = 0, tries = 0;

	(void)state;
	measure(said, n);
	for (int i = 0; i < 2; i++)
		for (size_t at = 0; at < n[i]; at += at < ALL_OF_THE_FIRST ? 1 : STRIDE) {
			struct pair p;

			pair_open(&p, &ops.rules, &lab.rules);
			p.way[i].flip_at = at;
			talk(&p, said);
			refused += p.e[1 - i].rc != RC_END;
			tries++;
			pair_close(&p);
		}
	/* All but the few that TLS ignores: change_cipher_spec, a record's version. */
	assert_true(refused * 10 >= tries * 9);
	free(said);
}

static void
a_wire_that_is_cut_anywhere_is_noticed(void **state)
{
	enum { STRIDE = 7, SIGNATURES = 8 /* differ so much in size, at most */ };
	uint8_t *said = pattern(SAID);
	size_t n[2];

	(void)state;
	measure(said, n);
	for (int i = 0; i < 2; i++)
		for (size_t at = 0; at + SIGNATURES < n[i];
		     at += at < n[i] - 50 ? STRIDE : 1) {
			struct pair p;

			pair_open(&p, &ops.rules, &lab.rules);
			p.way[i].cut_at = at;
			talk(&p, said);
			assert_int_equal(p.e[1 - i].rc, RC_BAD);
			assert_int_equal(p.e[1 - i].why.code, CODE_UNAVAILABLE);
			pair_close(&p);
		}
	free(said);
}

static void
an_end_without_close_notify_is_told_after_the_data(void **state)
{
	struct pair p;
	uint8_t got[8];

	(void)state;
	pair_open(&p, &ops.rules, &lab.rules);
	pair_shake(&p);
	pair_carry(&p, 0, bytes_str("part"), 4, got);
	assert_int_equal(shutdown(p.e[0].fd, SHUT_WR), 0);
	assert_int_equal(end_drain(&p, 1, got, sizeof(got)), 0);
	assert_int_equal(p.e[1].rc, RC_BAD);
	assert_int_equal(p.e[1].why.code, CODE_UNAVAILABLE);
	assert_string_equal(p.e[1].why.words, "the connection ended in the middle");
	pair_close(&p);
}

/* A connection that the other side breaks. */

/* Write until the socket says that it is over; what tls_wants then. */
static int
write_in_vain(struct end *e, const uint8_t *data, size_t size)
{
	enum { TRIES = 100 };
	size_t n;

	for (int i = 0; i < TRIES; i++) {
		e->rc = tls_write(e->tls, bytes_of(data, size), &n, &e->why);
		if (e->rc == RC_OK)
			e->rc = tls_flush(e->tls, &e->why);
		if (e->rc != RC_OK)
			break;
	}
	return e->rc == RC_MORE ? tls_wants(e->tls) : 0;
}

static void
whoever_is_refused_while_writing_still_learns_why(void **state)
{
	enum { MUCH = 600 * 1000 };
	uint8_t *data = pattern(MUCH), got[8];
	struct person eve;
	struct pair p;
	struct end *e = &p.e[0];

	(void)state;
	person_init(&eve, "eve", &other, -HOUR_S, 2 * HOUR_S);
	person_pin(&eve, &ours);
	pair_init_tcp(&p);
	pair_join(&p, &eve.rules, &ops.rules);
	while (e->rc == RC_MORE) {
		e->rc = tls_shake(e->tls, &e->why);
		if (e->rc == RC_MORE)
			p.e[1].rc = tls_shake(p.e[1].tls, &p.e[1].why);
	}
	assert_int_equal(e->rc, RC_OK);
	(void)write_in_vain(e, data, MUCH);
	/* It refuses, and hangs up with much unread: the connection is reset. */
	assert_int_equal(tls_shake(p.e[1].tls, &p.e[1].why), RC_BAD);
	tls_free(p.e[1].tls);
	p.e[1].tls = NULL;
	(void)close(p.e[1].fd);
	p.e[1].fd = -1;
	assert_int_equal(write_in_vain(e, data, MUCH), LOOP_READ);
	assert_int_equal(end_drain(&p, 0, got, sizeof(got)), 0);
	assert_int_equal(e->rc, RC_BAD);
	assert_int_equal(e->why.code, CODE_NOSESSION);
	assert_non_null(strstr(e->why.words, "does not accept our certificate"));
	pair_close(&p);
	person_clear(&eve);
	free(data);
}

static void
writing_to_nobody_is_told_and_kills_nobody(void **state)
{
	struct pair p;
	struct end *e = &p.e[0];
	uint8_t got[8];

	(void)state;
	for (int i = 0; i < 2; i++) {
		pair_init_tcp(&p);
		pair_join(&p, &ops.rules, &lab.rules);
		while (p.e[0].rc == RC_MORE || p.e[1].rc == RC_MORE)
			pair_shake(&p);
		if (i == 1)
			assert_int_equal(tls_close(p.e[1].tls, &p.e[1].why), RC_OK);
		(void)close(p.e[1].fd);
		p.e[1].fd = -1;
		if (i == 1) {
			/* It has ended in order: nothing more can be read from it. */
			(void)end_drain(&p, 0, got, sizeof(got));
			assert_int_equal(e->rc, RC_END);
			assert_int_equal(write_in_vain(e, got, 1), 0);
		} else {
			assert_int_equal(write_in_vain(e, got, 1), LOOP_READ);
			(void)end_drain(&p, 0, got, sizeof(got));
		}
		assert_int_equal(e->rc, RC_BAD);
		assert_int_equal(e->why.code, CODE_UNAVAILABLE);
		assert_non_null(strstr(e->why.words, "the connection is lost: "));
		pair_close(&p);
	}
}

/* Memory. */

static void
a_connection_takes_less_than_a_mebibyte(void **state)
{
	enum { PAIRS = 8, MOST = 1024 * 1024 };
	struct mallinfo2 before, after;
	struct pair p[PAIRS];
	uint8_t *data = pattern(MOST), *got = malloc(MOST);

	(void)state;
	assert_non_null(got);
	before = mallinfo2();
	for (int i = 0; i < PAIRS; i++) {
		pair_open(&p[i], &ops.rules, &lab.rules);
		pair_shake(&p[i]);
		pair_carry(&p[i], 0, bytes_of(data, MOST), MOST, got);
	}
	after = mallinfo2();
	assert_true(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd <
	    (size_t)2 * PAIRS * MOST);
	for (int i = 0; i < PAIRS; i++)
		pair_close(&p[i]);
	free(data);
	free(got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bytes_come_as_they_were_written_in_any_portions),
		TEST(a_reader_may_take_one_byte_at_a_time),
		TEST(when_the_socket_is_full_something_else_may_be_written_next),
		TEST(after_close_notify_the_other_direction_goes_on),
		TEST(the_keys_are_renewed_long_before_they_are_worn),
		TEST(a_changed_bit_anywhere_never_makes_another_byte),
		TEST(a_wire_that_is_cut_anywhere_is_noticed),
		TEST(an_end_without_close_notify_is_told_after_the_data),
		TEST(whoever_is_refused_while_writing_still_learns_why),
		TEST(writing_to_nobody_is_told_and_kills_nobody),
		TEST(a_connection_takes_less_than_a_mebibyte),
	};

	return cmocka_run_group_tests(tests, people_come, people_go);
}
