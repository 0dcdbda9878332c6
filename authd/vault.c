/* SPDX-License-Identifier: ISC */
/*
 * One thread has the loop, the database and the pair; workers have a password each, and
 * nothing else. Asks are read as fast as answers are taken: what net does not read, it
 * cannot ask for again.
 */
#include "authd/vault_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "crypto/crl.h"
#include "crypto/hash.h"
#include "crypto/key.h"

enum {
	CERTS_MAX = 64 * 1024,
	DUMMY_SIZE = 32,
	KEY_PEM_MAX = 16 * 1024,
	ARENAS = 2, /* of malloc; the workers need nothing of it but scrypt's */
	MMAP_FROM = 1024 * 1024, /* scrypt's memory goes back to the system at once */
};

static void
restore_note(void *ctx, const struct limits_note *n)
{
	struct vault *v = ctx;

	limits_restore(v->limits, n, vault_now_ms());
}

/*
 * Their secret comes from the authority's key, so it is the same at each start, and in no
 * copy of the database.
 */
static enum rc
make_limits(struct vault *v)
{
	static const char purpose[] = "limits";
	uint8_t secret[SHA256_SIZE];
	struct buf pem;
	enum rc rc;

	buf_init(&pem, KEY_PEM_MAX);
	rc = buf_room(&pem, KEY_PEM_MAX);
	if (rc == RC_OK)
		rc = buf_add(&pem, purpose, sizeof(purpose));
	if (rc == RC_OK)
		rc = key_put_pem(v->ca.key, &pem);
	if (rc == RC_OK)
		rc = hash_sha256(buf_bytes(&pem), secret);
	if (rc == RC_OK && (v->limits = limits_new(secret)) == NULL)
		rc = RC_MEM;
	if (pem.p != NULL)
		explicit_bzero(pem.p, pem.n);
	buf_clear(&pem);
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

/* A hash that no password has, made at the same cost as the others. */
static enum rc
make_dummy(struct vault *v)
{
	uint8_t secret[DUMMY_SIZE];
	enum rc rc = RC_SYS;

	if (RAND_bytes(secret, sizeof(secret)) == 1)
		rc = password_hash(bytes_of(secret, sizeof(secret)), v->o.ln, v->dummy);
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

static bool
are_sound(struct vault_options *o, struct outcome *end)
{
	if (o->ln == 0)
		o->ln = PASSWORD_LN;
	if (o->ln < PASSWORD_LN && !o->loopback) {
		(void)outcome_fail(end, CODE_USAGE,
		    "-S %u: less than %d only where authd listens on loopback alone",
		    o->ln, PASSWORD_LN);
		return false;
	}
	if (o->ln > PASSWORD_LN_MAX) {
		(void)outcome_fail(
		    end, CODE_USAGE, "-S %u: at most %d", o->ln, PASSWORD_LN_MAX);
		return false;
	}
	return true;
}

static enum rc
open_parts(struct vault *v, struct outcome *end)
{
	enum rc rc;

	/*
	 * The database is first: an authority without one is never what a crash leaves.
	 */
	v->db = db_open(v->o.dir, DB_MAKE, end);
	if (v->db == NULL)
		return RC_SYS;
	if (authority_open_ca(v->o.dir, "ugat user authority", &v->ca, end) != RC_OK)
		return RC_SYS;
	rc = make_limits(v);
	if (rc == RC_OK)
		rc = db_each_note(v->db, restore_note, v);
	if (rc == RC_OK)
		rc = vault_sign_crl(v, vault_now_s());
	/* Nobody is kept from logging in by it; it is tried again. */
	if (rc == RC_BIG)
		rc = RC_OK;
	if (rc == RC_SYS) {
		db_explain(v->db, end);
		return rc;
	}
	if (rc == RC_OK)
		rc = certs_put(&v->ca.cert, 1, &v->certs);
	if (rc == RC_OK)
		rc = make_dummy(v);
	if (rc != RC_OK)
		(void)outcome_fail(
		    end, CODE_BUG, "%s: vault cannot start: out of memory", v->o.dir);
	return rc;
}

struct vault *
vault_open(const struct vault_options *o, struct outcome *end)
{
	struct vault *v = calloc(1, sizeof(*v));

	if (v == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return NULL;
	}
	v->o = *o;
	v->last = &v->first;
	buf_init(&v->certs, CERTS_MAX);
	buf_init(&v->crl, CRL_MAX);
	/* One answer of any size more than what is allowed to wait: see take_frames. */
	buf_init(&v->out, VAULT_OUT + (size_t)ANSWER_MAX + VAULT_IN);
	if (!are_sound(&v->o, end) || open_parts(v, end) != RC_OK) {
		vault_free(v);
		return NULL;
	}
	return v;
}

/* b is empty only of a list that could not be signed since we are here. */
static void
answer_list(struct vault *v, struct reply *r, enum answer_type type, const struct buf *b)
{
	if (b->n == 0) {
		reply_broken(r);
	} else {
		r->type = type;
		r->shared = b;
	}
	turn_add(v, r);
}

static void
handle(struct vault *v, const struct ask *a)
{
	struct reply *r = reply_new(a);

	if (r == NULL)
		return;
	switch (a->kind) {
	case ASK_CACERTS: answer_list(v, r, ANSWER_CERTS, &v->certs); break;
	case ASK_CRL: answer_list(v, r, ANSWER_CRL, &v->crl); break;
	case ASK_ENROLL: vault_enroll(v, a, r); break;
	case ASK_REENROLL: vault_reenroll(v, a, r); break;
	case ASK_REGISTER: vault_register(v, a, r); break;
	case ASK_PASSWD: vault_passwd(v, a, r); break;
	case ASK_KINDS: reply_free(r); break;
	}
}

static void
stop(struct vault *v, const char *why)
{
	if (why != NULL)
		(void)outcome_fail(v->end, CODE_PROTOCOL, "vault: %s", why);
	loop_stop(v->loop);
}

/*
 * Whole frames, until what they are answered with may be too much; a list of revoked
 * sessions is the largest, and the turn ends before another one could be added.
 */
static void
take_frames(struct vault *v)
{
	size_t at = 0, used;
	struct ask a;
	enum rc rc = RC_OK;

	while (v->out.n + v->held < VAULT_OUT) {
		rc = ask_get(bytes_of(v->in + at, v->in_n - at), &a, &used);
		if (rc != RC_OK)
			break;
		v->held += a.kind == ASK_CRL ? v->crl.n : VAULT_CERTS_MAX;
		handle(v, &a);
		at += used;
	}
	/* There were passwords in it. */
	memmove(v->in, v->in + at, v->in_n - at);
	explicit_bzero(v->in + v->in_n - at, at);
	v->in_n -= at;
	if (rc == RC_BAD)
		stop(v, "net speaks nonsense");
}

static void
set_watch(struct vault *v)
{
	int what = v->out.n > 0 ? LOOP_WRITE : 0;

	if (v->out.n < VAULT_OUT && v->in_n < sizeof(v->in))
		what |= LOOP_READ;
	if (loop_watch_set(v->pair, what) != RC_OK)
		stop(v, "the pair cannot be watched");
}

static void
write_answers(struct vault *v)
{
	while (v->out.n > 0) {
		ssize_t put = write(v->o.pair, v->out.p, v->out.n);

		if (put < 0) {
			if (errno != EAGAIN && errno != EINTR)
				stop(v, NULL);
			return;
		}
		buf_drop(&v->out, (size_t)put);
	}
	buf_clear(&v->out);
}

static void
read_asks(struct vault *v)
{
	ssize_t got = read(v->o.pair, v->in + v->in_n, sizeof(v->in) - v->in_n);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		stop(v, NULL); /* net is gone, and its parent knows why */
	if (got > 0)
		v->in_n += (size_t)got;
}

static void
on_pair(void *ctx, int what)
{
	struct vault *v = ctx;

	if ((what & LOOP_WRITE) != 0)
		write_answers(v);
	if ((what & LOOP_READ) != 0)
		read_asks(v);
	take_frames(v);
	set_watch(v);
}

static void
on_turn(void *ctx)
{
	struct vault *v = ctx;

	turn_end(v);
	write_answers(v);
	take_frames(v);
	set_watch(v);
}

static void
on_tick(void *ctx)
{
	struct vault *v = ctx;

	vault_look(v);
	loop_timer_set(v->tick, loop_now() + VAULT_TICK_MS);
}

static void
on_signal(void *ctx, int signo)
{
	struct vault *v = ctx;

	v->end->signal = signo;
	stop(v, NULL);
}

static unsigned
threads_wanted(void)
{
	cpu_set_t mine;
	int cores = 2;

	if (sched_getaffinity(0, sizeof(mine), &mine) == 0)
		cores = CPU_COUNT(&mine);
	return cores < 1 ? 1 : cores > VAULT_THREADS ? VAULT_THREADS : (unsigned)cores;
}

static enum rc
start_parts(struct vault *v)
{
	int flags = fcntl(v->o.pair, F_GETFL);

	if (flags < 0 || fcntl(v->o.pair, F_SETFL, flags | O_NONBLOCK) < 0)
		return RC_SYS;
	/* A net that is gone is seen by the failing write. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)mallopt(M_ARENA_MAX, ARENAS);
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	v->threads = threads_wanted();
	v->loop = loop_new();
	if (v->loop == NULL)
		return RC_MEM;
	v->pair = loop_watch_new(v->loop, v->o.pair, on_pair, v);
	v->turn = loop_timer_new(v->loop, on_turn, v);
	v->tick = loop_timer_new(v->loop, on_tick, v);
	v->term = loop_signal_new(v->loop, SIGTERM, on_signal, v);
	v->interrupt = loop_signal_new(v->loop, SIGINT, on_signal, v);
	v->hangup = loop_signal_new(v->loop, SIGHUP, on_signal, v);
	v->work = work_new(v->loop, v->threads);
	if (v->pair == NULL || v->turn == NULL || v->tick == NULL || v->term == NULL ||
	    v->interrupt == NULL || v->hangup == NULL || v->work == NULL)
		return RC_MEM;
	return loop_watch_set(v->pair, LOOP_READ);
}

/*
 * What waits for the end of the turn has been asked for in time, and is done; passwords
 * that are still being checked are forgotten.
 */
static void
stop_parts(struct vault *v)
{
	work_free(v->work);
	v->work = NULL;
	turn_end(v);
	if (v->loop != NULL)
		write_answers(v);
	loop_signal_free(v->term);
	loop_signal_free(v->interrupt);
	loop_signal_free(v->hangup);
	loop_timer_free(v->turn);
	loop_timer_free(v->tick);
	loop_watch_free(v->pair);
	loop_free(v->loop);
	v->term = v->interrupt = v->hangup = NULL;
	v->turn = v->tick = NULL;
	v->pair = NULL;
	v->loop = NULL;
}

void
vault_run(struct vault *v, struct outcome *end)
{
	v->end = end;
	if (start_parts(v) != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "vault: out of memory or threads");
	} else {
		loop_timer_set(v->tick, loop_now() + VAULT_TICK_MS);
		if (loop_run(v->loop) != RC_OK)
			(void)outcome_fail(end, CODE_BUG, "vault: %s", strerror(errno));
	}
	stop_parts(v);
}

void
vault_free(struct vault *v)
{
	if (v == NULL)
		return;
	db_free(v->db);
	limits_free(v->limits);
	authority_clear(&v->ca);
	buf_clear(&v->certs);
	buf_clear(&v->crl);
	buf_clear(&v->out);
	explicit_bzero(v, sizeof(*v));
	free(v);
}
