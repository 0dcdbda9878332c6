/* SPDX-License-Identifier: ISC */
#include "run/xfer_call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/resolve.h"

enum {
	HEAD_START_MS = 250,
	TRY_MS = 15 * 1000, /* an address */
	LOOKUP_MS = 15 * 1000,
	REASON = 128,
};

struct call;

/* One address that is being tried. */
struct attempt {
	struct call *call;
	int fd; /* -1: not begun, or over */
	struct loop_watch *watch;
	int64_t limit_ms;
};

struct call {
	const struct xfer_options *o;
	struct loop *loop;
	struct stop *stop;
	struct outcome *end;
	struct resolve *resolve;
	struct resolve_query *query;
	struct loop_timer *timer;
	struct loop_watch *signals;
	struct addr addrs[RESOLVE_ADDRS];
	size_t n, next; /* addresses; the next to be tried */
	int64_t next_ms, try_ms;
	struct attempt attempts[RESOLVE_ADDRS];
	unsigned open;
	int won;             /* the connection, or -1 */
	char reason[REASON]; /* of the first failure */
	char host[TOKEN_SERVER];
};

static void
drop(struct attempt *a)
{
	loop_watch_free(a->watch);
	a->watch = NULL;
	if (a->fd != -1)
		a->call->open--;
	net_close(&a->fd);
}

static void
note(struct call *c, const struct addr *to, const char *why)
{
	char ip[ADDR_TEXT];

	if (c->reason[0] != '\0')
		return;
	addr_text(to, ip);
	if (strcmp(ip, c->o->server.host) == 0)
		(void)snprintf(c->reason, sizeof(c->reason), "%s", why);
	else
		(void)snprintf(c->reason, sizeof(c->reason), "%s (%s)", why, ip);
}

static void
give_up(struct call *c, int code, const char *words)
{
	(void)outcome_fail(c->end, code, "%s: %s", c->host, words);
	loop_stop(c->loop);
}

static const char *
waiter(const struct call *c)
{
	return strcmp(c->o->command, "ugat-send") == 0 ? "ugat-recv" : "ugat-send -l";
}

static void step(struct call *c);

static void
on_decided(void *ctx, int what)
{
	struct attempt *a = ctx;
	struct call *c = a->call;

	(void)what;
	if (net_connect_result(a->fd) != RC_OK) {
		note(c, &c->addrs[a - c->attempts], strerror(errno));
		drop(a);
		c->next_ms = 0;
		step(c);
		return;
	}
	c->won = a->fd;
	a->fd = -1;
	c->open--;
	loop_watch_free(a->watch);
	a->watch = NULL;
	loop_stop(c->loop);
}

static void
try_next(struct call *c, int64_t now_ms)
{
	struct attempt *a = &c->attempts[c->next];
	const struct addr *to = &c->addrs[c->next];

	c->next++;
	if (net_tcp_connect(to, &c->o->local, &a->fd) != RC_OK) {
		note(c, to, strerror(errno));
		a->fd = -1;
		return;
	}
	c->open++;
	a->limit_ms = now_ms + c->try_ms;
	a->watch = loop_watch_new(c->loop, a->fd, on_decided, a);
	if (a->watch == NULL || loop_watch_set(a->watch, LOOP_WRITE) != RC_OK)
		drop(a);
	c->next_ms = now_ms + HEAD_START_MS;
}

static void
end_slow(struct call *c, int64_t now_ms)
{
	for (size_t i = 0; i < c->next; i++)
		if (c->attempts[i].fd != -1 && now_ms >= c->attempts[i].limit_ms) {
			note(c, &c->addrs[i], strerror(ETIMEDOUT));
			drop(&c->attempts[i]);
			c->next_ms = 0;
		}
}

