/* SPDX-License-Identifier: ISC */
/*
 * The check is libcrypto's work alone; here is what it works on, and the words. Whatever
 * goes wrong says who and what can be done about it, because a script that runs at night
 * shows this line and no other.
 */
#include "run/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "base/human.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/crl.h"
#include "crypto/wake.h"
#include "io/tty.h"
#include "run/session_parts.h"

enum {
	SITE_MAX = 256 * 1024, /* bytes of /etc/ugat/ca.pem */
};

/* Who is believed. */

static void
clear_site(struct session_view *v)
{
	for (unsigned i = 0; i < v->site_n; i++)
		X509_free(v->site[i]);
	v->site_n = 0;
	X509_CRL_free(v->crl);
	v->crl = NULL;
	v->has_crl = false;
	v->by_site = false;
}

/* All of the site's authorities. RC_NONE: the site has no rule. */
static enum rc
read_site(struct session_view *v, struct outcome *end)
{
	struct buf text;
	enum rc rc;

	buf_init(&text, SITE_MAX);
	rc = tokfile_read_site("ca.pem", &text, end);
	while (rc == RC_OK && v->site_n < TRUST_ANCHORS) {
		enum rc got =
		    cert_get_pem(buf_bytes(&text), v->site_n, &v->site[v->site_n]);

		if (got == RC_NONE && v->site_n > 0)
			break;
		if (got == RC_OK) {
			v->site_n++;
			continue;
		}
		(void)outcome_fail(end, CODE_NOSESSION,
		    "/etc/ugat/ca.pem: %s: put the certificate of the site's authority "
		    "there, or remove it",
		    got == RC_NONE ? "no certificate in it" : "a damaged certificate");
		rc = RC_BAD;
	}
	buf_clear(&text);
	return rc;
}

/* Of several, the one that has signed our certificate. */
static X509 *
find_anchor(const struct session_view *v)
{
	if (!v->by_site)
		return v->token.ca;
	for (unsigned i = v->site_n; i-- > 0;)
		if (cert_is_signed_by(v->token.cert, v->site[i]))
			return v->site[i];
	return v->site[0];
}

/*
 * The list of revoked sessions beside the file, if there is one that anchor has signed.
 * RC_MEM: who knows; it is not as if there were none.
 */
static enum rc
read_list(const struct tokfile *f, X509 *anchor, struct session_view *v)
{
	struct buf der;
	int64_t made_s;
	enum rc rc;

	buf_init(&der, CRL_MAX);
	rc = tokfile_read_crl(f, &der);
	if (rc == RC_OK)
		rc = crl_get(buf_bytes(&der), anchor, &v->crl);
	if (rc != RC_OK)
		v->crl = NULL;
	buf_clear(&der);
	v->has_crl =
	    v->crl != NULL && crl_dates(v->crl, &made_s, &v->crl_next_s) == RC_OK;
	return rc == RC_MEM ? RC_MEM : RC_OK;
}

/* Words. */

static void
ago(int64_t seconds, char out[static HUMAN_SIZE])
{
	human_time(seconds > 0 ? (uint64_t)seconds : 0, out);
}

static void
explain_foreign(
    const struct tokfile *f, const struct session_view *v, struct outcome *end)
{
	if (v->by_site)
		(void)outcome_fail(end, CODE_NOSESSION,
		    "the session in %s is not from the authority in /etc/ugat/ca.pem, "
		    "which is the rule here: run ugat-login",
		    f->path);
	else
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s: its certificate is not signed by the authority beside it: run "
		    "ugat-login",
		    f->path);
}

/* A certificate is worth no more than the one that signed it. */
static int64_t
end_of(const struct token_facts *k)
{
	return k->ca_not_after_s < k->not_after_s ? k->ca_not_after_s : k->not_after_s;
}

static void
explain_dates(const struct session_view *v, enum token_fault fault, int64_t now_s,
    struct outcome *end)
{
	const struct token_facts *k = &v->facts;
	char time[HUMAN_SIZE];

