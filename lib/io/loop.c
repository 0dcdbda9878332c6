/* SPDX-License-Identifier: ISC */
#include "io/loop.h"

#include <sys/epoll.h>
#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

struct loop {
	struct event_base *base;
};

struct loop_watch {
	struct loop *loop;
	struct event *event; /* NULL while nothing is watched */
	int fd;
	int what;
	bool always; /* cannot be polled: a timer of no time instead */
	loop_ready_fn *ready;
	void *ctx;
};

struct loop_timer {
	struct event *event;
	int64_t at_ms;
	loop_fire_fn *fire;
	void *ctx;
};

struct loop_signal {
	struct event *event;
	loop_signal_fn *caught;
	void *ctx;
};

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));
	struct event_config *config = event_config_new();

	if (l != NULL && config != NULL &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		l->base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	if (l == NULL || l->base == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	event_base_free(l->base);
	free(l);
}

enum rc
loop_run(struct loop *l)
{
	return event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) == -1 ? RC_SYS : RC_OK;
}

void
loop_stop(struct loop *l)
{
	(void)event_base_loopbreak(l->base);
}

int64_t
loop_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

uint64_t
loop_wall_s(void)
{
	return (uint64_t)time(NULL);
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	w->ready(w->ctx,
	    ((what & EV_READ) != 0 ? LOOP_READ : 0) |
	        ((what & EV_WRITE) != 0 ? LOOP_WRITE : 0));
}

static const struct timeval no_time;

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	(void)what;
	(void)event_add(w->event, &no_time);
	w->ready(w->ctx, w->what);
}

/*
 * Whether epoll refuses a device: asked here, because libevent would complain on stderr.
 */
static bool
epoll_refuses(int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	int probe = epoll_create1(EPOLL_CLOEXEC);
	bool refused =
	    probe != -1 && epoll_ctl(probe, EPOLL_CTL_ADD, fd, &e) != 0 && errno == EPERM;

	if (probe != -1)
		(void)close(probe);
	return refused;
}

/*
 * epoll refuses regular files, directories and some devices (/dev/null) with EPERM: those
 * never block.
 */
static bool
cannot_be_polled(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && epoll_refuses(fd));
}

struct loop_watch *
loop_watch_new(struct loop *l, int fd, loop_ready_fn *ready, void *ctx)
{
	struct loop_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	*w = (struct loop_watch){ .loop = l,
		.fd = fd,
		.ready = ready,
		.ctx = ctx,
		.always = cannot_be_polled(fd),
		.event = event_new(l->base, -1, 0, on_turn, w) };
	if (w->event != NULL)
		return w;
	free(w);
	return NULL;
}

/* The event's memory is there, so that only the first call may lack some. */
enum rc
loop_watch_set(struct loop_watch *w, int what)
{
	short events = (short)(EV_PERSIST | ((what & LOOP_READ) != 0 ? EV_READ : 0) |
	    ((what & LOOP_WRITE) != 0 ? EV_WRITE : 0));

	if (what == w->what)
		return RC_OK;
	if (what == 0 || !w->always)
		(void)event_del(w->event);
	w->what = what;
	if (what == 0)
		return RC_OK;
	if (!w->always) {
		(void)event_assign(w->event, w->loop->base, w->fd, events, on_ready, w);
		if (event_add(w->event, NULL) == 0)
			return RC_OK;
		w->always = errno == EPERM;
		(void)event_assign(w->event, w->loop->base, -1, 0, on_turn, w);
	}
	if (w->always &&
	    (event_pending(w->event, EV_TIMEOUT, NULL) != 0 ||
	        event_add(w->event, &no_time) == 0))
		return RC_OK;
	w->what = 0;
	return RC_SYS;
}

void
loop_watch_free(struct loop_watch *w)
{
	if (w == NULL)
		return;
	event_free(w->event);
	free(w);
}

/* libevent's clock is coarse: it may be a few milliseconds early. */
static void
on_fire(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	if (loop_now() < t->at_ms) {
		loop_timer_set(t, t->at_ms);
		return;
	}
	loop_timer_set(t, INT64_MAX);
	t->fire(t->ctx);
}

/* One that is not set waits, too: it has got its place, and need not ask for memory. */
static int
wait_for(struct loop_timer *t, int64_t left_ms)
{
	enum { LONG_MS = 24 * 60 * 60 * 1000 };
	int64_t ms = left_ms < 0 ? 0 : left_ms < LONG_MS ? left_ms : LONG_MS;
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	return event_add(t->event, &tv);
}

struct loop_timer *
loop_timer_new(struct loop *l, loop_fire_fn *fire, void *ctx)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	*t = (struct loop_timer){ .at_ms = INT64_MAX,
		.fire = fire,
		.ctx = ctx,
		.event = event_new(l->base, -1, 0, on_fire, t) };
	if (t->event != NULL && wait_for(t, INT64_MAX) == 0)
		return t;
	loop_timer_free(t);
	return NULL;
}

void
loop_timer_set(struct loop_timer *t, int64_t at_ms)
{
	int64_t now_ms = loop_now(), left = at_ms - now_ms;
	bool was_due =
	    t->at_ms <= now_ms && event_pending(t->event, EV_TIMEOUT, NULL) != 0;

	t->at_ms = at_ms;
	/*
	 * It is about to fire. To add it anew would put it behind all that is ready, in
	 * each turn again, when what is ready is what sets it.
	 */
	if (was_due && left <= 0)
		return;
	(void)wait_for(t, left);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	if (t->event != NULL)
		event_free(t->event);
	free(t);
}

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)what;
	s->caught(s->ctx, signo);
}

/* Whoever started us may want it ignored: nohup, or a shell for what it runs behind. */
static bool
is_ignored(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

struct loop_signal *
loop_signal_new(struct loop *l, int signo, loop_signal_fn *caught, void *ctx)
{
	struct loop_signal *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct loop_signal){ .caught = caught, .ctx = ctx };
	if (is_ignored(signo))
		return s;
	s->event = evsignal_new(l->base, signo, on_signal, s);
	if (s->event == NULL || event_add(s->event, NULL) != 0) {
		loop_signal_free(s);
		return NULL;
	}
	return s;
}

void
loop_signal_free(struct loop_signal *s)
{
	if (s == NULL)
		return;
	if (s->event != NULL)
		event_free(s->event);
	free(s);
}
