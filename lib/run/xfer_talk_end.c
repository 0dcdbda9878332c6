/* SPDX-License-Identifier: ISC */
/*
 * How a conversation ends: what we say of it, what the other side hears of it, and the
 * parting, in which what still comes is dropped.
 */
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/xfer_talk_parts.h"

enum {
	LAST_MS = 2000, /* for the last words, and for the other side's close */
	SCRATCH = 16 * 1024,
	DROPS = 64,
};

void
talk_end(struct talk *t, enum talk_phase phase)
{
	if (t->phase >= phase)
		return;
	t->phase = phase;
	if (phase == TALK_OVER)
		loop_stop(t->ground->loop);
	else
		t->limit_ms = loop_now() + LAST_MS;
	loop_timer_set(t->timer, 0);
}

void
talk_finish(struct talk *t)
{
	talk_end(t, TALK_ENDING);
}

/* Tell the other side, if there is a way to. */
static void
tell(struct talk *t, int code, const char *words)
{
	bool told = t->phase == TALK_TALKING && t->started &&
	    t->engine->error(t->ctx, code, bytes_str(words)) == RC_OK;

	talk_end(t, told ? TALK_ENDING : TALK_OVER);
}

/* With a failure; theirs is what the other side hears of it, NULL: the same. */
static void PRINTF_LIKE(4, 0)
    fail(struct talk *t, int code, const char *theirs, const char *format, va_list ap)
{
	char words[OUTCOME_WORDS];

	if (t->phase >= TALK_ENDING)
		return;
	(void)vsnprintf(words, sizeof(words), format, ap);
	if (t->end->signal == 0)
		(void)outcome_fail(t->end, code, "%s", words);
	tell(t, code, theirs == NULL ? words : theirs);
}

void
talk_fail(struct talk *t, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fail(t, code, NULL, format, ap);
	va_end(ap);
}

void
talk_refuse(struct talk *t, int code, const char *theirs, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fail(t, code, theirs, format, ap);
	va_end(ap);
}

/* What to do about a session that broke off. */
static const char *
remedy(const struct talk *t)
{
	if (!t->begun)
		return "nothing was handed over yet: try again";
	return t->ground->resumes
	    ? "run the same two commands again: it goes on where it stopped"
	    : "run the same two commands again";
}

void
talk_interrupt(struct talk *t, int signo)
{
	char words[OUTCOME_WORDS];

	t->end->signal = signo;
	(void)snprintf(words, sizeof(words), "was interrupted: %s", remedy(t));
	if (t->phase < TALK_ENDING)
		tell(t, CODE_TEMPFAIL, words);
}

void
talk_mute(struct talk *t)
{
	const struct audience *a = t->ground->audience;
	int err = a->broken(a->ctx);

	/* Nothing is wrong with the output: somebody has killed the one who writes it. */
	if (err == ESRCH && t->end->signal == 0) {
		talk_interrupt(t, SIGTERM);
		return;
	}
	if (err == EPIPE && t->end->signal == 0)
		t->end->signal = SIGPIPE;
	talk_refuse(t, CODE_IO, "cannot go on: its standard output cannot be written",
	    "standard output: %s", err == 0 ? "it cannot be written" : strerror(err));
}

/* The connection is of no use any more. */
void
talk_lose(struct talk *t, int code, const char *words)
{
	bool again = t->phase == TALK_TALKING &&
	    (code == CODE_UNAVAILABLE || code == CODE_TEMPFAIL);

	if (t->phase < TALK_ENDING && t->end->signal == 0)
		(void)outcome_fail(t->end, code, "%s: %s%s%s", t->who, words,
		    again ? ": " : "", again ? remedy(t) : "");
	talk_end(t, TALK_OVER);
}

void
talk_lose_tls(struct talk *t, const struct outcome *why)
{
	talk_lose(t, why->code, why->words);
}

/* Exit codes that may come from the other side and mean the same here. */
static int
code_of(int code)
{
	switch (code) {
	case CODE_NO:
	case CODE_NOINPUT:
	case CODE_UNAVAILABLE:
	case CODE_CANTCREAT:
	case CODE_IO:
	case CODE_TEMPFAIL:
	case CODE_PROTOCOL:
	case CODE_NOSESSION: return code;
	default: return CODE_PROTOCOL;
	}
}

void
talk_hear_error(struct talk *t, int code, struct bytes words)
{
	if (t->phase >= TALK_ENDING)
		return;
	if (words.n == 0)
		words = bytes_str("has ended the session and does not say why");
	if (t->end->signal == 0)
		(void)outcome_fail(t->end, code_of(code), "%s: %.*s", t->who,
		    (int)words.n, (const char *)words.p);
	/* It listens to nothing that we might still say. */
	talk_end(t, TALK_OVER);
}

/* The end: our last words, then whatever still comes is dropped. */

void
talk_part(struct talk *t)
{
	struct outcome why = { .code = CODE_OK };
	enum rc rc;

	if (t->phase != TALK_ENDING || t->blocked || xlink_output(t->link).n > 0)
		return;
	rc = tls_close(t->tls, &why);
	if (rc == RC_MORE) {
		talk_hold(t, rc, &why);
		return;
	}
	(void)shutdown(t->ground->fd, SHUT_WR);
	talk_end(t, rc == RC_OK ? TALK_PARTING : TALK_OVER);
}

void
talk_drop_input(struct talk *t)
{
	char scratch[SCRATCH];

	t->deaf = false;
	for (int i = 0; i < DROPS; i++) {
		ssize_t n = recv(t->ground->fd, scratch, sizeof(scratch), MSG_DONTWAIT);

		if (n > 0 || (n < 0 && errno == EINTR))
			continue;
		t->deaf = n == 0;
		if (n == 0 && t->phase == TALK_ENDING)
			return; /* it may still hear us */
		if (n == 0 || errno != EAGAIN)
			talk_end(t, TALK_OVER);
		return;
	}
}
