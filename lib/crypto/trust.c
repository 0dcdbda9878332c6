/* SPDX-License-Identifier: ISC */
#include "crypto/trust.h"

#include <string.h>

#include <openssl/x509.h>

#include "crypto/cert.h"
#include "crypto/key.h"
#include "crypto/ossl.h"

static void
name_authority(X509 *by, struct trust_facts *facts)
{
	EVP_PKEY *key = X509_get0_pubkey(by);

	facts->has_authority = key != NULL && key_pin(key, facts->authority) == RC_OK;
	ossl_forget();
}

/*
 * By the anchors. A renewed authority may stand there twice, with the same key and other
 * dates, so the first that has signed is not the last word.
 */
static enum token_fault
check_anchors(const struct trust *t, X509 *cert, int64_t now_s, struct trust_facts *facts)
{
	enum token_fault fault = TOKEN_FOREIGN;

	for (unsigned i = 0; i < t->n && fault != TOKEN_FINE; i++) {
		struct token_facts k;
		enum token_fault got =
		    token_check_cert(cert, t->anchors[i], t->crl, now_s, &k);

		if (fault != TOKEN_FOREIGN && got != TOKEN_FINE)
			continue;
		fault = got;
		facts->token = k;
		if (got != TOKEN_FOREIGN)
			name_authority(t->anchors[i], facts);
	}
	return fault;
}

/* Who of those that came has signed cert; a stranger's key must be sound to be used. */
static X509 *
find_signer(X509 *cert, X509 *const *chain, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		EVP_PKEY *key = X509_get0_pubkey(chain[i]);

		if (key != NULL && key_is_sound(key) && cert_is_signed_by(cert, chain[i]))
			return chain[i];
	}
	return NULL;
}

static bool
is_pinned(const struct trust *t, const struct trust_facts *facts)
{
	return t->has_pin && !t->by_site && facts->has_authority &&
	    memcmp(t->pin, facts->authority, PIN_SIZE) == 0;
}

enum token_fault
trust_check(const struct trust *t, X509 *cert, X509 *const *chain, unsigned n,
    int64_t now_s, struct trust_facts *facts)
{
	enum token_fault fault;
	X509 *by;

	memset(facts, 0, sizeof(*facts));
	fault = check_anchors(t, cert, now_s, facts);
	if (fault != TOKEN_FOREIGN)
		return fault;
	by = find_signer(cert, chain, n);
	if (ossl_end(by != NULL, RC_BAD) == RC_MEM)
		return TOKEN_UNKNOWN;
	if (by == NULL)
		return TOKEN_FOREIGN;
	name_authority(by, facts);
	if (!is_pinned(t, facts))
		return TOKEN_FOREIGN;
	facts->foreign = true;
	return token_check_cert(cert, by, NULL, now_s, &facts->token);
}
