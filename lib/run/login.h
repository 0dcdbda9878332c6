/* SPDX-License-Identifier: ISC */
/*
 * The engines of ugat-login, ugat-passwd and ugat-logout: get a session, from a server
 * that speaks EST (RFC 7030) or from an authority of one's own, keep it in the session
 * file, show it, end it. Whether a session counts is run/session's to say.
 */
#ifndef RUN_LOGIN_H
#define RUN_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"

enum { LOGIN_LIMIT_S = 60 }; /* what everything may take unless -t says otherwise */

enum login_mode {
	LOGIN_ENSURE, /* do no more than is needed: nothing, renew, log in */
	LOGIN_RENEW,
	LOGIN_SHOW,
	LOGIN_LOCAL, /* by an authority of this machine's own */
};

struct login_options {
	enum login_mode mode;
	bool new_account;
	bool force;
	bool passwd; /* passwd_run's: an authority of one's own is no help there */
	bool quiet, verbose;
	const char *user;     /* NULL: the session's, or asked for */
	const char *server;   /* HOST[:PORT]; NULL: the site's, or the session's */
	const char *pin;      /* as crypto/key reads it, or a PEM file; NULL: not given */
	const char *password; /* where it comes from: a file, "-", "fd:N"; NULL: asked for
	                       */
	const char *invite;   /* a file or "-"; NULL: none */
	const char *dir;      /* export to; NULL: do not */
	uint64_t limit_s;
	int out, err;        /* descriptors: what is shown, remarks */
	const char *command; /* in front of remarks */
};

/* Do what o->mode says; *end then says how to end. */
void login_run(const struct login_options *o, struct outcome *end);

/*
 * Change the password of an account. Of o only user, server, pin, password (two lines:
 * the old and the new one), limit_s, quiet, verbose, err and command count.
 */
void passwd_run(const struct login_options *o, struct outcome *end);

/* Remove the session. Of o only quiet, verbose, err and command count. */
void logout_run(const struct login_options *o, struct outcome *end);

/*
 * For commands that hold secrets: no core dumps, and no other process of the user may
 * look into this one.
 */
void login_guard(void);

#endif
