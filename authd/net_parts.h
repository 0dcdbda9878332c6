/* SPDX-License-Identifier: ISC */
/* What the files of authd/net share. */
#ifndef AUTHD_NET_PARTS_H
#define AUTHD_NET_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "authd/ask.h"
#include "authd/conns.h"
#include "authd/net.h"
#include "authd/request.h"
#include "base/buf.h"
#include "crypto/key.h"
#include "io/loop.h"

struct bufferevent;
struct evconnlistener;
struct evhttp;
struct evhttp_request;

/* A connection; lives as long as its SSL. */
struct peer {
	struct net *net;
	struct conn *conn;
	SSL *ssl;
	struct bufferevent *bev;
	struct evhttp_request *req; /* while vault has the ask */
	enum ask_kind kind;
	uint64_t id;    /* of the ask */
	size_t sending; /* bytes of the answer that is on its way */
	bool stays;     /* open behind the answer */
	bool spoke;     /* has sent at least one whole request */
};

/* Refusals since the last line about them. */
struct refusals {
	struct loop_timer *timer;
	int64_t said_ms;
	unsigned long long count;
	/* Of the latest: */
	bool has_source;
	struct addr source;
	unsigned status; /* 0: no answer, closed */
	const char *words;
};

struct net {
	struct loop *loop;
	struct addr listen;
	char pin[PIN_TEXT];
	SSL_CTX *tls;
	int tls_index; /* where an SSL keeps its peer */
	struct evhttp *http;
	struct evconnlistener *listener;
	struct loop_timer *unready; /* how long it may take; NULL once it is ready */
	bool ready;
	bool stopped; /* or about to */
	struct conns conns;
	struct peer peers[CONNS_SLOTS];
	struct peer *fresh; /* taken, but not looked at yet: nobody else is let in */
	struct loop_timer *place, *deadlines, *again;
	struct request_room room;
	struct buf cert; /* what the last client showed */
	int pair;
	struct loop_watch *watch;
	struct buf in, out;
	uint64_t asked;
	size_t sending; /* sum of the peers' */
	struct refusals refusals;
	struct outcome *end;
};

/* net_tls.c: load the identity, make the context. *n->tls_index and pin are set. */
enum rc net_tls_open(struct net *n, const char *dir, struct outcome *end) MUST_USE;

/* A new server's side of a connection of p. NULL: out of memory. */
SSL *net_tls_new(struct peer *p);

/* Whose it is; NULL: nobody's. */
struct peer *net_tls_peer(const struct net *n, const SSL *ssl);

/* What the client showed, DER, in n->cert; empty: nothing. RC_BIG: too long; RC_MEM. */
enum rc net_tls_cert(struct net *n, const SSL *ssl, struct bytes *out) MUST_USE;

/* net_http.c: the server, on n->loop, that lets nobody in yet. */
enum rc net_http_open(struct net *n, int listener) MUST_USE;

/* Let them in from now on. */
void net_http_start(struct net *n);

/* An answer from vault. */
void net_http_deliver(struct net *n, const struct answer *a);

/* Its SSL is freed. */
void net_http_gone(struct peer *p);

/* TLS is up. */
void net_http_shaken(struct peer *p);

/* net.c: hand an ask to vault. RC_BIG: vault is too far behind. */
enum rc net_ask(struct net *n, const struct ask *a) MUST_USE;

/*
 * net_log.c: count a refusal; a line a second at most tells of them. source: NULL where
 * it is not known. words live for ever.
 */
enum rc net_log_open(struct net *n) MUST_USE;
void net_log_refused(
    struct net *n, const struct addr *source, unsigned status, const char *words);

#endif
