/* SPDX-License-Identifier: ISC */
/* Simulated time and a simulated network: what is sent is read here with the offsets of
 * BEP 15, and answers are put together by hand. */
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
enum { CONNECT, ANNOUNCE };
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

struct sim {
	struct announce *a;
	int64_t now, start;
	uint64_t seed;
	bool open[SOCKETS];
	struct addr to[SOCKETS];
	bool refuse_open;
	struct sent *sent;
	size_t n;
	/* What was told. */
	unsigned answered, unanswered, nobody, resolves;
	char reason[256], url[128];
	uint32_t interval_s, seeders, leechers;
	struct addr *peers;
	size_t n_peers;
	unsigned order[ANNOUNCE_TRACKERS * 8],
	    n_order; /* trackers in the order of RESOLVE */
};

static void
dice(void *ctx, uint8_t *p, size_t n)
{
	struct sim *s = ctx;

	while (n-- > 0) {
		s->seed = s->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		*p++ = (uint8_t)(s->seed >> 56);
	}
}

static struct addr
at(const char *ip, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(bytes_str(ip), &a), RC_OK);
	a.port = port;
	return a;
}

static uint64_t
be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static void
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
static void
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

static void
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
		case ANNOUNCE_CLOSE:
			assert_true(s->open[e.socket]);
			s->open[e.socket] = false;
			break;
		case ANNOUNCE_ANSWERED:
			s->answered++;
			s->interval_s = e.interval_s;
			s->seeders = e.seeders;
			s->leechers = e.leechers;
			break;
		case ANNOUNCE_UNANSWERED:
			s->unanswered++;
			(void)snprintf(s->reason, sizeof(s->reason), "%s", e.reason);
			(void)snprintf(s->url, sizeof(s->url), "%.*s", (int)e.url.n,
			    (const char *)e.url.p);
			break;
		case ANNOUNCE_PEER:
			assert_true(s->n_peers < 20000);
			s->peers[s->n_peers++] = e.addr;
			break;
		case ANNOUNCE_NOBODY: s->nobody++; break;
		}
	}
}

/* Let time pass until ms after the start. */
static void
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

/* Trackers as "0 udp://a:1", one an argument, then NULL. */
static struct sim *
begin(const char *first, ...)
{
	static const struct addr own[2] = {
		{ .ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } },
		{ .ip = { 0x20, 1, [15] = 9 } }
	};
	struct announce_self self = { .port = 6881, .left = 1000 };
	struct announce_config config = { .random = dice, .own = own, .n_own = 2 };
	struct torrent_tracker t[128];
	struct sim *s = calloc(1, sizeof(*s));
	size_t n = 0;
	va_list ap;

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
	va_start(ap, first);
	for (const char *text = first; text != NULL; text = va_arg(ap, const char *)) {
		t[n].tier = (uint32_t)strtoul(text, NULL, 10);
		t[n++].url = bytes_str(strchr(text, ' ') + 1);
	}
	va_end(ap);
	s->a = announce_new(&config, t, n);
	assert_non_null(s->a);
	announce_set_self(s->a, &self);
	announce_start(s->a, s->now);
	pull(s);
	return s;
}

static void
finish(struct sim *s)
{
	announce_free(s->a);
	free(s->sent);
	free(s->peers);
	free(s);
}

static const struct sent *
last(const struct sim *s)
{
	assert_true(s->n > 0);
	return &s->sent[s->n - 1];
}

static void
give(struct sim *s, unsigned socket, const uint8_t *p, size_t n)
{
	assert_true(s->open[socket]);
	announce_take(s->a, socket, s->now, bytes_of(p, n));
	pull(s);
}

static void
accept_connect(struct sim *s, const struct sent *to, uint64_t id)
{
	uint8_t in[16];

	assert_int_equal(to->action, CONNECT);
	put_be(put_be(put_be(in, 4, 0), 4, to->txn), 8, id);
	give(s, to->socket, in, sizeof(in));
}

static void
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
static void
accept_both(struct sim *s, uint32_t interval)
{
	accept_connect(s, last(s), 7);
	accept_announce(s, last(s), interval, bytes_of(NULL, 0));
}

