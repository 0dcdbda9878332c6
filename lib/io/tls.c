/* SPDX-License-Identifier: ISC */
/*
 * libssl does the work; here are its rules. It never asks the socket for more than it has
 * room for (tls_batch.c), so that a write is either whole in the batch or was not begun,
 * and what is written next may be something else.
 */
#include "io/tls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "crypto/wake.h"
#include "io/loop.h"
#include "io/tls_parts.h"

enum {
	CHAIN_BYTES = 8 * 1024, /* of certificates that the other side shows */
	CHAIN_CERTS = 16,
	SECURITY_LEVEL = 2, /* at least 112 bits: RSA from 2048 */
};

/*
 * AES-GCM's keys are good for 2^24.5 full records, 388 GiB (RFC 8446, 5.5); libssl does
 * not count.
 */
#define REKEY_BYTES (UINT64_C(64) << 30)

/* The other side's certificate. */

/* What libssl makes the alert from that tells the other side why. */
static int
verdict_of(enum token_fault fault)
{
	switch (fault) {
	case TOKEN_FINE: return X509_V_OK;
	case TOKEN_FOREIGN: return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
	case TOKEN_NAMELESS: return X509_V_ERR_INVALID_PURPOSE;
	case TOKEN_FUTURE: return X509_V_ERR_CERT_NOT_YET_VALID;
	case TOKEN_EXPIRED: return X509_V_ERR_CERT_HAS_EXPIRED;
	case TOKEN_REVOKED: return X509_V_ERR_CERT_REVOKED;
	case TOKEN_UNKNOWN: return X509_V_ERR_OUT_OF_MEM;
	case TOKEN_WRONG_KEY: break;
	}
	return X509_V_ERR_CERT_REJECTED;
}

static int
on_certificate(X509_STORE_CTX *store, void *ctx)
{
	struct tls *t = ctx;
	STACK_OF(X509) *came = X509_STORE_CTX_get0_untrusted(store);
	X509 *chain[CHAIN_CERTS];
	unsigned n = 0;

	for (int i = 0; i < sk_X509_num(came) && n < CHAIN_CERTS; i++)
		chain[n++] = sk_X509_value(came, i);
	t->checked_s = (int64_t)loop_wall_s();
	t->fault = trust_check(&t->trust, X509_STORE_CTX_get0_cert(store), chain, n,
	    t->checked_s, &t->facts);
	X509_STORE_CTX_set_error(store, verdict_of(t->fault));
	return t->fault == TOKEN_FINE;
}

