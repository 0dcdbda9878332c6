/* SPDX-License-Identifier: ISC */
/*
 * What takes a password: login, new accounts, new passwords. Everything cheap is judged
 * first; then the limits take a try; then scrypt runs on a worker, for a name that nobody
 * has as for any other; then the account is looked at again, for it may have changed
 * meanwhile.
 */
#include "authd/vault_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "authd/vault_invite.h"

/* A password on its way through scrypt. Holds secrets: login_free wipes it. */
struct login {
	struct work_job job;
	struct vault *v;
	struct reply *r;
	enum ask_kind kind;
	struct limits_try try;
	unsigned ln;
	EVP_PKEY *public;            /* login: what is to be signed */
	uint8_t invite[SHA256_SIZE]; /* new account, where an invite is needed */
	bool known;                  /* there was such an account, with id and hash */
	int64_t id;
	char name[USER_TEXT];
	char hash[PASSWORD_HASH];  /* checked */
	char fresh[PASSWORD_HASH]; /* made, or empty */
	uint8_t password[PASSWORD_MAX], next[PASSWORD_MAX];
	size_t n_password, n_next;
	enum rc rc; /* of the check, or of what was made */
};

static void
login_free(struct login *l)
{
	if (l == NULL)
		return;
	EVP_PKEY_free(l->public);
	explicit_bzero(l, sizeof(*l));
	free(l);
}

static void
say_wrong(struct reply *r)
{
	reply_say(r, 401, "wrong", "wrong name or password");
}

/* Why limits do not let it through. */
static void
say_wait(struct reply *r, enum limits_verdict verdict, uint32_t retry_s)
{
	if (verdict == LIMITS_BUSY)
		reply_say(r, 503, "busy",
		    "others log in from your address right now: try again in a second");
	else
		reply_say(r, 429, "limited", "too many failures: try again in %u s",
		    (unsigned)retry_s);
	r->retry_s = retry_s;
}

static void
count(struct login *l, enum limits_end how)
{
	limits_end(l->v->limits, &l->try, how, vault_now_ms());
	l->v->counted = true;
}

/* A failure that needed no scrypt. */
static void
count_at_once(struct vault *v, const struct limits_try *try)
{
	limits_end(v->limits, try, LIMITS_FAILURE, vault_now_ms());
	v->counted = true;
}

/* Whether there is room in the queue; else r says when to come back. */
static bool
has_room(struct vault *v, struct reply *r)
{
	size_t pending = work_pending(v->work);

	if (pending < VAULT_QUEUE + v->threads)
		return true;
	reply_say(
	    r, 503, "busy", "too many log in right now: try again in a few seconds");
	r->retry_s = (uint32_t)(1 + pending / (4 * (size_t)v->threads));
	return false;
}

static void
run_login(struct work_job *job, struct hash *sha1)
{
	struct login *l = (struct login *)job;
	struct bytes password = bytes_of(l->password, l->n_password);

	(void)sha1;
	l->rc = RC_OK;
	if (l->kind != ASK_REGISTER)
		l->rc = password_check(password, l->hash);
	if (l->rc != RC_OK)
		return;
	if (l->kind == ASK_REGISTER)
		l->rc = password_hash(password, l->ln, l->fresh);
	else if (l->kind == ASK_PASSWD)
		l->rc = password_hash(bytes_of(l->next, l->n_next), l->ln, l->fresh);
	else if (l->known && password_is_weaker(l->hash, l->ln))
		l->rc = password_hash(password, l->ln, l->fresh);
}

/* RC_NONE: it is another account now, or has another password: r says so. */
static enum rc
look_again(struct login *l, struct db_account *account)
{
	enum rc rc = turn_write(l->v);

	if (rc == RC_OK)
		rc = db_find_account(l->v->db, bytes_str(l->name), account);
	if (rc == RC_SYS) {
		(void)turn_failed(l->v);
		reply_trouble(l->r, l->v->db);
		return rc;
	}
	if (rc == RC_OK && (account->id != l->id || strcmp(account->hash, l->hash) != 0))
		rc = RC_NONE;
	if (rc != RC_OK) {
		reply_say(l->r, 503, "busy", "the account has just changed: try again");
		l->r->retry_s = 1;
	}
	return rc;
}

