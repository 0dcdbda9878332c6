/* SPDX-License-Identifier: ISC */
/*
 * The parent has one thread and holds nothing that a child could disturb: a child makes a
 * loop of its own, closes all descriptors that are not its own, and leaves by _exit.
 */
#include "run/porch.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/porch_parts.h"

enum {
	LOOK_MS = 1000,    /* at the session, the address and the time */
	REST_MS = 100,     /* when no descriptor or process is to be had */
	GOODBYE_MS = 3000, /* for the children, when we end */
};

static void
listen_on(struct porch *p, bool on)
{
	for (size_t i = 0; i < PORCH_LISTENERS; i++)
		if (p->watch[i] != NULL &&
		    loop_watch_set(p->watch[i], on ? LOOP_READ : 0) != RC_OK)
			(void)outcome_fail(p->end, CODE_BUG, "out of memory");
}

/* Nobody else may come. */
static void
close_door(struct porch *p)
{
	for (size_t i = 0; i < PORCH_LISTENERS; i++) {
		loop_watch_free(p->watch[i]);
		p->watch[i] = NULL;
		net_close(&p->listeners[i]);
	}
}

/* All callers, or those met alone. */
static unsigned
count(const struct porch *p, bool met)
{
	unsigned n = 0;

	for (size_t i = 0; i < PORCH_CALLERS; i++)
		if (p->callers[i].pid != 0 && (p->callers[i].met || !met))
			n++;
	return n;
}

unsigned
porch_count_met(const struct porch *p)
{
	return count(p, true);
}

/*
 * Who has not offered is told that we were interrupted; the others hear the cause, when
 * that is our output, and tell it themselves.
 */
static void
end_caller(const struct porch *p, const struct caller *c)
{
	const struct note mute = { .kind = NOTE_MUTE };

	if (p->audience->broken(p->audience->ctx) == 0 || !c->claimed ||
	    note_send(c->fd, &mute, bytes_str(""), false) != RC_OK)
		(void)kill(c->pid, SIGTERM);
}

void
porch_finish(struct porch *p)
{
	if (p->ending)
		return;
	p->ending = true;
	p->last_ms = loop_now() + GOODBYE_MS;
	close_door(p);
	for (size_t i = 0; i < PORCH_CALLERS; i++)
		if (p->callers[i].pid != 0)
			end_caller(p, &p->callers[i]);
	loop_timer_set(p->timer, 0);
}

/* Callers. */

static void
on_note(void *ctx, int what)
{
	(void)what;
	porch_hear(ctx);
}

static bool
take_in(struct porch *p, struct caller *c, int conn, const struct addr *from)
{
	struct porch_call call = { .conn = conn, .notes = -1 };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	addr_text(from, call.place);
	call.notes = pair[1];
	*c = (struct caller){
		.porch = p, .fd = pair[0], .number = p->numbers++, .from = *from
	};
	(void)snprintf(c->place, sizeof(c->place), "%s", call.place);
	c->watch = loop_watch_new(p->rules->loop, c->fd, on_note, c);
	if (c->watch != NULL && loop_watch_set(c->watch, LOOP_READ) == RC_OK)
		c->pid = porch_fork(p->rules, &call);
	(void)close(pair[1]);
	if (c->pid > 0)
		return true;
	loop_watch_free(c->watch);
	net_close(&c->fd);
	*c = (struct caller){ .porch = p, .fd = -1 };
	return false;
}

/* Nothing is to be had now: try again in a while. */
static void
rest(struct porch *p)
{
	p->resting = true;
	listen_on(p, false);
	loop_timer_set(p->timer, loop_now() + REST_MS);
}

static void
on_caller(struct porch *p, int listener)
{
	struct caller *c;
	struct addr from;
	int conn;
	enum rc rc;

	if (p->audience->broken(p->audience->ctx) != 0)
		porch_finish(p); /* audience_here_close knows why */
	while (!p->ending && (rc = net_accept(listener, &conn, &from)) == RC_OK) {
		bool lives = session_lives(p->rules->door->session);
		bool in;

		c = lives ? porch_place(p, &from) : NULL;
		in = c != NULL && take_in(p, c, conn, &from);
		net_close(&conn);
		if (!in && lives && c != NULL) {
			rest(p);
			return;
		}
	}
	if (!p->ending && rc == RC_SYS)
		rest(p);
}

static void
on_v4(void *ctx, int what)
{
	struct porch *p = ctx;

	(void)what;
	on_caller(p, p->listeners[0]);
}

static void
on_v6(void *ctx, int what)
{
	struct porch *p = ctx;

	(void)what;
	on_caller(p, p->listeners[1]);
}

/* Time. */

static void
check_session(struct porch *p)
{
	const struct session *s = p->rules->door->session;

	if (session_is_refused(s) ||
	    (!session_lives(s) && !session_may_return(s) && porch_count_met(p) == 0))
		session_explain(s, p->end);
}

static void
check_place(struct porch *p)
{
	char words[NET_LOCAL_WORDS];

	if (net_local_check(&p->o->local, words) == RC_NONE)
		(void)outcome_fail(p->end, CODE_UNAVAILABLE, "%s", words);
}

static void
check_idle(struct porch *p, int64_t now_ms)
{
	/* Who is there has called; what he offers he may still have to count. */
	bool waits = porch_count_met(p) == 0 && (p->rules->job->keep || !p->claimed);

	if (waits && p->o->limit_s != 0 &&
	    now_ms - p->idle_ms >= (int64_t)p->o->limit_s * 1000)
		(void)outcome_fail(p->end, CODE_TEMPFAIL, "nobody has called for %llu s",
		    (unsigned long long)p->o->limit_s);
}

