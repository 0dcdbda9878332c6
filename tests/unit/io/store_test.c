/* SPDX-License-Identifier: ISC */
/* Bytes on disk, and what stands in their way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/io/store_sample.h"

static void
bytes_land_in_their_files_and_pads_nowhere(void **state)
{
	struct store *s = open_all();
	struct store_error e;
	struct stat st;
	uint8_t back[LENGTH];

	(void)state;
	assert_string_equal(states(s), "........");
	assert_int_equal(store_make_empty(s, &e), RC_OK);
	assert_int_equal(store_write(s, 0, bytes_of(data, LENGTH), &e), RC_OK);
	assert_int_equal(store_read(s, 0, back, LENGTH, &e), RC_OK);
	assert_memory_equal(back, data, LENGTH);
	store_close(s);
	assert_true(place_is(&place, "t/a", data, 20));
	assert_true(place_is(&place, "t/sub/b", data + 32, 40));
	assert_true(place_is(&place, "t/c", data + 72, 56));
	assert_int_equal(place_size(&place, "t/e"), 0);
	assert_false(place_has(&place, "t/.pad"));
	assert_false(place_has(&place, PART));
	assert_int_equal(stat(place_path(&place, "t/sub/b"), &st), 0);
	assert_true((st.st_mode & 0111) != 0);
	assert_int_equal(stat(place_path(&place, "t/a"), &st), 0);
	assert_true((st.st_mode & 0111) == 0);
}

static void
any_stretch_is_written_and_read_across_files(void **state)
{
	struct store *s = open_all();
	struct store_error e;
	uint8_t back[LENGTH];

	(void)state;
	/* In odd steps, from the end: files grow holes that are filled later. */
	for (size_t at = LENGTH; at > 0;) {
		size_t n = at < 13 ? at : 13;

		at -= n;
		assert_int_equal(store_write(s, at, bytes_of(data + at, n), &e), RC_OK);
	}
	for (size_t from = 0; from < LENGTH; from++)
		for (size_t n = 1; n <= LENGTH - from; n += 7) {
			assert_int_equal(store_read(s, from, back, n, &e), RC_OK);
			assert_memory_equal(back, data + from, n);
		}
	store_close(s);
}

static void
what_is_not_on_disk_is_not_read(void **state)
{
	struct store *s = open_all();
	struct store_error e;
	uint8_t back[LENGTH];

	(void)state;
	assert_int_equal(store_read(s, 0, back, 16, &e), RC_NONE);
	assert_non_null(strstr(e.path, "t/a"));
	assert_int_equal(e.err, 0);
	write_piece(s, 0);
	assert_int_equal(store_read(s, 0, back, 16, &e), RC_OK);
	assert_int_equal(store_read(s, 0, back, 17, &e), RC_NONE);
	/* Pads need no disk. */
	assert_int_equal(store_read(s, 20, back, 12, &e), RC_OK);
	assert_true(back[0] == 0 && back[11] == 0);
	store_close(s);
}

static void
pieces_of_nobody_are_absent_and_not_wanted(void **state)
{
	struct store *s = open_as(HEAD A PAD E C HASHES, false);

	(void)state;
	assert_int_equal(store_piece_state(s, 2), STORE_ABSENT);
	assert_int_equal(store_piece_state(s, 3), STORE_ABSENT);
	assert_int_equal(store_piece_state(s, PIECES), STORE_ABSENT);
	store_close(s);
}

static void
a_second_run_is_told_to_wait(void **state)
{
	struct store *s = open_all(), *other;
	struct outcome o = { .code = 0 };

	(void)state;
	assert_true(place_has(&place, LOCK));
	assert_int_equal(store_open(&t, place.dir, false, &o, &other), RC_BAD);
	assert_null(other);
	assert_int_equal(o.code, CODE_TEMPFAIL);
	assert_non_null(strstr(o.words, "already being fetched"));
	store_close(s);
	assert_false(place_has(&place, LOCK));
	store_close(open_all());
}