static void
refuse(struct sim *s, const struct sent *to, const char *words)
{
	uint8_t in[128];
	size_t n = strlen(words);

	put_be(put_be(in, 4, 3), 4, to->txn);
	memcpy(in + 8, words, n);
	give(s, to->socket, in, 8 + n);
}

static void
unanswered_connects_are_repeated_on_schedule(void **state)
{
	static const int64_t when[] = { 0, 3000, 15000, 45000, 105000, 225000, 465000,
		945000, 1905000, 3825000, 7665000, 11505000 };
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	run(s, 11505000);
	assert_int_equal(s->n, sizeof(when) / sizeof(when[0]));
	for (size_t i = 0; i < s->n; i++) {
		assert_int_equal(s->sent[i].at, when[i]);
		assert_int_equal(s->sent[i].action, CONNECT);
	}
	assert_int_equal(s->sent[1].txn, s->sent[0].txn);
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "no answer");
	assert_int_equal(s->nobody, 1);
	finish(s);
}

static void
unanswered_announces_are_repeated_until_the_id_is_too_old(void **state)
{
	/* BEP 15's example, its connect answered after a second and no time lost then;
	 * and our early second copies. */
	static const struct {
		int64_t at;
		int action;
	} want[] = { { 0, CONNECT }, { 1000, ANNOUNCE }, { 4000, ANNOUNCE },
		{ 16000, ANNOUNCE }, { 46000, ANNOUNCE }, { 106000, CONNECT },
		{ 226000, CONNECT } };
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	run(s, 1000);
	accept_connect(s, last(s), 99);
	run(s, 226000);
	assert_int_equal(s->n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < s->n; i++) {
		assert_int_equal(s->sent[i].at, want[i].at);
		assert_int_equal(s->sent[i].action, want[i].action);
		if (s->sent[i].action == ANNOUNCE) {
			assert_int_equal(s->sent[i].conn_id, 99);
			assert_int_equal(s->sent[i].event, STARTED);
		}
	}
	finish(s);
}

static void
an_announce_says_who_we_are(void **state)
{
	struct announce_self self = {
		.port = 7000, .downloaded = 1, .uploaded = 2, .left = 3
	};
	struct sim *s = begin("0 udp://a:1/x?passkey=1", NULL);
	const struct sent *first, *second;

	(void)state;
	announce_set_self(s->a, &self);
	accept_connect(s, last(s), 5);
	first = last(s);
	assert_true(first->downloaded == 1 && first->uploaded == 2 && first->left == 3);
	assert_int_equal(first->port, 7000);
	assert_int_equal(first->event, STARTED);
	assert_int_equal(first->want, ANNOUNCE_WANT);
	assert_memory_equal(first->id, "-UG0100-abcdefghijkl", 20);
	assert_true(bytes_is(first->options, "\x02\x0c/x?passkey=1"));
	accept_announce(s, first, 1800, bytes_of(NULL, 0));
	assert_true(s->answered == 1 && s->interval_s == 1800 && s->seeders == 2 &&
	    s->leechers == 3);
	run(s, 1800000);
	accept_connect(s, last(s), 6);
	second = last(s);
	assert_int_equal(second->event, NONE);
	assert_int_equal(second->key, first->key);
	assert_memory_equal(second->id, first->id, 20);
	assert_int_not_equal(second->txn, first->txn);
	finish(s);
}

static void
intervals_are_held_between_30_s_and_a_day(void **state)
{
	static const struct {
		uint32_t told;
		int64_t again_s;
	} want[] = { { 0, 30 }, { 29, 30 }, { 31, 31 }, { 86401, 86400 },
		{ UINT32_MAX, 86400 } };

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct sim *s = begin("0 udp://a:1", NULL);
		size_t before;

		accept_both(s, want[i].told);
		before = s->n;
		run(s, want[i].again_s * 1000 - 1);
		assert_int_equal(s->n, before);
		run(s, want[i].again_s * 1000);
		assert_int_equal(s->n, before + 1);
		finish(s);
	}
}

static void
a_connection_id_is_used_for_60_s(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 30);
	run(s, 30000);
	assert_int_equal(last(s)->action, ANNOUNCE);
	assert_int_equal(last(s)->conn_id, 7);
	accept_announce(s, last(s), 30, bytes_of(NULL, 0));
	run(s, 60000);
	assert_int_equal(last(s)->action, CONNECT);
	finish(s);
}