static void
check_output(struct porch *p)
{
	bool full = audience_here_is_full(p->rules->here);

	for (size_t i = 0; i < PORCH_CALLERS && !full; i++)
		if (p->callers[i].watch != NULL &&
		    loop_watch_set(p->callers[i].watch, LOOP_READ) != RC_OK)
			(void)outcome_fail(p->end, CODE_BUG, "out of memory");
	if (p->audience->broken(p->audience->ctx) != 0)
		porch_finish(p); /* audience_here_close knows why */
}

/* Who does not leave is made to. */
static void
see_off(struct porch *p, int64_t now_ms)
{
	if (count(p, false) == 0) {
		loop_stop(p->rules->loop);
		return;
	}
	for (size_t i = 0; i < PORCH_CALLERS && now_ms >= p->last_ms; i++)
		if (p->callers[i].pid != 0)
			(void)kill(p->callers[i].pid, SIGKILL);
}

static void
on_timer(void *ctx)
{
	struct porch *p = ctx;
	int64_t now = loop_now();

	check_output(p);
	if (!p->ending) {
		check_session(p);
		check_place(p);
		check_idle(p, now);
		if (p->end->code != CODE_OK)
			porch_finish(p);
	}
	if (p->ending)
		see_off(p, now);
	else if (p->resting)
		listen_on(p, true);
	p->resting = false;
	loop_timer_set(
	    p->timer, now + (p->ending || count(p, false) > 0 ? REST_MS : LOOK_MS));
}

static void
on_signal(void *ctx, int what)
{
	struct porch *p = ctx;
	bool ready;
	int signo = stop_wait(p->rules->stop, -1, 0, &ready);

	(void)what;
	if (signo == 0)
		return;
	if (p->end->signal != 0)
		p->last_ms = 0;
	p->end->signal = signo;
	porch_finish(p);
	loop_timer_set(p->timer, 0);
}

static void
on_session(void *ctx, const char *words)
{
	struct porch *p = ctx;

	audience_here_remark(p->rules->here, words);
}

/* The beginning and the end. */

static bool
listen_here(struct porch *p)
{
	enum rc rc = net_tcp_listen(p->o->port, &p->o->local, p->listeners, &p->port);
	int error = errno;
	char why[NET_LOCAL_WORDS];

	if (rc == RC_BUSY)
		(void)outcome_fail(p->end, CODE_TEMPFAIL,
		    "port %u is taken by another program: give another with -p",
		    (unsigned)p->o->port);
	else if (rc != RC_OK && net_local_check(&p->o->local, why) == RC_NONE)
		(void)outcome_fail(p->end, CODE_UNAVAILABLE, "%s", why);
	else if (rc != RC_OK)
		(void)outcome_fail(p->end, CODE_UNAVAILABLE,
		    "cannot listen on port %u: %s: give another with -p",
		    (unsigned)p->o->port, strerror(error));
	return rc == RC_OK;
}

static enum rc
watch_all(struct porch *p)
{
	loop_ready_fn *const ready[PORCH_LISTENERS] = { on_v4, on_v6 };
	struct loop *l = p->rules->loop;

	p->timer = loop_timer_new(l, on_timer, p);
	p->room = malloc(sizeof(*p->room));
	if (p->timer == NULL || p->room == NULL)
		return RC_MEM;
	for (size_t i = 0; i < PORCH_LISTENERS; i++) {
		if (p->listeners[i] == -1)
			continue;
		p->watch[i] = loop_watch_new(l, p->listeners[i], ready[i], p);
		if (p->watch[i] == NULL)
			return RC_MEM;
	}
	listen_on(p, true);
	if (p->rules->stop->fd >= 0) {
		p->signals = loop_watch_new(l, p->rules->stop->fd, on_signal, p);
		if (p->signals == NULL || loop_watch_set(p->signals, LOOP_READ) != RC_OK)
			return RC_MEM;
	}
	loop_timer_set(p->timer, 0);
	return session_keep(p->rules->door->session, l, on_session, p);
}

static void
say_waiting(struct porch *p)
{
	char words[128];

	(void)snprintf(words, sizeof(words), "%s waits on port %u",
	    session_user(p->rules->door->session), (unsigned)p->port);
	audience_here_hint(p->rules->here, words);
	audience_here_open(p->rules->here);
	if (!p->audience->flush(p->audience->ctx))
		porch_finish(p);
}

static void
clear(struct porch *p)
{
	close_door(p);
	loop_timer_free(p->timer);
	loop_watch_free(p->signals);
	free(p->room);
	free(p);
}

void
porch_run(const struct porch_rules *rules, struct outcome *end)
{
	struct porch *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return;
	}
	p->rules = rules;
	p->o = rules->job->o;
	p->audience = audience_here_face(rules->here);
	p->end = end;
	p->idle_ms = loop_now();
	for (size_t i = 0; i < PORCH_LISTENERS; i++)
		p->listeners[i] = -1;
	for (size_t i = 0; i < PORCH_CALLERS; i++)
		p->callers[i] = (struct caller){ .porch = p, .fd = -1 };
	if (!listen_here(p)) {
		clear(p);
		return;
	}
	if (watch_all(p) != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
	} else {
		say_waiting(p);
		if (loop_run(rules->loop) != RC_OK)
			(void)outcome_fail(
			    end, CODE_BUG, "the event loop: %s", strerror(errno));
	}
	clear(p);
}
