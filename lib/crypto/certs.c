/* SPDX-License-Identifier: ISC */
/*
 * Certificates in a CMS message without content or signers (RFC 5652; RFC 7030, 4.1.3).
 * The header is crypto/cert.h.
 */
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "crypto/cert.h"
#include "crypto/cert_parts.h"
#include "crypto/ossl.h"

enum { CERTS_MAX = 1024 * 1024 }; /* bytes of a message */

enum rc
certs_put(X509 *const *certs, unsigned n, struct buf *out)
{
	PKCS7 *message = PKCS7_new();
	unsigned char *der = NULL;
	int size = -1;
	bool ok;

	ok = message != NULL && PKCS7_set_type(message, NID_pkcs7_signed) == 1 &&
	    PKCS7_content_new(message, NID_pkcs7_data) == 1 &&
	    PKCS7_set_detached(message, 1) == 1;
	for (unsigned i = 0; ok && i < n; i++)
		ok = PKCS7_add_certificate(message, certs[i]) == 1;
	if (ok)
		size = i2d_PKCS7(message, &der);
	PKCS7_free(message);
	return ossl_give(der, size, out);
}

static const STACK_OF(X509) * list_of(PKCS7 *message)
{
	if (message == NULL || !PKCS7_type_is_signed(message) || message->d.sign == NULL)
		return NULL;
	return message->d.sign->cert;
}

enum rc
certs_get(struct bytes der, X509 **out, unsigned max, unsigned *n)
{
	const unsigned char *at = der.p;
	const STACK_OF(X509) * list;
	PKCS7 *message = NULL;
	enum rc rc = RC_BAD;
	int count;

	*n = 0;
	ossl_begin();
	if (der.n > 0 && der.n <= CERTS_MAX)
		message = d2i_PKCS7(NULL, &at, (long)der.n);
	list = list_of(message);
	count = sk_X509_num(list); /* -1 for no list */
	if (count > 0 && at == der.p + der.n)
		rc = (unsigned)count > max ? RC_BIG : RC_OK;
	for (int i = 0; rc == RC_OK && i < count; i++) {
		X509 *cert = sk_X509_value(list, i);

		(void)X509_up_ref(cert);
		out[(*n)++] = cert;
	}
	PKCS7_free(message);
	return ossl_end(rc == RC_OK, rc);
}
