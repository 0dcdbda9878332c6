/* SPDX-License-Identifier: ISC */
/*
 * vault: the process of authd that has the accounts, the authority's key and the scrypt
 * workers, and no network. It answers what net asks over their pair (authd/ask.h).
 *
 * Asks of one turn of the loop share a transaction, and no answer leaves before it is
 * committed. Where that fails (disk full, locked) each of them becomes a 503, and nothing
 * of it has happened.
 *
 * Statuses: 200 with what was asked for (a line of text for register and passwd); 400 a
 * request, name or password against the rules; 401 wrong name or password (the same words
 * and work for both); 403 refused for good: registration closed or no good invite, a
 * session revoked, foreign or too old to renew; 409 the name is taken; 429 too many
 * failures or sessions, 503 busy or in trouble, both with Retry-After.
 */
#ifndef AUTHD_VAULT_H
#define AUTHD_VAULT_H

#include <stdbool.h>

#include "base/outcome.h"

/* Who may register: -N. */
enum new_accounts { NEW_CLOSED, NEW_INVITE, NEW_OPEN };

enum {
	VAULT_QUEUE = 32,                  /* scrypt jobs that wait */
	VAULT_THREADS = 4,                 /* that do them, where there are cores */
	VAULT_GRACE_S = 7 * 24 * 60 * 60,  /* renewed until so long after notAfter */
	VAULT_KEEP_S = 90 * 24 * 60 * 60,  /* how long issued serials are remembered */
	VAULT_INVITE_S = 7 * 24 * 60 * 60, /* an invite is good for */
	VAULT_CRL_S = 5 * 60,              /* the list is signed anew so often */
	VAULT_SESSIONS = 32768,            /* of one account that live at once */
};

struct vault_options {
	const char *dir;
	enum new_accounts new_accounts;
	unsigned ln;   /* scrypt's cost for new passwords; 0: PASSWORD_LN */
	bool loopback; /* authd listens on loopback alone: less than PASSWORD_LN is
	                  allowed */
	int pair;      /* our end of the socketpair with net; stays the caller's */
};

struct vault;

/*
 * Open or make the authority (ca.key, ca.pem) and the database in dir, which is there;
 * sign the first list. Starts no thread, so that the sandbox can follow. NULL: *end says
 * why.
 */
struct vault *vault_open(const struct vault_options *o, struct outcome *end);

/*
 * Answer until the pair's other side is gone, or TERM, INT or HUP comes (end->signal);
 * these are an orderly end (CODE_OK). Else *end says why: CODE_PROTOCOL when net speaks
 * nonsense.
 */
void vault_run(struct vault *v, struct outcome *end);

/* Close the database, wipe the keys. */
void vault_free(struct vault *v); /* NULL is allowed */

#endif
