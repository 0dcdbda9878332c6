/* SPDX-License-Identifier: ISC */
/*
 * Why a connection ended, in words that stand behind "HOST: ". An alert comes from the
 * other side's check of ours, so its words tell what can be done there.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/human.h"
#include "io/tls_parts.h"

enum { ALERT_FIRST = SSL_AD_REASON_OFFSET, ALERT_LAST = SSL_AD_REASON_OFFSET + 255 };

static void
ago(int64_t seconds, char out[static HUMAN_SIZE])
{
	human_time(seconds > 0 ? (uint64_t)seconds : 0, out);
}

/* Its certificate, as our own check saw it. */

static void
explain_foreign(struct tls *t)
{
	char pin[PIN_TEXT];

	if (!t->facts.has_authority) {
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "its certificate is signed by another authority, which it does not "
		    "show: it is not from ugat-login");
		return;
	}
	pin_text(t->facts.authority, pin);
	if (t->trust.by_site)
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "its certificate is signed by another authority (%s) than those in "
		    "/etc/ugat/ca.pem, which is the rule here: who runs this machine "
		    "can add it there",
		    pin);
	else
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "its certificate is signed by another authority (%s): to accept "
		    "that one too, use -F %s",
		    pin, pin);
}

static void
explain_dates(struct tls *t, const char *user)
{
	const struct token_facts *k = &t->facts.token;
	int64_t end_s =
	    k->ca_not_after_s < k->not_after_s ? k->ca_not_after_s : k->not_after_s;
	char time[HUMAN_SIZE];

	if (t->fault == TOKEN_FUTURE) {
		ago(k->not_before_s - t->checked_s, time);
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "its session (%s) begins in %s: the clock here is slow by at least "
		    "that, or the clock there was fast",
		    user, time);
	} else if (t->fault == TOKEN_EXPIRED) {
		ago(t->checked_s - end_s, time);
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "its session (%s) expired %s ago: run ugat-login there", user, time);
	} else {
		ago(t->checked_s - k->revoked_s, time);
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "its session (%s) was revoked %s ago", user, time);
	}
}

static void
explain_fault(struct tls *t)
{
	const struct token_facts *k = &t->facts.token;
	const char *user = k->user[0] != '\0' ? k->user : "nameless";

	switch (t->fault) {
	case TOKEN_FINE:
	case TOKEN_WRONG_KEY:
		(void)outcome_fail(
		    &t->end, CODE_NOSESSION, "its certificate cannot be checked");
		break;
	case TOKEN_FOREIGN: explain_foreign(t); break;
	case TOKEN_NAMELESS:
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "its certificate names no user (ugat:user:NAME), or is not for both "
		    "sides of TLS: run ugat-login there");
		break;
	case TOKEN_FUTURE:
	case TOKEN_EXPIRED:
	case TOKEN_REVOKED: explain_dates(t, user); break;
	case TOKEN_UNKNOWN: (void)outcome_fail(&t->end, CODE_BUG, "out of memory"); break;
	}
}

/* What the other side says about us. */

/* NULL: the alert is not about our certificate. */
static const char *
refusal_of(int alert)
{
	switch (alert) {
	case SSL_AD_CERTIFICATE_EXPIRED:
		return "it has expired by the clock there: run ugat-login here, or set "
		       "the clocks";
	case SSL_AD_CERTIFICATE_REVOKED:
		return "it was revoked: ask who runs the login server";
	case SSL_AD_BAD_CERTIFICATE:
		return "it has not begun by the clock there: set the clocks";
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
		return "it names no user, or is not for both sides of TLS: run "
		       "ugat-login here";
	case SSL_AD_CERTIFICATE_UNKNOWN: return "it does not say why";
	case SSL_AD_CERTIFICATE_REQUIRED: return "none has reached it";
	case SSL_AD_ACCESS_DENIED: return "access is denied";
	}
	return NULL;
}

