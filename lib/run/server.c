/* SPDX-License-Identifier: ISC */
#include "run/server.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"

static size_t
find_byte(struct bytes in, uint8_t byte)
{
	const uint8_t *at = in.n == 0 ? NULL : memchr(in.p, byte, in.n);

	return at == NULL ? in.n : (size_t)(at - in.p);
}

/* A name of DNS, or a dotted quad: no other byte may ever come into a URL. */
static enum rc
get_name(struct bytes text, char out[static SERVER_HOST])
{
	if (text.n == 0 || text.n >= SERVER_HOST || text.p[0] == '-' || text.p[0] == '.')
		return RC_BAD;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c | 0x20);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
		        c == '.' || c == '_'))
			return RC_BAD;
		out[i] = (char)c;
	}
	out[text.n] = '\0';
	return RC_OK;
}

static enum rc
get_ip6(struct bytes text, char out[static SERVER_HOST])
{
	char shown[ADDR_TEXT];
	struct addr a;

	if (find_byte(text, ':') == text.n || addr_parse(text, &a) != RC_OK)
		return RC_BAD;
	addr_text(&a, shown);
	(void)snprintf(out, SERVER_HOST, "%s", shown);
	return RC_OK;
}

static enum rc
get_port(struct bytes text, uint16_t *out)
{
	uint64_t v;

	if (text_u64(text, UINT16_MAX, &v) != RC_OK || v == 0)
		return RC_BAD;
	*out = (uint16_t)v;
	return RC_OK;
}

/* port: where none is said. */
static enum rc
get_at(struct bytes text, uint16_t port, struct server *out)
{
	struct server s = { .port = port };
	size_t colon = find_byte(text, ':');
	struct bytes rest;
	enum rc rc;

	if (text.n > 0 && text.p[0] == '[') {
		size_t end = find_byte(text, ']');

		if (end == text.n)
			return RC_BAD;
		rc = get_ip6(bytes_of(text.p + 1, end - 1), s.host);
		rest = bytes_from(text, end + 1);
		if (rc == RC_OK && rest.n > 0)
			rc = rest.p[0] == ':' ? get_port(bytes_from(rest, 1), &s.port)
			                      : RC_BAD;
	} else if (colon + 1 < text.n &&
	    memchr(text.p + colon + 1, ':', text.n - colon - 1)) {
		rc = get_ip6(text, s.host);
	} else {
		rc = get_name(bytes_of(text.p, colon), s.host);
		if (rc == RC_OK && colon < text.n)
			rc = get_port(bytes_from(text, colon + 1), &s.port);
	}
	if (rc == RC_OK)
		*out = s;
	return rc;
}

enum rc
server_get(struct bytes text, struct server *out)
{
	return get_at(text, SERVER_PORT, out);
}

enum rc
server_get_user(
    struct bytes text, uint16_t port, char user[static USER_TEXT], struct server *out)
{
	size_t at = find_byte(text, '@');
	struct bytes name = bytes_of(text.p, at);

	user[0] = '\0';
	if (at == text.n)
		return get_at(text, port, out);
	if (!user_is_name(name) || get_at(bytes_from(text, at + 1), port, out) != RC_OK)
		return RC_BAD;
	memcpy(user, name.p, name.n);
	user[name.n] = '\0';
	return RC_OK;
}

void
server_text(const struct server *s, char out[static TOKEN_SERVER])
{
	bool ip6 = strchr(s->host, ':') != NULL;

	(void)snprintf(
	    out, TOKEN_SERVER, ip6 ? "[%s]:%u" : "%s:%u", s->host, (unsigned)s->port);
}

bool
server_eq(const struct server *a, const struct server *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool
server_is_loopback(const struct server *s)
{
	struct addr a;

	return strcmp(s->host, "localhost") == 0 ||
	    (addr_parse(bytes_str(s->host), &a) == RC_OK && addr_is_loopback(&a));
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; empty at its end, and where a comment begins. */
static struct bytes
word(struct bytes *line)
{
	size_t from = 0, to;

	while (from < line->n && is_blank(line->p[from]))
		from++;
	for (to = from; to < line->n && !is_blank(line->p[to]); to++)
		if (line->p[to] == '#' && to == from)
			break;
	if (from == to)
		return bytes_of(NULL, 0);
	line->p += to;
	line->n -= to;
	return bytes_of(line->p - (to - from), to - from);
}

static struct bytes
next_line(struct bytes *text)
{
	size_t n = find_byte(*text, '\n');
	struct bytes line = bytes_of(text->p, n);

	*text = bytes_from(*text, n + 1);
	return line;
}

/* RC_NONE: an empty line, or a comment. */
static enum rc
get_line(struct bytes line, struct server_line *out)
{
	struct bytes name = word(&line);

	if (name.n == 0)
		return RC_NONE;
	if (server_get(name, &out->server) != RC_OK)
		return RC_BAD;
	out->identity = word(&line);
	return word(&line).n == 0 ? RC_OK : RC_BAD;
}

enum rc
server_find(struct bytes text, const struct server *want, struct server_line *out)
{
	struct server_line found = { .number = 0 };

	while (text.n > 0) {
		enum rc rc = get_line(next_line(&text), &found);

		found.number++;
		out->number = found.number;
		if (rc == RC_BAD)
			return RC_BAD;
		if (rc == RC_OK && (want == NULL || server_eq(want, &found.server))) {
			*out = found;
			return RC_OK;
		}
	}
	return RC_NONE;
}

enum rc
server_put(
    struct bytes text, const struct server *s, const char *identity, struct buf *out)
{
	char name[TOKEN_SERVER];
	enum rc rc = RC_OK;

	while (rc == RC_OK && text.n > 0) {
		struct bytes line = next_line(&text);
		struct server_line old;

		if (get_line(line, &old) == RC_OK && server_eq(&old.server, s))
			continue;
		rc = buf_printf(
		    out, "%.*s\n", (int)line.n, line.n == 0 ? "" : (const char *)line.p);
	}
	server_text(s, name);
	return rc != RC_OK ? rc : buf_printf(out, "%s %s\n", name, identity);
}
