/* SPDX-License-Identifier: ISC */
#include "crypto/cert.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/addr.h"
#include "base/text.h"
#include "crypto/cert_parts.h"
#include "crypto/key.h"
#include "crypto/ossl.h"

enum { CN_MAX = 64 }; /* RFC 5280, ub-common-name */

enum usage_bit { DIGITAL_SIGNATURE = 0, KEY_CERT_SIGN = 5, CRL_SIGN = 6 };

/* A certificate that is being made. */
struct draft {
	const char *cn;
	uint8_t serial[CERT_SERIAL_SIZE];
	int64_t from_s, to_s;
	EVP_PKEY *public;
	X509 *ca; /* NULL: it signs itself */
	EVP_PKEY *ca_key;
	bool is_ca;
	bool for_clients, for_servers;
	GENERAL_NAMES *names; /* owned; NULL: none */
};

void
cert_words_of(const char *user, struct cert_words *out)
{
	(void)BIO_snprintf(out->cn, sizeof(out->cn), "user:%s", user);
	(void)BIO_snprintf(out->uri, sizeof(out->uri), CERT_URI "%s", user);
}

bool
cert_set_cn(X509_NAME *name, const char *text)
{
	char cn[CN_MAX + 1];
	size_t n = text_printable(bytes_str(text), cn, sizeof(cn));

	return n > 0 &&
	    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
	        (const unsigned char *)cn, (int)n, -1, 0) == 1;
}

bool
cert_add_name(GENERAL_NAMES *names, int type, struct bytes value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *s = ASN1_STRING_type_new(
	    type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

	if (name == NULL || s == NULL || ASN1_STRING_set(s, value.p, (int)value.n) != 1) {
		ASN1_STRING_free(s);
		GENERAL_NAME_free(name);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, s);
	if (sk_GENERAL_NAME_push(names, name) <= 0) {
		GENERAL_NAME_free(name);
		return false;
	}
	return true;
}

static bool
add_extension(X509 *cert, int nid, void *value, int critical)
{
	return X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_DEFAULT) == 1;
}

static bool
add_constraints(X509 *cert, bool is_ca)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	bool ok = bc != NULL;

	if (ok && is_ca) {
		bc->ca = 0xff; /* DER's TRUE */
		bc->pathlen = ASN1_INTEGER_new();
		ok = bc->pathlen != NULL && ASN1_INTEGER_set(bc->pathlen, 0) == 1;
	}
	ok = ok && add_extension(cert, NID_basic_constraints, bc, 1);
	BASIC_CONSTRAINTS_free(bc);
	return ok;
}

static bool
add_usage(X509 *cert, bool is_ca)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ok = bits != NULL;

	if (is_ca)
		ok = ok && ASN1_BIT_STRING_set_bit(bits, KEY_CERT_SIGN, 1) == 1 &&
		    ASN1_BIT_STRING_set_bit(bits, CRL_SIGN, 1) == 1;
	else
		ok = ok && ASN1_BIT_STRING_set_bit(bits, DIGITAL_SIGNATURE, 1) == 1;
	ok = ok && add_extension(cert, NID_key_usage, bits, 1);
	ASN1_BIT_STRING_free(bits);
	return ok;
}

static bool
add_purposes(X509 *cert, const struct draft *d)
{
	EXTENDED_KEY_USAGE *uses = sk_ASN1_OBJECT_new_null();
	bool ok = uses != NULL;

	if (d->for_clients)
		ok = ok && sk_ASN1_OBJECT_push(uses, OBJ_nid2obj(NID_client_auth)) > 0;
	if (d->for_servers)
		ok = ok && sk_ASN1_OBJECT_push(uses, OBJ_nid2obj(NID_server_auth)) > 0;
	if (d->for_clients || d->for_servers)
		ok = ok && add_extension(cert, NID_ext_key_usage, uses, 0);
	sk_ASN1_OBJECT_free(uses); /* its members are libcrypto's own */
	return ok;
}

/* RFC 5280, 4.2.1.2: the SHA-1 of the key's bits; a name, not a proof. */
static bool
add_subject_id(X509 *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n;
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	bool ok;

	ok = id != NULL && X509_pubkey_digest(cert, EVP_sha1(), digest, &n) == 1 &&
	    ASN1_OCTET_STRING_set(id, digest, (int)n) == 1 &&
	    add_extension(cert, NID_subject_key_identifier, id, 0);
	ASN1_OCTET_STRING_free(id);
	return ok;
}

bool
cert_authority_id(X509 *ca, AUTHORITY_KEYID **out)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(ca);

	*out = id == NULL ? NULL : AUTHORITY_KEYID_new();
	if (*out == NULL)
		return id == NULL;
	(*out)->keyid = ASN1_OCTET_STRING_dup(id);
	return (*out)->keyid != NULL;
}

static bool
add_authority_id(X509 *cert, X509 *ca)
{
	AUTHORITY_KEYID *id;
	bool ok = cert_authority_id(ca, &id) &&
	    (id == NULL || add_extension(cert, NID_authority_key_identifier, id, 0));

	AUTHORITY_KEYID_free(id);
	return ok;
}

static bool
set_serial(X509 *cert, const uint8_t *serial)
{
	BIGNUM *n = BN_bin2bn(serial, CERT_SERIAL_SIZE, NULL);
	bool ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;

	BN_free(n);
	return ok;
}

