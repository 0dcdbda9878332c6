/* SPDX-License-Identifier: ISC */
/*
 * Load for authd: many clients at once, each request on a TLS connection of its own, from
 * many loopback addresses.
 *
 *	load login|renew PORT CLIENTS SECONDS USER PASSWORD
 *
 * login: simpleenroll by user and password. renew: one login, then simplereenroll by that
 * certificate. Says how many requests came through, how many a second, and the median and
 * worst time in milliseconds; anything but 200 is counted by its status.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/cert.h"
#include "crypto/key.h"

enum { CLIENTS_MAX = 64, BODY_MAX = 16 * 1024, TIMES_MAX = 100000, STATUSES = 600 };

struct client {
	pthread_t id;
	unsigned number;
	SSL_CTX *tls;
	unsigned done, status[STATUSES];
	unsigned n_times;
	float *ms;
};

static uint16_t port;
static double until;
static const char *user;
static char basic[1024], csr_text[4096];
static const char *path = "/.well-known/est/simpleenroll";
static EVP_PKEY *key;

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

/* A connection from 127.1.N.M, so that no limit by source decides. */
static int
dial(unsigned from)
{
	struct sockaddr_in local = { .sin_family = AF_INET },
	                   to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval patience = { .tv_sec = 30 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	local.sin_addr.s_addr = htonl(0x7f010001u + from);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("cannot connect");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* One request; its status, 0 when the connection broke. The whole answer is in body. */
static int
request(SSL_CTX *tls, unsigned from, char body[static BODY_MAX])
{
	char head[2048];
	size_t n = 0;
	uint64_t status = 0;
	int fd = dial(from), got = 0;
	SSL *ssl = SSL_new(tls);
	int size = snprintf(head, sizeof(head),
	    "POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Type: "
	    "application/pkcs10\r\n"
	    "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
	    path, basic, strlen(csr_text), csr_text);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		die("no TLS");
	if (SSL_connect(ssl) == 1 && SSL_write(ssl, head, size) == size)
		while (n < BODY_MAX - 1 &&
		    (got = SSL_read(ssl, body + n, (int)(BODY_MAX - 1 - n))) > 0)
			n += (size_t)got;
	body[n] = '\0';
	if (n > 12 && text_u64(bytes_of(body + 9, 3), 599, &status) != RC_OK)
		status = 0;
	SSL_free(ssl);
	(void)close(fd);
	return (int)status;
}

static SSL_CTX *
new_tls(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1)
		die("no TLS");
	return tls;
}

static void *
work(void *arg)
{
	struct client *c = arg;
	char body[BODY_MAX];

	while (now() < until && c->n_times < TIMES_MAX) {
		double start = now();
		int status = request(c->tls, c->number * 251 + c->done % 250, body);

		c->done++;
		c->status[status]++;
		if (status == 200)
			c->ms[c->n_times++] = (float)((now() - start) * 1000);
	}
	return NULL;
}

static void
make_csr(void)
{
	struct buf der;

	buf_init(&der, 4096);
	key = key_new();
	if (key == NULL || csr_put(key, user, &der) != RC_OK ||
	    BASE64_SIZE(der.n) > sizeof(csr_text))
		die("no request");
	(void)base64_put(buf_bytes(&der), csr_text);
	buf_clear(&der);
}

static void
make_basic(const char *password)
{
	char plain[512], coded[BASE64_SIZE(sizeof(plain))];
	int n = snprintf(plain, sizeof(plain), "%s:%s", user, password);

	(void)base64_put(bytes_of(plain, (size_t)n), coded);
	(void)snprintf(basic, sizeof(basic), "Authorization: Basic %s\r\n", coded);
}

/* Log in once; from now on that certificate speaks for us. */
static void
use_certificate(SSL_CTX *tls)
{
	char body[BODY_MAX], *text;
	uint8_t der[BODY_MAX];
	X509 *cert[4];
	unsigned n = 0;
	size_t size = 0;

	if (request(tls, 0, body) != 200 || (text = strstr(body, "\r\n\r\n")) == NULL)
		die("the login fails");
	text += 4;
	while (strlen(text) > 0 && text[strlen(text) - 1] <= ' ')
		text[strlen(text) - 1] = '\0';
	if (base64_get(bytes_str(text), der, &size) != RC_OK ||
	    certs_get(bytes_of(der, size), cert, 4, &n) != RC_OK || n == 0 ||
	    SSL_CTX_use_certificate(tls, cert[0]) != 1 ||
	    SSL_CTX_use_PrivateKey(tls, key) != 1)
		die("no certificate in the answer");
	for (unsigned i = 0; i < n; i++)
		X509_free(cert[i]);
	basic[0] = '\0';
	path = "/.well-known/est/simplereenroll";
}

static int
by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void
report(const struct client *c, unsigned n, double seconds)
{
	float *all = calloc((size_t)n * TIMES_MAX + 1, sizeof(*all));
	size_t sum = 0;

	if (all == NULL)
		die("out of memory");
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < c[i].n_times; k++)
			all[sum++] = c[i].ms[k];
	qsort(all, sum, sizeof(*all), by_size);
	printf("%zu ok, %.1f/s, median %.1f ms, worst %.1f ms", sum,
	    (double)sum / seconds, sum == 0 ? 0 : (double)all[sum / 2],
	    sum == 0 ? 0 : (double)all[sum - 1]);
	for (int s = 0; s < STATUSES; s++) {
		unsigned times = 0;

		for (unsigned i = 0; i < n; i++)
			times += c[i].status[s];
		if (times > 0 && s != 200)
			printf(", status %d: %u", s, times);
	}
	printf("\n");
	free(all);
}

int
main(int argc, char **argv)
{
	static struct client c[CLIENTS_MAX];
	uint64_t p = 0, n = 0, seconds = 0;
	SSL_CTX *tls = new_tls();
	double start;

	if (argc != 7 || text_u64(bytes_str(argv[2]), 65535, &p) != RC_OK ||
	    text_u64(bytes_str(argv[3]), CLIENTS_MAX, &n) != RC_OK ||
	    text_u64(bytes_str(argv[4]), 3600, &seconds) != RC_OK)
		die("usage: load login|renew PORT CLIENTS SECONDS USER PASSWORD");
	port = (uint16_t)p;
	user = argv[5];
	make_csr();
	make_basic(argv[6]);
	if (strcmp(argv[1], "renew") == 0)
		use_certificate(tls);
	start = now();
	until = start + (double)seconds;
	for (unsigned i = 0; i < n; i++) {
		c[i].number = i;
		c[i].tls = tls;
		c[i].ms = calloc(TIMES_MAX, sizeof(float));
		if (c[i].ms == NULL || pthread_create(&c[i].id, NULL, work, &c[i]) != 0)
			die("out of memory");
	}
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(c[i].id, NULL);
	report(c, (unsigned)n, now() - start);
	return 0;
}