static void
end_login(struct login *l)
{
	struct vault *v = l->v;
	struct db_account account;

	if (look_again(l, &account) != RC_OK)
		return;
	vault_issue(v, l->r, &account, l->public);
	if (l->r->status != 200)
		return;
	if (db_note_login(v->db, account.id, vault_now_s()) != RC_OK ||
	    (l->fresh[0] != '\0' && db_set_hash(v->db, account.id, l->fresh) != RC_OK))
		(void)turn_failed(v);
}

static void
end_passwd(struct login *l)
{
	struct db_account account;

	if (look_again(l, &account) != RC_OK)
		return;
	if (db_set_hash(l->v->db, account.id, l->fresh) != RC_OK)
		(void)turn_failed(l->v);
	reply_say(l->r, 200, "ok", "the password is changed");
	l->r->depends = true;
}

static void
say_taken(struct reply *r, const char *name)
{
	(void)snprintf(r->user, sizeof(r->user), "%s", name);
	reply_say(r, 409, "taken", "the name %s is taken: choose another", name);
}

static void
say_uninvited(struct reply *r)
{
	reply_say(r, 403, "uninvited",
	    "a new account needs an invite that is not used and not too old: ask the "
	    "admin");
}

static enum rc
end_register(struct login *l)
{
	struct vault *v = l->v;
	struct reply *r = l->r;
	int64_t now_s = vault_now_s();
	enum rc rc = turn_write(v);

	if (rc == RC_OK && v->o.new_accounts == NEW_INVITE)
		rc = db_find_invite(v->db, l->invite, now_s);
	if (rc == RC_NONE)
		say_uninvited(r);
	if (rc == RC_OK)
		rc = db_add_account(v->db, l->name, l->fresh, now_s);
	if (rc == RC_BAD)
		say_taken(r, l->name);
	if (rc == RC_OK && v->o.new_accounts == NEW_INVITE)
		rc = db_use_invite(v->db, l->invite, now_s);
	if (rc == RC_OK) {
		(void)snprintf(r->user, sizeof(r->user), "%s", l->name);
		reply_say(r, 200, "ok", "%s is registered", l->name);
		r->depends = true;
	} else if (rc == RC_SYS) {
		(void)turn_failed(v);
		reply_trouble(r, v->db);
	}
	return rc;
}

static void
finish(struct login *l)
{
	bool wrong = l->rc == RC_NONE || (l->rc == RC_OK && !l->known);

	if (l->kind == ASK_REGISTER && l->rc == RC_OK) {
		enum rc rc = end_register(l);

		count(l, rc == RC_OK || rc == RC_SYS ? LIMITS_SUCCESS : LIMITS_FAILURE);
	} else if (l->kind != ASK_REGISTER && wrong) {
		say_wrong(l->r);
		count(l, LIMITS_FAILURE);
	} else if (l->rc != RC_OK) {
		reply_broken(l->r);
		count(l, LIMITS_VOID);
	} else {
		count(l, LIMITS_SUCCESS);
		if (l->kind == ASK_ENROLL)
			end_login(l);
		else
			end_passwd(l);
	}
}

static void
done_login(struct work_job *job)
{
	struct login *l = (struct login *)job;

	if (job->cancelled) {
		count(l, LIMITS_VOID);
		reply_free(l->r);
	} else {
		finish(l);
		turn_add(l->v, l->r);
	}
	login_free(l);
}

static struct login *
login_new(struct vault *v, const struct ask *a, struct reply *r)
{
	struct login *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		reply_broken(r);
		return NULL;
	}
	l->job =
	    (struct work_job){ .run = run_login, .done = done_login, .rank = WORK_SOON };
	l->v = v;
	l->r = r;
	l->kind = a->kind;
	l->ln = v->o.ln;
	l->n_password = a->password.n;
	if (a->password.n > 0)
		memcpy(l->password, a->password.p, a->password.n);
	return l;
}

/* Whose password it is; a name that nobody has gets the dummy's hash. */
static enum rc
find_owner(struct login *l, const struct ask *a)
{
	struct db_account account;
	enum rc rc = RC_NONE;

	if (user_is_name(a->user))
		rc = db_find_account(l->v->db, a->user, &account);
	if (rc == RC_SYS) {
		reply_trouble(l->r, l->v->db);
		return rc;
	}
	l->known = rc == RC_OK;
	if (l->known) {
		l->id = account.id;
		memcpy(l->name, account.name, sizeof(l->name));
		memcpy(l->r->user, account.name, sizeof(l->r->user));
	}
	memcpy(l->hash, l->known ? account.hash : l->v->dummy, sizeof(l->hash));
	return RC_OK;
}

