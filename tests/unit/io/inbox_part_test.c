/* SPDX-License-Identifier: ISC */
/* What others do in the directory meanwhile, and what ends us in the middle. */
#include "tests/unit/io/inbox_sample.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* printf 'ops\0a/report.pdf\00011' | sha256sum */
#define PART "in/a/.ugat-part-e9ba7d8c8cd18a54"

enum { SWAPS = 10000, NOBODY = 65534 };

static void
assert_refused(void)
{
	assert_int_equal(look("a/report.pdf", 11, false), RC_BAD);
	name("a/report.pdf", 11);
	file.hashed = false;
	assert_int_equal(inbox_look(in, &file, false, &found, &held), RC_BAD);
	/* Begun without a look, as if it came later. */
	assert_int_equal(inbox_begin(&file, 0), RC_BAD);
	inbox_close(&file);
	assert_true(place_has(&place, PART));
	assert_int_equal(unlink(place_path(&place, PART)), 0);
	assert_true(place_is(&place, "out/secret", "secret", 6));
}

static void
a_part_that_others_planted_is_never_touched(void **state)
{
	char secret[128];
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(place_path(&place, "in/a"), 0777), 0);
	(void)snprintf(secret, sizeof(secret), "%s/out/secret", place.dir);
	assert_int_equal(symlink(secret, place_path(&place, PART)), 0);
	assert_refused();
	assert_int_equal(link(secret, place_path(&place, PART)), 0);
	assert_refused();
	assert_int_equal(mkfifo(place_path(&place, PART), 0666), 0);
	assert_refused();
	if (geteuid() == 0) {
		place_put(&place, PART, "hello", 5);
		assert_int_equal(chown(place_path(&place, PART), NOBODY, NOBODY), 0);
		assert_refused();
	}
	assert_int_equal(mkdir(place_path(&place, PART), 0777), 0);
	assert_int_equal(look("a/report.pdf", 11, false), RC_BAD);
	assert_int_equal(lstat(secret, &st), 0);
	assert_int_equal(st.st_nlink, 1);
}

static void
a_link_in_the_way_is_not_followed(void **state)
{
	char away[128];

	(void)state;
	assert_int_equal(symlink("../out", place_path(&place, "in/sub")), 0);
	assert_int_equal(look("sub/x", 5, false), RC_SYS);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(inbox_begin(&file, 0), RC_SYS);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(look("sub/deep/x", 5, false), RC_SYS);
	assert_int_equal(errno, ELOOP);
	/* It comes between beginning and end. */
	assert_int_equal(look("d/x", 5, false), RC_OK);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
	assert_int_equal(put("hello"), RC_OK);
	(void)snprintf(away, sizeof(away), "%s/in/e", place.dir);
	assert_int_equal(rename(place_path(&place, "in/d"), away), 0);
	assert_int_equal(symlink("../out", place_path(&place, "in/d")), 0);
	assert_int_equal(store(SHA_HELLO, 5, false), RC_SYS);
	assert_int_equal(errno, ELOOP);
	assert_false(place_has(&place, "out/x"));
	assert_false(place_has(&place, "out/deep"));
}

static void
a_part_is_one_receivers_alone(void **state)
{
	static struct inbox_file first;
	struct inbox *other = inbox_new(place_path(&place, "in"), "ops");

	(void)state;
	leave_a_part("a/report.pdf");
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(found, INBOX_PART);
	/* Another one begins with it, after both have looked. */
	first = file;
	memset(&file, 0, sizeof(file));
	name("a/report.pdf", 11);
	assert_int_equal(inbox_look(other, &file, false, &found, &held), RC_OK);
	assert_int_equal(hash_first(5), RC_OK);
	assert_int_equal(inbox_hash(&first, 5, &done, &stop, hash), RC_OK);
	assert_int_equal(inbox_begin(&file, 5), RC_OK);
	assert_int_equal(inbox_begin(&first, 5), RC_BUSY);
	assert_int_equal(inbox_begin(&first, 0), RC_BUSY);
	inbox_close(&first);
	assert_int_equal(put(" wor"), RC_OK);
	memset(&first, 0, sizeof(first));
	(void)snprintf(first.path, sizeof(first.path), "a/report.pdf");
	first.size = 11;
	first.hashed = true;
	assert_int_equal(inbox_look(in, &first, false, &found, &held), RC_OK);
	assert_int_equal(found, INBOX_LOCKED);
	inbox_close(&first);
	assert_int_equal(put("ld"), RC_OK);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, false), RC_OK);
	inbox_close(&file);
	inbox_free(other);
	assert_true(place_is(&place, "in/a/report.pdf", "hello world", 11));
}