static bool
set_dates(X509 *cert, int64_t from_s, int64_t to_s)
{
	ASN1_TIME *from = ossl_time_new(from_s), *to = ossl_time_new(to_s);
	bool ok = from != NULL && to != NULL && X509_set1_notBefore(cert, from) == 1 &&
	    X509_set1_notAfter(cert, to) == 1;

	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return ok;
}

static bool
fill(X509 *cert, const struct draft *d)
{
	X509 *ca = d->ca != NULL ? d->ca : cert;

	return X509_set_version(cert, X509_VERSION_3) == 1 &&
	    set_serial(cert, d->serial) && set_dates(cert, d->from_s, d->to_s) &&
	    cert_set_cn(X509_get_subject_name(cert), d->cn) &&
	    X509_set_issuer_name(cert, X509_get_subject_name(ca)) == 1 &&
	    X509_set_pubkey(cert, d->public) == 1 && add_constraints(cert, d->is_ca) &&
	    add_usage(cert, d->is_ca) && add_purposes(cert, d) &&
	    (d->names == NULL ||
	        add_extension(cert, NID_subject_alt_name, d->names, 0)) &&
	    add_subject_id(cert) && (d->ca == NULL || add_authority_id(cert, d->ca));
}

/*
 * Where memory runs out while an ECDSA signature is encoded, libcrypto says that it has
 * signed and has not.
 */
static bool
sign(X509 *cert, EVP_PKEY *key)
{
	return X509_sign(cert, key, ossl_digest_for(key)) > 0 &&
	    X509_verify(cert, key) == 1;
}

/* Make it and sign it; the draft's names are freed. */
static X509 *
finish(struct draft *d)
{
	X509 *cert = X509_new();

	if (cert != NULL && (!fill(cert, d) || !sign(cert, d->ca_key))) {
		X509_free(cert);
		cert = NULL;
	}
	GENERAL_NAMES_free(d->names);
	ossl_forget();
	return cert;
}

/* A certificate that signs itself. */
static X509 *
finish_own(struct draft *d, EVP_PKEY *key, int64_t now_s)
{
	if (cert_draw_serial(d->serial) != RC_OK) {
		GENERAL_NAMES_free(d->names);
		return NULL;
	}
	d->from_s = now_s - CERT_SLACK_S;
	d->to_s = now_s + CERT_CA_S;
	d->public = d->ca_key = key;
	return finish(d);
}

X509 *
cert_new_ca(EVP_PKEY *key, const char *name, int64_t now_s)
{
	struct draft d = { .cn = name, .is_ca = true };

	return finish_own(&d, key, now_s);
}

X509 *
cert_new_identity(EVP_PKEY *key, const char *name, int64_t now_s)
{
	struct draft d = { .cn = name, .for_servers = true };
	struct addr a;
	bool ok;

	d.names = GENERAL_NAMES_new();
	if (addr_parse(bytes_str(name), &a) != RC_OK)
		ok = d.names != NULL && cert_add_name(d.names, GEN_DNS, bytes_str(name));
	else if (addr_is_v4(&a))
		ok = d.names != NULL &&
		    cert_add_name(d.names, GEN_IPADD, bytes_of(a.ip + 12, 4));
	else
		ok = d.names != NULL &&
		    cert_add_name(d.names, GEN_IPADD, bytes_of(a.ip, 16));
	if (!ok) {
		GENERAL_NAMES_free(d.names);
		return NULL;
	}
	return finish_own(&d, key, now_s);
}

static bool
order_is_sound(const struct cert_order *o)
{
	uint8_t any = 0;

	for (size_t i = 0; i < CERT_SERIAL_SIZE; i++)
		any |= o->serial[i];
	return any != 0 && o->serial[0] < 0x80 && user_is_name(bytes_str(o->user));
}

X509 *
cert_issue(const struct cert_order *order, EVP_PKEY *public, X509 *ca, EVP_PKEY *ca_key)
{
	struct cert_words words;
	struct draft d = { .cn = words.cn,
		.from_s = order->now_s - CERT_SLACK_S,
		.to_s = order->now_s + order->life_s,
		.public = public,
		.ca = ca,
		.ca_key = ca_key,
		.for_clients = true,
		.for_servers = true };
	int64_t ca_from_s, ca_to_s;

	if (!order_is_sound(order) || !key_is_sound(public) ||
	    cert_dates(ca, &ca_from_s, &ca_to_s) != RC_OK)
		return NULL;
	if (d.to_s > ca_to_s)
		d.to_s = ca_to_s;
	memcpy(d.serial, order->serial, sizeof(d.serial));
	cert_words_of(order->user, &words);
	d.names = GENERAL_NAMES_new();
	if (d.names == NULL || !cert_add_name(d.names, GEN_URI, bytes_str(words.uri)) ||
	    !cert_add_name(d.names, GEN_DNS, bytes_str("*"))) {
		GENERAL_NAMES_free(d.names);
		return NULL;
	}
	return finish(&d);
}

enum rc
cert_draw_serial(uint8_t serial[static CERT_SERIAL_SIZE])
{
	int ok = RAND_bytes(serial, CERT_SERIAL_SIZE);

	ossl_forget();
	if (ok != 1)
		return RC_SYS;
	/* Positive, and as long as every other one. */
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	return RC_OK;
}
