/* SPDX-License-Identifier: ISC */
#include "authd/net.h"

#include <sys/socket.h>

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "authd/log.h"
#include "authd/net_parts.h"

enum {
	CHUNK = 16 * 1024,     /* read from the pair at once */
	KEPT_ROOM = 64 * 1024, /* of a buffer that is empty again */
	FIRST_ASK = 0,         /* the id of net's own question at the start */
	FIRST_MS = 15000,      /* until that is answered, or vault has lost it */
};

/*
 * Passwords pass through libevent's buffers, which it does not wipe. malloc_usable_size
 * may tell more than was asked for; what is there is ours.
 */
static void
wiping_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *
wiping_realloc(void *p, size_t n)
{
	size_t had = p == NULL ? 0 : malloc_usable_size(p);
	void *q = malloc(n);

	if (q == NULL)
		return NULL;
	if (p != NULL)
		memcpy(q, p, had < n ? had : n);
	wiping_free(p);
	return q;
}

static void
on_fatal(int error)
{
	struct log_line l;

	log_begin(&l, "failed");
	log_text(&l, "process", bytes_str("net"));
	log_number(&l, "libevent", (unsigned long long)(unsigned)error);
	log_end(&l);
	_exit(CODE_BUG);
}

/* What strangers make libevent say is told by our own lines. */
static void
on_libevent_words(int severity, const char *words)
{
	struct log_line l;

	if (severity < EVENT_LOG_ERR)
		return;
	log_begin(&l, "failed");
	log_text(&l, "process", bytes_str("net"));
	log_text(&l, "reason", bytes_str(words));
	log_end(&l);
}

static void
stop(struct net *n, int code, const char *words)
{
	if (code != CODE_OK)
		(void)outcome_fail(n->end, code, "%s", words);
	n->stopped = true;
	loop_stop(n->loop);
}

/* Asks hold passwords: none stays behind in the buffer. */
static void
write_pair(struct net *n)
{
	while (n->out.n > 0) {
		ssize_t r = send(n->pair, n->out.p, n->out.n, MSG_NOSIGNAL);

		if (r <= 0)
			break; /* full, or gone: reading will tell */
		explicit_bzero(n->out.p, (size_t)r);
		buf_drop(&n->out, (size_t)r);
	}
	if (n->out.n == 0 && n->out.front > 0) {
		n->out.p -= n->out.front;
		n->out.cap += n->out.front;
		n->out.front = 0;
		explicit_bzero(n->out.p, n->out.cap);
	}
	if (loop_watch_set(n->watch, LOOP_READ | (n->out.n > 0 ? LOOP_WRITE : 0)) !=
	    RC_OK)
		stop(n, CODE_BUG, "the pair cannot be watched");
}

enum rc
net_ask(struct net *n, const struct ask *a)
{
	enum rc rc = ask_put(a, &n->out);

	if (rc == RC_OK)
		write_pair(n);
	return rc;
}

static void
be_ready(struct net *n, const struct answer *a)
{
	char text[ADDR_TEXT];
	struct log_line l;

	if (n->ready || a->status != 200) {
		stop(n, CODE_PROTOCOL, "vault does not give its certificate");
		return;
	}
	n->ready = true;
	loop_timer_free(n->unready);
	n->unready = NULL;
	net_http_start(n);
	addr_text_port(&n->listen, text);
	log_begin(&l, "ready");
	log_text(&l, "listen", bytes_str(text));
	log_text(&l, "fingerprint", bytes_str(n->pin));
	log_end(&l);
}

static void
on_unready(void *ctx)
{
	stop(ctx, CODE_BUG, "vault does not answer: out of memory?");
}

/* Whole answers in the buffer. */
static void
take_answers(struct net *n)
{
	struct answer a;
	size_t used = 0;
	enum rc rc;

	while ((rc = answer_get(buf_bytes(&n->in), &a, &used)) == RC_OK) {
		if (a.id == FIRST_ASK)
			be_ready(n, &a);
		else
			net_http_deliver(n, &a);
		buf_drop(&n->in, used);
	}
	if (rc != RC_MORE)
		stop(n, CODE_PROTOCOL, "vault's answers cannot be understood");
	if (n->in.n == 0 && n->in.cap + n->in.front > KEPT_ROOM)
		buf_clear(&n->in);
}

static void
on_pair(void *ctx, int what)
{
	struct net *n = ctx;
	ssize_t r;

	if ((what & LOOP_WRITE) != 0)
		write_pair(n);
	if ((what & LOOP_READ) == 0)
		return;
	if (buf_room(&n->in, CHUNK) != RC_OK) {
		stop(n, CODE_BUG, "out of memory");
		return;
	}
	r = recv(n->pair, n->in.p + n->in.n, CHUNK, 0);
	if (r == 0 || (r == -1 && errno != EAGAIN && errno != EINTR)) {
		stop(n, CODE_OK, "");
		return;
	}
	if (r > 0) {
		n->in.n += (size_t)r;
		take_answers(n);
	}
}

/* The terminal's ^C is for vault, which ends and takes us along. */
static void
leave_signals_to_vault(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_IGN);
}

struct net *
net_open(const struct net_options *o, struct outcome *end)
{
	struct net *n;

	leave_signals_to_vault();
	event_set_mem_functions(malloc, wiping_realloc, wiping_free);
	event_set_log_callback(on_libevent_words);
	event_set_fatal_callback(on_fatal);
	n = calloc(1, sizeof(*n));
	if (n == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return NULL;
	}
	n->listen = o->listen;
	n->pair = o->pair;
	n->asked = FIRST_ASK;
	conns_init(&n->conns);
	buf_init(&n->in, ASK_FRAME + ANSWER_MAX + CHUNK);
	buf_init(&n->out, NET_OUT_MAX);
	buf_init(&n->cert, REQUEST_CERT);
	if (net_tls_open(n, o->dir, end) != RC_OK)
		return NULL; /* the process ends: nothing to tidy up */
	n->loop = loop_new();
	if (n->loop != NULL) {
		n->watch = loop_watch_new(n->loop, n->pair, on_pair, n);
		n->unready = loop_timer_new(n->loop, on_unready, n);
	}
	/* Room for all of it now, so that passwords are never moved elsewhere. */
	if (n->watch == NULL || n->unready == NULL ||
	    buf_room(&n->out, NET_OUT_MAX) != RC_OK || net_log_open(n) != RC_OK ||
	    net_http_open(n, o->listener) != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "out of memory or descriptors");
		return NULL;
	}
	return n;
}

void
net_run(struct net *n, struct outcome *end)
{
	const struct ask first = { .id = FIRST_ASK, .kind = ASK_CACERTS };

	n->end = end;
	loop_timer_set(n->unready, loop_now() + FIRST_MS);
	/* A loop that is not running yet forgets that it was stopped. */
	if (net_ask(n, &first) != RC_OK || (!n->stopped && loop_run(n->loop) != RC_OK))
		(void)outcome_fail(end, CODE_BUG, "net: %s", strerror(errno));
}
