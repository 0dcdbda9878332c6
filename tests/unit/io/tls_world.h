/* SPDX-License-Identifier: ISC */
/*
 * For tests of TLS: authorities, people with sessions, and two ends with a wire between
 * them on which bytes can be counted, changed and cut. One thread turns all of it.
 */
#ifndef TESTS_UNIT_TLS_WORLD_H
#define TESTS_UNIT_TLS_WORLD_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/cert.h"
#include "crypto/crl.h"
#include "io/loop.h"
#include "io/tls.h"

enum { WIRE_CHUNK = 64 * 1024, TURNS_MAX = 100000, HOUR_S = 3600 };

struct authority {
	EVP_PKEY *key;
	X509 *cert;
};

struct person {
	EVP_PKEY *key;
	X509 *cert;
	struct trust trust;
	struct tls_rules rules;
};

static inline struct authority
authority_new(void)
{
	struct authority a = { .key = key_new() };

	a.cert = cert_new_ca(a.key, "an authority", (int64_t)time(NULL) - 2 * HOUR_S);
	assert_non_null(a.cert);
	return a;
}

static inline void
authority_free(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->cert);
}

/* A session that begins from_s from now and lives so long. */
static inline void
person_init(struct person *p, const char *user, const struct authority *a, int64_t from_s,
    int64_t life_s)
{
	struct cert_order order = { .now_s = (int64_t)time(NULL) + from_s + CERT_SLACK_S,
		.life_s = life_s - CERT_SLACK_S };

	memset(p, 0, sizeof(*p));
	(void)snprintf(order.user, sizeof(order.user), "%s", user);
	assert_int_equal(cert_draw_serial(order.serial), RC_OK);
	p->key = key_new();
	p->cert = cert_issue(&order, p->key, a->cert, a->key);
	assert_non_null(p->cert);
	p->trust = (struct trust){ .anchors = { a->cert }, .n = 1 };
	p->rules = (struct tls_rules){ .key = p->key,
		.cert = p->cert,
		.ca = a->cert,
		.trust = &p->trust,
		.alpn = "ugat/1" };
}

static inline void
person_clear(struct person *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
}

/* Who has another certificate than cert_issue makes; cert is p's from now on. */
static inline void
person_set_cert(struct person *p, X509 *cert)
{
	X509_free(p->cert);
	p->cert = cert;
	p->rules.cert = cert;
}

static inline void
person_pin(struct person *p, const struct authority *a)
{
	p->trust.has_pin = true;
	assert_int_equal(key_pin(a->key, p->trust.pin), RC_OK);
}

/* One direction of the wire. */
struct way {
	size_t passed;
	size_t flip_at; /* the byte whose lowest bit is changed; SIZE_MAX: none */
	size_t cut_at;  /* so many bytes pass, then it is closed; SIZE_MAX: all */
	bool over;
};

struct end {
	struct tls *tls; /* NULL: somebody else holds fd */
	int fd, wire;
	enum rc rc;
	struct outcome why;
};

struct pair {
	struct end e[2];   /* 0 calls, 1 is called */
	struct way way[2]; /* [i] from e[i] */
};

static inline void
pair_init(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < 2; i++) {
		int fds[2];

		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		p->e[i].fd = fds[0];
		p->e[i].wire = fds[1];
		p->e[i].rc = RC_MORE;
		p->way[i].flip_at = SIZE_MAX;
		p->way[i].cut_at = SIZE_MAX;
	}
}

/* The same without a wire between them: TCP on loopback. */
static inline void
pair_init_tcp(struct pair *p)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(in);

	memset(p, 0, sizeof(*p));
	assert_int_equal(bind(fd, (struct sockaddr *)&in, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &size), 0);
	p->e[0].fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(p->e[0].fd, (struct sockaddr *)&in, size), 0);
	p->e[1].fd = accept(fd, NULL, NULL);
	(void)close(fd);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fcntl(p->e[i].fd, F_SETFL, O_NONBLOCK), 0);
		p->e[i].rc = RC_MORE;
		p->e[i].wire = -1;
		p->way[i].over = true;
	}
}

