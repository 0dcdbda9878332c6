/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "io/pipehash.h"

/* A writer at the other end of the pipe, in uneven portions. */
struct feed {
	int fd;
	const uint8_t *data;
	size_t n;
};

static void *
write_it(void *arg)
{
	struct feed *f = arg;

	for (size_t at = 0, some = 1; at < f->n; some = some * 7 % 99991 + 1) {
		size_t want = some < f->n - at ? some : f->n - at;
		ssize_t n = write(f->fd, f->data + at, want);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	(void)close(f->fd);
	return NULL;
}

/* Hash n bytes as they come through a pipe. */
static enum rc
hash(const uint8_t *data, size_t n, uint32_t piece, struct buf *sha1, uint64_t *length)
{
	struct pipehash p = { .piece_length = piece, .threads = 3 };
	struct feed feed = { .data = data, .n = n };
	pthread_t writer;
	int ends[2], signal;
	enum rc rc;

	assert_int_equal(pipe(ends), 0);
	p.fd = ends[0];
	feed.fd = ends[1];
	assert_int_equal(pthread_create(&writer, NULL, write_it, &feed), 0);
	rc = pipehash_run(&p, sha1, length, &signal);
	(void)pthread_join(writer, NULL);
	(void)close(ends[0]);
	return rc;
}

static void
assert_sum(const struct buf *sha1, size_t piece, const char *hex)
{
	char got[41];

	assert_true(sha1->n >= (piece + 1) * 20);
	text_hex(sha1->p + piece * 20, 20, got);
	assert_string_equal(got, hex);
}

/* The sums are sha1sum's: of 16384 a, and of 20000 b. */
static void
pieces_have_the_hashes_of_their_bytes(void **state)
{
	uint8_t data[20000];
	struct buf sha1;
	uint64_t length;

	(void)state;
	memset(data, 'a', sizeof(data));
	buf_init(&sha1, 1 << 20);
	assert_int_equal(hash(data, 16384, 16384, &sha1, &length), RC_OK);
	assert_int_equal(length, 16384);
	assert_int_equal(sha1.n, 20);
	assert_sum(&sha1, 0, "12ff347b4f27d69e1f328e6f4b5573e3666e122f");
	buf_clear(&sha1);
	memset(data, 'b', sizeof(data));
	/* 8 MiB leaves no ring: hashed as it comes. */
	assert_int_equal(hash(data, sizeof(data), 8 << 20, &sha1, &length), RC_OK);
	assert_int_equal(sha1.n, 20);
	assert_sum(&sha1, 0, "1ee6dba255f14358adc46c9268069cfdbe846834");
	buf_clear(&sha1);
}

static void
many_pieces_come_in_order_with_a_ring_and_without(void **state)
{
	enum { SIZE = 20 * 1024 * 1024 + 5 };
	static const uint32_t piece[] = { 16384, 1 << 20, 8 << 20 };
	uint8_t *data = malloc(SIZE), digest[20];
	struct buf sha1;
	uint64_t length;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i * 31 + i / 4099);
	buf_init(&sha1, 1 << 20);
	for (size_t i = 0; i < 3; i++) {
		size_t pieces = (SIZE - 1) / piece[i] + 1;

		assert_int_equal(hash(data, SIZE, piece[i], &sha1, &length), RC_OK);
		assert_int_equal(length, SIZE);
		assert_int_equal(sha1.n, pieces * 20);
		for (size_t p = 0; p < pieces; p++) {
			size_t at = p * piece[i],
			       n = SIZE - at < piece[i] ? SIZE - at : piece[i];

			assert_int_equal(
			    hash_sha1(bytes_of(data + at, n), digest), RC_OK);
			assert_memory_equal(sha1.p + p * 20, digest, 20);
		}
		buf_clear(&sha1);
	}
	free(data);
}

static void
an_empty_stream_has_no_piece(void **state)
{
	struct buf sha1;
	uint64_t length = 1;

	(void)state;
	buf_init(&sha1, 100);
	assert_int_equal(hash(NULL, 0, 16384, &sha1, &length), RC_OK);
	assert_int_equal(length, 0);
	assert_int_equal(sha1.n, 0);
}

static void
more_pieces_than_there_is_room_for_are_refused(void **state)
{
	uint8_t *data = calloc(3, 16384);
	struct buf sha1;
	uint64_t length;

	(void)state;
	buf_init(&sha1, 40);
	assert_int_equal(hash(data, (size_t)3 * 16384, 16384, &sha1, &length), RC_BIG);
	buf_clear(&sha1);
	free(data);
}

static void
a_signal_ends_it_while_nothing_comes(void **state)
{
	struct pipehash p = { .piece_length = 16384, .threads = 2 };
	int ends[2], signal = 0;
	sigset_t set, before;
	struct buf sha1;
	uint64_t length;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	p.fd = ends[0];
	buf_init(&sha1, 40);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &set, &before);
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(pipehash_run(&p, &sha1, &length, &signal), RC_END);
	assert_int_equal(signal, SIGINT);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_have_the_hashes_of_their_bytes),
		cmocka_unit_test(many_pieces_come_in_order_with_a_ring_and_without),
		cmocka_unit_test(an_empty_stream_has_no_piece),
		cmocka_unit_test(more_pieces_than_there_is_room_for_are_refused),
		cmocka_unit_test(a_signal_ends_it_while_nothing_comes),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
