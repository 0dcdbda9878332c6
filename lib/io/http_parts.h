/* SPDX-License-Identifier: ISC */
/* Inside io/http: http.c is one GET with its hops, http_multi.c all on the loop. */
#ifndef IO_HTTP_PARTS_H
#define IO_HTTP_PARTS_H

#include <sys/queue.h>

#include "base/buf.h"
#include "io/curl.h"
#include "io/http.h"

struct http {
	struct loop *loop;
	CURLM *multi;           /* NULL before the first call */
	struct curl_calls curl; /* good with multi */
	bool missing;           /* there is no libcurl */
	bool deaf;              /* no memory to watch a socket: it would never be heard */
	struct loop_timer *timer;
	LIST_HEAD(, http_call) calls;
};

struct http_call {
	LIST_ENTRY(http_call) link;
	struct http *http;
	CURL *easy;
	http_done_fn *done;
	void *ctx;
	int64_t until_ms;
	struct buf body;
	size_t head; /* bytes of headers */
	unsigned hops;
	enum rc broken; /* RC_OK, or why we broke the transfer off */
	const char *broken_why;
	/* Of the first hop. */
	enum addr_scope scope;
	struct addr from;
	char words[CURL_ERROR_SIZE];
};

/* Load libcurl and set it up, unless that is done. false: http_refusal says why. */
bool http_load(struct http *h);

/* libcurl is done with a hop: the next one begins, or the call ends. */
void http_call_over(struct http_call *c, CURLcode code);

#endif