static inline void
pair_join(struct pair *p, const struct tls_rules *caller, const struct tls_rules *called)
{
	for (int i = 0; i < 2; i++) {
		struct end *e = &p->e[i];

		e->tls = tls_new(i == 0 ? caller : called, e->fd, i == 1, &e->why);
		assert_non_null(e->tls);
	}
}

static inline void
pair_open(struct pair *p, const struct tls_rules *caller, const struct tls_rules *called)
{
	pair_init(p);
	pair_join(p, caller, called);
}

static inline void
pair_close(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		tls_free(p->e[i].tls);
		(void)close(p->e[i].fd);
		(void)close(p->e[i].wire);
	}
}

/* What has been sent comes through, if there is room for it. false: nothing moved. */
static inline bool
way_turn(struct way *w, int from, int to)
{
	uint8_t chunk[WIRE_CHUNK];
	ssize_t n;

	if (w->over)
		return false;
	n = recv(from, chunk, sizeof(chunk), MSG_PEEK);
	if (n == -1)
		return false;
	if (n > 0) {
		ssize_t sent;
		size_t take = (size_t)n;

		if (w->flip_at >= w->passed && w->flip_at - w->passed < take)
			chunk[w->flip_at - w->passed] ^= 1;
		if (take > w->cut_at - w->passed)
			take = w->cut_at - w->passed;
		sent = take == 0 ? 0 : send(to, chunk, take, MSG_NOSIGNAL);
		if (sent == -1)
			return false;
		assert_int_equal(recv(from, chunk, (size_t)sent, 0), sent);
		w->passed += (size_t)sent;
	}
	if (n == 0 || w->passed == w->cut_at) {
		w->over = true;
		(void)shutdown(to, SHUT_WR);
	}
	return true;
}

static inline bool
pair_turn(struct pair *p)
{
	bool a = way_turn(&p->way[0], p->e[0].wire, p->e[1].wire);
	bool b = way_turn(&p->way[1], p->e[1].wire, p->e[0].wire);

	return a || b;
}

/* Both shake hands until they have ended or nothing moves any more. */
static inline void
pair_shake(struct pair *p)
{
	bool moved = true;

	for (int turn = 0; moved && turn < TURNS_MAX; turn++) {
		for (int i = 0; i < 2; i++) {
			struct end *e = &p->e[i];

			if (e->tls != NULL && e->rc == RC_MORE)
				e->rc = tls_shake(e->tls, &e->why);
		}
		moved = pair_turn(p);
	}
}

/* Read what comes, until the end or until nothing moves; the number of bytes. */
static inline size_t
end_drain(struct pair *p, int i, uint8_t *to, size_t cap)
{
	struct end *e = &p->e[i];
	size_t all = 0, n;

	for (int turn = 0; turn < TURNS_MAX && all < cap; turn++) {
		e->rc = tls_read(e->tls, to + all, cap - all, &n, &e->why);
		all += n;
		if (e->rc == RC_END || e->rc == RC_BAD)
			break;
		if (e->rc == RC_MORE && !pair_turn(p))
			break;
	}
	return all;
}

/* Write and flush all of b while the other end reads into to, which has room. */
static inline void
pair_carry(struct pair *p, int from, struct bytes b, size_t step, uint8_t *to)
{
	struct end *e = &p->e[from];
	size_t put = 0, got = 0, n;

	for (int turn = 0; turn < TURNS_MAX && got < b.n; turn++) {
		while (put < b.n) {
			size_t most = b.n - put < step ? b.n - put : step;

			e->rc = tls_write(e->tls, bytes_of(b.p + put, most), &n, &e->why);
			put += n;
			if (e->rc != RC_OK)
				break;
		}
		if (put == b.n)
			e->rc = tls_flush(e->tls, &e->why);
		assert_true(e->rc == RC_OK || e->rc == RC_MORE);
		(void)pair_turn(p);
		got += end_drain(p, 1 - from, to + got, b.n - got);
	}
	assert_int_equal(got, b.n);
}

/* Each call leaves libcrypto's queue of errors empty. */
static inline int
no_errors_are_left(void **state)
{
	(void)state;
	return ERR_peek_error() == 0 ? 0 : -1;
}

#endif
