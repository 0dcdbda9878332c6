/* SPDX-License-Identifier: ISC */
/*
 * What ugat-login does: as little as is needed. A session with more than half of its life
 * left is left alone, without a packet and without a lock. Else it is renewed, by its own
 * certificate where that can be; a password is the last way. All that changes the session
 * file does so under its lock, and looks again when it has the lock: somebody else may
 * have done it.
 */
#include "run/login.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "crypto/wake.h"
#include "run/identity.h"
#include "run/login_parts.h"

int64_t
login_now_s(void)
{
	return (int64_t)time(NULL);
}

int64_t
login_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void speak(const struct login *l, const char *format, va_list ap)
    PRINTF_LIKE(2, 0);

static void
speak(const struct login *l, const char *format, va_list ap)
{
	char raw[OUTCOME_WORDS], words[OUTCOME_WORDS];

	if (vsnprintf(raw, sizeof(raw), format, ap) < 0)
		raw[0] = '\0';
	(void)text_printable(bytes_str(raw), words, sizeof(words));
	(void)dprintf(l->o->err, "%s: %s\n", l->o->command, words);
}

void
login_say(const struct login *l, const char *format, ...)
{
	va_list ap;

	if (l->o->quiet)
		return;
	va_start(ap, format);
	speak(l, format, ap);
	va_end(ap);
}

void
login_remark(const struct login *l, const char *format, ...)
{
	va_list ap;

	if (!l->o->verbose)
		return;
	va_start(ap, format);
	speak(l, format, ap);
	va_end(ap);
}

enum rc
login_begin(struct login *l, const struct login_options *o, struct outcome *end)
{
	*l = (struct login){ .o = o, .end = end, .state = RC_NONE, .lock = -1 };
	l->end_ms = login_now_ms() + (int64_t)o->limit_s * 1000;
	if (crypto_wake() != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return RC_MEM;
	}
	if (o->user != NULL && !user_is_name(bytes_str(o->user))) {
		(void)outcome_fail(end, CODE_USAGE,
		    "-u %s: a user's name is 1 to %d of a-z 0-9 _ -, a letter first",
		    o->user, USER_MAX);
		return RC_BAD;
	}
	if (o->user != NULL)
		(void)snprintf(l->user, sizeof(l->user), "%s", o->user);
	if (o->server != NULL && server_get(bytes_str(o->server), &l->server) != RC_OK) {
		(void)outcome_fail(
		    end, CODE_USAGE, "%s: HOST[:PORT] expected", o->server);
		return RC_BAD;
	}
	if (tokfile_locate(&l->file, end) != RC_OK)
		return RC_BAD;
	login_read(l);
	return RC_OK;
}

void
login_clear(struct login *l)
{
	session_clear(&l->view);
	if (l->lock != -1)
		(void)close(l->lock);
	l->lock = -1;
}

void
login_read(struct login *l)
{
	session_clear(&l->view);
	l->why = (struct outcome){ .code = CODE_OK };
	l->state = session_read(&l->file, login_now_s(), &l->view, &l->why);
}

bool
login_has_token(const struct login *l)
{
	return l->view.token.key != NULL && l->view.token.cert != NULL &&
	    l->view.token.ca != NULL && l->view.facts.user[0] != '\0';
}

bool
login_is_local(const struct login *l)
{
	return login_has_token(l) && strcmp(l->view.token.server, LOGIN_LOCAL_NAME) == 0;
}

/*
 * Let nobody else change the session meanwhile, then read it again. RC_BAD: *end says why
 * not.
 */
static enum rc
lock(struct login *l)
{
	int64_t wait_ms = l->end_ms - login_now_ms();
	enum rc rc;

	/* What comes through a descriptor cannot be read twice, nor change behind us. */
	if (l->file.fd != -1)
		return RC_OK;
	rc = tokfile_lock(&l->file, wait_ms > 0 ? (int)wait_ms : 0, &l->lock);
	if (rc == RC_BUSY)
		(void)outcome_fail(l->end, CODE_TEMPFAIL,
		    "%s: another ugat-login has been at work on it all the time",
		    l->file.path);
	else if (rc != RC_OK)
		(void)outcome_fail(l->end, CODE_CANTCREAT,
		    "%s: %s: no session can be kept there; set UGAT_SESSION to a place "
		    "that "
		    "you can write",
		    l->file.path, strerror(errno));
	if (rc != RC_OK)
		return RC_BAD;
	login_read(l);
	return RC_OK;
}

