/* SPDX-License-Identifier: ISC */
/*
 * Simulated time and a simulated network for core/announce: what is sent is read here
 * with the offsets of BEP 15, and answers are put together by hand.
 */
#ifndef TESTS_ANNOUNCE_SIM_H
#define TESTS_ANNOUNCE_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/announce.h"

enum { SENT_MAX = 4096, SOCKETS = ANNOUNCE_TRACKERS * ANNOUNCE_LINKS };
enum { CONNECT, ANNOUNCE, SCRAPE };
enum { ONCE = 1, COUNTS = 2 }; /* for begin_as */
enum { NONE, COMPLETED, STARTED, STOPPED };

struct sent {
	int64_t at;
	unsigned socket;
	int action, event;
	uint32_t txn, key, want;
	uint64_t conn_id, downloaded, left, uploaded;
	uint16_t port;
	uint8_t id[20];
	struct bytes options; /* points into copy */
	uint8_t copy[512];
	size_t n;
};

/* A request by HTTP. */
struct got {
	int64_t at;
	unsigned socket;
	bool v6, over;
	char url[8192];
};

struct sim {
	struct announce *a;
	int64_t now, start;
	uint64_t seed;
	bool open[SOCKETS];
	struct addr to[SOCKETS];
	bool refuse_open;
	struct sent *sent;
	size_t n;
	struct got got[64];
	size_t n_got;
	/* What was told. */
	unsigned answered, unanswered, nobody, resolves, scraped, warned, stopped,
	    changed;
	unsigned kept, names;
	bool nobody_refused; /* the last `nobody` was: all of them say no */
	char reason[256], url[128], name[256], warning[256];
	uint32_t interval_s, min_interval_s, seeders, leechers, completed;
	struct addr *peers;
	size_t n_peers;
	unsigned order[ANNOUNCE_TRACKERS * 8],
	    n_order; /* trackers in the order of RESOLVE */
};

static inline void
dice(void *ctx, uint8_t *p, size_t n)
{
	struct sim *s = ctx;

	while (n-- > 0) {
		s->seed = s->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		*p++ = (uint8_t)(s->seed >> 56);
	}
}

static inline struct addr
at(const char *ip, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(bytes_str(ip), &a), RC_OK);
	a.port = port;
	return a;
}

static inline uint64_t
be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static inline void
on_send(struct sim *s, const struct announce_event *e)
{
	struct sent *d = &s->sent[s->n++];
	const uint8_t *p = e->datagram.p;

	assert_true(
	    s->n < SENT_MAX && s->open[e->socket] && e->datagram.n <= sizeof(d->copy));
	*d = (struct sent){
		.at = s->now - s->start, .socket = e->socket, .n = e->datagram.n
	};
	memcpy(d->copy, p, e->datagram.n);
	p = d->copy;
	d->conn_id = be(p, 8);
	d->action = (int)be(p + 8, 4);
	d->txn = (uint32_t)be(p + 12, 4);
	if (d->action == CONNECT) {
		assert_int_equal(d->n, 16);
		assert_true(d->conn_id == UINT64_C(0x41727101980));
		return;
	}
	if (d->action == SCRAPE) {
		assert_int_equal(d->n, 36);
		assert_memory_equal(p + 16, "hhhhhhhhhhhhhhhhhhhh", 20);
		return;
	}
	assert_int_equal(d->action, ANNOUNCE);
	assert_true(d->n >= 98);
	assert_memory_equal(p + 16, "hhhhhhhhhhhhhhhhhhhh", 20);
	memcpy(d->id, p + 36, 20);
	d->downloaded = be(p + 56, 8);
	d->left = be(p + 64, 8);
	d->uploaded = be(p + 72, 8);
	d->event = (int)be(p + 80, 4);
	assert_int_equal(be(p + 84, 4), 0);
	d->key = (uint32_t)be(p + 88, 4);
	d->want = (uint32_t)be(p + 92, 4);
	d->port = (uint16_t)be(p + 96, 2);
	d->options = bytes_of(p + 98, d->n - 98);
}

