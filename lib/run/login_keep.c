/* SPDX-License-Identifier: ISC */
/* Whether a new session may take the place of the old one, and how it does. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "run/login_parts.h"

enum { RULE_MAX = 256 * 1024, RULE_CERTS = 8, SPAN = 32, CLOCK_SLACK_S = 60 };

/* The n-th of the site's authorities takes the place of *ca if it signed cert. */
static enum rc
take_rule(struct bytes text, unsigned n, const X509 *cert, X509 **ca)
{
	X509 *next = NULL;
	enum rc rc = cert_get_pem(text, n, &next);

	if (rc != RC_OK)
		return rc;
	if (*ca == NULL || (cert != NULL && cert_is_signed_by(cert, next))) {
		X509_free(*ca);
		*ca = next;
	} else {
		X509_free(next);
	}
	return RC_OK;
}

enum rc
login_get_rule(struct login *l, const X509 *cert, X509 **ca)
{
	struct buf text;
	enum rc rc, got = RC_OK;

	*ca = NULL;
	buf_init(&text, RULE_MAX);
	rc = tokfile_read_site("ca.pem", &text, l->end);
	for (unsigned i = 0; rc == RC_OK && got == RC_OK && i < RULE_CERTS; i++)
		got = take_rule(buf_bytes(&text), i, cert, ca);
	if (rc == RC_OK && (*ca == NULL || (got != RC_OK && got != RC_NONE))) {
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "/etc/ugat/ca.pem: no certificate in PEM, or a damaged one: whoever "
		    "administers this machine must mend it");
		X509_free(*ca);
		*ca = NULL;
		rc = RC_BAD;
	}
	buf_clear(&text);
	return rc;
}

/* "3 h": the greatest unit will do. */
static void
put_span(int64_t s, char out[static SPAN])
{
	const char *unit = s < 2 * 60 ? "s"
	    : s < 2 * 3600            ? "min"
	    : s < 2 * 86400           ? "h"
	                              : "days";
	int64_t size = s < 2 * 60 ? 1 : s < 2 * 3600 ? 60 : s < 2 * 86400 ? 3600 : 86400;

	(void)snprintf(out, SPAN, "%" PRId64 " %s", (s + size / 2) / size, unit);
}

/* A certificate whose time has not come, or is over, as soon as it is made. */
static void
blame_clock(struct login *l, const struct token *t, enum token_fault fault,
    const struct token_facts *facts)
{
	int64_t now_s = login_now_s(), off_s;
	char span[SPAN];

	off_s = l->has_clock        ? l->ahead_s
	    : fault == TOKEN_FUTURE ? facts->not_before_s - now_s
	                            : facts->not_after_s - now_s;
	put_span(off_s < 0 ? -off_s : off_s, span);
	if (l->has_clock && off_s > -CLOCK_SLACK_S && off_s < CLOCK_SLACK_S)
		(void)outcome_fail(l->end, CODE_PROTOCOL,
		    "%s: the certificate from there %s", t->server,
		    fault == TOKEN_FUTURE ? "is not valid yet" : "has expired already");
	else
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "the clock of this machine is %s%s %s that of %s: set it right",
		    l->has_clock ? "" : "at least ", span,
		    off_s > 0 ? "behind" : "ahead of", t->server);
}

/* What a fault of a session that has just been made means. */
static const char *
fault_words(enum token_fault fault)
{
	switch (fault) {
	case TOKEN_WRONG_KEY: return "is for another key than ours";
	case TOKEN_FOREIGN: return "is not signed by the authority that it names";
	case TOKEN_NAMELESS:
		return "names no user of ugat, or is not for both sides of TLS";
	case TOKEN_REVOKED: return "is revoked";
	case TOKEN_FUTURE:
	case TOKEN_EXPIRED:
	case TOKEN_UNKNOWN:
	case TOKEN_FINE: break;
	}
	return "is fine";
}

/* The first of all checks that a later run will make, as long as the old one is there. */
static enum rc
check(struct login *l, const struct token *t, struct token_facts *facts)
{
	enum token_fault fault = token_check(t, t->ca, NULL, login_now_s(), facts);
	X509 *rule = NULL;
	enum rc rc;

	if (fault == TOKEN_FUTURE || fault == TOKEN_EXPIRED) {
		blame_clock(l, t, fault, facts);
		return RC_BAD;
	}
	if (fault == TOKEN_UNKNOWN) {
		(void)outcome_fail(l->end, CODE_BUG, "out of memory");
		return RC_BAD;
	}
	if (fault != TOKEN_FINE) {
		(void)outcome_fail(l->end, CODE_PROTOCOL,
		    "%s: the certificate from there %s", t->server, fault_words(fault));
		return RC_BAD;
	}
	if (l->user[0] != '\0' && strcmp(facts->user, l->user) != 0) {
		(void)outcome_fail(l->end, CODE_PROTOCOL,
		    "%s: the certificate from there is for %s, not for %s", t->server,
		    facts->user, l->user);
		return RC_BAD;
	}
	rc = login_get_rule(l, t->cert, &rule);
	if (rc == RC_OK && !cert_is_signed_by(t->cert, rule)) {
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "%s: its authority is not that of /etc/ugat/ca.pem, which says whose "
		    "sessions count on this machine: log in where that one signs",
		    t->server);
		rc = RC_BAD;
	}
	X509_free(rule);
	return rc == RC_NONE ? RC_OK : rc;
}

static enum rc
save(struct login *l, const struct token *t)
{
	struct buf text;
	enum rc rc;

	/* All the room at once, so that no key is moved and left behind. */
	buf_init(&text, TOKEN_MAX);
	rc = buf_room(&text, TOKEN_MAX);
	if (rc == RC_OK)
		rc = token_put(t, &text);
	if (rc != RC_OK)
		(void)outcome_fail(
		    l->end, CODE_BUG, "the session cannot be written: out of memory");
	else
		rc = tokfile_write(&l->file, buf_bytes(&text), l->end);
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_clear(&text);
	return rc;
}

enum rc
login_keep(struct login *l, struct token *t)
{
	struct token_facts facts = { .not_after_s = 0 };

	if (check(l, t, &facts) != RC_OK || save(l, t) != RC_OK)
		return RC_BAD;
	session_clear(&l->view);
	l->view.token = *t;
	*t = (struct token){ .key = NULL };
	l->view.facts = facts;
	l->state = RC_OK;
	login_remark(l, "logged in as %s at %s", facts.user, l->view.token.server);
	return RC_OK;
}
