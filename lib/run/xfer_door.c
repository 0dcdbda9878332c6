/* SPDX-License-Identifier: ISC */
#include "run/xfer_door.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "codec/xfer.h"
#include "crypto/cert.h"
#include "io/slurp.h"

enum { PEM_MAX = 64 * 1024 };

/* The pin of a certificate's key, or of a public key. RC_BAD: neither. */
static enum rc
pin_of_pem(struct bytes text, uint8_t pin[static PIN_SIZE])
{
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;
	enum rc rc = RC_BAD;
	BIO *in;

	if (cert_get_pem(text, 0, &cert) == RC_OK) {
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

static enum rc
take_pin(struct xfer_door *d, const char *said, struct outcome *end)
{
	struct buf text;
	enum rc rc;

	d->has_pin = true;
	if (pin_get(bytes_str(said), d->pin) == RC_OK)
		return RC_OK;
	if (strncasecmp(said, "sha256:", strlen("sha256:")) == 0) {
		(void)outcome_fail(end, CODE_USAGE,
		    "-F: %s: not a whole fingerprint: sha256: and 44 characters expected",
		    said);
		return RC_BAD;
	}
	buf_init(&text, PEM_MAX);
	rc = slurp(said, &text);
	if (rc != RC_OK)
		(void)outcome_fail(
		    end, CODE_NOINPUT, "-F: %s: %s", said, strerror(errno));
	else if ((rc = pin_of_pem(buf_bytes(&text), d->pin)) != RC_OK)
		(void)outcome_fail(end, CODE_DATA,
		    "-F: %s: sha256:..., or a certificate or a public key in PEM "
		    "expected",
		    said);
	buf_clear(&text);
	return rc == RC_OK ? RC_OK : RC_BAD;
}

enum rc
xfer_door_open(struct xfer_door *d, const struct xfer_options *o, struct outcome *end)
{
	*d = (struct xfer_door){ .rules.alpn = XFER_ALPN };
	d->session = session_open(o->command, o->err, o->verbose, end);
	if (d->session == NULL)
		return RC_BAD;
	return o->pin == NULL ? RC_OK : take_pin(d, o->pin, end);
}

const struct tls_rules *
xfer_door_rules(struct xfer_door *d)
{
	session_rules(d->session, &d->rules, &d->trust);
	d->trust.has_pin = d->has_pin;
	memcpy(d->trust.pin, d->pin, sizeof(d->pin));
	return &d->rules;
}

void
xfer_door_close(struct xfer_door *d)
{
	session_free(d->session);
	d->session = NULL;
}
