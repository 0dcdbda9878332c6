/* SPDX-License-Identifier: ISC */
#include "crypto/pem.h"

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/ossl.h"

BIO *
pem_open(struct bytes text)
{
	/* libcrypto takes no view of nothing. */
	if (text.n == 0)
		text = bytes_str("\n");
	return text.n > INT_MAX ? NULL : BIO_new_mem_buf(text.p, (int)text.n);
}

enum rc
pem_next(BIO *in, struct pem_block *out)
{
	unsigned long error;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	ossl_begin();
	/* SECURE wipes what it frees, with or without a secure heap. */
	if (PEM_read_bio_ex(in, &out->name, &out->header, &out->der, &out->n,
	        PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE) == 1)
		return ossl_end(true, RC_OK);
	error = ERR_peek_last_error();
	memset(out, 0, sizeof(*out));
	rc = ossl_end(false, RC_BAD);
	if (rc == RC_BAD && ERR_GET_LIB(error) == ERR_LIB_PEM &&
	    ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
		return RC_NONE;
	return rc;
}

void
pem_clear(struct pem_block *b)
{
	OPENSSL_secure_free(b->name);
	OPENSSL_secure_free(b->header);
	OPENSSL_secure_clear_free(b->der, (size_t)b->n);
	memset(b, 0, sizeof(*b));
}

bool
pem_is(const struct pem_block *b, const char *name)
{
	return strcmp(b->name, name) == 0;
}

bool
pem_is_certificate(const struct pem_block *b)
{
	return pem_is(b, PEM_STRING_X509) || pem_is(b, PEM_STRING_X509_OLD);
}

bool
pem_is_key(const struct pem_block *b)
{
	return pem_is(b, PEM_STRING_PKCS8INF) || pem_is(b, PEM_STRING_PKCS8) ||
	    pem_is(b, PEM_STRING_ECPRIVATEKEY) || pem_is(b, PEM_STRING_RSA);
}

bool
pem_is_locked(const struct pem_block *b)
{
	return pem_is(b, PEM_STRING_PKCS8) || strstr(b->header, "ENCRYPTED") != NULL;
}
