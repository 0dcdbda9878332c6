/* SPDX-License-Identifier: ISC */
/*
 * Sessions: signing one, and renewing one by its certificate. net has seen that the
 * client holds the certificate's key; everything else is judged here.
 */
#include "authd/vault_parts.h"

#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "authd/log.h"
#include "base/text.h"

enum { RETRY_S = 60 * 60 }; /* for an account that has too many sessions */

EVP_PKEY *
vault_request(const struct ask *a, struct reply *r)
{
	EVP_PKEY *public = NULL;

	switch (csr_get(a->body, &public)) {
	case RC_OK: return public;
	case RC_BIG:
		reply_say(r, 400, "malformed",
		    "this key is not signed for: P-256, P-384, P-521, Ed25519, or RSA "
		    "of 2048 to 4096 bits");
		return NULL;
	case RC_MEM: reply_broken(r); return NULL;
	default:
		reply_say(r, 400, "malformed",
		    "not a certificate request (PKCS#10) signed by its own key");
		return NULL;
	}
}

static enum rc
sign(struct vault *v, struct db_session *s, EVP_PKEY *public, struct buf *der)
{
	struct cert_order order = { .now_s = s->issued_s, .life_s = CERT_USER_S };
	int64_t from_s;
	enum rc rc = RC_MEM;
	X509 *cert = NULL;

	(void)snprintf(order.user, sizeof(order.user), "%s", s->user);
	if (cert_draw_serial(order.serial) == RC_OK)
		cert = cert_issue(&order, public, v->ca.cert, v->ca.key);
	if (cert != NULL)
		rc = cert_serial(cert, s->serial);
	if (rc == RC_OK)
		rc = cert_dates(cert, &from_s, &s->until_s);
	if (rc == RC_OK)
		rc = certs_put(&cert, 1, der);
	X509_free(cert);
	return rc;
}

/*
 * Renewals cost no password: without a bound one user could fill the disk, and the list
 * of revoked sessions when all of his are revoked, so that nobody's could be any more.
 */
static enum rc
may_have_more(struct vault *v, struct reply *r, const struct db_account *account)
{
	int64_t live = 0;

	if (db_count_live(v->db, account->id, vault_now_s(), &live) != RC_OK) {
		(void)turn_failed(v);
		reply_trouble(r, v->db);
		return RC_SYS;
	}
	if (live < VAULT_SESSIONS)
		return RC_OK;
	reply_say(r, 429, "limited",
	    "%s has as many sessions that have not ended as an account may have (%d): "
	    "try again in an hour",
	    account->name, VAULT_SESSIONS);
	r->retry_s = RETRY_S;
	return RC_BUSY;
}

void
vault_issue(
    struct vault *v, struct reply *r, const struct db_account *account, EVP_PKEY *public)
{
	struct db_session s = { .account = account->id, .issued_s = vault_now_s() };

	(void)snprintf(s.user, sizeof(s.user), "%s", account->name);
	addr_text(&r->source, s.source);
	if (may_have_more(v, r, account) != RC_OK)
		return;
	if (sign(v, &s, public, &r->der) != RC_OK) {
		reply_broken(r);
		return;
	}
	r->type = ANSWER_CERTS;
	r->depends = true;
	(void)snprintf(r->serial, sizeof(r->serial), "%s", s.serial);
	if (turn_write(v) != RC_OK || db_note_session(v->db, &s) != RC_OK)
		(void)turn_failed(v);
}

/* The certificate that was shown. */
struct shown {
	char user[USER_TEXT], serial[CERT_SERIAL_TEXT];
	int64_t from_s, until_s;
};

static enum rc
read_shown(const struct vault *v, const struct ask *a, struct shown *out, struct reply *r)
{
	X509 *cert = NULL;
	enum rc rc = RC_BAD;

	if (a->cert.n == 0) {
		reply_say(r, 403, "foreign", "show the certificate of your session");
		return RC_BAD;
	}
	if (cert_get_der(a->cert, &cert) == RC_OK &&
	    cert_is_signed_by(cert, v->ca.cert) && cert_user(cert, out->user) == RC_OK &&
	    cert_serial(cert, out->serial) == RC_OK)
		rc = cert_dates(cert, &out->from_s, &out->until_s);
	X509_free(cert);
	if (rc != RC_OK)
		reply_say(r, 403, "foreign",
		    "this certificate was not signed here: log in again");
	return rc;
}

static enum rc
judge_dates(const struct shown *s, int64_t now_s, struct reply *r)
{
	char date[DATE_TEXT];

	if (s->from_s > now_s) {
		reply_say(r, 403, "future",
		    "not valid for another %lld s: a clock is wrong",
		    (long long)(s->from_s - now_s));
		return RC_BAD;
	}
	if (s->until_s + VAULT_GRACE_S < now_s) {
		date_text(s->until_s, date);
		reply_say(r, 403, "expired",
		    "this session ended at %s UTC, too long ago to renew: log in again",
		    date);
		return RC_BAD;
	}
	return RC_OK;
}

/*
 * An account that was made after the certificate is somebody else's: the name was given
 * away again.
 */
static enum rc
judge_account(
    struct vault *v, const struct shown *s, struct db_account *account, struct reply *r)
{
	enum rc rc = db_find_account(v->db, bytes_str(s->user), account);

	if (rc == RC_SYS) {
		reply_trouble(r, v->db);
		return rc;
	}
	if (rc != RC_OK || s->from_s + CERT_SLACK_S < account->created_s) {
		reply_say(r, 403, "gone", "there is no such account any more");
		return RC_NONE;
	}
	(void)snprintf(r->user, sizeof(r->user), "%s", account->name);
	return RC_OK;
}

static enum rc
judge_revoked(struct vault *v, const struct shown *s, struct reply *r)
{
	char date[DATE_TEXT];
	int64_t when_s = 0;
	enum rc rc = db_find_revoked(v->db, s->serial, &when_s);

	if (rc == RC_NONE)
		return RC_OK;
	if (rc == RC_SYS) {
		reply_trouble(r, v->db);
		return rc;
	}
	date_text(when_s, date);
	reply_say(
	    r, 403, "revoked", "this session was revoked at %s UTC: log in again", date);
	return RC_BAD;
}

void
vault_reenroll(struct vault *v, const struct ask *a, struct reply *r)
{
	struct db_account account;
	EVP_PKEY *public = NULL;
	struct shown s;

	if (read_shown(v, a, &s, r) != RC_OK)
		goto out;
	(void)snprintf(r->serial, sizeof(r->serial), "%s", s.serial);
	if (judge_account(v, &s, &account, r) != RC_OK ||
	    judge_dates(&s, vault_now_s(), r) != RC_OK ||
	    judge_revoked(v, &s, r) != RC_OK)
		goto out;
	public = vault_request(a, r);
	if (public != NULL)
		vault_issue(v, r, &account, public);
out:
	EVP_PKEY_free(public);
	turn_add(v, r);
}
