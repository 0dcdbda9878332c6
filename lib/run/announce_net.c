/* SPDX-License-Identifier: ISC */
/* run/announce: what core/announce wants of the network, and what it tells as records. */
#include <sys/random.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/record.h"
#include "codec/uri.h"
#include "run/announce_parts.h"

enum { BURST = 64, URL_SHOWN = 200, NO_SESSION_MS = 1000, PLACE_MS = 250 };

/* getrandom(2) does not fail for so few bytes once the kernel has any. */
static void
randomly(void *ctx, uint8_t *p, size_t n)
{
	struct asking *r = ctx;

	if (getrandom(p, n, 0) != (ssize_t)n)
		asking_fail(r, CODE_BUG, "no random numbers: %s", strerror(errno));
}

/* Sockets. */

static void
socket_close(struct asking_socket *s)
{
	loop_watch_free(s->watch);
	s->watch = NULL;
	net_close(&s->fd);
}

static void
socket_failed(struct asking_socket *s)
{
	announce_failed(
	    s->asking->announce, s->number, loop_now(), true, strerror(errno));
}

static void
on_datagram(void *ctx, int what)
{
	struct asking_socket *s = ctx;
	struct asking *r = s->asking;

	(void)what;
	/* asking_pump may close it between two datagrams. */
	for (int i = 0; i < BURST && s->fd != -1; i++) {
		size_t n = 0;
		enum rc rc = net_udp_recv(s->fd, r->datagram, sizeof(r->datagram), &n);

		if (rc == RC_MORE)
			break;
		if (rc == RC_OK)
			announce_take(
			    r->announce, s->number, loop_now(), bytes_of(r->datagram, n));
		else
			socket_failed(s);
		asking_pump(r);
	}
}

static void
socket_open(struct asking *r, const struct announce_event *e)
{
	struct asking_socket *s = &r->sockets[e->socket];

	*s = (struct asking_socket){ .asking = r, .number = e->socket, .fd = -1 };
	if (net_udp_connect(&e->addr, &r->o->local, &s->fd) == RC_OK) {
		s->watch = loop_watch_new(r->loop, s->fd, on_datagram, s);
		if (s->watch != NULL && loop_watch_set(s->watch, LOOP_READ) == RC_OK)
			return;
		errno = ENOMEM;
	}
	announce_failed(r->announce, e->socket, loop_now(), false, strerror(errno));
	socket_close(s);
}

/* An error that an earlier datagram met may be reported now, instead of sending. */
static void
socket_send(struct asking *r, const struct announce_event *e)
{
	struct asking_socket *s = &r->sockets[e->socket];

	if (net_udp_send(s->fd, e->datagram) == RC_SYS &&
	    net_udp_send(s->fd, e->datagram) == RC_SYS)
		socket_failed(s);
}

/* HTTP. */

static void
on_answer(void *ctx, const struct http_answer *a)
{
	struct asking_socket *s = ctx;
	const struct announce_http http = { .rc = a->rc,
		.why = a->why,
		.status = a->status,
		.body = a->body,
		.local = a->local,
		.retry_s = a->retry_s };

	s->call = NULL;
	announce_http(s->asking->announce, s->number, loop_now(), &http);
	asking_pump(s->asking);
}

static void
get(struct asking *r, const struct announce_event *e)
{
	struct announce_http failed = { .rc = RC_MEM, .why = "out of memory" };
	const struct http_request request = { .url = e->http_url,
		.family = addr_is_v4(&e->addr) ? HTTP_V4 : HTTP_V6,
		.from = &r->o->local };
	struct asking_socket *s = &r->sockets[e->socket];

	*s = (struct asking_socket){ .asking = r, .number = e->socket, .fd = -1 };
	if (r->http == NULL)
		r->http = http_new(r->loop);
	if (r->http != NULL)
		s->call = http_start(r->http, &request, on_answer, s);
	if (s->call == NULL && r->http != NULL)
		failed.why = http_refusal(r->http);
	if (s->call == NULL)
		announce_http(r->announce, e->socket, loop_now(), &failed);
}

/* Names. */

static void
on_resolved(void *ctx, enum rc rc, const struct addr *addrs, size_t n)
{
	struct asking_query *q = ctx;

	q->query = NULL;
	announce_resolved(q->asking->announce, q->number, loop_now(), rc, addrs, n);
	asking_pump(q->asking);
}

static void
on_named(void *ctx, enum rc rc, const struct addr *addrs, size_t n)
{
	struct asking_query *q = ctx;

	q->query = NULL;
	announce_named(q->asking->announce, q->number, loop_now(), rc, addrs, n);
	asking_pump(q->asking);
}

static void
resolve_tracker(struct asking *r, const struct announce_event *e)
{
	struct asking_query *q = &r->queries[e->tracker];

	*q = (struct asking_query){ .asking = r, .number = e->tracker };
	q->query = resolve_start(r->resolve, e->host, e->port, on_resolved, q);
	if (q->query == NULL)
		announce_resolved(r->announce, e->tracker, loop_now(), RC_MEM, NULL, 0);
}