/* Whether the session is the one that was asked for, as far as anything was asked for. */
static bool
is_asked_for(const struct login *l)
{
	struct server s;

	if (l->user[0] != '\0' && strcmp(l->user, l->view.facts.user) != 0)
		return false;
	if (l->o->server == NULL)
		return true;
	return server_get(bytes_str(l->view.token.server), &s) == RC_OK &&
	    !login_is_local(l) && server_eq(&s, &l->server);
}

/* Whether it stands and has more than half of its life before it. */
static bool
is_young(const struct login *l)
{
	int64_t life_s = l->view.facts.not_after_s - l->view.facts.not_before_s;

	return l->state == RC_OK &&
	    l->view.facts.not_after_s - login_now_s() > life_s / 2;
}

static bool
is_enough(const struct login *l)
{
	return l->o->mode == LOGIN_ENSURE && !l->o->force && !l->o->new_account &&
	    is_young(l) && is_asked_for(l);
}

/* By an authority of one's own; a login somewhere is worth more. */
static void
ensure_local(struct login *l)
{
	X509 *rule = NULL;
	enum rc rc = login_get_rule(l, NULL, &rule);

	X509_free(rule);
	if (rc == RC_OK)
		(void)outcome_fail(l->end, CODE_NOSESSION,
		    "/etc/ugat/ca.pem says whose sessions count on this machine, and "
		    "those "
		    "of one's own authority do not: log in with ugat-login HOST");
	if (rc != RC_NONE)
		return;
	if (l->state == RC_OK && !l->o->force && !login_is_local(l)) {
		login_say(l,
		    "already logged in as %s at %s: left as it is (-f replaces it)",
		    l->view.facts.user, l->view.token.server);
		return;
	}
	if (l->o->mode == LOGIN_LOCAL && !l->o->force && is_young(l) && is_asked_for(l))
		return;
	if (l->lock != -1 || lock(l) == RC_OK)
		login_local(l);
}

/* Get one, under the lock. */
static void
obtain(struct login *l)
{
	char serial[CERT_SERIAL_TEXT];

	memcpy(serial, l->view.facts.serial, sizeof(serial));
	if (lock(l) != RC_OK || is_enough(l))
		return;
	/*
	 * While we waited for the lock somebody has renewed it: that is what was asked
	 * for.
	 */
	if (l->o->mode == LOGIN_RENEW && l->state == RC_OK &&
	    strcmp(serial, l->view.facts.serial) != 0 && is_asked_for(l))
		return;
	if (login_is_local(l) && l->o->server == NULL && !l->o->new_account)
		ensure_local(l);
	else
		login_online(l);
}

/* What -F says is held against the session that stands, too. false: it is another's. */
static bool
is_pinned(struct login *l)
{
	uint8_t pin[PIN_SIZE];
	X509 *ca = NULL;
	enum rc rc;

	if (l->o->pin == NULL)
		return true;
	rc = identity_read(l->o->pin, "-F", pin, &ca, l->end);
	if (rc != RC_OK || ca != NULL || !l->view.token.has_pin) {
		X509_free(ca);
		return rc == RC_OK;
	}
	if (memcmp(pin, l->view.token.pin, sizeof(pin)) == 0)
		return true;
	(void)outcome_fail(l->end, CODE_NOSESSION,
	    "the session is of a server with another identity than -F says: ugat-login "
	    "-s "
	    "shows it, -f logs in anew");
	return false;
}

static void
ensure(struct login *l)
{
	if (!is_enough(l))
		obtain(l);
	else
		(void)is_pinned(l);
}

void
login_run(const struct login_options *o, struct outcome *end)
{
	struct login l;

	if (login_begin(&l, o, end) != RC_OK)
		return;
	switch (o->mode) {
	case LOGIN_SHOW: login_show(&l); break;
	case LOGIN_LOCAL: ensure_local(&l); break;
	case LOGIN_ENSURE:
	case LOGIN_RENEW: ensure(&l); break;
	}
	if (end->code == CODE_OK && o->dir != NULL)
		login_export(&l);
	login_clear(&l);
}
