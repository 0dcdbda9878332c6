/* SPDX-License-Identifier: ISC */
/* libcurl's multi interface on the loop: its sockets, its timer, and what it says. */
#include "io/http_parts.h"

#include <stdlib.h>

/* One of libcurl's sockets. */
struct http_socket {
	struct http *http;
	int fd;
	struct loop_watch *watch;
};

static void
take_messages(struct http *h)
{
	const struct curl_calls *curl = &h->curl;
	CURLMsg *m;
	int left;

	while ((m = curl->multi_info_read(h->multi, &left)) != NULL) {
		struct http_call *c = NULL;
		if (m->msg != CURLMSG_DONE ||
		    curl->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c) != CURLE_OK)
			continue;
		http_call_over(c, m->data.result);
	}
}

/*
 * No call may wait for a socket that is not watched. To tell libcurl would make its whole
 * handle useless, for good and without a word about the calls.
 */
static void
give_up_all(struct http *h)
{
	struct http_call *c;
	size_t n = 0;

	h->deaf = false;
	LIST_FOREACH (c, &h->calls, link)
		n++;
	while (n-- > 0 && (c = LIST_FIRST(&h->calls)) != NULL) {
		c->broken = RC_MEM;
		c->broken_why = "out of memory";
		http_call_over(c, CURLE_OUT_OF_MEMORY);
	}
}

static void
act(struct http *h, curl_socket_t fd, int what)
{
	const struct curl_calls *curl = &h->curl;
	int running;

	(void)curl->multi_socket_action(h->multi, fd, what, &running);
	take_messages(h);
	if (h->deaf)
		give_up_all(h);
}

static void
on_time(void *ctx)
{
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void
on_ready(void *ctx, int what)
{
	const struct http_socket *s = ctx;

	act(s->http, s->fd,
	    ((what & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0) |
	        ((what & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static void
socket_free(struct http_socket *s)
{
	if (s != NULL)
		loop_watch_free(s->watch);
	free(s);
}

static struct http_socket *
socket_new(struct http *h, int fd)
{
	const struct curl_calls *curl = &h->curl;
	struct http_socket *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct http_socket){ .http = h, .fd = fd };
	s->watch = loop_watch_new(h->loop, fd, on_ready, s);
	if (s->watch != NULL && curl->multi_assign(h->multi, fd, s) == CURLM_OK)
		return s;
	socket_free(s);
	return NULL;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
	struct http_socket *s = known;
	int watch = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		socket_free(s);
		return 0;
	}
	if (s == NULL)
		s = socket_new(ctx, fd);
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		watch |= LOOP_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		watch |= LOOP_WRITE;
	if (s == NULL || loop_watch_set(s->watch, watch) != RC_OK)
		((struct http *)ctx)->deaf = true;
	return 0;
}

static int
on_timeout(CURLM *multi, long ms, void *ctx)
{
	struct http *h = ctx;

	(void)multi;
	loop_timer_set(h->timer, ms < 0 ? INT64_MAX : loop_now() + ms);
	return 0;
}

/* The whole. */

struct http *
http_new(struct loop *l)
{
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->loop = l;
	LIST_INIT(&h->calls);
	h->timer = loop_timer_new(l, on_time, h);
	if (h->timer == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

bool
http_load(struct http *h)
{
	const struct curl_calls *curl = &h->curl;

	if (h->multi != NULL)
		return true;
	h->missing = curl_load(&h->curl) != RC_OK;
	if (h->missing)
		return false;
	if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	h->multi = curl->multi_init();
	if (h->multi != NULL &&
	    curl->multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket) ==
	        CURLM_OK &&
	    curl->multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) == CURLM_OK &&
	    curl->multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout) ==
	        CURLM_OK &&
	    curl->multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) == CURLM_OK)
		return true;
	(void)curl->multi_cleanup(h->multi);
	h->multi = NULL;
	curl->global_cleanup();
	return false;
}

void
http_wake(struct http *h)
{
	(void)http_load(h);
}

const char *
http_refusal(const struct http *h)
{
	return h->missing ? "libcurl.so.4 cannot be loaded: install libcurl4"
	                  : "out of memory";
}

void
http_free(struct http *h)
{
	struct http_call *c;

	if (h == NULL)
		return;
	while ((c = LIST_FIRST(&h->calls)) != NULL)
		http_cancel(c);
	if (h->multi != NULL) {
		(void)h->curl.multi_cleanup(h->multi);
		h->curl.global_cleanup();
	}
	loop_timer_free(h->timer);
	free(h);
}
