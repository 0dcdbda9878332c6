/* SPDX-License-Identifier: ISC */
/* codec/httptrk: the URLs of requests. */
#include <string.h>

#include "codec/httptrk.h"

enum { DECIMAL_MAX = 20 };

/* A text that remembers when it did not fit. */
struct text {
	char *p;
	size_t n;
	bool full;
};

static void
add(struct text *t, struct bytes more)
{
	if (more.n >= HTTPTRK_URL_SIZE - t->n) {
		t->full = true;
		return;
	}
	if (more.n > 0)
		memcpy(t->p + t->n, more.p, more.n);
	t->n += more.n;
}

static void
add_str(struct text *t, const char *more)
{
	add(t, bytes_str(more));
}

/* Percent-encoded but for RFC 3986's unreserved characters. */
static void
add_encoded(struct text *t, struct bytes more)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < more.n; i++) {
		uint8_t c = more.p[i];
		uint8_t code[3] = { '%', (uint8_t)digits[c >> 4],
			(uint8_t)digits[c & 15] };
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || (c != 0 && strchr("-._~", c) != NULL);

		add(t, plain ? bytes_of(&c, 1) : bytes_of(code, sizeof(code)));
	}
}

static void
add_number(struct text *t, const char *name, uint64_t v)
{
	char digits[DECIMAL_MAX];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	add_str(t, name);
	add(t, bytes_of(digits + at, sizeof(digits) - at));
}

static size_t
find(struct bytes in, uint8_t c)
{
	const uint8_t *p = in.n == 0 ? NULL : memchr(in.p, c, in.n);

	return p == NULL ? in.n : (size_t)(p - in.p);
}

/* The URL up to its query, then "?", the query it has, and what joins ours to that. */
static void
add_base(struct text *t, struct bytes url)
{
	struct bytes path, query;

	url.n = find(url, '#');
	path = bytes_of(url.p, find(url, '?'));
	query = bytes_from(url, path.n + 1);
	add(t, path);
	add_str(t, "?");
	add(t, query);
	if (query.n > 0 && query.p[query.n - 1] != '&')
		add_str(t, "&");
}

static enum rc
finish(struct text *t)
{
	t->p[t->full ? 0 : t->n] = '\0';
	return t->full ? RC_BIG : RC_OK;
}

static const char *
event_word(enum udptrk_event event)
{
	switch (event) {
	case UDPTRK_STARTED: return "&event=started";
	case UDPTRK_COMPLETED: return "&event=completed";
	case UDPTRK_STOPPED: return "&event=stopped";
	case UDPTRK_NONE: break;
	}
	return "";
}

enum rc
httptrk_put_announce(const struct httptrk_announce *a, char out[static HTTPTRK_URL_SIZE])
{
	struct text t = { .p = out };
	uint8_t key[4];

	put_be(key, 4, a->key);
	add_base(&t, a->url);
	add_str(&t, "info_hash=");
	add_encoded(&t, bytes_of(a->btih, sizeof(a->btih)));
	add_str(&t, "&peer_id=");
	add_encoded(&t, bytes_of(a->id, sizeof(a->id)));
	add_number(&t, "&port=", a->port);
	add_number(&t, "&uploaded=", a->uploaded);
	add_number(&t, "&downloaded=", a->downloaded);
	add_number(&t, "&left=", a->left);
	add_str(&t, "&compact=1&no_peer_id=1");
	add_number(&t, "&numwant=", a->want);
	add_number(&t, "&key=", a->key);
	add_str(&t, event_word(a->event));
	if (a->tracker_id.n > 0) {
		add_str(&t, "&trackerid=");
		add_encoded(&t, a->tracker_id);
	}
	return finish(&t);
}

enum rc
httptrk_put_scrape(
    struct bytes url, const uint8_t btih[static 20], char out[static HTTPTRK_URL_SIZE])
{
	static const char word[] = "announce";
	struct text t = { .p = out };
	size_t at;

	url.n = find(url, '#');
	at = url.n;
	while (at > 0 && url.p[at - 1] != '/')
		at--;
	if (!bytes_starts(bytes_from(url, at), word))
		return RC_NONE;
	add(&t, bytes_of(url.p, at));
	add_str(&t, "scrape");
	add_base(&t, bytes_from(url, at + strlen(word)));
	add_str(&t, "info_hash=");
	add_encoded(&t, bytes_of(btih, 20));
	return finish(&t);
}
