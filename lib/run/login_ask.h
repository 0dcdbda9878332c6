/* SPDX-License-Identifier: ISC */
/*
 * What a person or a file is asked for: user, passwords, invite. Everything answers
 * RC_OK, or RC_BAD with l->end saying why not. Secrets are the caller's to wipe.
 */
#ifndef RUN_LOGIN_ASK_H
#define RUN_LOGIN_ASK_H

#include "run/login_parts.h"

/*
 * Who logs in: what is in l->user already, else the one of the session, else who is typed
 * in; then it is in l->user.
 */
enum rc login_ask_user(struct login *l) MUST_USE;

/* A password that is there already: from -P, else from the terminal. */
enum rc login_ask_password(struct login *l, char password[static LOGIN_SECRET]) MUST_USE;

/* A new one: from -P, else twice from the terminal. */
enum rc login_ask_new(struct login *l, char password[static LOGIN_SECRET]) MUST_USE;

/* The old one and a new one: two lines of -P, else from the terminal. */
enum rc login_ask_both(struct login *l, char old[static LOGIN_SECRET],
    char fresh[static LOGIN_SECRET]) MUST_USE;

/* The invite of -I; empty without one. */
enum rc login_ask_invite(struct login *l, char invite[static LOGIN_SECRET]) MUST_USE;

#endif
