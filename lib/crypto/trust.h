/* SPDX-License-Identifier: ISC */
/*
 * Whether another user's certificate counts: the same rules as for our own session
 * (crypto/token), for one that came over a connection. The answer has the user's name;
 * whether that user is wanted is the caller's matter.
 */
#ifndef CRYPTO_TRUST_H
#define CRYPTO_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "crypto/key.h"
#include "crypto/token.h"

/* Whom to believe. What is pointed to is the caller's and outlives it. */
struct trust {
	X509 *anchor;  /* the authority of our own session, or the site's */
	X509_CRL *crl; /* the newest list that it signed, or NULL */
	bool has_pin;  /* -F: one more authority, by the pin of its key */
	uint8_t pin[PIN_SIZE];
};

/* Who the other side is; filled as far as it came. */
struct trust_facts {
	struct token_facts token;
	bool has_authority;          /* the chain showed who signed it */
	uint8_t authority[PIN_SIZE]; /* the pin of that key */
	bool foreign;                /* believed because of has_pin, not of the anchor */
};

/*
 * Check cert, which came with the n certificates of chain (any order, cert itself may be
 * among them), at now_s. TOKEN_FINE, or the first fault in the order of enum token_fault;
 * never TOKEN_WRONG_KEY (TLS has proven the key). The site's rule stands above has_pin
 * only by what the caller puts in.
 */
enum token_fault trust_check(const struct trust *t, X509 *cert, X509 *const *chain,
    unsigned n, int64_t now_s, struct trust_facts *facts) MUST_USE;

#endif
