/* SPDX-License-Identifier: ISC */
#include "crypto/crl.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/cert_parts.h"
#include "crypto/ossl.h"

static bool
add_entry(X509_CRL *crl, const struct crl_entry *e)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	BIGNUM *n = BN_bin2bn(e->serial.p, (int)e->serial.n, NULL);
	ASN1_INTEGER *serial = n == NULL ? NULL : BN_to_ASN1_INTEGER(n, NULL);
	ASN1_TIME *when = ossl_time_new(e->when_s);
	bool ok;

	ok = entry != NULL && serial != NULL && when != NULL &&
	    X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
	    X509_REVOKED_set_revocationDate(entry, when) == 1 &&
	    X509_CRL_add0_revoked(crl, entry) == 1;
	if (!ok)
		X509_REVOKED_free(entry);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	BN_free(n);
	return ok;
}

static bool
add_number(X509_CRL *crl, uint64_t number)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool ok = n != NULL && ASN1_INTEGER_set_uint64(n, number) == 1 &&
	    X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, X509V3_ADD_DEFAULT) == 1;

	ASN1_INTEGER_free(n);
	return ok;
}

static bool
add_authority_id(X509_CRL *crl, X509 *ca)
{
	AUTHORITY_KEYID *id;
	bool ok = cert_authority_id(ca, &id) &&
	    (id == NULL ||
	        X509_CRL_add1_ext_i2d(
	            crl, NID_authority_key_identifier, id, 0, X509V3_ADD_DEFAULT) == 1);

	AUTHORITY_KEYID_free(id);
	return ok;
}

static bool
set_dates(X509_CRL *crl, int64_t this_s, int64_t next_s)
{
	ASN1_TIME *this = ossl_time_new(this_s), *next = ossl_time_new(next_s);
	bool ok = this != NULL && next != NULL &&
	    X509_CRL_set1_lastUpdate(crl, this) == 1 &&
	    X509_CRL_set1_nextUpdate(crl, next) == 1;

	ASN1_TIME_free(this);
	ASN1_TIME_free(next);
	return ok;
}

enum rc
crl_put(const struct crl_entry *list, size_t n, uint64_t number, int64_t now_s, X509 *ca,
    EVP_PKEY *ca_key, struct buf *out)
{
	X509_CRL *crl = X509_CRL_new();
	unsigned char *der = NULL;
	int size = -1;
	bool ok;

	ok = crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) == 1 &&
	    set_dates(crl, now_s, now_s + CRL_LIFE_S) && add_authority_id(crl, ca) &&
	    add_number(crl, number);
	for (size_t i = 0; ok && i < n; i++)
		ok = add_entry(crl, &list[i]);
	if (ok && X509_CRL_sort(crl) == 1 &&
	    X509_CRL_sign(crl, ca_key, ossl_digest_for(ca_key)) > 0 &&
	    X509_CRL_verify(crl, ca_key) == 1) /* see cert_issue.c's sign() */
		size = i2d_X509_CRL(crl, &der);
	X509_CRL_free(crl);
	if (size > CRL_MAX) {
		OPENSSL_free(der);
		return RC_BIG;
	}
	return ossl_give(der, size, out);
}

/*
 * Critical are the extensions of lists that tell only a part: of some reasons, of some
 * certificates, of what has changed.
 */
static bool
tells_all(X509_CRL *crl)
{
	return X509_CRL_get_ext_by_critical(crl, 1, -1) < 0;
}

static bool
is_signed_by(X509_CRL *crl, X509 *ca)
{
	EVP_PKEY *key = X509_get0_pubkey(ca);

	return key != NULL &&
	    X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca)) == 0 &&
	    (X509_get_key_usage(ca) & KU_CRL_SIGN) != 0 && X509_CRL_verify(crl, key) == 1;
}

enum rc
crl_get(struct bytes der, X509 *ca, X509_CRL **out)
{
	const unsigned char *at = der.p;
	X509_CRL *crl = NULL;
	bool ok;

	ossl_begin();
	if (der.n > 0 && der.n <= CRL_MAX)
		crl = d2i_X509_CRL(NULL, &at, (long)der.n);
	ok =
	    crl != NULL && at == der.p + der.n && tells_all(crl) && is_signed_by(crl, ca);
	if (!ok) {
		X509_CRL_free(crl);
		crl = NULL;
	}
	*out = crl;
	return ossl_end(ok, RC_BAD);
}

enum rc
crl_dates(const X509_CRL *crl, int64_t *this_s, int64_t *next_s)
{
	int64_t from, to;

	if (ossl_time_get(X509_CRL_get0_lastUpdate(crl), &from) != RC_OK ||
	    ossl_time_get(X509_CRL_get0_nextUpdate(crl), &to) != RC_OK)
		return RC_BAD;
	*this_s = from;
	*next_s = to;
	return RC_OK;
}

bool
crl_has(X509_CRL *crl, const X509 *cert, int64_t *when_s)
{
	X509_REVOKED *entry = NULL;
	bool has = X509_CRL_get0_by_cert(crl, &entry, ossl_mutable(cert)) == 1;

	if (has &&
	    ossl_time_get(X509_REVOKED_get0_revocationDate(entry), when_s) != RC_OK)
		*when_s = 0;
	ossl_forget();
	return has;
}
