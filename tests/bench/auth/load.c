/* SPDX-License-Identifier: ISC */
/*
 * Load for authd: many clients at once, each request on a TLS connection of its own, from
 * many loopback addresses, so that no limit by source decides.
 *
 *	load login|renew|names|idle PORT N SECONDS USER PASSWORD
 *
 * login, renew: N clients log in by password; or renew what one of them got by a login.
 * Prints how many came through, how many a second, the median and the worst time in ms,
 * and what else came (STATUS:TIMES,... or -).
 *
 * names: a wrong password N times for USER and for a name that nobody has, in turn.
 * Prints the medians in ms: USER, nobody, USER in the first and in the second half; and
 * of the pairs, by how many percent nobody took longer.
 *
 * idle: one login beside N connections that do nothing, 64 of them with TLS; its ms.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
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

enum {
	CLIENTS_MAX = 1000,
	THREADS_MAX = 64,
	BODY_MAX = 16 * 1024,
	TIMES_MAX = 100000,
	STATUSES = 600,
	SHAKEN = 64, /* of the idle ones: authd's own limit */
	/* The first address of each kind of client. */
	FROM_NAMES = 20000,
	FROM_IDLE = 30000,
};

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
static const char *user, *password;
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

static float *
new_times(size_t n)
{
	float *ms = calloc(n + 1, sizeof(*ms));

	if (ms == NULL)
		die("out of memory");
	return ms;
}

/* A connection from the address number `from` behind 127.1.0.1. */
static int
dial(unsigned from)
{
	struct sockaddr_in local = { .sin_family = AF_INET },
	                   to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval patience = { .tv_sec = 60 };
	static const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	local.sin_addr.s_addr = htonl(0x7f010001u + from);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("cannot connect");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* A request is the second write in a row: not to wait for an ACK of the first. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static SSL *
new_ssl(SSL_CTX *tls, int fd)
{
	SSL *ssl = SSL_new(tls);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		die("no TLS");
	return ssl;
}

/* One request; its status, 0 when the connection broke. The whole answer is in body. */
static int
request(SSL_CTX *tls, unsigned from, char body[static BODY_MAX])
{
	char head[4096 + 2048];
	size_t n = 0;
	uint64_t status = 0;
	int fd = dial(from), got = 0;
	SSL *ssl = new_ssl(tls, fd);
	int size = snprintf(head, sizeof(head),
	    "POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Type: "
	    "application/pkcs10\r\n"
	    "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
	    path, basic, strlen(csr_text), csr_text);

	if (SSL_connect(ssl) == 1 && SSL_write(ssl, head, size) == size)
		while (n < BODY_MAX - 1 &&
		    (got = SSL_read(ssl, body + n, (int)(BODY_MAX - 1 - n))) > 0)
			n += (size_t)got;
	body[n] = '\0';
	if (n < 12 || text_u64(bytes_of(body + 9, 3), STATUSES - 1, &status) != RC_OK)
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
	if (key == NULL || csr_put(key, "ops", &der) != RC_OK ||
	    BASE64_SIZE(der.n) > sizeof(csr_text))
		die("no request");
	(void)base64_put(buf_bytes(&der), csr_text);
	buf_clear(&der);
}

static void
be(const char *name, const char *secret)
{
	char plain[512], coded[BASE64_SIZE(sizeof(plain))];
	int n = snprintf(plain, sizeof(plain), "%s:%s", name, secret);

	if (n < 0 || (size_t)n >= sizeof(plain))
		die("too long a name or password");
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

static double
median(float *ms, size_t n)
{
	qsort(ms, n, sizeof(*ms), by_size);
	if (n == 0)
		return 0;
	return (double)(ms[(n - 1) / 2] + ms[n / 2]) / 2;
}

static void
print_others(const struct client *c, unsigned n)
{
	const char *before = " ";

	for (int s = 0; s < STATUSES; s++) {
		unsigned times = 0;

		for (unsigned i = 0; i < n; i++)
			times += c[i].status[s];
		if (times == 0 || s == 200)
			continue;
		printf("%s%d:%u", before, s, times);
		before = ",";
	}
	printf("%s\n", *before == ' ' ? " -" : "");
}

static void
report(const struct client *c, unsigned n, double seconds)
{
	float *all = new_times((size_t)n * TIMES_MAX);
	size_t sum = 0;
	double middle;

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < c[i].n_times; k++)
			all[sum++] = c[i].ms[k];
	middle = median(all, sum);
	printf("%zu %.2f %.1f %.1f", sum, (double)sum / seconds, middle,
	    sum == 0 ? 0 : (double)all[sum - 1]);
	print_others(c, n);
	free(all);
}

static void
run_crowd(SSL_CTX *tls, unsigned n, double seconds)
{
	static struct client c[THREADS_MAX];
	double start = now();

	if (n > THREADS_MAX)
		die("too many clients");
	until = start + seconds;
	for (unsigned i = 0; i < n; i++) {
		c[i].number = i;
		c[i].tls = tls;
		c[i].ms = new_times(TIMES_MAX);
		if (pthread_create(&c[i].id, NULL, work, &c[i]) != 0)
			die("out of memory");
	}
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(c[i].id, NULL);
	report(c, n, now() - start);
}

static float
try_name(SSL_CTX *tls, const char *name, unsigned from)
{
	char body[BODY_MAX];
	double start;

	be(name, password);
	start = now();
	if (request(tls, FROM_NAMES + from, body) != 401)
		die("a wrong password is not answered by 401");
	return (float)((now() - start) * 1000);
}

/* In pairs, whose order changes: what drifts hits both alike. */
static void
run_names(SSL_CTX *tls, unsigned n)
{
	float *known = new_times(n), *halves = new_times(n), *nobody = new_times(n);
	float *longer = new_times(n);
	char name[32];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "nobody%u", i);
		if (i % 2 == 0)
			known[i] = try_name(tls, user, 2 * i);
		nobody[i] = try_name(tls, name, 2 * i + 1);
		if (i % 2 == 1)
			known[i] = try_name(tls, user, 2 * i);
		longer[i] = (nobody[i] / known[i] - 1) * 100;
	}
	memcpy(halves, known, n * sizeof(*known));
	printf("%.2f %.2f", median(known, n), median(nobody, n));
	printf(" %.2f %.2f", median(halves, n / 2), median(halves + n / 2, n - n / 2));
	printf(" %+.2f\n", median(longer, n));
	free(known);
	free(longer);
	free(halves);
	free(nobody);
}

