/* SPDX-License-Identifier: ISC */
#include "authd/request.h"

#include <string.h>
#include <strings.h>

#include "crypto/base64.h"

enum needs {
	NEEDS_NOTHING,
	NEEDS_PASSWORD = 1,
	NEEDS_CERT = 2,
	NEEDS_PKCS10 = 4,
	NEEDS_BODY = 8,
};

static const struct route {
	const char *path;
	enum request_method method;
	enum ask_kind kind;
	unsigned needs;
} routes[] = {
	{ "/.well-known/est/cacerts", REQUEST_GET, ASK_CACERTS, NEEDS_NOTHING },
	{ "/.well-known/est/simpleenroll", REQUEST_POST, ASK_ENROLL,
	    NEEDS_PASSWORD | NEEDS_PKCS10 | NEEDS_BODY },
	{ "/.well-known/est/simplereenroll", REQUEST_POST, ASK_REENROLL,
	    NEEDS_CERT | NEEDS_PKCS10 | NEEDS_BODY },
	{ "/register", REQUEST_POST, ASK_REGISTER, NEEDS_PASSWORD },
	{ "/passwd", REQUEST_POST, ASK_PASSWD, NEEDS_PASSWORD | NEEDS_BODY },
	{ "/crl", REQUEST_GET, ASK_CRL, NEEDS_NOTHING },
};

static enum rc
refuse(struct refusal *no, unsigned status, const char *words)
{
	*no = (struct refusal){ .status = status, .words = words };
	return RC_BAD;
}

static const struct route *
find_route(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(path, routes[i].path) == 0)
			return &routes[i];
	return NULL;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "Basic", blanks, base64 of NAME:PASSWORD; the name ends at the first colon. */
static enum rc
get_basic(
    const char *header, struct request_room *room, struct ask *a, struct refusal *no)
{
	static const char scheme[] = "Basic ";
	struct bytes text, both;
	const uint8_t *colon;
	size_t n = 0;

	if (header == NULL || strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return refuse(no, 401, "a user's name and password are needed");
	text = bytes_str(header + sizeof(scheme) - 1);
	while (text.n > 0 && *text.p == ' ')
		text = bytes_from(text, 1);
	if (text.n / 4 * 3 > sizeof(room->basic) ||
	    base64_get(text, room->basic, &n) != RC_OK || n > REQUEST_BASIC)
		return refuse(no, 400, "Authorization: not base64, or too long");
	both = bytes_of(room->basic, n);
	colon = n == 0 ? NULL : memchr(room->basic, ':', n);
	if (colon == NULL)
		return refuse(no, 400, "Authorization: no colon behind the name");
	a->user = bytes_of(both.p, (size_t)(colon - both.p));
	a->password = bytes_from(both, a->user.n + 1);
	return RC_OK;
}

/* Whether a media type is type, whatever its parameters. */
static bool
is_type(const char *header, const char *type)
{
	size_t n = strlen(type);

	return header != NULL && strncasecmp(header, type, n) == 0 &&
	    (header[n] == '\0' || header[n] == ';' || is_blank((uint8_t)header[n]));
}

/* Base64, in lines or not. */
static enum rc
get_pkcs10(
    const struct request *r, struct request_room *room, struct ask *a, struct refusal *no)
{
	size_t n = 0, size = 0;

	if (!is_type(r->content_type, "application/pkcs10"))
		return refuse(no, 415, "Content-Type: application/pkcs10 is needed");
	for (size_t i = 0; i < r->body.n; i++)
		if (!is_blank(r->body.p[i]))
			room->text[n++] = (char)r->body.p[i];
	if (n == 0 || base64_get(bytes_of(room->text, n), room->body, &size) != RC_OK)
		return refuse(no, 400, "the body is not PKCS#10 in base64");
	a->body = bytes_of(room->body, size);
	return RC_OK;
}

/* An invite may come out of a file, with the end of its line. */
static struct bytes
trim(struct bytes text)
{
	while (text.n > 0 && is_blank(text.p[text.n - 1]))
		text.n--;
	return text;
}

static enum rc
check_size(const struct request *r, const struct route *route, struct refusal *no)
{
	if (r->size > REQUEST_MAX || r->body.n > REQUEST_MAX)
		return refuse(no, 413, "a request has at most 8 KiB");
	if ((route->needs & NEEDS_BODY) != 0 && !r->has_length)
		return refuse(no, 411, "Content-Length is needed");
	if (r->cert.n > REQUEST_CERT)
		return refuse(no, 403, "the client's certificate is too long");
	return RC_OK;
}

enum rc
request_get(const struct request *r, struct request_room *room, struct ask *out,
    struct refusal *no)
{
	const struct route *route = find_route(r->path);
	struct ask a = { .source = r->source };
	enum rc rc;

	if (route == NULL)
		return refuse(no, 404, "there is no such thing here");
	if (r->method != route->method) {
		(void)refuse(no, 405, "this cannot be asked for in this way");
		no->allow = route->method == REQUEST_GET ? "GET" : "POST";
		return RC_BAD;
	}
	rc = check_size(r, route, no);
	if (rc != RC_OK)
		return rc;
	a.kind = route->kind;
	if (route->kind == ASK_REGISTER)
		a.body = trim(r->body);
	else if (route->method == REQUEST_POST)
		a.body = r->body;
	if ((route->needs & NEEDS_CERT) != 0) {
		if (r->cert.n == 0)
			return refuse(
			    no, 403, "the present certificate is needed in TLS");
		a.cert = r->cert;
	}
	if ((route->needs & NEEDS_PASSWORD) != 0)
		rc = get_basic(r->authorization, room, &a, no);
	if (rc == RC_OK && (route->needs & NEEDS_PKCS10) != 0)
		rc = get_pkcs10(r, room, &a, no);
	if (rc == RC_OK)
		*out = a;
	return rc;
}
