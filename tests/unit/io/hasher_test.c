/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>

#include "base/text.h"
#include "io/hasher.h"
#include "tests/unit/describe.h"
#include "tests/unit/io/place.h"

/*
 * 64 bytes in 4 pieces of 16: a 0..19, b 20..51, c 52..63, each of its own letter, and
 * the hashes as sha1sum gives them.
 */
enum { LENGTH = 64, PIECES = 4 };

#define BTIH "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA "\t0123456789abcdef0123456789abcdef01234567\n"
#define HEAD "ugat\t1\ntorrent\t" BTIH "\t-\t16\t4\t64\t3\tt\n"
#define HASHES "piece\t0" SHA "piece\t1" SHA "piece\t2" SHA "piece\t3" SHA
#define A "file\t0\t0\t20\tt/a\n"
#define B "file\t1\t20\t32\tt/sub/b\n"
#define C "file\t2\t52\t12\tt/c\n"
#define ALL HEAD A B C HASHES

static const char *const sum[PIECES] = {
	"3499c60eea227453c779de50fc84e217e9a53a18",
	"8ecdb651c415cc0095b9a0f9fad2ef9a097d933f",
	"c3f61b61beef494b6359d293f45d533888e98ac0",
	"296823769a990f8dead75c2241a1de9ae7f2f8cd",
};

static struct place place;
static struct beneath root;
static struct torrent t;
static struct content_file files[8];
static uint8_t sha1[PIECES * 20], words[PIECES];
static struct hasher h;
static struct hasher_count last;

static int
begin(void **state)
{
	(void)state;
	place_make(&place);
	place_put(&place, "t/a", "aaaaaaaaaaaaaaaaaaaa", 20);
	place_put(&place, "t/sub/b", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 32);
	place_put(&place, "t/c", "cccccccccccc", 12);
	beneath_init(&root, open(place.dir, O_PATH | O_DIRECTORY));
	h = (struct hasher){
		.t = &t, .root = &root, .files = files, .gaps = -1, .threads = 2
	};
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	torrent_clear(&t);
	(void)close(root.dir);
	place_remove(&place);
	return 0;
}

/* Take the torrent in and look at its files. */
static void
look(const char *lines)
{
	torrent_clear(&t);
	assert_int_equal(describe(&t, lines), RC_OK);
	content_look_all(&t, &root, files);
}

static enum rc
run(void)
{
	int signal;

	return hasher_run(&h, sha1, words, &signal);
}

static void
assert_hashed(uint32_t piece, const char *hex)
{
	char got[41];

	assert_int_equal(words[piece], HASHER_HASHED);
	text_hex(sha1 + (size_t)piece * 20, 20, got);
	assert_string_equal(got, hex);
}

static void
every_piece_has_the_hash_of_its_bytes_whatever_the_threads(void **state)
{
	static const unsigned threads[] = { 1, 2, 7 };

	(void)state;
	look(ALL);
	for (size_t i = 0; i < 3; i++) {
		h.threads = threads[i];
		memset(sha1, 0, sizeof(sha1));
		assert_int_equal(run(), RC_OK);
		for (uint32_t p = 0; p < PIECES; p++)
			assert_hashed(p, sum[p]);
	}
}

static void
a_missing_file_costs_the_pieces_that_it_has_bytes_in(void **state)
{
	(void)state;
	assert_int_equal(unlink(place_path(&place, "t/a")), 0);
	look(ALL);
	assert_int_equal(files[0].state, CONTENT_MISSING);
	assert_int_equal(run(), RC_OK);
	assert_int_equal(words[0], HASHER_ABSENT);
	assert_int_equal(words[1], HASHER_ABSENT);
	assert_hashed(2, sum[2]);
	assert_hashed(3, sum[3]);
}

static void
a_short_file_costs_what_lies_behind_its_end(void **state)
{
	(void)state;
	place_put(&place, "t/a", "aaaaaaaaaaaaaaaaaaa", 19);
	look(ALL);
	assert_int_equal(run(), RC_OK);
	assert_hashed(0, sum[0]);
	assert_int_equal(words[1], HASHER_ABSENT);
	assert_hashed(2, sum[2]);
}

static void
what_no_listed_file_has_comes_from_the_file_of_gaps(void **state)
{
	(void)state;
	look(HEAD A C HASHES);
	assert_int_equal(run(), RC_OK);
	assert_hashed(0, sum[0]);
	assert_int_equal(words[1], HASHER_GAP);
	assert_int_equal(words[2], HASHER_SKIPPED);
	assert_int_equal(words[3], HASHER_GAP);

	/* It holds the gap of piece 1, and ends before that of piece 3. */
	place_put(&place, "part", "....................bbbbbbbbbbbb", 32);
	h.gaps = open(place_path(&place, "part"), O_RDONLY);
	assert_int_equal(run(), RC_OK);
	(void)close(h.gaps);
	assert_hashed(1, sum[1]);
	assert_int_equal(words[3], HASHER_GAP);
}

static void
a_pad_is_zeros_without_a_file(void **state)
{
	(void)state;
	look(HEAD A "file\t1\t20\t12\t-\tattr=p\n" HASHES);
	assert_int_equal(run(), RC_OK);
	/* "aaaa" and 12 zeros. */
	assert_hashed(1, "1ef8b64674b587b795c325552d7a61386ba0022b");
}

static void
a_file_that_changed_since_the_first_look_is_not_read(void **state)
{
	(void)state;
	look(ALL);
	place_put(&place, "t/a", "aaaaaaaaaaaaaaaaaaaaa", 21);
	assert_int_equal(run(), RC_OK);
	assert_int_equal(words[0], HASHER_FAILED);
	assert_int_equal(files[0].state, CONTENT_CHANGED);
	assert_hashed(2, sum[2]);
}