	if (fault == TOKEN_EXPIRED) {
		ago(now_s - end_of(k), time);
		(void)outcome_fail(end, CODE_NOSESSION,
		    "the session of %s expired %s ago: run ugat-login", k->user, time);
	} else if (fault == TOKEN_FUTURE) {
		ago(k->not_before_s - now_s, time);
		(void)outcome_fail(end, CODE_NOSESSION,
		    "the session of %s begins in %s: the clock here is slow by at least "
		    "that, or %s's was fast: set it, then run ugat-login",
		    k->user, time,
		    v->token.server[0] != '\0' ? v->token.server : "the server");
	} else {
		ago(now_s - k->revoked_s, time);
		(void)outcome_fail(end, CODE_NOSESSION,
		    "the session of %s was revoked %s ago: ask who runs %s, then run "
		    "ugat-login",
		    k->user, time,
		    v->token.server[0] != '\0' ? v->token.server : "the server");
	}
}

static void
explain_fault(const struct tokfile *f, const struct session_view *v,
    enum token_fault fault, int64_t now_s, struct outcome *end)
{
	switch (fault) {
	case TOKEN_FINE: break;
	case TOKEN_WRONG_KEY:
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s: the private key does not fit the certificate: run ugat-login",
		    f->path);
		break;
	case TOKEN_FOREIGN: explain_foreign(f, v, end); break;
	case TOKEN_NAMELESS:
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s: its certificate names no user (ugat:user:NAME) or is not for "
		    "peers: run ugat-login",
		    f->path);
		break;
	case TOKEN_FUTURE:
	case TOKEN_EXPIRED:
	case TOKEN_REVOKED: explain_dates(v, fault, now_s, end); break;
	case TOKEN_UNKNOWN:
		(void)outcome_fail(
		    end, CODE_BUG, "%s: it cannot be checked: out of memory", f->path);
		break;
	}
}

/* Reading and checking. */

enum rc
session_check(const struct tokfile *f, int64_t now_s, struct session_view *v,
    enum token_fault *fault, struct outcome *end)
{
	struct session_view fresh = { .token = v->token };
	enum rc rc = read_site(&fresh, end);
	X509 *anchor;

	*fault = TOKEN_FINE;
	if (rc != RC_OK && rc != RC_NONE) {
		clear_site(&fresh);
		return RC_BAD;
	}
	fresh.by_site = rc == RC_OK;
	anchor = find_anchor(&fresh);
	*fault = TOKEN_UNKNOWN;
	if (read_list(f, anchor, &fresh) == RC_OK)
		*fault = token_check(&v->token, anchor, fresh.crl, now_s, &fresh.facts);
	fresh.stamp = v->stamp;
	clear_site(v);
	*v = fresh;
	explain_fault(f, v, *fault, now_s, end);
	return *fault == TOKEN_FINE ? RC_OK : RC_BAD;
}

static enum rc
read_token(const struct tokfile *f, struct session_view *v, struct outcome *end)
{
	const char *why = "damaged";
	struct buf text;
	enum rc rc;

	buf_init(&text, TOKEN_MAX);
	rc = tokfile_read(f, &text, &v->stamp, end);
	if (rc == RC_OK) {
		rc = token_get(buf_bytes(&text), &v->token, &why);
		if (rc == RC_MEM)
			(void)outcome_fail(end, CODE_BUG, "out of memory");
		else if (rc != RC_OK)
			(void)outcome_fail(
			    end, CODE_NOSESSION, "%s: %s: run ugat-login", f->path, why);
	}
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_clear(&text);
	return rc == RC_OK || rc == RC_NONE ? rc : RC_BAD;
}

