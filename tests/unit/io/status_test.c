/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "io/status.h"

static const uint8_t btih[20] = { 0xab, 0xcd };
static const uint8_t id[20] = "-UG0100-............";
static const char name[] = "abcd000000000000000000000000000000000000.2e2e2e2e";

struct place {
	char dir[64], inner[80], file[160];
};

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/ugat-status-test-XXXXXX");
	if (mkdtemp(p->dir) == NULL || setenv("XDG_RUNTIME_DIR", p->dir, 1) != 0)
		return -1;
	(void)snprintf(p->inner, sizeof(p->inner), "%s/ugat", p->dir);
	(void)snprintf(p->file, sizeof(p->file), "%s/%s", p->inner, name);
	*state = p;
	return 0;
}

static int
clear_place(void **state)
{
	struct place *p = *state;

	(void)unlink(p->file);
	(void)rmdir(p->inner);
	(void)unlink(p->inner);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static struct rec_status
sample(const char *word, uint64_t had)
{
	return (struct rec_status){ .state = bytes_str(word),
		.pid = 1,
		.start_s = 2,
		.port = 6882,
		.wanted = 100,
		.had = had,
		.downloaded = had,
		.left = 100 - had,
		.name = bytes_str("a name\nwith\tmarks"),
		.why = bytes_str("because") };
}

static void
the_record_is_found_and_its_writer_lives(void **state)
{
	struct rec_status in = sample("loading", 40), out;
	struct status *s;
	struct status_text text;
	bool alive = false;
	struct stat st;

	assert_int_equal(status_find(btih, id, &text, &out, &alive), RC_NONE);
	assert_int_equal(status_open(btih, id, &s), RC_OK);
	assert_int_equal(status_find(btih, id, &text, &out, &alive), RC_NONE);
	assert_int_equal(status_put(s, &in), RC_OK);
	assert_int_equal(status_find(btih, id, &text, &out, &alive), RC_OK);
	assert_true(alive && bytes_is(out.state, "loading") && !out.ended);
	assert_true(out.port == 6882 && out.had == 40 && out.left == 60);
	assert_true(
	    bytes_is(out.name, "a name\nwith\tmarks") && bytes_is(out.why, "because"));
	in = sample("done", 100);
	in.ended = true;
	assert_int_equal(status_put(s, &in), RC_OK);
	assert_int_equal(status_find(btih, id, &text, &out, &alive), RC_OK);
	assert_true(alive && out.ended && out.code == 0);
	status_close(s);
	assert_int_equal(status_find(btih, id, &text, &out, &alive), RC_OK);
	assert_true(!alive && out.ended && bytes_is(out.state, "done"));
	assert_int_equal(stat(((struct place *)*state)->inner, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(((struct place *)*state)->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
an_id_that_a_live_run_holds_is_busy_and_free_afterwards(void **state)
{
	struct status *first, *second;
	struct rec_status r = sample("loading", 1);

	(void)state;
	assert_int_equal(status_open(btih, id, &first), RC_OK);
	assert_int_equal(status_open(btih, id, &second), RC_BUSY);
	assert_null(second);
	assert_int_equal(status_put(first, &r), RC_OK);
	assert_int_equal(status_open(btih, id, &second), RC_BUSY);
	status_close(first);
	assert_int_equal(status_open(btih, id, &second), RC_OK);
	status_close(second);
}

static void
a_reader_never_sees_half_a_record_nor_a_dead_run_that_lives(void **state)
{
	struct rec_status r = sample("loading", 0), out;
	struct status_text text;
	struct status *s;
	int ended = 0, seen = 0;
	pid_t child;

	(void)state;
	assert_int_equal(status_open(btih, id, &s), RC_OK);
	assert_int_equal(status_put(s, &r), RC_OK);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (int i = 0; i < 60000; i++) {
			bool alive = false;

			if (status_find(btih, id, &text, &out, &alive) != RC_OK || !alive)
				_exit(1);
		}
		_exit(0);
	}
	while (waitpid(child, &ended, WNOHANG) == 0 && seen++ < 1000000) {
		r = sample("loading", (uint64_t)seen % 100);
		assert_int_equal(status_put(s, &r), RC_OK);
	}
	assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
	status_close(s);
}

static void
a_killed_run_is_no_longer_alive(void **state)
{
	struct rec_status r = sample("loading", 7), out;
	struct status_text text;
	bool alive = true;
	int ended = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		struct status *s;

		_exit(status_open(btih, id, &s) == RC_OK && status_put(s, &r) == RC_OK
		        ? 0
		        : 1);
	}
	assert_int_equal(waitpid(child, &ended, 0), child);
	assert_int_equal(ended, 0);
	assert_int_equal(status_find(btih, id, &text, &out, &alive), RC_OK);
	assert_true(!alive && !out.ended && out.had == 7);
}

static void
a_place_that_others_can_enter_is_not_trusted(void **state)
{
	const struct place *p = *state;
	struct status *s = NULL;
	struct stat st;

	assert_int_equal(mkdir(p->inner, 0755), 0);
	assert_int_equal(chmod(p->inner, 0755), 0);
	assert_int_not_equal(status_open(btih, id, &s), RC_MEM);
	assert_int_not_equal(stat(p->file, &st), 0);
	status_close(s);
	assert_int_equal(rmdir(p->inner), 0);
	assert_int_equal(symlink(p->dir, p->inner), 0);
	assert_int_not_equal(status_open(btih, id, &s), RC_MEM);
	assert_int_not_equal(stat(p->file, &st), 0);
	status_close(s);
}

static void
what_ended_a_day_ago_is_removed_and_what_lives_is_not(void **state)
{
	const struct place *p = *state;
	static const uint8_t other[20] = "another peer id xxxx";
	const struct timespec old[2] = { { .tv_sec = time(NULL) - 90000 },
		{ .tv_sec = time(NULL) - 90000 } };
	struct rec_status r = sample("done", 100);
	struct status *s, *t;
	struct stat st;

	assert_int_equal(status_open(btih, id, &s), RC_OK);
	assert_int_equal(status_put(s, &r), RC_OK);
	assert_int_equal(utimensat(AT_FDCWD, p->file, old, 0), 0);
	assert_int_equal(status_open(btih, other, &t), RC_OK);
	status_close(t);
	assert_int_equal(stat(p->file, &st), 0);
	status_close(s);
	assert_int_equal(status_open(btih, other, &t), RC_OK);
	status_close(t);
	assert_int_not_equal(stat(p->file, &st), 0);
}

static void
a_file_that_holds_no_record_is_told_so(void **state)
{
	static const char *const bad[] = { "status\tloading", "hello\n",
		"status\tloading\n", "\n",
		"status\tdone\t0\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t-\ttwo\nlines\n" };
	const struct place *p = *state;
	struct rec_status out;
	struct status_text text;
	bool alive;

	assert_int_equal(mkdir(p->inner, 0700), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *f = fopen(p->file, "w");

		assert_non_null(f);
		assert_true(fputs(bad[i], f) >= 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(status_find(btih, id, &text, &out, &alive), RC_BAD);
	}
}

/* What status_each shows of our own btih; other runs of this user may be about. */
struct shown {
	unsigned n, alive, bad;
	char state[16];
	enum rc forgotten;
	bool forget;
};

static void
show(void *ctx, const struct status_entry *e)
{
	struct shown *s = ctx;

	if (memcmp(e->btih, btih, sizeof(btih)) != 0)
		return;
	s->n++;
	s->alive += e->alive;
	s->bad += e->bad;
	if (!e->bad)
		(void)snprintf(s->state, sizeof(s->state), "%.*s", (int)e->r.state.n,
		    (const char *)e->r.state.p);
	assert_true(e->written_s >= time(NULL) - 100);
	if (s->forget)
		s->forgotten = status_forget(e);
}

static struct shown
each(bool forget)
{
	struct shown s = { .forget = forget };

	assert_int_equal(status_each(show, &s), RC_OK);
	return s;
}

static void
all_runs_are_shown_and_only_dead_ones_forgotten(void **state)
{
	const struct place *p = *state;
	struct rec_status r = sample("loading", 40);
	struct status *s;
	struct shown seen;
	struct stat st;

	assert_int_equal(each(false).n, 0);
	assert_int_equal(status_open(btih, id, &s), RC_OK);
	assert_int_equal(each(false).n, 0); /* nothing is written yet */
	assert_int_equal(status_put(s, &r), RC_OK);
	seen = each(true);
	assert_true(seen.n == 1 && seen.alive == 1 && seen.bad == 0);
	assert_string_equal(seen.state, "loading");
	assert_int_equal(seen.forgotten, RC_BUSY);
	status_close(s);
	seen = each(false);
	assert_true(seen.n == 1 && seen.alive == 0);
	assert_int_equal(stat(p->file, &st), 0);
	seen = each(true);
	assert_true(seen.n == 1 && seen.forgotten == RC_OK);
	assert_int_not_equal(stat(p->file, &st), 0);
	assert_int_equal(each(false).n, 0);
}

static void
a_run_that_ended_a_day_ago_is_not_shown_and_goes(void **state)
{
	const struct place *p = *state;
	const struct timespec old[2] = { { .tv_sec = time(NULL) - 86401 },
		{ .tv_sec = time(NULL) - 86401 } };
	struct rec_status r = sample("done", 100);
	struct status *s;
	struct stat st;

	assert_int_equal(status_open(btih, id, &s), RC_OK);
	assert_int_equal(status_put(s, &r), RC_OK);
	status_close(s);
	assert_int_equal(utimensat(AT_FDCWD, p->file, old, 0), 0);
	assert_int_equal(each(false).n, 0);
	assert_int_not_equal(stat(p->file, &st), 0);
}

static void
what_is_no_record_is_shown_as_bad_and_what_is_no_file_not_at_all(void **state)
{
	const struct place *p = *state;
	char other[200];
	struct shown seen;
	FILE *f;

	assert_int_equal(mkdir(p->inner, 0700), 0);
	assert_int_equal(mkfifo(p->file, 0600), 0);
	assert_int_equal(each(true).n, 0);
	assert_int_equal(unlink(p->file), 0);
	assert_int_equal(symlink("/etc/passwd", p->file), 0);
	assert_int_equal(each(true).n, 0);
	assert_int_equal(unlink(p->file), 0);
	/* Almost the name of one. */
	(void)snprintf(other, sizeof(other), "%s/%.48s", p->inner, name);
	f = fopen(other, "w");
	assert_true(f != NULL && fputs("status\n", f) >= 0 && fclose(f) == 0);
	assert_int_equal(each(true).n, 0);
	assert_int_equal(unlink(other), 0);
	f = fopen(p->file, "w");
	assert_true(f != NULL && fputs("status\n", f) >= 0 && fclose(f) == 0);
	seen = each(true);
	assert_true(seen.n == 1 && seen.bad == 1 && seen.alive == 0);
	assert_int_equal(seen.forgotten, RC_OK);
	assert_int_equal(each(false).n, 0);
}

int
main(void)
{
#define IN_A_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, clear_place)
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(the_record_is_found_and_its_writer_lives),
		IN_A_PLACE(an_id_that_a_live_run_holds_is_busy_and_free_afterwards),
		IN_A_PLACE(a_reader_never_sees_half_a_record_nor_a_dead_run_that_lives),
		IN_A_PLACE(a_killed_run_is_no_longer_alive),
		IN_A_PLACE(a_place_that_others_can_enter_is_not_trusted),
		IN_A_PLACE(what_ended_a_day_ago_is_removed_and_what_lives_is_not),
		IN_A_PLACE(a_file_that_holds_no_record_is_told_so),
		IN_A_PLACE(all_runs_are_shown_and_only_dead_ones_forgotten),
		IN_A_PLACE(a_run_that_ended_a_day_ago_is_not_shown_and_goes),
		IN_A_PLACE(
		    what_is_no_record_is_shown_as_bad_and_what_is_no_file_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
