/* SPDX-License-Identifier: ISC */
/*
 * OpenSSL asks us about the server's certificate in the middle of the handshake and goes
 * on only when we agree; libcurl's own checks of the pin or the name come on top.
 */
#include "io/https.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/addr.h"
#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/cert.h"

enum { URL_ROOM = 512 };

/* What the judge in the handshake found. */
enum verdict { NOT_ASKED, BELIEVED, A_STRANGER, A_USER, NOT_VALID, NO_MEMORY };

struct https {
	const struct https_peer *peer;
	CURL *curl;
	struct https_answer *answer; /* of the request under way */
	size_t head;                 /* bytes of its header */
	bool large;
	bool connected; /* by the request before */
	enum verdict verdict;
	bool has_pin;
	uint8_t pin[PIN_SIZE]; /* the server's */
	char words[CURL_ERROR_SIZE];
};

/* Memory for libcurl: passwords pass through it, so nothing is given back unwiped. */

static void
wiping_free(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *
wiping_realloc(void *p, size_t n)
{
	size_t had = p == NULL ? 0 : malloc_usable_size(p);
	void *more = malloc(n);

	if (more == NULL)
		return NULL;
	if (had > 0)
		memcpy(more, p, had < n ? had : n);
	wiping_free(p);
	return more;
}

/* The judge. */

static bool
is_pinned(struct https *h, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	h->has_pin = key != NULL && key_pin(key, h->pin) == RC_OK;
	return h->has_pin && memcmp(h->pin, h->peer->pin, PIN_SIZE) == 0;
}

static enum verdict
judge(struct https *h, X509_STORE_CTX *ctx)
{
	X509 *cert = X509_STORE_CTX_get0_cert(ctx);
	char user[USER_TEXT];
	bool pinned;

	if (cert == NULL)
		return NOT_VALID;
	pinned = is_pinned(h, cert);
	if (cert_user(cert, user) != RC_NONE)
		return A_USER;
	switch (h->peer->trust) {
	case HTTPS_PIN: return pinned ? BELIEVED : A_STRANGER;
	case HTTPS_CA:
		if (X509_verify_cert(ctx) == 1)
			return BELIEVED;
		(void)snprintf(h->words, sizeof(h->words), "%s",
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
		return NOT_VALID;
	case HTTPS_NOBODY: break;
	}
	return A_STRANGER;
}

static int
on_certificate(X509_STORE_CTX *ctx, void *arg)
{
	struct https *h = arg;

	/*
	 * For want of memory nobody is a stranger: malloc says so, libcrypto often not.
	 */
	errno = 0;
	h->verdict = judge(h, ctx);
	if (h->verdict != BELIEVED &&
	    (errno == ENOMEM ||
	        ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE))
		h->verdict = NO_MEMORY;
	if (h->verdict == BELIEVED)
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
	else if (h->verdict != NOT_VALID && h->verdict != NO_MEMORY)
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
	return h->verdict == BELIEVED;
}

/* Believe one authority, for one name. */
static bool
believe_ca(const struct https_peer *peer, SSL_CTX *ctx)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	X509_STORE *store = X509_STORE_new();
	struct addr a;

	if (store == NULL)
		return false;
	SSL_CTX_set_cert_store(ctx, store); /* which owns it now */
	if (X509_STORE_add_cert(store, peer->ca) != 1)
		return false;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (addr_parse(bytes_str(peer->host), &a) == RC_OK)
		return X509_VERIFY_PARAM_set1_ip_asc(param, peer->host) == 1;
	return X509_VERIFY_PARAM_set1_host(param, peer->host, 0) == 1;
}

static CURLcode
on_context(CURL *curl, void *context, void *arg)
{
	struct https *h = arg;
	SSL_CTX *ctx = context;

	(void)curl;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_certificate, h);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1)
		return CURLE_SSL_CONNECT_ERROR;
	if (h->peer->trust == HTTPS_CA && !believe_ca(h->peer, ctx))
		return CURLE_OUT_OF_MEMORY;
	if (h->peer->cert != NULL &&
	    (SSL_CTX_use_certificate(ctx, h->peer->cert) != 1 ||
	        SSL_CTX_use_PrivateKey(ctx, h->peer->key) != 1))
		return CURLE_SSL_CERTPROBLEM;
	return CURLE_OK;
}

/* The answer as it comes. */

static size_t
on_body(char *data, size_t one, size_t n, void *arg)
{
	struct https *h = arg;
	enum rc rc = buf_add(&h->answer->body, data, one * n);

	h->large = h->large || rc == RC_BIG;
	return rc == RC_OK ? one * n : 0;
}

