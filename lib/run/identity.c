/* SPDX-License-Identifier: ISC */
#include "run/identity.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "crypto/cert.h"
#include "io/slurp.h"

enum { PEM_MAX = 64 * 1024 };

/* RC_BAD: neither a certificate nor a public key. */
static enum rc
take_pem(struct bytes text, uint8_t pin[static PIN_SIZE], X509 **ca)
{
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;
	enum rc rc = RC_BAD;
	BIO *in;

	if (cert_get_pem(text, 0, &cert) == RC_OK) {
		if (ca != NULL && cert_is_ca(cert)) {
			*ca = cert;
			return RC_OK;
		}
		rc = key_pin(X509_get0_pubkey(cert), pin);
		X509_free(cert);
		return rc;
	}
	in = BIO_new_mem_buf(text.p, (int)text.n);
	if (in != NULL)
		key = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
	if (key != NULL)
		rc = key_pin(key, pin);
	EVP_PKEY_free(key);
	BIO_free(in);
	return rc;
}

enum rc
identity_read(const char *said, const char *whence, uint8_t pin[static PIN_SIZE],
    X509 **ca, struct outcome *end)
{
	struct buf text;
	enum rc rc;

	if (pin_get(bytes_str(said), pin) == RC_OK)
		return RC_OK;
	if (strncasecmp(said, "sha256:", strlen("sha256:")) == 0) {
		(void)outcome_fail(end,
		    strcmp(whence, "-F") == 0 ? CODE_USAGE : CODE_DATA,
		    "%s: %s: not a whole fingerprint: sha256: and 44 characters expected",
		    whence, said);
		return RC_BAD;
	}
	buf_init(&text, PEM_MAX);
	rc = slurp(said, -1, &text);
	if (rc != RC_OK)
		(void)outcome_fail(
		    end, CODE_NOINPUT, "%s: %s: %s", whence, said, strerror(errno));
	else if ((rc = take_pem(buf_bytes(&text), pin, ca)) != RC_OK)
		(void)outcome_fail(end, CODE_DATA,
		    "%s: %s: sha256:..., or a certificate or a public key in PEM "
		    "expected",
		    whence, said);
	buf_clear(&text);
	return rc == RC_OK ? RC_OK : RC_BAD;
}
