/* SPDX-License-Identifier: ISC */
#include "crypto/cert.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "crypto/cert_parts.h"
#include "crypto/ossl.h"
#include "crypto/pem.h"

/* Weaker signatures, such as SHA-1's, are no signatures. */
enum { MIN_SIGNATURE_BITS = 112 };

static enum rc
user_of_uri(struct bytes uri, char user[static USER_TEXT])
{
	struct bytes name = bytes_from(uri, strlen(CERT_URI));

	if (!user_is_name(name))
		return RC_BAD;
	memcpy(user, name.p, name.n);
	user[name.n] = '\0';
	return RC_OK;
}

enum rc
cert_user(const X509 *cert, char user[static USER_TEXT])
{
	int critical;
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
	/*
	 * Without names: -1 means that there is no extension, else it is damaged or
	 * twice.
	 */
	enum rc rc = names != NULL || critical == -1 ? RC_NONE : RC_BAD;

	for (int i = 0; rc != RC_BAD && i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		ASN1_STRING *s =
		    GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		struct bytes uri;

		if (type != GEN_URI)
			continue;
		uri = bytes_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
		if (bytes_starts(uri, CERT_URI))
			rc = rc == RC_NONE ? user_of_uri(uri, user) : RC_BAD;
	}
	GENERAL_NAMES_free(names);
	ossl_forget();
	return rc;
}

enum rc
cert_dates(const X509 *cert, int64_t *not_before_s, int64_t *not_after_s)
{
	int64_t from, to;

	if (ossl_time_get(X509_get0_notBefore(cert), &from) != RC_OK ||
	    ossl_time_get(X509_get0_notAfter(cert), &to) != RC_OK)
		return RC_BAD;
	*not_before_s = from;
	*not_after_s = to;
	return RC_OK;
}

enum rc
cert_serial(const X509 *cert, char out[static CERT_SERIAL_TEXT])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	struct bytes b =
	    bytes_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));

	while (b.n > 1 && b.p[0] == 0)
		b = bytes_from(b, 1);
	if (b.n == 0 || b.n > CERT_SERIAL_MAX ||
	    ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		return RC_BIG;
	text_hex(b.p, b.n, out);
	return RC_OK;
}

/* Not damaged, and nothing critical in it that is not understood. */
static bool
is_understood(X509 *cert)
{
	return (X509_get_extension_flags(cert) & (EXFLAG_INVALID | EXFLAG_CRITICAL)) == 0;
}

enum rc
cert_fits(const X509 *cert, const EVP_PKEY *key)
{
	ossl_begin();
	return ossl_end(X509_check_private_key(cert, key) == 1, RC_BAD);
}

bool
cert_is_ca(const X509 *cert)
{
	X509 *c = ossl_mutable(cert);
	uint32_t flags = X509_get_extension_flags(c);
	bool is;

	/* A certificate without keyUsage may be used for all (RFC 5280, 4.2.1.3). */
	is = (flags & EXFLAG_INVALID) == 0 && (flags & EXFLAG_CA) != 0 &&
	    (X509_get_key_usage(c) & KU_KEY_CERT_SIGN) != 0;
	ossl_forget();
	return is;
}

static bool
signature_is_strong(X509 *cert)
{
	int bits;

	return X509_get_signature_info(cert, NULL, NULL, &bits, NULL) == 1 &&
	    bits >= MIN_SIGNATURE_BITS;
}

/* What ca may sign for, where it says so (RFC 5280, 4.2.1.10). */
static bool
names_are_permitted(X509 *cert, X509 *ca)
{
	int critical;
	NAME_CONSTRAINTS *limits =
	    X509_get_ext_d2i(ca, NID_name_constraints, &critical, NULL);
	bool permitted = limits == NULL
	    ? critical == -1
	    : NAME_CONSTRAINTS_check(cert, limits) == X509_V_OK;

	NAME_CONSTRAINTS_free(limits);
	return permitted;
}

bool
cert_is_signed_by(const X509 *cert, const X509 *ca)
{
	X509 *c = ossl_mutable(cert), *by = ossl_mutable(ca);
	EVP_PKEY *key = X509_get0_pubkey(by);
	bool is;

	is = key != NULL && is_understood(c) && is_understood(by) && cert_is_ca(by) &&
	    (X509_get_extension_flags(c) & EXFLAG_CA) == 0 &&
	    X509_check_issued(by, c) == X509_V_OK && names_are_permitted(c, by) &&
	    signature_is_strong(c) && X509_verify(c, key) == 1;
	ossl_forget();
	return is;
}

bool
cert_is_for_peers(const X509 *cert)
{
	X509 *c = ossl_mutable(cert);
	bool is;

	/*
	 * TLS 1.3 signs, whatever the key: what libcrypto allows for older ones is not
	 * enough.
	 */
	is = X509_check_purpose(c, X509_PURPOSE_SSL_CLIENT, 0) == 1 &&
	    X509_check_purpose(c, X509_PURPOSE_SSL_SERVER, 0) == 1 &&
	    (X509_get_key_usage(c) & KU_DIGITAL_SIGNATURE) != 0;
	ossl_forget();
	return is;
}

enum rc
cert_get_der(struct bytes der, X509 **out)
{
	const unsigned char *at = der.p;
	X509 *cert = NULL;

	ossl_begin();
	if (der.n > 0 && der.n <= CERT_DER_MAX)
		cert = d2i_X509(NULL, &at, (long)der.n);
	if (cert != NULL && at != der.p + der.n) {
		X509_free(cert);
		cert = NULL;
	}
	*out = cert;
	return ossl_end(cert != NULL, RC_BAD);
}

enum rc
cert_put_der(const X509 *cert, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);

	return ossl_give(der, n, out);
}

enum rc
cert_get_pem(struct bytes text, unsigned n, X509 **out)
{
	BIO *in = pem_open(text);
	struct pem_block b;
	enum rc rc = in == NULL ? RC_MEM : RC_MORE;

	while (rc == RC_MORE && (rc = pem_next(in, &b)) == RC_OK) {
		rc = RC_MORE;
		if (pem_is_certificate(&b) && n-- == 0)
			rc = cert_get_der(bytes_of(b.der, (size_t)b.n), out);
		pem_clear(&b);
	}
	BIO_free(in);
	ossl_forget();
	return rc;
}

enum rc
cert_put_pem(const X509 *cert, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum rc rc = RC_MEM;

	if (bio != NULL && PEM_write_bio_X509(bio, cert) == 1)
		rc = ossl_give_bio(bio, out);
	BIO_free(bio);
	ossl_forget();
	return rc;
}