static void
resolve_peer(struct asking *r, const struct announce_event *e)
{
	struct asking_query *q = &r->names[e->name];

	*q = (struct asking_query){ .asking = r, .number = e->name };
	q->query = resolve_start(r->resolve, e->host, e->port, on_named, q);
	if (q->query == NULL)
		announce_named(r->announce, e->name, loop_now(), RC_MEM, NULL, 0);
}

/* Records. */

static void
put_line(struct linew *w, struct bytes *line)
{
	if (linew_end(w, line) != RC_OK)
		*line = bytes_of(NULL, 0);
}

/*
 * The line of an event about a tracker, its URL cut to most bytes. Empty: does not fit.
 */
static struct bytes
tracker_line(const struct announce_event *e, size_t most, uint8_t out[REC_LATE_MAX])
{
	char url[REC_LATE_MAX];
	struct rec_announced good = { .url = e->url,
		.interval_s = e->interval_s,
		.seeders = e->seeders,
		.leechers = e->leechers };
	struct rec_unanswered bad = { .url = e->url };
	struct rec_scrape counts = { .url = e->url,
		.seeders = e->seeders,
		.completed = e->completed,
		.leechers = e->leechers };
	struct bytes line;
	struct linew w;

	if (e->url.n > most) {
		(void)snprintf(
		    url, sizeof(url), "%.*s...", (int)most, (const char *)e->url.p);
		good.url = bad.url = counts.url = bytes_str(url);
	}
	if (e->what == ANNOUNCE_ANSWERED) {
		rec_put_announced(&w, out, REC_LATE_MAX, &good);
	} else if (e->what == ANNOUNCE_SCRAPED) {
		rec_put_scrape(&w, out, REC_LATE_MAX, &counts);
	} else {
		bad.reason = bytes_str(e->reason);
		rec_put_unanswered(&w, out, REC_LATE_MAX, &bad);
	}
	put_line(&w, &line);
	return line;
}

static void
put_tracker(struct asking *r, const struct announce_event *e)
{
	uint8_t text[REC_LATE_MAX];
	struct bytes line = bytes_of(NULL, 0);

	for (size_t most = REC_LATE_MAX - 4; line.n == 0 && most > 0; most /= 2)
		line = tracker_line(e, most, text);
	if (line.n > 0)
		asking_put(r, line);
}

static void
put_peer(struct asking *r, const struct addr *a)
{
	char ip[ADDR_TEXT];
	uint8_t text[REC_LATE_MAX];
	struct rec_peer peer = { .port = a->port, .src = bytes_str("tracker") };
	struct bytes line;
	struct linew w;

	addr_text(a, ip);
	peer.host = bytes_str(ip);
	rec_put_peer(&w, text, sizeof(text), &peer);
	put_line(&w, &line);
	asking_put(r, line);
}

/* One line for each change of a tracker's fate. */
static void
explain(struct asking *r, const struct announce_event *e, const char *url)
{
	if (e->what == ANNOUNCE_UNANSWERED)
		asking_remark(r, "%s: %s", url, e->reason);
	else if (e->what == ANNOUNCE_SCRAPED)
		asking_remark(r, "%s: %u seeders, %u leechers, %u downloads", url,
		    e->seeders, e->leechers, e->completed);
	else if (e->changed)
		asking_remark(r, "%s: %u seeders, %u leechers, %s in %u s", url,
		    e->seeders, e->leechers,
		    e->kept ? "as it told an earlier run; asked" : "again",
		    e->interval_s);
}

/* The first one stands, but who says no says more than who is silent. */
static void
note_failure(struct asking *r, const struct announce_event *e, const char *url)
{
	if (r->told++ == 0 || (e->refused && !r->refused))
		(void)snprintf(r->first_failure, sizeof(r->first_failure),
		    "%.150s%s: %.130s", url, e->refused ? " refuses" : "", e->reason);
	r->refused |= e->refused;
}

static void
tell(struct asking *r, const struct announce_event *e)
{
	char url[URL_SHOWN];

	(void)uri_masked(e->url, url, sizeof(url));
	if (e->what == ANNOUNCE_WARNED) {
		asking_remark(r, "%s: the tracker warns: %s", url, e->reason);
		return;
	}
	put_tracker(r, e);
	if (e->what == ANNOUNCE_UNANSWERED)
		note_failure(r, e, url);
	if (e->what == ANNOUNCE_ANSWERED)
		asking_note_answer(r, e);
	if (r->o->verbose)
		explain(r, e, url);
}

static void
tell_nobody(struct asking *r, const struct announce_event *e)
{
	/*
	 * Where all refuse, and nobody can name a peer any more, the second refusal ends
	 * the run.
	 */
	if (r->o->once || (e->refused && r->in_ended && r->alive))
		return;
	if (r->refused)
		asking_remark(
		    r, "%s: asking on; `peer` lines work meanwhile", r->first_failure);
	else
		asking_remark(r,
		    "no tracker answers (%s): asking on; `peer` lines work meanwhile",
		    r->first_failure);
}