static void
what_stands_in_the_way_is_named_and_left_alone(void **state)
{
	static const char *const paths[] = { "t/a", "t/sub/b" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		place_put(&place, "t/sub/x", "", 0);
		assert_int_equal(mkdir(place_path(&place, paths[i]), 0777), 0);
		assert_null(open_as(ALL, false));
		assert_int_equal(why.code, CODE_CANTCREAT);
		assert_non_null(strstr(why.words, paths[i]));
		assert_non_null(strstr(why.words, "a directory stands"));
		assert_int_equal(rmdir(place_path(&place, paths[i])), 0);

		assert_int_equal(symlink("/etc/passwd", place_path(&place, paths[i])), 0);
		assert_null(open_as(ALL, false));
		assert_non_null(strstr(why.words, "a symbolic link stands"));
		assert_int_equal(unlink(place_path(&place, paths[i])), 0);

		assert_int_equal(mkfifo(place_path(&place, paths[i]), 0666), 0);
		assert_null(open_as(ALL, false));
		assert_non_null(strstr(why.words, "a FIFO stands"));
		assert_int_equal(unlink(place_path(&place, paths[i])), 0);

		place_put(
		    &place, paths[i], "12345678901234567890123456789012345678901", 41);
		assert_null(open_as(ALL, false));
		assert_int_equal(why.code, CODE_CANTCREAT);
		assert_non_null(strstr(why.words, "longer than it should be"));
		assert_int_equal(place_size(&place, paths[i]), 41);
		assert_int_equal(unlink(place_path(&place, paths[i])), 0);
	}
	assert_false(place_has(&place, ".ugat"));
}

static void
directories_on_the_way_are_directories(void **state)
{
	(void)state;
	place_put(&place, "t/sub", "", 0);
	assert_null(open_as(ALL, false));
	assert_int_equal(why.code, CODE_CANTCREAT);
	assert_non_null(strstr(why.words, "t/sub: a file stands where a directory"));
	assert_int_equal(unlink(place_path(&place, "t/sub")), 0);
	assert_int_equal(symlink("/tmp", place_path(&place, "t/sub")), 0);
	assert_null(open_as(ALL, false));
	assert_int_equal(why.code, CODE_CANTCREAT);
	assert_non_null(
	    strstr(why.words, "t/sub: a symbolic link stands where a directory"));
}

static void
obstacles_that_come_later_are_refused_at_the_write(void **state)
{
	struct store *s = open_all();
	struct store_error e;
	uint8_t back[PIECE];

	(void)state;
	place_put(&place, "t/x", "", 0);
	assert_int_equal(symlink("x", place_path(&place, "t/a")), 0);
	assert_int_equal(store_write(s, 0, bytes_of(data, PIECE), &e), RC_SYS);
	assert_int_equal(e.err, ELOOP);
	assert_non_null(strstr(e.path, "t/a"));
	assert_int_equal(store_read(s, 0, back, PIECE, &e), RC_SYS);
	assert_int_equal(unlink(place_path(&place, "t/a")), 0);
	assert_int_equal(mkfifo(place_path(&place, "t/a"), 0666), 0);
	assert_int_equal(store_write(s, 0, bytes_of(data, PIECE), &e), RC_SYS);
	assert_int_equal(e.err, EEXIST);
	assert_int_equal(store_read(s, 0, back, PIECE, &e), RC_SYS);
	assert_int_equal(place_size(&place, "t/x"), 0);
	store_close(s);
}

static void
our_own_directory_is_no_place_for_a_torrent(void **state)
{
	static const char *const paths[] = { ".ugat/x", ".UGAT/x", ".ugat", "t/.ugat/x",
		"t/u/.Ugat" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char lines[2048];

		(void)snprintf(
		    lines, sizeof(lines), HEAD "file\t0\t0\t20\t%s\n" HASHES, paths[i]);
		assert_null(open_as(lines, false));
		assert_int_equal(why.code, CODE_DATA);
	}
	store_close(open_as(HEAD "file\t0\t0\t20\t.ugats/a.ugat/x\n" HASHES, false));
}

