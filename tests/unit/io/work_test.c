/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/text.h"
#include "io/work.h"

/* Sets the loop running, and ends a test that hangs. */
static void
too_late(void *ctx)
{
	(void)ctx;
	fail_msg("the jobs did not come back");
}

static void
run_loop(struct loop *l)
{
	struct loop_timer *t = loop_timer_new(l, too_late, NULL);

	assert_non_null(t);
	loop_timer_set(t, loop_now() + 20000);
	assert_int_equal(loop_run(l), RC_OK);
	loop_timer_free(t);
}

struct task {
	struct work_job job;
	struct loop *loop;
	struct work *work;
	pthread_t home; /* of the loop */
	int input, output;
	int runs, dones, again;
	int *left;
	int **order; /* where the next to come back notes its input */
	bool signals_open;
	uint8_t sha1[SHA1_SIZE];
};

static void
square(struct work_job *job, struct hash *sha1)
{
	struct task *t = (struct task *)job;
	sigset_t mask;

	t->runs++;
	t->output = t->input * t->input;
	(void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
	t->signals_open = sigismember(&mask, SIGINT) == 0;
	if (hash_reset(sha1) != RC_OK || hash_add(sha1, bytes_str("abc")) != RC_OK ||
	    hash_end(sha1, t->sha1) != RC_OK)
		t->output = -1;
}

static void
count(struct work_job *job)
{
	struct task *t = (struct task *)job;

	assert_true(pthread_equal(t->home, pthread_self()));
	t->dones++;
	if (t->order != NULL)
		*(*t->order)++ = t->input;
	if (t->again > 0) {
		t->again--;
		work_push(t->work, job);
		return;
	}
	if (--*t->left == 0)
		loop_stop(t->loop);
}

static void
jobs_run_elsewhere_and_come_back_to_the_loop(void **state)
{
	enum { N = 500 };
	static struct task task[N];
	struct loop *l = loop_new();
	struct work *w = work_new(l, 4);
	int left = N;

	(void)state;
	assert_non_null(w);
	memset(task, 0, sizeof(task));
	for (int i = 0; i < N; i++) {
		task[i] = (struct task){ .job = { .run = square, .done = count },
			.loop = l,
			.work = w,
			.home = pthread_self(),
			.input = i,
			.left = &left,
			.again = i % 7 };
		work_push(w, &task[i].job);
	}
	assert_int_equal(work_pending(w), N);
	run_loop(l);
	assert_int_equal(work_pending(w), 0);
	for (int i = 0; i < N; i++) {
		char hex[2 * SHA1_SIZE + 1];

		assert_int_equal(task[i].output, i * i);
		assert_int_equal(task[i].runs, 1 + i % 7);
		assert_int_equal(task[i].dones, 1 + i % 7);
		assert_false(task[i].signals_open);
		assert_false(task[i].job.cancelled);
		/* FIPS 180, the digest of "abc". */
		text_hex(task[i].sha1, SHA1_SIZE, hex);
		assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	}
	work_free(w);
	loop_free(l);
}

/* A gate that keeps a worker busy until it is opened. */
struct gate {
	struct work_job job;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool entered, open;
	int dones;
	bool cancelled;
};

static void
wait_at_gate(struct work_job *job, struct hash *sha1)
{
	struct gate *g = (struct gate *)job;

	(void)sha1;
	(void)pthread_mutex_lock(&g->lock);
	g->entered = true;
	(void)pthread_cond_broadcast(&g->changed);
	while (!g->open)
		(void)pthread_cond_wait(&g->changed, &g->lock);
	(void)pthread_mutex_unlock(&g->lock);
}

static void
through(struct work_job *job)
{
	struct gate *g = (struct gate *)job;

	g->dones++;
	g->cancelled = job->cancelled;
}

static void
gate_init(struct gate *g)
{
	*g = (struct gate){ .job = { .run = wait_at_gate, .done = through } };
	(void)pthread_mutex_init(&g->lock, NULL);
	(void)pthread_cond_init(&g->changed, NULL);
}

static void
gate_await(struct gate *g)
{
	(void)pthread_mutex_lock(&g->lock);
	while (!g->entered)
		(void)pthread_cond_wait(&g->changed, &g->lock);
	(void)pthread_mutex_unlock(&g->lock);
}

static void
gate_open(struct gate *g)
{
	(void)pthread_mutex_lock(&g->lock);
	g->open = true;
	(void)pthread_cond_broadcast(&g->changed);
	(void)pthread_mutex_unlock(&g->lock);
}

static void
urgent_jobs_overtake_and_each_rank_keeps_its_order(void **state)
{
	struct loop *l = loop_new();
	struct work *w = work_new(l, 1);
	struct task task[6];
	struct gate gate;
	static const int expected[6] = { 3, 4, 5, 0, 1, 2 };
	int left = 6, order[6], *next = order;

	(void)state;
	gate_init(&gate);
	work_push(w, &gate.job);
	gate_await(&gate);
	for (int i = 0; i < 6; i++) {
		task[i] = (struct task){ .job = { .run = square,
			                     .done = count,
			                     .rank = i < 3 ? WORK_LATER : WORK_SOON },
			.loop = l,
			.home = pthread_self(),
			.input = i,
			.left = &left,
			.order = &next };
		work_push(w, &task[i].job);
	}
	gate_open(&gate);
	run_loop(l);
	assert_memory_equal(order, expected, sizeof(order));
	work_free(w);
	loop_free(l);
}

static bool
becomes_idle(struct work *w)
{
	int64_t end = loop_now() + 20000;

	while (!work_has_idle(w) && loop_now() < end)
		(void)sched_yield();
	return work_has_idle(w);
}

static void
a_thread_is_idle_until_there_is_a_job_and_again_behind_it(void **state)
{
	struct loop *l = loop_new();
	struct work *w = work_new(l, 1);
	struct gate gate;

	(void)state;
	gate_init(&gate);
	assert_true(becomes_idle(w));
	work_push(w, &gate.job);
	assert_false(work_has_idle(w));
	gate_await(&gate);
	assert_false(work_has_idle(w));
	gate_open(&gate);
	assert_true(becomes_idle(w));
	work_free(w);
	loop_free(l);
}

static void *
open_later(void *arg)
{
	struct gate *g = arg;

	gate_await(g);
	gate_open(g);
	return NULL;
}

static void
freeing_waits_for_what_runs_and_hands_back_the_rest_as_cancelled(void **state)
{
	struct loop *l = loop_new();
	struct work *w = work_new(l, 1);
	struct gate running, waiting[3];
	pthread_t helper;

	(void)state;
	gate_init(&running);
	for (int i = 0; i < 3; i++)
		gate_init(&waiting[i]);
	work_push(w, &running.job);
	gate_await(&running);
	for (int i = 0; i < 3; i++)
		work_push(w, &waiting[i].job);
	assert_int_equal(pthread_create(&helper, NULL, open_later, &running), 0);
	/*
	 * Stop is set before the gate opens or after it; a waiting job that were begun in
	 * between would block for ever, so let it pass.
	 */
	for (int i = 0; i < 3; i++)
		gate_open(&waiting[i]);
	work_free(w);
	(void)pthread_join(helper, NULL);
	assert_int_equal(running.dones, 1);
	assert_false(running.cancelled);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(waiting[i].dones, 1);
		assert_int_equal(waiting[i].cancelled, !waiting[i].entered);
	}
	loop_free(l);
}

static void
nothing_is_left_of_a_work_that_was_never_used(void **state)
{
	struct loop *l = loop_new();

	(void)state;
	work_free(work_new(l, 3));
	work_free(NULL);
	assert_true(work_threads() >= 1);
	loop_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_run_elsewhere_and_come_back_to_the_loop),
		cmocka_unit_test(
		    a_thread_is_idle_until_there_is_a_job_and_again_behind_it),
		cmocka_unit_test(urgent_jobs_overtake_and_each_rank_keeps_its_order),
		cmocka_unit_test(
		    freeing_waits_for_what_runs_and_hands_back_the_rest_as_cancelled),
		cmocka_unit_test(nothing_is_left_of_a_work_that_was_never_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
