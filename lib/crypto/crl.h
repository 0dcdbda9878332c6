/* SPDX-License-Identifier: ISC */
/* The list of revoked certificates (X.509 CRL v2, RFC 5280 section 5), DER. */
#ifndef CRYPTO_CRL_H
#define CRYPTO_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"

enum { CRL_LIFE_S = 15 * 60, CRL_MAX = 4 * 1024 * 1024 };

struct crl_entry {
	struct bytes serial; /* big-endian, as in the certificate */
	int64_t when_s;
};

/*
 * Sign a list that is good from now_s for CRL_LIFE_S; number is its CRL number, higher
 * than that of every earlier one. RC_BIG, RC_MEM.
 */
enum rc crl_put(const struct crl_entry *list, size_t n, uint64_t number, int64_t now_s,
    X509 *ca, EVP_PKEY *ca_key, struct buf *out) MUST_USE;

/*
 * Read a list and check that ca signed it. RC_OK: *out is the caller's, X509_CRL_free
 * frees it. RC_BAD: malformed, or signed by another.
 */
enum rc crl_get(struct bytes der, X509 *ca, X509_CRL **out) MUST_USE;

/* When it was made, and until when it is fresh. RC_BAD: no such dates. */
enum rc crl_dates(const X509_CRL *crl, int64_t *this_s, int64_t *next_s) MUST_USE;

/* Whether cert stands in it; *when_s is then since when. An old list still counts. */
bool crl_has(X509_CRL *crl, const X509 *cert, int64_t *when_s);

#endif
