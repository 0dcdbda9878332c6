/* SPDX-License-Identifier: ISC */
/* For tests: a vault in a process of its own, asked over its pair as net would. */
#ifndef TESTS_UNIT_AUTHD_VAULT_WORLD_H
#define TESTS_UNIT_AUTHD_VAULT_WORLD_H

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cmocka.h>

#include "authd/ask.h"
#include "authd/authority.h"
#include "authd/db.h"
#include "authd/vault.h"
#include "crypto/cert.h"
#include "crypto/key.h"

enum { CHEAP_LN = 4, PATIENCE_MS = 60 * 1000 };

struct vault_world {
	char dir[64];
	struct vault_options o;
	pid_t pid;
	int pair;
	uint64_t id;
	EVP_PKEY *key;
	struct buf csr, in;
	struct answer answer; /* the last; its body points into in */
	size_t used;
};

static inline void
world_start(struct vault_world *w)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	w->o.pair = fds[1];
	(void)fflush(NULL);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid == 0) {
		struct outcome end = { .code = CODE_OK };
		struct vault *v;

		(void)close(fds[0]);
		if (getenv("VAULT_LOG") == NULL &&
		    freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		v = vault_open(&w->o, &end);
		if (v != NULL)
			vault_run(v, &end);
		vault_free(v);
		_exit(end.signal != 0 ? 100 + end.signal : end.code);
	}
	(void)close(fds[1]);
	w->pair = fds[0];
	buf_clear(&w->in);
	w->used = 0;
}

/* Its exit code; net's end is closed first. */
static inline int
world_stop(struct vault_world *w)
{
	int status = -1;

	if (w->pid <= 0)
		return -1;
	(void)close(w->pair);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	w->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int
world_setup(void **state)
{
	struct vault_world *w = calloc(1, sizeof(*w));
	const char *tmp = getenv("TMPDIR");

	if (w == NULL)
		return -1;
	(void)snprintf(
	    w->dir, sizeof(w->dir), "%s/vault.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(w->dir) == NULL)
		return -1;
	w->o = (struct vault_options){
		.dir = w->dir, .ln = CHEAP_LN, .loopback = true, .new_accounts = NEW_OPEN
	};
	buf_init(&w->csr, ASK_MAX);
	buf_init(&w->in, ANSWER_MAX + ASK_FRAME);
	w->key = key_new();
	if (w->key == NULL || csr_put(w->key, "whoever", &w->csr) != RC_OK)
		return -1;
	*state = w;
	return 0;
}

static inline int
world_teardown(void **state)
{
	static const char *const files[] = { "ca.key", "ca.pem", DB_FILE, DB_FILE "-wal",
		DB_FILE "-shm", "lock" };
	struct vault_world *w = *state;
	char path[128];
	int code = w->pid > 0 ? world_stop(w) : CODE_OK;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", w->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(w->dir);
	EVP_PKEY_free(w->key);
	buf_clear(&w->csr);
	buf_clear(&w->in);
	free(w);
	return code == CODE_OK ? 0 : -1;
}

/* An ask from 192.0.2.host. */
static inline struct ask
world_ask(
    struct vault_world *w, enum ask_kind kind, const char *user, const char *password)
{
	struct ask a = { .id = ++w->id,
		.kind = kind,
		.source = addr_v4((const uint8_t[4]){ 192, 0, 2, 1 }, 1000),
		.user = bytes_str(user),
		.password = bytes_str(password) };

	if (kind == ASK_ENROLL || kind == ASK_REENROLL)
		a.body = buf_bytes(&w->csr);
	return a;
}

static inline void
world_send(struct vault_world *w, const struct ask *a)
{
	struct buf b;
	size_t at = 0;

	buf_init(&b, ASK_MAX + ASK_FRAME);
	assert_int_equal(ask_put(a, &b), RC_OK);
	while (at < b.n) {
		ssize_t put = send(w->pair, b.p + at, b.n - at, MSG_NOSIGNAL);

		assert_true(put > 0);
		at += (size_t)put;
	}
	buf_clear(&b);
}

/* The next answer, whichever it is; false when vault is gone. */
static inline bool
world_receive(struct vault_world *w)
{
	buf_drop(&w->in, w->used);
	w->used = 0;
	for (;;) {
		struct pollfd p = { .fd = w->pair, .events = POLLIN };
		enum rc rc = answer_get(buf_bytes(&w->in), &w->answer, &w->used);
		ssize_t got;

		if (rc == RC_OK)
			return true;
		assert_int_equal(rc, RC_MORE);
		assert_int_equal(buf_room(&w->in, 4096), RC_OK);
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		got = read(w->pair, w->in.p + w->in.n, 4096);
		if (got <= 0)
			return false;
		w->in.n += (size_t)got;
	}
}

/* Ask and wait: the status. */
static inline unsigned
world_do(struct vault_world *w, const struct ask *a)
{
	world_send(w, a);
	assert_true(world_receive(w));
	assert_true(w->answer.id == a->id);
	return w->answer.status;
}

static inline unsigned
world_register(struct vault_world *w, const char *user, const char *password)
{
	struct ask a = world_ask(w, ASK_REGISTER, user, password);

	return world_do(w, &a);
}

static inline unsigned
world_login(struct vault_world *w, const char *user, const char *password)
{
	struct ask a = world_ask(w, ASK_ENROLL, user, password);

	return world_do(w, &a);
}

/* Whether the answer's line holds these words. */
static inline bool
world_says(const struct vault_world *w, const char *words)
{
	char text[512];
	size_t n =
	    w->answer.body.n < sizeof(text) - 1 ? w->answer.body.n : sizeof(text) - 1;

	memcpy(text, w->answer.body.p, n);
	text[n] = '\0';
	return strstr(text, words) != NULL;
}

/* The certificate in the answer, as DER behind what is in out. */
static inline X509 *
world_cert(const struct vault_world *w, struct buf *der)
{
	X509 *cert = NULL;
	unsigned n = 0;

	assert_int_equal(w->answer.type, ANSWER_CERTS);
	assert_int_equal(certs_get(w->answer.body, &cert, 1, &n), RC_OK);
	assert_int_equal(n, 1);
	if (der != NULL)
		assert_int_equal(cert_put_der(cert, der), RC_OK);
	return cert;
}

/* The database, as authctl opens it. */
static inline struct db *
world_db(const struct vault_world *w)
{
	struct outcome end = { .code = CODE_OK };
	struct db *db = db_open(w->dir, DB_USE, &end);

	if (db == NULL)
		print_error("%s\n", end.words);
	assert_non_null(db);
	return db;
}

#endif
