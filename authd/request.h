/* SPDX-License-Identifier: ISC */
/*
 * What a stranger asks for: method, path, headers and body of a request become the ask
 * that vault gets, or a refusal that costs vault nothing. EST is RFC 7030 as amended by
 * RFC 8951, Basic is RFC 7617. Allocates nothing.
 *
 *     GET  /.well-known/est/cacerts
 *     GET  /crl
 *     POST /.well-known/est/simpleenroll     Basic; body: PKCS#10 in base64
 *     POST /.well-known/est/simplereenroll   client certificate; body as above
 *     POST /register                         Basic; body: the invite, or nothing
 *     POST /passwd                           Basic; body: the new password
 */
#ifndef AUTHD_REQUEST_H
#define AUTHD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authd/ask.h"
#include "base/addr.h"
#include "base/bytes.h"
#include "base/rc.h"

enum {
	REQUEST_MAX = 8 * 1024, /* of headers and body together */
	REQUEST_BASIC = 512,    /* of NAME:PASSWORD */
	REQUEST_CERT = 4 * 1024 /* of the client's certificate */
};

enum request_method { REQUEST_GET, REQUEST_POST, REQUEST_OTHER };

struct request {
	enum request_method method;
	const char *path;          /* without the query */
	const char *authorization; /* these two: NULL where there is no such header */
	const char *content_type;
	bool has_length; /* Content-Length or chunks say where the body ends */
	size_t size;     /* of the whole request */
	struct bytes cert;
	struct bytes body;
	struct addr source;
};

/* Where decoded parts of a request lie: the caller's, and secret. */
struct request_room {
	uint8_t basic[REQUEST_BASIC + 4];
	char text[REQUEST_MAX];
	uint8_t body[REQUEST_MAX];
};

struct refusal {
	unsigned status;   /* HTTP's: 400, 401, 403, 404, 405, 411, 413, 415 */
	const char *words; /* one line for a person, without LF; lives for ever */
	const char *allow; /* for 405: the method that would do; else NULL */
};

/*
 * Understand a request. RC_OK: *out, whose fields point into r and room; its id is 0.
 * RC_BAD: *no says why. Wipe room with explicit_bzero when out has been used.
 */
enum rc request_get(const struct request *r, struct request_room *room, struct ask *out,
    struct refusal *no) MUST_USE;

#endif
