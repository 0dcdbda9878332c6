/* SPDX-License-Identifier: ISC */
/*
 * What the parts of vault share. An ask becomes a reply at once; a reply waits for the
 * end of its turn, where the transaction is committed and all of them leave.
 */
#ifndef AUTHD_VAULT_PARTS_H
#define AUTHD_VAULT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authd/ask.h"
#include "authd/authority.h"
#include "authd/db.h"
#include "authd/limits.h"
#include "authd/vault.h"
#include "authd/vault_clock.h"
#include "io/loop.h"
#include "io/work.h"

enum {
	VAULT_IN = 64 * 1024,        /* bytes of asks that are read at once */
	VAULT_OUT = 1024 * 1024,     /* of answers that may wait before asks do */
	VAULT_CERTS_MAX = 16 * 1024, /* of a certificate's answer */
	VAULT_TEXT = 200,            /* of the line in an answer */
	VAULT_TICK_MS = 1000,        /* how often the database is looked at */
};

struct reply {
	struct reply *next;
	uint64_t id;
	uint16_t status;
	uint32_t retry_s;
	char text[VAULT_TEXT];    /* the line, with its LF */
	struct buf der;           /* or certificates */
	const struct buf *shared; /* or vault's own; as of the moment it leaves */
	enum answer_type type;
	bool depends; /* true only when the transaction is committed */

	/* For the log; event NULL: not worth a line. */
	const char *event, *result;
	char user[USER_TEXT]; /* of an account that exists, or empty */
	char serial[CERT_SERIAL_TEXT];
	struct addr source;
};

struct vault {
	struct vault_options o;
	struct authority ca;
	struct db *db;
	struct limits *limits;
	char dummy[PASSWORD_HASH]; /* checked for names that nobody has */
	struct buf certs, crl;     /* answers to cacerts and crl */
	int64_t crl_due_s;         /* when it is to be signed anew */
	struct vault_clock clock;
	int64_t seen_version; /* of the database, that the list rests on */

	/* This turn. */
	bool writing, failed;
	bool counted; /* limits may have something to save */
	struct reply *first, **last;
	size_t held; /* bytes that the replies to come may take */

	/* While it runs. */
	struct loop *loop;
	struct work *work;
	unsigned threads;
	struct loop_watch *pair;
	struct loop_timer *turn, *tick;
	struct loop_signal *term, *interrupt, *hangup;
	struct outcome *end;
	size_t in_n;
	uint8_t in[VAULT_IN];
	struct buf out;
};

/* Wall clock. */
int64_t vault_now_ms(void);
static inline int64_t
vault_now_s(void)
{
	return vault_now_ms() / 1000;
}

/* ---- vault_turn.c ---- */

/* A reply to a. NULL: out of memory; the ask stays without an answer. */
struct reply *reply_new(const struct ask *a);
void reply_free(struct reply *r);

/* Set status, the log's word and the line (without LF). */
void reply_say(struct reply *r, uint16_t status, const char *result, const char *format,
    ...) PRINTF_LIKE(4, 5);

/* 503 for trouble with the database, and why. */
void reply_trouble(struct reply *r, const struct db *db);

/* 503 for memory, random numbers, a damaged row. */
void reply_broken(struct reply *r);

/* Hand it over: it leaves at the turn's end. */
void turn_add(struct vault *v, struct reply *r);

/*
 * Be in the turn's transaction. RC_SYS: this turn writes nothing any more, and what
 * depends on it becomes a 503. turn_failed: say so of another call.
 */
enum rc turn_write(struct vault *v) MUST_USE;
enum rc turn_failed(struct vault *v);

/* Commit, and let the replies go. */
void turn_end(struct vault *v);

/* ---- the asks: each answers by turn_add, now or later ---- */

/* Log in, with a password; change it; a new account; renew, with the certificate. */
void vault_enroll(struct vault *v, const struct ask *a, struct reply *r);
void vault_passwd(struct vault *v, const struct ask *a, struct reply *r);
void vault_register(struct vault *v, const struct ask *a, struct reply *r);
void vault_reenroll(struct vault *v, const struct ask *a, struct reply *r);

/*
 * The public key of the request in a, or NULL with r saying what is wrong with it.
 */
EVP_PKEY *vault_request(const struct ask *a, struct reply *r);

/* Sign a session of this account and note it; r becomes the answer, good or bad. */
void vault_issue(
    struct vault *v, struct reply *r, const struct db_account *account, EVP_PKEY *public);

/* ---- vault_crl.c ---- */

/*
 * Forget what is old and sign the list; the log says what came of it. RC_SYS: the
 * database; RC_BIG: too many for a list; RC_MEM. The old list stays then.
 */
enum rc vault_sign_crl(struct vault *v, int64_t now_s) MUST_USE;

/* Each second: sign when it is due or another program has written. */
void vault_look(struct vault *v);

#endif
