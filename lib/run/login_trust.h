/* SPDX-License-Identifier: ISC */
/*
 * Which server, and which identity of it to believe. Everything answers RC_OK, or RC_BAD
 * with l->end saying why not.
 */
#ifndef RUN_LOGIN_TRUST_H
#define RUN_LOGIN_TRUST_H

#include <limits.h>

#include "io/https.h"
#include "run/login_parts.h"

struct login_trust {
	enum https_trust how;
	uint8_t pin[PIN_SIZE];
	X509 *ca;
	char whence[PATH_MAX + 32]; /* who says so: "-F", or a file */
	char identity[PATH_MAX];    /* how a line of a file says it; empty: not at all */
	bool fresh;                 /* nobody but the user says so: keep it */
};

/*
 * Fill l->server: what it has already, else /etc/ugat/authd's first, else the session's.
 */
enum rc login_find_server(struct login *l) MUST_USE;

/*
 * What is to be believed of l->server: -F, else /etc/ugat/authd, else the session, else
 * `authd` beside the session file; HTTPS_NOBODY when none says. login_trust_clear.
 */
enum rc login_find_trust(struct login *l, struct login_trust *t) MUST_USE;
void login_trust_clear(struct login_trust *t);

/* Nobody has said: show this pin to the person at the terminal, who says whether. */
enum rc login_ask_trust(
    struct login *l, struct login_trust *t, const uint8_t pin[static PIN_SIZE]) MUST_USE;

/* The server has another identity. Ends in l->end. */
void login_is_stranger(
    struct login *l, const struct login_trust *t, const uint8_t pin[static PIN_SIZE]);

/* Keep what the user has accepted beside the session file, for the next time. */
void login_keep_trust(struct login *l, const struct login_trust *t);

#endif