/* Whatever is due; then the timer for the rest. */
static void
step(struct call *c)
{
	int64_t now = loop_now(), at = INT64_MAX;
	char words[REASON * 2 + NET_LOCAL_WORDS];

	end_slow(c, now);
	while (c->next < c->n && (now >= c->next_ms || c->open == 0))
		try_next(c, now);
	if (c->open == 0 && net_local_check(&c->o->local, words) == RC_NONE) {
		(void)outcome_fail(c->end, CODE_UNAVAILABLE, "%s", words);
		loop_stop(c->loop);
		return;
	}
	if (c->open == 0) {
		(void)snprintf(words, sizeof(words), "%s: is %s waiting there?",
		    c->reason, waiter(c));
		give_up(c, CODE_UNAVAILABLE, words);
		return;
	}
	if (c->next < c->n)
		at = c->next_ms;
	for (size_t i = 0; i < c->next; i++)
		if (c->attempts[i].fd != -1 && c->attempts[i].limit_ms < at)
			at = c->attempts[i].limit_ms;
	loop_timer_set(c->timer, at);
}

static void
on_addrs(void *ctx, enum rc rc, const struct addr *addrs, size_t n)
{
	struct call *c = ctx;

	c->query = NULL;
	if (rc == RC_NONE)
		give_up(c, CODE_UNAVAILABLE, "no such host: check its name");
	else if (rc != RC_OK)
		give_up(c, CODE_UNAVAILABLE,
		    "no name server has answered: try again, or give its address");
	if (rc != RC_OK)
		return;
	memcpy(c->addrs, addrs, n * sizeof(*addrs));
	c->n = n;
	step(c);
}

static void
on_timer(void *ctx)
{
	struct call *c = ctx;

	if (c->query != NULL)
		give_up(c, CODE_UNAVAILABLE,
		    "no name server has answered: try again, or give its address");
	else
		step(c);
}

static void
on_signal(void *ctx, int what)
{
	struct call *c = ctx;
	bool ready;

	(void)what;
	c->end->signal = stop_wait(c->stop, -1, 0, &ready);
	if (c->end->signal != 0)
		loop_stop(c->loop);
}

static enum rc
begin(struct call *c)
{
	c->timer = loop_timer_new(c->loop, on_timer, c);
	if (c->timer == NULL)
		return RC_MEM;
	if (c->stop->fd >= 0) {
		c->signals = loop_watch_new(c->loop, c->stop->fd, on_signal, c);
		if (c->signals == NULL || loop_watch_set(c->signals, LOOP_READ) != RC_OK)
			return RC_MEM;
	}
	c->resolve = resolve_new(c->loop, &c->o->local);
	if (c->resolve == NULL)
		return RC_MEM;
	c->query =
	    resolve_start(c->resolve, c->o->server.host, c->o->server.port, on_addrs, c);
	if (c->query == NULL)
		return RC_MEM;
	loop_timer_set(
	    c->timer, loop_now() + (c->try_ms > LOOKUP_MS ? c->try_ms : LOOKUP_MS));
	return RC_OK;
}

enum rc
xfer_call(struct loop *l, struct stop *stop, const struct xfer_options *o, int *fd,
    struct outcome *end)
{
	struct call c = { .o = o, .loop = l, .stop = stop, .end = end, .won = -1 };

	c.try_ms = o->limit_s == 0 ? TRY_MS : (int64_t)o->limit_s * 1000;
	server_text(&o->server, c.host);
	for (size_t i = 0; i < RESOLVE_ADDRS; i++)
		c.attempts[i] = (struct attempt){ .call = &c, .fd = -1 };
	if (begin(&c) != RC_OK)
		(void)outcome_fail(end, CODE_BUG, "out of memory");
	else if (loop_run(l) != RC_OK)
		(void)outcome_fail(end, CODE_BUG, "the event loop: %s", strerror(errno));
	for (size_t i = 0; i < RESOLVE_ADDRS; i++)
		drop(&c.attempts[i]);
	loop_timer_free(c.timer);
	loop_watch_free(c.signals);
	if (c.query != NULL)
		resolve_cancel(c.query);
	resolve_free(c.resolve);
	*fd = c.won;
	return c.won == -1 ? RC_BAD : RC_OK;
}
