/* SPDX-License-Identifier: ISC */
#include "crypto/key.h"

#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/hash.h"
#include "crypto/key_parts.h"
#include "crypto/ossl.h"
#include "crypto/pem.h"

enum {
	RSA_MIN_BITS = 2048,
	RSA_MAX_BITS = 4096,
	RSA_MAX_E_BITS = 64, /* a long exponent makes every check of a signature slow */
};

EVP_PKEY *
key_new(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	ossl_forget();
	return key;
}

static bool
rsa_is_sound(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);
	BIGNUM *e = NULL;
	bool sound;

	sound = bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) &&
	    !BN_is_one(e) && BN_num_bits(e) <= RSA_MAX_E_BITS;
	BN_free(e);
	return sound;
}

/* On the curve, and not the point at infinity. */
static bool
point_is_sound(const EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ossl_mutable(key), NULL);
	bool sound = ctx != NULL && EVP_PKEY_public_check_quick(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return sound;
}

static bool
ec_is_sound(const EVP_PKEY *key)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	char name[32];
	int explicit = 0;

	if (EVP_PKEY_get_int_param(
	        key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit) != 1 ||
	    explicit != 0 ||
	    EVP_PKEY_get_utf8_string_param(
	        key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name), NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(name, curves[i]) == 0)
			return point_is_sound(key);
	return false;
}

bool
key_is_sound(const EVP_PKEY *key)
{
	bool sound = false;

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA: sound = rsa_is_sound(key); break;
	case EVP_PKEY_EC: sound = ec_is_sound(key); break;
	case EVP_PKEY_ED25519: sound = true; break;
	}
	ossl_forget();
	return sound;
}

/*
 * Whether the private half is that of the public one. RSA is not asked: that would cost
 * a search for primes.
 */
static bool
halves_fit(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx;
	bool fit;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return true;
	ctx = EVP_PKEY_CTX_new(key, NULL);
	fit = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	return fit;
}

static EVP_PKEY *
decode_pkcs8(const unsigned char *p, long n)
{
	const unsigned char *at = p;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, n);
	EVP_PKEY *key = NULL;

	if (info != NULL && at == p + n)
		key = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	return key;
}

/* The older forms, SEC 1 for curves and PKCS#1 for RSA. */
static EVP_PKEY *
decode_typed(int type, const unsigned char *p, long n)
{
	const unsigned char *at = p;
	EVP_PKEY *key = d2i_PrivateKey(type, NULL, &at, n);

	if (key != NULL && at != p + n) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

enum rc
key_get_block(const struct pem_block *b, EVP_PKEY **out)
{
	EVP_PKEY *key;

	ossl_begin();
	if (pem_is(b, PEM_STRING_ECPRIVATEKEY))
		key = decode_typed(EVP_PKEY_EC, b->der, b->n);
	else if (pem_is(b, PEM_STRING_RSA))
		key = decode_typed(EVP_PKEY_RSA, b->der, b->n);
	else
		key = decode_pkcs8(b->der, b->n);
	if (key != NULL && (!key_is_sound(key) || !halves_fit(key))) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	*out = key;
	return ossl_end(key != NULL, RC_BAD);
}

enum rc
key_get_pem(struct bytes text, EVP_PKEY **out)
{
	BIO *in = pem_open(text);
	struct pem_block b;
	enum rc rc = in == NULL ? RC_MEM : RC_MORE;

	while (rc == RC_MORE && (rc = pem_next(in, &b)) == RC_OK) {
		rc = RC_MORE;
		if (pem_is_key(&b) && !pem_is_locked(&b))
			rc = key_get_block(&b, out);
		pem_clear(&b);
	}
	BIO_free(in);
	ossl_forget();
	return rc;
}

enum rc
key_put_pem(const EVP_PKEY *key, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	enum rc rc = RC_MEM;

	if (bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
		rc = ossl_give_bio(bio, out);
	BIO_free(bio);
	ossl_forget();
	return rc;
}

enum rc
key_pin(const EVP_PKEY *key, uint8_t pin[static PIN_SIZE])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	enum rc rc = n <= 0 ? RC_MEM : hash_sha256(bytes_of(der, (size_t)n), pin);

	OPENSSL_free(der);
	ossl_forget();
	return rc;
}

void
pin_text(const uint8_t pin[static PIN_SIZE], char out[static PIN_TEXT])
{
	memcpy(out, "sha256:", 7);
	(void)base64_put(bytes_of(pin, PIN_SIZE), out + 7);
}

/* 43 characters of base64, and perhaps the '='. */
static enum rc
pin_get_base64(struct bytes text, uint8_t pin[static PIN_SIZE])
{
	uint8_t raw[PIN_SIZE + 1];
	char padded[45];
	size_t n;

	if (text.n == 44 && text.p[43] == '=')
		text.n = 43;
	if (text.n != 43)
		return RC_BAD;
	memcpy(padded, text.p, 43);
	padded[43] = '=';
	if (base64_get(bytes_of(padded, 44), raw, &n) != RC_OK || n != PIN_SIZE)
		return RC_BAD;
	memcpy(pin, raw, PIN_SIZE);
	return RC_OK;
}

/* Pairs of digits, with a colon between all of them or none. */
static enum rc
pin_get_hex(struct bytes text, uint8_t pin[static PIN_SIZE])
{
	size_t step = text.n == 3 * PIN_SIZE - 1 ? 3 : 2;
	uint8_t raw[PIN_SIZE];

	if (text.n != step * PIN_SIZE - (step - 2))
		return RC_BAD;
	for (size_t i = 0; i < PIN_SIZE; i++) {
		if (text_unhex(bytes_of(text.p + i * step, 2), raw + i, 1) != RC_OK ||
		    (step == 3 && i > 0 && text.p[i * step - 1] != ':'))
			return RC_BAD;
	}
	memcpy(pin, raw, PIN_SIZE);
	return RC_OK;
}

enum rc
pin_get(struct bytes text, uint8_t pin[static PIN_SIZE])
{
	size_t prefix = 0;

	if (text.n > 8 && strncasecmp((const char *)text.p, "sha256//", 8) == 0)
		prefix = 8;
	else if (text.n > 7 && strncasecmp((const char *)text.p, "sha256:", 7) == 0)
		prefix = 7;
	text = bytes_from(text, prefix);
	if (prefix > 0 && pin_get_base64(text, pin) == RC_OK)
		return RC_OK;
	return pin_get_hex(text, pin);
}