static void
the_socket_is_closed_when_the_id_is_too_old(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 1800);
	run(s, 59999);
	assert_true(s->open[0]);
	run(s, 60000);
	assert_false(s->open[0]);
	run(s, 1800000);
	assert_true(s->open[0]);
	assert_int_equal(last(s)->action, CONNECT);
	finish(s);
}

static void
a_silent_tracker_with_an_old_id_gets_a_connect_first(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 30);
	run(s, 30000);
	assert_int_equal(last(s)->action, ANNOUNCE);
	run(s, 45000);
	assert_int_equal(last(s)->at, 45000);
	assert_int_equal(last(s)->action, CONNECT);
	finish(s);
}

static void
the_magic_and_zero_are_connection_ids_like_any_other(void **state)
{
	static const uint64_t id[] = { UINT64_C(0x41727101980), 0, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sim *s = begin("0 udp://a:1", NULL);

		accept_connect(s, last(s), id[i]);
		assert_int_equal(last(s)->action, ANNOUNCE);
		assert_true(last(s)->conn_id == id[i]);
		accept_announce(s, last(s), 100, bytes_of(NULL, 0));
		assert_int_equal(s->answered, 1);
		finish(s);
	}
}

static void
a_reply_with_a_foreign_transaction_is_ignored(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);
	struct sent forged = *last(s);
	uint8_t junk[65536] = { 0 };

	(void)state;
	for (uint32_t i = 1; i <= 100; i++) {
		forged.txn = last(s)->txn + i;
		accept_connect(s, &forged, 1);
	}
	give(s, 0, junk, 0);
	give(s, 0, junk, 7);
	give(s, 0, junk, sizeof(junk));
	assert_int_equal(s->n, 1);
	accept_connect(s, last(s), 1);
	forged = *last(s);
	forged.txn++;
	accept_announce(s, &forged, 60, bytes_of("\x0a\0\0\1\x1a\xe1", 6));
	assert_int_equal(s->answered, 0);
	accept_announce(s, last(s), 60, bytes_of(NULL, 0));
	assert_int_equal(s->answered, 1);
	assert_int_equal(s->n_peers, 0);
	/* The answer a second time, and late ones after it. */
	accept_announce(s, last(s), 60, bytes_of("\x0a\0\0\1\x1a\xe1", 6));
	assert_int_equal(s->answered, 1);
	finish(s);
}

static void
a_thousand_peers_in_one_datagram_are_all_given_out_once(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);
	uint8_t peers[1000 * 6 + 5];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		put_be(peers + i * 6, 4, 0x0b000000 + i);
		put_be(peers + i * 6 + 4, 2, 1 + i);
	}
	memset(peers + 6000, 0xff, 5);
	accept_connect(s, last(s), 1);
	accept_announce(s, last(s), 60, bytes_of(peers, sizeof(peers)));
	assert_int_equal(s->n_peers, 1000);
	assert_int_equal(s->peers[999].port, 1000);
	run(s, 60000);
	accept_connect(s, last(s), 1);
	accept_announce(s, last(s), 60, bytes_of(peers, 6000));
	assert_int_equal(s->n_peers, 1000);
	finish(s);
}

static void
peers_that_cannot_be_are_dropped(void **state)
{
	static const struct {
		uint8_t ip[4];
		uint16_t port;
		bool good;
	} peer[] = {
		{ { 10, 0, 0, 1 }, 6881, true },
		{ { 10, 0, 0, 1 }, 6881, false },     /* again */
		{ { 10, 0, 0, 1 }, 6882, true },      /* another port is another peer */
		{ { 10, 0, 0, 2 }, 0, false },        /* port 0 */
		{ { 0, 1, 2, 3 }, 6881, false },      /* 0/8 */
		{ { 224, 0, 0, 1 }, 6881, false },    /* multicast */
		{ { 255, 255, 255, 255 }, 1, false }, /* broadcast */
		{ { 192, 0, 2, 1 }, 6881, false },    /* ourselves */
		{ { 192, 0, 2, 1 }, 6882, true }, /* somebody else behind our address */
		{ { 127, 0, 0, 1 }, 6883,
		    false }, /* loopback, from a tracker that is not */
	};
	struct sim *s = begin("0 udp://a:1", NULL),
	           *lo = begin("0 udp://127.0.0.1:1", NULL);
	uint8_t in[sizeof(peer) / sizeof(peer[0]) * 6];
	size_t good = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(peer) / sizeof(peer[0]); i++) {
		memcpy(in + i * 6, peer[i].ip, 4);
		put_be(in + i * 6 + 4, 2, peer[i].port);
		good += peer[i].good;
	}
	accept_connect(s, last(s), 1);
	accept_announce(s, last(s), 60, bytes_of(in, sizeof(in)));
	assert_int_equal(s->n_peers, good);
	accept_connect(lo, last(lo), 1);
	accept_announce(lo, last(lo), 60, bytes_of(in, sizeof(in)));
	assert_int_equal(lo->n_peers, good + 1);
	finish(s);
	finish(lo);
}