static void
let_go(struct asking_socket *s)
{
	socket_close(s);
	http_cancel(s->call);
	s->call = NULL;
}

static void
obey(struct asking *r, const struct announce_event *e)
{
	switch (e->what) {
	case ANNOUNCE_RESOLVE: resolve_tracker(r, e); break;
	case ANNOUNCE_NAME: resolve_peer(r, e); break;
	case ANNOUNCE_OPEN: socket_open(r, e); break;
	case ANNOUNCE_SEND: socket_send(r, e); break;
	case ANNOUNCE_GET: get(r, e); break;
	case ANNOUNCE_CLOSE: let_go(&r->sockets[e->socket]); break;
	case ANNOUNCE_ANSWERED:
	case ANNOUNCE_SCRAPED:
	case ANNOUNCE_WARNED:
	case ANNOUNCE_UNANSWERED: tell(r, e); break;
	case ANNOUNCE_STOPPED: asking_note_stopped(r, e->tracker); break;
	case ANNOUNCE_PEER:
		put_peer(r, &e->addr);
		asking_note_peer(r, e);
		break;
	case ANNOUNCE_NOBODY: tell_nobody(r, e); break;
	}
}

void
asking_drain(struct asking *r)
{
	struct announce_event e;

	while (announce_next(r->announce, &e))
		obey(r, &e);
	asking_save(r);
}

void
asking_pump(struct asking *r)
{
	if (r->phase != ASKING_ANNOUNCING && r->phase != ASKING_STOPPING) {
		loop_timer_set(r->timer, INT64_MAX);
		return;
	}
	if (!asking_may_send(r)) {
		loop_timer_set(r->timer, loop_now() + NO_SESSION_MS);
		return;
	}
	asking_drain(r);
	loop_timer_set(r->timer, announce_deadline(r->announce));
	asking_check(r);
}

/* Close every socket and ask for no name any more. */
static void
hang_up(struct asking *r)
{
	size_t n = r->announce == NULL ? 0 : announce_trackers(r->announce);

	for (size_t i = 0; r->sockets != NULL && i < n * ANNOUNCE_LINKS; i++)
		let_go(&r->sockets[i]);
	for (size_t i = 0; r->queries != NULL && i < n; i++) {
		resolve_cancel(r->queries[i].query);
		r->queries[i].query = NULL;
	}
	for (size_t i = 0; i < ANNOUNCE_NAMES; i++) {
		resolve_cancel(r->names[i].query);
		r->names[i].query = NULL;
	}
}

bool
asking_has_place(struct asking *r)
{
	char words[NET_LOCAL_WORDS];

	if (net_local_check(&r->o->local, words) == RC_OK) {
		if (r->o->local.set)
			loop_timer_set(r->place_timer, loop_now() + PLACE_MS);
		return true;
	}
	/* Not asking_fail: it would say goodbye, and from where? */
	if (r->end->signal == 0 && r->phase == ASKING_ANNOUNCING)
		(void)outcome_fail(r->end, CODE_UNAVAILABLE, "%s", words);
	hang_up(r);
	asking_leave(r);
	return false;
}

static void
on_place(void *ctx)
{
	struct asking *r = ctx;

	if (r->phase == ASKING_ANNOUNCING || r->phase == ASKING_STOPPING)
		(void)asking_has_place(r);
}

static void
on_deadline(void *ctx)
{
	struct asking *r = ctx;

	announce_tick(r->announce, loop_now());
	asking_pump(r);
}

bool
asking_trackers_start(struct asking *r)
{
	struct announce_config config = { .random = randomly,
		.ctx = r,
		.own = r->own,
		.once = r->o->once,
		.scrape = r->o->scrape };
	size_t n;

	memcpy(config.btih, r->torrent.btih, sizeof(config.btih));
	memcpy(config.id, r->id, sizeof(config.id));
	if (net_local_addrs(r->own, ASKING_OWN_ADDRS, &config.n_own) != RC_OK)
		config.n_own = 0;
	r->announce = announce_new(&config, r->torrent.trackers, r->torrent.n_trackers);
	if (r->announce == NULL)
		return false;
	n = announce_trackers(r->announce);
	r->resolve = resolve_new(r->loop, &r->o->local);
	r->timer = loop_timer_new(r->loop, on_deadline, r);
	r->place_timer = loop_timer_new(r->loop, on_place, r);
	r->queries = calloc(n + 1, sizeof(*r->queries));
	r->sockets = calloc(n * ANNOUNCE_LINKS + 1, sizeof(*r->sockets));
	if (r->resolve == NULL || r->timer == NULL || r->place_timer == NULL ||
	    r->queries == NULL || r->sockets == NULL)
		return false;
	for (size_t i = 0; i < n * ANNOUNCE_LINKS; i++)
		r->sockets[i].fd = -1;
	return true;
}

void
asking_trackers_clear(struct asking *r)
{
	hang_up(r);
	http_free(r->http);
	asking_forget(r);
	loop_timer_free(r->timer);
	loop_timer_free(r->place_timer);
	free(r->queries);
	free(r->sockets);
	announce_free(r->announce);
	r->announce = NULL;
}
