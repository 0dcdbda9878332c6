/* SPDX-License-Identifier: ISC */
/*
 * GET over HTTP and HTTPS by libcurl's multi interface on the loop, for short answers of
 * strangers. Certificates are checked by the system's authorities; the proxies of the
 * environment are obeyed as curl(1) does; nothing is asked to be compressed and nothing
 * is decompressed; no cookies, no passwords but those in the URL.
 *
 * Redirects are followed at most HTTP_HOPS times, to http and https only, and never into
 * a narrower network (addr_scope) than the first answer came from.
 *
 * libcurl is loaded and set up by the first call (io/curl), because that takes
 * milliseconds.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "io/loop.h"
#include "io/net.h"

enum {
	HTTP_BODY_MAX = 1024 * 1024, /* bytes of an answer */
	HTTP_HEAD_MAX = 64 * 1024,   /* bytes of all its headers */
	HTTP_HOPS = 3,
	HTTP_TIME_MS = 30000, /* for a call as a whole */
};

struct http;
struct http_call;

enum http_family { HTTP_V4, HTTP_V6 };

struct http_request {
	const char *url; /* copied */
	enum http_family family;
	const struct net_local *from; /* NULL or not set: wherever the system likes */
};

struct http_answer {
	/*
	 * RC_OK: an answer came, of whatever status. RC_NONE: no way there in this
	 * family: the host has no such address, or we do not. RC_MORE: it took too long.
	 * RC_BIG: over a limit above. RC_BAD: against the rules, HTTP's, TLS's or ours.
	 * RC_SYS: the network refused. RC_MEM.
	 */
	enum rc rc;
	const char *why; /* words, unless RC_OK; as foreign as can be */
	/* With RC_OK. */
	unsigned status;
	struct bytes body;
	bool local;       /* it surely came from a loopback address */
	uint32_t retry_s; /* its Retry-After; 0: none */
};

/* l is the caller's and outlives it. NULL: out of memory. */
struct http *http_new(struct loop *l);

/*
 * Load libcurl now, as the first call else would: after io/cage nothing is loaded any
 * more. A failure is the first call's.
 */
void http_wake(struct http *h);

/* Promises silence to all calls. Not from inside a callback. NULL is allowed. */
void http_free(struct http *h);

/* The answer is good until the callback returns; the call is gone afterwards. */
typedef void http_done_fn(void *ctx, const struct http_answer *a);

/*
 * Begin to get a URL. The answer always comes from the loop, never from inside this call,
 * and exactly once. NULL: http_refusal says why; done will not be called.
 */
struct http_call *http_start(
    struct http *h, const struct http_request *r, http_done_fn *done, void *ctx);

/* Words why the last http_start began nothing; never freed. */
const char *http_refusal(const struct http *h);

/* Promises silence. Not after the answer; NULL is allowed. */
void http_cancel(struct http_call *c);

#endif