static void
started_completed_and_stopped_are_each_said_once(void **state)
{
	struct announce_self self = {
		.port = 6881, .downloaded = 1000, .completed = true
	};
	struct sim *s = begin("0 udp://a:1", NULL);
	unsigned said[4] = { 0 };

	(void)state;
	accept_both(s, 100);
	run(s, 20000);
	announce_set_self(s->a, &self);
	run(s, 20000);
	assert_int_equal(last(s)->event, COMPLETED);
	assert_int_equal(last(s)->at, 20000);
	assert_int_equal(last(s)->left, 0);
	accept_announce(s, last(s), 100, bytes_of(NULL, 0));
	run(s, 120000);
	accept_both(s, 100);
	run(s, 130000);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(last(s)->event, STOPPED);
	assert_int_equal(last(s)->want, 0);
	assert_false(announce_is_over(s->a, s->now));
	accept_announce(s, last(s), 100, bytes_of("\x0a\0\0\1\x1a\xe1", 6));
	assert_true(announce_is_over(s->a, s->now));
	assert_int_equal(s->n_peers, 0);
	assert_false(s->open[0]);
	for (size_t i = 0; i < s->n; i++)
		said[s->sent[i].action == ANNOUNCE ? s->sent[i].event : NONE]++;
	assert_int_equal(said[STARTED], 1);
	assert_int_equal(said[COMPLETED], 1);
	assert_int_equal(said[STOPPED], 1);
	finish(s);
}

static void
completed_is_not_said_to_who_never_heard_that_something_was_left(void **state)
{
	struct announce_self self = { .port = 6881, .completed = true };
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	announce_set_self(s->a, &self);
	accept_both(s, 100);
	run(s, 100000);
	accept_both(s, 100);
	announce_stop(s->a, s->now);
	pull(s);
	for (size_t i = 0; i < s->n; i++)
		assert_true(
		    s->sent[i].action == CONNECT || s->sent[i].event != COMPLETED);
	finish(s);
}

static void
a_farewell_that_owes_completed_says_both(void **state)
{
	struct announce_self self = {
		.port = 6881, .downloaded = 1000, .completed = true
	};
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 100);
	run(s, 10000);
	announce_set_self(s->a, &self);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, 4);
	assert_int_equal(s->sent[2].event, COMPLETED);
	assert_int_equal(s->sent[3].event, STOPPED);
	assert_int_not_equal(s->sent[2].txn, s->sent[3].txn);
	finish(s);
}

static void
a_farewell_nobody_answers_is_over_after_2_s(void **state)
{
	struct sim *s = begin("0 udp://a:1", "0 udp://b:1", "0 udp://c:1", NULL);
	size_t before;

	(void)state;
	/* The first one that was asked answers; one has connected only; one is silent. */
	accept_connect(s, &s->sent[0], 1);
	accept_announce(s, last(s), 1800, bytes_of(NULL, 0));
	accept_connect(s, &s->sent[1], 1);
	run(s, 600000);
	before = s->n;
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, before + 1);
	assert_int_equal(last(s)->action, CONNECT);
	assert_int_equal(last(s)->socket, s->sent[0].socket);
	run(s, 601999);
	assert_int_equal(s->n, before + 2); /* the second copy */
	assert_false(announce_is_over(s->a, s->now));
	run(s, 602000);
	assert_true(announce_is_over(s->a, s->now));
	finish(s);
}

