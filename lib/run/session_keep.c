/* SPDX-License-Identifier: ISC */
/*
 * A long run stays logged in. Every few seconds it looks whether the session file, the
 * list of revoked sessions or the site's rule has been replaced, by whomever, and takes a
 * session that stands; one that does not is left alone while the old one lives. What
 * needs the network is ugat-login's, by run/errand: one at a time, and never waited for.
 */
#include <sys/random.h>

#include <string.h>
#include <unistd.h>

#include "run/session_parts.h"

enum {
	TICK_MS = 2000,
	LIST_SOON_S = 5, /* the first useful work comes before */
	LIST_SPREAD_S = 60,
	RETRY_S = 60, /* after a failure, and twice as long after each more */
	RETRY_MOST_S = 3600,
	RETRY_LEAST_S = 2,
	RETRY_PART = 20, /* of the session's life: no longer between two renewals */
	PATIENCE_MS = 180 * 1000, /* more than run/errand gives ugat-login */
};

static int64_t
wall(void)
{
	return (int64_t)loop_wall_s();
}

/* Up to most seconds, so that a thousand runs do not come at once. */
static int64_t
jitter(struct session *s, int64_t most)
{
	struct rng r = { s->seed };
	int64_t n = most > 0
	    ? rng_below(&r, most < UINT32_MAX ? (uint32_t)most + 1 : UINT32_MAX)
	    : 0;

	s->seed = r.state;
	return n;
}

/* When what is due. */

/* The server that may be asked; not for a descriptor, which nobody can renew. */
static bool
has_server(const struct session *s)
{
	return s->file.fd == -1 && s->view.token.server[0] != '\0';
}

static bool
has_list_server(const struct session *s)
{
	return has_server(s) && strcmp(s->view.token.server, "local") != 0;
}

static int64_t
life_of(const struct session *s)
{
	return s->view.facts.not_after_s - s->view.facts.not_before_s;
}

/* At half its life, and a little later. */
static int64_t
renewal_due(struct session *s)
{
	int64_t life = life_of(s);

	if (!has_server(s))
		return INT64_MAX;
	return s->view.facts.not_before_s + life / 2 + jitter(s, life / 10);
}

static int64_t
list_due(struct session *s)
{
	int64_t now = wall();

	if (!has_list_server(s))
		return INT64_MAX;
	if (s->view.has_crl && s->view.crl_next_s > now)
		return s->view.crl_next_s + jitter(s, LIST_SPREAD_S);
	return now + LIST_SOON_S + jitter(s, LIST_SOON_S);
}

static void
schedule(struct session *s, enum errand_kind e)
{
	s->tasks[e].due_s = e == ERRAND_RENEW ? renewal_due(s) : list_due(s);
}

/* How long to wait after so many failures in a row. */
static int64_t
back_off(struct session *s, enum errand_kind e)
{
	int64_t wait = RETRY_S, most = RETRY_MOST_S;

	for (int i = 1; i < s->tasks[e].failures && wait < most; i++)
		wait *= 2;
	if (e == ERRAND_RENEW && life_of(s) / RETRY_PART < most)
		most = life_of(s) / RETRY_PART;
	if (most < RETRY_LEAST_S)
		most = RETRY_LEAST_S;
	if (wait > most)
		wait = most;
	return wait + jitter(s, wait / 4);
}

/* What others put there. */

void
session_take_stamps(const struct session *s, struct session_stamps *out)
{
	tokfile_stamp(&s->file, &out->file);
	tokfile_stamp_crl(&s->file, &out->list);
	tokfile_stamp_site("ca.pem", &out->site);
}

/* Nothing better is there: does what we have still stand? */
static void
check_old(struct session *s)
{
	struct outcome end = { .code = CODE_OK };
	struct token_facts kept = s->view.facts;
	enum token_fault fault;

	if (session_check(&s->file, wall(), &s->view, &fault, &end) == RC_OK)
		return;
	s->view.facts = kept;
	/* Its dates are looked at whenever somebody asks. */
	if (fault == TOKEN_REVOKED || fault == TOKEN_FOREIGN)
		s->fault = end;
}

/*
 * The file is gone, as by ugat-logout. Who replaces it by hand has until the next look.
 */
static void
miss_file(struct session *s)
{
	if (s->missing)
		(void)outcome_fail(&s->fault, CODE_NOSESSION,
		    "logged out: %s is gone: run ugat-login", s->file.path);
	s->missing = true;
	memset(&s->stamps.file, 0xff, sizeof(s->stamps.file));
}