static void
explain_alert(struct tls *t, int alert)
{
	const char *refusal = refusal_of(alert);
	char pin[PIN_TEXT];

	if (refusal != NULL) {
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "does not accept our certificate: %s", refusal);
		return;
	}
	switch (alert) {
	case SSL_AD_UNKNOWN_CA:
		pin_text(t->our_pin, pin);
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "does not accept our certificate: its authority is not known there; "
		    "with -F %s it would be",
		    pin);
		break;
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		(void)outcome_fail(&t->end, CODE_PROTOCOL, "does not speak %.*s",
		    t->alpn[0], (const char *)t->alpn + 1);
		break;
	case SSL_AD_PROTOCOL_VERSION:
		(void)outcome_fail(&t->end, CODE_PROTOCOL, "does not speak TLS 1.3");
		break;
	case SSL_AD_BAD_RECORD_MAC:
	case SSL_AD_DECRYPT_ERROR:
		(void)outcome_fail(&t->end, CODE_PROTOCOL,
		    "says that our data came damaged: something on the way changes it");
		break;
	default:
		(void)outcome_fail(&t->end, CODE_PROTOCOL,
		    "ended the connection with the TLS alert \"%s\"",
		    SSL_alert_desc_string_long(alert));
	}
}

/* The rest. */

static void
explain_lost(struct tls *t)
{
	int code = t->in_errno != 0 ? t->in_errno : t->out_errno;

	if (code != 0)
		(void)outcome_fail(&t->end, CODE_UNAVAILABLE,
		    "the connection is lost: %s", strerror(code));
	else if (t->shaken)
		(void)outcome_fail(
		    &t->end, CODE_UNAVAILABLE, "the connection ended in the middle");
	else
		(void)outcome_fail(&t->end, CODE_UNAVAILABLE,
		    "hung up before TLS was set up: it may be busy, or it is not ugat");
}

static void
explain_reason(struct tls *t, unsigned long e)
{
	const char *words = ERR_reason_error_string(e);

	switch (ERR_GET_REASON(e)) {
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		(void)outcome_fail(&t->end, CODE_NOSESSION,
		    "shows no certificate: it is not ugat, or without a session");
		break;
	case SSL_R_NO_APPLICATION_PROTOCOL:
	case SSL_R_CALLBACK_FAILED: /* on_hello */
		(void)outcome_fail(&t->end, CODE_PROTOCOL, "does not speak %.*s",
		    t->alpn[0], (const char *)t->alpn + 1);
		break;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_VERSION_TOO_LOW:
		(void)outcome_fail(&t->end, CODE_PROTOCOL, "does not speak TLS 1.3");
		break;
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_BAD_RECORD_TYPE:
		(void)outcome_fail(&t->end, CODE_PROTOCOL,
		    t->shaken ? "sent what is not TLS" : "does not speak TLS: not ugat");
		break;
	case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
	case SSL_R_BAD_SIGNATURE:
	case SSL_R_DIGEST_CHECK_FAILED:
		(void)outcome_fail(&t->end, CODE_PROTOCOL,
		    "its data came damaged: something on the way changes it");
		break;
	case SSL_R_EXCESSIVE_MESSAGE_SIZE:
		(void)outcome_fail(&t->end, CODE_PROTOCOL,
		    "shows more than 8 KiB of certificates: not ugat");
		break;
	default:
		(void)outcome_fail(&t->end, CODE_PROTOCOL, "TLS with it failed: %s",
		    words != NULL ? words : "for a reason that libssl does not name");
	}
}

/* The first error is often only what came of it. */
static bool
lacks_memory(void)
{
	bool lacks = false;
	unsigned long e;

	while ((e = ERR_get_error()) != 0)
		lacks = lacks || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return lacks;
}

void
tls_explain(struct tls *t, unsigned long e)
{
	int reason = ERR_GET_REASON(e);

	if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		explain_fault(t);
	else if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason >= ALERT_FIRST &&
	    reason <= ALERT_LAST)
		explain_alert(t, reason - ALERT_FIRST);
	else if (e == 0 || ERR_GET_LIB(e) == ERR_LIB_SYS ||
	    reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		explain_lost(t);
	else if (reason == ERR_R_MALLOC_FAILURE || lacks_memory())
		(void)outcome_fail(&t->end, CODE_BUG, "out of memory");
	else
		explain_reason(t, e);
}