static void
paths_that_are_one_file_where_case_does_not_count_are_refused_there(void **state)
{
	static const char twins[] = HEAD "file\t0\t0\t20\tt/Read.me\n"
	                                 "file\t1\t20\t12\tt/else\n"
	                                 "file\t2\t32\t8\tt/read.ME\n" HASHES;

	(void)state;
	store_close(open_as(twins, false));
	/* Our own directory can be had by another name: so does FAT. */
	place_put(&place, ".ugat/x", "", 0);
	assert_int_equal(symlink(".ugat", place_path(&place, ".UGAT")), 0);
	assert_null(open_as(twins, false));
	assert_int_equal(why.code, CODE_CANTCREAT);
	assert_non_null(strstr(why.words, "t/Read.me"));
	assert_non_null(strstr(why.words, "t/read.ME"));
	assert_null(strstr(why.words, "t/else"));
	store_close(open_all());
}

static void
directories_are_made_and_files_named_as_they_open(void **state)
{
	char dir[256], path[512];
	struct outcome o = { .code = 0 };
	struct store *s;

	(void)state;
	assert_int_equal(describe(&t, ALL), RC_OK);
	(void)snprintf(dir, sizeof(dir), "%s/new/deep/", place.dir);
	assert_int_equal(store_open(&t, dir, false, &o, &s), RC_OK);
	assert_int_equal(store_path(s, &t.files[0], path, sizeof(path)), RC_OK);
	write_piece(s, 0);
	store_close(s);
	assert_int_equal(access(path, R_OK), 0);
	assert_string_equal(path + strlen(place.dir), "/new/deep/t/a");
	place_put(&place, "file", "", 0);
	assert_int_equal(
	    store_open(&t, place_path(&place, "file"), false, &o, &s), RC_BAD);
	assert_int_equal(o.code, CODE_CANTCREAT);
	assert_non_null(strstr(o.words, "Not a directory"));
}

static void
in_the_current_directory_nothing_stands_before_a_path(void **state)
{
	struct outcome o = { .code = 0 };
	struct store *s;
	char path[64], was[4096];

	(void)state;
	assert_non_null(getcwd(was, sizeof(was)));
	assert_int_equal(chdir(place.dir), 0);
	assert_int_equal(
	    describe(&t, HEAD "file\t0\t0\t20\tt\nfile\t1\t20\t5\t-rf\n" HASHES), RC_OK);
	assert_int_equal(store_open(&t, ".", false, &o, &s), RC_OK);
	assert_int_equal(store_path(s, &t.files[0], path, sizeof(path)), RC_OK);
	assert_string_equal(path, "t");
	assert_int_equal(store_path(s, &t.files[1], path, sizeof(path)), RC_OK);
	assert_string_equal(path, "./-rf");
	assert_int_equal(store_path(s, &t.files[1], path, 5), RC_BIG);
	store_close(s);
	assert_int_equal(chdir(was), 0);
}

static void
where_no_notes_can_be_made_all_else_works(void **state)
{
	struct store *s;
	struct store_error e;

	(void)state;
	place_put(&place, ".ugat", "not a directory", 15);
	s = open_as(HEAD A PAD E C HASHES, false);
	assert_non_null(s);
	write_piece(s, 4);
	write_piece(s, 5);
	/* The gap of 4 had to be dropped: it is held and not offered. */
	assert_string_equal(states(s), "....hH..");
	assert_false(store_unsaved(s));
	assert_int_equal(store_save(s, &e), RC_OK);
	assert_int_equal(store_gather(s, 0, bytes_of(data, 1), &e), RC_SYS);
	store_close(s);
	assert_true(place_is(&place, ".ugat", "not a directory", 15));
}

/*
 * In a child without root's power to write everywhere; an ordinary user has none to give
 * up.
 */
static int
without_power(int (*run)(void))
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { .effective = 0 } };
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(syscall(SYS_capset, &head, none) != 0 ? 99 : run());
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static void
allow(const char *name, mode_t mode)
{
	assert_int_equal(chmod(place_path(&place, name), mode), 0);
}

static int
open_code(void)
{
	struct store *s = open_as(ALL, false);

	if (s == NULL)
		return why.code;
	for (uint32_t p = 0; p < PIECES; p++)
		if (store_piece_state(s, p) != STORE_CHECK)
			return 1;
	store_close(s);
	return 0;
}