/* "a".."z" are 10.0.0.97 and so on, "both" has two families, "many" many, "gone" none. */
static inline void
on_resolve(struct sim *s, const struct announce_event *e)
{
	unsigned tracker = e->tracker;
	struct addr addrs[16];
	char ip[64];

	s->order[s->n_order++] = tracker;
	s->resolves++;
	if (strcmp(e->host, "wait") == 0)
		return;
	if (strcmp(e->host, "gone") == 0) {
		announce_resolved(s->a, tracker, s->now, RC_NONE, NULL, 0);
		return;
	}
	if (strcmp(e->host, "both") == 0) {
		addrs[0] = at("10.0.1.1", e->port);
		addrs[1] = at("2001:db8::1", e->port);
		announce_resolved(s->a, tracker, s->now, RC_OK, addrs, 2);
		return;
	}
	if (strcmp(e->host, "many") == 0) {
		for (int i = 0; i < 16; i++) {
			(void)snprintf(ip, sizeof(ip), "10.0.2.%d", i + 1);
			addrs[i] = at(ip, e->port);
		}
		announce_resolved(s->a, tracker, s->now, RC_OK, addrs, 16);
		return;
	}
	(void)snprintf(ip, sizeof(ip), "10.0.0.%d", e->host[0]);
	addrs[0] = strchr(e->host, '.') == NULL ? at(ip, e->port) : at(e->host, e->port);
	announce_resolved(s->a, tracker, s->now, RC_OK, addrs, 1);
}

static inline void
on_get(struct sim *s, const struct announce_event *e)
{
	struct got *g = &s->got[s->n_got++];

	assert_true(s->n_got < 64);
	assert_false(s->open[e->socket]);
	s->open[e->socket] = true;
	*g = (struct got){
		.at = s->now - s->start, .socket = e->socket, .v6 = !addr_is_v4(&e->addr)
	};
	assert_true(strlen(e->http_url) < sizeof(g->url));
	memcpy(g->url, e->http_url, strlen(e->http_url) + 1);
}

static inline void
on_close(struct sim *s, const struct announce_event *e)
{
	assert_true(s->open[e->socket]);
	s->open[e->socket] = false;
	for (size_t i = 0; i < s->n_got; i++)
		if (s->got[i].socket == e->socket)
			s->got[i].over = true;
}

static inline void
on_word(struct sim *s, const struct announce_event *e)
{
	switch (e->what) {
	case ANNOUNCE_ANSWERED:
		s->answered++;
		s->changed += e->changed;
		s->kept += e->kept;
		s->interval_s = e->interval_s;
		s->min_interval_s = e->min_interval_s;
		s->seeders = e->seeders;
		s->leechers = e->leechers;
		break;
	case ANNOUNCE_SCRAPED:
		s->scraped++;
		s->seeders = e->seeders;
		s->leechers = e->leechers;
		s->completed = e->completed;
		break;
	case ANNOUNCE_UNANSWERED:
		s->unanswered++;
		(void)snprintf(s->reason, sizeof(s->reason), "%s", e->reason);
		(void)snprintf(s->url, sizeof(s->url), "%.*s", (int)e->url.n,
		    (const char *)e->url.p);
		break;
	case ANNOUNCE_WARNED:
		s->warned++;
		(void)snprintf(s->warning, sizeof(s->warning), "%s", e->reason);
		break;
	case ANNOUNCE_NAME:
		s->names++;
		(void)snprintf(s->name, sizeof(s->name), "%u %s %u", e->name, e->host,
		    (unsigned)e->port);
		break;
	default: fail();
	}
}

static inline void
pull(struct sim *s)
{
	struct announce_event e;

	for (int i = 0; announce_next(s->a, &e); i++) {
		assert_true(i < 200000);
		switch (e.what) {
		case ANNOUNCE_RESOLVE: on_resolve(s, &e); break;
		case ANNOUNCE_OPEN:
			assert_false(s->open[e.socket]);
			if (s->refuse_open) {
				announce_failed(
				    s->a, e.socket, s->now, false, "network unreachable");
				break;
			}
			s->open[e.socket] = true;
			s->to[e.socket] = e.addr;
			break;
		case ANNOUNCE_SEND: on_send(s, &e); break;
		case ANNOUNCE_GET: on_get(s, &e); break;
		case ANNOUNCE_CLOSE: on_close(s, &e); break;
		case ANNOUNCE_PEER:
			assert_true(s->n_peers < 20000);
			s->peers[s->n_peers++] = e.addr;
			break;
		case ANNOUNCE_NOBODY:
			s->nobody++;
			s->nobody_refused = e.refused;
			break;
		case ANNOUNCE_STOPPED: s->stopped++; break;
		default: on_word(s, &e); break;
		}
	}
}

/* Let time pass until ms after the start. */
static inline void
run(struct sim *s, int64_t ms)
{
	pull(s);
	for (int i = 0; i < 10000 && announce_deadline(s->a) <= s->start + ms &&
	     !announce_is_over(s->a, s->now);
	     i++) {
		int64_t next = announce_deadline(s->a);

		s->now = next > s->now ? next : s->now;
		announce_tick(s->a, s->now);
		pull(s);
		assert_true(i < 9999);
	}
	s->now = s->start + ms;
	announce_tick(s->a, s->now);
	pull(s);
}