static void
run_idle(SSL_CTX *tls, unsigned n)
{
	static SSL *shaken[SHAKEN];
	char body[BODY_MAX];
	double start;
	unsigned i;

	for (i = 0; i + SHAKEN < n; i++)
		(void)dial(FROM_IDLE + i);
	for (unsigned k = 0; k < SHAKEN; k++) {
		shaken[k] = new_ssl(tls, dial(FROM_IDLE + i + k));
		if (SSL_connect(shaken[k]) != 1)
			die("no TLS beside the idle ones");
	}
	start = now();
	if (request(tls, 0, body) != 200)
		die("no login beside the idle ones");
	printf("%.1f\n", (now() - start) * 1000);
	for (unsigned k = 0; k < SHAKEN; k++)
		SSL_free(shaken[k]);
}

int
main(int argc, char **argv)
{
	uint64_t p = 0, n = 0, seconds = 0;
	SSL_CTX *tls = new_tls();

	if (argc != 7 || text_u64(bytes_str(argv[2]), 65535, &p) != RC_OK ||
	    text_u64(bytes_str(argv[3]), CLIENTS_MAX, &n) != RC_OK ||
	    text_u64(bytes_str(argv[4]), 3600, &seconds) != RC_OK)
		die("usage: load login|renew|names|idle PORT N SECONDS USER PASSWORD");
	port = (uint16_t)p;
	user = argv[5];
	password = argv[6];
	make_csr();
	be(user, password);
	if (strcmp(argv[1], "renew") == 0)
		use_certificate(tls);
	if (strcmp(argv[1], "names") == 0)
		run_names(tls, (unsigned)n);
	else if (strcmp(argv[1], "idle") == 0)
		run_idle(tls, (unsigned)n);
	else
		run_crowd(tls, (unsigned)n, (double)seconds);
	SSL_CTX_free(tls);
	return 0;
}