static void
a_part_that_changed_since_it_was_hashed_is_not_gone_on_with(void **state)
{
	int fd;

	(void)state;
	leave_a_part("a/report.pdf");
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(hash_first(5), RC_OK);
	fd = open(place_path(&place, PART), O_WRONLY);
	assert_int_equal(pwrite(fd, "HELLO WOR", 9, 0), 9);
	(void)close(fd);
	assert_int_equal(inbox_begin(&file, 5), RC_BUSY);
	inbox_close(&file);
	assert_true(place_is(&place, PART, "HELLO WOR", 9));
	/* Or it was taken away. */
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(unlink(place_path(&place, PART)), 0);
	assert_int_equal(hash_first(9), RC_BAD);
	assert_int_equal(inbox_begin(&file, 0), RC_OK);
}

static void
file_systems_without_renameat2_or_links_get_the_same_answers(void **state)
{
	(void)state;
	for (int way = INBOX_BY_LINK; way <= INBOX_BY_PLACE; way++) {
		in->way = (enum inbox_way)way;
		receive_hello("a/new");
		assert_true(place_is(&place, "in/a/new", "hello", 5));
		assert_int_equal(look("a/other", 5, false), RC_OK);
		assert_int_equal(inbox_begin(&file, 0), RC_OK);
		assert_int_equal(put("hello"), RC_OK);
		place_put(&place, "in/a/other", "mine", 4);
		assert_int_equal(store(SHA_HELLO, 5, false), RC_BUSY);
		assert_true(place_is(&place, "in/a/other", "mine", 4));
		inbox_close(&file);
		assert_int_equal(look("a/other", 5, true), RC_OK);
		assert_int_equal(found, INBOX_PART);
		assert_int_equal(hash_first(5), RC_OK);
		assert_int_equal(inbox_begin(&file, 5), RC_OK);
		assert_int_equal(store(SHA_HELLO, 5, true), RC_OK);
		assert_string_equal(file.path, "a/other~2");
		assert_true(place_is(&place, "in/a/other~2", "hello", 5));
		assert_int_equal(in->way, way);
		assert_int_equal(unlink(place_path(&place, "in/a/new")), 0);
		assert_int_equal(unlink(place_path(&place, "in/a/other")), 0);
		assert_int_equal(unlink(place_path(&place, "in/a/other~2")), 0);
		/* Nothing else is left: the directory can be removed. */
		assert_int_equal(rmdir(place_path(&place, "in/a")), 0);
	}
}

struct swapper {
	char dir[128], link[128];
	atomic_uint swaps;
};

static void *
swap(void *arg)
{
	struct swapper *s = arg;
	char away[128];

	for (unsigned i = 0; atomic_load(&s->swaps) < SWAPS; i++) {
		/*
		 * The receiver may have made it anew: then neither name can be had again.
		 */
		(void)snprintf(away, sizeof(away), "%s/in/away-%u", place.dir, i);
		(void)rename(s->dir, away);
		if (symlink(s->link, s->dir) == 0)
			atomic_fetch_add(&s->swaps, 1);
		(void)unlink(s->dir);
		(void)rename(away, s->dir);
	}
	return NULL;
}