static void
who_did_not_answer_started_hears_no_stopped(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_connect(s, last(s), 1);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, 2);
	assert_true(announce_is_over(s->a, s->now));
	assert_false(s->open[0]);
	finish(s);
}

static void
a_refused_port_is_told_once_and_asked_again_on_schedule(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	announce_failed(s->a, 0, s->now, true, "connection refused");
	pull(s);
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "connection refused");
	assert_string_equal(s->url, "udp://a:1");
	assert_int_equal(s->nobody, 1);
	run(s, 3000);
	announce_failed(s->a, 0, s->now, true, "connection refused");
	run(s, 15000);
	assert_int_equal(s->n, 3);
	assert_int_equal(s->unanswered, 1);
	accept_both(s, 60);
	assert_int_equal(s->answered, 1);
	run(s, 75000);
	announce_failed(s->a, 0, s->now, true, "connection refused");
	pull(s);
	assert_int_equal(s->unanswered, 2);
	finish(s);
}

static void
a_tracker_that_answers_error_is_told_with_its_words_made_printable(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_connect(s, last(s), 1);
	refuse(s, last(s), "go \x1b[31maway");
	assert_string_equal(s->reason, "the tracker says: go ?[31maway");
	assert_int_equal(s->unanswered, 1);
	run(s, 14999);
	assert_int_equal(s->n, 2);
	run(s, 15000);
	assert_int_equal(s->n, 3);
	assert_int_equal(last(s)->action, CONNECT);
	finish(s);
}

static void
an_error_to_an_old_id_is_tried_again_at_once_with_a_new_one(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	accept_both(s, 30);
	run(s, 30000);
	refuse(s, last(s), "Connection ID missmatch");
	assert_int_equal(last(s)->action, CONNECT);
	assert_int_equal(last(s)->at, 30000);
	assert_int_equal(s->unanswered, 0);
	accept_both(s, 30);
	assert_int_equal(s->answered, 2);
	finish(s);
}

static void
an_unregistered_torrent_is_told(void **state)
{
	struct sim *s = begin("0 udp://a:1", NULL);
	uint8_t in[8];

	(void)state;
	accept_connect(s, last(s), 1);
	put_be(put_be(in, 4, 1), 4, last(s)->txn);
	give(s, 0, in, sizeof(in));
	assert_int_equal(s->unanswered, 1);
	assert_string_equal(s->reason, "the torrent is not registered at this tracker");
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_REFUSED);
	finish(s);
}

static void
all_trackers_of_a_tier_are_asked_at_once_and_the_next_tier_waits(void **state)
{
	struct sim *s = begin("5 udp://c:1", "0 udp://a:1", "0 udp://b:1", NULL);

	(void)state;
	assert_int_equal(s->n, 2);
	accept_both(s, 1800);
	run(s, 1799999);
	for (size_t i = 0; i < s->n; i++)
		assert_true(s->sent[i].socket / ANNOUNCE_LINKS < 2);
	finish(s);
}

static void
the_next_tier_joins_when_the_first_has_failed(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", "1 udp://c:1", NULL);

	(void)state;
	run(s, 100);
	assert_int_equal(s->n, 1);
	announce_failed(s->a, s->sent[0].socket, s->now, true, "connection refused");
	pull(s);
	assert_int_equal(s->n, 3);
	assert_int_equal(last(s)->at, 100);
	assert_int_equal(s->nobody, 0);
	finish(s);
}

static void
the_next_tier_joins_when_the_first_is_silent(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", "2 udp://c:1", NULL);

	(void)state;
	run(s, 4999);
	assert_int_equal(s->n, 2);
	run(s, 5000);
	assert_int_equal(s->n, 3);
	assert_int_equal(last(s)->socket / ANNOUNCE_LINKS, 1);
	accept_both(s, 1800);
	run(s, 30000);
	for (size_t i = 0; i < s->n; i++)
		assert_true(s->sent[i].socket / ANNOUNCE_LINKS < 2);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_HEARD);
	finish(s);
}

static void
a_first_tier_that_comes_back_lets_the_second_rest(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", NULL);
	const struct sent *late;
	size_t before;

	(void)state;
	run(s, 5000);
	accept_both(s, 1800);
	run(s, 15000);
	late = last(s);
	assert_int_equal(late->socket / ANNOUNCE_LINKS, 0);
	accept_connect(s, late, 1);
	accept_announce(s, last(s), 3600, bytes_of(NULL, 0));
	before = s->n;
	run(s, 3600000);
	assert_int_equal(s->n, before);
	/* But the second one, who knows us, hears stopped as well. */
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, before + 2);
	finish(s);
}

