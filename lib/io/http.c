/* SPDX-License-Identifier: ISC */
/*
 * Redirects are not left to libcurl: each hop is a transfer of its own, so that its URL
 * and the address it leads to can be held against where the first answer came from. Where
 * the environment names a proxy, libcurl's socket may lead there instead of to the host;
 * then the host counts as what its text says, a name as public, and the first hop's own
 * address and port stay allowed.
 */
#include "io/http_parts.h"

#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codec/uri.h"

enum { LINE_TOO_LONG = 100 }; /* CURLE_TOO_LARGE, since 8.6 */

static const char too_long[] = "headers of more than 64 KiB";

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

/* Whether libcurl may ask a proxy for such a URL. */
static bool
may_be_proxied(enum uri_scheme scheme)
{
	if (is_set("all_proxy") || is_set("ALL_PROXY"))
		return true;
	if (scheme == URI_HTTPS)
		return is_set("https_proxy") || is_set("HTTPS_PROXY");
	return is_set("http_proxy");
}

/* The scope that a host's text tells; a name is public. */
static enum addr_scope
scope_of(const struct uri *u)
{
	static const char local[] = "localhost";
	size_t n = strlen(u->host), m = sizeof(local) - 1;
	struct addr a;

	if (addr_parse(bytes_str(u->host), &a) == RC_OK)
		return addr_scope(&a);
	n -= n > 0 && u->host[n - 1] == '.';
	if (n >= m && strncasecmp(u->host + n - m, local, m) == 0 &&
	    (n == m || u->host[n - m - 1] == '.'))
		return ADDR_LOOPBACK;
	return ADDR_PUBLIC;
}

/* What libcurl calls during a transfer. */

static void
break_off(struct http_call *c, enum rc rc, const char *why)
{
	if (c->broken == RC_OK) {
		c->broken = rc;
		c->broken_why = why;
	}
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	enum rc rc = buf_add(&c->body, p, size * n);

	if (rc == RC_OK)
		return size * n;
	break_off(c, rc, rc == RC_BIG ? "an answer of more than 1 MiB" : "out of memory");
	return size * n + 1;
}

static size_t
on_head(char *p, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;

	(void)p;
	c->head += size * n;
	if (c->head <= HTTP_HEAD_MAX)
		return size * n;
	break_off(c, RC_BIG, too_long);
	return size * n + 1;
}

static bool
is_allowed(const struct http_call *c, const struct curl_sockaddr *to)
{
	struct addr a;

	if (c->hops == 0)
		return true;
	if (to->family == AF_INET) {
		struct sockaddr_in v4;
		uint8_t ip[4];

		memcpy(&v4, &to->addr, sizeof(v4));
		memcpy(ip, &v4.sin_addr, sizeof(ip));
		a = addr_v4(ip, ntohs(v4.sin_port));
	} else if (to->family == AF_INET6) {
		/* struct curl_sockaddr ends in a struct sockaddr that is too short. */
		struct sockaddr_in6 v6;

		memcpy(&v6, (const char *)to + offsetof(struct curl_sockaddr, addr),
		    sizeof(v6));
		memcpy(a.ip, &v6.sin6_addr, sizeof(a.ip));
		a.port = ntohs(v6.sin6_port);
	} else {
		return false;
	}
	return addr_scope(&a) >= c->scope || addr_eq(&a, &c->from);
}

static curl_socket_t
on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct http_call *c = ctx;

	(void)purpose;
	if (is_allowed(c, to))
		return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	break_off(c, RC_BAD, "it redirects into a narrower network");
	return CURL_SOCKET_BAD;
}

/* A call. */

static bool
set_limits(struct http_call *c)
{
	const struct curl_calls *curl = &c->http->curl;
	CURL *e = c->easy;

#if LIBCURL_VERSION_NUM >= 0x075500
	if (curl->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK)
		return false;
#else
	if (curl->easy_setopt(e, CURLOPT_PROTOCOLS,
	        (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) != CURLE_OK)
		return false;
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Else a name server that is silent would hold up whoever cancels. */
	if (curl->easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK)
		return false;
#endif
	return curl->easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
	    CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, 0L) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_USERAGENT, "ugat/" UGAT_VERSION) == CURLE_OK;
}