static void
ten_thousand_swaps_for_a_link_let_nothing_out(void **state)
{
	struct swapper s = { .swaps = 0 };
	unsigned stored = 0, tried = 0;
	pthread_t thread;
	char path[64];

	(void)state;
	assert_int_equal(mkdir(place_path(&place, "in/sub"), 0777), 0);
	(void)snprintf(s.dir, sizeof(s.dir), "%s/in/sub", place.dir);
	(void)snprintf(s.link, sizeof(s.link), "%s/out", place.dir);
	assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
	while (atomic_load(&s.swaps) < SWAPS) {
		(void)snprintf(path, sizeof(path), "sub/%u", tried++);
		if (look(path, 5, false) == RC_OK && found == INBOX_NOTHING &&
		    inbox_begin(&file, 0) == RC_OK && put("hello") == RC_OK &&
		    store(SHA_HELLO, 5, false) == RC_OK)
			stored++;
		inbox_close(&file);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(stored > 0 && stored < tried);
	/* Nothing but what was there: then it can be removed. */
	assert_int_equal(unlink(place_path(&place, "out/secret")), 0);
	assert_int_equal(rmdir(place_path(&place, "out")), 0);
}

/* f in a process of its own, which may do what it likes to itself. */
static void
apart(bool (*f)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(f() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
after_kill_9_it_goes_on_where_it_was(void **state)
{
	int fd[2], status;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		if (look("a/report.pdf", 11, false) == RC_OK &&
		    inbox_begin(&file, 0) == RC_OK && put("hello") == RC_OK)
			(void)!write(fd[1], "!", 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(fd[0], &c, 1), 1);
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(found, INBOX_LOCKED);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(place_has(&place, "in/a/report.pdf"));
	assert_int_equal(look("a/report.pdf", 11, false), RC_OK);
	assert_int_equal(found, INBOX_PART);
	assert_int_equal(hash_first(held), RC_OK);
	assert_hash(SHA_HELLO);
	assert_int_equal(inbox_begin(&file, held), RC_OK);
	assert_int_equal(put(" world"), RC_OK);
	assert_int_equal(store(SHA_HELLO_WORLD, 11, false), RC_OK);
	assert_true(place_is(&place, "in/a/report.pdf", "hello world", 11));
	(void)close(fd[0]);
	(void)close(fd[1]);
}

/* A run that died between chmod and rename. */
static bool
goes_on_with_a_part_that_is_closed(void)
{
	if (geteuid() == 0 &&
	    (chown(place.dir, NOBODY, NOBODY) != 0 ||
	        chown(place_path(&place, "in"), NOBODY, NOBODY) != 0 ||
	        setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		return false;
	leave_a_part("a/report.pdf");
	if (chmod(place_path(&place, PART), 0444) != 0 ||
	    open(place_path(&place, PART), O_RDWR) >= 0)
		return false;
	return look("a/report.pdf", 11, false) == RC_OK && found == INBOX_PART &&
	    hash_first(held) == RC_OK && inbox_begin(&file, held) == RC_OK &&
	    put(" world") == RC_OK && store(SHA_HELLO_WORLD, 11, false) == RC_OK;
}

static void
a_part_that_has_its_final_mode_already_is_gone_on_with(void **state)
{
	(void)state;
	apart(goes_on_with_a_part_that_is_closed);
	assert_true(place_is(&place, "in/a/report.pdf", "hello world", 11));
}

/* 64 KiB, 4 KiB each time, into a file that may have 10,000 bytes. */
static bool
ends_at_a_limit(void)
{
	struct rlimit limit = { .rlim_cur = 10000, .rlim_max = 10000 };
	static uint8_t block[4096];
	enum rc rc = RC_OK;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || look("f", 65536, false) != RC_OK ||
	    inbox_begin(&file, 0) != RC_OK)
		return false;
	for (int i = 0; i < 16 && rc == RC_OK; i++)
		rc = inbox_write(&file, bytes_of(block, sizeof(block)));
	if (rc != RC_SYS || errno != EFBIG)
		return false;
	inbox_close(&file);
	return look("f", 65536, false) == RC_OK && found == INBOX_PART && held == 10000;
}

static void
a_limit_on_sizes_is_told_and_what_came_stays(void **state)
{
	(void)state;
	apart(ends_at_a_limit);
}

/* As on a disk of 2 MiB; what came stays, and goes on when there is room. */
static bool
ends_on_a_full_disk(void)
{
	static uint8_t block[64 * 1024];
	char dir[128];
	uint64_t at;
	enum rc rc = RC_OK;

	(void)snprintf(dir, sizeof(dir), "%s/in", place.dir);
	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", dir, "tmpfs", 0, "size=2m") != 0)
		return true; /* not here: the test before this one has said the most */
	in = inbox_new(dir, "ops");
	/* Told before the first byte. */
	if (look("big", 3 * 1024 * 1024, false) != RC_OK ||
	    inbox_begin(&file, 0) != RC_SYS || errno != ENOSPC)
		return false;
	inbox_close(&file);
	/* Nobody knows the size before. */
	if (look("stream", XFER_UNKNOWN, false) != RC_OK ||
	    inbox_begin(&file, 0) != RC_OK)
		return false;
	for (int i = 0; i < 64 && rc == RC_OK; i++)
		rc = inbox_write(&file, bytes_of(block, sizeof(block)));
	if (rc != RC_SYS || errno != ENOSPC)
		return false;
	inbox_close(&file);
	/* Many at once: none sees the others coming. */
	if (look("small", 1024 * 1024 - 1, false) != RC_OK ||
	    inbox_begin(&file, 0) != RC_OK)
		return inbox_begin(&file, 0) == RC_SYS && errno == ENOSPC;
	for (rc = RC_OK; rc == RC_OK;)
		rc = inbox_write(&file, bytes_of(block, 1000));
	at = file.at;
	inbox_close(&file);
	return rc == RC_SYS &&
	    (at == 0 || (look("small", 1024 * 1024 - 1, false) == RC_OK && held == at));
}

static void
a_full_disk_is_told_and_what_came_stays(void **state)
{
	(void)state;
	apart(ends_on_a_full_disk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(a_part_that_others_planted_is_never_touched),
		BOTH_WAYS(a_link_in_the_way_is_not_followed),
		BOTH_WAYS(a_part_is_one_receivers_alone),
		BOTH_WAYS(a_part_that_changed_since_it_was_hashed_is_not_gone_on_with),
		BOTH_WAYS(file_systems_without_renameat2_or_links_get_the_same_answers),
		BOTH_WAYS(ten_thousand_swaps_for_a_link_let_nothing_out),
		BOTH_WAYS(after_kill_9_it_goes_on_where_it_was),
		BOTH_WAYS(a_part_that_has_its_final_mode_already_is_gone_on_with),
		BOTH_WAYS(a_limit_on_sizes_is_told_and_what_came_stays),
		BOTH_WAYS(a_full_disk_is_told_and_what_came_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
