/* SPDX-License-Identifier: ISC */
/*
 * The conversation with a login server: EST (RFC 7030) and what authd adds to it.
 * Everything answers RC_OK, or RC_BAD with l->end saying why not. What is full or busy is
 * tried again until l->end_ms.
 */
#ifndef RUN_LOGIN_NET_H
#define RUN_LOGIN_NET_H

#include "base/rng.h"
#include "io/https.h"
#include "run/login_parts.h"
#include "run/login_trust.h"

enum {
	LOGIN_ANSWER_MAX = 64 * 1024,
	LOGIN_CAS = 8, /* authorities that a server may name */
};

struct login_net {
	struct login *l;
	struct login_trust trust;
	struct https_peer peer;
	struct https *https;
	struct https_answer answer; /* the last one */
	struct rng rng;
	enum https_fate fate; /* of the last request */
	unsigned tries;       /* that came to nothing, of the request under way */
	bool lost;            /* a POST may have come through, and its answer not */
	X509 *cas[LOGIN_CAS];
	unsigned n_cas;
};

/* Find out whom to ask and whom to believe; login_net_clear in every case. */
enum rc login_net_begin(struct login_net *n, struct login *l) MUST_USE;
void login_net_clear(struct login_net *n);

/*
 * Where nobody has said whom to believe: look who answers, and ask the person at the
 * terminal.
 */
enum rc login_net_meet(struct login_net *n) MUST_USE;

/* Begin new connections from now on; cert: show the session's certificate there. */
enum rc login_net_open(struct login_net *n, bool cert) MUST_USE;

/*
 * Send r until it is answered by anything but "later", and look at the answer: RC_OK for
 * 2xx. most: bytes that it may have.
 */
enum rc login_net_ask(struct login_net *n, struct https_request *r, size_t most) MUST_USE;

/* Ask for the authorities, who sign what is issued: n->cas. */
enum rc login_net_cas(struct login_net *n) MUST_USE;
void login_net_forget_cas(struct login_net *n);

/*
 * Have a new key signed, by path (simpleenroll with a password, simplereenroll without),
 * and put the session into the file.
 */
enum rc login_net_enroll(
    struct login_net *n, const char *path, const char *password) MUST_USE;

/* Get the list of revoked sessions and keep it; anchor signed it. */
enum rc login_net_list(struct login_net *n, X509 *anchor);

#endif
