/* SPDX-License-Identifier: ISC */
/*
 * X.509 certificates (RFC 5280): the three kinds that ugat makes, what it reads from
 * them, and requests for them (PKCS#10, RFC 2986). Certificates are libcrypto's own X509;
 * X509_free frees them. Times are Unix seconds.
 */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "base/user.h"

enum {
	CERT_SERIAL_SIZE = 16, /* of those that we draw */
	CERT_SERIAL_MAX = 20,  /* of all that count (RFC 5280, 4.1.2.2) */
	CERT_SERIAL_TEXT = 2 * CERT_SERIAL_MAX + 1, /* lower-case hex and its NUL */
	CERT_USER_S = 12 * 60 * 60,                 /* how long a user's lives */
	CERT_CA_S = 10 * 365 * 24 * 60 * 60,
	CERT_SLACK_S = 5 * 60, /* notBefore lies so far back, for clocks that differ */
};

/*
 * A certificate authority for users, self-signed: CA:TRUE, pathlen 0, keyCertSign and
 * cRLSign, subject CN=name, CERT_CA_S long. NULL: out of memory.
 */
X509 *cert_new_ca(EVP_PKEY *key, const char *name, int64_t now_s);

/*
 * A server's identity, self-signed, for TLS with a pinned key: CA:FALSE, serverAuth
 * alone, subject CN=name (its first 64 bytes), SAN DNS:name, or IP:name where that is an
 * address, CERT_CA_S long. NULL: out of memory, or an empty name.
 */
X509 *cert_new_identity(EVP_PKEY *key, const char *name, int64_t now_s);

/* What a user's certificate shall say. */
struct cert_order {
	char user[USER_TEXT];
	uint8_t serial[CERT_SERIAL_SIZE]; /* random; the first bit must be 0, not all 0 */
	int64_t now_s;
	int64_t life_s;
};

/*
 * Sign a user's certificate for public: CN=user:NAME, SAN URI:ugat:user:NAME and DNS:*,
 * clientAuth and serverAuth, digitalSignature, CA:FALSE, key identifiers; notBefore is
 * CERT_SLACK_S before now, notAfter now + life_s (never past the CA's own). NULL: out of
 * memory, or public is not sound (crypto/key).
 */
X509 *cert_issue(
    const struct cert_order *order, EVP_PKEY *public, X509 *ca, EVP_PKEY *ca_key);

/* A random serial as struct cert_order wants it. RC_SYS: no random numbers. */
enum rc cert_draw_serial(uint8_t serial[static CERT_SERIAL_SIZE]) MUST_USE;

/*
 * The name in the one URI of the form ugat:user:NAME of a certificate's SAN, and from
 * nowhere else. RC_NONE: there is none; RC_BAD: two, or not a user's name.
 */
enum rc cert_user(const X509 *cert, char user[static USER_TEXT]) MUST_USE;

/* RC_BAD: no dates that a clock can show. */
enum rc cert_dates(
    const X509 *cert, int64_t *not_before_s, int64_t *not_after_s) MUST_USE;

/*
 * Lower-case hex without leading zero bytes; "00" for 0. RC_BIG: more than
 * CERT_SERIAL_MAX bytes, or negative.
 */
enum rc cert_serial(const X509 *cert, char out[static CERT_SERIAL_TEXT]) MUST_USE;

/* Whether key is the certificate's own. RC_BAD: it is not. RC_MEM: who knows. */
enum rc cert_fits(const X509 *cert, const EVP_PKEY *key) MUST_USE;

/*
 * Whether the certificate may sign others: CA:TRUE, and keyCertSign unless it is without
 * any keyUsage (RFC 5280, 4.2.1.3).
 */
bool cert_is_ca(const X509 *cert);

/*
 * Whether ca signed cert directly: issuer, key identifiers, signature (with more than
 * SHA-1), ca is a CA, cert is none, no critical extension unknown, ca's name constraints.
 * Dates and purposes are not looked at.
 */
bool cert_is_signed_by(const X509 *cert, const X509 *ca);

/*
 * Whether cert may be used on both sides of TLS: clientAuth and serverAuth, and
 * digitalSignature, where it limits its uses at all.
 */
bool cert_is_for_peers(const X509 *cert);

/*
 * The n-th (from 0) certificate among the PEM blocks of text. RC_OK: *out is the
 * caller's. RC_NONE: there are not so many; RC_BAD: it is damaged.
 */
enum rc cert_get_pem(struct bytes text, unsigned n, X509 **out) MUST_USE;
enum rc cert_put_pem(const X509 *cert, struct buf *out) MUST_USE;

/* One whole DER certificate, nothing behind it. RC_BAD. *out is the caller's. */
enum rc cert_get_der(struct bytes der, X509 **out) MUST_USE;
enum rc cert_put_der(const X509 *cert, struct buf *out) MUST_USE;

/*
 * A PKCS#10 request in DER, signed by key: subject CN=user:NAME, requested SAN
 * URI:ugat:user:NAME. RC_BAD: not a user's name; RC_BIG, RC_MEM.
 */
enum rc csr_put(const EVP_PKEY *key, const char *user, struct buf *out) MUST_USE;

/*
 * The public key of a PKCS#10 request in DER; nothing else in it counts. RC_OK: its
 * signature is right and the key is sound (crypto/key); *out is the caller's. RC_BAD:
 * malformed, something behind it, or a signature that does not fit. RC_BIG: a key that is
 * not sound (too long, too short, of another kind, explicit parameters).
 */
enum rc csr_get(struct bytes der, EVP_PKEY **out) MUST_USE;

/*
 * A "certs-only" CMS message (RFC 5652, RFC 7030 4.1.3) in DER.
 * certs_get: at most max certificates, *n came out, each the caller's; RC_BAD: malformed
 * or empty, RC_BIG: more than max (nothing came out).
 */
enum rc certs_put(X509 *const *certs, unsigned n, struct buf *out) MUST_USE;
enum rc certs_get(struct bytes der, X509 **out, unsigned max, unsigned *n) MUST_USE;

#endif
