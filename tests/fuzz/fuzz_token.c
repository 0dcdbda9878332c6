/* SPDX-License-Identifier: ISC */
/*
 * crypto/token, crypto/cert, crypto/crl, crypto/key: any bytes. The first one chooses the
 * reader. What is taken holds what the headers promise, what is refused is not refused
 * for a lack of memory, and libcrypto's queue of errors is empty behind each.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/crl.h"
#include "crypto/password.h"
#include "crypto/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { NOON = 1780315200 }; /* the last second of the vectors' user */

static void
insist(int truth)
{
	if (!truth)
		abort();
}

/* All that is read from a certificate. */
static void
look_at(const X509 *cert, const X509 *ca)
{
	char user[USER_TEXT], serial[CERT_SERIAL_TEXT];
	int64_t from, to;

	if (cert_user(cert, user) == RC_OK)
		insist(user_is_name(bytes_str(user)));
	if (cert_serial(cert, serial) == RC_OK)
		insist(strlen(serial) >= 2 && strlen(serial) % 2 == 0);
	if (cert_dates(cert, &from, &to) == RC_OK)
		insist(from > -INT64_C(70000000000) && to < INT64_C(300000000000));
	if (cert_is_signed_by(cert, ca))
		insist(cert_is_ca(ca) && !cert_is_ca(cert));
	(void)cert_is_for_peers(cert);
}

static void
feed_token(struct bytes in)
{
	struct token t, back;
	struct token_facts facts;
	const char *why;
	struct buf text;
	enum rc rc = token_get(in, &t, &why);

	if (rc != RC_OK) {
		insist(rc == RC_BAD && why != NULL && t.key == NULL && t.cert == NULL);
		return;
	}
	insist(key_is_sound(t.key) && t.cert != NULL && t.ca != NULL);
	look_at(t.cert, t.ca);
	if (token_check(&t, t.ca, NULL, NOON, &facts) == TOKEN_FINE)
		insist(user_is_name(bytes_str(facts.user)) &&
		    facts.not_before_s <= NOON && facts.not_after_s >= NOON);
	buf_init(&text, (size_t)2 * TOKEN_MAX);
	insist(token_put(&t, &text) == RC_OK);
	insist(token_get(buf_bytes(&text), &back, &why) == RC_OK);
	insist(strcmp(t.server, back.server) == 0 && t.has_pin == back.has_pin &&
	    memcmp(t.pin, back.pin, PIN_SIZE) == 0 && EVP_PKEY_eq(t.key, back.key) == 1);
	token_clear(&back);
	token_clear(&t);
	buf_clear(&text);
}

/* What is written is read again, and written alike. */
static void
feed_cert(struct bytes in)
{
	X509 *cert = NULL, *back = NULL;
	struct buf der, again;

	buf_init(&der, (size_t)1 << 20);
	buf_init(&again, (size_t)1 << 20);
	if (cert_get_der(in, &cert) == RC_OK) {
		look_at(cert, cert);
		insist(cert_put_der(cert, &der) == RC_OK);
		insist(cert_get_der(buf_bytes(&der), &back) == RC_OK);
		insist(cert_put_der(back, &again) == RC_OK);
		insist(bytes_eq(buf_bytes(&der), buf_bytes(&again)));
	}
	X509_free(cert);
	X509_free(back);
	buf_clear(&der);
	buf_clear(&again);
}

/* Two bytes tell the length of the authority's certificate, then comes the list. */
static void
feed_crl(struct bytes in)
{
	struct cur c = cur_over(in);
	size_t n = cur_be(&c, 2);
	const uint8_t *p = cur_take(&c, n);
	X509_CRL *crl = NULL;
	X509 *ca = NULL;
	int64_t from, to;

	if (p == NULL || cert_get_der(bytes_of(p, n), &ca) != RC_OK)
		return;
	if (crl_get(bytes_of(c.p, c.n), ca, &crl) == RC_OK) {
		(void)crl_has(crl, ca, &from);
		(void)!crl_dates(crl, &from, &to);
	}
	X509_CRL_free(crl);
	X509_free(ca);
}

static void
feed_csr(struct bytes in)
{
	EVP_PKEY *key = NULL;
	enum rc rc = csr_get(in, &key);

	insist(rc == RC_OK || rc == RC_BAD || rc == RC_BIG);
	if (rc == RC_OK)
		insist(key_is_sound(key));
	EVP_PKEY_free(key);
}

static void
feed_certs(struct bytes in)
{
	X509 *list[4];
	unsigned n = 0;
	enum rc rc = certs_get(in, list, 4, &n);

	insist(rc == RC_OK ? n >= 1 && n <= 4 : n == 0 && rc != RC_MEM);
	for (unsigned i = 0; i < n; i++) {
		look_at(list[i], list[0]);
		X509_free(list[i]);
	}
}

static void
feed_pem(struct bytes in)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	uint8_t pin[PIN_SIZE];

	if (key_get_pem(in, &key) == RC_OK)
		insist(key_is_sound(key) && key_pin(key, pin) == RC_OK);
	if (cert_get_pem(in, 1, &cert) == RC_OK)
		look_at(cert, cert);
	EVP_PKEY_free(key);
	X509_free(cert);
}

static void
feed_text(struct bytes in)
{
	uint8_t pin[PIN_SIZE], again[PIN_SIZE];
	char text[PIN_TEXT], *hash = malloc(in.n + 1);

	insist(hash != NULL);
	if (in.n > 0)
		memcpy(hash, in.p, in.n);
	hash[in.n] = '\0';
	(void)password_is_weaker(hash, PASSWORD_LN);
	free(hash);
	if (pin_get(in, pin) != RC_OK)
		return;
	pin_text(pin, text);
	insist(pin_get(bytes_str(text), again) == RC_OK);
	insist(memcmp(pin, again, PIN_SIZE) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void (*const readers[])(struct bytes) = { feed_token, feed_cert, feed_crl,
		feed_csr, feed_certs, feed_pem, feed_text };

	if (n == 0)
		return 0;
	readers[p[0] % (sizeof(readers) / sizeof(readers[0]))](bytes_of(p + 1, n - 1));
	insist(ERR_peek_error() == 0);
	return 0;
}
