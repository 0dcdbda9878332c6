/* SPDX-License-Identifier: ISC */
/*
 * Logging in: the server's identity first, then whether it answers at all, then the
 * person is asked. A session that stands is not lost because its server is down.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/human.h"
#include "io/prompt.h"
#include "run/login_ask.h"
#include "run/login_net.h"

/* What a person takes to answer does not count. */
static void
start_clock(struct login *l)
{
	l->end_ms = login_now_ms() + (int64_t)l->o->limit_s * 1000;
}

enum rc
login_net_meet(struct login_net *n)
{
	struct https_request r = { .path = "/.well-known/est/cacerts" };
	struct outcome looked = { .code = CODE_OK }, *end = n->l->end;
	uint8_t pin[PIN_SIZE];
	enum rc rc;

	if (n->trust.how != HTTPS_NOBODY)
		return RC_OK;
	if (login_net_open(n, false) != RC_OK)
		return RC_BAD;
	/* It ends in a handshake that we break off, for now we know its pin. */
	n->l->end = &looked;
	rc = login_net_ask(n, &r, LOGIN_ANSWER_MAX);
	n->l->end = end;
	if (rc == RC_OK || n->fate != HTTPS_STRANGER ||
	    https_pin(n->https, pin) != RC_OK) {
		*end = looked;
		return RC_BAD;
	}
	rc = login_ask_trust(n->l, &n->trust, pin);
	start_clock(n->l);
	return rc;
}

/* Whether the certificate of the old session can get a new one. */
static bool
can_renew(const struct login *l)
{
	const struct session_view *v = &l->view;
	struct server s;

	if (l->o->new_account || !login_has_token(l) || login_is_local(l) ||
	    server_get(bytes_str(v->token.server), &s) != RC_OK ||
	    !server_eq(&s, &l->server))
		return false;
	if (l->user[0] != '\0' && strcmp(l->user, v->facts.user) != 0)
		return false;
	return (l->o->mode == LOGIN_RENEW || !l->o->force) &&
	    login_now_s() < v->facts.not_after_s + LOGIN_RENEW_S;
}

/* The list is a service to others: what goes wrong with it is no failure. */
static void
fetch_list_too(struct login_net *n)
{
	struct login *l = n->l;
	struct outcome *end = l->end, aside = { .code = CODE_OK };
	X509 *rule = NULL;

	l->end = &aside;
	if (login_get_rule(l, l->view.token.cert, &rule) != RC_BAD)
		(void)login_net_list(n, rule != NULL ? rule : l->view.token.ca);
	X509_free(rule);
	l->end = end;
	if (aside.code != CODE_OK)
		login_remark(l, "%s", aside.words);
}

static enum rc
renew(struct login_net *n)
{
	struct login *l = n->l;

	(void)snprintf(l->user, sizeof(l->user), "%s", l->view.facts.user);
	if (login_net_open(n, true) != RC_OK || login_net_cas(n) != RC_OK ||
	    login_net_enroll(n, "/.well-known/est/simplereenroll", NULL) != RC_OK)
		return RC_BAD;
	return RC_OK;
}

/*
 * A new name. When an answer was lost on the way the name may be taken by ourselves: that
 * is RC_OK with *taken set, and the login shows whether.
 */
static enum rc
register_account(struct login_net *n, const char *password, struct outcome *taken)
{
	char invite[LOGIN_SECRET];
	struct https_request r = { .path = "/register",
		.post = true,
		.type = "text/plain",
		.user = n->l->user,
		.password = password };
	struct outcome *end = n->l->end;
	enum rc rc = login_ask_invite(n->l, invite);

	if (rc != RC_OK)
		return rc;
	r.body = bytes_str(invite);
	n->lost = false;
	n->l->end = taken;
	rc = login_net_ask(n, &r, LOGIN_ANSWER_MAX);
	n->l->end = end;
	explicit_bzero(invite, sizeof(invite));
	if (rc != RC_OK && n->lost && n->answer.status == 409)
		return RC_OK;
	if (rc != RC_OK)
		*end = *taken;
	return rc;
}

