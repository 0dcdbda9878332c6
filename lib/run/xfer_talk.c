/* SPDX-License-Identifier: ISC */
/*
 * pump is the heart: it reads what there is and lets the engine say what it likes until
 * the socket takes no more. Everything else only says that there may be something to do.
 */
#include "run/xfer_talk.h"

#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	SHAKE_MS = 15 * 1000,
	LAST_MS = 2000, /* for the last words, and for the other side's close */
	TICK_MS = 100,
	TURN = 2 << 20,     /* bytes that are read before others get their turn */
	SIP = BUCKET_LEAST, /* with a rate: not less than this at once */
	SCRATCH = 16 * 1024,
	DROPS = 64,
};

static void
end_it(struct talk *t, enum talk_phase phase)
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
	end_it(t, TALK_ENDING);
}

/* Tell the other side, if there is a way to. */
static void
tell(struct talk *t, int code, const char *words)
{
	bool told = t->phase == TALK_TALKING && t->started &&
	    t->engine->error(t->ctx, code, bytes_str(words)) == RC_OK;

	end_it(t, told ? TALK_ENDING : TALK_OVER);
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

/* The connection is of no use any more. */
static void
lose(struct talk *t, int code, const char *words)
{
	bool again = t->phase == TALK_TALKING &&
	    (code == CODE_UNAVAILABLE || code == CODE_TEMPFAIL);

	if (t->phase < TALK_ENDING && t->end->signal == 0)
		(void)outcome_fail(t->end, code, "%s: %s%s%s", t->who, words,
		    again ? ": " : "", again ? remedy(t) : "");
	end_it(t, TALK_OVER);
}

static void
lose_tls(struct talk *t, const struct outcome *why)
{
	lose(t, why->code, why->words);
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
	end_it(t, TALK_OVER);
}

/* Who is it? */

static bool
is_wanted(const struct talk *t, const char *user)
{
	if (t->o->calls && t->o->user[0] != '\0')
		return strcmp(user, t->o->user) == 0;
	for (size_t i = 0; i < t->o->n_users; i++)
		if (strcmp(user, t->o->users[i]) == 0)
			return true;
	return t->o->n_users == 0;
}

static void
meet(struct talk *t)
{
	const char *user = tls_peer(t->tls)->token.user;

	(void)snprintf(t->who, sizeof(t->who), "%s", user);
	if (t->engine->start(t->ctx) != RC_OK) {
		talk_fail(t, CODE_BUG, "out of memory");
		return;
	}
	t->started = true;
	t->phase = TALK_TALKING;
	t->readable = true;
	t->limit_ms = INT64_MAX;
	if (!is_wanted(t, user)) {
		char theirs[OUTCOME_WORDS];

		(void)snprintf(
		    theirs, sizeof(theirs), "another user is wanted here than %s", user);
		talk_refuse(t, CODE_NOSESSION, theirs, "%s: the user there is %s, not %s",
		    t->ground->place, user,
		    t->o->calls && t->o->user[0] != '\0' ? t->o->user
		                                         : "one of those named by -u");
		return;
	}
	if (!t->ground->audience->meet(t->ground->audience->ctx))
		talk_refuse(t, CODE_TEMPFAIL, "is busy with others: try again later",
		    "%s: turned away: busy with others", user);
	else
		t->engine->greet(t->ctx);
}

static void
shake(struct talk *t)
{
	struct outcome why = { .code = CODE_OK };
	enum rc rc = tls_shake(t->tls, &why);

	if (rc == RC_OK)
		meet(t);
	else if (rc != RC_MORE)
		lose_tls(t, &why);
}

/* Bytes in, bytes out. */

/* How many of n bytes the rate lets through now. */
static size_t
let_through(struct talk *t, bool in, size_t n)
{
	size_t least = n < SIP ? n : SIP, left;
	int64_t now = loop_now();

	if (t->limits_in != in || t->o->rate == 0 || t->phase != TALK_TALKING)
		return n;
	left = bucket_left(&t->bucket, now);
	if (left < least) {
		t->bucket_ms = bucket_when(&t->bucket, least, now);
		return 0;
	}
	return left < n ? left : n;
}

static void
count(struct talk *t, bool in, size_t n)
{
	if (t->limits_in == in && t->phase == TALK_TALKING)
		bucket_take(&t->bucket, n);
}

/* One read. false: there is nothing more to be had now. */
static bool
pull_some(struct talk *t, size_t *got)
{
	struct xlink_room none = { .p = NULL }, room;
	struct outcome why = { .code = CODE_OK };
	size_t cap;
	enum rc rc;

	room = xlink_room(
	    t->link, t->engine->place == NULL ? none : t->engine->place(t->ctx));
	cap = room.n == 0 ? 0 : let_through(t, true, room.n);
	t->deaf = cap == 0;
	if (cap == 0)
		return false;
	rc = tls_read(t->tls, room.p, cap, got, &why);
	if (rc == RC_OK) {
		count(t, true, *got);
		t->engine->commit(t->ctx, *got);
		return true;
	}
	if (rc == RC_MORE)
		t->readable = false;
	else if (rc == RC_END)
		lose(t, CODE_UNAVAILABLE, "has ended the connection without a word");
	else
		lose_tls(t, &why);
	return false;
}

static void
pull(struct talk *t)
{
	size_t budget = TURN, n = 0;

	t->hungry = t->deaf = false;
	while (t->phase == TALK_TALKING && t->readable && pull_some(t, &n)) {
		if (n >= budget) {
			t->hungry = true;
			return;
		}
		budget -= n;
	}
	if (t->phase == TALK_TALKING && !t->deaf && t->engine->dry != NULL)
		t->engine->dry(t->ctx);
}

/*
 * What was to be written was not. A connection that the other side has broken waits for
 * us to read its last words; in the end we do not.
 */
static void
hold(struct talk *t, enum rc rc, const struct outcome *why)
{
	t->blocked = rc == RC_MORE;
	if (rc != RC_MORE)
		lose_tls(t, why);
	else if (t->phase == TALK_ENDING && (tls_wants(t->tls) & LOOP_READ) != 0)
		end_it(t, TALK_OVER);
}

/* Write what is to be said. false: the socket, or the rate, takes no more now. */
static bool
push_some(struct talk *t)
{
	struct outcome why = { .code = CODE_OK };
	struct bytes out;
	size_t n;
	enum rc rc;

	if (t->phase == TALK_TALKING && t->engine->more != NULL &&
	    !xlink_has_payload(t->link))
		t->engine->more(t->ctx);
	out = xlink_output(t->link);
	if (out.n == 0)
		return false;
	out.n = let_through(t, false, out.n);
	if (out.n == 0)
		return false;
	rc = tls_write(t->tls, out, &n, &why);
	if (rc == RC_OK) {
		count(t, false, n);
		xlink_sent(t->link, n, loop_now());
		return true;
	}
	hold(t, rc, &why);
	return false;
}

static void
push(struct talk *t)
{
	struct outcome why = { .code = CODE_OK };
	enum rc rc;

	t->blocked = false;
	while (t->phase < TALK_PARTING && push_some(t))
		;
	if (t->blocked || t->phase >= TALK_PARTING)
		return;
	rc = tls_flush(t->tls, &why);
	if (rc != RC_OK)
		hold(t, rc, &why);
}

/* The end: our last words, then whatever still comes is dropped. */

static void
part(struct talk *t)
{
	struct outcome why = { .code = CODE_OK };
	enum rc rc;

	if (t->phase != TALK_ENDING || t->blocked || xlink_output(t->link).n > 0)
		return;
	rc = tls_close(t->tls, &why);
	if (rc == RC_MORE) {
		hold(t, rc, &why);
		return;
	}
	(void)shutdown(t->ground->fd, SHUT_WR);
	end_it(t, rc == RC_OK ? TALK_PARTING : TALK_OVER);
}

static void
drop_input(struct talk *t)
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
			end_it(t, TALK_OVER);
		return;
	}
}

