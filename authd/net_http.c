/* SPDX-License-Identifier: ISC */
/*
 * HTTP through libevent's evhttp over its OpenSSL bufferevents.
 *
 * evhttp gives no hold on a connection before its first request, and its time limits
 * count inactivity only, so we keep our own table (authd/conns): a connection enters it
 * when evhttp asks for a bufferevent, its source is known a turn of the loop later, when
 * evhttp has given the bufferevent its socket, and it leaves when its SSL is freed, which
 * is the last that a bufferevent does. One connection is taken a turn: the next one waits
 * in the kernel until this one has its place. To close one, its bufferevent reports an
 * error, which evhttp answers by freeing everything.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "authd/log.h"
#include "authd/net_parts.h"
#include "crypto/base64.h"

enum {
	READ_MOST = 32 * 1024,  /* that a connection may have waiting here */
	SLOT_BITS = 8,          /* of an ask's id, the low ones */
	BASE64_STEP = 3 * 1024, /* bytes at once: whole groups of 3 */
	AGAIN_MS = 1000,        /* pause when no connection can be taken */
	IDLE_S = 120,           /* evhttp's own limit: never the one that counts */
};

static const char busy[] = "busy: try again later";

static struct peer *
peer_of(struct net *n, const struct conn *c)
{
	return &n->peers[c - n->conns.all];
}

static void
rearm(struct net *n)
{
	loop_timer_set(n->deadlines, conns_next_ms(&n->conns));
}

static void
resume_accepting(struct net *n)
{
	if (n->ready && n->fresh == NULL && conns_has_room(&n->conns))
		(void)evconnlistener_enable(n->listener);
}

/*
 * A bufferevent that is being freed has no callback any more, so this may come late but
 * never twice.
 */
static void
drop(struct peer *p, const char *why)
{
	p->conn->leaving = true;
	p->spoke = true; /* this line says enough */
	net_log_refused(p->net, p->conn->placed ? &p->conn->source : NULL, 0, why);
	bufferevent_trigger_event(p->bev, BEV_EVENT_ERROR | BEV_EVENT_READING, 0);
}

void
net_http_shaken(struct peer *p)
{
	conns_shaken(p->conn);
	rearm(p->net);
}

void
net_http_gone(struct peer *p)
{
	struct net *n = p->net;

	if (!p->spoke && p->conn->placed)
		net_log_refused(n, &p->conn->source, 0, "no request was understood");
	if (n->fresh == p)
		n->fresh = NULL;
	n->sending -= p->sending;
	conns_leave(p->conn);
	memset(p, 0, sizeof(*p));
	resume_accepting(n);
	rearm(n);
}

/*
 * evhttp would go on in clear without a bufferevent of ours: no memory for it ends the
 * process.
 */
static struct bufferevent *
on_connection(struct event_base *base, void *arg)
{
	struct net *n = arg;
	struct conn *c = conns_enter(&n->conns, loop_now());
	struct peer *p;

	(void)evconnlistener_disable(n->listener);
	if (c == NULL)
		_exit(CODE_BUG); /* cannot be: nobody is let in without a place */
	p = peer_of(n, c);
	*p = (struct peer){ .net = n, .conn = c };
	p->ssl = net_tls_new(p);
	if (p->ssl != NULL)
		p->bev = bufferevent_openssl_socket_new(
		    base, -1, p->ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (p->bev == NULL)
		_exit(CODE_BUG);
	bufferevent_openssl_set_allow_dirty_shutdown(p->bev, 1);
	bufferevent_setwatermark(p->bev, EV_READ, 0, READ_MOST);
	n->fresh = p;
	loop_timer_set(n->place, loop_now());
	rearm(n);
	return p->bev;
}

static enum rc
find_source(int fd, struct addr *out)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a;
	socklen_t size = sizeof(a);

	memset(&a, 0, sizeof(a));
	if (getpeername(fd, &a.any, &size) != 0)
		return RC_SYS;
	if (a.any.sa_family == AF_INET) {
		*out = addr_v4((const uint8_t *)&a.v4.sin_addr, ntohs(a.v4.sin_port));
		return RC_OK;
	}
	memcpy(out->ip, &a.v6.sin6_addr, sizeof(out->ip));
	out->port = ntohs(a.v6.sin6_port);
	return RC_OK;
}

