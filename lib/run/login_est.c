/* SPDX-License-Identifier: ISC */
/* Certificates in EST's messages (RFC 7030), and what to do with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/base64.h"
#include "crypto/cert.h"
#include "crypto/crl.h"
#include "crypto/key.h"
#include "run/login_net.h"

static enum rc
fail(struct login_net *n, int code, const char *words)
{
	char name[TOKEN_SERVER];

	server_text(&n->l->server, name);
	(void)outcome_fail(n->l->end, code, "%s: %s", name, words);
	return RC_BAD;
}

/* Take the blanks and the ends of lines out. Returns what is left. */
static size_t
squeeze(uint8_t *p, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r' && p[i] != '\n')
			p[left++] = p[i];
	return left;
}

/*
 * The certificates of the last answer. Its base64 always begins with an M, as every DER
 * sequence of this length does; some servers send the DER itself.
 */
static enum rc
get_certs(struct login_net *n, X509 **out, unsigned *count)
{
	struct buf *body = &n->answer.body;
	enum rc rc = RC_BAD;
	uint8_t *der;
	size_t size;

	*count = 0;
	if (body->n > 0 && body->p[0] == 0x30)
		return certs_get(buf_bytes(body), out, LOGIN_CAS, count);
	body->n = squeeze(body->p, body->n);
	der = malloc(body->n / 4 * 3 + 1);
	if (der == NULL)
		return RC_MEM;
	if (body->n > 0 && base64_get(buf_bytes(body), der, &size) == RC_OK)
		rc = certs_get(bytes_of(der, size), out, LOGIN_CAS, count);
	free(der);
	return rc;
}

enum rc
login_net_cas(struct login_net *n)
{
	struct https_request r = { .path = "/.well-known/est/cacerts" };
	enum rc rc;

	if (login_net_ask(n, &r, LOGIN_ANSWER_MAX) != RC_OK)
		return RC_BAD;
	login_net_forget_cas(n); /* of a renewal that came to nothing */
	rc = get_certs(n, n->cas, &n->n_cas);
	if (rc == RC_MEM)
		return fail(n, CODE_BUG, "out of memory");
	if (rc != RC_OK)
		return fail(n, CODE_PROTOCOL,
		    "it does not name its authority as RFC 7030 wants it: no login "
		    "server");
	return RC_OK;
}

/* A request for key, as base64. */
static enum rc
put_request(struct login_net *n, EVP_PKEY *key, struct buf *out)
{
	struct buf der;
	enum rc rc;

	buf_init(&der, LOGIN_ANSWER_MAX);
	rc = csr_put(key, n->l->user, &der);
	if (rc == RC_OK)
		rc = buf_room(out, BASE64_SIZE(der.n));
	if (rc == RC_OK)
		out->n += base64_put(buf_bytes(&der), (char *)(out->p + out->n));
	buf_clear(&der);
	return rc == RC_OK ? RC_OK : fail(n, CODE_BUG, "out of memory");
}

/* The certificate of the answer that is for our key; else the first, to be refused. */
static X509 *
choose_cert(X509 *const *certs, unsigned count, EVP_PKEY *key)
{
	for (unsigned i = 0; i < count; i++)
		if (cert_fits(certs[i], key) == RC_OK)
			return certs[i];
	return certs[0];
}

static X509 *
choose_ca(const struct login_net *n, const X509 *cert)
{
	for (unsigned i = 0; i < n->n_cas; i++)
		if (cert_is_signed_by(cert, n->cas[i]))
			return n->cas[i];
	return n->cas[0];
}

/* Make the answer and our key a session, if they make one. */
static enum rc
keep(struct login_net *n, EVP_PKEY *key)
{
	struct token t = { .has_pin = n->trust.how == HTTPS_PIN };
	X509 *certs[LOGIN_CAS];
	unsigned count;
	enum rc rc;

	rc = get_certs(n, certs, &count);
	if (rc == RC_MEM)
		return fail(n, CODE_BUG, "out of memory");
	if (rc != RC_OK)
		return fail(n, CODE_PROTOCOL, "its answer holds no certificate");
	server_text(&n->l->server, t.server);
	memcpy(t.pin, n->trust.pin, PIN_SIZE);
	t.cert = choose_cert(certs, count, key);
	t.ca = choose_ca(n, t.cert);
	t.key = key;
	rc = X509_up_ref(t.cert) == 1 && X509_up_ref(t.ca) == 1 &&
	        EVP_PKEY_up_ref(key) == 1
	    ? login_keep(n->l, &t)
	    : fail(n, CODE_BUG, "out of memory");
	token_clear(&t);
	for (unsigned i = 0; i < count; i++)
		X509_free(certs[i]);
	return rc;
}

enum rc
login_net_enroll(struct login_net *n, const char *path, const char *password)
{
	struct https_request r = { .path = path,
		.post = true,
		.type = "application/pkcs10",
		.base64 = true,
		.user = password == NULL ? NULL : n->l->user,
		.password = password };
	EVP_PKEY *key = key_new();
	struct buf body;
	enum rc rc;

	buf_init(&body, LOGIN_ANSWER_MAX);
	rc =
	    key == NULL ? fail(n, CODE_BUG, "out of memory") : put_request(n, key, &body);
	r.body = buf_bytes(&body);
	if (rc == RC_OK)
		rc = login_net_ask(n, &r, LOGIN_ANSWER_MAX);
	if (rc == RC_OK)
		rc = keep(n, key);
	buf_clear(&body);
	EVP_PKEY_free(key);
	return rc;
}

enum rc
login_net_list(struct login_net *n, X509 *anchor)
{
	struct https_request r = { .path = "/crl" };
	X509_CRL *crl = NULL;
	int64_t from_s, to_s;
	enum rc rc;

	if (login_net_ask(n, &r, CRL_MAX) != RC_OK)
		return RC_BAD;
	rc = crl_get(buf_bytes(&n->answer.body), anchor, &crl);
	if (rc == RC_OK)
		rc = crl_dates(crl, &from_s, &to_s);
	X509_CRL_free(crl);
	if (rc != RC_OK)
		return fail(n, CODE_PROTOCOL,
		    "its list of revoked sessions is not signed by the authority of this "
		    "one");
	/* Through a descriptor there is no place for it: then it was only looked at. */
	rc = tokfile_write_crl(&n->l->file, buf_bytes(&n->answer.body));
	return rc == RC_OK || rc == RC_NONE
	    ? RC_OK
	    : fail(n, CODE_CANTCREAT, "its list of revoked sessions cannot be kept");
}