enum rc
session_read(
    const struct tokfile *f, int64_t now_s, struct session_view *out, struct outcome *end)
{
	const char *named = getenv("UGAT_SESSION");
	enum token_fault fault;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	rc = read_token(f, out, end);
	if (rc == RC_NONE && named != NULL && named[0] != '\0')
		(void)outcome_fail(end, CODE_NOSESSION,
		    "not logged in: no %s (UGAT_SESSION): run ugat-login", f->path);
	else if (rc == RC_NONE)
		(void)outcome_fail(end, CODE_NOSESSION, "not logged in: run ugat-login");
	return rc == RC_OK ? session_check(f, now_s, out, &fault, end) : rc;
}

void
session_clear(struct session_view *v)
{
	token_clear(&v->token);
	clear_site(v);
}

/* A run's own. */

void
session_say(const struct session *s, const char *format, ...)
{
	char raw[OUTCOME_WORDS], words[OUTCOME_WORDS];
	va_list ap;

	if (!s->verbose)
		return;
	va_start(ap, format);
	(void)vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	(void)text_printable(bytes_str(raw), words, sizeof(words));
	if (s->say != NULL)
		s->say(s->say_ctx, words);
	else
		tty_say(s->err, s->command, words);
}

void
session_say_who(const struct session *s)
{
	time_t until = (time_t)s->view.facts.not_after_s;
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&until, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	session_say(s, "the session of %s until %s (%s)", s->view.facts.user, text,
	    s->view.token.server[0] != '\0' ? s->view.token.server : "no server");
}

struct session *
session_open(const char *command, int err, bool verbose, struct outcome *end)
{
	struct session *s = crypto_wake() == RC_OK ? calloc(1, sizeof(*s)) : NULL;

	if (s == NULL) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return NULL;
	}
	s->err = err;
	s->verbose = verbose;
	(void)snprintf(s->command, sizeof(s->command), "%s", command);
	if (tokfile_locate(&s->file, end) == RC_OK)
		session_take_stamps(s, &s->stamps);
	if (end->code != CODE_OK ||
	    session_read(&s->file, (int64_t)loop_wall_s(), &s->view, end) != RC_OK) {
		session_free(s);
		return NULL;
	}
	session_say_who(s);
	return s;
}

bool
session_lives(const struct session *s)
{
	return s->fault.code == CODE_OK &&
	    (int64_t)loop_wall_s() <= end_of(&s->view.facts);
}

bool
session_is_refused(const struct session *s)
{
	return s->fault.code != CODE_OK;
}

void
session_explain(const struct session *s, struct outcome *end)
{
	if (s->fault.code != CODE_OK)
		(void)outcome_fail(end, s->fault.code, "%s", s->fault.words);
	else if (!session_lives(s))
		explain_dates(&s->view, TOKEN_EXPIRED, (int64_t)loop_wall_s(), end);
}

void
session_rules(const struct session *s, struct tls_rules *rules, struct trust *trust)
{
	const struct session_view *v = &s->view;

	*trust = (struct trust){ .crl = v->crl, .by_site = v->by_site };
	if (v->by_site) {
		memcpy(trust->anchors, v->site, sizeof(trust->anchors));
		trust->n = v->site_n;
	} else {
		trust->anchors[trust->n++] = v->token.ca;
	}
	rules->key = v->token.key;
	rules->cert = v->token.cert;
	rules->ca = v->token.ca;
	rules->trust = trust;
}

struct cage_place
session_place(const struct session *s, char room[static PATH_MAX])
{
	const char *slash = strrchr(s->file.path, '/');

	if (s->file.fd != -1)
		return (struct cage_place){ .fd = -1 };
	if (slash == NULL)
		(void)snprintf(room, PATH_MAX, ".");
	else
		(void)snprintf(
		    room, PATH_MAX, "%.*s/", (int)(slash - s->file.path), s->file.path);
	return (struct cage_place){ .path = room, .right = CAGE_READ };
}

const char *
session_user(const struct session *s)
{
	return s->view.facts.user;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_keep_end(s);
	session_clear(&s->view);
	free(s);
}
