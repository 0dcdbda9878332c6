/* SPDX-License-Identifier: ISC */
#include "crypto/token.h"

#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/crl.h"
#include "crypto/key_parts.h"
#include "crypto/ossl.h"
#include "crypto/pem.h"

static enum rc
bad(const char **why, const char *words)
{
	*why = words;
	return RC_BAD;
}

/* A line without its end; *text goes on behind it. */
static struct bytes
take_line(struct bytes *text)
{
	const uint8_t *lf = memchr(text->p, '\n', text->n);
	size_t n = lf == NULL ? text->n : (size_t)(lf - text->p);
	struct bytes line = bytes_of(text->p, n);

	*text = bytes_from(*text, n + 1);
	while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
		line.n--;
	return line;
}

/* The value of a line `name: value`; false when it is another line. */
static bool
has_name(struct bytes line, const char *name, struct bytes *value)
{
	if (!bytes_starts(line, name))
		return false;
	*value = bytes_from(line, strlen(name));
	while (value->n > 0 && value->p[0] == ' ')
		*value = bytes_from(*value, 1);
	return true;
}

/* Visible ASCII that fits: what it means is the client's. */
static bool
get_server(struct bytes value, char out[static TOKEN_SERVER])
{
	if (value.n == 0 || value.n >= TOKEN_SERVER)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] <= ' ' || value.p[i] > '~')
			return false;
	memcpy(out, value.p, value.n);
	out[value.n] = '\0';
	return true;
}

static enum rc
get_line(struct bytes line, struct token *out, const char **why)
{
	struct bytes value;

	if (has_name(line, "server:", &value)) {
		if (out->server[0] != '\0')
			return bad(why, "it names two servers");
		if (!get_server(value, out->server))
			return bad(why, "its server line is damaged");
	} else if (has_name(line, "pin:", &value)) {
		if (out->has_pin)
			return bad(why, "it has two pins");
		if (pin_get(value, out->pin) != RC_OK)
			return bad(why, "its pin line is damaged");
		out->has_pin = true;
	}
	return RC_OK;
}

/* The lines before the first block; *text is then what begins with it. */
static enum rc
get_lines(struct bytes *text, struct token *out, const char **why)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && text->n > 0 && !bytes_starts(*text, "-----BEGIN "))
		rc = get_line(take_line(text), out, why);
	return rc;
}

static enum rc
get_key(const struct pem_block *b, struct token *out, const char **why)
{
	enum rc rc;

	if (out->key != NULL)
		return bad(why, "it holds more than one private key");
	if (pem_is_locked(b))
		return bad(why, "its private key has a passphrase");
	rc = key_get_block(b, &out->key);
	return rc == RC_BAD ? bad(why, "its private key is damaged or unfit") : rc;
}

/* The user's comes first, then the authority's. */
static enum rc
get_cert(const struct pem_block *b, struct token *out, const char **why)
{
	X509 **place = out->cert == NULL ? &out->cert : &out->ca;
	enum rc rc;

	if (*place != NULL)
		return bad(why, "it holds more than two certificates");
	rc = cert_get_der(bytes_of(b->der, (size_t)b->n), place);
	if (rc == RC_BAD && place == &out->cert)
		return bad(why, "its certificate is damaged");
	return rc == RC_BAD ? bad(why, "the authority's certificate is damaged") : rc;
}

static enum rc
get_blocks(struct bytes text, struct token *out, const char **why)
{
	BIO *in = pem_open(text);
	struct pem_block b;
	enum rc rc = in == NULL ? RC_MEM : RC_OK;

	while (rc == RC_OK && (rc = pem_next(in, &b)) == RC_OK) {
		if (pem_is_key(&b))
			rc = get_key(&b, out, why);
		else if (pem_is_certificate(&b))
			rc = get_cert(&b, out, why);
		pem_clear(&b);
	}
	BIO_free(in);
	ossl_forget();
	if (rc == RC_NONE)
		return RC_OK;
	if (rc == RC_BAD && *why == NULL)
		return bad(why, "it is damaged or cut short");
	return rc;
}

static enum rc
is_whole(const struct token *t, const char **why)
{
	if (t->key == NULL)
		return bad(why, "it holds no private key");
	if (t->cert == NULL)
		return bad(why, "it holds no certificate");
	if (t->ca == NULL)
		return bad(why, "the authority's certificate is missing");
	return RC_OK;
}

