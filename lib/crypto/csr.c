/* SPDX-License-Identifier: ISC */
/* Requests for certificates: PKCS#10 (RFC 2986). The header is crypto/cert.h. */
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"
#include "crypto/cert_parts.h"
#include "crypto/key.h"
#include "crypto/ossl.h"

static bool
add_names(X509_REQ *req, const char *uri)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	STACK_OF(X509_EXTENSION) *list = NULL;
	bool ok;

	ok = names != NULL && cert_add_name(names, GEN_URI, bytes_str(uri)) &&
	    X509V3_add1_i2d(&list, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) ==
	        1 &&
	    X509_REQ_add_extensions(req, list) == 1;
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	GENERAL_NAMES_free(names);
	return ok;
}

enum rc
csr_put(const EVP_PKEY *key, const char *user, struct buf *out)
{
	struct cert_words words;
	unsigned char *der = NULL;
	X509_REQ *req;
	int n = -1;

	if (!user_is_name(bytes_str(user)))
		return RC_BAD;
	cert_words_of(user, &words);
	req = X509_REQ_new();
	if (req != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
	    cert_set_cn(X509_REQ_get_subject_name(req), words.cn) &&
	    X509_REQ_set_pubkey(req, ossl_mutable(key)) == 1 &&
	    add_names(req, words.uri) &&
	    X509_REQ_sign(req, ossl_mutable(key), ossl_digest_for(key)) > 0)
		n = i2d_X509_REQ(req, &der);
	X509_REQ_free(req);
	return ossl_give(der, n, out);
}

/* The kinds of keys that may come through, known before a key is made of the bytes. */
static bool
is_known_kind(X509_REQ *req)
{
	ASN1_OBJECT *kind;
	X509_ALGOR *algorithm;
	const void *value;
	int type;

	if (X509_PUBKEY_get0_param(
	        &kind, NULL, NULL, &algorithm, X509_REQ_get_X509_PUBKEY(req)) != 1)
		return false;
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	switch (OBJ_obj2nid(kind)) {
	case NID_rsaEncryption:
	case NID_ED25519: return true;
	case NID_X9_62_id_ecPublicKey: return type == V_ASN1_OBJECT; /* a curve by name */
	default: return false;
	}
}

enum rc
csr_get(struct bytes der, EVP_PKEY **out)
{
	const unsigned char *at = der.p;
	X509_REQ *req = NULL;
	EVP_PKEY *key = NULL;
	enum rc rc = RC_BAD;

	ossl_begin();
	if (der.n > 0 && der.n <= CERT_DER_MAX)
		req = d2i_X509_REQ(NULL, &at, (long)der.n);
	if (req == NULL || at != der.p + der.n)
		goto out;
	rc = RC_BIG;
	if (!is_known_kind(req))
		goto out;
	key = X509_REQ_get0_pubkey(req);
	rc = RC_BAD;
	if (key == NULL)
		goto out;
	/* Before the signature: that of a very long key takes seconds. */
	rc = RC_BIG;
	if (!key_is_sound(key))
		goto out;
	rc = RC_BAD;
	if (X509_REQ_verify(req, key) == 1 && EVP_PKEY_up_ref(key) == 1) {
		*out = key;
		rc = RC_OK;
	}
out:
	X509_REQ_free(req);
	return ossl_end(rc == RC_OK, rc);
}