/* ours: the account is there, by -N or from before. */
static enum rc
enroll(struct login_net *n, const char *password, bool ours)
{
	struct outcome why = { .code = CODE_OK }, *end = n->l->end;
	enum rc rc;

	if (!n->l->o->new_account || !ours)
		return login_net_enroll(n, "/.well-known/est/simpleenroll", password);
	n->l->end = &why;
	rc = login_net_enroll(n, "/.well-known/est/simpleenroll", password);
	n->l->end = end;
	/* Another -N would only hear that the name is taken. */
	if (rc != RC_OK)
		(void)outcome_fail(end, why.code,
		    "%s; the account is made: log in without -N", why.words);
	return rc;
}

static enum rc
log_in(struct login_net *n)
{
	struct login *l = n->l;
	struct outcome taken = { .code = CODE_OK };
	char password[LOGIN_SECRET];
	enum rc rc;

	if (login_net_open(n, false) != RC_OK || login_net_cas(n) != RC_OK ||
	    login_ask_user(l) != RC_OK)
		return RC_BAD;
	rc = l->o->new_account ? login_ask_new(l, password)
	                       : login_ask_password(l, password);
	start_clock(l);
	if (rc == RC_OK && l->o->new_account)
		rc = register_account(n, password, &taken);
	if (rc == RC_OK)
		rc = enroll(n, password, taken.code == CODE_OK);
	explicit_bzero(password, sizeof(password));
	if (rc != RC_OK && taken.code != CODE_OK)
		*l->end = taken;
	return rc;
}

/*
 * Whether a failed renewal leaves something to try (RC_OK), may be left at that (RC_END),
 * or is the end.
 */
static enum rc
after_failed_renewal(struct login_net *n, const struct outcome *why)
{
	struct login *l = n->l;
	bool refused =
	    n->fate == HTTPS_DONE && (n->answer.status == 401 || n->answer.status == 403);
	bool later = why->code == CODE_UNAVAILABLE || why->code == CODE_TEMPFAIL;
	char left[HUMAN_SIZE];

	if (l->o->mode == LOGIN_ENSURE && later && l->state == RC_OK) {
		human_time((uint64_t)(l->view.facts.not_after_s - login_now_s()), left);
		login_say(l, "not renewed: %s; the session is good for another %s",
		    why->words, left);
		return RC_END;
	}
	if (!refused) {
		*l->end = *why;
	} else if (l->o->mode == LOGIN_RENEW) {
		/* The server may have said it already. */
		bool said = strstr(why->words, "log in again") != NULL;

		(void)outcome_fail(l->end, why->code, "%s%s", why->words,
		    said ? "" : "; log in again with ugat-login");
	} else if (l->o->password != NULL || prompt_can()) {
		login_remark(l, "not renewed: %s", why->words);
		return RC_OK;
	} else {
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "%s; no terminal to ask for the password on: give it with -P FILE",
		    why->words);
	}
	return RC_BAD;
}

static enum rc
renew_or_log_in(struct login_net *n)
{
	struct outcome why = { .code = CODE_OK }, *end = n->l->end;
	enum rc rc;

	if (can_renew(n->l)) {
		n->l->end = &why;
		rc = renew(n);
		n->l->end = end;
		if (rc != RC_OK)
			rc = after_failed_renewal(n, &why);
		else
			return RC_OK;
		if (rc != RC_OK)
			return rc;
	} else if (n->l->o->mode == LOGIN_RENEW) {
		(void)outcome_fail(end, CODE_NOSESSION, "nothing to renew: %s",
		    n->l->why.words[0] != '\0' ? n->l->why.words
		                               : "log in with ugat-login");
		return RC_BAD;
	}
	return log_in(n);
}

void
login_online(struct login *l)
{
	struct login_net n;

	if (login_net_begin(&n, l) == RC_OK && login_net_meet(&n) == RC_OK &&
	    renew_or_log_in(&n) == RC_OK) {
		login_keep_trust(l, &n.trust);
		fetch_list_too(&n);
	}
	login_net_clear(&n);
}

void
login_fetch_list(struct login *l)
{
	struct login_net n;
	X509 *rule = NULL;

	if (login_net_begin(&n, l) == RC_OK && login_net_meet(&n) == RC_OK &&
	    login_net_open(&n, false) == RC_OK &&
	    login_get_rule(l, l->view.token.cert, &rule) != RC_BAD)
		(void)login_net_list(&n, rule != NULL ? rule : l->view.token.ca);
	X509_free(rule);
	login_net_clear(&n);
}