static bool
set_callbacks(struct http_call *c)
{
	const struct curl_calls *curl = &c->http->curl;
	CURL *e = c->easy;

	return curl->easy_setopt(e, CURLOPT_PRIVATE, c) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_ERRORBUFFER, c->words) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_WRITEDATA, c) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_HEADERDATA, c) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK &&
	    curl->easy_setopt(e, CURLOPT_OPENSOCKETDATA, c) == CURLE_OK;
}

/* "host!" and "if!" keep libcurl from taking the one for the other. */
static bool
set_place(struct http_call *c, const struct http_request *r)
{
	const struct curl_calls *curl = &c->http->curl;
	long family = r->family == HTTP_V4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6;
	char ip[ADDR_TEXT], place[ADDR_TEXT + 8];

	if (curl->easy_setopt(c->easy, CURLOPT_IPRESOLVE, family) != CURLE_OK)
		return false;
	if (r->from == NULL || !r->from->set)
		return true;
	addr_text(&r->from->ip, ip);
	if (r->from->device[0] != '\0')
		(void)snprintf(place, sizeof(place), "if!%s", r->from->device);
	else
		(void)snprintf(place, sizeof(place), "host!%s", ip);
	return curl->easy_setopt(c->easy, CURLOPT_INTERFACE, place) == CURLE_OK;
}

/* Begin a hop. */
static bool
go(struct http_call *c, const char *url)
{
	const struct curl_calls *curl = &c->http->curl;
	int64_t left = c->until_ms - loop_now();

	c->body.n = 0;
	c->words[0] = '\0';
	return curl->easy_setopt(c->easy, CURLOPT_URL, url) == CURLE_OK &&
	    curl->easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, left > 0 ? (long)left : 1L) ==
	    CURLE_OK &&
	    curl->multi_add_handle(c->http->multi, c->easy) == CURLM_OK;
}

static void
call_free(struct http_call *c)
{
	if (c == NULL)
		return;
	if (c->easy != NULL) {
		const struct curl_calls *curl = &c->http->curl;

		(void)curl->multi_remove_handle(c->http->multi, c->easy);
		curl->easy_cleanup(c->easy);
	}
	buf_clear(&c->body);
	free(c);
}

void
http_cancel(struct http_call *c)
{
	if (c == NULL)
		return;
	LIST_REMOVE(c, link);
	call_free(c);
}

/* Answers. */

static void
call_end(struct http_call *c, const struct http_answer *a)
{
	LIST_REMOVE(c, link);
	c->done(c->ctx, a);
	call_free(c);
}

static void
call_fail(struct http_call *c, enum rc rc, const char *why)
{
	const struct http_answer a = { .rc = rc, .why = why };

	call_end(c, &a);
}

/* No route, or no address of our own, in this family. */
static bool
is_family_missing(long err)
{
	return err == ENETUNREACH || err == EADDRNOTAVAIL || err == EAFNOSUPPORT;
}

/*
 * libcurl shows us a line of the headers when it is whole, and gathers no more of it than
 * a limit of its own, which older ones call out of memory.
 */
static bool
is_line_too_long(struct http_call *c, CURLcode code)
{
	const struct curl_calls *curl = &c->http->curl;
	curl_off_t first_us = 0;

	(void)curl->easy_getinfo(c->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_us);
	return (int)code == LINE_TOO_LONG ||
	    (code == CURLE_OUT_OF_MEMORY && first_us > 0 && c->body.n == 0);
}

static void
call_broke(struct http_call *c, CURLcode code)
{
	const struct curl_calls *curl = &c->http->curl;
	const char *words = c->words[0] != '\0' ? c->words : curl->easy_strerror(code);
	long err = 0;

	(void)curl->easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &err);
	if (c->broken != RC_OK)
		call_fail(c, c->broken, c->broken_why);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		call_fail(c, RC_MORE, "no answer in 30 s");
	else if (code == CURLE_COULDNT_RESOLVE_HOST)
		call_fail(c, RC_NONE, "no such host");
	else if (code == CURLE_INTERFACE_FAILED)
		call_fail(c, RC_NONE, strerror(EADDRNOTAVAIL));
	else if (code == CURLE_COULDNT_CONNECT && err != 0)
		call_fail(
		    c, is_family_missing(err) ? RC_NONE : RC_SYS, strerror((int)err));
	else if (is_line_too_long(c, code))
		call_fail(c, RC_BIG, too_long);
	else if (code == CURLE_OUT_OF_MEMORY)
		call_fail(c, RC_MEM, "out of memory");
	else
		call_fail(c, RC_BAD, words);
}

