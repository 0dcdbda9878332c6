/* SPDX-License-Identifier: ISC */
/*
 * HTTPS requests to one server, one at a time, waiting for each (libcurl over OpenSSL).
 * TLS 1.3 and HTTP/1.1 alone; the server's identity is judged inside the handshake, so
 * that nothing of a request leaves before; a user's certificate (crypto/cert) is never a
 * server's. Redirects are not followed. Proxies are those of the environment. Whether to
 * try again is the caller's to decide.
 */
#ifndef IO_HTTPS_H
#define IO_HTTPS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypto/key.h"

enum { HTTPS_WORDS = 256, HTTPS_HEAD_MAX = 64 * 1024 };

enum https_trust {
	HTTPS_NOBODY, /* only learn who answers: every request ends with HTTPS_STRANGER */
	HTTPS_PIN,    /* whoever has this key, whatever else the certificate says */
	HTTPS_CA,     /* chain to this certificate, dates and host name */
};

/* Whom to ask, and whom to believe. All of it outlives the struct https. */
struct https_peer {
	const char *host; /* a name or an address, IPv6 without brackets */
	uint16_t port;
	bool direct; /* never through a proxy */
	enum https_trust trust;
	uint8_t pin[PIN_SIZE];
	X509 *ca;
	X509 *cert; /* what we show of ourselves; NULL: nothing */
	EVP_PKEY *key;
};

/* How a request ended. */
enum https_fate {
	HTTPS_DONE,     /* there is an answer, whatever its status */
	HTTPS_STRANGER, /* another identity than the one to believe */
	HTTPS_USER,     /* a user's certificate where a server's should be */
	HTTPS_REFUSED,  /* the chain, the dates or the name: words */
	HTTPS_UNKNOWN,  /* no such host */
	HTTPS_SILENT,   /* nothing answers there, or not in time: words */
	HTTPS_CLOSED,   /* it hung up before the answer: it may be full; words */
	HTTPS_FOREIGN,  /* no TLS 1.3, no HTTP, or a cut answer: words */
	HTTPS_LARGE,    /* the answer is larger than asked for */
	HTTPS_MEM,
};

struct https_request {
	const char *path;     /* "/crl" */
	bool post;            /* POST; else GET */
	const char *type;     /* the body's Content-Type */
	bool base64;          /* say that the body is base64 (RFC 7030) */
	struct bytes body;    /* of a POST */
	const char *user;     /* HTTP Basic; NULL: none */
	const char *password; /* with user */
	int64_t wait_ms;      /* for all of it; more than 0 */
};

struct https_answer {
	int status;      /* HTTP's */
	int64_t date_s;  /* the server's clock, Unix seconds; 0: it did not say */
	int64_t retry_s; /* Retry-After in seconds; 0: it did not say */
	bool twice;      /* it may have been sent twice: the old connection had gone */
	struct buf body; /* the caller's; its maximum is the limit of an answer */
	char words[HTTPS_WORDS]; /* why there is none; printable */
};

struct https;

/* Nothing is sent yet. All memory that libcurl frees is wiped. NULL: out of memory. */
struct https *https_new(const struct https_peer *peer);
void https_free(struct https *h); /* NULL is allowed */

/*
 * Send r and wait for the answer; the connection is used again for the next one. What was
 * in a->body is dropped.
 */
enum https_fate https_ask(
    struct https *h, const struct https_request *r, struct https_answer *a) MUST_USE;

/* The identity that the server showed last. RC_NONE: it has not come to that yet. */
enum rc https_pin(const struct https *h, uint8_t pin[static PIN_SIZE]) MUST_USE;

#endif
