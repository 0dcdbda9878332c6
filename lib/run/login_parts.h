/* SPDX-License-Identifier: ISC */
/* What the parts of run/login share. */
#ifndef RUN_LOGIN_PARTS_H
#define RUN_LOGIN_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/rc.h"
#include "base/user.h"
#include "crypto/password.h"
#include "crypto/token.h"
#include "io/tokfile.h"
#include "run/login.h"
#include "run/server.h"
#include "run/session.h"

#define LOGIN_LOCAL_NAME "local" /* token.server of a session of one's own authority */

enum {
	LOGIN_SECRET = PASSWORD_MAX + 2, /* a password, one byte too many, a NUL */
	LOGIN_RENEW_S =
	    7 * 24 * 60 * 60, /* how long after its end a session is renewed */
};

struct login {
	const struct login_options *o;
	struct outcome *end;
	struct tokfile file;
	struct session_view view; /* the session in the file, or the new one */
	enum rc state;            /* what session_read said of it */
	struct outcome why;       /* why it does not stand */
	int lock;                 /* -1: not held */
	int64_t end_ms;           /* when the time is over, of login_now_ms */
	char user[USER_TEXT];     /* who logs in; empty: not known yet */
	struct server server;     /* whom to ask; no host: not known yet */
	bool has_clock;           /* the server has told its time ... */
	int64_t ahead_s;          /* ... which is so much ahead of ours */
};

/* Find the session file and read what is there. RC_BAD: *end says why not. */
enum rc login_begin(
    struct login *l, const struct login_options *o, struct outcome *end) MUST_USE;
void login_clear(struct login *l);

/* Read the session anew. */
void login_read(struct login *l);

/* Whether the session in the view has a token, standing or not. */
bool login_has_token(const struct login *l);

/* Whether the session was made by this machine's own authority. */
bool login_is_local(const struct login *l);

/*
 * Check t against the rule of the site and the user's name, put it into the session file,
 * and make it the view's. t is then empty. RC_BAD: *end says why not; the file is as it
 * was.
 */
enum rc login_keep(struct login *l, struct token *t);

/*
 * The site's rule, /etc/ugat/ca.pem: of the authorities there the one that signed cert,
 * else (and for NULL) the first. RC_OK: *ca is the caller's; RC_NONE: there is no rule;
 * RC_BAD: *end says what is wrong with it. *ca is NULL unless RC_OK.
 */
enum rc login_get_rule(struct login *l, const X509 *cert, X509 **ca) MUST_USE;

/* The time. */
int64_t login_now_s(void);  /* Unix time */
int64_t login_now_ms(void); /* of a clock that only goes forward */

/* One line on o->err, unless o->quiet; login_remark: only with o->verbose. */
void login_say(const struct login *l, const char *format, ...) PRINTF_LIKE(2, 3);
void login_remark(const struct login *l, const char *format, ...) PRINTF_LIKE(2, 3);

/* login_net.c: renew or log in at a server, or register first. */
void login_online(struct login *l);

/*
 * Ask the server for the list of revoked sessions and keep it. A failure is l->end's.
 */
void login_fetch_list(struct login *l);

/* login_local.c: sign a session by the authority of this machine. */
void login_local(struct login *l);

/* login_show.c: the session as a table or as lines. */
void login_show(struct login *l);

/* login_export.c: certificate, key and authority as three files below o->dir. */
void login_export(struct login *l);

#endif