/* What is next. */

static int64_t
earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
watch(struct talk *t)
{
	int64_t at = t->limit_ms;
	int what = t->blocked ? LOOP_WRITE : 0;

	if (t->phase == TALK_OVER)
		return;
	if (t->phase == TALK_SHAKING)
		what = tls_wants(t->tls);
	else if (!t->deaf)
		what |= LOOP_READ;
	if (t->phase == TALK_TALKING) {
		xlink_set_deaf(t->link, t->deaf, loop_now());
		at = earliest(at, xlink_deadline(t->link));
		at = earliest(at, earliest(t->bucket_ms, t->tick_ms));
	}
	loop_timer_set(t->timer, t->hungry ? 0 : at);
	if (loop_watch_set(t->watch, what) != RC_OK)
		lose(t, CODE_BUG, "cannot be watched: out of memory");
}

static void
pump(struct talk *t)
{
	t->poked = false;
	t->inside = true;
	do {
		t->again = false;
		t->bucket_ms = INT64_MAX;
		if (t->phase == TALK_SHAKING)
			shake(t);
		if (t->phase == TALK_TALKING)
			pull(t);
		else
			t->hungry = false;
		if (t->phase == TALK_TALKING || t->phase == TALK_ENDING)
			push(t);
		part(t);
		if (t->phase == TALK_ENDING || t->phase == TALK_PARTING)
			drop_input(t);
	} while (t->again && t->phase != TALK_OVER);
	t->inside = false;
	watch(t);
}

