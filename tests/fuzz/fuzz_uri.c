/* SPDX-License-Identifier: ISC */
/*
 * codec/uri and what is made of URLs: any text as a tracker's URL, as a name of a server,
 * and behind "magnet:" as a torrent, which is refused by that name.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/httptrk.h"
#include "codec/uri.h"
#include "core/metainfo.h"
#include "run/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SHOWN = 512, AGAIN = 8192 };

static void
insist(int truth)
{
	if (!truth)
		abort();
}

static bool
lies_in(struct bytes part, struct bytes whole)
{
	return part.n == 0 ||
	    (part.p >= whole.p && part.n <= whole.n &&
	        (size_t)(part.p - whole.p) <= whole.n - part.n);
}

/* What was taken apart and is put together again comes apart in the same way. */
static void
read_again(const struct uri *u)
{
	static const char *const scheme[] = { "udp", "http", "https" };
	bool v6 = strchr(u->host, ':') != NULL;
	char text[AGAIN], port[8] = "";
	struct uri again;
	int n;

	if (u->port != 0)
		(void)snprintf(port, sizeof(port), ":%u", u->port);
	n = snprintf(text, sizeof(text), "%s://%.*s%s%s%s%s%s%.*s", scheme[u->scheme],
	    (int)u->user.n, (const char *)u->user.p, u->user.p != NULL ? "@" : "",
	    v6 ? "[" : "", u->host, v6 ? "]" : "", port, (int)u->target.n,
	    (const char *)u->target.p);
	if (n >= AGAIN)
		return;
	insist(uri_get(bytes_str(text), &again) == RC_OK);
	insist(again.scheme == u->scheme && again.port == u->port);
	insist(strcmp(again.host, u->host) == 0);
	insist(bytes_eq(again.user, u->user) && bytes_eq(again.target, u->target));
}

static void
read_url(struct bytes text)
{
	struct uri u;
	enum rc rc = uri_get(text, &u);

	insist(rc == RC_OK || rc == RC_NONE || rc == RC_BAD);
	if (rc != RC_OK)
		return;
	insist(lies_in(u.user, text) && lies_in(u.target, text));
	insist(memchr(u.host, '\0', sizeof(u.host)) != NULL && u.host[0] != '\0');
	insist(u.port != 0 || u.scheme == URI_UDP);
	insist(u.target.n == 0 || u.target.p[0] == '/' || u.target.p[0] == '?');
	insist(memchr(u.target.p == NULL ? (const void *)"" : u.target.p, '#',
	           u.target.n) == NULL);
	read_again(&u);
}

/* However small the room: an end, nothing that a terminal must not get, no user. */
static void
show(struct bytes text, size_t size)
{
	char out[SHOWN], *at;
	struct bytes shown;
	struct uri u;
	size_t n = uri_masked(text, out, size);

	insist(n < size && strlen(out) == n);
	shown = bytes_of(out, n);
	for (uint32_t code; shown.n > 0;) {
		size_t step = text_utf8(shown, &code);

		insist(step > 0 && !text_is_control(code));
		shown = bytes_from(shown, step);
	}
	if (uri_get(text, &u) != RC_OK || u.user.n == 0 || n + 1 == size)
		return;
	at = strstr(out, "://");
	insist(at != NULL && strncmp(at + 3, "***@", 4) == 0);
}

/* A query goes behind the URL: what stood there stays, but for a fragment. */
static void
ask(struct bytes text)
{
	struct httptrk_announce a = { .url = text, .tracker_id = text, .port = 1 };
	const uint8_t *hash = text.n == 0 ? NULL : memchr(text.p, '#', text.n);
	size_t keep = hash == NULL ? text.n : (size_t)(hash - text.p);
	char out[HTTPTRK_URL_SIZE];

	if (httptrk_put_announce(&a, out) == RC_OK) {
		insist(memchr(out, '\0', sizeof(out)) != NULL);
		insist(keep == 0 || memcmp(out, text.p, keep) == 0);
	}
	if (httptrk_put_scrape(text, a.btih, out) == RC_OK)
		insist(memchr(out, '\0', sizeof(out)) != NULL);
}

static void
name_server(struct bytes text)
{
	struct server s;
	char user[USER_TEXT];

	if (server_get(text, &s) == RC_OK)
		insist(s.port != 0 && s.host[0] != '\0' &&
		    memchr(s.host, '\0', sizeof(s.host)) != NULL);
	if (server_get_user(text, 1, user, &s) == RC_OK)
		insist(memchr(user, '\0', sizeof(user)) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[METAINFO_KEY] = "not quite random";
	struct bytes text = bytes_of(p, n);

	read_url(text);
	show(text, SHOWN);
	show(text, n % SHOWN + 1);
	ask(text);
	name_server(text);
	if (bytes_starts(text, "magnet:")) {
		struct metainfo m;

		insist(metainfo_read(&m, text, key) == RC_BAD);
		insist(strstr(m.why, "magnet") != NULL);
		metainfo_clear(&m);
	}
	return 0;
}