static struct bytes
trim(struct bytes b)
{
	while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
		b = bytes_from(b, 1);
	while (b.n > 0 && (b.p[b.n - 1] <= ' '))
		b.n--;
	return b;
}

static bool
is_header(struct bytes line, const char *name, struct bytes *value)
{
	size_t n = strlen(name);

	if (line.n <= n || line.p[n] != ':' ||
	    strncasecmp((const char *)line.p, name, n) != 0)
		return false;
	*value = trim(bytes_from(line, n + 1));
	return true;
}

static size_t
on_header(char *data, size_t one, size_t n, void *arg)
{
	struct https *h = arg;
	struct bytes line = bytes_of(data, one * n), value;
	char date[64];
	uint64_t wait_s;

	h->head += line.n;
	h->large = h->large || h->head > HTTPS_HEAD_MAX;
	if (h->large)
		return 0;
	if (is_header(line, "retry-after", &value) &&
	    text_u64(value, INT32_MAX, &wait_s) == RC_OK)
		h->answer->retry_s = (int64_t)wait_s;
	if (is_header(line, "date", &value) && value.n < sizeof(date)) {
		time_t at;

		(void)text_printable(value, date, sizeof(date));
		at = curl_getdate(date, NULL);
		h->answer->date_s = at > 0 ? (int64_t)at : 0;
	}
	return line.n;
}

/* Setting up. */

static CURLcode
set_peer(struct https *h)
{
	const struct https_peer *p = h->peer;
	char pin[sizeof("sha256//") + BASE64_SIZE(PIN_SIZE)] = "sha256//";
	CURLcode rc = CURLE_OK;

	(void)base64_put(bytes_of(p->pin, PIN_SIZE), pin + strlen(pin));
	/* The first failure stands. */
#define SET(option, value) \
	(rc = rc != CURLE_OK ? rc : curl_easy_setopt(h->curl, option, value))
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, p->trust == HTTPS_CA ? 2L : 0L);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	if (p->trust == HTTPS_PIN)
		SET(CURLOPT_PINNEDPUBLICKEY, pin);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(CURLOPT_SSL_CTX_FUNCTION, on_context);
	SET(CURLOPT_SSL_CTX_DATA, h);
	if (p->direct)
		SET(CURLOPT_PROXY, "");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_ERRORBUFFER, h->words);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, h);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, h);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_USERAGENT, "ugat/" UGAT_VERSION);
	return rc;
}

struct https *
https_new(const struct https_peer *peer)
{
	struct https *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->peer = peer;
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc,
	        strdup, calloc) != CURLE_OK) {
		free(h);
		return NULL;
	}
	h->curl = curl_easy_init();
	if (h->curl == NULL || set_peer(h) != CURLE_OK) {
		https_free(h);
		return NULL;
	}
	return h;
}

void
https_free(struct https *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	curl_global_cleanup();
	free(h);
}

/* A request. */

static CURLcode
set_request(struct https *h, const struct https_request *r, struct curl_slist *head)
{
	bool ip6 = strchr(h->peer->host, ':') != NULL;
	char url[URL_ROOM];
	CURLcode rc = CURLE_OK;

	(void)snprintf(url, sizeof(url), ip6 ? "https://[%s]:%u%s" : "https://%s:%u%s",
	    h->peer->host, (unsigned)h->peer->port, r->path);
	SET(CURLOPT_URL, url);
	SET(CURLOPT_HTTPHEADER, head);
	SET(CURLOPT_TIMEOUT_MS, (long)r->wait_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)r->wait_ms);
	SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	SET(CURLOPT_USERNAME, r->user);
	SET(CURLOPT_PASSWORD, r->user == NULL ? NULL : r->password);
	if (!r->post) {
		SET(CURLOPT_HTTPGET, 1L);
		return rc;
	}
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE, (long)r->body.n);
	SET(CURLOPT_POSTFIELDS, r->body.n == 0 ? "" : (const char *)r->body.p);
	return rc;
}
#undef SET

/* false: out of memory. */
static bool
add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (more != NULL)
		*list = more;
	return more != NULL;
}

static bool
make_headers(const struct https_request *r, struct curl_slist **list)
{
	char type[128];

	/* No "100 Continue" to wait for: bodies are small. */
	if (!add_header(list, "Expect:") || !add_header(list, "Accept:"))
		return false;
	if (r->type != NULL) {
		(void)snprintf(type, sizeof(type), "Content-Type: %s", r->type);
		if (!add_header(list, type))
			return false;
	}
	return !r->base64 || add_header(list, "Content-Transfer-Encoding: base64");
}