/* Many jobs may be done at once: all of them have their say before anything is sent. */
void
talk_pump(struct talk *t)
{
	if (t->inside)
		t->again = true;
	else if (!t->poked && t->phase != TALK_OVER)
		loop_timer_set(t->timer, 0);
	t->poked = true;
}

static void
on_ready(void *ctx, int what)
{
	struct talk *t = ctx;

	if ((what & LOOP_READ) != 0)
		t->readable = true;
	if (t->phase != TALK_OVER)
		pump(t);
}

static void
check_silence(struct talk *t, int64_t now_ms)
{
	enum rc rc = xlink_tick(t->link, now_ms);
	char words[OUTCOME_WORDS];

	if (rc == RC_OK)
		return;
	(void)snprintf(words, sizeof(words), "%s for %lld s",
	    rc == RC_NONE ? "has not answered" : "has not got any further",
	    (long long)(rc == RC_NONE ? t->link->silent_ms : XLINK_IDLE_MS) / 1000);
	lose(t, CODE_TEMPFAIL, words);
}

/* What we say is of no use if nobody reads it. */
static void
check_audience(struct talk *t)
{
	const struct audience *a = t->ground->audience;
	int err = a->broken(a->ctx);

	if (err == 0 || t->phase != TALK_TALKING)
		return;
	if (err == EPIPE && t->end->signal == 0)
		t->end->signal = SIGPIPE;
	talk_refuse(t, CODE_IO, "cannot go on: its standard output is closed",
	    "standard output: %s", strerror(err));
}

static void
on_timer(void *ctx)
{
	struct talk *t = ctx;
	int64_t now = loop_now();

	if (t->phase == TALK_SHAKING && now >= t->limit_ms)
		lose(t, CODE_UNAVAILABLE,
		    "does not answer as ugat does: is that the right port?");
	else if (now >= t->limit_ms)
		end_it(t, TALK_OVER);
	if (t->phase == TALK_TALKING && now >= t->tick_ms) {
		t->tick_ms = now + TICK_MS;
		t->engine->tick(t->ctx, now);
		check_audience(t);
	}
	if (t->phase == TALK_TALKING)
		check_silence(t, now);
	if (t->phase != TALK_OVER)
		pump(t);
}

static void
on_signal(void *ctx, int what)
{
	struct talk *t = ctx;
	char words[OUTCOME_WORDS];
	bool ready;
	int signo = stop_wait(t->ground->stop, -1, 0, &ready);

	(void)what;
	if (signo == 0)
		return;
	/* The second one does not wait for anybody. */
	if (t->end->signal != 0 || t->phase == TALK_OVER) {
		t->phase = TALK_OVER;
		loop_stop(t->ground->loop);
		return;
	}
	t->end->signal = signo;
	(void)snprintf(words, sizeof(words), "was interrupted: %s", remedy(t));
	if (t->phase < TALK_ENDING)
		tell(t, CODE_TEMPFAIL, words);
	talk_pump(t);
}

static enum rc
watch_all(struct talk *t)
{
	struct loop *l = t->ground->loop;

	t->watch = loop_watch_new(l, t->ground->fd, on_ready, t);
	t->timer = loop_timer_new(l, on_timer, t);
	if (t->watch == NULL || t->timer == NULL)
		return RC_MEM;
	if (t->ground->stop->fd < 0)
		return RC_OK;
	t->signals = loop_watch_new(l, t->ground->stop->fd, on_signal, t);
	return t->signals == NULL ? RC_MEM : loop_watch_set(t->signals, LOOP_READ);
}

enum rc
talk_start(struct talk *t, const struct talk_begin *b, struct outcome *end)
{
	int64_t now = loop_now(), limit_ms = (int64_t)b->o->limit_s * 1000;

	*t = (struct talk){
		.phase = TALK_SHAKING,
		.ground = b->ground,
		.o = b->o,
		.engine = b->engine,
		.ctx = b->ctx,
		.link = b->link,
		.end = end,
		.limits_in = b->limits_in,
		.bucket_ms = INT64_MAX,
		.tick_ms = now,
		.limit_ms = now + (limit_ms == 0 ? SHAKE_MS : limit_ms),
	};
	(void)snprintf(t->who, sizeof(t->who), "%s", b->ground->place);
	bucket_init(&t->bucket, b->o->rate, now);
	t->tls = tls_new(b->ground->rules, b->ground->fd, b->ground->called, end);
	if (t->tls == NULL)
		return RC_BAD;
	if (watch_all(t) != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return RC_MEM;
	}
	loop_timer_set(t->timer, 0);
	return RC_OK;
}

void
talk_clear(struct talk *t)
{
	loop_watch_free(t->watch);
	loop_watch_free(t->signals);
	loop_timer_free(t->timer);
	tls_free(t->tls);
	*t = (struct talk){ .phase = TALK_OVER };
}
