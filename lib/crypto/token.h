/* SPDX-License-Identifier: ISC */
/*
 * The contents of the session file, ugat-session(5): lines `name: value` (server, pin),
 * then PEM blocks: the private key, the user's certificate, the certificate of the
 * authority that signed it. openssl x509 -in reads it as it is.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypto/cert.h"
#include "crypto/key.h"

enum {
	TOKEN_MAX = 64 * 1024, /* bytes of a session file */
	TOKEN_SERVER = 272,    /* "HOST:PORT" or "[ADDRESS]:PORT" and its NUL */
};

struct token {
	char server[TOKEN_SERVER]; /* who signs; "local": this machine's own authority */
	bool has_pin;
	uint8_t pin[PIN_SIZE]; /* the server's identity */
	EVP_PKEY *key;
	X509 *cert;
	X509 *ca; /* who signed cert, as told at login */
};

/*
 * Read a session file. RC_OK: *out owns what is in it; token_clear. RC_BAD: what it lacks
 * or what is damaged is then in *why ("no private key", "the certificate is damaged"
 * ...), a text that lives for ever. A missing `server` is "local" nowhere: it is empty,
 * and nothing renews it. RC_MEM.
 */
enum rc token_get(struct bytes text, struct token *out, const char **why) MUST_USE;

/* Write one. The buffer then holds a secret: wipe it. RC_BIG, RC_MEM. */
enum rc token_put(const struct token *t, struct buf *out) MUST_USE;

/* Free what it owns, and make it empty. */
void token_clear(struct token *t);

/* Why a session does not count. */
enum token_fault {
	TOKEN_FINE,
	TOKEN_WRONG_KEY, /* the private key does not fit the certificate */
	TOKEN_FOREIGN,   /* not signed by the anchor */
	TOKEN_NAMELESS,  /* no ugat:user:NAME, or not for both sides of TLS */
	TOKEN_FUTURE,    /* not yet valid: a clock is wrong */
	TOKEN_EXPIRED,
	TOKEN_REVOKED,
	TOKEN_UNKNOWN, /* no fault of the session's: memory was lacking */
};

/* What the check found; filled as far as it came. user: "" when it names none. */
struct token_facts {
	char user[USER_TEXT];
	char serial[CERT_SERIAL_TEXT];
	int64_t not_before_s, not_after_s;
	int64_t revoked_s;
	int64_t ca_not_after_s;
};

/*
 * Check t at now_s, offline. anchor: whom to believe (t->ca itself, or the site's rule).
 * crl: the newest list that anchor signed, or NULL; an old list still proves a
 * revocation. The first of the faults, in the order above, that is found.
 */
enum token_fault token_check(const struct token *t, X509 *anchor, X509_CRL *crl,
    int64_t now_s, struct token_facts *facts) MUST_USE;

/*
 * The same for a certificate alone, whose key somebody else has proven: ours above, or
 * that of another user (crypto/trust).
 */
enum token_fault token_check_cert(X509 *cert, X509 *anchor, X509_CRL *crl, int64_t now_s,
    struct token_facts *facts) MUST_USE;

#endif