static void
the_second_tier_is_woken_when_the_first_fails_later(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", NULL);

	(void)state;
	accept_both(s, 1800);
	run(s, 1800000);
	assert_int_equal(last(s)->socket, 0);
	run(s, 1800000 + 14999);
	assert_int_equal(last(s)->socket, 0);
	run(s, 1800000 + 15000);
	assert_int_equal(last(s)->socket / ANNOUNCE_LINKS, 1);
	assert_int_equal(s->unanswered, 1);
	finish(s);
}

static void
who_answers_is_moved_to_the_front_of_its_tier(void **state)
{
	struct sim *s =
	    begin("0 udp://a:1", "0 udp://b:1", "0 udp://c:1", "0 udp://d:1", NULL);
	unsigned third = s->sent[2].socket, fourth = s->sent[3].socket;

	(void)state;
	assert_int_equal(s->n, 4);
	accept_connect(s, &s->sent[2], 1);
	accept_announce(s, last(s), 100, bytes_of(NULL, 0));
	accept_connect(s, &s->sent[3], 1);
	accept_announce(s, last(s), 100, bytes_of(NULL, 0));
	run(s, 99999);
	s->n = 0;
	run(s, 100000);
	assert_int_equal(s->n, 2);
	assert_int_equal(s->sent[0].socket, fourth);
	assert_int_equal(s->sent[1].socket, third);
	finish(s);
}

static void
a_tier_is_shuffled_and_tiers_are_not_mixed(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (uint64_t seed = 1; seed < 64; seed++) {
		const struct torrent_tracker t[3] = { { .tier = 0,
			                                  .url = bytes_str("udp://a:1") },
			{ .tier = 0, .url = bytes_str("udp://b:1") },
			{ .tier = 1, .url = bytes_str("udp://c:1") } };
		struct sim s = { .seed = seed * 77 };
		struct announce_config config = { .random = dice, .ctx = &s };
		struct announce_event e;

		s.a = announce_new(&config, t, 3);
		announce_start(s.a, 0);
		assert_true(announce_next(s.a, &e) && e.what == ANNOUNCE_RESOLVE &&
		    e.tracker < 2);
		seen |= 1u << e.tracker;
		assert_true(announce_next(s.a, &e) && e.what == ANNOUNCE_RESOLVE &&
		    e.tracker < 2);
		assert_false(announce_next(s.a, &e));
		announce_free(s.a);
	}
	assert_int_equal(seen, 3);
}

static void
both_families_of_a_host_are_asked_with_one_key(void **state)
{
	/* [2001:db8::2]:6881 */
	static const uint8_t six[18] = { 0x20, 1, 0x0d, 0xb8, [15] = 2, 0x1a, 0xe1 };
	struct sim *s = begin("0 udp://both:1", NULL);
	const struct sent *v4, *v6;

	(void)state;
	assert_int_equal(s->n, 2);
	accept_connect(s, &s->sent[0], 4);
	v4 = last(s);
	accept_announce(s, v4, 60, bytes_of("\x0a\0\0\x09\x1a\xe1", 6));
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_ASKING);
	accept_connect(s, &s->sent[1], 6);
	v6 = last(s);
	accept_announce(s, v6, 60, bytes_of(six, 18));
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_HEARD);
	assert_int_equal(v4->key, v6->key);
	assert_int_equal(s->n_peers, 2);
	assert_true(s->peers[1].ip[15] == 2 && s->peers[1].port == 6881);
	announce_stop(s->a, s->now);
	pull(s);
	assert_int_equal(s->n, 6);
	finish(s);
}

static void
of_many_addresses_the_first_that_answers_stays(void **state)
{
	struct sim *s = begin("0 udp://many:1", NULL);
	unsigned open = 0;

	(void)state;
	assert_int_equal(s->n, ANNOUNCE_LINKS / 2);
	accept_connect(s, &s->sent[2], 1);
	accept_announce(s, last(s), 60, bytes_of(NULL, 0));
	for (unsigned i = 0; i < ANNOUNCE_LINKS; i++)
		open += s->open[i];
	assert_int_equal(open, 1);
	assert_true(s->open[s->sent[2].socket]);
	finish(s);
}