/* evhttp has given the newest connection its socket by now. */
static void
on_place(void *ctx)
{
	static const int on = 1;
	struct net *n = ctx;
	struct peer *p = n->fresh;
	struct addr source = { .port = 0 };
	struct conn *out;
	int fd;

	n->fresh = NULL;
	if (p != NULL) {
		fd = SSL_get_fd(p->ssl);
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (find_source(fd, &source) != RC_OK) {
			drop(p, "gone at once");
		} else {
			out = conns_place(&n->conns, p->conn, &source);
			if (out != NULL)
				drop(peer_of(n, out), "too many connections");
		}
	}
	resume_accepting(n);
	rearm(n);
}

/*
 * Out of descriptors or memory: asking again at once would spin. What libevent hands over
 * here is evhttp's, not ours, so on_again has to find out by itself.
 */
static void
on_accept_error(struct evconnlistener *listener, void *evhttp_own)
{
	struct log_line l;

	(void)evhttp_own;
	log_begin(&l, "refused");
	log_text(&l, "reason", bytes_str(strerror(errno)));
	log_end(&l);
	(void)evconnlistener_disable(listener);
}

static void
on_again(void *ctx)
{
	struct net *n = ctx;

	resume_accepting(n);
	loop_timer_set(n->again, loop_now() + AGAIN_MS);
}

/*
 * In one line without an end: strongSwan's decoder takes a line's end for a digit, and
 * RFC 8951 asks for none.
 */
static void
add_base64(struct evbuffer *out, struct bytes der)
{
	char text[BASE64_SIZE(BASE64_STEP)];

	while (der.n > 0) {
		size_t n = der.n < BASE64_STEP ? der.n : BASE64_STEP;

		(void)evbuffer_add(out, text, base64_put(bytes_of(der.p, n), text));
		der = bytes_from(der, n);
	}
}

/* What stands behind the status; type decides about the headers. */
static void
add_body(struct evhttp_request *req, struct evbuffer *out, const struct answer *a)
{
	static const char *const types[ANSWER_TYPES] = {
		[ANSWER_TEXT] = "text/plain; charset=utf-8",
		[ANSWER_CERTS] = "application/pkcs7-mime; smime-type=certs-only",
		[ANSWER_CRL] = "application/pkix-crl",
	};
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	char length[24];

	(void)evhttp_add_header(headers, "Content-Type", types[a->type]);
	(void)evhttp_add_header(headers, "Cache-Control", "no-store");
	if (a->type == ANSWER_CERTS) {
		(void)evhttp_add_header(headers, "Content-Transfer-Encoding", "base64");
		add_base64(out, a->body);
	} else
		(void)evbuffer_add(out, a->body.p, a->body.n);
	/* evhttp neither tells the length of nothing, nor leaves a body out. */
	(void)snprintf(length, sizeof(length), "%zu", evbuffer_get_length(out));
	(void)evhttp_add_header(headers, "Content-Length", length);
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD)
		(void)evbuffer_drain(out, evbuffer_get_length(out));
}

/*
 * All of the answer has left. evhttp keeps a connection open behind a CONNECT whatever
 * the answer says, and what has been answered cannot be pushed out: we close it, a turn
 * of the loop later. Where evhttp has closed it before, nothing happens then.
 */
static void
on_sent(struct evhttp_request *req, void *arg)
{
	struct peer *p = arg;

	(void)req;
	p->net->sending -= p->sending;
	p->sending = 0;
	if (p->stays) {
		conns_rests(p->conn, loop_now());
		rearm(p->net);
	} else
		bufferevent_trigger_event(
		    p->bev, BEV_EVENT_EOF | BEV_EVENT_READING, BEV_TRIG_DEFER_CALLBACKS);
}

static enum conn_verdict
judge(const struct peer *p, unsigned status)
{
	if (status != HTTP_OK)
		return CONN_REFUSED;
	return p->kind == ASK_CACERTS || p->kind == ASK_CRL ? CONN_SERVED : CONN_KNOWN;
}

static void
reply(struct peer *p, struct evhttp_request *req, const struct answer *a)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	struct evbuffer *out = evbuffer_new();
	char number[16];

	p->req = NULL;
	p->stays =
	    conns_answering(&p->net->conns, p->conn, judge(p, a->status), loop_now());
	if (!p->stays)
		(void)evhttp_add_header(headers, "Connection", "close");
	if (a->status == 401)
		(void)evhttp_add_header(
		    headers, "WWW-Authenticate", "Basic realm=\"ugat\"");
	if (a->retry_s != 0) {
		(void)snprintf(number, sizeof(number), "%lu", (unsigned long)a->retry_s);
		(void)evhttp_add_header(headers, "Retry-After", number);
	}
	if (out != NULL) {
		add_body(req, out, a);
		p->sending = evbuffer_get_length(out);
		p->net->sending += p->sending;
	}
	evhttp_request_set_on_complete_cb(req, on_sent, p);
	evhttp_send_reply(req, a->status, NULL, out);
	if (out != NULL)
		evbuffer_free(out);
	rearm(p->net);
}