/* Remember where the first answer came from. */
static void
note_first(struct http_call *c, const struct uri *u)
{
	const struct curl_calls *curl = &c->http->curl;
	const char *ip = NULL;
	long port = 0;

	c->scope = scope_of(u);
	if (curl->easy_getinfo(c->easy, CURLINFO_PRIMARY_IP, &ip) != CURLE_OK ||
	    curl->easy_getinfo(c->easy, CURLINFO_PRIMARY_PORT, &port) != CURLE_OK ||
	    ip == NULL || addr_parse(bytes_str(ip), &c->from) != RC_OK) {
		c->from = (struct addr){ .port = 0 };
		return;
	}
	c->from.port = (uint16_t)port;
	if (!may_be_proxied(u->scheme))
		c->scope = addr_scope(&c->from);
}

static void
follow(struct http_call *c, const char *location)
{
	const struct curl_calls *curl = &c->http->curl;
	char *url = strdup(location);
	struct uri u;
	enum rc rc = url == NULL ? RC_MEM : uri_get(bytes_str(url), &u);

	(void)curl->multi_remove_handle(c->http->multi, c->easy);
	if (++c->hops > HTTP_HOPS)
		call_fail(c, RC_BAD, "more than 3 redirects");
	else if (rc != RC_OK || u.scheme == URI_UDP)
		call_fail(c, RC_BAD, "it redirects to what is not HTTP");
	else if (scope_of(&u) < c->scope)
		call_fail(c, RC_BAD, "it redirects into a narrower network");
	else if (!go(c, url))
		call_fail(c, RC_MEM, "out of memory");
	free(url);
}

static void
call_answered(struct http_call *c)
{
	const struct curl_calls *curl = &c->http->curl;
	struct http_answer a = { .rc = RC_OK, .body = buf_bytes(&c->body) };
	const char *location = NULL, *here = NULL;
	curl_off_t retry = 0;
	struct uri u;
	long status = 0;

	(void)curl->easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl->easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry);
	(void)curl->easy_getinfo(c->easy, CURLINFO_REDIRECT_URL, &location);
	(void)curl->easy_getinfo(c->easy, CURLINFO_EFFECTIVE_URL, &here);
	if (c->hops == 0 && (here == NULL || uri_get(bytes_str(here), &u) != RC_OK)) {
		call_fail(c, RC_BAD, "not a URL");
		return;
	}
	if (c->hops == 0)
		note_first(c, &u);
	if (location != NULL) {
		follow(c, location);
		return;
	}
	a.status = (unsigned)status;
	a.local = c->scope == ADDR_LOOPBACK;
	a.retry_s = retry <= 0 ? 0 : retry > UINT32_MAX ? UINT32_MAX : (uint32_t)retry;
	call_end(c, &a);
}

void
http_call_over(struct http_call *c, CURLcode code)
{
	if (code == CURLE_OK)
		call_answered(c);
	else
		call_broke(c, code);
}

struct http_call *
http_start(struct http *h, const struct http_request *r, http_done_fn *done, void *ctx)
{
	const struct curl_calls *curl = &h->curl;
	struct http_call *c = http_load(h) ? calloc(1, sizeof(*c)) : NULL;

	if (c == NULL)
		return NULL;
	*c = (struct http_call){
		.http = h, .done = done, .ctx = ctx, .until_ms = loop_now() + HTTP_TIME_MS
	};
	buf_init(&c->body, HTTP_BODY_MAX);
	c->easy = curl->easy_init();
	if (c->easy == NULL || !set_limits(c) || !set_callbacks(c) || !set_place(c, r) ||
	    !go(c, r->url)) {
		call_free(c);
		return NULL;
	}
	LIST_INSERT_HEAD(&h->calls, c, link);
	return c;
}