static void
one_failed_family_does_not_make_the_tracker_fail(void **state)
{
	struct sim *s = begin("0 udp://both:1", NULL);

	(void)state;
	announce_failed(s->a, s->sent[1].socket, s->now, true, "network unreachable");
	pull(s);
	assert_int_equal(s->unanswered, 0);
	accept_connect(s, &s->sent[0], 1);
	accept_announce(s, last(s), 60, bytes_of(NULL, 0));
	run(s, 59000);
	assert_int_equal(s->unanswered, 0);
	assert_int_equal(s->answered, 1);
	finish(s);
}

static void
a_name_that_is_not_found_is_told_and_looked_up_again(void **state)
{
	struct sim *s = begin("0 udp://gone:1", NULL);

	(void)state;
	assert_int_equal(s->resolves, 1);
	assert_string_equal(s->reason, "no such host");
	run(s, 14999);
	assert_int_equal(s->resolves, 1);
	run(s, 15000);
	assert_int_equal(s->resolves, 2);
	run(s, 45000);
	assert_int_equal(s->resolves, 3);
	assert_int_equal(s->unanswered, 1);
	finish(s);
}

static void
a_name_whose_address_stays_silent_is_looked_up_again(void **state)
{
	struct addr moved = at("10.9.9.9", 1);
	struct sim *s = begin("0 udp://a:1", NULL);

	(void)state;
	run(s, 104999);
	assert_int_equal(s->resolves, 1);
	run(s, 105000);
	assert_int_equal(s->resolves, 2);
	announce_resolved(s->a, 0, s->now, RC_OK, &moved, 1);
	pull(s);
	assert_true(addr_eq(&s->to[last(s)->socket], &moved));
	accept_both(s, 60);
	assert_int_equal(s->answered, 1);
	finish(s);
}

static void
a_socket_that_cannot_be_made_is_told_and_tried_again(void **state)
{
	struct sim *s = begin("0 udp://wait:1", NULL);
	struct addr to = at("2001:db8::1", 1);

	(void)state;
	s->refuse_open = true;
	announce_resolved(s->a, 0, s->now, RC_OK, &to, 1);
	pull(s);
	assert_string_equal(s->reason, "network unreachable");
	s->refuse_open = false;
	run(s, 15000);
	assert_true(s->n >= 1);
	accept_both(s, 60);
	assert_int_equal(s->answered, 1);
	finish(s);
}

static void
http_and_unusable_trackers_are_told_once_and_the_next_tier_goes_on(void **state)
{
	struct sim *s = begin("0 http://a/announce", "1 https://b/announce", "2 wss://c",
	    "3 nonsense", "4 udp://noport", "5 udp://e:1", NULL);

	(void)state;
	assert_int_equal(s->unanswered, 5);
	assert_int_equal(s->n, 1);
	assert_int_equal(s->nobody, 0);
	accept_both(s, 60);
	run(s, 100000);
	assert_int_equal(s->unanswered, 5 + 1); /* the UDP one went silent at 60 s */
	finish(s);
	s = begin("0 http://a/announce", NULL);
	assert_string_equal(s->reason, "HTTP trackers are not supported yet");
	assert_int_equal(s->nobody, 1);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_REFUSED);
	run(s, 100000);
	assert_int_equal(s->unanswered, 1);
	finish(s);
}

static void
a_round_that_nobody_answers_stays_open_until_it_is_given_up(void **state)
{
	struct sim *s = begin("0 udp://a:1", "1 udp://b:1", NULL);

	(void)state;
	run(s, 14999);
	assert_int_equal(announce_round(s->a, s->now), ANNOUNCE_ASKING);
	assert_int_equal(s->unanswered, 0);
	announce_give_up(s->a, "no answer in 15 s");
	pull(s);
	assert_int_equal(s->unanswered, 2);
	assert_string_equal(s->reason, "no answer in 15 s");
	finish(s);
}