static void
reply_words(
    struct peer *p, struct evhttp_request *req, unsigned status, const char *words)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s\n", words);
	struct answer a = { .status = (uint16_t)status,
		.retry_s = status == HTTP_SERVUNAVAIL,
		.type = ANSWER_TEXT,
		.body = bytes_of(line, (size_t)n) };

	net_log_refused(p->net, &p->conn->source, status, words);
	reply(p, req, &a);
}

void
net_http_deliver(struct net *n, const struct answer *a)
{
	size_t slot = a->id & ((1u << SLOT_BITS) - 1);
	struct peer *p = &n->peers[slot % CONNS_SLOTS];
	struct evhttp_request *req = p->req;

	if (req == NULL || p->id != a->id)
		return; /* who asked has gone */
	if (n->sending > 0 && a->body.n > NET_SENDING_MAX - n->sending)
		reply_words(p, req, HTTP_SERVUNAVAIL, busy);
	else
		reply(p, req, a);
}

static void
on_deadline(void *ctx)
{
	struct net *n = ctx;
	struct conn *c;

	while ((c = conns_due(&n->conns, loop_now())) != NULL) {
		struct peer *p = peer_of(n, c);

		if (c->stage == CONN_ASKED && p->req != NULL)
			reply_words(p, p->req, HTTP_SERVUNAVAIL, busy);
		else
			drop(p,
			    c->stage == CONN_ANSWERING ? "took no answer"
			                               : "no whole request in time");
	}
	rearm(n);
}

/*
 * evhttp frees the connection. A request that vault still has is freed with it, unless
 * evhttp has left it to us. At a good end TLS says so: evhttp would not.
 */
static void
on_closed(struct evhttp_connection *evcon, void *arg)
{
	struct peer *p = arg;
	struct evhttp_request *req = p->req;

	(void)evcon;
	p->req = NULL;
	if (req != NULL && evhttp_request_get_connection(req) == NULL)
		evhttp_request_free(req);
	if (!p->conn->leaving) {
		(void)SSL_shutdown(p->ssl);
		ERR_clear_error();
	}
}

/*
 * The header of one name; *n counts them. What it holds may be wiped: it is not const.
 */
static char *
find_header(struct evhttp_request *req, const char *name, unsigned *n)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	struct evkeyval *h;
	char *value = NULL;

	*n = 0;
	TAILQ_FOREACH (h, headers, next)
		if (strcasecmp(h->key, name) == 0) {
			value = h->value;
			(*n)++;
		}
	return value;
}

static size_t
size_of(struct evhttp_request *req)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	size_t sum = evbuffer_get_length(evhttp_request_get_input_buffer(req)) +
	    strlen(evhttp_request_get_uri(req));
	struct evkeyval *h;

	TAILQ_FOREACH (h, headers, next)
		sum += strlen(h->key) + strlen(h->value) + sizeof(": \r\n") - 1;
	return sum;
}

static enum request_method
method_of(const struct evhttp_request *req)
{
	switch (evhttp_request_get_command(req)) {
	case EVHTTP_REQ_GET: return REQUEST_GET;
	case EVHTTP_REQ_POST: return REQUEST_POST;
	default: return REQUEST_OTHER;
	}
}

/* Whether a blank stands before some colon (RFC 9112, 5.1): evhttp takes it as a name. */
static bool
has_odd_name(struct evhttp_request *req)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	struct evkeyval *h;

	TAILQ_FOREACH (h, headers, next)
		if (h->key[strcspn(h->key, " \t")] != '\0')
			return true;
	return false;
}

/*
 * A request that could be read in two ways is read in none: where it ends is not for
 * evhttp to guess, with a proxy before us that has guessed otherwise. It takes signs
 * before a length, and codings that it does not know for none.
 */
static bool
is_ambiguous(struct evhttp_request *req)
{
	unsigned lengths, chunks, authorizations;
	const char *length = find_header(req, "Content-Length", &lengths);
	const char *coding = find_header(req, "Transfer-Encoding", &chunks);

	(void)find_header(req, "Authorization", &authorizations);
	return lengths + chunks > 1 || authorizations > 1 || has_odd_name(req) ||
	    (length != NULL && length[strspn(length, "0123456789")] != '\0') ||
	    (coding != NULL && strcasecmp(coding, "chunked") != 0);
}

