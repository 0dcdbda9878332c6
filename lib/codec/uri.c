/* SPDX-License-Identifier: ISC */
#include "codec/uri.h"

#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/text.h"

enum {
	LONG_PART = 16,  /* a component of the path from this length on is a secret, */
	MIXED_PART = 8,  /* from this one if it holds a digit */
	MASK_ROOM = 8192 /* a masked URL before it is made printable */
};

static const struct {
	const char *name;
	enum uri_scheme scheme;
	uint16_t port;
} schemes[] = {
	{ "udp", URI_UDP, 0 },
	{ "http", URI_HTTP, 80 },
	{ "https", URI_HTTPS, 443 },
};

/* The first of the bytes in set; text.n when there is none. */
static size_t
find_any(struct bytes text, const char *set)
{
	size_t i = 0;

	while (i < text.n && (text.p[i] == '\0' || strchr(set, text.p[i]) == NULL))
		i++;
	return i;
}

static bool
is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
			return false;
	return true;
}

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_host_name(struct bytes host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!is_alnum(host.p[i]) && strchr("-._", host.p[i]) == NULL)
			return false;
	return host.n > 0 && host.n < URI_HOST_SIZE;
}

/* Split "host", "host:port", "[v6]" or "[v6]:port". */
static enum rc
get_host(struct bytes text, struct uri *out)
{
	struct bytes host = text, port;
	struct addr a;
	uint64_t v;
	size_t end;

	if (text.n > 0 && text.p[0] == '[') {
		end = find_any(text, "]");
		if (end == text.n)
			return RC_BAD;
		host = bytes_of(text.p + 1, end - 1);
		port = bytes_from(text, end + 1);
		if (addr_parse(host, &a) != RC_OK || memchr(host.p, ':', host.n) == NULL)
			return RC_BAD;
	} else {
		host.n = find_any(text, ":");
		port = bytes_from(text, host.n);
		if (!is_host_name(host))
			return RC_BAD;
	}
	memcpy(out->host, host.p, host.n);
	out->host[host.n] = '\0';
	if (port.n == 0)
		return RC_OK;
	if (port.p[0] != ':' || text_u64(bytes_from(port, 1), UINT16_MAX, &v) != RC_OK ||
	    v == 0)
		return RC_BAD;
	out->port = (uint16_t)v;
	return RC_OK;
}

/* The number of the scheme in the table. RC_NONE: another; RC_BAD: none at all. */
static enum rc
get_scheme(struct bytes text, size_t *which)
{
	size_t end = find_any(text, ":/?#");

	if (end == 0 || end == text.n || text.p[end] != ':')
		return RC_BAD;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strlen(schemes[i].name) == end &&
		    strncasecmp((const char *)text.p, schemes[i].name, end) == 0) {
			*which = i;
			return RC_OK;
		}
	return RC_NONE;
}

enum rc
uri_get(struct bytes text, struct uri *out)
{
	struct bytes rest, authority;
	size_t which = 0, at;
	enum rc rc;

	if (!is_plain(text))
		return RC_BAD;
	rc = get_scheme(text, &which);
	if (rc != RC_OK)
		return rc;
	rest = bytes_from(text, strlen(schemes[which].name));
	if (!bytes_starts(rest, "://"))
		return RC_BAD;
	*out =
	    (struct uri){ .scheme = schemes[which].scheme, .port = schemes[which].port };
	rest = bytes_from(rest, 3);
	authority = bytes_of(rest.p, find_any(rest, "/?#"));
	rest = bytes_from(rest, authority.n);
	out->target = bytes_of(rest.p, find_any(rest, "#"));
	at = find_any(authority, "@");
	if (at < authority.n) {
		out->user = bytes_of(authority.p, at);
		authority = bytes_from(authority, at + 1);
	}
	return get_host(authority, out);
}

/* Bytes being put together that are cut, not refused, when they do not fit. */
struct cutter {
	uint8_t *p;
	size_t n, cap;
};

static void
cut_add(struct cutter *c, struct bytes more)
{
	size_t n = more.n < c->cap - c->n ? more.n : c->cap - c->n;

	if (n > 0)
		memcpy(c->p + c->n, more.p, n);
	c->n += n;
}

static bool
is_secret(struct bytes part)
{
	bool digit = false;

	for (size_t i = 0; i < part.n; i++)
		digit |= part.p[i] >= '0' && part.p[i] <= '9';
	return part.n >= LONG_PART || (part.n >= MIXED_PART && digit);
}

/* Copy text up to and with its first byte of set, masked when it says so. */
static struct bytes
mask_part(struct cutter *c, struct bytes text, const char *set, bool mask)
{
	struct bytes part = bytes_of(text.p, find_any(text, set));

	cut_add(c, mask && part.n > 0 ? bytes_str("***") : part);
	text = bytes_from(text, part.n);
	cut_add(c, bytes_of(text.p, text.n > 0 ? 1 : 0));
	return bytes_from(text, 1);
}

static void
mask_path(struct cutter *c, struct bytes path)
{
	while (path.n > 0)
		path = mask_part(
		    c, path, "/", is_secret(bytes_of(path.p, find_any(path, "/"))));
}

/* A value without a key is a value. */
static void
mask_query(struct cutter *c, struct bytes query)
{
	while (query.n > 0) {
		struct bytes pair = bytes_of(query.p, find_any(query, "&;"));

		if (find_any(pair, "=") < pair.n)
			query = mask_part(c, query, "=", false);
		query = mask_part(c, query, "&;", true);
	}
}

size_t
uri_masked(struct bytes text, char *out, size_t size)
{
	uint8_t room[MASK_ROOM];
	struct cutter c = { .p = room, .cap = sizeof(room) };
	struct bytes rest = text, authority, path;
	size_t at = find_any(text, ":");

	if (text.n >= at + 3 && memcmp(text.p + at, "://", 3) == 0) {
		cut_add(&c, bytes_of(text.p, at + 3));
		rest = bytes_from(text, at + 3);
		authority = bytes_of(rest.p, find_any(rest, "/?#"));
		rest = bytes_from(rest, authority.n);
		while (find_any(authority, "@") < authority.n)
			authority = mask_part(&c, authority, "@", true);
		cut_add(&c, authority);
	}
	path = bytes_of(rest.p, find_any(rest, "?"));
	mask_path(&c, path);
	rest = bytes_from(rest, path.n);
	if (rest.n > 0) {
		cut_add(&c, bytes_str("?"));
		mask_query(&c, bytes_from(rest, 1));
	}
	return text_printable(bytes_of(room, c.n), out, size);
}
