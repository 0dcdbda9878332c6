/* SPDX-License-Identifier: ISC */
/*
 * pump is the heart: it reads what there is and lets the engine say what it likes until
 * the socket takes no more. Everything else only says that there may be something to do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run/xfer_talk_parts.h"

enum {
	SHAKE_MS = 15 * 1000,
	TICK_MS = 100,
};

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

void
talk_identity(const struct talk *t, char out[static TALK_IDENTITY])
{
	(void)snprintf(out, TALK_IDENTITY, "%s%s%s", t->who,
	    t->foreign[0] != '\0' ? " " : "", t->foreign);
}

static bool
is_let_in(struct talk *t)
{
	char who[TALK_IDENTITY];

	talk_identity(t, who);
	return t->ground->audience->meet(t->ground->audience->ctx, who);
}

static void
meet(struct talk *t)
{
	const struct trust_facts *peer = tls_peer(t->tls);
	const char *user = peer->token.user;

	if (peer->foreign)
		pin_text(peer->authority, t->foreign);
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
	if (!is_let_in(t))
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
		talk_lose_tls(t, &why);
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
		talk_lose(t, CODE_BUG, "cannot be watched: out of memory");
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
			talk_pull(t);
		else
			t->hungry = false;
		if (t->phase == TALK_TALKING || t->phase == TALK_ENDING)
			talk_push(t);
		talk_part(t);
		if (t->phase == TALK_ENDING || t->phase == TALK_PARTING)
			talk_drop_input(t);
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
	if (rc == RC_BAD) {
		talk_lose(t, CODE_TEMPFAIL, "speaks too slowly");
		return;
	}
	(void)snprintf(words, sizeof(words), "%s for %lld s",
	    rc == RC_NONE ? "has not answered" : "has not got any further",
	    (long long)(rc == RC_NONE ? t->link->silent_ms : XLINK_IDLE_MS) / 1000);
	talk_lose(t, CODE_TEMPFAIL, words);
}

/* What we say is of no use if nobody reads it. */
static void
check_audience(struct talk *t)
{
	const struct audience *a = t->ground->audience;

	if (a->broken(a->ctx) != 0 && t->phase == TALK_TALKING)
		talk_mute(t);
}

static void
on_timer(void *ctx)
{
	struct talk *t = ctx;
	int64_t now = loop_now();

	if (t->phase == TALK_SHAKING && now >= t->limit_ms)
		talk_lose(t, CODE_UNAVAILABLE,
		    "does not answer as ugat does: is that the right port?");
	else if (now >= t->limit_ms)
		talk_end(t, TALK_OVER);
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
	bool ready;
	int signo = stop_wait(t->ground->stop, -1, 0, &ready);

	(void)what;
	/* At a terminal ^C comes to us and to the parent, which then sends one more. */
	if (signo == 0 || (t->end->signal != 0 && t->ground->called))
		return;
	/* The second one does not wait for anybody. */
	if (t->end->signal != 0 || t->phase == TALK_OVER) {
		t->phase = TALK_OVER;
		loop_stop(t->ground->loop);
		return;
	}
	talk_interrupt(t, signo);
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