enum rc
token_get(struct bytes text, struct token *out, const char **why)
{
	enum rc rc;

	memset(out, 0, sizeof(*out));
	*why = NULL;
	if (text.n > TOKEN_MAX)
		return bad(why, "it is larger than 64 KiB");
	rc = get_lines(&text, out, why);
	if (rc == RC_OK)
		rc = get_blocks(text, out, why);
	if (rc == RC_OK)
		rc = is_whole(out, why);
	if (rc != RC_OK)
		token_clear(out);
	return rc;
}

static enum rc
put_lines(const struct token *t, struct buf *out)
{
	char pin[PIN_TEXT];
	enum rc rc = RC_OK;

	if (t->server[0] != '\0')
		rc = buf_printf(out, "server: %s\n", t->server);
	if (rc == RC_OK && t->has_pin) {
		pin_text(t->pin, pin);
		rc = buf_printf(out, "pin: %s\n", pin);
	}
	return rc;
}

/* Room for all comes first: a buffer that grows leaves a copy of the key behind. */
static enum rc
put_parts(const struct buf *parts, size_t n, struct buf *out)
{
	size_t size = 0;
	enum rc rc;

	for (size_t i = 0; i < n; i++)
		size += parts[i].n;
	rc = buf_room(out, size);
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		rc = buf_add(out, parts[i].p, parts[i].n);
	return rc;
}

enum rc
token_put(const struct token *t, struct buf *out)
{
	enum { LINES, KEY, CERTS, PARTS };
	struct buf parts[PARTS];
	enum rc rc;

	for (size_t i = 0; i < PARTS; i++)
		buf_init(&parts[i], TOKEN_MAX);
	rc = put_lines(t, &parts[LINES]);
	if (rc == RC_OK)
		rc = key_put_pem(t->key, &parts[KEY]);
	if (rc == RC_OK)
		rc = cert_put_pem(t->cert, &parts[CERTS]);
	if (rc == RC_OK)
		rc = cert_put_pem(t->ca, &parts[CERTS]);
	if (rc == RC_OK)
		rc = put_parts(parts, PARTS, out);
	if (parts[KEY].p != NULL)
		explicit_bzero(parts[KEY].p, parts[KEY].n);
	for (size_t i = 0; i < PARTS; i++)
		buf_clear(&parts[i]);
	return rc;
}

void
token_clear(struct token *t)
{
	EVP_PKEY_free(t->key);
	X509_free(t->cert);
	X509_free(t->ca);
	memset(t, 0, sizeof(*t));
}

static enum token_fault
find_fault(
    X509 *cert, X509 *anchor, X509_CRL *crl, int64_t now_s, struct token_facts *facts)
{
	int64_t ca_from_s = 0;
	bool dated, named;

	memset(facts, 0, sizeof(*facts));
	/* All that can be known, for the words that tell of a fault. */
	dated = cert_dates(cert, &facts->not_before_s, &facts->not_after_s) == RC_OK &&
	    cert_dates(anchor, &ca_from_s, &facts->ca_not_after_s) == RC_OK;
	named = cert_user(cert, facts->user) == RC_OK;
	if (!named)
		facts->user[0] = '\0';
	if (cert_serial(cert, facts->serial) != RC_OK)
		facts->serial[0] = '\0';
	if (!cert_is_signed_by(cert, anchor))
		return TOKEN_FOREIGN;
	if (!named || !cert_is_for_peers(cert))
		return TOKEN_NAMELESS;
	if (now_s < facts->not_before_s || now_s < ca_from_s)
		return TOKEN_FUTURE;
	if (!dated || now_s > facts->not_after_s || now_s > facts->ca_not_after_s)
		return TOKEN_EXPIRED;
	if (crl != NULL && crl_has(crl, cert, &facts->revoked_s))
		return TOKEN_REVOKED;
	return TOKEN_FINE;
}

enum token_fault
token_check_cert(
    X509 *cert, X509 *anchor, X509_CRL *crl, int64_t now_s, struct token_facts *facts)
{
	enum token_fault fault;

	ossl_begin();
	fault = find_fault(cert, anchor, crl, now_s, facts);
	if (ossl_end(fault == TOKEN_FINE, RC_BAD) == RC_MEM)
		return TOKEN_UNKNOWN;
	return fault;
}

enum token_fault
token_check(const struct token *t, X509 *anchor, X509_CRL *crl, int64_t now_s,
    struct token_facts *facts)
{
	enum rc rc =
	    t->key == NULL || t->cert == NULL ? RC_BAD : cert_fits(t->cert, t->key);

	memset(facts, 0, sizeof(*facts));
	if (rc != RC_OK)
		return rc == RC_MEM ? TOKEN_UNKNOWN : TOKEN_WRONG_KEY;
	return token_check_cert(t->cert, anchor, crl, now_s, facts);
}
