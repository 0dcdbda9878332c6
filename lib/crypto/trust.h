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

enum { TRUST_ANCHORS = 8 };

/* Whom to believe. What is pointed to is the caller's and outlives it. */
struct trust {
	X509
	    *anchors[TRUST_ANCHORS]; /* the authority of our own session, or the site's */
	unsigned n;                  /* how many; at least 1 */
	X509_CRL *crl; /* the newest list that one of them signed, or NULL */
	bool by_site;  /* the anchors are the site's rule: no pin counts beside them */
	bool has_pin;  /* -F: one more authority, by the pin of its key */
	uint8_t pin[PIN_SIZE];
};

/* Who the other side is; filled as far as it came. */
struct trust_facts {
	struct token_facts token;
	bool has_authority;          /* the chain, or an anchor, shows who signed it */
	uint8_t authority[PIN_SIZE]; /* the pin of that key */
	bool foreign;                /* judged by has_pin's authority, not by an anchor */
};

/*
 * Check cert, which came with the n certificates of chain (any order, cert itself may be
 * among them), at now_s. TOKEN_FINE, or the first fault in the order of enum token_fault;
 * never TOKEN_WRONG_KEY (TLS has proven the key). No list of revoked sessions is known of
 * the pin's authority. For TOKEN_FOREIGN, facts->authority is whom a pin would have to
 * name.
 */
enum token_fault trust_check(const struct trust *t, X509 *cert, X509 *const *chain,
    unsigned n, int64_t now_s, struct trust_facts *facts) MUST_USE;

#endif
