/* SPDX-License-Identifier: ISC */
/* What the parts of crypto/cert share. */
#ifndef CRYPTO_CERT_PARTS_H
#define CRYPTO_CERT_PARTS_H

#include <stdbool.h>

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"

#define CERT_URI "ugat:user:" /* what a user's URI begins with */

enum { CERT_DER_MAX = 64 * 1024 }; /* bytes of a certificate or a request */

/* How a user is called in a subject and in an URI. */
struct cert_words {
	char cn[sizeof("user:") + USER_MAX];
	char uri[sizeof(CERT_URI) + USER_MAX];
};

/* user: a user's name. */
void cert_words_of(const char *user, struct cert_words *out);

/* Add an entry to a list of names; false: out of memory. */
bool cert_add_name(GENERAL_NAMES *names, int type, struct bytes value);

/*
 * How what ca signs names its key; *out is the caller's, NULL where ca does not name its
 * key itself, as a foreign one may. false: out of memory.
 */
bool cert_authority_id(X509 *ca, AUTHORITY_KEYID **out);

/* Set a subject to CN=text, cut to what fits there (RFC 5280: ub-common-name). */
bool cert_set_cn(X509_NAME *name, const char *text);

#endif