static void
a_read_only_directory_is_no_error_when_all_is_there(void **state)
{
	(void)state;
	place_put(&place, "t/a", data, 20);
	place_put(&place, "t/sub/b", data + 32, 40);
	place_put(&place, "t/c", data + 72, 56);
	allow("t/sub/b", 0444);
	allow("t/sub", 0555);
	allow("t", 0555);
	allow("", 0555);
	assert_int_equal(without_power(open_code), 0);
	assert_false(place_has(&place, ".ugat"));
	allow("t", 0755);
	assert_int_equal(unlink(place_path(&place, "t/c")), 0);
	allow("t", 0555);
	assert_int_equal(without_power(open_code), CODE_CANTCREAT);
	allow("t", 0755);
	allow("t/sub/b", 0644);
	assert_int_equal(without_power(open_code), 1); /* writable where it matters */
	allow("t/sub", 0755);
	allow("", 0755);
}

static void
a_full_disk_is_reported_and_spoils_nothing(void **state)
{
	struct rlimit was, small = { .rlim_cur = 24, .rlim_max = RLIM_INFINITY };
	struct store *s = open_all();
	struct store_error e;

	(void)state;
	write_piece(s, 5);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small.rlim_max = was.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	/* c may have 24 bytes: the end of the piece 7 does not fit. */
	assert_int_equal(
	    store_write(s, 7 * PIECE, bytes_of(data + 7 * PIECE, PIECE), &e), RC_SYS);
	assert_int_equal(e.err, EFBIG);
	assert_non_null(strstr(e.path, "/t/c"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	store_close(s);
	assert_string_equal(states_of(ALL), ".....H..");
}

static void
gathered_blocks_stay_apart_and_leave_nothing_behind(void **state)
{
	struct store *s = open_as(HEAD A PAD E C HASHES, false);
	struct store_error e;
	uint8_t back[PIECE], wrong[PIECE];

	(void)state;
	memset(wrong, 0xee, sizeof(wrong));
	write_piece(s, 4);
	assert_int_equal(store_gather(s, 64, bytes_of(wrong, PIECE), &e), RC_OK);
	assert_int_equal(store_gathered(s, 64, back, PIECE, &e), RC_OK);
	assert_memory_equal(back, wrong, PIECE);
	assert_int_equal(store_gathered(s, 80, back, 1, &e), RC_NONE);
	/* The verified bytes of the gap are what they were. */
	assert_int_equal(store_read(s, 64, back, PIECE, &e), RC_OK);
	assert_memory_equal(back, data + 64, PIECE);
	store_gather_drop(s, 64, PIECE);
	assert_int_equal(store_gathered(s, 64, back, 8, &e), RC_OK);
	assert_int_equal(back[0], 0);
	assert_false(place_has(&place, ".ugat/" BTIH ".big"));
	store_close(s);
}

/* Many files of one byte, so that descriptors must be reused, under several threads. */
enum { MANY = 600 };

static char many_lines[64 * MANY + 1024];

static void
describe_many(void)
{
	size_t at;

	at = (size_t)snprintf(many_lines, sizeof(many_lines),
	    "ugat\t1\ntorrent\t" BTIH "\t-\t100\t6\t600\t600\tm\n");
	for (int i = 0; i < 6; i++)
		at += (size_t)snprintf(
		    many_lines + at, sizeof(many_lines) - at, "piece\t%d" SHA, i);
	for (int i = 0; i < MANY; i++)
		at += (size_t)snprintf(many_lines + at, sizeof(many_lines) - at,
		    "file\t%d\t%d\t1\tm/%d/%d\n", i, i, i % 7, i);
}

struct hand {
	pthread_t id;
	struct store *store;
	unsigned number;
	enum rc rc;
};

static void *
use_store(void *arg)
{
	struct hand *h = arg;
	struct store_error e;
	uint8_t in[100], out[100];

	for (unsigned round = 0; round < 12 && h->rc == RC_OK; round++) {
		unsigned piece = (h->number + round) % 6;

		memset(in, 'a' + (int)piece, sizeof(in));
		h->rc = store_write(h->store, piece * 100, bytes_of(in, 100), &e);
		if (h->rc == RC_OK)
			h->rc = store_read(h->store, piece * 100, out, 100, &e);
		if (h->rc == RC_OK && memcmp(in, out, 100) != 0)
			h->rc = RC_BAD;
		if (h->rc == RC_OK && h->number == 0)
			h->rc = store_sync(h->store, &e);
	}
	return NULL;
}

static void
few_descriptors_and_many_threads_are_enough(void **state)
{
	struct rlimit was, few;
	struct hand hand[4];
	struct store_error e;
	struct store *s;

	(void)state;
	describe_many();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = was;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	s = open_as(many_lines, false);
	assert_non_null(s);
	for (unsigned i = 0; i < 4; i++) {
		hand[i] = (struct hand){ .store = s, .number = i, .rc = RC_OK };
		assert_int_equal(
		    pthread_create(&hand[i].id, NULL, use_store, &hand[i]), 0);
	}
	for (uint32_t p = 0; p < 6; p++) {
		store_held(s, p);
		assert_int_equal(store_save(s, &e), RC_OK);
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(hand[i].id, NULL), 0);
		assert_int_equal(hand[i].rc, RC_OK);
	}
	store_close(s);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_true(place_is(&place, "m/4/599", "f", 1));
	s = open_as(many_lines, false);
	for (uint32_t p = 0; p < 6; p++)
		assert_int_equal(store_piece_state(s, p), STORE_HELD);
	store_close(s);
}

static void
when_no_descriptor_is_left_open_files_give_way(void **state)
{
	struct store_error e;
	struct rlimit was, few;
	struct store *s;
	int fds[64], n = 0;

	(void)state;
	describe_many();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = was;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	s = open_as(many_lines, false);
	assert_non_null(s);
	/* Two files are open, then peers take all the rest. */
	assert_int_equal(store_write(s, 0, bytes_of(data, 2), &e), RC_OK);
	while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	assert_int_equal(errno, EMFILE);
	assert_int_equal(store_write(s, 2, bytes_of(data, 50), &e), RC_OK);
	while (n > 0)
		(void)close(fds[--n]);
	store_close(s);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

static void
a_hundred_thousand_files_are_no_trouble(void **state)
{
	enum { FILES = 100000 };
	struct timespec begun, ended;
	struct store *s;
	char *lines = malloc(48 * FILES + 1024);
	size_t at;

	(void)state;
	assert_non_null(lines);
	at = (size_t)snprintf(lines, 1024,
	    "ugat\t1\ntorrent\t" BTIH "\t-\t131072\t1\t100000\t100000\tm\npiece\t0" SHA);
	for (int i = 0; i < FILES; i++)
		at += (size_t)snprintf(
		    lines + at, 48, "file\t%d\t%d\t1\tm/%d/%d\n", i, i, i / 1000, i);
	torrent_clear(&t);
	assert_int_equal(describe(&t, lines), RC_OK);
	free(lines);
	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	why = (struct outcome){ .code = 0 };
	assert_int_equal(store_open(&t, place.dir, false, &why, &s), RC_OK);
	assert_int_equal(store_piece_state(s, 0), STORE_ABSENT);
	store_held(s, 0);
	store_close(s);
	(void)clock_gettime(CLOCK_MONOTONIC, &ended);
	/* A search for each file among all of them would take minutes. */
	assert_true(ended.tv_sec - begun.tv_sec < 10);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bytes_land_in_their_files_and_pads_nowhere),
		TEST(any_stretch_is_written_and_read_across_files),
		TEST(what_is_not_on_disk_is_not_read),
		TEST(pieces_of_nobody_are_absent_and_not_wanted),
		TEST(a_second_run_is_told_to_wait),
		TEST(what_stands_in_the_way_is_named_and_left_alone),
		TEST(directories_on_the_way_are_directories),
		TEST(obstacles_that_come_later_are_refused_at_the_write),
		TEST(our_own_directory_is_no_place_for_a_torrent),
		TEST(paths_that_are_one_file_where_case_does_not_count_are_refused_there),
		TEST(directories_are_made_and_files_named_as_they_open),
		TEST(in_the_current_directory_nothing_stands_before_a_path),
		TEST(where_no_notes_can_be_made_all_else_works),
		TEST(a_read_only_directory_is_no_error_when_all_is_there),
		TEST(a_full_disk_is_reported_and_spoils_nothing),
		TEST(gathered_blocks_stay_apart_and_leave_nothing_behind),
		TEST(few_descriptors_and_many_threads_are_enough),
		TEST(when_no_descriptor_is_left_open_files_give_way),
		TEST(a_hundred_thousand_files_are_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