static void
equal_urls_count_once_and_too_many_are_left_out(void **state)
{
	struct sim *s =
	    begin("0 udp://a:1", "0 udp://a:1", "3 udp://a:1", "3 udp://b:1", NULL);
	struct torrent_tracker many[300];
	char url[300][32];
	struct announce_config config = { .random = dice, .ctx = s };
	struct announce *a;

	(void)state;
	assert_int_equal(announce_trackers(s->a), 2);
	assert_int_equal(s->n, 1);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(url[i], sizeof(url[i]), "udp://h%d:1", i);
		many[i] = (struct torrent_tracker){ .tier = (uint32_t)(300 - i),
			.url = bytes_str(url[i]) };
	}
	a = announce_new(&config, many, 300);
	assert_int_equal(announce_trackers(a), ANNOUNCE_TRACKERS);
	announce_free(a);
	finish(s);
}

static void
no_trackers_means_nothing_to_do(void **state)
{
	struct sim *s = begin(NULL);

	(void)state;
	assert_int_equal(announce_trackers(s->a), 0);
	assert_true(announce_deadline(s->a) == INT64_MAX);
	announce_stop(s->a, s->now);
	assert_true(announce_is_over(s->a, s->now));
	finish(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unanswered_connects_are_repeated_on_schedule),
		cmocka_unit_test(
		    unanswered_announces_are_repeated_until_the_id_is_too_old),
		cmocka_unit_test(an_announce_says_who_we_are),
		cmocka_unit_test(intervals_are_held_between_30_s_and_a_day),
		cmocka_unit_test(a_connection_id_is_used_for_60_s),
		cmocka_unit_test(the_socket_is_closed_when_the_id_is_too_old),
		cmocka_unit_test(a_silent_tracker_with_an_old_id_gets_a_connect_first),
		cmocka_unit_test(the_magic_and_zero_are_connection_ids_like_any_other),
		cmocka_unit_test(a_reply_with_a_foreign_transaction_is_ignored),
		cmocka_unit_test(a_thousand_peers_in_one_datagram_are_all_given_out_once),
		cmocka_unit_test(peers_that_cannot_be_are_dropped),
		cmocka_unit_test(started_completed_and_stopped_are_each_said_once),
		cmocka_unit_test(
		    completed_is_not_said_to_who_never_heard_that_something_was_left),
		cmocka_unit_test(a_farewell_that_owes_completed_says_both),
		cmocka_unit_test(a_farewell_nobody_answers_is_over_after_2_s),
		cmocka_unit_test(who_did_not_answer_started_hears_no_stopped),
		cmocka_unit_test(a_refused_port_is_told_once_and_asked_again_on_schedule),
		cmocka_unit_test(
		    a_tracker_that_answers_error_is_told_with_its_words_made_printable),
		cmocka_unit_test(
		    an_error_to_an_old_id_is_tried_again_at_once_with_a_new_one),
		cmocka_unit_test(an_unregistered_torrent_is_told),
		cmocka_unit_test(
		    all_trackers_of_a_tier_are_asked_at_once_and_the_next_tier_waits),
		cmocka_unit_test(the_next_tier_joins_when_the_first_has_failed),
		cmocka_unit_test(the_next_tier_joins_when_the_first_is_silent),
		cmocka_unit_test(a_first_tier_that_comes_back_lets_the_second_rest),
		cmocka_unit_test(the_second_tier_is_woken_when_the_first_fails_later),
		cmocka_unit_test(who_answers_is_moved_to_the_front_of_its_tier),
		cmocka_unit_test(a_tier_is_shuffled_and_tiers_are_not_mixed),
		cmocka_unit_test(both_families_of_a_host_are_asked_with_one_key),
		cmocka_unit_test(of_many_addresses_the_first_that_answers_stays),
		cmocka_unit_test(one_failed_family_does_not_make_the_tracker_fail),
		cmocka_unit_test(a_name_that_is_not_found_is_told_and_looked_up_again),
		cmocka_unit_test(a_name_whose_address_stays_silent_is_looked_up_again),
		cmocka_unit_test(a_socket_that_cannot_be_made_is_told_and_tried_again),
		cmocka_unit_test(
		    http_and_unusable_trackers_are_told_once_and_the_next_tier_goes_on),
		cmocka_unit_test(
		    a_round_that_nobody_answers_stays_open_until_it_is_given_up),
		cmocka_unit_test(equal_urls_count_once_and_too_many_are_left_out),
		cmocka_unit_test(no_trackers_means_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