/* The password has gone to vault; what libevent frees is wiped (net.c). */
static void
forget_secrets(struct net *n, struct evhttp_request *req)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	unsigned ignored;
	char *header = find_header(req, "Authorization", &ignored);

	if (header != NULL)
		explicit_bzero(header, strlen(header));
	(void)evbuffer_drain(body, evbuffer_get_length(body));
	explicit_bzero(&n->room, sizeof(n->room));
}

/* RC_BAD: *no says why; RC_BIG: vault is too far behind. */
static enum rc
send_ask(struct peer *p, struct evhttp_request *req, const struct request *r,
    struct refusal *no)
{
	struct net *n = p->net;
	struct ask a;
	enum rc rc;

	*no = (struct refusal){ .status = 400,
		.words = "its end or its password is not clear" };
	p->kind = ASK_CACERTS;
	if (is_ambiguous(req))
		return RC_BAD;
	rc = request_get(r, &n->room, &a, no);
	if (rc != RC_OK)
		return rc;
	p->kind = a.kind;
	p->id = ++n->asked << SLOT_BITS | (uint64_t)(p - n->peers);
	a.id = p->id;
	return net_ask(n, &a);
}

static void
ask(struct peer *p, struct evhttp_request *req, const struct request *r)
{
	struct refusal no;
	enum rc rc = send_ask(p, req, r, &no);

	forget_secrets(p->net, req);
	if (rc == RC_BAD) {
		if (no.allow != NULL)
			(void)evhttp_add_header(
			    evhttp_request_get_output_headers(req), "Allow", no.allow);
		reply_words(p, req, no.status, no.words);
		return;
	}
	if (rc != RC_OK) {
		reply_words(p, req, HTTP_SERVUNAVAIL, busy);
		return;
	}
	p->req = req;
	conns_asked(p->conn, loop_now());
	rearm(p->net);
}

/* A whole request, of any path. */
static void
on_request(struct evhttp_request *req, void *arg)
{
	struct net *n = arg;
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	SSL *ssl = bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(evcon));
	struct peer *p = net_tls_peer(n, ssl);
	struct request r = { .method = method_of(req), .path = "", .size = size_of(req) };
	unsigned lengths, chunks, ignored;

	if (p == NULL) {
		evhttp_connection_free(evcon);
		return;
	}
	p->spoke = true;
	evhttp_connection_set_closecb(evcon, on_closed, p);
	if (uri != NULL && evhttp_uri_get_path(uri) != NULL)
		r.path = evhttp_uri_get_path(uri);
	r.authorization = find_header(req, "Authorization", &ignored);
	r.content_type = find_header(req, "Content-Type", &ignored);
	(void)find_header(req, "Content-Length", &lengths);
	(void)find_header(req, "Transfer-Encoding", &chunks);
	r.has_length = lengths + chunks > 0;
	r.source = p->conn->source;
	if (net_tls_cert(n, ssl, &r.cert) != RC_OK)
		r.cert = bytes_of(n->cert.p, REQUEST_CERT + 1);
	r.body = bytes_of(evbuffer_pullup(body, -1), evbuffer_get_length(body));
	ask(p, req, &r);
}

enum rc
net_http_open(struct net *n, int listener)
{
	struct event_base *base = loop_base(n->loop);

	n->place = loop_timer_new(n->loop, on_place, n);
	n->deadlines = loop_timer_new(n->loop, on_deadline, n);
	n->again = loop_timer_new(n->loop, on_again, n);
	n->http = evhttp_new(base);
	n->listener = evconnlistener_new(base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED, 0,
	    listener);
	if (n->place == NULL || n->deadlines == NULL || n->again == NULL ||
	    n->http == NULL || n->listener == NULL)
		return RC_MEM;
	evconnlistener_set_error_cb(n->listener, on_accept_error);
	evhttp_set_bevcb(n->http, on_connection, n);
	evhttp_set_gencb(n->http, on_request, n);
	evhttp_set_max_headers_size(n->http, REQUEST_MAX);
	evhttp_set_max_body_size(n->http, REQUEST_MAX);
	evhttp_set_timeout(n->http, IDLE_S);
	evhttp_set_allowed_methods(n->http,
	    EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
	        EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
	        EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
	return evhttp_bind_listener(n->http, n->listener) == NULL ? RC_MEM : RC_OK;
}

void
net_http_start(struct net *n)
{
	on_again(n);
}