/* The protocol within. */

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
    unsigned in_n, void *ctx)
{
	struct tls *t = ctx;
	struct cur c = cur_over(bytes_of(in, in_n));
	struct bytes ours = bytes_of(t->alpn + 1, t->alpn[0]);

	(void)ssl;
	while (c.n > 0 && !c.bad) {
		size_t size = (size_t)cur_be(&c, 1);
		const uint8_t *name = cur_take(&c, size);

		if (name != NULL && bytes_eq(bytes_of(name, size), ours)) {
			*out = ours.p;
			*n = t->alpn[0];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Whoever names no protocol at all is not shown who we are. */
static int
on_hello(SSL *ssl, int *alert, void *ctx)
{
	const unsigned char *p;
	size_t n;

	(void)ctx;
	if (SSL_client_hello_get0_ext(
	        ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p, &n) == 1)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static bool
has_alpn(const struct tls *t)
{
	const unsigned char *p;
	unsigned n;

	SSL_get0_alpn_selected(t->ssl, &p, &n);
	return bytes_eq(bytes_of(p, n), bytes_of(t->alpn + 1, t->alpn[0]));
}

/* Beginning and end. */

static bool
set_rules(struct tls *t)
{
	int groups[] = { NID_X25519, NID_X9_62_prime256v1 };
	SSL_CTX *c = t->ctx;

	SSL_CTX_set_security_level(c, SECURITY_LEVEL);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_max_cert_list(c, CHAIN_BYTES);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(c, on_certificate, t);
	if (t->server) {
		SSL_CTX_set_alpn_select_cb(c, on_alpn, t);
		SSL_CTX_set_client_hello_cb(c, on_hello, t);
	} else if (SSL_CTX_set_alpn_protos(c, t->alpn, 1U + t->alpn[0]) != 0) {
		return false;
	}
	return SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_num_tickets(c, 0) == 1 &&
	    SSL_CTX_set_ciphersuites(c,
	        "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
	        "TLS_AES_256_GCM_SHA384") == 1 &&
	    SSL_CTX_set1_groups(c, groups, 2) == 1;
}

static bool
set_identity(struct tls *t, const struct tls_rules *rules)
{
	EVP_PKEY *ca = X509_get0_pubkey(rules->ca);

	return SSL_CTX_use_certificate(t->ctx, rules->cert) == 1 &&
	    SSL_CTX_use_PrivateKey(t->ctx, rules->key) == 1 &&
	    SSL_CTX_add1_chain_cert(t->ctx, rules->ca) == 1 && ca != NULL &&
	    key_pin(ca, t->our_pin) == RC_OK;
}

/* References of our own: the session may be renewed meanwhile. */
static void
set_trust(struct tls *t, const struct trust *trust)
{
	t->trust = *trust;
	for (unsigned i = 0; i < t->trust.n; i++)
		(void)X509_up_ref(t->trust.anchors[i]);
	if (t->trust.crl != NULL)
		(void)X509_CRL_up_ref(t->trust.crl);
}

struct tls *
tls_new(const struct tls_rules *rules, int fd, bool server, struct outcome *end)
{
	struct tls *t = calloc(1, sizeof(*t));
	size_t n = strlen(rules->alpn);
	const int on = 1;
	bool good = false;

	if (t == NULL || n > TLS_ALPN_MAX || crypto_wake() != RC_OK)
		goto out;
	t->fd = fd;
	t->server = server;
	t->alpn[0] = (uint8_t)n;
	memcpy(t->alpn + 1, rules->alpn, n);
	set_trust(t, rules->trust);
	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	t->ctx = SSL_CTX_new(TLS_method());
	if (t->ctx == NULL || !set_rules(t) || !set_identity(t, rules))
		goto out;
	t->ssl = SSL_new(t->ctx);
	if (t->ssl == NULL || tls_batch_open(t) != RC_OK)
		goto out;
	if (server)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	/* What is flushed is wanted there; no socket but TCP knows it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	good = true;
out:
	if (!good) {
		const char *why = ERR_reason_error_string(ERR_peek_last_error());

		(void)outcome_fail(end, CODE_BUG, "TLS cannot begin: %s",
		    why != NULL ? why : "out of memory");
		tls_free(t);
		t = NULL;
	}
	ERR_clear_error();
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	for (unsigned i = 0; i < t->trust.n; i++)
		X509_free(t->trust.anchors[i]);
	X509_CRL_free(t->trust.crl);
	tls_batch_close(t);
	free(t);
	ERR_clear_error();
}

/* How a call of libssl went. */

/* What has failed stays so. */
static enum rc
failed(const struct tls *t, struct outcome *end)
{
	(void)outcome_fail(end, t->end.code, "%s", t->end.words);
	return RC_BAD;
}

/* It is over; the alert that may say so goes out as far as it can. */
static enum rc
fail(struct tls *t, unsigned long e)
{
	tls_explain(t, e);
	(void)tls_batch_send(t);
	return RC_BAD;
}

/* Nothing of libssl's errors is left behind. On RC_BAD t->end is set. */
static enum rc
settle(struct tls *t, int result)
{
	enum rc rc = RC_MORE;

	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ: t->wants = LOOP_READ; break;
	case SSL_ERROR_WANT_WRITE: t->wants = LOOP_WRITE; break;
	case SSL_ERROR_ZERO_RETURN: rc = t->shaken ? RC_END : fail(t, 0); break;
	default: rc = fail(t, ERR_peek_error()); break;
	}
	ERR_clear_error();
	return rc;
}

/* The socket's side of writing. */
static enum rc
send_batch(struct tls *t)
{
	enum rc rc = tls_batch_send(t);

	if (rc == RC_SYS ||
	    (t->gone && (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN) != 0))
		return fail(t, 0);
	return rc;
}

enum rc
tls_shake(struct tls *t, struct outcome *end)
{
	enum rc rc = RC_OK;
	int result;

	if (t->end.code != CODE_OK)
		return failed(t, end);
	if (t->shaken)
		return RC_OK;
	if (tls_batch_send(t) == RC_MORE && !t->gone)
		return RC_MORE;
	ERR_clear_error();
	result = SSL_do_handshake(t->ssl);
	if (result != 1)
		rc = settle(t, result);
	else if (!has_alpn(t))
		rc = fail(t, ERR_PACK(ERR_LIB_SSL, 0, SSL_R_NO_APPLICATION_PROTOCOL));
	/* What libssl takes for sent and is not: no answer comes before it. */
	if (rc != RC_BAD && tls_batch_send(t) == RC_MORE && !t->gone)
		rc = RC_MORE;
	t->shaken = rc == RC_OK;
	return rc == RC_BAD ? failed(t, end) : rc;
}

const struct trust_facts *
tls_peer(const struct tls *t)
{
	return &t->facts;
}

enum rc
tls_read(struct tls *t, uint8_t *p, size_t cap, size_t *n, struct outcome *end)
{
	enum rc rc = RC_OK;

	*n = 0;
	if (t->end.code != CODE_OK)
		return failed(t, end);
	ERR_clear_error();
	while (*n < cap && rc == RC_OK) {
		size_t got;

		if (SSL_read_ex(t->ssl, p + *n, cap - *n, &got) != 1)
			rc = settle(t, 0);
		else
			*n += got;
		/* Asking the socket in vain costs more than coming back. */
		if (!tls_has_more(t))
			break;
	}
	/* What ended it is told by the next call. */
	if (*n > 0)
		return RC_OK;
	return rc == RC_BAD ? failed(t, end) : rc;
}

bool
tls_has_more(const struct tls *t)
{
	return t->in_n > 0 || SSL_pending(t->ssl) > 0;
}

/* One record into the batch, which has room for it. */
static enum rc
seal(struct tls *t, struct bytes b, size_t *n)
{
	size_t put;

	if (t->sealed >= REKEY_BYTES) {
		t->sealed = 0;
		if (SSL_key_update(t->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1)
			return fail(t, ERR_peek_error());
	}
	if (SSL_write_ex(t->ssl, b.p, b.n < TLS_PLAIN_MAX ? b.n : TLS_PLAIN_MAX, &put) !=
	    1)
		return settle(t, 0);
	t->sealed += put;
	*n += put;
	return RC_OK;
}

enum rc
tls_write(struct tls *t, struct bytes b, size_t *n, struct outcome *end)
{
	enum rc rc = RC_OK;

	*n = 0;
	if (t->end.code != CODE_OK)
		return failed(t, end);
	ERR_clear_error();
	while (*n < b.n && rc == RC_OK) {
		if (t->gone || t->out_n > TLS_BATCH)
			rc = send_batch(t);
		if (rc == RC_OK)
			rc = seal(t, bytes_from(b, *n), n);
	}
	if (*n > 0)
		return RC_OK;
	return rc == RC_BAD ? failed(t, end) : rc;
}

enum rc
tls_flush(struct tls *t, struct outcome *end)
{
	enum rc rc;

	if (t->end.code != CODE_OK)
		return failed(t, end);
	rc = send_batch(t);
	return rc == RC_BAD ? failed(t, end) : rc;
}

enum rc
tls_close(struct tls *t, struct outcome *end)
{
	if (t->end.code != CODE_OK)
		return failed(t, end);
	ERR_clear_error();
	if (!t->closed && t->shaken && SSL_shutdown(t->ssl) < 0 &&
	    settle(t, -1) == RC_BAD)
		return failed(t, end);
	t->closed = true;
	return tls_flush(t, end);
}

int
tls_wants(const struct tls *t)
{
	return t->wants;
}
