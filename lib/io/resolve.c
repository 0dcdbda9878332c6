/* SPDX-License-Identifier: ISC */
/*
 * libevent may answer from inside its call (a name in /etc/hosts), later, or, after a
 * cancel, later still. A query therefore lives until libevent has let go of it, and its
 * own answer goes through a timer.
 */
#include "io/resolve.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

enum { LAST_TURNS = 8 };

struct resolve_query {
	LIST_ENTRY(resolve_query) link;
	struct loop_timer *timer;
	struct evdns_getaddrinfo_request *asked; /* NULL: nothing to cancel */
	bool out;                                /* libevent still knows this query */
	bool silent;                             /* cancelled */
	resolve_fn *done;
	void *ctx;
	uint16_t port;
	enum rc rc;
	size_t n;
	struct addr addrs[RESOLVE_ADDRS];
};

struct resolve {
	struct loop *loop;
	struct evdns_base *dns;
	LIST_HEAD(, resolve_query) queries;
};

/* What goes wrong is in the answers; libevent would write it on stderr, too. */
static void
say_nothing(int is_warning, const char *words)
{
	(void)is_warning;
	(void)words;
}

/*
 * libevent binds what it opens later, so this comes before the name servers. Returns
 * whether they may be asked.
 */
static bool
bind_questions(struct resolve *r, const struct net_local *from)
{
	char ip[ADDR_TEXT];
	struct addr a;

	if (from == NULL || !from->set)
		return true;
	if (net_local_source(from, &a) != RC_OK)
		return false;
	addr_text(&a, ip);
	return evdns_base_set_option(r->dns, "bind-to:", ip) == 0;
}

struct resolve *
resolve_new(struct loop *l, const struct net_local *from)
{
	struct resolve *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->loop = l;
	LIST_INIT(&r->queries);
	evdns_set_log_fn(say_nothing);
	r->dns = evdns_base_new(loop_base(l), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (r->dns == NULL) {
		free(r);
		return NULL;
	}
	/*
	 * Without the file it falls back to 127.0.0.1, and the hosts file is read in any
	 * case.
	 */
	if (bind_questions(r, from))
		(void)evdns_base_resolv_conf_parse(
		    r->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	else
		(void)evdns_base_load_hosts(r->dns, "/etc/hosts");
	return r;
}

static void
query_free(struct resolve_query *q)
{
	LIST_REMOVE(q, link);
	loop_timer_free(q->timer);
	free(q);
}

void
resolve_free(struct resolve *r)
{
	struct resolve_query *q, *next;

	if (r == NULL)
		return;
	for (q = LIST_FIRST(&r->queries); q != NULL; q = next) {
		next = LIST_NEXT(q, link);
		if (!q->silent)
			resolve_cancel(q);
	}
	for (int i = 0; i < LAST_TURNS && !LIST_EMPTY(&r->queries); i++)
		(void)event_base_loop(loop_base(r->loop), EVLOOP_NONBLOCK);
	evdns_base_free(r->dns, 0);
	if (LIST_EMPTY(&r->queries))
		free(r);
}

static void
answer(void *ctx)
{
	struct resolve_query *q = ctx, copy = *q;

	query_free(q);
	copy.done(copy.ctx, copy.rc, copy.addrs, copy.n);
}

static void
take_addr(struct resolve_query *q, const struct sockaddr *sa)
{
	struct addr *a = &q->addrs[q->n];
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint8_t ip[4];

	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		memcpy(ip, &v4.sin_addr, sizeof(ip));
		*a = addr_v4(ip, q->port);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		memcpy(a->ip, &v6.sin6_addr, sizeof(a->ip));
		a->port = q->port;
	} else {
		return;
	}
	for (size_t i = 0; i < q->n; i++)
		if (addr_eq(&q->addrs[i], a))
			return;
	q->n++;
}

static enum rc
rc_of(int result)
{
	switch (result) {
	case 0: return RC_OK;
	case EVUTIL_EAI_MEMORY: return RC_MEM;
	case EVUTIL_EAI_NONAME:
	case EVUTIL_EAI_NODATA:
	case EVUTIL_EAI_ADDRFAMILY: return RC_NONE;
	default: return RC_MORE;
	}
}

static void
on_result(int result, struct evutil_addrinfo *found, void *arg)
{
	struct resolve_query *q = arg;

	q->out = false;
	q->asked = NULL;
	if (q->silent) {
		query_free(q);
	} else {
		q->rc = rc_of(result);
		for (struct evutil_addrinfo *i = found;
		     q->rc == RC_OK && i != NULL && q->n < RESOLVE_ADDRS; i = i->ai_next)
			take_addr(q, i->ai_addr);
		if (q->rc == RC_OK && q->n == 0)
			q->rc = RC_NONE;
		loop_timer_set(q->timer, 0);
	}
	if (found != NULL)
		evutil_freeaddrinfo(found);
}

struct resolve_query *
resolve_start(
    struct resolve *r, const char *host, uint16_t port, resolve_fn *done, void *ctx)
{
	const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP };
	struct evdns_getaddrinfo_request *asked;
	struct resolve_query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->timer = loop_timer_new(r->loop, answer, q);
	if (q->timer == NULL) {
		free(q);
		return NULL;
	}
	q->done = done;
	q->ctx = ctx;
	q->port = port;
	LIST_INSERT_HEAD(&r->queries, q, link);
	if (addr_parse(bytes_str(host), &q->addrs[0]) == RC_OK) {
		q->addrs[0].port = port;
		q->n = 1;
		loop_timer_set(q->timer, 0);
		return q;
	}
	q->out = true;
	asked = evdns_getaddrinfo(r->dns, host, NULL, &hints, on_result, q);
	if (q->out)
		q->asked = asked;
	return q;
}

void
resolve_cancel(struct resolve_query *q)
{
	if (q == NULL)
		return;
	if (!q->out) {
		query_free(q);
		return;
	}
	q->silent = true;
	if (q->asked != NULL)
		evdns_getaddrinfo_cancel(q->asked);
}