/* The file is another one. */
static void
take_file(struct session *s)
{
	struct outcome end = { .code = CODE_OK };
	struct session_view v;
	enum rc rc = session_read(&s->file, wall(), &v, &end);

	if (rc == RC_OK) {
		session_clear(&s->view);
		s->view = v;
		s->fault = (struct outcome){ .code = CODE_OK };
		session_say_who(s);
		schedule(s, ERRAND_RENEW);
	} else {
		session_clear(&v);
		session_say(s, "%s", end.words);
		check_old(s);
	}
	if (rc == RC_NONE)
		miss_file(s);
	else
		s->missing = false;
}

static void
look(struct session *s)
{
	struct session_stamps now;
	bool other_file;

	session_take_stamps(s, &now);
	if (memcmp(&now, &s->stamps, sizeof(now)) == 0)
		return;
	other_file = memcmp(&now.file, &s->stamps.file, sizeof(now.file)) != 0;
	s->stamps = now;
	if (other_file)
		take_file(s);
	else
		check_old(s);
	schedule(s, ERRAND_GET_LIST);
}

/* ugat-login. */

/* The errand is over: what did it bring? */
static void
settle(struct session *s)
{
	struct session_task *t = &s->tasks[s->errand];
	int64_t now = wall();

	look(s);
	if (s->errand == ERRAND_RENEW ? t->due_s > now
	                              : s->view.has_crl && s->view.crl_next_s > now) {
		t->failures = 0;
		return;
	}
	t->failures++;
	t->due_s = now + back_off(s, s->errand);
	session_say(s, "%s: trying again in %lld s",
	    s->errand == ERRAND_RENEW ? "the session could not be renewed"
	                              : "no fresh list of revoked sessions came",
	    (long long)(t->due_s - now));
}

/* It is gone, or does not answer: nobody renews any more but others. */
static void
dismiss(struct session *s)
{
	loop_watch_free(s->watch);
	s->watch = NULL;
	errand_free(s->errands);
	s->errands = NULL;
}

/* Ask whether the errand has ended. */
static void
reap(struct session *s)
{
	enum rc rc = s->errands == NULL ? RC_MORE : errand_over(s->errands);

	if (rc == RC_MORE && (!s->busy || loop_now() - s->sent_ms < PATIENCE_MS))
		return;
	if (rc != RC_OK)
		dismiss(s);
	if (s->busy) {
		s->busy = false;
		settle(s);
	}
}

static void
run_errand(struct session *s, enum errand_kind e)
{
	s->errand = e;
	s->tasks[e].tried_s = wall();
	s->sent_ms = loop_now();
	s->busy = s->errands != NULL && errand_send(s->errands, e) == RC_OK;
	if (!s->busy)
		settle(s);
}

/* Expired, and ugat-login has not been asked since: authd may still renew it. */
static bool
has_last_try(const struct session *s)
{
	return has_server(s) && wall() > s->view.facts.not_after_s &&
	    s->tasks[ERRAND_RENEW].tried_s <= s->view.facts.not_after_s;
}

static void
on_timer(void *ctx)
{
	struct session *s = ctx;
	int64_t now = wall();

	reap(s);
	look(s);
	if (!s->busy && (s->tasks[ERRAND_RENEW].due_s <= now || has_last_try(s)))
		run_errand(s, ERRAND_RENEW);
	if (!s->busy && s->tasks[ERRAND_GET_LIST].due_s <= now)
		run_errand(s, ERRAND_GET_LIST);
	loop_timer_set(s->timer, loop_now() + TICK_MS);
}

static void
on_errand(void *ctx, int what)
{
	(void)what;
	reap(ctx);
}

enum rc
session_keep(struct session *s, struct loop *l, session_say_fn *say, void *ctx)
{
	s->say = say;
	s->say_ctx = ctx;
	if (getrandom(&s->seed, sizeof(s->seed), 0) < 0)
		s->seed = (uint64_t)getpid(); /* it only spreads them */
	s->timer = loop_timer_new(l, on_timer, s);
	if (s->timer == NULL)
		return RC_MEM;
	/* Without it every errand fails, and that is said when it does. */
	if (s->file.fd == -1)
		s->errands = errand_new(s->verbose);
	if (s->errands != NULL) {
		s->watch = loop_watch_new(l, errand_fd(s->errands), on_errand, s);
		if (s->watch == NULL || loop_watch_set(s->watch, LOOP_READ) != RC_OK)
			return RC_MEM;
	}
	schedule(s, ERRAND_RENEW);
	schedule(s, ERRAND_GET_LIST);
	loop_timer_set(s->timer, loop_now() + TICK_MS);
	return RC_OK;
}

bool
session_may_return(const struct session *s)
{
	return s->timer != NULL && s->fault.code == CODE_OK &&
	    ((s->busy && s->errand == ERRAND_RENEW) || has_last_try(s));
}

void
session_keep_end(struct session *s)
{
	loop_timer_free(s->timer);
	s->timer = NULL;
	dismiss(s);
	s->busy = false;
}