static enum rc
take_try(struct login *l, const struct ask *a)
{
	struct limits_who who = { .source = a->source, .account = a->user };
	uint32_t retry_s = 0;
	enum limits_verdict verdict;

	if (!has_room(l->v, l->r))
		return RC_BUSY;
	verdict = limits_begin(l->v->limits, &who, vault_now_ms(), &l->try, &retry_s);
	if (verdict == LIMITS_GO)
		return RC_OK;
	say_wait(l->r, verdict, retry_s);
	return RC_BUSY;
}

/* Off to the worker, or the answer at once. */
static void
start(struct vault *v, struct login *l, const struct ask *a, struct reply *r)
{
	if (l != NULL && find_owner(l, a) == RC_OK && take_try(l, a) == RC_OK) {
		work_push(v->work, &l->job);
		return;
	}
	login_free(l);
	turn_add(v, r);
}

void
vault_enroll(struct vault *v, const struct ask *a, struct reply *r)
{
	struct login *l = NULL;
	EVP_PKEY *public;

	/* No password is so long, and no time it takes tells more than that. */
	if (a->password.n > PASSWORD_MAX)
		say_wrong(r);
	else if ((public = vault_request(a, r)) != NULL) {
		l = login_new(v, a, r);
		if (l != NULL)
			l->public = public;
		else
			EVP_PKEY_free(public);
	}
	start(v, l, a, r);
}

void
vault_passwd(struct vault *v, const struct ask *a, struct reply *r)
{
	struct login *l = NULL;

	if (a->password.n > PASSWORD_MAX)
		say_wrong(r);
	else if (!password_is_sound(a->body))
		reply_say(r, 400, "malformed", PASSWORD_RULE);
	else
		l = login_new(v, a, r);
	if (l != NULL) {
		memcpy(l->next, a->body.p, a->body.n);
		l->n_next = a->body.n;
	}
	start(v, l, a, r);
}

/* Whether name and password are such that an account could be made of them. */
static bool
is_sound(const struct ask *a, struct reply *r)
{
	if (!user_is_name(a->user)) {
		reply_say(r, 400, "malformed",
		    "a name has 1 to %d characters: a to z first, then a to z, 0 to 9, "
		    "_ and -",
		    USER_MAX);
		return false;
	}
	if (!password_is_sound(a->password)) {
		reply_say(r, 400, "malformed", PASSWORD_RULE);
		return false;
	}
	return true;
}

/* RC_NONE: it may not be made; r says why. */
static enum rc
may_register(struct login *l, const struct ask *a)
{
	struct vault *v = l->v;
	struct db_account account;
	enum rc rc = RC_OK;

	if (v->o.new_accounts == NEW_INVITE) {
		rc = invite_hash(a->body, l->invite);
		if (rc == RC_OK)
			rc = db_find_invite(v->db, l->invite, vault_now_s());
		if (rc == RC_BAD || rc == RC_NONE) {
			say_uninvited(l->r);
			return RC_NONE;
		}
	}
	if (rc == RC_OK)
		rc = db_find_account(v->db, a->user, &account);
	if (rc == RC_OK) {
		say_taken(l->r, account.name);
		return RC_NONE;
	}
	if (rc == RC_NONE)
		return RC_OK;
	reply_trouble(l->r, v->db);
	return RC_SYS;
}

/*
 * All new accounts of a source count as one account for the limits, so that taken names
 * cannot be found out one after another.
 */
void
vault_register(struct vault *v, const struct ask *a, struct reply *r)
{
	struct ask as = *a;
	struct login *l = NULL;
	enum rc rc = RC_BAD;

	as.user = bytes_str("/register");
	if (v->o.new_accounts == NEW_CLOSED)
		reply_say(r, 403, "closed", "no new accounts here: ask the admin");
	else if (is_sound(a, r) && (l = login_new(v, a, r)) != NULL)
		rc = take_try(l, &as);
	if (rc == RC_OK) {
		memcpy(l->name, a->user.p, a->user.n);
		rc = may_register(l, a);
		if (rc == RC_NONE)
			count_at_once(v, &l->try);
		else if (rc != RC_OK)
			count(l, LIMITS_VOID);
	}
	if (rc == RC_OK) {
		work_push(v->work, &l->job);
		return;
	}
	login_free(l);
	turn_add(v, r);
}
