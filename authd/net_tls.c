/* SPDX-License-Identifier: ISC */
/* TLS as net speaks it: 1.3 alone, nothing resumed, nothing early. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "authd/authority.h"
#include "authd/net_parts.h"
#include "crypto/cert.h"

enum { MAX_CHAIN = 8 * 1024 }; /* bytes of certificates that a client may show */

static const unsigned char alpn[] = "\x08http/1.1";

/* Who offers protocols must offer ours; plain EST clients offer none. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
    const unsigned char *in, unsigned in_n, void *arg)
{
	unsigned char *chosen = NULL;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_n, alpn, sizeof(alpn) - 1, in, in_n) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/*
 * Any certificate will do here: that its key is there is proven, what it says is vault's
 * to judge.
 */
static int
on_client_cert(X509_STORE_CTX *ctx, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static void
on_info(const SSL *ssl, int where, int ret)
{
	struct peer *p;

	(void)ret;
	if ((where & SSL_CB_HANDSHAKE_DONE) == 0)
		return;
	p = SSL_get_app_data(ssl);
	if (p != NULL)
		net_http_shaken(p);
}

/* The only word that a bufferevent gives when it goes. */
static void
on_ssl_freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;
	if (ptr != NULL)
		net_http_gone(ptr);
}

static bool
set_rules(SSL_CTX *ctx)
{
	static const unsigned char context[] = "authd";

	(void)SSL_CTX_set_options(ctx,
	    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	        SSL_OP_CLEANSE_PLAINTEXT);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_cert_list(ctx, MAX_CHAIN);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_client_cert, NULL);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_info_callback(ctx, on_info);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
	    SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
	    SSL_CTX_set_session_id_context(ctx, context, sizeof(context) - 1) == 1;
}

enum rc
net_tls_open(struct net *n, const char *dir, struct outcome *end)
{
	struct authority identity = { .key = NULL };
	uint8_t pin[PIN_SIZE];
	enum rc rc = authority_load_identity(dir, &identity, end);

	if (rc != RC_OK)
		return rc;
	n->tls_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_freed);
	n->tls = SSL_CTX_new(TLS_server_method());
	if (n->tls == NULL || n->tls_index < 0 || !set_rules(n->tls) ||
	    SSL_CTX_use_certificate(n->tls, identity.cert) != 1 ||
	    SSL_CTX_use_PrivateKey(n->tls, identity.key) != 1 ||
	    key_pin(identity.key, pin) != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "TLS cannot be set up: %s",
		    ERR_reason_error_string(ERR_peek_last_error()));
		rc = RC_MEM;
	} else
		pin_text(pin, n->pin);
	authority_clear(&identity);
	return rc;
}

SSL *
net_tls_new(struct peer *p)
{
	SSL *ssl = SSL_new(p->net->tls);

	if (ssl != NULL &&
	    (SSL_set_app_data(ssl, p) != 1 ||
	        SSL_set_ex_data(ssl, p->net->tls_index, p) != 1)) {
		SSL_free(ssl);
		ssl = NULL;
	}
	return ssl;
}

struct peer *
net_tls_peer(const struct net *n, const SSL *ssl)
{
	return ssl == NULL ? NULL : SSL_get_ex_data(ssl, n->tls_index);
}

enum rc
net_tls_cert(struct net *n, const SSL *ssl, struct bytes *out)
{
	const X509 *cert = SSL_get0_peer_certificate(ssl);
	enum rc rc = RC_OK;

	buf_drop(&n->cert, n->cert.n);
	if (cert != NULL)
		rc = cert_put_der(cert, &n->cert);
	*out = buf_bytes(&n->cert);
	return rc;
}