static inline struct sim *
prepare(int as, const char *first, va_list ap)
{
	static const struct addr own[2] = {
		{ .ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } },
		{ .ip = { 0x20, 1, [15] = 9 } }
	};
	struct announce_self self = { .port = 6881, .left = 1000 };
	struct announce_config config = { .random = dice,
		.own = own,
		.n_own = 2,
		.once = (as & ONCE) != 0,
		.scrape = (as & COUNTS) != 0 };
	struct torrent_tracker t[128];
	struct sim *s = calloc(1, sizeof(*s));
	size_t n = 0;

	assert_non_null(s);
	s->sent = calloc(SENT_MAX, sizeof(*s->sent));
	s->peers = calloc(20000, sizeof(*s->peers));
	assert_non_null(s->sent);
	assert_non_null(s->peers);
	s->seed = 42;
	s->now = s->start = 1000000;
	config.ctx = s;
	memset(config.btih, 'h', 20);
	memcpy(config.id, "-UG0100-abcdefghijkl", 20);
	for (const char *text = first; text != NULL; text = va_arg(ap, const char *)) {
		t[n].tier = (uint32_t)strtoul(text, NULL, 10);
		t[n++].url = bytes_str(strchr(text, ' ') + 1);
	}
	s->a = announce_new(&config, t, n);
	assert_non_null(s->a);
	announce_set_self(s->a, &self);
	return s;
}

static inline void
go(struct sim *s)
{
	announce_start(s->a, s->now);
	pull(s);
}

/* Not started yet. */
static inline struct sim *
begin_as(int as, const char *first, ...)
{
	struct sim *s;
	va_list ap;

	va_start(ap, first);
	s = prepare(as, first, ap);
	va_end(ap);
	return s;
}

/* Trackers as "0 udp://a:1", one an argument, then NULL. */
static inline struct sim *
begin(const char *first, ...)
{
	struct sim *s;
	va_list ap;

	va_start(ap, first);
	s = prepare(0, first, ap);
	va_end(ap);
	go(s);
	return s;
}

static inline void
finish(struct sim *s)
{
	announce_free(s->a);
	free(s->sent);
	free(s->peers);
	free(s);
}

static inline const struct sent *
last(const struct sim *s)
{
	assert_true(s->n > 0);
	return &s->sent[s->n - 1];
}

static inline void
give(struct sim *s, unsigned socket, const uint8_t *p, size_t n)
{
	assert_true(s->open[socket]);
	announce_take(s->a, socket, s->now, bytes_of(p, n));
	pull(s);
}

static inline void
accept_connect(struct sim *s, const struct sent *to, uint64_t id)
{
	uint8_t in[16];

	assert_int_equal(to->action, CONNECT);
	put_be(put_be(put_be(in, 4, 0), 4, to->txn), 8, id);
	give(s, to->socket, in, sizeof(in));
}

static inline void
accept_announce(
    struct sim *s, const struct sent *to, uint32_t interval, struct bytes peers)
{
	static uint8_t in[65536];
	uint8_t *end = put_be(put_be(in, 4, 1), 4, to->txn);

	assert_int_equal(to->action, ANNOUNCE);
	end = put_be(put_be(put_be(end, 4, interval), 4, 3), 4, 2);
	if (peers.n > 0)
		memcpy(end, peers.p, peers.n);
	give(s, to->socket, in, 20 + peers.n);
}

/* Answer the connect that was sent last and then its announce. */
static inline void
accept_both(struct sim *s, uint32_t interval)
{
	accept_connect(s, last(s), 7);
	accept_announce(s, last(s), interval, bytes_of(NULL, 0));
}

static inline void
refuse(struct sim *s, const struct sent *to, const char *words)
{
	uint8_t in[128];
	size_t n = strlen(words);

	put_be(put_be(in, 4, 3), 4, to->txn);
	memcpy(in + 8, words, n);
	give(s, to->socket, in, 8 + n);
}

/* The request that began last. */
static inline struct got *
last_got(struct sim *s)
{
	assert_true(s->n_got > 0);
	return &s->got[s->n_got - 1];
}

static inline void
reply_as(struct sim *s, struct got *g, const struct announce_http *r)
{
	assert_true(s->open[g->socket] && !g->over);
	s->open[g->socket] = false;
	g->over = true;
	announce_http(s->a, g->socket, s->now, r);
	pull(s);
}

static inline void
reply(struct sim *s, struct got *g, unsigned status, const char *body)
{
	const struct announce_http r = {
		.rc = RC_OK, .status = status, .body = bytes_str(body)
	};

	reply_as(s, g, &r);
}

static inline void
break_get(struct sim *s, struct got *g, enum rc rc, const char *why)
{
	const struct announce_http r = { .rc = rc, .why = why };

	reply_as(s, g, &r);
}

#endif
