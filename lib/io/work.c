/* SPDX-License-Identifier: ISC */
/*
 * A job belongs to the loop's thread until it is queued, to one worker while it runs, and
 * to the loop's thread again once it is on the finished list. The mutex guards the lists
 * and nothing else, and is never held while a job's own code runs.
 */
#include "io/work.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { THREADS_MAX = 64 };

struct queue {
	struct work_job *first, **last; /* last: where the next one is hung */
};

struct thread {
	struct work *work;
	struct hash *sha1;
	pthread_t id;
};

struct work {
	struct loop_watch *watch;
	int wake; /* eventfd: there are finished jobs */
	size_t pending;
	unsigned n_threads;
	struct thread *threads;

	pthread_mutex_t lock;
	pthread_cond_t more;
	bool stop;
	unsigned idle; /* threads with nothing to do */
	size_t queued; /* jobs that no thread has begun */
	struct queue waiting[WORK_RANKS], finished;
};

static void
queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void
queue_put(struct queue *q, struct work_job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

static struct work_job *
queue_take(struct queue *q)
{
	struct work_job *job = q->first;

	if (job == NULL)
		return NULL;
	q->first = job->next;
	if (q->first == NULL)
		q->last = &q->first;
	job->next = NULL;
	return job;
}

static struct work_job *
take_waiting(struct work *w)
{
	struct work_job *job = NULL;

	for (int rank = 0; rank < WORK_RANKS && job == NULL; rank++)
		job = queue_take(&w->waiting[rank]);
	return job;
}

static void *
thread_main(void *arg)
{
	struct thread *me = arg;
	struct work *w = me->work;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		struct work_job *job = take_waiting(w);
		bool first;

		if (job == NULL) {
			w->idle++;
			(void)pthread_cond_wait(&w->more, &w->lock);
			w->idle--;
			continue;
		}
		w->queued--;
		(void)pthread_mutex_unlock(&w->lock);
		job->run(job, me->sha1);
		(void)pthread_mutex_lock(&w->lock);
		first = w->finished.first == NULL;
		queue_put(&w->finished, job);
		if (!first)
			continue;
		/*
		 * One wake for a whole batch: the loop takes all that is there. It is on
		 * its way at once, and must not find the door shut.
		 */
		(void)pthread_mutex_unlock(&w->lock);
		(void)eventfd_write(w->wake, 1);
		(void)pthread_mutex_lock(&w->lock);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Take the finished jobs as a chain. */
static struct work_job *
take_finished(struct work *w)
{
	struct work_job *chain;

	(void)pthread_mutex_lock(&w->lock);
	chain = w->finished.first;
	queue_init(&w->finished);
	(void)pthread_mutex_unlock(&w->lock);
	return chain;
}

static void
hand_back(struct work *w, struct work_job *chain)
{
	while (chain != NULL) {
		struct work_job *job = chain;

		chain = job->next; /* done may free the job, or push it again */
		job->next = NULL;
		w->pending--;
		job->done(job);
	}
}

static void
on_wake(void *ctx, int what)
{
	struct work *w = ctx;
	eventfd_t count;

	(void)what;
	(void)eventfd_read(w->wake, &count);
	hand_back(w, take_finished(w));
}

/*
 * Signals are the loop's: a worker in the midst of a write must not be the one they hit.
 */
static enum rc
start_threads(struct work *w, unsigned threads)
{
	sigset_t all, before;
	enum rc rc = RC_OK;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (w->n_threads < threads && rc == RC_OK) {
		struct thread *t = &w->threads[w->n_threads];

		t->work = w;
		t->sha1 = hash_new(HASH_SHA1);
		if (t->sha1 == NULL)
			rc = RC_MEM;
		else if (pthread_create(&t->id, NULL, thread_main, t) != 0)
			rc = RC_SYS;
		else
			w->n_threads++;
		if (rc != RC_OK)
			hash_free(t->sha1);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void
stop_threads(struct work *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_broadcast(&w->more);
	(void)pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->n_threads; i++) {
		(void)pthread_join(w->threads[i].id, NULL);
		hash_free(w->threads[i].sha1);
	}
	w->n_threads = 0;
}

struct work *
work_new(struct loop *l, unsigned threads)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->more, NULL);
	for (int rank = 0; rank < WORK_RANKS; rank++)
		queue_init(&w->waiting[rank]);
	queue_init(&w->finished);
	w->threads = calloc(threads, sizeof(*w->threads));
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake >= 0)
		w->watch = loop_watch_new(l, w->wake, on_wake, w);
	if (w->threads == NULL || w->watch == NULL ||
	    loop_watch_set(w->watch, LOOP_READ) != RC_OK ||
	    start_threads(w, threads) != RC_OK) {
		work_free(w);
		return NULL;
	}
	return w;
}

unsigned
work_threads(void)
{
	cpu_set_t mine;
	int cores = 2;

	/* What this process may use, which is less than the machine under taskset(1). */
	if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
		cores = CPU_COUNT(&mine);
	return cores > 2 ? (unsigned)cores - 1 : 1;
}

void
work_push(struct work *w, struct work_job *job)
{
	job->cancelled = false;
	w->pending++;
	(void)pthread_mutex_lock(&w->lock);
	queue_put(&w->waiting[job->rank], job);
	w->queued++;
	(void)pthread_mutex_unlock(&w->lock);
	/* After that: who wakes up wants the mutex. */
	(void)pthread_cond_signal(&w->more);
}

bool
work_has_idle(struct work *w)
{
	bool has;

	(void)pthread_mutex_lock(&w->lock);
	has = w->idle > w->queued;
	(void)pthread_mutex_unlock(&w->lock);
	return has;
}

size_t
work_pending(const struct work *w)
{
	return w->pending;
}

void
work_free(struct work *w)
{
	struct work_job *job;

	if (w == NULL)
		return;
	stop_threads(w);
	hand_back(w, take_finished(w));
	while ((job = take_waiting(w)) != NULL) {
		job->cancelled = true;
		w->pending--;
		job->done(job);
	}
	loop_watch_free(w->watch);
	if (w->wake >= 0)
		(void)close(w->wake);
	(void)pthread_cond_destroy(&w->more);
	(void)pthread_mutex_destroy(&w->lock);
	free(w->threads);
	free(w);
}