static void
a_fifo_that_took_the_place_of_a_file_does_not_hang(void **state)
{
	(void)state;
	look(ALL);
	assert_int_equal(unlink(place_path(&place, "t/a")), 0);
	assert_int_equal(mkfifo(place_path(&place, "t/a"), 0600), 0);
	assert_int_equal(run(), RC_OK);
	assert_int_equal(words[0], HASHER_FAILED);
	assert_int_equal(files[0].state, CONTENT_CHANGED);
}

static void
what_is_no_file_is_called_by_its_kind(void **state)
{
	(void)state;
	(void)unlink(place_path(&place, "t/a"));
	(void)unlink(place_path(&place, "t/c"));
	(void)unlink(place_path(&place, "t/sub/b"));
	assert_int_equal(symlink("c", place_path(&place, "t/a")), 0);
	assert_int_equal(mkdir(place_path(&place, "t/sub/b"), 0777), 0);
	assert_int_equal(mkfifo(place_path(&place, "t/c"), 0600), 0);
	look(ALL);
	assert_int_equal(files[0].state, CONTENT_LINK);
	assert_int_equal(files[1].state, CONTENT_DIRECTORY);
	assert_int_equal(files[2].state, CONTENT_SPECIAL);
	assert_int_equal(rmdir(place_path(&place, "t/sub/b")), 0);
	assert_int_equal(rmdir(place_path(&place, "t/sub")), 0);
	place_put(&place, "t/sub", "x", 1);
	assert_int_equal(symlink("t", place_path(&place, "s")), 0);
	look(HEAD "file\t0\t0\t20\ts/c\n" B HASHES);
	assert_int_equal(files[0].state, CONTENT_LINK);
	assert_int_equal(files[1].state, CONTENT_MISSING);
}

static void
the_second_look_sees_what_changed(void **state)
{
	(void)state;
	look(ALL);
	content_look_again(&t, &root, files);
	for (int i = 0; i < 3; i++)
		assert_int_equal(files[i].state, CONTENT_FILE);
	place_age(&place, "t/a", 1);
	place_put(&place, "t/c", "ccccccccccccc", 13);
	assert_int_equal(unlink(place_path(&place, "t/sub/b")), 0);
	content_look_again(&t, &root, files);
	for (int i = 0; i < 3; i++)
		assert_int_equal(files[i].state, CONTENT_CHANGED);
}

static void
holes_are_zeros(void **state)
{
	int fd = open(place_path(&place, "big"), O_WRONLY | O_CREAT, 0666);

	(void)state;
	assert_int_equal(ftruncate(fd, 4 << 20), 0);
	assert_int_equal(pwrite(fd, "x", 1, 1 << 20), 1);
	assert_int_equal(close(fd), 0);
	look("ugat\t1\ntorrent\t" BTIH "\t-\t1048576\t4\t4194304\t1\tbig\n"
	     "file\t0\t0\t4194304\tbig\n" HASHES);
	assert_true(files[0].sparse);
	h.threads = 1;
	assert_int_equal(run(), RC_OK);
	assert_hashed(0, "3b71f43ff30f4b15b5cd85dd9e95ebc7e84eb5a3");
	assert_hashed(1, "ae88ec3087232b7fc71a63e898b38913c4e628bb");
	assert_hashed(2, "3b71f43ff30f4b15b5cd85dd9e95ebc7e84eb5a3");
	assert_hashed(3, "3b71f43ff30f4b15b5cd85dd9e95ebc7e84eb5a3");
}

static void
strict_ends_at_the_first_piece_that_cannot_be_hashed(void **state)
{
	(void)state;
	look(ALL);
	h.strict = true;
	assert_int_equal(run(), RC_OK);
	place_age(&place, "t/c", 1);
	assert_int_equal(run(), RC_BAD);
	assert_int_equal(files[2].state, CONTENT_CHANGED);
}

static void
keep(void *ctx, const struct hasher_count *count)
{
	(void)ctx;
	last = *count;
}

static void
the_last_count_is_the_whole(void **state)
{
	(void)state;
	assert_int_equal(unlink(place_path(&place, "t/c")), 0);
	look(ALL);
	h.tick = keep;
	assert_int_equal(run(), RC_OK);
	assert_int_equal(last.total, 48);
	assert_int_equal(last.bytes, 48);
	assert_int_equal(last.total_files, 3);
	assert_int_equal(last.files, 1); /* of b the last 4 bytes are in piece 3 */
}

static void
a_signal_ends_it(void **state)
{
	sigset_t set, before;
	int signal = 0;

	(void)state;
	look(ALL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &set, &before);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(hasher_run(&h, sha1, words, &signal), RC_END);
	assert_int_equal(signal, SIGTERM);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(every_piece_has_the_hash_of_its_bytes_whatever_the_threads),
		TEST(a_missing_file_costs_the_pieces_that_it_has_bytes_in),
		TEST(a_short_file_costs_what_lies_behind_its_end),
		TEST(what_no_listed_file_has_comes_from_the_file_of_gaps),
		TEST(a_pad_is_zeros_without_a_file),
		TEST(a_file_that_changed_since_the_first_look_is_not_read),
		TEST(a_fifo_that_took_the_place_of_a_file_does_not_hang),
		TEST(what_is_no_file_is_called_by_its_kind),
		TEST(the_second_look_sees_what_changed),
		TEST(holes_are_zeros),
		TEST(strict_ends_at_the_first_piece_that_cannot_be_hashed),
		TEST(the_last_count_is_the_whole),
		TEST(a_signal_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