/* Whether the other side hung up, as one does that is full, or out of memory. */
static bool
hung_up(const struct https *h)
{
	return strstr(h->words, "SYSCALL") != NULL ||
	    strstr(h->words, "alert internal error") != NULL ||
	    strstr(h->words, "reset by") != NULL ||
	    strstr(h->words, "unexpected eof") != NULL;
}

static enum https_fate
fate_of_handshake(const struct https *h)
{
	switch (h->verdict) {
	case A_STRANGER: return HTTPS_STRANGER;
	case A_USER: return HTTPS_USER;
	case NOT_VALID: return HTTPS_REFUSED;
	case NO_MEMORY: return HTTPS_MEM;
	case BELIEVED:
	case NOT_ASKED: break;
	}
	if (strstr(h->words, "malloc failure") != NULL)
		return HTTPS_MEM;
	return hung_up(h) ? HTTPS_CLOSED : HTTPS_FOREIGN;
}

static enum https_fate
fate_of(const struct https *h, CURLcode rc)
{
	switch ((int)rc) {
	case CURLE_OK: return HTTPS_DONE;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_PEER_FAILED_VERIFICATION: return fate_of_handshake(h);
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return HTTPS_STRANGER;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY: return HTTPS_UNKNOWN;
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT: return HTTPS_SILENT;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR: return h->large ? HTTPS_LARGE : HTTPS_CLOSED;
	case CURLE_OUT_OF_MEMORY: return HTTPS_MEM;
	case CURLE_WRITE_ERROR: return h->large ? HTTPS_LARGE : HTTPS_MEM;
	}
	return h->large ? HTTPS_LARGE : HTTPS_FOREIGN;
}

static CURLcode
perform(struct https *h)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	CURLcode rc;

	/* OpenSSL writes to sockets that may be closed. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	rc = curl_easy_perform(h->curl);
	(void)sigaction(SIGPIPE, &before, NULL);
	return rc;
}

/* What the network said, where curl says no more than that there was no way there. */
static const char *
why(const struct https *h, CURLcode rc)
{
	long err = 0;

	if (rc == CURLE_COULDNT_CONNECT &&
	    curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &err) == CURLE_OK && err > 0)
		return strerror((int)err);
	return h->words[0] == '\0' ? curl_easy_strerror(rc) : h->words;
}

enum https_fate
https_ask(struct https *h, const struct https_request *r, struct https_answer *a)
{
	struct curl_slist *head = NULL;
	CURLcode rc = CURLE_OUT_OF_MEMORY;
	long status = 0, tunnel = 0, fresh = 0;
	curl_socket_t kept = CURL_SOCKET_BAD;

	a->status = 0;
	a->date_s = a->retry_s = 0;
	a->words[0] = '\0';
	a->twice = false;
	buf_drop(&a->body, a->body.n);
	h->answer = a;
	h->head = 0;
	h->large = false;
	h->verdict = NOT_ASKED;
	h->words[0] = '\0';
	if (make_headers(r, &head))
		rc = set_request(h, r, head);
	if (rc == CURLE_OK)
		rc = perform(h);
	(void)curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(head);
	h->answer = NULL;
	if (curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
		a->status = (int)status;
	if (rc != CURLE_OK)
		(void)text_printable(bytes_str(why(h, rc)), a->words, sizeof(a->words));
	if (curl_easy_getinfo(h->curl, CURLINFO_NUM_CONNECTS, &fresh) == CURLE_OK)
		a->twice = h->connected && fresh > 0;
	/* One that it closes behind its answer is not lost under the next request. */
	h->connected = rc == CURLE_OK &&
	    curl_easy_getinfo(h->curl, CURLINFO_ACTIVESOCKET, &kept) == CURLE_OK &&
	    kept != CURL_SOCKET_BAD;
	/* It is the proxy that answered, and said no. */
	if (rc != CURLE_OK && h->verdict == NOT_ASKED &&
	    curl_easy_getinfo(h->curl, CURLINFO_HTTP_CONNECTCODE, &tunnel) == CURLE_OK &&
	    tunnel >= 300)
		return HTTPS_SILENT;
	return fate_of(h, rc);
}

enum rc
https_pin(const struct https *h, uint8_t pin[static PIN_SIZE])
{
	if (!h->has_pin)
		return RC_NONE;
	memcpy(pin, h->pin, PIN_SIZE);
	return RC_OK;
}
